//! The verdict of `trace`: each row of its table with a scripted server, and its neighbours.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::{Request, Sandbox, Server, http, mcp, modern};

/// Returns the verdict of a trace: rule and certainty, and the whole document.
pub(crate) fn verdict(server: &Server) -> (String, Value) {
    verdict_of(server, &[])
}

fn verdict_of(server: &Server, more: &[&str]) -> (String, Value) {
    let finished = Sandbox::new().run(&[&["trace", &server.url, "--json"], more].concat());
    let traced: Value = serde_json::from_str(&finished.stdout).unwrap();
    let why = &traced["why"];
    let said = match why["id"].as_str() {
        Some(id) => format!("{id} {}", why["certainty"].as_str().unwrap()),
        None => "works".to_owned(),
    };
    (said, traced)
}

pub(crate) fn is_bare_list(request: &Request) -> bool {
    request.rpc() == "tools/list" && request.header("mcp-session-id").is_none()
}

/// Starts a server with sessions that refuses a bare `tools/list` in this way.
fn refusing(refusal: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Server {
    mcp(move |request| is_bare_list(request).then(|| refusal(request)))
}

/// Starts a server that responds to requests of both eras.
pub(crate) fn any_era(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Server {
    Server::of_any_era(move |request, stream| {
        // In some tests, the client has disconnected.
        let _ = std::io::Write::write_all(stream, &answer(request));
    })
}

pub(crate) fn opened(request: &Request, id: Option<&str>) -> Vec<u8> {
    let result = request.result_text(&json!({"protocolVersion": "2025-11-25", "capabilities": {},
        "serverInfo": {"name": "scripted", "version": "1"}}));
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(id.map(|id| ("Mcp-Session-Id", id)));
    http(200, &headers, &result)
}

#[test]
fn what_works_with_a_session_alone_lacks_one_whatever_the_refusal() {
    for (status, code, message) in [
        (400, -32000, "Bad Request"),
        (400, -32602, "Invalid params"),
        (404, -32601, "Not connected"),
        (500, -32603, "Error in httpTransport: "),
        (200, -32004, "invalid request"),
        (403, -32000, "forbidden"),
        (503, -32000, "Service Unavailable"),
    ] {
        for named in [true, false] {
            let server = refusing(move |request| {
                if named {
                    request.fails(status, &json!({"code": code, "message": message}))
                } else {
                    request.error(status, code, message)
                }
            });
            let (said, traced) = verdict(&server);
            assert_eq!(said, "session-missing certain", "{status} {code} {message}\n{traced:#}");
            let evidence = traced["why"]["evidence"].to_string();
            assert!(
                evidence.contains(&format!("1 without a session: {status} {code}")),
                "{evidence}"
            );
            assert!(evidence.contains("with a session: 200"), "{evidence}");
        }
    }
    for body in ["", "oops", "<html>no</html>"] {
        let server = refusing(move |_| http(400, &[("Content-Type", "text/html")], body));
        assert_eq!(verdict(&server).0, "session-missing certain", "{body}");
    }
}

#[test]
fn a_failure_that_was_temporary_is_no_missing_session() {
    let count = AtomicUsize::new(0);
    let server = refusing(move |request| match count.fetch_add(1, Ordering::Relaxed) {
        0 => http(503, &[], "starting"),
        _ => request.result(&json!({"tools": []})),
    });
    assert_eq!(verdict(&server).0, "temporary-failure likely");
}

#[test]
fn what_fails_alike_in_both_forms_is_not_about_sessions() {
    for (status, code, message) in [
        (400, -32000, "quota exceeded"),
        (422, -32602, "validation failed"),
        (200, -32601, "unknown tool"),
        (500, -32603, "backend down"),
        (400, -32000, "this workspace is locked"),
    ] {
        let server = mcp(move |request| {
            let error = json!({"code": code, "message": message, "data": {"retry": "tomorrow"}});
            (request.rpc() == "tools/list").then(|| request.fails(status, &error))
        });
        let (said, traced) = verdict(&server);
        assert_eq!(said, "rejected certain", "{status} {message}\n{traced:#}");
        assert!(traced["why"]["evidence"].to_string().contains("tomorrow"), "{traced:#}");
        assert_eq!(traced["findings"], json!([]), "{status} {message}");
        assert_eq!(traced["server"]["sessions"], "unknown");
    }
}

#[test]
fn a_header_that_is_lost_on_the_way_is_only_likely() {
    let server = mcp(|request| {
        (request.rpc() == "tools/list" || request.rpc() == "ping")
            .then(|| request.error(400, -32000, "Bad Request: Missing session ID"))
    });
    assert_eq!(verdict(&server).0, "session-id-stripped likely");
    // The header arrives with another request; whether it does with this one is not known.
    let server = mcp(|request| {
        (request.rpc() == "tools/list")
            .then(|| request.error(400, -32000, "tools of a session ID that is not yours"))
    });
    assert_eq!(verdict(&server).0, "unknown possible");
}

#[test]
fn what_works_in_the_modern_form_alone_is_modern() {
    let server = modern(|request| {
        let error = json!({"code": -32602, "message": "Missing or invalid params._meta"});
        (!request.is_modern()).then(|| request.fails(400, &error))
    });
    let (said, traced) = verdict(&server);
    assert_eq!(said, "modern-only certain");
    assert_eq!(traced["otherwise"], Value::Null);
}

#[test]
fn an_envelope_that_was_not_promised_is_not_missing() {
    // A server that asks for the envelope after a handshake of 2025-11-25.
    let error = json!({"code": -32602, "message": "params._meta: Required"});
    let server = mcp(move |request| {
        (request.rpc() == "tools/list" && !request.is_modern()).then(|| request.fails(400, &error))
    });
    let finished = Sandbox::new().run(&["-s", &server.url, "list-tools", "--json"]);
    assert!(!finished.stderr.contains("envelope-missing"), "{}", finished.stderr);
    assert!(finished.stderr.contains("params._meta"), "{}", finished.stderr);
}

#[test]
fn a_server_of_both_eras_has_two_ways() {
    let server = any_era(|request| {
        if request.is_modern() {
            let mut result = json!({"resultType": "complete", "ttlMs": 0, "cacheScope": "private"});
            if request.rpc() == "server/discover" {
                result["supportedVersions"] = json!(["2026-07-28"]);
                result["capabilities"] = json!({"tools": {}});
            } else {
                result["tools"] = json!([]);
            }
            request.result(&result)
        } else if request.rpc() == "initialize" {
            opened(request, Some("s-0123456789"))
        } else if request.header("mcp-session-id").is_none() {
            request.error(400, -32004, "invalid request")
        } else if request.body["id"].is_null() {
            http(202, &[], "")
        } else {
            request.result(&json!({"tools": []}))
        }
    });
    let (said, traced) = verdict(&server);
    assert_eq!(said, "session-missing certain");
    assert!(traced["client"][0].as_str().unwrap().contains("_meta"), "{traced:#}");
    assert!(traced["otherwise"][0].as_str().unwrap().contains("initialize"), "{traced:#}");
    let evidence = traced["why"]["evidence"].to_string();
    assert!(evidence.contains("as a 2026-07-28 request: 200"), "{evidence}");
}

#[test]
fn a_refused_initialize_is_the_verdict() {
    let refuse = |status, body: &'static str| {
        Server::start(move |request| match request.rpc() {
            "initialize" => http(status, &[("Content-Type", "text/html")], body),
            "GET" => http(405, &[], ""),
            _ => request.error(400, -32000, "No valid session ID provided"),
        })
    };
    let (said, traced) = verdict(&refuse(400, "x-service-token must be provided in the header"));
    assert_eq!(said, "auth-required likely");
    let because = traced["why"]["because"].as_str().unwrap();
    assert!(because.contains("-H 'x-service-token: VALUE'"), "{because}");
    let (said, traced) = verdict(&refuse(400, "the tenant is suspended"));
    assert_eq!(said, "initialize-refused likely");
    assert!(traced["why"]["evidence"].to_string().contains("the tenant is suspended"));
    let everything = any_era(|request| {
        request.fails(200, &json!({"code": -32601, "message": "Method not implemented"}))
    });
    assert_eq!(verdict(&everything).0, "initialize-refused likely");
}

#[test]
fn only_the_first_request_is_served() {
    let count = AtomicUsize::new(0);
    let server = any_era(move |request| match count.fetch_add(1, Ordering::Relaxed) {
        0 => request.result(&json!({"tools": []})),
        _ => http(500, &[], ""),
    });
    assert_eq!(verdict(&server).0, "shared-transport likely");
    // A neighbour: bare requests work, and there is no handshake.
    let server = Server::start(|request| match request.rpc() {
        "tools/list" => request.result(&json!({"tools": []})),
        _ => request.fails(200, &json!({"code": -32601, "message": "unknown method"})),
    });
    let (said, traced) = verdict(&server);
    assert_eq!((said.as_str(), &traced["server"]["era"]), ("works", &json!("bare")));
}

#[test]
fn a_version_header_and_a_handshake_are_told_apart() {
    let stateless = |refuses: fn(&Request, bool) -> bool| {
        let is_open = AtomicBool::new(false);
        Server::start(move |request| match request.rpc() {
            "initialize" => {
                is_open.store(true, Ordering::Relaxed);
                opened(request, None)
            }
            "notifications/initialized" => http(202, &[], ""),
            _ if refuses(request, is_open.load(Ordering::Relaxed)) => {
                request.error(400, -32000, "Bad Request")
            }
            _ => request.result(&json!({"tools": []})),
        })
    };
    let server = stateless(|request, _| request.header("mcp-protocol-version").is_none());
    assert_eq!(verdict(&server).0, "version-missing certain");
    let server = stateless(|_, is_open| !is_open);
    assert_eq!(verdict(&server).0, "handshake-missing likely");
}

#[test]
fn ids_that_were_never_issued_show_that_nothing_is_kept() {
    let issued = AtomicUsize::new(0);
    let server = mcp(move |request| match request.rpc() {
        "initialize" => {
            let at = issued.fetch_add(1, Ordering::Relaxed);
            Some(opened(request, Some(&format!("tok-{at:08}-1868-4c2d-8e3f-a0b1c2d3e4f{at}"))))
        }
        _ if request.header("mcp-session-id").is_some_and(|id| id.starts_with("tok-")) => None,
        _ => Some(request.error(404, -32000, "Invalid session ID")),
    });
    let (said, traced) = verdict(&server);
    assert_eq!(said, "session-missing certain");
    assert_eq!(traced["server"]["sessions"], "not-kept");
}

#[test]
fn our_own_limit_is_no_finding() {
    let server = Server::of_any_era(|_, _| std::thread::sleep(std::time::Duration::from_secs(4)));
    let (said, traced) = verdict_of(&server, &["--timeout", "1"]);
    assert_eq!((said.as_str(), &traced["findings"]), ("works", &json!([])));
    let finished = Sandbox::new().run(&["trace", &server.url, "--timeout", "1"]).exits(8);
    assert!(finished.stdout.contains("1 was ended here"), "{}", finished.stdout);
    assert!(!finished.stdout.contains("works"), "{}", finished.stdout);
}

/// Returns how often the named tool ran in a trace; `answer` is what the server does with a call.
fn executions(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> usize {
    let server = mcp(move |request| (request.rpc() == "tools/call").then(|| answer(request)));
    Sandbox::new().run(&["trace", &server.url, "--tool", "echo", "message=x"]);
    server.methods().iter().filter(|method| *method == "tools/call").count()
}

#[test]
fn a_named_tool_never_runs_twice_whatever_it_answers() {
    assert_eq!(executions(|request| request.error(400, -32000, "payment declined")), 1);
    assert_eq!(executions(|request| request.error(404, -32001, "Session not found")), 1);
    assert_eq!(executions(|_| http(422, &[], r#"{"detail":"no"}"#)), 1);
    assert_eq!(executions(|_| http(403, &[], "no")), 1);
    assert_eq!(executions(|_| http(400, &[], "Error: insufficient funds")), 1);
    let own = |text: &'static str| {
        move |request: &Request| request.fails(200, &json!({"code": -32600, "message": text}))
    };
    assert_eq!(executions(own("Recorded, but no session found for user bob")), 1);
    // A server that refuses every bare request alike has not run it: it runs with the session.
    let server = mcp(|request| {
        let bare = request.header("mcp-session-id").is_none();
        let asks = request.rpc() == "tools/call" || request.rpc() == "tools/list";
        (bare && asks).then(|| request.error(400, -32000, "no session"))
    });
    Sandbox::new().run(&["trace", &server.url, "--tool", "echo", "message=x"]).exits(0);
    let calls = server.methods().iter().filter(|method| *method == "tools/call").count();
    assert_eq!(calls, 2);
}

#[test]
fn a_handshake_that_counts_for_everybody_is_no_missing_session() {
    let is_open = AtomicBool::new(false);
    let server = mcp(move |request| match request.rpc() {
        "initialize" => {
            is_open.store(true, Ordering::Relaxed);
            None
        }
        "tools/list" if !is_open.load(Ordering::Relaxed) => {
            Some(request.error(400, -32000, "Not initialized"))
        }
        _ => None,
    });
    assert_eq!(verdict(&server).0, "unknown possible");
}

#[test]
fn what_works_again_a_moment_later_was_temporary() {
    for refusal in [(404, "no healthy deployment"), (400, "session store is not ready yet")] {
        let count = AtomicUsize::new(0);
        let server = Server::start(move |request| match request.rpc() {
            "initialize" => opened(request, None),
            "notifications/initialized" => http(202, &[], ""),
            _ if count.fetch_add(1, Ordering::Relaxed) == 0 => http(refusal.0, &[], refusal.1),
            _ => request.result(&json!({"tools": []})),
        });
        assert_eq!(verdict(&server).0, "temporary-failure likely", "{}", refusal.1);
    }
}

#[test]
fn a_version_header_beside_optional_ids_is_found_whatever_the_words() {
    let server = mcp(|request| {
        let bare = request.header("mcp-protocol-version").is_none();
        let text = "MCP-Protocol-Version header is required for this session";
        (request.rpc() == "tools/list" && bare).then(|| request.error(400, -32000, text))
    });
    assert_eq!(verdict(&server).0, "version-missing certain");
}

#[test]
fn a_failure_of_initialize_for_now_is_not_the_cause() {
    let limited = Server::start(|request| match request.rpc() {
        "initialize" => http(429, &[("Retry-After", "9")], ""),
        _ => request.error(400, -32000, "Mcp-Session-Id header is required"),
    });
    assert_eq!(verdict(&limited).0, "session-missing likely");
    let count = AtomicUsize::new(0);
    let once = mcp(move |request| match request.rpc() {
        "initialize" if count.fetch_add(1, Ordering::Relaxed) == 0 => Some(http(503, &[], "")),
        "tools/list" if request.header("mcp-session-id").is_none() => {
            Some(request.error(400, -32000, "Mcp-Session-Id header is required"))
        }
        _ => None,
    });
    assert_eq!(verdict(&once).0, "session-missing certain");
}

#[test]
fn a_limit_in_the_middle_says_nothing_of_headers_and_ids() {
    let count = AtomicUsize::new(0);
    let server = mcp(move |request| {
        if is_bare_list(request) {
            return Some(request.error(400, -32000, "no session"));
        }
        let at = count.fetch_add(1, Ordering::Relaxed);
        (at >= 4).then(|| http(429, &[], "slow down"))
    });
    let (said, traced) = verdict(&server);
    assert_eq!(said, "session-missing certain");
    assert_eq!(traced["server"]["needsAccept"], Value::Null, "{traced:#}");
    assert!(!traced["server"]["departures"].to_string().contains("429"), "{traced:#}");
}

#[test]
fn batches_are_read() {
    let server = mcp(|request| {
        let result = json!({"protocolVersion": "2025-11-25", "capabilities": {},
            "serverInfo": {"name": "batch", "version": "1"}});
        let headers = [("Content-Type", "application/json"), ("Mcp-Session-Id", "s-0123456789")];
        (request.rpc() == "initialize")
            .then(|| http(200, &headers, &format!("[{}]", request.result_text(&result))))
    });
    assert_eq!(verdict(&server).1["server"]["software"], "batch 1");
}

#[test]
fn a_tools_own_error_is_no_missing_session() {
    for error in ["Session not found", "no session for user bob", "browser session id 7 expired"] {
        let server = mcp(move |request| {
            let error = json!({"code": -32600, "message": error});
            (request.rpc() == "tools/call").then(|| request.fails(404, &error))
        });
        let (said, traced) = verdict_of(&server, &["--tool", "echo", "message=x"]);
        assert_eq!(said, "unknown possible", "{error}");
        assert_eq!(traced["server"]["era"], "legacy", "{error}");
        assert!(traced["why"]["because"].as_str().unwrap().contains("was not repeated"));
    }
}

#[test]
fn a_session_that_is_expected_elsewhere_is_not_ruled_out() {
    let server = Server::start(|request| match request.rpc() {
        "initialize" => opened(request, None),
        _ => request.error(400, -32000, "Missing session"),
    });
    let (said, traced) = verdict(&server);
    assert_eq!(said, "unknown possible", "{traced:#}");
    assert!(traced["why"]["because"].as_str().unwrap().contains("elsewhere"), "{traced:#}");
}

#[test]
fn the_modern_form_is_no_cause_where_bare_requests_work() {
    // A legacy server that ignores sessions and whatever is modern in a request, and whose tool fails.
    let server = any_era(|request| match request.rpc() {
        "initialize" => opened(request, Some("s-0123456789")),
        "tools/list" => request.result(&json!({"tools": []})),
        "tools/call" => http(404, &[], r#"{"detail":"item not found"}"#),
        "server/discover" => request.fails(404, &json!({"code": -32601, "message": "no"})),
        _ => http(202, &[], ""),
    });
    let (said, _) = verdict_of(&server, &["--tool", "run", "x=1"]);
    assert_eq!(said, "unknown possible");
    let calls = server.all_requests();
    assert_eq!(calls.iter().filter(|request| request.rpc() == "tools/call").count(), 1);
}
