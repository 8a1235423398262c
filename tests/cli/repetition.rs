//! A tool that ran is never run again, however its server answers.

use serde_json::json;

use crate::support::{Request, Sandbox, Server, http, mcp, modern};

/// Response of a tool that has run.
type Answer = fn(&Request) -> Vec<u8>;

/// Responses with which servers report errors of tools, and which also mean a lost session, another address,
/// or a missing token.
const ANSWERS: [Answer; 22] = [
    |_| http(404, &[("Content-Type", "application/json")], "{\"detail\":\"item not found\"}"),
    |_| http(404, &[], ""),
    |_| http(404, &[("Content-Type", "text/html")], "<html>Not Found</html>"),
    |request| request.error(404, -32001, "Session not found"),
    |request| request.error(404, -32600, "record 17 does not exist"),
    |request| request.error(404, -32601, "Method not found"),
    |request| request.error(404, -32602, "no such row"),
    |_| http(410, &[], "gone"),
    |request| request.error(410, -32000, "the session of the database is gone"),
    |_| http(400, &[], ""),
    |request| request.error(400, -32000, "Bad Request: No valid session ID provided"),
    |_| http(401, &[], "Unauthorized: Session not found"),
    |_| http(401, &[("WWW-Authenticate", "Bearer error=\"invalid_token\"")], ""),
    |_| http(403, &[("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"x\"")], ""),
    |_| http(422, &[], "Unexpected message, expect initialize request"),
    |_| http(503, &[], "upstream connect error"),
    |request| request.error(200, -32001, "Session expired in the backend"),
    |_| http(200, &[], ""),
    |_| http(200, &[("Content-Type", "text/event-stream")], ""),
    |request| http(307, &[("Location", request.path.as_str())], ""),
    |_| http(308, &[("Location", "/mcp/next")], ""),
    |_| http(202, &[], ""),
];

fn calls(server: &Server) -> usize {
    server.all_requests().iter().filter(|request| request.rpc() == "tools/call").count()
}

#[test]
fn a_tool_that_ran_is_not_run_again_whatever_it_answers() {
    for (index, answer) in ANSWERS.into_iter().enumerate() {
        let start = || mcp(move |request| (request.rpc() == "tools/call").then(|| answer(request)));
        let (sandbox, server) = (Sandbox::new(), start());
        let cold = ["-s", &server.url, "call", "add", "a:=1", "--timeout", "5"];
        assert_ne!(sandbox.run(&cold).code, 0, "{index}");
        assert_eq!(calls(&server), 1, "cold, {index}: {:?}", server.methods());
        let (sandbox, server) = (Sandbox::new(), start());
        sandbox.run(&["init", &server.url]).exits(0);
        let warm = ["call", "add", "a:=1", "--timeout", "5", "--bearer", "a-token-0123456789"];
        assert_ne!(sandbox.run(&warm).code, 0, "{index}");
        assert_eq!(calls(&server), 1, "warm, {index}: {:?}", server.methods());
        std::fs::write(sandbox.home().join("lines"), "{\"a\":1}\n{\"a\":2}\n").unwrap();
        let each = ["call", "add", "--each", "lines", "--timeout", "5", "--no-validate"];
        assert_ne!(sandbox.run(&each).code, 0, "{index}");
        assert_eq!(calls(&server), 3, "each line once, {index}: {:?}", server.methods());
    }
}

#[test]
fn in_the_modern_era_neither() {
    for (index, answer) in ANSWERS.into_iter().enumerate() {
        let server =
            modern(move |request| (request.rpc() == "tools/call").then(|| answer(request)));
        let sandbox = Sandbox::new();
        sandbox.run(&["init", &server.url]).exits(0);
        let warm = ["call", "echo", "message=x", "--timeout", "5"];
        assert_ne!(sandbox.run(&warm).code, 0, "{index}");
        assert_eq!(calls(&server), 1, "{index}: {:?}", server.methods());
    }
    // Headers that do not match are mended once, and only if other headers would be sent.
    let server = modern(|request| {
        (request.rpc() == "tools/call")
            .then(|| request.fails(400, &json!({"code": -32020, "message": "HeaderMismatch"})))
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "echo", "message=x"]).fails();
    assert_eq!(calls(&server), 1, "{:?}", server.methods());
}

#[test]
fn without_a_session_neither() {
    let redirects: [Answer; 2] = [
        |request| http(307, &[("Location", &format!("{}/x", request.path))], ""),
        |request| http(308, &[("Location", &format!("{}/x", request.path))], ""),
    ];
    for (index, answer) in ANSWERS.into_iter().chain(redirects).enumerate() {
        let tool =
            move |request: &Request| (request.rpc() == "tools/call").then(|| answer(request));
        let without_id = move |request: &Request| {
            let result = json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                "serverInfo": {"name": "open", "version": "1"}});
            let is_first = request.rpc() == "initialize";
            tool(request).or_else(|| is_first.then(|| request.result(&result)))
        };
        for server in [mcp(without_id), mcp(tool), modern(tool)] {
            for call in [
                &["-s", &server.url, "call", "echo", "message=x"][..],
                &["-s", &server.url, "call", "echo", "message=x", "--bearer", "a-token-0123456789"],
                &["-s", &server.url, "--no-session", "call", "echo", "message=x", "--no-validate"],
            ] {
                let before = calls(&server);
                let called = Sandbox::new().run(&[call, &["--timeout", "5"]].concat());
                assert_ne!(called.code, 0, "{index} {call:?}");
                assert_eq!(calls(&server), before + 1, "{index} {call:?}: {:?}", server.methods());
            }
        }
    }
}

#[test]
fn trace_follows_no_redirect_with_a_call() {
    let redirecting = |request: &Request| {
        let call = request.rpc() == "tools/call";
        call.then(|| http(307, &[("Location", &format!("{}/x", request.path))], ""))
    };
    for server in [mcp(redirecting), modern(redirecting)] {
        Sandbox::new()
            .run(&["trace", &server.url, "--tool", "echo", "message=x"])
            .prints_part("307 Temporary Redirect");
        assert_eq!(calls(&server), 1, "{:?}", server.methods());
    }
}

#[test]
fn a_tool_s_own_error_in_a_working_session_is_no_change_of_era() {
    use std::sync::atomic::{AtomicBool, Ordering};

    for code in [-32020, -32021, -32022] {
        let is_dual = std::sync::Arc::new(AtomicBool::new(false));
        let seen = std::sync::Arc::clone(&is_dual);
        let server = mcp(move |request| {
            if request.rpc() == "tools/call" {
                let data = json!({"supported": ["2026-07-28"], "requested": "2025-11-25"});
                return Some(
                    request.fails(400, &json!({"code": code, "message": "no", "data": data})),
                );
            }
            let info =
                json!({"io.modelcontextprotocol/serverInfo": {"name": "dual", "version": "1"}});
            let discovered = json!({"supportedVersions": ["2026-07-28", "2025-11-25"],
                "capabilities": {"tools": {}}, "resultType": "complete", "ttlMs": 0,
                "cacheScope": "private", "_meta": info});
            match request.rpc() {
                "server/discover" if seen.load(Ordering::SeqCst) => {
                    Some(request.result(&discovered))
                }
                "server/discover" => Some(request.error(404, -32601, "Method not found")),
                _ => None,
            }
        });
        let sandbox = Sandbox::new();
        sandbox.run(&["init", &server.url]).exits(0);
        is_dual.store(true, Ordering::SeqCst);
        sandbox.run(&["call", "echo", "message=x"]).fails();
        assert_eq!(calls(&server), 1, "{code}: {:?}", server.methods());
    }
}

#[test]
fn a_call_follows_an_address_that_has_moved() {
    // Everything is redirected, `ping` too.
    let server = mcp(|request| {
        let moved = request.path == "/mcp" && request.header("mcp-session-id").is_some();
        moved.then(|| http(307, &[("Location", "/mcp/new")], ""))
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url, "--protocol-version", "2025-11-25"]).exits(0);
    sandbox.run(&["call", "add", "a:=1"]).exits(0);
    let arrived = server
        .requests()
        .iter()
        .filter(|r| r.rpc() == "tools/call" && r.path == "/mcp/new")
        .count();
    assert_eq!(arrived, 1, "{:?}", server.methods());
    // A server without a session id, whose address moves after the handshake.
    let server = mcp(|request| {
        let result = json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "open", "version": "1"}});
        match request.rpc() {
            "initialize" => Some(request.result(&result)),
            "tools/call" | "ping" if request.path == "/mcp" => {
                Some(http(308, &[("Location", "/mcp/new")], ""))
            }
            _ => None,
        }
    });
    Sandbox::new().run(&["-s", &server.url, "call", "add", "a:=1"]).exits(0);
}

/// Starts a server that loses its session before the call, and whose tool is annotated.
fn forgetful_with(annotations: &serde_json::Value) -> Server {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let (opened, tools) = (
        AtomicUsize::new(0),
        json!({"tools": [{"name": "wipe",
        "inputSchema": {"type": "object"}, "annotations": annotations}]}),
    );
    mcp(move |request| {
        let number = opened.load(Ordering::SeqCst);
        let old = request.header("mcp-session-id") == Some("session-1-0123456789");
        match request.rpc() {
            "initialize" => {
                let id = format!("session-{}-0123456789", number + 1);
                opened.store(number + 1, Ordering::SeqCst);
                let result = request.result_text(&json!({"protocolVersion": "2025-11-25",
                    "capabilities": {}, "serverInfo": {"name": "wiper", "version": "1"}}));
                Some(http(200, &[("Mcp-Session-Id", id.as_str())], &result))
            }
            "tools/list" => Some(request.result(&tools)),
            "tools/call" | "ping" if old => Some(request.error(404, -32001, "Session not found")),
            _ => None,
        }
    })
}

#[test]
fn a_tool_that_destroys_is_not_repeated_in_a_new_session() {
    for (annotations, exit, times) in [
        (json!({"destructiveHint": true}), 5, 1),
        (json!({"destructiveHint": true, "idempotentHint": true}), 0, 2),
        (json!({"destructiveHint": false}), 0, 2),
        (json!({}), 0, 2),
    ] {
        let (sandbox, server) = (Sandbox::new(), forgetful_with(&annotations));
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox.run(&["list-tools"]).exits(0);
        let finished = sandbox.run(&["call", "wipe"]).exits(exit).says("opened a new one");
        let said = finished.stderr.contains("the call may have run and was not");
        assert_eq!(said, exit == 5, "{}", finished.stderr);
        assert_eq!(calls(&server), times, "{annotations}: {:?}", server.methods());
    }
}

#[test]
fn a_rate_limit_in_the_middle_ends_no_session() {
    for status in [429, 500, 403] {
        let server = mcp(move |request| match request.rpc() {
            "tools/call" => Some(http(404, &[], "{\"detail\":\"item not found\"}")),
            "ping" => Some(http(status, &[], "later")),
            "tools/list" if request.header("mcp-session-id").is_some() => {
                Some(http(status, &[], "later"))
            }
            _ => None,
        });
        let sandbox = Sandbox::new();
        sandbox.run(&["init", &server.url]).exits(0);
        let finished = sandbox.run(&["call", "add", "--raw-strings", "a=1", "--no-validate"]);
        assert_ne!(finished.code, 0, "{status}: {}", finished.stderr);
        assert_eq!(calls(&server), 1, "{status}");
        let opened = server.methods().iter().filter(|method| *method == "initialize").count();
        assert_eq!(opened, 1, "{status}: the session is still there");
    }
}

#[test]
fn a_refused_call_and_a_server_that_stumbles_prove_no_other_era() {
    // A server of both eras whose tool runs and answers 400; the next harmless request fails for another reason.
    let stumbles: [Answer; 3] = [
        |_| http(429, &[], "later"),
        |_| http(503, &[], "later"),
        |request| request.fails(200, &json!({"code": -32603, "message": "later"})),
    ];
    for stumble in stumbles {
        let called = std::sync::atomic::AtomicBool::new(false);
        let server = modern(move |request| {
            let was_called = called.load(std::sync::atomic::Ordering::SeqCst);
            match request.rpc() {
                "tools/call" => {
                    called.store(true, std::sync::atomic::Ordering::SeqCst);
                    Some(http(400, &[], "item not found"))
                }
                "initialize" => Some(request.result(&json!({"protocolVersion": "2025-11-25",
                    "capabilities": {"tools": {}}, "serverInfo": {"name": "both", "version": "1"}}))),
                "server/discover" if was_called => Some(stumble(request)),
                _ => None,
            }
        });
        let sandbox = Sandbox::new();
        sandbox.run(&["init", &server.url]).exits(0);
        let call = ["call", "echo", "message=x"];
        assert_ne!(sandbox.run(&call).code, 0);
        assert_eq!(calls(&server), 1);
    }
}

#[test]
fn a_server_without_ping_still_shows_by_its_list_that_the_session_is_alive() {
    for status in [404, 400, 200] {
        let server = mcp(move |request| {
            let error = |text: &str| json!({"code": -32601, "message": text});
            match request.rpc() {
                "tools/call" => {
                    Some(request.fails(status, &error("The session record 17 was not found")))
                }
                "ping" => Some(request.fails(status, &error("Method not found"))),
                _ => None,
            }
        });
        let sandbox = Sandbox::new();
        sandbox.run(&["init", &server.url]).exits(0);
        let call = ["call", "add", "--raw-strings", "a=1", "--no-validate"];
        assert_ne!(sandbox.run(&call).code, 0);
        assert_eq!(calls(&server), 1, "{status}: {:?}", server.methods());
        let opened = server.methods().iter().filter(|method| *method == "initialize").count();
        assert_eq!(opened, 1, "{status}");
    }
}
