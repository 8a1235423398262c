//! HTTP answers of the built-in server, and the JSON-RPC messages in them.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

use super::AnswerForm;
use crate::protocol::headers::{EVENT_STREAM, JSON};
use crate::protocol::{codes, methods};

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;
pub(super) type Answer = Response<Body>;

/// A header's value, where it is text.
pub(super) fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// A JSON-RPC result.
pub(super) fn success(id: &Value, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// A JSON-RPC error.
pub(super) fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

/// A silent stream says that it is alive this often.
pub(super) const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
/// What it says.
pub(super) const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// A message as an event of a stream.
pub(super) fn event(message: &Value) -> String {
    format!("event: message\ndata: {message}\n\n")
}

/// A stream, and where to write its events.
pub(super) fn stream() -> (Sender<Bytes>, Answer) {
    let (sender, body) = Channel::<Bytes>::new(1);
    let body = body.map_err(|never: Infallible| match never {}).boxed_unsync();
    (sender, with_type(StatusCode::OK, EVENT_STREAM, body))
}

/// A stream with these messages and no others.
pub(super) fn messages(messages: &[&Value]) -> Answer {
    let (mut sender, answer) = stream();
    let events: String = messages.iter().map(|message| event(message)).collect();
    tokio::task::spawn_local(async move {
        // A client that has gone wants to know nothing.
        let _ = sender.send_data(Bytes::from(events)).await;
    });
    answer
}

/// A reply in the form the server was started with.
pub(super) fn answer(form: AnswerForm, reply: &Value) -> Answer {
    match form {
        AnswerForm::Json => document(StatusCode::OK, reply),
        AnswerForm::Sse => with_type(StatusCode::OK, EVENT_STREAM, whole(event(reply))),
    }
}

/// A JSON document.
pub(super) fn document(status: StatusCode, reply: &Value) -> Answer {
    with_type(status, JSON, whole(reply.to_string()))
}

/// A refusal of something that was not read far enough to know its id.
pub(super) fn refuse(status: StatusCode, code: i64, text: &str) -> Answer {
    document(status, &error(&Value::Null, code, text))
}

/// Text.
pub(super) fn plain(status: StatusCode, text: &str) -> Answer {
    with_type(status, "text/plain", whole(text.to_owned()))
}

/// Nothing but a status.
pub(super) fn empty(status: StatusCode) -> Answer {
    let body = Empty::new().map_err(|never: Infallible| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer
}

/// 405, with what is allowed.
pub(super) fn not_allowed(allowed: &'static str) -> Answer {
    let mut answer =
        refuse(StatusCode::METHOD_NOT_ALLOWED, codes::SERVER_ERROR, "Method not allowed");
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

/// An answer of this content type.
pub(super) fn with_type(status: StatusCode, kind: &'static str, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

/// A body that is there at once.
pub(super) fn whole(text: String) -> Body {
    Full::new(Bytes::from(text)).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// The notification that the tools are others now.
pub(super) fn changed() -> Value {
    json!({"jsonrpc": "2.0", "method": methods::TOOLS_CHANGED})
}

/// The notification of a line for the client's log.
pub(super) fn log(text: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": methods::LOG_MESSAGE,
        "params": {"level": "info", "logger": "demo", "data": text}})
}

/// The result of `slow`.
pub(super) fn slow_result(steps: u32) -> Value {
    text(&format!("done in {steps} steps"))
}

pub(super) fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

/// A result that says why there is none.
pub(super) fn wrong(why: &str) -> Value {
    json!({"content": [{"type": "text", "text": why}], "isError": true})
}
