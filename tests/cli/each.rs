//! `call --each` and `--query`, for scripts.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::{Request, Sandbox, http, mcp};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Writes a file with `count` messages.
fn messages(sandbox: &Sandbox, count: usize) {
    let text: String = (0..count).map(|n| format!("{{\"message\":\"m{n}\"}}\n")).collect();
    std::fs::write(sandbox.home().join("in.jsonl"), text).unwrap();
}

#[test]
fn every_line_gets_its_own_result_in_order() {
    for (version, jobs) in [("2025-11-25", "1"), ("2025-11-25", "8"), ("2026-07-28", "8")] {
        let sandbox = Sandbox::new();
        messages(&sandbox, 300);
        let args =
            ["-s", "demo", "--protocol-version", version, "call", "echo", "--each", "in.jsonl"];
        let finished = sandbox.run(&[&args[..], &["--jobs", jobs]].concat()).exits(0);
        let results = lines(&finished.stdout);
        assert_eq!(results.len(), 300);
        for (n, result) in results.iter().enumerate() {
            assert_eq!(result["line"], n + 1);
            assert_eq!(result["result"]["content"][0]["text"], format!("m{n}"));
        }
        finished.says("300 calls");
    }
}

#[test]
fn results_may_come_as_they_come() {
    let sandbox = Sandbox::new();
    // The first call is the slowest.
    std::fs::write(sandbox.home().join("in.jsonl"), "{\"seconds\":1}\n\n{\"seconds\":0}\n")
        .unwrap();
    let args = ["-s", "demo", "call", "slow", "--each", "in.jsonl", "--jobs", "2"];
    let order = |more: &[&str]| {
        let finished = sandbox.run(&[&args[..], more].concat()).exits(0);
        lines(&finished.stdout)
            .iter()
            .map(|line| line["line"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(order(&[]), [1, 3]);
    assert_eq!(order(&["--unordered"]), [3, 1]);
}

#[test]
fn failures_are_counted_and_the_worst_is_the_exit_code() {
    let sandbox = Sandbox::new();
    let text = "{\"a\":1,\"b\":2}\nnonsense\n[1]\n{\"a\":\"x\",\"b\":1}\n{\"a\":3}\n";
    let add = ["-s", "demo", "call", "add", "b=4", "--each", "-"];
    let finished = sandbox.run_with_input(&add, text).exits(2).says("5 calls, 3 failed");
    let results = lines(&finished.stdout);
    assert_eq!(results[0]["result"]["structuredContent"], json!({"sum": 3}));
    // Arguments on the command line complete those of a line.
    assert_eq!(results[4]["result"]["structuredContent"], json!({"sum": 7}));
    for (at, why) in [(1, "not JSON"), (2, "not a JSON object"), (3, "must be a number")] {
        assert_eq!(results[at]["error"]["kind"], "usage");
        assert!(results[at]["error"]["details"].to_string().contains(why), "{}", results[at]);
    }
    let fail = ["-s", "demo", "call", "fail", "--each", "-"];
    let finished = sandbox.run_with_input(&fail, "{}\n{}\n").exits(1).says("2 calls, 2 failed");
    assert_eq!(lines(&finished.stdout)[0]["result"]["isError"], true);
    let early = [&fail[..], &["--fail-early"]].concat();
    sandbox.run_with_input(&early, "{}\n{}\n{}\n").exits(1).says("1 call, 1 failed");
    sandbox
        .run(&["-s", "demo", "call", "echo", "--each", "gone.jsonl"])
        .exits(2)
        .says("gone.jsonl");
    sandbox.run(&["-s", "demo", "call", "echo", "--jobs", "2"]).exits(2).says("--each");
}

#[test]
fn a_limit_that_one_call_meets_is_not_that_of_the_next() {
    // The cancellation of the first call must not count towards the limit of the second.
    let sandbox = Sandbox::new();
    let lines = "{\"seconds\":9}\n{\"seconds\":2.4,\"steps\":1}\n";
    let args = ["-s", "demo", "--protocol-version", "2025-11-25", "call", "slow", "--each", "-"];
    let args = [&args[..], &["--timeout", "3"]].concat();
    let finished = sandbox.run_with_input(&args, lines).exits(8).says("2 calls, 1 failed");
    assert_eq!(self::lines(&finished.stdout)[1]["result"]["content"][0]["text"], "done in 1 steps");
}

#[test]
fn whoever_waits_for_a_result_before_the_next_line_gets_it() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let sandbox = Sandbox::new();
    let mut command =
        sandbox.command(&["-s", "demo", "call", "echo", "--each", "-", "--jobs", "2"]);
    let pipe = std::process::Stdio::piped;
    let mut child = command.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut output = BufReader::new(output);
    for message in ["one", "two", "three"] {
        writeln!(input, "{{\"message\":\"{message}\"}}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.contains(message), "{line}");
    }
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_session_that_gets_lost_costs_no_call() {
    // Every session is lost after 40 calls, while other calls are running.
    let sandbox = Sandbox::new();
    messages(&sandbox, 200);
    let seen = Mutex::new((0_u32, 0_u32, HashSet::new()));
    let server = mcp(move |request| {
        let mut seen = seen.lock().unwrap();
        let id = |seen: u32| format!("session-{seen}-0123456789abcdef");
        match request.rpc() {
            "initialize" => {
                seen.0 += 1;
                seen.1 = 0;
                let result = json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                    "serverInfo": {"name": "scripted", "version": "1"}});
                let headers = [("Mcp-Session-Id", &*id(seen.0))];
                Some(crate::support::http(200, &headers, &request.result_text(&result)))
            }
            "tools/call" | "ping" | "tools/list" => {
                let current = request.header("mcp-session-id") == Some(&id(seen.0));
                if !current || seen.1 == 40 {
                    return Some(request.error(404, -32001, "Session not found"));
                }
                if request.rpc() != "tools/call" {
                    return None;
                }
                seen.1 += 1;
                let message = request.body["params"]["arguments"]["message"].to_string();
                assert!(seen.2.insert(message), "a call ran twice");
                None
            }
            _ => None,
        }
    });
    sandbox.run(&["init", &server.url]).exits(0);
    let finished = sandbox.run(&[
        "call",
        "echo",
        "--each",
        "in.jsonl",
        "--jobs",
        "4",
        "--query",
        "/result/content/0/text",
    ]);
    let finished = finished.exits(0).says("200 calls");
    let texts: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(texts.len(), 200);
    assert!(texts.iter().enumerate().all(|(n, text)| text.contains(&format!("\"m{n}\""))));
    let opened = server.methods().iter().filter(|method| *method == "initialize").count();
    assert!((5..=6).contains(&opened), "{opened} sessions");
}

#[test]
fn one_value_of_a_result_is_printed_as_it_is() {
    let sandbox = Sandbox::new();
    let run = |words: &[&str]| sandbox.run(&[&["-s", "demo"], words].concat());
    run(&["call", "add", "a=2", "b=3", "--query", "/structuredContent/sum"]).exits(0).prints("5\n");
    run(&["call", "echo", "message=a\"b", "--query", "/content/0/text"]).exits(0).prints("a\"b\n");
    run(&["list-tools", "--query", "/tools/0/name"]).exits(0).prints("echo\n");
    run(&["list-resources", "--query", "/resources/0"]).exits(0).prints_part("{\"uri\":");
    run(&["call", "fail", "--query", "/isError"]).exits(1).prints("true\n");
    run(&["call", "echo", "message=x", "--query", "/content/7"])
        .exits(2)
        .prints("")
        .says("`/content` has 1 items");
    run(&["list-tools", "--query", "tools"]).exits(2).says("begins with a slash");
    run(&["explain", "session-missing", "--query", "/id"]).exits(0).prints("session-missing\n");
}

#[test]
fn a_renewal_that_fails_once_loses_no_later_line() {
    // The first session is lost at the second line, and the first new handshake is refused.
    let (opened, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let server = mcp(move |request| match request.rpc() {
        "initialize" => Some(match opened.fetch_add(1, Ordering::SeqCst) {
            1 => http(503, &[], ""),
            number => {
                let id = format!("session-number-{number}-0123456789");
                let result = request.result_text(&json!({"protocolVersion": "2025-11-25",
                    "capabilities": {}, "serverInfo": {"name": "busy", "version": "1"}}));
                http(200, &[("Mcp-Session-Id", &id)], &result)
            }
        }),
        "tools/call" | "ping" => {
            let first = request.header("mcp-session-id") == Some("session-number-0-0123456789");
            let lost = first && calls.fetch_add(1, Ordering::SeqCst) > 0;
            lost.then(|| request.error(404, -32001, "Session not found"))
        }
        _ => None,
    });
    let sandbox = Sandbox::new();
    messages(&sandbox, 4);
    sandbox.run(&["init", &server.url]).exits(0);
    let call = ["call", "echo", "--raw-strings", "--each", "in.jsonl"];
    let finished = sandbox.run(&call).exits(5).says("4 calls, 1 failed");
    let failed: Vec<bool> =
        lines(&finished.stdout).iter().map(|line| line["error"].is_object()).collect();
    assert_eq!(failed, [false, true, false, false]);
    let bare = |request: &&Request| request.header("mcp-session-id").is_none();
    let requests = server.requests();
    let bare: Vec<&str> = requests.iter().filter(bare).map(Request::rpc).collect();
    assert_eq!(bare, ["initialize"; 3], "no call is sent without a session");
}

#[test]
fn a_query_that_finds_nothing_is_counted_once_for_each_line() {
    let sandbox = Sandbox::new();
    // The first call is the slowest, so that the results of the others wait for it.
    std::fs::write(sandbox.home().join("in.jsonl"), "{\"seconds\":1}\n{\"seconds\":0}\nno\n")
        .unwrap();
    let call = ["-s", "demo", "--query", "/nothing", "call", "slow", "--each", "in.jsonl"];
    for jobs in ["1", "3"] {
        sandbox.run(&[&call[..], &["--jobs", jobs]].concat()).exits(2).says("3 calls, 3 failed");
    }
}
