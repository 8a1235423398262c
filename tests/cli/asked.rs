//! Server requests in both eras: elicitation (forms and URLs), roots and sampling.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Request, Sandbox, Server, http, mcp, modern};

/// Options that select an era of the built-in server.
const ERAS: [&[&str]; 2] =
    [&["--protocol-version", "2026-07-28"], &["--protocol-version", "2025-11-25"]];

fn demo(era: &[&'static str], args: &[&'static str]) -> Vec<&'static str> {
    ["-s", "demo"].iter().chain(era).chain(args).copied().collect()
}

/// Creates a modern server whose tool requires input once before it runs.
fn asking_once(question: Value) -> Server {
    modern(move |request| {
        let first =
            request.rpc() == "tools/call" && request.body["params"]["inputResponses"].is_null();
        let wanted = json!({"resultType": "input_required",
            "inputRequests": {"elicitation/create": question}});
        first.then(|| request.result(&wanted))
    })
}

#[test]
fn a_form_is_answered_by_options_in_both_eras() {
    for era in ERAS {
        let sandbox = Sandbox::new();
        let args = demo(era, &["call", "ask", "--answer", "name=Ann", "--answer", "color=purple"]);
        // The default of the remaining field is sent as well.
        sandbox.run(&args).exits(2).says("must be one of red, green, blue");
        let args = demo(era, &["call", "ask", "--answer", "name=Ann", "--answer", "color=blue"]);
        sandbox.run(&args).exits(0).prints("Hello Ann, 42, in blue!\n");
        std::fs::write(sandbox.home().join("a.json"), r#"{"name":"Bob","age":7,"other":1}"#)
            .unwrap();
        let args = demo(era, &["call", "ask", "--answers", "a.json", "--answer", "age:=8"]);
        sandbox.run(&args).exits(0).prints("Hello Bob, 8!\n");
        sandbox
            .run(&demo(era, &["call", "ask", "--answers", "gone.json"]))
            .exits(2)
            .says("gone.json");
    }
}

#[test]
fn with_nobody_there_a_form_is_declined_or_named() {
    let incomplete = ["call", "ask", "--answer", "age=3"];
    for era in ERAS {
        Sandbox::new()
            .run(&demo(era, &incomplete))
            .exits(1)
            .says("asks “Who are you?” and requires name (string)")
            .says("--answer KEY=VALUE or --answers FILE")
            .prints("the client chose to decline\n");
    }
    // The client declared no capability that could provide the input.
    let modern = Sandbox::new().run(&demo(ERAS[0], &["--json", "call", "ask"])).exits(10);
    modern.says("--answer KEY=VALUE").says("\"kind\":\"input\"");
    Sandbox::new().run(&demo(ERAS[0], &["call", "roots"])).exits(10).says("--root DIR");
    Sandbox::new()
        .run(&demo(ERAS[0], &["call", "sample"]))
        .exits(10)
        .says("--sampling-command CMD");
    Sandbox::new().run(&demo(ERAS[1], &["call", "roots"])).exits(1);
}

#[cfg(unix)]
#[test]
fn on_a_terminal_a_form_is_asked_field_by_field() {
    use crate::support::on_a_terminal;
    for era in ERAS {
        let sandbox = Sandbox::new();
        let args = demo(era, &["--color", "never", "call", "ask"]);
        let typed = ["", "Ann", "old", "30", "2", "y"];
        let (shown, code) = on_a_terminal(&sandbox, &args, &typed);
        assert_eq!(code, 0, "{shown}");
        for part in [
            "asks:\n  Who are you?",
            "Your name (string): ",
            "it is required",
            "Your age (integer, at least 0, optional) [42]: ",
            "must be an integer",
            "2 green",
            "send this? [Y]es, [e]dit, [d]ecline, [c]ancel: ",
            "Hello Ann, 30, in green!",
        ] {
            assert!(shown.contains(part), "no {part:?} in\n{shown}");
        }
        let (shown, code) = on_a_terminal(&sandbox, &args, &["Ann", "", "", "d"]);
        assert!(shown.contains("the client chose to decline"), "{shown}");
        assert_eq!(code, 1);
    }
}

#[test]
fn folders_and_a_model_are_what_the_options_say() {
    for era in ERAS {
        let sandbox = Sandbox::new();
        std::fs::create_dir(sandbox.home().join("a folder")).unwrap();
        let printed =
            sandbox.run(&demo(era, &["call", "roots", "--root", "a folder"])).exits(0).stdout;
        assert!(printed.starts_with("file:///") && printed.ends_with("/a%20folder\n"), "{printed}");
        sandbox.run(&demo(era, &["call", "roots", "--root", "gone"])).exits(2).says("--root gone");
        let command = "grep -o 'capital of [A-Z][a-z]*'";
        sandbox
            .run(&demo(
                era,
                &["call", "sample", "question=The capital of Peru?", "--sampling-command", command],
            ))
            .exits(0)
            .prints("the model says: capital of Peru\n");
    }
    // If the command fails, a legacy server gets an error; in the modern era, there is no such
    // response.
    let fails = ["call", "sample", "--sampling-command", "exit 3"];
    Sandbox::new().run(&demo(ERAS[0], &fails)).exits(10).says("--sampling-command failed");
    Sandbox::new().run(&demo(ERAS[1], &fails)).exits(1).prints_part("the client refused");
}

#[test]
fn rounds_have_new_ids_and_the_state_comes_back_byte_for_byte() {
    // Escapes that a client would change if it parsed the state, and half of a surrogate pair.
    const STATE: &str = r#""\u00e9\/ \ud83d\ude00 \ud800 {\"a\":1}""#;
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let server = {
        let bodies = Arc::clone(&bodies);
        raw_modern(move |request, text| {
            if request.rpc() != "tools/call" {
                return None;
            }
            bodies.lock().unwrap().push(text.to_owned());
            let id = &request.body["id"];
            let round = bodies.lock().unwrap().len();
            let result = match round {
                1 => format!(
                    r#"{{"resultType":"input_required","requestState":{STATE},"inputRequests":{{"roots/list":{{"method":"roots/list"}}}}}}"#
                ),
                // Without a state, none is returned. Without input requests, the request is
                // repeated at once.
                2 => r#"{"resultType":"input_required","requestState":"two"}"#.to_owned(),
                _ => r#"{"resultType":"complete","content":[]}"#.to_owned(),
            };
            let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
            Some(http(200, &[("Content-Type", "application/json")], &body))
        })
    };
    Sandbox::new().run(&["-s", &server, "call", "echo", "message=x", "--root", "."]).exits(0);
    let bodies = bodies.lock().unwrap();
    assert_eq!(bodies.len(), 3);
    let parsed: Vec<Value> =
        [0, 2].iter().map(|at| serde_json::from_str(&bodies[*at]).unwrap()).collect();
    assert_ne!(parsed[0]["id"], parsed[1]["id"]);
    assert!(bodies[1].contains(&format!("\"requestState\":{STATE}")), "{}", bodies[1]);
    assert!(bodies[1].contains(r#""inputResponses":{"roots/list":{"roots":[{"uri":"file://"#));
    assert!(bodies[2].contains(r#""requestState":"two""#) && !bodies[2].contains("inputResponses"));
}

/// Creates a modern server whose responses depend on the exact text of a request.
fn raw_modern(
    answer: impl Fn(&Request, &str) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> String {
    use std::io::{BufRead as _, BufReader, Read as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let text = String::from_utf8(body).unwrap();
            // A strict parser rejects a lone surrogate.
            let lenient = text.replace("\\ud800", "");
            let request = Request::of(serde_json::from_str(&lenient).unwrap());
            let list = || {
                request.result(&json!({"resultType": "complete", "tools": [
                    {"name": "echo", "inputSchema": {"type": "object"}}]}))
            };
            let bytes = answer(&request, &text).unwrap_or_else(list);
            let _ = stream.write_all(&bytes);
        }
    });
    url
}

#[test]
fn a_server_that_asks_for_ever_is_left() {
    let server = modern(|request| {
        (request.rpc() == "tools/call").then(|| {
            request.result(&json!({"resultType": "input_required",
                "inputRequests": {"roots/list": {"method": "roots/list"}}}))
        })
    });
    let args = ["-s", &server.url, "call", "echo", "message=x", "--root", "."];
    Sandbox::new().run(&args).exits(7).says("times");
    assert_eq!(server.all_requests().len(), 1 + 16);
}

#[test]
fn only_what_can_be_served_is_declared() {
    let declared = |args: &[&str]| {
        let server = modern(|_| None);
        let args: Vec<&str> =
            ["-s", server.url.as_str(), "list-tools"].iter().chain(args).copied().collect();
        Sandbox::new().run(&args).exits(0);
        let request = server.all_requests().pop().unwrap();
        request.body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"].clone()
    };
    assert_eq!(declared(&[]), json!({}));
    assert_eq!(declared(&["--answer", "a=1"]), json!({"elicitation": {"form": {}}}));
    assert_eq!(declared(&["--root", "."]), json!({"roots": {}}));
    assert_eq!(declared(&["--sampling-command", "cat"]), json!({"sampling": {}}));
    assert_eq!(declared(&["--capabilities", r#"{"x":{}}"#]), json!({"x": {}}));
}

/// Creates a legacy server that sends its request on the standalone stream, and responds to
/// the call once it has the client's response.
fn asks_beside(question: Value) -> (Server, Arc<Mutex<Option<Value>>>) {
    use std::sync::mpsc::{Receiver, Sender, channel};
    let (start, started): (Sender<()>, Receiver<()>) = channel();
    let (done, finished): (Sender<Value>, Receiver<Value>) = channel();
    let (start, started) = (Mutex::new(start), Mutex::new(started));
    let (done, finished) = (Mutex::new(done), Mutex::new(finished));
    let answer = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&answer);
    let server = Server::raw(move |request, stream| {
        let events =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        let bytes = match request.rpc() {
            "initialize" => {
                let result = request.result_text(&json!({"protocolVersion": "2025-11-25",
                    "serverInfo": {"name": "asks", "version": "1"}}));
                http(200, &[("Mcp-Session-Id", "session-0123456789abcdef")], &result)
            }
            "GET" => {
                stream.write_all(events.as_bytes()).unwrap();
                started.lock().unwrap().recv().unwrap();
                stream.write_all(format!("data: {question}\n\n").as_bytes()).unwrap();
                // Keep the stream open until the client disconnects.
                let _ = std::io::Read::read(stream, &mut [0; 1]);
                return;
            }
            "tools/call" => {
                start.lock().unwrap().send(()).unwrap();
                let got = finished.lock().unwrap().recv().unwrap();
                *kept.lock().unwrap() = Some(got);
                request.result(&json!({"content": [{"type": "text", "text": "done"}]}))
            }
            "POST" => {
                done.lock().unwrap().send(request.body.clone()).unwrap();
                http(202, &[], "")
            }
            _ => http(202, &[], ""),
        };
        let _ = stream.write_all(&bytes);
    });
    (server, answer)
}

#[test]
fn what_is_asked_on_the_standalone_stream_is_answered() {
    let (server, answer) =
        asks_beside(json!({"jsonrpc": "2.0", "id": 7, "method": "elicitation/create",
        "params": {"message": "?", "requestedSchema": {"type": "object", "properties": {
            "name": {"type": "string", "default": "nobody"}}}}}));
    let sandbox = Sandbox::new();
    sandbox
        .run(&["-s", &server.url, "call", "x", "--answer", "name=Ann", "--raw-strings"])
        .exits(0)
        .prints("done\n");
    let answer = answer.lock().unwrap().clone().unwrap();
    assert_eq!(answer["id"], 7);
    assert_eq!(answer["result"], json!({"action": "accept", "content": {"name": "Ann"}}));
    let get = server.requests().into_iter().find(|request| request.method == "GET").unwrap();
    assert_eq!(get.header("accept"), Some("text/event-stream"));
    assert_eq!(get.header("mcp-session-id"), Some("session-0123456789abcdef"));
}

#[test]
fn a_refused_stream_does_no_harm_and_without_capabilities_there_is_none() {
    for status in [405, 404, 500] {
        let gets = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&gets);
        let server = mcp(move |request| {
            (request.method == "GET").then(|| {
                count.fetch_add(1, Ordering::SeqCst);
                http(status, &[], "")
            })
        });
        let sandbox = Sandbox::new();
        sandbox.run(&["init", &server.url, "--answer", "a=1"]).exits(0);
        sandbox.run(&["call", "echo", "message=hi"]).exits(0);
        assert_eq!(gets.load(Ordering::SeqCst), 0, "this run serves nothing");
        sandbox.run(&["call", "echo", "message=hi", "--answer", "a=1"]).exits(0);
        assert_eq!(gets.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_session_that_did_not_declare_what_is_served_is_not_used_for_it() {
    let (sandbox, server) =
        (Sandbox::new(), mcp(|request| (request.method == "GET").then(|| http(405, &[], ""))));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox
        .run(&["call", "echo", "message=hi", "--root", "."])
        .exits(0)
        .says("opened without the capabilities");
    let initialize = |at: usize| server.requests()[at].body["params"]["capabilities"].clone();
    assert_eq!((initialize(0), initialize(2)), (json!({}), json!({"roots": {}})));
    assert_eq!(server.methods().last().unwrap(), "DELETE");
}

#[test]
fn an_address_is_shown_and_never_visited() {
    let question = json!({"method": "elicitation/create", "params": {"mode": "url",
        "message": "Sign in", "url": "https://example.com/sign-in?a=1", "elicitationId": "1"}});
    let server = asking_once(question);
    let sandbox = Sandbox::new();
    sandbox
        .run(&["-s", &server.url, "call", "echo", "message=x", "--answer", "a=1"])
        .exits(0)
        .says("https://example.com/sign-in?a=1")
        .says("run the command in a terminal");
    let declined = server.all_requests().pop().unwrap();
    let answer = &declined.body["params"]["inputResponses"]["elicitation/create"];
    assert_eq!(*answer, json!({"action": "decline"}));
    #[cfg(unix)]
    {
        let args = ["-s", server.url.as_str(), "--color", "never", "call", "echo", "message=x"];
        let (shown, code) = crate::support::on_a_terminal(&sandbox, &args, &["y"]);
        assert_eq!(code, 0, "{shown}");
        assert!(shown.contains("on the host example.com"), "{shown}");
        let accepted = server.all_requests().pop().unwrap();
        let answer = &accepted.body["params"]["inputResponses"]["elicitation/create"];
        assert_eq!(*answer, json!({"action": "accept"}));
    }
}

#[test]
fn an_address_that_must_be_visited_first_is_named() {
    let server = mcp(|request| {
        (request.rpc() == "tools/call").then(|| {
            request.fails(200, &json!({"code": -32042, "message": "URL elicitation required",
                "data": {"elicitations": [{"mode": "url", "elicitationId": "1", "message": "Sign in",
                    "url": "https://example.com/sign-in"}]}}))
        })
    });
    Sandbox::new()
        .run(&["-s", &server.url, "call", "echo", "message=x"])
        .exits(10)
        .says("https://example.com/sign-in");
}

#[test]
fn an_answer_to_something_else_accepts_nothing() {
    let question = json!({"method": "elicitation/create", "params": {"message": "Delete everything?",
        "requestedSchema": {"type": "object", "properties": {"confirm": {"type": "boolean", "default": true}}}}});
    let server = asking_once(question);
    let sandbox = Sandbox::new();
    let answer = |args: &[&str]| {
        let args: Vec<&str> =
            ["-s", &server.url, "call", "echo", "message=x"].iter().chain(args).copied().collect();
        sandbox.run(&args).exits(0);
        server.all_requests().pop().unwrap().body["params"]["inputResponses"]["elicitation/create"]
            .clone()
    };
    assert_eq!(answer(&["--answer", "confrim=no"]), json!({"action": "decline"}));
    let accepted = json!({"action": "accept", "content": {"confirm": false}});
    assert_eq!(answer(&["--answer", "confirm=no"]), accepted);
    std::fs::write(sandbox.home().join("all.json"), "{}").unwrap();
    let accepted = json!({"action": "accept", "content": {"confirm": true}});
    assert_eq!(answer(&["--answers", "all.json"]), accepted);
}
