//! Recognises errors that mean a lost session.
//!
//! Real servers report a lost session with 404, 400, 401, 410, 422 or 503, with a JSON-RPC
//! error on 200, or with a stream that ends empty. The specification says 404 (2025-11-25,
//! Transports, "Session Management", 3). The decision combines the request, the status, the
//! headers and the parsed body. Message text alone never decides: a `ping` in the same
//! session must then fail in exactly the same way.

use super::error::ErrorKind;
use crate::exchange::{BodyKind, Exchange};
use crate::protocol::{codes, methods};

/// Evidence that a failed request gives about its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// No evidence of a lost session.
    No,
    /// The session is lost, and the request was refused because of it (404, as specified, or
    /// 410).
    Refused,
    /// The refusal may be about the session; a `ping` decides.
    Doubtful,
    /// The response is empty, so the request may have run. A `ping` shows whether the session
    /// is lost.
    Unanswered,
}

/// Error codes with another cause: parse error, unknown method, invalid parameters,
/// internal error, or a modern error (header mismatch, missing capability, unsupported
/// version).
const OTHER_CAUSES: [i64; 7] = [
    codes::PARSE_ERROR,
    codes::METHOD_NOT_FOUND,
    codes::INVALID_PARAMS,
    codes::INTERNAL_ERROR,
    codes::HEADER_MISMATCH,
    codes::MISSING_CAPABILITY,
    codes::UNSUPPORTED_VERSION,
];

/// Error codes that servers use for session errors; all of them have other uses too.
const SESSION_CODES: [i64; 4] =
    [codes::SERVER_ERROR, codes::SESSION_NOT_FOUND, codes::INVALID_REQUEST, 0];

/// Classifies a failed request. Only a request that carried a session id and is not
/// `initialize` can show a lost session.
pub(super) fn loss(exchange: &Exchange, error: &ErrorKind) -> Loss {
    let (Some(_), Some(answer)) = (exchange.session_sent(), &exchange.answer) else {
        return Loss::No;
    };
    // A server that sent a message before its error had started to run the request.
    let begun = answer.events.iter().filter(|event| event.data.is_some()).count() > 1;
    if exchange.is(methods::INITIALIZE) || begun {
        return Loss::No;
    }
    let (code, text) = match error {
        ErrorKind::Rpc(error) => (error.code, error.message.as_str()),
        ErrorKind::Status(_) => (None, answer.body.as_str()),
        ErrorKind::Protocol(_) | ErrorKind::Unanswered(_) if answer.status == 200 => {
            let empty = matches!(answer.shape, BodyKind::Empty)
                || (answer.shape == BodyKind::Events && answer.last_message().is_none());
            return if empty { Loss::Unanswered } else { Loss::No };
        }
        _ => return Loss::No,
    };
    if code.is_some_and(|code| OTHER_CAUSES.contains(&code)) {
        return Loss::No;
    }
    let known_code = code.is_none_or(|code| SESSION_CODES.contains(&code));
    let says_so = text.to_lowercase().contains("session");
    match answer.status {
        404 | 410 if known_code => Loss::Refused,
        // A challenge is about credentials, not about the session.
        401 if answer.challenge().is_some() => Loss::No,
        400 | 401 | 404 | 410 | 422 => Loss::Doubtful,
        // A 503 may come from a proxy or an overloaded server, and an error on 200 from the tool
        // itself. Either is worth a `ping` only if the text mentions a session.
        503 if answer.header("retry-after").is_some() || answer.shape == BodyKind::Html => Loss::No,
        503 if says_so => Loss::Doubtful,
        200 if says_so && code.is_some_and(|code| SESSION_CODES.contains(&code)) => Loss::Doubtful,
        _ => Loss::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::{answered, sent, with_headers};
    use crate::protocol::jsonrpc::ErrorObject;

    fn rpc(code: i64, message: &str) -> ErrorKind {
        ErrorKind::Rpc(ErrorObject { code: Some(code), message: message.into(), data: None })
    }

    fn status(status: u16, body: &str) -> Loss {
        let exchange = answered(sent("tools/call", Some("id")), status, body);
        loss(&exchange, &ErrorKind::Status(status))
    }

    fn error(status: u16, code: i64, message: &str) -> Loss {
        loss(&answered(sent("tools/call", Some("id")), status, "{}"), &rpc(code, message))
    }

    #[test]
    fn the_shapes_real_servers_give_it() {
        // TypeScript SDK and Python; go-sdk, rmcp and PHP; the official server-everything.
        assert_eq!(error(404, -32001, "Session not found"), Loss::Refused);
        assert_eq!(error(404, -32600, "Not Found: Session has been terminated"), Loss::Refused);
        assert_eq!(status(404, "session not found\n"), Loss::Refused);
        assert_eq!(status(404, ""), Loss::Refused);
        assert_eq!(status(410, "session terminated"), Loss::Refused);
        assert_eq!(error(400, -32000, "Bad Request: No valid session ID provided"), Loss::Doubtful);
        // Python up to 1.25 and aiohttp-mcp as text; rmcp up to 0.16.
        assert_eq!(status(400, "Bad Request: No valid session ID provided"), Loss::Doubtful);
        assert_eq!(status(401, "Unauthorized: Session not found"), Loss::Doubtful);
        // Ambiguous: 422 from rmcp, 503 from neotoma, 200 from keryx and go-sdk.
        assert_eq!(status(422, "Unexpected message, expect initialize request"), Loss::Doubtful);
        assert_eq!(status(503, "{\"error\":\"unknown session\"}"), Loss::Doubtful);
        assert_eq!(
            error(200, 0, "method is invalid during session initialization"),
            Loss::Doubtful
        );
        assert_eq!(error(200, -32001, "No session"), Loss::Doubtful);
        assert_eq!(error(400, -32000, "Bad Request: Server not initialized"), Loss::Doubtful);
        assert_eq!(status(401, ""), Loss::Doubtful);
    }

    #[test]
    fn a_code_that_says_nothing_of_sessions_leaves_a_doubt() {
        for status in [404, 410] {
            assert_eq!(error(status, -32099, "no"), Loss::Doubtful);
            assert_eq!(error(status, 0, "no"), Loss::Refused);
        }
    }

    #[test]
    fn an_empty_answer_may_have_run() {
        let exchange = answered(sent("tools/call", Some("id")), 200, "");
        assert_eq!(loss(&exchange, &ErrorKind::Protocol(String::new())), Loss::Unanswered);
        let page = answered(sent("tools/call", Some("id")), 200, "<html>");
        assert_eq!(loss(&page, &ErrorKind::Protocol(String::new())), Loss::No);
    }

    #[test]
    fn what_is_refused_for_another_reason_is_not_lost() {
        assert_eq!(error(404, -32601, "Method not found"), Loss::No);
        assert_eq!(error(400, -32602, "Invalid params: session is required"), Loss::No);
        assert_eq!(error(400, -32022, "Unsupported protocol version"), Loss::No);
        assert_eq!(error(200, -32603, "the session of the database is gone"), Loss::No);
        assert_eq!(error(400, -32603, "session"), Loss::No);
        assert_eq!(status(500, "session"), Loss::No);
        assert_eq!(status(403, "session user mismatch"), Loss::No);
        assert_eq!(status(503, "<html>upstream down</html>"), Loss::No);
        assert_eq!(status(503, "upstream connect error or disconnect/reset"), Loss::No);
        assert_eq!(error(200, -32000, "tool failed half-way"), Loss::No);
        let without = answered(sent("tools/call", None), 404, "");
        assert_eq!(loss(&without, &rpc(-32001, "Session not found")), Loss::No);
    }

    #[test]
    fn a_challenge_asks_for_credentials_and_not_for_a_session() {
        for name in ["www-authenticate", "x-amzn-remapped-www-authenticate"] {
            let call = sent("tools/call", Some("id"));
            let exchange = with_headers(call, 401, &[(name, "Bearer")], "no session");
            assert_eq!(loss(&exchange, &ErrorKind::Status(401)), Loss::No);
        }
        let call = sent("tools/call", Some("id"));
        let busy = with_headers(call, 503, &[("retry-after", "5")], "busy");
        assert_eq!(loss(&busy, &ErrorKind::Status(503)), Loss::No);
    }
}
