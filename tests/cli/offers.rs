//! Resources, prompts and completion.

use serde_json::{Value, json};

use crate::support::{Sandbox, mcp, on_a_terminal};

/// Runs a check in both eras.
fn each_era(check: impl Fn(&Sandbox, &[&str])) {
    for version in ["2025-11-25", "2026-07-28"] {
        check(&Sandbox::new(), &["-s", "demo", "--protocol-version", version]);
    }
}

#[test]
fn what_a_server_offers_is_one_command_away() {
    each_era(|sandbox, server| {
        let run = |words: &[&str]| sandbox.run(&[server, words].concat()).exits(0);
        run(&["list-resources"])
            .prints("demo://welcome  text/plain  A few words\ndemo://disc     image/png   An orange disc\ndemo://toggles  text/plain  How often the tool `toggle` was called\n")
            .says("3 resources");
        run(&["list-resource-templates", "--names"]).prints("demo://square/{number}\n");
        run(&["list-prompts"]).prints("greet  name  Asks for a greeting\n").says("1 prompt");
        run(&["get-prompt", "greet", "name=Ada"]).prints("user:\nGreet Ada.\n");
        run(&["read-resource", "demo://square/12"]).prints("144");
        run(&["complete", "greet", "name=a"]).prints("Ada\nAlan\n");
        run(&["complete", "demo://square/{number}", "number="]).exits(0);
    });
}

#[test]
fn a_resource_comes_as_it_is() {
    each_era(|sandbox, server| {
        let run = |words: &[&str]| sandbox.run(&[server, words].concat());
        run(&["read-resource", "demo://welcome"]).exits(0).prints("Welcome to the demo.\n");
        run(&["read-resource", "demo://disc", "-o", "disc.png"])
            .exits(0)
            .prints("")
            .says("disc.png");
        let bytes = std::fs::read(sandbox.home().join("disc.png")).unwrap();
        assert_eq!(&bytes[1..4], b"PNG");
        let json = run(&["read-resource", "demo://disc", "--json"]).exits(0).stdout;
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["contents"][0]["mimeType"], "image/png");
        run(&["read-resource", "demo://nope"]).exits(6).says("list-resources");
        run(&["get-prompt", "nope"]).exits(6).says("list-prompts");
        run(&["complete", "greet", "name"]).exits(2).says("key=text");
    });
}

#[cfg(unix)]
#[test]
fn bytes_are_never_shown_on_a_terminal() {
    let sandbox = Sandbox::new();
    let (shown, code) =
        on_a_terminal(&sandbox, &["-s", "demo", "read-resource", "demo://disc"], &[]);
    assert_eq!(code, 2, "{shown}");
    assert!(shown.contains("--output FILE") && !shown.contains("PNG"), "{shown}");
}

#[test]
fn lists_have_pages_filters_and_limits() {
    let server = mcp(|request| {
        let cursor = request.body["params"]["cursor"].as_str().unwrap_or("0").to_owned();
        let page: u64 = cursor.parse().unwrap_or_default();
        let item = |number: u64| json!({"name": format!("p{number}"), "description": "One. And more.", "big": 12_345_678_901_234_567_890_u64});
        let mut result = json!({"prompts": [item(page * 2), item(page * 2 + 1)]});
        if page < 4 {
            result["nextCursor"] = json!((page + 1).to_string());
        }
        (request.rpc() == "prompts/list").then(|| request.result(&result))
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    let pages = || server.methods().iter().filter(|method| *method == "prompts/list").count();
    let names = sandbox.run(&["list-prompts", "--names"]).exits(0).stdout;
    assert_eq!(names.lines().count(), 10);
    assert_eq!(pages(), 5);
    sandbox.run(&["list-prompts", "--limit", "3", "--names"]).exits(0).prints("p0\np1\np2\n");
    assert_eq!(pages(), 7, "no page is asked for that nobody wants");
    sandbox.run(&["list-prompts", "--filter", "P7"]).exits(0).prints("p7     One.\n");
    sandbox.run(&["list-prompts", "--filter", "zz"]).exits(0).prints("").says("nothing fits");
    let json = sandbox.run(&["list-prompts", "--limit", "1", "--json"]).exits(0).stdout;
    assert!(json.contains("12345678901234567890"), "{json}");
}

#[test]
fn the_list_of_tools_has_them_too() {
    let sandbox = Sandbox::new();
    let all = sandbox.run(&["-s", "demo", "list-tools", "--names"]).exits(0).stdout;
    assert!(all.lines().count() > 3 && all.lines().any(|line| line == "echo"), "{all}");
    sandbox
        .run(&["-s", "demo", "list-tools", "--names", "--filter", "ECHO"])
        .exits(0)
        .prints("echo\n");
    let page = sandbox.run(&["-s", "demo", "list-tools", "add"]).exits(0).stdout;
    for part in
        ["add\nAdds two numbers\n", "a  number", "read-only", "mcpoke -s demo call add a=1 b=1\n"]
    {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    sandbox.run(&["-s", "demo", "list-tools", "ad"]).exits(2).says("did you mean `add`?");
    let two = sandbox.run(&["-s", "demo", "list-tools", "--json", "--limit", "2"]).exits(0).stdout;
    let two: Value = serde_json::from_str(&two).unwrap();
    assert_eq!(two["tools"].as_array().unwrap().len(), 2);
}
