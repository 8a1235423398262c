//! What a server is, from the steps of a trace: software, era, sessions, how it answers what is wrong, and
//! where it departs from the specification.

use serde_json::Value;

use super::rule::{error_of, issued, succeeded};
use crate::exchange::{Exchange, Shape};
use crate::protocol::envelope::META_SERVER;

/// What an exchange of a trace was sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What a thin client would send: the request without anything before it.
    Bare,
    /// `server/discover`, in the modern era.
    Discover,
    /// The same request as the modern era wants it.
    ProperModern,
    /// `initialize`.
    Initialize,
    /// `notifications/initialized`.
    Initialized,
    /// The same request after the handshake.
    Proper,
    /// A request with a made-up session id.
    UnknownId,
    /// DELETE.
    End,
    /// A request with the id of the session that was just ended.
    EndedId,
    /// The stream of the HTTP+SSE transport.
    Stream,
    /// Anything else that was tried.
    Experiment,
}

/// One step of a trace.
#[derive(Debug, Clone, Copy)]
pub struct Step<'e> {
    /// What it was for.
    pub role: Role,
    /// The exchange.
    pub exchange: &'e Exchange,
}

/// The eras that a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eras {
    /// With a handshake alone.
    Legacy,
    /// Without one alone.
    Modern,
    /// Both.
    Dual,
    /// Neither could be shown.
    Unknown,
}

impl Eras {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
            Self::Dual => "dual",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether a server keeps sessions, in the era that has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// It issues an id, and wants it back.
    Required,
    /// It issues an id, and serves requests without it as well.
    Optional,
    /// It issues none.
    None,
    /// It could not be shown.
    Unknown,
}

impl Sessions {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// How a server answered something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The number of the exchange.
    pub exchange: usize,
    /// The status.
    pub status: u16,
    /// The JSON-RPC code, where there is one.
    pub code: Option<i64>,
    /// The words of the refusal.
    pub text: String,
    /// It was served.
    pub accepted: bool,
}

impl Reaction {
    fn of(exchange: &Exchange) -> Option<Self> {
        let answer = exchange.answer.as_ref()?;
        let error = error_of(answer);
        let text =
            error.as_ref().map_or_else(|| answer.body.trim().to_owned(), |e| e.message.clone());
        let accepted = succeeded(exchange);
        Some(Self {
            exchange: exchange.number,
            status: answer.status,
            code: error.and_then(|error| error.code),
            text: if accepted { String::new() } else { text },
            accepted,
        })
    }
}

/// Where a server does something else than the specification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// What it does, and what it should do.
    pub what: String,
    /// Where the specification says so.
    pub specification: &'static str,
}

/// What a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name and version, as it says.
    pub software: Option<String>,
    /// The eras it speaks.
    pub eras: Eras,
    /// The revisions that it chose or named.
    pub versions: Vec<String>,
    /// It is of the HTTP+SSE transport.
    pub over_sse: bool,
    /// Whether it keeps sessions.
    pub sessions: Sessions,
    /// The form of its answers: `SSE` or `JSON`.
    pub answers: Option<&'static str>,
    /// How it answered the thin client.
    pub bare: Option<Reaction>,
    /// How it answers an id that it never issued.
    pub unknown_id: Option<Reaction>,
    /// How it answers an id that was ended.
    pub ended_id: Option<Reaction>,
    /// Where it departs from the specification.
    pub departures: Vec<Departure>,
}

const MANAGEMENT: &str = "2025-11-25, Transports, Session Management";

impl Profile {
    /// The profile that these steps show.
    pub fn of(steps: &[Step<'_>]) -> Self {
        let find = |role| steps.iter().find(|step| step.role == role).map(|step| step.exchange);
        let worked = |role| {
            steps.iter().find(|s| s.role == role && succeeded(s.exchange)).map(|s| s.exchange)
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
                Shape::Events => Some("SSE"),
                Shape::Json => Some("JSON"),
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
            departures: Vec::new(),
        };
        profile.departures = profile.departs(find(Role::Initialized), worked(Role::End).is_some());
        profile
    }

    fn departs(&self, initialized: Option<&Exchange>, ended: bool) -> Vec<Departure> {
        let mut found = Vec::new();
        let mut add = |what: String, specification| found.push(Departure { what, specification });
        let keeps = self.sessions == Sessions::Required;
        if let Some(bare) = self.bare.as_ref().filter(|bare| keeps && bare.status != 400) {
            add(format!("a missing id gets {}, and should get 400", bare.status), MANAGEMENT);
        }
        for (which, reaction) in
            [("an unknown id", &self.unknown_id), ("an ended id", &self.ended_id)]
        {
            // A server may refuse DELETE; the session goes on then.
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

/// The result in an answer.
fn result(exchange: &Exchange) -> Option<Value> {
    let answer = exchange.answer.as_ref()?;
    // The stream of the HTTP+SSE transport holds the answers to everything; the first is the handshake's.
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
