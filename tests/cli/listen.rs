//! `trace --listen`: relays another client's requests and diagnoses them live.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::support::{Request, Sandbox, Server, http, mcp};

/// A proxy that ends with the test.
struct Proxy {
    child: Child,
    address: String,
}

impl Proxy {
    fn start(sandbox: &Sandbox, target: &str, more: &[&str]) -> Self {
        let args = [&["trace", "--listen", "0", target], more].concat();
        let mut command = sandbox.command(&args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        // The rest of stderr is short enough for the pipe's buffer.
        let mut err = BufReader::new(child.stderr.take().unwrap());
        err.read_line(&mut line).unwrap();
        child.stderr = Some(err.into_inner());
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { child, address }
    }

    /// Sends one request on its own connection and returns the whole response.
    fn send(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let length = body.len();
        let host = &self.address;
        write!(
            stream,
            "{head}\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        // An incomplete response is checked as far as it came.
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    fn post(&self, headers: &str, body: &str) -> String {
        let types = "Content-Type: application/json\r\nAccept: application/json, text/event-stream";
        self.send(&format!("POST /mcp HTTP/1.1\r\n{types}{headers}"), body)
    }

    /// Ends the proxy as Ctrl-C does, and returns its output.
    fn end(mut self) -> String {
        let id =
            i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        let mut printed = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        assert!(self.child.wait().unwrap().success(), "{printed}");
        printed
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"errata_burst","arguments":{}}}"#;

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}"#;

fn strict(request: &Request) -> Option<Vec<u8>> {
    let bare = request.header("mcp-session-id").is_none() && request.rpc() != "initialize";
    bare.then(|| request.error(400, -32000, "Bad Request: No valid session ID provided"))
}

#[test]
fn a_client_that_never_initializes_is_told_so() {
    let (server, sandbox) = (mcp(strict), Sandbox::new());
    let proxy =
        Proxy::start(&sandbox, &server.url, &["--html", "l.html", "--trace-file", "l.jsonl"]);
    let secret = "the-reporters-own-token";
    for _ in 0..2 {
        let answer = proxy
            .post(&format!("\r\nAuthorization: Bearer {secret}\r\nUser-Agent: urllib/3"), CALL);
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.contains("No valid session ID"),
            "{answer}"
        );
    }
    let printed = proxy.end();
    for part in [
        "urllib/3",
        "1 tools/call errata_burst",
        "session-missing (certain): no initialize was sent before it",
        "session-missing: the same",
        "2 requests · 1 finding",
    ] {
        assert!(printed.contains(part), "no {part:?} in\n{printed}");
    }
    for file in ["l.html", "l.jsonl"] {
        let text = std::fs::read_to_string(sandbox.home().join(file)).unwrap();
        assert!(text.contains("session-missing") && !text.contains(secret), "{file}: {text}");
    }
    let sent = server.requests();
    assert_eq!(sent.len(), 2);
    // The server gets what the client sent, except for the Host header.
    assert_eq!(sent[0].header("authorization"), Some(format!("Bearer {secret}").as_str()));
    assert_eq!(sent[0].header("user-agent"), Some("urllib/3"));
    assert_eq!(server.url, format!("http://{}/mcp", sent[0].header("host").unwrap()));
}

const DISCOVER: &str = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"x","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"#;
const MODERN: &str = "\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: server/discover";

/// Like `strict`, and refuses the modern era.
fn legacy(request: &Request) -> Option<Vec<u8>> {
    let text = "Bad Request: Unsupported protocol version: 2026-07-28";
    if request.rpc() == "server/discover" {
        return Some(request.error(400, -32000, text));
    }
    strict(request)
}

#[test]
fn a_client_that_falls_back_to_the_handshake_is_right() {
    for json in [false, true] {
        let (server, sandbox) = (mcp(legacy), Sandbox::new());
        let more: &[&str] = if json { &["--json"] } else { &["--trace-file", "t.jsonl"] };
        let proxy = Proxy::start(&sandbox, &server.url, more);
        assert!(proxy.post(MODERN, DISCOVER).starts_with("HTTP/1.1 400"));
        let opened = proxy.post("", INITIALIZE).to_ascii_lowercase();
        let id = opened.split("mcp-session-id: ").nth(1).unwrap().lines().next().unwrap();
        let session = format!("\r\nMcp-Session-Id: {}", id.trim());
        proxy.post(&session, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        let list = r#"{"jsonrpc":"2.0","id":3,"method":"tools/list","params":{}}"#;
        assert!(proxy.post(&session, list).starts_with("HTTP/1.1 200"));
        let printed = proxy.end();
        if json {
            let document: serde_json::Value = serde_json::from_str(&printed).unwrap();
            assert_eq!(document["findings"], serde_json::json!([]));
            continue;
        }
        assert!(printed.contains("4 requests · 0 findings"), "{printed}");
        assert!(!printed.contains("legacy-only"), "{printed}");
        let read = sandbox.run(&["trace", "--read", "t.jsonl"]).exits(0);
        assert!(read.stdout.contains("4 requests · 0 findings"), "{}", read.stdout);
    }
}

#[test]
fn a_client_that_only_speaks_the_modern_era_is_told_after_a_while() {
    let (server, sandbox) = (mcp(legacy), Sandbox::new());
    let mut proxy = Proxy::start(&sandbox, &server.url, &[]);
    proxy.post(MODERN, DISCOVER);
    let mut live = BufReader::new(proxy.child.stdout.take().unwrap());
    let mut told = String::new();
    while !told.contains("legacy-only") {
        told.clear();
        assert!(live.read_line(&mut told).unwrap() > 0);
    }
    assert!(told.trim_start().starts_with("1 "), "{told}");
}

#[test]
fn a_refusal_that_the_client_mended_says_so() {
    let (server, sandbox) = (mcp(strict), Sandbox::new());
    let proxy = Proxy::start(&sandbox, &server.url, &["--json"]);
    proxy.post("", CALL);
    let opened = proxy.post("", INITIALIZE).to_ascii_lowercase();
    let id = opened.split("mcp-session-id: ").nth(1).unwrap().lines().next().unwrap();
    let session = format!("\r\nMcp-Session-Id: {}", id.trim());
    proxy.post(&session, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    proxy.post(&session, CALL);
    let document: serde_json::Value = serde_json::from_str(&proxy.end()).unwrap();
    let because = document["findings"][0]["because"].as_str().unwrap();
    assert!(because.contains("4, the same request later, worked"), "{document}");
}

#[test]
fn what_a_client_does_wrong_is_found_once() {
    // A server that rejects nothing but a missing session.
    let (server, sandbox) = (mcp(strict), Sandbox::new());
    let proxy = Proxy::start(&sandbox, &server.url, &["--json"]);
    let answer = proxy.post("", INITIALIZE);
    let id =
        answer.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).unwrap().to_owned();
    // Leave out the notification, use the same id twice, then leave out the header.
    proxy.post(&format!("\r\nMcp-Session-Id: {id}"), CALL);
    proxy.post(&format!("\r\nMcp-Session-Id: {id}"), CALL);
    proxy.post("", CALL);
    let printed: serde_json::Value = serde_json::from_str(&proxy.end()).unwrap();
    let mut found: Vec<(&str, u64)> = printed["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["exchange"].as_u64().unwrap()))
        .collect();
    found.sort_unstable();
    assert_eq!(found, [("initialized-late", 2), ("request-id-reused", 3), ("session-missing", 4)]);
    let dropped = printed["findings"][0]["because"].as_str().unwrap();
    assert_eq!(dropped, "1 issued a session id, and this request carries none");
}

#[test]
fn events_come_through_one_by_one() {
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let server = Server::raw(move |_, stream| {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        stream.write_all(format!("{head}id: 7\ndata: {{\"first\":1}}\n\n").as_bytes()).unwrap();
        // Hold the second event back until the client has the first.
        gate.lock().unwrap().recv_timeout(Duration::from_secs(10)).unwrap();
        stream.write_all(b": so\ndata: {\"second\":2}\n\n").unwrap();
    });
    let sandbox = Sandbox::new();
    let proxy = Proxy::start(&sandbox, &server.url, &[]);
    let mut stream = TcpStream::connect(&proxy.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = format!(
        "GET /mcp HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
        proxy.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while !seen.contains("first") {
        let count = stream.read(&mut buffer).unwrap();
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    assert!(seen.contains("id: 7\ndata: {\"first\":1}\n\n") && !seen.contains("second"), "{seen}");
    release.send(()).unwrap();
    while !seen.contains("second") {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    assert!(seen.contains(": so\ndata: "), "comments come through: {seen}");
    assert!(proxy.end().contains("1 GET"));
}

#[test]
fn what_breaks_off_does_not_look_complete() {
    let server = Server::raw(|_, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"half\"";
        stream.write_all(head.as_bytes()).unwrap();
    });
    let sandbox = Sandbox::new();
    let proxy = Proxy::start(&sandbox, &server.url, &[]);
    let answer = proxy.post("", CALL);
    assert!(answer.to_lowercase().contains("content-length: 100"), "{answer}");
    assert!(answer.ends_with("{\"half\""), "{answer}");
    let page = "x".repeat(200_000);
    let server = Server::start(move |_| {
        http(502, &[("Content-Type", "text/html")], &format!("<html>{page}"))
    });
    let proxy = Proxy::start(&sandbox, &server.url, &[]);
    let answer = proxy.post("", CALL);
    assert!(answer.starts_with("HTTP/1.1 502") && answer.len() > 200_000, "{}", answer.len());
}

#[test]
fn a_stream_that_ends_in_the_middle_of_an_event_is_whole() {
    let server = Server::start(|_| {
        http(200, &[("Content-Type", "text/event-stream")], "data: {\"a\":1}\n\ndata: {\"b\"")
    });
    let sandbox = Sandbox::new();
    let proxy = Proxy::start(&sandbox, &server.url, &[]);
    let mut curl = std::process::Command::new("curl");
    let url = format!("http://{}/mcp", proxy.address);
    let curl = curl.args(["-sS", "-m", "10", &url, "-d", CALL]).output().unwrap();
    assert!(curl.status.success(), "{curl:?}");
    assert!(String::from_utf8_lossy(&curl.stdout).ends_with("data: {\"b\""));
}

#[test]
fn a_client_that_hangs_up_is_not_taken_for_the_server() {
    let server = Server::raw(|_, stream| {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        stream.write_all(format!("{head}data: {{\"first\":1}}\n\n").as_bytes()).unwrap();
        std::thread::sleep(Duration::from_secs(2));
    });
    let sandbox = Sandbox::new();
    let proxy = Proxy::start(&sandbox, &server.url, &[]);
    let mut stream = TcpStream::connect(&proxy.address).unwrap();
    let head = format!(
        "GET /mcp HTTP/1.1\r\nHost: {}\r\n\r\n",
        proxy.address.replace("127.0.0.1", "LOCALHOST")
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut seen = [0; 400];
    let count = stream.read(&mut seen).unwrap();
    assert!(count > 0);
    drop(stream);
    std::thread::sleep(Duration::from_millis(300));
    let printed = proxy.end();
    assert!(printed.contains("200, then the client hung up before the end"), "{printed}");
    assert!(
        printed.contains("0 findings") && printed.contains("a client without a name"),
        "{printed}"
    );
    assert_eq!(server.all_requests()[0].header("user-agent"), None);
}

#[test]
fn a_client_of_http_sse_does_nothing_wrong() {
    let server = Server::start(|request| match request.method.as_str() {
        "GET" => http(
            200,
            &[("Content-Type", "text/event-stream")],
            "event: endpoint\ndata: /messages?session_id=1\n\n",
        ),
        _ => http(202, &[], "Accepted"),
    });
    let sandbox = Sandbox::new();
    let proxy = Proxy::start(&sandbox, &server.url, &[]);
    proxy.send("GET /mcp HTTP/1.1\r\nAccept: text/event-stream", "");
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}"#;
    let answer = proxy.send("POST /messages?session_id=1 HTTP/1.1", initialize);
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    let printed = proxy.end();
    assert!(printed.contains("2 requests · 0 findings"), "{printed}");
}

#[test]
fn only_this_machine_may_come() {
    let (server, sandbox) = (mcp(|_| None), Sandbox::new());
    sandbox
        .run(&["trace", "--listen", "0.0.0.0:0", &server.url])
        .exits(2)
        .says("other machines could connect there")
        .says("--anyone");
    sandbox.run(&["trace", "--listen", "nonsense", &server.url]).exits(2).says("PORT");
    let proxy = Proxy::start(&sandbox, &server.url, &[]);
    let mut stream = TcpStream::connect(&proxy.address).unwrap();
    // A web page whose name resolves to this machine (DNS rebinding).
    stream
        .write_all(b"GET /mcp HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    // A web page of another origin, with a request that needs no preflight.
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let from = |origin: &str| {
        let head = format!("POST /mcp HTTP/1.1\r\nOrigin: {origin}\r\nContent-Type: text/plain");
        proxy.send(&head, ping)
    };
    for origin in ["https://evil.example", "http://localhost.evil.example", "null"] {
        let answer = from(origin);
        assert!(answer.starts_with("HTTP/1.1 403"), "{origin}: {answer}");
    }
    assert!(server.all_requests().is_empty());
    for origin in ["http://localhost:6274", "http://[::1]:80"] {
        let answer = from(origin);
        assert!(!answer.starts_with("HTTP/1.1 403"), "{origin}: {answer}");
    }
    assert_eq!(server.all_requests().len(), 2);
    // Browsers say so even where they name no origin.
    let head = "POST /mcp HTTP/1.1\r\nSec-Fetch-Site: cross-site\r\nContent-Type: text/plain";
    assert!(proxy.send(head, ping).starts_with("HTTP/1.1 403"));
    for twice in [
        "Transfer-Encoding: chunked",
        "Host: 127.0.0.1",
        "Origin: http://localhost\r\nOrigin: http://evil.example",
    ] {
        let answer = proxy.send(&format!("POST /mcp HTTP/1.1\r\n{twice}"), ping);
        assert!(answer.starts_with("HTTP/1.1 400"), "{twice}: {answer}");
    }
    assert_eq!(server.all_requests().len(), 2);
    let answer = proxy.send("OPTIONS * HTTP/1.1", "");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    sandbox
        .run(&["trace", "--listen", "0", &server.url, "--bearer", "x"])
        .exits(2)
        .says("no effect");
    let mut stream = TcpStream::connect(&proxy.address).unwrap();
    let broken = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx",
        proxy.address
    );
    stream.write_all(broken.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let answer = proxy.send("PUT /mcp HTTP/1.1", "");
    assert!(answer.starts_with("HTTP/1.1 501"), "{answer}");
}

#[test]
fn a_server_that_is_not_there_is_said_to_the_client_too() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    drop(listener);
    let sandbox = Sandbox::new();
    let proxy = Proxy::start(&sandbox, &url, &[]);
    let answer = proxy.post("", CALL);
    assert!(
        answer.starts_with("HTTP/1.1 502") && answer.contains("connection refused"),
        "{answer}"
    );
    assert!(proxy.end().contains("unreachable (certain)"));
}

#[test]
fn each_client_is_judged_by_its_own_requests() {
    let server = mcp(|request| match request.rpc() {
        "GET" => Some(http(405, &[], "")),
        _ => legacy(request),
    });
    let sandbox = Sandbox::new();
    let proxy = Proxy::start(&sandbox, &server.url, &[]);
    let of = |agent: &str, headers: &str| format!("{headers}\r\nUser-Agent: {agent}");
    proxy.post(&of("one", MODERN), DISCOVER);
    proxy.post(&of("two", MODERN), DISCOVER);
    proxy.post(&of("two", ""), INITIALIZE);
    // A stream that the server does not offer is no fault of the client.
    let get = format!("GET /mcp HTTP/1.1{}", of("one", "\r\nAccept: text/event-stream"));
    assert!(proxy.send(&get, "").starts_with("HTTP/1.1 405"));
    proxy.post(&of("one", ""), INITIALIZE);
    let printed = proxy.end();
    assert!(!printed.contains("legacy-only") && !printed.contains("stateless"), "{printed}");
    assert!(printed.contains("5 requests · 0 findings"), "{printed}");
}
