//! Results of MCP methods: parsed views, with the raw text beside them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::mirror::{self, Mirrored};
use super::version::Era;

/// Name of this client, as sent in `clientInfo`.
pub const CLIENT_NAME: &str = "mcpoke";

/// Deserializes null as the default, because some servers send null for absent members.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Name and version of a server or client (schema `Implementation`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Implementation {
    /// Programmatic name.
    #[serde(default, deserialize_with = "null_is_default")]
    pub name: String,
    /// The version.
    #[serde(default, deserialize_with = "null_is_default")]
    pub version: String,
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// The result of `initialize` (schema `InitializeResult`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InitializeResult {
    /// Revision chosen by the server.
    pub protocol_version: String,
    /// Capabilities of the server, as received.
    #[serde(default)]
    pub capabilities: Value,
    /// Name and version of the server.
    #[serde(default, deserialize_with = "null_is_default")]
    pub server_info: Implementation,
    /// Instructions of the server for its use.
    #[serde(default)]
    pub instructions: Option<String>,
}

/// The result of `server/discover` (2026-07-28, schema `DiscoverResult`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoverResult {
    /// Revisions that the server supports.
    pub supported_versions: Vec<String>,
    /// Capabilities of the server, as received.
    #[serde(default)]
    pub capabilities: Value,
    /// Instructions of the server for its use.
    #[serde(default)]
    pub instructions: Option<String>,
}

/// Transport for messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Streamable HTTP.
    #[default]
    Http,
    /// HTTP+SSE of 2024-11-05: a GET stream for responses, and a second URL for POSTs.
    Sse,
}

impl Transport {
    /// Returns the name of the transport.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Sse => "sse",
        }
    }

    /// Returns true for Streamable HTTP.
    pub fn is_http(&self) -> bool {
        *self == Self::Http
    }
}

/// How requests to a server are sent: what the beginning with it has settled.
#[derive(Clone, PartialEq, Eq)]
pub enum Session {
    /// Nothing is settled. Requests carry no id, and a version header only if the user forces one.
    None {
        /// Revision that the user forces.
        version: Option<String>,
    },
    /// Handshake over Streamable HTTP (2025-03-26 to 2025-11-25).
    Legacy {
        /// Negotiated revision.
        version: String,
        /// Session id; `None` if the server keeps no sessions.
        id: Option<String>,
    },
    /// No handshake (2026-07-28): every request carries its own metadata.
    Modern {
        /// Revision of the requests.
        version: String,
        /// Session id that the user forces; the era has none.
        id: Option<String>,
    },
    /// Handshake over HTTP+SSE (2024-11-05). The session lives as long as its stream.
    Sse {
        /// Negotiated revision; `None` until the handshake is done.
        version: Option<String>,
    },
}

impl Default for Session {
    fn default() -> Self {
        Self::None { version: None }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The session id is a secret.
        let id = self.id().map(|_| "…");
        write!(f, "Session({:?}, {id:?}, {:?})", self.version(), self.transport())
    }
}

impl Session {
    /// Creates the session of these parts. Without a revision nothing is settled.
    pub fn of(transport: Transport, version: Option<String>, id: Option<String>) -> Self {
        match version {
            version if transport == Transport::Sse => Self::Sse { version },
            Some(version) if Era::of(&version) == Era::Modern => Self::Modern { version, id },
            Some(version) => Self::Legacy { version, id },
            None => Self::None { version: None },
        }
    }

    /// Creates a session in which nothing but the revision is settled.
    pub fn bare(version: Option<String>) -> Self {
        match version {
            Some(version) if Era::of(&version) == Era::Modern => Self::Modern { version, id: None },
            version => Self::None { version },
        }
    }

    /// Creates the session of a modern server.
    pub fn modern(version: &str) -> Self {
        Self::Modern { version: version.to_owned(), id: None }
    }

    /// Returns the same session with another id, or with none.
    #[must_use]
    pub fn with_id(&self, id: Option<String>) -> Self {
        Self::of(self.transport(), self.version().map(str::to_owned), id)
    }

    /// Returns the revision that requests name; `None` sends no version header, as thin clients do.
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::None { version } | Self::Sse { version } => version.as_deref(),
            Self::Legacy { version, .. } | Self::Modern { version, .. } => Some(version),
        }
    }

    /// Returns the session id that requests carry.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Legacy { id, .. } | Self::Modern { id, .. } => id.as_deref(),
            Self::None { .. } | Self::Sse { .. } => None,
        }
    }

    /// Returns the transport.
    pub fn transport(&self) -> Transport {
        if matches!(self, Self::Sse { .. }) { Transport::Sse } else { Transport::Http }
    }

    /// Returns the era; legacy if nothing is settled.
    pub fn era(&self) -> Era {
        if self.is_modern() { Era::Modern } else { Era::Legacy }
    }

    /// Returns true if requests carry their own metadata.
    pub fn is_modern(&self) -> bool {
        matches!(self, Self::Modern { .. })
    }
}

/// Tools of a server, from all pages, with caching hints (2026-07-28, Caching).
#[derive(Debug, Clone, Default)]
pub struct ToolList {
    /// Tools, in the server's order.
    pub tools: Vec<Tool>,
    /// Cache lifetime in milliseconds; `None` if the server stated none.
    pub ttl_ms: Option<u64>,
    /// True if the tools are the same for every user.
    pub is_public: bool,
    /// Name and version of the server, if the result contains them.
    pub server: Option<Implementation>,
}

/// A tool (schema `Tool`), with its raw JSON.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Name for `tools/call`.
    pub name: String,
    /// Description, if any.
    pub description: Option<String>,
    /// JSON Schema of the arguments.
    pub input_schema: Value,
    /// True if the server declares repeated calls harmless (`readOnlyHint`, `idempotentHint`).
    pub repeatable: bool,
    /// Parameters mirrored into headers, or the reason why the annotations are invalid.
    pub mirrored: Result<Vec<Mirrored>, String>,
    /// The tool's raw JSON, as received.
    pub raw: Box<RawValue>,
}

impl Tool {
    /// Parses a tool. Returns an error if it has no name.
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
        // Most tools mirror nothing, so their schemas need not be searched.
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

    /// Returns the JSON Schema of the results, if there is one (2025-11-25, Tools, "Output
    /// Schema").
    pub fn output_schema(&self) -> Option<Value> {
        self.member("outputSchema").filter(Value::is_object)
    }

    /// Returns true if the tool can only be called as a task (2025-11-25, Tasks, "Tool-Level
    /// Negotiation").
    pub fn wants_task(&self) -> bool {
        self.member("execution").is_some_and(|execution| execution["taskSupport"] == "required")
    }

    /// Returns a rarely used member. Parses the raw JSON only if the name occurs in it.
    fn member(&self, name: &str) -> Option<Value> {
        let is_there = self.raw.get().contains(&format!("\"{name}\""));
        let mut all: Value = is_there.then(|| serde_json::from_str(self.raw.get()).ok())??;
        all.get_mut(name).map(Value::take)
    }

    /// Returns the parameter names, in the server's order, each with true if required.
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
