//! What `trace` sends, step by step: what a thin client would, then the same as it should be, then what
//! the rules ask for. A tool that was named runs once at the most; nothing else ever runs a tool.

use crate::client::{Ask, Client, Error, ErrorKind, Handshake, Renewal, Session};
use crate::diagnose::{self, Role, Rule, RuleId};
use crate::endpoint::Endpoint;
use crate::exchange::{Exchange, Shape};
use crate::protocol::headers::ACCEPT_BOTH;
use crate::protocol::types::Tool;
use crate::protocol::version::LATEST_MODERN;
use crate::protocol::{codes, methods};
use crate::transport::Limits;

/// Is shown all exchanges so far, after each.
type Watch<'s> = &'s dyn Fn(&[Exchange]);

/// Everything that was sent, in order, each with what it was for.
#[derive(Default)]
pub(super) struct Steps<'s> {
    roles: Vec<Role>,
    exchanges: Vec<Exchange>,
    watch: Option<Watch<'s>>,
}

impl<'s> Steps<'s> {
    /// Tells of each step as it comes, with all before it.
    pub(super) fn watch(&mut self, watch: Watch<'s>) {
        self.watch = Some(watch);
    }

    /// Adds what somebody else has exchanged.
    pub(super) fn add(&mut self, exchanges: Vec<Exchange>) {
        for exchange in exchanges {
            self.roles.push(Role::Experiment);
            self.exchanges.push(exchange);
            if let Some(watch) = self.watch {
                watch(&self.exchanges);
            }
        }
    }

    /// The last of them.
    pub(super) fn last(&self) -> Option<&Exchange> {
        self.exchanges.last()
    }

    /// All of them, each with what it was for.
    pub(super) fn take_all(&mut self) -> Vec<(Role, Exchange)> {
        let exchanges = std::mem::take(&mut self.exchanges);
        let mut all: Vec<_> = std::mem::take(&mut self.roles).into_iter().zip(exchanges).collect();
        // A stream is over after what came on it.
        all.sort_by_key(|(_, exchange)| exchange.number);
        all
    }

    fn all(&self) -> impl Iterator<Item = (Role, &Exchange)> {
        self.roles.iter().copied().zip(&self.exchanges)
    }

    /// Takes over what a client has exchanged since the last time.
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

/// What to try, and how far to go.
pub(super) struct Probe<'p> {
    pub(super) client: &'p mut Client,
    pub(super) handshake: &'p Handshake,
    /// The request that the thin client makes.
    pub(super) ask: Ask,
    /// The tool that it calls, where it is known.
    pub(super) tool: Option<Tool>,
    /// No experiments.
    pub(super) passive: bool,
    pub(super) steps: Steps<'p>,
    /// The named tool has run, or may have.
    ran: bool,
}

/// How a trace ended.
pub(super) type Ended = Result<(), Error>;

impl<'p> Probe<'p> {
    pub(super) fn new(
        client: &'p mut Client,
        handshake: &'p Handshake,
        ask: Ask,
        tool: Option<Tool>,
        passive: bool,
    ) -> Self {
        Self { client, handshake, ask, tool, passive, steps: Steps::default(), ran: false }
    }

    /// Runs the whole; an error is the last thing that should have worked and did not.
    pub(super) fn run(&mut self) -> Ended {
        let bare = self.send(Session::default(), &self.ask.clone(), Role::Bare);
        if self.steps.found().is_some_and(|rule| rule.stops_trace) {
            return bare;
        }
        self.vary_what_was_refused();
        // What answers nothing is asked once more, with a handshake, and not three times.
        let silent = self.steps.exchanges.iter().all(|exchange| exchange.answer.is_none());
        let mut modern = !silent && self.modern();
        let legacy = self.legacy(&bare, modern);
        if modern && legacy.is_err() && self.is_call() && !self.ran {
            modern = self.properly_modern(&self.ask.clone());
        }
        self.client.hang_up();
        self.steps.take(self.client, Role::Stream);
        match (modern, legacy) {
            (true, _) | (false, Ok(())) => Ok(()),
            (false, Err(error)) => Err(error),
        }
    }

    fn is_call(&self) -> bool {
        self.ask.purpose.method.as_deref() == Some(methods::CALL_TOOL)
    }

    /// Sends a request in this session, and nothing else.
    fn send(&mut self, session: Session, ask: &Ask, role: Role) -> Ended {
        self.client.resume(session, Renewal::Never);
        let outcome = self.client.request(ask).map(|_| ());
        let is_it = ask.purpose == self.ask.purpose && self.is_call();
        self.ran |= is_it && !outcome.as_ref().is_err_and(was_refused);
        self.steps.take(self.client, role);
        outcome
    }

    /// The request to repeat: the named tool's call while it has not run, else the harmless list.
    fn again(&self) -> Ask {
        if self.is_call() && self.ran { Ask::list_tools() } else { self.ask.clone() }
    }

    /// Tries the modern era. Whether the server speaks it.
    fn modern(&mut self) -> bool {
        let session = Session::modern(LATEST_MODERN);
        let discovered = self.send(session, &Ask::discover(), Role::Discover);
        let Some(last) = self.steps.exchanges.last() else { return false };
        let lists = diagnose::succeeded(last)
            && last.answer.as_ref().is_some_and(|answer| {
                answer.last_message().is_some_and(|text| text.contains(LATEST_MODERN))
            });
        // A server that lacks the method may be modern all the same.
        let lacking = last.status() == Some(404) && last.error_names_its_request();
        let speaks = lists || (discovered.is_err() && lacking);
        if !speaks {
            return false;
        }
        // The named tool is left to the era with a handshake, where its session is what matters.
        self.properly_modern(&Ask::list_tools())
    }

    /// The request as the modern era wants it.
    fn properly_modern(&mut self, ask: &Ask) -> bool {
        let mut ask = ask.clone();
        if let Some(tool) = &self.tool {
            ask.mirrored = tool.mirrored.clone().unwrap_or_default();
        }
        self.send(Session::modern(LATEST_MODERN), &ask, Role::ProperModern).is_ok()
    }

    /// Tries the handshake, and what comes after it.
    fn legacy(&mut self, bare: &Ended, modern: bool) -> Ended {
        // The notification is a step of its own: a handshake that fails at it is looked into as well.
        let quiet = Handshake { send_initialized: false, ..self.handshake.clone() };
        let opened = match self.client.initialize(&quiet) {
            Ok(opened) => opened,
            Err(error) => {
                self.steps.take(self.client, Role::Initialize);
                let status = error.exchange.as_ref().and_then(|exchange| exchange.status());
                // There is nothing else to look for where one era is found already.
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
        if self.handshake.send_initialized && opened.session.transport.is_http() {
            told = self.client.notify(methods::INITIALIZED, &serde_json::Value::Null).is_ok();
            self.steps.take(self.client, Role::Initialized);
        }
        // A request that is left as it is unless it would run a tool twice.
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
        if session.transport.is_http() && !self.passive {
            if outcome.is_ok() && session.id.is_some() {
                self.wrong_ids(&session);
            }
            self.look_for_buffering(&session);
        }
        self.end(&session);
        outcome
    }

    /// A made-up id (E11), the end of the session (E12), and the ended id.
    fn wrong_ids(&mut self, session: &Session) {
        let made_up = session.id.as_deref().map(made_up);
        let unknown = Session { id: made_up, ..session.clone() };
        // How the server answers is what is looked at.
        let _ = self.send(unknown, &Ask::ping(), Role::UnknownId);
        self.end(session);
        let _ = self.send(session.clone(), &Ask::ping(), Role::EndedId);
    }

    /// Ends the session, unless that was done before.
    fn end(&mut self, session: &Session) {
        let ended = self.steps.all().any(|(role, exchange)| {
            role == Role::End && exchange.session_sent() == session.id.as_deref()
        });
        if ended || session.id.is_none() {
            return;
        }
        self.client.resume(session.clone(), Renewal::Never);
        let _ = self.client.close();
        self.steps.take(self.client, Role::End);
    }

    /// What tells apart why a request fails that should work: the session repeated on fresh connections
    /// (E1), the request without the id (E2b), with the handshake completed (E3).
    fn experiment(&mut self, session: &Session, outcome: Ended, told: bool) -> Ended {
        let found = self.steps.found();
        if found.is_some_and(|rule| rule.id == RuleId::NotInitialized) {
            self.client.resume(session.clone(), Renewal::Never);
            let _ = self.client.notify(methods::INITIALIZED, &serde_json::Value::Null);
            self.steps.take(self.client, Role::Initialized);
            return self.send(session.clone(), &self.again(), Role::Proper);
        }
        if session.id.is_none() || (told && !found.is_some_and(|rule| rule.is_repeated)) {
            return outcome;
        }
        for _ in 0..REPEATS {
            self.on_a_fresh_connection(session, &Ask::list_tools());
        }
        let without = Session { id: None, ..session.clone() };
        let _ = self.send(without, &Ask::list_tools(), Role::Experiment);
        outcome
    }

    fn on_a_fresh_connection(&mut self, session: &Session, ask: &Ask) {
        let endpoint = self.client.endpoint().clone();
        let Ok(mut other) = self.client.varied(endpoint, |_| {}, &[]) else { return };
        other.resume(session.clone(), Renewal::Never);
        let _ = other.request(ask);
        self.steps.take(&mut other, Role::Experiment);
    }

    /// The same request with other Accept headers, where that was what was refused (E4).
    fn vary_what_was_refused(&mut self) {
        let found = self.steps.found();
        if self.passive || found.is_none_or(|rule| rule.id != RuleId::Accept) {
            return;
        }
        for accept in [ACCEPT_BOTH, "*/*", "application/json"] {
            let endpoint = self.client.endpoint().clone();
            let Ok(mut other) = self.client.varied(endpoint, |_| {}, &[("accept", accept)]) else {
                continue;
            };
            let _ = other.request(&Ask::list_tools());
            self.steps.take(&mut other, Role::Experiment);
        }
    }

    /// Other paths at which the endpoint may be (E6): with and without a slash, /mcp, /sse.
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
            let Ok(mut other) = self.client.varied(endpoint, quick, &[]) else { continue };
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

    /// Whether a stream gets through (E9), where something stands before the server.
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
            exchange.answer.as_ref().is_some_and(|answer| answer.shape == Shape::Events)
        });
        if !proxied || !streams || session.id.is_none() {
            return;
        }
        // The session may be ended by now: the stream wants one of its own.
        let endpoint = self.client.endpoint().clone();
        let Ok(mut other) = self.client.varied(endpoint, quick, &[]) else { return };
        if other.initialize(self.handshake).is_err() {
            return;
        }
        other.look_at_stream();
        let _ = other.close();
        self.steps.take(&mut other, Role::Experiment);
    }
}

/// So many times a request is repeated to find replicas that do not know each other's sessions.
const REPEATS: usize = 6;

/// A stream that does not begin in this time is held back.
fn quick(limits: &mut Limits) {
    let short = std::time::Duration::from_secs(3);
    limits.first_byte = Some(limits.first_byte.map_or(short, |limit| limit.min(short)));
}

/// An id of the same form that the server never issued: every letter and digit another one.
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

/// Whether the server refused the request before it ran: by a status that says so and a body that is no
/// answer to this very request, or by an error that can only mean the missing session.
fn was_refused(error: &Error) -> bool {
    let Some(exchange) = &error.exchange else { return false };
    let (code, text) = match &error.kind {
        ErrorKind::Transport(error) => return !error.may_have_run,
        ErrorKind::Protocol(_) | ErrorKind::Unanswered(_) => return false,
        ErrorKind::Rpc(rpc) => (rpc.code, rpc.message.to_lowercase()),
        _ => (None, String::new()),
    };
    let about_sessions = SESSION_WORDS.iter().any(|words| text.contains(words));
    // What names this very request was read, and may be the tool's own failure.
    let read = exchange.error_names_its_request() || code == Some(codes::INTERNAL_ERROR);
    let own = read && !about_sessions && !is_about_the_request(code);
    match exchange.status() {
        Some(400 | 401 | 403..=406 | 415 | 421 | 422) => !own,
        Some(200) => matches!(code, Some(0 | codes::INVALID_REQUEST)) && about_sessions,
        _ => false,
    }
}

/// What servers say of a session that is missing, and tools hardly of anything else.
const SESSION_WORDS: [&str; 8] = [
    "session id",
    "session-id",
    "sessionid",
    "no session",
    "missing session",
    "session not found",
    "invalid during session initialization",
    "not initialized",
];

/// Codes for a message that was not understood, or not allowed in its era.
fn is_about_the_request(code: Option<i64>) -> bool {
    matches!(
        code,
        Some(
            codes::PARSE_ERROR
                | codes::INVALID_REQUEST
                | codes::METHOD_NOT_FOUND
                | codes::UNSUPPORTED_VERSION..=codes::HEADER_MISMATCH
        )
    )
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
