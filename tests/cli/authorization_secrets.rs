//! Authorization shows no secret, drives no terminal, and reaches no private address for a public server.

use serde_json::{Value, json};

use crate::support::{BROWSER, Browser, Sandbox, Server, authority, document, fields, here, http};

const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";

#[test]
fn a_public_server_cannot_name_a_private_address() {
    let inside = Server::start(|_| http(200, &[], "{}"));
    for named in [
        inside.url.as_str(),
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://[fd00::1]/",
    ] {
        let named = named.to_owned();
        // Behind a proxy, the host name alone makes the server public.
        let proxy = Server::start(move |_| {
            let challenge = format!("Bearer resource_metadata=\"{named}\"");
            http(401, &[("WWW-Authenticate", challenge.as_str())], "")
        });
        let proxy = proxy.url.trim_end_matches("/mcp").to_owned();
        let sandbox = Sandbox::new();
        let args = ["login", "http://public.example/mcp", "--browser", "false", "--proxy", &proxy];
        sandbox.run(&args).exits(4).says("is a private address");
    }
    assert!(inside.all_requests().is_empty());
}

#[test]
fn nothing_secret_is_seen_in_what_authorization_says_and_writes() {
    const SECRET: &str = "client-secret-0123456789";
    let authority = authority(|request, state| match request.path.as_str() {
        "/register" => Some(document(
            201,
            &json!({"client_id": "a-client", "client_secret": SECRET,
                "token_endpoint_auth_method": "client_secret_basic"}),
        )),
        "/token"
            if request.text.contains("grant_type=refresh_token")
                && state.given.load(std::sync::atomic::Ordering::SeqCst) == 2 =>
        {
            let echoed = json!({"error": "invalid_grant", "error_description": request.text});
            Some(document(400, &echoed))
        }
        _ => None,
    });
    let sandbox = Sandbox::new()
        .with("PRIVATE", "given-secret-0123456789")
        .with("WHO", "id-token-0123456789");
    let url = authority.server.url.as_str();
    let browser = Browser::start(&sandbox);
    let mut said = String::new();
    let mut run = |args: &[&str]| {
        let finished = sandbox.run(args);
        said += &finished.stdout;
        said += &finished.stderr;
    };
    run(&["--trace", "login", url, "--browser", BROWSER]);
    run(&["--trace", "init", url]);
    run(&["--trace-file", "a.har", "call", "echo", "message=hi"]);
    authority.state.expire();
    run(&["--trace-file", "b.jsonl", "--trace", "call", "echo", "message=hi"]);
    authority.state.expire();
    // The error for the refresh token repeats the whole request.
    run(&["--trace-file", "c.har", "--trace", "call", "echo", "message=hi"]);
    run(&["--json", "call", "echo", "message=hi"]);
    run(&["--trace-file", "d.jsonl", "login", url, "--browser", BROWSER, "--register"]);
    run(&["trace", "--html", "page.html", "--trace-file", "e.har"]);
    run(&["trace", "--recipe", "python"]);
    run(&["sessions"]);
    run(&["sessions", "--json"]);
    let own = ["--client-id", "c", "--client-secret", "env:PRIVATE"];
    run(&[&["--trace", "login", url, "--client-credentials"], &own[..]].concat());
    let provider = ["--idp", url.trim_end_matches("/mcp"), "--id-token", "env:WHO"];
    run(&[&["--trace", "login", url], &own[..], &provider[..]].concat());
    run(&["--trace", "logout", url]);
    drop(browser);
    let mut secrets =
        vec![SECRET.to_owned(), "given-secret-0123456789".into(), "id-token-0123456789".into()];
    secrets.push("the-code-0123456789".to_owned());
    let given = authority.state.given.load(std::sync::atomic::Ordering::SeqCst);
    assert!(given >= 4, "{given} tokens\n{said}");
    for number in 0..given {
        secrets.push(format!("access-token-{number}-0123456789"));
        secrets.push(format!("refresh-token-{number}-0123456789"));
    }
    let mut asked = 0;
    for request in authority.server.requests().iter().filter(|request| request.path == "/token") {
        asked += 1;
        secrets.extend(fields(&request.text).remove("code_verifier"));
        let basic = request.header("authorization").unwrap_or_default();
        secrets.extend(basic.strip_prefix("Basic ").map(str::to_owned));
    }
    assert!(asked >= 5, "{said}");
    let mut seen = vec![("what was said".to_owned(), said)];
    for entry in std::fs::read_dir(sandbox.home()).unwrap().filter_map(Result::ok) {
        if entry.file_type().unwrap().is_file() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            seen.push((entry.file_name().into_string().unwrap(), text));
        }
    }
    for entry in std::fs::read_dir(sandbox.state().join("sessions")).unwrap().filter_map(Result::ok)
    {
        seen.push((format!("{:?}", entry.path()), std::fs::read_to_string(entry.path()).unwrap()));
    }
    for (place, text) in &seen {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} in {place}:\n{text}");
        }
    }
    assert!(seen.len() >= 8, "{:?}", seen.iter().map(|(place, _)| place).collect::<Vec<_>>());
}

#[test]
fn what_authorization_servers_say_drives_no_terminal_and_repeats_no_secret() {
    let authority = authority(|request, state| {
        let said = |text: &str| format!("\u{1b}[31m{text}\u{7}");
        match request.path.as_str() {
            "/token" if request.text.contains("grant_type=refresh_token") => {
                let told = fields(&request.text).remove("refresh_token").unwrap();
                let refusal = json!({"error": said(&told), "error_description": said(&told)});
                Some(document(400, &refusal))
            }
            "/token" => {
                let mut given = state.give();
                given["scope"] = json!(said("scope"));
                Some(document(200, &given))
            }
            RESOURCE => {
                let (resource, servers) = (format!("{}/mcp", here(request)), [here(request)]);
                let scopes = [said("scope")];
                Some(document(
                    200,
                    &json!({"resource": resource,
                    "authorization_servers": servers, "scopes_supported": scopes}),
                ))
            }
            "/register" => Some(document(201, &json!({"client_id": said("client")}))),
            _ => None,
        }
    });
    let sandbox = Sandbox::new();
    let _browser = Browser::start(&sandbox);
    let url = authority.server.url.as_str();
    authority.state.expires_in.store(0, std::sync::atomic::Ordering::SeqCst);
    let mut said = String::new();
    for args in [
        &["login", url, "--browser", BROWSER][..],
        &["sessions"],
        &["init", url],
        &["trace", url],
        &["call", "echo", "message=hi"],
        &["logout", url],
    ] {
        let finished = sandbox.run(args);
        said += &finished.stdout;
        said += &finished.stderr;
    }
    assert!(said.contains("could not be renewed"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{7}']), "{said:?}");
    assert!(!said.contains("refresh-token-0"), "{said}");
}

#[test]
fn tokens_in_odd_answers_are_not_seen_either() {
    const TOKEN: &str = "an-odd/token-0123456789";
    for (kind, body) in [
        (
            "application/json",
            format!(
                "{{\"access_token\":\"{}\",\"token_type\":\"Bearer\"}}",
                TOKEN.replace('/', "\\/")
            ),
        ),
        ("application/x-www-form-urlencoded", format!("access_token={TOKEN}&token_type=bearer")),
        ("application/json", format!("{{\"user\":{{\"access_token\":\"{TOKEN}\"}}}}")),
        (
            "application/json",
            format!("{{\"access_token\":\"{TOKEN}\",\"token_type\":\"Bearer\"}} more"),
        ),
        ("text/event-stream", format!("data: {{\"access_token\":\"{TOKEN}\"}}\n\n")),
    ] {
        let authority = authority(move |request, _| {
            (request.path == "/token").then(|| http(200, &[("Content-Type", kind)], &body))
        });
        let sandbox = Sandbox::new();
        let _browser = Browser::start(&sandbox);
        let url = authority.server.url.as_str();
        let login = sandbox.run(&[
            "--trace",
            "--trace-file",
            "t.jsonl",
            "login",
            url,
            "--browser",
            BROWSER,
        ]);
        let kept = std::fs::read_to_string(sandbox.home().join("t.jsonl")).unwrap();
        let seen = format!("{}{}{kept}", login.stdout, login.stderr);
        assert!(!seen.contains("token-0123456789"), "{kind}: {seen}");
    }
}

#[test]
fn a_public_server_cannot_lead_logout_and_renewal_to_a_private_address() {
    let authority = authority(|_, _| None);
    let sandbox = Sandbox::new();
    let _browser = Browser::start(&sandbox);
    let url = authority.server.url.as_str();
    sandbox.run(&["login", url, "--browser", BROWSER]).exits(0);
    let file = std::fs::read_dir(sandbox.state().join("logins")).unwrap().next().unwrap().unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    let mut login: Value = serde_json::from_str(&text).unwrap();
    // As if the server were on the public internet.
    login["public"] = json!(true);
    login["expires"] = json!(1);
    std::fs::write(file.path(), login.to_string()).unwrap();
    let before = authority.server.requests().len();
    sandbox.run(&["token", url]).exits(4).says("is a private address");
    sandbox.run(&["logout", url]).exits(0).says("is a private address");
    assert_eq!(authority.server.requests().len(), before);
    sandbox.run(&["logout", url]).exits(2);
}
