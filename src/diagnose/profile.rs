//! Profile of a server, derived from a trace: software, era, sessions, reactions to invalid
//! requests, and violations of the specification.

use serde_json::Value;

use super::rule::issued;
use crate::exchange::{BodyKind, Exchange};
use crate::protocol::envelope::META_SERVER;

/// Role of an exchange in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Request of a thin client, without a handshake.
    Bare,
    /// `server/discover`, in the modern era.
    Discover,
    /// Equivalent request in the form of the modern era.
    ProperModern,
    /// `initialize`.
    Initialize,
    /// `notifications/initialized`.
    Initialized,
    /// Equivalent request after the handshake.
    Proper,
    /// Request with a made-up session id.
    UnknownId,
    /// DELETE.
    End,
    /// Request with the id of the session that was just ended.
    EndedId,
    /// Stream of the HTTP+SSE transport.
    Stream,
    /// Any other experiment.
    Experiment,
}

/// One step of a trace.
#[derive(Debug, Clone, Copy)]
pub struct Step<'e> {
    /// Role of the exchange.
    pub role: Role,
    /// Recorded exchange.
    pub exchange: &'e Exchange,
}

/// Eras that a server supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eras {
    /// Only with a handshake.
    Legacy,
    /// Only without a handshake.
    Modern,
    /// Both eras.
    Dual,
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
    fn of(exchange: &Exchange) -> Option<Self> {
        let answer = exchange.answer.as_ref()?;
        let outcome = exchange.outcome();
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
    /// True if the server uses the HTTP+SSE transport.
    pub over_sse: bool,
    /// Use of sessions.
    pub sessions: Sessions,
    /// Response format: `SSE` or `JSON`.
    pub answers: Option<&'static str>,
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
    /// Builds the profile from the steps of a trace.
    pub fn of(steps: &[Step<'_>]) -> Self {
        let find = |role| steps.iter().find(|step| step.role == role).map(|step| step.exchange);
        let worked = |role| {
            steps
                .iter()
                .find(|s| s.role == role && s.exchange.outcome().is_success())
                .map(|s| s.exchange)
        };
        let (initialize, discover) = (worked(Role::Initialize), worked(Role::Discover));
        let modern = worked(Role::ProperModern);
        let stream = find(Role::Stream);
        let eras = match (initialize.is_some(), modern.is_some()) {
            (true, true) => Eras::Dual,
            (true, false) => Eras::Legacy,
            (false, true) => Eras::Modern,
            (false, false) => Eras::Unknown,
        };
        let bare = find(Role::Bare).and_then(Reaction::of);
        let sessions = match initialize.map(|exchange| issued(exchange).is_some()) {
            Some(true) if bare.as_ref().is_some_and(|bare| bare.accepted) => Sessions::Optional,
            Some(true) => Sessions::Required,
            Some(false) => Sessions::None,
            None if eras == Eras::Modern => Sessions::None,
            None => Sessions::Unknown,
        };
        let proper = worked(Role::Proper).or(modern).or(initialize);
        let answers =
            proper.and_then(|e| e.answer.as_ref()).and_then(|answer| match answer.shape {
                BodyKind::Events => Some("SSE"),
                BodyKind::Json => Some("JSON"),
                _ => None,
            });
        let mut profile = Self {
            software: [discover, initialize, modern, stream]
                .iter()
                .flatten()
                .find_map(|e| software(e)),
            eras,
            versions: versions(
                discover,
                initialize.and_then(result).or(stream.and_then(result)),
                modern,
            ),
            over_sse: stream.is_some(),
            sessions,
            answers,
            bare,
            unknown_id: find(Role::UnknownId).and_then(Reaction::of),
            ended_id: find(Role::EndedId).and_then(Reaction::of),
            violations: Vec::new(),
        };
        profile.violations = profile.departs(find(Role::Initialized), worked(Role::End).is_some());
        profile
    }

    fn departs(&self, initialized: Option<&Exchange>, ended: bool) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut add = |what: String, specification| found.push(Violation { what, specification });
        let keeps = self.sessions == Sessions::Required;
        if let Some(bare) = self.bare.as_ref().filter(|bare| keeps && bare.status != 400) {
            add(format!("a missing id gets {}, and should get 400", bare.status), MANAGEMENT);
        }
        for (which, reaction) in
            [("an unknown id", &self.unknown_id), ("an ended id", &self.ended_id)]
        {
            // A server may refuse DELETE, and the session then continues.
            let asked = which != "an ended id" || ended;
            if let Some(reaction) = reaction.as_ref().filter(|_| keeps && asked) {
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

/// Returns the result in a response.
fn result(exchange: &Exchange) -> Option<Value> {
    let answer = exchange.answer.as_ref()?;
    // The HTTP+SSE stream carries all responses; the one with `serverInfo` is that of the
    // handshake.
    let on_stream =
        answer.events.iter().filter_map(|event| event.data.as_deref()).find_map(|data| {
            let mut value: Value = serde_json::from_str(data).ok()?;
            value["result"].get("serverInfo").is_some().then(|| value["result"].take())
        });
    on_stream.or_else(|| {
        let mut value: Value = serde_json::from_str(answer.last_message()?).ok()?;
        Some(value["result"].take())
    })
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
    initialize: Option<Value>,
    modern: Option<&Exchange>,
) -> Vec<String> {
    let mut versions: Vec<String> = Vec::new();
    let mut add = |version: &str| {
        if !versions.iter().any(|known| known == version) {
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
    if let Some(said) = initialize {
        add(said["protocolVersion"].as_str().unwrap_or_default());
    }
    versions
}
