//! Listening for notifications: a subscription in the modern era (2026-07-28,
//! Subscriptions), the standalone stream in the legacy era (2025-11-25, Transports,
//! "Listening for Messages from the Server"; Resources, "Subscriptions").

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::error::{Error, ErrorKind};
use super::{Ask, Client, Notice};
use crate::exchange::{Exchange, Purpose, Shape};
use crate::protocol::jsonrpc::{self, Message};
use crate::protocol::methods;
use crate::transport::{self, Reply, Resumption};

/// Maximum number of consecutive streams that end without a message.
const MAX_IN_VAIN: usize = 10;
/// A stream open longer than this does not count as useless: proxies end silent streams.
const LASTED: Duration = Duration::from_secs(5);
/// Limits of the wait before a stream is resumed, whatever the server requests.
const LEAST_WAIT: Duration = Duration::from_millis(50);
const MOST_WAIT: Duration = Duration::from_mins(1);
/// Wait before a broken subscription is opened again.
const PAUSE: Duration = Duration::from_secs(1);
/// First message of a subscription: the notifications that the server agrees to send.
const ACKNOWLEDGED: &str = methods::SUBSCRIPTION_ACKNOWLEDGED;

/// Reason for the end of listening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Interrupted locally, which is the normal end.
    Here,
    /// Ended by the server, properly or by breaking off repeatedly.
    There,
}

/// End of one stream.
enum Stream {
    /// Closed properly; no other stream is needed.
    Closed,
    /// Broken, or closed without a final message. Holds the point to resume from, and whether
    /// any message arrived.
    Broke(Resumption, bool),
}

impl Client {
    /// Listens until interrupted or until the server ends the stream, and passes notifications
    /// on. Calls `ready` when the server is listening, with the notifications it agreed to
    /// send, if stated. The limit of the whole exchange applies only to the start of the
    /// stream, because silence is normal here.
    pub fn listen_to(
        &mut self,
        uris: &[String],
        limits: impl FnOnce(&mut transport::Limits),
        mut ready: impl FnMut(Option<&Value>),
    ) -> Result<Ended, Error> {
        let mut options = self.options.clone();
        // The limit of the whole exchange applies to the start of the stream.
        options.limits.first_byte = options.limits.first_byte.or(options.limits.whole);
        options.limits.whole = None;
        limits(&mut options.limits);
        let outcome = self.ready_session().and_then(|()| {
            if self.session.is_modern() {
                self.subscription(uris, &options, &mut ready)
            } else {
                self.standalone(uris, &options, &mut ready)
            }
        });
        match outcome {
            Err(_) if self.options.interrupt.is_raised() => Ok(Ended::Here),
            outcome => outcome,
        }
    }

    /// Renews a lost session with a `ping` before the stream is opened; the stream itself would
    /// only report the loss.
    fn ready_session(&mut self) -> Result<(), Error> {
        if self.session.is_modern() {
            return Ok(());
        }
        self.request(&Ask::ping()).map(|_| ())
    }

    /// Keeps only the exchange of the latest stream, because listening may never end.
    fn keep_alone(&mut self, exchange: Box<Exchange>) {
        self.history.clear();
        self.history.push(*exchange);
    }

    /// Runs `subscriptions/listen`, and opens it again if its stream breaks off.
    fn subscription(
        &mut self,
        uris: &[String],
        options: &transport::Options,
        ready: &mut impl FnMut(Option<&Value>),
    ) -> Result<Ended, Error> {
        let mut filter = json!({
            "toolsListChanged": true,
            "promptsListChanged": true,
            "resourcesListChanged": true,
        });
        if !uris.is_empty() {
            filter["resourceSubscriptions"] = json!(uris);
        }
        let purpose = Purpose::of(methods::SUBSCRIPTIONS_LISTEN);
        let ask = Ask::reading(purpose.clone(), json!({"notifications": filter}));
        let mut in_vain = 0;
        while in_vain < MAX_IN_VAIN {
            let began = Instant::now();
            let id = self.ids.next_id();
            let request = self.compose(&id, &ask, &super::request::Input::default());
            let mut reply = self.send_over(options, purpose.clone(), request)?;
            match self.read_stream(&mut reply, Some(&id), ready) {
                Ok(Stream::Closed) => {
                    self.history.push(*reply.finish());
                    return Ok(Ended::There);
                }
                Ok(Stream::Broke(_, came)) => {
                    self.keep_alone(reply.finish());
                    in_vain = if came || began.elapsed() > LASTED { 0 } else { in_vain + 1 };
                }
                Err(kind) => {
                    self.history.push(*reply.finish());
                    return Err(self.failed(kind));
                }
            }
            self.options.interrupt.sleep(PAUSE);
            if self.options.interrupt.is_raised() {
                return Ok(Ended::Here);
            }
        }
        Ok(Ended::There)
    }

    /// Reads the standalone stream, with subscriptions to resources while it is open.
    fn standalone(
        &mut self,
        uris: &[String],
        options: &transport::Options,
        ready: &mut impl FnMut(Option<&Value>),
    ) -> Result<Ended, Error> {
        let mut stream = self.stream.take();
        let mut subscribed = false;
        let (mut last_event, mut in_vain) = (None::<String>, 0);
        let outcome = loop {
            let began = Instant::now();
            // The stream of the HTTP+SSE transport is already open and carries responses too.
            let opened = stream
                .take()
                .map_or_else(|| self.open_standalone(options, last_event.as_deref()), Ok);
            let mut reply = match opened {
                Ok(reply) => reply,
                Err(error) => break Err(error),
            };
            if !subscribed {
                // Subscribe only after the stream is open, so that no update is missed.
                let asked = if self.post_to.is_some() {
                    // In the HTTP+SSE transport, responses arrive on this stream.
                    self.stream = Some(reply);
                    let asked = self.subscribe(uris, methods::SUBSCRIBE);
                    let Some(again) = self.stream.take() else {
                        break asked.map(|()| Ended::There);
                    };
                    reply = again;
                    asked
                } else {
                    self.subscribe(uris, methods::SUBSCRIBE)
                };
                if let Err(error) = asked {
                    self.history.push(*reply.abandon());
                    break Err(error);
                }
                subscribed = true;
                ready(None);
            }
            let ended = self.read_stream(&mut reply, None, ready);
            self.keep_alone(reply.abandon());
            match ended {
                Ok(Stream::Closed) => break Ok(Ended::There),
                Ok(Stream::Broke(at, came)) => {
                    in_vain = if came || began.elapsed() > LASTED { 0 } else { in_vain + 1 };
                    if in_vain == MAX_IN_VAIN || self.post_to.is_some() {
                        break Ok(Ended::There);
                    }
                    let wait = at.wait().clamp(LEAST_WAIT, MOST_WAIT);
                    // A stream without event ids leaves the last id valid.
                    last_event = at.last_id.or(last_event);
                    self.options.interrupt.sleep(wait);
                }
                Err(kind) => break Err(self.failed(kind)),
            }
            if self.options.interrupt.is_raised() {
                break Ok(Ended::Here);
            }
        };
        if subscribed && self.post_to.is_none() && !uris.is_empty() {
            // The session outlives the stream, so unsubscribe from updates that nobody reads. A
            // failure does not matter.
            self.hurry_if_interrupted();
            let _ = self.subscribe(uris, methods::UNSUBSCRIBE);
        }
        outcome
    }

    /// Opens the standalone stream with GET. Returns an error if the response is not a stream.
    fn open_standalone(
        &mut self,
        options: &transport::Options,
        last_event: Option<&str>,
    ) -> Result<Reply, Error> {
        let get = self.get(last_event);
        let mut reply = self.send_over(options, Purpose::default(), get)?;
        if let Err(kind) = stands(&mut reply) {
            self.history.push(*reply.finish());
            return Err(self.failed(kind));
        }
        Ok(reply)
    }

    fn subscribe(&mut self, uris: &[String], method: &str) -> Result<(), Error> {
        for uri in uris {
            let ask = Ask::reading(Purpose::on(method, uri), json!({"uri": uri}));
            self.round_trip(&ask)?;
        }
        Ok(())
    }

    /// Dispatches messages until the stream ends. `id` belongs to the subscription request,
    /// whose response ends the stream.
    fn read_stream(
        &mut self,
        reply: &mut Reply,
        id: Option<&jsonrpc::RequestId>,
        ready: &mut impl FnMut(Option<&Value>),
    ) -> Result<Stream, ErrorKind> {
        let (mut came, mut acknowledged) = (false, false);
        loop {
            let text = match reply.next_message() {
                Ok(Some(text)) => text,
                Ok(None) => break,
                // A broken stream can be resumed; any other error ends listening.
                Err(error) if error.kind == transport::ErrorKind::Broken => break,
                Err(error) => return Err(ErrorKind::Transport(error)),
            };
            for message in jsonrpc::parse(&text).unwrap_or_default() {
                match message {
                    Message::Notification { method, params } if method == ACKNOWLEDGED => {
                        let agreed = Notice { method: &method, params: params.as_deref() }.value();
                        ready(Some(&agreed["notifications"]));
                        acknowledged = true;
                    }
                    Message::Notification { method, params } => {
                        came = true;
                        self.notices.tell(&method, params.as_deref());
                    }
                    Message::Request { id, method, params } => {
                        came = true;
                        self.serve(reply, &id, &method, params.as_deref());
                    }
                    Message::Error { error, .. } if id.is_some() => {
                        return Err(ErrorKind::Rpc(error));
                    }
                    Message::Result { id: answered, .. } => {
                        if id.is_some_and(|id| jsonrpc::is_answer_to(answered.as_deref(), id)) {
                            return Ok(Stream::Closed);
                        }
                    }
                    Message::Error { .. } => {}
                }
            }
        }
        if id.is_some() && !came && !acknowledged {
            stands(reply)?;
        }
        Ok(Stream::Broke(reply.resumption().clone(), came))
    }
}

/// Returns an error if the response is not an event stream.
fn stands(reply: &mut Reply) -> Result<(), ErrorKind> {
    let status = reply.status();
    if status != 200 {
        let error = super::handshake::first_error(reply);
        return Err(error.map_or(ErrorKind::Status(status), ErrorKind::Rpc));
    }
    let kind = reply.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let shape = reply.exchange().answer.as_ref().map(|answer| answer.shape);
    if kind.starts_with("text/event-stream") || shape == Some(Shape::Events) {
        return Ok(());
    }
    Err(ErrorKind::Protocol("what came is no stream of events".to_owned()))
}
