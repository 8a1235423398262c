//! Lost sessions: detected, and renewed once by one of many processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use crate::support::{Refusal, Request, Sandbox, Server, forgetful, http, mcp};

#[test]
fn a_lost_session_is_renewed_once_and_said() {
    let shapes: [Refusal; 3] = [
        |request| request.error(404, -32001, "Session not found"),
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
            .says("state kept in the old session is lost");
        let methods = server.methods();
        let expected = [
            "initialize",
            "notifications/initialized",
            "tools/call",
            "ping",
            "initialize",
            "notifications/initialized",
            "ping",
            "tools/call",
        ];
        assert_eq!(methods, expected);
        assert_eq!(
            server.requests()[4].header("mcp-session-id"),
            None,
            "the dead id is not sent along"
        );
        sandbox.run(&["call", "echo", "message:=\"hi\""]).exits(0);
        assert_eq!(server.methods().len(), 9, "the new session is remembered");
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
fn a_refusal_in_a_session_that_is_alive_is_the_response() {
    let (sandbox, server) = (
        Sandbox::new(),
        mcp(|request| {
            (request.rpc() == "tools/call").then(|| request.error(404, -32001, "Session not found"))
        }),
    );
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "echo", "message:=1"]).exits(6).says("Session not found");
    // The refusal names the session and `ping` works, so a second request settles it.
    assert_eq!(server.methods()[2..5], ["tools/call", "ping", "tools/list"]);
    assert_eq!(server.methods().iter().filter(|method| *method == "tools/call").count(), 1);
}

#[test]
fn what_every_session_refuses_is_not_about_sessions() {
    // A quota: everything but the handshake is refused, in each session.
    let (sandbox, server) = (
        Sandbox::new(),
        mcp(|request| match request.rpc() {
            "initialize" | "notifications/initialized" | "DELETE" => None,
            _ => Some(request.error(400, -32000, "the quota is used up")),
        }),
    );
    sandbox.run(&["init", &server.url, "--protocol-version", "2025-11-25"]).exits(0);
    let finished = sandbox.run(&["call", "echo", "message:=1"]).exits(6).says("quota is used up");
    assert!(!finished.stderr.contains("opened a new one"), "{}", finished.stderr);
    let methods = server.methods();
    assert_eq!(methods.iter().filter(|method| *method == "tools/call").count(), 1);
    assert!(methods.contains(&"DELETE".to_owned()), "the useless session is ended");
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
fn every_shape_of_a_lost_session_is_renewed() {
    fn text(status: u16, body: &str) -> Vec<u8> {
        http(status, &[], body)
    }
    let shapes: [Refusal; 18] = [
        |request| request.error(404, -32001, "Session not found"),
        |request| request.error(404, -32600, "Session not found"),
        |request| request.error(404, -32602, "Bad Request"),
        |request| request.error(404, -32601, "Not connected"),
        |request| request.error(404, -32603, "Unknown client"),
        |request| request.error(404, -32700, "Parse error"),
        |request| request.error(400, -32602, "Invalid params"),
        |_| text(404, "session not found\n"),
        |_| text(404, "<html><body>Not Found</body></html>"),
        |_| text(404, ""),
        |request| request.error(400, -32000, "Bad Request: No valid session ID provided"),
        |_| text(400, "Bad Request: No valid session ID provided"),
        |_| text(401, "Unauthorized: Session not found"),
        |_| text(410, "session terminated"),
        |_| text(422, "Unexpected message, expect initialize request"),
        |_| text(503, "{\"error\": \"unknown session\"}"),
        |_| text(503, "upstream connect error"),
        |request| request.error(200, -32001, "no such session"),
    ];
    for (index, lost) in shapes.into_iter().enumerate() {
        let (sandbox, server) = (Sandbox::new(), forgetful(lost));
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox
            .run(&["call", "echo", "message:=\"hi\""])
            .exits(0)
            .prints("{\"message\":\"hi\"}\n")
            .says("opened a new one");
        let methods = server.methods();
        let calls = methods.iter().filter(|method| *method == "tools/call").count();
        assert_eq!(calls, 2, "shape {index}: {methods:?}");
    }
}

#[test]
fn a_server_that_refuses_every_ping_is_renewed_too() {
    let pings: [Refusal; 7] = [
        |_| http(403, &[], "forbidden"),
        |_| http(404, &[], ""),
        |_| http(405, &[], ""),
        |_| http(500, &[], "oops"),
        |request| request.error(400, -32600, "Invalid Request"),
        |request| request.error(200, -32603, "not implemented"),
        |request| request.error(200, -32601, "Method not found"),
    ];
    for (index, ping) in pings.into_iter().enumerate() {
        let lost = std::sync::Arc::new(AtomicUsize::new(0));
        let seen = std::sync::Arc::clone(&lost);
        let server = mcp(move |request| match request.rpc() {
            "ping" => Some(ping(request)),
            "initialize" => {
                seen.store(0, Ordering::SeqCst);
                None
            }
            "tools/call" if request.body["params"]["name"] == "missing" => {
                Some(http(404, &[], "{\"detail\": \"item not found\"}"))
            }
            "tools/call" | "tools/list" if seen.load(Ordering::SeqCst) > 0 => {
                Some(request.error(404, -32602, "Unknown client"))
            }
            _ => None,
        });
        let sandbox = Sandbox::new();
        let calls = || server.methods().iter().filter(|sent| *sent == "tools/call").count();
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox.run(&["list-tools"]).exits(0);
        // The tool's own 404 in a session that works.
        sandbox.run(&["call", "missing", "--no-validate"]).fails();
        assert_eq!(calls(), 1, "{index}: {:?}", server.methods());
        lost.store(1, Ordering::SeqCst);
        sandbox.run(&["call", "echo", "message=hi"]).exits(0).says("opened a new one");
        assert_eq!(calls(), 3, "{index}: {:?}", server.methods());
    }
}

#[test]
fn a_call_that_may_have_run_is_not_repeated_though_the_session_is_renewed() {
    let empty: Refusal = |_| http(200, &[("Content-Type", "text/event-stream")], "");
    let (sandbox, server) = (Sandbox::new(), forgetful(empty));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox
        .run(&["call", "add", "a:=1"])
        .exits(5)
        .says("opened a new one")
        .says("The session was renewed; the call may have run and was not");
    assert_eq!(server.methods().iter().filter(|method| *method == "tools/call").count(), 1);
    sandbox.run(&["call", "add", "a:=1"]).exits(0);
    // A harmless request is repeated.
    let (sandbox, server) = (Sandbox::new(), forgetful(empty));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["list-tools"]).exits(0).says("opened a new one");
}

#[test]
fn doubt_is_cleared_up_before_a_session_is_given_up() {
    // The 422 concerns the request itself; a ping shows that the session is alive.
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

/// Runs the command many times in parallel.
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
    let (sandbox, server) =
        (Sandbox::new(), forgetful(|request| request.error(404, -32001, "Session not found")));
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
    let answered = Arc::new(AtomicBool::new(false));
    let hanging = Arc::clone(&answered);
    let (sandbox, server) = (Sandbox::new(), {
        let opened = AtomicUsize::new(0);
        mcp(move |request| {
            let first = request.header("mcp-session-id") == Some("session-0123456789abcdef");
            match request.rpc() {
                // The second handshake hangs, and its process is killed.
                "initialize" if opened.fetch_add(1, Ordering::SeqCst) == 1 => {
                    std::thread::sleep(std::time::Duration::from_secs(10));
                    hanging.store(true, Ordering::SeqCst);
                    Some(Vec::new())
                }
                "initialize" if opened.load(Ordering::SeqCst) > 2 => Some(http(200, &[("Mcp-Session-Id", "another-0123456789")],
                    &request.result_text(&json!({"protocolVersion": "2025-11-25", "serverInfo": {"name": "scripted", "version": "1"}})))),
                "tools/call" | "ping" | "tools/list" if first => {
                    Some(request.error(404, -32001, "Session not found"))
                }
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
    sandbox.run(&["call", "add"]).exits(0);
    assert!(!answered.load(Ordering::SeqCst), "it waited for the dead process");
}

/// Response that differs from a well-behaved server's.
type Answer = fn(&Request) -> Option<Vec<u8>>;

#[test]
fn a_call_in_a_session_that_is_alive_is_never_sent_again() {
    let answers: [Answer; 4] = [
        // A proxy whose server disappears during the call.
        |request| match request.rpc() {
            "tools/call" | "ping" => {
                Some(http(503, &[], "upstream connect error: connection termination"))
            }
            _ => None,
        },
        // A server that uses the same code for every error.
        |request| match request.rpc() {
            "tools/call" => Some(request.error(200, -32000, "session tool failed half-way")),
            "ping" => Some(request.error(200, -32000, "unknown method ping in this session")),
            _ => None,
        },
        // An error that only mentions sessions.
        |request| match request.rpc() {
            "tools/call" => Some(request.error(400, -32000, "session quota exceeded after row 1")),
            _ => None,
        },
        |request| match request.rpc() {
            "tools/call" => Some(http(400, &[], "no session of the database is left")),
            _ => None,
        },
    ];
    for answer in answers {
        let (sandbox, server) = (Sandbox::new(), mcp(answer));
        sandbox.run(&["init", &server.url]).exits(0);
        assert_ne!(sandbox.run(&["call", "add", "a:=1"]).code, 0);
        let count = |method: &str| server.methods().iter().filter(|sent| *sent == method).count();
        assert_eq!(count("tools/call"), 1, "{:?}", server.methods());
    }
}

#[test]
fn what_may_have_run_is_said_even_where_no_session_can_be_opened() {
    let opened = AtomicUsize::new(0);
    let server = mcp(move |request| match request.rpc() {
        "initialize" if opened.fetch_add(1, Ordering::SeqCst) > 0 => {
            Some(http(500, &[], "no more"))
        }
        "tools/call" => Some(http(200, &[("Content-Type", "text/event-stream")], "")),
        "ping" => Some(request.error(404, -32001, "Session not found")),
        _ => None,
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox
        .run(&["call", "add", "a:=1"])
        .exits(5)
        .says("may have run; it was not sent again")
        .says("No other session could be opened: HTTP 500");
}

#[test]
fn many_that_initialise_at_once_leave_one_session() {
    let (sandbox, server) = (Sandbox::new(), numbered());
    for output in at_once(&sandbox, 8, &["init", &server.url]) {
        assert!(output.status.success(), "{output:?}");
    }
    let count = |method: &str| server.methods().iter().filter(|sent| *sent == method).count();
    assert_eq!((count("initialize"), count("DELETE")), (8, 7), "each ends the one before it");
}

/// Creates a server with a new session id for each handshake.
fn numbered() -> Server {
    let opened = AtomicUsize::new(0);
    mcp(move |request| {
        (request.rpc() == "initialize").then(|| {
            let id = format!("session-{}-0123456789abcdef", opened.fetch_add(1, Ordering::SeqCst));
            let result = json!({"protocolVersion": "2025-11-25", "serverInfo": {"name": "same", "version": "1"}});
            http(200, &[("Mcp-Session-Id", &id)], &request.result_text(&result))
        })
    })
}

#[test]
fn servers_that_call_themselves_alike_get_names_of_their_own() {
    let (sandbox, servers) = (Sandbox::new(), [numbered(), numbered(), numbered(), numbered()]);
    let children: Vec<_> = servers
        .iter()
        .map(|server| {
            let mut command = sandbox.command(&["-q", "init", &server.url]);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let listed = sandbox.run(&["sessions", "--json"]).exits(0).stdout;
    for server in &servers {
        assert!(listed.contains(&server.url), "{listed}");
    }
}

#[test]
fn a_server_that_is_closed_meanwhile_stays_forgotten() {
    // The call is rejected only after the other shell has closed the session.
    let server = mcp(|request| {
        let first = request.header("mcp-session-id") == Some("session-0123456789abcdef");
        if request.rpc() == "tools/call" && first {
            std::thread::sleep(std::time::Duration::from_millis(700));
            return Some(request.error(404, -32001, "Session not found"));
        }
        let probes = matches!(request.rpc(), "ping" | "tools/list");
        (probes && first).then(|| request.error(404, -32001, "Session not found"))
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    let mut command = sandbox.command(&["-q", "call", "add", "a:=1"]);
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    while !server.methods().contains(&"tools/call".to_owned()) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    sandbox.run(&["close"]).exits(0);
    child.wait().unwrap();
    sandbox.run(&["sessions"]).exits(0).says("no saved servers");
    let deletes = server.methods().iter().filter(|method| *method == "DELETE").count();
    assert_eq!(deletes, 2, "its own session is ended too");
}
