//! What is remembered, and what becomes of it.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::{Request, Sandbox, Server, http, mcp};

/// How a server refuses a session.
type Refusal = fn(&Request) -> Vec<u8>;

/// A server that loses every session once, answering to it in this way, and issues a new one.
fn forgetful(lost: Refusal) -> Server {
    let opened = AtomicUsize::new(0);
    mcp(move |request| {
        if request.rpc() == "initialize" {
            let number = opened.fetch_add(1, Ordering::SeqCst);
            let id = format!("session-number-{number}-0123456789");
            let result = json!({"protocolVersion": "2025-11-25", "serverInfo": {"name": "forgetful", "version": "1"}});
            let headers = [("Mcp-Session-Id", id.as_str())];
            return Some(http(200, &headers, &request.result_text(&result)));
        }
        let first = request.header("mcp-session-id") == Some("session-number-0-0123456789");
        (first && request.rpc() == "tools/call").then(|| lost(request))
    })
}

#[test]
fn a_lost_session_is_renewed_once_and_said() {
    let shapes: [Refusal; 4] = [
        |request| request.error(404, -32001, "Session not found"),
        |request| request.error(400, -32000, "Bad Request: No valid session ID provided"),
        |request| request.error(404, -32600, "Session not found"),
        |_| http(404, &[("Content-Type", "text/plain")], "session not found\n"),
    ];
    for lost in shapes {
        let (sandbox, server) = (Sandbox::new(), forgetful(lost));
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox
            .run(&["call", "echo", "message:=\"hi\""])
            .exits(0)
            .prints("{\"message\":\"hi\"}\n")
            .says("opened a new one")
            .says("Whatever the server kept in the old one is gone.");
        let methods = server.methods();
        let expected = [
            "initialize",
            "notifications/initialized",
            "tools/call",
            "initialize",
            "notifications/initialized",
            "tools/call",
        ];
        assert_eq!(methods, expected);
        assert_eq!(
            server.requests()[3].header("mcp-session-id"),
            None,
            "the dead id is not sent along"
        );
        sandbox.run(&["call", "echo", "message:=\"hi\""]).exits(0);
        assert_eq!(server.methods().len(), 7, "the new session is remembered");
    }
}

#[test]
fn without_renewal_a_lost_session_is_exit_5() {
    let (sandbox, server) =
        (Sandbox::new(), forgetful(|request| request.error(404, -32001, "Session not found")));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox
        .run(&["--no-renew", "call", "echo", "message:=1"])
        .exits(5)
        .says("session-expired")
        .says("mcpoke init forgetful");
    assert_eq!(server.methods().iter().filter(|method| *method == "initialize").count(), 1);
}

#[test]
fn a_session_that_stays_lost_is_not_renewed_for_ever() {
    let (sandbox, server) = (
        Sandbox::new(),
        mcp(|request| {
            (request.rpc() == "tools/call").then(|| request.error(404, -32001, "Session not found"))
        }),
    );
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "echo", "message:=1"]).exits(5);
    assert_eq!(server.methods().iter().filter(|method| *method == "tools/call").count(), 2);
}

#[test]
fn a_refusal_for_another_reason_is_not_taken_for_a_lost_session() {
    let (sandbox, server) = (
        Sandbox::new(),
        mcp(|request| {
            (request.rpc() == "tools/call").then(|| request.error(400, -32602, "Invalid params"))
        }),
    );
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "echo", "message:=1"]).exits(6).says("Invalid params");
    assert_eq!(server.methods().iter().filter(|method| *method == "tools/call").count(), 1);
}

#[test]
fn a_session_is_never_sent_with_other_credentials() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url, "--bearer", "first-token-0123456789"]).exits(0);
    sandbox.run(&["ping"]).exits(0);
    let ping = server.requests().pop().unwrap();
    assert_eq!(ping.header("authorization"), Some("Bearer first-token-0123456789"));
    sandbox
        .run(&["ping", "--bearer", "second-token-0123456789"])
        .exits(0)
        .says("other credentials");
    // A session of its own for this once, ended afterwards.
    let methods = server.methods();
    assert_eq!(methods[3..], ["initialize", "notifications/initialized", "ping", "DELETE"]);
    assert!(server.requests()[3..].iter().all(|request| {
        request.header("authorization") == Some("Bearer second-token-0123456789")
    }));
    // What is remembered stays as it was; a header that says nothing about who is asking changes nothing.
    sandbox.run(&["ping", "-H", "X-Note: 1"]).exits(0);
    assert_eq!(server.methods().len(), 8);
    let last = server.requests().pop().unwrap();
    assert_eq!(last.header("x-note"), Some("1"));
    assert_eq!(last.header("authorization"), Some("Bearer first-token-0123456789"));
}

#[test]
fn a_reference_whose_value_has_changed_opens_a_new_session_and_stays_a_reference() {
    let (home, server) = (tempfile::tempdir().unwrap(), mcp(|_| None));
    let state = home.path().join("state").display().to_string();
    let with = |token: &str| Sandbox::new().with("TOKEN", token).with("MCPOKE_STATE_DIR", &state);
    let args = ["init", &server.url, "--bearer", "env:TOKEN", "--capabilities", r#"{"roots":{}}"#];
    with("one-0123456789").run(&args).exits(0);
    with("two-0123456789").run(&["ping"]).exits(0).says("other credentials");
    with("two-0123456789").run(&["ping"]).exits(0);
    let methods = server.methods();
    assert_eq!(methods[2..], ["initialize", "notifications/initialized", "ping", "ping"]);
    assert_eq!(server.requests()[2].body["params"]["capabilities"], json!({"roots": {}}));
    let record = home.path().join("state/sessions/scripted.json");
    let record = std::fs::read_to_string(record).unwrap();
    assert!(record.contains("env:TOKEN") && !record.contains("two-0123456789"), "{record}");
}

#[test]
fn a_secret_given_as_a_reference_is_kept_as_one() {
    let sandbox = Sandbox::new().with("TOKEN", "token-from-variable");
    let server = mcp(|_| None);
    sandbox
        .run(&["init", &server.url, "-H", "X-Api-Key: ${TOKEN}", "--bearer", "env:TOKEN"])
        .exits(0);
    let first = &server.requests()[0];
    assert_eq!(first.header("x-api-key"), Some("token-from-variable"));
    assert_eq!(first.header("authorization"), Some("Bearer token-from-variable"));
    let record = std::fs::read_to_string(sandbox.state().join("sessions/scripted.json")).unwrap();
    assert!(!record.contains("token-from-variable") && record.contains("${TOKEN}"), "{record}");
}

#[test]
fn the_bearer_of_the_environment_is_used_and_not_kept() {
    let sandbox = Sandbox::new().with("MCPOKE_BEARER", "token-of-the-environment");
    let server = mcp(|_| None);
    sandbox.run(&["init", &server.url]).exits(0);
    assert_eq!(
        server.requests()[0].header("authorization"),
        Some("Bearer token-of-the-environment")
    );
    let record = std::fs::read_to_string(sandbox.state().join("sessions/scripted.json")).unwrap();
    assert!(!record.contains("token-of-the-environment"), "{record}");
    sandbox.run(&["ping"]).exits(0);
    assert_eq!(server.methods().len(), 3, "the same credentials, the same session");
}

#[test]
fn servers_are_remembered_listed_chosen_and_forgotten() {
    let (sandbox, one, two) = (Sandbox::new(), mcp(|_| None), mcp(|_| None));
    sandbox.run(&["init", &one.url]).exits(0);
    sandbox.run(&["init", &two.url, "--name", "other"]).exits(0);
    let listed: Value =
        serde_json::from_str(&sandbox.run(&["sessions", "--json"]).exits(0).stdout).unwrap();
    assert_eq!(listed[0]["name"], "other");
    assert_eq!((&listed[0]["current"], &listed[1]["current"]), (&json!(true), &json!(false)));
    assert!(!listed.to_string().contains("session-0123456789abcdef"));
    sandbox.run(&["use", "scripted"]).exits(0);
    sandbox.run(&["ping"]).exits(0);
    assert_eq!(one.methods().last().unwrap(), "ping");
    sandbox.run(&["-s", &two.url, "ping"]).exits(0);
    assert_eq!(
        two.methods(),
        ["initialize", "notifications/initialized", "ping"],
        "found by its URL"
    );
    sandbox.run(&["use", "othr"]).exits(2).says("did you mean `other`?");
    sandbox.run(&["init", &one.url, "--name", "other"]).exits(2).says("is the name of");
    sandbox.run(&["close", "--all"]).exits(0);
    sandbox.run(&["ping"]).exits(2).says("none was initialised yet");
}

#[test]
fn every_answer_to_delete_ends_in_forgetting() {
    let answers: [(u16, &str, &str); 6] = [
        (200, "", "session ended"),
        (202, "", "session ended"),
        (204, "", "session ended"),
        (405, "", "does not let clients end sessions"),
        (404, "<html>Cannot DELETE /mcp</html>", "did not know its session"),
        (500, "Internal Server Error", "answered 500"),
    ];
    for (status, body, says) in answers {
        let (sandbox, server) = (
            Sandbox::new(),
            mcp(move |request| (request.method == "DELETE").then(|| http(status, &[], body))),
        );
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox.run(&["close"]).exits(0).says(says);
        sandbox.run(&["close", "scripted"]).exits(2);
    }
}

#[test]
fn a_server_that_is_gone_can_be_forgotten() {
    let sandbox = Sandbox::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    drop(listener);
    let server = mcp(|_| None);
    sandbox.run(&["init", &server.url]).exits(0);
    let path = sandbox.state().join("sessions/scripted.json");
    let record = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, record.replace(&server.url, &url)).unwrap();
    sandbox.run(&["close"]).exits(3).says("mcpoke close scripted --forget");
    sandbox.run(&["close", "--forget"]).exits(0);
    sandbox.run(&["sessions"]).exits(0).says("nothing is remembered");
}

#[test]
fn a_damaged_record_is_reported_and_not_thrown_away() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    let path = sandbox.state().join("sessions/scripted.json");
    std::fs::write(&path, "").unwrap();
    sandbox.run(&["ping"]).exits(9).says("scripted.json").says("the file is empty");
    assert!(path.exists());
    sandbox.run(&["--no-save", "-s", &server.url, "ping"]).exits(0);
    sandbox.run(&["close", "scripted", "--forget"]).exits(0);
    assert!(!path.exists());
}

#[cfg(unix)]
#[test]
fn a_warm_call_writes_no_file() {
    use std::os::unix::fs::MetadataExt as _;
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["list-tools"]).exits(0);
    let snapshot = || {
        let mut files: Vec<_> = walk(&sandbox.state());
        files.sort();
        files
            .into_iter()
            .map(|path| {
                let meta = path.metadata().unwrap();
                (path, meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.mode())
            })
            .collect::<Vec<_>>()
    };
    let before = snapshot();
    sandbox.run(&["call", "echo", "message=hi"]).exits(0);
    assert_eq!(snapshot(), before);
    assert_eq!(server.requests().last().unwrap().connection, server.requests().len() - 1);
    for (path, _, _, _, mode) in before {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode & 0o777, expected, "{}", path.display());
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn state_that_cannot_be_written_stops_init_and_not_a_call() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.state(), "a file where the folder should be").unwrap();
    let server = mcp(|_| None);
    sandbox.run(&["init", &server.url]).exits(9).says("state");
}

#[test]
fn every_shape_of_a_lost_session_is_renewed() {
    fn text(status: u16, body: &str) -> Vec<u8> {
        http(status, &[], body)
    }
    // With each: whether it leaves doubt, so that a `ping` is sent first.
    let shapes: [(Refusal, bool); 10] = [
        (|request| request.error(404, -32001, "Session not found"), false),
        (|request| request.error(404, -32600, "Session not found"), false),
        (|_| text(404, "session not found\n"), false),
        (|request| request.error(400, -32000, "Bad Request: No valid session ID provided"), false),
        (|_| text(400, "Bad Request: No valid session ID provided"), false),
        (|_| text(401, "Unauthorized: Session not found"), false),
        (|_| text(410, "session terminated"), false),
        (|_| text(422, "Unexpected message, expect initialize request"), true),
        (|_| text(503, "{\"error\": \"unknown session\"}"), true),
        (|request| request.error(200, -32001, "no such session"), true),
    ];
    for (index, (lost, doubtful)) in shapes.into_iter().enumerate() {
        let (sandbox, server) = (Sandbox::new(), forgetful_of_all(lost));
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox
            .run(&["call", "echo", "message:=\"hi\""])
            .exits(0)
            .prints("{\"message\":\"hi\"}\n")
            .says("opened a new one");
        let methods = server.methods();
        let pings = methods.iter().filter(|method| *method == "ping").count();
        assert_eq!(pings, usize::from(doubtful), "shape {index}: {methods:?}");
        let calls = methods.iter().filter(|method| *method == "tools/call").count();
        assert_eq!(calls, 2, "shape {index}: {methods:?}");
    }
}

/// A server that refuses everything in its first session in this way.
fn forgetful_of_all(lost: Refusal) -> Server {
    let opened = AtomicUsize::new(0);
    mcp(move |request| {
        if request.rpc() == "initialize" {
            let number = opened.fetch_add(1, Ordering::SeqCst);
            let id = format!("session-number-{number}-0123456789");
            let result = json!({"protocolVersion": "2025-11-25", "serverInfo": {"name": "forgetful", "version": "1"}});
            return Some(http(
                200,
                &[("Mcp-Session-Id", id.as_str())],
                &request.result_text(&result),
            ));
        }
        let first = request.header("mcp-session-id") == Some("session-number-0-0123456789");
        (first && request.rpc() != "notifications/initialized").then(|| lost(request))
    })
}

#[test]
fn a_call_that_may_have_run_is_not_repeated_though_the_session_is_renewed() {
    let empty: Refusal = |_| http(200, &[("Content-Type", "text/event-stream")], "");
    let (sandbox, server) = (Sandbox::new(), forgetful_of_all(empty));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox
        .run(&["call", "add", "a:=1"])
        .exits(5)
        .says("opened a new one")
        .says("may have run; it was not sent again");
    assert_eq!(server.methods().iter().filter(|method| *method == "tools/call").count(), 1);
    sandbox.run(&["call", "add", "a:=1"]).exits(0);
    // What does no harm is repeated.
    let (sandbox, server) = (Sandbox::new(), forgetful_of_all(empty));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["list-tools"]).exits(0).says("opened a new one");
}

#[test]
fn doubt_is_cleared_up_before_a_session_is_given_up() {
    // The request itself is refused with 422; the session is alive, as a ping shows.
    let (sandbox, server) = (
        Sandbox::new(),
        mcp(|request| {
            (request.rpc() == "tools/call").then(|| http(422, &[], "the arguments are wrong"))
        }),
    );
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "add", "a:=1"]).exits(7).says("the arguments are wrong");
    let methods = server.methods();
    assert_eq!(methods[2..], ["tools/call", "ping"]);
}

#[test]
fn a_challenge_is_not_taken_for_a_lost_session() {
    let (sandbox, server) = (
        Sandbox::new(),
        mcp(|request| {
            (request.rpc() == "tools/call")
                .then(|| http(401, &[("WWW-Authenticate", "Bearer")], "session expired"))
        }),
    );
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "add", "a:=1"]).exits(4);
    assert_eq!(server.methods()[2..], ["tools/call"]);
}

/// Runs the command many times at once.
fn at_once(sandbox: &Sandbox, times: usize, args: &[&str]) -> Vec<std::process::Output> {
    let children: Vec<_> = (0..times)
        .map(|_| {
            let mut command = sandbox.command(args);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    children.into_iter().map(|child| child.wait_with_output().unwrap()).collect()
}

#[test]
fn many_processes_that_notice_at_once_make_one_new_session() {
    let (sandbox, server) = (
        Sandbox::new(),
        forgetful_of_all(|request| request.error(404, -32001, "Session not found")),
    );
    sandbox.run(&["init", &server.url]).exits(0);
    for output in at_once(&sandbox, 32, &["call", "echo", "message:=\"hi\""]) {
        assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"message\":\"hi\"}\n", "{output:?}");
    }
    let count = |method: &str| server.methods().iter().filter(|sent| *sent == method).count();
    assert_eq!(count("initialize"), 2, "the first, and one renewal");
    assert_eq!(count("notifications/initialized"), 2);
}

#[test]
fn many_processes_that_meet_a_new_server_at_once_make_one_session() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    for output in at_once(&sandbox, 16, &["-s", &server.url, "ping"]) {
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(server.methods().iter().filter(|method| *method == "initialize").count(), 1);
}

#[test]
fn many_calls_at_once_in_one_session_get_their_own_answers() {
    let (sandbox, server) = (
        Sandbox::new(),
        mcp(|request| {
            if request.rpc() == "tools/call" {
                std::thread::sleep(std::time::Duration::from_secs(1));
            }
            None
        }),
    );
    sandbox.run(&["init", &server.url]).exits(0);
    let children: Vec<_> = (0..32)
        .map(|number| {
            let argument = format!("a:={number}");
            let mut command = sandbox.command(&["call", "add", &argument]);
            command.stdout(std::process::Stdio::piped());
            (number, command.spawn().unwrap())
        })
        .collect();
    for (number, child) in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{{\"a\":{number}}}\n"));
    }
    let requests = server.requests();
    let mut ids: Vec<_> = requests
        .iter()
        .map(|request| request.body["id"].to_string())
        .filter(|id| id != "null")
        .collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "a request id was used twice");
}

#[test]
fn a_process_that_dies_while_it_renews_blocks_nobody() {
    let (sandbox, server) = (Sandbox::new(), {
        let opened = AtomicUsize::new(0);
        mcp(move |request| {
            let first = request.header("mcp-session-id") == Some("session-0123456789abcdef");
            match request.rpc() {
                // The second handshake hangs: whoever does it is killed.
                "initialize" if opened.fetch_add(1, Ordering::SeqCst) == 1 => {
                    std::thread::sleep(std::time::Duration::from_secs(10));
                    Some(Vec::new())
                }
                "initialize" if opened.load(Ordering::SeqCst) > 2 => Some(http(200, &[("Mcp-Session-Id", "another-0123456789")],
                    &request.result_text(&json!({"protocolVersion": "2025-11-25", "serverInfo": {"name": "scripted", "version": "1"}})))),
                "tools/call" if first => Some(request.error(404, -32001, "Session not found")),
                _ => None,
            }
        })
    });
    sandbox.run(&["init", &server.url]).exits(0);
    let mut dying = sandbox.command(&["call", "add"]).spawn().unwrap();
    while server.methods().iter().filter(|method| *method == "initialize").count() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    dying.kill().unwrap();
    dying.wait().unwrap();
    let began = std::time::Instant::now();
    sandbox.run(&["call", "add"]).exits(0);
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}

#[cfg(unix)]
#[test]
fn state_that_others_could_have_touched_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    let path = sandbox.state().join("sessions/scripted.json");
    let set_mode =
        |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o644);
    sandbox
        .run(&["ping"])
        .exits(9)
        .says("can be read by others (mode 0644): chmod 600")
        .says("scripted.json");
    set_mode(0o600);
    sandbox.run(&["ping"]).exits(0);
    let elsewhere = sandbox.home().join("elsewhere.json");
    std::fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    sandbox.run(&["ping"]).exits(9).says("is a symbolic link").says("scripted.json");
    // The link is replaced, and what it points to is left alone.
    let before = std::fs::read(&elsewhere).unwrap();
    sandbox.run(&["close", "scripted", "--forget"]).exits(0);
    sandbox.run(&["init", &server.url]).exits(0);
    assert!(!path.is_symlink());
    assert_eq!(std::fs::read(&elsewhere).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_disk_that_takes_no_more_leaves_the_old_state() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    let path = sandbox.state().join("sessions/scripted.json");
    let before = std::fs::read(&path).unwrap();
    // No file may grow: what a full disk does, without one.
    let program = env!("CARGO_BIN_EXE_mcpoke");
    let script = format!("trap '' XFSZ; ulimit -f 0; exec {program} init {}", server.url);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).env("MCPOKE_STATE_DIR", sandbox.state());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("scripted"), "{output:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    sandbox.run(&["ping"]).exits(0);
}

#[test]
fn a_call_works_without_a_place_for_state() {
    let server = mcp(|_| None);
    // Nothing can be created there.
    let sandbox = Sandbox::new().with("MCPOKE_STATE_DIR", "/proc/mcpoke");
    sandbox.run(&["init", &server.url]).exits(9).says("/proc/mcpoke");
    let before = server.methods().len();
    sandbox.run(&["-s", &server.url, "ping"]).exits(0).says("the session is not remembered");
    assert_eq!(
        server.methods()[before..],
        ["initialize", "notifications/initialized", "ping", "DELETE"]
    );
    sandbox.run(&["-s", "demo", "ping"]).exits(0);
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_state_that_can_be_read() {
    let (sandbox, server) = (
        Sandbox::new(),
        forgetful_of_all(|request| request.error(404, -32001, "Session not found")),
    );
    sandbox.run(&["init", &server.url]).exits(0);
    // Cheap, and not the same twice: the moments are spread over the whole run of a command.
    let mut moment: u64 = 88_172_645_463_325_252;
    for round in 0..500 {
        moment ^= moment << 13;
        moment ^= moment >> 7;
        moment ^= moment << 17;
        let args: &[&str] = match round % 3 {
            0 => &["-q", "init", &server.url],
            1 => &["-q", "call", "echo", "message=hi"],
            _ => &["-q", "list-tools"],
        };
        let mut command = sandbox.command(args);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(moment % 9000));
        let _ = child.kill();
        child.wait().unwrap();
        if round % 10 == 0 {
            let listed = sandbox.run(&["sessions", "--json"]).exits(0);
            assert_eq!(listed.stderr, "", "round {round}");
            assert!(listed.stdout.contains("forgetful"), "round {round}: {}", listed.stdout);
        }
    }
    sandbox.run(&["call", "echo", "message=hi"]).exits(0).prints("{\"message\":\"hi\"}\n");
}
