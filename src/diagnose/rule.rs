//! Rules, the evidence they examine, and the findings they return.

use super::id::RuleId;
use crate::exchange::{Answer, BodyKind, Exchange, Outcome, TransportErrorKind};
use crate::exit::Kind;
use crate::protocol::headers;
use crate::protocol::jsonrpc::ErrorObject;
use crate::protocol::version::Era;
use crate::protocol::{codes, methods};

/// Certainty of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// One explanation among others.
    Possible,
    /// Nearly always the right explanation.
    Likely,
    /// The only explanation for the evidence.
    Certain,
}

impl Certainty {
    /// Returns the name of the certainty.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// Conclusion of a rule: its certainty and the reason.
pub(crate) struct Conclusion {
    pub(crate) certainty: Certainty,
    /// Evidence in words, if there is more than the exchange shows.
    pub(crate) because: String,
}

impl From<Certainty> for Conclusion {
    fn from(certainty: Certainty) -> Self {
        Self { certainty, because: String::new() }
    }
}

/// Source of the first line of a failure.
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
    /// The commands for the kind of failure.
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

/// Number of earlier exchanges that a rule examines, unless it examines none.
pub(crate) const RECENT: usize = 64;

/// One rule of the diagnosis: what it looks for, what it says, and what follows from it.
pub struct Rule {
    /// The name.
    pub id: RuleId,
    /// Description of the failure, as a clause without a full stop.
    pub title: &'static str,
    /// Meaning of the failure, and the remedy for the client.
    pub means: &'static str,
    /// Instructions for the server's operator if the server is wrong; else empty.
    pub server: &'static str,
    /// The section of the specification; empty if there is none.
    pub specification: &'static str,
    /// The text of `explain`: paragraphs separated by empty lines.
    pub about: &'static str,
    /// The kind of failure that it is, if the rule is certain of it; `None` leaves the kind as it is.
    pub exit: Option<Kind>,
    /// Source of the first line of a failure.
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
    /// Number of earlier exchanges that the rule examines. Handshakes and DELETE requests are kept in
    /// any case.
    pub reach: usize,
    /// Examines the evidence of a failed exchange.
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

/// One finding of the diagnosis.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// Certainty of the finding.
    pub certainty: Certainty,
    /// Number of the exchange that shows the failure.
    pub exchange: usize,
    /// The evidence in words; empty if the exchange itself says it all.
    pub because: String,
    /// The exchanges that decide, one for each side of the conclusion.
    pub evidence: Vec<Side>,
}

/// One side of a conclusion.
#[derive(Debug, Clone)]
pub struct Side {
    /// Number of the exchange.
    pub exchange: usize,
    /// True if the request worked.
    pub worked: bool,
    /// The form of the request and its response, as one line.
    pub text: String,
}

impl Finding {
    /// Returns the numbers of the exchanges that decide: the one to explain, and the one that differs from it
    /// most.
    pub fn decisive(&self) -> Vec<usize> {
        let mut others = self.evidence.iter().filter(|side| side.exchange != self.exchange);
        let other = others.clone().find(|side| side.worked).or_else(|| others.next_back());
        let mut both: Vec<usize> =
            std::iter::once(self.exchange).chain(other.map(|side| side.exchange)).collect();
        both.sort_unstable();
        both
    }

    /// Returns the finding as an object of `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.rule.id,
            "certainty": self.certainty.as_str(),
            "title": self.rule.title,
            "means": self.rule.means,
            "server": self.rule.server,
            "because": self.because,
            "evidence": self.evidence.iter().map(|side| &side.text).collect::<Vec<_>>(),
            "exchange": self.exchange,
            "specification": self.rule.specification,
        })
    }
}

impl Rule {
    /// Applies the rule. Returns a finding if it matches.
    pub(super) fn apply(&'static self, evidence: &Evidence<'_>) -> Option<Finding> {
        let Conclusion { certainty, because } = (self.find)(evidence)?;
        Some(Finding {
            rule: self,
            certainty,
            exchange: evidence.exchange.number,
            because,
            evidence: Vec::new(),
        })
    }
}

/// Evidence for a rule: one failed exchange, and those before and after it. Later exchanges
/// are experiments, or further requests of the client.
pub(crate) struct Evidence<'e> {
    pub(crate) exchange: &'e Exchange,
    pub(crate) answer: Option<&'e Answer>,
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<ErrorObject>,
    pub(crate) earlier: &'e [Exchange],
    pub(crate) later: &'e [Exchange],
    text: String,
}

impl<'e> Evidence<'e> {
    /// Collects the evidence around one exchange.
    pub(super) fn around(exchanges: &'e [Exchange], at: usize) -> Self {
        let exchange = &exchanges[at];
        let answer = exchange.answer.as_ref();
        let (earlier, later) = (&exchanges[..at], &exchanges[at + 1..]);
        let outcome = Outcome::among(exchange, exchanges);
        let error = outcome.error().cloned();
        let message = error.as_ref().map(|error| error.message.as_str()).unwrap_or_default();
        let body = answer.map(|answer| answer.body.as_str()).unwrap_or_default();
        let text = format!("{message} {body}").to_lowercase();
        Self { exchange, answer, outcome, error, earlier, later, text }
    }

    /// Returns the status code, or 0 without a response.
    pub(crate) fn status(&self) -> u16 {
        self.exchange.status().unwrap_or_default()
    }

    /// Returns why the exchange ended early.
    pub(crate) fn failure(&self) -> Option<TransportErrorKind> {
        self.exchange.failure.as_ref().map(|failure| failure.kind)
    }

    /// Returns the code of the JSON-RPC error.
    pub(crate) fn code(&self) -> Option<i64> {
        self.error.as_ref().and_then(|error| error.code)
    }

    /// Returns true if the text of the response contains one of these words, in lower case.
    pub(crate) fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }

    /// Returns the value of a response header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.answer.and_then(|answer| answer.header(name))
    }

    pub(crate) fn shape(&self) -> Option<BodyKind> {
        self.answer.map(|answer| answer.shape)
    }

    /// Returns the challenge that requests credentials, if any.
    pub(crate) fn challenge(&self) -> Option<&str> {
        self.answer.and_then(Answer::challenge)
    }

    pub(crate) fn is_post(&self) -> bool {
        self.exchange.request.method == "POST"
    }

    /// Returns the session id that was sent, even if it is empty.
    pub(crate) fn session(&self) -> Option<&'e str> {
        self.exchange.session_sent()
    }

    /// Returns true if the headers of the request are those of the modern era.
    pub(crate) fn is_modern_request(&self) -> bool {
        is_modern_request(self.exchange)
    }

    /// Returns true if an earlier handshake succeeded.
    pub(crate) fn after_handshake(&self) -> bool {
        self.earlier
            .iter()
            .any(|exchange| exchange.is(methods::INITIALIZE) && self.worked(exchange))
    }

    /// Returns true if an exchange returned a result, on its own stream or on another one, or needed none.
    pub(crate) fn worked(&self, exchange: &Exchange) -> bool {
        Outcome::among(exchange, self.earlier.iter().chain(self.later)).is_success()
    }

    /// Returns the handshake that issued the session id of the request.
    pub(crate) fn issuing(&self) -> Option<&'e Exchange> {
        let session = self.session()?;
        self.earlier.iter().rev().find(|exchange| issues(exchange, session))
    }

    /// Returns a later success of the same request for which `holds` returns true.
    pub(crate) fn works_later(&self, holds: impl Fn(&Exchange) -> bool) -> Option<&'e Exchange> {
        self.later.iter().find(|exchange| {
            exchange.purpose == self.exchange.purpose && holds(exchange) && self.worked(exchange)
        })
    }

    /// Returns true if another request got the same response.
    pub(crate) fn alike(&self, other: &Exchange) -> bool {
        self.exchange.signature() == other.signature()
    }

    /// Returns true if the error code has a cause other than the session: parse error, unknown
    /// method, invalid parameters, or a modern error.
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

/// Returns true if the headers of a request are those of the modern era.
pub(super) fn is_modern_request(exchange: &Exchange) -> bool {
    let version = exchange.request.header(headers::PROTOCOL_VERSION);
    exchange.request.header(headers::METHOD).is_some()
        || version.is_some_and(|version| is_date(version) && Era::of(version) == Era::Modern)
}

fn is_date(version: &str) -> bool {
    version.len() == 10 && version.starts_with("20")
}

/// Returns true if a successful `initialize` issued this session id. Checks the header
/// first, because recordings are long and parsing a body takes time.
pub fn issues(exchange: &Exchange, session: &str) -> bool {
    let header = exchange.answer.as_ref().and_then(|answer| answer.header(headers::SESSION_ID));
    header == Some(session) && issued(exchange) == Some(session)
}

/// Returns the session id issued by a successful `initialize`.
pub(crate) fn issued(exchange: &Exchange) -> Option<&str> {
    let answer = exchange.answer.as_ref().filter(|_| exchange.is(methods::INITIALIZE))?;
    if !exchange.outcome().is_success() {
        return None;
    }
    answer.session_id()
}

/// Returns true if an exchange returned a tool error (`isError`).
pub fn tool_failed(exchange: &Exchange) -> bool {
    let message = exchange.answer.as_ref().and_then(Answer::last_message);
    let value: Option<serde_json::Value> = message.and_then(|text| serde_json::from_str(text).ok());
    value.is_some_and(|value| value["result"]["isError"] == true)
}
