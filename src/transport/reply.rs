//! An answer as it comes: its status and headers, then its messages one by one.
//!
//! A body is parsed by what it is, not by its Content-Type: real servers label JSON as text, send
//! JSON-RPC errors as events with status 404, and HTML where JSON was asked for.

use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use super::error::{translate, unless_interrupted};
use super::interrupt::Watched;
use super::limits::Limits;
use super::sse::{Block, Events};
use super::wire::{WireLog, note_wire};
use crate::exchange::{
    Answer, Exchange, Failure as Error, KEEP_BODY, KEEP_EVENTS, KEEP_STREAM, Recorder, Shape,
};
use crate::protocol::headers;

type Body = BufReader<Tapped>;

/// Is handed every byte of a body as it comes; an error ends the exchange.
pub type Tap = Box<dyn FnMut(&[u8]) -> io::Result<()> + Send>;

/// A body that somebody else may listen to.
struct Tapped {
    body: ureq::BodyReader<'static>,
    tap: Option<Tap>,
}

impl Read for Tapped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.body.read(buffer)?;
        if let Some(tap) = self.tap.as_mut().filter(|_| count > 0) {
            tap(&buffer[..count])?;
        }
        Ok(count)
    }
}

/// How long to wait for the end of a body that nobody needs.
const HURRY: Duration = Duration::from_millis(3);
/// So many events may still come after the answer.
const MORE_EVENTS: usize = 8;

/// An answer whose body is still being read.
pub struct Reply {
    exchange: Box<Exchange>,
    body: State,
    log: WireLog,
    recorder: Recorder,
    proxy: Option<String>,
    limits: Limits,
    /// So that it can be ended even where nothing else is left of its connection.
    watched: Watched,
    /// Bytes of events that are kept as evidence.
    kept: usize,
    resumption: Resumption,
    /// The stream ended in the middle of an event.
    unfinished: bool,
    /// When the next message must be there, since the exchange began.
    until: Option<Duration>,
}

/// Where a stream can be taken up again (2025-11-25, Transports, "Resumability and Redelivery").
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resumption {
    /// The id of the last event; `None` where the server gave none, or took it back.
    pub last_id: Option<String>,
    /// How long to wait before that, in milliseconds, where the server says.
    pub retry: Option<u64>,
}

/// How long to wait before a stream is taken up again, unless the server says.
const DEFAULT_RETRY: Duration = Duration::from_secs(1);

impl Resumption {
    /// How long to wait before the stream is taken up again.
    pub fn wait(&self) -> Duration {
        self.retry.map_or(DEFAULT_RETRY, Duration::from_millis)
    }
}

enum State {
    /// Nothing of the body was looked at.
    Fresh(Body),
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
            shape: Shape::Unread,
            body: String::new(),
            body_length: 0,
            events: Vec::new(),
            events_dropped: 0,
        });
        if let Some(id) = exchange.answer.as_ref().and_then(|a| a.header(headers::SESSION_ID)) {
            recorder.learn(|redactor| redactor.learn_session(id));
        }
        note_wire(&mut exchange, &log, proxy.as_deref());
        recorder.tell(|observer, redactor| observer.answered(&exchange, redactor));
        let body = Tapped { body: body.into_reader(), tap: None };
        let body = State::Fresh(BufReader::with_capacity(16 * 1024, body));
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
        }
    }

    /// The evidence so far.
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// What is left of the time for the exchange as a whole; `None` is without limit.
    pub fn left(&self) -> Option<Duration> {
        self.limits.whole.map(|whole| whole.saturating_sub(self.log.elapsed()))
    }

    /// Where the stream can be taken up again if it breaks now.
    pub fn resumption(&self) -> &Resumption {
        &self.resumption
    }

    /// The next message, if it comes in time: neither silence nor comments make the wait longer.
    pub fn next_message_within(&mut self, limit: Duration) -> Result<Option<String>, Error> {
        self.log.set_hurry(Some(limit));
        self.until = Some(self.log.elapsed() + limit);
        let next = self.next_message();
        self.until = None;
        self.log.set_hurry(None);
        next
    }

    /// The type of the event that came last.
    pub fn last_kind(&self) -> &str {
        let events = self.exchange.answer.as_ref().map(|answer| answer.events.as_slice());
        events.and_then(<[_]>::last).map_or("", |event| event.kind.as_str())
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.exchange.status().unwrap_or_default()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.exchange.answer.as_ref()?.header(name)
    }

    /// The next message: a JSON document, or the data of an event that has some. `None` at the end,
    /// and for a body that is neither; that one is kept as evidence.
    pub fn next_message(&mut self) -> Result<Option<String>, Error> {
        loop {
            match std::mem::replace(&mut self.body, State::Ended) {
                State::Fresh(body) => match self.begin(body) {
                    Ok(Some(document)) => return Ok(Some(document)),
                    Ok(None) => {}
                    Err(error) => return Err(self.fail(error)),
                },
                State::Events(mut events) => match self.next_event(&mut events) {
                    Ok(Some(data)) => {
                        self.body = State::Events(events);
                        return Ok(Some(data));
                    }
                    Ok(None) => {}
                    Err(error) => return Err(self.fail(error)),
                },
                State::Ended if self.log.was_reset() && self.exchange.failure.is_none() => {
                    return Err(self.fail(io::ErrorKind::ConnectionReset.into()));
                }
                State::Ended
                    if self.watched.is_interrupted() && self.exchange.failure.is_none() =>
                {
                    return Err(self.fail(io::ErrorKind::Interrupted.into()));
                }
                State::Ended => return Ok(None),
            }
        }
    }

    /// The whole body as text, whatever it is, and none of it told of yet: what of it may be seen is for whoever
    /// reads it to say, with [`Self::keep_body`].
    pub fn whole_text(&mut self) -> Result<String, Error> {
        let State::Fresh(body) = std::mem::replace(&mut self.body, State::Ended) else {
            return Ok(String::new());
        };
        let bytes = self.read_all(body).map_err(|error| self.fail(error))?;
        let shape = match Shape::of(&bytes, false) {
            Shape::Events => Shape::Text,
            shape => shape,
        };
        self.note(|answer| {
            answer.shape = shape;
            answer.body_length = bytes.len() as u64;
        });
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Keeps this as the body's evidence.
    pub fn keep_body(&mut self, text: &str) {
        self.note(|answer| beginning(text).clone_into(&mut answer.body));
    }

    /// Ends the exchange after the rest of the body, if that comes at once: then the next exchange can
    /// use the connection. Real servers end a stream together with its answer; one that does not costs
    /// a few milliseconds.
    pub fn finish_whole(mut self) -> Box<Exchange> {
        self.log.set_hurry(Some(HURRY));
        match std::mem::replace(&mut self.body, State::Ended) {
            State::Events(mut events) => {
                for _ in 0..MORE_EVENTS {
                    if !matches!(self.next_event(&mut events), Ok(Some(_))) {
                        break;
                    }
                }
            }
            State::Fresh(body) => {
                // Whatever a notification is answered with; nobody asked for it.
                let _ = body.take(4096).read_to_end(&mut Vec::new());
            }
            State::Ended => {}
        }
        self.finish()
    }

    /// Reads the whole body, hands it on as it comes, and ends the exchange. `is_gone` says whether whoever
    /// it is handed to has hung up: that, and not the server, is why it ended early then. The exchange, and whether all of the body came,
    /// whatever it is worth.
    pub fn relay(mut self, tap: Tap, is_gone: impl FnOnce() -> bool) -> (Box<Exchange>, bool) {
        if let State::Fresh(body) = &mut self.body {
            body.get_mut().tap = Some(tap);
        }
        // What breaks off is noted as the exchange's failure.
        while let Ok(Some(_)) = self.next_message() {}
        if is_gone() {
            self.exchange.failure = Some(Error::client_gone());
        }
        let whole = self.exchange.failure.is_none() || self.unfinished;
        (self.finish(), whole)
    }

    /// Ends the exchange; a body that was not read to its end closes its connection.
    pub fn finish(mut self) -> Box<Exchange> {
        self.body = State::Ended;
        note_wire(&mut self.exchange, &self.log, self.proxy.as_deref());
        self.recorder.tell(|observer, redactor| observer.finished(&self.exchange, redactor));
        self.exchange
    }

    /// Ends an exchange that is broken off on this side: that is no failure of it.
    pub fn abandon(mut self) -> Box<Exchange> {
        self.exchange.failure = None;
        self.finish()
    }

    /// Looks at the beginning of the body and decides what it is.
    fn begin(&mut self, mut body: Body) -> io::Result<Option<String>> {
        let is_stream = self
            .header("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with(headers::EVENT_STREAM));
        skip_blank(&mut body)?;
        let shape = Shape::of(body.fill_buf()?, is_stream);
        self.note(|answer| answer.shape = shape);
        match shape {
            Shape::Events => {
                self.body = State::Events(Box::new(Events::new(body, self.limits.max_size)));
                Ok(None)
            }
            Shape::Json => self.read_document(body).map(Some),
            Shape::Empty | Shape::Unread => Ok(None),
            Shape::Html | Shape::Text => {
                // Kept as evidence; nobody needs more of a page than its beginning.
                let mut text = Vec::new();
                body.by_ref().take(KEEP_BODY as u64).read_to_end(&mut text)?;
                if body.get_ref().tap.is_some() {
                    // Whoever listens wants all of it.
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

    /// All of a body, within the limit.
    fn read_all(&self, body: Body) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        body.take(self.limits.max_size.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > self.limits.max_size {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the answer is too large"));
        }
        Ok(bytes)
    }

    fn read_document(&mut self, mut body: Body) -> io::Result<String> {
        let mut bytes = Vec::new();
        if body.get_ref().tap.is_some() {
            // Handed on as it comes; no more than the evidence is kept here.
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
            block.at = self.log.elapsed();
            if let Some(id) = &block.id {
                // An empty id takes the last one back (WHATWG HTML, 9.2.6).
                self.resumption.last_id = Some(id.clone()).filter(|id| !id.is_empty());
            }
            self.resumption.retry = block.retry.or(self.resumption.retry);
            if self.until.is_some_and(|until| block.at > until) && block.data.is_none() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if block.kind == "endpoint" {
                self.learn_address(block.data.as_deref().unwrap_or_default());
            }
            self.recorder.tell(|observer, redactor| observer.event(&block, redactor));
            // The data goes on as it is, without a copy; its beginning stays as evidence.
            let data = block.data.take();
            block.data = data.as_deref().map(|data| beginning(data).to_owned());
            let data = data.filter(|data| !data.is_empty());
            cut(&mut block);
            self.kept += block.data.as_ref().map_or(0, String::len)
                + block.comments.iter().map(String::len).sum::<usize>();
            let keep = self.kept <= KEEP_STREAM;
            self.note(|answer| {
                if keep && answer.events.len() < KEEP_EVENTS {
                    answer.events.push(block);
                } else {
                    answer.events_dropped += 1;
                }
            });
            if data.is_some() {
                return Ok(data);
            }
        }
    }

    /// The address that an `endpoint` event names holds the session of the HTTP+SSE transport: a secret.
    fn learn_address(&self, address: &str) {
        let base = url::Url::parse(&self.exchange.request.url);
        if let Ok(url) = base.and_then(|base| base.join(address.trim())) {
            self.recorder.learn(|redactor| redactor.learn_query(url.as_str()));
        }
    }

    /// Writes into the evidence of the answer.
    fn note(&mut self, write: impl FnOnce(&mut Answer)) {
        if let Some(answer) = &mut self.exchange.answer {
            write(answer);
        }
    }

    fn fail(&mut self, error: io::Error) -> Error {
        let error = translate(ureq::Error::from(error), self.log.phase(), true, &self.limits);
        let error = unless_interrupted(error, &self.watched);
        self.exchange.failure = Some(error.clone());
        error
    }
}

/// Passes over white space and a byte order mark: they decide nothing and mean nothing.
fn skip_blank(body: &mut Body) -> io::Result<()> {
    loop {
        let start = body.fill_buf()?;
        let blank = start.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let mark = if start[blank..].starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        if blank + mark == 0 {
            return Ok(());
        }
        body.consume(blank + mark);
    }
}

/// As much of a text as is kept as evidence.
fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(KEEP_BODY)]
}

/// Keeps the beginning of what a block holds beside its data.
fn cut(block: &mut Block) {
    for part in block.id.iter_mut().chain(&mut block.comments).chain([&mut block.kind]) {
        if part.len() > KEEP_BODY {
            *part = beginning(part).to_owned();
        }
    }
}
