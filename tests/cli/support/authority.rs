//! A server that requires tokens, and its authorization server; each test changes one
//! response.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Request, Server, http, mcp};

/// The server, and the state of its tokens.
pub(crate) struct Authority {
    pub(crate) server: Server,
    pub(crate) state: Arc<State>,
}

/// What it has given.
#[derive(Default)]
pub(crate) struct State {
    /// Announced lifetime of tokens, in seconds.
    pub(crate) expires_in: AtomicU64,
    /// Number of tokens issued.
    pub(crate) given: AtomicUsize,
    /// Number of tokens issued for a refresh token.
    pub(crate) refreshed: AtomicUsize,
    /// The currently valid access token and refresh token.
    pub(crate) good: Mutex<(String, String)>,
}

impl State {
    /// Invalidates the access token.
    pub(crate) fn expire(&self) {
        self.good.lock().unwrap().0.clear();
    }

    /// Issues a new pair of tokens and invalidates the old one.
    pub(crate) fn give(&self) -> Value {
        let number = self.given.fetch_add(1, Ordering::SeqCst);
        let (access, refresh) = (
            format!("access-token-{number}-0123456789"),
            format!("refresh-token-{number}-0123456789"),
        );
        *self.good.lock().unwrap() = (access.clone(), refresh.clone());
        let expires = self.expires_in.load(Ordering::SeqCst);
        json!({"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": expires})
    }

    /// Returns the response of the token endpoint.
    pub(crate) fn token(&self, request: &Request) -> Vec<u8> {
        let fields = fields(&request.text);
        let of = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        if of("grant_type") == "refresh_token" {
            if of("refresh_token") != self.good.lock().unwrap().1 {
                return document(400, &json!({"error": "invalid_grant"}));
            }
            self.refreshed.fetch_add(1, Ordering::SeqCst);
        }
        document(200, &self.give())
    }
}

/// Returns the fields of a form.
pub(crate) fn fields(text: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// Returns a JSON response.
pub(crate) fn document(status: u16, value: &Value) -> Vec<u8> {
    http(status, &[("Content-Type", "application/json")], &value.to_string())
}

/// Returns the origin of the server that got the request.
pub(crate) fn here(request: &Request) -> String {
    format!("http://{}", request.header("host").unwrap_or_default())
}

/// Returns the metadata of a correct authorization server.
pub(crate) fn metadata(here: &str) -> Value {
    json!({
        "issuer": here,
        "authorization_endpoint": format!("{here}/authorize"),
        "token_endpoint": format!("{here}/token"),
        "registration_endpoint": format!("{here}/register"),
        "revocation_endpoint": format!("{here}/revoke"),
        "code_challenge_methods_supported": ["S256"],
    })
}

/// Creates well-behaved servers. `special` may replace any response.
pub(crate) fn authority(
    special: impl Fn(&Request, &State) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> Authority {
    let state = Arc::new(State { expires_in: AtomicU64::new(3600), ..State::default() });
    let known = Arc::clone(&state);
    let server = mcp(move |request| {
        if let Some(bytes) = special(request, &known) {
            return Some(bytes);
        }
        let here = here(request);
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        Some(match path {
            "/mcp" | "/mcp/" => {
                let given = request.header("authorization").unwrap_or_default();
                let good = format!("Bearer {}", known.good.lock().unwrap().0);
                if given == good && given != "Bearer " {
                    return None;
                }
                let challenge = format!(
                    "Bearer resource_metadata=\"{here}/.well-known/oauth-protected-resource/mcp\""
                );
                http(401, &[("WWW-Authenticate", challenge.as_str())], "")
            }
            "/.well-known/oauth-protected-resource/mcp" => document(
                200,
                &json!({"resource": format!("{here}/mcp"), "authorization_servers": [here]}),
            ),
            "/.well-known/oauth-authorization-server" => document(200, &metadata(&here)),
            "/register" => document(
                201,
                &json!({"client_id": "a-client", "redirect_uris": request.body["redirect_uris"]}),
            ),
            "/authorize" => {
                let asked = fields(query);
                let back = format!(
                    "{}?code=the-code-0123456789&state={}",
                    asked["redirect_uri"], asked["state"]
                );
                http(302, &[("Location", back.as_str())], "")
            }
            "/token" => known.token(request),
            "/revoke" => http(200, &[], ""),
            _ => http(404, &[], ""),
        })
    });
    Authority { server, state }
}
