//! Test cases for each rule: evidence as sent by real servers, and a near miss with another
//! cause.

mod authorization;
mod decisions;
mod own_errors;
mod sessions;

use super::super::{explain_at, rules};
use crate::exchange::testing::{answered, sent, with_headers};
use crate::exchange::{BodyKind, Event, Exchange, Phase, TransportError, TransportErrorKind};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":"x","result":{}}"#;

fn error(code: i64, message: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":null,"error":{{"code":{code},"message":"{message}"}}}}"#)
}

/// Builds an exchange of `tools/list` with this response.
fn list(session: Option<&str>, status: u16, body: &str) -> Exchange {
    answered(sent("tools/list", session), status, body)
}

fn opened() -> Exchange {
    with_headers(sent("initialize", None), 200, &[("mcp-session-id", "s-1")], RESULT)
}

fn told() -> Exchange {
    answered(sent("notifications/initialized", Some("s-1")), 202, "")
}

/// Replaces headers of the request.
fn sending(mut exchange: Exchange, headers: &[(&str, &str)]) -> Exchange {
    for (name, value) in headers {
        exchange.request.headers.retain(|(known, _)| known != name);
        exchange.request.headers.push(((*name).to_owned(), (*value).to_owned()));
    }
    exchange
}

/// Adds the headers of a modern request.
fn modern(exchange: Exchange) -> Exchange {
    sending(exchange, &[("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")])
}

fn failing(mut exchange: Exchange, kind: TransportErrorKind, bytes: u64) -> Exchange {
    let (phase, may_have_run) = (Phase::Wait, bytes > 0);
    exchange.failure = Some(TransportError { kind, phase, text: "x".to_owned(), may_have_run });
    exchange.wire.sent = bytes;
    exchange
}

fn get(status: u16, body: &str) -> Exchange {
    let mut get = answered(sent("", None), status, body);
    get.request.method = "GET";
    get.request.body = String::new();
    get.purpose.method = None;
    get
}

/// Builds the stream of the HTTP+SSE transport.
fn stream() -> Exchange {
    let mut stream = get(200, "");
    let answer = stream.answer.as_mut().unwrap();
    answer.shape = BodyKind::Events;
    answer.events = vec![Event {
        kind: "endpoint".into(),
        data: Some("/messages?session_id=1".into()),
        ..Event::default()
    }];
    stream
}

fn empty_stream(mut exchange: Exchange) -> Exchange {
    exchange.answer.as_mut().unwrap().shape = BodyKind::Events;
    exchange
}

fn with_body(mut exchange: Exchange, body: &str) -> Exchange {
    exchange.request.body = body.to_owned();
    exchange
}

/// Truncates a body as a recording does, after its id was read.
fn truncated(exchange: Exchange) -> Exchange {
    exchange.request_id();
    with_body(exchange, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"tools/li… (truncated)")
}

/// Rule id, evidence with the index of the failure, and the near miss in the same form.
type Case = (&'static str, (Vec<Exchange>, usize), (Vec<Exchange>, usize));

#[allow(clippy::too_many_lines)] // a table
fn cases() -> Vec<Case> {
    let missing = error(-32600, "Bad Request: Missing session ID");
    let unknown = error(-32001, "Session not found");
    let challenge = [("www-authenticate", "Bearer error=\"invalid_token\"")];
    vec![
        (
            "unreachable",
            (vec![failing(sent("tools/list", None), TransportErrorKind::Unreachable, 0)], 0),
            (vec![failing(sent("tools/list", None), TransportErrorKind::Broken, 300)], 0),
        ),
        (
            "tls",
            (vec![failing(sent("tools/list", None), TransportErrorKind::Tls, 0)], 0),
            (vec![failing(sent("tools/list", None), TransportErrorKind::Unreachable, 0)], 0),
        ),
        (
            "auth-challenge-remapped",
            (
                vec![with_headers(
                    sent("tools/list", None),
                    401,
                    &[("x-amzn-remapped-www-authenticate", "Bearer")],
                    "",
                )],
                0,
            ),
            (vec![with_headers(sent("tools/list", None), 401, &challenge, "")], 0),
        ),
        (
            "auth-scope",
            (
                vec![with_headers(
                    sent("tools/list", None),
                    403,
                    &[("www-authenticate", "Bearer error=\"insufficient_scope\", scope=\"a\"")],
                    "",
                )],
                0,
            ),
            (vec![with_headers(sent("tools/list", None), 401, &challenge, "")], 0),
        ),
        (
            "auth-required",
            (vec![with_headers(sent("tools/list", None), 401, &challenge, "")], 0),
            (vec![list(Some("s"), 404, &unknown)], 0),
        ),
        (
            "modern-only",
            (vec![list(None, 400, &error(-32022, "Unsupported protocol version: 2025-06-18"))], 0),
            (vec![list(None, 400, &error(-32602, "no such parameter"))], 0),
        ),
        (
            "header-mismatch",
            (
                vec![modern(list(None, 400, &error(-32020, "missing required Mcp-Method header")))],
                0,
            ),
            (vec![modern(list(None, 400, &error(-32602, "bad cursor")))], 0),
        ),
        (
            "legacy-only",
            (vec![modern(list(None, 400, &missing)), opened()], 0),
            (vec![modern(list(None, 400, &error(-32022, "Unsupported protocol version")))], 0),
        ),
        (
            "envelope-missing",
            (
                vec![modern(list(
                    None,
                    400,
                    &error(-32602, "Invalid params: missing or invalid _meta field"),
                ))],
                0,
            ),
            (vec![modern(list(None, 400, &error(-32602, "Invalid params: cursor")))], 0),
        ),
        (
            "version-unsupported",
            (
                vec![sending(
                    list(
                        Some("s"),
                        400,
                        &error(-32000, "Bad Request: Unsupported protocol version: 1999-01-01"),
                    ),
                    &[("mcp-protocol-version", "1999-01-01")],
                )],
                0,
            ),
            (
                vec![sending(
                    list(Some("s"), 404, &unknown),
                    &[("mcp-protocol-version", "2025-11-25")],
                )],
                0,
            ),
        ),
        (
            "accept",
            (
                vec![sending(
                    list(
                        None,
                        400,
                        "Accept must contain both 'application/json' and 'text/event-stream'",
                    ),
                    &[("accept", "*/*")],
                )],
                0,
            ),
            (vec![sending(list(None, 400, &missing), &[("accept", "*/*")])], 0),
        ),
        (
            "content-type",
            (
                vec![sending(
                    list(
                        None,
                        415,
                        &error(
                            -32000,
                            "Unsupported Media Type: Content-Type must be application/json",
                        ),
                    ),
                    &[("content-type", "text/plain")],
                )],
                0,
            ),
            (vec![list(None, 415, "fail to deserialize request body")], 0),
        ),
        (
            "body-not-accepted",
            (vec![with_body(list(None, 400, &error(-32700, "Parse error")), "[1]")], 0),
            (vec![truncated(list(None, 400, &error(-32602, "Invalid params")))], 0),
        ),
        (
            "session-id-from-body",
            (vec![opened(), list(Some("x"), 404, &unknown)], 1),
            (vec![opened(), list(Some("elsewhere"), 404, &unknown)], 1),
        ),
        (
            "origin-rejected",
            (
                vec![sending(
                    list(None, 403, &error(-32000, "Invalid Origin header: http://e")),
                    &[("origin", "http://e")],
                )],
                0,
            ),
            (vec![list(None, 403, &error(-32000, "Invalid Host: e"))], 0),
        ),
        (
            "host-rejected",
            (vec![list(None, 421, "Invalid Host header")], 0),
            (
                vec![sending(
                    list(None, 403, &error(-32000, "Invalid Origin header: http://e")),
                    &[("origin", "http://e")],
                )],
                0,
            ),
        ),
        (
            "legacy-sse-only",
            (vec![list(None, 404, "<html>Cannot POST /sse</html>"), stream()], 0),
            (vec![list(None, 404, "<html>Cannot POST /</html>"), get(404, "<html>")], 0),
        ),
        (
            "redirected",
            (
                vec![with_headers(
                    sent("tools/list", None),
                    307,
                    &[("location", "http://h/mcp/")],
                    "",
                )],
                0,
            ),
            (
                vec![with_headers(
                    sent("tools/list", None),
                    404,
                    &[("location", "http://h/mcp/")],
                    "",
                )],
                0,
            ),
        ),
        (
            "rate-limited",
            (vec![list(None, 503, &error(-32603, "Too many open sessions"))], 0),
            (vec![list(None, 503, "<html>Service Unavailable</html>")], 0),
        ),
        (
            "body-too-large",
            (vec![list(None, 413, "<html>Request Entity Too Large</html>")], 0),
            (vec![list(None, 414, "<html>Request-URI Too Large</html>")], 0),
        ),
        (
            "upstream-down",
            (vec![list(None, 502, "<html>Bad Gateway</html>")], 0),
            (vec![list(Some("s"), 503, "session not found")], 0),
        ),
        (
            "stream-conflict",
            (
                vec![get(
                    409,
                    &error(-32000, "Conflict: Only one SSE stream is allowed per session"),
                )],
                0,
            ),
            (vec![list(Some("s"), 409, "")], 0),
        ),
        (
            "wrong-path",
            (vec![list(None, 404, "404 page not found")], 0),
            (vec![list(None, 404, "Invalid session ID")], 0),
        ),
        (
            "stream-buffered",
            (
                vec![opened(), {
                    let mut late =
                        failing(get(200, ""), TransportErrorKind::TooSlow("--timeout"), 300);
                    late.answer = None;
                    late
                }],
                1,
            ),
            (
                vec![
                    opened(),
                    failing(
                        sent("tools/call", Some("s-1")),
                        TransportErrorKind::TooSlow("--timeout"),
                        300,
                    ),
                ],
                1,
            ),
        ),
        (
            "stream-empty",
            (vec![opened(), told(), empty_stream(list(Some("s-1"), 200, ""))], 2),
            (
                vec![
                    opened(),
                    empty_stream(answered(sent("notifications/initialized", Some("s-1")), 200, "")),
                ],
                1,
            ),
        ),
        (
            "http2-only",
            (vec![list(None, 403, "Missing ALPN Protocol, expected `h2`")], 0),
            (vec![list(None, 200, "Missing ALPN Protocol, expected `h2`")], 0),
        ),
        (
            "content-encoding",
            (vec![failing(list(None, 200, ""), TransportErrorKind::Undecodable, 300)], 0),
            (vec![failing(list(None, 200, ""), TransportErrorKind::Broken, 300)], 0),
        ),
        (
            "connection-broken",
            (vec![failing(sent("tools/call", None), TransportErrorKind::Broken, 300)], 0),
            (
                vec![failing(
                    sent("tools/call", None),
                    TransportErrorKind::TooSlow("--timeout"),
                    300,
                )],
                0,
            ),
        ),
        (
            "response-id-mismatch",
            (vec![list(None, 200, &RESULT.replace("\"x\"", "0"))], 0),
            (vec![list(None, 200, &RESULT.replace("result", "error"))], 0),
        ),
        (
            "not-mcp",
            (vec![list(None, 200, "<html>Sign in</html>")], 0),
            (vec![list(None, 404, "<html>Not Found</html>")], 0),
        ),
    ]
}

fn found((mut exchanges, at): (Vec<Exchange>, usize)) -> Vec<&'static str> {
    for (index, exchange) in exchanges.iter_mut().enumerate() {
        exchange.number = index + 1;
    }
    explain_at(&exchanges, at).iter().map(|finding| finding.rule.id.as_str()).collect()
}

fn all_cases() -> impl Iterator<Item = Case> {
    cases().into_iter().chain(authorization::cases()).chain(sessions::cases())
}

#[test]
fn each_rule_finds_what_it_is_about_and_lets_a_near_miss_pass() {
    for (id, hit, miss) in all_cases() {
        let hit = found(hit);
        // In the findings, `auth-no-challenge` comes after `auth-required`.
        let first =
            hit.iter().find(|found| id != "auth-no-challenge" || **found != "auth-required");
        assert_eq!(first, Some(&id), "evidence of {id}");
        let passed = found(miss);
        assert!(!passed.contains(&id), "{id} in a near miss: {passed:?}");
    }
}

#[test]
fn no_rule_is_without_a_case() {
    let known: Vec<&str> = all_cases().map(|(id, ..)| id).collect();
    for rule in super::RULES.iter().chain(super::AUTHORIZATION) {
        assert!(known.contains(&rule.id.as_str()), "{}", rule.id);
        assert!(!rule.title.ends_with('.') && rule.means.ends_with('.'), "{}", rule.id);
        assert!(!rule.specification.is_empty() && rule.about.len() > 100, "{}", rule.id);
    }
    let mut ids: Vec<&str> = rules().map(|rule| rule.id.as_str()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "a name is there twice");
}
