//! A rule, what it looks at, and what it finds.

use super::id::RuleId;
use crate::exchange::{Answer, Exchange, FailureKind, Shape};
use crate::exit::Kind;
use crate::protocol::headers;
use crate::protocol::jsonrpc::{self, ErrorObject, Message};
use crate::protocol::version::Era;
use crate::protocol::{codes, methods};

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

/// Whose words are the first line of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstLine {
    /// The rule's title, unless the client itself read the response and says what is wrong with it.
    Rule,
    /// The rule's title in any case.
    Always,
    /// The client's own message: it is more precise than the title.
    Client,
}

/// The commands to suggest after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Whatever suits the kind of failure.
    ByKind,
    /// Do the handshake.
    Handshake,
    /// Initialize again, which detects the era.
    Init,
    /// Log in.
    Login,
    /// Try another address.
    OtherAddress,
    /// Trace the server, and show what was sent.
    LookCloser,
    /// None.
    Nothing,
}

/// How many earlier exchanges a rule looks at unless it needs none.
pub(crate) const RECENT: usize = 64;

/// One rule of the diagnosis: what it looks for, what it says, and what follows from it.
pub struct Rule {
    /// The name.
    pub id: RuleId,
    /// What went wrong, as a clause without a full stop.
    pub title: &'static str,
    /// What that means, and what a client must do.
    pub means: &'static str,
    /// What the server's operator must do if the server is wrong; else empty.
    pub server: &'static str,
    /// The section of the specification; empty if there is none.
    pub specification: &'static str,
    /// The text of `explain`: paragraphs separated by empty lines.
    pub about: &'static str,
    /// The kind of failure that it is, if the rule is certain of it; `None` leaves the kind as it is.
    pub exit: Option<Kind>,
    /// Whose words are the first line of a failure.
    pub first_line: FirstLine,
    /// The commands to suggest.
    pub next: Next,
    /// Says only that a token is missing: an error of the authorization itself says more.
    pub is_general: bool,
    /// `trace` ends here: no later step could tell more.
    pub stops_trace: bool,
    /// `trace` provokes it with requests that are wrong on purpose, so that it is no finding there.
    pub is_provoked: bool,
    /// `trace` repeats the request on new connections, which tells the causes of this apart.
    pub is_repeated: bool,
    /// How many earlier exchanges the rule looks at, apart from handshakes and ends of sessions.
    pub reach: usize,
    /// Looks at the evidence of a failed exchange.
    pub(crate) find: fn(&Evidence<'_>) -> Option<Conclusion>,
}

/// The defaults of a rule.
pub(crate) const RULE: Rule = Rule {
    id: RuleId::Unknown,
    title: "",
    means: "",
    server: "",
    specification: "",
    about: "",
    exit: None,
    first_line: FirstLine::Rule,
    next: Next::ByKind,
    is_general: false,
    stops_trace: false,
    is_provoked: false,
    is_repeated: false,
    reach: 0,
    find: |_| None,
};

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rule({})", self.id)
    }
}

/// One conclusion.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How certain it is.
    pub certainty: Certainty,
    /// The number of the exchange that shows it.
    pub exchange: usize,
    /// The evidence in words; empty if the exchange itself says it all.
    pub because: String,
}

impl Finding {
    /// Returns the finding as an object of `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.rule.id,
            "certainty": self.certainty.as_str(),
            "title": self.rule.title,
            "means": self.rule.means,
            "server": self.rule.server,
            "because": self.because,
            "exchange": self.exchange,
            "specification": self.rule.specification,
        })
    }
}

impl Rule {
    /// Applies the rule.
    pub(super) fn apply(&'static self, evidence: &Evidence<'_>) -> Option<Finding> {
        let Conclusion { certainty, because } = (self.find)(evidence)?;
        Some(Finding { rule: self, certainty, exchange: evidence.exchange.number, because })
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

    /// Returns why the exchange ended early.
    pub(crate) fn failure(&self) -> Option<FailureKind> {
        self.exchange.failure.as_ref().map(|failure| failure.kind)
    }

    /// Returns the code of the JSON-RPC error.
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
        self.earlier.iter().any(|exchange| exchange.is(methods::INITIALIZE) && succeeded(exchange))
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
        matches!(
            self.code(),
            Some(
                codes::PARSE_ERROR
                    | codes::INVALID_PARAMS
                    | codes::HEADER_MISMATCH
                    | codes::MISSING_CAPABILITY
                    | codes::UNSUPPORTED_VERSION
            )
        ) || (self.code() == Some(codes::METHOD_NOT_FOUND) && !self.says(&["session"]))
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
    let answer = exchange.answer.as_ref().filter(|_| exchange.is(methods::INITIALIZE))?;
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
