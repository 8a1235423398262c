//! Recognises responses that may mean a lost session.
//!
//! Real servers report a lost session with 404, 400, 401, 410, 422 or 503, with a JSON-RPC error on 200, or
//! with a stream that ends empty; tools that ran use the same statuses for errors of their own. So neither
//! status nor code nor text decides: they raise a doubt, which a harmless request in the same session
//! settles (2025-11-25, Transports, "Session Management", 3).

use super::error::ErrorKind;
use crate::exchange::{BodyKind, Exchange};
use crate::protocol::methods;

/// Doubt that a failed request raises about its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The request was refused.
    Refused,
    /// The response is empty, so the request may have run.
    Unanswered,
}

/// Returns the doubt that a failed request raises. Only a request that carried a session id and is not
/// `initialize` raises any.
pub(super) fn doubt(exchange: &Exchange, error: &ErrorKind) -> Option<Doubt> {
    exchange.session_sent()?;
    let answer = exchange.answer.as_ref()?;
    // A server that sent a message before its error had started to run the request.
    let begun = answer.events.iter().filter(|event| event.data.is_some()).count() > 1;
    if exchange.is(methods::INITIALIZE) || begun {
        return None;
    }
    match error {
        ErrorKind::Protocol(_) | ErrorKind::Unanswered(_) if answer.status == 200 => {
            // An event with an id has begun a stream that could be resumed.
            let begun =
                answer.events.iter().any(|event| event.data.is_some() || event.id.is_some());
            let empty = matches!(answer.shape, BodyKind::Empty)
                || (answer.shape == BodyKind::Events && !begun);
            empty.then_some(Doubt::Unanswered)
        }
        ErrorKind::Rpc(_) | ErrorKind::Status(_) => {
            let is_refusal = match answer.status {
                400 | 404 | 410 | 422 => true,
                // A challenge is about credentials, not about the session.
                401 => answer.challenge().is_none(),
                // An overloaded server says when to come back.
                503 => answer.header("retry-after").is_none(),
                // An error on 200 usually comes from the method itself.
                200..300 => names_session(exchange, error),
                _ => false,
            };
            is_refusal.then_some(Doubt::Refused)
        }
        _ => None,
    }
}

/// Returns true if a refusal speaks of a session.
pub(super) fn names_session(exchange: &Exchange, error: &ErrorKind) -> bool {
    let text = match error {
        ErrorKind::Rpc(error) => {
            let data = error.data.as_ref().map(|data| data.get()).unwrap_or_default();
            format!("{} {data}", error.message)
        }
        _ => exchange.answer.as_ref().map(|answer| answer.body.clone()).unwrap_or_default(),
    };
    text.to_lowercase().contains("session")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::{answered, sent, with_headers};
    use crate::protocol::jsonrpc::ErrorObject;

    fn rpc(code: i64, message: &str) -> ErrorKind {
        ErrorKind::Rpc(ErrorObject { code: Some(code), message: message.into(), data: None })
    }

    fn status(status: u16, body: &str) -> Option<Doubt> {
        let exchange = answered(sent("tools/call", Some("id")), status, body);
        doubt(&exchange, &ErrorKind::Status(status))
    }

    fn error(status: u16, code: i64, message: &str) -> Option<Doubt> {
        doubt(&answered(sent("tools/call", Some("id")), status, "{}"), &rpc(code, message))
    }

    #[test]
    fn a_refusal_raises_a_doubt_whatever_its_code_and_text() {
        for code in [-32001, -32600, -32601, -32602, -32603, -32700, -32000, -32099, 0, 7] {
            for refused in [400, 401, 404, 410, 422, 503] {
                assert_eq!(error(refused, code, "no"), Some(Doubt::Refused), "{refused} {code}");
            }
        }
        for refused in [400, 401, 404, 410, 422, 503] {
            for body in ["", "session not found\n", "<html>", "{\"detail\":\"item not found\"}"] {
                assert_eq!(status(refused, body), Some(Doubt::Refused), "{refused} {body}");
            }
        }
    }

    #[test]
    fn an_error_on_200_raises_one_only_if_it_names_the_session() {
        assert_eq!(error(200, -32602, "Invalid arguments"), None);
        assert_eq!(error(200, -32001, "No session"), Some(Doubt::Refused));
        let text = "method \"tools/call\" is invalid during session initialization";
        assert_eq!(error(200, 0, text), Some(Doubt::Refused));
    }

    #[test]
    fn what_cannot_be_about_the_session_raises_none() {
        for other in [403, 405, 406, 429, 500, 502, 504] {
            assert_eq!(error(other, -32001, "session"), None, "{other}");
            assert_eq!(status(other, "session"), None, "{other}");
        }
        let without = answered(sent("tools/call", None), 404, "");
        assert_eq!(doubt(&without, &rpc(-32001, "Session not found")), None);
        let initialize = answered(sent("initialize", Some("id")), 404, "");
        assert_eq!(doubt(&initialize, &ErrorKind::Status(404)), None);
    }

    #[test]
    fn an_empty_answer_may_have_run() {
        let exchange = answered(sent("tools/call", Some("id")), 200, "");
        let protocol = ErrorKind::Protocol(String::new());
        assert_eq!(doubt(&exchange, &protocol), Some(Doubt::Unanswered));
        let page = answered(sent("tools/call", Some("id")), 200, "<html>");
        assert_eq!(doubt(&page, &protocol), None);
    }

    #[test]
    fn a_challenge_asks_for_credentials_and_not_for_a_session() {
        for name in ["www-authenticate", "x-amzn-remapped-www-authenticate"] {
            let call = sent("tools/call", Some("id"));
            let exchange = with_headers(call, 401, &[(name, "Bearer")], "no session");
            assert_eq!(doubt(&exchange, &ErrorKind::Status(401)), None);
        }
        let call = sent("tools/call", Some("id"));
        let busy = with_headers(call, 503, &[("retry-after", "5")], "busy");
        assert_eq!(doubt(&busy, &ErrorKind::Status(503)), None);
    }
}
