//! Test of the rules with 1,500 responses of real servers to known mistakes: the share of
//! right, unknown and wrong conclusions for each mistake. `cargo test corpus --
//! --nocapture` prints it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{explain, is_permitted_refusal};
use crate::exchange::testing::{sent, with_headers};
use crate::exchange::{Exchange, Purpose};

const ROWS: &str = include_str!("../../tests/data/signatures.jsonl");

/// A mistake: the request that makes it, and the ids of the rules that identify it.
struct Mistake {
    request: Exchange,
    right: &'static [&'static str],
}

fn header(mut exchange: Exchange, name: &str, value: Option<&str>) -> Exchange {
    exchange.request.headers.retain(|(known, _)| known != name);
    exchange.request.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    exchange
}

fn body(mut exchange: Exchange, body: &str) -> Exchange {
    body.clone_into(&mut exchange.request.body);
    header(exchange, "content-length", Some(&body.len().to_string()))
}

fn http(method: &'static str, session: Option<&str>) -> Exchange {
    let mut exchange = header(sent("", session), "accept", Some("text/event-stream"));
    exchange.request.method = method;
    exchange.request.body.clear();
    exchange.purpose = Purpose::default();
    exchange
}

fn modern(method: &str) -> Exchange {
    let mut exchange = header(sent(method, None), "mcp-protocol-version", Some("2026-07-28"));
    exchange = header(exchange, "mcp-method", Some(method));
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let text = format!(r#"{{"jsonrpc":"2.0","id":"x","method":"{method}","params":{{{meta}}}}}"#);
    body(exchange, &text)
}

/// Returns the mistake with this name. Returns `None` if it is not a client's mistake, or
/// not one for these rules.
#[expect(clippy::too_many_lines, reason = "a table")]
fn mistake(trigger: &str) -> Option<Mistake> {
    let list = || sent("tools/list", Some("0123456789abcdef"));
    let bare = || sent("tools/list", None);
    let init = || sent("initialize", None);
    let versioned = |exchange, version| header(exchange, "mcp-protocol-version", Some(version));
    let (request, right): (Exchange, &[&str]) = match trigger {
        "missing_session_id" => (bare(), &["session-missing"]),
        "notification_missing_session_id" => (sent("notifications/x", None), &["session-missing"]),
        "get_without_session" | "delete_without_session" => {
            let method = if trigger.starts_with("get") { "GET" } else { "DELETE" };
            (http(method, None), &["session-missing", "stateless"])
        }
        "unknown_session_id"
        | "terminated_session_id"
        | "idle_session_expired"
        | "session_closing"
        | "malformed_session_id"
        | "session_microvm_gone" => (list(), &["session-expired"]),
        "get_unknown_session" => {
            (http("GET", Some("0123456789abcdef")), &["session-expired", "stateless"])
        }
        "delete_unknown_session" | "delete_session" | "delete_stateless" => {
            (http("DELETE", Some("0123456789abcdef")), &["session-expired", "stateless"])
        }
        "empty_session_id_header" => {
            (sent("tools/list", Some("")), &["session-missing", "session-expired"])
        }
        "stateless_server_given_session_id" | "session_id_sent_to_stateless_server" => {
            (list(), &["session-not-supported"])
        }
        "initialize_carrying_stale_session_id" | "second_initialize_same_session" => {
            (sent("initialize", Some("0123456789abcdef")), &["already-initialized"])
        }
        "second_initialize_without_session_id" => (init(), &["shared-transport"]),
        "get_second_stream" | "resume_active_stream" => {
            (http("GET", Some("0123456789abcdef")), &["stream-conflict"])
        }
        "accept_json_only" => (header(bare(), "accept", Some("application/json")), &["accept"]),
        "accept_sse_only" => (header(bare(), "accept", Some("text/event-stream")), &["accept"]),
        "accept_star_star" => (header(bare(), "accept", Some("*/*")), &["accept"]),
        "accept_missing" => (header(bare(), "accept", None), &["accept"]),
        "get_without_accept" => (
            header(http("GET", Some("0123456789abcdef")), "accept", Some("*/*")),
            &["accept", "stateless"],
        ),
        "content_type_text_plain" => {
            (header(bare(), "content-type", Some("text/plain")), &["content-type"])
        }
        "content_type_missing" => (header(bare(), "content-type", None), &["content-type"]),
        "malformed_json" => (body(list(), "{\"jsonrpc\":"), &["body-not-accepted"]),
        "empty_body" => (body(list(), " "), &["body-not-accepted"]),
        "json_but_not_jsonrpc" => (body(list(), "{\"a\":1}"), &["body-not-accepted"]),
        "request_id_null" => (
            body(list(), r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#),
            &["body-not-accepted"],
        ),
        "jsonrpc_batch" | "batch_too_large" | "batch_with_initialize" => {
            (body(list(), r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#), &["body-not-accepted"])
        }
        "jsonrpc_batch_empty" => (body(list(), "[]"), &["body-not-accepted"]),
        "protocol_version_header_unsupported" => {
            (versioned(list(), "1999-01-01"), &["version-unsupported", "envelope-missing"])
        }
        "protocol_version_header_not_a_date" => {
            (versioned(list(), "banana"), &["version-unsupported", "envelope-missing"])
        }
        "host_header_not_allowed" | "proxy_host_rewritten" => {
            (header(bare(), "host", Some("evil.example")), &["host-rejected"])
        }
        "origin_header_not_allowed" => {
            (header(bare(), "origin", Some("http://evil.example")), &["origin-rejected"])
        }
        "wrong_path" | "no_server_for_path" => (init(), &["wrong-path", "legacy-sse-only"]),
        "trailing_slash_toggled"
        | "trailing_slash_redirect"
        | "redirect_cross_origin"
        | "proxy_redirect_slash"
        | "proxy_redirect_https"
        | "trailing_slash_404" => (init(), &["redirected", "wrong-path"]),
        "auth_missing" | "auth_expired" | "proxy_basic_auth" => (bare(), &["auth-required"]),
        "auth_scope" => (bare(), &["auth-scope"]),
        "auth_header_remapped" => (bare(), &["auth-challenge-remapped"]),
        "body_too_large" => (bare(), &["body-too-large"]),
        "upstream_down" => (init(), &["upstream-down"]),
        "initialize_session_limit" => (init(), &["rate-limited"]),
        "modern_missing_mcp_method_header" => (
            header(modern("tools/list"), "mcp-method", None),
            &["header-mismatch", "legacy-only", "version-unsupported"],
        ),
        "modern_wrong_mcp_method_header" => (
            header(modern("tools/list"), "mcp-method", Some("x")),
            &["header-mismatch", "legacy-only", "version-unsupported"],
        ),
        "modern_missing_mcp_name_header"
        | "modern_wrong_mcp_name_header"
        | "modern_param_header_missing"
        | "modern_missing_mcp_param_header" => {
            (modern("tools/call"), &["header-mismatch", "legacy-only", "version-unsupported"])
        }
        "modern_missing_protocol_version_header" => (
            header(modern("tools/list"), "mcp-protocol-version", None),
            &["header-mismatch", "legacy-only", "version-unsupported"],
        ),
        "modern_header_body_version_mismatch" => (
            modern("tools/list"),
            &["header-mismatch", "version-unsupported", "legacy-only", "envelope-missing"],
        ),
        "modern_missing_meta_envelope" => (
            body(modern("tools/list"), r#"{"jsonrpc":"2.0","id":"x","method":"tools/list"}"#),
            &["envelope-missing", "header-mismatch", "legacy-only", "version-unsupported"],
        ),
        "modern_unsupported_version" => {
            (versioned(modern("tools/list"), "2099-01-01"), &["version-unsupported", "legacy-only"])
        }
        // A server that does not support the revision may name it in its refusal or not.
        "modern_server_discover" => {
            (modern("server/discover"), &["legacy-only", "version-unsupported"])
        }
        "modern_request" => (modern("tools/list"), &["legacy-only", "version-unsupported"]),
        "legacy_initialize" | "legacy_initialize_naming_2026_07_28" => (init(), &["modern-only"]),
        "sse_post_missing_session" | "sse_post_without_stream" => {
            (bare(), &["session-missing", "wrong-path", "legacy-sse-only"])
        }
        _ => return None,
    };
    Some(Mistake { request, right })
}

#[derive(Default, Clone, Copy)]
struct Tally {
    right: usize,
    unknown: usize,
    wrong: usize,
}

#[test]
fn the_corpus_of_real_answers_is_explained() {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut wrongs = Vec::new();
    for line in ROWS.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let trigger = row["trigger"].as_str().unwrap();
        let Some(Mistake { request, right }) = mistake(trigger) else { continue };
        let Some(status) = row["status"].as_u64() else { continue };
        let exchange = answered(request, u16::try_from(status).unwrap(), &row);
        let found = explain(std::slice::from_ref(&exchange));
        let top = found.first().map_or("", |finding| finding.rule.id.as_str());
        // A server that accepts the request does not consider it a mistake.
        let accepted = is_accepted(&row);
        let tally = tallies.entry(trigger.to_owned()).or_default();
        match (accepted, top) {
            // The specification permits a server without a stream, and one that lets no client end a session.
            (true, "") => tally.right += 1,
            (false, "") if is_permitted_refusal(&exchange) => tally.right += 1,
            (false, "" | "unknown") => tally.unknown += 1,
            (false, top) if right.contains(&top) || fits_the_server(&row, top) => tally.right += 1,
            (_, top) => {
                tally.wrong += 1;
                wrongs.push(format!("{trigger}: {top} for {line}"));
            }
        }
    }
    let mut sum = Tally::default();
    println!("{:<42} {:>5} {:>7} {:>5}", "mistake", "right", "unknown", "wrong");
    for (trigger, tally) in &tallies {
        println!("{trigger:<42} {:>5} {:>7} {:>5}", tally.right, tally.unknown, tally.wrong);
        sum.right += tally.right;
        sum.unknown += tally.unknown;
        sum.wrong += tally.wrong;
    }
    let all = sum.right + sum.unknown + sum.wrong;
    println!("{:<42} {:>5} {:>7} {:>5}  of {all}", "all", sum.right, sum.unknown, sum.wrong);
    for wrong in &wrongs {
        println!("wrong: {wrong}");
    }
    assert!(all > 1200, "only {all} rows are looked at");
    assert!(sum.right * 100 >= all * 97, "right: {} of {all}", sum.right);
    assert_eq!(sum.wrong, 0, "of {all}");
}

/// Returns true if a finding describes the server rather than the mistake.
fn fits_the_server(row: &Value, top: &str) -> bool {
    let (code, status) = (row["code"].as_i64(), row["status"].as_u64());
    let message = row["message"].as_str().unwrap_or_default();
    let allow = row["headers"]["allow"].as_str().unwrap_or_default();
    match top {
        "modern-only" => code == Some(-32022) || message.contains("io.modelcontextprotocol/"),
        "legacy-sse-only" => status == Some(405) && !allow.contains("POST"),
        // The request has several mistakes, and the server reports the first it checks.
        "session-missing" | "session-expired" => {
            message.to_lowercase().contains("session") || message.contains("initialize")
        }
        "auth-required" => {
            matches!(status, Some(401)) && row["headers"]["www-authenticate"].is_string()
        }
        _ => false,
    }
}

fn is_accepted(row: &Value) -> bool {
    let (status, message) =
        (row["status"].as_u64().unwrap_or(0), row["message"].as_str().unwrap_or_default());
    let is_served = message.starts_with("(accepted") || message.starts_with("(stream stays open)");
    (200..300).contains(&status) && row["code"].is_null() && is_served
}

/// Adds the response of a row to a request.
fn answered(request: Exchange, status: u16, row: &Value) -> Exchange {
    let message = row["message"].as_str().unwrap_or_default();
    let kind = row["content_type"].as_str().unwrap_or_default();
    let mut headers: Vec<(&str, &str)> = vec![("content-type", kind)];
    // The corpus contains this header only as part of the message.
    if let Some(challenge) = message.strip_prefix("x-amzn-remapped-www-authenticate: ") {
        headers.push(("x-amzn-remapped-www-authenticate", challenge));
    }
    let more = row["headers"].as_object().into_iter().flatten();
    headers.extend(more.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))));
    let body = match row["code"].as_i64() {
        Some(code) => serde_json::json!({"jsonrpc": "2.0", "id": "x",
            "error": {"code": code, "message": message}})
        .to_string(),
        None if is_accepted(row) && request.has_id() => {
            r#"{"jsonrpc":"2.0","id":"x","result":{}}"#.to_owned()
        }
        None if message.starts_with('(') => String::new(),
        None if kind.contains("html") && !message.starts_with('<') => {
            format!("<pre>{message}</pre>")
        }
        None => message.to_owned(),
    };
    with_headers(request, status, &headers, &body)
}
