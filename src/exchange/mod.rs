//! Recorded HTTP exchanges: request and response as sent and received, with times.
//!
//! All explanations are derived from these records. The records contain secrets; whatever
//! is shown passes through the [`Redactor`] that every observer receives.

mod history;
mod outcome;
mod purpose;
mod recorder;
#[cfg(test)]
pub(crate) mod testing;
mod transport_error;

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::protocol::headers;
use crate::protocol::jsonrpc;
use crate::protocol::version;
use crate::redact::{Redactor, is_sensitive_header, secrets_of};

pub use history::{History, is_milestone};
pub use outcome::{Outcome, Signature};
pub use purpose::Purpose;
pub use recorder::{Observer, Recorder};
pub use transport_error::{Objection, Phase, TransportError, TransportErrorKind};

/// Maximum number of bytes kept of a body; a longer one is marked as cut.
pub const KEEP_BODY: usize = 64 * 1024;
/// Maximum number of events and of chunks kept; the rest is only counted.
pub const KEEP_EVENTS: usize = 1000;

/// Maximum number of bytes kept of all events together; the rest is only counted.
pub const KEEP_STREAM: usize = 1024 * 1024;

/// A request as passed to the HTTP layer.
#[derive(Clone, Default)]
pub struct Request {
    /// `POST`, `GET` or `DELETE`.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// Header names in lower case with their values, in order.
    pub headers: Vec<(String, String)>,
    /// Body; empty if there is none.
    pub body: String,
    /// True if the client knows that the handshake issued no session id.
    pub is_sessionless: bool,
}

impl Request {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }
}

/// Connection used by an exchange.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// True if an earlier exchange of this process had opened the connection.
    pub reused: bool,
    /// Address of the peer: the server or the proxy.
    pub peer: Option<SocketAddr>,
    /// Addresses that could not be connected, with the reason for each.
    pub refused: Vec<(SocketAddr, String)>,
    /// Proxy URL without its password, if a proxy was used.
    pub proxy: Option<String>,
    /// Parameters of the TLS session, if any.
    pub tls: Option<Tls>,
}

/// Parameters negotiated in a TLS handshake.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Protocol version, such as `TLSv1_3`.
    pub version: String,
    /// Cipher suite.
    pub cipher: String,
    /// Certificate of the server, in DER.
    pub certificate: Vec<u8>,
    /// SHA-256 digest of the certificate, in hexadecimal.
    pub fingerprint: String,
    /// DNS names in the certificate.
    pub names: Vec<String>,
}

/// Times since the start of the exchange, in the same phases as curl; `None` for a phase
/// that did not occur.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// Name lookup finished.
    pub lookup: Option<Duration>,
    /// TCP connection established, to the proxy if there is one.
    pub connect: Option<Duration>,
    /// TLS handshake finished.
    pub tls: Option<Duration>,
    /// Last byte of the request written.
    pub sent: Option<Duration>,
    /// First byte of the response received.
    pub first_byte: Option<Duration>,
    /// Response complete or given up.
    pub done: Option<Duration>,
}

/// Bytes on the wire, before TLS encryption.
#[derive(Clone, Default)]
pub struct Wire {
    /// Request line and headers, byte for byte.
    pub request_head: Vec<u8>,
    /// Status line and headers of the response, byte for byte, after those of any interim
    /// responses.
    pub response_head: Vec<u8>,
    /// Total number of bytes sent.
    pub sent: u64,
    /// Total number of bytes received.
    pub received: u64,
    /// Arrival time and size of each chunk, up to [`KEEP_EVENTS`].
    pub chunks: Vec<(Duration, usize)>,
}

impl Wire {
    /// Returns true if the response begins with a frame of HTTP/2: SETTINGS or GOAWAY, on stream 0 (RFC 9113,
    /// 3.4 and 4.1).
    pub fn is_http2(&self) -> bool {
        matches!(self.response_head[..], [0, 0, _, 4 | 7, _, 0, 0, 0, 0, ..])
    }
}

/// Format of a body, detected from its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// Not read: the body of an accepted notification is of no use.
    Unread,
    /// Empty body.
    Empty,
    /// JSON document.
    Json,
    /// Event stream.
    Events,
    /// HTML or other markup.
    Html,
    /// Any other content.
    Text,
}

impl BodyKind {
    /// Detects the format from the first bytes; the Content-Type decides only if they are
    /// inconclusive.
    pub fn of(start: &[u8], labelled_stream: bool) -> Self {
        if start.is_empty() {
            return BodyKind::Empty;
        }
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        let looks_like_stream = [&b"event:"[..], b"data:", b"id:", b"retry:", b":"]
            .iter()
            .any(|field| text.starts_with(field));
        match text.first() {
            Some(b'{' | b'[') => BodyKind::Json,
            _ if labelled_stream || looks_like_stream => BodyKind::Events,
            Some(b'<') => BodyKind::Html,
            _ => BodyKind::Text,
        }
    }

    /// Returns the lower-case name of the format.
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
    /// Time at which the block was complete, since the start of the exchange.
    pub at: Duration,
    /// Event type; `message` if the stream states none.
    pub kind: String,
    /// Id in this block, not one inherited from an earlier block.
    pub id: Option<String>,
    /// Reconnection time in this block, in milliseconds.
    pub retry: Option<u64>,
    /// Data; `None` for a block without a `data` line, such as a lone `retry`.
    pub data: Option<String>,
    /// Comments within the block (keep-alives).
    pub comments: Vec<String>,
}

impl Event {
    /// Shortens all fields but the data to what is kept.
    pub fn shorten(&mut self) {
        for part in self.id.iter_mut().chain(&mut self.comments).chain([&mut self.kind]) {
            if part.len() > KEEP_BODY {
                *part = beginning(part).to_owned();
            }
        }
    }
}

/// The HTTP response.
#[derive(Clone)]
pub struct Answer {
    /// HTTP status code.
    pub status: u16,
    /// Header names in lower case with their values, in order.
    pub headers: Vec<(String, String)>,
    /// Detected format of the body.
    pub shape: BodyKind,
    /// Start of the body, up to [`KEEP_BODY`]; the blocks of a stream are in `events`.
    pub body: String,
    /// Total size of the body in bytes.
    pub body_length: u64,
    /// Blocks of a stream, up to [`KEEP_EVENTS`].
    pub events: Vec<Event>,
    /// Number of blocks that were not kept.
    pub events_dropped: u64,
    /// Content encoding that was decoded, if the body was compressed.
    pub decoded: Option<&'static str>,
}

impl Answer {
    /// Returns the session id in the headers; an empty one counts as none.
    pub fn session_id(&self) -> Option<&str> {
        self.header(headers::SESSION_ID).filter(|id| !id.is_empty())
    }

    /// Returns the challenge that requests credentials (RFC 9110, 11.6.1). Some gateways rename the
    /// header.
    pub fn challenge(&self) -> Option<&str> {
        headers::CHALLENGES.iter().find_map(|name| self.header(name))
    }

    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }

    /// Returns true for the stream of the HTTP+SSE transport, whose first event names the address to POST
    /// to (2024-11-05, Transports, "HTTP with SSE"). Comments are not events.
    pub fn is_http_sse(&self) -> bool {
        let first = self.events.iter().find(|event| event.data.is_some());
        first.is_some_and(|event| event.kind == "endpoint")
    }

    /// Returns true if the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns the last message of the body: the data of the last event, or the document.
    pub fn last_message(&self) -> Option<&str> {
        match self.shape {
            BodyKind::Events => self
                .events
                .iter()
                .rev()
                .find_map(|event| event.data.as_deref().filter(|d| !d.is_empty())),
            BodyKind::Json => Some(&self.body),
            _ => None,
        }
    }
}

/// One HTTP request with its response.
#[derive(Clone)]
pub struct Exchange {
    /// Number of the exchange, counted from 1 in this process.
    pub number: usize,
    /// Start time.
    pub began: SystemTime,
    /// Purpose of the request.
    pub purpose: Purpose,
    /// Request as sent.
    pub request: Request,
    /// Connection used.
    pub connection: Connection,
    /// Times of the phases.
    pub times: Times,
    /// Bytes on the wire.
    pub wire: Wire,
    /// Response, if any arrived.
    pub answer: Option<Answer>,
    /// Reason for an early end, if any.
    pub failure: Option<TransportError>,
    /// Cached JSON-RPC id; see [`Self::request_id`].
    pub id: OnceLock<Option<Value>>,
}

impl Exchange {
    /// Truncates the request body to `KEEP_BODY` bytes. Caches the request id first.
    pub fn cut_request(&mut self) {
        self.request_id();
        let kept = beginning(&self.request.body).len();
        self.request.body.truncate(kept);
        self.request.body.shrink_to_fit();
    }

    /// Returns the session id that was sent.
    pub fn session_sent(&self) -> Option<&str> {
        self.request.header(headers::SESSION_ID)
    }

    /// Returns true if the Accept header names both content types of a POST (2025-11-25, Transports,
    /// "Sending Messages to the Server").
    pub fn accepts_both(&self) -> bool {
        let accept = self.request.header("accept").unwrap_or_default();
        accept.contains(headers::JSON) && accept.contains(headers::EVENT_STREAM)
    }

    /// Returns true if the request is labelled as JSON.
    pub fn is_labelled_json(&self) -> bool {
        let label = self.request.header("content-type").unwrap_or_default();
        label.to_ascii_lowercase().starts_with(headers::JSON)
    }

    /// Returns the status code of the response.
    pub fn status(&self) -> Option<u16> {
        self.answer.as_ref().map(|answer| answer.status)
    }

    /// Returns true if the response is a JSON-RPC error with the id of this request. Real
    /// servers put any id there when they refuse a request without reading it.
    pub fn error_names_its_request(&self) -> bool {
        matches!(self.outcome(), Outcome::Error(_))
    }

    /// Returns true if this error in the response proves a modern server.
    pub fn proves_modern(&self, error: &jsonrpc::ErrorObject) -> bool {
        let status = self.status().unwrap_or_default();
        version::proves_modern(status, error, self.error_names_its_request())
    }

    /// Returns true if the body is a JSON-RPC request, not a notification or a response.
    pub fn has_id(&self) -> bool {
        self.request_id().is_some()
    }

    /// Adds the secrets of this exchange to a redactor: credentials and session ids.
    pub fn teach(&self, redactor: &mut Redactor) {
        teach(&self.request, self.answer.as_ref(), redactor);
    }

    /// Returns true if the request has this JSON-RPC method.
    pub fn is(&self, method: &str) -> bool {
        self.purpose.method.as_deref() == Some(method)
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exchange({} {} -> {:?})", self.number, self.purpose, self.status())
    }
}

/// Adds the secrets of a request and its response to a redactor.
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
        }
    }
    teach_cookies(answer, redactor);
}

/// Adds the values of the cookies that a response sets.
fn teach_cookies(answer: Option<&Answer>, redactor: &mut Redactor) {
    for (name, value) in answer.iter().flat_map(|answer| &answer.headers) {
        if name.eq_ignore_ascii_case("set-cookie") {
            let pair = value.split(';').next().unwrap_or_default();
            redactor.learn(pair.split_once('=').map_or(pair, |(_, secret)| secret));
        }
    }
}

/// Returns the part of a body that is kept.
pub fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(KEEP_BODY)]
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
        assert_eq!(BodyKind::of(b"", true), BodyKind::Empty);
        assert_eq!(BodyKind::of(b" {\"a\":1}", true), BodyKind::Json);
        assert_eq!(BodyKind::of(b"\xef\xbb\xbf[]", false), BodyKind::Json);
        assert_eq!(BodyKind::of(b"event: message\n", false), BodyKind::Events);
        assert_eq!(BodyKind::of(b": ok\n", false), BodyKind::Events);
        assert_eq!(BodyKind::of(b"\n\n", true), BodyKind::Events);
        assert_eq!(BodyKind::of(b"<!DOCTYPE html>", false), BodyKind::Html);
        assert_eq!(BodyKind::of(b"session not found\n", false), BodyKind::Text);
        assert_eq!(BodyKind::of(b"null", false), BodyKind::Text);
    }
}
