//! The client's identity at an authorization server (2026-07-28, Client Registration):
//! registered beforehand, named by the URL of its metadata, or registered dynamically.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::discovery::Discovery;
use super::error::{Error, ErrorKind};
use super::metadata::ServerMetadata;
use super::web::{Form, Web};
use crate::exchange::Objection;
use crate::protocol::types::CLIENT_NAME;

/// Purpose of a registration request.
pub const REGISTRATION: &str = "client registration";

/// Client authentication method at the token endpoint (RFC 7591, 2; RFC 7523, 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// Only the client id.
    #[serde(rename = "none")]
    None,
    /// Client secret in the Authorization header.
    #[serde(rename = "client_secret_basic")]
    Basic,
    /// Client secret in the form.
    #[serde(rename = "client_secret_post")]
    Post,
    /// Signed assertion.
    #[serde(rename = "private_key_jwt")]
    Key,
}

impl Method {
    /// Returns the name used in metadata.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::Key => "private_key_jwt",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::None, Self::Basic, Self::Post, Self::Key].into_iter().find(|m| m.as_str() == name)
    }

    /// Selects a method for a client secret that the server supports. RFC 8414, 2 defines the
    /// default.
    pub fn with_secret(server: &ServerMetadata) -> Self {
        let Some(taken) = &server.token_endpoint_auth_methods_supported else { return Self::Basic };
        let taken: Vec<Self> = taken.iter().filter_map(|name| Self::parse(name)).collect();
        let order = [Self::Basic, Self::Post, Self::None];
        order.into_iter().find(|method| taken.contains(method)).unwrap_or(Self::Basic)
    }
}

/// Origin of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Registered beforehand and named by the user.
    Given,
    /// Named by the URL of its metadata.
    Document,
    /// Registered dynamically (RFC 7591).
    Registered,
}

/// A client as registered with one authorization server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Issuer that accepts the client; the credentials must not be used with any other.
    pub issuer: String,
    /// Client id.
    pub id: String,
    /// Client secret; for a client named by the user, possibly a reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Client authentication method.
    pub method: Method,
    /// Origin of the client.
    pub origin: Origin,
    /// Redirect URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// Expiry of the secret, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({} at {})", self.id, self.issuer)
    }
}

/// The user's options for the client.
#[derive(Debug, Clone, Default)]
pub struct RegistrationHints {
    /// Client id. An https URL is that of the client's metadata.
    pub id: Option<String>,
    /// Client secret, possibly a reference.
    pub secret: Option<String>,
    /// URL of client metadata, for servers that support it.
    pub metadata_url: Option<String>,
    /// Redirect URI.
    pub redirect_uri: String,
}

/// Selects the client: the one named by the user, else the client's metadata, else the one
/// saved for this issuer, else a new registration.
pub fn identify(
    web: &mut Web,
    found: &Discovery,
    given: &RegistrationHints,
    remembered: Option<Client>,
) -> Result<Client, Error> {
    let server = &found.server;
    let client = |id: &str, method, origin| Client {
        issuer: server.issuer.clone(),
        id: id.to_owned(),
        secret: given.secret.clone(),
        method,
        origin,
        redirect_uri: Some(given.redirect_uri.clone()),
        expires: None,
    };
    if let Some(id) = &given.id {
        let method =
            if given.secret.is_some() { Method::with_secret(server) } else { Method::None };
        return Ok(client(id, method, Origin::Given));
    }
    if let Some(url) = &given.metadata_url
        && server.client_id_metadata_document_supported
    {
        return Ok(Client { secret: None, ..client(url, Method::None, Origin::Document) });
    }
    let fits = |known: &Client| {
        known.issuer == server.issuer
            && known.origin == Origin::Registered
            && known.redirect_uri.as_ref() == Some(&given.redirect_uri)
    };
    if let Some(known) = remembered.filter(fits) {
        return Ok(known);
    }
    register(web, found, given)
}

/// Registers a client with the authorization server (RFC 7591, 3).
fn register(web: &mut Web, found: &Discovery, given: &RegistrationHints) -> Result<Client, Error> {
    let server = &found.server;
    let Some(endpoint) = &server.registration_endpoint else {
        let text = "client registration is not supported";
        let error = Error::new(ErrorKind::Registration, text);
        let mut error = error.objecting(Objection::NoRegistration).with_detail(
            "Register one with its operator, and name it: --client-id ID (and --client-secret).",
        );
        if server.client_id_metadata_document_supported {
            error = error.with_detail(
                "Or put the client's metadata on the web, and name them: --client-metadata-url URL.",
            );
        }
        return Err(web.refuse(error));
    };
    let methods = server.token_endpoint_auth_methods_supported.as_deref();
    let takes = |method: Method| methods.is_none_or(|all| all.iter().any(|m| m == method.as_str()));
    // A program that anyone can install cannot keep a secret (RFC 8252, 8.5), so `none` is
    // preferred.
    let asked = [Method::None, Method::Basic, Method::Post].into_iter().find(|m| takes(*m));
    let request = json!({
        "client_name": CLIENT_NAME,
        "redirect_uris": [given.redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": asked.unwrap_or(Method::None).as_str(),
        "application_type": "native",
    });
    let answered = web.post(Form {
        purpose: REGISTRATION,
        url: endpoint,
        content_type: "application/json",
        authorization: None,
        body: request.to_string(),
    })?;
    let document = answered.document.unwrap_or_default();
    let id = document["client_id"].as_str().filter(|id| !id.is_empty());
    let Some(id) = id.filter(|_| matches!(answered.status, 200 | 201)) else {
        if found.assumed {
            let text = "the server requires a token, and names no authorization server";
            let error = Error::new(ErrorKind::Discovery, text);
            let error = error.objecting(Objection::NoAuthorizationServer).with_detail(
                "It has no authorization metadata. If its operator issues tokens, send one with --bearer.",
            );
            return Err(web.refuse(error));
        }
        let code = document["error"].as_str();
        let text = match code {
            Some(code) => format!("the authorization server refuses to register: {code}"),
            None => {
                format!("the authorization server refuses to register: HTTP {}", answered.status)
            }
        };
        let mut error = Error::new(ErrorKind::Registration, text);
        error.code = code.map(str::to_owned);
        error.details.extend(document["error_description"].as_str().map(str::to_owned));
        return Err(web.refuse(error.with_detail(
            "A client that its operator has registered can be named: --client-id ID.",
        )));
    };
    let secret = document["client_secret"].as_str().map(str::to_owned);
    let method = document["token_endpoint_auth_method"].as_str().and_then(Method::parse);
    let method = match (&secret, method) {
        (None, _) => Method::None,
        (Some(_), Some(method @ (Method::None | Method::Basic | Method::Post))) => method,
        // The server lists `none`, so the issued secret is not required.
        (Some(_), _) if takes(Method::None) && methods.is_some() => Method::None,
        (Some(_), _) => Method::with_secret(server),
    };
    Ok(Client {
        issuer: server.issuer.clone(),
        id: id.to_owned(),
        secret,
        method,
        origin: Origin::Registered,
        redirect_uri: Some(given.redirect_uri.clone()),
        // 0 means that the secret does not expire (RFC 7591, 3.2.1).
        expires: document["client_secret_expires_at"].as_u64().filter(|at| *at > 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_used_as_the_server_takes_it() {
        let server = |methods: &[&str]| ServerMetadata {
            token_endpoint_auth_methods_supported: Some(
                methods.iter().map(|m| (*m).into()).collect(),
            ),
            ..ServerMetadata::default()
        };
        assert_eq!(Method::with_secret(&ServerMetadata::default()), Method::Basic);
        let both = server(&["client_secret_post", "client_secret_basic"]);
        assert_eq!(Method::with_secret(&both), Method::Basic);
        assert_eq!(Method::with_secret(&server(&["client_secret_post"])), Method::Post);
        assert_eq!(Method::with_secret(&server(&["none"])), Method::None);
        assert_eq!(Method::with_secret(&server(&["tls_client_auth"])), Method::Basic);
    }
}
