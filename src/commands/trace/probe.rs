//! The steps of `trace`: the request of a minimal client, the same request done properly,
//! and experiments for the rules. A named tool runs at most once; no other tool ever runs.

use std::sync::Arc;

use super::refusal::was_refused;
use crate::client::{Client, ClientConfig, Error, Handshake, Renewal, RpcRequest, Session};
use crate::diagnose::{self, Role, Rule, RuleId};
use crate::endpoint::Endpoint;
use crate::exchange::{BodyKind, Exchange};
use crate::protocol::headers::ACCEPT_BOTH;
use crate::protocol::methods;
use crate::protocol::types::Tool;
use crate::protocol::version::LATEST_MODERN;
use crate::transport::{self, Limits};

/// Callback that gets all exchanges so far, after each one.
type Watch<'s> = &'s dyn Fn(&[Exchange]);

/// All exchanges in order, each with its role.
#[derive(Default)]
pub(super) struct Steps<'s> {
    roles: Vec<Role>,
    exchanges: Vec<Exchange>,
    watch: Option<Watch<'s>>,
}

impl<'s> Steps<'s> {
    /// Sets a callback for each step.
    pub(super) fn watch(&mut self, watch: Watch<'s>) {
        self.watch = Some(watch);
    }

    /// Adds exchanges that were made elsewhere.
    pub(super) fn add(&mut self, exchanges: Vec<Exchange>) {
        for exchange in exchanges {
            self.roles.push(Role::Experiment);
            self.exchanges.push(exchange);
            if let Some(watch) = self.watch {
                watch(&self.exchanges);
            }
        }
    }

    /// Returns the last exchange.
    pub(super) fn last(&self) -> Option<&Exchange> {
        self.exchanges.last()
    }

    /// Returns all exchanges with their roles, and empties the list.
    pub(super) fn take_all(&mut self) -> Vec<(Role, Exchange)> {
        let exchanges = std::mem::take(&mut self.exchanges);
        let mut all: Vec<_> = std::mem::take(&mut self.roles).into_iter().zip(exchanges).collect();
        // A stream ends after the exchanges on it, so sort by number.
        all.sort_by_key(|(_, exchange)| exchange.number);
        all
    }

    fn all(&self) -> impl Iterator<Item = (Role, &Exchange)> {
        self.roles.iter().copied().zip(&self.exchanges)
    }

    /// Moves a client's new exchanges to the list.
    fn take(&mut self, client: &mut Client, role: Role) {
        for exchange in client.take_history() {
            let role = match exchange.purpose.method.as_deref() {
                _ if role == Role::Experiment => role,
                Some(methods::INITIALIZE) => Role::Initialize,
                Some(methods::INITIALIZED) => Role::Initialized,
                Some(methods::DISCOVER) => Role::Discover,
                None if exchange.request.method == "DELETE" => Role::End,
                None if exchange.answer.as_ref().is_some_and(is_endpoint) => Role::Stream,
                _ => role,
            };
            self.roles.push(role);
            self.exchanges.push(exchange);
            if let Some(watch) = self.watch {
                watch(&self.exchanges);
            }
        }
    }

    /// Returns the rule that explains the last exchange.
    fn found(&self) -> Option<&'static Rule> {
        diagnose::explain(&self.exchanges).first().map(|top| top.rule)
    }
}

fn is_endpoint(answer: &crate::exchange::Answer) -> bool {
    answer.events.first().is_some_and(|event| event.kind == "endpoint")
}

/// The requests to try, and the limits on experiments.
pub(super) struct Probe<'p> {
    pub(super) client: &'p mut Client,
    pub(super) handshake: &'p Handshake,
    /// The request of the minimal client.
    pub(super) rpc: RpcRequest,
    /// The tool that the request calls, if known.
    pub(super) tool: Option<Tool>,
    /// Disables experiments.
    pub(super) passive: bool,
    pub(super) steps: Steps<'p>,
    /// The named tool has run, or may have run.
    ran: bool,
}

/// Outcome of a step, or of the whole trace.
pub(super) type Ended = Result<(), Error>;

impl<'p> Probe<'p> {
    pub(super) fn new(
        client: &'p mut Client,
        handshake: &'p Handshake,
        rpc: RpcRequest,
        tool: Option<Tool>,
        passive: bool,
    ) -> Self {
        Self { client, handshake, rpc, tool, passive, steps: Steps::default(), ran: false }
    }

    /// Runs all steps. An error is that of the last step that should have worked.
    pub(super) fn run(&mut self) -> Ended {
        let bare = self.send(Session::default(), &self.rpc.clone(), Role::Bare);
        if self.steps.found().is_some_and(|rule| rule.stops_trace) {
            return bare;
        }
        self.vary_what_was_refused();
        // A silent server gets one more request, with a handshake, not three.
        let silent = self.steps.exchanges.iter().all(|exchange| exchange.answer.is_none());
        let mut modern = !silent && self.modern();
        let legacy = self.legacy(&bare, modern);
        // The legacy attempts failed before the tool ran, so it can still run in the modern era.
        if modern && legacy.is_err() && self.is_call() && !self.ran {
            modern = self.properly_modern(&self.rpc.clone());
        }
        self.client.close_streams();
        self.steps.take(self.client, Role::Stream);
        match (modern, legacy) {
            (true, _) | (false, Ok(())) => Ok(()),
            (false, Err(error)) => Err(error),
        }
    }

    fn is_call(&self) -> bool {
        self.rpc.purpose.method.as_deref() == Some(methods::CALL_TOOL)
    }

    /// Sends one request in the given session.
    fn send(&mut self, session: Session, rpc: &RpcRequest, role: Role) -> Ended {
        self.client.resume(session, Renewal::Never);
        let outcome = self.client.request(rpc).map(|_| ());
        let is_it = rpc.purpose == self.rpc.purpose && self.is_call();
        // Unless the server certainly rejected the call, the tool may have run.
        self.ran |= is_it && !outcome.as_ref().is_err_and(was_refused);
        self.steps.take(self.client, role);
        outcome
    }

    /// Returns the request to repeat: `tools/list` once the named tool has run, otherwise the
    /// request itself.
    fn again(&self) -> RpcRequest {
        if self.is_call() && self.ran { RpcRequest::list_tools() } else { self.rpc.clone() }
    }

    /// Tries the modern era. Returns true if the server supports it.
    fn modern(&mut self) -> bool {
        let session = Session::modern(LATEST_MODERN);
        let discovered = self.send(session, &RpcRequest::discover(), Role::Discover);
        let Some(last) = self.steps.exchanges.last() else { return false };
        let lists = last.outcome().is_success()
            && last.answer.as_ref().is_some_and(|answer| {
                answer.last_message().is_some_and(|text| text.contains(LATEST_MODERN))
            });
        // A server without `server/discover` may still be modern.
        let lacking = last.status() == Some(404) && last.error_names_its_request();
        let speaks = lists || (discovered.is_err() && lacking);
        if !speaks {
            return false;
        }
        // The named tool is left for the legacy era, where its session matters.
        self.properly_modern(&RpcRequest::list_tools())
    }

    /// Sends the request as the modern era requires. Returns true if it works.
    fn properly_modern(&mut self, rpc: &RpcRequest) -> bool {
        let mut rpc = rpc.clone();
        if let Some(tool) = &self.tool {
            rpc.mirrored = tool.mirrored.clone().unwrap_or_default();
        }
        self.send(Session::modern(LATEST_MODERN), &rpc, Role::ProperModern).is_ok()
    }

    /// Tries the handshake and the steps after it.
    fn legacy(&mut self, bare: &Ended, modern: bool) -> Ended {
        // The notification is a separate step, so that a handshake that fails at it is examined
        // too.
        let quiet = Handshake { send_initialized: false, ..self.handshake.clone() };
        let opened = match self.client.initialize(&quiet) {
            Ok(opened) => opened,
            Err(error) => {
                self.steps.take(self.client, Role::Initialize);
                let status = error.exchange.as_ref().and_then(|exchange| exchange.status());
                // If the server is modern, there is no need to look for an older transport.
                if modern || !matches!(status, Some(400 | 404 | 405)) {
                    return Err(error);
                }
                let Ok(Some(opened)) = self.client.try_sse(self.handshake) else {
                    self.steps.take(self.client, Role::Experiment);
                    if !self.passive {
                        self.look_around();
                    }
                    return Err(error);
                };
                opened
            }
        };
        self.steps.take(self.client, Role::Initialize);
        let mut told = true;
        if self.handshake.send_initialized && opened.session.transport().is_http() {
            told = self.client.notify(methods::INITIALIZED, &serde_json::Value::Null).is_ok();
            self.steps.take(self.client, Role::Initialized);
        }
        // Repeat the request as it is, unless that would run a tool twice.
        let session = opened.session;
        let again = self.again();
        let mut outcome = if self.is_call() && self.ran && bare.is_ok() {
            Ok(())
        } else {
            self.send(session.clone(), &again, Role::Proper)
        };
        if !self.passive && (outcome.is_err() || !told) {
            outcome = self.experiment(&session, outcome, told);
        }
        if session.transport().is_http() && !self.passive {
            if outcome.is_ok() && session.id().is_some() {
                self.wrong_ids(&session);
            }
            self.look_for_buffering(&session);
        }
        self.end(&session);
        outcome
    }

    /// Tests a made-up id (E11), the end of the session (E12) and the ended id.
    fn wrong_ids(&mut self, session: &Session) {
        let made_up = session.id().map(made_up);
        let unknown = session.with_id(made_up);
        // Only the server's reaction matters.
        let _ = self.send(unknown, &RpcRequest::ping(), Role::UnknownId);
        self.end(session);
        let _ = self.send(session.clone(), &RpcRequest::ping(), Role::EndedId);
    }

    /// Ends the session, unless that was done before.
    fn end(&mut self, session: &Session) {
        let ended = self
            .steps
            .all()
            .any(|(role, exchange)| role == Role::End && exchange.session_sent() == session.id());
        if ended || session.id().is_none() {
            return;
        }
        self.client.resume(session.clone(), Renewal::Never);
        let _ = self.client.close();
        self.steps.take(self.client, Role::End);
    }

    /// Finds out why a proper request fails: repeats it in the session on fresh connections
    /// (E1), sends it without the id (E2b), or completes the handshake first (E3).
    fn experiment(&mut self, session: &Session, outcome: Ended, told: bool) -> Ended {
        let found = self.steps.found();
        if found.is_some_and(|rule| rule.id == RuleId::NotInitialized) {
            self.client.resume(session.clone(), Renewal::Never);
            let _ = self.client.notify(methods::INITIALIZED, &serde_json::Value::Null);
            self.steps.take(self.client, Role::Initialized);
            return self.send(session.clone(), &self.again(), Role::Proper);
        }
        if session.id().is_none() || (told && !found.is_some_and(|rule| rule.is_repeated)) {
            return outcome;
        }
        for _ in 0..REPEATS {
            self.on_a_fresh_connection(session, &RpcRequest::list_tools());
        }
        let without = session.with_id(None);
        let _ = self.send(without, &RpcRequest::list_tools(), Role::Experiment);
        outcome
    }

    fn on_a_fresh_connection(&mut self, session: &Session, rpc: &RpcRequest) {
        let endpoint = self.client.endpoint().clone();
        let Ok(mut other) = variant(self.client, endpoint, |_| {}, &[]) else { return };
        other.resume(session.clone(), Renewal::Never);
        let _ = other.request(rpc);
        self.steps.take(&mut other, Role::Experiment);
    }

    /// Repeats a rejected request with other Accept headers, if these were the reason (E4).
    fn vary_what_was_refused(&mut self) {
        let found = self.steps.found();
        if self.passive || found.is_none_or(|rule| rule.id != RuleId::Accept) {
            return;
        }
        for accept in [ACCEPT_BOTH, "*/*", "application/json"] {
            let endpoint = self.client.endpoint().clone();
            let Ok(mut other) = variant(self.client, endpoint, |_| {}, &[("accept", accept)])
            else {
                continue;
            };
            let _ = other.request(&RpcRequest::list_tools());
            self.steps.take(&mut other, Role::Experiment);
        }
    }

    /// Tries other paths for the endpoint (E6): with and without a slash, `/mcp`, `/sse`.
    fn look_around(&mut self) {
        let here = self.client.endpoint().clone();
        let mut tried = vec![here.as_str().to_owned()];
        let path = here.path().to_owned();
        let toggled = match path.strip_suffix('/') {
            Some("") => path.clone(),
            Some(shorter) => shorter.to_owned(),
            _ => format!("{path}/"),
        };
        for path in [toggled.as_str(), "/mcp", "/sse"] {
            let Ok(endpoint) = Endpoint::parse(&format!("{}{path}", here.origin())) else {
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
    fn look_for_buffering(&mut self, session: &Session) {
        let proxied = self.steps.exchanges.iter().any(|exchange| {
            let answer = exchange.answer.as_ref();
            let server = answer.and_then(|answer| answer.header("server")).unwrap_or_default();
            answer.is_some_and(|answer| answer.header("via").is_some())
                || ["nginx", "openresty", "cloudflare", "envoy", "apache"]
                    .iter()
                    .any(|name| server.to_lowercase().contains(name))
        });
        let streams = self.steps.exchanges.iter().any(|exchange| {
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
    let mut own = client.headers().to_vec();
    for (name, value) in headers {
        own.retain(|(known, _)| known != name);
        own.push(((*name).to_owned(), (*value).to_owned()));
    }
    Client::new(endpoint, own, Arc::new(config))
}

/// Limits the wait for the first byte to 3 s; a stream that begins later is held back.
fn quick(limits: &mut Limits) {
    let short = std::time::Duration::from_secs(3);
    limits.first_byte = Some(limits.first_byte.map_or(short, |limit| limit.min(short)));
}

/// Returns an id of the same form that the server never issued: every letter and digit
/// differs.
fn made_up(id: &str) -> String {
    id.chars()
        .map(|c| match c {
            '0'..='8' | 'a'..='e' | 'g'..='y' | 'A'..='E' | 'G'..='Y' => {
                char::from_u32(u32::from(c) + 1).unwrap_or(c)
            }
            '9' => '0',
            'f' | 'z' => 'a',
            'F' | 'Z' => 'A',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::made_up;

    #[test]
    fn a_made_up_id_has_the_form_of_a_real_one() {
        assert_eq!(made_up("1868a90c-ffff"), "2979b01d-aaaa");
        assert_eq!(made_up("mcp-session_Z9"), "ndq-tfttjpo_A0");
    }
}
