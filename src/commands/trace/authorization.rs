//! Discovery of a server's authorization without a token: its authorization server, and how
//! clients register there. Registers nothing and asks nobody.

use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::exchange::Exchange;
use crate::oauth::{Challenge, Discovery, Error, discover, scopes_for};
use crate::run::Context;
use crate::run::authorize::Authorization;
use crate::transport;

/// Result of the discovery.
pub(super) struct Way {
    outcome: Result<Discovery, Error>,
    scopes: Vec<String>,
}

/// Runs the discovery after a rejected request. Returns the result and the exchanges.
pub(super) fn walk(
    context: &Context<'_>,
    endpoint: &Endpoint,
    http: &transport::Options,
    refusal: &Exchange,
) -> Way {
    let mut web = Authorization::empty(context, endpoint, http).web(Some(refusal));
    let challenge = Challenge::of(refusal);
    let outcome = discover(&mut web, endpoint, challenge.as_ref(), None);
    let scopes = outcome.as_ref().map(|found| scopes_for(&[], challenge.as_ref(), found));
    Way { scopes: scopes.unwrap_or_default(), outcome }
}

/// Returns true if a response requires authorization: 401, or a challenge for more scopes.
pub(super) fn is_wanted(exchange: &Exchange) -> bool {
    let challenge = Challenge::of(exchange);
    exchange.status() == Some(401)
        || challenge.is_some_and(|challenge| challenge.wants_more_scope())
}

impl Way {
    /// Formats the result as text lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let found = match &self.outcome {
            Ok(found) => found,
            Err(error) => {
                let all = std::iter::once(&error.text).chain(&error.details);
                return all.cloned().collect();
            }
        };
        let server = &found.server;
        if found.assumed {
            // Nothing was found, so nothing is known about how clients register.
            return vec![
                "no authorization server is advertised; the server may use fixed tokens".to_owned(),
                "--bearer TOKEN, or -H for a header of its own, sends one".to_owned(),
            ];
        }
        let mut lines = vec![format!("{} gives tokens for {}", server.issuer, found.resource)];
        lines.push(Self::clients(found).to_owned());
        if !self.scopes.is_empty() {
            lines.push(format!("scopes to ask for: {}", self.scopes.join(" ")));
        }
        lines
    }

    fn clients(found: &Discovery) -> &'static str {
        let server = &found.server;
        match (server.client_id_metadata_document_supported, &server.registration_endpoint) {
            (true, Some(_)) => {
                "clients are known by the address of their metadata, or register themselves"
            }
            (true, None) => "clients are known by the address of their metadata",
            (false, Some(_)) => "clients register themselves",
            (false, None) => "clients are registered by its operator: --client-id",
        }
    }

    /// Returns the JSON object for `--json`.
    pub(super) fn to_json(&self) -> Value {
        match &self.outcome {
            Ok(found) => json!({
                "issuer": found.server.issuer,
                "resource": found.resource,
                "assumed": found.assumed,
                "scopes": self.scopes,
                "registration": found.server.registration_endpoint.is_some(),
                "clientMetadata": found.server.client_id_metadata_document_supported,
                "tokenEndpointAuthMethods": found.server.token_endpoint_auth_methods_supported,
            }),
            Err(error) => json!({"error": error.text}),
        }
    }
}
