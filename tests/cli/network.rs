//! Connections: broken ones, reused ones, and those through a proxy.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::{Sandbox, Server, http, mcp};

#[test]
fn a_call_that_was_cut_off_is_not_sent_again() {
    let server = mcp(|request| (request.rpc() == "tools/call").then(Vec::new));
    Sandbox::new()
        .run(&["-s", &server.url, "call", "add"])
        .exits(7)
        .says("the server closed the connection")
        .says("may have run; it was not sent again");
    assert_eq!(server.methods().iter().filter(|method| *method == "tools/call").count(), 1);
}

#[test]
fn half_an_answer_is_no_answer() {
    let server = mcp(|request| {
        (request.rpc() == "tools/call").then(|| {
            let whole = request.result(&serde_json::json!({"content": []}));
            whole[..whole.len() - 5].to_vec()
        })
    });
    Sandbox::new().run(&["-s", &server.url, "call", "add"]).exits(7).says("may have run");
}

#[test]
fn a_redirect_is_reported_and_not_followed() {
    let other = Server::start(|_| http(200, &[], "{}"));
    let target = other.url.clone();
    let server = Server::start(move |_| http(307, &[("Location", &target)], ""));
    Sandbox::new()
        .run(&["init", &server.url, "--bearer", "secret-token-0123456789"])
        .exits(7)
        .says("redirected");
    assert!(other.requests().is_empty());
}

#[test]
fn headers_of_the_user_are_sent_and_can_replace_ours() {
    let server = mcp(|_| None);
    let sandbox = Sandbox::new();
    let args = [
        "-s",
        &server.url,
        "-H",
        "Accept: */*",
        "-H",
        "User-Agent: me",
        "-H",
        "X-A: 1",
        "-H",
        "X-A: 2",
        "ping",
    ];
    sandbox.run(&args).exits(0);
    let ping = server.requests().pop().unwrap();
    assert_eq!(ping.header("accept"), Some("*/*"));
    assert_eq!(ping.header("user-agent"), Some("me"));
    sandbox
        .run(&["-s", &server.url, "-H", "Content-Length: 5", "ping"])
        .exits(2)
        .says("HTTP layer");
}

/// A proxy that understands CONNECT and passes bytes on; what it was asked for is noted.
fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, log) = (client.unwrap(), Arc::clone(&log));
            std::thread::spawn(move || {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    client.read_exact(&mut byte).unwrap();
                    head.extend_from_slice(&byte);
                }
                let head = String::from_utf8(head).unwrap();
                let target = head.split_whitespace().nth(1).unwrap().to_owned();
                log.lock().unwrap().push(head);
                let mut server = TcpStream::connect(target).unwrap();
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                let _ = std::io::copy(&mut server, &mut client);
                let _ = client.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    (address, asked)
}

#[test]
fn a_proxy_is_gone_through_and_its_password_shown_nowhere() {
    let (server, (address, asked)) = (mcp(|_| None), proxy());
    let proxy = format!("http://user:pass-word-0123456789@{address}");
    let finished = Sandbox::new()
        .run(&["-s", &server.url, "--proxy", &proxy, "--trace", "--trace-file", "t.jsonl", "ping"])
        .exits(0)
        .says(&format!("through http://user:…@{address}"));
    assert!(!finished.stderr.contains("pass-word"), "{}", finished.stderr);
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with("CONNECT 127.0.0.1:"), "{asked:?}");
    assert!(asked[0].contains("Proxy-Authorization: Basic "), "{asked:?}");
}

#[test]
fn loopback_is_reached_directly_whatever_the_environment_says() {
    let server = mcp(|_| None);
    let sandbox = Sandbox::new()
        .with("http_proxy", "http://127.0.0.1:1")
        .with("ALL_PROXY", "http://127.0.0.1:1");
    sandbox.run(&["-s", &server.url, "ping"]).exits(0);
    sandbox.run(&["-s", &server.url, "--proxy", "http://127.0.0.1:1", "ping"]).exits(3);
    sandbox
        .run(&["-s", &server.url, "--proxy", "nonsense://x", "ping"])
        .exits(2)
        .says("--proxy names no proxy");
}

#[test]
fn one_process_uses_one_connection_where_it_can() {
    // The built-in server keeps connections open; so the handshake and a call in JSON need only one.
    let sandbox = Sandbox::new();
    let trace = sandbox.run(&["-s", "demo", "--trace", "ping"]).exits(0).stderr;
    assert!(trace.contains("connection reused"), "{trace}");
}
