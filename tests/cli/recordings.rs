//! Trace files, and the diagnosis of recordings.

use serde_json::Value;

use crate::support::Sandbox;

#[cfg(unix)]
#[test]
fn a_trace_file_is_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    sandbox.run(&["-s", "demo", "--trace-file", "t.jsonl", "ping"]).exits(0);
    let mode = std::fs::metadata(sandbox.home().join("t.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    sandbox.run(&["-s", "demo", "--trace-file", "t.txt", "ping"]).exits(2).says(".jsonl");
    sandbox.run(&["-s", "demo", "--trace-file", "no/t.jsonl", "ping"]).exits(11).says("no/t.jsonl");
}

#[test]
fn a_har_says_what_happened_and_is_read_again() {
    let sandbox = Sandbox::new();
    let token = "a-token-that-nobody-may-see";
    sandbox.run(&["trace", "demo", "--bearer", token, "--trace-file", "t.har"]).exits(0);
    let text = std::fs::read_to_string(sandbox.home().join("t.har")).unwrap();
    assert!(!text.contains(token));
    let har: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(har["log"]["version"], "1.2");
    let entries = har["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 16);
    for entry in entries {
        let timings = entry["timings"].as_object().unwrap();
        let total: f64 = timings
            .iter()
            .filter(|(name, value)| *name != "ssl" && value.as_f64() > Some(0.0))
            .map(|(_, value)| value.as_f64().unwrap())
            .sum();
        assert!((total - entry["time"].as_f64().unwrap()).abs() < 0.1, "{entry}");
        let began = entry["startedDateTime"].as_str().unwrap();
        assert!(began.starts_with("20") && began.ends_with('Z') && began.len() == 24, "{began}");
    }
    let read = sandbox.run(&["trace", "--read", "t.har"]).exits(0);
    assert!(read.stdout.contains("session-missing (certain) at 1"), "{}", read.stdout);
    let read = sandbox.run(&["trace", "--read", "t.har", "--json"]).exits(0).stdout;
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read["exchanges"].as_array().unwrap().len(), 16);
    assert_eq!(read["findings"][0]["id"], "session-missing");
}

#[test]
fn a_har_of_a_browser_is_diagnosed_and_other_traffic_is_passed_over() {
    let sandbox = Sandbox::new();
    let entry = |method: &str, url: &str, body: &str, status: u16, text: &str| {
        serde_json::json!({
            "startedDateTime": "2026-01-01T00:00:00.000Z", "time": 12.5,
            "request": {"method": method, "url": url, "httpVersion": "h2",
                "headers": [{"name": ":method", "value": method},
                    {"name": "Authorization", "value": "Bearer from-the-browser-1234"},
                    {"name": "Accept", "value": "application/json, text/event-stream"},
                    {"name": "Content-Type", "value": "application/json"}],
                "postData": {"mimeType": "application/json", "text": body}},
            "response": {"status": status, "statusText": "",
                "headers": [{"name": "Content-Type", "value": "application/json"}],
                "content": {"size": text.len(), "mimeType": "application/json", "text": text}},
        })
    };
    let page = serde_json::json!({"request": {"method": "GET", "url": "https://a.example/x.css",
        "headers": []}, "response": {"status": 200, "headers": [], "content": {"text": "a{}"}}});
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}"#;
    let refused = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}"#;
    let har = serde_json::json!({"log": {"version": "1.2", "entries":
        [page, entry("POST", "https://a.example/mcp", call, 400, refused)]}});
    std::fs::write(sandbox.home().join("b.har"), har.to_string()).unwrap();
    let read = sandbox.run(&["trace", "--read", "b.har"]).exits(0).stdout;
    assert!(
        read.contains("1 request · 1 finding") && read.contains("session-missing (certain)"),
        "{read}"
    );
    let read = sandbox.run(&["trace", "--read", "b.har", "--json"]).exits(0).stdout;
    assert!(!read.contains("from-the-browser-1234"), "{read}");
    std::fs::write(sandbox.home().join("c.har"), "{\"log\":{\"entries\":[]}}").unwrap();
    sandbox.run(&["trace", "--read", "c.har"]).exits(2).says("no MCP request");
    sandbox.run(&["trace", "--read", "no.har"]).exits(2).says("no.har");
    std::fs::write(sandbox.home().join("d.jsonl"), "{}\n").unwrap();
    sandbox.run(&["trace", "--read", "d.jsonl"]).exits(2).says("line 1");
}

#[test]
fn a_page_needs_nothing_else_and_holds_no_secrets() {
    let sandbox = Sandbox::new();
    let token = "a-token-that-nobody-may-see";
    sandbox.run(&["trace", "demo", "--bearer", token, "--html", "t.html"]).exits(0);
    let html = std::fs::read_to_string(sandbox.home().join("t.html")).unwrap();
    assert!(!html.contains(token));
    for part in
        ["session-missing", "tools/call echo", "#!/usr/bin/env python3", "<details", "made-up"]
    {
        assert!(html.contains(part), "no {part:?}");
    }
    for part in ["<script", "<link", "src=", "@import", "url("] {
        assert!(!html.contains(part), "{part:?} in the page");
    }
    sandbox.run(&["trace", "demo", "--html", "no/t.html"]).exits(11).says("no/t.html");
}

#[test]
fn what_was_recorded_elsewhere_may_hold_anything() {
    let sandbox = Sandbox::new();
    let cookie = "a-cookie-that-nobody-may-see";
    let refused = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{{\"code\":1,\"message\":\"no {cookie} hunter2hunter2\"}}}}"
    );
    let entry = |method: &str| {
        serde_json::json!({"time": 1e30, "request": {"method": method, "url": "http://h/mcp",
            "headers": [{"name": "Cookie", "value": format!("a=1; sid={cookie}; b=2")},
                // Base64 of `user:hunter2hunter2`.
                {"name": "Authorization", "value": "Basic dXNlcjpodW50ZXIyaHVudGVyMg=="}],
            "postData": {"text": "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"}},
            "response": {"status": 400, "headers": [], "content": {"text": refused}}})
    };
    let har = serde_json::json!({"log": {"entries": [entry("POST"), entry("OPTIONS")]}});
    std::fs::write(sandbox.home().join("x.har"), har.to_string()).unwrap();
    let read = sandbox.run(&["trace", "--read", "x.har", "--html", "x.html"]).exits(0).stdout;
    let html = std::fs::read_to_string(sandbox.home().join("x.html")).unwrap();
    for text in [read, html] {
        assert!(!text.contains(cookie) && !text.contains("hunter2hunter2"), "{text}");
    }
}

#[test]
fn what_is_hidden_in_a_recording_stays_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.run(&["trace", "demo", "--trace-file", "t.jsonl"]).exits(0);
    let read = sandbox.run(&["trace", "--read", "t.jsonl"]).exits(0).stdout;
    assert!(read.contains("… (32)") && !read.contains("(14)"), "{read}");
}

#[test]
fn a_recording_without_a_response_shows_no_cause_that_it_does_not_name() {
    let sandbox = Sandbox::new();
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let told =
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Session not found"}}"#;
    let found = |response: serde_json::Value| {
        let entry = serde_json::json!({"request": {"method": "POST", "url": "https://a.example/mcp",
            "headers": [{"name": "Accept", "value": "application/json, text/event-stream"}],
            "postData": {"text": body}}, "response": response});
        let har = serde_json::json!({"log": {"entries": [entry]}}).to_string();
        std::fs::write(sandbox.home().join("a.har"), har).unwrap();
        let read = sandbox.run(&["trace", "--read", "a.har", "--json"]).exits(0).stdout;
        let read: serde_json::Value = serde_json::from_str(&read).unwrap();
        let first = &read["findings"][0];
        format!("{} {}", first["id"].as_str().unwrap(), first["certainty"].as_str().unwrap())
    };
    // What was not recorded was not left out.
    let refused =
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Missing session ID"}}"#;
    for (headers, post) in [
        (serde_json::json!([{"name": "Accept", "value": "*/*"}]), serde_json::Value::Null),
        (
            serde_json::json!([{"name": "Accept", "value": "*/*"}]),
            serde_json::json!({"text": "{\"jso"}),
        ),
        (serde_json::json!([]), serde_json::json!({"text": body})),
    ] {
        let entry = serde_json::json!({"request": {"method": "POST", "url": "https://a.example/mcp",
            "headers": headers, "bodySize": 99, "postData": post, "comment": "\"jsonrpc\""},
            "response": {"status": 400, "headers": [], "content": {"text": refused}}});
        let har = serde_json::json!({"log": {"entries": [entry]}}).to_string();
        std::fs::write(sandbox.home().join("b.har"), har).unwrap();
        let read = sandbox.run(&["trace", "--read", "b.har", "--json"]).stdout;
        assert!(!read.contains(r#""certain""#), "{read}");
    }
    let says = |error: &str| serde_json::json!({"status": 0, "_error": error});
    assert_eq!(found(says("net::ERR_CONNECTION_REFUSED")), "unreachable certain");
    assert_eq!(found(says("NS_ERROR_UNKNOWN_HOST")), "unreachable certain");
    assert_eq!(found(says("net::ERR_FAILED")), "unknown possible");
    assert_eq!(found(serde_json::json!({"status": 0})), "unknown possible");
    assert_eq!(found(serde_json::json!({"status": "x"})), "unknown possible");
    let with_body = serde_json::json!({"status": 0, "content": {"text": "hello"}});
    assert_eq!(found(with_body), "unknown possible");
    let text = serde_json::json!({"status": "400", "content": {"text": told}});
    assert_eq!(found(text), "session-missing certain");
}
