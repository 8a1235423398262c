//! Token requests: with a code, a refresh token, the client's own credentials, or an
//! assertion of an enterprise's identity provider (OAuth 2.1, 4; RFC 8707; RFC 7523; RFC
//! 8693).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
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

impl Requester<'_> {
    /// Requests a token with an authorization code and its verifier (OAuth 2.1, 4.1.3).
    pub fn with_code(self, code: &str, verifier: &str, redirect_uri: &str) -> Result<Token, Error> {
        self.learn(&[code, verifier]);
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", verifier),
            ("redirect_uri", redirect_uri),
        ];
        self.token(&fields, &[])
    }

    /// Requests a token with a refresh token; the response may contain a new one (OAuth 2.1,
    /// 4.3).
    pub fn with_refresh_token(self, refresh: &str) -> Result<Token, Error> {
        self.learn(&[refresh]);
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)], &[])
    }

    /// Requests a token with the client's own credentials (OAuth Client Credentials Extension).
    pub fn with_own_credentials(self, scopes: &[String]) -> Result<Token, Error> {
        self.token(&[("grant_type", "client_credentials")], scopes)
    }

    /// Requests a token with the grant of an enterprise's identity provider (Enterprise-Managed
    /// Authorization, 5).
    pub fn with_grant(self, grant: &str, scopes: &[String]) -> Result<Token, Error> {
        self.learn(&[grant]);
        self.token(&[("grant_type", JWT_BEARER), ("assertion", grant)], scopes)
    }

    /// Exchanges an identity token for a grant that another authorization server accepts
    /// (Enterprise-Managed Authorization, 4). The requester must be that of the identity
    /// provider.
    pub fn grant_for(
        mut self,
        audience: &str,
        id_token: &str,
        scopes: &[String],
    ) -> Result<String, Error> {
        self.learn(&[id_token]);
        let fields = [
            ("grant_type", TOKEN_EXCHANGE),
            ("requested_token_type", ID_JAG),
            ("audience", audience),
            ("subject_token", id_token),
            ("subject_token_type", ID_TOKEN),
        ];
        let document = self.for_resource(&fields, scopes)?;
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
            Error::new(ErrorKind::Refused, "the response of the identity provider has no grant")
        })
    }

    /// Revokes a token (RFC 7009). The endpoint of the requester must be the revocation
    /// endpoint.
    pub fn revoke(mut self, token: &str, kind: &'static str) -> Result<(), Error> {
        self.learn(&[token]);
        self.form(REVOCATION, &[("token", token), ("token_type_hint", kind)])?;
        Ok(())
    }

    fn learn(&self, secrets: &[&str]) {
        let own = self.client.secret.as_deref().into_iter();
        secrets.iter().copied().chain(own).for_each(|secret| self.web.learn(secret));
    }

    /// Returns the form fields that authenticate a signing client (RFC 7523, 2.2). The audience
    /// is the issuer, whatever the endpoint.
    fn assertion(&self) -> Result<Vec<(&'static str, String)>, Error> {
        let Some(key) = self.key else { return Ok(Vec::new()) };
        let signed = jwt::client_assertion(key, &self.client.id, self.issuer, self.algorithms)?;
        self.web.learn(&signed);
        Ok(vec![("client_assertion_type", ASSERTION_TYPE.to_owned()), ("client_assertion", signed)])
    }

    fn token(mut self, fields: &[(&str, &str)], scopes: &[String]) -> Result<Token, Error> {
        let document = self.for_resource(fields, scopes)?;
        token_of(&document).map_err(|error| self.web.refuse(error))
    }

    /// Posts a token request for the resource (RFC 8707, 2) and these scopes, if any.
    fn for_resource(&mut self, fields: &[(&str, &str)], scopes: &[String]) -> Result<Value, Error> {
        let scope = scopes.join(" ");
        let mut fields = fields.to_vec();
        fields.push(("resource", self.resource));
        if !scope.is_empty() {
            fields.push(("scope", &scope));
        }
        self.form(TOKEN, &fields)
    }

    /// Posts a form with client authentication (RFC 6749, 2.3) and returns the document in the
    /// response.
    fn form(&mut self, purpose: &'static str, fields: &[(&str, &str)]) -> Result<Value, Error> {
        self.learn(&[]);
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).extend_pairs(self.assertion()?);
        let client = self.client;
        let mut authorization = None;
        match (client.method, client.secret.as_deref()) {
            (Method::Basic, Some(secret)) => authorization = Some(basic(&client.id, secret)),
            (Method::Post, Some(secret)) => {
                form.append_pair("client_id", &client.id).append_pair("client_secret", secret);
            }
            _ => {
                form.append_pair("client_id", &client.id);
            }
        }
        let secrets = authorization.as_deref().map(|value| secrets_of("authorization", value));
        secrets.iter().flatten().for_each(|secret| self.web.learn(secret));
        let answered = self.web.post(Form {
            purpose,
            url: self.endpoint,
            content_type: FORM,
            authorization,
            body: form.finish(),
        })?;
        let document = answered.document.unwrap_or_default();
        let said = |name: &str| document[name].as_str().map(str::to_owned);
        // Real servers respond with 201, and send errors with status 200.
        let is_success = matches!(answered.status, 200 | 201);
        let error = match said("error") {
            Some(code) if !is_success || document["access_token"].is_null() => {
                refused(&code, said("error_description"))
            }
            _ if is_success => return Ok(document),
            _ => Error::new(
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

fn refused(code: &str, description: Option<String>) -> Error {
    let mut error =
        Error::new(ErrorKind::Refused, format!("the authorization server refuses: {code}"));
    error.code = Some(code.to_owned());
    error.details.extend(description);
    error
}

/// Reads the token in a response (RFC 6749, 5.1), as real servers write it: numbers as text,
/// scopes as a list, no type, and null for absent members.
fn token_of(document: &Value) -> Result<Token, Error> {
    // The texts of these errors must not contain the token.
    let refuse = |text: &str| Err(Error::new(ErrorKind::Refused, text));
    let Some(access) = document["access_token"].as_str() else {
        return refuse("the token response has no token (RFC 6749, 5.1)");
    };
    match &document["token_type"] {
        Value::Null => {}
        Value::String(kind) if kind.eq_ignore_ascii_case("Bearer") => {}
        _ => {
            return refuse("the authorization server gives a token that is not of the type Bearer");
        }
    }
    if access.is_empty() || headers::check_value(access).is_err() {
        return Err(Error::new(ErrorKind::Unsafe, "the token cannot be sent in a header"));
    }
    let seconds = match &document["expires_in"] {
        Value::String(text) => text.trim().parse::<f64>().ok(),
        number => number.as_f64(),
    };
    Ok(Token {
        access: access.to_owned(),
        expires_in: seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds.trunc()).ok()),
        refresh: document["refresh_token"].as_str().map(str::to_owned),
        scopes: scopes_of(&document["scope"]),
    })
}

fn scopes_of(stated: &Value) -> Option<Vec<String>> {
    let one =
        stated.as_str().map(|text| text.split_ascii_whitespace().map(str::to_owned).collect());
    let listed = || {
        let all = stated.as_array()?.iter().filter_map(Value::as_str);
        Some(all.map(str::to_owned).collect())
    };
    one.or_else(listed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_real_servers_write_is_a_token_all_the_same() {
        let token = |document: Value| token_of(&document).unwrap();
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
            assert!(token_of(&document).is_err(), "{document}");
        }
    }

    #[test]
    fn both_parts_of_basic_are_encoded() {
        assert_eq!(basic("a:b", "c d"), format!("Basic {}", STANDARD.encode("a%3Ab:c+d")));
    }
}
