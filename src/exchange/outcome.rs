//! Outcome of an exchange: what the server returned for this very request.

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Answer, BodyKind, Exchange, TransportErrorKind};
use crate::protocol::headers;
use crate::protocol::jsonrpc::{self, ErrorObject, Message};

/// What an exchange returned for its request. Computed from the status, the ids and the body, and how
/// the exchange ended; every judgement of an exchange starts from here.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A result with the id of this request.
    Result,
    /// A JSON-RPC error with the id of this request.
    Error(ErrorObject),
    /// A JSON-RPC error without an id, or with one that was not sent: many servers that refuse a
    /// request without reading it respond so.
    UnaddressedError(ErrorObject),
    /// A 2xx status for what needs no response: a notification, a response, a GET or a DELETE.
    Done,
    /// A request was accepted (202); its response may arrive on another stream.
    Accepted,
    /// A result, but with this other id, as received.
    OtherId(String),
    /// A complete HTTP response without a JSON-RPC response.
    Http,
    /// A stream that ended without a response.
    Ended,
    /// The connection broke before the response was complete.
    Cut,
    /// This side ended the exchange: a limit or Ctrl-C. Says nothing about the server.
    ClosedByUs,
    /// No response.
    Nothing,
}

impl Outcome {
    /// Determines the outcome of one exchange.
    pub fn of(exchange: &Exchange) -> Self {
        let by_us = exchange.failure.as_ref().is_some_and(super::TransportError::by_us);
        let Some(answer) = &exchange.answer else {
            return if by_us { Self::ClosedByUs } else { Self::Nothing };
        };
        let asked = exchange.request_id();
        if asked.is_none() && answer.is_success() {
            // A stream of the server carries responses to other requests.
            let error = answer.messages().filter(|_| answer.shape != BodyKind::Events);
            return match &exchange.failure {
                Some(_) if by_us => Self::ClosedByUs,
                Some(_) => Self::Cut,
                None => match error.flat_map(responses).next().map(|found| found.judge(None)) {
                    Some(refused @ Self::UnaddressedError(_)) => refused,
                    _ => Self::Done,
                },
            };
        }
        let mut best = None;
        for text in answer.messages() {
            for found in responses(text) {
                match found.judge(asked) {
                    own @ (Self::Result | Self::Error(_)) => return own,
                    other => best = Some(other),
                }
            }
        }
        if let Some(best) = best {
            return best;
        }
        match &exchange.failure {
            Some(_) if by_us => Self::ClosedByUs,
            Some(_) => Self::Cut,
            None if answer.status == 202 => Self::Accepted,
            None if answer.shape == BodyKind::Events => Self::Ended,
            None => Self::Http,
        }
    }

    /// Like [`Self::of`], but finds the response to a request that was accepted with 202 on the streams
    /// among `others`: HTTP+SSE servers respond there, and some others too.
    pub fn among<'e>(exchange: &Exchange, others: impl IntoIterator<Item = &'e Exchange>) -> Self {
        let outcome = Self::of(exchange);
        let (Self::Accepted, Some(asked)) = (&outcome, exchange.request_id()) else {
            return outcome;
        };
        let streams = others.into_iter().filter(|other| other.request.method == "GET");
        for answer in streams.filter_map(|stream| stream.answer.as_ref()) {
            for found in answer.messages().flat_map(responses) {
                if let own @ (Self::Result | Self::Error(_)) = found.judge(Some(asked)) {
                    return own;
                }
            }
        }
        outcome
    }

    /// Returns true for a result, and for what needs no response and got a 2xx status.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Result | Self::Done)
    }

    /// Returns the JSON-RPC error, addressed or not.
    pub fn error(&self) -> Option<&ErrorObject> {
        match self {
            Self::Error(error) | Self::UnaddressedError(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the name of the outcome in trace files and `--json`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Error(_) => "error",
            Self::UnaddressedError(_) => "unaddressed-error",
            Self::Done => "done",
            Self::Accepted => "accepted",
            Self::OtherId(_) => "other-id",
            Self::Http => "http",
            Self::Ended => "ended",
            Self::Cut => "cut",
            Self::ClosedByUs => "closed-by-us",
            Self::Nothing => "nothing",
        }
    }
}

/// A response found in a body.
enum Found {
    Result(Option<Value>),
    /// A result in a message of which only the beginning is kept.
    LostId,
    Error(Option<Value>, ErrorObject),
}

impl Found {
    fn judge(self, asked: Option<&Value>) -> Outcome {
        match self {
            Self::LostId => Outcome::Result,
            Self::Result(id) if id.as_ref() == asked && id.is_some() => Outcome::Result,
            Self::Result(id) => {
                Outcome::OtherId(id.map_or_else(|| "missing".to_owned(), |id| id.to_string()))
            }
            Self::Error(id, error) if id.as_ref() == asked && id.is_some() => Outcome::Error(error),
            Self::Error(_, error) => Outcome::UnaddressedError(error),
        }
    }
}

/// Returns the responses in one body or event.
fn responses(text: &str) -> Vec<Found> {
    let value = |id: Option<Box<RawValue>>| id.and_then(|id| serde_json::from_str(id.get()).ok());
    let Ok(messages) = jsonrpc::parse(text) else {
        return wrapped(text).or_else(|| cut_short(text)).into_iter().collect();
    };
    let found = messages.into_iter().filter_map(|message| match message {
        Message::Result { id, .. } => Some(Found::Result(value(id))),
        Message::Error { id, error } => Some(Found::Error(value(id), error)),
        _ => None,
    });
    found.collect()
}

/// Returns the error that Java servers wrap in an object of their own.
fn wrapped(text: &str) -> Option<Found> {
    let value: Value = serde_json::from_str(text).ok()?;
    let inner = value.get("jsonRpcError")?;
    let message = inner["message"].as_str().unwrap_or_default().to_owned();
    Some(Found::Error(None, ErrorObject { code: inner["code"].as_i64(), message, data: None }))
}

/// Returns the result in a long message, of which only the beginning is kept. Its id is lost if it comes
/// last.
fn cut_short(text: &str) -> Option<Found> {
    if text.len() < super::KEEP_BODY / 2 {
        return None;
    }
    let result = text.find("\"result\"")?;
    let head = text[..result].trim_end().trim_end_matches(',');
    // The members before the result are complete.
    let value: Value = serde_json::from_str(&format!("{head}}}")).ok()?;
    Some(value.get("id").cloned().map_or(Found::LostId, |id| Found::Result(Some(id))))
}

impl Answer {
    /// Returns the messages of the body: the document, or the data of each event.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        // JSON may be labelled as anything.
        let document = match self.shape {
            BodyKind::Json => Some(self.body.as_str()),
            BodyKind::Events => None,
            _ => Some(self.body.as_str()).filter(|body| body.trim_start().starts_with('{')),
        };
        let data = self.events.iter().filter_map(|event| event.data.as_deref());
        document.into_iter().chain(data.filter(|data| !data.is_empty()))
    }
}

/// What two responses must share to count as the same answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Signature {
    /// HTTP status code.
    pub status: Option<u16>,
    /// Reason for an early end.
    pub failure: Option<TransportErrorKind>,
    /// Code of the JSON-RPC error.
    pub code: Option<i64>,
    /// Message of the JSON-RPC error, or else the body.
    pub text: String,
}

impl Signature {
    /// Returns true if both responses have the same status and error code.
    pub fn is_same_error(&self, other: &Self) -> bool {
        (self.status, self.code) == (other.status, other.code)
    }
}

impl Exchange {
    /// Returns the signature of the response, to compare it with that of another request.
    pub fn signature(&self) -> Signature {
        let outcome = self.outcome();
        let body = || self.answer.as_ref().map(|answer| answer.body.clone()).unwrap_or_default();
        Signature {
            status: self.status(),
            failure: self.failure.as_ref().map(|failure| failure.kind),
            code: outcome.error().and_then(|error| error.code),
            text: outcome.error().map_or_else(body, |error| error.message.clone()),
        }
    }

    /// Returns the outcome of the exchange.
    pub fn outcome(&self) -> Outcome {
        Outcome::of(self)
    }

    /// Returns a sentence on what was still arriving when a limit of this side ended the exchange.
    pub fn was_receiving(&self) -> Option<&'static str> {
        use TransportErrorKind::{StoppedWaiting, TooSlow};
        let is_time_limit = match self.failure.as_ref()?.kind {
            // Nothing at all arrived for that long.
            TooSlow(option) => option != "--silence-timeout",
            kind => kind == StoppedWaiting,
        };
        let answer = self.answer.as_ref().filter(|_| is_time_limit)?;
        let kind = answer.header("content-type").unwrap_or_default();
        if answer.shape != BodyKind::Events && !kind.starts_with(headers::EVENT_STREAM) {
            return Some("The response had begun, and is incomplete.");
        }
        Some(match answer.events.last() {
            Some(last) if last.data.is_none() && !last.comments.is_empty() => {
                "The server was still sending keep-alive comments."
            }
            Some(_) => "The stream is open: events had arrived, but not the response.",
            None => "The stream is open: no event had arrived.",
        })
    }

    /// Returns true if the result has members that only the modern era has (2026-07-28, Overview).
    pub fn has_modern_marks(&self) -> bool {
        let text = self.answer.as_ref().and_then(Answer::last_message).unwrap_or_default();
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let result = &value["result"];
        ["resultType", "ttlMs", "cacheScope"].iter().any(|key| result.get(key).is_some())
            || result["_meta"].get(crate::protocol::envelope::META_SERVER).is_some()
            || result.get("supportedVersions").is_some()
    }

    /// Returns the id of the JSON-RPC request; `None` for a notification, a response and a request
    /// without a body.
    pub fn request_id(&self) -> Option<&Value> {
        #[derive(serde::Deserialize)]
        struct Head {
            #[serde(default)]
            id: Option<Value>,
            #[serde(default)]
            method: Option<serde::de::IgnoredAny>,
        }
        let read = || {
            let head: Head = serde_json::from_str(&self.request.body).ok()?;
            head.method.and(head.id)
        };
        self.id.get_or_init(read).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::{answered, sent};
    use crate::exchange::{Event, TransportError};

    fn of(status: u16, body: &str) -> &'static str {
        answered(sent("tools/call", None), status, body).outcome().as_str()
    }

    fn streamed(data: &[&str]) -> Exchange {
        let mut exchange = answered(sent("tools/call", None), 200, "");
        let answer = exchange.answer.as_mut().unwrap();
        answer.shape = BodyKind::Events;
        let event = |data: &&str| Event { data: Some((*data).to_owned()), ..Event::default() };
        answer.events = data.iter().map(event).collect();
        exchange
    }

    #[test]
    fn a_request_that_was_cut_keeps_its_id() {
        let error = r#"{"jsonrpc":"2.0","id":"x","error":{"code":-32602,"message":"no"}}"#;
        let mut large = answered(sent("tools/call", None), 200, error);
        let filler = "a".repeat(crate::exchange::KEEP_BODY);
        large.request.body = format!(
            r#"{{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{{"a":"{filler}"}}}}"#
        );
        large.cut_request();
        assert_eq!(large.request.body.len(), crate::exchange::KEEP_BODY);
        assert_eq!((large.outcome().as_str(), large.has_id()), ("error", true));
    }

    #[test]
    fn only_a_result_for_this_request_is_a_result() {
        assert_eq!(of(200, r#"{"jsonrpc":"2.0","id":"x","result":{}}"#), "result");
        assert_eq!(of(200, r#"[{"method":"n"},{"id":"x","result":{}}]"#), "result");
        for id in ["null", "0", "\"X\"", "\"y\""] {
            assert_eq!(of(200, &format!(r#"{{"id":{id},"result":{{}}}}"#)), "other-id", "{id}");
        }
        assert_eq!(of(200, r#"{"result":{}}"#), "other-id");
        assert_eq!(of(400, r#"{"id":"x","error":{"code":-32602,"message":"no"}}"#), "error");
        assert_eq!(
            of(200, r#"{"id":null,"error":{"code":1,"message":"no"}}"#),
            "unaddressed-error"
        );
        assert_eq!(of(200, r#"{"id":"y","error":{"code":1,"message":"no"}}"#), "unaddressed-error");
        assert_eq!(of(500, r#"{"jsonRpcError":{"code":1,"message":"no"}}"#), "unaddressed-error");
        assert_eq!(of(202, ""), "accepted");
        for (status, body) in [(200, ""), (200, "{}"), (500, ""), (404, "<html>"), (204, "")] {
            assert_eq!(of(status, body), "http", "{status} {body}");
        }
    }

    #[test]
    fn what_was_arriving_at_a_limit_is_told() {
        let limit = |exchange: &mut Exchange| {
            exchange.failure = Some(TransportError::too_long(std::time::Duration::from_secs(1)));
        };
        let mut exchange = streamed(&[]);
        assert_eq!(exchange.was_receiving(), None);
        limit(&mut exchange);
        assert!(exchange.was_receiving().unwrap().contains("no event"));
        exchange = streamed(&["{}"]);
        limit(&mut exchange);
        assert!(exchange.was_receiving().unwrap().contains("events had arrived"));
        let comment = Event { comments: vec!["ping".into()], ..Event::default() };
        exchange.answer.as_mut().unwrap().events.push(comment);
        assert!(exchange.was_receiving().unwrap().contains("keep-alive comments"));
        exchange.failure = Some(TransportError::broken("x"));
        assert_eq!(exchange.was_receiving(), None);
        let mut document = answered(sent("tools/call", None), 200, "{\"a");
        limit(&mut document);
        assert!(document.was_receiving().unwrap().contains("incomplete"));
    }

    #[test]
    fn what_asks_nothing_needs_no_result() {
        let told = |status, body: &str| {
            answered(sent("notifications/initialized", None), status, body).outcome().as_str()
        };
        assert_eq!(told(202, ""), "done");
        assert_eq!(told(200, "ok"), "done");
        assert_eq!(
            told(200, r#"{"id":null,"error":{"code":1,"message":"no"}}"#),
            "unaddressed-error"
        );
        assert_eq!(told(400, "no"), "http");
    }

    #[test]
    fn a_response_may_come_after_other_messages_and_on_another_stream() {
        let (notified, result) = (r#"{"method":"n"}"#, r#"{"id":"x","result":{}}"#);
        assert_eq!(streamed(&[notified, result]).outcome().as_str(), "result");
        assert_eq!(streamed(&[r#"{"id":"y","result":{}}"#, result]).outcome().as_str(), "result");
        assert_eq!(streamed(&[notified]).outcome().as_str(), "ended");
        let mut stream = streamed(&[result]);
        stream.request.method = "GET";
        stream.request.body.clear();
        let accepted = answered(sent("tools/call", None), 202, "");
        assert_eq!(Outcome::among(&accepted, []).as_str(), "accepted");
        assert_eq!(Outcome::among(&accepted, [&stream]).as_str(), "result");
        let refused = answered(sent("tools/call", None), 400, "");
        assert_eq!(Outcome::among(&refused, [&stream]).as_str(), "http");
    }

    #[test]
    fn an_early_end_is_ours_or_the_servers() {
        let ended = |mut exchange: Exchange, failure| {
            exchange.failure = Some(failure);
            exchange.outcome().as_str()
        };
        let limit = || TransportError::too_long(std::time::Duration::from_secs(1));
        let broken = || TransportError::broken("x");
        assert_eq!(ended(sent("ping", None), limit()), "closed-by-us");
        assert_eq!(ended(sent("ping", None), broken()), "nothing");
        assert_eq!(ended(streamed(&[]), limit()), "closed-by-us");
        assert_eq!(ended(streamed(&[]), broken()), "cut");
        let mut interrupted = limit();
        interrupted.kind = TransportErrorKind::Interrupted;
        assert_eq!(ended(answered(sent("ping", None), 200, "{"), interrupted), "closed-by-us");
    }

    #[test]
    fn a_long_result_is_known_by_its_beginning() {
        let long = "y".repeat(KEEP);
        let body = format!(r#"{{"jsonrpc":"2.0","id":"x","result":{{"content":"{long}"#);
        assert_eq!(of(200, &body), "result");
        assert_eq!(of(200, &body.replace("\"x\"", "\"y\"")), "other-id");
        assert_eq!(of(200, &format!(r#"{{"result":{{"content":"{long}"#)), "result");
    }

    const KEEP: usize = super::super::KEEP_BODY;
}
