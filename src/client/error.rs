//! Why a request brought no result, with the exchange that shows it.

use std::fmt;

use crate::exchange::Exchange;
use crate::oauth;
use crate::protocol::codes;
use crate::protocol::jsonrpc::ErrorObject;
use crate::transport;

/// The kind of failure.
#[derive(Debug)]
pub enum ErrorKind {
    /// No answer, or half of one.
    Transport(transport::Error),
    /// The server answered with a JSON-RPC error.
    Rpc(ErrorObject),
    /// The server refused with a status, and no JSON-RPC error in the body.
    Status(u16),
    /// The server no longer knows the session that was sent, and it was not, or could not be, renewed.
    SessionLost {
        /// The request was not refused for it: it may have run.
        may_have_run: bool,
        /// What the server said, as JSON-RPC.
        error: Option<ErrorObject>,
        /// Why no other could be opened, where that was tried.
        renewal: Option<String>,
    },
    /// The server refused the token, or the lack of one, and there is no other.
    Unauthorized(oauth::Error),
    /// The answer is not MCP, or breaks the protocol.
    Protocol(String),
    /// The stream ended without an answer: the request may have run.
    Unanswered(String),
    /// The server asks for something that nobody can give it in this run.
    InputNeeded {
        /// What it asks for: `sampling/createMessage`, say.
        method: String,
        /// Why it cannot be given.
        why: String,
    },
}

/// A failed request.
#[derive(Debug)]
pub struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// The exchange that shows it, where there was one.
    pub exchange: Option<Box<Exchange>>,
    /// What became of the other transport, where that was tried as well.
    pub fallback: Option<String>,
    /// The server was told that the answer is not wanted any more.
    pub cancelled: bool,
}

impl Error {
    /// Whether the server says that it does not know the method (JSON-RPC 2.0, 5.1).
    pub fn is_unknown_method(&self) -> bool {
        matches!(&self.kind, ErrorKind::Rpc(error) if error.code == Some(codes::METHOD_NOT_FOUND))
    }

    /// The same, as the end of the session.
    pub(super) fn into_session_lost(self, may_have_run: bool, renewal: Option<String>) -> Self {
        let error = match self.kind {
            ErrorKind::Rpc(error) => Some(error),
            _ => None,
        };
        Self {
            kind: ErrorKind::SessionLost { may_have_run, error, renewal },
            exchange: self.exchange,
            fallback: self.fallback,
            cancelled: self.cancelled,
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
            ErrorKind::SessionLost { .. } => f.write_str("the server no longer knows the session"),
            ErrorKind::Protocol(text) | ErrorKind::Unanswered(text) => f.write_str(text),
            ErrorKind::InputNeeded { method, why } => {
                write!(f, "the server asks for {method}: {why}")
            }
        }
    }
}

impl std::error::Error for Error {}
