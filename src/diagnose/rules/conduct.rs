//! Rules for violations of the specification by a client, whether the server rejects them
//! or not.

use serde_json::Value;

use super::super::evidence::issues;
use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, RECENT, RULE, Rule};
use crate::exchange::Exchange;
use crate::exit::Kind;
use crate::protocol::headers::SESSION_ID;
use crate::protocol::methods;

pub(super) static REQUEST_ID_REUSED: Rule = Rule {
    id: RuleId::RequestIdReused,
    title: "request id used twice in a session",
    means: "Use a new id for every request of a session, such as a counter. A server that still works on \
            the first may confuse the two, or respond to neither.",
    specification: "2025-11-25, Basic, Messages, Requests",
    about: "\
Responses go to the wrong request or nowhere. Simple clients write \"id\": 1 into every message, which \
works while each request ends before the next begins. It fails with parallel requests, cancellation, a \
resumed stream, or a server that remembers ids.

Use a counter, or a random string for each request.",
    reach: RECENT,
    find: |evidence| {
        let (session, id) = (evidence.session()?, evidence.exchange.request_id()?);
        let earlier = evidence.earlier.iter().find(|earlier| {
            earlier.session_sent() == Some(session)
                // A refused request may be sent again with the same id.
                && earlier.answer.as_ref().is_some_and(crate::exchange::Answer::is_success)
                && earlier.request_id() == Some(id)
        })?;
        Some(Conclusion {
            certainty: Certainty::Certain,
            because: format!("{} had the same id, {id}", earlier.number),
        })
    },
    ..RULE
};

pub(super) static INITIALIZED_LATE: Rule = Rule {
    id: RuleId::InitializedLate,
    title: "request before notifications/initialized",
    means: "After the initialize response, POST notifications/initialized with the session id. Only then \
            send anything else. Strict servers reject earlier requests; some drop the session.",
    specification: "2025-11-25, Lifecycle, Initialization",
    about: "\
rmcp and the Java SDK respond with an error, or not at all; many servers accept the request. The handshake \
has three parts: initialize, its response, and notifications/initialized. Before the third, the server may \
send only ping and logging, and the client should send only ping.",
    find: |evidence| {
        let session = evidence.session()?;
        let asks = evidence.is_post() && evidence.exchange.has_id();
        let opened = evidence.earlier.iter().find(|earlier| issues(earlier, session))?;
        let told = evidence.earlier.iter().any(|earlier| {
            earlier.is(methods::INITIALIZED) && earlier.session_sent() == Some(session)
        });
        let late = evidence
            .later
            .iter()
            .find(|later| later.is(methods::INITIALIZED) && later.session_sent() == Some(session));
        if !asks || told || evidence.exchange.is(methods::PING) {
            return None;
        }
        Some(Conclusion {
            certainty: Certainty::Certain,
            because: match late {
                Some(late) => {
                    format!(
                        "the session is from {}, and it came with {}",
                        opened.number, late.number
                    )
                }
                None => format!("the session is from {}, and it did not come", opened.number),
            },
        })
    },
    ..RULE
};

pub(super) static SESSION_ID_FROM_BODY: Rule = Rule {
    id: RuleId::SessionIdFromBody,
    title: "session id taken from a response body",
    means: "The session id is the value of the response header Mcp-Session-Id. A session or an id in a body \
            is something else.",
    specification: "2025-11-25, Transports, Session Management",
    about: "\
The initialize response is JSON, and holds an id, server names, sometimes a sessionId of the application. \
None of them is the transport's session. Read that from the HTTP response header Mcp-Session-Id: in Python \
`response.headers[\"Mcp-Session-Id\"]`, with fetch `response.headers.get(\"Mcp-Session-Id\")`. With curl, \
`-D -` shows it.",
    exit: Some(Kind::Session),
    reach: RECENT,
    find: |evidence| {
        let session = evidence.session()?.trim();
        let is_header = |earlier: &Exchange| {
            earlier.answer.as_ref().and_then(|a| a.header(SESSION_ID)) == Some(session)
        };
        if session.is_empty() || evidence.earlier.iter().any(is_header) {
            return None;
        }
        let source = evidence.earlier.iter().find(|earlier| {
            earlier.is(methods::INITIALIZE) && holds(earlier, session) && evidence.worked(earlier)
        })?;
        Some(Conclusion {
            certainty: Certainty::Certain,
            because: format!("the value is in the body of the response to {}", source.number),
        })
    },
    ..RULE
};

/// Returns true if a response body contains this exact value.
fn holds(exchange: &Exchange, text: &str) -> bool {
    fn search(value: &Value, text: &str) -> bool {
        match value {
            Value::String(string) => string == text,
            Value::Number(number) => number.to_string() == text,
            Value::Array(items) => items.iter().any(|item| search(item, text)),
            Value::Object(fields) => fields.values().any(|item| search(item, text)),
            _ => false,
        }
    }
    let body = exchange.answer.as_ref().and_then(|answer| answer.last_message());
    // This check avoids parsing most of the bodies.
    let body = body.filter(|body| body.contains(text));
    let body: Option<Value> = body.and_then(|body| serde_json::from_str(body).ok());
    body.is_some_and(|body| search(&body, text))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::conduct;
    use crate::exchange::Exchange;
    use crate::exchange::testing::{answered, sent, with_headers};

    const OK: &str = r#"{"jsonrpc":"2.0","id":"x","result":{"sessionId":"from-the-body"}}"#;

    fn opened() -> Exchange {
        with_headers(sent("initialize", None), 200, &[("mcp-session-id", "s-1")], OK)
    }

    fn told() -> Exchange {
        let mut told = answered(sent("notifications/initialized", Some("s-1")), 202, "");
        told.request.body = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.into();
        told
    }

    fn asked(id: u64, session: &str) -> Exchange {
        let result = OK.replace("\"x\"", &id.to_string());
        let mut asked = answered(sent("tools/list", Some(session)), 200, &result);
        asked.request.body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list"}}"#);
        asked
    }

    fn found(mut exchanges: Vec<Exchange>) -> Vec<&'static str> {
        for (index, exchange) in exchanges.iter_mut().enumerate() {
            exchange.number = index + 1;
        }
        conduct(&exchanges).iter().map(|finding| finding.rule.id.as_str()).collect()
    }

    #[test]
    fn a_client_that_does_it_right_is_left_alone() {
        assert!(found(vec![opened(), told(), asked(2, "s-1"), asked(3, "s-1")]).is_empty());
    }

    #[test]
    fn an_id_counts_within_its_session() {
        let twice = vec![opened(), told(), asked(2, "s-1"), asked(2, "s-1")];
        assert_eq!(found(twice), ["request-id-reused"]);
        let mut other = opened();
        other.answer.as_mut().unwrap().headers[0].1 = "s-2".into();
        let mut told_too = told();
        told_too.request.headers.last_mut().unwrap().1 = "s-2".into();
        let sessions = vec![opened(), told(), asked(2, "s-1"), other, told_too, asked(2, "s-2")];
        assert!(found(sessions).is_empty());
    }

    #[test]
    fn the_notification_comes_before_the_first_request() {
        assert_eq!(found(vec![opened(), asked(2, "s-1")]), ["initialized-late"]);
        let mut ping = asked(2, "s-1");
        ping.purpose = crate::exchange::Purpose::of("ping");
        assert!(found(vec![opened(), ping]).is_empty(), "a ping may come earlier");
    }

    #[test]
    fn a_session_id_from_the_body_is_not_one() {
        assert_eq!(found(vec![opened(), asked(2, "from-the-body")]), ["session-id-from-body"]);
        assert!(found(vec![opened(), told(), asked(2, "elsewhere")]).is_empty());
    }
}
