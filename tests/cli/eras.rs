//! Detection of a server's era, and requests of the modern era.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::{Request, Sandbox, Server, http, mcp, modern};

/// Returns the methods of all requests, including those that detect the era.
pub(crate) fn all(server: &Server) -> Vec<String> {
    server.all_requests().iter().map(|request| request.rpc().to_owned()).collect()
}

#[test]
fn a_call_on_an_unknown_url_is_two_requests_in_the_modern_era() {
    let (sandbox, server) = (Sandbox::new(), modern(|_| None));
    sandbox.run(&["-s", &server.url, "call", "echo", "message=größe"]).exits(0);
    assert_eq!(all(&server), ["tools/list", "tools/call"]);
    let call = server.all_requests().pop().unwrap();
    assert_eq!(call.header("mcp-param-message"), Some("=?base64?Z3LDtsOfZQ==?="));
}

/// Response to requests of the modern era.
type Answer = fn(&Request) -> Option<Vec<u8>>;

#[test]
fn what_is_no_proof_of_the_modern_era_leads_to_the_handshake() {
    let shapes: [(Answer, &[&str]); 8] = [
        (|r| Some(r.error(400, -32000, "Bad Request: Server not initialized")), &[]),
        (|_| Some(http(404, &[], "Invalid session ID")), &[]),
        (|_| Some(http(422, &[], "Unexpected message, expect initialize request")), &[]),
        (|r| Some(r.fails(200, &json!({"code": -32601, "message": "Method not found"}))), &[]),
        // A proxy may also send this error, without the id of the request.
        (|r| Some(r.error(404, -32601, "Method not found")), &[]),
        // A server that responds to everything with a result.
        (|r| Some(r.result(&json!({}))), &[]),
        // The connection is closed without a response.
        (|_| Some(Vec::new()), &[]),
        (
            |r| {
                let data = json!({"supported": ["2025-06-18", "2025-03-26"], "requested": "x"});
                Some(r.fails(400, &json!({"code": -32022, "message": "no", "data": data})))
            },
            &["2025-06-18"],
        ),
    ];
    for (index, (answer, asked)) in shapes.into_iter().enumerate() {
        let server = dual(answer);
        Sandbox::new().run(&["init", &server.url]).exits(0).prints_part(", session ");
        let methods = all(&server);
        assert_eq!(
            methods,
            ["server/discover", "initialize", "notifications/initialized"],
            "shape {index}"
        );
        let version = &server.all_requests()[1].body["params"]["protocolVersion"];
        assert_eq!(version, asked.first().unwrap_or(&"2025-11-25"), "shape {index}");
    }
}

/// Creates a legacy server with its own responses to modern requests.
fn dual(answer: impl Fn(&Request) -> Option<Vec<u8>> + Send + Sync + 'static) -> Server {
    use std::io::Write as _;
    let legacy = |request: &Request| match request.rpc() {
        "initialize" => {
            let result = request.result_text(&json!({
                "protocolVersion": request.body["params"]["protocolVersion"],
                "serverInfo": {"name": "dual", "version": "1"}}));
            http(200, &[("Mcp-Session-Id", "session-0123456789abcdef")], &result)
        }
        "notifications/initialized" => http(202, &[], ""),
        "tools/list" => request.result(&json!({"tools": []})),
        "tools/call" => request.result(&json!({"content": []})),
        "DELETE" => http(200, &[], ""),
        other => panic!("an unexpected request: {other}"),
    };
    Server::of_any_era(move |request, stream| {
        let modern = request.is_modern().then(|| answer(request)).flatten();
        let _ = stream.write_all(&modern.unwrap_or_else(|| legacy(request)));
    })
}

#[test]
fn a_discovery_that_lists_legacy_revisions_alone_leads_to_the_newest_of_them() {
    let server = dual(|request| {
        Some(match request.rpc() {
            "server/discover" => request
                .result(&json!({"supportedVersions": ["2025-03-26", "2025-06-18"],
                    "capabilities": {}})),
            _ => request.error(400, -32000, "no"),
        })
    });
    Sandbox::new().run(&["init", &server.url]).exits(0).prints_part("2025-06-18, session ");
    assert_eq!(all(&server), ["server/discover", "initialize", "notifications/initialized"]);
}

#[test]
fn a_server_without_discovery_may_be_modern_all_the_same() {
    let server = modern(|request| {
        (request.rpc() == "server/discover")
            .then(|| request.fails(404, &json!({"code": -32601, "message": "Method not found"})))
    });
    Sandbox::new().run(&["init", &server.url]).exits(0).prints_part("no handshake, no session");
    assert_eq!(all(&server), ["server/discover", "tools/list"]);
}

#[test]
fn a_list_without_the_marks_of_the_era_proves_nothing() {
    // A legacy server that ignores missing sessions.
    let server = dual(|request| {
        Some(match request.rpc() {
            "tools/list" => request.result(&json!({"tools": []})),
            _ => request.fails(200, &json!({"code": -32601, "message": "Method not found"})),
        })
    });
    Sandbox::new().run(&["-s", &server.url, "list-tools"]).exits(0);
    assert_eq!(all(&server)[..3], ["tools/list", "server/discover", "initialize"]);
}

#[test]
fn a_refused_probe_leads_to_initialize_whatever_the_status() {
    for (status, code) in [(401, 4), (403, 4), (503, 7), (429, 7)] {
        let server = Server::of_any_era(move |_, stream| {
            use std::io::Write as _;
            let _ = stream.write_all(&http(status, &[], ""));
        });
        Sandbox::new().run(&["init", &server.url]).exits(code);
        assert_eq!(all(&server), ["server/discover", "initialize"], "{status}");
    }
}

#[test]
fn a_revision_is_tried_again_once() {
    // The server rejects a version that it lists as supported; real servers do so once.
    let refusals = AtomicUsize::new(0);
    let server = modern(move |request| {
        let first = refusals.fetch_add(1, Ordering::SeqCst) == 0;
        first.then(|| unsupported(request))
    });
    Sandbox::new().run(&["init", &server.url]).exits(0);
    assert_eq!(all(&server), ["server/discover", "server/discover"]);
    let server = modern(|request| Some(unsupported(request)));
    Sandbox::new()
        .run(&["init", &server.url])
        .exits(7)
        .says("the revision 2026-07-28 that it names");
    assert_eq!(all(&server).len(), 2, "no loop");
}

fn unsupported(request: &Request) -> Vec<u8> {
    let data = json!({"supported": ["2026-07-28"], "requested": "2026-07-28"});
    request.fails(400, &json!({"code": -32022, "message": "no", "data": data}))
}

#[test]
fn a_revision_can_be_forced() {
    let server = modern(|_| None);
    Sandbox::new()
        .run(&["init", &server.url, "--protocol-version", "2025-11-25"])
        .exits(6)
        .says("[modern-only, certain]");
    assert_eq!(all(&server), ["initialize"]);
    let server = mcp(|_| None);
    Sandbox::new().run(&["init", &server.url, "--protocol-version", "2026-07-28"]).exits(6);
    assert_eq!(all(&server), ["server/discover"]);
    let server = mcp(|_| None);
    Sandbox::new().run(&["init", &server.url, "--protocol-version", "auto"]).exits(0);
    Sandbox::new().run(&["init", "--protocol-version", "latest", &server.url]).exits(2);
}

#[test]
fn the_era_is_looked_at_again_when_it_fails() {
    static MODERN: AtomicBool = AtomicBool::new(true);
    let server = dual(|request| {
        Some(match request.rpc() {
            _ if !MODERN.load(Ordering::SeqCst) => request.error(400, -32000, "no session"),
            "server/discover" => request
                .result(&json!({"supportedVersions": ["2026-07-28"], "capabilities": {},
                    "resultType": "complete"})),
            "tools/list" => request.result(&json!({"tools": [], "resultType": "complete"})),
            _ => request.result(&json!({"content": [], "resultType": "complete"})),
        })
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url, "--name", "dual"]).exits(0);
    sandbox.run(&["list-tools"]).exits(0);
    MODERN.store(false, Ordering::SeqCst);
    sandbox.run(&["list-tools"]).exits(0).says("now supports 2025-11-25 instead of 2026-07-28");
    let before = all(&server).len();
    sandbox.run(&["list-tools"]).exits(0);
    assert_eq!(all(&server).len(), before + 1, "and it is remembered");
    sandbox.run(&["sessions", "--json"]).exits(0).prints_part("\"era\":\"legacy\"");
    MODERN.store(true, Ordering::SeqCst);
    let refuses_sessions = modern(|_| None);
    // Keep the saved state, but replace the server by a modern one.
    let record = sandbox.state().join("sessions/dual.json");
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, text.replace(&server.url, &refuses_sessions.url)).unwrap();
    sandbox.run(&["list-tools"]).exits(0).says("now supports 2026-07-28 instead of 2025-11-25");
    assert_eq!(all(&refuses_sessions)[0], "tools/list");
}

#[test]
fn no_renew_leaves_the_era_alone() {
    static GONE: AtomicBool = AtomicBool::new(false);
    let server = modern(|request| {
        GONE.load(Ordering::SeqCst).then(|| request.error(400, -32000, "no session"))
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    GONE.store(true, Ordering::SeqCst);
    sandbox.run(&["--no-renew", "list-tools"]).fails();
    assert_eq!(all(&server), ["server/discover", "tools/list"]);
}

#[test]
fn the_demo_can_be_told_which_era_to_speak() {
    for (era, legacy, modern) in [("legacy", 0, 6), ("modern", 6, 0), ("dual", 0, 0)] {
        let sandbox = Sandbox::new();
        let mut child = sandbox
            .command(&["demo", "--era", era, "--port", "0", "--for", "30"])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let out = child.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut url).unwrap();
        let url = url.trim();
        let init = |version| Sandbox::new().run(&["init", url, "--protocol-version", version]).code;
        assert_eq!((init("2025-11-25"), init("2026-07-28")), (legacy, modern), "{era}");
        let _ = child.kill();
        let _ = child.wait();
    }
}

#[test]
fn request_sends_any_method_in_either_era() {
    let (sandbox, server) = (
        Sandbox::new(),
        modern(|request| {
            (request.rpc() == "resources/read").then(|| {
                request.result(&json!({"resultType": "complete", "contents": [], "big": 1}))
            })
        }),
    );
    sandbox.run(&["init", &server.url]).exits(0);
    let read = ["request", "resources/read", r#"{"uri":"x:ü"}"#];
    sandbox.run(&read).exits(0).prints("{\"resultType\":\"complete\",\"contents\":[],\"big\":1}\n");
    let last = server.all_requests().pop().unwrap();
    assert_eq!(last.header("mcp-name"), Some("=?base64?eDrDvA==?="));
    let call =
        ["request", "tools/call", r#"{"name":"echo","arguments":{"message":"hi"}}"#, "--raw"];
    let raw: Value = serde_json::from_str(&sandbox.run(&call).exits(0).stdout).unwrap();
    assert_eq!(raw["jsonrpc"], "2.0");
    assert_eq!(raw["result"]["content"][0]["text"], "{\"message\":\"hi\"}");
    let last = server.all_requests().pop().unwrap();
    assert_eq!(last.header("mcp-param-message"), Some("hi"));
    let raw = sandbox.run(&["request", "no/such", "--raw"]).exits(6).stdout;
    assert!(raw.contains("\"error\":{\"code\":-32601"), "{raw}");
    sandbox.run(&["request", "ping", "[1]"]).exits(2).says("must be a JSON object");

    let (sandbox, server) = (
        Sandbox::new(),
        mcp(|request| match request.rpc() {
            "notifications/cancelled" => Some(http(202, &[], "")),
            _ => None,
        }),
    );
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["request", "ping"]).exits(0).prints("{}\n");
    sandbox.run(&["request", "notifications/cancelled", r#"{"requestId":"x"}"#]).exits(0);
    let last = server.requests().pop().unwrap();
    assert_eq!(last.body["params"], json!({"requestId": "x"}));
    assert_eq!(last.header("mcp-session-id"), Some("session-0123456789abcdef"));
}

#[test]
fn an_error_of_the_tools_own_is_no_change_of_era() {
    // In the legacy era, an application may use this code for its own errors.
    let legacy = mcp(|request| {
        (request.rpc() == "tools/call").then(|| {
            request.fails(200, &json!({"code": -32020, "message": "charged, then failed"}))
        })
    });
    let sandbox = Sandbox::new();
    sandbox
        .run(&["-s", &legacy.url, "call", "echo", "message=x"])
        .exits(6)
        .says("charged, then failed");
    assert_eq!(legacy.methods().iter().filter(|method| *method == "tools/call").count(), 1);
    let modern = modern(|request| {
        (request.rpc() == "tools/call")
            .then(|| request.fails(400, &json!({"code": -32000, "message": "row 1 is in"})))
    });
    sandbox.run(&["-s", &modern.url, "call", "echo", "message=x"]).exits(6).says("row 1 is in");
    assert_eq!(all(&modern), ["tools/list", "tools/call"]);
}

#[test]
fn a_lost_session_on_a_server_that_has_moved_on_is_no_dead_end() {
    let server = modern(|request| {
        let in_session = request.header("mcp-session-id").is_some();
        in_session
            .then(|| request.fails(404, &json!({"code": -32001, "message": "Session not found"})))
    });
    let old = mcp(|_| None);
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &old.url]).exits(0);
    let record = sandbox.state().join("sessions/scripted.json");
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, text.replace(&old.url, &server.url)).unwrap();
    sandbox.run(&["list-tools"]).exits(0).says("now supports 2026-07-28");
    sandbox.run(&["sessions"]).exits(0).prints_part("no session needed");
}

#[test]
fn raw_prints_the_answer_to_the_request_and_to_no_other() {
    let server = mcp(|request| {
        (request.rpc() == "foo/bar").then(|| request.error(400, -32000, "the real error"))
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["request", "foo/bar", "--raw"]).fails().prints_part("the real error");
    assert!(server.methods().contains(&"ping".to_owned()), "mcpoke asked on its own account");
}

#[test]
fn an_unmarked_list_is_not_asked_for_twice() {
    let server = dual(|request| {
        Some(match request.rpc() {
            "tools/list" => request.result(&json!({"tools": [
                {"name": "echo", "inputSchema": {"type": "object", "properties": {"a": {}}}}]})),
            "initialize" => request.result(&json!({})),
            _ => request.fails(200, &json!({"code": -32601, "message": "Method not found"})),
        })
    });
    // The server has sessions, so its tools may differ in one.
    Sandbox::new().run(&["-s", &server.url, "list-tools"]).exits(0);
    assert_eq!(all(&server).iter().filter(|method| *method == "tools/list").count(), 2);
}

/// Response of a server to a modern request.
type Answered = fn(&Request) -> Vec<u8>;

/// The command; the answers to server/discover and to tools/list; the exit code; what is sent.
type Search<'s> = (&'s [&'s str], Answered, Answered, i32, &'s [&'s str]);

const LACKS: Answered =
    |request| request.fails(404, &json!({"code": -32601, "message": "Method not found"}));
const REFUSES: Answered = |request| request.error(400, -32000, "Server not initialized");
const UNMARKED: Answered = |request| request.result(&json!({"tools": []}));
const LEGACY_ONLY: Answered =
    |request| request.result(&json!({"supportedVersions": ["2025-06-18"], "capabilities": {}}));

#[test]
fn the_search_for_the_era_ends_as_the_answers_say() {
    const MODERN: [&str; 1] = ["2026-07-28"];
    const FORCED: [&str; 2] = ["--protocol-version", "2026-07-28"];
    let list: &[&str] = &["list-tools"];
    let cases: [Search; 8] = [
        // Lacking a method proves the era: what follows needs no marks, and no handshake is tried.
        (&["init"], LACKS, UNMARKED, 0, &["server/discover", "tools/list"]),
        (&["init"], LACKS, LACKS, 0, &["server/discover", "tools/list"]),
        (&["init"], LACKS, REFUSES, 6, &["server/discover", "tools/list"]),
        (list, LACKS, UNMARKED, 0, &["tools/list", "server/discover"]),
        // A revision that the user names is the only one that is tried, and is believed.
        (
            &["init", "--protocol-version", "2026-07-28"],
            LEGACY_ONLY,
            LACKS,
            7,
            &["server/discover"],
        ),
        (
            &["init", "--protocol-version", "2026-07-28"],
            unsupported,
            LACKS,
            7,
            &["server/discover"],
        ),
        (&["list-tools", FORCED[0], FORCED[1]], LACKS, UNMARKED, 0, &["tools/list"]),
        (&["list-tools", FORCED[0], FORCED[1]], LACKS, REFUSES, 6, &["tools/list"]),
    ];
    for (index, (command, discover, tools, code, sent)) in cases.into_iter().enumerate() {
        let server = dual(move |request| {
            Some(if request.rpc() == "server/discover" {
                discover(request)
            } else {
                tools(request)
            })
        });
        let target: &[&str] =
            if command[0] == "init" { &[&server.url] } else { &["-s", &server.url] };
        let finished = Sandbox::new().run(&[command, target].concat());
        let methods = all(&server);
        assert_eq!(methods, sent, "case {index}: {}", finished.stderr);
        finished.exits(code);
        let versions = server.all_requests();
        assert!(
            versions.iter().all(|r| MODERN.contains(&r.header("mcp-protocol-version").unwrap()))
        );
    }
}
