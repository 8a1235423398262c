//! `call`: conversion of command-line arguments.

use serde_json::{Value, json};

use crate::support::{Sandbox, Server, mcp};

/// Returns the arguments of the last call.
fn sent(server: &Server) -> Value {
    server.requests().pop().unwrap().body["params"]["arguments"].clone()
}

#[test]
fn numbers_are_numbers_and_strings_are_strings_where_the_schema_says_so() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "add", "a=2", "b=3"]).exits(0);
    assert_eq!(sent(&server), json!({"a": 2, "b": 3}));
    sandbox.run(&["call", "echo", "message=123"]).exits(0);
    assert_eq!(sent(&server), json!({"message": "123"}));
    let asked = server.methods().iter().filter(|method| *method == "tools/list").count();
    assert_eq!(asked, 1, "the schema is asked for once and kept");
}

#[test]
fn what_cannot_be_sent_is_not_sent() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "add", "a=two"]).exits(2).says("`a` must be a number, not `two`");
    sandbox.run(&["call", "echo"]).exits(2).says("`message` is required");
    sandbox.run(&["call", "echo", "hello"]).exits(2).says("write key=value");
    sandbox.run(&["call", "echo", "message=@missing.txt"]).exits(2).says("cannot read missing.txt");
    assert!(!server.methods().contains(&"tools/call".to_owned()));
}

#[test]
fn after_a_refusal_a_cached_schema_is_compared_with_the_servers() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    // The number of lists sent, and the list from which on `a` has another type.
    for (changes_at, refused_by_tool, said) in [
        (1, false, "The input schema of `add` has changed since it was cached"),
        (1, true, "The input schema of `add` has changed since it was cached"),
        (9, false, "The input schema of `add` has not changed since it was cached"),
        (9, true, "The input schema of `add` has not changed since it was cached"),
        (0, false, ""),
    ] {
        let lists = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&lists);
        let server = mcp(move |request| match request.rpc() {
            "tools/list" => {
                let kind =
                    if counted.fetch_add(1, Relaxed) >= changes_at { "string" } else { "number" };
                let schema = json!({"type": "object", "properties": {"a": {"type": kind}}});
                Some(request.result(&json!({"tools": [{"name": "add", "inputSchema": schema}]})))
            }
            "tools/call" if refused_by_tool => Some(request.result(
                &json!({"isError": true, "content": [{"type": "text", "text": "a: not a string"}]}),
            )),
            "tools/call" => Some(request.error(200, -32602, "a: not a string")),
            _ => None,
        });
        let sandbox = Sandbox::new();
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox.run(&["list-tools"]).exits(0);
        let exit = if refused_by_tool { 1 } else { 6 };
        if changes_at == 0 {
            // What this command fetched itself is not compared.
            let fresh = Sandbox::new();
            let finished = fresh.run(&["call", "-s", &server.url, "add", "a=2"]).exits(exit);
            assert!(!finished.stderr.contains("since it was cached"), "{}", finished.stderr);
            continue;
        }
        sandbox.run(&["call", "add", "a=2"]).exits(exit).says(said);
        assert_eq!(lists.load(Relaxed), 2);
        let calls = server.methods().iter().filter(|method| *method == "tools/call").count();
        assert_eq!(calls, 1, "the call is not repeated");
        // JSON needs no schema, so there is nothing to compare.
        sandbox.run(&["call", "add", "b:=2"]).exits(exit);
        assert_eq!(lists.load(Relaxed), 2);
        std::fs::write(sandbox.home().join("lines"), "{}\n{}\n").unwrap();
        sandbox.run(&["call", "add", "--each", "lines"]).exits(exit).says("has not changed");
        assert_eq!(lists.load(Relaxed), 3);
    }
}

#[test]
fn checking_can_be_turned_off() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "add", "a=2", "--raw-strings"]).exits(0);
    assert_eq!(sent(&server), json!({"a": "2"}));
    assert!(!server.methods().contains(&"tools/list".to_owned()), "text needs no schema");
    sandbox.run(&["call", "add", "a=two", "b=2", "--no-validate"]).exits(0);
    assert_eq!(sent(&server), json!({"a": "two", "b": 2}));
    sandbox.run(&["call", "nonesuch", "x=1", "--no-validate"]).exits(0);
    assert_eq!(sent(&server), json!({"x": "1"}));
}

#[test]
fn json_files_and_standard_input() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    std::fs::write(sandbox.home().join("note.txt"), "line\n").unwrap();
    std::fs::write(sandbox.home().join("all.json"), r#"{"big": 12345678901234567890123}"#).unwrap();
    sandbox.run(&["call", "add", "x:=[1,null]", "y=@note.txt", "--args", "@all.json"]).exits(0);
    assert_eq!(
        sent(&server).to_string(),
        r#"{"big":12345678901234567890123,"x":[1,null],"y":"line\n"}"#
    );
    sandbox.run_with_input(&["call", "add", "--args", "-"], r#"{"a": 1}"#).exits(0);
    assert_eq!(sent(&server), json!({"a": 1}));
}

#[test]
fn an_unknown_tool_gets_suggestions_and_never_runs_another() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "ehco", "message=hi"]).exits(2).says("did you mean `echo`?");
    assert!(!server.methods().contains(&"tools/call".to_owned()));
}

#[test]
fn a_remembered_schema_that_refuses_is_looked_up_once_more() {
    use std::sync::atomic::{AtomicBool, Ordering};
    static CHANGED: AtomicBool = AtomicBool::new(false);
    let (sandbox, server) = (
        Sandbox::new(),
        mcp(|request| {
            let kind = if CHANGED.load(Ordering::SeqCst) { "string" } else { "number" };
            (request.rpc() == "tools/list").then(|| {
                request.result(&json!({"tools": [
            {"name": "set", "inputSchema": {"properties": {"v": {"type": kind}}}}]}))
            })
        }),
    );
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "set", "v=1"]).exits(0);
    CHANGED.store(true, Ordering::SeqCst);
    sandbox.run(&["call", "set", "v=one"]).exits(0);
    assert_eq!(sent(&server), json!({"v": "one"}));
}

#[test]
fn the_schema_of_a_tool_is_printed() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    let shown = sandbox.run(&["-s", &server.url, "list-tools", "--schema", "add"]).exits(0).stdout;
    assert_eq!(
        shown,
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"number\"},\"b\":{\"type\":\"number\"}}}\n"
    );
    sandbox.run(&["list-tools", "--schema", "ad"]).exits(2).says("did you mean `add`?");
}
