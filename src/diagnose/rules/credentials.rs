//! Rules for missing credentials and rejected tokens.

use serde_json::Value;
use url::Url;

use super::super::credentials::is_about_credentials;
use super::super::evidence::Evidence;
use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, Next, RULE, Rule};
use super::authorization::{certain, said};
use super::http::{hosts, origins};
use crate::exchange::Exchange;
use crate::oauth::{self, Challenge};

pub(super) static AUTH_REQUIRED: Rule = Rule {
    id: RuleId::AuthRequired,
    title: "credentials are missing or rejected",
    means: "Log in with `mcpoke login`, or send a token with --bearer (MCPOKE_BEARER, --token-command). Send \
            any other header with -H 'Name: value'.",
    specification: "2025-11-25, Authorization, Access Token Usage",
    about: "\
401 with a WWW-Authenticate header concerns only credentials. The header names the required kind, and \
resource_metadata shows how to get them. 401 without that header violates HTTP (RFC 9110, 11.6.1). Some \
servers send it for a lost session (rmcp up to 0.16).

Credentials and sessions are separate. A valid token does not replace the handshake. A session that was \
opened with one token must not be used with another.",
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
            // A tool may pass on the refusal of another server.
            (Some(_), false) if evidence.may_be_own_error() && works_with_token(evidence) => {
                Certainty::Likely.into()
            }
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

/// Returns true if the credentials of the request are good enough for another one.
fn works_with_token(evidence: &Evidence<'_>) -> bool {
    let sent = evidence.exchange.request.header("authorization");
    let same = |other: &Exchange| other.request.header("authorization") == sent;
    evidence.is_after_handshake_here() || evidence.works_with(same).is_some()
}

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
    means: "Get a token with the scopes that the response names. In a terminal mcpoke requests them \
            automatically; elsewhere run `mcpoke login --scope` first.",
    specification: "2025-11-25, Authorization, Scope Challenge Handling",
    about: "\
403 (some servers: 401) with error=\"insufficient_scope\" means that the token lacks a required scope. The \
challenge lists the required scopes. A client requests a token with these scopes and retries, but only once.",
    next: Next::Login,
    stops_trace: true,
    find: |evidence| {
        if !matches!(evidence.status(), 401 | 403) || !scope(evidence) {
            return None;
        }
        // Without a challenge, only the words say so; without a token, none can lack a scope.
        let is_token_sent = evidence.exchange.request.header("authorization").is_some();
        Some(
            match evidence.challenge() {
                Some(_) => Certainty::Certain,
                None if is_token_sent => evidence.by_words().min(Certainty::Likely),
                None => Certainty::Possible,
            }
            .into(),
        )
    },
    ..RULE
};

pub(super) static AUTH_CHALLENGE_REMAPPED: Rule = Rule {
    id: RuleId::AuthChallengeRemapped,
    title: "a gateway renamed the 401 challenge",
    means: "The challenge is in x-amzn-remapped-www-authenticate. Clients look for WWW-Authenticate and cannot \
            find where to log in. Send a token anyway.",
    server: "Let the gateway pass WWW-Authenticate (AWS API Gateway renames it unless it is mapped).",
    specification: "RFC 9110, 11.6.1",
    about: "\
AWS API Gateway and products built on it rename WWW-Authenticate to x-amzn-remapped-www-authenticate. The \
challenge is complete, but clients look for the other name. They see a 401 without a challenge.",
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
    means: "Without this header a client cannot find out how to log in. It can look for the metadata at the \
            usual URLs: `mcpoke login` does.",
    server: "Send WWW-Authenticate: Bearer resource_metadata=\"…\" with every 401.",
    specification: "RFC 9110, 11.6.1; 2026-07-28, Authorization Server Discovery",
    about: "\
A 401 must name the required credentials in WWW-Authenticate (RFC 9110, 15.5.2). An MCP server gives the URL \
of its metadata there, in resource_metadata. Without it clients try /.well-known/oauth-protected-resource, \
with and without the endpoint's path. A server that requires an API key in its own header, without metadata, \
can only say so in its error message.",
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
    means: "The token was issued for another resource. Get one for this server: mcpoke login.",
    server: "Accept tokens whose audience is the `resource` in the metadata.",
    specification: "2026-07-28, Security Considerations, Token Audience Binding and Validation; RFC 8707",
    about: "\
A token's audience (`aud`) names the server that it is for. Other servers must reject it. Clients request \
the right token with the parameter resource. Some authorization servers ignore that parameter and set an audience of \
their own. The MCP server must be configured to accept it.",
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
        // A token that serves other requests is for this server.
        let same = |other: &Exchange| other.request.header("authorization") == Some(sent);
        if sent.is_empty() || evidence.works_with(same).is_some() {
            return None;
        }
        let challenge = Challenge::of(evidence.exchange);
        let words =
            challenge.as_ref().and_then(|challenge| challenge.parameter("error_description"));
        let is_named = words.is_some_and(|words| words.to_lowercase().contains("audience"));
        let url = evidence.exchange.request.url.as_str();
        let for_others = !named.is_empty()
            && named
                .iter()
                .all(|audience| Url::parse(audience).is_ok() && !oauth::covers(audience, url));
        let the_server =
            |certainty| Conclusion { certainty, because: "the server says so".to_owned() };
        match for_others {
            true => Some(certain(format!("its audience is {}", said(&named.join(" "))))),
            false if is_named => Some(the_server(Certainty::Certain)),
            false if evidence.says(&["audience"]) => Some(the_server(evidence.by_words())),
            false => None,
        }
    },
    ..RULE
};

pub(super) static AUTH_TOKEN_EXPIRED: Rule = Rule {
    id: RuleId::AuthTokenExpired,
    title: "the token has expired",
    means: "Get another: mcpoke login, or its source. A login renews automatically if the authorization server \
            issues refresh tokens.",
    specification: "RFC 6750, 3.1; OAuth 2.1, 5.3",
    about: "\
401 with error=\"invalid_token\" means that the token expired, was revoked or was never valid. A JWT \
contains its expiry time in `exp`. For other tokens, the authorization server sends the lifetime in \
expires_in. The token itself does not show it.",
    next: Next::Login,
    find: |evidence| {
        let sent = evidence.exchange.request.header("authorization")?;
        let same = |other: &Exchange| other.request.header("authorization") == Some(sent);
        if evidence.status() != 401 || evidence.works_later(same).is_some() {
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
