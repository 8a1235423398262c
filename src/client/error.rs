//! Errors of requests, with the exchange that shows the failure.

use std::fmt;

use crate::exchange::Exchange;
use crate::oauth;
use crate::protocol::codes;
use crate::protocol::jsonrpc::ErrorObject;
use crate::transport;

/// The kind of failure.
#[derive(Debug)]
pub enum ErrorKind {
    /// No response, or an incomplete one.
    Transport(transport::Error),
    /// The server returned a JSON-RPC error.
    Rpc(ErrorObject),
    /// The server returned an HTTP error status without a JSON-RPC error in the body.
    Status(u16),
    /// The server no longer recognises the session, and it was not or could not be renewed.
    SessionLost {
        /// The request may have run: it was not refused because of the session.
        may_have_run: bool,
        /// JSON-RPC error from the server, if any.
        error: Option<ErrorObject>,
        /// A new session was opened, and the request was not repeated in it.
        renewed: bool,
        /// Reason why a new session could not be opened, if that was tried.
        renewal: Option<String>,
    },
    /// The server rejected the token or requires one, and no other token is available.
    Unauthorized(oauth::Error),
    /// The response is not MCP or violates the protocol.
    Protocol(String),
    /// The stream ended without a response; the request may have run.
    Unanswered(String),
    /// The server requested input that this run cannot provide.
    InputNeeded {
        /// Requested method, such as `sampling/createMessage`.
        method: String,
        /// Reason why the input cannot be provided.
        why: String,
    },
}

/// A failed request.
#[derive(Debug)]
pub struct Error {
    /// Kind of failure.
    pub kind: ErrorKind,
    /// Exchange that shows the failure, if there was one.
    pub exchange: Option<Box<Exchange>>,
    /// Other attempts and their failures, one sentence each.
    pub tried: Vec<String>,
    /// The server accepted a cancellation of the request.
    pub cancelled: bool,
    /// Complete JSON-RPC message, if the request asked to keep it.
    pub message: Option<String>,
}

impl Error {
    /// Creates an error without an exchange.
    pub fn of(kind: ErrorKind) -> Self {
        Self { kind, exchange: None, tried: Vec::new(), cancelled: false, message: None }
    }

    /// Creates the error of a response that violates the protocol.
    pub(super) fn protocol(text: impl Into<String>) -> Self {
        Self::of(ErrorKind::Protocol(text.into()))
    }

    /// Sets the exchange that shows the failure.
    #[must_use]
    pub fn shown_by(self, exchange: Box<Exchange>) -> Self {
        Self { exchange: Some(exchange), ..self }
    }

    /// Returns the status of the exchange that shows the failure.
    pub fn status(&self) -> Option<u16> {
        self.exchange.as_ref().and_then(|exchange| exchange.status())
    }

    /// Returns true if the server does not implement the method: error -32601 (JSON-RPC 2.0,
    /// 5.1).
    pub fn is_unknown_method(&self) -> bool {
        matches!(&self.kind, ErrorKind::Rpc(error) if error.code == Some(codes::METHOD_NOT_FOUND))
    }

    /// Converts the error to `SessionLost`, with the same exchange.
    pub(super) fn into_session_lost(
        self,
        may_have_run: bool,
        renewed: bool,
        renewal: Option<String>,
    ) -> Self {
        let error = match self.kind {
            ErrorKind::Rpc(error) => Some(error),
            _ => None,
        };
        Self {
            kind: ErrorKind::SessionLost { may_have_run, error, renewed, renewal },
            exchange: self.exchange,
            tried: self.tried,
            cancelled: self.cancelled,
            message: self.message,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Transport(error) => write!(f, "{error}"),
            ErrorKind::Unauthorized(error) => write!(f, "{error}"),
            ErrorKind::Rpc(error) => f.write_str(&error.message),
            ErrorKind::Status(status) => write!(f, "HTTP {status}"),
            ErrorKind::SessionLost { .. } => {
                f.write_str("the server no longer recognises the session")
            }
            ErrorKind::Protocol(text) | ErrorKind::Unanswered(text) => f.write_str(text),
            ErrorKind::InputNeeded { method, why } => {
                write!(f, "the server asks for {method}: {why}")
            }
        }
    }
}

impl std::error::Error for Error {}
