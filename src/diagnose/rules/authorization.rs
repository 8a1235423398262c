//! Rules for authorization: the steps from a refusal to a token.

use serde_json::Value;
use url::Url;
use url::form_urlencoded;

use super::super::evidence::Evidence;
use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, Next, RECENT, RULE, Rule};
use crate::exchange::{Exchange, Objection, TransportErrorKind};
use crate::oauth::{self, Challenge, REGISTRATION, RESOURCE_METADATA, SERVER_METADATA, TOKEN};

const DISCOVERY: &str = "2026-07-28, Authorization Server Discovery";
const CLIENTS: &str = "2026-07-28, Client Registration";

/// Rules that apply only to exchanges with authorization servers.
pub(super) static RULES: [&Rule; 11] = [
    &AUTH_RESOURCE_MISMATCH,
    &AUTH_ISSUER_MISMATCH,
    &AUTH_UNSAFE_ADDRESS,
    &AUTH_NO_METADATA,
    &AUTH_NO_PKCE,
    &AUTH_NO_REGISTRATION,
    &AUTH_REDIRECT_REFUSED,
    &AUTH_CLIENT_REFUSED,
    &AUTH_EXPIRED,
    &AUTH_GRANT_REFUSED,
    &AUTH_ENDPOINT_REDIRECTS,
];

/// Returns true if an exchange is part of authorization, not one with the MCP server
/// itself.
pub fn is_about(exchange: &Exchange) -> bool {
    exchange.purpose.method.as_deref().is_some_and(|purpose| oauth::PURPOSES.contains(&purpose))
}

fn is(evidence: &Evidence<'_>, purpose: &str) -> bool {
    evidence.exchange.is(purpose)
}

/// Returns the JSON document of a response.
fn document(exchange: &Exchange) -> Value {
    let body = exchange.answer.as_ref().map(|answer| answer.body.as_str()).unwrap_or_default();
    oauth::document_of(body).unwrap_or_default()
}

/// Returns the issuers that resource metadata name.
fn servers(exchange: &Exchange) -> Option<Vec<String>> {
    let all = document(exchange)["authorization_servers"].take();
    Some(all.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn text<'d>(document: &'d Value, name: &str) -> &'d str {
    document[name].as_str().unwrap_or_default()
}

/// Returns the refused request that led to the authorization.
fn refused<'e>(evidence: &Evidence<'e>) -> Option<&'e Exchange> {
    evidence.earlier.iter().rev().find(|exchange| !is_about(exchange))
}

/// Returns a field of the form that was sent.
fn field(exchange: &Exchange, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(exchange.request.body.as_bytes());
    fields.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

pub(super) fn certain(because: String) -> Conclusion {
    Conclusion { certainty: Certainty::Certain, because }
}

/// Returns true if the response was rejected for this reason.
fn rejected_as(evidence: &Evidence<'_>, objection: Objection) -> bool {
    evidence.failure() == Some(TransportErrorKind::Rejected(objection))
}

/// Quotes text from elsewhere: shortened, escaped, and without secrets.
pub(super) fn said(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    format!("`{}`", crate::redact::without_secrets(&short).escape_debug())
}

pub(super) static AUTH_UNSAFE_ADDRESS: Rule = Rule {
    id: RuleId::AuthUnsafeAddress,
    title: "the server sent a URL that is not allowed",
    means: "Authorization URLs must use https, or http on this machine. A public server must not name a \
            private address. Nothing was sent there.",
    server: "Use https URLs that clients can reach.",
    specification: "2026-07-28, Security Considerations, Communication Security; RFC 9728, 7.7",
    about: "\
The challenge or the metadata contains a URL that is not safe to follow. It may use javascript: or file:, or \
lack TLS. It may point into the client's network (169.254.169.254, say), which the server cannot reach. The \
server could then send requests through the client. Therefore only https is followed, or http between two \
ends of the same machine. A server with a public address cannot lead to a private one.",
    find: |evidence| {
        let document = document(evidence.exchange);
        let challenge = Challenge::of(evidence.exchange);
        let mut named: Vec<&str> = Vec::new();
        if is(evidence, RESOURCE_METADATA) {
            let issuers = document["authorization_servers"].as_array().into_iter().flatten();
            named.extend(issuers.filter_map(Value::as_str));
        } else if is(evidence, SERVER_METADATA) {
            let used = ["authorization", "token", "registration", "revocation"];
            let used = used.map(|name| document[format!("{name}_endpoint")].as_str());
            named.extend(used.into_iter().flatten());
        } else if evidence.status() == 401 {
            named.extend(challenge.as_ref().and_then(Challenge::resource_metadata));
        }
        let unsafe_one = named.into_iter().find(|address| !oauth::is_usable(address));
        let private = evidence.exchange.failure.as_ref();
        let private = private.filter(|failure| failure.kind == TransportErrorKind::PrivateAddress);
        match (unsafe_one, private) {
            (Some(address), _) => Some(certain(format!("it names {}", said(address)))),
            (None, Some(failure)) => Some(certain(failure.text.clone())),
            (None, None) => None,
        }
    },
    ..RULE
};

pub(super) static AUTH_RESOURCE_MISMATCH: Rule = Rule {
    id: RuleId::AuthResourceMismatch,
    title: "the metadata describes a different resource",
    means: "A token for that resource must not be sent to this server, so none is requested. The correct \
            server URL may be the one in the metadata.",
    server: "Set `resource` to the URL that clients use for this endpoint, with scheme, host, port and path.",
    specification: "RFC 9728, 3.3; 2026-07-28, Authorization, Canonical Server URI",
    about: "\
`resource` in the metadata must be the endpoint's URL, or that URL with a shorter path. Otherwise a server \
could obtain tokens for another server. It is rarely an attack. Usually the server is behind a proxy and \
uses the wrong public URL, or localhost and 127.0.0.1 were confused. Correct `resource`, or use the URL that \
it names.",
    reach: RECENT,
    find: |evidence| {
        let document = document(evidence.exchange);
        if !is(evidence, RESOURCE_METADATA) || evidence.status() != 200 || !document.is_object() {
            return None;
        }
        let resource = text(&document, "resource");
        let endpoint = refused(evidence)?.request.url.as_str();
        if oauth::covers(resource, endpoint) {
            return None;
        }
        let because =
            format!("resource is {}, and the endpoint is {}", said(resource), said(endpoint));
        Some(certain(because))
    },
    ..RULE
};

pub(super) static AUTH_ISSUER_MISMATCH: Rule = Rule {
    id: RuleId::AuthIssuerMismatch,
    title: "the metadata names a different issuer",
    means: "The metadata's `issuer` is not exactly the issuer requested. The metadata must not be used.",
    server: "Set `issuer` to exactly the value in the protected resource metadata; a final slash counts.",
    specification: "RFC 8414, 3.3; 2026-07-28, Authorization Server Metadata Discovery",
    about: "\
The metadata URL is built from the issuer, and the document must name the same issuer. Otherwise a server \
could present another server's endpoints as its own. It would then receive codes from that server (a \
mix-up). The comparison is exact: https://as and https://as/ differ.",
    find: |evidence| {
        let document = document(evidence.exchange);
        if !is(evidence, SERVER_METADATA) || evidence.status() != 200 || !document.is_object() {
            return None;
        }
        let issuer = text(&document, "issuer");
        let address = evidence.exchange.request.url.as_str();
        let is_its_own = Url::parse(address).is_ok_and(|url| {
            let origin = url.origin().ascii_serialization();
            let path = url.path();
            let known = [oauth::OAUTH_PATH, oauth::OPENID_PATH];
            let inserted = known.iter().find_map(|prefix| path.strip_prefix(prefix));
            let appended = known.iter().find_map(|suffix| path.strip_suffix(suffix));
            let named = inserted.filter(|rest| !rest.is_empty()).or(appended).unwrap_or_default();
            let one = format!("{origin}{named}");
            issuer == one || issuer.strip_suffix('/') == Some(&one)
        });
        let marked = rejected_as(evidence, Objection::OtherIssuer);
        (!is_its_own || marked).then(|| Conclusion {
            certainty: Certainty::Certain,
            because: format!("issuer is {}, from {}", said(issuer), said(address)),
        })
    },
    ..RULE
};

pub(super) static AUTH_NO_METADATA: Rule = Rule {
    id: RuleId::AuthNoMetadata,
    title: "no authorization server is advertised",
    means: "No usable metadata was found. If the server's operator issues tokens, send one with --bearer.",
    server: "Serve protected resource metadata and name its URL in the challenge. Serve authorization server \
             metadata too.",
    specification: DISCOVERY,
    about: "\
After a refusal, a client requests the resource metadata. Its URL is in the challenge (resource_metadata), \
or is /.well-known/oauth-protected-resource with or without the endpoint's path. This metadata names the \
issuer. The issuer's metadata is at /.well-known/oauth-authorization-server or \
/.well-known/openid-configuration. A 2025-03-26 server is its own authorization server. It serves metadata \
at its root, or has none and uses /authorize, /token and /register.

A server without any of these can be used with a token from its operator.",
    reach: RECENT,
    find: |evidence| {
        let exchange = evidence.exchange;
        let is_document = |exchange: &Exchange| evidence.worked(exchange) && document(exchange).is_object();
        // Metadata of the authorization server are enough for a client of 2025-03-26.
        let later = || {
            let is_metadata = |other: &Exchange| {
                other.purpose == exchange.purpose || other.is(SERVER_METADATA)
            };
            evidence.later.iter().any(|other| is_metadata(other) && is_document(other))
        };
        let discovers = is(evidence, RESOURCE_METADATA) || is(evidence, SERVER_METADATA);
        let assumed = is(evidence, REGISTRATION)
            && rejected_as(evidence, Objection::NoAuthorizationServer);
        let names_nobody = is(evidence, RESOURCE_METADATA)
            && evidence.status() == 200
            && document(exchange).is_object()
            && servers(exchange).is_none_or(|all| all.is_empty());
        if names_nobody {
            let because = match document(exchange)["authorization_servers"] {
                Value::Null | Value::Array(_) => "the metadata names no authorization server",
                _ => "authorization_servers in the metadata is not an array",
            };
            return Some(certain(because.to_owned()));
        }
        // A page that is served at every URL is not metadata either. A failure for now says nothing.
        let is_missing = matches!(evidence.status(), 200..=499) && !matches!(evidence.status(), 408 | 429);
        let is_object = matches!(evidence.status(), 200..300) && document(exchange).is_object();
        let missing = discovers && is_missing && !is_object;
        (missing && !later() || assumed).then(|| {
            let is_404 = |other: &Exchange| matches!(other.status(), Some(404 | 410));
            let mut earlier =
                evidence.earlier.iter().filter(|other| other.purpose == exchange.purpose);
            let is_absent = is_404(exchange) && exchange.failure.is_some() && earlier.all(is_404);
            let certainty = if is_absent || assumed { Certainty::Certain } else { Certainty::Likely };
            let because = format!("{} answers {}", said(&exchange.request.url), evidence.status());
            Conclusion { certainty, because }
        })
    },
    ..RULE
};

pub(super) static AUTH_NO_PKCE: Rule = Rule {
    id: RuleId::AuthNoPkce,
    title: "the metadata does not list PKCE with S256",
    means: "The metadata lacks code_challenge_methods_supported: [\"S256\"]. A client must stop, because an \
            intercepted code could be used.",
    server: "Support PKCE with S256 and list it in the metadata.",
    specification: "2026-07-28, Security Considerations, Authorization Code Protection",
    about: "\
The metadata does not list PKCE method S256. A code comes back through a browser, where others may see it. \
PKCE (RFC 7636) makes it useless without the verifier, which only the client has. Only the metadata shows if \
a server checks it. A client therefore stops if S256 is missing, also with OpenID providers.",
    find: |evidence| {
        let document = document(evidence.exchange);
        let methods = document["code_challenge_methods_supported"].as_array();
        let has = methods.is_some_and(|methods| methods.iter().any(|method| method == "S256"));
        let failed = rejected_as(evidence, Objection::NoPkce);
        (is(evidence, SERVER_METADATA) && document.is_object() && !has && failed)
            .then(|| Certainty::Certain.into())
    },
    ..RULE
};

pub(super) static AUTH_NO_REGISTRATION: Rule = Rule {
    id: RuleId::AuthNoRegistration,
    title: "client registration is not supported",
    means: "Register a client with the operator, then run `mcpoke login --client-id ID`. If the server \
            supports client metadata documents, publish one: --client-metadata-url URL.",
    server: "Offer registration_endpoint or client_id_metadata_document_supported to admit unknown clients.",
    specification: CLIENTS,
    about: "\
An authorization server accepts only clients that it recognises. There are three ways. The operator \
registers the client and issues an id. The id is the https URL of a document that describes the client \
(2026-07-28). Or the client registers itself (RFC 7591). A server that supports only the first rejects \
clients that its operator has not registered.",
    find: |evidence| {
        let document = document(evidence.exchange);
        let failed = rejected_as(evidence, Objection::NoRegistration);
        if !is(evidence, SERVER_METADATA) || !failed {
            return None;
        }
        let by_document = document["client_id_metadata_document_supported"] == true;
        let because = if by_document {
            "it knows clients by the address of their metadata, and has no registration_endpoint"
        } else {
            "its metadata has no registration_endpoint"
        };
        Some(certain(because.to_owned()))
    },
    ..RULE
};

pub(super) static AUTH_REDIRECT_REFUSED: Rule = Rule {
    id: RuleId::AuthRedirectRefused,
    title: "redirect URI rejected",
    means: "Native programs use http://127.0.0.1 with any port (RFC 8252). For a client that is registered \
            with a fixed port: --client-id ID --callback-port PORT.",
    server: "Allow redirect URIs at 127.0.0.1 with any port for clients of application_type native.",
    specification: "RFC 8252, 7.3; 2026-07-28, Application Type and Redirect URI Constraints",
    about: "\
The redirect_uri of a native program is http://127.0.0.1 with a port that is free at the moment. An \
authorization server must accept any port there (RFC 8252, 7.3). OpenID providers do so only for clients \
that register with application_type native, as mcpoke does. Some servers allow only https, or only listed \
clients.",
    find: |evidence| {
        let document = document(evidence.exchange);
        let code = text(&document, "error");
        let words = text(&document, "error_description").to_lowercase();
        let about = code == "invalid_redirect_uri" || words.contains("redirect");
        let posts = is(evidence, REGISTRATION) || is(evidence, TOKEN);
        (posts && evidence.status() >= 400 && about).then(|| Conclusion {
            certainty: if code == "invalid_redirect_uri" {
                Certainty::Certain
            } else {
                Certainty::Likely
            },
            because: format!("it says {}", said(if words.is_empty() { code } else { &words })),
        })
    },
    ..RULE
};

pub(super) static AUTH_CLIENT_REFUSED: Rule = Rule {
    id: RuleId::AuthClientRefused,
    title: "authorization server rejected the client",
    means: "The client id is unknown, the secret is wrong, or such clients cannot register. `mcpoke login \
            --register` registers again; --client-id uses an id from the operator.",
    specification: "RFC 6749, 5.2; RFC 7591, 3.2.2",
    about: "\
invalid_client means that the client is unknown, its secret is wrong, or its authentication method is \
unsupported. The methods are client_secret_basic (in a header) and client_secret_post (in the form). \
unauthorized_client means that the client is known but may not use this grant. Servers may delete clients \
that registered themselves. The next login registers again.",
    find: |evidence| {
        let document = document(evidence.exchange);
        let code = text(&document, "error");
        let known =
            matches!(code, "invalid_client" | "unauthorized_client" | "invalid_client_metadata");
        let refused = is(evidence, REGISTRATION) && evidence.status() >= 400;
        if rejected_as(evidence, Objection::NoAuthorizationServer) {
            return None;
        }
        let posts = is(evidence, REGISTRATION) || is(evidence, TOKEN);
        (posts && (known || refused)).then(|| Conclusion {
            certainty: if known { Certainty::Certain } else { Certainty::Likely },
            because: said_by(&document, evidence),
        })
    },
    ..RULE
};

fn said_by(document: &Value, evidence: &Evidence<'_>) -> String {
    let (code, words) = (text(document, "error"), text(document, "error_description"));
    match (code.is_empty(), words.is_empty()) {
        (true, _) => format!("it answers {}", evidence.status()),
        (false, true) => format!("it says {}", said(code)),
        (false, false) => format!("it says {}: {}", said(code), said(words)),
    }
}

pub(super) static AUTH_EXPIRED: Rule = Rule {
    id: RuleId::AuthExpired,
    title: "the token expired and cannot be refreshed",
    means: "Log in again: mcpoke login. Without a user, use the client's own credentials \
            (--client-credentials) or an external token (--token-command).",
    specification: "OAuth 2.1, 4.3; 2026-07-28, Authorization, Refresh Tokens",
    about: "\
Access tokens are short-lived, and refresh tokens end too: when unused for long, when the user withdraws \
permission, or when an old one is reused. A server that rotates them issues a new one with each use. It \
revokes all of them if an old one is reused, by a thief or by a client that lost a response. Some servers \
issue none, or only for the scope offline_access.",
    next: Next::Login,
    find: |evidence| {
        let document = document(evidence.exchange);
        let refreshes = is(evidence, TOKEN)
            && field(evidence.exchange, "grant_type").as_deref() == Some("refresh_token");
        (refreshes && text(&document, "error") == "invalid_grant").then(|| Conclusion {
            certainty: Certainty::Certain,
            because: said_by(&document, evidence),
        })
    },
    ..RULE
};

pub(super) static AUTH_GRANT_REFUSED: Rule = Rule {
    id: RuleId::AuthGrantRefused,
    title: "authorization server issued no token",
    means: "The error gives the reason: the request (invalid_scope, invalid_target) or the requester \
            (access_denied, invalid_grant).",
    specification: "RFC 6749, 5.2; RFC 8707, 2",
    about: "\
The token endpoint responds with 400 and an error: invalid_request (something is missing), invalid_grant \
(the code, refresh token or assertion is not valid, or no longer), invalid_scope, invalid_target (it issues \
no tokens for this resource), unsupported_grant_type.",
    find: |evidence| {
        let document = document(evidence.exchange);
        (is(evidence, TOKEN) && (evidence.status() >= 400 || evidence.exchange.failure.is_some()))
            .then(|| Conclusion {
                certainty: Certainty::Likely,
                because: said_by(&document, evidence),
            })
    },
    ..RULE
};

pub(super) static AUTH_ENDPOINT_REDIRECTS: Rule = Rule {
    id: RuleId::AuthEndpointRedirects,
    title: "authorization endpoint redirects elsewhere",
    means: "Secrets do not follow redirects. Metadata requests follow redirects only within their origin.",
    server: "Advertise the endpoint's final URL.",
    specification: "RFC 9700, 4.12",
    about: "\
A token request holds a code, a refresh token or a client secret. A redirect could send it to an attacker. \
Metadata holds no secret, but names the endpoints that receive secrets. A redirect to another origin would \
let another server name them.",
    find: |evidence| {
        let to = evidence.header("location").unwrap_or_default();
        let url = Url::parse(&evidence.exchange.request.url).and_then(|url| url.join(to)).ok();
        let is_next = |other: &&Exchange| other.purpose == evidence.exchange.purpose;
        let next = evidence.later.iter().find(is_next).map(|next| next.request.url.as_str());
        let is_followed = next.is_some() && next == url.as_ref().map(Url::as_str);
        let redirects = matches!(evidence.status(), 301 | 302 | 303 | 307 | 308) && !to.is_empty();
        (redirects && !is_followed)
            .then(|| certain(format!("it answers {} to {}", evidence.status(), said(to))))
    },
    ..RULE
};
