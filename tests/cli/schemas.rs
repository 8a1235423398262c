//! The JSON output of mcpoke itself is what `docs/schema` says, and nothing else.

use boon::{Compiler, Schemas};
use serde_json::Value;

use crate::support::{Demo, Finished, Sandbox};

/// Returns all schemas as (name, document).
fn documents() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap())
        })
        .collect()
}

/// Returns how a value violates a schema, if it does.
fn problem(name: &str, value: &Value) -> Option<String> {
    let mut compiler = Compiler::new();
    for (name, document) in documents() {
        compiler.add_resource(&format!("http://schema.test/{name}.json"), document).unwrap();
    }
    let mut schemas = Schemas::new();
    let index = compiler.compile(&format!("http://schema.test/{name}.json"), &mut schemas).unwrap();
    schemas.validate(value, index).err().map(|error| format!("{name}: {error:#}\n{value:#}"))
}

fn assert_fits(name: &str, text: &str) {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{name}: {text}"));
    assert_eq!(problem(name, &value), None);
    // A member that no schema names must not pass.
    let mut more = value;
    let place = if more.is_array() { more.get_mut(0) } else { Some(&mut more) };
    if let Some(Value::Object(object)) = place {
        object.insert("unheardOf".to_owned(), Value::Null);
        assert!(problem(name, &more).is_some(), "{name} permits any member");
    }
}

fn last(finished: &Finished) -> String {
    finished.stderr.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn what_mcpoke_prints_itself_fits_its_schema() {
    let sandbox = Sandbox::new();
    let demo = Demo::with(&sandbox, &["--era", "legacy"]);
    sandbox.run(&["init", &demo.url]).exits(0);
    assert_fits("ping", &sandbox.run(&["ping", "--json"]).exits(0).stdout);
    assert_fits("sessions", &sandbox.run(&["sessions", "--json"]).exits(0).stdout);
    assert_fits("check", &sandbox.run(&["check", "--json"]).exits(0).stdout);
    assert_fits("check", &sandbox.run(&["check", "add", "a=1", "b=x", "--json"]).exits(7).stdout);
    for asked in [
        &["explain", "--json"][..],
        &["explain", "accept", "--json"],
        &["explain", "404", "--json"],
    ] {
        assert_fits("explain", &sandbox.run(asked).exits(0).stdout);
    }
    std::fs::write(sandbox.home().join("sums.jsonl"), "{\"a\":1,\"b\":2}\n{\"a\":\"x\"}\n")
        .unwrap();
    for line in sandbox.run(&["call", "add", "--each", "sums.jsonl"]).fails().stdout.lines() {
        assert_fits("each", line);
    }
    for failing in [
        &["call", "nosuch", "a:=1", "--json"][..],
        &["--no-session", "call", "echo", "message=x", "--json"],
        &["call", "add", "a=x", "--json"],
        &["-s", "http://127.0.0.1:1/mcp", "ping", "--json"],
        &["call", "--json"],
    ] {
        assert_fits("failure", &last(&sandbox.run(failing).fails()));
    }
    let servers = r#"{"mcpServers":{"a":{"url":"http://127.0.0.1:1/mcp","headers":{"X-A":"1"}},"b":{"command":"x"},"c":{}}}"#;
    std::fs::write(sandbox.home().join(".mcp.json"), servers).unwrap();
    assert_fits("servers", &sandbox.run(&["servers", "--json"]).exits(0).stdout);
}

#[test]
fn traces_fit_their_schema() {
    let sandbox = Sandbox::new();
    for era in ["legacy", "modern", "dual"] {
        let demo = Demo::with(&sandbox, &["--era", era]);
        assert_fits("trace", &sandbox.run(&["trace", &demo.url, "--json"]).stdout);
        sandbox.run(&["-s", &demo.url, "list-tools", "--trace-file", "t.jsonl"]).exits(0);
        let lines = std::fs::read_to_string(sandbox.home().join("t.jsonl")).unwrap();
        lines.lines().for_each(|line| assert_fits("exchange", line));
    }
    assert_fits(
        "trace",
        &sandbox.run(&["trace", "http://127.0.0.1:1/mcp", "--json"]).exits(3).stdout,
    );
}

#[test]
fn logins_fit_their_schema() {
    let sandbox = Sandbox::new();
    let demo = Demo::with(&sandbox, &["--auth", "oauth"]);
    assert_fits("trace", &sandbox.run(&["trace", &demo.url, "--json"]).stdout);
    let login = ["login", &demo.url, "--client-credentials", "--client-id", "demo-client"];
    std::fs::write(sandbox.home().join("secret"), "demo-secret").unwrap();
    let login = [&login[..], &["--client-secret", "file:secret", "--json"]].concat();
    assert_fits("login", &sandbox.run(&login).exits(0).stdout);
    assert_fits("token", &sandbox.run(&["-s", &demo.url, "token", "--json"]).exits(0).stdout);
    assert_fits("sessions", &sandbox.run(&["sessions", "--json"]).exits(0).stdout);
    sandbox.run(&["init", &demo.url]).exits(0);
    assert_fits("sessions", &sandbox.run(&["sessions", "--json"]).exits(0).stdout);
}
