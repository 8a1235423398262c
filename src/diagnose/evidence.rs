//! The evidence that a rule examines: one failed exchange, and those before and after it.

use crate::exchange::{Answer, BodyKind, Exchange, Outcome, TransportErrorKind};
use crate::protocol::jsonrpc::ErrorObject;
use crate::protocol::version::Era;
use crate::protocol::{codes, headers, methods};

use super::certainty::Certainty;

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

    /// Returns the earlier exchanges of the same client.
    pub(crate) fn before(&self) -> impl DoubleEndedIterator<Item = &'e Exchange> {
        let exchange = self.exchange;
        self.earlier.iter().filter(move |earlier| is_same_client(earlier, exchange))
    }

    /// Returns true if an earlier handshake of the same client succeeded.
    pub(crate) fn after_handshake(&self) -> bool {
        self.before().any(|exchange| exchange.is(methods::INITIALIZE) && self.worked(exchange))
    }

    /// Returns true if an exchange returned a result, on its own stream or on another one, or needed none.
    pub(crate) fn worked(&self, exchange: &Exchange) -> bool {
        // A refusal without a result need not be parsed.
        let is_refusal = exchange.answer.as_ref().is_some_and(|answer| {
            !answer.is_success() && answer.events.is_empty() && !answer.body.contains("\"result\"")
        });
        !is_refusal && Outcome::among(exchange, self.earlier.iter().chain(self.later)).is_success()
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

    /// Returns the other exchanges, the earlier ones first.
    pub(crate) fn others(&self) -> impl Iterator<Item = &'e Exchange> {
        self.earlier.iter().chain(self.later)
    }

    /// Returns another request to the same URL for which `holds` returns true, and which worked: what they have
    /// in common is not the cause of the failure.
    pub(crate) fn works_with(&self, holds: impl Fn(&Exchange) -> bool) -> Option<&'e Exchange> {
        self.others().find(|other| {
            other.request.method == "POST"
                && other.request.url == self.exchange.request.url
                && other.has_id()
                && holds(other)
                && self.worked(other)
        })
    }

    /// Returns another request to the same URL for which `holds` returns true, and which got the same refusal:
    /// in what they differ is not the cause of the failure.
    pub(crate) fn fails_alike(&self, holds: impl Fn(&Exchange) -> bool) -> Option<&'e Exchange> {
        self.others().find(|other| {
            other.request.url == self.exchange.request.url
                && other.status() == self.exchange.status()
                && holds(other)
                && !self.worked(other)
                && self.alike(other)
        })
    }

    /// Returns true if a handshake worked at this address, as the request shows: it carries a session, or the
    /// client knows that it needs none.
    pub(crate) fn is_after_handshake_here(&self) -> bool {
        self.session().is_some_and(|id| !id.is_empty()) || self.exchange.request.is_sessionless
    }

    /// Returns false if the headers of the request were not recorded.
    pub(crate) fn knows_headers(&self) -> bool {
        !self.exchange.request.headers.is_empty()
    }

    /// Returns true if the refusal may come from what the request runs, such as a tool, and not from the server
    /// itself: tools have statuses and messages of their own. An error without the id of the request, and one
    /// that other requests get too, come from the server.
    pub(crate) fn may_be_own_error(&self) -> bool {
        runs_something(self.exchange)
            && !matches!(self.outcome, Outcome::UnaddressedError(_))
            && self.fails_alike(|other| !runs_something(other)).is_none()
    }

    /// Returns the certainty of what only the words of the refusal show.
    pub(crate) fn by_words(&self) -> Certainty {
        if self.may_be_own_error() { Certainty::Likely } else { Certainty::Certain }
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

/// Returns true if a request can run the code of a tool, a resource, a prompt or a completion.
fn runs_something(exchange: &Exchange) -> bool {
    [methods::CALL_TOOL, methods::READ_RESOURCE, methods::GET_PROMPT, methods::COMPLETE]
        .iter()
        .any(|method| exchange.is(method))
}

/// Returns true if the headers of a request are those of the modern era.
pub(super) fn is_modern_request(exchange: &Exchange) -> bool {
    let version = exchange.request.header(headers::PROTOCOL_VERSION);
    exchange.request.header(headers::METHOD).is_some()
        || version.is_some_and(|version| is_date(version) && Era::of(version) == Era::Modern)
}

/// Returns true if two requests may be of one client, by the name that it gives.
pub(super) fn is_same_client(one: &Exchange, other: &Exchange) -> bool {
    one.request.header("user-agent") == other.request.header("user-agent")
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
