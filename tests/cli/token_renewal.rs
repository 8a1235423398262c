//! Renewal of a login's tokens: before they expire, when one is refused, and by many processes at once.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::login::{call, log_in};
use crate::support::{BROWSER, Browser, Demo, Sandbox, authority, http};

#[test]
fn a_token_is_renewed_before_it_expires_and_when_it_is_refused() {
    let authority = authority(|_, _| None);
    let sandbox = Sandbox::new();
    authority.state.expires_in.store(0, Ordering::SeqCst);
    log_in(&sandbox, &authority);
    authority.state.expires_in.store(3600, Ordering::SeqCst);
    sandbox.run(&["init", &authority.server.url]).exits(0);
    let refreshed = || authority.state.refreshed.load(Ordering::SeqCst);
    assert_eq!(refreshed(), 1, "it would have expired soon");
    call(&sandbox, &[]).exits(0);
    assert_eq!(refreshed(), 1);
    authority.state.expire();
    call(&sandbox, &[]).exits(0).prints("{\"message\":\"hi\"}\n");
    assert_eq!(refreshed(), 2, "it was refused");
    // The refresh must not have led to a new session.
    let requests = authority.server.requests();
    let initialized = requests.iter().filter(|request| request.rpc() == "initialize").count();
    assert_eq!(initialized, 1, "the session goes on");
}

#[test]
fn a_server_that_refuses_every_token_is_not_asked_for_ever() {
    let authority = authority(|request, _| {
        let challenge = [("WWW-Authenticate", "Bearer error=\"invalid_token\"")];
        let refused = request.path == "/mcp" && request.header("authorization").is_some();
        refused.then(|| http(401, &challenge, ""))
    });
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    sandbox.run(&["init", &authority.server.url]).exits(4).says("has just given");
    assert!(authority.state.given.load(Ordering::SeqCst) <= 2);
}

#[test]
fn sixteen_processes_renew_a_token_once() {
    let authority = authority(|request, _| {
        if request.path == "/token" {
            std::thread::sleep(Duration::from_millis(100));
        }
        None
    });
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    sandbox.run(&["init", &authority.server.url]).exits(0);
    authority.state.expire();
    let children: Vec<_> = (0..16)
        .map(|_| {
            let mut command = sandbox.command(&["call", "echo", "message=hi"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"message\":\"hi\"}\n");
    }
    assert_eq!(authority.state.refreshed.load(Ordering::SeqCst), 1);
}

#[cfg(unix)]
#[test]
fn a_process_that_is_killed_while_it_renews_loses_nothing() {
    static SLOW: AtomicBool = AtomicBool::new(false);
    let authority = authority(|request, _| {
        // The server has not read the request yet, or its response got lost.
        if request.path == "/token" && SLOW.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(400));
            return Some(Vec::new());
        }
        None
    });
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    sandbox.run(&["init", &authority.server.url]).exits(0);
    for wait in [20, 60, 120, 250] {
        authority.state.expire();
        SLOW.store(true, Ordering::SeqCst);
        let mut child = sandbox.command(&["call", "echo", "message=hi"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
        SLOW.store(false, Ordering::SeqCst);
        call(&sandbox, &[]).exits(0).prints("{\"message\":\"hi\"}\n");
    }
    // If the response got lost, the refresh token is spent; the error says so.
    authority.state.give();
    authority.state.expire();
    let finished = call(&sandbox, &[]).exits(4).says("auth-expired");
    assert!(finished.stderr.contains("mcpoke login"), "{}", finished.stderr);
    // A spent refresh token is not used again.
    let before = authority.server.requests().len();
    call(&sandbox, &[]).exits(4).says("expired");
    let after = authority.server.requests();
    assert!(after[before..].iter().all(|request| request.path != "/token"));
    log_in(&sandbox, &authority);
    call(&sandbox, &[]).exits(0);
}

#[test]
fn a_token_that_expires_in_the_middle_of_a_run_is_renewed_there() {
    let sandbox = Sandbox::new().with("SECRET", "demo-secret");
    let demo = Demo::with(&sandbox, &["--auth", "oauth", "--token-ttl", "1"]);
    let own =
        ["--client-credentials", "--client-id", "demo-client", "--client-secret", "env:SECRET"];
    sandbox.run(&[&["login", demo.url.as_str()], &own[..]].concat()).exits(0);
    sandbox.run(&["init", &demo.url]).exits(0);
    let calls = "{\"seconds\":0.4}\n".repeat(12);
    let each = ["call", "slow", "--each", "-", "--jobs", "2"];
    let finished = sandbox.run_with_input(&each, &calls).exits(0);
    assert_eq!(finished.stdout.lines().count(), 12, "{}", finished.stdout);
}

#[test]
fn a_lost_session_is_no_refused_token() {
    static LOST: AtomicBool = AtomicBool::new(false);
    let authority = authority(|request, state| {
        let good = format!("Bearer {}", state.good.lock().unwrap().0);
        let lost = LOST.load(Ordering::SeqCst);
        if request.path != "/mcp" || request.header("authorization") != Some(good.as_str()) {
            return None;
        }
        if request.rpc() == "initialize" && lost {
            let result = request.result_text(&json!({"protocolVersion": "2025-11-25",
                "capabilities": {}, "serverInfo": {"name": "scripted", "version": "1"}}));
            return Some(http(200, &[("Mcp-Session-Id", "another-session-0123456789")], &result));
        }
        let of_old = request.header("mcp-session-id") == Some("session-0123456789abcdef");
        // rmcp up to 0.16 reports a lost session like this: 401 without a challenge.
        (lost && of_old).then(|| http(401, &[], "Unauthorized: Session not found"))
    });
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    sandbox.run(&["init", &authority.server.url]).exits(0);
    LOST.store(true, Ordering::SeqCst);
    call(&sandbox, &[]).exits(0).says("session expired");
    assert_eq!(authority.state.refreshed.load(Ordering::SeqCst), 0);
}

#[test]
fn a_dead_token_is_not_printed() {
    let authority = authority(|request, _| {
        let refreshes = request.text.contains("grant_type=refresh_token");
        refreshes.then(|| http(503, &[], "busy"))
    });
    let sandbox = Sandbox::new();
    authority.state.expires_in.store(0, Ordering::SeqCst);
    log_in(&sandbox, &authority);
    let url = authority.server.url.as_str();
    sandbox.run(&["token", url]).exits(4).prints("").says("has expired");
    authority.state.expire();
    sandbox.run(&["init", url]).exits(4).says("HTTP 503");
}

#[test]
fn a_login_that_is_over_does_not_stand_in_the_way() {
    let authority = authority(|_, state| {
        // This server issues no refresh tokens.
        state.good.lock().unwrap().1.clear();
        None
    });
    let sandbox = Sandbox::new();
    log_in(&sandbox, &authority);
    let file = std::fs::read_dir(sandbox.state().join("logins")).unwrap().next().unwrap().unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    let mut login: Value = serde_json::from_str(&text).unwrap();
    login["expires"] = json!(1);
    login.as_object_mut().unwrap().remove("refresh_token");
    std::fs::write(file.path(), login.to_string()).unwrap();
    *authority.state.good.lock().unwrap() = ("of-the-environment-01".to_owned(), String::new());
    let url = authority.server.url.as_str();
    sandbox.run(&["init", url]).exits(4).says("expired");
    let sandbox = sandbox.with("MCPOKE_BEARER", "of-the-environment-01");
    sandbox.run(&["init", url]).exits(0);
}

#[test]
fn a_refusal_to_renew_is_no_new_token() {
    let authority = authority(|request, _| {
        let refreshes = request.text.contains("grant_type=refresh_token");
        refreshes.then(|| crate::support::document(400, &json!({"error": "invalid_grant"})))
    });
    let sandbox = Sandbox::new();
    authority.state.expires_in.store(20, Ordering::SeqCst);
    log_in(&sandbox, &authority);
    // Pretend that most of the token's lifetime has passed.
    let file = std::fs::read_dir(sandbox.state().join("logins")).unwrap().next().unwrap().unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    let came = text.split("\"came\": ").nth(1).unwrap().split(',').next().unwrap();
    let earlier = came.parse::<u64>().unwrap() - 1000;
    let text = text.replace(&format!("\"came\": {came}"), &format!("\"came\": {earlier}"));
    std::fs::write(file.path(), text).unwrap();
    authority.state.expire();
    let browser = Browser::start(&sandbox);
    sandbox.run(&["init", &authority.server.url, "--browser", BROWSER]).exits(0);
    assert_eq!(browser.addresses().len(), 2);
}
