//! The rules. Each examines the evidence and returns at most one conclusion.

mod authorization;
mod conduct;
mod connections;
mod credentials;
mod eras;
mod experiments;
mod handshakes;
mod http;
#[cfg(test)]
mod near_misses;
mod sessions;
mod streams;

use super::evidence::Evidence;
use super::id::RuleId;
use super::rule::Rule;
use crate::exchange::BodyKind;

pub(super) use http::UNKNOWN;

/// All rules except `UNKNOWN`. The order decides among findings of the same certainty.
pub(super) static RULES: [&Rule; 44] = [
    &connections::UNREACHABLE,
    &connections::TLS,
    &connections::HTTP2_ONLY,
    &credentials::AUTH_CHALLENGE_REMAPPED,
    &credentials::AUTH_SCOPE,
    &credentials::AUTH_AUDIENCE,
    &credentials::AUTH_TOKEN_EXPIRED,
    &eras::MODERN_ONLY,
    &eras::HEADER_MISMATCH,
    &eras::LEGACY_ONLY,
    &eras::ENVELOPE_MISSING,
    &eras::VERSION_UNSUPPORTED,
    &http::ACCEPT,
    &http::CONTENT_TYPE,
    &http::BODY_NOT_ACCEPTED,
    &sessions::SESSION_ID_FROM_ERROR,
    &conduct::SESSION_ID_FROM_BODY,
    &sessions::SESSION_NOT_STICKY,
    &sessions::SESSION_NOT_SUPPORTED,
    &handshakes::ALREADY_INITIALIZED,
    &handshakes::SHARED_TRANSPORT,
    &handshakes::NOT_INITIALIZED,
    &sessions::SESSION_MISSING,
    &sessions::SESSION_ID_STRIPPED,
    &sessions::SESSION_EXPIRED,
    &credentials::AUTH_REQUIRED,
    &authorization::AUTH_UNSAFE_ADDRESS,
    &http::ORIGIN_REJECTED,
    &http::HOST_REJECTED,
    &eras::LEGACY_SSE_ONLY,
    &http::REDIRECTED,
    &http::RATE_LIMITED,
    &http::BODY_TOO_LARGE,
    &http::UPSTREAM_DOWN,
    &sessions::STATELESS,
    &streams::STREAM_CONFLICT,
    &http::WRONG_PATH,
    &streams::STREAM_BUFFERED,
    &streams::STREAM_EMPTY,
    &http::NOT_MCP,
    &connections::CONTENT_ENCODING,
    &connections::CONNECTION_BROKEN,
    &http::RESPONSE_ID_MISMATCH,
    &credentials::AUTH_NO_CHALLENGE,
];

/// Rules for exchanges that are part of authorization; no other rules apply to them.
pub(super) static AUTHORIZATION: &[&Rule] = &authorization::RULES;
pub use authorization::is_about as is_about_authorization;

/// Rules that follow from several outcomes of a trace.
pub(super) static EXPERIMENTS: &[&Rule] = &experiments::RULES;

/// Returns the rule with this id.
pub(super) fn of(id: RuleId) -> &'static Rule {
    let all = EXPERIMENTS.iter().chain(RULES.iter()).chain(AUTHORIZATION).chain(&CONDUCT);
    all.copied().find(|rule| rule.id == id).unwrap_or(&UNKNOWN)
}

/// Rules for every exchange of another client, failed or not.
pub(super) static CONDUCT: [&Rule; 3] =
    [&conduct::SESSION_ID_FROM_BODY, &conduct::INITIALIZED_LATE, &conduct::REQUEST_ID_REUSED];

/// Returns true for a 400 that is due to the Accept header. Only the text or an empty body
/// shows it.
fn unlabelled_accept(evidence: &Evidence<'_>) -> bool {
    // Some servers send no text (Spring).
    let silent = evidence.is_post()
        && !evidence.exchange.accepts_both()
        && evidence.shape() == Some(BodyKind::Empty);
    evidence.status() == 400
        && (silent
            || evidence.says(&[
                "accept must contain",
                "accept header",
                "must accept",
                "accept:",
                "accepted media",
            ]))
}

#[cfg(test)]
mod tests {
    use super::{AUTHORIZATION, CONDUCT, EXPERIMENTS, RULES};
    use crate::diagnose::{Certainty, explain, remark};
    use crate::exchange::Exchange;
    use crate::exchange::testing::{answered, sent, with_headers};

    fn ids(exchange: Exchange) -> Vec<(&'static str, Certainty)> {
        let found = explain(&[exchange]);
        found.into_iter().map(|finding| (finding.rule.id.as_str(), finding.certainty)).collect()
    }

    fn top(exchange: Exchange) -> &'static str {
        ids(exchange).first().map_or("", |(id, _)| id)
    }

    fn error(code: i64, message: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":null,"error":{{"code":{code},"message":"{message}"}}}}"#)
    }

    #[test]
    fn titles_fit_a_line_with_their_rule() {
        for rule in EXPERIMENTS.iter().chain(RULES.iter()).chain(AUTHORIZATION).chain(&CONDUCT) {
            assert!(rule.title.chars().count() <= 44, "{}: {}", rule.id.as_str(), rule.title);
        }
    }

    #[test]
    fn a_missing_session_is_found_in_every_shape() {
        let call = || sent("tools/call", None);
        let shapes = [
            (400, error(-32000, "Bad Request: Server not initialized")),
            (400, error(-32600, "Bad Request: Missing session ID")),
            (400, "Bad Request: Session ID is required".to_owned()),
            (422, "Unexpected message, expect initialize request".to_owned()),
            (200, error(0, "method is invalid during session initialization")),
            (404, "Invalid session ID".to_owned()),
        ];
        for (status, body) in shapes {
            assert_eq!(top(answered(call(), status, &body)), "session-missing", "{status} {body}");
        }
    }

    #[test]
    fn what_only_looks_like_a_missing_session() {
        let call = || sent("tools/call", None);
        assert_eq!(top(answered(call(), 400, &error(-32602, "no such parameter"))), "");
        assert_eq!(top(answered(call(), 200, &error(-32601, "Method not found"))), "");
        assert_eq!(top(answered(sent("initialize", None), 400, &error(-32000, "x"))), "");
        assert_eq!(top(answered(call(), 404, "<html>Cannot POST /</html>")), "wrong-path");
        let go = "Accept must contain both 'application/json' and 'text/event-stream'";
        assert_eq!(top(answered(call(), 400, go)), "accept");
    }

    #[test]
    fn an_unknown_session_is_not_a_missing_one() {
        let call = || sent("tools/call", Some("id"));
        let body = error(-32000, "Bad Request: No valid session ID provided");
        assert_eq!(ids(answered(call(), 400, &body)), [("session-expired", Certainty::Certain)]);
        // With the id of the request, a tool may say so too.
        let own = body.replace("null", "\"x\"");
        assert_eq!(ids(answered(call(), 400, &own)), [("session-expired", Certainty::Likely)]);
        let list = answered(sent("tools/list", Some("id")), 400, &own);
        assert_eq!(ids(list), [("session-expired", Certainty::Certain)]);
        assert_eq!(top(answered(call(), 404, "")), "session-expired");
        assert_eq!(top(answered(call(), 404, &error(-32601, "Method not found"))), "");
    }

    #[test]
    fn a_handshake_without_its_second_message() {
        let result = r#"{"jsonrpc":"2.0","id":"x","result":{}}"#;
        let opened =
            || with_headers(sent("initialize", None), 200, &[("mcp-session-id", "a")], result);
        let told = || answered(sent("notifications/initialized", Some("a")), 202, "");
        let refused = |body: &str, status| answered(sent("tools/call", Some("a")), status, body);
        let top =
            |history: &[Exchange]| explain(history).first().map(|found| found.rule.id.as_str());
        let body = error(-32602, "Invalid request parameters");
        assert_eq!(top(&[opened(), refused(&body, 200)]), Some("not-initialized"));
        assert_eq!(top(&[opened(), refused("", 200)]), Some("not-initialized"));
        assert_eq!(top(&[opened(), told(), refused(&body, 200)]), None);
        assert_eq!(top(&[opened(), refused(result, 200)]), None);
    }

    #[test]
    fn credentials_hosts_and_paths() {
        let call = || sent("tools/call", None);
        let challenge = [("www-authenticate", "Bearer")];
        let refused = with_headers(call(), 401, &challenge, "");
        assert_eq!(ids(refused), [("auth-required", Certainty::Certain)]);
        assert_eq!(
            top(answered(call(), 403, &error(-32000, "Invalid Host: evil"))),
            "host-rejected"
        );
        let moved = with_headers(call(), 307, &[("location", "http://h/mcp/")], "");
        assert_eq!(top(moved), "redirected");
        assert_eq!(top(answered(call(), 200, "<html>login</html>")), "not-mcp");
    }

    #[test]
    fn limits_and_gateways() {
        let call = || sent("tools/call", None);
        assert_eq!(top(answered(call(), 429, "")), "rate-limited");
        assert_eq!(top(with_headers(call(), 503, &[("retry-after", "5")], "")), "rate-limited");
        assert_eq!(top(answered(call(), 413, "<html>")), "body-too-large");
        assert_eq!(top(answered(call(), 502, "<html>Bad Gateway</html>")), "upstream-down");
        assert_eq!(top(answered(call(), 500, "oops")), "unknown");
    }

    #[test]
    fn a_server_of_the_modern_era_is_known_by_its_codes() {
        let init = || sent("initialize", None);
        let body = error(-32022, "Unsupported protocol version: 2025-11-25");
        assert_eq!(top(answered(init(), 400, &body)), "modern-only");
        let body = error(-32602, "missing _meta: io.modelcontextprotocol/protocolVersion");
        assert_eq!(top(answered(init(), 400, &body)), "modern-only");
        assert_eq!(top(answered(init(), 400, &error(-32602, "bad params"))), "");
    }

    #[test]
    fn what_worked_has_no_finding_and_may_have_a_remark() {
        let body = r#"{"jsonrpc":"2.0","id":"x","result":{}}"#;
        assert_eq!(top(answered(sent("tools/call", None), 200, body)), "");
        assert!(remark(&answered(sent("tools/call", None), 200, body)).is_none());
        let issued = [("mcp-session-id", "abc")];
        let opened = with_headers(sent("initialize", None), 200, &issued, body);
        assert!(remark(&opened).unwrap().contains("issued a session id here"));
        let stateless = answered(sent("initialize", None), 200, body);
        assert!(remark(&stateless).unwrap().contains("no session id"));
    }
}
