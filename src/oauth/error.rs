//! Errors that leave a request without a token.

use std::fmt;

use crate::exchange::{Objection, TransportErrorKind};
use crate::transport;

/// Kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The authorization server or resource metadata could not be fetched.
    Transport(transport::ErrorKind),
    /// The server does not state how to get a token, or its metadata cannot be used.
    Discovery,
    /// There is no client that the authorization server accepts.
    Registration,
    /// The authorization server or its user refused.
    Refused,
    /// The response or address must not be trusted.
    Unsafe,
    /// A person is needed, and none is present.
    NobodyToAsk,
    /// Waiting for a person took too long.
    TooSlow,
    /// The user interrupted the authorization.
    Interrupted,
    /// An argument of the command line cannot be used.
    Usage,
    /// Saved state cannot be read or written.
    State,
}

/// Failure to obtain a token.
#[derive(Debug, Clone)]
pub struct Error {
    /// Kind of failure.
    pub kind: ErrorKind,
    /// Description in lower case, without a full stop.
    pub text: String,
    /// Further details, as sentences.
    pub details: Vec<String>,
    /// Error code from the authorization server, such as `invalid_grant` (RFC 6749, 4.1.2.1 and
    /// 5.2).
    pub code: Option<String>,
    /// Scopes that a person would have to grant.
    pub wanted: Vec<String>,
    /// Number of the exchange that shows the failure.
    pub exchange: Option<usize>,
    /// Failure to record in that exchange, for the diagnosis.
    pub mark: TransportErrorKind,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            details: Vec::new(),
            code: None,
            wanted: Vec::new(),
            exchange: None,
            mark: TransportErrorKind::Rejected(Objection::Other),
        }
    }

    /// Adds a sentence to the details.
    #[must_use]
    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Sets how the exchange that shows the error is marked.
    #[must_use]
    pub(super) fn marking(mut self, mark: TransportErrorKind) -> Self {
        self.mark = mark;
        self
    }

    /// Sets why the response must not be used.
    #[must_use]
    pub(super) fn objecting(self, objection: Objection) -> Self {
        self.marking(TransportErrorKind::Rejected(objection))
    }

    /// Sets the exchange that shows the failure.
    #[must_use]
    pub(super) fn shown_by(mut self, number: usize) -> Self {
        self.exchange = Some(number);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

impl From<transport::Error> for Error {
    fn from(error: transport::Error) -> Self {
        Self::new(ErrorKind::Transport(error.kind), error.text)
    }
}
