//! Profile of a server, derived from a trace: software, era, sessions, reactions to invalid
//! requests, and violations of the specification.

use serde_json::Value;

use super::evidence::issued;
use super::tried::{Role, Tried};
use crate::exchange::{Answer, BodyKind, Exchange, Outcome};
use crate::protocol::envelope::META_SERVER;
use crate::protocol::jsonrpc::{self, Message};
use crate::protocol::methods;

/// Eras that a server supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eras {
    /// Only with a handshake.
    Legacy,
    /// Only without a handshake.
    Modern,
    /// Both eras.
    Dual,
    /// Bare requests alone: there is no handshake, and requests of the modern era fail.
    Bare,
    /// Neither era could be confirmed.
    Unknown,
}

impl Eras {
    /// Returns the name of the value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
            Self::Dual => "dual",
            Self::Bare => "bare",
            Self::Unknown => "unknown",
        }
    }
}

/// Use of sessions by a server, in the legacy era.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// The server issues an id and requires it.
    Required,
    /// The server issues an id but also accepts requests without it.
    Optional,
    /// The server requires an id, but accepts ids that it never issued.
    NotKept,
    /// The server issues no id.
    None,
    /// The use of sessions could not be determined.
    Unknown,
}

impl Sessions {
    /// Returns the name of the value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
            Self::NotKept => "not-kept",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// Reaction of a server to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Number of the exchange.
    pub exchange: usize,
    /// HTTP status code.
    pub status: u16,
    /// JSON-RPC error code, if any.
    pub code: Option<i64>,
    /// Text of the refusal.
    pub text: String,
    /// True if the request succeeded.
    pub accepted: bool,
}

impl Reaction {
    fn of(exchange: &Exchange, outcome: &Outcome) -> Option<Self> {
        let answer = exchange.answer.as_ref()?;
        let error = outcome.error();
        let text = error.map_or_else(|| answer.body.trim().to_owned(), |e| e.message.clone());
        let accepted = outcome.is_success();
        Some(Self {
            exchange: exchange.number,
            status: answer.status,
            code: error.and_then(|error| error.code),
            text: if accepted { String::new() } else { text },
            accepted,
        })
    }
}

/// Violation of the specification by a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Description of the behaviour and of what the specification requires.
    pub what: String,
    /// Section of the specification.
    pub specification: &'static str,
}

/// Profile of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Name and version, as stated by the server.
    pub software: Option<String>,
    /// Eras that the server supports.
    pub eras: Eras,
    /// Revisions that the server chose or listed.
    pub versions: Vec<String>,
    /// The protocol version that the server chose in the handshake.
    pub negotiated: Option<String>,
    /// True if a handshake issued a session id.
    pub issues_ids: bool,
    /// True if a request other than the handshake returned a result.
    pub has_worked: bool,
    /// True if the server uses the HTTP+SSE transport.
    pub over_sse: bool,
    /// Use of sessions.
    pub sessions: Sessions,
    /// Response format, `SSE` or `JSON`; of the legacy era if the server supports both.
    pub answers: Option<&'static str>,
    /// Response format of the modern era, if the server supports both.
    pub modern_answers: Option<&'static str>,
    /// True if the server rejects a POST whose Accept header is `*/*` or missing.
    pub needs_accept: Option<bool>,
    /// True if the server rejects a POST whose Content-Type is not JSON.
    pub needs_content_type: Option<bool>,
    /// True if the session needs the cookies that the server set in the handshake.
    pub needs_cookies: Option<bool>,
    /// Reaction to the thin client.
    pub bare: Option<Reaction>,
    /// Reaction to an id that was never issued.
    pub unknown_id: Option<Reaction>,
    /// Reaction to the id of an ended session.
    pub ended_id: Option<Reaction>,
    /// Violations of the specification.
    pub violations: Vec<Violation>,
}

const MANAGEMENT: &str = "2025-11-25, Transports, Session Management";

impl Profile {
    /// Builds the profile from all exchanges of a trace, each with its role.
    pub fn of(exchanges: &[Exchange], roles: &[Role]) -> Self {
        let steps = Tried::all(exchanges, roles);
        let find = |role| steps.iter().find(|step| step.role == role);
        let worked = |role| {
            let step = steps.iter().find(|step| step.role == role && step.worked());
            step.map(|step| step.exchange)
        };
        let react = |role| find(role).and_then(|step| Reaction::of(step.exchange, &step.outcome));
        let (initialize, discover) = (worked(Role::Initialize), worked(Role::Discover));
        // A server that only wants the version header need not know the revision.
        let wants_header = worked(Role::Versioned).is_some();
        let modern = worked(Role::ProperModern)
            .filter(|exchange| exchange.has_modern_marks() || !wants_header);
        let stream = stream_of(&steps);
        let bare = bare_reaction(&steps);
        let bare_works = bare.as_ref().is_some_and(|bare| bare.accepted)
            && find(Role::BareAgain).is_none_or(Tried::worked);
        let refused = find(Role::Initialize).is_some_and(|step| !step.worked());
        let eras = match (initialize.is_some(), modern.is_some()) {
            (true, true) => Eras::Dual,
            (true, false) => Eras::Legacy,
            (false, true) => Eras::Modern,
            (false, false) if bare_works && refused => Eras::Bare,
            (false, false) => Eras::Unknown,
        };
        let unknown_id = react(Role::UnknownId);
        // An id matters only where a request without one is refused.
        let lists = |step: &&Tried<'_>| step.exchange.is(methods::LIST_TOOLS);
        let mut without =
            steps.iter().filter(|step| matches!(step.role, Role::Bare | Role::BareAgain));
        let is_refused_bare = without.any(|step| lists(&step) && !step.worked());
        let is_made_up_accepted =
            is_refused_bare && unknown_id.as_ref().is_some_and(|reaction| reaction.accepted);
        let sessions = match initialize.map(|exchange| issued(exchange).is_some()) {
            Some(true) if bare.as_ref().is_some_and(|bare| bare.accepted) => Sessions::Optional,
            // The request fails in a session too, so nothing is known about one without.
            Some(true) if worked(Role::Proper).is_none() => Sessions::Unknown,
            Some(true) if is_made_up_accepted => Sessions::NotKept,
            Some(true) => Sessions::Required,
            // Every request after the handshake fails, perhaps for lack of an id.
            Some(false) if worked(Role::Proper).is_none() && !bare_works => Sessions::Unknown,
            Some(false) => Sessions::None,
            None if matches!(eras, Eras::Modern | Eras::Bare) => Sessions::None,
            None => Sessions::Unknown,
        };
        let proper = worked(Role::Proper).or(initialize);
        let mut cookieless =
            steps.iter().filter(|step| step.role == Role::WithoutCookies).peekable();
        let needs_cookies =
            cookieless.peek().is_some().then(|| cookieless.any(|step| !step.worked()));
        let both = proper.is_some() && modern.is_some();
        let has_ended = worked(Role::End).is_some();
        let negotiated = initialize.and_then(result).or(stream.and_then(result));
        let negotiated =
            negotiated.and_then(|said| Some(said["protocolVersion"].as_str()?.to_owned()));
        let mut profile = Self {
            software: [discover, initialize, modern, stream]
                .iter()
                .flatten()
                .find_map(|e| software(e)),
            eras,
            versions: versions(discover, negotiated.as_deref(), modern),
            negotiated,
            issues_ids: initialize.is_some_and(|exchange| issued(exchange).is_some()),
            has_worked: steps.iter().any(|step| {
                step.worked() && step.exchange.has_id() && !is_handshake(step.exchange)
            }),
            over_sse: stream.is_some(),
            sessions,
            answers: proper.or(modern).and_then(form),
            modern_answers: modern.filter(|_| both).and_then(form),
            needs_accept: rejects(&steps, |exchange| !exchange.accepts_both()),
            needs_content_type: rejects(&steps, |exchange| !exchange.is_labelled_json()),
            needs_cookies,
            bare,
            unknown_id,
            ended_id: react(Role::EndedId).filter(|_| has_ended),
            violations: Vec::new(),
        };
        let is_array = |exchange: &&Exchange| {
            let text = exchange.answer.as_ref().and_then(Answer::last_message);
            text.is_some_and(|text| text.trim_start().starts_with('['))
        };
        let permitted = profile.negotiated.as_deref() == Some("2025-03-26");
        let batched = [proper, modern, initialize].into_iter().flatten().find(is_array);
        let batched = batched.filter(|_| !permitted);
        profile.violations = profile.departs(find(Role::Initialized).map(|step| step.exchange));
        if let Some(exchange) = batched {
            let what = format!(
                "the response to {} is a JSON array; a single object is required",
                exchange.number
            );
            let specification = "2025-06-18, Key Changes";
            profile.violations.push(Violation { what, specification });
        }
        profile
    }

    /// Returns true if a recipe can be written for this server.
    pub fn has_recipe(&self) -> bool {
        !self.over_sse && self.has_worked && !matches!(self.eras, Eras::Unknown | Eras::Bare)
    }

    fn departs(&self, initialized: Option<&Exchange>) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut add = |what: String, specification| found.push(Violation { what, specification });
        let keeps = self.sessions == Sessions::Required;
        if let Some(bare) = self.bare.as_ref().filter(|bare| keeps && bare.status != 400) {
            add(format!("a missing id gets {}, and should get 400", bare.status), MANAGEMENT);
        }
        for (which, reaction) in
            [("an unknown id", &self.unknown_id), ("an ended id", &self.ended_id)]
        {
            // A limit or a gateway says nothing about ids.
            let is_about_it = |reaction: &&Reaction| !matches!(reaction.status, 429 | 502..=504);
            if let Some(reaction) = reaction.as_ref().filter(|_| keeps).filter(is_about_it) {
                if reaction.accepted {
                    add(format!("{which} is served, and must get 404"), MANAGEMENT);
                } else if reaction.status != 404 {
                    add(
                        format!(
                            "{which} gets {}, and must get 404: a client that waits for 404 never recovers here",
                            reaction.status
                        ),
                        MANAGEMENT,
                    );
                }
            }
        }
        if let Some(status) = initialized.and_then(Exchange::status).filter(|status| *status != 202)
        {
            add(
                format!("notifications/initialized gets {status}, and must get 202"),
                "2025-11-25, Transports, Sending Messages to the Server, 4",
            );
        }
        found
    }
}

/// Returns the stream of the HTTP+SSE transport. Without a message that works, it proves the transport only where
/// there is no route for POST.
fn stream_of<'e>(steps: &[Tried<'e>]) -> Option<&'e Exchange> {
    let url = steps.first()?.exchange.request.url.as_str();
    let is_message = |step: &&Tried<'_>| {
        step.exchange.request.method == "POST" && step.exchange.request.url != url
    };
    let refused = steps.iter().find(|step| step.role == Role::Initialize);
    let has_no_route = matches!(refused.and_then(|step| step.exchange.status()), Some(404 | 405));
    let stream = steps.iter().find(|step| step.role == Role::Stream)?;
    let proven = has_no_route || steps.iter().filter(is_message).any(Tried::worked);
    proven.then_some(stream.exchange)
}

/// Returns the reaction to a request without an id. A named tool may be refused for a reason of its own: the list
/// shows how a missing id is received.
fn bare_reaction(steps: &[Tried<'_>]) -> Option<Reaction> {
    let react = |role, is_list: bool| {
        let is_it = |step: &&Tried<'_>| {
            step.role == role && (!is_list || step.exchange.is(methods::LIST_TOOLS))
        };
        steps.iter().find(is_it).and_then(|step| Reaction::of(step.exchange, &step.outcome))
    };
    let listed = react(Role::Bare, true).or_else(|| react(Role::BareAgain, true));
    let first = react(Role::Bare, false);
    first.filter(|first| first.accepted || listed.is_none()).or(listed)
}

fn is_handshake(exchange: &Exchange) -> bool {
    exchange.is(methods::INITIALIZE) || exchange.is(methods::DISCOVER)
}

/// Returns whether the server rejects the variations for which `holds` returns true; `None` if none was
/// sent, or if this side ended them all.
fn rejects(steps: &[Tried<'_>], holds: impl Fn(&Exchange) -> bool) -> Option<bool> {
    let tried = steps.iter().filter(|step| step.role == Role::Variation && holds(step.exchange));
    // Only a refusal of the request can be about its headers.
    let is_about_it = |step: &&Tried<'_>| {
        step.worked()
            || step.exchange.status().is_some_and(|status| {
                (200..500).contains(&status) && !matches!(status, 401 | 403 | 408 | 425 | 429)
            })
    };
    let known = tried.filter(is_about_it);
    known.map(|step| !step.worked()).reduce(|one, other| one || other)
}

/// Returns the format of a response.
fn form(exchange: &Exchange) -> Option<&'static str> {
    match exchange.answer.as_ref()?.shape {
        BodyKind::Events => Some("SSE"),
        BodyKind::Json => Some("JSON"),
        _ => None,
    }
}

/// Returns the result in a response.
fn result(exchange: &Exchange) -> Option<Value> {
    let answer = exchange.answer.as_ref()?;
    let results: Vec<Value> = answer.messages().flat_map(results).collect();
    // The HTTP+SSE stream carries all responses; the one with `serverInfo` is that of the
    // handshake.
    let is_opening = |result: &&Value| result.get("serverInfo").is_some();
    let opening = results.iter().find(is_opening).cloned();
    opening.or_else(|| results.into_iter().next_back())
}

/// Returns the results in one body or event, which may be a batch.
fn results(text: &str) -> Vec<Value> {
    let found =
        jsonrpc::parse(text).unwrap_or_default().into_iter().filter_map(|message| match message {
            Message::Result { result, .. } => serde_json::from_str(result.get()).ok(),
            _ => None,
        });
    found.collect()
}

fn software(exchange: &Exchange) -> Option<String> {
    let result = result(exchange)?;
    let meta = &result["_meta"][META_SERVER];
    let info = if meta.is_object() { meta } else { &result["serverInfo"] };
    let name = info["name"].as_str()?;
    let version = info["version"].as_str().unwrap_or_default();
    Some(format!("{name} {version}").trim().to_owned())
}

fn versions(
    discover: Option<&Exchange>,
    negotiated: Option<&str>,
    modern: Option<&Exchange>,
) -> Vec<String> {
    let mut versions: Vec<String> = Vec::new();
    let mut add = |version: &str| {
        if !version.is_empty() && !versions.iter().any(|known| known == version) {
            versions.push(version.to_owned());
        }
    };
    if let Some(modern) = modern {
        add(modern.request.header(crate::protocol::headers::PROTOCOL_VERSION).unwrap_or_default());
    }
    if let Some(said) = discover.and_then(result) {
        let all = said["supportedVersions"].as_array().into_iter().flatten();
        all.filter_map(Value::as_str).for_each(&mut add);
    }
    add(negotiated.unwrap_or_default());
    versions
}
