//! Saved sessions: listing, selection, closing, and credentials.

use serde_json::{Value, json};

use crate::support::{Sandbox, http, mcp};

#[test]
fn a_session_is_never_sent_with_other_credentials() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url, "--bearer", "first-token-0123456789"]).exits(0);
    sandbox.run(&["ping"]).exits(0);
    let ping = server.requests().pop().unwrap();
    assert_eq!(ping.header("authorization"), Some("Bearer first-token-0123456789"));
    sandbox
        .run(&["ping", "--bearer", "second-token-0123456789"])
        .exits(0)
        .says("credentials changed: opening a new session");
    // A session that is not saved, and is closed afterwards.
    let methods = server.methods();
    assert_eq!(methods[3..], ["initialize", "notifications/initialized", "ping", "DELETE"]);
    assert!(server.requests()[3..].iter().all(|request| {
        request.header("authorization") == Some("Bearer second-token-0123456789")
    }));
    // The saved session is unchanged. A header that says nothing about the user does not affect
    // it.
    sandbox.run(&["ping", "-H", "X-Request-Id: 1"]).exits(0);
    assert_eq!(server.methods().len(), 8);
    let last = server.requests().pop().unwrap();
    assert_eq!(last.header("x-request-id"), Some("1"));
    assert_eq!(last.header("authorization"), Some("Bearer first-token-0123456789"));
}

#[test]
fn a_reference_whose_value_has_changed_opens_a_new_session_and_stays_a_reference() {
    let (home, server) = (tempfile::tempdir().unwrap(), mcp(|_| None));
    let state = home.path().join("state").display().to_string();
    let with = |token: &str| Sandbox::new().with("TOKEN", token).with("MCPOKE_STATE_DIR", &state);
    let args = ["init", &server.url, "--bearer", "env:TOKEN", "--capabilities", r#"{"roots":{}}"#];
    with("one-0123456789").run(&args).exits(0);
    with("two-0123456789")
        .run(&["ping"])
        .exits(0)
        .says("credentials changed: opening a new session");
    with("two-0123456789").run(&["ping"]).exits(0);
    let methods = server.methods();
    assert_eq!(methods[2..], ["initialize", "notifications/initialized", "ping", "ping"]);
    assert_eq!(server.requests()[2].body["params"]["capabilities"], json!({"roots": {}}));
    let record = home.path().join("state/sessions/scripted.json");
    let record = std::fs::read_to_string(record).unwrap();
    assert!(record.contains("env:TOKEN") && !record.contains("two-0123456789"), "{record}");
}

#[test]
fn a_secret_given_as_a_reference_is_kept_as_one() {
    let sandbox = Sandbox::new().with("TOKEN", "token-from-variable");
    let server = mcp(|_| None);
    sandbox
        .run(&["init", &server.url, "-H", "X-Api-Key: ${TOKEN}", "--bearer", "env:TOKEN"])
        .exits(0);
    let first = &server.requests()[0];
    assert_eq!(first.header("x-api-key"), Some("token-from-variable"));
    assert_eq!(first.header("authorization"), Some("Bearer token-from-variable"));
    let record = std::fs::read_to_string(sandbox.state().join("sessions/scripted.json")).unwrap();
    assert!(!record.contains("token-from-variable") && record.contains("${TOKEN}"), "{record}");
}

#[test]
fn the_bearer_of_the_environment_is_used_and_not_kept() {
    let sandbox = Sandbox::new().with("MCPOKE_BEARER", "token-of-the-environment");
    let server = mcp(|_| None);
    sandbox.run(&["init", &server.url]).exits(0);
    assert_eq!(
        server.requests()[0].header("authorization"),
        Some("Bearer token-of-the-environment")
    );
    let record = std::fs::read_to_string(sandbox.state().join("sessions/scripted.json")).unwrap();
    assert!(!record.contains("token-of-the-environment"), "{record}");
    sandbox.run(&["ping"]).exits(0);
    assert_eq!(server.methods().len(), 3, "the same credentials, the same session");
}

#[test]
fn servers_are_remembered_listed_chosen_and_forgotten() {
    let (sandbox, one, two) = (Sandbox::new(), mcp(|_| None), mcp(|_| None));
    sandbox.run(&["init", &one.url]).exits(0);
    sandbox.run(&["init", &two.url, "--name", "other"]).exits(0);
    let listed: Value =
        serde_json::from_str(&sandbox.run(&["sessions", "--json"]).exits(0).stdout).unwrap();
    assert_eq!(listed[0]["name"], "other");
    assert_eq!((&listed[0]["current"], &listed[1]["current"]), (&json!(true), &json!(false)));
    assert!(!listed.to_string().contains("session-0123456789abcdef"));
    sandbox.run(&["use", "scripted"]).exits(0);
    sandbox.run(&["ping"]).exits(0);
    assert_eq!(one.methods().last().unwrap(), "ping");
    sandbox.run(&["-s", &two.url, "ping"]).exits(0);
    assert_eq!(
        two.methods(),
        ["initialize", "notifications/initialized", "ping"],
        "found by its URL"
    );
    sandbox.run(&["use", "othr"]).exits(2).says("did you mean `other`?");
    sandbox.run(&["init", &one.url, "--name", "other"]).exits(2).says("is the name of");
    sandbox.run(&["close", "--all"]).exits(0);
    sandbox.run(&["ping"]).exits(2).says("none is saved");
}

#[test]
fn every_answer_to_delete_ends_in_forgetting() {
    let answers: [(u16, &str, &str); 6] = [
        (200, "", "session ended"),
        (202, "", "session ended"),
        (204, "", "session ended"),
        (405, "", "does not let clients end sessions"),
        (404, "<html>Cannot DELETE /mcp</html>", "did not know its session"),
        (500, "Internal Server Error", "returned 500"),
    ];
    for (status, body, says) in answers {
        let (sandbox, server) = (
            Sandbox::new(),
            mcp(move |request| (request.method == "DELETE").then(|| http(status, &[], body))),
        );
        sandbox.run(&["init", &server.url]).exits(0);
        sandbox.run(&["close"]).exits(0).says(says);
        sandbox.run(&["close", "scripted"]).exits(2);
    }
}

#[test]
fn a_server_that_is_gone_can_be_forgotten() {
    let sandbox = Sandbox::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    drop(listener);
    let server = mcp(|_| None);
    sandbox.run(&["init", &server.url]).exits(0);
    let path = sandbox.state().join("sessions/scripted.json");
    let record = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, record.replace(&server.url, &url)).unwrap();
    sandbox.run(&["close"]).exits(3).says("mcpoke close scripted --forget");
    sandbox.run(&["close", "--forget"]).exits(0);
    sandbox.run(&["sessions"]).exits(0).says("no saved servers");
}
