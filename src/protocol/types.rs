//! What the methods of this client bring back: a light view, with the server's own text beside it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::mirror::{self, Mirrored};
use super::version::Era;

/// The name that this client gives itself.
pub const CLIENT_NAME: &str = "mcpoke";

/// Some servers write null for what they leave out.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A server's or client's name and version (schema `Implementation`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Implementation {
    /// The programmatic name.
    #[serde(default, deserialize_with = "null_is_default")]
    pub name: String,
    /// The version.
    #[serde(default, deserialize_with = "null_is_default")]
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
    #[serde(default, deserialize_with = "null_is_default")]
    pub server_info: Implementation,
    /// How it wants to be used.
    #[serde(default)]
    pub instructions: Option<String>,
}

/// The result of `server/discover` (2026-07-28, schema `DiscoverResult`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoverResult {
    /// The revisions that the server speaks.
    pub supported_versions: Vec<String>,
    /// What it offers, as it wrote it.
    #[serde(default)]
    pub capabilities: Value,
    /// How it wants to be used.
    #[serde(default)]
    pub instructions: Option<String>,
}

/// The transport that messages go over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Streamable HTTP.
    #[default]
    Http,
    /// HTTP+SSE, of 2024-11-05: a GET stream for answers, a second address for POSTs.
    Sse,
}

impl Transport {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Sse => "sse",
        }
    }

    /// Whether it is Streamable HTTP.
    pub fn is_http(&self) -> bool {
        *self == Self::Http
    }
}

/// How a server is spoken to, and what the requests to it carry.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The revision; `None` sends no version header, as a thin client would.
    pub version: Option<String>,
    /// The session id; `None` for a server without sessions, and always in the modern era.
    pub id: Option<String>,
    /// The transport.
    pub transport: Transport,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The id is a secret.
        let id = self.id.as_ref().map(|_| "…");
        write!(f, "Session({:?}, {id:?}, {:?})", self.version, self.transport)
    }
}

impl Session {
    /// No session: every request carries its own metadata, of this revision.
    pub fn modern(version: &str) -> Self {
        Self { version: Some(version.to_owned()), ..Self::default() }
    }

    /// The era of the revision; a thin client's bare requests are legacy.
    pub fn era(&self) -> Era {
        self.version.as_deref().map_or(Era::Legacy, Era::of)
    }

    /// Whether requests carry their own metadata.
    pub fn is_modern(&self) -> bool {
        self.era() == Era::Modern
    }
}

/// The tools of a server, over all pages, and how long they may be believed (2026-07-28, Caching).
#[derive(Debug, Clone, Default)]
pub struct ToolList {
    /// The tools, in the server's order.
    pub tools: Vec<Tool>,
    /// For so many milliseconds after they came; `None` where the server did not say.
    pub ttl_ms: Option<u64>,
    /// Whether they are the same for every user.
    pub is_public: bool,
    /// What the server calls itself, where its answer says so.
    pub server: Option<Implementation>,
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
    /// The parameters that are mirrored into headers, or why the server's annotations are invalid.
    pub mirrored: Result<Vec<Mirrored>, String>,
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
        // Most tools mirror nothing, and their schemas need no walk.
        let annotated = raw.get().contains(mirror::KEYWORD);
        Ok(Self {
            mirrored: if annotated { mirror::mirrored(&view.input_schema) } else { Ok(Vec::new()) },
            name: view.name,
            description: view.description,
            input_schema: view.input_schema,
            repeatable: ["readOnlyHint", "idempotentHint"]
                .iter()
                .any(|hint| view.annotations[*hint] == Value::Bool(true)),
            raw,
        })
    }

    /// The JSON Schema of its results, where it promises one (2025-11-25, Tools, "Output Schema").
    pub fn output_schema(&self) -> Option<Value> {
        self.member("outputSchema").filter(Value::is_object)
    }

    /// Whether it can be called as a task alone (2025-11-25, Tasks, "Tool-Level Negotiation").
    pub fn wants_task(&self) -> bool {
        self.member("execution").is_some_and(|execution| execution["taskSupport"] == "required")
    }

    /// A member that few tools have and fewer commands need: most calls read nothing again.
    fn member(&self, name: &str) -> Option<Value> {
        let is_there = self.raw.get().contains(&format!("\"{name}\""));
        let mut all: Value = is_there.then(|| serde_json::from_str(self.raw.get()).ok())??;
        all.get_mut(name).map(Value::take)
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

/// The result of `tools/call` (schema `CallToolResult`).
#[derive(Debug)]
pub struct ToolResult {
    /// The blocks, in order.
    pub content: Vec<Content>,
    /// Structured content, where there is any, as the server sent it.
    pub structured: Option<Box<RawValue>>,
    /// The tool ran and reports failure.
    pub is_error: bool,
}

impl ToolResult {
    /// Blocks that came otherwise than with a tool's result.
    pub fn of_blocks(blocks: impl Iterator<Item = Value>) -> Self {
        Self { content: blocks.map(Content::of).collect(), structured: None, is_error: false }
    }

    /// Reads a result; unknown kinds of content are kept as they came.
    pub fn parse(raw: &RawValue) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct View<'r> {
            #[serde(borrow, default)]
            content: Option<Vec<&'r RawValue>>,
            #[serde(default)]
            structured_content: Option<Box<RawValue>>,
            #[serde(default)]
            is_error: Option<bool>,
        }
        let view: View<'_> = serde_json::from_str(raw.get())
            .map_err(|error| format!("a tool result that cannot be read: {error}"))?;
        Ok(Self {
            content: view.content.unwrap_or_default().into_iter().map(Content::parse).collect(),
            structured: view.structured_content.filter(|value| value.get() != "null"),
            is_error: view.is_error.unwrap_or_default(),
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
    Unknown(String),
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
    fn parse(raw: &RawValue) -> Self {
        let unknown = || Self::Unknown(raw.get().to_owned());
        match serde_json::from_str(raw.get()) {
            Ok(value) => Self::known(value).unwrap_or_else(unknown),
            Err(_) => unknown(),
        }
    }

    /// A block that was read already.
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

/// Takes a member out of an object; null where there is none, or the value is no object.
fn take(value: &mut Value, key: &str) -> Value {
    value.get_mut(key).map(Value::take).unwrap_or_default()
}

/// The string, where the value is one.
fn string(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
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
