//! `listen`: server notifications.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Demo, Request, Sandbox, Server, http, interrupted, mcp, modern};

#[test]
fn changes_are_told_in_both_eras() {
    for version in ["2025-11-25", "2026-07-28"] {
        let sandbox = Sandbox::new();
        let demo = Demo::start(&sandbox);
        sandbox.run(&["init", &demo.url, "--protocol-version", version]).exits(0);
        let mut command = sandbox.command(&["listen", "demo://toggles", "--count", "2", "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert_eq!(line, "listening; Ctrl-C ends it\n");
        sandbox.run(&["call", "toggle"]).exits(0);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let events = String::from_utf8(output.stdout).unwrap();
        let events: Vec<Value> =
            events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.len(), 2, "{events:?}");
        assert_eq!(events[0]["method"], "notifications/tools/list_changed");
        assert_eq!(events[1]["params"]["uri"], "demo://toggles");
        sandbox.run(&["read-resource", "demo://toggles"]).exits(0).prints("1");
        // The session may open another stream, and silence is no error.
        sandbox
            .run(&["listen", "--for", "0.2", "--timeout", "0.1"])
            .exits(0)
            .prints("")
            .says("listening");
    }
}

#[test]
fn ctrl_c_is_how_listening_ends() {
    let sandbox = Sandbox::new();
    let demo = Demo::start(&sandbox);
    sandbox.run(&["init", &demo.url, "--protocol-version", "2025-11-25"]).exits(0);
    let began = std::time::Instant::now();
    let args = ["listen", "demo://toggles", "--trace-file", "t.jsonl"];
    let ready = || began.elapsed() > Duration::from_millis(600);
    let output = interrupted(&sandbox, &args, ready);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let trace = std::fs::read_to_string(sandbox.home().join("t.jsonl")).unwrap();
    let method = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let body: Value =
            serde_json::from_str(line["request"]["body"].as_str().unwrap()).unwrap_or_default();
        body["method"].as_str().unwrap_or("GET").to_owned()
    };
    let methods: Vec<String> = trace.lines().map(method).collect();
    assert_eq!(methods, ["ping", "resources/subscribe", "GET", "resources/unsubscribe"]);
}

#[test]
fn a_session_without_a_stream_is_told_apart() {
    let server =
        mcp(|request| (request.method == "GET").then(|| http(405, &[("Allow", "POST")], "")));
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["listen"]).exits(7).says("offers no stream");
    // The same for a modern server without subscriptions.
    let server = modern(|request| {
        (request.rpc() == "subscriptions/listen")
            .then(|| request.fails(404, &json!({"code": -32601, "message": "Method not found"})))
    });
    Sandbox::new().run(&["-s", &server.url, "listen"]).exits(6).says("sends no notifications");
}

#[test]
fn a_server_without_ping_has_its_stream_opened() {
    let changed = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    let server = mcp(move |request| match request.rpc() {
        "ping" => Some(request.error(200, -32601, "Method not found")),
        "GET" => {
            let stream = [("Content-Type", "text/event-stream")];
            Some(http(200, &stream, &format!("data: {changed}\n\n")))
        }
        _ => None,
    });
    let heard = Sandbox::new().run(&["-s", &server.url, "listen", "--count", "1"]).exits(0);
    assert!(heard.stdout.contains("tools/list_changed"), "{}", heard.stdout);
}

fn acknowledged(request: &Request, more: &Value) -> String {
    let id = &request.body["id"];
    let meta = json!({"io.modelcontextprotocol/subscriptionId": id});
    let first = json!({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
        "params": {"_meta": meta, "notifications": {}}});
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {first}\n\ndata: {more}\n\n"
    )
}

#[test]
fn a_subscription_that_breaks_off_is_opened_anew_and_one_that_ends_is_not() {
    let times = AtomicUsize::new(0);
    let keep = modern(|_| None);
    let address = keep.url.clone();
    let server = Server::of_any_era(move |request, stream| {
        if request.rpc() != "subscriptions/listen" {
            return crate::support::pass_on(request, &address, stream);
        }
        let more = if times.fetch_add(1, Ordering::SeqCst) == 0 {
            json!({"jsonrpc": "2.0", "method": "notifications/prompts/list_changed"})
        } else {
            json!({"jsonrpc": "2.0", "id": request.body["id"], "result": {"resultType": "complete"}})
        };
        let _ = stream.write_all(acknowledged(request, &more).as_bytes());
    });
    let finished = Sandbox::new().run(&["-s", &server.url, "listen", "a://b"]).exits(0);
    assert_eq!(finished.stdout.lines().count(), 1, "{}", finished.stdout);
    assert!(finished.stdout.ends_with("prompts/list_changed\n"));
    let said = finished.says("sends no notifications for a://b").says("has ended the stream");
    assert_eq!(said.stderr.matches("listening").count(), 1, "{}", said.stderr);
    let listens = server.all_requests();
    let listens: Vec<_> = listens.iter().filter(|r| r.rpc() == "subscriptions/listen").collect();
    assert_eq!(listens.len(), 2);
    assert_eq!(
        listens[0].body["params"]["notifications"],
        json!({"toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
            "resourceSubscriptions": ["a://b"]})
    );
    drop(keep);
}

#[test]
fn a_stream_of_the_legacy_era_is_taken_up_after_its_last_event() {
    let times = AtomicUsize::new(0);
    let server = mcp(|_| None);
    let address = server.url.clone();
    let seen = Server::raw(move |request, stream| {
        if request.method != "GET" {
            return crate::support::pass_on(request, &address, stream);
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        let told = json!({"jsonrpc": "2.0", "method": "notifications/message",
            "params": {"level": "info", "data": "a\u{1b}[31mb"}});
        let text = match times.fetch_add(1, Ordering::SeqCst) {
            0 => format!("{head}retry: 60\nid: e1\ndata: {told}\n\n"),
            _ => format!("{head}id: e2\ndata: {told}\n\n"),
        };
        let _ = stream.write_all(text.as_bytes());
        if request.header("last-event-id").is_some() {
            let _ = stream.read(&mut [0; 1]);
        }
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &seen.url]).exits(0);
    let finished = sandbox.run(&["listen", "--count", "2"]).exits(0);
    assert_eq!(finished.stdout.matches("message  info: a").count(), 2, "{}", finished.stdout);
    let gets: Vec<_> = seen.requests().into_iter().filter(|r| r.method == "GET").collect();
    assert_eq!(gets.len(), 2);
    assert_eq!(gets[1].header("last-event-id"), Some("e1"));
}

#[test]
fn what_the_server_asks_late_is_answered_all_the_same() {
    let server = mcp(|_| None);
    let address = server.url.clone();
    let seen = Server::raw(move |request, stream| {
        if request.method != "GET" {
            let is_answer = request.body.get("result").is_some();
            let accepted = http(202, &[], "");
            if is_answer {
                let _ = stream.write_all(&accepted);
                return;
            }
            return crate::support::pass_on(request, &address, stream);
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: open\n\n";
        let _ = stream.write_all(head.as_bytes());
        // Longer than the timeout of any other request here.
        std::thread::sleep(Duration::from_millis(700));
        let ping = json!({"jsonrpc": "2.0", "id": 9, "method": "ping"});
        let _ = stream.write_all(format!("data: {ping}\n\n").as_bytes());
        let _ = stream.read(&mut [0; 1]);
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &seen.url]).exits(0);
    sandbox.run(&["listen", "--timeout", "0.5", "--for", "1.5"]).exits(0);
    let answered = seen.requests().iter().any(|request| request.body["id"] == 9);
    assert!(answered, "{:?}", seen.methods());
}

#[test]
fn listening_ends_in_good_order_before_it_has_begun() {
    let server = mcp(|request| {
        if request.rpc() == "ping" {
            std::thread::sleep(Duration::from_secs(3));
        }
        None
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["listen", "--for", "0.2"]).exits(0).prints("");
}

#[test]
fn a_redirected_stream_does_not_move_the_address_of_messages() {
    for status in [307, 302] {
        let server = mcp(move |request| match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/mcp") => Some(http(status, &[("Location", "/stream")], "")),
            ("GET", "/stream") => {
                Some(http(200, &[("Content-Type", "text/event-stream")], ": hi\n\n"))
            }
            (_, "/stream") => Some(http(404, &[], "")),
            _ if request.rpc() == "resources/subscribe" => Some(request.result(&json!({}))),
            _ => None,
        });
        let sandbox = Sandbox::new();
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox.run(&["listen", "a://b", "--for", "0.5"]).exits(0);
        let requests = server.all_requests();
        let all = |method: &str, path: &str| {
            requests.iter().filter(|it| it.method == method && it.path == path).count()
        };
        assert!(all("GET", "/stream") >= 1 && all("POST", "/stream") == 0, "{status}");
    }
}
