//! Why there is no token.

use std::fmt;

use crate::exchange::{FailureKind, Objection};
use crate::transport;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Somebody else's server could not be reached, or broke off.
    Transport(transport::ErrorKind),
    /// The server has not said how to be authorised, or said what must not be followed.
    Discovery,
    /// There is no way to be known to the authorization server.
    Registration,
    /// The authorization server, or its user, has refused.
    Refused,
    /// An answer that must not be believed.
    Unsafe,
    /// Somebody would have to be asked, and nobody is there.
    NobodyToAsk,
    /// A wait for a person took too long.
    TooSlow,
    /// The user has ended it.
    Interrupted,
    /// What was given on the command line cannot be used.
    Usage,
    /// What is remembered cannot be read or written.
    State,
}

/// Why there is no token.
#[derive(Debug, Clone)]
pub struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// What happened, in lower case and without a full stop.
    pub text: String,
    /// More about it, sentences.
    pub details: Vec<String>,
    /// The code that the authorization server gave: `invalid_grant`, say (RFC 6749, 4.1.2.1 and 5.2).
    pub code: Option<String>,
    /// The scopes that somebody would have to grant.
    pub wanted: Vec<String>,
    /// The number of the exchange that shows it.
    pub exchange: Option<usize>,
    /// How that exchange is marked; the diagnosis reads it from there.
    pub mark: FailureKind,
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
            mark: FailureKind::Rejected(Objection::Other),
        }
    }

    /// With a sentence more.
    #[must_use]
    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Sets how the exchange that shows the error is marked.
    #[must_use]
    pub(super) fn marking(mut self, mark: FailureKind) -> Self {
        self.mark = mark;
        self
    }

    /// Sets why the response must not be used.
    #[must_use]
    pub(super) fn objecting(self, objection: Objection) -> Self {
        self.marking(FailureKind::Rejected(objection))
    }

    /// Shown by this exchange.
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
