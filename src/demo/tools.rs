//! The tools of the built-in server: echo, add, fail, run long, return an image.

use std::time::Duration;

use serde_json::{Value, json};

/// A 24 by 24 pixel PNG: an orange disc.
const IMAGE: &str = "iVBORw0KGgoAAAANSUhEUgAAABgAAAAYCAIAAABvFaqvAAAAUElEQVR42mOQkDGgCmKgh0H/exjQEMkGYRpB\
     0DgGkozAYxwDeaZgmkUDg0g1Bc0sahtEninIZo0aRH+DBl86GpR5jZrFCDULNioXtQNZiwAAlptNQw2T80UA\
     AAAASUVORK5CYII=";

/// The tools, as `tools/list` gives them.
pub(super) fn list() -> Value {
    json!([
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
        },
        {
            "name": "image",
            "description": "Returns a small PNG",
            "inputSchema": object(&json!({}), &[]),
            "annotations": {"readOnlyHint": true},
        },
    ])
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// What a call comes to.
pub(super) enum Call {
    /// A result at once.
    Done(Value),
    /// A result after so many steps of this length.
    Slow { step: Duration, steps: u32 },
    /// There is no such tool.
    Unknown,
}

/// Calls a tool. Arguments that it cannot use make a result with `isError`, so that a model can read
/// what was wrong (2025-11-25, Tools, "Error Handling").
pub(super) fn call(name: &str, arguments: &Value) -> Call {
    let number = |key: &str| arguments[key].as_f64();
    Call::Done(match name {
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
        _ => return Call::Unknown,
    })
}

fn slow(seconds: f64, steps: &Value) -> Call {
    let steps = steps.as_u64().and_then(|steps| u32::try_from(steps).ok()).unwrap_or(3);
    if !(0.0..=3600.0).contains(&seconds) || !(1..=1000).contains(&steps) {
        return Call::Done(wrong("`seconds` goes up to 3600, `steps` from 1 to 1000"));
    }
    Call::Slow { step: Duration::from_secs_f64(seconds) / steps, steps }
}

/// The result of `slow`.
pub(super) fn slow_result(steps: u32) -> Value {
    text(&format!("done in {steps} steps"))
}

fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

fn wrong(why: &str) -> Value {
    json!({"content": [{"type": "text", "text": why}], "isError": true})
}

/// A whole sum is written without a fraction.
fn sum(sum: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within 53 bits")]
    let sum = if sum.fract() == 0.0 && sum.abs() < 9e15 { json!(sum as i64) } else { json!(sum) };
    json!({"content": [{"type": "text", "text": sum.to_string()}], "structuredContent": {"sum": sum}})
}
