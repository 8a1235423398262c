//! `--trace`, `--trace-file` and the subcommand `trace`.

use serde_json::Value;

use crate::support::{Sandbox, mcp};

#[test]
fn a_trace_shows_each_exchange_with_a_sentence_where_it_matters() {
    let finished = Sandbox::new()
        .run(&[
            "--trace",
            "-s",
            "demo",
            "call",
            "echo",
            "message=hi",
            "--protocol-version",
            "2025-11-25",
        ])
        .exits(0)
        .prints("hi\n");
    let trace = finished.stderr;
    for part in [
        "→ POST http://127.0.0.1:",
        "initialize",
        "  content-type: application/json",
        "  accept: application/json, text/event-stream",
        "← 200 OK",
        "  event message  at ",
        "! the server issued a session id here: send it on every later request",
        "notifications/initialized",
        "← 202 Accepted",
        "tools/call echo",
        "  mcp-protocol-version: 2025-11-25",
        "first byte ",
    ] {
        assert!(trace.contains(part), "no {part:?} in\n{trace}");
    }
}

#[test]
fn a_missing_session_is_named_where_it_shows() {
    let finished = Sandbox::new()
        .run(&["--trace", "--no-session", "-s", "demo", "call", "echo", "message=hi"])
        .exits(5);
    finished
        .says("← 400 Bad Request")
        .says("! no Mcp-Session-Id was sent; this server requires one  [session-missing, certain]");
}

#[test]
fn what_is_told_is_what_is_on_the_wire() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox
        .run(&[
            "-s",
            &server.url,
            "--trace-file",
            "t.jsonl",
            "--show-secrets",
            "call",
            "add",
            "a=1",
        ])
        .exits(0);
    let text = std::fs::read_to_string(sandbox.home().join("t.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests = server.all_requests();
    assert_eq!(lines.len(), requests.len());
    for (line, request) in lines.iter().zip(&requests) {
        let told = line["request"]["headers"].as_array().unwrap();
        assert!(told.len() >= 5);
        for header in told {
            let (name, value) = (header[0].as_str().unwrap(), header[1].as_str().unwrap());
            assert_eq!(request.header(name), Some(value), "{name}");
        }
        let body: Value = serde_json::from_str(line["request"]["body"].as_str().unwrap()).unwrap();
        assert_eq!(body, request.body);
        assert_eq!(line["request"]["method"], "POST");
        assert!(line["wire"]["sent"].as_u64().unwrap() > 100);
        assert!(line["wire"]["chunks"][0][1].as_u64().unwrap() > 10);
        assert!(line["connection"]["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    }
    // Header names stand there as the server spelled them.
    let names: Vec<&str> = lines[1]["answer"]["headers"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|h| h[0].as_str())
        .collect();
    assert!(names.contains(&"Mcp-Session-Id"), "{names:?}");
}

#[cfg(unix)]
#[test]
fn a_trace_file_is_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    sandbox.run(&["-s", "demo", "--trace-file", "t.jsonl", "ping"]).exits(0);
    let mode = std::fs::metadata(sandbox.home().join("t.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    sandbox.run(&["-s", "demo", "--trace-file", "t.txt", "ping"]).exits(2).says(".jsonl");
    sandbox.run(&["-s", "demo", "--trace-file", "no/t.jsonl", "ping"]).exits(9).says("no/t.jsonl");
}

#[test]
fn the_naive_call_the_handshake_and_the_call_again() {
    let finished = Sandbox::new().run(&["trace", "demo"]).exits(0);
    for part in [
        "1. tools/call echo  without a session id",
        "400 Bad Request",
        "no Mcp-Session-Id was sent; this server requires one [session-missing]",
        "2. initialize",
        "the server issued a session id here",
        "3. notifications/initialized",
        "4. tools/call echo  with Mcp-Session-Id: ",
        "it works: the session made the difference",
        "5. DELETE",
        "Why 1 failed",
    ] {
        assert!(finished.stdout.contains(part), "no {part:?} in\n{}", finished.stdout);
    }
}

#[test]
fn a_server_without_sessions_is_traced_as_one() {
    let server = mcp(|request| {
        let result = serde_json::json!({"protocolVersion": "2025-11-25"});
        (request.rpc() == "initialize").then(|| request.result(&result))
    });
    let sandbox = Sandbox::new();
    let shown = sandbox.run(&["trace", &server.url]).exits(0).stdout;
    assert!(shown.contains("This server keeps no sessions"), "{shown}");
    assert!(!sandbox.state().exists(), "a trace remembers nothing");
}

#[test]
fn a_tool_that_ran_is_not_run_again() {
    let server = mcp(|_| None);
    Sandbox::new().run(&["trace", &server.url, "--tool", "echo", "message=hi"]).exits(0);
    let calls = server.methods().iter().filter(|method| *method == "tools/call").count();
    assert_eq!(calls, 1, "the bare call worked, so it is not repeated");
}

#[test]
fn a_trace_of_nothing_says_what_is_wrong() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    drop(listener);
    Sandbox::new().run(&["trace", &url]).exits(3).says("connection refused");
    let traced = Sandbox::new().run(&["trace", "demo", "--json"]).exits(0).stdout;
    let traced: Value = serde_json::from_str(&traced).unwrap();
    assert_eq!(traced["exchanges"][0]["findings"][0]["id"], "session-missing");
    assert_eq!(traced["exchanges"].as_array().unwrap().len(), 5);
}

#[test]
fn a_tool_that_may_have_run_is_not_run_again() {
    let answers: [fn(&crate::support::Request) -> Vec<u8>; 4] = [
        |_| crate::support::http(504, &[], "gateway timeout"),
        |request| request.error(200, -32000, "failed half-way"),
        |_| b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {".to_vec(),
        |_| Vec::new(),
    ];
    for answer in answers {
        let server = mcp(move |request| (request.rpc() == "tools/call").then(|| answer(request)));
        let finished = Sandbox::new().run(&["trace", &server.url, "--tool", "echo", "message=hi"]);
        let calls = server.methods().iter().filter(|method| *method == "tools/call").count();
        assert_eq!(calls, 1, "{}{}", finished.stdout, finished.stderr);
    }
}

#[test]
fn the_arguments_of_a_traced_tool_are_typed() {
    let server = mcp(|request| {
        let bare = request.header("mcp-session-id").is_none();
        (request.rpc() == "tools/call" && bare).then(|| request.error(400, -32000, "no session"))
    });
    Sandbox::new().run(&["trace", &server.url, "--tool", "add", "a=2", "b=3"]).exits(0);
    let call =
        server.requests().into_iter().rfind(|request| request.rpc() == "tools/call").unwrap();
    assert_eq!(call.body["params"]["arguments"], serde_json::json!({"a": 2, "b": 3}));
}
