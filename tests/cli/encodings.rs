//! Compressed responses, and cookies.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Request, Sandbox, Server, http, mcp};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Starts a server that compresses every response with a result, with this label.
fn compressing(label: &'static str) -> Server {
    Server::raw(move |request, stream| {
        let result = match request.rpc() {
            "initialize" => serde_json::json!({"protocolVersion": "2025-11-25", "capabilities": {},
                "serverInfo": {"name": "packed", "version": "1"}}),
            "notifications/initialized" => {
                let _ = stream.write_all(&http(202, &[], ""));
                return;
            }
            _ => serde_json::json!({"content": [{"type": "text", "text": "hi"}]}),
        };
        let body = gzip(&request.result_text(&result));
        let mut head =
            format!("HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !label.is_empty() {
            head += &format!("Content-Encoding: {label}\r\n");
        }
        let _ = stream.write_all(&[head.as_bytes(), b"\r\n", &body].concat());
    })
}

#[test]
fn a_compressed_response_is_decoded_with_a_warning() {
    for label in ["gzip", "x-gzip", ""] {
        let (sandbox, server) = (Sandbox::new(), compressing(label));
        sandbox.run(&["init", &server.url]).exits(0).says("compressed its response (gzip)");
        sandbox.run(&["call", "one"]).exits(0).prints("hi\n");
        let asked = server.requests().pop().unwrap();
        assert_eq!(asked.header("accept-encoding"), Some("identity"));
        let finished = sandbox.run(&["call", "one", "--compressed"]).exits(0);
        assert!(!finished.stderr.contains("compressed"), "{}", finished.stderr);
        let asked = server.requests().pop().unwrap();
        assert_eq!(asked.header("accept-encoding"), Some("gzip, deflate, br"));
    }
}

#[test]
fn a_compressed_response_has_the_same_limit_of_size() {
    let server = Server::raw(|request, stream| {
        let body = gzip(&request.result_text(&" ".repeat(4 << 20).into()));
        let head = format!(
            "HTTP/1.1 200 X\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(&[head.as_bytes(), &body].concat());
    });
    Sandbox::new().run(&["init", &server.url, "--max-size", "1M"]).exits(8).says("--max-size");
}

#[test]
fn an_encoding_that_cannot_be_decoded_is_named() {
    let zstd = [("Content-Encoding", "zstd")];
    let server = Server::start(move |_| http(200, &zstd, "\u{b5}noise"));
    Sandbox::new()
        .run(&["init", &server.url])
        .exits(7)
        .says("encoded as zstd")
        .says("content-encoding");
}

/// Starts two replicas behind a balancer that routes by a cookie, and in turn without one.
fn sticky() -> Server {
    let (turn, count) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let replica = move |request: &Request| match request.header("cookie") {
        Some(cookie) if cookie.contains("LB=r0") => 0,
        Some(cookie) if cookie.contains("LB=r1") => 1,
        _ => turn.fetch_add(1, Ordering::Relaxed) % 2,
    };
    mcp(move |request| {
        let at = replica(request);
        if request.rpc() == "initialize" {
            let number = count.fetch_add(1, Ordering::Relaxed);
            let (id, cookie) = (format!("r{at}-0123456789-{number}"), format!("LB=r{at}; Path=/"));
            let json = ("Content-Type", "application/json");
            let headers = [json, ("Mcp-Session-Id", id.as_str()), ("Set-Cookie", cookie.as_str())];
            let result = serde_json::json!({"protocolVersion": "2025-11-25", "capabilities": {},
                "serverInfo": {"name": "sticky", "version": "1"}});
            return Some(http(200, &headers, &request.result_text(&result)));
        }
        match request.header("mcp-session-id") {
            Some(id) if id.starts_with(&format!("r{at}")) => None,
            Some(_) => Some(request.error(404, -32001, "Session not found")),
            None => Some(request.error(400, -32000, "Mcp-Session-Id header is required")),
        }
    })
}

#[test]
fn a_sticky_balancer_works_by_its_cookie() {
    let (sandbox, server) = (Sandbox::new(), sticky());
    sandbox.run(&["init", &server.url]).exits(0);
    for _ in 0..4 {
        sandbox.run(&["call", "echo", "message=hi"]).exits(0);
    }
    let opened = server.methods().iter().filter(|method| *method == "initialize").count();
    assert_eq!(opened, 1, "no renewal was needed");
    std::fs::write(sandbox.home().join("lines"), "{\"message\":\"x\"}\n".repeat(6)).unwrap();
    sandbox.run(&["call", "echo", "--each", "lines", "--jobs", "3"]).exits(0).says("6 calls");
    // The user's own cookie of the same name takes precedence.
    sandbox.run(&["ping", "-H", "Cookie: LB=r9", "--no-renew"]);
    let last = server.requests().into_iter().rev().find(|request| request.rpc() == "ping");
    assert_eq!(
        last.and_then(|ping| ping.header("cookie").map(str::to_owned)).as_deref(),
        Some("LB=r9")
    );
}

#[test]
fn a_trace_says_that_a_cookie_is_needed() {
    let server = sticky();
    let shown = Sandbox::new().run(&["trace", &server.url]).exits(0).stdout;
    assert!(shown.contains("why 1 failed     session-missing (certain)"), "{shown}");
    assert!(shown.contains("keep the cookies of the response to initialize"), "{shown}");
    assert!(!shown.contains("session-not-sticky (certain)"), "{shown}");
}
