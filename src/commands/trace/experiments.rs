//! Experiments of `trace`: one extra request each, whose response tells two causes apart. All are harmless.

use std::sync::Arc;

use super::ids::made_up;
use super::probe::{Ended, Probe};
use crate::client::{Client, ClientConfig, Handshake, Renewal, RpcRequest, Session};
use crate::diagnose::{Role, RuleId};
use crate::endpoint::Endpoint;
use crate::exchange::{BodyKind, Exchange};
use crate::protocol::headers::{ACCEPT_BOTH, JSON};
use crate::protocol::methods;
use crate::transport::{self, Limits};

impl Probe<'_> {
    /// After a request that failed bare and works after the handshake: sends it with the version header
    /// alone and, if that works, bare again. This tells the session, the header and the handshake apart.
    pub(super) fn compare(&mut self, session: &Session) {
        let stateless = session.id().is_none();
        let without = session.with_id(None);
        let works = !stateless && self.on_a_fresh_connection(&without, Role::Versioned);
        // The first request had a text as its id; this one has a number.
        if stateless || works || self.client.uses_number_ids() {
            self.on_a_fresh_connection(&Session::default(), Role::BareAfter);
        }
    }

    /// Repeats a request that works with the headers that thin clients send: `*/*`, JSON alone or nothing in Accept,
    /// and the Content-Type that curl and urllib use unless told otherwise. What is refused counts only if
    /// the request works unchanged afterwards.
    pub(super) fn vary(&mut self, session: &Session) {
        if self.passive {
            return;
        }
        let form = "application/x-www-form-urlencoded";
        let mut is_refused = false;
        let forms = [("accept", "*/*"), ("accept", JSON), ("accept", ""), ("content-type", form)];
        for (name, value) in forms {
            if name == "accept" && is_refused {
                // One refusal shows that the server requires both types.
                continue;
            }
            let endpoint = self.client.endpoint().clone();
            let Ok(mut other) = variant(self.client, endpoint, |_| {}, &[(name, value)]) else {
                continue;
            };
            other.resume(session.clone(), Renewal::Unasked);
            is_refused |= other.request(&RpcRequest::list_tools()).is_err();
            self.steps.take(&mut other, Role::Variation);
        }
        if session.cookies().is_some() {
            // Two replicas in turn: one of two requests without the cookie goes to the other.
            let without = session.clone().with_cookies(None);
            for _ in 0..2 {
                self.on_a_fresh_connection(&without, Role::WithoutCookies);
            }
        }
        if is_refused && !self.on_a_fresh_connection(session, Role::Experiment) {
            self.steps.demote(Role::Variation);
        }
    }

    /// Tests an id that was never issued, and one whose session has ended. A second session shows the
    /// format of the ids, and is the one that is ended.
    pub(super) fn wrong_ids(&mut self, session: &Session) {
        let Some(id) = session.id() else { return };
        let second = self
            .client
            .initialize(&Handshake { send_initialized: false, ..self.handshake.clone() });
        self.steps.take(self.client, Role::Second);
        let second = second.ok().map(|opened| opened.session);
        let made_up = made_up(id, second.as_ref().and_then(Session::id));
        let unknown = session.with_id(Some(made_up));
        // Only the server's reaction matters.
        let _ = self.send(unknown, &RpcRequest::list_tools(), Role::UnknownId);
        let ended =
            second.filter(|second| second.id().is_some()).unwrap_or_else(|| session.clone());
        self.end(&ended);
        let is_ended = self.steps.last().is_some_and(|last| last.outcome().is_success());
        if is_ended {
            let _ = self.send(ended, &RpcRequest::list_tools(), Role::EndedId);
        }
    }

    /// Ends the session, unless that was done before.
    pub(super) fn end(&mut self, session: &Session) {
        let ended = self
            .steps
            .all()
            .any(|(role, exchange)| role == Role::End && exchange.session_sent() == session.id());
        if ended || session.id().is_none() {
            return;
        }
        self.client.resume(session.clone(), Renewal::Unasked);
        let _ = self.client.close();
        self.steps.take(self.client, Role::End);
    }

    /// Finds out why a proper request fails: repeats it in the session on fresh connections
    /// (E1), sends it without the id (E2b), or completes the handshake first (E3).
    pub(super) fn experiment(&mut self, session: &Session, outcome: Ended, told: bool) -> Ended {
        let found = self.steps.found();
        if found.as_ref().is_some_and(|found| found.rule.id == RuleId::NotInitialized) {
            self.client.resume(session.clone(), Renewal::Unasked);
            let _ = self.client.notify(methods::INITIALIZED, &serde_json::Value::Null);
            self.steps.take(self.client, Role::Initialized);
            return self.send(session.clone(), &self.again(), Role::Proper);
        }
        if session.id().is_none() || (told && !found.is_some_and(|found| found.rule.is_repeated)) {
            return outcome;
        }
        for _ in 0..REPEATS {
            self.on_a_fresh_connection(session, Role::Experiment);
        }
        let without = session.with_id(None);
        let _ = self.send(without, &RpcRequest::list_tools(), Role::Experiment);
        outcome
    }

    /// Sends `tools/list` in this session over a new connection. Returns true if it works.
    pub(super) fn on_a_fresh_connection(&mut self, session: &Session, role: Role) -> bool {
        let endpoint = self.client.endpoint().clone();
        let Ok(mut other) = variant(self.client, endpoint, |_| {}, &[]) else { return false };
        other.resume(session.clone(), Renewal::Unasked);
        let works = other.request(&RpcRequest::list_tools()).is_ok();
        self.steps.take(&mut other, role);
        works
    }

    /// Repeats a rejected request with other Accept headers, if these were the reason (E4).
    pub(super) fn vary_what_was_refused(&mut self) {
        let found = self.steps.found();
        if self.passive || found.is_none_or(|found| found.rule.id != RuleId::Accept) {
            return;
        }
        for accept in [ACCEPT_BOTH, "*/*", JSON] {
            let endpoint = self.client.endpoint().clone();
            let Ok(mut other) = variant(self.client, endpoint, |_| {}, &[("accept", accept)])
            else {
                continue;
            };
            let _ = other.request(&RpcRequest::list_tools());
            self.steps.take(&mut other, Role::Experiment);
        }
    }

    /// Repeats a refused `initialize` with `Accept: application/json` alone, if the refusal can be about its
    /// headers. Returns true if it works.
    pub(super) fn vary_initialize(&mut self) -> bool {
        let status = self.steps.last().and_then(Exchange::status);
        let may_help = matches!(status, Some(200..=299 | 400 | 406 | 415 | 422));
        if self.passive || !may_help {
            return false;
        }
        let endpoint = self.client.endpoint().clone();
        let Ok(mut other) = variant(self.client, endpoint, |_| {}, &[("accept", JSON)]) else {
            return false;
        };
        let works = other.initialize(self.handshake).is_ok();
        if works {
            // Whether this form is all that is wrong shows with the next request.
            let _ = other.request(&RpcRequest::list_tools());
            let _ = other.close();
        }
        self.steps.take(&mut other, Role::Experiment);
        works
    }

    /// Tries other paths for the endpoint (E6): with and without a slash, `/mcp`, `/sse`.
    pub(super) fn look_around(&mut self) {
        let here = self.client.endpoint().clone();
        let mut tried = vec![here.as_str().to_owned()];
        let path = here.path().to_owned();
        let toggled = match path.strip_suffix('/') {
            Some("") => path.clone(),
            Some(shorter) => shorter.to_owned(),
            _ => format!("{path}/"),
        };
        for path in [toggled.as_str(), "/mcp", "/sse"] {
            let Ok(endpoint) = here.sibling(&format!("{}{path}", here.origin())) else {
                continue;
            };
            if tried.contains(&endpoint.as_str().to_owned()) {
                continue;
            }
            tried.push(endpoint.as_str().to_owned());
            let Ok(mut other) = variant(self.client, endpoint, quick, &[]) else { continue };
            // HTTP+SSE begins with a GET, so there is no `initialize` to POST.
            let found = if path == "/sse" {
                other.look_at_stream();
                false
            } else {
                other.initialize(self.handshake).is_ok()
            };
            if found {
                let _ = other.close();
            }
            self.steps.take(&mut other, Role::Experiment);
        }
    }

    /// Tests whether a stream gets through (E9), if there is a proxy in front of the server.
    pub(super) fn look_for_buffering(&mut self, session: &Session) {
        let proxied = self.steps.exchanges().iter().any(|exchange| {
            let answer = exchange.answer.as_ref();
            let server = answer.and_then(|answer| answer.header("server")).unwrap_or_default();
            answer.is_some_and(|answer| answer.header("via").is_some())
                || ["nginx", "openresty", "cloudflare", "envoy", "apache"]
                    .iter()
                    .any(|name| server.to_lowercase().contains(name))
        });
        let streams = self.steps.exchanges().iter().any(|exchange| {
            exchange.answer.as_ref().is_some_and(|answer| answer.shape == BodyKind::Events)
        });
        if !proxied || !streams || session.id().is_none() {
            return;
        }
        // The session may have ended by now: open another one for the stream.
        let endpoint = self.client.endpoint().clone();
        let Ok(mut other) = variant(self.client, endpoint, quick, &[]) else { return };
        if other.initialize(self.handshake).is_err() {
            return;
        }
        other.look_at_stream();
        let _ = other.close();
        self.steps.take(&mut other, Role::Experiment);
    }
}

/// Number of repetitions that look for replicas without shared sessions.
const REPEATS: usize = 6;

/// Creates a client without a session for another address of the same origin, with changed limits.
/// Each of `headers` is added or replaces the header of the same name.
fn variant(
    client: &Client,
    endpoint: Endpoint,
    limits: impl FnOnce(&mut Limits),
    headers: &[(&str, &str)],
) -> Result<Client, transport::Error> {
    let mut config = ClientConfig::clone(client.config());
    limits(&mut config.options.limits);
    config.number_ids = client.uses_number_ids();
    let mut own = client.headers().to_vec();
    for (name, value) in headers {
        own.retain(|(known, _)| known != name);
        own.push(((*name).to_owned(), (*value).to_owned()));
    }
    let mut other = Client::new(endpoint, own, Arc::new(config))?;
    other.set_patience(client.patience());
    Ok(other)
}

/// Limits the wait for the first byte to 3 s; a stream that begins later is held back.
fn quick(limits: &mut Limits) {
    let short = std::time::Duration::from_secs(3);
    limits.first_byte = Some(limits.first_byte.map_or(short, |limit| limit.min(short)));
}
