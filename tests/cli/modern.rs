//! Requests of the modern era (2026-07-28): metadata, mirrored headers, cached lists, result types.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::eras::all;
use crate::support::{Sandbox, Server, mcp, modern};

#[test]
fn every_request_of_the_modern_era_carries_its_own_metadata() {
    let (sandbox, server) = (Sandbox::new(), modern(|_| None));
    sandbox.run(&["init", &server.url]).exits(0).says("next: mcpoke list-tools");
    sandbox.run(&["call", "echo", "message=hi"]).exits(0).prints("{\"message\":\"hi\"}\n");
    sandbox.run(&["call", "echo", "message=ho"]).exits(0);
    assert_eq!(all(&server), ["server/discover", "tools/list", "tools/call", "tools/call"]);
    for request in server.all_requests() {
        let meta = &request.body["params"]["_meta"];
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        assert_eq!(meta["io.modelcontextprotocol/clientInfo"]["name"], "mcpoke");
        assert_eq!(meta["io.modelcontextprotocol/clientCapabilities"], json!({}));
        assert_eq!(request.header("mcp-protocol-version"), Some("2026-07-28"));
        assert_eq!(request.header("mcp-method"), Some(request.rpc()));
        assert_eq!(request.header("mcp-session-id"), None);
        let is_call = request.rpc() == "tools/call";
        assert_eq!(request.header("mcp-name"), is_call.then_some("echo"));
    }
    let call = server.all_requests().pop().unwrap();
    assert_eq!(call.header("mcp-param-message"), Some("ho"));
    sandbox.run(&["sessions"]).exits(0).prints_part("2026-07-28, no session needed");
    sandbox.run(&["close"]).exits(0).says("modern: forgotten");
    assert_eq!(all(&server).len(), 4, "there is no DELETE");
}

#[test]
fn a_header_mismatch_asks_for_the_tools_and_tries_once_more() {
    static RENAMED: AtomicBool = AtomicBool::new(false);
    let server = modern(|request| {
        let renamed = RENAMED.load(Ordering::SeqCst);
        let tools = |header: &str| {
            json!({"resultType": "complete", "tools": [{"name": "echo", "inputSchema": {"type": "object",
                "properties": {"message": {"type": "string", "x-mcp-header": header}}}}]})
        };
        match request.rpc() {
            "tools/list" => {
                Some(request.result(&tools(if renamed { "Renamed" } else { "Message" })))
            }
            "tools/call" if renamed && request.header("mcp-param-renamed").is_none() => {
                Some(request.fails(400, &json!({"code": -32020, "message": "Header mismatch"})))
            }
            _ => None,
        }
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["-s", &server.url, "call", "echo", "message=hi"]).exits(0);
    RENAMED.store(true, Ordering::SeqCst);
    sandbox.run(&["call", "echo", "message=hi"]).exits(0);
    assert_eq!(all(&server)[2..], ["tools/call", "tools/list", "tools/call"]);
    let stubborn = modern(|request| {
        (request.rpc() == "tools/call")
            .then(|| request.fails(400, &json!({"code": -32020, "message": "Header mismatch"})))
    });
    Sandbox::new().run(&["-s", &stubborn.url, "call", "echo", "message=hi"]).exits(6);
    assert_eq!(all(&stubborn), ["tools/list", "tools/call", "tools/list"], "the same headers");
}

#[test]
fn a_tool_with_invalid_annotations_is_left_out_and_not_called() {
    let server = modern(|request| {
        (request.rpc() == "tools/list").then(|| {
            request.result(&json!({"resultType": "complete", "tools": [
                {"name": "good", "inputSchema": {"type": "object"}},
                {"name": "bad", "inputSchema": {"type": "object", "properties": {
                    "a": {"type": "number", "x-mcp-header": "A"}}}},
            ]}))
        })
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    let listed = sandbox.run(&["list-tools", "--json"]).exits(0).says("left out bad").says("`a`");
    assert!(!listed.stdout.contains("bad"), "{}", listed.stdout);
    sandbox.run(&["list-tools", "--all"]).exits(0).prints_part("[invalid: `a` is mirrored");
    sandbox.run(&["call", "bad", "a=1"]).exits(7).says("definition of bad is invalid");
    assert!(!all(&server).contains(&"tools/call".to_owned()));
    sandbox.run(&["call", "bad", "a:=1", "--no-validate"]).exits(0);
    // The legacy era has no such annotations.
    let legacy = mcp(|request| {
        (request.rpc() == "tools/list").then(|| {
            request.result(&json!({"tools": [{"name": "old", "inputSchema": {"type": "object",
                "properties": {"a": {"type": "number", "x-mcp-header": "A"}}}}]}))
        })
    });
    Sandbox::new().run(&["-s", &legacy.url, "list-tools"]).exits(0).prints_part("old");
}

/// Creates a modern server whose list of tools may be cached for `ttl` milliseconds.
fn with_ttl(ttl: i64, scope: &'static str) -> Server {
    modern(move |request| {
        (request.rpc() == "tools/list").then(|| {
            request.result(&json!({"resultType": "complete", "ttlMs": ttl, "cacheScope": scope,
                "tools": [{"name": "echo", "inputSchema": {"type": "object",
                    "properties": {"message": {"type": "string"}}, "additionalProperties": false}}]}))
        })
    })
}

#[test]
fn tools_are_believed_as_long_as_the_server_says() {
    // Fresh: the cached schema decides. No lifetime: a mismatch is checked again. Expired: the
    // list is always fetched.
    for (ttl, wrong, right) in [(60_000, 0, 0), (0, 1, 0), (1, 1, 1), (-5, 1, 0)] {
        let (sandbox, server) = (Sandbox::new(), with_ttl(ttl, "private"));
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox.run(&["list-tools"]).exits(0);
        let lists = || all(&server).iter().filter(|method| *method == "tools/list").count();
        std::thread::sleep(std::time::Duration::from_millis(5));
        sandbox.run(&["call", "echo", "nothing=1"]).exits(2);
        assert_eq!(lists(), 1 + wrong, "ttl {ttl}, wrong arguments");
        std::thread::sleep(std::time::Duration::from_millis(5));
        sandbox.run(&["call", "echo", "message=hi"]).exits(0);
        assert_eq!(lists(), 1 + wrong + right, "ttl {ttl}, right arguments");
    }
}

#[test]
fn private_tools_are_not_shared_with_other_credentials() {
    for (scope, asked) in [("private", 1), ("public", 0)] {
        let (sandbox, server) = (Sandbox::new(), with_ttl(60_000, scope));
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox.run(&["list-tools"]).exits(0);
        let other = ["--bearer", "another-token-0123456789", "call", "echo", "message=hi"];
        sandbox.run(&other).exits(0);
        let lists = all(&server).iter().filter(|method| *method == "tools/list").count();
        assert_eq!(lists, 1 + asked, "{scope}");
        assert!(!all(&server).contains(&"initialize".to_owned()));
    }
}

#[test]
fn results_of_unknown_types_are_invalid() {
    for (result, why) in [
        (json!({"resultType": "hologram", "content": []}), "result type `hologram`"),
        (json!({"resultType": "input_required"}), "does not say which"),
    ] {
        let answer = result.clone();
        let server =
            modern(move |request| (request.rpc() == "tools/call").then(|| request.result(&answer)));
        Sandbox::new().run(&["-s", &server.url, "call", "echo", "message=x"]).exits(7).says(why);
    }
    let server = modern(|request| {
        (request.rpc() == "tools/list")
            .then(|| request.result(&json!({"resultType": "input_required", "requestState": "x"})))
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["list-tools"]).exits(7).says("tools/list must not");
}

#[test]
fn a_refusal_that_is_not_about_the_era_is_not_sent_again() {
    // The status leaves open whether the era has changed; looking again shows that it has not.
    let server = modern(|request| {
        (request.rpc() == "tools/call").then(|| request.error(400, -32000, "not today"))
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "echo", "--raw-strings"]).exits(6).says("not today");
    let methods = all(&server);
    assert_eq!(methods.iter().filter(|method| *method == "tools/call").count(), 1, "{methods:?}");
    assert!(methods.len() > 3, "the era was looked at again: {methods:?}");
}
