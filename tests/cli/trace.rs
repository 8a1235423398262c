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
        .says("! missing Mcp-Session-Id header  [session-missing, certain]");
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
    // Header names are spelled as on the wire.
    let names: Vec<&str> = lines[1]["answer"]["headers"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|h| h[0].as_str())
        .collect();
    assert!(names.contains(&"Mcp-Session-Id"), "{names:?}");
}

#[test]
fn the_naive_call_the_handshake_and_the_call_again() {
    let finished = Sandbox::new().run(&["trace", "demo"]).exits(0);
    for part in [
        "1 tools/call echo                       no Mcp-Session-Id",
        "400 -32000 Bad request: the Mcp-Session-Id header is…",
        "2 tools/list                            no Mcp-Session-Id",
        "5 initialize 2025-11-25",
        "200  Mcp-Session-Id: ",
        "6 notifications/initialized              + Mcp-Session-Id",
        "7 tools/call echo                        + Mcp-Session-Id",
        "200 hello ─│",
        "8 tools/list             MCP-Protocol-Version, no session",
        "9 tools/list                                  Accept: */*",
        "12 initialize 2025-11-25                 a second session",
        "13 tools/list                  + a made-up Mcp-Session-Id",
        "15 tools/list                  + the ended Mcp-Session-Id",
        "why 1 failed     session-missing (certain): missing Mcp-Session-Id header",
        "7 is the same request with a session, and works",
        "a missing id gets 400; an unknown id gets 404",
        "1 without a session: 400 -32000 Bad request: the",
        "7 with a session: 200",
        "your client must 1 put protocolVersion and clientCapabilities into params._meta",
        "or               1 POST initialize, without a session id",
    ] {
        assert!(finished.stdout.contains(part), "no {part:?} in\n{}", finished.stdout);
    }
    let wide = finished.stdout.lines().map(|line| line.chars().count()).max();
    assert!(wide <= Some(80), "{}", finished.stdout);
    finished
        .says("mcpoke trace http://127.0.0.1:8720/mcp --recipe python")
        .says("mcpoke explain session-missing");
}

/// Normalises ids, times and ports, which differ from run to run.
fn alike(text: &str) -> Vec<String> {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&#x27;", "'");
    text.lines()
        .map(|line| line.split(" ms").next().unwrap_or_default())
        .map(|line| line.split("Mcp-Session-Id: ").next().unwrap_or_default())
        .map(|line| line.split("127.0.0.1:").next().unwrap_or_default())
        .map(|line| line.trim_end_matches(|c: char| c.is_ascii_digit() || " .─│".contains(c)))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn the_picture_of_the_readme_is_true() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/ladder.svg");
    let drawn = std::fs::read_to_string(path).unwrap();
    let drawn: Vec<String> = drawn
        .lines()
        .filter_map(|line| line.split_once("<text ")?.1.split_once('>'))
        .map(|(_, rest)| {
            rest.split('<').filter_map(|part| Some(part.split_once('>')?.1)).collect::<String>()
        })
        .collect();
    let printed = Sandbox::new().run(&["trace", "demo"]).exits(0).stdout;
    assert_eq!(alike(&drawn.join("\n")), alike(&printed), "assets/draw draws it anew");
}

#[test]
fn a_server_without_sessions_is_traced_as_one() {
    let server = mcp(|request| {
        let result = serde_json::json!({"protocolVersion": "2025-11-25"});
        (request.rpc() == "initialize").then(|| request.result(&result))
    });
    let sandbox = Sandbox::new();
    let shown = sandbox.run(&["trace", &server.url]).exits(0).stdout;
    assert!(shown.contains("keeps no sessions") && shown.contains("a client should"), "{shown}");
    assert!(!sandbox.state().exists(), "a trace remembers nothing");
}

#[test]
fn a_passive_trace_sends_what_a_client_must_and_nothing_else() {
    let server = mcp(|request| {
        let bare = request.header("mcp-session-id").is_none();
        (request.rpc() == "tools/list" && bare).then(|| request.error(400, -32000, "no session"))
    });
    Sandbox::new().run(&["trace", &server.url, "--passive"]).exits(0);
    let methods = server.methods();
    assert!(!methods.iter().any(|method| method == "ping"), "{methods:?}");
    assert_eq!(methods.iter().filter(|method| *method == "initialize").count(), 1, "{methods:?}");
}

#[test]
fn every_session_that_a_trace_opens_is_ended() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = mcp(move |request| {
        let at = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let result = serde_json::json!({"protocolVersion": "2025-11-25", "capabilities": {},
            "serverInfo": {"name": "scripted", "version": "1"}});
        let (id, json) = (format!("s-{at:08}"), "application/json");
        let headers = [("Content-Type", json), ("Mcp-Session-Id", id.as_str())];
        let is_first = request.rpc() == "initialize";
        is_first.then(|| crate::support::http(200, &headers, &request.result_text(&result)))
    });
    Sandbox::new().run(&["trace", &server.url]).exits(0);
    let all = server.all_requests();
    let opened = all.iter().filter(|request| request.rpc() == "initialize").count();
    let ended = all.iter().filter(|request| request.method == "DELETE").count();
    assert_eq!((opened, ended), (2, 2));
}

#[test]
fn a_ladder_of_ascii_is_of_ascii() {
    let shown = Sandbox::new().run(&["trace", "demo", "--ascii"]).exits(0).stdout;
    let ladder: Vec<&str> = shown.lines().take_while(|line| !line.is_empty()).collect();
    assert!(ladder.len() == 49 && ladder.iter().all(|line| line.is_ascii()), "{shown}");
}

#[test]
fn a_trace_as_json_holds_what_the_readme_says() {
    let traced = Sandbox::new().run(&["trace", "demo", "--json"]).exits(0).stdout;
    let traced: Value = serde_json::from_str(&traced).unwrap();
    let keys: Vec<&str> = traced.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "endpoint",
        "exchanges",
        "server",
        "authorization",
        "why",
        "findings",
        "client",
        "otherwise",
    ];
    assert_eq!(keys, expected);
    let keys: Vec<&str> =
        traced["server"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "software",
        "era",
        "transport",
        "versions",
        "sessions",
        "answers",
        "modernAnswers",
        "needsAccept",
        "needsContentType",
        "needsCookies",
        "bare",
        "unknownId",
        "endedId",
        "departures",
    ];
    assert_eq!(keys, expected);
    assert_eq!(traced["exchanges"].as_array().unwrap().len(), 16);
    assert_eq!(traced["exchanges"][0]["findings"][0]["id"], "session-missing");
    let because = traced["why"]["because"].as_str().unwrap();
    assert!(because.starts_with("7 is the same request with a session, and works"), "{because}");
    assert_eq!(traced["server"]["era"], "dual");
    assert_eq!(traced["server"]["sessions"], "required");
    assert_eq!(traced["server"]["unknownId"]["status"], 404);
    assert_eq!(traced["otherwise"][0], "POST initialize, without a session id");
}

#[test]
fn a_recipe_has_no_secrets_and_calls_no_tool() {
    let server = mcp(|_| None);
    let token = "a-token-that-nobody-may-see";
    for language in ["curl", "python", "javascript", "rust"] {
        let recipe = Sandbox::new()
            .run(&[
                "trace",
                &server.url,
                "--tool",
                "echo",
                "message=hi",
                "--recipe",
                language,
                "--bearer",
                token,
                "-H",
                "X-Api-Key: another-secret-value",
            ])
            .exits(0)
            .says("reads $MCP_TOKEN")
            .says("reads $MCP_X_API_KEY")
            .stdout;
        assert!(!recipe.contains(token) && !recipe.contains("another-secret"), "{recipe}");
        assert!(recipe.contains(&server.url) && recipe.contains("MCP_X_API_KEY"), "{recipe}");
    }
    assert!(!server.methods().iter().any(|method| method == "tools/call"));
    Sandbox::new().run(&["trace", "demo", "--recipe", "cobol"]).exits(2);
}

#[test]
fn what_a_server_says_goes_into_no_recipe() {
    // A modern server whose handshake names a version of its own.
    let server = crate::support::modern(|request| {
        let version = "2025-11-25\ntouch /tmp/x\n#'; touch /tmp/x; '";
        let result = serde_json::json!({"protocolVersion": version, "capabilities": {},
            "serverInfo": {"name": "x'\n\"", "version": "1"}});
        (request.rpc() == "initialize").then(|| request.result(&result))
    });
    for language in ["curl", "python", "javascript", "rust"] {
        let finished = Sandbox::new().run(&["trace", &server.url, "--recipe", language]).exits(0);
        assert!(!finished.stdout.contains("touch"), "{}", finished.stdout);
    }
}

#[test]
fn a_recipe_repeats_only_what_was_refused() {
    let server = mcp(|request| match request.header("mcp-session-id") {
        None if request.rpc() != "initialize" => Some(request.error(400, -32000, "no session")),
        // The server fails on an unknown id.
        Some(id) if !id.starts_with("session-") => Some(crate::support::http(500, &[], "oops")),
        _ => None,
    });
    let recipe = Sandbox::new().run(&["trace", &server.url, "--recipe", "curl"]).exits(0).stdout;
    assert!(recipe.contains("404)") && !recipe.contains("500"), "{recipe}");
}

#[test]
fn a_report_holds_the_verdict_and_the_two_exchanges_that_decide() {
    let token = "a-token-that-nobody-may-see";
    let strict = move |request: &crate::support::Request| {
        let bare = request.header("mcp-session-id").is_none() && request.rpc() != "initialize";
        bare.then(|| request.error(400, -32000, &format!("No session for {token} @someone")))
    };
    let (sandbox, server) = (Sandbox::new(), mcp(strict));
    let args = ["trace", &server.url, "--bearer", token, "--markdown", "r.md"];
    sandbox.run(&[&args[..], &["--trace-file", "t.jsonl"]].concat()).exits(0);
    sandbox.run(&["trace", "--read", "t.jsonl", "--markdown", "read.md"]).exits(0);
    for name in ["r.md", "read.md"] {
        let path = sandbox.home().join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() < 150 && !text.contains(token), "{text}");
        for part in ["### Verdict", "session-missing", "@someone", "<details><summary>1 tools/list"]
        {
            assert!(text.contains(part), "no {part:?} in\n{text}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    let text = std::fs::read_to_string(sandbox.home().join("r.md")).unwrap();
    assert!(text.contains("<details><summary>6 tools/list → 200"), "{text}");
    sandbox.run(&["trace", &server.url, "--markdown", "no/r.md"]).exits(11);
}

#[test]
fn a_recipe_offers_the_negotiated_version() {
    let server = mcp(|request| {
        let versions = serde_json::json!({"supportedVersions": ["2025-11-25", "2025-03-26"]});
        (request.rpc() == "server/discover").then(|| request.result(&versions))
    });
    let recipe = Sandbox::new().run(&["trace", &server.url, "--recipe", "curl"]).exits(0).stdout;
    assert!(recipe.contains("2025-11-25") && !recipe.contains("2025-03-26"), "{recipe}");
}

#[test]
fn a_server_without_a_handshake_gets_no_recipe_with_one() {
    let server = mcp(|request| match request.rpc() {
        "initialize" | "server/discover" => Some(request.error(200, -32601, "Method not found")),
        "tools/list" => Some(request.result(&serde_json::json!({"tools": []}))),
        _ => Some(request.error(400, -32600, "Invalid request")),
    });
    Sandbox::new()
        .run(&["trace", &server.url, "--recipe", "curl"])
        .exits(2)
        .says("there is no recipe for a server without a handshake");
}

#[test]
fn another_path_is_found_and_named() {
    let server = mcp(|request| {
        (request.path != "/mcp").then(|| crate::support::http(404, &[], "Cannot POST"))
    });
    let wrong = server.url.replace("/mcp", "/");
    let finished = Sandbox::new().run(&["trace", &wrong]).exits(7);
    let shown = finished.stdout.clone();
    assert!(shown.contains("initialize 2025-11-25 → /mcp"), "{shown}");
    assert!(shown.contains("wrong-path (certain)") && shown.contains(&server.url), "{shown}");
    assert!(!shown.contains("should get 400"), "{shown}");
    finished.says(&format!("next: mcpoke trace {}", server.url));
}

#[test]
fn every_rule_is_explained() {
    let sandbox = Sandbox::new();
    let all = sandbox.run(&["explain", "--json"]).exits(0).stdout;
    let all: Value = serde_json::from_str(&all).unwrap();
    assert!(all.as_array().unwrap().len() >= 39, "{all}");
    for rule in all.as_array().unwrap() {
        let id = rule["id"].as_str().unwrap();
        let page = sandbox.run(&["explain", id]).exits(0).stdout;
        assert!(page.starts_with(id) && page.lines().count() > 5, "{page}");
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    }
    let page = sandbox.run(&["explain", "session-missing"]).exits(0).stdout;
    assert!(page.contains("It is not in the body") && page.contains("--recipe python"), "{page}");
    sandbox.run(&["explain", "session-misisng"]).exits(2).says("did you mean `session-missing`?");
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
}

#[test]
fn a_tool_that_may_have_run_is_not_run_again() {
    let answers: [fn(&crate::support::Request) -> Vec<u8>; 8] = [
        |request| {
            request.fails(400, &serde_json::json!({"code": -32000, "message": "out of stock"}))
        },
        // These errors may come from the tool itself, so the call may have run.
        |request| request.error(400, -32603, "out of stock"),
        |request| request.error(409, -32000, "conflict"),
        |request| request.error(200, 0, "payment session could not be closed"),
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
