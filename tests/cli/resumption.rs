//! Streams that break off (2025-11-25, Transports, "Resumability and Redelivery").

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Instant;

use serde_json::json;

use crate::support::{Request, Sandbox, Server, http, mcp};

/// Head of a stream response without a length.
const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

/// Creates a server that responds to a call with `first`, and to each GET with `again` for
/// its last event id.
fn breaking(
    first: &'static str,
    again: impl Fn(&Request, &str, &mut TcpStream) + Send + Sync + 'static,
) -> Server {
    Server::raw(move |request, stream| {
        let bytes = match request.rpc() {
            "initialize" => {
                let result = request.result_text(&json!({"protocolVersion": "2025-11-25",
                    "serverInfo": {"name": "breaking", "version": "1"}}));
                http(200, &[("Mcp-Session-Id", "session-0123456789abcdef")], &result)
            }
            "tools/call" => format!("{STREAM}{first}").into_bytes(),
            "ping" => request.result(&json!({})),
            "GET" => {
                let id = request.header("last-event-id").unwrap_or_default().to_owned();
                again(request, &id, stream);
                return;
            }
            _ => http(202, &[], ""),
        };
        let _ = stream.write_all(&bytes);
    })
}

fn call(server: &Server, more: &[&str]) -> crate::support::Finished {
    let args: Vec<&str> = ["-s", server.url.as_str(), "call", "echo", "--raw-strings"]
        .iter()
        .chain(more)
        .copied()
        .collect();
    Sandbox::new().run(&args)
}

/// Returns the result of the call, whose id the server must have seen.
fn result(server: &std::sync::Mutex<Option<String>>) -> String {
    let id = server.lock().unwrap().clone().unwrap();
    json!({"jsonrpc": "2.0", "id": id, "result": {"content": [{"type": "text", "text": "done"}]}})
        .to_string()
}

/// Like `breaking`, for a server that must know the id of the call.
fn breaking_with_id(
    first: &'static str,
    again: impl Fn(&str, &str, &mut TcpStream) + Send + Sync + 'static,
) -> Server {
    let id = std::sync::Arc::new(std::sync::Mutex::new(None));
    let seen = std::sync::Arc::clone(&id);
    Server::raw(move |request, stream| {
        let bytes = match request.rpc() {
            "initialize" => {
                let result = request.result_text(&json!({"protocolVersion": "2025-11-25",
                    "serverInfo": {"name": "breaking", "version": "1"}}));
                http(200, &[("Mcp-Session-Id", "session-0123456789abcdef")], &result)
            }
            "tools/call" => {
                *seen.lock().unwrap() = request.body["id"].as_str().map(str::to_owned);
                format!("{STREAM}{first}").into_bytes()
            }
            "GET" => {
                let last = request.header("last-event-id").unwrap_or_default().to_owned();
                again(&last, &result(&seen), stream);
                return;
            }
            _ => http(202, &[], ""),
        };
        let _ = stream.write_all(&bytes);
    })
}

#[test]
fn a_stream_is_taken_up_again_where_it_broke_after_the_time_it_says() {
    let server = breaking_with_id("id: one\nretry: 300\ndata:\n\n", |last, result, stream| {
        let more = match last {
            // Breaks off again, with another id and the same retry time.
            "one" => "id: two\ndata:\n\n".to_owned(),
            "two" => format!("id: three\ndata: {result}\n\n"),
            other => panic!("an unexpected Last-Event-ID: {other}"),
        };
        let _ = stream.write_all(format!("{STREAM}{more}").as_bytes());
    });
    let began = Instant::now();
    call(&server, &[]).exits(0).prints("done\n");
    let took = began.elapsed();
    assert!(took.as_millis() >= 600, "{took:?}");
    let methods = server.methods();
    assert_eq!(methods[2..], ["tools/call", "GET", "GET"], "the call is sent once");
    for request in server.requests().iter().filter(|request| request.method == "GET") {
        assert_eq!(request.header("accept"), Some("text/event-stream"));
        assert_eq!(request.header("mcp-session-id"), Some("session-0123456789abcdef"));
    }
}

#[test]
fn a_stream_without_ids_may_have_run() {
    for first in ["data:\n\n", ": working\n\n", "id:\ndata:\n\n"] {
        let server = breaking(first, |_, _, _| panic!("nothing to take up"));
        call(&server, &[]).exits(7).says("ended without a response").says("may have run");
        assert_eq!(server.methods().iter().filter(|method| *method == "tools/call").count(), 1);
    }
}

#[test]
fn a_server_that_does_not_resume_may_have_run() {
    for status in [404, 405, 400] {
        let server = breaking("id: one\nretry: 1\ndata:\n\n", move |_, _, stream| {
            let _ = stream.write_all(&http(status, &[], ""));
        });
        call(&server, &[]).exits(7).says("may have run");
    }
}

#[test]
fn resuming_has_its_limits() {
    // The retry time is longer than the timeout.
    let server = breaking("id: one\nretry: 60000\ndata:\n\n", |_, _, _| panic!("too early"));
    call(&server, &["--timeout", "2"]).exits(8).says("--timeout").says("may have run");
    // The stream ends again and again without an event.
    let server = breaking("id: one\nretry: 1\ndata:\n\n", |_, _, stream| {
        let _ = stream.write_all(STREAM.as_bytes());
    });
    call(&server, &[]).exits(7).says("may have run");
    let gets = server.requests().iter().filter(|request| request.method == "GET").count();
    assert!((2..=21).contains(&gets), "{gets}");
}

#[test]
fn a_server_that_states_no_pause_is_not_asked_in_a_busy_loop() {
    let stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n\
                  retry: 0\nid: 1\ndata: \n\n";
    let server = mcp(move |request| {
        matches!(request.rpc(), "tools/call" | "GET").then(|| stream.as_bytes().to_vec())
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url, "--protocol-version", "2025-11-25"]).exits(0);
    sandbox.run(&["call", "add", "a:=1", "--timeout", "2"]).exits(8).says("--timeout");
    let resumed = server.methods().iter().filter(|method| *method == "GET").count();
    assert!((3..=8).contains(&resumed), "{resumed}");
}
