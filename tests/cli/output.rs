//! Output streams: their contents, their colour, and closed pipes.

use std::io::Read as _;
use std::process::Stdio;

use crate::support::{Sandbox, http, mcp};

#[test]
fn results_go_to_stdout_and_notes_to_stderr() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    let listed = sandbox.run(&["-s", &server.url, "list-tools"]).exits(0).says("2 tools");
    assert_eq!(listed.stdout, "echo  message  Says it again\nadd   [a] [b]\n");
    let quiet = sandbox.run(&["-q", "list-tools"]).exits(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn colour_is_for_terminals_unless_asked_for() {
    let escapes = |sandbox: Sandbox, args: &[&str]| {
        let finished = sandbox.run(args);
        (finished.stdout.contains('\u{1b}'), finished.stderr.contains('\u{1b}'))
    };
    let trace = ["trace", "demo", "--trace"];
    assert_eq!(escapes(Sandbox::new(), &trace), (false, false));
    assert_eq!(
        escapes(Sandbox::new(), &[&trace[..], &["--color", "always"]].concat()),
        (true, true)
    );
    let forced = || Sandbox::new().with("CLICOLOR_FORCE", "1");
    assert_eq!(escapes(forced(), &trace), (true, true));
    assert_eq!(escapes(forced().with("NO_COLOR", "1"), &trace), (false, false));
    assert_eq!(escapes(forced(), &[&trace[..], &["--color", "never"]].concat()), (false, false));
}

#[test]
fn a_closed_stdout_ends_quietly() {
    let server = mcp(|request| {
        // More than a pipe's buffer holds, so that writing fails.
        let text = "x".repeat(1 << 20);
        let result = serde_json::json!({"content": [{"type": "text", "text": text}]});
        (request.rpc() == "tools/call").then(|| http(200, &[], &request.result_text(&result)))
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    for args in [&["call", "add", "--json"][..], &["call", "add"]] {
        let mut child =
            sandbox.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        let finished = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(finished.stderr).unwrap(), "");
        assert_eq!(finished.status.code(), Some(0));
    }
}

#[test]
fn what_a_server_says_cannot_drive_the_terminal() {
    let server = mcp(|request| {
        let evil = "\u{1b}[2J\u{202e}evil\u{200b}";
        match request.rpc() {
            "initialize" => Some(http(
                200,
                &[],
                &request.result_text(&serde_json::json!({
                "protocolVersion": "2025-11-25", "instructions": evil,
                "serverInfo": {"name": evil, "version": evil}})),
            )),
            "tools/list" => Some(request.result(&serde_json::json!({"tools": [
                {"name": evil, "description": evil, "inputSchema": {"properties": {evil: {}}}}]}))),
            "tools/call" => Some(request.error(400, -32602, evil)),
            _ => None,
        }
    });
    let sandbox = Sandbox::new();
    for args in
        [&["init", &server.url][..], &["list-tools"], &["call", "add", "--no-validate", "--trace"]]
    {
        let finished = sandbox.run(args);
        let seen = finished.stdout + &finished.stderr;
        for c in ['\u{1b}', '\u{202e}', '\u{200b}'] {
            assert!(!seen.contains(c), "{args:?} lets {} through:\n{seen}", c.escape_unicode());
        }
        assert!(seen.contains("\\u{1b}"), "{args:?}:\n{seen}");
    }
}

#[test]
fn help_and_version_are_no_failures() {
    let sandbox = Sandbox::new();
    let version = sandbox.run(&["--version"]).exits(0).stdout;
    assert_eq!(version, format!("mcpoke {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(sandbox.run(&["-V"]).exits(0).stdout, version);
    // With other options, the version takes the regular path and must be the same.
    assert_eq!(sandbox.run(&["--color", "never", "--version"]).exits(0).stdout, version);
    for command in [
        "init",
        "list-tools",
        "call",
        "trace",
        "ping",
        "sessions",
        "use",
        "close",
        "demo",
        "completions",
    ] {
        let help = sandbox.run(&[command, "--help"]).exits(0).stdout;
        assert!(help.contains("Usage: mcpoke"), "{help}");
    }
    sandbox.run(&[]).exits(2);
}
