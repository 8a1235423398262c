//! Results, in every form that real servers use.

use serde_json::json;

use crate::support::{Request, Sandbox, Server, http, mcp};

/// Creates a server that responds to `tools/call` with this stream; `ID` is replaced by the
/// request's id.
fn streaming(stream: &'static str) -> Server {
    mcp(move |request| {
        (request.rpc() == "tools/call").then(|| {
            let body = stream.replace("ID", &request.body["id"].to_string());
            http(200, &[("Content-Type", "text/event-stream")], &body)
        })
    })
}

fn call(server: &Server) -> crate::support::Finished {
    Sandbox::new().run(&["-s", &server.url, "call", "add"])
}

const ANSWER: &str =
    r#"{"jsonrpc":"2.0","id":ID,"result":{"content":[{"type":"text","text":"there"}]}}"#;

#[test]
fn an_answer_is_found_in_every_stream() {
    let streams: [&'static str; 7] = [
        "event: message\ndata: ~\n\n",
        // rmcp: a priming event without a type, then an event without a type.
        "data: \nid: 0\nretry: 3000\n\nid: 1\ndata: ~\n\n",
        "data: ~\n\n",
        ": keepalive\n\n: ok\n: connected\ndata: ~\n\n",
        // supergateway: a notification first.
        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\ndata: ~\n\n",
        "\u{feff}event: message\r\ndata: ~\r\n\r\n",
        "retry: 500\n\nevent: message\rdata: ~\r\r",
    ];
    for stream in streams {
        let stream: &'static str = Box::leak(stream.replace('~', ANSWER).into_boxed_str());
        call(&streaming(stream)).exits(0).prints("there\n");
    }
}

#[test]
fn a_body_is_read_by_what_it_is() {
    let labelled = |kind: &'static str, as_stream: bool| {
        mcp(move |request: &Request| {
            let text =
                request.result_text(&json!({"content": [{"type": "text", "text": "there"}]}));
            let body = if as_stream { format!("data: {text}\n\n") } else { text };
            (request.rpc() == "tools/call").then(|| http(200, &[("Content-Type", kind)], &body))
        })
    };
    call(&labelled("text/plain", false)).exits(0).prints("there\n");
    call(&labelled("text/event-stream", false)).exits(0).prints("there\n");
    call(&labelled("application/json", true)).exits(0).prints("there\n");
}

#[test]
fn an_answer_that_is_none_is_told_apart() {
    call(&streaming("")).exits(7).says("the response is empty");
    call(&streaming(": nothing\n\n")).exits(7).says("the stream ended without a response");
    call(&streaming("data: {\"jsonrpc\":\"2.0\",\"id\":\"other\",\"result\":{}}\n\n"))
        .exits(7)
        .says("received \"other\"");
    call(&streaming("data: not json\n\n")).exits(7).says("is not JSON-RPC");
    call(&streaming("data: {\"jsonrpc\":\"2.0\",\"id\":ID,\"resu"))
        .exits(7)
        .says("in the middle of an event");
    let page = mcp(|request| {
        (request.rpc() == "tools/call")
            .then(|| http(200, &[("Content-Type", "text/html")], "<html>log in</html>"))
    });
    call(&page).exits(7).says("not an MCP server").says("<html>log in</html>");
}

#[test]
fn an_error_with_status_200_is_a_failure() {
    call(&streaming("data: {\"jsonrpc\":\"2.0\",\"id\":ID,\"error\":{\"code\":-32602,\"message\":\"no such\"}}\n\n"))
        .exits(6)
        .says("-32602 no such");
    call(&streaming("data: {\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32603,\"message\":\"oops\"}}\n\n"))
        .exits(6)
        .says("oops");
}

#[test]
fn what_the_server_asks_meanwhile_is_answered() {
    // Responses have no method, so the script ignores them.
    let server = mcp(move |request| match request.rpc() {
        "tools/call" => Some({
            let body = "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}\n\n\
                data: {\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"roots/list\"}\n\n\
                data: {\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{\"content\":[]}}\n\n"
                .replace("ID", &request.body["id"].to_string());
            http(200, &[("Content-Type", "text/event-stream")], &body)
        }),
        "POST" => Some(http(202, &[], "")),
        _ => None,
    });
    call(&server).exits(0);
    let answers: Vec<_> =
        server.requests().into_iter().filter(|request| request.rpc() == "POST").collect();
    assert_eq!(answers[0].body, json!({"jsonrpc": "2.0", "id": 7, "result": {}}));
    assert_eq!(answers[1].body["id"], 8);
    assert_eq!(answers[1].body["error"]["code"], -32601);
    assert!(answers.iter().all(|answer| answer.header("mcp-session-id").is_some()));
}

#[test]
fn every_page_of_a_list_is_fetched() {
    let server = mcp(|request| {
        (request.rpc() == "tools/list").then(|| {
            let cursor = request.body["params"]["cursor"].as_str().unwrap_or("0");
            let next: Option<&str> = match cursor { "0" => Some("1"), "1" => Some("2"), _ => None };
            request.result(&json!({"tools": [{"name": format!("tool{cursor}"), "inputSchema": {}}], "nextCursor": next}))
        })
    });
    let listed = Sandbox::new().run(&["-s", &server.url, "list-tools", "--json"]).exits(0).stdout;
    let names: Vec<&str> = listed
        .matches("tool0")
        .chain(listed.matches("tool1"))
        .chain(listed.matches("tool2"))
        .collect();
    assert_eq!(names.len(), 3, "{listed}");
    let endless = mcp(|request| {
        (request.rpc() == "tools/list")
            .then(|| request.result(&json!({"tools": [], "nextCursor": "again"})))
    });
    Sandbox::new().run(&["-s", &endless.url, "list-tools"]).exits(0).says("points back");
}

#[test]
fn json_is_printed_as_it_came() {
    let result = r#"{"z":1,"content":[],"a":{"big":12345678901234567890123,"x":1e400},"structuredContent":{"n":1.10}}"#;
    let server = mcp(move |request| {
        let body = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, request.body["id"]);
        (request.rpc() == "tools/call").then(|| http(200, &[], &body))
    });
    let shown = Sandbox::new().run(&["-s", &server.url, "call", "add", "--json"]).exits(0).stdout;
    assert_eq!(shown, format!("{result}\n"));
}

#[test]
fn a_large_result_is_treated_as_a_small_one_is() {
    let server = mcp(|request| {
        let text = "x".repeat(2 * 1024 * 1024);
        let result = format!(
            r#"{{"isError": true,{}"content": [{{"type":"text","text":"{text}"}}]}}"#,
            "\n"
        );
        let body = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, request.body["id"]);
        (request.rpc() == "tools/call").then(|| http(200, &[], &body))
    });
    let call = |option: &[&str]| {
        let words = [&["-s", &server.url, "call", "add", "--json"], option].concat();
        Sandbox::new().run(&words)
    };
    let whole = call(&[]).exits(1).says("mcpoke: tool `add` returned an error");
    assert!(whole.stdout.len() > 2 * 1024 * 1024);
    let part = call(&["--query", "/content"]).exits(1).says("returned an error").stdout;
    assert!(part.starts_with(r#"[{"type":"text","text":"xxx"#), "{}", &part[..40]);
    assert_eq!(call(&["--query", ""]).exits(1).stdout.lines().count(), 1);
}

#[test]
fn a_tool_that_fails_exits_with_1_and_shows_its_words() {
    let server = mcp(|request| {
        let result = json!({"content": [{"type": "text", "text": "no disk"}], "isError": true});
        (request.rpc() == "tools/call").then(|| request.result(&result))
    });
    call(&server).exits(1).prints("no disk\n").says("returned an error");
}

#[test]
fn images_go_to_files() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&["-s", "demo", "call", "image", "--output", "disc.png"])
        .exits(0)
        .prints("An orange disc:\n");
    let bytes = std::fs::read(sandbox.home().join("disc.png")).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    sandbox
        .run(&["-s", "demo", "call", "image", "--save-dir", "pictures"])
        .exits(0)
        .says("pictures/image-1.png");
    assert_eq!(std::fs::read(sandbox.home().join("pictures/image-1.png")).unwrap(), bytes);
    let shown = sandbox.run(&["-s", "demo", "call", "image"]).exits(0).stdout;
    assert!(shown.contains("[image image/png, ") && !shown.contains("iVBOR"), "{shown}");
    sandbox
        .run(&["-s", "demo", "call", "image", "--output", "no/such/dir.png"])
        .exits(11)
        .says("cannot write no/such/dir.png");
}

#[test]
fn the_servers_words_are_not_lost() {
    let server = mcp(|request| {
        (request.rpc() == "tools/call").then(|| match request.body["params"]["name"].as_str() {
            Some("add") => request.result(&serde_json::json!({"answer": 42})),
            _ => request.fails(
                200,
                &serde_json::json!({"code": -32000, "message": "quota exceeded",
                    "data": {"limit": 5, "resets": "tomorrow"}}),
            ),
        })
    });
    let sandbox = Sandbox::new();
    let finished = sandbox.run(&["-s", &server.url, "call", "add"]).exits(0);
    finished.prints("{\"answer\":42}\n").says("the result has no `content`");
    let finished = sandbox.run(&["-s", &server.url, "call", "echo", "message=x"]).exits(6);
    finished.says("quota exceeded").says(r#"data      {"limit":5,"resets":"tomorrow"}"#);
    let json = sandbox.run(&["-s", &server.url, "call", "echo", "message=x", "--json"]).exits(6);
    let last: serde_json::Value =
        serde_json::from_str(json.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["rpc"]["data"]["resets"], "tomorrow");
}
