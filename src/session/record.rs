//! Record of one server: everything that a later process needs to continue.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::credentials::{Credentials, ResolvedCredentials};
use crate::protocol::types::{Implementation, InitializeResult, Session, Transport};
use crate::redact::Redactor;

/// A saved server. The file holds secrets (the session id, tokens given in plain text).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the file format.
    pub format: u64,
    /// User's name for the server.
    pub name: String,
    /// Endpoint URL.
    pub url: String,
    /// URL that the user gave, if it redirected to the endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_url: Option<String>,
    /// Configuration file that names the server, if the user did not name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Values of that file's variables in the URL, which may be secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
    /// Protocol era in use.
    pub era: String,
    /// Transport, if it is not Streamable HTTP.
    #[serde(default, skip_serializing_if = "Transport::is_http")]
    pub transport: Transport,
    /// Negotiated revision.
    pub protocol_version: String,
    /// Session id; `None` means that the server keeps no sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Cookies that the server set during the handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookies: Option<String>,
    /// True if the server accepts only numeric request ids.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub number_ids: bool,
    /// Name and version of the server.
    pub server: Implementation,
    /// Capabilities of the server, as received.
    pub capabilities: Value,
    /// Instructions of the server for its use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Capabilities that the client declared; servers show different tools to different
    /// clients.
    pub client_capabilities: Value,
    /// Time of the handshake, in seconds since 1970.
    pub opened: u64,
    /// Headers to send, with references unresolved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Bearer token as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer: Option<String>,
    /// Command that prints the bearer token.
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
    /// Digest of the credentials that the session was opened with.
    pub fingerprint: String,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record({} {})", self.name, self.url)
    }
}

impl Record {
    /// Format that this version reads and writes.
    pub const FORMAT: u64 = 1;

    /// Parses the text of a record file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        parse_file(text)
    }

    /// Returns the saved credentials.
    pub fn credentials(&self) -> Credentials {
        Credentials {
            headers: self.headers.clone(),
            bearer: self.bearer.clone(),
            token_command: self.token_command.clone(),
            cert_file: self.cert_file.clone(),
        }
    }

    /// Adds the secret parts of the URL to a redactor.
    pub fn teach(&self, redactor: &mut Redactor) {
        self.hidden.iter().for_each(|secret| redactor.learn(secret));
    }

    /// Returns true if the server is at this URL.
    pub fn is_at(&self, url: &str) -> bool {
        self.url == url || self.asked_url.as_deref() == Some(url)
    }

    /// Returns true if the session was opened with these credentials: the same login, token, certificate and
    /// headers with sensitive names, and the same headers that were given when it was opened.
    pub fn belongs_to(&self, credentials: &ResolvedCredentials) -> bool {
        let was_given =
            |name: &str| self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        self.fingerprint == credentials.fingerprint_with(&self.salt, was_given)
    }

    /// Returns the session data that requests carry.
    pub fn session(&self) -> Session {
        Session::of(self.transport, Some(self.protocol_version.clone()), self.session_id.clone())
            .with_cookies(self.cookies.clone())
    }

    /// Returns the record after a new session was opened.
    #[must_use]
    pub fn reopened(&self, session: &Session, said: &InitializeResult, at: SystemTime) -> Self {
        Self {
            era: session.era().as_str().to_owned(),
            transport: session.transport(),
            protocol_version: said.protocol_version.clone(),
            session_id: session.id().map(str::to_owned),
            cookies: session.cookies().map(str::to_owned),
            server: said.server_info.clone(),
            capabilities: said.capabilities.clone(),
            instructions: said.instructions.clone(),
            opened: Self::seconds(at),
            ..self.clone()
        }
    }

    /// Converts a time to seconds since 1970.
    pub fn seconds(at: SystemTime) -> u64 {
        at.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
    }

    /// Returns the time of the handshake.
    pub fn opened_at(&self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.opened)).unwrap_or(UNIX_EPOCH)
    }
}

/// Parses a file of this program. Returns an error if the file is damaged or has another
/// format version.
pub(super) fn parse_file<T: for<'de> Deserialize<'de>>(text: &str) -> anyhow::Result<T> {
    parse_file_of(&[Record::FORMAT], text)
}

/// Parses a file as [`parse_file`] does. Accepts these formats, the current one first.
pub(super) fn parse_file_of<T: for<'de> Deserialize<'de>>(
    formats: &[u64],
    text: &str,
) -> anyhow::Result<T> {
    if text.trim().is_empty() {
        bail!("the file is empty");
    }
    let format = format_of(text)?;
    if !format.as_u64().is_some_and(|format| formats.contains(&format)) {
        bail!(
            "it has format {format}, and this version of mcpoke reads format {}; \
             use the version that wrote it, or remove the file",
            formats[0]
        );
    }
    serde_json::from_str(text).context("it is damaged")
}

/// Returns the format of a file. Every file begins with it, so only the beginning is parsed.
fn format_of(text: &str) -> anyhow::Result<Value> {
    #[derive(Deserialize)]
    struct Versioned {
        format: Value,
    }
    let first = text.trim_start().strip_prefix('{').map(str::trim_start);
    let first = first.and_then(|rest| rest.strip_prefix("\"format\"")).map(str::trim_start);
    if let Some(rest) = first.and_then(|rest| rest.strip_prefix(':')) {
        let number: String =
            rest.trim_start().chars().take_while(char::is_ascii_alphanumeric).collect();
        if let Ok(number) = number.parse::<u64>() {
            return Ok(number.into());
        }
    }
    let versioned: Versioned = serde_json::from_str(text).context("it is damaged")?;
    Ok(versioned.format)
}
