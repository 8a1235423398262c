//! Rules for authorization: the steps from a refusal to a token.

use serde_json::Value;
use url::Url;
use url::form_urlencoded;

use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, Evidence, Next, RECENT, RULE, Rule};
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
    serde_json::from_str(body).unwrap_or_default()
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
    title: "the server names an address that must not be followed",
    means: "Addresses for authorization are https, or http on this machine, and a server of the open network \
            names none of a private one. Nothing was sent there.",
    server: "Name addresses that begin with https, and that clients can reach.",
    specification: "2026-07-28, Security Considerations, Communication Security; RFC 9728, 7.7",
    about: "\
Whoever runs a server can write any address into its challenge and its metadata: one with javascript: or \
file:, one without TLS, or one in the network that the client stands in (169.254.169.254, say), which the \
client can reach and the server cannot. A client that follows it does the server's work. Therefore only https \
is followed, or http between two ends of the same machine, and a server with a public address cannot lead to \
a private one.",
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
    title: "the metadata describe a different resource",
    means: "A token for that resource must not be sent to this server, so none is asked for. Perhaps the \
            server is meant to be called by another address, the one that its metadata name.",
    server: "Let `resource` be the address that clients use for this endpoint, with scheme, host, port and path.",
    specification: "RFC 9728, 3.3; 2026-07-28, Authorization, Canonical Server URI",
    about: "\
The metadata of a protected resource say in `resource` what they are of, and that must be the endpoint, or a \
part of its path. A server that names another one gets its visitors to bring it tokens for somebody else. \
Mostly it is no attack: the server sits behind a proxy and does not know the name it goes by, or localhost \
and 127.0.0.1 were taken for each other.",
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
    title: "the authorization server's metadata are of another issuer",
    means: "The `issuer` in them is not, letter by letter, the one whose metadata were asked for: they must \
            not be used.",
    server: "Let `issuer` be exactly what the protected resource metadata name; a slash at the end counts.",
    specification: "RFC 8414, 3.3; 2026-07-28, Authorization Server Metadata Discovery",
    about: "\
The address of the metadata is made of the issuer, and the document has to name the same issuer. Otherwise \
one server could pass off another's endpoints as its own, and be sent a code that the other gave (a mix-up). \
Compared is letter by letter: https://as and https://as/ are two.",
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
    means: "There are no metadata where they were looked for. If its operator gives out tokens, send one with \
            --bearer.",
    server: "Serve protected resource metadata, name them in the challenge, and let the authorization server \
             serve its own.",
    specification: DISCOVERY,
    about: "\
A client that is refused asks for the metadata of the resource: at the address in the challenge \
(resource_metadata), or at /.well-known/oauth-protected-resource with the endpoint's path and without. They \
name the issuer, whose metadata stand at /.well-known/oauth-authorization-server or \
/.well-known/openid-configuration. Servers of 2025-03-26 are their own authorization server, with metadata at \
their root, or none and the addresses /authorize, /token and /register.

A server that has none of these can be used with a token that somebody gives out.",
    reach: RECENT,
    find: |evidence| {
        let exchange = evidence.exchange;
        let is_document = |exchange: &Exchange| evidence.worked(exchange) && document(exchange).is_object();
        let later = || {
            let purpose = &exchange.purpose;
            evidence.later.iter().any(|other| other.purpose == *purpose && is_document(other))
        };
        let discovers = is(evidence, RESOURCE_METADATA) || is(evidence, SERVER_METADATA);
        let answered = evidence.answer.is_some();
        let assumed = is(evidence, REGISTRATION)
            && rejected_as(evidence, Objection::NoAuthorizationServer);
        let names_nobody = is(evidence, RESOURCE_METADATA)
            && evidence.status() == 200
            && document(exchange).is_object()
            && document(exchange)["authorization_servers"].as_array().is_none_or(Vec::is_empty);
        let missing = discovers && answered && !is_document(exchange) && evidence.status() != 200;
        if names_nobody {
            return Some(certain("the metadata name no authorization server".to_owned()));
        }
        // A page that is served at every URL is not metadata either.
        let page = discovers && evidence.status() == 200 && !document(exchange).is_object();
        ((missing || page) && !later() || assumed).then(|| {
            let certainty = if exchange.failure.is_some() { Certainty::Certain } else { Certainty::Likely };
            let because = format!("{} answers {}", said(&exchange.request.url), evidence.status());
            Conclusion { certainty, because }
        })
    },
    ..RULE
};

pub(super) static AUTH_NO_PKCE: Rule = Rule {
    id: RuleId::AuthNoPkce,
    title: "the authorization server does not say that it has PKCE",
    means: "Without code_challenge_methods_supported: [\"S256\"] in its metadata a client must not go on: a \
            code that is intercepted could be used.",
    server: "Support PKCE with S256, and say so in the metadata.",
    specification: "2026-07-28, Security Considerations, Authorization Code Protection",
    about: "\
A code comes back through a browser, where others may see it. PKCE (RFC 7636) makes it useless to them: only \
who asked for it knows the verifier. Whether a server checks that can be seen from its metadata alone, so a \
client refuses to go on where they do not name the method S256; also those of OpenID providers.",
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
    title: "the authorization server lets no client register itself",
    means: "Register a client with its operator, and name it: mcpoke login --client-id ID; or, where the server \
            takes them, put a client's metadata on the web: --client-metadata-url URL.",
    server: "Offer a registration_endpoint, or client_id_metadata_document_supported, to let clients in that \
             nobody knows.",
    specification: CLIENTS,
    about: "\
An authorization server has to know a client before it sends a user back to it. There are three ways: the \
operator registers it and gives out an id; the id is the https address of a document that describes the \
client (2026-07-28); or the client registers itself (RFC 7591). A server that has only the first is closed to \
clients that its operator does not know.",
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
            "its metadata have no registration_endpoint"
        };
        Some(certain(because.to_owned()))
    },
    ..RULE
};

pub(super) static AUTH_REDIRECT_REFUSED: Rule = Rule {
    id: RuleId::AuthRedirectRefused,
    title: "redirect URI rejected",
    means: "Programs on a user's machine are come back to at http://127.0.0.1, on any port (RFC 8252). A client \
            that is registered with a fixed port: --client-id ID --callback-port PORT.",
    server: "Allow redirect URIs at 127.0.0.1 with any port for clients of application_type native.",
    specification: "RFC 8252, 7.3; 2026-07-28, Application Type and Redirect URI Constraints",
    about: "\
The redirect_uri of a program on a user's machine is http://127.0.0.1 with a port that is free at the moment. \
An authorization server has to take any port there (RFC 8252, 7.3), and OpenID providers do so only for \
clients that register with application_type native, which this program does. Some servers allow https alone, \
or a list of clients.",
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
    title: "the authorization server does not take the client",
    means: "It does not know the id, takes another secret, or registers no client of this kind. `mcpoke login \
            --register` registers anew; --client-id names one that its operator has registered.",
    specification: "RFC 6749, 5.2; RFC 7591, 3.2.2",
    about: "\
invalid_client means that the client is not known, that its secret is wrong, or that it says who it is in a \
way that the server does not take (client_secret_basic in a header, client_secret_post in the form). \
Authorization servers forget clients that registered themselves: those are registered anew. \
unauthorized_client means that it is known, and may not use this grant.",
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
    title: "the token has expired, and cannot be renewed",
    means: "Log in again: mcpoke login. Where nobody can, let the client have credentials of its own \
            (--client-credentials), or take a token from elsewhere (--token-command).",
    specification: "OAuth 2.1, 4.3; 2026-07-28, Authorization, Refresh Tokens",
    about: "\
Access tokens are short-lived, and refresh tokens end as well: after a time without use, when the user takes \
the permission back, or when one that was used before comes again. A server that rotates them gives another \
with each use, and ends all of them where an old one turns up: it cannot tell a thief from a client that lost \
the answer. Some servers give no refresh token at all, or only for the scope offline_access.",
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
    title: "the authorization server gives no token",
    means: "Its error says why: invalid_scope and invalid_target name what was asked for, access_denied and \
            invalid_grant who asked.",
    specification: "RFC 6749, 5.2; RFC 8707, 2",
    about: "\
The token endpoint answers 400 with an error: invalid_request (something is missing), invalid_grant (the code, \
the refresh token or the assertion is not good, or not any more), invalid_scope, invalid_target (the resource \
is not one that it gives tokens for), unsupported_grant_type.",
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
    means: "What is sent there is secret, and goes nowhere else; metadata are followed within their origin alone.",
    server: "Name the address at which it is in the end.",
    specification: "RFC 9700, 4.12",
    about: "\
A token request holds a code, a refresh token or a client's secret. Whoever can answer it with a redirect \
could have it sent to themselves. Metadata hold no secret, but say where secrets go: a redirect out of their \
origin would let another server say so.",
    find: |evidence| {
        let to = evidence.header("location").unwrap_or_default();
        let redirects = (300..400).contains(&evidence.status());
        redirects.then(|| certain(format!("it answers {} to {}", evidence.status(), said(to))))
    },
    ..RULE
};
