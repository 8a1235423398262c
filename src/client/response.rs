//! Finds the response to a request among the messages from the server, and responds to the server's
//! own requests meanwhile.

use std::time::Duration;

use serde_json::value::RawValue;

use super::connection::{Connection, ResponseChannel};
use super::server_requests::Response;
use crate::exchange::{BodyKind, Exchange, Purpose};
use crate::protocol::jsonrpc::{self, ErrorObject, Message, RequestId};
use crate::protocol::methods;
use crate::transport::{self, Reply, Resumption};

/// Time limit for a response to the server.
const RESPONSE_LIMIT: Duration = Duration::from_secs(5);
/// Maximum number of consecutive streams without an event id before resuming stops.
const MAX_IN_VAIN: usize = 10;
/// Least wait before a stream is resumed. It doubles while nothing new arrives, up to `MOST_PAUSE`.
const LEAST_PAUSE: Duration = Duration::from_millis(100);
const MOST_PAUSE: Duration = Duration::from_secs(1);

/// Outcome of reading the body of a response.
pub(super) enum RpcOutcome {
    Result(Box<RawValue>),
    Error(ErrorObject),
    /// No response to this request; describes what arrived instead.
    Nothing(String),
}

/// Outcome of reading, and the complete message that it was read from.
pub(super) type Reading = (Result<RpcOutcome, transport::Error>, Option<String>);

impl Connection {
    /// Reads the response. A broken stream is resumed if the server supports it (2025-11-25,
    /// Transports, "Resumability and Redelivery").
    pub(super) fn find_or_resume(&mut self, reply: &mut Reply, id: &RequestId) -> Reading {
        let mut at = Resumption::default();
        let (mut resumed, mut in_vain) = (false, 0);
        let mut pause = LEAST_PAUSE;
        loop {
            let (found, message) = self.find_answer(reply, id);
            let seen = reply.resumption();
            if seen.last_id.is_some() && seen.last_id != at.last_id {
                pause = LEAST_PAUSE;
            }
            in_vain = if seen.last_id.is_some() { 0 } else { in_vain + 1 };
            at.last_id = seen.last_id.clone().or(at.last_id);
            at.retry = seen.retry.or(at.retry);
            let shape = reply.exchange().answer.as_ref().map(|answer| answer.shape);
            let broke = match &found {
                Ok(RpcOutcome::Nothing(_)) => {
                    reply.status() == 200 && (resumed || shape == Some(BodyKind::Events))
                }
                Ok(_) => false,
                Err(error) => error.kind == transport::ErrorKind::Broken,
            };
            let may_resume = broke && !self.session.is_modern() && in_vain <= MAX_IN_VAIN;
            let (true, Some(last_id)) = (may_resume, &at.last_id) else { return (found, message) };
            // A stream that brings nothing new is not resumed in a busy loop, whatever the server states.
            let wait = at.wait().max(pause);
            pause = (pause * 2).min(MOST_PAUSE);
            // Fail now instead of waiting beyond the limit.
            if let Some(spent) = self.config.options.spent_after(wait) {
                return (Err(spent), None);
            }
            self.config.options.interrupt.sleep(wait);
            if self.config.options.interrupt.is_raised() {
                return (Err(transport::Error::interrupted()), None);
            }
            let get = self.get(Some(last_id));
            let options = self.config.options.clone();
            match self.send_apart(&options, &Purpose::default(), get) {
                Ok(next) if next.status() == 200 => {
                    let broken = std::mem::replace(reply, next);
                    broken.finish();
                    resumed = true;
                }
                Ok(refused) => {
                    refused.finish();
                    return (found, message);
                }
                Err(_) if self.config.options.interrupt.is_raised() => {
                    return (Err(transport::Error::interrupted()), None);
                }
                Err(_) => return (found, message),
            }
        }
    }

    /// Reads the response to a POST of the HTTP+SSE transport. The response arrives on the
    /// stream, but some servers send it with the POST itself.
    pub(super) fn find_on_stream(
        &mut self,
        reply: &mut Reply,
        stream: &mut Reply,
        id: &RequestId,
    ) -> Reading {
        // HTTP+SSE servers respond with 202 and send the response on the stream.
        if reply.status() != 202 {
            let (found, message) = self.find_answer(reply, id);
            if reply.status() != 200 || !matches!(found, Ok(RpcOutcome::Nothing(_))) {
                return (found, message);
            }
        }
        match self.find_answer(stream, id) {
            (Ok(RpcOutcome::Nothing(_)), _) => {
                (Err(transport::Error::broken("the stream ended without a response")), None)
            }
            found => found,
        }
    }

    /// Reads until the response arrives, and handles requests from the server meanwhile. An
    /// error with an unknown id counts as the response if no other arrives: real servers make
    /// up ids.
    pub(super) fn find_answer(&mut self, reply: &mut Reply, id: &RequestId) -> Reading {
        let (mut instead, mut strange) = (None, None);
        loop {
            let text = match reply.next_message() {
                Ok(Some(text)) => text,
                Ok(None) => break,
                Err(error) => return (Err(error), None),
            };
            // Skip parsing: nobody receives notifications.
            if self.config.notifications.are_ignored() && jsonrpc::is_news(&text) {
                continue;
            }
            let messages = match jsonrpc::parse(&text) {
                Ok(messages) => messages,
                Err(problem) => {
                    instead.get_or_insert(format!("the response is not JSON-RPC: {problem}"));
                    continue;
                }
            };
            for message in messages {
                match message {
                    Message::Result { id: answered, result } => {
                        if jsonrpc::is_answer_to(answered.as_deref(), id) {
                            return (Ok(RpcOutcome::Result(result)), Some(text));
                        }
                        instead = Some(another_id(answered.as_deref(), id));
                    }
                    Message::Error { id: answered, error } => {
                        let answered = answered.as_deref();
                        if jsonrpc::is_answer_to(answered, id)
                            || jsonrpc::names_no_request(answered)
                        {
                            return (Ok(RpcOutcome::Error(error)), Some(text));
                        }
                        strange = Some((error, text.clone()));
                    }
                    Message::Request { id, method, params } => {
                        // Each sample takes time, and many requests may have arrived together.
                        if method == methods::CREATE_MESSAGE
                            && let Some(spent) = self.config.options.spent()
                        {
                            return (Err(spent), None);
                        }
                        self.serve(reply, &id, &method, params.as_deref());
                    }
                    Message::Notification { method, params } => {
                        self.config.notifications.dispatch(&method, params.as_deref());
                    }
                }
            }
        }
        if let Some((error, text)) = strange {
            return (Ok(RpcOutcome::Error(error)), Some(text));
        }
        let nothing = instead.unwrap_or_else(|| nothing(reply.exchange()));
        (Ok(RpcOutcome::Nothing(nothing)), None)
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
        let requests = &self.config.requests;
        let respond = || requests.respond(method, params);
        // The time of a person does not count; that of a program does.
        let options = &self.config.options;
        let response =
            if method == methods::CREATE_MESSAGE { respond() } else { options.pause(respond) };
        let request = self.post(body_of(id, response));
        if self.responses.is_none() {
            // The awaited response may already be on the stream, so this connection gets a short
            // limit.
            let mut options = self.config.options.clone();
            let left = reply.left().map_or(RESPONSE_LIMIT, |left| left.min(RESPONSE_LIMIT));
            options.limits.whole = Some(left);
            options.budget = None;
            self.responses = Some(ResponseChannel(self.http_with(&options).ok()));
        }
        if let Some(channel) = &mut self.responses {
            channel.send(Purpose::on(RESPONSE, method), request);
        }
    }
}

/// Purpose of an exchange that responds to a server request.
pub(super) const RESPONSE: &str = "answer to";

/// Builds the body of a response to the server.
pub(super) fn body_of(id: &RawValue, response: Response) -> String {
    let outcome = match response {
        Response::Result(result) => Ok(result),
        Response::Refused(code, why) => Err((code, why)),
    };
    jsonrpc::answer(id, outcome)
}

fn another_id(id: Option<&RawValue>, asked: &RequestId) -> String {
    let received = id.map_or("none", RawValue::get);
    format!("the response has another id: sent {}, received {received}", asked.value())
}

/// Describes what arrived instead of a response.
fn nothing(exchange: &Exchange) -> String {
    match exchange.answer.as_ref().map(|answer| answer.shape) {
        Some(BodyKind::Html) => "the response is a web page".to_owned(),
        Some(BodyKind::Text) => "the response is text".to_owned(),
        Some(BodyKind::Events) => "the stream ended without a response".to_owned(),
        // A stream that was resumed, and brought nothing.
        _ if exchange.request.method == "GET" => "the stream ended without a response".to_owned(),
        _ => "the response is empty".to_owned(),
    }
}
