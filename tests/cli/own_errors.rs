//! A tool's own error, in words and statuses that the transport uses too: nothing is certain about it, whether
//! the server keeps sessions or not, and `trace` goes on after it.

use serde_json::json;

use crate::support::{Demo, Request, Sandbox, Server, http, mcp};
use crate::verdicts::{any_era, is_bare_list, opened};

const REFUSALS: [(u16, &str); 9] = [
    (400, "tool failed: database session not found"),
    (400, "Server not initialized"),
    (404, "session not found"),
    (403, "Invalid Host: db.example.com not reachable"),
    (403, "insufficient_scope: the token of the database"),
    (421, "Invalid Host header"),
    (400, "Unsupported protocol version of the printer"),
    (400, "missing io.modelcontextprotocol/protocolVersion in _meta"),
    (400, "Invalid params: _meta['io.modelcontextprotocol/related-task'] must be a string"),
];

fn refusal(request: &Request, status: u16, words: &str, is_rpc: bool) -> Vec<u8> {
    if is_rpc {
        request.fails(status, &json!({"code": -32602, "message": words}))
    } else {
        http(status, &[("Content-Type", "text/plain")], words)
    }
}

/// Starts a server without sessions whose tool refuses every call.
fn stateless(status: u16, words: &'static str, is_rpc: bool) -> Server {
    any_era(move |request| match request.rpc() {
        "initialize" => opened(request, None),
        "tools/call" => refusal(request, status, words, is_rpc),
        "tools/list" => {
            let tools = json!([{"name": "echo", "inputSchema": {"type": "object"}}]);
            http(200, &[], &request.result_text(&json!({"tools": tools})))
        }
        "notifications/initialized" => http(202, &[], ""),
        _ => request.error(400, -32601, "Method not found"),
    })
}

fn assert_uncertain(server: &Server, what: &str) {
    let sandbox = Sandbox::new();
    let call: &[&str] = &["-s", &server.url, "call", "echo", "a:=1"];
    for state in ["cold", "warm", "with the list"] {
        if state == "with the list" {
            sandbox.run(&["-s", &server.url, "list-tools"]).exits(0);
        }
        let failed = sandbox.run(call).fails();
        assert!(!failed.stderr.contains(", certain]"), "{what}, {state}: {}", failed.stderr);
    }
    let traced = sandbox.run(&["trace", &server.url, "--tool", "echo", "a:=1", "--json"]);
    let traced: serde_json::Value = serde_json::from_str(&traced.stdout).unwrap();
    assert_ne!(traced["why"]["certainty"], "certain", "{what}: {traced:#}");
    assert!(traced["findings"].as_array().unwrap().iter().all(|one| one["certainty"] != "certain"));
    assert_eq!(traced["server"]["era"], "legacy", "{what}: the trace goes on");
}

#[test]
fn a_tools_own_error_without_sessions() {
    for (status, words) in REFUSALS {
        for is_rpc in [true, false] {
            assert_uncertain(
                &stateless(status, words, is_rpc),
                &format!("{status} {words} {is_rpc}"),
            );
        }
    }
}

#[test]
fn a_tools_own_error_in_a_session() {
    for (status, words) in REFUSALS {
        for is_rpc in [true, false] {
            let refuses = move |request: &Request| {
                (request.rpc() == "tools/call").then(|| refusal(request, status, words, is_rpc))
            };
            assert_uncertain(&mcp(refuses), &format!("{status} {words} {is_rpc}"));
        }
    }
}

/// Starts a server with sessions on which one method is refused on the way, whatever it carries.
fn blocked(method: &'static str, status: u16, kind: &'static str, body: &'static str) -> Server {
    mcp(move |request| {
        if request.rpc() == method {
            return Some(http(status, &[("Content-Type", kind)], body));
        }
        is_bare_list(request).then(|| request.error(400, -32000, "Missing session ID"))
    })
}

fn traced(server: &Server, more: &[&str]) -> serde_json::Value {
    let words = [&["trace", &server.url, "--json"], more].concat();
    serde_json::from_str(&Sandbox::new().run(&words).stdout).unwrap()
}

#[test]
fn a_call_that_was_refused_in_another_way_stays_unexplained() {
    for (status, kind, body) in [
        (403, "text/html", "<html>nginx</html>"),
        (404, "text/plain", "nothing here"),
        (500, "text/plain", ""),
        (200, "text/html", "<html></html>"),
        (421, "text/plain", "Invalid Host header"),
    ] {
        let server = blocked("tools/call", status, kind, body);
        let seen = traced(&server, &["--tool", "echo", "a:=1"]);
        // The list needs a session, which says nothing of the call.
        assert_eq!(seen["why"]["id"], "session-missing", "{status}: {seen:#}");
        assert_eq!(seen["why"]["exchange"], 2, "{status}: {seen:#}");
        let because = seen["why"]["because"].as_str().unwrap();
        assert!(because.contains("1 failed in another way"), "{status}: {because}");
        assert_eq!(seen["server"]["bare"]["status"], 400, "{status}: {seen:#}");
    }
    let server = blocked("tools/list", 403, "text/html", "<html>nginx</html>");
    let seen = traced(&server, &["--tool", "echo", "a:=1"]);
    assert_ne!(
        (&seen["why"]["exchange"], &seen["why"]["certainty"]),
        (&json!(1), &json!("certain"))
    );
}

#[test]
fn a_tools_own_error_is_not_that_of_an_era() {
    let sandbox = Sandbox::new();
    let demo = Demo::with(&sandbox, &["--era", "dual"]);
    let words = ["trace", &demo.url, "--tool", "nosuch", "a:=1", "--json"];
    let seen: serde_json::Value = serde_json::from_str(&sandbox.run(&words).stdout).unwrap();
    assert_eq!(seen["why"]["id"], "session-missing", "{seen:#}");
    assert_eq!(seen["server"]["era"], "dual", "{seen:#}");
}

#[test]
fn no_way_is_shown_where_nothing_works() {
    let missing = "Bad Request: Missing session ID";
    let unissued = any_era(move |request| match request.rpc() {
        "initialize" => opened(request, None),
        _ => request.error(400, -32000, missing),
    });
    let broken = mcp(|request| match request.rpc() {
        "initialize" | "notifications/initialized" | "DELETE" => None,
        _ if request.header("mcp-session-id").is_some() => {
            Some(request.error(500, -32603, "Transport already started"))
        }
        _ => Some(request.error(400, -32000, "Missing session ID")),
    });
    for server in [unissued, broken] {
        let seen = traced(&server, &[]);
        assert_eq!(seen["server"]["sessions"], "unknown", "{seen:#}");
        assert!(seen["client"].is_null(), "{seen:#}");
        let recipe = Sandbox::new().run(&["trace", &server.url, "--recipe", "python"]).fails();
        assert_eq!(recipe.stdout, "");
    }
}

#[test]
fn a_handshake_elsewhere_does_not_make_the_first_request_work() {
    let is_open = std::sync::atomic::AtomicBool::new(false);
    let server = any_era(move |request| {
        use std::sync::atomic::Ordering::SeqCst;
        match request.rpc() {
            "initialize" => {
                is_open.store(true, SeqCst);
                opened(request, None)
            }
            "notifications/initialized" => http(202, &[], ""),
            "server/discover" => request.error(200, -32601, "Method not found"),
            _ if !is_open.load(SeqCst) => request.error(200, -32002, "Server not initialized"),
            "tools/list" => {
                let tools = json!([{"name": "add", "inputSchema": {"type": "object",
                    "properties": {"a": {"type": "number"}}}}]);
                request.result(&json!({"tools": tools}))
            }
            _ => request.result(&json!({"content": []})),
        }
    });
    let seen = traced(&server, &["--tool", "add", "a=1"]);
    assert_eq!(seen["why"]["id"], "handshake-missing", "{seen:#}");
    assert_eq!(seen["why"]["exchange"], 1, "{seen:#}");
}
