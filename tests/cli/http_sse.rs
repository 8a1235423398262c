//! The HTTP+SSE transport of 2024-11-05: the fallback to it, and every command on it.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::support::{Request, Sandbox, Server, http, mcp};

/// Creates an HTTP+SSE server. `endpoint` returns the data of its first event for its own
/// address; `refusal` is the status of a POST to the stream's address.
fn sse(refusal: u16, endpoint: fn(&str) -> String, after: After) -> Server {
    let streams: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let waiting: Mutex<Option<Request>> = Mutex::default();
    Server::of_any_era(move |request, stream| {
        if request.method == "GET" {
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
            let origin = format!("http://{}", request.header("host").unwrap());
            let first = format!("event: endpoint\ndata: {}\n\n", endpoint(&origin));
            // The client may post as soon as it has the address.
            streams.lock().unwrap().push(stream.try_clone().unwrap());
            stream.write_all(format!("{head}{first}").as_bytes()).unwrap();
            let _ = std::io::Read::read(stream, &mut [0; 1]);
            return;
        }
        if request.path != "/messages?id=1" {
            let kind = if refusal == 404 { "text/html" } else { "text/plain" };
            let page = if refusal == 404 { "<html>Cannot POST /mcp</html>" } else { "no" };
            let _ = stream.write_all(&http(refusal, &[("Content-Type", kind)], page));
            return;
        }
        if after == After::Unauthorized {
            let _ = stream.write_all(&http(401, &[("WWW-Authenticate", "Bearer")], ""));
            return;
        }
        if after == After::Unknown && request.rpc() == "tools/call" {
            let _ = stream.write_all(&http(404, &[("Content-Type", "text/plain")], "Not Found"));
            return;
        }
        if after == After::Refused && request.rpc() == "tools/call" {
            let gone = [("Content-Type", "text/plain")];
            let _ = stream.write_all(&http(404, &gone, "Could not find session"));
            return;
        }
        let _ = stream.write_all(&http(202, &[], "Accepted"));
        let mut streams = streams.lock().unwrap();
        let Some(open) = streams.last_mut() else { return };
        match answer(request) {
            Some(_) if after == After::Cut && request.rpc() == "tools/call" => {
                let _ = open.shutdown(std::net::Shutdown::Both);
            }
            // Sends a request first, and responds to the call once it has the client's response.
            Some(_) if after == After::Asked && request.rpc() == "tools/call" => {
                *waiting.lock().unwrap() = Some(request.clone());
                let question = r#"{"jsonrpc":"2.0","id":9,"method":"roots/list"}"#;
                open.write_all(format!("data: {question}\n\n").as_bytes()).unwrap();
            }
            None if request.body.get("result").is_some() => {
                let call = waiting.lock().unwrap().take().unwrap();
                let text = answer(&call).unwrap();
                open.write_all(format!("data: {text}\n\n").as_bytes()).unwrap();
            }
            Some(text) => {
                open.write_all(format!("event: message\ndata: {text}\n\n").as_bytes()).unwrap();
            }
            None => {}
        }
    })
}

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Answered,
    Cut,
    Asked,
    Refused,
    /// Refused with a plain 404.
    Unknown,
    /// Every message is refused for lack of a token.
    Unauthorized,
}

fn answer(request: &Request) -> Option<String> {
    Some(request.result_text(&match request.rpc() {
        "initialize" => json!({"protocolVersion": "2024-11-05", "capabilities": {"tools": {}},
            "serverInfo": {"name": "old", "version": "1"}}),
        "tools/list" => json!({"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}),
        "tools/call" => json!({"content": [{"type": "text", "text": "hi"}]}),
        _ => return None,
    }))
}

fn own(_: &str) -> String {
    "/messages?id=1".to_owned()
}

#[test]
fn every_command_does_its_own_handshake() {
    for (status, posts) in [(405, 1), (404, 1), (400, 2)] {
        let (sandbox, server) = (Sandbox::new(), sse(status, own, After::Answered));
        sandbox.run(&["init", &server.url]).exits(0).prints_part("over HTTP+SSE (2024-11-05)");
        let refused =
            server.all_requests().iter().filter(|r| r.method == "POST" && r.path == "/mcp").count();
        assert_eq!(refused, posts, "{status}: a POST that cannot work is not tried twice");
        let before = server.all_requests().len();
        sandbox.run(&["call", "echo", "--raw-strings"]).exits(0).prints("hi\n");
        let requests = server.all_requests();
        let methods: Vec<&str> = requests[before..].iter().map(Request::rpc).collect();
        assert_eq!(methods, ["GET", "initialize", "notifications/initialized", "tools/call"]);
        sandbox.run(&["list-tools"]).exits(0).prints_part("echo");
        sandbox.run(&["sessions"]).exits(0).prints_part("a handshake for each command (HTTP+SSE)");
        sandbox.run(&["close"]).exits(0);
    }
}

#[test]
fn the_address_for_messages_must_be_of_the_same_origin() {
    let server = sse(405, |_| "http://127.0.0.1:1/steal".to_owned(), After::Answered);
    Sandbox::new()
        .run(&["init", &server.url, "--bearer", "secret-token-0123456789"])
        .exits(7)
        .says("another origin");
    let server = sse(405, |origin| format!("{origin}/messages?id=1"), After::Answered);
    Sandbox::new().run(&["init", &server.url]).exits(0);
}

#[test]
fn a_fallback_that_fails_too_hides_nothing() {
    let server = Server::of_any_era(|request, stream| {
        let answer = if request.method == "GET" {
            http(200, &[("Content-Type", "text/html")], "<html>a page</html>")
        } else {
            request.error(400, -32000, "the real reason")
        };
        let _ = stream.write_all(&answer);
    });
    Sandbox::new().run(&["init", &server.url]).exits(6).says("-32000 the real reason");
    let methods: Vec<String> = server.all_requests().iter().map(|r| r.rpc().to_owned()).collect();
    assert_eq!(methods, ["server/discover", "initialize", "GET"], "each step once");
}

#[test]
fn a_silent_stream_is_no_such_server() {
    // A Streamable HTTP server may keep a stream open without sending anything.
    let server = Server::of_any_era(|request, stream| {
        if request.method == "GET" {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
            let _ = stream.write_all(head.as_bytes());
            let _ = std::io::Read::read(stream, &mut [0; 1]);
        } else {
            let _ = stream.write_all(&http(404, &[], "nothing here"));
        }
    });
    Sandbox::new().run(&["init", &server.url]).exits(7).says("no MCP endpoint");
}

#[test]
fn a_stream_that_ends_before_the_answer_may_have_run() {
    let server = sse(405, own, After::Cut);
    Sandbox::new()
        .run(&["-s", &server.url, "call", "echo", "--raw-strings"])
        .exits(7)
        .says("may have run; it was not sent again");
    let calls = server.all_requests().iter().filter(|r| r.rpc() == "tools/call").count();
    assert_eq!(calls, 1);
}

#[test]
fn what_the_server_asks_is_answered_at_the_address_for_messages() {
    let server = sse(405, own, After::Asked);
    Sandbox::new()
        .run(&[
            "-s",
            &server.url,
            "call",
            "echo",
            "--raw-strings",
            "--root",
            "/",
            "--timeout",
            "20",
        ])
        .exits(0)
        .prints("hi\n");
    let requests = server.all_requests();
    let answer = requests.iter().find(|request| request.body.get("result").is_some()).unwrap();
    assert_eq!(answer.path, "/messages?id=1");
    assert_eq!(answer.body["result"]["roots"][0]["uri"], "file:///");
}

#[test]
fn a_refused_message_lacks_no_session_header() {
    let server = sse(405, own, After::Refused);
    let finished = Sandbox::new().run(&["-s", &server.url, "call", "echo"]);
    assert!(finished.stderr.contains("Could not find session"), "{}", finished.stderr);
    assert!(!finished.stderr.contains(", certain]"), "{}", finished.stderr);
}

#[test]
fn the_path_of_messages_is_right_if_others_work_there() {
    let server = sse(405, own, After::Unknown);
    let finished = Sandbox::new().run(&["-s", &server.url, "call", "echo"]).fails();
    assert!(!finished.stderr.contains("wrong-path"), "{}", finished.stderr);
}

#[test]
fn a_refused_handshake_over_the_stream_is_the_failure() {
    let server = sse(405, own, After::Unauthorized);
    let traced = Sandbox::new().run(&["trace", &server.url, "--json"]).exits(4);
    let document: serde_json::Value = serde_json::from_str(&traced.stdout).unwrap();
    assert_eq!(document["why"]["id"], "auth-required", "{document:#}");
    assert!(traced.stderr.contains("/messages"), "{}", traced.stderr);
    // A server that refuses every POST for a reason of its own may have another stream besides.
    let other = sse(400, own, After::Unauthorized);
    let traced = Sandbox::new().run(&["trace", &other.url, "--json"]).fails();
    let document: serde_json::Value = serde_json::from_str(&traced.stdout).unwrap();
    assert_ne!(document["why"]["certainty"], "certain", "{document:#}");
    assert_eq!(document["server"]["era"], "unknown", "{document:#}");
}

#[test]
fn the_session_in_the_address_is_a_secret() {
    let address = |_: &str| "/messages?sessionId=0123456789abcdef0123456789abcdef".to_owned();
    let server = sse(405, address, After::Answered);
    let sandbox = Sandbox::new();
    let finished =
        sandbox.run(&["init", &server.url, "--trace", "--trace-file", "t.jsonl", "--timeout", "2"]);
    let kept = std::fs::read_to_string(sandbox.home().join("t.jsonl")).unwrap();
    for text in [&finished.stderr, &kept] {
        assert!(text.contains("sessionId="), "{text}");
        assert!(!text.contains("0123456789abcdef0123"), "{text}");
    }
}

/// Starts a server that accepts calls with 202 and sends the responses on the session's GET stream.
fn late() -> Server {
    let (sender, receiver) = std::sync::mpsc::channel::<String>();
    let (sender, receiver) = (std::sync::Mutex::new(sender), std::sync::Mutex::new(receiver));
    Server::raw(move |request, stream| {
        let bytes = match request.rpc() {
            "GET" => {
                let head = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n";
                let _ = stream.write_all(head.as_bytes());
                while let Ok(text) = receiver.lock().unwrap().recv_timeout(Duration::from_secs(2)) {
                    if stream.write_all(format!("data: {text}\n\n").as_bytes()).is_err() {
                        break;
                    }
                }
                return;
            }
            "initialize" => {
                let headers =
                    [("Content-Type", "application/json"), ("Mcp-Session-Id", "s-0123456789")];
                let result = json!({"protocolVersion": "2025-11-25", "capabilities": {},
                    "serverInfo": {"name": "late", "version": "1"}});
                http(200, &headers, &request.result_text(&result))
            }
            "tools/call" => {
                let result = json!({"content": [{"type": "text", "text": "late"}]});
                let _ = sender.lock().unwrap().send(request.result_text(&result));
                http(202, &[], "")
            }
            "tools/list" => request.result(&json!({"tools": [{"name": "one", "inputSchema": {}}]})),
            _ => http(202, &[], ""),
        };
        let _ = stream.write_all(&bytes);
    })
}

#[test]
fn a_response_on_the_get_stream_of_the_session_is_found() {
    let (sandbox, server) = (Sandbox::new(), late());
    let finished = sandbox.run(&["-s", &server.url, "call", "one"]).exits(0).prints("late\n");
    finished.says("sent the response on the session's GET stream");
    let server = late();
    std::fs::write(sandbox.home().join("lines"), "{}\n{}\n{}\n").unwrap();
    sandbox.run(&["-s", &server.url, "call", "one", "--each", "lines"]).exits(0).says("3 calls");
    let streams = server.methods().iter().filter(|method| *method == "GET").count();
    assert_eq!(streams, 1, "one stream for all calls");
    let calls = server.methods().iter().filter(|method| *method == "tools/call").count();
    assert_eq!(calls, 3);
}

#[test]
fn a_request_that_is_accepted_and_never_answered_is_reported() {
    let server = mcp(|request| match request.rpc() {
        "tools/call" => Some(http(202, &[], "")),
        "GET" => Some(http(405, &[], "")),
        _ => None,
    });
    let finished = Sandbox::new().run(&["-s", &server.url, "call", "add"]).exits(7);
    finished.says("refused the GET stream with HTTP 405").says("may have run");
    assert_eq!(server.methods().iter().filter(|method| *method == "tools/call").count(), 1);
}

#[test]
fn a_server_that_responds_on_the_get_stream_is_no_older_transport() {
    let shown = Sandbox::new().run(&["trace", &late_lists().url]).exits(0).stdout;
    assert!(!shown.contains("legacy-sse-only") && !shown.contains("stream-conflict"), "{shown}");
    assert!(shown.contains("session-missing"), "{shown}");
}

/// Starts a server that requires a session and sends every response but that of `initialize` on the GET
/// stream.
fn late_lists() -> Server {
    let waiting = Mutex::new(Vec::<String>::new());
    Server::raw(move |request, stream| {
        let has_session = request.header("mcp-session-id").is_some();
        let json = ("Content-Type", "application/json");
        let bytes = match request.rpc() {
            "initialize" => {
                let result = json!({"protocolVersion": "2025-11-25", "capabilities": {},
                    "serverInfo": {"name": "late", "version": "1"}});
                let headers = [json, ("Mcp-Session-Id", "s-0123456789")];
                http(200, &headers, &request.result_text(&result))
            }
            _ if !has_session => request.error(400, -32000, "no session"),
            "GET" => {
                let events: String = waiting
                    .lock()
                    .unwrap()
                    .drain(..)
                    .map(|text| format!("data: {text}\n\n"))
                    .collect();
                http(200, &[("Content-Type", "text/event-stream")], &events)
            }
            "DELETE" => http(204, &[], ""),
            "tools/list" => {
                waiting.lock().unwrap().push(request.result_text(&json!({"tools": []})));
                http(202, &[], "")
            }
            _ => http(202, &[], ""),
        };
        let _ = stream.write_all(&bytes);
    })
}
