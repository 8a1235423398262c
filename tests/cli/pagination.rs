//! Lists over several pages, and servers whose pagination is broken.

use serde_json::{Value, json};

use crate::support::{Request, Sandbox, Server, http, mcp};

fn tool(name: &str) -> Value {
    json!({"name": name, "inputSchema": {"type": "object"}})
}

/// Starts a server that lists tools in this way: the cursor as sent, and the number of the request.
fn listing(page: impl Fn(&str, usize) -> Value + Send + Sync + 'static) -> Server {
    let count = std::sync::atomic::AtomicUsize::new(0);
    mcp(move |request| {
        (request.rpc() == "tools/list").then(|| {
            let at = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let cursor = request.body["params"]["cursor"].as_str().unwrap_or("none");
            request.result(&page(cursor, at))
        })
    })
}

fn lists(server: &Server) -> usize {
    server.methods().iter().filter(|method| *method == "tools/list").count()
}

/// A page by its cursor and the number of the request.
type PageOf = fn(&str, usize) -> Value;

#[test]
fn what_a_broken_list_brought_is_shown_with_a_warning() {
    let cases: [(PageOf, &str, &str); 6] = [
        (
            |_, _| json!({"tools": [tool("one")], "nextCursor": "2"}),
            "one\n",
            "repeats an earlier one",
        ),
        (
            |_, at| json!({"tools": [tool("one")], "nextCursor": format!("c{at}")}),
            "one\n",
            "repeats",
        ),
        (
            |cursor, at| {
                let next = if cursor == "a" { "b" } else { "a" };
                json!({"tools": [tool(&format!("t{at}"))], "nextCursor": next})
            },
            "t0\nt1\nt2\n",
            "points back",
        ),
        (|_, _| json!({"tools": [tool("one")], "nextCursor": ""}), "one\n", "repeats"),
        (
            |cursor, _| match cursor {
                "none" => json!({"tools": [tool("one")], "nextCursor": 2}),
                _ => json!({"tools": [tool(cursor)]}),
            },
            "one\n2\n",
            "is 2, which is not a string",
        ),
        (|_, _| json!({"tools": [tool("one")], "nextCursor": null}), "one\n", ""),
    ];
    for (page, shown, warning) in cases {
        let server = listing(page);
        let finished = Sandbox::new().run(&["-s", &server.url, "list-tools", "--names"]);
        let finished = finished.exits(0).prints(shown);
        finished.says(warning);
    }
}

#[test]
fn a_later_page_that_is_refused_does_not_hide_the_first() {
    let server = mcp(|request: &Request| {
        let cursor = request.body["params"]["cursor"].is_string();
        (request.rpc() == "tools/list").then(|| {
            if cursor {
                request.fails(200, &json!({"code": -32602, "message": "Invalid cursor"}))
            } else {
                request.result(&json!({"tools": [tool("one")], "nextCursor": "x"}))
            }
        })
    });
    let sandbox = Sandbox::new();
    let finished = sandbox.run(&["-s", &server.url, "list-tools", "--names"]);
    finished.exits(0).prints("one\n").says("page 2 of tools/list failed: Invalid cursor");
    sandbox.run(&["-s", &server.url, "call", "one"]).exits(0);
}

#[test]
fn a_call_fetches_pages_until_it_finds_its_tool() {
    let server = listing(|cursor, _| {
        let page: usize = cursor.parse().unwrap_or(0);
        json!({"tools": [tool(&format!("t{page}"))], "nextCursor": (page + 1).to_string()})
    });
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["call", "t2", "a=1"]).exits(0);
    assert_eq!(lists(&server), 3);
    // What was found is cached; what was not is looked for again.
    sandbox.run(&["call", "t2", "a=1"]).exits(0);
    assert_eq!(lists(&server), 3);
    sandbox.run(&["call", "t4", "a=1"]).exits(0);
    assert_eq!(lists(&server), 3 + 5);
}

#[test]
fn a_capability_that_is_not_offered_is_an_empty_list() {
    let server = mcp(|request| {
        let is_list = request.rpc().ends_with("/list");
        is_list.then(|| request.fails(200, &json!({"code": -32601, "message": "Method not found"})))
    });
    let sandbox = Sandbox::new();
    for (list, said) in [
        ("list-prompts", "the server offers no prompts"),
        ("list-resources", "the server offers no resources"),
    ] {
        sandbox.run(&["-s", &server.url, list]).exits(0).says(said);
    }
    // A capability that the server declares has to work.
    sandbox.run(&["-s", &server.url, "list-tools"]).exits(6).says("Method not found");
    sandbox.run(&["-s", &server.url, "get-prompt", "x"]).fails();
}

#[test]
fn a_check_goes_on_after_a_list_that_fails() {
    let server = mcp(|request| match request.rpc() {
        "resources/list" => Some(http(500, &[], "broken")),
        "resources/templates/list" | "prompts/list" => {
            Some(request.fails(200, &json!({"code": -32601, "message": "Method not found"})))
        }
        _ => None,
    });
    let finished = Sandbox::new().run(&["-s", &server.url, "check", "--json"]).exits(7);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    let failed: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["rule"] == "list-failed")
        .collect();
    assert_eq!((failed.len(), failed[0]["place"].as_str()), (1, Some("/resources")), "{report:#}");
}
