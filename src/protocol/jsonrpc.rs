//! JSON-RPC 2.0 messages in MCP, parsed leniently.
//!
//! The id of an error may be null, missing, empty or made up; a body may be a batch
//! (2025-03-26). Messages are kept as raw text, so that nothing is lost.

use std::collections::HashMap;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

/// Request id, unique across processes without a counter on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Value);

impl RequestId {
    /// Returns the id as JSON: a string or a number.
    pub fn value(&self) -> &Value {
        &self.0
    }
}

/// Generator of request ids unique to this process. Several shells can share one session,
/// and a server that receives the same id twice at once never responds to the first
/// request.
#[derive(Debug)]
pub struct RequestIds {
    random: u64,
    next: u32,
    /// True if the ids are numbers, for servers that accept no strings.
    are_numbers: bool,
}

/// Largest start of a series of numbers: they stay integers in IEEE 754 double precision, with room for a
/// million requests.
const MAX_START: u64 = (1 << 53) - (1 << 20);

impl RequestIds {
    /// Creates a series from a random 64-bit number. Returns an error if no random numbers are
    /// available.
    pub fn new() -> Result<Self, getrandom::Error> {
        Ok(Self { random: getrandom::u64()?, next: 0, are_numbers: false })
    }

    /// Makes the ids numbers from now on.
    pub fn use_numbers(&mut self) {
        self.are_numbers = true;
    }

    /// Returns true if the ids are numbers.
    pub fn are_numbers(&self) -> bool {
        self.are_numbers
    }

    /// Returns the next id of the series.
    pub fn next_id(&mut self) -> RequestId {
        self.next += 1;
        RequestId(if self.are_numbers {
            (self.random % MAX_START + u64::from(self.next)).into()
        } else {
            format!("{:016x}-{}", self.random, self.next).into()
        })
    }
}

/// Builds the JSON text of a request.
pub fn request(id: &RequestId, method: &str, params: &Value) -> String {
    let mut message = json!({"jsonrpc": "2.0", "id": id.value(), "method": method});
    if !params.is_null() {
        message["params"] = params.clone();
    }
    message.to_string()
}

/// Builds the JSON text of a repeated request with the input that the server requested:
/// `inputResponses`, and `requestState` byte for byte (2026-07-28, Multi Round-Trip
/// Requests).
pub fn request_with_input(
    id: &RequestId,
    method: &str,
    params: &Value,
    responses: &Map<String, Value>,
    state: Option<&RawValue>,
) -> String {
    let mut params = params.clone();
    if let (Some(_), Some(params)) = (state, params.as_object_mut()) {
        // The raw state is appended below and must not occur twice.
        params.remove("requestState");
    }
    if !responses.is_empty() {
        params["inputResponses"] = Value::Object(responses.clone());
    }
    let text = request(id, method, &params);
    match (state, text.strip_suffix("}}")) {
        // The state must be returned byte for byte, so its text is inserted without parsing. The
        // parameters come last and contain at least the envelope, hence the `}}`.
        (Some(state), Some(open)) => format!("{open},\"requestState\":{state}}}}}"),
        _ => text,
    }
}

/// Builds the JSON text of a notification.
pub fn notification(method: &str, params: &Value) -> String {
    let mut message = json!({"jsonrpc": "2.0", "method": method});
    if !params.is_null() {
        message["params"] = params.clone();
    }
    message.to_string()
}

/// Builds the JSON text of a response to a server request, with the id as received.
pub fn answer(id: &RawValue, result: Result<Value, (i64, String)>) -> String {
    let id: Value = serde_json::from_str(id.get()).unwrap_or(Value::Null);
    match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string(),
        Err((code, message)) => {
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
                .to_string()
        }
    }
}

/// A JSON-RPC error object.
#[derive(Debug, Clone)]
pub struct ErrorObject {
    /// Error code, if it is an integer. Servers disagree on the meaning of most codes.
    pub code: Option<i64>,
    /// Message, as received.
    pub message: String,
    /// Additional data, as received.
    pub data: Option<Box<RawValue>>,
}

/// One message from a server.
#[derive(Debug)]
pub enum Message {
    /// A response with a result.
    Result {
        /// Id, as received.
        id: Option<Box<RawValue>>,
        /// Result, as received.
        result: Box<RawValue>,
    },
    /// A response with an error.
    Error {
        /// Id, as received; real servers send any value here.
        id: Option<Box<RawValue>>,
        /// Error object.
        error: ErrorObject,
    },
    /// A request from the server.
    Request {
        /// Id for the response.
        id: Box<RawValue>,
        /// The method.
        method: String,
        /// Parameters, as received.
        params: Option<Box<RawValue>>,
    },
    /// A notification from the server.
    Notification {
        /// Method name.
        method: String,
        /// Parameters, as received.
        params: Option<Box<RawValue>>,
    },
}

/// Returns true if the id of a response is that of the request.
pub fn is_answer_to(id: Option<&RawValue>, asked: &RequestId) -> bool {
    let id = id.and_then(|id| serde_json::from_str::<Value>(id.get()).ok());
    id.as_ref() == Some(asked.value())
}

/// Returns true if the id of an error identifies no request, as with many servers that
/// refuse one.
pub fn names_no_request(id: Option<&RawValue>) -> bool {
    match id.map(RawValue::get) {
        // The Python SDK sends the literal id `server-error`.
        None | Some("null" | "\"\"" | "\"server-error\"") => true,
        Some(_) => false,
    }
}

/// Returns true for the text of a log message or of progress, as most servers write it. Needs no parsing.
pub fn is_news(text: &str) -> bool {
    let method = text.strip_prefix("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/");
    let is_it = |method: &str| method.starts_with("message\"") || method.starts_with("progress\"");
    method.is_some_and(is_it) && !text.contains("\"id\"")
}

/// Returns the members of a JSON object, unparsed: a large one may have many times its size as a value.
pub fn members(text: &str) -> serde_json::Result<HashMap<String, &RawValue>> {
    serde_json::from_str(text)
}

/// Parses a body or an event: one message, or a batch.
pub fn parse(text: &str) -> Result<Vec<Message>, String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('[') {
        let items: Vec<Box<RawValue>> =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        // A bad element must not hide the response beside it.
        let (good, bad): (Vec<_>, Vec<_>) =
            items.iter().map(|item| parse_one(item.get())).partition(Result::is_ok);
        if good.is_empty()
            && let Some(Err(problem)) = bad.into_iter().next()
        {
            return Err(problem);
        }
        return Ok(good.into_iter().flatten().collect());
    }
    Ok(vec![parse_one(text)?])
}

fn parse_one(text: &str) -> Result<Message, String> {
    let mut fields: Fields = serde_json::from_str(text).map_err(|error| error.to_string())?;
    // Absent and null mean the same below, except for `result`, which may be null.
    let id = fields.id.take();
    if let Some(method) = fields.method {
        return Ok(match id {
            Some(id) if id.get() != "null" => {
                Message::Request { id, method, params: fields.params }
            }
            _ => Message::Notification { method, params: fields.params },
        });
    }
    if let Some(error) = fields.error.filter(|error| error.get() != "null") {
        return Ok(Message::Error { id, error: parse_error(&error) });
    }
    if let Some(result) = fields.result {
        return Ok(Message::Result { id, result });
    }
    Err("not a JSON-RPC message: no method, result or error".to_owned())
}

#[derive(serde::Deserialize)]
struct Fields {
    #[serde(default)]
    id: Option<Box<RawValue>>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Option<Box<RawValue>>,
    #[serde(default)]
    result: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<Box<RawValue>>,
}

/// Parses an error object, or whatever the server sent in its place (a string, an OAuth
/// error code).
fn parse_error(raw: &RawValue) -> ErrorObject {
    let value: Value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
    let message = match &value["message"] {
        Value::String(message) => message.clone(),
        _ => value.as_str().map_or_else(|| raw.get().to_owned(), str::to_owned),
    };
    let data = value.get("data").and_then(|data| to_raw_value(data).ok());
    ErrorObject { code: value["code"].as_i64(), message, data }
}

/// Builds the parameters of `tools/call`. `arguments` is always present, because most
/// servers fail without it.
pub fn call_params(tool: &str, arguments: &Map<String, Value>) -> Value {
    json!({"name": tool, "arguments": arguments})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_recognised_and_nothing_else_is() {
        let news = |method: &str| {
            format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":{{}}}}")
        };
        assert!(
            is_news(&news("notifications/message")) && is_news(&news("notifications/progress"))
        );
        assert!(!is_news(&news("notifications/tools/list_changed")));
        assert!(!is_news(&news("notifications/messages")));
        let request = news("notifications/message").replace("\"params\"", "\"id\":1,\"params\"");
        assert!(!is_news(&request));
        assert!(!is_news("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"));
    }

    fn only(text: &str) -> Message {
        let mut messages = parse(text).unwrap();
        assert_eq!(messages.len(), 1);
        messages.remove(0)
    }

    #[test]
    fn ids_differ_within_and_between_series() {
        let (mut a, mut b) = (RequestIds::new().unwrap(), RequestIds::new().unwrap());
        let first = a.next_id();
        assert_ne!(first, a.next_id());
        assert_ne!(first, b.next_id());
    }

    #[test]
    fn a_result_keeps_the_text_that_was_sent() {
        let message =
            only(r#"{"jsonrpc":"2.0","id":"x","result":{"b":12345678901234567890123,"a":1e400}}"#);
        let Message::Result { result, .. } = message else { panic!("{message:?}") };
        assert_eq!(result.get(), r#"{"b":12345678901234567890123,"a":1e400}"#);
    }

    #[test]
    fn ids_of_errors_may_be_anything() {
        for id in [r#""id":null,"#, "", r#""id":"","#, r#""id":"server-error","#] {
            let message = only(&format!(r#"{{{id}"error":{{"code":-32600,"message":"no"}}}}"#));
            let Message::Error { id, error } = message else { panic!("{message:?}") };
            assert!(names_no_request(id.as_deref()));
            assert_eq!((error.code, error.message.as_str()), (Some(-32600), "no"));
        }
    }

    #[test]
    fn an_error_that_is_a_string_is_still_an_error() {
        let message = only(r#"{"error":"invalid_token","error_description":"x"}"#);
        let Message::Error { error, .. } = message else { panic!("{message:?}") };
        assert_eq!((error.code, error.message.as_str()), (None, "invalid_token"));
    }

    #[test]
    fn a_state_goes_back_byte_for_byte() {
        let mut ids = RequestIds::new().unwrap();
        let state = serde_json::from_str::<Box<RawValue>>(r#""\u00e9\/\ud800 ""#).unwrap();
        let params = json!({"name": "t", "_meta": {}});
        let responses = Map::from_iter([("a".to_owned(), json!({"action": "decline"}))]);
        let id = ids.next_id();
        let text = request_with_input(&id, "tools/call", &params, &responses, Some(&state));
        assert!(
            text.ends_with(
                r#","inputResponses":{"a":{"action":"decline"}},"requestState":"\u00e9\/\ud800 "}}"#
            ),
            "{text}"
        );
        let without = request_with_input(&id, "tools/call", &params, &Map::new(), None);
        assert_eq!(without, request(&id, "tools/call", &params));
    }

    #[test]
    fn a_batch_is_several_messages() {
        let messages = parse(r#"[{"method":"a"},{"id":1,"method":"b"}]"#).unwrap();
        assert!(matches!(&messages[0], Message::Notification { method, .. } if method == "a"));
        assert!(matches!(&messages[1], Message::Request { method, .. } if method == "b"));
        assert_eq!(parse(r#"[1,{"id":1,"result":{}}]"#).unwrap().len(), 1);
        assert!(parse("[1]").is_err());
    }

    #[test]
    fn what_is_no_message_is_refused() {
        assert!(parse("{}").unwrap_err().contains("not a JSON-RPC message"));
        assert!(parse("<html>").is_err());
        assert!(parse("").is_err());
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert!(matches!(only("\u{feff}{\"method\":\"a\"}"), Message::Notification { .. }));
    }

    #[test]
    fn an_answer_carries_the_id_as_it_came() {
        let id = serde_json::from_str::<Box<RawValue>>("12345678901234567890").unwrap();
        assert_eq!(
            answer(&id, Ok(json!({}))),
            r#"{"jsonrpc":"2.0","id":12345678901234567890,"result":{}}"#
        );
        let refused = answer(&id, Err((-32601, "no".to_owned())));
        assert!(refused.contains(r#""error":{"code":-32601,"message":"no"}"#));
    }
}
