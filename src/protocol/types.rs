//! Results of MCP methods: parsed views, with the raw text beside them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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

    /// Returns the same session with another id, or only its revision.
    #[must_use]
    pub fn with_id(&self, id: Option<String>) -> Self {
        let version = self.version().map(str::to_owned);
        if id.is_none() {
            return Self::bare(version);
        }
        let cookies = self.cookies().map(str::to_owned);
        Self::of(self.transport(), version, id).with_cookies(cookies)
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

    /// Returns true if there was a handshake, and it issued no id.
    pub fn is_sessionless(&self) -> bool {
        matches!(self, Self::Legacy { id: None, .. } | Self::Sse { version: Some(_) })
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
