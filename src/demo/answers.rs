//! HTTP responses of the built-in server, and the JSON-RPC messages in them.

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

/// Returns the trimmed value of a header, if it is text.
pub(super) fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// Creates a JSON-RPC response with a result.
pub(super) fn success(id: &Value, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// Creates a JSON-RPC response with an error.
pub(super) fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

/// Interval between the keep-alive comments of a silent stream.
pub(super) const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
/// Keep-alive comment of a stream.
pub(super) const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// Formats a message as an event of a stream.
pub(super) fn event(message: &Value) -> String {
    format!("event: message\ndata: {message}\n\n")
}

/// Creates a stream response, and the sender for its events.
pub(super) fn stream() -> (Sender<Bytes>, Answer) {
    let (sender, body) = Channel::<Bytes>::new(1);
    let body = body.map_err(|never: Infallible| match never {}).boxed_unsync();
    (sender, with_type(StatusCode::OK, EVENT_STREAM, body))
}

/// Creates a stream response with these messages only.
pub(super) fn messages(messages: &[&Value]) -> Answer {
    let (mut sender, answer) = stream();
    let events: String = messages.iter().map(|message| event(message)).collect();
    tokio::task::spawn_local(async move {
        // The client may be gone.
        let _ = sender.send_data(Bytes::from(events)).await;
    });
    answer
}

/// Creates a response in the form that the server was started with.
pub(super) fn answer(form: AnswerForm, reply: &Value) -> Answer {
    match form {
        AnswerForm::Json => document(StatusCode::OK, reply),
        AnswerForm::Sse => with_type(StatusCode::OK, EVENT_STREAM, whole(event(reply))),
    }
}

/// Creates a JSON response.
pub(super) fn document(status: StatusCode, reply: &Value) -> Answer {
    with_type(status, JSON, whole(reply.to_string()))
}

/// Creates a JSON-RPC error response with a null id, for a request that was not read far
/// enough.
pub(super) fn refuse(status: StatusCode, code: i64, text: &str) -> Answer {
    document(status, &error(&Value::Null, code, text))
}

/// Creates a plain-text response.
pub(super) fn plain(status: StatusCode, text: &str) -> Answer {
    with_type(status, "text/plain", whole(text.to_owned()))
}

/// Creates a response without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    let body = Empty::new().map_err(|never: Infallible| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer
}

/// Creates a 405 response with an Allow header.
pub(super) fn not_allowed(allowed: &'static str) -> Answer {
    let mut answer =
        refuse(StatusCode::METHOD_NOT_ALLOWED, codes::SERVER_ERROR, "Method not allowed");
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

/// Creates a response with this content type.
pub(super) fn with_type(status: StatusCode, kind: &'static str, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

/// Creates a body that is complete from the start.
pub(super) fn whole(text: String) -> Body {
    Full::new(Bytes::from(text)).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// Returns the notification that the list of tools has changed.
pub(super) fn changed() -> Value {
    json!({"jsonrpc": "2.0", "method": methods::TOOLS_CHANGED})
}

/// Returns the notification for a log message.
pub(super) fn log(text: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": methods::LOG_MESSAGE,
        "params": {"level": "info", "logger": "demo", "data": text}})
}

/// Returns the result of `slow`.
pub(super) fn slow_result(steps: u32) -> Value {
    text(&format!("done in {steps} steps"))
}

pub(super) fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

/// Returns a tool error with its reason.
pub(super) fn wrong(why: &str) -> Value {
    json!({"content": [{"type": "text", "text": why}], "isError": true})
}
