//! Rules for missing credentials and rejected tokens.

use serde_json::Value;
use url::Url;

use super::super::credentials::is_about_credentials;
use super::super::id::RuleId;
use super::super::rule::{Certainty, Evidence, Next, RULE, Rule};
use super::authorization::{certain, said};
use super::http::{hosts, origins};
use crate::oauth::{self, Challenge};

pub(super) static AUTH_REQUIRED: Rule = Rule {
    id: RuleId::AuthRequired,
    title: "credentials are missing or rejected",
    means: "Log in with `mcpoke login`, or send a token with --bearer (MCPOKE_BEARER, --token-command), or the \
            header the server asks for with -H 'Name: value'.",
    specification: "2025-11-25, Authorization, Access Token Usage",
    about: "\
401 with a WWW-Authenticate header is a question of credentials, and of nothing else: the header says which \
kind is wanted, and resource_metadata where to find out how to get one. 401 without that header breaks HTTP \
(RFC 9110, 11.6.1); some servers use it for a lost session (rmcp up to 0.16).

Credentials and sessions are two things: a right token does not replace the handshake, and a session that \
was opened with one token must not be used with another.",
    next: Next::Login,
    is_general: true,
    stops_trace: true,
    find: |evidence| {
        let status = evidence.status();
        if !matches!(status, 401 | 403 | 407) || scope(evidence) || remapped(evidence) {
            return None;
        }
        let about_session = evidence.says(&["session"]);
        if status == 403 && evidence.challenge().is_none() && (hosts(evidence) || origins(evidence)) {
            return None;
        }
        Some(match (evidence.challenge(), about_session) {
            (Some(_), false) => Certainty::Certain.into(),
            // Some servers send 401 for a lost session (rmcp up to 0.16).
            (None, true) => Certainty::Possible.into(),
            // A 403 may have any reason, unless credentials were sent or are spoken of.
            (None, false) if status == 403 && !is_about_credentials(evidence.exchange) => {
                Certainty::Possible.into()
            }
            (Some(_), true) | (None, false) => Certainty::Likely.into(),
        })
    },
    ..RULE
};

fn scope(evidence: &Evidence<'_>) -> bool {
    evidence.challenge().is_some_and(|challenge| challenge.contains("insufficient_scope"))
        || (evidence.status() == 403
            && evidence.says(&["insufficient_scope", "insufficient scope"]))
}

fn remapped(evidence: &Evidence<'_>) -> bool {
    evidence.header("www-authenticate").is_none() && evidence.challenge().is_some()
}

pub(super) static AUTH_SCOPE: Rule = Rule {
    id: RuleId::AuthScope,
    title: "the token lacks the required scope",
    means: "The challenge names the scope that is missing: get a token with it. In a terminal that is asked for \
            by itself; elsewhere `mcpoke login --scope` does it before.",
    specification: "2025-11-25, Authorization, Scope Challenge Handling",
    about: "\
A token carries scopes. A request that needs another one is refused with 403 (some servers: 401) and a \
challenge with error=\"insufficient_scope\" and the scopes that are needed. A client asks the authorization \
server for a token with those, once, and tries again; it does not loop.",
    next: Next::Login,
    stops_trace: true,
    find: |evidence| {
        (matches!(evidence.status(), 401 | 403) && scope(evidence))
            .then(|| Certainty::Certain.into())
    },
    ..RULE
};

pub(super) static AUTH_CHALLENGE_REMAPPED: Rule = Rule {
    id: RuleId::AuthChallengeRemapped,
    title: "the server wants credentials, and a gateway has renamed its challenge",
    means: "The answer to this 401 is in x-amzn-remapped-www-authenticate: clients that look for \
            WWW-Authenticate do not find out where to log in. Send a token all the same.",
    server: "Let the gateway pass WWW-Authenticate (AWS API Gateway renames it unless it is mapped).",
    specification: "RFC 9110, 11.6.1",
    about: "\
AWS API Gateway and what is built on it rename the WWW-Authenticate header of an answer to \
x-amzn-remapped-www-authenticate. The challenge is complete, only under a name that no client looks for: it \
sees a 401 without a challenge.",
    next: Next::Login,
    is_general: true,
    stops_trace: true,
    find: |evidence| {
        (matches!(evidence.status(), 401 | 403) && remapped(evidence) && !scope(evidence))
            .then(|| Certainty::Certain.into())
    },
    ..RULE
};

pub(super) static AUTH_NO_CHALLENGE: Rule = Rule {
    id: RuleId::AuthNoChallenge,
    title: "401 without a WWW-Authenticate header",
    means: "Without a WWW-Authenticate header a client cannot find out how to be authorised; it can look for \
            the metadata at their usual place: `mcpoke login` does.",
    server: "Send WWW-Authenticate: Bearer resource_metadata=\"…\" with every 401.",
    specification: "RFC 9110, 11.6.1; 2026-07-28, Authorization Server Discovery",
    about: "\
A 401 has to say in WWW-Authenticate which credentials are wanted (RFC 9110, 15.5.2), and an MCP server says \
there, in resource_metadata, where its metadata are. Without it clients look at \
/.well-known/oauth-protected-resource, with the endpoint's path and without. A server that wants an API key \
in a header of its own, and has no metadata, can only say so in words.",
    next: Next::Login,
    is_general: true,
    find: |evidence| {
        let session = evidence.session().is_some() || evidence.says(&["session"]);
        (evidence.status() == 401 && evidence.challenge().is_none() && !session)
            .then(|| Certainty::Possible.into())
    },
    ..RULE
};

pub(super) static AUTH_AUDIENCE: Rule = Rule {
    id: RuleId::AuthAudience,
    title: "the token is for another server",
    means: "A token is good for the resource that it was asked for. Get one for this server: mcpoke login.",
    server: "Take tokens whose audience is the `resource` that the metadata name.",
    specification: "2026-07-28, Security Considerations, Token Audience Binding and Validation; RFC 8707",
    about: "\
A token says in its audience (`aud`) which server it is for, and a server must not take one that is for \
another. Clients ask for the right one with the parameter resource. Authorization servers that do not know \
the parameter give tokens for an audience of their own, which a server has to be told of.",
    next: Next::Login,
    find: |evidence| {
        if !matches!(evidence.status(), 401 | 403) {
            return None;
        }
        let sent = evidence.exchange.request.header("authorization").unwrap_or_default();
        let token = sent.split_once(' ').map_or("", |(_, token)| token);
        let audience = oauth::claim(token, "aud");
        let named: Vec<&str> = match &audience {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let challenge = Challenge::of(evidence.exchange);
        let words =
            challenge.as_ref().and_then(|challenge| challenge.parameter("error_description"));
        let says = words.is_some_and(|words| words.to_lowercase().contains("audience"))
            || evidence.says(&["audience"]);
        let url = evidence.exchange.request.url.as_str();
        let for_others = !named.is_empty()
            && named
                .iter()
                .all(|audience| Url::parse(audience).is_ok() && !oauth::covers(audience, url));
        match (for_others, says && !sent.is_empty()) {
            (true, _) => Some(certain(format!("its audience is {}", said(&named.join(" "))))),
            (false, true) => Some(certain("the server says so".to_owned())),
            (false, false) => None,
        }
    },
    ..RULE
};

pub(super) static AUTH_TOKEN_EXPIRED: Rule = Rule {
    id: RuleId::AuthTokenExpired,
    title: "the token has expired",
    means: "Get another: mcpoke login, or where it comes from. A login is renewed by itself where the \
            authorization server gives refresh tokens.",
    specification: "RFC 6750, 3.1; OAuth 2.1, 5.3",
    about: "\
An expired token gets 401 with error=\"invalid_token\", like one that was taken back or never was good. A token \
that is a JWT says itself in `exp` when it expires; of others the authorization server has said it with \
expires_in, and nothing in the token shows it.",
    next: Next::Login,
    find: |evidence| {
        let sent = evidence.exchange.request.header("authorization")?;
        if evidence.status() != 401 {
            return None;
        }
        let token = sent.split_once(' ').map_or("", |(_, token)| token);
        let expiry = oauth::claim(token, "exp").and_then(|at| at.as_f64());
        let began =
            evidence.exchange.began.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let challenge = Challenge::of(evidence.exchange);
        let words =
            challenge.as_ref().and_then(|challenge| challenge.parameter("error_description"));
        let says = words.is_some_and(|words| words.to_lowercase().contains("expired"));
        match expiry {
            Some(at) if at < began.as_secs_f64() => {
                Some(certain("it says so itself, in exp".to_owned()))
            }
            _ if says => Some(certain("the server says so".to_owned())),
            _ => None,
        }
    },
    ..RULE
};
