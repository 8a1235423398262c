//! The verdict of `trace` where a server requires a form of request: headers and the type of ids.

use serde_json::{Value, json};

use super::verdicts::{any_era, is_bare_list, opened, verdict};
use crate::support::{Sandbox, http, mcp};

#[test]
fn a_server_whose_streams_do_not_work_needs_another_accept() {
    let start = |json_works: bool, lists: bool| {
        any_era(move |request| {
            let stream = request.header("accept").is_some_and(|it| it.contains("event-stream"));
            match request.rpc() {
                "server/discover" => http(400, &[], "unsupported"),
                _ if request.method != "POST" => http(405, &[], ""),
                method if stream || !json_works => {
                    let text = format!("Method '{method}' not implemented");
                    request.fails(200, &json!({"code": -32601, "message": text}))
                }
                "initialize" => opened(request, Some("s-0123456789")),
                "tools/list" if lists => request.result(&json!({"tools": []})),
                "tools/list" => request.error(200, -32601, "Method 'tools/list' not implemented"),
                _ => http(202, &[], ""),
            }
        })
    };
    let (said, traced) = verdict(&start(true, true));
    assert_eq!(said, "accept likely", "{traced:#}");
    assert!(traced["why"]["because"].as_str().unwrap().contains("Accept: application/json,"));
    // What still fails after the handshake has another reason.
    let (said, traced) = verdict(&start(true, false));
    assert_eq!(said, "unknown possible", "{traced:#}");
    assert!(
        traced["why"]["because"].as_str().unwrap().contains("is tools/list after it, and fails")
    );
    // What fails with either is not about the header.
    assert_eq!(verdict(&start(false, false)).0, "initialize-refused likely");
}

#[test]
fn headers_that_the_server_requires_are_named() {
    let server = mcp(|request| {
        let both = request.header("accept").is_some_and(|accept| accept.contains("event-stream"));
        let json = request.header("content-type") == Some("application/json");
        match request.method == "POST" {
            true if !both => Some(request.error(406, -32000, "Not Acceptable")),
            true if !json => Some(http(415, &[], "")),
            _ if is_bare_list(request) => Some(request.error(400, -32000, "no session")),
            _ => None,
        }
    });
    let (_, traced) = verdict(&server);
    assert_eq!(traced["server"]["needsAccept"], true);
    assert_eq!(traced["server"]["needsContentType"], true);
    let steps = traced["client"].to_string();
    assert!(steps.contains("Accept: application/json, text/event-stream"), "{steps}");
    let (_, traced) = verdict(&mcp(|_| None));
    assert_eq!(traced["server"]["needsAccept"], false);
    assert!(!traced["client"].to_string().contains("Accept"));
}

#[test]
fn a_server_that_accepts_only_numbers_as_ids() {
    let server = mcp(|request| {
        let text = "Invalid Request: id must be an integer";
        request.body["id"].is_string().then(|| request.error(400, -32600, text))
    });
    assert_eq!(verdict(&server).0, "request-id-type certain");
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0).says("numbers are sent");
    sandbox.run(&["call", "echo", "message=x"]).exits(0);
    let ids: Vec<Value> = server.requests().iter().map(|it| it.body["id"].clone()).collect();
    assert!(
        ids.last().unwrap().is_u64() && ids.last().unwrap().as_u64() < Some(1 << 53),
        "{ids:?}"
    );
    // A server that changes ids is named, and numbers are suggested.
    let zero = mcp(|request| {
        (request.rpc() == "tools/call").then(|| {
            let result = r#"{"jsonrpc":"2.0","id":0,"result":{"content":[]}}"#;
            http(200, &[("Content-Type", "application/json")], result)
        })
    });
    let finished = Sandbox::new().run(&["-s", &zero.url, "call", "echo", "message=x"]).exits(7);
    finished.says("received 0").says("--request-id number").says("response-id-mismatch");
}
