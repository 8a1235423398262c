//! The evidence: one HTTP request with its answer, as sent and received, with times.
//!
//! Everything that is explained later is explained from these records. They hold secrets; what is
//! shown of them goes through the [`Redactor`] that every observer is given.

mod failure;
mod recorder;
#[cfg(test)]
pub(crate) mod testing;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use crate::protocol::headers;
use crate::protocol::jsonrpc::{self, Message};
use crate::protocol::version;
use crate::redact::{Redactor, is_sensitive_header, secrets_of};

pub use failure::{Failure, FailureKind, Objection, Phase};
pub use recorder::{Observer, Recorder};

/// As much of a body is kept as evidence; a longer one is marked as cut.
pub const KEEP_BODY: usize = 64 * 1024;
/// As many events and chunks are kept; the rest is counted.
pub const KEEP_EVENTS: usize = 1000;

/// As many bytes of all events together are kept; the rest is counted.
pub const KEEP_STREAM: usize = 1024 * 1024;

/// What an exchange is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purpose {
    /// The JSON-RPC method, where the request carries one.
    pub method: Option<String>,
    /// What the method is applied to: a tool's name.
    pub subject: Option<String>,
}

impl Purpose {
    /// A request or notification of this method.
    pub fn of(method: &str) -> Self {
        Self { method: Some(method.to_owned()), subject: None }
    }

    /// The purpose of a body: its JSON-RPC method, and what that is applied to.
    pub fn of_body(body: &str) -> Self {
        let message: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        let method = message["method"].as_str().map(str::to_owned);
        Self { method, ..Self::of_params("", &message["params"]) }
    }

    /// This method, applied to what its parameters name.
    pub fn of_params(method: &str, params: &serde_json::Value) -> Self {
        let subject = params["name"].as_str().or_else(|| params["uri"].as_str());
        Self { method: Some(method.to_owned()), subject: subject.map(str::to_owned) }
    }

    /// The same, applied to something.
    pub fn on(method: &str, subject: &str) -> Self {
        Self { method: Some(method.to_owned()), subject: Some(subject.to_owned()) }
    }
}

impl std::fmt::Display for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.method.as_deref().unwrap_or_default())?;
        if let Some(subject) = &self.subject {
            write!(f, " {subject}")?;
        }
        Ok(())
    }
}

/// A request as it was handed to the HTTP layer.
#[derive(Clone)]
pub struct Request {
    /// `POST`, `GET` or `DELETE`.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// Header names in lower case, and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body; empty where there is none.
    pub body: String,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }
}

/// The connection that an exchange went over.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// It was open already, from an earlier exchange of this process.
    pub reused: bool,
    /// The address that answered the connection: the server's, or the proxy's.
    pub peer: Option<SocketAddr>,
    /// Addresses that were tried in vain, with what each said.
    pub refused: Vec<(SocketAddr, String)>,
    /// The proxy in between, without its password.
    pub proxy: Option<String>,
    /// What TLS agreed on.
    pub tls: Option<Tls>,
}

/// What a TLS handshake agreed on.
#[derive(Debug, Clone)]
pub struct Tls {
    /// `TLSv1_3`, for instance.
    pub version: String,
    /// The cipher suite.
    pub cipher: String,
    /// The server's certificate, in DER.
    pub certificate: Vec<u8>,
    /// The SHA-256 digest of the certificate, in hexadecimal.
    pub fingerprint: String,
    /// The names that the certificate is for.
    pub names: Vec<String>,
}

/// Times since the exchange began, in the phases that curl has; `None` for what did not happen.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// The name was looked up.
    pub lookup: Option<Duration>,
    /// The TCP connection was made (to the proxy, where there is one).
    pub connect: Option<Duration>,
    /// The TLS handshake was done.
    pub tls: Option<Duration>,
    /// The last byte of the request was written.
    pub sent: Option<Duration>,
    /// The first byte of the answer came.
    pub first_byte: Option<Duration>,
    /// The answer was complete, or given up.
    pub done: Option<Duration>,
}

/// Bytes on the wire, inside TLS where there is any.
#[derive(Clone, Default)]
pub struct Wire {
    /// The request's line and headers, byte by byte.
    pub request_head: Vec<u8>,
    /// The answer's status line and headers, byte by byte, with any interim answers before them.
    pub response_head: Vec<u8>,
    /// Bytes sent in all.
    pub sent: u64,
    /// Bytes received in all.
    pub received: u64,
    /// When bytes came, and how many, up to [`KEEP_EVENTS`].
    pub chunks: Vec<(Duration, usize)>,
}

/// What a body turned out to be, whatever its Content-Type said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Not read: an accepted notification has no body worth waiting for.
    Unread,
    /// Nothing.
    Empty,
    /// A JSON document.
    Json,
    /// A stream of events.
    Events,
    /// Markup.
    Html,
    /// Anything else.
    Text,
}

impl Shape {
    /// What a body is, by its first bytes; the label decides only where they do not.
    pub fn of(start: &[u8], labelled_stream: bool) -> Self {
        if start.is_empty() {
            return Shape::Empty;
        }
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        let looks_like_stream = [&b"event:"[..], b"data:", b"id:", b"retry:", b":"]
            .iter()
            .any(|field| text.starts_with(field));
        match text.first() {
            Some(b'{' | b'[') => Shape::Json,
            _ if labelled_stream || looks_like_stream => Shape::Events,
            Some(b'<') => Shape::Html,
            _ => Shape::Text,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Empty => "empty",
            Self::Json => "json",
            Self::Events => "events",
            Self::Html => "html",
            Self::Text => "text",
        }
    }
}

/// One block of an event stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// When it was complete, since the exchange began.
    pub at: Duration,
    /// The event type; `message` where the stream does not say.
    pub kind: String,
    /// The id that this very block carries, not one inherited from an earlier block.
    pub id: Option<String>,
    /// The reconnection time in milliseconds that this block carries.
    pub retry: Option<u64>,
    /// The data; `None` for a block that has no `data` line (a `retry` alone, say).
    pub data: Option<String>,
    /// Comments within the block (keep-alives).
    pub comments: Vec<String>,
}

/// What came back.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case, and values, in order.
    pub headers: Vec<(String, String)>,
    /// What the body turned out to be.
    pub shape: Shape,
    /// The body's beginning, up to [`KEEP_BODY`]; a stream's blocks are in `events`.
    pub body: String,
    /// Bytes of the body in all.
    pub body_length: u64,
    /// The blocks of a stream, up to [`KEEP_EVENTS`].
    pub events: Vec<Event>,
    /// Blocks that were not kept.
    pub events_dropped: u64,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The last message of the body: the data of the last event, or the document.
    pub fn last_message(&self) -> Option<&str> {
        match self.shape {
            Shape::Events => self
                .events
                .iter()
                .rev()
                .find_map(|event| event.data.as_deref().filter(|d| !d.is_empty())),
            Shape::Json => Some(&self.body),
            _ => None,
        }
    }
}

/// One HTTP request with its answer.
#[derive(Clone)]
pub struct Exchange {
    /// Counted from 1 within this process.
    pub number: usize,
    /// When it began.
    pub began: SystemTime,
    /// What it is for.
    pub purpose: Purpose,
    /// What was sent.
    pub request: Request,
    /// What it went over.
    pub connection: Connection,
    /// When what happened.
    pub times: Times,
    /// The bytes.
    pub wire: Wire,
    /// What came back, if anything did.
    pub answer: Option<Answer>,
    /// Why it ended early, if it did.
    pub failure: Option<Failure>,
}

impl Exchange {
    /// The session id that was sent.
    pub fn session_sent(&self) -> Option<&str> {
        self.request.header(headers::SESSION_ID)
    }

    /// The answer's status.
    pub fn status(&self) -> Option<u16> {
        self.answer.as_ref().map(|answer| answer.status)
    }

    /// Whether the answer is a JSON-RPC error with the id of this very request: real servers put
    /// anything there when they refuse what they have not read.
    pub fn error_names_its_request(&self) -> bool {
        let asked: serde_json::Value = serde_json::from_str(&self.request.body).unwrap_or_default();
        let message = self.answer.as_ref().and_then(Answer::last_message);
        let messages = message.and_then(|text| jsonrpc::parse(text).ok()).unwrap_or_default();
        messages.iter().any(|message| match message {
            Message::Error { id: Some(id), .. } => {
                let id = serde_json::from_str::<serde_json::Value>(id.get()).unwrap_or_default();
                asked["id"].is_string() && asked["id"] == id
            }
            _ => false,
        })
    }

    /// Whether this error, which is in the answer, proves a server of the modern era.
    pub fn proves_modern(&self, error: &jsonrpc::ErrorObject) -> bool {
        let status = self.status().unwrap_or_default();
        version::proves_modern(status, error, self.error_names_its_request())
    }

    /// Whether the request is a JSON-RPC request, and not a notification or the answer to something.
    pub fn has_id(&self) -> bool {
        #[derive(serde::Deserialize)]
        struct Head {
            #[serde(default)]
            id: Option<serde::de::IgnoredAny>,
            #[serde(default)]
            method: Option<serde::de::IgnoredAny>,
        }
        let head = serde_json::from_str::<Head>(&self.request.body);
        head.is_ok_and(|head| head.id.is_some() && head.method.is_some())
    }

    /// Teaches a redactor the secrets in here: what was sent to be let in, and sessions.
    pub fn teach(&self, redactor: &mut Redactor) {
        teach(&self.request, self.answer.as_ref(), redactor);
    }

    /// Whether the request carries this JSON-RPC method.
    pub fn is(&self, method: &str) -> bool {
        self.purpose.method.as_deref() == Some(method)
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exchange({} {} -> {:?})", self.number, self.purpose, self.status())
    }
}

/// Teaches a redactor the secrets of a request, and of its answer.
pub fn teach(request: &Request, answer: Option<&Answer>, redactor: &mut Redactor) {
    redactor.learn_query(&request.url);
    for (name, value) in &request.headers {
        if name == headers::SESSION_ID {
            redactor.learn_session(value);
        } else if is_sensitive_header(name) {
            for secret in secrets_of(name, value) {
                redactor.learn(&secret);
            }
        }
    }
    for (name, value) in answer.iter().flat_map(|answer| &answer.headers) {
        if name == headers::SESSION_ID {
            redactor.learn_session(value);
        } else if name == "set-cookie" {
            let pair = value.split(';').next().unwrap_or_default();
            redactor.learn(pair.split_once('=').map_or(pair, |(_, secret)| secret));
        }
    }
}

fn find_header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_what_it_is_whatever_its_label() {
        assert_eq!(Shape::of(b"", true), Shape::Empty);
        assert_eq!(Shape::of(b" {\"a\":1}", true), Shape::Json);
        assert_eq!(Shape::of(b"\xef\xbb\xbf[]", false), Shape::Json);
        assert_eq!(Shape::of(b"event: message\n", false), Shape::Events);
        assert_eq!(Shape::of(b": ok\n", false), Shape::Events);
        assert_eq!(Shape::of(b"\n\n", true), Shape::Events);
        assert_eq!(Shape::of(b"<!DOCTYPE html>", false), Shape::Html);
        assert_eq!(Shape::of(b"session not found\n", false), Shape::Text);
        assert_eq!(Shape::of(b"null", false), Shape::Text);
    }
}
