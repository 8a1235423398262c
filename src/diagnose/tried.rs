//! One exchange of a trace with its outcome, and how it reads as evidence.

use super::rule::{Certainty, Finding, Rule};
use crate::exchange::{Exchange, Outcome};

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
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= MAX_TEXT {
        return text;
    }
    text.chars().take(MAX_TEXT - 1).chain(['…']).collect()
}

/// One exchange of a trace with its outcome.
pub(super) struct Tried<'e> {
    pub(super) at: usize,
    pub(super) exchange: &'e Exchange,
    pub(super) outcome: Outcome,
}

impl Tried<'_> {
    pub(super) fn worked(&self) -> bool {
        self.outcome.is_success()
    }

    pub(super) fn has_text_id(&self) -> bool {
        self.exchange.request_id().is_some_and(|id| id.is_string())
    }

    /// Returns a line that shows this side of a conclusion.
    pub(super) fn side(&self, form: &str) -> String {
        format!("{} {form}: {}", self.exchange.number, summary(self.exchange, &self.outcome))
    }

    /// Returns true if two requests got the same response: status, code and message, or body.
    pub(super) fn is_answered_like(&self, other: &Self) -> bool {
        let sign = |tried: &Self| {
            let error = tried.outcome.error().map(|error| (error.code, error.message.clone()));
            let body = tried.exchange.answer.as_ref().map(|answer| answer.body.clone());
            let kind = tried.exchange.failure.as_ref().map(|failure| failure.kind);
            (tried.exchange.status(), kind, error.is_none().then_some(body), error)
        };
        sign(self) == sign(other)
    }

    /// Returns true if the failure may be over by now: an overloaded, starting or broken server.
    pub(super) fn may_be_temporary(&self) -> bool {
        match self.outcome {
            Outcome::Cut | Outcome::Nothing | Outcome::Ended | Outcome::ClosedByUs => true,
            _ => matches!(self.exchange.status(), Some(408 | 409 | 425 | 429 | 500..)),
        }
    }

    pub(super) fn finding(
        &self,
        rule: &'static Rule,
        certainty: Certainty,
        because: &str,
    ) -> Finding {
        Finding {
            rule,
            certainty,
            exchange: self.exchange.number,
            because: because.to_owned(),
            evidence: Vec::new(),
        }
    }
}

impl Tried<'_> {
    pub(super) fn outcome_is_ours(&self) -> bool {
        matches!(self.outcome, Outcome::ClosedByUs)
    }
}
