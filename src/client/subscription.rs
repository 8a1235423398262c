//! Listening for notifications: a subscription in the modern era (2026-07-28,
//! Subscriptions), the standalone stream in the legacy era (2025-11-25, Transports,
//! "Listening for Messages from the Server"; Resources, "Subscriptions").

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::connection::Connection;
use super::error::{Error, ErrorKind};
use super::request::Input;
use super::rpc_request::RpcRequest;
use super::{Client, Notification};
use crate::exchange::{BodyKind, Purpose};
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
        let mut options = self.config().options.clone();
        // The limit of the whole exchange applies to the start of the stream.
        options.limits.first_byte = options.limits.first_byte.or(options.limits.whole);
        options.limits.whole = None;
        options.budget = None;
        limits(&mut options.limits);
        let outcome = self.ready_session().and_then(|()| {
            if self.session().is_modern() {
                self.subscription(uris, &options, &mut ready)
            } else {
                self.standalone(uris, &options, &mut ready)
            }
        });
        match outcome {
            Err(_) if self.config().options.interrupt.is_raised() => Ok(Ended::Here),
            outcome => outcome,
        }
    }

    /// Renews a lost session with a `ping` before the stream is opened; the stream itself would
    /// only report the loss.
    fn ready_session(&mut self) -> Result<(), Error> {
        if self.session().is_modern() {
            return Ok(());
        }
        match self.request(&RpcRequest::ping()) {
            // A server without `ping` has recognised the session.
            Err(error) if error.is_unknown_method() => Ok(()),
            outcome => outcome.map(|_| ()),
        }
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
        let rpc = RpcRequest::reading(purpose.clone(), json!({"notifications": filter}));
        let mut in_vain = 0;
        while in_vain < MAX_IN_VAIN {
            let began = Instant::now();
            let id = self.ids.next_id();
            let request = self.connection.compose(&id, &rpc, &Input::default());
            let mut reply = self.connection.send_apart(options, &purpose, request)?;
            let ended = self.connection.read_stream(&mut reply, Some(&id), ready);
            let exchange = reply.finish();
            match ended {
                Ok(Stream::Closed) => return Ok(Ended::There),
                Ok(Stream::Broke(_, came)) => {
                    in_vain = if came || began.elapsed() > LASTED { 0 } else { in_vain + 1 };
                }
                Err(kind) => return Err(Error::of(kind).shown_by(exchange)),
            }
            let interrupt = &self.config().options.interrupt;
            interrupt.sleep(PAUSE);
            if interrupt.is_raised() {
                return Ok(Ended::Here);
            }
        }
        Ok(Ended::There)
    }

    /// Reads the stream on which the server sends what it has to say, with subscriptions to resources
    /// while it is open.
    fn standalone(
        &mut self,
        uris: &[String],
        options: &transport::Options,
        ready: &mut impl FnMut(Option<&Value>),
    ) -> Result<Ended, Error> {
        if self.stream.is_some() {
            return self.only_stream(uris, ready);
        }
        let mut subscribed = false;
        let outcome = self.streams(uris, options, &mut subscribed, ready);
        if subscribed && !uris.is_empty() {
            // The session outlives the stream, so unsubscribe from updates that nobody reads. A
            // failure does not matter.
            self.connection.hurry_if_interrupted();
            let _ = self.subscribe(uris, methods::UNSUBSCRIBE);
        }
        outcome
    }

    /// Reads the stream of the HTTP+SSE transport, which is open already and carries responses too.
    fn only_stream(
        &mut self,
        uris: &[String],
        ready: &mut impl FnMut(Option<&Value>),
    ) -> Result<Ended, Error> {
        self.subscribe(uris, methods::SUBSCRIBE)?;
        ready(None);
        let Some(mut reply) = self.stream.take() else { return Ok(Ended::There) };
        let ended = self.connection.read_stream(&mut reply, None, ready);
        let exchange = reply.abandon();
        match ended {
            Ok(_) => Ok(Ended::There),
            Err(kind) => Err(Error::of(kind).shown_by(exchange)),
        }
    }

    /// Reads one standalone stream after the other.
    fn streams(
        &mut self,
        uris: &[String],
        options: &transport::Options,
        subscribed: &mut bool,
        ready: &mut impl FnMut(Option<&Value>),
    ) -> Result<Ended, Error> {
        let (mut last_event, mut in_vain) = (None::<String>, 0);
        loop {
            let began = Instant::now();
            let mut reply = self.open_standalone(options, last_event.as_deref())?;
            // Subscribe only after the stream is open, so that no update is missed.
            if !std::mem::replace(subscribed, true) {
                if let Err(error) = self.subscribe(uris, methods::SUBSCRIBE) {
                    *subscribed = false;
                    reply.abandon();
                    return Err(error);
                }
                ready(None);
            }
            let ended = self.connection.read_stream(&mut reply, None, ready);
            let exchange = reply.abandon();
            let interrupt = &self.config().options.interrupt;
            match ended {
                Ok(Stream::Closed) => return Ok(Ended::There),
                Ok(Stream::Broke(at, came)) => {
                    in_vain = if came || began.elapsed() > LASTED { 0 } else { in_vain + 1 };
                    if in_vain == MAX_IN_VAIN {
                        return Ok(Ended::There);
                    }
                    let wait = at.wait().clamp(LEAST_WAIT, MOST_WAIT);
                    // A stream without event ids leaves the last id valid.
                    last_event = at.last_id.or(last_event);
                    interrupt.sleep(wait);
                }
                Err(kind) => return Err(Error::of(kind).shown_by(exchange)),
            }
            if interrupt.is_raised() {
                return Ok(Ended::Here);
            }
        }
    }

    /// Opens the standalone stream with GET. Returns an error if the response is not a stream.
    fn open_standalone(
        &mut self,
        options: &transport::Options,
        last_event: Option<&str>,
    ) -> Result<Reply, Error> {
        let get = self.connection.get(last_event);
        let mut reply = self.connection.send_apart(options, &Purpose::default(), get)?;
        match stands(&mut reply) {
            Ok(()) => Ok(reply),
            Err(kind) => Err(Error::of(kind).shown_by(reply.finish())),
        }
    }

    fn subscribe(&mut self, uris: &[String], method: &str) -> Result<(), Error> {
        for uri in uris {
            let rpc = RpcRequest::reading(Purpose::on(method, uri), json!({"uri": uri}));
            self.round_trip(&rpc)?;
        }
        Ok(())
    }
}

impl Connection {
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
                        let agreed =
                            Notification { method: &method, params: params.as_deref() }.value();
                        ready(Some(&agreed["notifications"]));
                        acknowledged = true;
                    }
                    Message::Notification { method, params } => {
                        came = true;
                        self.config.notifications.dispatch(&method, params.as_deref());
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
    if kind.starts_with("text/event-stream") || shape == Some(BodyKind::Events) {
        return Ok(());
    }
    Err(ErrorKind::Protocol("the response is not an event stream".to_owned()))
}
