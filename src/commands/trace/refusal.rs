//! Detects calls that the server rejected before running them. A trace repeats only those.

use crate::client::{Error, ErrorKind};
use crate::protocol::codes;

/// Returns true if the server rejected the request before running it: the status says so
/// and the body is no response to this very request, or the error can only mean a missing
/// session.
pub(super) fn was_refused(error: &Error) -> bool {
    let Some(exchange) = &error.exchange else { return false };
    let (code, text) = match &error.kind {
        ErrorKind::Transport(error) => return !error.may_have_run,
        ErrorKind::Protocol(_) | ErrorKind::Unanswered(_) => return false,
        ErrorKind::Rpc(rpc) => (rpc.code, rpc.message.to_lowercase()),
        _ => (None, String::new()),
    };
    let about_sessions = SESSION_WORDS.iter().any(|words| text.contains(words));
    // An error with the id of this request may come from the tool itself.
    let read = exchange.error_names_its_request() || code == Some(codes::INTERNAL_ERROR);
    let own = read && !about_sessions && !is_about_the_request(code);
    match exchange.status() {
        Some(400 | 401 | 403..=406 | 415 | 421 | 422) => !own,
        Some(200) => matches!(code, Some(0 | codes::INVALID_REQUEST)) && about_sessions,
        _ => false,
    }
}

/// Phrases for a missing session that tools hardly use for anything else.
const SESSION_WORDS: [&str; 8] = [
    "session id",
    "session-id",
    "sessionid",
    "no session",
    "missing session",
    "session not found",
    "invalid during session initialization",
    "not initialized",
];

/// Returns true for codes of a message that was not understood, or not permitted in its
/// era.
fn is_about_the_request(code: Option<i64>) -> bool {
    matches!(
        code,
        Some(
            codes::PARSE_ERROR
                | codes::INVALID_REQUEST
                | codes::METHOD_NOT_FOUND
                | codes::UNSUPPORTED_VERSION..=codes::HEADER_MISMATCH
        )
    )
}
