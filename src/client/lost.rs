//! Whether a refusal means that the server no longer knows the session.
//!
//! Decided from what was sent, the status and the parsed body together: servers use 404 and 400, with
//! different codes and plain text (2025-11-25, Transports, "Session Management", 3 and 4).

use super::error::ErrorKind;
use crate::exchange::Exchange;

/// Codes that name another cause: parse error, unknown method, wrong parameters, or a refusal of the
/// modern era (header mismatch, missing capability, unsupported version).
const OTHER_CAUSES: [i64; 6] = [-32700, -32601, -32602, -32020, -32021, -32022];

/// Whether a new session would help. Only where a session id was sent, and only with a status by which
/// the server says that it did not take the request.
pub(super) fn session_is_lost(exchange: &Exchange, error: &ErrorKind) -> bool {
    if exchange.session_sent().is_none() || exchange.is("initialize") {
        return false;
    }
    let code = match error {
        ErrorKind::Rpc(error) => error.code,
        ErrorKind::Status(_) => None,
        _ => return false,
    };
    let names_another_cause = code.is_some_and(|code| OTHER_CAUSES.contains(&code));
    matches!(exchange.status(), Some(404 | 400)) && !names_another_cause
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::{answered, sent};
    use crate::protocol::jsonrpc::ErrorObject;

    fn rpc(code: i64) -> ErrorKind {
        ErrorKind::Rpc(ErrorObject { code: Some(code), message: "x".into(), data: None })
    }

    #[test]
    fn the_shapes_real_servers_give_it() {
        let exchange = |status| answered(sent("tools/call", Some("id")), status, "");
        // TypeScript examples and SDK, Python, server-everything, then go-sdk and rmcp as text.
        assert!(session_is_lost(&exchange(404), &rpc(-32001)));
        assert!(session_is_lost(&exchange(404), &rpc(-32600)));
        assert!(session_is_lost(&exchange(400), &rpc(-32000)));
        assert!(session_is_lost(&exchange(404), &ErrorKind::Status(404)));
        assert!(session_is_lost(&exchange(400), &ErrorKind::Status(400)));
    }

    #[test]
    fn what_is_refused_for_another_reason_is_not_lost() {
        let exchange = |status| answered(sent("tools/call", Some("id")), status, "");
        assert!(!session_is_lost(&exchange(404), &rpc(-32601)));
        assert!(!session_is_lost(&exchange(400), &rpc(-32602)));
        assert!(!session_is_lost(&exchange(400), &rpc(-32022)));
        assert!(!session_is_lost(&exchange(200), &rpc(-32000)));
        assert!(!session_is_lost(&exchange(500), &ErrorKind::Status(500)));
        let without = answered(sent("tools/call", None), 404, "");
        assert!(!session_is_lost(&without, &rpc(-32001)));
    }
}
