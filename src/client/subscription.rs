//! Listening to what a server tells by itself: a subscription in the modern era (2026-07-28, Subscriptions),
//! the standalone stream in the legacy one (2025-11-25, Transports, "Listening for Messages from the Server";
//! Resources, "Subscriptions").

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::error::{Error, ErrorKind};
use super::{Ask, Client, Notice};
use crate::exchange::{Exchange, Purpose, Shape};
use crate::protocol::jsonrpc::{self, Message};
use crate::protocol::methods;
use crate::transport::{self, Reply, Resumption};

/// So many streams in a row may end without a message.
const MAX_IN_VAIN: usize = 10;
/// A stream that was open so long did not end in vain: proxies end silent ones.
const LASTED: Duration = Duration::from_secs(5);
/// The shortest and the longest wait before a stream is taken up again, whatever the server says.
const LEAST_WAIT: Duration = Duration::from_millis(50);
const MOST_WAIT: Duration = Duration::from_mins(1);
/// How long to wait before a subscription that broke off is opened again.
const PAUSE: Duration = Duration::from_secs(1);
/// The first message of a subscription: what the server agrees to tell.
const ACKNOWLEDGED: &str = methods::SUBSCRIPTION_ACKNOWLEDGED;

/// Why listening ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was interrupted, as it is meant to be.
    Here,
    /// The server ended it, in good order or again and again.
    There,
}

/// How one stream ended.
enum Stream {
    /// In good order: no other is wanted.
    Closed,
    /// It broke, or was closed without a word; where it can be taken up, and whether anything came.
    Broke(Resumption, bool),
}

impl Client {
    /// Listens until it is interrupted or the server ends it; the watcher is told of what comes. `ready` is
    /// told once the server listens in turn, with what it agrees to tell, where it says so. Only the
    /// limits that are given hold: silence is nothing unusual here.
    pub fn listen_to(
        &mut self,
        uris: &[String],
        limits: impl FnOnce(&mut transport::Limits),
        mut ready: impl FnMut(Option<&Value>),
    ) -> Result<Ended, Error> {
        let mut options = self.options.clone();
        // What bounds an exchange bounds the wait for the stream's beginning.
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

    /// A session that is lost is renewed before the stream is opened: that itself would only say that it is gone.
    fn ready_session(&mut self) -> Result<(), Error> {
        if self.session.is_modern() {
            return Ok(());
        }
        self.request(&Ask::ping()).map(|_| ())
    }

    /// Keeps the evidence of a stream, and of none before it: listening has no end.
    fn keep_alone(&mut self, exchange: Box<Exchange>) {
        self.history.clear();
        self.history.push(*exchange);
    }

    /// `subscriptions/listen`, opened anew where its stream breaks off.
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

    /// The standalone stream, and the resources that the session wants to hear of as long as it is open.
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
            // That of the HTTP+SSE transport is open already, and carries the answers too.
            let opened = stream
                .take()
                .map_or_else(|| self.open_standalone(options, last_event.as_deref()), Ok);
            let mut reply = match opened {
                Ok(reply) => reply,
                Err(error) => break Err(error),
            };
            if !subscribed {
                // After the stream is open, so that nothing is lost.
                let asked = if self.post_to.is_some() {
                    // The answers come on the stream itself.
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
                    // A stream that brought no id leaves the last one standing.
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
            // The session stays: it should not go on collecting what nobody hears. What cannot be said is
            // not said.
            self.hurry_if_interrupted();
            let _ = self.subscribe(uris, methods::UNSUBSCRIBE);
        }
        outcome
    }

    /// A GET that is answered with a stream.
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

    /// Hands on what comes until the stream ends. `id` is that of the subscription, which an answer ends.
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

/// Whether an answer is a stream.
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
