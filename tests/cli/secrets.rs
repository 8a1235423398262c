//! Planted secrets: they reach the server, and nothing that a person or a file sees.

use crate::support::{Sandbox, Server, http, mcp};

const BEARER: &str = "planted-bearer-0123456789";
const KEY: &str = "planted-key-0123456789";
const SESSION: &str = "session-0123456789abcdef";

#[test]
fn a_secret_is_printed_nowhere() {
    let sandbox = Sandbox::new().with("KEY", KEY);
    // The server echoes what it is sent, as some do in their errors.
    let echoing = mcp(|request| {
        let said =
            format!("{:?} {:?}", request.header("authorization"), request.header("mcp-session-id"));
        match request.rpc() {
            "tools/call" => Some(request.error(200, -32603, &said.replace('"', "'"))),
            _ => None,
        }
    });
    let refusing = Server::start(|request| {
        http(
            401,
            &[("WWW-Authenticate", "Bearer")],
            &format!("no {:?}", request.header("x-api-key")),
        )
    });
    let secrets = ["--bearer", BEARER, "-H", "X-Api-Key: ${KEY}"];
    let traced = ["--trace", "--trace-file", "t.jsonl", "--json"];
    let mut printed = String::new();
    for command in [
        &["init", &echoing.url][..],
        &["list-tools"],
        &["call", "add"],
        &["ping"],
        &["sessions"],
        &["trace", &echoing.url],
        &["--session-id", SESSION, "ping"],
        &["init", &refusing.url],
        &["-s", "http://127.0.0.1:1/", "ping"],
        &["close"],
    ] {
        let args: Vec<&str> = secrets.iter().chain(&traced).chain(command).copied().collect();
        let finished = sandbox.run(&args);
        printed.push_str(&finished.stdout);
        printed.push_str(&finished.stderr);
        printed
            .push_str(&std::fs::read_to_string(sandbox.home().join("t.jsonl")).unwrap_or_default());
    }
    for secret in [BEARER, KEY, SESSION] {
        assert!(!printed.contains(secret), "{secret} was printed:\n{printed}");
    }
    assert!(printed.contains("Bearer …6789") && printed.contains("session-… (24)"), "{printed}");
    // They did reach the server, or this test would show nothing.
    assert!(echoing.requests().iter().any(|request| request.header("x-api-key") == Some(KEY)));
}

#[test]
fn show_secrets_shows_them() {
    let server = mcp(|_| None);
    let args = ["-s", &server.url, "--bearer", BEARER, "--trace", "--show-secrets", "ping"];
    Sandbox::new().run(&args).exits(0).says(BEARER).says(SESSION);
}
