//! The record of one server: everything a later process needs to go on where this one stopped.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::credentials::{Credentials, Expanded};
use crate::protocol::types::{Implementation, InitializeResult, Session, Transport};
use crate::redact::Redactor;

/// A remembered server. The file holds secrets (the session id, tokens given in plain text).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this format.
    pub format: u64,
    /// What the user calls the server.
    pub name: String,
    /// Its endpoint.
    pub url: String,
    /// The address that the user gave, where it redirected to the endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_url: Option<String>,
    /// The configuration file that names it, where the user has not done so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// What variables of that file stand for in the address: secrets, perhaps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
    /// The era it is spoken to in.
    pub era: String,
    /// The transport, where it is not Streamable HTTP.
    #[serde(default, skip_serializing_if = "Transport::is_http")]
    pub transport: Transport,
    /// The negotiated revision.
    pub protocol_version: String,
    /// The session; `None` means that the server is known to keep none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// What the server says it is.
    pub server: Implementation,
    /// What it offers, as it wrote it.
    pub capabilities: Value,
    /// How it wants to be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The capabilities that were declared to it; servers show different tools to different clients.
    pub client_capabilities: Value,
    /// When the handshake was done, in seconds since 1970.
    pub opened: u64,
    /// Headers to send along, references unexpanded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The bearer token, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer: Option<String>,
    /// The command that says the bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_command: Option<String>,
    /// `--cacert`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// `--cert`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// `--key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Salt of the fingerprint.
    pub salt: String,
    /// The credentials that the session was opened with, as a digest.
    pub fingerprint: String,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record({} {})", self.name, self.url)
    }
}

impl Record {
    /// The format that this version writes and reads.
    pub const FORMAT: u64 = 1;

    /// Reads the text of a record's file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        parse_file(text)
    }

    /// The credentials to go on with.
    pub fn credentials(&self) -> Credentials {
        Credentials {
            headers: self.headers.clone(),
            bearer: self.bearer.clone(),
            token_command: self.token_command.clone(),
            cert_file: self.cert_file.clone(),
        }
    }

    /// Teaches a redactor what of the address is not shown.
    pub fn teach(&self, redactor: &mut Redactor) {
        self.hidden.iter().for_each(|secret| redactor.learn(secret));
    }

    /// Whether this is the server at that address.
    pub fn is_at(&self, url: &str) -> bool {
        self.url == url || self.asked_url.as_deref() == Some(url)
    }

    /// Whether the session was opened with these credentials.
    pub fn belongs_to(&self, credentials: &Expanded) -> bool {
        self.fingerprint == credentials.fingerprint(&self.salt)
    }

    /// What requests in the session carry.
    pub fn session(&self) -> Session {
        Session {
            version: Some(self.protocol_version.clone()),
            id: self.session_id.clone(),
            transport: self.transport,
        }
    }

    /// The same server after another beginning.
    #[must_use]
    pub fn reopened(&self, session: &Session, said: &InitializeResult, at: SystemTime) -> Self {
        Self {
            era: session.era().as_str().to_owned(),
            transport: session.transport,
            protocol_version: said.protocol_version.clone(),
            session_id: session.id.clone(),
            server: said.server_info.clone(),
            capabilities: said.capabilities.clone(),
            instructions: said.instructions.clone(),
            opened: Self::seconds(at),
            ..self.clone()
        }
    }

    /// A moment as records have it: seconds since 1970.
    pub fn seconds(at: SystemTime) -> u64 {
        at.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
    }

    /// When the handshake was done.
    pub fn opened_at(&self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.opened)).unwrap_or(UNIX_EPOCH)
    }
}

/// Reads a file of this program's, and says so where a newer version wrote it.
pub(super) fn parse_file<T: for<'de> Deserialize<'de>>(text: &str) -> anyhow::Result<T> {
    #[derive(Deserialize)]
    struct Versioned {
        format: Value,
    }
    if text.trim().is_empty() {
        bail!("the file is empty");
    }
    let versioned: Versioned = serde_json::from_str(text).context("it is damaged")?;
    if versioned.format.as_u64() != Some(Record::FORMAT) {
        bail!(
            "it has format {}, and this version of mcpoke reads format {}; \
             use the version that wrote it, or remove the file",
            versioned.format,
            Record::FORMAT
        );
    }
    serde_json::from_str(text).context("it is damaged")
}
