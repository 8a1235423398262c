//! A request, and the search for its answer among what the server sends.

use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Client;
use super::error::{Error, ErrorKind};
use crate::exchange::{Exchange, Purpose, Request};
use crate::protocol::jsonrpc::{self, ErrorObject, Message, RequestId};
use crate::transport::{Http, Reply};

/// How long an answer to the server may take.
const SIDE_LIMIT: Duration = Duration::from_secs(5);

/// What was found in the body.
enum Found {
    Result(Box<RawValue>),
    Error(ErrorObject),
    /// Nothing that answers; what there was instead.
    Nothing(String),
}

impl Client {
    /// One POST and its answer.
    pub(super) fn round_trip(
        &mut self,
        purpose: &Purpose,
        params: &Value,
    ) -> Result<Box<RawValue>, Error> {
        let id = self.ids.next_id();
        let method = purpose.method.as_deref().unwrap_or_default();
        let request = self.post(jsonrpc::request(&id, method, params), &self.session);
        let mut reply = self.send(purpose.clone(), request)?;
        let found = self.find_answer(&mut reply, &id);
        // A call is mostly the last request of a process: it waits for nothing more.
        let exchange = if method == "tools/call" { reply.finish() } else { reply.finish_whole() };
        let status = exchange.status();
        self.history.push(*exchange);
        let error = match found {
            Ok(Found::Result(result)) => return Ok(result),
            Ok(Found::Error(error)) => ErrorKind::Rpc(error),
            Ok(Found::Nothing(what)) => match status {
                Some(status) if !(200..300).contains(&status) => ErrorKind::Status(status),
                _ => ErrorKind::Protocol(what),
            },
            Err(error) => ErrorKind::Transport(error),
        };
        Err(self.failed(error))
    }

    /// Reads until the answer is there; serves what the server asks meanwhile. An error for another
    /// id is this request's all the same, where nothing else answers it: real servers make ids up.
    fn find_answer(
        &mut self,
        reply: &mut Reply,
        id: &RequestId,
    ) -> Result<Found, crate::transport::Error> {
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
                            return Ok(Found::Result(result));
                        }
                        instead = Some(another_id(answered.as_deref()));
                    }
                    Message::Error { id: answered, error } => {
                        let answered = answered.as_deref();
                        if jsonrpc::is_answer_to(answered, id)
                            || jsonrpc::names_no_request(answered)
                        {
                            return Ok(Found::Error(error));
                        }
                        strange = Some(error);
                    }
                    Message::Request { id, method } => self.serve(reply, &id, &method),
                    Message::Notification { method, .. } => {
                        self.tools_changed |= method == "notifications/tools/list_changed";
                    }
                }
            }
        }
        if let Some(error) = strange {
            return Ok(Found::Error(error));
        }
        Ok(Found::Nothing(instead.unwrap_or_else(|| nothing(reply.exchange()))))
    }

    /// Answers what the server asks: `ping` is, anything else is not offered by this client. The
    /// answer goes over a connection of its own, since the stream occupies the other; that it may not
    /// arrive is the server's to deal with.
    fn serve(&mut self, reply: &Reply, id: &RawValue, method: &str) {
        let outcome = match method {
            "ping" => Ok(json!({})),
            _ => Err((-32601, "this client offers no such method")),
        };
        let request = self.post(jsonrpc::answer(id, outcome), &self.session);
        let side = self.side.take().unwrap_or_else(|| {
            // The answer that is waited for may be in the stream already: the side stays short.
            let mut options = self.options.clone();
            let left = options.limits.whole.map(|whole| whole.saturating_sub(reply.elapsed()));
            options.limits.whole = Some(left.map_or(SIDE_LIMIT, |left| left.min(SIDE_LIMIT)));
            let recorder = self.http.recorder().clone();
            Side { http: Http::new(&self.endpoint, &options, recorder).ok(), answered: 0 }
        });
        self.side = Some(side.answer(Purpose::on("answer to", method), request, &mut self.history));
    }
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
    use crate::exchange::Shape;
    match exchange.answer.as_ref().map(|answer| answer.shape) {
        Some(Shape::Html) => "a web page came instead of an answer".to_owned(),
        Some(Shape::Text) => "text came instead of an answer".to_owned(),
        Some(Shape::Events) => "the stream ended without an answer".to_owned(),
        _ => "the answer is empty".to_owned(),
    }
}
