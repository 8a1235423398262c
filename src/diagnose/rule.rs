//! A rule, what it looks at, and what it finds.

use crate::exchange::{Answer, Exchange, Shape};
use crate::protocol::headers;
use crate::protocol::jsonrpc::{self, ErrorObject, Message};
use crate::protocol::version::Era;

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

/// What a rule concludes from the evidence: how sure, and from what.
pub(crate) struct Conclusion {
    pub(crate) certainty: Certainty,
    /// The evidence in words, where there is more to say than the exchange shows.
    pub(crate) because: String,
}

impl From<Certainty> for Conclusion {
    fn from(certainty: Certainty) -> Self {
        Self { certainty, because: String::new() }
    }
}

/// One rule of the diagnosis.
pub struct Rule {
    /// The name, the same for ever: scripts look for it.
    pub id: &'static str,
    /// What went wrong, as a clause without a full stop.
    pub title: &'static str,
    /// What that means, and what a client must do.
    pub means: &'static str,
    /// What whoever runs the server must do, where it is the server that is wrong; else empty.
    pub server: &'static str,
    /// Where the specification says so.
    pub specification: &'static str,
    /// The long text of `explain`: paragraphs between empty lines.
    pub about: &'static str,
    /// Looks at the evidence of a failed exchange.
    pub(crate) find: fn(&Evidence<'_>) -> Option<Conclusion>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rule({})", self.id)
    }
}

/// One conclusion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub id: &'static str,
    /// How sure it is.
    pub certainty: Certainty,
    /// What went wrong, as a clause without a full stop.
    pub title: &'static str,
    /// What that means and what a client must do.
    pub means: &'static str,
    /// What whoever runs the server must do; empty where the server is right.
    pub server: &'static str,
    /// Where the specification says so.
    pub specification: &'static str,
    /// The number of the exchange that shows it.
    pub exchange: usize,
    /// The evidence in words; empty where the exchange itself says it all.
    pub because: String,
}

impl Finding {
    /// The finding for a program.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.id,
            "certainty": self.certainty.as_str(),
            "title": self.title,
            "means": self.means,
            "server": self.server,
            "because": self.because,
            "exchange": self.exchange,
            "specification": self.specification,
        })
    }
}

impl Rule {
    /// Applies the rule.
    pub(super) fn apply(&self, evidence: &Evidence<'_>) -> Option<Finding> {
        let Conclusion { certainty, because } = (self.find)(evidence)?;
        Some(Finding {
            id: self.id,
            certainty,
            title: self.title,
            means: self.means,
            server: self.server,
            specification: self.specification,
            exchange: evidence.exchange.number,
            because,
        })
    }
}

/// What a rule looks at: one exchange that failed, and what came before it and after it. What came
/// after it are experiments, or a client that went on.
pub(crate) struct Evidence<'e> {
    pub(crate) exchange: &'e Exchange,
    pub(crate) answer: Option<&'e Answer>,
    pub(crate) error: Option<ErrorObject>,
    pub(crate) earlier: &'e [Exchange],
    pub(crate) later: &'e [Exchange],
    text: String,
}

impl<'e> Evidence<'e> {
    /// The evidence around one of these exchanges.
    pub(super) fn around(exchanges: &'e [Exchange], at: usize) -> Self {
        let exchange = &exchanges[at];
        let answer = exchange.answer.as_ref();
        let error = answer.and_then(error_of);
        let message = error.as_ref().map(|error| error.message.as_str()).unwrap_or_default();
        let body = answer.map(|answer| answer.body.as_str()).unwrap_or_default();
        let text = format!("{message} {body}").to_lowercase();
        let (earlier, later) = (&exchanges[..at], &exchanges[at + 1..]);
        Self { exchange, answer, error, earlier, later, text }
    }

    /// The status; 0 where there was no answer.
    pub(crate) fn status(&self) -> u16 {
        self.exchange.status().unwrap_or_default()
    }

    pub(crate) fn code(&self) -> Option<i64> {
        self.error.as_ref().and_then(|error| error.code)
    }

    /// Whether the words of the answer, in lower case, hold one of these.
    pub(crate) fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }

    /// A header of the answer.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.answer.and_then(|answer| answer.header(name))
    }

    pub(crate) fn shape(&self) -> Option<Shape> {
        self.answer.map(|answer| answer.shape)
    }

    /// Whether a challenge asks for credentials.
    pub(crate) fn challenge(&self) -> Option<&str> {
        headers::CHALLENGES.iter().find_map(|name| self.header(name))
    }

    pub(crate) fn is_post(&self) -> bool {
        self.exchange.request.method == "POST"
    }

    /// The session id that was sent; an empty one is one all the same.
    pub(crate) fn session(&self) -> Option<&'e str> {
        self.exchange.session_sent()
    }

    /// Whether the request is of the modern era, by its own words.
    pub(crate) fn is_modern_request(&self) -> bool {
        let version = self.exchange.request.header(headers::PROTOCOL_VERSION);
        self.exchange.request.header(headers::METHOD).is_some()
            || version.is_some_and(|version| is_date(version) && Era::of(version) == Era::Modern)
    }

    /// Whether a handshake succeeded before.
    pub(crate) fn after_handshake(&self) -> bool {
        self.earlier.iter().any(|exchange| exchange.is("initialize") && succeeded(exchange))
    }

    /// The handshake that issued the session id which was sent.
    pub(crate) fn issuing(&self) -> Option<&'e Exchange> {
        let session = self.session()?;
        self.earlier.iter().rev().find(|exchange| issues(exchange, session))
    }

    /// Whether the same request succeeded later, where this holds of it.
    pub(crate) fn works_later(&self, holds: impl Fn(&Exchange) -> bool) -> Option<&'e Exchange> {
        self.later.iter().find(|exchange| {
            exchange.purpose == self.exchange.purpose && holds(exchange) && succeeded(exchange)
        })
    }

    /// Whether another exchange was answered in the very same way.
    pub(crate) fn alike(&self, other: &Exchange) -> bool {
        let error = other.answer.as_ref().and_then(error_of);
        other.status() == self.exchange.status()
            && error.as_ref().map(|error| (&error.code, &error.message))
                == self.error.as_ref().map(|error| (&error.code, &error.message))
    }

    /// Codes that name another cause than the session: parse error, unknown method, wrong parameters, a
    /// refusal of the modern era.
    pub(crate) fn names_another_cause(&self) -> bool {
        matches!(self.code(), Some(-32700 | -32602 | -32020 | -32021 | -32022))
            || (self.code() == Some(-32601) && !self.says(&["session"]))
    }
}

fn is_date(version: &str) -> bool {
    version.len() == 10 && version.starts_with("20")
}

/// Whether a successful `initialize` issued this very session id. Told by the header first: recordings are
/// long, and reading a body takes time.
pub(crate) fn issues(exchange: &Exchange, session: &str) -> bool {
    let header = exchange.answer.as_ref().and_then(|answer| answer.header(headers::SESSION_ID));
    header == Some(session) && issued(exchange) == Some(session)
}

/// The session id that a successful `initialize` issued.
pub(crate) fn issued(exchange: &Exchange) -> Option<&str> {
    let answer = exchange.answer.as_ref().filter(|_| exchange.is("initialize"))?;
    if !succeeded(exchange) {
        return None;
    }
    answer.header(headers::SESSION_ID).filter(|id| !id.is_empty())
}

/// Whether an exchange brought a result (or an accepted notification, or an open stream).
pub fn succeeded(exchange: &Exchange) -> bool {
    let Some(answer) = &exchange.answer else { return false };
    let asks = exchange.request.method == "POST" && exchange.has_id();
    // What is accepted with 202 is answered elsewhere, on the stream of the HTTP+SSE transport.
    let silent = asks
        && answer.status != 202
        && answer.last_message().is_none()
        && matches!(answer.shape, Shape::Empty | Shape::Events | Shape::Html | Shape::Text);
    answer.is_success() && error_of(answer).is_none() && exchange.failure.is_none() && !silent
}

/// Whether an exchange brought the result of a tool that reports failure itself.
pub fn tool_failed(exchange: &Exchange) -> bool {
    let message = exchange.answer.as_ref().and_then(Answer::last_message);
    let value: Option<serde_json::Value> = message.and_then(|text| serde_json::from_str(text).ok());
    value.is_some_and(|value| value["result"]["isError"] == true)
}

/// The JSON-RPC error in an answer, whatever the status and the label say. Java servers wrap theirs.
pub(crate) fn error_of(answer: &Answer) -> Option<ErrorObject> {
    let text = answer.last_message().or_else(|| {
        // Labelled as text or as nothing at all.
        Some(answer.body.as_str()).filter(|body| body.trim_start().starts_with('{'))
    })?;
    let messages = jsonrpc::parse(text).unwrap_or_default();
    let error = messages.into_iter().find_map(|message| match message {
        Message::Error { error, .. } => Some(error),
        _ => None,
    });
    error.or_else(|| {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        let inner = value.get("jsonRpcError")?;
        Some(ErrorObject {
            code: inner["code"].as_i64(),
            message: inner["message"].as_str().unwrap_or_default().to_owned(),
            data: None,
        })
    })
}
