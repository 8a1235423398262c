//! Planted secrets: the server gets them, but they never appear in output or files.

use crate::support::{Sandbox, Server, http, mcp};

const BEARER: &str = "planted-bearer-0123456789";
const KEY: &str = "planted-key-0123456789";
const SESSION: &str = "session-0123456789abcdef";

#[test]
fn a_secret_is_printed_nowhere() {
    let sandbox = Sandbox::new().with("KEY", KEY);
    // Some servers echo what they received in their errors.
    let echoing = mcp(|request| {
        let said =
            format!("{:?} {:?}", request.header("authorization"), request.header("mcp-session-id"));
        match request.rpc() {
            // Put the id and the token in unexpected places.
            "initialize" => Some(http(
                200,
                &[("Mcp-Session-Id", SESSION), ("X-Link", &format!("/{SESSION}/{BEARER}"))],
                &request.result_text(&serde_json::json!({
                    "protocolVersion": "2025-11-25",
                    "instructions": format!("{SESSION} {BEARER}"),
                    "serverInfo": {"name": BEARER, "version": SESSION},
                })),
            )),
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
    let traced = ["--trace", "--trace-file", "t.jsonl"];
    let mut printed = String::new();
    for command in [
        &["init", &echoing.url][..],
        &["list-tools"],
        &["call", "add"],
        &["ping"],
        &["sessions"],
        &["trace", &echoing.url],
        &["--session-id", SESSION, "ping"],
        &["--json", "call", "add"],
        &["init", "http://user:planted-password-0123456789@127.0.0.1:99999/"],
        &["init", "http://127.0.0.1:1/?token=planted-query-0123456789"],
        &["--json", "-s", &format!("{}?token=abc/planted-query%3D%3d", refusing.url), "ping"],
        &["use", "http://127.0.0.1:1/?token=planted-query-0123456789"],
        &["close", "http://127.0.0.1:1/?token=planted-query-0123456789"],
        &["-s", "http://127.0.0.1:99999/?token=planted-query-0123456789", "ping"],
        &["-s", &echoing.url, "--proxy", "user:planted-password-0123456789@127.0.0.1:1", "ping"],
        &[
            "-s",
            &echoing.url,
            "--proxy",
            "http://u:planted-password-0123456789@127.0.0.1:99999",
            "ping",
        ],
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
    for entry in std::fs::read_dir(sandbox.state().join("sessions")).into_iter().flatten() {
        printed.push_str(&entry.unwrap().file_name().to_string_lossy());
    }
    for secret in [BEARER, KEY, SESSION, "planted-password", "planted-query"] {
        assert!(!printed.contains(secret), "{secret} was printed:\n{printed}");
    }
    assert!(printed.contains("Bearer …6789") && printed.contains("session-… (24)"), "{printed}");
    // Without this, the test would prove nothing.
    assert!(echoing.requests().iter().any(|request| request.header("x-api-key") == Some(KEY)));
}

#[test]
fn show_secrets_shows_them() {
    let server = mcp(|_| None);
    let args = ["-s", &server.url, "--bearer", BEARER, "--trace", "--show-secrets", "ping"];
    Sandbox::new().run(&args).exits(0).says(BEARER).says(SESSION);
}
