//! The verdict of `trace` where even `initialize` fails, or nothing at the address is MCP.

use serde_json::{Value, json};

use crate::support::{Sandbox, Server, http, mcp};

fn trace(server: &Server, more: &[&str]) -> (String, Value) {
    let finished = Sandbox::new().run(&[&["trace", &server.url, "--json"], more].concat());
    let traced: Value = serde_json::from_str(&finished.stdout).unwrap();
    let why = &traced["why"];
    let text = |name: &str| why[name].as_str().unwrap_or_default().to_owned();
    (format!("{} {}", text("id"), text("certainty")), traced)
}

#[test]
fn credentials_that_every_request_lacks_are_the_reason() {
    let refusing = |status, message: &'static str| {
        Server::start(move |request| {
            let error = json!({"jsonrpc": "2.0", "id": null,
                "error": {"code": -32002, "message": message}});
            let json = [("Content-Type", "application/json")];
            match request.rpc() {
                "GET" => http(405, &[], ""),
                _ => http(status, &json, &error.to_string()),
            }
        })
    };
    let wrong = refusing(403, "Forbidden: Invalid bearer token");
    assert_eq!(trace(&wrong, &[]).0, "auth-required likely");
    let wrong = refusing(403, "Forbidden");
    assert_eq!(trace(&wrong, &["-H", "X-Api-Key: wrong-0123456789"]).0, "auth-required likely");
    // Without credentials, and without a word about them, a 403 may have any reason.
    let (said, traced) = trace(&refusing(403, "This region is not served"), &[]);
    assert_eq!(said, "initialize-refused likely");
    assert!(traced["why"]["evidence"].to_string().contains("This region is not served"));
    let named = refusing(401, "Unauthorized: the X-MCP-AUTH header is required");
    let (said, traced) = trace(&named, &[]);
    assert_eq!(said, "auth-required likely");
    assert!(traced["why"]["because"].to_string().contains("-H 'X-MCP-AUTH: VALUE'"), "{traced:#}");
    let shown = Sandbox::new().run(&["init", &named.url]).exits(4).says("-H 'X-MCP-AUTH: VALUE'");
    assert!(!shown.stderr.contains("mcpoke login http"), "{}", shown.stderr);
}

#[test]
fn an_address_that_only_takes_get_need_not_be_a_stream() {
    let page = |is_stream: bool| {
        Server::start(move |request| match request.rpc() {
            "GET" if request.path != "/mcp" => http(404, &[], ""),
            "GET" if is_stream => {
                let stream = [("Content-Type", "text/event-stream")];
                http(200, &stream, "event: endpoint\ndata: /messages\n\n")
            }
            "GET" => http(200, &[("Content-Type", "text/html")], "<html>a page</html>"),
            _ => http(405, &[("Allow", "GET")], r#"{"detail":"Method Not Allowed"}"#),
        })
    };
    let (said, traced) = trace(&page(false), &[]);
    assert_eq!((said.as_str(), &traced["findings"]), ("wrong-path likely", &json!([])));
    // The stream names an address for messages, which rejects them.
    assert_eq!(trace(&page(true), &[]).0, "legacy-sse-only likely");
}

#[test]
fn a_parse_error_of_a_valid_body_is_not_the_clients() {
    let server = Server::start(|request| match request.rpc() {
        "GET" => http(405, &[], ""),
        "initialize" => {
            let data = "ReferenceError: Bun is not defined";
            request.fails(400, &json!({"code": -32700, "message": "Parse error", "data": data}))
        }
        _ => request.error(400, -32000, "Bad Request: No valid session ID provided"),
    });
    let (said, traced) = trace(&server, &[]);
    assert_eq!(said, "initialize-refused likely");
    assert!(traced["why"]["evidence"].to_string().contains("Bun is not defined"), "{traced:#}");
}

#[test]
fn a_response_in_a_wrong_frame_is_shown_and_is_not_empty() {
    let server = Server::start(|request| match request.rpc() {
        "GET" => http(405, &[], ""),
        "initialize" => {
            let result = request.result_text(&json!({"protocolVersion": "2025-11-25"}));
            let stream = [("Content-Type", "text/event-stream")];
            http(200, &stream, &format!("data: event: message\ndata: data: {result}\n\n"))
        }
        _ => request.error(400, -32000, "Bad Request: No valid session ID provided"),
    });
    let (said, traced) = trace(&server, &[]);
    assert!(!traced.to_string().contains("stream-empty"), "{traced:#}");
    // The handshake was sent, and its response cannot be used.
    assert_eq!(said, "unknown possible");
    assert!(
        traced["why"]["because"].as_str().unwrap().contains("not a JSON-RPC message"),
        "{traced:#}"
    );
    Sandbox::new().run(&["init", &server.url]).exits(7).says("event: message");
}

#[test]
fn a_response_in_an_array_is_a_departure() {
    let server = Server::start(|request| {
        let json = [("Content-Type", "application/json"), ("Mcp-Session-Id", "session-0123456789")];
        let array =
            |result: &Value| http(200, &json, &format!("[{}]", request.result_text(result)));
        match (request.rpc(), request.header("mcp-session-id")) {
            ("initialize", _) => array(&json!({"protocolVersion": "2025-11-25",
                "capabilities": {}, "serverInfo": {"name": "scripted", "version": "1"}})),
            ("GET" | "DELETE", _) => http(405, &[], ""),
            (_, None) => http(400, &[], ""),
            ("tools/list", _) => array(&json!({"tools": []})),
            _ => http(202, &[], ""),
        }
    });
    let (said, traced) = trace(&server, &[]);
    assert_eq!(said, "session-missing certain");
    let departures = traced["server"]["departures"].to_string();
    assert!(departures.contains("is a JSON array"), "{traced:#}");
}

#[test]
fn a_framework_s_own_error_is_no_json_rpc() {
    let server = Server::start(|_| {
        let json = [("Content-Type", "application/json")];
        let body =
            r#"{"message":"Route POST:/mcp not found","error":"Not Found","statusCode":404}"#;
        http(404, &json, body)
    });
    Sandbox::new().run(&["init", &server.url]).exits(7);
}

#[test]
fn a_redirect_is_not_the_refusal() {
    let server = mcp(|request| {
        let bare = request.header("mcp-session-id").is_none() && request.rpc() != "initialize";
        if request.path == "/mcp" {
            return Some(http(307, &[("Location", "/mcp/")], ""));
        }
        bare.then(|| request.error(400, -32000, "Missing session ID"))
    });
    let (said, traced) = trace(&server, &[]);
    assert_eq!(said, "session-missing certain");
    assert_eq!(traced["why"]["evidence"][0], "2 without a session: 400 -32000 Missing session ID");
    assert_eq!(traced["server"]["departures"], json!([]), "{traced:#}");
    assert_eq!(traced["server"]["bare"]["status"], 400);
    let recipe = Sandbox::new().run(&["trace", &server.url, "--recipe", "curl"]).exits(0).stdout;
    assert!(recipe.contains(&format!("url='{}/'", server.url)), "{recipe}");
    let open =
        mcp(|request| (request.path == "/mcp").then(|| http(307, &[("Location", "/mcp/")], "")));
    let shown = Sandbox::new().run(&["trace", &open.url]).exits(0).stdout;
    assert!(shown.contains("2 works") && !shown.contains("was ended here"), "{shown}");
    let call = ["--tool", "add", "a=1"];
    assert_eq!(trace(&server, &call).0, "session-missing certain");
    assert_eq!(trace(&open, &call).0, " ");
}

#[test]
fn nothing_is_certain_of_a_server_that_answers_one_request_differently() {
    // It is not ready for the first requests, and refuses them in a way that is not temporary by itself.
    for not_ready in 1..12 {
        let count = std::sync::atomic::AtomicUsize::new(0);
        let server = mcp(move |request| match request.rpc() {
            "initialize" | "notifications/initialized" | "DELETE" => None,
            _ if count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < not_ready => {
                Some(request.error(400, -32000, "the server is not ready"))
            }
            _ => None,
        });
        let (said, traced) = trace(&server, &[]);
        let listed = |one: &Value| {
            let is_list =
                one["purpose"] == "tools/list" && one["request"]["url"] == server.url.as_str();
            is_list && one["answer"]["status"] == 200
        };
        if !traced["exchanges"].as_array().unwrap().iter().any(listed) {
            // It was never ready.
            continue;
        }
        assert!(!said.ends_with("certain"), "{not_ready}: {said} {}", traced["why"]);
        for finding in traced["findings"].as_array().unwrap() {
            assert_ne!(finding["certainty"], "certain", "{not_ready}: {finding}");
        }
    }
}
