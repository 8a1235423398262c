//! Detection of the era on servers and gateways that trip over the modern probe, or have no `initialize`.

use std::time::Duration;

use serde_json::json;

use crate::eras::all;
use crate::support::{Request, Sandbox, Server, http, mcp, modern, pass_on};

/// Starts a legacy server that handles modern requests in its own way.
fn tripping(
    act: impl Fn(&Request, &mut std::net::TcpStream) + Send + Sync + 'static,
) -> (Server, Server) {
    let legacy = mcp(|_| None);
    let url = legacy.url.clone();
    let front = Server::of_any_era(move |request, stream| {
        if request.is_modern() {
            act(request, stream);
        } else {
            pass_on(request, &url, stream);
        }
    });
    (front, legacy)
}

#[test]
fn a_legacy_server_that_trips_over_the_probe_is_found() {
    let write = |bytes: Vec<u8>| {
        move |_: &Request, stream: &mut std::net::TcpStream| {
            let _ = std::io::Write::write_all(stream, &bytes);
        }
    };
    for bytes in [
        http(401, &[], r#"{"message":"Unauthorized"}"#),
        http(403, &[], "<html>Blocked by WAF</html>"),
        http(429, &[("Retry-After", "1")], ""),
        http(502, &[], "<html>Bad Gateway</html>"),
        http(202, &[], ""),
        http(200, &[], "null"),
    ] {
        let (server, _legacy) = tripping(write(bytes));
        Sandbox::new().run(&["init", &server.url]).exits(0).prints_part("2025-11-25");
    }
    let (server, _legacy) = tripping(|_, _| {});
    Sandbox::new().run(&["init", &server.url]).exits(0);
}

#[test]
fn a_probe_without_a_response_is_not_waited_for() {
    let comments = |request: &Request, stream: &mut std::net::TcpStream| {
        let head = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n";
        let _ = std::io::Write::write_all(stream, head.as_bytes());
        for _ in 0..40 {
            if std::io::Write::write_all(stream, b": ping\n\n").is_err() || request.path.is_empty()
            {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    let (server, _legacy) = tripping(comments);
    let began = std::time::Instant::now();
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url, "--timeout", "3"]).exits(0);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let asked = all(&server).len();
    sandbox.run(&["ping"]).exits(0);
    assert_eq!(all(&server).len(), asked + 1, "what was learned is remembered");
}

#[test]
fn a_slow_modern_server_is_found_after_initialize() {
    let server = modern(|request| {
        if request.is_modern() {
            std::thread::sleep(Duration::from_millis(1500));
        }
        None
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url, "--timeout", "4"]).exits(0).prints_part("2026-07-28");
    assert_eq!(all(&server), ["server/discover", "initialize", "server/discover"]);
    sandbox.run(&["call", "echo", "message=x"]).exits(0);
}

#[test]
fn a_server_without_initialize_gets_bare_requests() {
    let server = Server::start(|request| match request.rpc() {
        "tools/list" => request.result(&json!({"tools": [{"name": "one", "inputSchema": {}}]})),
        "tools/call" => request.result(&json!({"content": [{"type": "text", "text": "hi"}]})),
        _ => request.fails(200, &json!({"code": -32601, "message": "unknown method"})),
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0).says("the server has no initialize");
    sandbox.run(&["call", "one"]).exits(0).prints("hi\n");
    let last = server.requests().pop().unwrap();
    assert_eq!((last.rpc(), last.header("mcp-protocol-version")), ("tools/call", None));
}

#[test]
fn a_modern_server_that_failed_for_a_moment_is_found() {
    for status in [429, 500, 503] {
        let count = std::sync::atomic::AtomicUsize::new(0);
        let server = modern(move |request| {
            if !request.is_modern() {
                return Some(request.fails(404, &json!({"code": -32601, "message": "no"})));
            }
            let first = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            first.then(|| http(status, &[], ""))
        });
        Sandbox::new().run(&["init", &server.url]).exits(0).prints_part("2026-07-28");
        assert_eq!(all(&server), ["server/discover", "initialize", "server/discover"], "{status}");
    }
}
