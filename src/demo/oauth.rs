//! The authorization server of the built-in server: it approves every user, and checks
//! everything else (OAuth 2.1; RFC 7591; RFC 7636; RFC 8707; RFC 9207; RFC 7009). Its state
//! is lost when it ends.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::answers::{Answer, document, empty, not_allowed, plain, refuse, text_of};
use crate::protocol::codes;

/// A pre-registered client, for a login without a browser.
pub const CLIENT_ID: &str = "demo-client";
/// The secret of the pre-registered client.
pub const CLIENT_SECRET: &str = "demo-secret";

/// Scope that every request requires.
const READ: &str = "demo:read";
/// Scope that the tool with side effects requires as well.
const WRITE: &str = "demo:write";
/// Lifetime of an authorization code.
const CODE_TTL: Duration = Duration::from_mins(1);
/// Maximum size of a request, in bytes.
const MAX_REQUEST: usize = 64 * 1024;
/// Maximum number of clients, codes and tokens.
const MAX_KEPT: usize = 10_000;

/// An issued authorization code.
struct Code {
    client: String,
    redirect_uri: String,
    challenge: String,
    scopes: Vec<String>,
    resource: String,
    until: Instant,
}

/// An issued token, and what it permits.
struct IssuedCode {
    client: String,
    scopes: Vec<String>,
    resource: String,
    /// The login that the token belongs to. A refresh token that is used twice ends the whole
    /// login (OAuth 2.1, 4.3.1).
    family: String,
    /// Expiry; `None` for a refresh token.
    until: Option<Instant>,
}

#[derive(Default)]
struct Known {
    /// Registered clients and their redirect URIs.
    clients: HashMap<String, Vec<String>>,
    codes: HashMap<String, Code>,
    access: HashMap<String, IssuedCode>,
    refresh: HashMap<String, IssuedCode>,
    /// Used refresh tokens, with the logins that they belong to.
    used: HashMap<String, String>,
}

/// State of the authorization server.
pub(super) struct Authority {
    known: Mutex<Known>,
    ttl: Duration,
}

fn random() -> String {
    let mut bytes = [0; 24];
    // Without random numbers every token would be the same, so issue none.
    match getrandom::fill(&mut bytes) {
        Ok(()) => URL_SAFE_NO_PAD.encode(bytes),
        Err(_) => String::new(),
    }
}

/// Creates an error response of the token endpoint (RFC 6749, 5.2).
fn error(status: StatusCode, code: &str, description: &str) -> Answer {
    document(status, &json!({"error": code, "error_description": description}))
}

fn bad(code: &str, description: &str) -> Answer {
    error(StatusCode::BAD_REQUEST, code, description)
}

fn split(scope: &str) -> Vec<String> {
    scope.split_whitespace().map(str::to_owned).collect()
}

impl Authority {
    pub(super) fn new(ttl: Duration) -> Self {
        Self { known: Mutex::default(), ttl }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Handles an authorization request; returns any other request as `Err`.
    pub(super) async fn serve(
        &self,
        request: Request<Incoming>,
    ) -> Result<Answer, Request<Incoming>> {
        let host = text_of(request.headers(), header::HOST.as_str()).unwrap_or_default();
        let here = format!("http://{host}");
        let path = request.uri().path().to_owned();
        Ok(match (request.method(), path.as_str()) {
            (
                &Method::GET,
                "/.well-known/oauth-protected-resource/mcp"
                | "/.well-known/oauth-protected-resource",
            ) => document(StatusCode::OK, &resource_metadata(&here)),
            (&Method::GET, "/.well-known/oauth-authorization-server") => {
                document(StatusCode::OK, &server_metadata(&here))
            }
            (&Method::GET, "/authorize") => {
                self.authorize(&here, request.uri().query().unwrap_or_default())
            }
            (&Method::POST, "/register" | "/token" | "/revoke") => {
                let headers = request.headers().clone();
                let body = Limited::new(request.into_body(), MAX_REQUEST).collect().await;
                let Ok(body) = body else {
                    return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "Too large"));
                };
                let body = body.to_bytes();
                match path.as_str() {
                    "/register" => self.register(&body),
                    "/token" => self.token(&here, &headers, &body),
                    _ => self.revoke(&body),
                }
            }
            (_, "/register" | "/token" | "/revoke") => not_allowed("POST"),
            (_, "/authorize") => not_allowed("GET"),
            _ => return Err(request),
        })
    }

    fn register(&self, body: &[u8]) -> Answer {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let uris = asked["redirect_uris"].as_array().cloned().unwrap_or_default();
        let uris: Vec<String> = uris.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let is_local = |uri: &String| {
            url::Url::parse(uri).is_ok_and(|uri| {
                uri.scheme() == "http" && matches!(uri.host_str(), Some("127.0.0.1" | "localhost"))
            })
        };
        if uris.is_empty() || !uris.iter().all(is_local) {
            return bad("invalid_redirect_uri", "redirect_uris must be http on this machine");
        }
        let mut known = self.known();
        if known.clients.len() >= MAX_KEPT {
            return bad("invalid_client_metadata", "too many clients");
        }
        let id = random();
        known.clients.insert(id.clone(), uris.clone());
        let registered = json!({
            "client_id": id,
            "client_name": asked["client_name"],
            "redirect_uris": uris,
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        });
        document(StatusCode::CREATED, &registered)
    }

    /// Approves every user, and redirects the browser back.
    fn authorize(&self, here: &str, query: &str) -> Answer {
        let asked: HashMap<String, String> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
        let (client, redirect_uri) = (of("client_id"), of("redirect_uri"));
        let mut known = self.known();
        // Never redirect to an unregistered URI (RFC 6749, 4.1.2.1).
        if !known.clients.get(&client).is_some_and(|uris| uris.contains(&redirect_uri)) {
            return plain(
                StatusCode::BAD_REQUEST,
                "The client, or its redirect_uri, is not known.",
            );
        }
        let Ok(mut back) = url::Url::parse(&redirect_uri) else {
            return plain(StatusCode::BAD_REQUEST, "The redirect_uri is no address.");
        };
        let resource = of("resource");
        let scopes = split(&of("scope"));
        let wrong = match () {
            () if of("response_type") != "code" => Some("unsupported_response_type"),
            () if of("code_challenge_method") != "S256" || of("code_challenge").is_empty() => {
                Some("invalid_request")
            }
            // The token must be bound to this server (RFC 8707, 2).
            () if resource != format!("{here}/mcp") => Some("invalid_target"),
            () if !scopes.iter().all(|scope| scope == READ || scope == WRITE) => {
                Some("invalid_scope")
            }
            () if known.codes.len() >= MAX_KEPT => Some("temporarily_unavailable"),
            () => None,
        };
        {
            let mut answer = back.query_pairs_mut();
            if let Some(code) = wrong {
                answer.append_pair("error", code);
            } else {
                let code = random();
                answer.append_pair("code", &code);
                let scopes = if scopes.is_empty() { vec![READ.to_owned()] } else { scopes };
                let (challenge, until) = (of("code_challenge"), Instant::now() + CODE_TTL);
                let given = Code { client, redirect_uri, challenge, scopes, resource, until };
                known.codes.insert(code, given);
            }
            // The issuer lets a client detect a mix-up (RFC 9207).
            answer.append_pair("iss", here);
            if let Some(state) = asked.get("state") {
                answer.append_pair("state", state);
            }
        }
        let mut answer = empty(StatusCode::FOUND);
        if let Ok(back) = HeaderValue::from_str(back.as_str()) {
            answer.headers_mut().insert(header::LOCATION, back);
        }
        answer
    }

    fn token(&self, here: &str, headers: &HeaderMap, body: &[u8]) -> Answer {
        let asked: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let of = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        let mut known = self.known();
        let now = Instant::now();
        // Expired tokens must not count towards the limit.
        known.access.retain(|_, token| token.until.is_some_and(|until| until > now));
        if known.access.len() >= MAX_KEPT || known.refresh.len() >= MAX_KEPT {
            return bad("temporarily_unavailable", "too many tokens");
        }
        match of("grant_type") {
            "authorization_code" => {
                let Some(code) = known.codes.remove(of("code")) else {
                    return bad("invalid_grant", "the code is not known, or was used");
                };
                let digest =
                    ring::digest::digest(&ring::digest::SHA256, of("code_verifier").as_bytes());
                let fits = code.until > now
                    && code.client == of("client_id")
                    && code.redirect_uri == of("redirect_uri")
                    && code.challenge == URL_SAFE_NO_PAD.encode(digest)
                    && code.resource == of("resource");
                if !fits {
                    return bad("invalid_grant", "the code was given out for something else");
                }
                self.give(&mut known, &code.client, &code.scopes, &code.resource, Some(random()))
            }
            "refresh_token" => {
                let given = of("refresh_token");
                if let Some(family) = known.used.get(given).cloned() {
                    // The token was stolen, or the last response was lost: there is no way to know.
                    known.access.retain(|_, token| token.family != family);
                    known.refresh.retain(|_, token| token.family != family);
                    return bad("invalid_grant", "the refresh token was used before");
                }
                let fits = known.refresh.get(given).is_some_and(|token| {
                    token.client == of("client_id") && token.resource == of("resource")
                });
                let Some(token) = known.refresh.remove(given).filter(|_| fits) else {
                    return bad("invalid_grant", "the refresh token is not known");
                };
                // A refresh token that is used twice reveals a theft.
                known.used.insert(given.to_owned(), token.family.clone());
                let IssuedCode { client, scopes, resource, family, .. } = token;
                self.give(&mut known, &client, &scopes, &resource, Some(family))
            }
            "client_credentials" => {
                let basic = basic(headers);
                let (id, secret) =
                    basic.as_ref().map_or((of("client_id"), of("client_secret")), |b| {
                        (b.0.as_str(), b.1.as_str())
                    });
                if (id, secret) != (CLIENT_ID, CLIENT_SECRET) {
                    let text = "the client is not known, or its secret is another";
                    return error(StatusCode::UNAUTHORIZED, "invalid_client", text);
                }
                if of("resource") != format!("{here}/mcp") {
                    return bad("invalid_target", "the resource is not known");
                }
                let scopes = match split(of("scope")) {
                    scopes if scopes.is_empty() => vec![READ.to_owned()],
                    scopes => scopes,
                };
                self.give(&mut known, CLIENT_ID, &scopes, of("resource"), None)
            }
            _ => bad("unsupported_grant_type", "no such grant"),
        }
    }

    /// Issues an access token, and a refresh token if it belongs to a login.
    fn give(
        &self,
        known: &mut Known,
        client: &str,
        scopes: &[String],
        resource: &str,
        family: Option<String>,
    ) -> Answer {
        let (access, lasts) = (random(), family.is_some());
        let family = family.unwrap_or_default();
        let mut answer = json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.ttl.as_secs(),
            "scope": scopes.join(" "),
        });
        let token = |until| IssuedCode {
            client: client.to_owned(),
            scopes: scopes.to_vec(),
            resource: resource.to_owned(),
            family: family.clone(),
            until,
        };
        known.access.insert(access, token(Some(Instant::now() + self.ttl)));
        if lasts {
            let refresh = random();
            answer["refresh_token"] = json!(refresh);
            known.refresh.insert(refresh, token(None));
        }
        document(StatusCode::OK, &answer)
    }

    /// Revokes a token; an unknown one counts as revoked (RFC 7009, 2.2).
    fn revoke(&self, body: &[u8]) -> Answer {
        let asked: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let token = asked.get("token").map(String::as_str).unwrap_or_default();
        let mut known = self.known();
        if let Some(given) = known.refresh.remove(token) {
            known.access.retain(|_, other| other.family != given.family);
        }
        known.access.remove(token);
        empty(StatusCode::OK)
    }

    /// Checks that a request is authorized (RFC 6750, 3); `writes` is true if it changes
    /// something.
    pub(super) fn check(&self, headers: &HeaderMap, writes: bool) -> Result<(), Answer> {
        let host = text_of(headers, header::HOST.as_str()).unwrap_or_default();
        let metadata = format!("http://{host}/.well-known/oauth-protected-resource/mcp");
        let given = text_of(headers, header::AUTHORIZATION.as_str());
        let token = given.and_then(|given| given.strip_prefix("Bearer "));
        let refuse = |status, error: &str, scope: &str, text: &str| {
            let error =
                if error.is_empty() { String::new() } else { format!("error=\"{error}\", ") };
            let challenge =
                format!("Bearer {error}scope=\"{scope}\", resource_metadata=\"{metadata}\"");
            let mut refusal = refuse(status, codes::SESSION_NOT_FOUND, text);
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                refusal.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            Err(refusal)
        };
        let Some(token) = token else {
            return refuse(StatusCode::UNAUTHORIZED, "", READ, "Unauthorized: a token is wanted");
        };
        let known = self.known();
        let given = known.access.get(token).filter(|given| {
            given.until.is_some_and(|until| until > Instant::now())
                && given.resource == format!("http://{host}/mcp")
        });
        let Some(given) = given else {
            let text = "Unauthorized: the token is not known, or has expired";
            return refuse(StatusCode::UNAUTHORIZED, "invalid_token", READ, text);
        };
        let has = |scope: &str| given.scopes.iter().any(|one| one == scope);
        if writes && !has(WRITE) {
            let text = "Forbidden: this needs another scope";
            return refuse(StatusCode::FORBIDDEN, "insufficient_scope", WRITE, text);
        }
        Ok(())
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = text_of(headers, header::AUTHORIZATION.as_str())?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    Some((decoded(id), decoded(secret)))
}

fn resource_metadata(here: &str) -> Value {
    json!({
        "resource": format!("{here}/mcp"),
        "authorization_servers": [here],
        "scopes_supported": [READ],
        "bearer_methods_supported": ["header"],
    })
}

fn server_metadata(here: &str) -> Value {
    json!({
        "issuer": here,
        "authorization_endpoint": format!("{here}/authorize"),
        "token_endpoint": format!("{here}/token"),
        "registration_endpoint": format!("{here}/register"),
        "revocation_endpoint": format!("{here}/revoke"),
        "scopes_supported": [READ, WRITE],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}
