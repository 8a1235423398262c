//! Attacks on the way to a token, the explanation of each failure, and secrets that must
//! not be shown.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::support::{
    Authority, BROWSER, Browser, Demo, Finished, Request, Sandbox, Server, authority, document,
    fields, here, http, metadata,
};

/// Logs in with a different response for one path. Returns the failure, and the URLs that
/// the browser was sent to.
fn log_in_where(
    path: &'static str,
    answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
) -> (Finished, Vec<String>, Authority) {
    let authority = authority(move |request, _| {
        let asked = request.path.split('?').next().unwrap_or_default();
        (asked == path).then(|| answer(request))
    });
    let sandbox = Sandbox::new();
    let browser = Browser::start(&sandbox);
    let url = authority.server.url.clone();
    let finished = sandbox.run(&["--json", "login", &url, "--browser", BROWSER, "--timeout", "5"]);
    let addresses = browser.addresses();
    (finished, addresses, authority)
}

/// Returns the most certain finding of a failure.
fn finding(finished: &Finished) -> String {
    let last = finished.stderr.lines().last().unwrap_or_default();
    let error: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{}", finished.stderr));
    error["error"]["findings"][0]["id"].as_str().unwrap_or_default().to_owned()
}

const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";

const SERVER: &str = "/.well-known/oauth-authorization-server";

#[test]
fn metadata_of_another_resource_are_refused() {
    for resource in ["https://honest.example/mcp", "http://127.0.0.1:1/mcp", "", "x"] {
        let (finished, addresses, _authority) = log_in_where(RESOURCE, move |request| {
            let servers = [here(request)];
            document(200, &json!({"resource": resource, "authorization_servers": servers}))
        });
        assert_eq!(finding(&finished), "auth-resource-mismatch", "{resource}");
        assert!(addresses.is_empty());
        finished.exits(4);
    }
}

#[test]
fn metadata_of_another_issuer_are_refused() {
    for issuer in ["https://honest.example", ""] {
        let (finished, addresses, _authority) = log_in_where(SERVER, move |request| {
            let mut metadata = metadata(&here(request));
            metadata["issuer"] = json!(issuer);
            document(200, &metadata)
        });
        assert_eq!(finding(&finished), "auth-issuer-mismatch", "{issuer}");
        assert!(addresses.is_empty());
        finished.exits(4);
    }
}

#[test]
fn a_code_of_another_issuer_goes_nowhere() {
    let (finished, _, authority) = log_in_where("/authorize", |request| {
        let asked = fields(request.path.split_once('?').unwrap().1);
        let back = format!(
            "{}?code=stolen-code-0123456789&state={}&iss=https://honest.example",
            asked["redirect_uri"], asked["state"]
        );
        http(302, &[("Location", back.as_str())], "")
    });
    let finished = finished.exits(4).says("names the issuer `https://honest.example`");
    assert!(!finished.stderr.contains("stolen-code"));
    assert!(authority.server.requests().iter().all(|request| request.path != "/token"));
}

#[test]
fn an_answer_without_the_right_state_is_not_listened_to() {
    let (finished, _, authority) = log_in_where("/authorize", |request| {
        let asked = fields(request.path.split_once('?').unwrap().1);
        let back = format!("{}?code=the-code&state=guessed", asked["redirect_uri"]);
        http(302, &[("Location", back.as_str())], "")
    });
    finished.exits(4).says("in time");
    assert!(authority.server.requests().iter().all(|request| request.path != "/token"));
}

#[test]
fn an_authorization_endpoint_that_is_no_web_address_is_never_opened() {
    for endpoint in [
        "javascript:fetch('//evil')",
        "file:///etc/passwd",
        "http://evil.example/authorize",
        "data:text/html,x",
        "x'; touch pwned; '",
    ] {
        let (finished, addresses, _authority) = log_in_where(SERVER, move |request| {
            let mut metadata = metadata(&here(request));
            metadata["authorization_endpoint"] = json!(endpoint);
            document(200, &metadata)
        });
        assert_eq!(finding(&finished), "auth-unsafe-address", "{endpoint}");
        assert!(addresses.is_empty(), "{addresses:?}");
        finished.exits(4);
    }
}

#[test]
fn what_an_address_says_to_a_shell_is_not_heard() {
    let (finished, addresses, _authority) = log_in_where(SERVER, |request| {
        let mut metadata = metadata(&here(request));
        let endpoint =
            format!("{}/authorize?x=$(touch%20pwned)`touch${{IFS}}pwned`'\"", here(request));
        metadata["authorization_endpoint"] = json!(endpoint);
        document(200, &metadata)
    });
    // The browser got the URL unchanged, and the shell did not interpret it.
    assert!(addresses[0].contains("/authorize?x=$(touch%20pwned)"), "{addresses:?}");
    finished.exits(0);
}

#[test]
fn a_token_request_is_not_taken_elsewhere() {
    let other =
        Server::start(|_| http(200, &[], "{\"access_token\":\"x\",\"token_type\":\"Bearer\"}"));
    let elsewhere = other.url.clone();
    for status in [302, 307, 308] {
        let to = elsewhere.clone();
        let (finished, _, _authority) =
            log_in_where("/token", move |_| http(status, &[("Location", to.as_str())], ""));
        assert_eq!(finding(&finished), "auth-endpoint-redirects", "{status}");
        finished.exits(4);
    }
    assert!(other.all_requests().is_empty());
    // Not even within the origin: the request body is secret.
    let (finished, ..) = log_in_where("/token", |_| http(307, &[("Location", "/other")], ""));
    finished.exits(4);
}

#[test]
fn metadata_are_not_taken_from_elsewhere() {
    let other = Server::start(|_| http(200, &[], "{}"));
    for path in [RESOURCE, SERVER] {
        let to = other.url.clone();
        let (finished, ..) =
            log_in_where(path, move |_| http(302, &[("Location", to.as_str())], ""));
        assert_eq!(finding(&finished), "auth-endpoint-redirects", "{path}");
        finished.exits(4);
    }
    assert!(other.all_requests().is_empty());
    // Within the origin, the redirect is followed, and is no finding.
    for path in [RESOURCE, SERVER] {
        let (finished, ..) = log_in_where(path, |request| {
            let to = format!("{}/moved", here(request));
            http(302, &[("Location", to.as_str())], "")
        });
        assert!(!finished.stderr.contains("auth-endpoint-redirects"), "{}", finished.stderr);
        finished.exits(4);
    }
    let (finished, ..) = log_in_where(RESOURCE, |request| {
        let itself = format!("{}{RESOURCE}", here(request));
        http(302, &[("Location", itself.as_str())], "")
    });
    let finished = finished.exits(4).says("points back to itself");
    assert!(!finished.stderr.contains("POST into a GET"), "{}", finished.stderr);
}

/// A body that holds metadata, or looks like it.
fn bodies(document: &Value) -> [(&'static str, String, bool); 6] {
    let text = document.to_string();
    let cut = text[..text.len() / 2].to_owned();
    [
        ("a byte order mark", format!("\u{feff}{text}"), true),
        ("an array", format!("[{text}]"), false),
        ("a string", "\"hello\"".to_owned(), false),
        ("null", "null".to_owned(), false),
        ("cut", cut, false),
        ("a page", "<!doctype html>".to_owned(), false),
    ]
}

#[test]
fn metadata_are_described_as_what_they_are() {
    let served = |path: &'static str, index: usize, status: u16| {
        let (finished, addresses, _) = log_in_where(path, move |request| {
            let here = here(request);
            let document = match path {
                RESOURCE => {
                    json!({"resource": format!("{here}/mcp"), "authorization_servers": [here]})
                }
                _ => metadata(&here),
            };
            let json = [("Content-Type", "application/json")];
            http(status, &json, &bodies(&document)[index].1)
        });
        (finished, addresses)
    };
    for path in [RESOURCE, SERVER] {
        for (index, (what, _, is_usable)) in bodies(&json!({})).into_iter().enumerate() {
            for status in [200, 203] {
                let (finished, addresses) = served(path, index, status);
                if is_usable {
                    finished.exits(0);
                    assert_eq!(addresses.len(), 1);
                    continue;
                }
                let finished = finished.exits(4);
                assert!(addresses.is_empty(), "{path}: {what}");
                for wrong in ["another resource", "another issuer", ", certain]", "not there"] {
                    assert!(
                        !finished.stderr.contains(wrong),
                        "{path}: {what}: {}",
                        finished.stderr
                    );
                }
                let certain = r#""certainty":"certain""#;
                assert!(!finished.stderr.contains(certain), "{path}: {what}: {}", finished.stderr);
            }
        }
    }
}

#[test]
fn an_address_that_cannot_be_used_is_not_the_reason_for_a_401() {
    let refusing = Server::start(|request| {
        let challenge = [("WWW-Authenticate", "Bearer resource_metadata=\"/relative\"")];
        http(if request.method == "POST" { 401 } else { 404 }, &challenge, "")
    });
    let traced = Sandbox::new().run(&["trace", &refusing.url, "--json"]).exits(4).stdout;
    let traced: Value = serde_json::from_str(&traced).unwrap();
    assert_eq!(traced["why"]["id"], "auth-required", "{traced:#}");
    // What is no text in a list of issuers is passed over; 304 is no redirect.
    let (finished, addresses, _) = log_in_where(RESOURCE, |request| {
        let here = here(request);
        let servers = json!([5, here]);
        document(200, &json!({"resource": format!("{here}/mcp"), "authorization_servers": servers}))
    });
    finished.exits(0);
    assert_eq!(addresses.len(), 1);
    let (finished, ..) = log_in_where(RESOURCE, |_| http(304, &[], ""));
    assert_ne!(finding(&finished), "auth-endpoint-redirects");
}

#[test]
fn no_page_is_opened_where_no_token_can_be_had() {
    let (finished, addresses, _) = log_in_where(SERVER, |request| {
        let mut metadata = metadata(&here(request));
        metadata.as_object_mut().unwrap().remove("token_endpoint");
        document(200, &metadata)
    });
    finished.exits(4).says("no `token_endpoint`");
    assert!(addresses.is_empty());
}

#[test]
fn a_document_of_two_gibibytes_is_not_read() {
    let server = Server::raw(|request, stream| {
        if request.path == "/mcp" {
            let challenge = [("WWW-Authenticate", "Bearer")];
            let _ = stream.write_all(&http(401, &challenge, ""));
            return;
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2147483648\r\n\r\n{\"a\":\"";
        let mut more = stream.write_all(head.as_bytes());
        let (mut left, piece) = (2_u64 << 30, vec![b'x'; 65536]);
        while more.is_ok() && left > 0 {
            more = stream.write_all(&piece);
            left -= 65536;
        }
        assert!(left > 2_000_000_000, "it was read");
    });
    let sandbox = Sandbox::new();
    sandbox
        .run(&["login", &server.url, "--browser", "false"])
        .exits(8)
        .says("more than 1048576 bytes");
}

#[test]
fn each_failure_on_the_way_is_explained() {
    let json_of = |status: u16, value: Value| move |_: &Request| document(status, &value);
    // There is neither metadata nor registration at the addresses of 2025-03-26.
    let authority = authority(|request, _| {
        let quiet = request.path != "/mcp";
        Some(if quiet { http(404, &[], "") } else { http(401, &[], "") })
    });
    let sandbox = Sandbox::new();
    let failed =
        sandbox.run(&["--json", "login", &authority.server.url, "--browser", "false"]).exits(4);
    assert_eq!(finding(&failed), "auth-no-metadata");
    assert!(failed.stderr.contains("auth-no-metadata") && failed.stderr.contains("--bearer"));
    // The challenge names metadata that do not exist.
    for nothing in [http(404, &[], "nothing"), document(404, &json!({"error": "not found"}))] {
        let (failed, ..) = log_in_where(RESOURCE, move |_| nothing.clone());
        assert_eq!(finding(&failed), "auth-no-metadata");
        assert!(failed.stderr.contains("answers 404"), "{}", failed.stderr);
    }
    let (failed, ..) = log_in_where(RESOURCE, |request| {
        document(200, &json!({"resource": format!("{}/mcp", here(request))}))
    });
    assert_eq!(finding(&failed), "auth-no-metadata");
    // A failure for now is no missing document.
    for path in [RESOURCE, SERVER] {
        let (failed, ..) = log_in_where(path, |_| http(503, &[], "nothing"));
        let failed = failed.exits(4).says("HTTP 503; it may work later");
        assert_ne!(finding(&failed), "auth-no-metadata", "{path}");
    }
    // The metadata lack a member.
    for (member, id) in [
        ("registration_endpoint", "auth-no-registration"),
        ("code_challenge_methods_supported", "auth-no-pkce"),
    ] {
        let (failed, ..) = log_in_where(SERVER, move |request| {
            let mut metadata = metadata(&here(request));
            metadata.as_object_mut().unwrap().remove(member);
            document(200, &metadata)
        });
        assert_eq!(finding(&failed), id);
        failed.exits(4);
    }
    // The authorization server rejects the client.
    let refused = |code: &str| json!({"error": code, "error_description": "because"});
    let (failed, ..) = log_in_where("/register", json_of(400, refused("invalid_redirect_uri")));
    assert_eq!(finding(&failed), "auth-redirect-refused");
    let (failed, ..) = log_in_where("/register", json_of(403, refused("access_denied")));
    assert_eq!(finding(&failed), "auth-client-refused");
    let (failed, ..) = log_in_where("/token", json_of(401, refused("invalid_client")));
    assert_eq!(finding(&failed), "auth-client-refused");
    let (failed, ..) = log_in_where("/token", json_of(400, refused("invalid_target")));
    assert_eq!(finding(&failed), "auth-grant-refused");
    let (failed, ..) = log_in_where("/token", |_| http(200, &[], "<html>"));
    assert_eq!(finding(&failed), "auth-grant-refused");
    let (failed, ..) = log_in_where("/authorize", |request| {
        let asked = fields(request.path.split_once('?').unwrap().1);
        let back =
            format!("{}?error=access_denied&state={}", asked["redirect_uri"], asked["state"]);
        http(302, &[("Location", back.as_str())], "")
    });
    failed.exits(4).says("access was denied");
}

#[test]
fn a_token_of_another_audience_or_an_old_one_is_named() {
    use base64::Engine as _;
    let token = |claims: Value| {
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", encode("{\"alg\":\"none\"}"), encode(&claims.to_string()), encode("x"))
    };
    let server =
        Server::start(|_| http(401, &[("WWW-Authenticate", "Bearer error=\"invalid_token\"")], ""));
    let sandbox = Sandbox::new();
    let top = |token: &str| {
        let args = ["--json", "init", &server.url, "--bearer", token];
        finding(&sandbox.run(&args).exits(4))
    };
    assert_eq!(top(&token(json!({"aud": "https://other.example/mcp"}))), "auth-audience");
    assert_eq!(top(&token(json!({"aud": [server.url], "exp": 1}))), "auth-token-expired");
    assert_eq!(top(&token(json!({"aud": "an-api", "exp": 9_999_999_999_u64}))), "auth-required");
    assert_eq!(top("opaque"), "auth-required");
}

#[test]
fn a_trace_walks_the_way_to_a_token() {
    let sandbox = Sandbox::new();
    let demo = Demo::with(&sandbox, &["--auth", "oauth"]);
    let traced = sandbox.run(&["trace", &demo.url]);
    for rung in [RESOURCE, SERVER, "gives tokens for", "register themselves", "demo:read"] {
        assert!(traced.stdout.contains(rung), "{rung}\n{}", traced.stdout);
    }
    let json = sandbox.run(&["trace", &demo.url, "--json"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["authorization"]["resource"], json!(demo.url));
    assert_eq!(json["exchanges"].as_array().unwrap().len(), 3);
    // Nothing was registered, and nobody was asked.
    let quiet = sandbox.run(&["trace", &demo.url, "--passive"]);
    assert!(!quiet.stdout.contains(RESOURCE), "{}", quiet.stdout);
    let broken = authority(|request, _| {
        (request.path == RESOURCE).then(|| {
            document(
                200,
                &json!({"resource": "https://other.example", "authorization_servers": ["x"]}),
            )
        })
    });
    let traced = sandbox.run(&["trace", &broken.server.url]);
    assert!(traced.stdout.contains("auth-resource-mismatch"), "{}", traced.stdout);
}

#[test]
fn a_challenge_that_a_gateway_has_renamed_leads_to_a_token_too() {
    let authority = authority(|request, state| {
        let here = here(request);
        match request.path.as_str() {
            "/mcp" => {
                let good = format!("Bearer {}", state.good.lock().unwrap().0);
                let refused = request.header("authorization") != Some(good.as_str());
                let challenge = format!("Bearer resource_metadata=\"{here}/elsewhere\"");
                let name = "x-amzn-Remapped-WWW-Authenticate";
                refused.then(|| http(401, &[(name, challenge.as_str())], ""))
            }
            "/elsewhere" => {
                let metadata =
                    json!({"resource": format!("{here}/mcp"), "authorization_servers": [here]});
                Some(document(200, &metadata))
            }
            path if path.starts_with("/.well-known/oauth-protected-resource") => {
                Some(http(404, &[], ""))
            }
            _ => None,
        }
    });
    let sandbox = Sandbox::new();
    let _browser = Browser::start(&sandbox);
    sandbox.run(&["login", &authority.server.url, "--browser", BROWSER]).exits(0);
    sandbox.run(&["init", &authority.server.url]).exits(0);
}
