//! Token requests: with a code, a refresh token, the client's own credentials, or an
//! assertion of an enterprise's identity provider (OAuth 2.1, 4; RFC 8707; RFC 7523; RFC
//! 8693).
//!
//! The `oauth2` crate builds and parses the messages of the grants that it supports. It
//! supports neither assertions nor token exchange nor clients that sign, and it requires
//! https for revocation even on loopback. Those forms are built here.

use std::cell::RefCell;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse, BasicTokenType};
use oauth2::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    SyncHttpClient, TokenResponse as _, TokenUrl,
};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::error::{Error, ErrorKind};
use super::jwt::{self, SigningKey};
use super::registration::{Client, Method};
use super::web::{Form, Web};
use crate::protocol::headers;
use crate::redact::secrets_of;

/// Purpose of a token request.
pub const TOKEN: &str = "token request";
/// Purpose of a revocation request.
pub const REVOCATION: &str = "token revocation";

const FORM: &str = "application/x-www-form-urlencoded";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// Tokens issued by an authorization server.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Access token.
    pub access: String,
    /// Lifetime of the access token, if stated.
    pub expires_in: Option<Duration>,
    /// Refresh token, if any.
    pub refresh: Option<String>,
    /// Granted scopes, if stated.
    pub scopes: Option<Vec<String>>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token(for {:?})", self.scopes)
    }
}

/// Client, endpoint and resource of a token request.
pub struct Requester<'r> {
    /// HTTP client for the authorization server.
    pub web: &'r mut Web,
    /// Issuer of the authorization server.
    pub issuer: &'r str,
    /// Token endpoint.
    pub endpoint: &'r str,
    /// Client, with its secret resolved.
    pub client: &'r Client,
    /// Signing key of the client.
    pub key: Option<&'r SigningKey>,
    /// Signature algorithms that the server accepts.
    pub algorithms: Option<&'r [String]>,
    /// Resource that the token is requested for.
    pub resource: &'r str,
}

type Ready =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Adapter that sends the requests of `oauth2`.
struct Sender<'s>(&'s dyn Fn(HttpRequest) -> Result<HttpResponse, Error>);

impl SyncHttpClient for Sender<'_> {
    type Error = Error;

    fn call(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        (self.0)(request)
    }
}

type Answer<T> = Result<T, RequestTokenError<Error, BasicErrorResponse>>;

/// Adds the client assertion, if any, and sends the request. A macro, because the request
/// types of `oauth2` share no trait.
macro_rules! signed_and_sent {
    ($self:ident, $request:ident) => {{
        let more = $self.assertion()?;
        let request = more.iter().fold($request, |request, (name, value)| {
            request.add_extra_param(*name, value.as_str())
        });
        $self.send(|http| request.request(http))
    }};
}

impl Requester<'_> {
    /// Requests a token with an authorization code and its verifier (RFC 7636, 4.5).
    pub fn with_code(self, code: &str, verifier: &str, redirect_uri: &str) -> Result<Token, Error> {
        self.learn(&[code, verifier]);
        let redirect = RedirectUrl::new(redirect_uri.to_owned())
            .map_err(|error| Error::new(ErrorKind::Usage, error.to_string()))?;
        let client = self.ready()?.set_redirect_uri(redirect);
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .add_extra_param("resource", self.resource);
        signed_and_sent!(self, request)
    }

    /// Requests a token with a refresh token; the response may contain a new one (OAuth 2.1,
    /// 4.3).
    pub fn with_refresh_token(self, refresh: &str) -> Result<Token, Error> {
        self.learn(&[refresh]);
        let (client, refresh) = (self.ready()?, RefreshToken::new(refresh.to_owned()));
        let request =
            client.exchange_refresh_token(&refresh).add_extra_param("resource", self.resource);
        signed_and_sent!(self, request)
    }

    /// Requests a token with the client's own credentials (OAuth Client Credentials Extension).
    pub fn with_own_credentials(self, scopes: &[String]) -> Result<Token, Error> {
        let client = self.ready()?;
        let request = client
            .exchange_client_credentials()
            .add_scopes(scopes.iter().cloned().map(Scope::new))
            .add_extra_param("resource", self.resource);
        signed_and_sent!(self, request)
    }

    /// Requests a token with the grant of an enterprise's identity provider (Enterprise-Managed
    /// Authorization, 5).
    pub fn with_grant(self, grant: &str, scopes: &[String]) -> Result<Token, Error> {
        let scope = scopes.join(" ");
        let mut fields = vec![("grant_type", JWT_BEARER), ("assertion", grant)];
        fields.push(("resource", self.resource));
        if !scope.is_empty() {
            fields.push(("scope", &scope));
        }
        self.learn(&[grant]);
        token_of(self.form(TOKEN, &fields)?)
    }

    /// Exchanges an identity token for a grant that another authorization server accepts
    /// (Enterprise-Managed Authorization, 4). The requester must be that of the identity
    /// provider.
    pub fn grant_for(
        self,
        audience: &str,
        id_token: &str,
        scopes: &[String],
    ) -> Result<String, Error> {
        let scope = scopes.join(" ");
        let mut fields = vec![
            ("grant_type", TOKEN_EXCHANGE),
            ("requested_token_type", ID_JAG),
            ("audience", audience),
            ("resource", self.resource),
            ("subject_token", id_token),
            ("subject_token_type", ID_TOKEN),
        ];
        if !scope.is_empty() {
            fields.push(("scope", &scope));
        }
        self.learn(&[id_token]);
        let document = self.form(TOKEN, &fields)?;
        let grant = document["access_token"].as_str().filter(|grant| !grant.is_empty());
        match document["issued_token_type"].as_str() {
            Some(ID_JAG) => {}
            other => {
                let other = other.unwrap_or("nothing").escape_debug().to_string();
                let text =
                    format!("the identity provider gave {other}, and not the grant asked for");
                return Err(Error::new(ErrorKind::Refused, text));
            }
        }
        grant.map(str::to_owned).ok_or_else(|| {
            Error::new(ErrorKind::Refused, "the identity provider's answer holds no grant")
        })
    }

    /// Revokes a token (RFC 7009). The endpoint of the requester must be the revocation
    /// endpoint.
    pub fn revoke(self, token: &str, kind: &'static str) -> Result<(), Error> {
        self.learn(&[token]);
        self.form(REVOCATION, &[("token", token), ("token_type_hint", kind)])?;
        Ok(())
    }

    fn learn(&self, secrets: &[&str]) {
        let own = self.client.secret.as_deref().into_iter();
        secrets.iter().copied().chain(own).for_each(|secret| self.web.learn(secret));
    }

    /// Prepares the client of `oauth2`.
    fn ready(&self) -> Result<Ready, Error> {
        self.learn(&[]);
        let endpoint = TokenUrl::new(self.endpoint.to_owned()).map_err(|error| {
            Error::new(ErrorKind::Unsafe, format!("the token endpoint is no address: {error}"))
        })?;
        let mut client =
            BasicClient::new(ClientId::new(self.client.id.clone())).set_token_uri(endpoint);
        let by = match self.client.method {
            Method::Basic => AuthType::BasicAuth,
            Method::None | Method::Post | Method::Key => AuthType::RequestBody,
        };
        let secret = self.client.secret.clone();
        let secret = secret.filter(|_| matches!(self.client.method, Method::Basic | Method::Post));
        if let Some(secret) = secret {
            client = client.set_client_secret(ClientSecret::new(secret));
        }
        Ok(client.set_auth_type(by))
    }

    /// Returns the form fields that authenticate a signing client (RFC 7523, 2.2). The audience
    /// is the issuer, whatever the endpoint.
    fn assertion(&self) -> Result<Vec<(&'static str, String)>, Error> {
        let Some(key) = self.key else { return Ok(Vec::new()) };
        let signed = jwt::client_assertion(key, &self.client.id, self.issuer, self.algorithms)?;
        self.web.learn(&signed);
        Ok(vec![("client_assertion_type", ASSERTION_TYPE.to_owned()), ("client_assertion", signed)])
    }

    fn send(
        self,
        request: impl FnOnce(&Sender<'_>) -> Answer<BasicTokenResponse>,
    ) -> Result<Token, Error> {
        let web = RefCell::new(self.web);
        let http = |request: HttpRequest| respond(&mut web.borrow_mut(), &request);
        let said = request(&Sender(&http)).map_err(translate);
        said.and_then(|said| of(&said)).map_err(|error| web.borrow_mut().refuse(error))
    }

    /// Posts a form with client authentication and returns the document in the response.
    fn form(self, purpose: &'static str, fields: &[(&str, &str)]) -> Result<Value, Error> {
        self.learn(&[]);
        let more = self.assertion()?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        form.extend_pairs(more.iter().map(|(name, value)| (*name, value.as_str())));
        let (client, secret) = (self.client, self.client.secret.as_deref().unwrap_or_default());
        let mut authorization = None;
        match client.method {
            Method::Basic => authorization = Some(basic(&client.id, secret)),
            Method::Post => {
                form.append_pair("client_id", &client.id).append_pair("client_secret", secret);
            }
            Method::None | Method::Key => {
                form.append_pair("client_id", &client.id);
            }
        }
        learn_basic(self.web, authorization.as_deref());
        let answered = self.web.post(Form {
            purpose,
            url: self.endpoint,
            content_type: FORM,
            authorization,
            body: form.finish(),
        })?;
        let document = answered.document.unwrap_or_default();
        if matches!(answered.status, 200 | 201) {
            return Ok(document);
        }
        let said = |name: &str| document[name].as_str().map(str::to_owned);
        let (code, description) = (said("error"), said("error_description"));
        let error = match code {
            Some(code) => refused(&code, description),
            None => Error::new(
                ErrorKind::Refused,
                format!("the {purpose} was refused: HTTP {}", answered.status),
            ),
        };
        Err(self.web.refuse(error))
    }
}

/// Builds a `Basic` header as OAuth requires it, with both parts encoded (RFC 6749, 2.3.1).
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

fn learn_basic(web: &Web, authorization: Option<&str>) {
    let secrets = authorization.map(|value| secrets_of("authorization", value));
    secrets.into_iter().flatten().for_each(|secret| web.learn(&secret));
}

/// Sends a request of `oauth2` and converts the response to a form that it can parse.
fn respond(web: &mut Web, request: &HttpRequest) -> Result<HttpResponse, Error> {
    let authorization = request.headers().get("authorization");
    let authorization = authorization.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = String::from_utf8_lossy(request.body()).into_owned();
    learn_basic(web, authorization.as_deref());
    let answered = web.post(Form {
        purpose: TOKEN,
        url: &request.uri().to_string(),
        content_type: FORM,
        authorization,
        body,
    })?;
    let document = mended(answered.document.unwrap_or_default());
    let says_error = document["error"].is_string();
    if answered.status >= 400 && !says_error {
        return Err(Error::new(
            ErrorKind::Refused,
            format!("the token request was refused: HTTP {}", answered.status),
        ));
    }
    // Real servers respond with 201, and send errors with status 200.
    let status = match answered.status {
        200 | 201 if says_error && document["access_token"].is_null() => 400,
        201 => 200,
        status => status,
    };
    let body = if document.is_null() { Vec::new() } else { document.to_string().into_bytes() };
    ureq::http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body)
        .map_err(|error| Error::new(ErrorKind::Refused, error.to_string()))
}

/// Repairs deviations of real servers from RFC 6749, 5.1: numbers as text, scopes as a
/// list, no type, and null for absent members.
fn mended(mut document: Value) -> Value {
    let Some(members) = document.as_object_mut() else { return document };
    members.retain(|_, value| !value.is_null());
    let seconds = match members.get("expires_in") {
        Some(Value::String(text)) => text.trim().parse::<f64>().ok(),
        Some(number) => number.as_f64(),
        None => None,
    };
    match seconds.map(Duration::try_from_secs_f64) {
        Some(Ok(time)) => members.insert("expires_in".into(), json!(time.as_secs())),
        _ => members.remove("expires_in"),
    };
    if let Some(Value::Array(scopes)) = members.get("scope") {
        let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
        let scopes = scopes.join(" ");
        members.insert("scope".into(), json!(scopes));
    }
    if members.contains_key("access_token") && !members.contains_key("token_type") {
        members.insert("token_type".into(), json!("Bearer"));
    }
    document
}

fn refused(code: &str, description: Option<String>) -> Error {
    let mut error =
        Error::new(ErrorKind::Refused, format!("the authorization server refuses: {code}"));
    error.code = Some(code.to_owned());
    error.details.extend(description);
    error
}

fn translate(error: RequestTokenError<Error, BasicErrorResponse>) -> Error {
    match error {
        RequestTokenError::ServerResponse(said) => {
            refused(said.error().as_ref(), said.error_description().cloned())
        }
        RequestTokenError::Request(error) => error,
        // The text of these errors may contain the token.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Error::new(
            ErrorKind::Refused,
            "the authorization server's answer to the token request holds no token (RFC 6749, 5.1)",
        ),
    }
}

/// Parses the token in the response to a form built here.
fn token_of(document: Value) -> Result<Token, Error> {
    let read: Result<BasicTokenResponse, _> = serde_json::from_value(mended(document));
    read.map_err(|_| translate(RequestTokenError::Other(String::new()))).and_then(|read| of(&read))
}

fn of(said: &BasicTokenResponse) -> Result<Token, Error> {
    if *said.token_type() != BasicTokenType::Bearer {
        let text = "the authorization server gives a token that is not of the type Bearer";
        return Err(Error::new(ErrorKind::Refused, text));
    }
    let access = said.access_token().secret().clone();
    headers::check_value(&access)
        .ok()
        .filter(|()| !access.is_empty())
        .ok_or_else(|| Error::new(ErrorKind::Unsafe, "the token cannot be sent in a header"))?;
    let scopes = said.scopes().map(|scopes| scopes.iter().map(|s| s.to_string()).collect());
    Ok(Token {
        access,
        expires_in: said.expires_in(),
        refresh: said.refresh_token().map(|refresh| refresh.secret().clone()),
        scopes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_real_servers_write_is_a_token_all_the_same() {
        let token = |document: Value| token_of(document).unwrap();
        let plain = token(json!({"access_token": "a", "token_type": "bearer", "expires_in": 60,
            "scope": "x y", "refresh_token": "r", "other": 12}));
        assert_eq!((plain.access.as_str(), plain.refresh.as_deref()), ("a", Some("r")));
        assert_eq!(plain.expires_in, Some(Duration::from_mins(1)));
        assert_eq!(plain.scopes.unwrap(), ["x", "y"]);
        let odd = token(json!({"access_token": "a", "expires_in": "60", "scope": ["x"],
            "refresh_token": null}));
        assert_eq!((odd.expires_in, odd.refresh), (Some(Duration::from_mins(1)), None));
        assert_eq!(token(json!({"access_token": "a", "expires_in": -1})).expires_in, None);
    }

    #[test]
    fn what_is_no_bearer_token_is_refused() {
        for document in [
            json!({}),
            json!({"access_token": ""}),
            json!({"access_token": "a\r\nX: y"}),
            json!({"access_token": "a", "token_type": "DPoP"}),
            json!([]),
        ] {
            assert!(token_of(document.clone()).is_err(), "{document}");
        }
    }

    #[test]
    fn both_parts_of_basic_are_encoded() {
        assert_eq!(basic("a:b", "c d"), format!("Basic {}", STANDARD.encode("a%3Ab:c+d")));
    }
}
