//! `list-tools NAME`: prints one tool for people.

use serde_json::Value;

use crate::failure::quoted;
use crate::output::{Paint, table};
use crate::protocol::tools::Tool;
use crate::run::{CommandError, Context};

/// Prints a tool: description, parameters, annotations and an example call.
pub(super) fn print(context: &Context<'_>, tool: &Tool, command: &str) -> Result<(), CommandError> {
    let (console, style) = (&context.console, context.console.out.style);
    let raw: Value = serde_json::from_str(tool.raw.get()).unwrap_or_default();
    console.line(&style.paint(Paint::Strong, &crate::output::one_line(&tool.name)))?;
    if let Some(about) = tool.description.as_deref().filter(|about| !about.trim().is_empty()) {
        console.out.server_text(about.trim_end())?;
    }
    let parameters = tool.parameters();
    let schema = |name: &str| &tool.input_schema()["properties"][name];
    let rows: Vec<Vec<String>> = parameters
        .iter()
        .map(|(name, required)| {
            let kind = kind(schema(name));
            let needed = if *required { kind } else { format!("[{kind}]") };
            let about = schema(name)["description"].as_str().unwrap_or_default();
            let default = match &schema(name)["default"] {
                Value::Null => String::new(),
                default => format!(" (default: {default})"),
            };
            vec![(*name).to_owned(), needed, format!("{about}{default}").trim().to_owned()]
        })
        .collect();
    if !rows.is_empty() {
        console.line(&format!("\n{}", table(&rows, &[34, 30], &console.out)))?;
    }
    let hints: Vec<&str> = HINTS
        .iter()
        .filter(|(hint, value, _)| raw["annotations"][*hint] == *value)
        .map(|(.., words)| *words)
        .collect();
    if !hints.is_empty() {
        console.line(&format!("\nIts server says: {}", hints.join(", ")))?;
    }
    let example: Vec<String> = parameters
        .iter()
        .filter(|(_, required)| *required)
        .map(|(name, _)| quoted(&format!("{name}{}", example(schema(name)))))
        .collect();
    let words = [vec![command.to_owned(), quoted(&tool.name)], example].concat();
    console.line(&format!("\n{}", crate::output::one_line(&words.join(" "))))?;
    Ok(())
}

/// Annotations and their meanings (schema `ToolAnnotations`). They are hints that nobody
/// guarantees.
const HINTS: [(&str, bool, &str); 5] = [
    ("readOnlyHint", true, "read-only"),
    ("destructiveHint", true, "destructive"),
    ("destructiveHint", false, "not destructive"),
    ("idempotentHint", true, "idempotent"),
    ("openWorldHint", true, "open world"),
];

/// Maximum number of allowed values that are shown of a parameter.
const MAX_VALUES: usize = 100;

/// Returns a schema's type in words: `number`, `a | b`, `array of string`.
fn kind(schema: &Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        let shown = values.iter().take(MAX_VALUES);
        let shown = shown.map(|one| one.as_str().map_or(one.to_string(), str::to_owned));
        let more = values.len().saturating_sub(MAX_VALUES);
        let more = (more > 0).then(|| format!("{more} more (--schema shows all)"));
        return shown.chain(more).collect::<Vec<_>>().join(" | ");
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(several) = schema[key].as_array() {
            return several.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" && schema["items"].is_object() => {
            format!("array of {}", self::kind(&schema["items"]))
        }
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ if schema.get("const").is_some() => schema["const"].to_string(),
        _ => "anything".to_owned(),
    }
}

/// Returns an example value in command-line syntax, such as `=1`.
fn example(schema: &Value) -> String {
    let word = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return format!("={}", word(first));
    }
    match schema["type"].as_str() {
        Some("number" | "integer") => "=1".to_owned(),
        Some("boolean") => "=true".to_owned(),
        Some("array") => ":=[]".to_owned(),
        Some("object") => ":={}".to_owned(),
        _ => "=TEXT".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_said_in_words() {
        assert_eq!(kind(&json!({"enum": ["a", 1]})), "a | 1");
        assert_eq!(kind(&json!({"type": "array", "items": {"type": "string"}})), "array of string");
        let either = json!({"anyOf": [{"type": "string"}, {"type": "null"}]});
        assert_eq!(kind(&either), "string or null");
        assert_eq!(kind(&json!({"type": ["string", "null"]})), "string or null");
        assert_eq!(kind(&json!({})), "anything");
        assert_eq!(example(&json!({"type": "object"})), ":={}");
        assert_eq!(example(&json!({"enum": ["x y"]})), "=x y");
    }
}
