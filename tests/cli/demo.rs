//! The built-in server is as strict as the specification, byte by byte.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::support::Sandbox;

/// A demo server that ends with the test.
struct Demo {
    child: Child,
    address: String,
    _sandbox: Sandbox,
}

impl Demo {
    fn start(args: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let args: Vec<&str> = ["demo", "--era", "legacy", "--port", "0", "--for", "60"]
            .iter()
            .chain(args)
            .copied()
            .collect();
        let mut child =
            sandbox.command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().trim_start_matches("http://").trim_end_matches("/mcp").to_owned();
        Self { child, address, _sandbox: sandbox }
    }

    /// Sends a request with these headers and returns the whole response.
    fn send(&self, method: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut stream = self.open(method, headers, body);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn open(&self, method: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut text = format!(
            "{method} /mcp HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        if !headers.iter().any(|(name, _)| *name == "Host") {
            text += &format!("Host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{text}\r\n{body}").as_bytes()).unwrap();
        stream
    }

    fn post(&self, more: &[(&str, &str)], body: &str) -> String {
        let headers = [
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
        ];
        let headers: Vec<_> = headers.iter().chain(more).copied().collect();
        self.send("POST", &headers, body)
    }

    /// Opens a session and completes the handshake.
    fn session(&self) -> String {
        let answer = self.post(&[], INITIALIZE);
        let id = answer
            .lines()
            .find_map(|line| line.strip_prefix("mcp-session-id: "))
            .unwrap()
            .to_owned();
        let told = self.post(
            &[("Mcp-Session-Id", &id)],
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        );
        assert!(told.starts_with("HTTP/1.1 202"), "{told}");
        id
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;

#[track_caller]
fn has(answer: &str, status: &str, text: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(text), "{answer}");
}

#[test]
fn a_session_lives_from_initialize_to_delete() {
    let demo = Demo::start(&[]);
    has(&demo.post(&[], LIST), "400", "-32000");
    has(&demo.post(&[("Mcp-Session-Id", "made-up")], LIST), "404", "-32001");
    let id = demo.session();
    let session = [("Mcp-Session-Id", id.as_str())];
    has(&demo.post(&session, LIST), "200", "\"echo\"");
    has(&demo.post(&session, INITIALIZE), "400", "must not carry");
    has(&demo.send("DELETE", &session, ""), "204", "");
    has(&demo.post(&session, LIST), "404", "-32001");
    has(&demo.send("DELETE", &session, ""), "404", "-32001");
}

#[test]
fn a_request_before_initialized_is_refused() {
    let demo = Demo::start(&[]);
    let answer = demo.post(&[], INITIALIZE);
    assert!(answer.contains("\"protocolVersion\":\"2025-06-18\""), "{answer}");
    let id =
        answer.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).unwrap().to_owned();
    let session = [("Mcp-Session-Id", id.as_str())];
    has(&demo.post(&session, LIST), "200", "-32600");
    has(
        &demo.post(&session, r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#),
        "200",
        "\"result\":{}",
    );
}

#[test]
fn headers_are_checked() {
    let demo = Demo::start(&[]);
    let json = ("Content-Type", "application/json");
    has(&demo.send("POST", &[json, ("Accept", "*/*")], LIST), "406", "both types");
    let both = ("Accept", "application/json, text/event-stream");
    has(
        &demo.send("POST", &[both, ("Content-Type", "text/plain")], LIST),
        "415",
        "application/json",
    );
    has(&demo.post(&[("Host", "evil.example")], LIST), "403", "Host");
    has(&demo.post(&[("Origin", "https://evil.example")], LIST), "403", "Origin");
    has(&demo.post(&[("Origin", "http://localhost:1")], LIST), "400", "Mcp-Session-Id");
    let id = demo.session();
    has(
        &demo.post(&[("Mcp-Session-Id", &id), ("MCP-Protocol-Version", "1999-01-01")], LIST),
        "400",
        "unsupported",
    );
    has(&demo.send("PUT", &[], ""), "405", "allow: GET, POST, DELETE");
}

#[test]
fn bodies_are_checked() {
    let demo = Demo::start(&[]);
    has(&demo.post(&[], "{"), "400", "-32700");
    has(&demo.post(&[], "[]"), "400", "-32600");
    has(&demo.post(&[], "{}"), "400", "-32600");
    let id = demo.session();
    let session = [("Mcp-Session-Id", id.as_str())];
    has(&demo.post(&session, r#"{"jsonrpc":"2.0","id":3,"method":"nope"}"#), "200", "-32601");
    let call = |params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{params}}}"#)
    };
    has(&demo.post(&session, &call(r#"{"name":"nope","arguments":{}}"#)), "200", "-32602");
    has(&demo.post(&session, &call(r#"{"name":"echo"}"#)), "200", "\"isError\":true");
    has(
        &demo.post(&session, &call(r#"{"name":"add","arguments":{"a":0.5,"b":2}}"#)),
        "200",
        "\"sum\":2.5",
    );
}

#[test]
fn progress_comes_as_it_happens() {
    let demo = Demo::start(&[]);
    let id = demo.session();
    let headers = [
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
        ("Mcp-Session-Id", id.as_str()),
    ];
    let body = r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"slow","arguments":{"seconds":0.6,"steps":3},"_meta":{"progressToken":"p"}}}"#;
    let mut stream = demo.open("POST", &headers, body);
    let began = std::time::Instant::now();
    let mut seen = String::new();
    while !seen.contains("notifications/progress") {
        let mut buffer = [0; 512];
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    assert!(!seen.contains("done in 3 steps"), "held back until the end: {seen}");
    stream.read_to_string(&mut seen).unwrap();
    assert_eq!(seen.matches("notifications/progress").count(), 3);
    assert!(
        seen.contains("done in 3 steps") && began.elapsed() >= Duration::from_millis(550),
        "{seen}"
    );
}

#[test]
fn one_standalone_stream_a_session() {
    let demo = Demo::start(&[]);
    has(&demo.send("GET", &[("Accept", "text/event-stream")], ""), "400", "Mcp-Session-Id");
    let id = demo.session();
    let headers = [("Accept", "text/event-stream"), ("Mcp-Session-Id", id.as_str())];
    let mut first = demo.open("GET", &headers, "");
    first.read_exact(&mut [0; 15]).unwrap();
    has(&demo.send("GET", &headers, ""), "409", "Conflict");
    drop(first);
    // Another stream may be opened as soon as the server notices the disconnect.
    let freed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let mut again = demo.open("GET", &headers, "");
        let mut status = [0; 12];
        again.read_exact(&mut status).unwrap();
        status.ends_with(b"200")
    });
    assert!(freed);
}

#[test]
fn the_switches_change_what_they_say() {
    let stateless = Demo::start(&["--stateless", "--replies", "json"]);
    let answer = stateless.post(&[], INITIALIZE);
    assert!(
        !answer.contains("mcp-session-id") && answer.contains("content-type: application/json"),
        "{answer}"
    );
    has(&stateless.post(&[], LIST), "200", "\"echo\"");
    has(&stateless.send("DELETE", &[], ""), "405", "allow: POST");
    has(&stateless.send("GET", &[("Accept", "text/event-stream")], ""), "405", "");
    let default = Demo::start(&[]);
    assert!(default.post(&[], INITIALIZE).contains("content-type: text/event-stream"));
}

#[test]
fn every_way_of_losing_a_session_is_survived() {
    for shape in ["404", "400", "text", "401", "410", "422", "503", "error"] {
        let demo = Demo::start(&["--lose-after", "1", "--lost-as", shape]);
        let (sandbox, url) = (Sandbox::new(), format!("http://{}/mcp", demo.address));
        sandbox.run(&["init", &url]).exits(0);
        sandbox.run(&["call", "echo", "message=one"]).exits(0).prints("one\n");
        let again = sandbox.run(&["call", "echo", "message=two"]);
        again.exits(0).prints("two\n").says("opened a new one");
        sandbox.run(&["--no-renew", "call", "echo", "message=three"]).exits(5).says("mcpoke init");
    }
    // Without a response, the call may have run; a harmless request is repeated anyway.
    let demo = Demo::start(&["--lose-after", "1", "--lost-as", "empty"]);
    let (sandbox, url) = (Sandbox::new(), format!("http://{}/mcp", demo.address));
    sandbox.run(&["init", &url]).exits(0);
    sandbox.run(&["call", "echo", "message=one"]).exits(0);
    sandbox.run(&["call", "echo", "message=two"]).exits(0).prints("two\n").says("opened a new one");
    sandbox.run(&["call", "fail"]).exits(5).says("may have run");
}

#[test]
fn sessions_are_lost_with_time_too() {
    let demo = Demo::start(&["--lose-every", "0.3"]);
    let (sandbox, url) = (Sandbox::new(), format!("http://{}/mcp", demo.address));
    sandbox.run(&["init", &url]).exits(0);
    std::thread::sleep(Duration::from_millis(350));
    sandbox.run(&["ping"]).exits(0).says("opened a new one");
}

#[test]
fn answers_break_as_they_are_told_to() {
    let call = |fault: &str, options: &[&str]| {
        let demo = Demo::start(&["--fault", fault]);
        let url = format!("http://{}/mcp", demo.address);
        let args = [&["-s", &url, "call", "echo", "message=hi"][..], options].concat();
        Sandbox::new().run(&args)
    };
    call("slow", &["--timeout", "1"]).exits(8).says("within 1 s (--timeout)").says("may have run");
    call("cut", &[]).exits(7).says("may have run");
    call("reset", &[]).exits(7).says("may have run");
    call("drip", &[]).exits(0).prints("hi\n");
    call("huge", &["--max-size", "1M"]).exits(8).says("--max-size");
    assert_eq!(call("huge", &[]).exits(0).stdout.len(), (64 << 20) + 1);
}

#[test]
fn it_ends_when_told_to_and_says_when_the_port_is_taken() {
    let sandbox = Sandbox::new();
    sandbox.run(&["demo", "--port", "0", "--for", "1"]).exits(0).says("Ctrl-C ends it");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    sandbox.run(&["demo", "--port", &port]).exits(3).says("mcpoke demo --port 0");
}
