//! One exchange of a trace with its outcome, and how it reads as evidence.

use serde_json::Value;

use super::id::RuleId;
use super::rule::{Certainty, Finding, Side};
use super::rules;
use crate::exchange::{Event, Exchange, Outcome, Signature};
use crate::output::cut;
use crate::protocol::{jsonrpc, methods};

/// Maximum number of characters of the server's text in one line of evidence.
const MAX_TEXT: usize = 160;

/// Describes the response to an exchange in one line: status, code, message and `data`.
pub fn summary(exchange: &Exchange, outcome: &Outcome) -> String {
    let status = exchange.status().map(|status| status.to_string()).unwrap_or_default();
    let failure = exchange.failure.as_ref().map(|failure| failure.text.as_str());
    let body = exchange.answer.as_ref().map(|answer| answer.body.trim()).unwrap_or_default();
    let text = match outcome {
        Outcome::Error(error) | Outcome::UnaddressedError(error) => {
            let code = error.code.map(|code| format!(" {code}")).unwrap_or_default();
            let data = error.data.as_ref().map(|data| format!(", data: {}", data.get()));
            format!("{status}{code} {}{}", error.message, data.unwrap_or_default())
        }
        Outcome::Result | Outcome::Done => status,
        Outcome::Accepted => format!("{status}, and no response"),
        Outcome::OtherId(id) => format!("{status}, a result with another id: {id}"),
        Outcome::Ended => format!("{status}, a stream that ended without a response"),
        Outcome::Http if body.is_empty() => format!("{status} without a body"),
        Outcome::Http => format!("{status} {body}"),
        Outcome::Cut => format!("{status}, then {}", failure.unwrap_or("the connection broke")),
        Outcome::ClosedByUs | Outcome::Nothing => failure.unwrap_or("no response").to_owned(),
    };
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), MAX_TEXT)
}

/// Role of an exchange in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Request of a thin client, without a handshake.
    Bare,
    /// Repetition of the bare request, to recognise temporary failures.
    BareAgain,
    /// Bare request with MCP-Protocol-Version.
    Versioned,
    /// Bare request after a handshake.
    BareAfter,
    /// Request with another Accept or Content-Type, in a form that works.
    Variation,
    /// `initialize` of a second session.
    Second,
    /// Request in the session without the cookies of the handshake.
    WithoutCookies,
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
    /// Request that was redirected and sent again; the redirect says nothing about the request.
    Redirected,
}

/// Returns the first exchange whose redirect was not followed.
pub fn first_response(exchanges: &[Exchange]) -> Option<&Exchange> {
    (0..exchanges.len()).find(|at| followed_by(exchanges, *at).is_none()).map(|at| &exchanges[at])
}

/// Returns the position of the same request, sent to where this one was redirected. A harmless request
/// follows the redirect of a call before the call does.
fn followed_by(exchanges: &[Exchange], at: usize) -> Option<usize> {
    let exchange = &exchanges[at];
    if !matches!(exchange.status(), Some(307 | 308)) {
        return None;
    }
    let is_harmless = |next: &Exchange| next.is(methods::PING) || next.is(methods::DISCOVER);
    let is_next = |next: &usize| {
        let next = &exchanges[*next];
        next.purpose == exchange.purpose || !is_harmless(next)
    };
    let next = (at + 1..exchanges.len()).find(is_next)?;
    let is_it = exchanges[next].purpose == exchange.purpose
        && exchanges[next].request.url != exchange.request.url;
    is_it.then_some(next)
}

/// One exchange of a trace with its role and outcome.
pub(super) struct Tried<'e> {
    /// Position among all exchanges.
    pub(super) at: usize,
    pub(super) role: Role,
    pub(super) exchange: &'e Exchange,
    pub(super) outcome: Outcome,
}

impl<'e> Tried<'e> {
    /// Determines the outcomes of all exchanges of a trace.
    pub(super) fn all(exchanges: &'e [Exchange], roles: &[Role]) -> Vec<Self> {
        let steps = roles.iter().zip(exchanges).enumerate();
        steps
            .map(|(at, (role, exchange))| {
                let outcome = Outcome::among(exchange, exchanges);
                let next = followed_by(exchanges, at).and_then(|next| roles.get(next));
                let role = if next == Some(role) { Role::Redirected } else { *role };
                Self { at, role, exchange, outcome }
            })
            .collect()
    }

    pub(super) fn worked(&self) -> bool {
        self.outcome.is_success()
    }

    /// Returns true if this side ended the exchange.
    pub(super) fn was_ended_here(&self) -> bool {
        matches!(self.outcome, Outcome::ClosedByUs)
    }

    pub(super) fn number(&self) -> usize {
        self.exchange.number
    }

    /// Returns the server's text in full: the message and `data` of an error, or else the body.
    pub(super) fn text(&self) -> String {
        let data = self.outcome.error().and_then(|error| error.data.as_ref());
        let data = data.map(|data| format!(" {}", data.get())).unwrap_or_default();
        self.exchange.signature().text + &data
    }

    pub(super) fn has_text_id(&self) -> bool {
        self.exchange.request_id().is_some_and(Value::is_string)
    }

    pub(super) fn has_cookie(&self) -> bool {
        self.exchange.request.header("cookie").is_some()
    }

    /// Returns a line that shows this side of a conclusion.
    pub(super) fn side(&self, form: &str) -> Side {
        let text = format!("{} {form}: {}", self.number(), summary(self.exchange, &self.outcome));
        Side { exchange: self.number(), worked: self.worked(), text }
    }

    /// Returns true if two requests were refused in the same way, whatever method the message names.
    pub(super) fn is_refused_like(&self, other: &Self) -> bool {
        is_refused_alike(self.exchange, other.exchange)
    }

    /// Returns true if two requests got the same response.
    pub(super) fn is_answered_like(&self, other: &Self) -> bool {
        self.exchange.signature() == other.exchange.signature()
    }

    /// Returns true if the failure may be over by now: an overloaded, starting or broken server.
    pub(super) fn may_be_temporary(&self) -> bool {
        let events = self.exchange.answer.iter().flat_map(|answer| &answer.events);
        match self.outcome {
            // A message in a wrong form comes again.
            Outcome::Ended => !events.into_iter().any(has_content),
            Outcome::Cut | Outcome::Nothing | Outcome::ClosedByUs => true,
            _ => matches!(self.exchange.status(), Some(408 | 409 | 425 | 429 | 500..)),
        }
    }

    /// Returns a finding about this exchange.
    pub(super) fn concludes(
        &self,
        rule: RuleId,
        certainty: Certainty,
        because: impl Into<String>,
        evidence: Vec<Side>,
    ) -> Finding {
        let (rule, exchange) = (rules::of(rule), self.number());
        Finding { rule, certainty, exchange, because: because.into(), evidence }
    }
}

/// Returns true if two requests were refused in the same way, whatever method the message names.
pub fn is_refused_alike(one: &Exchange, other: &Exchange) -> bool {
    let sign = |exchange: &Exchange| {
        let method = exchange.purpose.method.as_deref().unwrap_or_default();
        let signature = exchange.signature();
        Signature { text: signature.text.replace(method, ""), ..signature }
    };
    !one.outcome().is_success() && sign(one) == sign(other)
}

/// Returns true for an event with data that is no JSON-RPC message: a response in a wrong form, not none.
pub(super) fn has_content(event: &Event) -> bool {
    let data = event.data.as_deref().unwrap_or_default().trim();
    !data.is_empty() && jsonrpc::parse(data).is_err()
}
