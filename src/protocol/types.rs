//! Results of MCP methods: parsed views, with the raw text beside them.

use std::sync::OnceLock;

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

/// Session with a server: transport, revision and session id of its requests.
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
        /// Cookies that the server set during the handshake, as saved.
        cookies: Option<String>,
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
            Some(version) => Self::Legacy { version, id, cookies: None },
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
        let cookies = self.cookies().filter(|_| id.is_some()).map(str::to_owned);
        Self::of(self.transport(), self.version().map(str::to_owned), id).with_cookies(cookies)
    }

    /// Returns the same session with these cookies.
    #[must_use]
    pub fn with_cookies(mut self, saved: Option<String>) -> Self {
        if let Self::Legacy { cookies, .. } = &mut self {
            *cookies = saved;
        }
        self
    }

    /// Returns the cookies of the handshake, as saved.
    pub fn cookies(&self) -> Option<&str> {
        match self {
            Self::Legacy { cookies, .. } => cookies.as_deref(),
            _ => None,
        }
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
    /// True if there may be more tools: not all pages were needed, or the pagination is broken.
    pub is_partial: bool,
}

/// A tool (schema `Tool`), with its raw JSON.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Name for `tools/call`.
    pub name: String,
    /// Description, if any.
    pub description: Option<String>,
    /// JSON Schema of the arguments, once it was asked for.
    input_schema: OnceLock<Value>,
    /// True if the server declares repeated calls harmless (`readOnlyHint`, `idempotentHint`).
    pub repeatable: bool,
    /// True if the tool is annotated as destructive (2025-11-25, Schema, `ToolAnnotations`).
    pub destructive: bool,
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
            annotations: Value,
        }
        let view: View = serde_json::from_str(raw.get())
            .map_err(|error| format!("a tool that cannot be read: {error}"))?;
        let mut tool = Self {
            mirrored: Ok(Vec::new()),
            name: view.name,
            description: view.description,
            input_schema: OnceLock::new(),
            destructive: view.annotations["destructiveHint"] == Value::Bool(true),
            repeatable: ["readOnlyHint", "idempotentHint"]
                .iter()
                .any(|hint| view.annotations[*hint] == Value::Bool(true)),
            raw,
        };
        // Most tools mirror nothing, so their schemas need not be searched.
        if tool.raw.get().contains(mirror::KEYWORD) {
            tool.mirrored = mirror::mirrored(tool.input_schema());
        }
        Ok(tool)
    }

    /// Returns the JSON Schema of the arguments; null if there is none that can be read. It is parsed when it is
    /// first asked for: of a long list, few schemas are.
    pub fn input_schema(&self) -> &Value {
        self.input_schema.get_or_init(|| self.member("inputSchema").unwrap_or_default())
    }

    /// Returns the JSON Schema of the results, if there is one (2025-11-25, Tools, "Output
    /// Schema").
    pub fn output_schema(&self) -> Option<Value> {
        self.member("outputSchema").filter(Value::is_object)
    }

    /// Returns true if the tool can only be called as a task (2025-11-25, Tasks, "Tool-Level
    /// Negotiation").
    pub fn wants_task(&self) -> bool {
        self.task_support().is_some_and(|support| support == "required")
    }

    /// Returns true if the tool can be called as a task.
    pub fn may_be_task(&self) -> bool {
        self.task_support().is_some_and(|support| support == "required" || support == "optional")
    }

    fn task_support(&self) -> Option<Value> {
        self.member("execution").map(|mut execution| execution["taskSupport"].take())
    }

    /// Returns a rarely used member. Parses the raw JSON only if the name occurs in it.
    fn member(&self, name: &str) -> Option<Value> {
        let is_there = self.raw.get().contains(&format!("\"{name}\""));
        let mut all: Value = is_there.then(|| serde_json::from_str(self.raw.get()).ok())??;
        all.get_mut(name).map(Value::take)
    }

    /// Returns the parameter names, in the server's order, each with true if required.
    pub fn parameters(&self) -> Vec<(&str, bool)> {
        let required: Vec<&str> = self.input_schema()["required"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        self.input_schema()["properties"]
            .as_object()
            .map(|properties| {
                properties.keys().map(|name| (name.as_str(), required.contains(&name.as_str())))
            })
            .into_iter()
            .flatten()
            .collect()
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
