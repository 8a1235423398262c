//! Discovery of the authorization server for an MCP server (2026-07-28, Authorization
//! Server Discovery; RFC 9728; RFC 8414; `OpenID` Connect Discovery 1.0; and 2025-03-26,
//! Authorization, 2.3).

use url::Url;

use super::challenge::Challenge;
use super::error::{Error, ErrorKind};
use super::metadata::{ResourceMetadata, ServerMetadata, read};
use super::web::{Answered, Web};
use crate::endpoint::Endpoint;
use crate::exchange::Objection;
use crate::protocol::{headers, version};
use crate::redact::without_secrets;
use crate::transport;

/// Purpose of exchanges that fetch protected resource metadata, the first step of
/// discovery.
pub const RESOURCE_METADATA: &str = "protected resource metadata";
/// Purpose of exchanges that fetch authorization server metadata, the second step of
/// discovery.
pub const SERVER_METADATA: &str = "authorization server metadata";

/// Default path of protected resource metadata (RFC 9728, 3).
const RESOURCE_PATH: &str = "/.well-known/oauth-protected-resource";
/// Path of authorization server metadata (RFC 8414, 3).
pub const OAUTH_PATH: &str = "/.well-known/oauth-authorization-server";
/// Path of the metadata of an `OpenID` provider (`OpenID` Connect Discovery 1.0, 4).
pub const OPENID_PATH: &str = "/.well-known/openid-configuration";

/// Maximum number of issuers that are tried.
const MAX_ISSUERS: usize = 5;

/// Authorization server of an MCP server, and the resource for its tokens.
#[derive(Debug, Clone)]
pub struct Discovery {
    /// Resource that tokens are requested for (RFC 8707).
    pub resource: String,
    /// Metadata of the authorization server.
    pub server: ServerMetadata,
    /// Scopes listed in the resource metadata.
    pub scopes_supported: Option<Vec<String>>,
    /// True if no metadata were found and the endpoints are those that 2025-03-26 assumes.
    pub assumed: bool,
}

/// Finds the authorization server for an MCP server. Of several issuers, tries `known`
/// first and returns the first that can be used.
pub fn discover(
    web: &mut Web,
    endpoint: &Endpoint,
    challenge: Option<&Challenge>,
    known: Option<&str>,
) -> Result<Discovery, Error> {
    let Some(metadata) = of_resource(web, endpoint, challenge)? else {
        return of_old(web, endpoint);
    };
    let resource = metadata.resource.unwrap_or_default();
    let mut issuers = metadata.authorization_servers.unwrap_or_default();
    // What is no text cannot be an issuer.
    let mut issuers: Vec<String> =
        issuers.iter_mut().filter_map(|issuer| Some(issuer.as_str()?.to_owned())).collect();
    // Sorting is stable, so the known issuer moves to the front and the others keep their
    // order.
    issuers.sort_by_key(|issuer| Some(issuer.as_str()) != known);
    let mut first = None;
    for issuer in issuers.iter().take(MAX_ISSUERS) {
        match of_server(web, issuer).and_then(|server| with_tokens(web, server)) {
            Ok(server) => {
                let scopes_supported = metadata.scopes_supported;
                return Ok(Discovery { resource, server, scopes_supported, assumed: false });
            }
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    Err(first.unwrap_or_else(|| {
        let text = "`authorization_servers` in the protected resource metadata names no server";
        web.refuse(Error::new(ErrorKind::Discovery, text))
    }))
}

/// Returns an error for metadata without a token endpoint: no token could be had (RFC 8414, 2).
fn with_tokens(web: &mut Web, server: ServerMetadata) -> Result<ServerMetadata, Error> {
    if server.token_endpoint.is_some() {
        return Ok(server);
    }
    let text = "the authorization server metadata has no `token_endpoint`";
    Err(web.refuse(Error::new(ErrorKind::Discovery, text)))
}

/// Fetches the resource metadata: from the URL in the challenge, otherwise from the default
/// paths.
fn of_resource(
    web: &mut Web,
    endpoint: &Endpoint,
    challenge: Option<&Challenge>,
) -> Result<Option<ResourceMetadata>, Error> {
    if let Some(named) = challenge.and_then(Challenge::resource_metadata) {
        let answered = web.get(named, RESOURCE_METADATA, &[])?;
        let what = answered.what();
        let Some(document) = answered.found() else {
            let text = format!(
                "the challenge names {}, which has no metadata: {what}",
                without_secrets(named)
            );
            return Err(web.refuse(Error::new(ErrorKind::Discovery, text)));
        };
        return judged(web, endpoint, read(&document)).map(Some);
    }
    for address in resource_addresses(endpoint) {
        let answered = guessed(web.get(&address, RESOURCE_METADATA, &[]))?;
        if let Some(document) = answered.and_then(Answered::found) {
            return judged(web, endpoint, read(&document)).map(Some);
        }
    }
    Ok(None)
}

/// Ignores errors at a guessed URL, which may hold something else, such as a redirect to a
/// page.
fn guessed(answered: Result<Answered, Error>) -> Result<Option<Answered>, Error> {
    match answered {
        Ok(answered) => Ok(Some(answered)),
        Err(error) if is_something_else(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_something_else(error: &Error) -> bool {
    use transport::ErrorKind::{Broken, NotHttp, TooLarge};
    matches!(error.kind, ErrorKind::Unsafe | ErrorKind::Transport(TooLarge(_) | NotHttp | Broken))
}

/// Returns the default URLs: at the path of the endpoint, then at the root.
fn resource_addresses(endpoint: &Endpoint) -> Vec<String> {
    let root = format!("{}{RESOURCE_PATH}", endpoint.origin());
    if endpoint.is_at_root() {
        return vec![root];
    }
    vec![format!("{root}{}", endpoint.path()), root]
}

/// Checks that metadata describe this server: a token for another must not be sent to it
/// (RFC 9728, 3.3).
fn judged(
    web: &mut Web,
    endpoint: &Endpoint,
    metadata: ResourceMetadata,
) -> Result<ResourceMetadata, Error> {
    let resource = metadata.resource.as_deref().unwrap_or_default();
    if covers(resource, endpoint.as_str()) {
        return Ok(metadata);
    }
    let text = if resource.is_empty() {
        "the protected resource metadata does not name a resource".to_owned()
    } else {
        format!(
            "the protected resource metadata is for another resource: {}",
            without_secrets(resource).escape_debug()
        )
    };
    let error = Error::new(ErrorKind::Unsafe, text)
        .with_detail("A token for that one must not be sent to this server.");
    Err(web.refuse(error))
}

/// Returns true if a resource identifier denotes an endpoint or a parent of it.
pub fn covers(resource: &str, endpoint: &str) -> bool {
    let (Ok(resource), Ok(endpoint)) = (Url::parse(resource), Url::parse(endpoint)) else {
        return false;
    };
    let path = resource.path().trim_end_matches('/');
    let below = endpoint.path().strip_prefix(path);
    resource.origin() == endpoint.origin()
        && resource.origin().is_tuple()
        && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        && resource.fragment().is_none()
        && (resource.query().is_none() || resource.query() == endpoint.query())
}

/// Fetches the metadata of an authorization server. Returns an error if they name another
/// issuer (RFC 8414, 3.3).
pub fn of_server(web: &mut Web, issuer: &str) -> Result<ServerMetadata, Error> {
    let at = web.check(issuer, "issuer").map_err(|error| web.refuse(error))?;
    let (mut last, mut failed, mut telling) = (String::new(), None, None);
    for address in server_addresses(&at) {
        let answered = match web.get(&address, SERVER_METADATA, &VERSION) {
            Err(error) if is_something_else(&error) => {
                failed.get_or_insert(error);
                continue;
            }
            answered => answered?,
        };
        last = answered.what();
        if answered.is_temporary() || (200..300).contains(&answered.status) {
            telling.get_or_insert((last.clone(), answered.number));
        }
        if let Some(document) = answered.found() {
            return same_issuer(web, read(&document), &[issuer]);
        }
    }
    if let Some(failed) = failed {
        return Err(failed);
    }
    let shown = without_secrets(issuer).escape_debug().to_string();
    let failed = |what: &str| {
        let text = format!("the authorization server {shown} has no metadata: {what}");
        Error::new(ErrorKind::Discovery, text)
    };
    Err(match telling {
        // That nothing is at the other addresses says less.
        Some((what, number)) => failed(&what).shown_by(number),
        None => web.refuse(failed(&last)),
    })
}

/// Header for servers of 2025-03-26, which may choose their response by it.
const VERSION: [(&str, &str); 1] = [(headers::PROTOCOL_VERSION, version::LATEST_HANDSHAKE)];

fn same_issuer(
    web: &mut Web,
    metadata: ServerMetadata,
    expected: &[&str],
) -> Result<ServerMetadata, Error> {
    if expected.contains(&metadata.issuer.as_str()) {
        return Ok(metadata);
    }
    let text = format!(
        "the authorization server metadata is for another issuer: `{}`, and not `{}`",
        metadata.issuer.escape_debug(),
        expected.first().copied().unwrap_or_default().escape_debug()
    );
    let error = Error::new(ErrorKind::Unsafe, text)
        .objecting(Objection::OtherIssuer)
        .with_detail("It must not be used: a server could pass off another server as its own.");
    Err(web.refuse(error))
}

/// Returns the metadata URLs in the order of the specification: path insertion first, then
/// those of `OpenID` Connect.
fn server_addresses(issuer: &Endpoint) -> Vec<String> {
    let (origin, path) = (issuer.origin(), issuer.path().trim_end_matches('/'));
    let mut addresses =
        vec![format!("{origin}{OAUTH_PATH}{path}"), format!("{origin}{OPENID_PATH}{path}")];
    if !path.is_empty() {
        addresses.push(format!("{origin}{path}{OPENID_PATH}"));
    }
    addresses
}

/// Treats a server of 2025-03-26 as its own authorization server: with metadata at its
/// root, or with the endpoints that the revision assumes.
fn of_old(web: &mut Web, endpoint: &Endpoint) -> Result<Discovery, Error> {
    let origin = endpoint.origin();
    let found = |server, assumed| Discovery {
        resource: resource_of(endpoint),
        server,
        scopes_supported: None,
        assumed,
    };
    let answered = guessed(web.get(&format!("{origin}{OAUTH_PATH}"), SERVER_METADATA, &VERSION))?;
    if let Some(document) = answered.and_then(Answered::found) {
        // The issuer may be written with or without the slash.
        let with_slash = format!("{origin}/");
        let server = same_issuer(web, read(&document), &[&origin, &with_slash])?;
        return Ok(found(server, false));
    }
    let at = |path: &str| Some(format!("{origin}{path}"));
    let server = ServerMetadata {
        issuer: origin.clone(),
        authorization_endpoint: at("/authorize"),
        token_endpoint: at("/token"),
        registration_endpoint: at("/register"),
        ..ServerMetadata::default()
    };
    Ok(found(server, true))
}

/// Returns the canonical URI of a server (2026-07-28, Authorization, Canonical Server URI).
pub fn resource_of(endpoint: &Endpoint) -> String {
    if endpoint.is_at_root() {
        return endpoint.origin();
    }
    format!("{}{}", endpoint.origin(), endpoint.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_in_the_order_of_the_specification() {
        let at = |url: &str| Endpoint::parse(url).unwrap();
        assert_eq!(
            resource_addresses(&at("https://h/public/mcp?x=1")),
            [
                "https://h/.well-known/oauth-protected-resource/public/mcp",
                "https://h/.well-known/oauth-protected-resource"
            ]
        );
        assert_eq!(resource_addresses(&at("https://h")).len(), 1);
        assert_eq!(
            server_addresses(&at("https://auth/tenant1")),
            [
                "https://auth/.well-known/oauth-authorization-server/tenant1",
                "https://auth/.well-known/openid-configuration/tenant1",
                "https://auth/tenant1/.well-known/openid-configuration"
            ]
        );
        assert_eq!(
            server_addresses(&at("https://auth/")),
            [
                "https://auth/.well-known/oauth-authorization-server",
                "https://auth/.well-known/openid-configuration"
            ]
        );
    }

    #[test]
    fn a_resource_is_the_endpoint_or_above_it() {
        let endpoint = "https://h/a/mcp";
        for good in ["https://h/a/mcp", "https://h/a/mcp/", "https://h", "https://H:443/a"] {
            assert!(covers(good, endpoint), "{good}");
        }
        for bad in [
            "https://h/a/m",
            "https://h/b",
            "https://other/a/mcp",
            "http://h/a/mcp",
            "https://h/a/mcp#x",
            "https://h/a/mcp?x",
            "data:x",
            "",
        ] {
            assert!(!covers(bad, endpoint), "{bad}");
        }
        assert_eq!(resource_of(&Endpoint::parse("https://H/a?t=1").unwrap()), "https://h/a");
        assert_eq!(resource_of(&Endpoint::parse("https://h").unwrap()), "https://h");
    }
}
