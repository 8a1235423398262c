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
