//! What a command waits for beside the server: `--timeout` ends each wait, and no process stays.

use std::time::{Duration, Instant};

use crate::support::{Finished, Sandbox, http, mcp};

/// Checks that a command failed with this text, wherever its lines are broken.
fn fails_with(finished: &Finished, command: &[&str], text: &str) {
    assert_ne!(finished.code, 0, "{command:?}");
    let said = finished.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(text), "{command:?}: {said}");
}

/// Runs a command with `--timeout 1`, which has to fail with this text in time.
fn ends(sandbox: &Sandbox, command: &[&str], text: &str) {
    let began = Instant::now();
    let finished = sandbox.run(&[&["--timeout", "1"], command].concat());
    assert!(began.elapsed() < Duration::from_secs(4), "{command:?} took {:?}", began.elapsed());
    fails_with(&finished, command, text);
}

#[test]
fn a_pipe_that_nobody_writes_to_ends_with_the_timeout() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    let pipe = sandbox.home().join("pipe").display().to_string();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (bearer, value, args) =
        (format!("file:{pipe}"), format!("message=@{pipe}"), format!("@{pipe}"));
    let header = format!("X-A: file:{pipe}");
    for command in [
        &["-s", &server.url, "--bearer", &bearer, "ping"][..],
        &["-s", &server.url, "-H", &header, "ping"],
        &["-s", "https://127.0.0.1:1/", "--cacert", &pipe, "ping"],
        &["-s", "demo", "call", "echo", "--each", &pipe],
        &["-s", "demo", "call", "echo", &value],
        &["-s", "demo", "call", "echo", "--args", &args],
        &["-s", "demo", "call", "echo", "message=x", "--answers", &pipe],
        &["trace", "--read", &pipe],
    ] {
        ends(&sandbox, command, "the input was not complete within 1 s (--timeout)");
    }
}

#[test]
fn a_pipe_that_nobody_reads_ends_with_the_timeout() {
    let sandbox = Sandbox::new();
    let pipe = sandbox.home().join("pipe.jsonl").display().to_string();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for command in [
        &["-s", "demo", "call", "echo", "message=x", "--output", &pipe][..],
        &["-s", "demo", "call", "echo", "message=x", "--trace-file", &pipe],
        &["-s", "demo", "check", "--junit", &pipe],
        &["trace", "demo", "--html", &pipe],
        &["trace", "demo", "--markdown", &pipe],
    ] {
        ends(&sandbox, command, "no process opened the pipe within 1 s (--timeout)");
    }
    // In place of a file of state.
    let server = mcp(|_| None);
    sandbox.run(&["init", &server.url]).exits(0);
    let record = sandbox.state().join("sessions/scripted.json");
    std::fs::remove_file(&record).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&record).status().unwrap().success());
    ends(&sandbox, &["ping"], "it is not a file");
}

#[test]
fn a_server_that_asks_for_samples_without_end_is_not_served_longer_than_the_timeout() {
    let server = mcp(|request| {
        (request.rpc() == "tools/call").then(|| {
            let ask = |id: usize| format!(
                "data: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"sampling/createMessage\",\"params\":{{}}}}\n\n"
            );
            let events: String = (0..50).map(ask).collect();
            http(200, &[("Content-Type", "text/event-stream")], &events)
        })
    });
    let sandbox = Sandbox::new();
    let call = [
        "-s",
        &server.url,
        "call",
        "echo",
        "message=x",
        "--sampling-command",
        "sleep 0.4; echo hi",
    ];
    ends(&sandbox, &call, "--timeout");
}

#[test]
fn a_device_without_an_end_is_too_large() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    let zero = "/dev/zero";
    for (command, text) in [
        (&["-s", &server.url, "--bearer", "file:/dev/zero", "ping"][..], "larger than 4 MiB"),
        (&["-s", "https://127.0.0.1:1/", "--cacert", zero, "ping"], "larger than 4 MiB"),
        (&["-s", "demo", "call", "echo", "message=@/dev/zero"], "larger than 64 MiB"),
        (&["-s", "demo", "call", "echo", "--args", "@/dev/zero"], "larger than 64 MiB"),
        (&["-s", "demo", "call", "echo", "--each", zero], "longer than 64 MiB"),
        (&["trace", "--read", zero], "larger than 64 MiB"),
        (&["-s", &server.url, "--token-command", "yes", "ping"], "larger than 64 MiB"),
    ] {
        let finished = sandbox.run(&[&["--timeout", "20"], command].concat());
        fails_with(&finished, command, text);
    }
}

#[test]
fn a_program_that_does_not_end_is_ended_with_its_children() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    for (program, length) in
        [("sleep 4711", "4711"), ("sleep 4712 & echo t; sleep 4713", "471[23]")]
    {
        ends(
            &sandbox,
            &["-s", &server.url, "--token-command", program, "ping"],
            "sent no output within 1 s",
        );
        ends(
            &sandbox,
            &["-s", "demo", "call", "sample", "--sampling-command", program],
            "sent no output within",
        );
        let left =
            std::process::Command::new("pgrep").args(["-f", &format!("^sleep {length}")]).output();
        assert_eq!(String::from_utf8(left.unwrap().stdout).unwrap(), "", "{program}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_pipe_is_read_to_its_end() {
    let sandbox = Sandbox::new();
    let pipe = sandbox.home().join("pipe").display().to_string();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (text, command, printed) in [
        ("{\"message\": \"x\"}", vec!["--args".to_owned(), format!("@{pipe}")], "x\n"),
        ("long", vec![format!("message=@{pipe}")], "long\n"),
    ] {
        let (to, text) = (pipe.clone(), text.to_owned());
        let writer = std::thread::spawn(move || std::fs::write(to, text).unwrap());
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        sandbox
            .run(&[&["-s", "demo", "call", "echo"][..], &command].concat())
            .exits(0)
            .prints(printed);
        writer.join().unwrap();
    }
    // Much more than one piece, and lines across pieces.
    let lines = format!("{{\"message\": \"{}\"}}\n", "y".repeat(50_000)).repeat(9);
    let to = pipe.clone();
    let writer = std::thread::spawn(move || std::fs::write(to, lines).unwrap());
    let told = sandbox.run(&["-s", "demo", "call", "echo", "--each", &pipe]).exits(0).stdout;
    writer.join().unwrap();
    assert_eq!(told.matches(&"y".repeat(50_000)).count(), 9);
}
