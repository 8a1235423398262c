//! What the methods of this client bring back: a light view, with the server's own text beside it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// A server's or client's name and version (schema `Implementation`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Implementation {
    /// The programmatic name.
    #[serde(default)]
    pub name: String,
    /// The version.
    #[serde(default)]
    pub version: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// The result of `initialize` (schema `InitializeResult`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InitializeResult {
    /// The revision the server chose.
    pub protocol_version: String,
    /// What it offers, as it wrote it.
    #[serde(default)]
    pub capabilities: Value,
    /// What it is.
    #[serde(default)]
    pub server_info: Implementation,
    /// How it wants to be used.
    #[serde(default)]
    pub instructions: Option<String>,
}

/// What the requests after a handshake carry.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The negotiated revision; `None` sends no version header, as a thin client would.
    pub version: Option<String>,
    /// The session id; `None` for a server without sessions.
    pub id: Option<String>,
}

/// A tool (schema `Tool`), with the text the server sent.
#[derive(Debug, Clone)]
pub struct Tool {
    /// The name that `tools/call` takes.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// The JSON Schema of its arguments.
    pub input_schema: Value,
    /// Its server says that calling it twice does no harm (`readOnlyHint`, `idempotentHint`).
    pub repeatable: bool,
    /// All of it, as the server sent it.
    pub raw: Box<RawValue>,
}

impl Tool {
    /// Reads a tool; one without a name is refused.
    pub fn parse(raw: Box<RawValue>) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct View {
            name: String,
            #[serde(default)]
            description: Option<String>,
            #[serde(default)]
            input_schema: Value,
            #[serde(default)]
            annotations: Value,
        }
        let view: View = serde_json::from_str(raw.get())
            .map_err(|error| format!("a tool that cannot be read: {error}"))?;
        Ok(Self {
            name: view.name,
            description: view.description,
            input_schema: view.input_schema,
            repeatable: ["readOnlyHint", "idempotentHint"]
                .iter()
                .any(|hint| view.annotations[*hint] == Value::Bool(true)),
            raw,
        })
    }

    /// The parameters' names, in the server's order, each with whether it is required.
    pub fn parameters(&self) -> Vec<(&str, bool)> {
        let required: Vec<&str> = self.input_schema["required"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        self.input_schema["properties"]
            .as_object()
            .map(|properties| {
                properties.keys().map(|name| (name.as_str(), required.contains(&name.as_str())))
            })
            .into_iter()
            .flatten()
            .collect()
    }
}

/// The result of `tools/call` (schema `CallToolResult`), with the text the server sent.
#[derive(Debug)]
pub struct ToolResult {
    /// The blocks, in order.
    pub content: Vec<Content>,
    /// Structured content, where there is any.
    pub structured: Option<Value>,
    /// The tool ran and reports failure.
    pub is_error: bool,
    /// All of it, as the server sent it.
    pub raw: Box<RawValue>,
}

impl ToolResult {
    /// Reads a result; unknown kinds of content are kept as they came.
    pub fn parse(raw: Box<RawValue>) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct View {
            #[serde(default)]
            content: Vec<Value>,
            #[serde(default)]
            structured_content: Option<Value>,
            #[serde(default)]
            is_error: bool,
        }
        let view: View = serde_json::from_str(raw.get())
            .map_err(|error| format!("a tool result that cannot be read: {error}"))?;
        Ok(Self {
            content: view.content.into_iter().map(Content::from_value).collect(),
            structured: view.structured_content,
            is_error: view.is_error,
            raw,
        })
    }
}

/// One block of content (schema `ContentBlock`).
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Text.
    Text(String),
    /// An image, a sound, or an embedded resource that is no text.
    Binary(Binary),
    /// The text of an embedded resource.
    Resource {
        /// Where it comes from.
        uri: String,
        /// The text.
        text: String,
    },
    /// A pointer to a resource.
    Link {
        /// Where it is.
        uri: String,
        /// What it is called.
        name: String,
        /// What it is, where the server says.
        mime_type: Option<String>,
    },
    /// A block of a kind that this client does not know, as it came.
    Unknown(Value),
}

/// Bytes, still in Base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// `image`, `audio` or `resource`.
    pub kind: &'static str,
    /// What it is, as the server says.
    pub mime_type: String,
    /// The bytes in Base64, as they came.
    pub base64: String,
}

impl Content {
    fn from_value(value: Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let binary = |kind, data: &Value, mime: &Value| {
            Some(Self::Binary(Binary {
                kind,
                mime_type: text(mime).unwrap_or_else(|| "application/octet-stream".to_owned()),
                base64: text(data)?,
            }))
        };
        let resource = &value["resource"];
        let known = match value["type"].as_str() {
            Some("text") => text(&value["text"]).map(Self::Text),
            Some("image") => binary("image", &value["data"], &value["mimeType"]),
            Some("audio") => binary("audio", &value["data"], &value["mimeType"]),
            Some("resource") if resource["blob"].is_string() => {
                binary("resource", &resource["blob"], &resource["mimeType"])
            }
            Some("resource") => text(&resource["text"]).map(|body| Self::Resource {
                uri: text(&resource["uri"]).unwrap_or_default(),
                text: body,
            }),
            Some("resource_link") => text(&value["uri"]).map(|uri| Self::Link {
                uri,
                name: text(&value["name"]).unwrap_or_default(),
                mime_type: text(&value["mimeType"]),
            }),
            _ => None,
        };
        known.unwrap_or(Self::Unknown(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn raw(value: &Value) -> Box<RawValue> {
        serde_json::value::to_raw_value(value).unwrap()
    }

    #[test]
    fn every_kind_of_content_is_told_apart() {
        let result = ToolResult::parse(raw(&json!({"content": [
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
    fn parameters_come_in_the_servers_order() {
        let tool = Tool::parse(raw(&json!({"name": "t", "inputSchema": {
            "properties": {"z": {}, "a": {}}, "required": ["a"]}})))
        .unwrap();
        assert_eq!(tool.parameters(), [("z", false), ("a", true)]);
    }

    #[test]
    fn a_tool_without_a_name_is_refused() {
        assert!(Tool::parse(raw(&json!({"description": "x"}))).is_err());
    }
}
