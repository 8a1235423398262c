//! Provokes every exit code that can occur.

use serde_json::Value;

use crate::support::{Sandbox, Server, http, mcp};

/// Returns an address where nothing listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/mcp", listener.local_addr().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_11() {
    let sandbox = Sandbox::new();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for command in [
        &["-s", "demo", "list-tools"][..],
        &["-s", "demo", "call", "echo", "message=x", "--json"],
        &["--help"],
        &["call", "--help"],
        &["completions", "bash"],
    ] {
        let status = sandbox.command(command).stdout(full()).status().unwrap();
        assert_eq!(status.code(), Some(11), "{command:?}");
    }
    for name in ["t.jsonl", "t.har"] {
        let path = sandbox.home().join(name);
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let shown = sandbox.run(&["-s", "demo", "call", "echo", "message=x", "--trace-file", name]);
        shown.exits(11).says("cannot write").says(name);
    }
    sandbox
        .run(&["-s", "demo", "call", "image", "--output", "/dev/full"])
        .exits(11)
        .says("/dev/full");
    sandbox
        .run(&["-s", "demo", "ping", "--trace-file", "no/folder.har"])
        .exits(11)
        .says("cannot write");
}

#[test]
fn quiet_and_json_leave_one_object_on_stderr() {
    let sandbox = Sandbox::new();
    for command in [
        &["-s", "demo", "call", "nope", "--json", "-q"][..],
        &["-s", "demo", "call", "--json", "--quiet", "--bogus"],
        &["-s", "http://127.0.0.1:1/", "ping", "--json", "-q"],
    ] {
        let stderr = sandbox.run(command).fails().stderr;
        let value: serde_json::Value = serde_json::from_str(&stderr).unwrap();
        assert!(value["error"]["message"].is_string(), "{stderr}");
    }
}

#[test]
fn zero_when_it_worked() {
    Sandbox::new().run(&["-s", "demo", "call", "echo", "message=hi"]).exits(0).prints("hi\n");
}

#[test]
fn one_when_the_tool_reports_failure() {
    Sandbox::new().run(&["-s", "demo", "call", "fail"]).exits(1);
}

#[test]
fn two_for_wrong_usage() {
    let sandbox = Sandbox::new();
    for args in [
        &["nonsense"][..],
        &["call"],
        &["ping", "--timeout", "x"],
        &["ping"],
        &["-s", "http://h:99999/", "ping"],
        &["-s", "demo", "call", "add", "a=x"],
        &["-s", "demo", "-H", "nonsense", "ping"],
        &["-s", "demo", "--bearer", "env:NOT_SET", "ping"],
        &["-s", "demo", "--no-session", "--session-id", "x", "ping"],
        &["init", "demo"],
    ] {
        sandbox.run(args).exits(2);
    }
}

#[test]
fn three_when_the_server_cannot_be_reached() {
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &nobody()]).exits(3).says("connection refused");
    sandbox.run(&["init", "http://name.invalid/mcp"]).exits(3).says("cannot reach the server");
}

#[test]
fn four_when_the_server_wants_other_credentials() {
    for status in [401, 403] {
        let challenge = [("WWW-Authenticate", "Bearer error=\"invalid_token\"")];
        let server = Server::start(move |_| http(status, &challenge, ""));
        Sandbox::new()
            .run(&["init", &server.url])
            .exits(4)
            .says("auth-required")
            .says("www-authenticate: Bearer");
    }
}

#[test]
fn five_when_the_session_is_missing() {
    Sandbox::new()
        .run(&["-s", "demo", "--no-session", "call", "echo", "message=hi"])
        .exits(5)
        .says("session-missing");
    Sandbox::new()
        .run(&["-s", "demo", "--session-id", "made-up", "ping"])
        .exits(5)
        .says("session-expired");
}

#[test]
fn six_for_a_json_rpc_error() {
    let server = mcp(|request| {
        (request.rpc() == "ping").then(|| request.error(200, -32601, "Method not found"))
    });
    Sandbox::new().run(&["-s", &server.url, "ping"]).exits(6).says("-32601 Method not found");
}

#[test]
fn seven_when_it_is_not_mcp() {
    let server =
        Server::start(|_| http(200, &[("Content-Type", "text/html")], "<html>hello</html>"));
    Sandbox::new().run(&["init", &server.url]).exits(7).says("not-mcp");
    let server = Server::start(|_| http(404, &[], "Not found"));
    Sandbox::new().run(&["init", &server.url]).exits(7).says("wrong-path");
    let server = Server::start(|_| http(307, &[("Location", "/mcp/")], ""));
    Sandbox::new().run(&["init", &server.url]).exits(7).says("location: /mcp/");
    let server = Server::start(|_| b"SSH-2.0-OpenSSH_9.9\r\n".to_vec());
    Sandbox::new().run(&["init", &server.url]).exits(7).says("not HTTP/1.1");
}

#[test]
fn eight_when_a_limit_is_reached() {
    let server = Server::raw(|_, _| std::thread::sleep(std::time::Duration::from_secs(3)));
    for option in ["--timeout", "--first-byte-timeout", "--silence-timeout"] {
        Sandbox::new()
            .run(&["init", &server.url, option, "0.3"])
            .exits(8)
            .says(option)
            .says("may have run");
    }
    let server = Server::start(|request| request.result(&"x".repeat(100_000).into()));
    Sandbox::new().run(&["init", &server.url, "--max-size", "10K"]).exits(8).says("--max-size");
}

#[test]
fn nine_when_state_cannot_be_read() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.state().join("current")).unwrap();
    sandbox.run(&["ping"]).exits(9).says("cannot read").says("current");
}

#[test]
fn a_failure_in_json_is_the_last_line_of_stderr() {
    let finished = Sandbox::new()
        .run(&["-s", "demo", "--no-session", "--json", "call", "echo", "message=hi"])
        .exits(5);
    let error: Value = serde_json::from_str(finished.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["kind"], "session");
    assert_eq!(error["error"]["exit"], 5);
    assert_eq!(error["error"]["status"], 400);
    assert_eq!(error["error"]["rpc"]["code"], -32000);
    assert_eq!(error["error"]["findings"][0]["id"], "session-missing");
    assert_eq!(finished.stdout, "");
}
