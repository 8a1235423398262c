//! A request, and the search for its answer among what the server sends.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{Error, ErrorKind};
use super::inquiry::Response;
use super::{Ask, Client, client_info};
use crate::exchange::{Exchange, Purpose, Request, Shape};
use crate::protocol::envelope;
use crate::protocol::headers;
use crate::protocol::jsonrpc::{self, ErrorObject, Message, RequestId};
use crate::protocol::methods;
use crate::transport::{self, Http, Reply, Resumption};

/// How long an answer to the server may take.
const SIDE_LIMIT: Duration = Duration::from_secs(5);
/// So many times in a row a stream is taken up again without a single event on it.
const MAX_IN_VAIN: usize = 20;

/// What a server may tell the progress of.
const MAY_TAKE_LONG: [&str; 3] = [methods::CALL_TOOL, methods::GET_PROMPT, methods::READ_RESOURCE];

/// Headers of requests within a session.
const IN_A_SESSION: [&str; 2] = [headers::SESSION_ID, headers::PROTOCOL_VERSION];

/// What was found in the body.
enum Found {
    Result(Box<RawValue>),
    Error(ErrorObject),
    /// Nothing that answers; what there was instead.
    Nothing(String),
}

/// What a request that is repeated brings along: the answers to what the server asked, and its state.
#[derive(Default)]
pub(super) struct Input {
    pub(super) responses: serde_json::Map<String, Value>,
    pub(super) state: Option<Box<RawValue>>,
}

impl Client {
    /// One POST and its answer.
    pub(super) fn round_trip(&mut self, ask: &Ask) -> Result<Box<RawValue>, Error> {
        self.round_trip_with(ask, &Input::default())
    }

    /// The same, with what the server asked for the time before.
    pub(super) fn round_trip_with(
        &mut self,
        ask: &Ask,
        input: &Input,
    ) -> Result<Box<RawValue>, Error> {
        let began = Instant::now();
        let id = self.ids.next_id();
        let request = self.compose(&id, ask, input);
        if self.keeps_message {
            self.message = None;
        }
        let sent = self.send(ask.purpose.clone(), request);
        let mut reply = sent.map_err(|error| self.cancelled(error, ask, &id))?;
        let found = match self.stream.take() {
            Some(mut stream) => {
                let found = self.find_on_stream(&mut reply, &mut stream, &id);
                self.stream = Some(stream);
                found
            }
            None => self.find_or_resume(&mut reply, &id, began),
        };
        // A call is mostly the last request of a process: it waits for nothing more.
        let last =
            ask.method() == methods::CALL_TOOL && !self.keeps_connection && self.stream.is_none();
        let exchange = if last { reply.finish() } else { reply.finish_whole() };
        let status = exchange.status();
        // What a GET takes up again is a stream, however little of it comes.
        let streamed = exchange.request.method == "GET"
            || exchange.answer.as_ref().is_some_and(|answer| answer.shape == Shape::Events);
        self.history.push(*exchange);
        let error = match found {
            Ok(Found::Result(result)) => return Ok(result),
            Ok(Found::Error(error)) => ErrorKind::Rpc(error),
            Ok(Found::Nothing(what)) => match status {
                Some(status) if !(200..300).contains(&status) => ErrorKind::Status(status),
                _ if streamed => ErrorKind::Unanswered(what),
                _ => ErrorKind::Protocol(what),
            },
            Err(error) => {
                // The exchange that shows the failure is the request's own.
                let failed = self.failed(ErrorKind::Transport(error));
                return Err(self.cancelled(failed, ask, &id));
            }
        };
        Err(self.failed(error))
    }

    /// A failed request whose answer nobody waits for any more: the server is told where it can be.
    fn cancelled(&mut self, mut error: Error, ask: &Ask, id: &RequestId) -> Error {
        if let ErrorKind::Transport(why) = &error.kind {
            error.cancelled = self.cancel(ask, id, why);
        }
        error
    }

    /// The request as it is sent in this era.
    pub(super) fn compose(&self, id: &RequestId, ask: &Ask, input: &Input) -> Request {
        let method = ask.method();
        let version = self.session.version.as_deref().filter(|_| self.session.is_modern());
        // Arguments may be large: they are copied only where something is added.
        let mut params = Cow::Borrowed(&ask.params);
        if self.wants_progress && MAY_TAKE_LONG.contains(&method) {
            // The token is unique where the id is.
            envelope::with_meta(params.to_mut(), "progressToken", id.as_str().into());
        }
        let Some(version) = version else {
            let mut request = self.post(jsonrpc::request(id, method, &params));
            if method == methods::INITIALIZE {
                // It begins a session, and is never sent in one.
                request.headers.retain(|(name, _)| !IN_A_SESSION.contains(&name.as_str()));
            }
            return request;
        };
        if let Some(level) = self.log_level.filter(|_| method != methods::DISCOVER) {
            envelope::with_meta(params.to_mut(), envelope::META_LOG_LEVEL, level.into());
        }
        let params = envelope::wrapped(&params, version, &client_info(), &self.capabilities);
        let state = input.state.as_deref();
        let body = jsonrpc::request_with_input(id, method, &params, &input.responses, state);
        let mut request = self.post(body);
        let mut mirrored = envelope::standard_headers(version, method, &params);
        let arguments = &ask.params["arguments"];
        mirrored.extend(ask.mirrored.iter().filter_map(|one| one.header_for(arguments)));
        // The version is there already, and the user's own headers win.
        mirrored.retain(|(name, _)| request.header(name).is_none());
        request.headers.extend(mirrored);
        request
    }

    /// Reads the answer; a stream that breaks is taken up again where the server allows it
    /// (2025-11-25, Transports, "Resumability and Redelivery").
    fn find_or_resume(
        &mut self,
        reply: &mut Reply,
        id: &RequestId,
        began: Instant,
    ) -> Result<Found, transport::Error> {
        let mut at = Resumption::default();
        let (mut resumed, mut in_vain) = (false, 0);
        loop {
            let found = self.find_answer(reply, id);
            let seen = reply.resumption();
            in_vain = if seen.last_id.is_some() { 0 } else { in_vain + 1 };
            at.last_id = seen.last_id.clone().or(at.last_id);
            at.retry = seen.retry.or(at.retry);
            let shape = reply.exchange().answer.as_ref().map(|answer| answer.shape);
            let broke = match &found {
                Ok(Found::Nothing(_)) => {
                    reply.status() == 200 && (resumed || shape == Some(Shape::Events))
                }
                Ok(_) => false,
                Err(error) => error.kind == transport::ErrorKind::Broken,
            };
            let may_resume = broke && !self.session.is_modern() && in_vain <= MAX_IN_VAIN;
            let (true, Some(last_id)) = (may_resume, &at.last_id) else { return found };
            let wait = at.wait();
            if let Some(limit) = self.options.limits.whole
                && began.elapsed() + wait > limit
            {
                return Err(transport::Error::too_long(limit));
            }
            self.options.interrupt.sleep(wait);
            if self.options.interrupt.is_raised() {
                return Err(transport::Error::interrupted());
            }
            let get = self.get(Some(last_id));
            match self.send_within(get, began) {
                Ok(next) if next.status() == 200 => {
                    let broken = std::mem::replace(reply, next);
                    self.history.push(*broken.finish());
                    resumed = true;
                }
                Ok(refused) => {
                    self.history.push(*refused.finish());
                    return found;
                }
                Err(_) if self.options.interrupt.is_raised() => {
                    return Err(transport::Error::interrupted());
                }
                Err(_) => return found,
            }
        }
    }

    /// Sends a GET in what is left of the time for the whole.
    fn send_within(&mut self, get: Request, began: Instant) -> Result<Reply, Error> {
        let mut options = self.options.clone();
        options.limits.whole =
            options.limits.whole.map(|whole| whole.saturating_sub(began.elapsed()));
        self.send_over(&options, Purpose::default(), get)
    }

    /// Reads the answer to a POST of the HTTP+SSE transport: it comes on the stream. Some servers give
    /// it to the POST itself.
    fn find_on_stream(
        &mut self,
        reply: &mut Reply,
        stream: &mut Reply,
        id: &RequestId,
    ) -> Result<Found, transport::Error> {
        if reply.status() != 202 {
            let found = self.find_answer(reply, id)?;
            if reply.status() != 200 || !matches!(found, Found::Nothing(_)) {
                return Ok(found);
            }
        }
        match self.find_answer(stream, id)? {
            Found::Nothing(_) => {
                Err(transport::Error::broken("the stream ended without an answer"))
            }
            found => Ok(found),
        }
    }

    /// Reads until the answer is there; serves what the server asks meanwhile. An error for another
    /// id is this request's all the same, where nothing else answers it: real servers make ids up.
    fn find_answer(
        &mut self,
        reply: &mut Reply,
        id: &RequestId,
    ) -> Result<Found, transport::Error> {
        let (mut instead, mut strange) = (None, None);
        while let Some(text) = reply.next_message()? {
            let messages = match jsonrpc::parse(&text) {
                Ok(messages) => messages,
                Err(problem) => {
                    instead.get_or_insert(format!("what came is not JSON-RPC: {problem}"));
                    continue;
                }
            };
            for message in messages {
                match message {
                    Message::Result { id: answered, result } => {
                        if jsonrpc::is_answer_to(answered.as_deref(), id) {
                            self.keep(&text);
                            return Ok(Found::Result(result));
                        }
                        instead = Some(another_id(answered.as_deref()));
                    }
                    Message::Error { id: answered, error } => {
                        let answered = answered.as_deref();
                        self.keep(&text);
                        if jsonrpc::is_answer_to(answered, id)
                            || jsonrpc::names_no_request(answered)
                        {
                            return Ok(Found::Error(error));
                        }
                        strange = Some(error);
                    }
                    Message::Request { id, method, params } => {
                        self.serve(reply, &id, &method, params.as_deref());
                    }
                    Message::Notification { method, params } => {
                        self.notices.tell(&method, params.as_deref());
                    }
                }
            }
        }
        if let Some(error) = strange {
            return Ok(Found::Error(error));
        }
        Ok(Found::Nothing(instead.unwrap_or_else(|| nothing(reply.exchange()))))
    }

    /// Keeps an answer as it stands, where that is wanted.
    fn keep(&mut self, text: &str) {
        if self.keeps_message {
            self.message = Some(text.to_owned());
        }
    }

    /// Answers what the server asks. The answer goes over a connection of its own, since the stream
    /// occupies the other; that it may not arrive is the server's to deal with.
    pub(super) fn serve(
        &mut self,
        reply: &Reply,
        id: &RawValue,
        method: &str,
        params: Option<&RawValue>,
    ) {
        // The modern era has no requests of a server's, and a client must not answer one (2026-07-28,
        // Streamable HTTP, Sending Messages, 4).
        if self.session.is_modern() {
            return;
        }
        let response = self.inquiries.respond(method, params);
        let request = self.post(answer_text(id, response));
        let side = self.side.take().unwrap_or_else(|| {
            // The answer that is waited for may be in the stream already: the side stays short.
            let mut options = self.options.clone();
            let left = reply.left().map_or(SIDE_LIMIT, |left| left.min(SIDE_LIMIT));
            options.limits.whole = Some(left);
            let recorder = self.http.recorder().clone();
            Side { http: Http::new(&self.endpoint, &options, recorder).ok(), answered: 0 }
        });
        self.side = Some(side.answer(Purpose::on("answer to", method), request, &mut self.history));
    }
}

/// The text of the answer to a server's request.
pub(super) fn answer_text(id: &RawValue, response: Response) -> String {
    let outcome = match response {
        Response::Result(result) => Ok(result),
        Response::Refused(code, why) => Err((code, why)),
    };
    jsonrpc::answer(id, outcome)
}

/// Where answers to the server go. After one that did not arrive, no other is tried.
pub(super) struct Side {
    http: Option<Http>,
    answered: usize,
}

/// So many answers are kept as evidence.
const KEPT_ANSWERS: usize = 100;

impl Side {
    fn answer(mut self, purpose: Purpose, request: Request, history: &mut Vec<Exchange>) -> Self {
        let Some(http) = &self.http else { return self };
        match http.send(purpose, request) {
            Ok(reply) => {
                let exchange = reply.finish();
                self.answered += 1;
                if self.answered <= KEPT_ANSWERS {
                    history.push(*exchange);
                }
            }
            Err(_) => self.http = None,
        }
        self
    }
}

fn another_id(id: Option<&RawValue>) -> String {
    format!("the server answered another request: id {}", id.map_or("missing", RawValue::get))
}

/// What there was instead of an answer.
fn nothing(exchange: &Exchange) -> String {
    match exchange.answer.as_ref().map(|answer| answer.shape) {
        Some(Shape::Html) => "a web page came instead of an answer".to_owned(),
        Some(Shape::Text) => "text came instead of an answer".to_owned(),
        Some(Shape::Events) => "the stream ended without an answer".to_owned(),
        _ => "the answer is empty".to_owned(),
    }
}
