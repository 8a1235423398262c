//! Conclusions from evidence: a pure function from exchanges to findings.
//!
//! The same findings end a failed command, stand in a trace and fill `--json` errors; nothing is
//! concluded anywhere else. What decides, in this order: what was sent, the status, the headers, the
//! parsed body; a message's text only raises certainty.

mod rules;

use crate::exchange::{Answer, Exchange};
use crate::protocol::jsonrpc::{self, ErrorObject, Message};

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// One explanation among others.
    Possible,
    /// What it nearly always is.
    Likely,
    /// Nothing else explains the evidence.
    Certain,
}

impl Certainty {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// One conclusion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name, the same for ever: scripts look for it.
    pub id: &'static str,
    /// How sure it is.
    pub certainty: Certainty,
    /// What went wrong, as a clause without a full stop.
    pub title: &'static str,
    /// What that means and what a client must do.
    pub means: &'static str,
    /// Where the specification says so.
    pub specification: &'static str,
}

/// What a rule looks at: the last exchange, and what came before it.
pub(crate) struct Evidence<'e> {
    pub(crate) exchange: &'e Exchange,
    pub(crate) answer: &'e Answer,
    pub(crate) error: Option<ErrorObject>,
    pub(crate) earlier: &'e [Exchange],
}

impl Evidence<'_> {
    fn code(&self) -> Option<i64> {
        self.error.as_ref().and_then(|error| error.code)
    }

    /// All the words of the answer, in lower case.
    fn text(&self) -> String {
        let message = self.error.as_ref().map(|error| error.message.as_str()).unwrap_or_default();
        format!("{message} {}", self.answer.body).to_lowercase()
    }

    /// Whether a handshake succeeded before.
    fn after_handshake(&self) -> bool {
        self.earlier.iter().any(|exchange| exchange.is("initialize") && succeeded(exchange))
    }
}

/// Explains the last of these exchanges; the surest finding first. Nothing is found in one that worked.
pub fn explain(exchanges: &[Exchange]) -> Vec<Finding> {
    let Some((last, earlier)) = exchanges.split_last() else { return Vec::new() };
    let Some(answer) = &last.answer else { return Vec::new() };
    let error = error_of(answer);
    if answer.is_success() && error.is_none() && answer.last_message().is_some() {
        return Vec::new();
    }
    if answer.is_success() && answer.shape == crate::exchange::Shape::Unread {
        return Vec::new();
    }
    let evidence = Evidence { exchange: last, answer, error, earlier };
    let mut findings: Vec<Finding> =
        rules::RULES.iter().filter_map(|rule| rule(&evidence)).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.certainty));
    findings
}

/// A plain sentence on an exchange where there is something to learn from it, even though it worked.
pub fn remark(exchange: &Exchange) -> Option<&'static str> {
    let answer = exchange.answer.as_ref()?;
    if !exchange.is("initialize") || !succeeded(exchange) {
        return None;
    }
    Some(match answer.header(crate::protocol::headers::SESSION_ID) {
        Some(_) => "the server issued a session id here: send it on every later request",
        None => "the server issued no session id: it keeps no sessions, and none must be sent",
    })
}

/// Whether an exchange brought a result (or an accepted notification).
pub fn succeeded(exchange: &Exchange) -> bool {
    exchange.answer.as_ref().is_some_and(|answer| answer.is_success() && error_of(answer).is_none())
        && exchange.failure.is_none()
}

/// Whether an exchange brought the result of a tool that reports failure itself.
pub fn tool_failed(exchange: &Exchange) -> bool {
    let message = exchange.answer.as_ref().and_then(Answer::last_message);
    let value: Option<serde_json::Value> = message.and_then(|text| serde_json::from_str(text).ok());
    value.is_some_and(|value| value["result"]["isError"] == true)
}

/// The JSON-RPC error in an answer, whatever the status and the label say.
fn error_of(answer: &Answer) -> Option<ErrorObject> {
    let messages = jsonrpc::parse(answer.last_message()?).ok()?;
    messages.into_iter().find_map(|message| match message {
        Message::Error { error, .. } => Some(error),
        _ => None,
    })
}
