//! The handshake, message by message.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::{Sandbox, Server, http, mcp};

#[test]
fn three_processes_do_one_handshake() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["list-tools"]).exits(0);
    sandbox.run(&["call", "echo", "message=hi"]).exits(0).prints("{\"message\":\"hi\"}\n");
    let methods = server.methods();
    assert_eq!(methods, ["initialize", "notifications/initialized", "tools/list", "tools/call"]);
}

#[test]
fn every_message_carries_what_the_specification_demands() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["-s", &server.url, "call", "echo", "message=hi"]).exits(0);
    sandbox.run(&["close"]).exits(0).says("session ended and forgotten");
    let requests = server.requests();
    for request in &requests {
        let is_initialize = request.rpc() == "initialize";
        let session = (!is_initialize).then_some("session-0123456789abcdef");
        assert_eq!(request.header("mcp-session-id"), session, "{request:?}");
        let version = (!is_initialize).then_some("2025-11-25");
        assert_eq!(request.header("mcp-protocol-version"), version, "{request:?}");
        assert_eq!(request.header("accept"), Some("application/json, text/event-stream"));
        assert!(request.header("host").is_some_and(|host| server.url.contains(host)));
        assert_eq!(request.path, "/mcp");
    }
    let opened = &requests[0].body["params"];
    assert_eq!(opened["protocolVersion"], "2025-11-25");
    assert_eq!(opened["capabilities"], json!({}));
    assert_eq!(opened["clientInfo"]["name"], "mcpoke");
    assert_eq!(requests.last().unwrap().method, "DELETE");
}

#[test]
fn arguments_are_always_there() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["-s", &server.url, "call", "add"]).exits(0);
    let call = server.requests().pop().unwrap();
    assert_eq!(call.body["params"], json!({"name": "add", "arguments": {}}));
}

#[test]
fn the_servers_choice_of_version_is_kept() {
    for (version, header) in
        [("2025-06-18", Some("2025-06-18")), ("2025-03-26", None), ("2024-11-05", None)]
    {
        let (sandbox, server) = (
            Sandbox::new(),
            mcp(move |request| {
                (request.rpc() == "initialize").then(|| {
                    request.result(&json!({
                "protocolVersion": version, "capabilities": {}, "serverInfo": {"name": "old"}}))
                })
            }),
        );
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox.run(&["ping"]).exits(0);
        let ping = server.requests().pop().unwrap();
        assert_eq!(ping.header("mcp-protocol-version"), header, "{version}");
    }
}

#[test]
fn a_version_that_nobody_speaks_ends_the_handshake() {
    let (sandbox, server) = (
        Sandbox::new(),
        mcp(|request| {
            (request.rpc() == "initialize")
                .then(|| request.result(&json!({"protocolVersion": "1999-01-01"})))
        }),
    );
    sandbox.run(&["init", &server.url]).exits(7).says("chose protocol version 1999-01-01");
    assert_eq!(server.methods(), ["initialize"]);
    // A version that the user forces is sent: that is the purpose of a probe.
    sandbox.run(&["init", &server.url, "--protocol-version", "1999-01-01"]).exits(0);
}

#[test]
fn a_server_without_sessions_is_remembered_as_one() {
    let (sandbox, server) = (
        Sandbox::new(),
        mcp(|request| {
            let result = json!({"protocolVersion": "2025-11-25", "serverInfo": {"name": "s", "version": "1"}});
            (request.rpc() == "initialize").then(|| request.result(&result))
        }),
    );
    let shown = sandbox.run(&["init", &server.url]).exits(0).stdout;
    assert!(shown.contains("no sessions"), "{shown}");
    sandbox.run(&["ping"]).exits(0);
    assert_eq!(server.methods(), ["initialize", "notifications/initialized", "ping"]);
    assert!(server.requests().iter().all(|request| request.header("mcp-session-id").is_none()));
    sandbox.run(&["close"]).exits(0);
    assert_eq!(server.methods().len(), 3, "there is nothing to end");
}

#[test]
fn the_session_id_is_taken_from_a_successful_answer_alone() {
    // The Python SDK sends the id of a dead session with its 400; using it would make every
    // later call fail.
    let server = Server::start(|request| {
        let dead =
            [("Mcp-Session-Id", "dead-0123456789abcdef"), ("Content-Type", "application/json")];
        let body = json!({"jsonrpc": "2.0", "id": "server-error", "error": {"code": -32600, "message": "Bad Request: Missing session ID"}});
        assert_eq!(request.header("mcp-session-id"), None);
        http(400, &dead, &body.to_string())
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(6);
    assert!(!sandbox.state().join("sessions").exists(), "nothing is remembered of it");
    sandbox.run(&["-s", &server.url, "--no-session", "ping"]).exits(5);
}

#[test]
fn a_session_id_that_is_no_header_value_is_refused() {
    let server = mcp(|request| {
        let result = json!({"protocolVersion": "2025-11-25"});
        (request.rpc() == "initialize")
            .then(|| http(200, &[("Mcp-Session-Id", "a b\u{e9}")], &request.result_text(&result)))
    });
    Sandbox::new().run(&["init", &server.url]).exits(7).says("not visible ASCII");
}

#[test]
fn any_success_accepts_a_notification() {
    for answer in [(200, "null"), (202, "Accepted"), (204, "")] {
        let server = mcp(move |request| {
            (request.rpc() == "notifications/initialized").then(|| http(answer.0, &[], answer.1))
        });
        Sandbox::new().run(&["init", &server.url]).exits(0);
    }
    let server = mcp(|request| {
        (request.rpc() == "notifications/initialized").then(|| request.error(400, -32000, "no"))
    });
    let warning = "warning: the server refused notifications/initialized: HTTP 400";
    Sandbox::new().run(&["init", &server.url]).exits(0).says(warning);
}

#[test]
fn the_version_that_a_refusal_names_is_used() {
    for by_data in [true, false] {
        let server = mcp(move |request| {
            let version = &request.body["params"]["protocolVersion"];
            if request.rpc() != "initialize" || version == "2025-06-18" {
                return None;
            }
            let text = "Unsupported protocol version (supported versions: 2025-06-18, 2025-03-26)";
            let error = json!({"code": -32602, "message": "Unsupported protocol version",
                "data": {"supported": ["2025-06-18", "2099-01-01"], "requested": version}});
            Some(if by_data { request.fails(400, &error) } else { http(400, &[], text) })
        });
        Sandbox::new().run(&["init", &server.url]).exits(0);
        let asked: Vec<_> = server.methods().into_iter().filter(|it| it == "initialize").collect();
        assert_eq!(asked.len(), 2);
    }
}

#[test]
fn an_odd_version_is_replaced_by_the_requested_one() {
    for version in [Value::Null, json!(""), json!(20_250_618), json!("2026-07-28")] {
        let server = mcp(move |request| {
            let result = json!({"protocolVersion": version, "capabilities": {},
                "serverInfo": {"name": "odd", "version": "1"}});
            (request.rpc() == "initialize").then(|| request.result(&result))
        });
        let sandbox = Sandbox::new();
        sandbox.run(&["init", &server.url]).exits(0).says("2025-11-25 is used");
        sandbox.run(&["ping"]).exits(0);
    }
}

#[test]
fn an_accepted_notification_without_a_length_is_not_waited_for() {
    static CLOSED: AtomicBool = AtomicBool::new(false);
    let server = Server::raw(|request, stream| {
        use std::io::Write as _;
        let answer = match request.rpc() {
            "initialize" => request.result(&json!({"protocolVersion": "2025-11-25"})),
            "notifications/initialized" => b"HTTP/1.1 202 Accepted\r\n\r\n".to_vec(),
            _ => request.result(&json!({})),
        };
        stream.write_all(&answer).unwrap();
        if request.rpc() == "notifications/initialized" {
            // The connection stays open, but nothing is sent.
            std::thread::sleep(std::time::Duration::from_secs(5));
            CLOSED.store(true, Ordering::SeqCst);
        }
    });
    Sandbox::new().run(&["-s", &server.url, "ping"]).exits(0);
    assert!(!CLOSED.load(Ordering::SeqCst), "the end of the connection was waited for");
}

#[test]
fn capabilities_are_declared_as_asked_and_remembered() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url, "--capabilities", r#"{"roots":{}}"#]).exits(0);
    assert_eq!(server.requests()[0].body["params"]["capabilities"], json!({"roots": {}}));
    sandbox.run(&["init"]).exits(0);
    assert_eq!(server.requests()[2].body["params"]["capabilities"], json!({"roots": {}}));
    sandbox
        .run(&["init", "--capabilities", "[]"])
        .exits(2)
        .says("--capabilities must be a JSON object");
}

#[test]
fn a_thin_clients_mistakes_can_be_made_on_purpose() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["--no-session", "ping"]).exits(0);
    let bare = server.requests().pop().unwrap();
    assert_eq!((bare.header("mcp-session-id"), bare.header("mcp-protocol-version")), (None, None));

    sandbox.run(&["--session-id", "mine", "ping"]).exits(0);
    assert_eq!(server.requests().pop().unwrap().header("mcp-session-id"), Some("mine"));

    let before = server.requests().len();
    sandbox.run(&["--no-initialized", "ping"]).exits(0);
    assert_eq!(
        server.methods()[before..],
        ["initialize", "ping", "DELETE"],
        "its own session, ended"
    );
    sandbox.run(&["init", "--no-session"]).exits(2);
    sandbox.run(&["--session-id", "a\r\nX: y", "ping"]).exits(2).says("line breaks");
}

#[test]
fn without_saving_nothing_is_read_or_written_and_the_session_ended() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["--no-save", "-s", &server.url, "call", "echo", "message:=\"x\""]).exits(0);
    let methods = server.methods();
    assert_eq!(methods, ["initialize", "notifications/initialized", "tools/call", "DELETE"]);
    assert!(!sandbox.state().exists());
    sandbox.run(&["--no-save", "init", &server.url]).exits(0);
    assert_eq!(server.methods().last().unwrap(), "DELETE");
    sandbox.run(&["--no-save", "ping"]).exits(2).says("a server must be named");
}
