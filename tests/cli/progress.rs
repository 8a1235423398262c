//! Display of progress during a call, and the effect of Ctrl-C.

use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Request, Sandbox, Server, http, interrupted, mcp, modern, on_a_terminal};

/// Options that select an era.
const ERAS: [&[&str]; 2] =
    [&["--protocol-version", "2026-07-28"], &["--protocol-version", "2025-11-25"]];

fn on_demo<'w>(era: &[&'w str], words: &[&'w str]) -> Vec<&'w str> {
    [&["-s", "demo"], era, words].concat()
}

#[test]
fn progress_is_told_as_it_is_asked_for() {
    for era in ERAS {
        let sandbox = Sandbox::new();
        let slow = on_demo(era, &["call", "slow", "seconds=0.3"]);
        let run = |more: &[&str]| sandbox.run(&[&slow, more].concat()).exits(0);
        // Without a terminal, nothing is shown, and no progress is requested.
        let silent = run(&["--trace-file", "trace.jsonl"]);
        assert_eq!((silent.stdout.as_str(), silent.stderr.as_str()), ("done in 3 steps\n", ""));
        let trace = std::fs::read_to_string(sandbox.home().join("trace.jsonl")).unwrap();
        assert!(!trace.contains("progressToken"));
        assert_eq!(run(&["--progress", "plain"]).stderr, "1 of 3\n2 of 3\n3 of 3\n");
        assert_eq!(run(&["--progress", "plain", "--quiet"]).stderr, "");
        let events = run(&["--progress", "json", "--quiet"]).stderr;
        let events: Vec<Value> =
            events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.len(), 3, "{events:?}");
        assert_eq!(events[1]["method"], "notifications/progress");
        assert_eq!(
            (&events[1]["params"]["progress"], &events[1]["params"]["total"]),
            (&json!(2), &json!(3))
        );
        assert_eq!(run(&["--progress", "none"]).stderr, "");
    }
}

#[test]
fn a_terminal_shows_a_bar_and_takes_it_away() {
    for era in ERAS {
        let sandbox = Sandbox::new().with("TERM", "xterm");
        let args = on_demo(era, &["--color", "never", "call", "slow", "seconds=0.6"]);
        let (shown, code) = on_a_terminal(&sandbox, &args, &[]);
        assert_eq!(code, 0, "{shown}");
        assert!(shown.contains("33 %") && shown.contains("2 of 3"), "{shown}");
        let last = shown.rsplit('\r').next().unwrap();
        assert!(last.contains("done in 3 steps"), "{shown:?}");
        let args = on_demo(era, &["--color", "never", "--quiet", "call", "slow", "seconds=0.3"]);
        assert_eq!(on_a_terminal(&sandbox, &args, &[]).0, "done in 3 steps\n");
    }
}

#[test]
fn log_messages_are_asked_for_in_the_way_of_the_era() {
    for era in ERAS {
        let sandbox = Sandbox::new();
        let log = on_demo(era, &["call", "log", "--log-level", "debug"]);
        let run = |more: &[&str]| sandbox.run(&[&log, more].concat()).exits(0);
        assert_eq!(run(&["--progress", "plain"]).stderr, "info demo: a line for the log\n");
        assert_eq!(run(&[]).stderr, "");
        let mut on_terminal = on_demo(era, &["call", "log", "--log-level", "info"]);
        on_terminal.extend(["--color", "never"]);
        let (shown, _) = on_a_terminal(&sandbox, &on_terminal, &[]);
        assert!(shown.contains("info demo: a line for the log\n"), "{shown}");
    }
    let sandbox = Sandbox::new();
    sandbox
        .run(&["-s", "demo", "--protocol-version", "2025-11-25", "set-log-level", "error"])
        .exits(0)
        .says("from error on");
    sandbox.run(&["-s", "demo", "set-log-level", "error"]).exits(2).says("--log-level error");
}

#[test]
fn a_log_level_is_said_once_in_a_session_and_again_in_another() {
    let alive = Arc::new(AtomicUsize::new(1));
    let now = Arc::clone(&alive);
    let server = mcp(move |request| {
        let id = format!("session-{}-0123456789", now.load(Ordering::SeqCst));
        if request.rpc() == "initialize" {
            let result = json!({"protocolVersion": "2025-11-25", "capabilities": {"logging": {}},
                "serverInfo": {"name": "scripted", "version": "1"}});
            return Some(http(200, &[("Mcp-Session-Id", &id)], &request.result_text(&result)));
        }
        if request.header("mcp-session-id").is_some_and(|sent| sent != id) {
            return Some(request.error(404, -32001, "Session not found"));
        }
        (request.rpc() == "logging/setLevel").then(|| request.result(&json!({})))
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    let call = ["call", "echo", "message=hi", "--log-level", "info"];
    sandbox.run(&call).exits(0);
    alive.store(2, Ordering::SeqCst);
    sandbox.run(&call).exits(0).says("opened a new one");
    let methods = server.methods();
    let expected = [
        "initialize",
        "notifications/initialized",
        "logging/setLevel",
        "tools/list",
        "tools/call",
        "logging/setLevel",
        "ping",
        "initialize",
        "notifications/initialized",
        "ping",
        "logging/setLevel",
        "tools/call",
    ];
    assert_eq!(methods, expected);
}

#[test]
fn a_log_level_that_finds_the_session_lost_is_not_the_call() {
    let alive = Arc::new(AtomicUsize::new(1));
    let now = Arc::clone(&alive);
    let server = mcp(move |request| {
        let id = format!("session-{}-0123456789", now.load(Ordering::SeqCst));
        if request.rpc() == "initialize" {
            let result = json!({"protocolVersion": "2025-11-25", "capabilities": {"logging": {}},
                "serverInfo": {"name": "scripted", "version": "1"}});
            return Some(http(200, &[("Mcp-Session-Id", &id)], &request.result_text(&result)));
        }
        if request.header("mcp-session-id").is_some_and(|sent| sent != id) {
            // Some servers report a lost session with a stream that ends at once.
            return Some(http(200, &[("Content-Type", "text/event-stream")], ""));
        }
        (request.rpc() == "logging/setLevel").then(|| request.result(&json!({})))
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["list-tools"]).exits(0);
    alive.store(2, Ordering::SeqCst);
    sandbox.run(&["call", "add", "a:=1", "--log-level", "info"]).exits(0).says("opened a new one");
    assert_eq!(server.methods().iter().filter(|method| *method == "tools/call").count(), 1);
}

/// Sends progress on a stream that stays open, and never a result.
fn endless(request: &Request, stream: &mut std::net::TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let told = json!({"jsonrpc": "2.0", "method": "notifications/progress",
        "params": {"progressToken": request.body["id"], "progress": 1}});
    let _ = stream.write_all(format!("{head}data: {told}\n\n").as_bytes());
    let _ = stream.read(&mut [0; 1]);
}

/// Checks that the server was notified after Ctrl-C or a timeout.
fn check_cancelled(server: &Server, reason: &str) {
    let requests = server.requests();
    let [.., call, cancelled] = requests.as_slice() else { panic!("{:?}", server.methods()) };
    assert_eq!(cancelled.rpc(), "notifications/cancelled");
    assert_eq!(cancelled.body["params"]["requestId"], call.body["id"]);
    assert_eq!(cancelled.body["params"]["reason"], reason);
    assert_eq!(cancelled.header("mcp-session-id"), call.header("mcp-session-id"));
}

fn slow_server() -> Server {
    let proper = mcp(|_| None);
    let address = proper.url.clone();
    // The well-behaved server does the handshake; keep it alive as long as this closure.
    let proper = Mutex::new(proper);
    Server::raw(move |request, stream| {
        let _keep = &proper;
        match request.rpc() {
            "tools/call" if request.body["params"]["arguments"]["message"] == "wait" => {
                endless(request, stream);
            }
            "notifications/cancelled" => {
                let _ = stream.write_all(&http(202, &[], ""));
            }
            _ => crate::support::pass_on(request, &address, stream),
        }
    })
}

#[test]
fn ctrl_c_cancels_and_keeps_the_session() {
    let server = slow_server();
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "echo", "message=hi"]).exits(0);
    let waits = || server.methods().iter().filter(|method| *method == "tools/call").count() == 2;
    let output = interrupted(&sandbox, &["call", "echo", "message=wait"], waits);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted") && said.contains("notifications/cancelled"), "{said}");
    // The documented limit is 200 ms, but a busy machine may need longer.
    check_cancelled(&server, "interrupted by the user");
    sandbox.run(&["call", "echo", "message=hi"]).exits(0);
    assert_eq!(server.methods().iter().filter(|method| *method == "initialize").count(), 1);

    sandbox
        .run(&["call", "echo", "message=wait", "--timeout", "0.3"])
        .exits(8)
        .says("--timeout")
        .says("notifications/cancelled");
    check_cancelled(&server, "timed out");
}

#[test]
fn ctrl_c_closes_the_stream_of_the_modern_era() {
    let server = modern(|_| None);
    let address = server.url.clone();
    let keep = Mutex::new(server);
    let closed = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&closed);
    let server = Server::of_any_era(move |request, stream| {
        let _keep = &keep;
        if request.rpc() == "tools/call" {
            endless(request, stream);
            seen.fetch_add(1, Ordering::SeqCst);
        } else {
            crate::support::pass_on(request, &address, stream);
        }
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    let waits = || server.all_requests().iter().any(|request| request.rpc() == "tools/call");
    let output = interrupted(&sandbox, &["--json", "call", "echo", "message=wait"], waits);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("closed its stream"), "{said}");
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["error"]["kind"], &last["error"]["exit"]),
        (&json!("interrupted"), &json!(130))
    );
    while closed.load(Ordering::SeqCst) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(server.all_requests().iter().all(|request| request.rpc() != "notifications/cancelled"));
}

#[test]
fn ctrl_c_ends_whatever_hangs() {
    // A server that accepts the connection and sends nothing, not even during the handshake.
    let server = Server::of_any_era(|_, stream| {
        let _ = stream.read(&mut [0; 1]);
    });
    let came = || !server.all_requests().is_empty();
    let output = interrupted(&Sandbox::new(), &["-s", &server.url, "list-tools"], came);
    assert_eq!(output.status.code(), Some(130));
}
