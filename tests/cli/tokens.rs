//! Tokens from `--token-command`.

use serde_json::json;

use crate::support::{Sandbox, http, mcp};

#[test]
fn a_token_comes_from_a_command_each_time_anew() {
    let server = mcp(|request| {
        let known = ["Bearer t0ken-first-0123", "Bearer t0ken-second-456"];
        let given = request.header("authorization").unwrap_or_default();
        (!known.contains(&given)).then(|| http(401, &[("WWW-Authenticate", "Bearer")], ""))
    });
    let sandbox = Sandbox::new();
    let say =
        |token: &str| std::fs::write(sandbox.home().join("token"), format!("{token}\n")).unwrap();
    say("t0ken-first-0123");
    sandbox.run(&["init", &server.url]).exits(4).says("--token-command");
    sandbox.run(&["init", &server.url, "--token-command", "cat token"]).exits(0);
    let record = std::fs::read_to_string(sandbox.state().join("sessions/scripted.json")).unwrap();
    assert!(record.contains("cat token") && !record.contains("t0ken-first"), "{record}");
    // Another token of the same user continues the session, and is hidden as well.
    say("t0ken-second-456");
    let finished = sandbox.run(&["call", "echo", "message=hi", "--trace"]).exits(0);
    assert!(!finished.stderr.contains("t0ken-second"), "{}", finished.stderr);
    assert_eq!(server.methods().iter().filter(|method| *method == "initialize").count(), 2);
    let last = server.requests().pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer t0ken-second-456"));
    std::fs::remove_file(sandbox.home().join("token")).unwrap();
    let failed = sandbox
        .run(&["--json", "call", "echo", "message=hi"])
        .exits(4)
        .says("--token-command failed");
    let last: serde_json::Value =
        serde_json::from_str(failed.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["kind"], json!("auth"));
    sandbox.run(&["ping", "--token-command", "x", "--bearer", "y"]).exits(2);
}

#[cfg(unix)]
#[test]
fn the_built_in_server_may_want_a_token() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["demo", "--port", "0", "--for", "60", "--auth", "bearer"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let url = url.trim();
    for version in ["2025-11-25", "2026-07-28"] {
        let run = |more: &[&str]| {
            sandbox.run(
                &[
                    &[
                        "-s",
                        url,
                        "--no-save",
                        "--protocol-version",
                        version,
                        "call",
                        "echo",
                        "message=hi",
                    ],
                    more,
                ]
                .concat(),
            )
        };
        run(&[]).exits(4).says("auth-required");
        run(&["--bearer", "wrong-token"]).exits(4).says("invalid_token");
        run(&["--token-command", "printf demo-token"]).exits(0).prints("hi\n");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn a_token_command_may_ask_at_the_terminal() {
    let server = mcp(|request| {
        let known = request.header("authorization") == Some("Bearer t0ken-typed-0123");
        (!known).then(|| http(401, &[("WWW-Authenticate", "Bearer")], ""))
    });
    let sandbox = Sandbox::new();
    let ask = "printf 'Token: ' >&2; read -r token; echo \"$token\"";
    let args = ["init", &server.url, "--token-command", ask];
    let (shown, code) = crate::support::on_a_terminal(&sandbox, &args, &["t0ken-typed-0123"]);
    assert!(code == 0 && shown.contains("Token: "), "{shown}");
}
