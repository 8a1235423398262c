//! Sends a request and finds its response among the messages from the server.

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

/// Time limit for a response to the server.
const SIDE_LIMIT: Duration = Duration::from_secs(5);
/// Maximum number of consecutive streams without an event id before resuming stops.
const MAX_IN_VAIN: usize = 20;

/// Methods for which progress notifications are requested.
const MAY_TAKE_LONG: [&str; 3] = [methods::CALL_TOOL, methods::GET_PROMPT, methods::READ_RESOURCE];

/// Headers that only requests within a session carry.
const IN_A_SESSION: [&str; 2] = [headers::SESSION_ID, headers::PROTOCOL_VERSION];

/// Outcome of reading the body of a response.
enum Found {
    Result(Box<RawValue>),
    Error(ErrorObject),
    /// No response to this request; describes what arrived instead.
    Nothing(String),
}

/// Additions to a repeated request: responses to the server's input requests, and its
/// state.
#[derive(Default)]
pub(super) struct Input {
    pub(super) responses: serde_json::Map<String, Value>,
    pub(super) state: Option<Box<RawValue>>,
}

impl Client {
    /// Sends one POST and returns its result.
    pub(super) fn round_trip(&mut self, ask: &Ask) -> Result<Box<RawValue>, Error> {
        self.round_trip_with(ask, &Input::default())
    }

    /// Like `round_trip`, with the input that the server requested in the previous round.
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
        // A tool call is usually the last request of a process, so it does not wait for the end of
        // the body.
        let last =
            ask.method() == methods::CALL_TOOL && !self.keeps_connection && self.stream.is_none();
        let exchange = if last { reply.finish() } else { reply.finish_whole() };
        let status = exchange.status();
        // A GET always resumes a stream, even if nothing arrives on it.
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
                // `failed` refers to the last exchange, which is that of this request.
                let failed = self.failed(ErrorKind::Transport(error));
                return Err(self.cancelled(failed, ask, &id));
            }
        };
        Err(self.failed(error))
    }

    /// Cancels the failed request on the server where possible, and records that in the error.
    fn cancelled(&mut self, mut error: Error, ask: &Ask, id: &RequestId) -> Error {
        if let ErrorKind::Transport(why) = &error.kind {
            error.cancelled = self.cancel(ask, id, why);
        }
        error
    }

    /// Builds the HTTP request in the form of the session's era.
    pub(super) fn compose(&self, id: &RequestId, ask: &Ask, input: &Input) -> Request {
        let method = ask.method();
        let version = self.session.version.as_deref().filter(|_| self.session.is_modern());
        // Arguments may be large, so they are copied only if something is added.
        let mut params = Cow::Borrowed(&ask.params);
        if self.wants_progress && MAY_TAKE_LONG.contains(&method) {
            // A progress token must be unique, as the request id is.
            envelope::with_meta(params.to_mut(), "progressToken", id.as_str().into());
        }
        let Some(version) = version else {
            let mut request = self.post(jsonrpc::request(id, method, &params));
            if method == methods::INITIALIZE {
                // `initialize` starts a session and must not be sent within one.
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
        // The version header is set already, and the user's headers take precedence.
        mirrored.retain(|(name, _)| request.header(name).is_none());
        request.headers.extend(mirrored);
        request
    }

    /// Reads the response. A broken stream is resumed if the server supports it (2025-11-25,
    /// Transports, "Resumability and Redelivery").
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
            // Fail now instead of waiting beyond the limit.
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

    /// Sends a GET within the time that is left for the whole exchange.
    fn send_within(&mut self, get: Request, began: Instant) -> Result<Reply, Error> {
        let mut options = self.options.clone();
        options.limits.whole =
            options.limits.whole.map(|whole| whole.saturating_sub(began.elapsed()));
        self.send_over(&options, Purpose::default(), get)
    }

    /// Reads the response to a POST of the HTTP+SSE transport. The response arrives on the
    /// stream, but some servers send it with the POST itself.
    fn find_on_stream(
        &mut self,
        reply: &mut Reply,
        stream: &mut Reply,
        id: &RequestId,
    ) -> Result<Found, transport::Error> {
        // HTTP+SSE servers respond with 202 and send the response on the stream.
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

    /// Reads until the response arrives, and handles requests from the server meanwhile. An
    /// error with an unknown id counts as the response if no other arrives: real servers make
    /// up ids.
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

    /// Keeps a complete message if that is enabled.
    fn keep(&mut self, text: &str) {
        if self.keeps_message {
            self.message = Some(text.to_owned());
        }
    }

    /// Responds to a request from the server over a separate connection, because the stream
    /// occupies the first. A response that does not arrive is not an error.
    pub(super) fn serve(
        &mut self,
        reply: &Reply,
        id: &RawValue,
        method: &str,
        params: Option<&RawValue>,
    ) {
        // In the modern era servers do not send requests, and a client must not respond to one
        // (2026-07-28, Streamable HTTP, Sending Messages, 4).
        if self.session.is_modern() {
            return;
        }
        let response = self.inquiries.respond(method, params);
        let request = self.post(answer_text(id, response));
        let side = self.side.take().unwrap_or_else(|| {
            // The awaited response may already be on the stream, so this connection gets a short
            // limit.
            let mut options = self.options.clone();
            let left = reply.left().map_or(SIDE_LIMIT, |left| left.min(SIDE_LIMIT));
            options.limits.whole = Some(left);
            let recorder = self.http.recorder().clone();
            Side { http: Http::new(&self.endpoint, &options, recorder).ok(), answered: 0 }
        });
        self.side = Some(side.answer(Purpose::on("answer to", method), request, &mut self.history));
    }
}

/// Builds the body of a response to the server.
pub(super) fn answer_text(id: &RawValue, response: Response) -> String {
    let outcome = match response {
        Response::Result(result) => Ok(result),
        Response::Refused(code, why) => Err((code, why)),
    };
    jsonrpc::answer(id, outcome)
}

/// Connection for responses to the server. After one fails to arrive, no other is sent.
pub(super) struct Side {
    http: Option<Http>,
    answered: usize,
}

/// Maximum number of responses kept as evidence.
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

/// Describes what arrived instead of a response.
fn nothing(exchange: &Exchange) -> String {
    match exchange.answer.as_ref().map(|answer| answer.shape) {
        Some(Shape::Html) => "a web page came instead of an answer".to_owned(),
        Some(Shape::Text) => "text came instead of an answer".to_owned(),
        Some(Shape::Events) => "the stream ended without an answer".to_owned(),
        _ => "the answer is empty".to_owned(),
    }
}
