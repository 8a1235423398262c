//! Evidence and a near miss for each rule of authorization.

use serde_json::{Value, json};

use super::{Case, failing, sending};
use crate::exchange::Exchange;
use crate::exchange::testing::{answered, sent, with_headers};
use crate::exchange::{Objection, TransportErrorKind};
use crate::oauth::{REGISTRATION, RESOURCE_METADATA, SERVER_METADATA, TOKEN};

const CHALLENGE: [(&str, &str); 1] = [("www-authenticate", "Bearer")];

/// Returns the initial refusal, from a server at `https://h/mcp`.
fn refusal() -> Exchange {
    let mut refusal = with_headers(sent("tools/list", None), 401, &CHALLENGE, "");
    refusal.request.url = "https://h/mcp".to_owned();
    refusal
}

/// Builds an exchange that is part of authorization.
fn about(purpose: &str, url: &str, status: u16, document: &Value) -> Exchange {
    let mut exchange = answered(sent(purpose, None), status, &document.to_string());
    exchange.request.url = url.to_owned();
    exchange.request.body = String::new();
    if matches!(purpose, RESOURCE_METADATA | SERVER_METADATA) {
        exchange.request.method = "GET";
    }
    exchange
}

fn resource(document: &Value) -> Exchange {
    let url = "https://h/.well-known/oauth-protected-resource/mcp";
    failing(
        about(RESOURCE_METADATA, url, 200, document),
        TransportErrorKind::Rejected(Objection::Other),
        1,
    )
}

fn server(issuer: &str, why: Objection) -> Exchange {
    let url = "https://as/.well-known/oauth-authorization-server/t";
    let document = json!({"issuer": issuer, "authorization_endpoint": "https://as/authorize",
        "token_endpoint": "https://as/token", "code_challenge_methods_supported": ["S256"]});
    failing(about(SERVER_METADATA, url, 200, &document), TransportErrorKind::Rejected(why), 1)
}

fn token(form: &str, status: u16, document: &Value) -> Exchange {
    let mut exchange = about(TOKEN, "https://as/token", status, document);
    exchange.request.body = form.to_owned();
    exchange
}

fn with_token(token: &str, description: &str) -> Exchange {
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{description}\"");
    let refused =
        with_headers(sent("tools/list", None), 401, &[("www-authenticate", &challenge)], "");
    sending(refused, &[("authorization", &format!("Bearer {token}"))])
}

/// Returns the pairs for each rule.
#[allow(clippy::too_many_lines)] // a table
pub(super) fn cases() -> Vec<Case> {
    let good = json!({"resource": "https://h/mcp", "authorization_servers": ["https://as/t"]});
    let gone = json!({"error": "invalid_grant"});
    let unknown = json!({"error": "invalid_client"});
    let after = |exchange| (vec![refusal(), exchange], 1);
    vec![
        (
            "auth-no-challenge",
            (vec![answered(sent("tools/list", None), 401, "who are you?")], 0),
            (vec![refusal()], 0),
        ),
        (
            "auth-audience",
            (vec![with_token("opaque", "Invalid audience")], 0),
            (vec![with_token("opaque", "unknown token")], 0),
        ),
        (
            "auth-token-expired",
            (vec![with_token("opaque", "The token has expired")], 0),
            (vec![with_token("opaque", "unknown token")], 0),
        ),
        (
            "auth-resource-mismatch",
            after(resource(&json!({"resource": "https://other/mcp"}))),
            after(resource(&good)),
        ),
        (
            "auth-issuer-mismatch",
            after(server("https://honest", Objection::Other)),
            after(server("https://as/t", Objection::Other)),
        ),
        (
            "auth-unsafe-address",
            after(resource(
                &json!({"resource": "https://h", "authorization_servers": ["http://as"]}),
            )),
            after(resource(&good)),
        ),
        (
            "auth-no-metadata",
            after(about(RESOURCE_METADATA, "https://h/x", 404, &Value::Null)),
            (
                vec![
                    refusal(),
                    about(RESOURCE_METADATA, "https://h/x", 404, &Value::Null),
                    about(RESOURCE_METADATA, "https://h/y", 200, &good),
                ],
                1,
            ),
        ),
        (
            "auth-no-pkce",
            after(failing(
                about(
                    SERVER_METADATA,
                    "https://as/.well-known/openid-configuration",
                    200,
                    &json!({"issuer": "https://as"}),
                ),
                TransportErrorKind::Rejected(Objection::NoPkce),
                1,
            )),
            after(server("https://as/t", Objection::NoRegistration)),
        ),
        (
            "auth-no-registration",
            after(server("https://as/t", Objection::NoRegistration)),
            after(server("https://as/t", Objection::Other)),
        ),
        (
            "auth-redirect-refused",
            after(about(
                REGISTRATION,
                "https://as/register",
                400,
                &json!({"error": "invalid_redirect_uri"}),
            )),
            after(about(
                REGISTRATION,
                "https://as/register",
                400,
                &json!({"error": "access_denied"}),
            )),
        ),
        (
            "auth-client-refused",
            after(token("grant_type=authorization_code", 401, &unknown)),
            after(token("grant_type=authorization_code", 400, &gone)),
        ),
        (
            "auth-expired",
            after(token("grant_type=refresh_token&refresh_token=r", 400, &gone)),
            after(token("grant_type=authorization_code&code=c", 400, &gone)),
        ),
        (
            "auth-grant-refused",
            after(token("grant_type=authorization_code", 400, &json!({"error": "invalid_target"}))),
            after(token("grant_type=authorization_code", 200, &json!({"access_token": "x"}))),
        ),
        (
            "auth-endpoint-redirects",
            after(with_headers(
                token("", 307, &Value::Null),
                307,
                &[("location", "https://evil/")],
                "",
            )),
            after(token("", 400, &gone)),
        ),
    ]
}
