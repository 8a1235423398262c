//! A response while it arrives: status and headers first, then one message after another.
//!
//! The format of a body is detected from its content, not from its Content-Type. Real
//! servers label JSON as text, send JSON-RPC errors as events with status 404, and send
//! HTML where JSON was requested.

use std::io::{self, BufRead, Read};
use std::time::Duration;

use super::body::{Body, Tap, body_of, skip_blank};
use super::error::{translate, unless_interrupted};
use super::interrupt::Watched;
use super::limits::Limits;
use super::sse::Events;
use super::wire::{Left, WireLog, note_wire};
use crate::exchange::{
    Answer, BodyKind, Exchange, KEEP_BODY, KEEP_EVENTS, KEEP_STREAM, Recorder,
    TransportError as Error, beginning,
};
use crate::protocol::headers;

/// Longest wait for the end of a body that is not needed.
const HURRY: Duration = Duration::from_millis(3);
/// Maximum number of events read after the response.
const MORE_EVENTS: usize = 8;

/// A response whose body is still being read.
pub struct Reply {
    exchange: Box<Exchange>,
    body: BodyState,
    log: WireLog,
    recorder: Recorder,
    proxy: Option<String>,
    limits: Limits,
    /// Keeps the registration with the interrupt for as long as the body is read.
    watched: Watched,
    /// Bytes of events kept as evidence.
    kept: usize,
    resumption: Resumption,
    /// True if the stream ended in the middle of an event.
    unfinished: bool,
    /// Deadline for the next message, relative to the start of the exchange.
    until: Option<Duration>,
    /// True if a tap receives the whole body.
    is_tapped: bool,
}

/// Point from which a stream can be resumed (2025-11-25, Transports, "Resumability and
/// Redelivery").
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resumption {
    /// Id of the last event; `None` if the server sent none or withdrew it.
    pub last_id: Option<String>,
    /// Wait before resuming, in milliseconds, if the server stated one.
    pub retry: Option<u64>,
}

/// Wait before a stream is resumed, unless the server states another.
const DEFAULT_RETRY: Duration = Duration::from_secs(1);

impl Resumption {
    /// Returns the wait before the stream is resumed.
    pub fn wait(&self) -> Duration {
        self.retry.map_or(DEFAULT_RETRY, Duration::from_millis)
    }
}

enum BodyState {
    /// No part of the body has been read.
    Fresh(Box<Body>),
    Events(Box<Events<Body>>),
    Ended,
}

impl Reply {
    pub(super) fn new(
        mut exchange: Box<Exchange>,
        response: ureq::http::Response<ureq::Body>,
        log: WireLog,
        recorder: Recorder,
        proxy: Option<String>,
        limits: Limits,
        watched: Watched,
    ) -> Self {
        let (parts, body) = response.into_parts();
        let text = |value: &ureq::http::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        exchange.answer = Some(Answer {
            status: parts.status.as_u16(),
            headers: parts
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            shape: BodyKind::Unread,
            body: String::new(),
            body_length: 0,
            events: Vec::new(),
            events_dropped: 0,
            decoded: None,
        });
        if let Some(id) = exchange.answer.as_ref().and_then(|a| a.header(headers::SESSION_ID)) {
            recorder.learn(|redactor| redactor.learn_session(id));
        }
        note_wire(&mut exchange, &log, proxy.as_deref());
        recorder.tell(|observer, redactor| observer.answered(&exchange, redactor));
        let label = exchange.answer.as_ref().and_then(|answer| answer.header("content-encoding"));
        let body = body_of(body, label.unwrap_or_default());
        let body = BodyState::Fresh(Box::new(body));
        Self {
            exchange,
            body,
            log,
            recorder,
            proxy,
            limits,
            watched,
            kept: 0,
            resumption: Resumption::default(),
            unfinished: false,
            until: None,
            is_tapped: false,
        }
    }

    /// Returns the exchange as recorded so far.
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Returns the time left for the whole exchange; `None` means no limit.
    pub fn left(&self) -> Option<Duration> {
        match self.log.left() {
            Left::Unlimited => None,
            Left::Whole(left) | Left::Patience(left) => Some(left),
        }
    }

    /// Returns the point to resume from if the stream breaks now.
    pub fn resumption(&self) -> &Resumption {
        &self.resumption
    }

    /// Returns the next message if it arrives within `limit`. Neither silence nor comments
    /// extend the wait.
    pub fn next_message_within(&mut self, limit: Duration) -> Result<Option<String>, Error> {
        self.log.set_hurry(Some(limit));
        self.until = Some(self.log.elapsed() + limit);
        let next = self.next_message();
        self.until = None;
        self.log.set_hurry(None);
        next
    }

    /// Returns the type of the last event.
    pub fn last_kind(&self) -> &str {
        let events = self.exchange.answer.as_ref().map(|answer| answer.events.as_slice());
        events.and_then(<[_]>::last).map_or("", |event| event.kind.as_str())
    }

    /// Returns the status code, or 0 without a response.
    pub fn status(&self) -> u16 {
        self.exchange.status().unwrap_or_default()
    }

    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.exchange.answer.as_ref()?.header(name)
    }

    /// Returns the next message: a JSON document, or the data of an event that has any. Returns
    /// `None` at the end, and for a body in another format, which is kept as evidence.
    pub fn next_message(&mut self) -> Result<Option<String>, Error> {
        loop {
            match std::mem::replace(&mut self.body, BodyState::Ended) {
                BodyState::Fresh(body) => match self.begin(*body) {
                    Ok(Some(document)) => return Ok(Some(document)),
                    Ok(None) => {}
                    Err(error) => return Err(self.fail(error)),
                },
                BodyState::Events(mut events) => match self.next_event(&mut events) {
                    Ok(Some(data)) => {
                        self.body = BodyState::Events(events);
                        return Ok(Some(data));
                    }
                    Ok(None) => {}
                    Err(error) => return Err(self.fail(error)),
                },
                BodyState::Ended if self.log.was_reset() && self.exchange.failure.is_none() => {
                    return Err(self.fail(io::ErrorKind::ConnectionReset.into()));
                }
                BodyState::Ended
                    if self.watched.is_interrupted() && self.exchange.failure.is_none() =>
                {
                    return Err(self.fail(io::ErrorKind::Interrupted.into()));
                }
                BodyState::Ended => return Ok(None),
            }
        }
    }

    /// Reads the whole body as text, in any format, and records none of it. The caller decides
    /// what may be recorded, with [`Self::keep_body`].
    pub fn whole_text(&mut self) -> Result<String, Error> {
        let BodyState::Fresh(body) = std::mem::replace(&mut self.body, BodyState::Ended) else {
            return Ok(String::new());
        };
        let bytes = self.read_all(*body).map_err(|error| self.fail(error))?;
        let shape = match BodyKind::of(&bytes, false) {
            BodyKind::Events => BodyKind::Text,
            shape => shape,
        };
        self.note(|answer| {
            answer.shape = shape;
            answer.body_length = bytes.len() as u64;
        });
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Records `text` as the body, up to the evidence limit.
    pub fn keep_body(&mut self, text: &str) {
        self.note(|answer| beginning(text).clone_into(&mut answer.body));
    }

    /// Ends the exchange after the rest of the body, if it arrives at once, so that the next
    /// exchange can reuse the connection. Real servers end a stream together with its response;
    /// one that does not costs a few milliseconds.
    pub fn finish_whole(mut self) -> Box<Exchange> {
        self.log.set_hurry(Some(HURRY));
        match std::mem::replace(&mut self.body, BodyState::Ended) {
            BodyState::Events(mut events) => {
                for _ in 0..MORE_EVENTS {
                    if !matches!(self.next_event(&mut events), Ok(Some(_))) {
                        break;
                    }
                }
            }
            BodyState::Fresh(body) => {
                // Responses to notifications may have a body, which nothing uses.
                let _ = body.take(4096).read_to_end(&mut Vec::new());
            }
            BodyState::Ended => {}
        }
        self.finish()
    }

    /// Reads the whole body, passes it to `tap` as it arrives, and ends the exchange. If
    /// `is_gone` returns true, the receiver has hung up, and that is recorded as the failure.
    /// Returns the exchange and whether the whole body arrived.
    pub fn relay(mut self, tap: Tap, is_gone: impl FnOnce() -> bool) -> (Box<Exchange>, bool) {
        if let BodyState::Fresh(body) = &mut self.body
            && let Some(source) = body.get_mut().source()
        {
            source.set_tap(tap);
            self.is_tapped = true;
        }
        // An error is recorded as the failure of the exchange.
        while let Ok(Some(_)) = self.next_message() {}
        if is_gone() {
            self.exchange.failure = Some(Error::client_gone());
        }
        let whole = self.exchange.failure.is_none() || self.unfinished;
        (self.finish(), whole)
    }

    /// Ends the exchange. Closes the connection if the body was not read to its end.
    pub fn finish(mut self) -> Box<Exchange> {
        self.body = BodyState::Ended;
        note_wire(&mut self.exchange, &self.log, self.proxy.as_deref());
        self.recorder.finished(&self.exchange);
        self.exchange
    }

    /// Ends an exchange that this side breaks off, without recording a failure.
    pub fn abandon(mut self) -> Box<Exchange> {
        self.exchange.failure = None;
        self.finish()
    }

    /// Detects the format of the body from its start.
    fn begin(&mut self, mut body: Body) -> io::Result<Option<String>> {
        let is_stream = self
            .header("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with(headers::EVENT_STREAM));
        skip_blank(&mut body)?;
        let shape = BodyKind::of(body.fill_buf()?, is_stream);
        let decoded = body.get_ref().encoding();
        self.note(|answer| {
            answer.shape = shape;
            answer.decoded = decoded;
        });
        match shape {
            BodyKind::Events => {
                self.body = BodyState::Events(Box::new(Events::new(body, self.limits.max_size)));
                Ok(None)
            }
            BodyKind::Json => self.read_document(body).map(Some),
            BodyKind::Empty | BodyKind::Unread => Ok(None),
            BodyKind::Html | BodyKind::Text => {
                // Only the start of a page is useful as evidence.
                let mut text = Vec::new();
                body.by_ref().take(KEEP_BODY as u64).read_to_end(&mut text)?;
                if self.is_tapped {
                    // The tap receives the whole body.
                    io::copy(&mut body, &mut io::sink())?;
                }
                self.note(|answer| {
                    answer.body_length = text.len() as u64;
                    answer.body = String::from_utf8_lossy(&text).into_owned();
                });
                Ok(None)
            }
        }
    }

    /// Reads a whole body. Returns an error beyond the size limit.
    fn read_all(&self, body: Body) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        body.take(self.limits.max_size.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > self.limits.max_size {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the response is too large"));
        }
        Ok(bytes)
    }

    fn read_document(&mut self, mut body: Body) -> io::Result<String> {
        let mut bytes = Vec::new();
        if self.is_tapped {
            // The tap receives the whole body; only the evidence is kept here.
            body.by_ref().take(KEEP_BODY as u64).read_to_end(&mut bytes)?;
            let more = io::copy(&mut body, &mut io::sink())?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            self.note(|answer| {
                answer.body_length = bytes.len() as u64 + more;
                answer.body.clone_from(&text);
            });
            return Ok(text);
        }
        let text = match String::from_utf8(self.read_all(body)?) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        self.note(|answer| {
            answer.body_length = text.len() as u64;
            beginning(&text).clone_into(&mut answer.body);
        });
        Ok(text)
    }

    fn next_event(&mut self, events: &mut Events<Body>) -> io::Result<Option<String>> {
        loop {
            let next = events.next_block();
            self.note(|answer| answer.body_length = events.bytes());
            let Some(mut block) = next? else {
                if events.unfinished() {
                    self.unfinished = true;
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "the stream ended in the middle of an event",
                    ));
                }
                return Ok(None);
            };
            let is_kept = self.kept <= KEEP_STREAM
                && self.exchange.answer.as_ref().is_some_and(|it| it.events.len() < KEEP_EVENTS);
            if is_kept || self.recorder.has_observers() || self.until.is_some() {
                block.at = self.log.elapsed();
            }
            if let Some(id) = &block.id {
                // An empty id withdraws the last one (WHATWG HTML, 9.2.6).
                self.resumption.last_id = Some(id.clone()).filter(|id| !id.is_empty());
            }
            self.resumption.retry = block.retry.or(self.resumption.retry);
            // Keep-alive comments must not extend the wait.
            if self.until.is_some_and(|until| block.at > until) && block.data.is_none() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if block.kind == "endpoint" {
                self.learn_address(block.data.as_deref().unwrap_or_default());
            }
            self.recorder.tell(|observer, redactor| observer.event(&block, redactor));
            // The caller gets the data without a copy; only its start is kept as evidence.
            let data = block.data.take();
            if is_kept {
                block.data = data.as_deref().map(|data| beginning(data).to_owned());
                block.shorten();
                self.kept += block.data.as_ref().map_or(0, String::len)
                    + block.comments.iter().map(String::len).sum::<usize>();
            }
            self.note(|answer| {
                if is_kept {
                    answer.events.push(block);
                } else {
                    answer.events_dropped += 1;
                }
            });
            if let Some(data) = data.filter(|data| !data.is_empty()) {
                return Ok(Some(data));
            }
        }
    }

    /// Redacts the query of the URL in an `endpoint` event: it holds the session id of the
    /// HTTP+SSE transport.
    fn learn_address(&self, address: &str) {
        let base = url::Url::parse(&self.exchange.request.url);
        if let Ok(url) = base.and_then(|base| base.join(address.trim())) {
            self.recorder.learn(|redactor| redactor.learn_query(url.as_str()));
        }
    }

    /// Changes the recorded response.
    fn note(&mut self, write: impl FnOnce(&mut Answer)) {
        if let Some(answer) = &mut self.exchange.answer {
            write(answer);
        }
    }

    fn fail(&mut self, error: io::Error) -> Error {
        let patience = self.log.patience();
        let error = ureq::Error::from(error);
        let error = translate(error, self.log.phase(), true, &self.limits, patience);
        let error = unless_interrupted(error, &self.watched);
        self.exchange.failure = Some(error.clone());
        error
    }
}
