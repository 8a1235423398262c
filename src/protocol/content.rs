//! Results of tools, and the content blocks in them.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The result of `tools/call` (schema `CallToolResult`).
#[derive(Debug)]
pub struct ToolResult {
    /// Content blocks, in order.
    pub content: Vec<Content>,
    /// Structured content, if any, as received.
    pub structured: Option<Box<RawValue>>,
    /// True if the tool ran and returned an error.
    pub is_error: bool,
}

impl ToolResult {
    /// Creates a result from content blocks of another source.
    pub fn of_blocks(blocks: impl Iterator<Item = Value>) -> Self {
        Self { content: blocks.map(Content::of).collect(), structured: None, is_error: false }
    }

    /// Parses a result. Unknown kinds of content are kept as received.
    pub fn parse(raw: &RawValue) -> Result<Self, String> {
        let view = View::of(raw)?;
        let structured = view.structured_content.filter(|value| value.get() != "null");
        Ok(Self {
            content: view.content.unwrap_or_default().into_iter().map(Content::parse).collect(),
            structured: structured.map(ToOwned::to_owned),
            is_error: view.is_error.unwrap_or_default(),
        })
    }

    /// Returns true if a result reports a tool error, without decoding its content.
    pub fn reports_error(raw: &RawValue) -> Result<bool, String> {
        View::of(raw).map(|view| view.is_error.unwrap_or_default())
    }
}

/// The members of a result, as received.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct View<'r> {
    #[serde(borrow, default)]
    content: Option<Vec<&'r RawValue>>,
    #[serde(borrow, default)]
    structured_content: Option<&'r RawValue>,
    #[serde(default)]
    is_error: Option<bool>,
}

impl<'r> View<'r> {
    fn of(raw: &'r RawValue) -> Result<Self, String> {
        serde_json::from_str(raw.get())
            .map_err(|error| format!("a tool result that cannot be read: {error}"))
    }
}

/// One block of content (schema `ContentBlock`).
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Text block.
    Text(String),
    /// Image, audio, or binary embedded resource.
    Binary(Binary),
    /// Text of an embedded resource.
    Resource {
        /// URI of the resource.
        uri: String,
        /// Text of the resource.
        text: String,
    },
    /// Link to a resource.
    Link {
        /// URI of the resource.
        uri: String,
        /// Name of the resource.
        name: String,
        /// Media type, if stated.
        mime_type: Option<String>,
    },
    /// Block of an unknown kind, as received.
    Unknown(String),
}

/// Binary data, still in Base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// `image`, `audio` or `resource`.
    pub kind: &'static str,
    /// Media type, as stated by the server.
    pub mime_type: String,
    /// Data in Base64, as received.
    pub base64: String,
}

impl Content {
    fn parse(raw: &RawValue) -> Self {
        let unknown = || Self::Unknown(raw.get().to_owned());
        match serde_json::from_str(raw.get()) {
            Ok(value) => Self::known(value).unwrap_or_else(unknown),
            Err(_) => unknown(),
        }
    }

    /// Converts an already parsed block.
    pub fn of(value: Value) -> Self {
        let raw = value.to_string();
        Self::known(value).unwrap_or(Self::Unknown(raw))
    }

    fn known(mut value: Value) -> Option<Self> {
        let binary = |kind, data: Value, mime: Value| {
            Some(Self::Binary(Binary {
                kind,
                mime_type: string(mime).unwrap_or_else(|| "application/octet-stream".to_owned()),
                base64: string(data)?,
            }))
        };
        let kind = string(take(&mut value, "type"))?;
        match kind.as_str() {
            "text" => string(take(&mut value, "text")).map(Self::Text),
            "image" => binary("image", take(&mut value, "data"), take(&mut value, "mimeType")),
            "audio" => binary("audio", take(&mut value, "data"), take(&mut value, "mimeType")),
            "resource" => {
                let mut resource = take(&mut value, "resource");
                if resource["blob"].is_string() {
                    return binary(
                        "resource",
                        take(&mut resource, "blob"),
                        take(&mut resource, "mimeType"),
                    );
                }
                let uri = string(take(&mut resource, "uri")).unwrap_or_default();
                string(take(&mut resource, "text")).map(|text| Self::Resource { uri, text })
            }
            "resource_link" => string(take(&mut value, "uri")).map(|uri| Self::Link {
                uri,
                name: string(take(&mut value, "name")).unwrap_or_default(),
                mime_type: string(take(&mut value, "mimeType")),
            }),
            _ => None,
        }
    }
}

/// Takes a member out of an object. Returns null if it is absent or the value is not an
/// object.
fn take(value: &mut Value, key: &str) -> Value {
    value.get_mut(key).map(Value::take).unwrap_or_default()
}

/// Returns the string, if the value is one.
fn string(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::types::{Implementation, InitializeResult};

    fn raw(value: &Value) -> Box<RawValue> {
        serde_json::value::to_raw_value(value).unwrap()
    }

    #[test]
    fn every_kind_of_content_is_told_apart() {
        let result = ToolResult::parse(&raw(&json!({"content": [
            {"type": "text", "text": "a"},
            {"type": "image", "data": "AAAA", "mimeType": "image/png"},
            {"type": "audio", "data": "AAAA", "mimeType": "audio/wav"},
            {"type": "resource", "resource": {"uri": "x:1", "text": "t"}},
            {"type": "resource", "resource": {"uri": "x:2", "blob": "AAAA"}},
            {"type": "resource_link", "uri": "x:3", "name": "n"},
            {"type": "hologram", "depth": 3},
        ], "isError": true})))
        .unwrap();
        let kinds: Vec<&str> = result
            .content
            .iter()
            .map(|content| match content {
                Content::Text(_) => "text",
                Content::Binary(binary) => binary.kind,
                Content::Resource { .. } => "embedded",
                Content::Link { .. } => "link",
                Content::Unknown(_) => "unknown",
            })
            .collect();
        let expected = ["text", "image", "audio", "embedded", "resource", "link", "unknown"];
        assert_eq!(kinds, expected);
        assert!(result.is_error);
    }

    #[test]
    fn what_is_left_out_may_be_null_and_depth_is_no_matter() {
        let nested = "[".repeat(200) + &"]".repeat(200);
        let text = format!(r#"{{"content":null,"isError":null,"structuredContent":{nested}}}"#);
        let raw: Box<RawValue> = serde_json::from_str(&text).unwrap();
        let result = ToolResult::parse(&raw).unwrap();
        assert!(result.content.is_empty() && !result.is_error);
        assert_eq!(result.structured.unwrap().get(), nested);
        let said: InitializeResult = serde_json::from_str(
            r#"{"protocolVersion":"x","serverInfo":{"name":null,"version":null}}"#,
        )
        .unwrap();
        assert_eq!(said.server_info, Implementation::default());
    }
}
