//! Login: tokens are issued, saved, refreshed and revoked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Authority, BROWSER, Browser, Demo, Sandbox, authority, fields, http};

/// Logs in with a browser.
pub(crate) fn log_in(sandbox: &Sandbox, authority: &Authority) {
    let _browser = Browser::start(sandbox);
    sandbox.run(&["login", &authority.server.url, "--browser", BROWSER]).exits(0);
}

pub(crate) fn call(sandbox: &Sandbox, more: &[&str]) -> crate::support::Finished {
    sandbox.run(&[&["call", "echo", "message=hi"], more].concat())
}

#[test]
fn one_login_is_enough_for_every_command() {
    let authority = authority(|_, _| None);
    let sandbox = Sandbox::new();
    let url = authority.server.url.as_str();
    let browser = Browser::start(&sandbox);
    let login = sandbox.run(&["login", url, "--browser", BROWSER, "--json"]).exits(0);
    let told: Value = serde_json::from_str(&login.stdout).unwrap();
    assert_eq!((&told["clientId"], &told["renewable"]), (&json!("a-client"), &json!(true)));
    let address = url::Url::parse(&browser.addresses()[0]).unwrap();
    let asked = fields(address.query().unwrap());
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["resource"], url);
    drop(browser);
    sandbox.run(&["init", url]).exits(0);
    call(&sandbox, &[]).exits(0);
    sandbox.run(&["list-tools"]).exits(0);
    sandbox.run(&["token"]).exits(0).prints("access-token-0-0123456789\n");
    let header = sandbox.run(&["token", url, "--header"]).exits(0);
    assert_eq!(header.stdout, "Authorization: Bearer access-token-0-0123456789\n");
    sandbox.run(&["sessions"]).exits(0).prints_part("a-client");
    assert_eq!(authority.state.given.load(Ordering::SeqCst), 1);
    // With a token of their own, users are not asked to log in.
    call(&sandbox, &["--bearer", "another"]).exits(4);
    sandbox.run(&["logout"]).exits(0).says("revoked");
    let revoked = authority.server.requests();
    let revoked: Vec<_> = revoked.iter().filter(|request| request.path == "/revoke").collect();
    assert!(revoked[0].text.contains("refresh-token-0-") && revoked.len() == 2);
    call(&sandbox, &[]).exits(4).says("mcpoke login");
    sandbox.run(&["logout"]).exits(2).says("no login");
}

#[test]
fn a_client_registers_once_for_each_issuer() {
    let authority = authority(|_, _| None);
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    log_in(&sandbox, &authority);
    let count = |path: &str| {
        authority.server.requests().iter().filter(|request| request.path == path).count()
    };
    assert_eq!((count("/register"), count("/token")), (1, 2));
    let _browser = Browser::start(&sandbox);
    let url = authority.server.url.as_str();
    sandbox.run(&["login", url, "--browser", BROWSER, "--register"]).exits(0);
    assert_eq!(count("/register"), 2);
    let registered = authority.server.requests();
    let registered = registered.iter().find(|request| request.path == "/register").unwrap();
    assert_eq!(registered.body["application_type"], "native");
    // A client with a known id needs no registration.
    sandbox.run(&["login", url, "--browser", BROWSER, "--client-id", "mine"]).exits(0);
    assert_eq!(count("/register"), 2);
}

#[test]
fn any_command_logs_in_where_somebody_can_be_asked() {
    let authority = authority(|_, _| None);
    let sandbox = Sandbox::new();
    let _browser = Browser::start(&sandbox);
    let url = authority.server.url.as_str();
    sandbox.run(&["init", url, "--browser", BROWSER]).exits(0);
    call(&sandbox, &[]).exits(0);
    let methods = authority.server.methods();
    assert_eq!(methods.iter().filter(|method| *method == "initialize").count(), 2, "{methods:?}");
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let authority = authority(|_, _| None);
    let sandbox = Sandbox::new();
    let url = authority.server.url.as_str();
    sandbox.run(&["init", url]).exits(4).says("mcpoke login");
    let paths = |authority: &Authority| {
        let requests = authority.server.requests();
        requests.iter().filter(|request| request.path != "/mcp").count()
    };
    assert_eq!(paths(&authority), 0);
    let login = sandbox.run(&["login", url]).exits(4);
    assert!(
        login.stderr.contains("MCPOKE_BEARER") && login.stderr.contains("--client-credentials")
    );
    // A browser that goes nowhere ends with the time limit; one that fails ends at once.
    let late = sandbox.run(&["login", url, "--browser", "true", "--timeout", "1"]).exits(4);
    late.says("in time");
    sandbox.run(&["login", url, "--browser", "false"]).exits(4).says("--browser failed");
}

#[test]
fn more_is_asked_for_where_a_scope_is_missing() {
    let sandbox = Sandbox::new();
    let demo = Demo::with(&sandbox, &["--auth", "oauth"]);
    let browser = Browser::start(&sandbox);
    sandbox.run(&["login", &demo.url, "--browser", BROWSER]).exits(0).prints_part("demo:read\n");
    sandbox.run(&["init", &demo.url]).exits(0);
    let alone = sandbox.run(&["call", "toggle"]).exits(4).says("lacks the scope demo:write");
    assert!(
        alone.stderr.contains("login mcpoke-demo --scope 'demo:read demo:write'"),
        "{}",
        alone.stderr
    );
    sandbox.run(&["call", "toggle", "--browser", BROWSER]).exits(0);
    let asked = url::Url::parse(&browser.addresses()[1]).unwrap();
    let scope = &fields(asked.query().unwrap())["scope"];
    assert!(scope.contains("demo:read") && scope.contains("demo:write"), "{scope}");
    sandbox.run(&["call", "toggle"]).exits(0);
    assert_eq!(browser.addresses().len(), 2);
}

#[test]
fn a_scope_that_is_never_granted_is_not_asked_for_again_and_again() {
    let authority = authority(|request, _| {
        let challenge =
            [("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"more\"")];
        let denied = request.rpc() == "tools/call" && request.header("authorization").is_some();
        denied.then(|| http(403, &challenge, ""))
    });
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    sandbox.run(&["init", &authority.server.url]).exits(0);
    let browser = Browser::start(&sandbox);
    call(&sandbox, &["--browser", BROWSER]).exits(4).says("the token lacks the required scope");
    assert!(browser.addresses().len() <= 3, "{:?}", browser.addresses());
    // Once with each scope that was granted.
    let requests = authority.server.all_requests();
    assert_eq!(requests.iter().filter(|request| request.rpc() == "tools/call").count(), 2);
}

#[test]
fn a_client_can_ask_for_itself() {
    let sandbox = Sandbox::new().with("SECRET", "demo-secret").with("WRONG", "something-else-01");
    let demo = Demo::with(&sandbox, &["--auth", "oauth", "--token-ttl", "1"]);
    let login = |secret: &str| {
        let own = ["--client-credentials", "--client-id", "demo-client", "--client-secret", secret];
        sandbox.run(&[&["login", demo.url.as_str()], &own[..]].concat())
    };
    login("env:WRONG").exits(4).says("auth-client-refused");
    login("demo-secret").exits(2).says("requires a reference");
    login("env:SECRET").exits(0);
    sandbox.run(&["init", &demo.url]).exits(0);
    // The token expires every second and is replaced without a user.
    std::thread::sleep(Duration::from_millis(1200));
    call(&sandbox, &[]).exits(0).prints("hi\n");
    let kept = std::fs::read_dir(sandbox.state().join("logins")).unwrap().next().unwrap().unwrap();
    let kept = std::fs::read_to_string(kept.path()).unwrap();
    assert!(kept.contains("env:SECRET") && !kept.contains("demo-secret"), "{kept}");
    sandbox.run(&["login", &demo.url, "--client-credentials"]).exits(2).says("--client-id");
}

#[cfg(unix)]
#[test]
fn a_login_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let authority = authority(|_, _| None);
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    for folder in ["logins", "clients"] {
        for file in std::fs::read_dir(sandbox.state().join(folder)).unwrap() {
            let mode = file.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{folder}");
        }
    }
}

#[test]
fn a_login_that_is_not_the_servers_own_is_never_sent() {
    let authority = authority(|_, _| None);
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    let other = crate::support::mcp(|request| {
        let given = request.header("authorization").is_some();
        given.then(|| http(500, &[], "a token that was meant for somebody else"))
    });
    sandbox.run(&["init", &other.url]).exits(0);
    sandbox.run(&["--no-save", "-s", &authority.server.url, "list-tools"]).exits(4);
    sandbox.run(&["login", &other.url, "--browser", BROWSER]).fails();
}

#[cfg(unix)]
#[test]
fn in_a_terminal_the_address_can_be_pasted_back() {
    let authority = authority(|_, _| None);
    let sandbox = Sandbox::new();
    let url = authority.server.url.clone();
    // The user pastes the redirect URL of a browser on another machine. One with a wrong state
    // is ignored.
    let mut typed = false;
    let (output, code) =
        crate::support::typing(&sandbox, &["login", &url, "--no-browser"], |shown| {
            if shown.contains("ends at:") && !std::mem::replace(&mut typed, true) {
                return Some("http://127.0.0.1:1/callback?code=x&state=another\n".to_owned());
            }
            if !shown.contains("Once more:") || shown.contains("the-code") {
                return None;
            }
            let address = shown.split_whitespace().find(|word| word.contains("/authorize?"))?;
            let asked = url::Url::parse(address).ok()?;
            let asked = fields(asked.query()?);
            Some(format!("{}?code=the-code&state={}\n", asked["redirect_uri"], asked["state"]))
        });
    assert!(code == 0 && output.contains("logged in to"), "{output}");
    let token = authority.server.requests();
    let token = token.iter().find(|request| request.path == "/token").unwrap();
    assert_eq!(fields(&token.text)["code"], "the-code");
}

#[test]
fn a_server_that_moves_to_another_authorization_server_is_followed() {
    static MOVED: AtomicBool = AtomicBool::new(false);
    let other = authority(|_, _| None);
    let (issuer, known) =
        (other.server.url.trim_end_matches("/mcp").to_owned(), std::sync::Arc::clone(&other.state));
    let authority = authority(move |request, state| {
        if !MOVED.load(Ordering::SeqCst) {
            return None;
        }
        let here = crate::support::here(request);
        let path = "/.well-known/oauth-protected-resource/mcp";
        if request.path == path {
            let resource = format!("{here}/mcp");
            let document = json!({"resource": resource, "authorization_servers": [issuer]});
            return Some(crate::support::document(200, &document));
        }
        // The old authorization server still refreshes its tokens, but this server rejects them.
        let given = request.header("authorization").unwrap_or_default();
        let theirs = known.good.lock().unwrap().0.clone();
        if request.path == "/mcp" && (theirs.is_empty() || given != format!("Bearer {theirs}")) {
            let challenge = format!("Bearer resource_metadata=\"{here}{path}\"");
            return Some(http(401, &[("WWW-Authenticate", challenge.as_str())], ""));
        }
        state.good.lock().unwrap().0 = theirs;
        None
    });
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    sandbox.run(&["init", &authority.server.url]).exits(0);
    // The tokens of the two servers must differ.
    other.state.given.store(7, Ordering::SeqCst);
    MOVED.store(true, Ordering::SeqCst);
    call(&sandbox, &[]).exits(4);
    let _browser = Browser::start(&sandbox);
    call(&sandbox, &["--browser", BROWSER]).exits(0);
    let registered = other.server.requests();
    assert!(registered.iter().any(|request| request.path == "/register"));
    call(&sandbox, &[]).exits(0);
}

#[test]
fn whoever_only_looks_asks_nobody() {
    let authority = authority(|_, _| None);
    let sandbox = Sandbox::new();
    let browser = Browser::start(&sandbox);
    let url = authority.server.url.as_str();
    sandbox.run(&["trace", url, "--browser", BROWSER]).exits(4);
    sandbox.run(&["trace", url, "--browser", BROWSER, "--recipe", "python"]).fails();
    assert!(browser.addresses().is_empty());
    sandbox.run(&["init", url, "--browser", BROWSER]).exits(0);
    // `close` does not ask the user either.
    authority.state.expire();
    sandbox.run(&["close", "--browser", BROWSER]).exits(0);
    assert_eq!(browser.addresses().len(), 1);
}

#[test]
fn a_server_that_wants_no_login_is_left_alone() {
    let server =
        crate::support::mcp(|request| (request.path != "/mcp").then(|| http(404, &[], "")));
    let sandbox = Sandbox::new();
    let login = sandbox.run(&["login", &server.url, "--browser", "false"]).exits(4);
    assert!(login.stderr.contains("requires no login"), "{}", login.stderr);
    assert!(server.requests().iter().all(|request| request.path != "/register"));
}

#[test]
fn a_login_holds_at_the_address_that_a_server_redirects_to() {
    let authority = authority(|request, state| {
        let good = format!("Bearer {}", state.good.lock().unwrap().0);
        match request.path.as_str() {
            // Python servers redirect like this.
            "/mcp" => Some(http(307, &[("Location", "/mcp/")], "")),
            "/mcp/" if request.header("authorization") != Some(good.as_str()) => {
                Some(http(401, &[("WWW-Authenticate", "Bearer")], ""))
            }
            _ => None,
        }
    });
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    sandbox.run(&["init", &authority.server.url]).exits(0);
    for _ in 0..2 {
        call(&sandbox, &[]).exits(0);
        sandbox.run(&["-s", &authority.server.url, "list-tools"]).exits(0);
        authority.state.expire();
    }
    let requests = authority.server.requests();
    let opened = requests.iter().filter(|request| request.rpc() == "initialize").count();
    assert_eq!(opened, 2, "one, and its redirect");
    sandbox.run(&["sessions"]).exits(0).prints_part("a-client");
    sandbox.run(&["logout"]).exits(0).says("revoked");
}

#[test]
fn a_damaged_login_is_reported_and_can_be_removed() {
    let authority = authority(|_, _| None);
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    let file = std::fs::read_dir(sandbox.state().join("logins")).unwrap().next().unwrap().unwrap();
    std::fs::write(file.path(), "{\"format\":1,").unwrap();
    let url = authority.server.url.as_str();
    sandbox.run(&["init", url]).exits(9).says("mcpoke logout");
    sandbox.run(&["logout", url]).exits(0).says("removed");
    log_in(&sandbox, &authority);
    sandbox.run(&["init", url]).exits(0);
}

#[test]
fn an_identity_provider_answers_for_its_user() {
    static HONEST: AtomicBool = AtomicBool::new(true);
    let authority = authority(|request, state| {
        let asked = fields(&request.text);
        let grant = asked.get("grant_type").map(String::as_str).unwrap_or_default();
        let answer = |value: &Value| Some(crate::support::document(200, value));
        match (request.path.as_str(), grant.rsplit(':').next().unwrap_or_default()) {
            ("/token", "token-exchange") => {
                let kind = if HONEST.load(Ordering::SeqCst) { "id-jag" } else { "access_token" };
                let right = asked["subject_token"] == "id-token-0123456789"
                    && asked["audience"] == crate::support::here(request)
                    && asked["client_id"] == "at-the-provider";
                let kind = format!("urn:ietf:params:oauth:token-type:{kind}");
                right.then(|| {
                    answer(&json!({"access_token": "grant-0123456789", "token_type": "N_A",
                        "issued_token_type": kind}))
                })?
            }
            ("/token", "jwt-bearer") if asked["assertion"] == "grant-0123456789" => {
                answer(&state.give())
            }
            _ => None,
        }
    });
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.home().join("id-token"), "id-token-0123456789\n").unwrap();
    let url = authority.server.url.as_str();
    let provider = url.trim_end_matches("/mcp");
    let login = || {
        sandbox.run(&[
            "login",
            url,
            "--client-id",
            "here",
            "--idp",
            provider,
            "--id-token",
            "file:id-token",
            "--idp-client-id",
            "at-the-provider",
        ])
    };
    login().exits(0);
    sandbox.run(&["init", url]).exits(0);
    authority.state.expire();
    // The identity token is read from the file for every request.
    call(&sandbox, &[]).exits(0);
    let asked = authority.server.requests();
    assert_eq!(asked.iter().filter(|request| request.path == "/token").count(), 4);
    HONEST.store(false, Ordering::SeqCst);
    login().exits(4).says("not the grant asked for");
    sandbox
        .run(&["login", url, "--client-id", "x", "--idp", provider, "--id-token", "eyJ"])
        .exits(2);
}

#[test]
fn a_clients_secret_goes_to_no_other_authorization_server() {
    let other = authority(|_, _| None);
    let theirs = other.server.url.trim_end_matches("/mcp").to_owned();
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let authority = authority(move |request, _| {
        let here = crate::support::here(request);
        if request.path != "/.well-known/oauth-protected-resource/mcp" {
            return None;
        }
        // The honest authorization server at first; from the third request on, another one.
        let honest = asked.fetch_add(1, Ordering::SeqCst) < 2;
        let issuer = if honest { here.clone() } else { theirs.clone() };
        let document =
            json!({"resource": format!("{here}/mcp"), "authorization_servers": [issuer]});
        Some(crate::support::document(200, &document))
    });
    let sandbox = Sandbox::new().with("SECRET", "a-clients-secret-0123");
    let _browser = Browser::start(&sandbox);
    let url = authority.server.url.as_str();
    let own = ["--client-id", "mine", "--client-secret", "env:SECRET"];
    sandbox.run(&[&["login", url, "--browser", BROWSER], &own[..]].concat()).exits(0);
    sandbox.run(&["init", url]).exits(0);
    for _ in 0..3 {
        // Without valid tokens, only a new login can help.
        *authority.state.good.lock().unwrap() = (String::new(), "another".to_owned());
        call(&sandbox, &["--browser", BROWSER]);
        sandbox.run(&["login", url, "--browser", BROWSER]);
    }
    let seen = other.server.requests();
    assert!(seen.iter().all(|request| request.path != "/token"), "{}", seen.len());
}

#[test]
fn what_was_said_the_last_time_holds() {
    let sandbox = Sandbox::new().with("SECRET", "demo-secret");
    let demo = Demo::with(&sandbox, &["--auth", "oauth", "--token-ttl", "1"]);
    let own =
        ["--client-credentials", "--client-id", "demo-client", "--client-secret", "env:SECRET"];
    sandbox.run(&[&["login", demo.url.as_str()], &own[..]].concat()).exits(0);
    sandbox.run(&["login", &demo.url]).exits(0).prints_part("client demo-client\n");
    let browser = Browser::start(&sandbox);
    let args = ["login", &demo.url, "--browser", BROWSER, "--scope", "demo:write"];
    sandbox.run(&args).exits(0);
    sandbox.run(&["login", &demo.url, "--browser", BROWSER]).exits(0).prints_part("demo:write\n");
    drop(browser);
}
