//! Planted secrets: the server gets them, but they never appear in output or files.

use crate::support::{Sandbox, Server, http, mcp};

const BEARER: &str = "planted-bearer-0123456789";
const KEY: &str = "planted-key-0123456789";
const SESSION: &str = "session-0123456789abcdef";

#[test]
fn a_secret_is_printed_nowhere() {
    let sandbox = Sandbox::new().with("KEY", KEY);
    // Some servers echo what they received in their errors.
    let echoing = mcp(|request| {
        let said =
            format!("{:?} {:?}", request.header("authorization"), request.header("mcp-session-id"));
        match request.rpc() {
            // Put the id and the token in unexpected places.
            "initialize" => Some(http(
                200,
                &[("Mcp-Session-Id", SESSION), ("X-Link", &format!("/{SESSION}/{BEARER}"))],
                &request.result_text(&serde_json::json!({
                    "protocolVersion": "2025-11-25",
                    "instructions": format!("{SESSION} {BEARER}"),
                    "serverInfo": {"name": BEARER, "version": SESSION},
                })),
            )),
            "tools/call" => Some(request.error(200, -32603, &said.replace('"', "'"))),
            _ => None,
        }
    });
    let refusing = Server::start(|request| {
        http(
            401,
            &[("WWW-Authenticate", "Bearer")],
            &format!("no {:?}", request.header("x-api-key")),
        )
    });
    let secrets = ["--bearer", BEARER, "-H", "X-Api-Key: ${KEY}"];
    let traced = ["--trace", "--trace-file", "t.jsonl"];
    let mut printed = String::new();
    for command in [
        &["init", &echoing.url][..],
        &["list-tools"],
        &["call", "add"],
        &["ping"],
        &["sessions"],
        &["trace", &echoing.url],
        &["--session-id", SESSION, "ping"],
        &["--json", "call", "add"],
        &["init", "http://user:planted-password-0123456789@127.0.0.1:99999/"],
        &["init", "http://127.0.0.1:1/?token=planted-query-0123456789"],
        &["--json", "-s", &format!("{}?token=abc/planted-query%3D%3d", refusing.url), "ping"],
        &["use", "http://127.0.0.1:1/?token=planted-query-0123456789"],
        &["close", "http://127.0.0.1:1/?token=planted-query-0123456789"],
        &["-s", "http://127.0.0.1:99999/?token=planted-query-0123456789", "ping"],
        &["-s", &echoing.url, "--proxy", "user:planted-password-0123456789@127.0.0.1:1", "ping"],
        &[
            "-s",
            &echoing.url,
            "--proxy",
            "http://u:planted-password-0123456789@127.0.0.1:99999",
            "ping",
        ],
        &["init", &refusing.url],
        &["-s", "http://127.0.0.1:1/", "ping"],
        &["close"],
    ] {
        let args: Vec<&str> = secrets.iter().chain(&traced).chain(command).copied().collect();
        let finished = sandbox.run(&args);
        printed.push_str(&finished.stdout);
        printed.push_str(&finished.stderr);
        printed
            .push_str(&std::fs::read_to_string(sandbox.home().join("t.jsonl")).unwrap_or_default());
    }
    for entry in std::fs::read_dir(sandbox.state().join("sessions")).into_iter().flatten() {
        printed.push_str(&entry.unwrap().file_name().to_string_lossy());
    }
    for secret in [BEARER, KEY, SESSION, "planted-password", "planted-query"] {
        assert!(!printed.contains(secret), "{secret} was printed:\n{printed}");
    }
    assert!(printed.contains("Bearer …6789") && printed.contains("session-… (24)"), "{printed}");
    // Without this, the test would prove nothing.
    assert!(echoing.requests().iter().any(|request| request.header("x-api-key") == Some(KEY)));
}

#[test]
fn show_secrets_shows_them() {
    let server = mcp(|_| None);
    let args = ["-s", &server.url, "--bearer", BEARER, "--trace", "--show-secrets", "ping"];
    Sandbox::new().run(&args).exits(0).says(BEARER).says(SESSION);
}

#[test]
fn a_header_of_ones_own_and_a_cookie_are_hidden_whatever_their_names() {
    let server = mcp(|request| {
        (request.rpc() == "tools/call").then(|| {
            let body = format!(
                "custom {} cookie COOKIESECRET9012",
                request.header("x-custom-thing").unwrap_or_default()
            );
            http(400, &[("Set-Cookie", "sid=COOKIESECRET9012; Path=/")], &body)
        })
    });
    let sandbox = Sandbox::new();
    let call = [
        "-s",
        &server.url,
        "-H",
        "X-Custom-Thing: customsecret90",
        "-H",
        "X-Pin: 90417",
        "-H",
        "X-Request-Id: r-7",
        "call",
        "echo",
        "message=x",
    ];
    let shown = sandbox.run(&[&call[..], &["-v", "--trace-file", "t.jsonl"]].concat());
    let file = std::fs::read_to_string(sandbox.home().join("t.jsonl")).unwrap();
    for text in [&shown.stderr, &shown.stdout, &file] {
        assert!(!text.contains("customsecret90") && !text.contains("COOKIESECRET9012"), "{text}");
        assert!(!text.contains("90417"), "{text}");
    }
    assert!(file.contains("r-7"), "{file}");
    let sane = mcp(|_| None);
    let recipe = [
        "trace",
        &sane.url,
        "--recipe",
        "python",
        "-H",
        "X-Custom-Thing: customsecret90",
        "-H",
        "X-Request-Id: r-7",
    ];
    let recipe = sandbox.run(&recipe).exits(0).stdout;
    assert!(!recipe.contains("customsecret90") && recipe.contains("X_CUSTOM_THING"), "{recipe}");
    assert!(recipe.contains("r-7"), "{recipe}");
}

#[test]
fn a_token_that_cannot_be_sent_is_refused_where_it_is_given() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    for given in [["--bearer", "tok-é"], ["-H", "Authorization: Bearer tok-é"]] {
        let command = [&["init", &server.url][..], &given].concat();
        sandbox.run(&command).exits(2).says("it holds `é`, and only ASCII can be sent");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn only_credentials_make_another_user() {
    let server = mcp(|_| None);
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &server.url, "-H", "X-Tenant: one"]).exits(0);
    let count = || server.methods().iter().filter(|method| *method == "initialize").count();
    sandbox.run(&["call", "echo", "message:=1", "-H", "X-Debug: 1"]).exits(0);
    assert_eq!(count(), 1, "the session is used");
    let last = server.requests().pop().unwrap();
    assert_eq!((last.header("x-debug"), last.header("x-tenant")), (Some("1"), Some("one")));
    // A header that was given when the session was opened, a sensitive name, and a token are another user's.
    for (index, other) in
        ["X-Tenant: two", "X-Api-Key: k-0123456789", "Authorization: Bearer t-0123456789"]
            .into_iter()
            .enumerate()
    {
        sandbox.run(&["call", "echo", "message:=1", "-H", other]).exits(0);
        assert_eq!(count(), index + 2, "{other}");
    }
    sandbox.run(&["call", "echo", "message:=1"]).exits(0);
    assert_eq!(count(), 4, "the saved session is still there");
}
