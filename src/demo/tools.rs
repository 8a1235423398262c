//! Tools of the built-in server, for every kind of result, server request and notification.

use std::time::Duration;

use serde_json::{Value, json};

use super::answers::{text, wrong};
use super::state::DemoState;
use crate::protocol::methods;

/// A PNG of 24 by 24 pixels in Base64: an orange disc.
pub(super) const IMAGE: &str = "iVBORw0KGgoAAAANSUhEUgAAABgAAAAYCAIAAABvFaqvAAAAUElEQVR42mOQkDGgCmKgh0H/exjQEMkGYRpB\
     0DgGkozAYxwDeaZgmkUDg0g1Bc0sahtEninIZo0aRH+DBl86GpR5jZrFCDULNioXtQNZiwAAlptNQw2T80UA\
     AAAASUVORK5CYII=";

/// Returns the tools as in `tools/list`; `with_extra` includes the tool `extra`.
pub(super) fn list(with_extra: bool) -> Value {
    let mut tools = json!([
        {
            "name": "echo",
            "description": "Gives back the message it is given",
            "inputSchema": object(&json!({"message": {"type": "string", "description": "What to say"}}), &["message"]),
            "annotations": {"readOnlyHint": true},
        },
        {
            "name": "add",
            "description": "Adds two numbers",
            "inputSchema": object(&json!({"a": {"type": "number"}, "b": {"type": "number"}}), &["a", "b"]),
            "outputSchema": object(&json!({"sum": {"type": "number"}}), &["sum"]),
            "annotations": {"readOnlyHint": true},
        },
        {
            "name": "fail",
            "description": "Fails, as a tool that runs and reports an error does",
            "inputSchema": object(&json!({"reason": {"type": "string", "default": "it was asked to"}}), &[]),
        },
        {
            "name": "slow",
            "description": "Takes its time and reports progress on the way",
            "inputSchema": object(&json!({
                "seconds": {"type": "number", "default": 3},
                "steps": {"type": "integer", "default": 3},
            }), &[]),
            "execution": {"taskSupport": "optional"},
        },
        {
            "name": "image",
            "description": "Returns a small PNG",
            "inputSchema": object(&json!({}), &[]),
            "annotations": {"readOnlyHint": true},
        },
        {
            "name": "ask",
            "description": "Asks who you are, and greets you (elicitation)",
            "inputSchema": object(&json!({}), &[]),
        },
        {
            "name": "sample",
            "description": "Puts a question to the client's language model (sampling)",
            "inputSchema": object(&json!({"question": {"type": "string", "default": "What is the capital of France?"}}), &[]),
        },
        {
            "name": "roots",
            "description": "Lists the folders that the client works on (roots)",
            "inputSchema": object(&json!({}), &[]),
        },
        {
            "name": "forecast",
            "description": "Foretells the weather of a region, which is mirrored into a header",
            "inputSchema": object(&json!({
                "region": {"type": "string", "x-mcp-header": "Region"},
                "days": {"type": "integer", "default": 1},
                "sky": {"type": "string", "enum": ["sun", "rain"], "default": "sun"},
            }), &["region"]),
            "annotations": {"readOnlyHint": true},
        },
        {
            "name": "log",
            "description": "Writes a line to the client's log",
            "inputSchema": object(&json!({}), &[]),
        },
        {
            "name": "toggle",
            "description": "Adds the tool `extra`, or takes it away again",
            "inputSchema": object(&json!({}), &[]),
        },
    ]);
    if let (true, Some(tools)) = (with_extra, tools.as_array_mut()) {
        tools.push(json!({
            "name": "extra",
            "description": "Is there only now and then",
            "inputSchema": object(&json!({}), &[]),
        }));
    }
    tools
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Outcome of a call.
pub(super) enum Call {
    /// An immediate result.
    Done(Value),
    /// A result after `steps` steps of the given duration.
    Slow { step: Duration, steps: u32 },
    /// A result after a response to a server request.
    Asks(Inquiry),
    /// A result, after a log message.
    Logs { text: &'static str, result: Value },
    /// No such tool.
    Unknown,
}

/// A server request.
pub(super) struct Inquiry {
    /// Capability that the client must have declared.
    pub(super) capability: &'static str,
    /// Method of the request.
    pub(super) method: &'static str,
    /// Parameters of the request; null if there are none.
    pub(super) params: Value,
    /// Converts the client's response to the tool's result.
    pub(super) finish: fn(&Value) -> Value,
}

impl Inquiry {
    /// Returns the method and parameters of the request.
    pub(super) fn question(&self) -> Value {
        let mut question = json!({"method": self.method});
        if !self.params.is_null() {
            question["params"] = self.params.clone();
        }
        question
    }
}

/// Returns the tool that the official conformance suite means by one of its own names.
fn alias(name: &str) -> &str {
    match name {
        "test_missing_capability" => "sample",
        "test_streaming_elicitation" => "ask",
        "test_logging_tool" => "log",
        "test_trigger_tool_change" => "toggle",
        other => other,
    }
}

/// Calls a tool. Invalid arguments lead to a result with `isError`, so that a model can
/// read what was wrong (2025-11-25, Tools, "Error Handling").
pub(super) fn call(state: &DemoState, name: &str, arguments: &Value) -> Call {
    let number = |key: &str| arguments[key].as_f64();
    Call::Done(match alias(name) {
        "echo" => match arguments["message"].as_str() {
            Some(message) => text(message),
            None => wrong("`message` must be a string"),
        },
        "add" => match (number("a"), number("b")) {
            (Some(a), Some(b)) => sum(a + b),
            _ => wrong("`a` and `b` must be numbers"),
        },
        "fail" => {
            let reason = arguments["reason"].as_str().unwrap_or("it was asked to");
            wrong(&format!("failed: {reason}"))
        }
        "slow" => return slow(number("seconds").unwrap_or(3.0), &arguments["steps"]),
        "image" => json!({"content": [
            {"type": "text", "text": "An orange disc:"},
            {"type": "image", "data": IMAGE, "mimeType": "image/png"},
        ]}),
        "forecast" => match arguments["region"].as_str() {
            Some(region) => {
                let days = arguments["days"].as_u64().unwrap_or(1);
                let sky = arguments["sky"].as_str().unwrap_or("sun");
                text(&format!("{region}, for {days} days: {sky}, then clouds"))
            }
            None => wrong("`region` must be a string"),
        },
        "ask" => return Call::Asks(ask()),
        "sample" => return Call::Asks(sample(arguments["question"].as_str())),
        "roots" => return Call::Asks(roots()),
        "log" => return Call::Logs { text: "a line for the log", result: text("logged") },
        "toggle" => text(if state.toggle_extra() { "`extra` is there" } else { "`extra` is gone" }),
        "extra" if state.has_extra() => text("here for now"),
        _ => return Call::Unknown,
    })
}

fn ask() -> Inquiry {
    Inquiry {
        capability: "elicitation",
        method: methods::ELICIT,
        params: json!({"mode": "form", "message": "Who are you?", "requestedSchema": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "title": "Your name", "minLength": 1},
                "age": {"type": "integer", "title": "Your age", "minimum": 0, "default": 42},
                "color": {"type": "string", "title": "A colour", "enum": ["red", "green", "blue"]},
            },
            "required": ["name"],
        }}),
        finish: |answer| match answer["action"].as_str() {
            Some("accept") => {
                let content = &answer["content"];
                let name = content["name"].as_str().unwrap_or("nobody");
                let color = content["color"].as_str().map(|color| format!(", in {color}"));
                text(&format!("Hello {name}, {}{}!", content["age"], color.unwrap_or_default()))
            }
            Some(action) => wrong(&format!("the client chose to {action}")),
            None => wrong("the client's answer names no action"),
        },
    }
}

fn sample(question: Option<&str>) -> Inquiry {
    let question = question.unwrap_or("What is the capital of France?");
    Inquiry {
        capability: "sampling",
        method: methods::CREATE_MESSAGE,
        params: json!({
            "messages": [{"role": "user", "content": {"type": "text", "text": question}}],
            "maxTokens": 100,
        }),
        finish: |answer| match answer["content"]["text"].as_str() {
            Some(said) => text(&format!("the model says: {said}")),
            None => wrong("the client's answer has no text"),
        },
    }
}

fn roots() -> Inquiry {
    Inquiry {
        capability: "roots",
        method: methods::LIST_ROOTS,
        params: Value::Null,
        finish: |answer| {
            let roots = answer["roots"].as_array().into_iter().flatten();
            let uris: Vec<&str> = roots.filter_map(|root| root["uri"].as_str()).collect();
            text(&uris.join("\n"))
        },
    }
}

fn slow(seconds: f64, steps: &Value) -> Call {
    let steps = steps.as_u64().and_then(|steps| u32::try_from(steps).ok()).unwrap_or(3);
    if !(0.0..=3600.0).contains(&seconds) || !(1..=1000).contains(&steps) {
        return Call::Done(wrong("`seconds` goes up to 3600, `steps` from 1 to 1000"));
    }
    Call::Slow { step: Duration::from_secs_f64(seconds) / steps, steps }
}

/// Returns the result of `add`; a whole sum is written without a fraction.
fn sum(sum: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within 53 bits")]
    let sum = if sum.fract() == 0.0 && sum.abs() < 9e15 { json!(sum as i64) } else { json!(sum) };
    json!({"content": [{"type": "text", "text": sum.to_string()}], "structuredContent": {"sum": sum}})
}
