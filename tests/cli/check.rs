//! `check`: findings and their places, for people, programs and CI.

use serde_json::{Value, json};

use crate::support::{Sandbox, mcp};

#[test]
fn the_built_in_server_is_as_it_should_be() {
    for version in ["2025-11-25", "2026-07-28"] {
        let sandbox = Sandbox::new();
        let demo = ["-s", "demo", "--protocol-version", version];
        let run = |words: &[&str]| sandbox.run(&[&demo, words].concat());
        run(&["check", "--strict"]).exits(0).prints("").says("16 checked: 0 errors, 0 warnings");
        run(&["check", "add", "a=1", "b=2"]).exits(0).says("1 checked: 0 errors");
        // Invalid arguments are reported, and not sent.
        let finished = run(&["check", "add", "a=x", "--json"]).exits(7);
        let report: Value = serde_json::from_str(&finished.stdout).unwrap();
        let places: Vec<&Value> =
            report["findings"].as_array().unwrap().iter().map(|f| &f["place"]).collect();
        assert!(places.contains(&&json!("/params/arguments/a")), "{report}");
        run(&["check", "fail"]).exits(0).says("returned an error");
        let xml = run(&["check", "--junit", "-"]).exits(0).stdout;
        assert!(xml.starts_with("<?xml") && xml.trim_end().ends_with("</testsuites>"), "{xml}");
        run(&["check", "nonsense"]).exits(2).says("no tool named");
    }
}

#[test]
fn faults_are_found_where_they_stand() {
    let server = mcp(|request| {
        match request.rpc() {
        "tools/list" => Some(request.result(&json!({"tools": [
            {"name": "sum", "description": "Adds", "inputSchema": {"type": "object"},
                "outputSchema": {"type": "object", "properties": {"sum": {"type": "number"}}, "required": ["sum"]}},
            {"name": "sum", "inputSchema": {"type": "object", "properties": {"x": {"$ref": "http://127.0.0.1:1/s.json"}}}},
            {"name": "broken", "description": "Is", "inputSchema": {"type": "object", "properties": {"x": {"type": "strin"}}}},
        ]}))),
        "tools/call" => Some(request.result(&json!({"content": [], "structuredContent": {"sum": "five"}}))),
        "resources/list" | "resources/templates/list" | "prompts/list" => {
            Some(request.fails(200, &json!({"code": -32601, "message": "Method not found"})))
        }
        _ => None,
    }
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    let finished = sandbox.run(&["check", "--json", "--junit", "report.xml"]).exits(7);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    let found: Vec<(String, String)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["rule"].as_str().unwrap().to_owned(), f["place"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        ("duplicate", "/tools/1/name"),
        ("description", "/tools/1"),
        ("schema-remote-ref", "/tools/1/inputSchema/properties/x/$ref"),
        ("schema-invalid", "/tools/2/inputSchema/properties/x/type"),
    ];
    // Only the complete validator knows what is a schema.
    let full = cfg!(feature = "full-validation");
    for (rule, place) in expected.into_iter().filter(|(rule, _)| full || *rule != "schema-invalid")
    {
        assert!(found.contains(&(rule.to_owned(), place.to_owned())), "{rule} {place}: {found:?}");
    }
    let xml = std::fs::read_to_string(sandbox.home().join("report.xml")).unwrap();
    let failures = if full { 2 } else { 1 };
    assert!(xml.contains(&format!("tests=\"3\" failures=\"{failures}\"")), "{xml}");
    assert_eq!(xml.matches("<failure").count(), failures, "{xml}");
    // With --strict, warnings fail there as well.
    let xml = sandbox.run(&["check", "--strict", "--junit", "-"]).exits(7).stdout;
    assert!(xml.contains(&format!("failures=\"{failures}\"")), "{xml}");
    let finished = sandbox.run(&["check", "broken", "--json"]);
    assert!(finished.stdout.contains("/tools/2/") || !full, "{}", finished.stdout);
    let shown = sandbox.run(&["check"]).exits(7).says("3 checked");
    assert!(
        shown.stdout.contains("error  tool sum  /tools/1/name  [duplicate]"),
        "{}",
        shown.stdout
    );
    // `check` reports an invalid result as an error; `call` only prints a note.
    sandbox.run(&["check", "sum"]).exits(7).prints_part("/result/structuredContent/sum");
    sandbox
        .run(&["call", "sum"])
        .exits(0)
        .says("does not match the tool's output schema: sum must be a number");
}
