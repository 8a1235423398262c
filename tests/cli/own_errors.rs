//! A tool's own error, in words and statuses that the transport uses too: nothing is certain about it, whether
//! the server keeps sessions or not, and `trace` goes on after it.

use serde_json::json;

use crate::support::{Request, Sandbox, Server, http, mcp};
use crate::verdicts::{any_era, opened};

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
