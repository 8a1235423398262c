//! Target named by the user: a URL, a saved server, or `demo`.

use std::path::{Path, PathBuf};

use super::credentials::Credentials;
use super::record::Record;
use super::store::Store;
use crate::arguments::ranked;
use crate::endpoint::Endpoint;

/// A server to connect to.
#[derive(Debug)]
pub enum Target {
    /// The built-in demo server.
    Demo,
    /// A URL without saved state.
    Url(Endpoint),
    /// A saved server.
    Saved(Box<Record>, Endpoint),
    /// A server from a configuration file, and its saved record, if any.
    Configured(Box<FromFile>, Endpoint, Option<Box<Record>>),
}

impl Target {
    /// Returns true if the user named the server. Project files are untrusted: the user's
    /// credentials are not sent where they point.
    pub fn is_named_by_user(&self) -> bool {
        match self {
            Self::Configured(..) => false,
            Self::Saved(record, _) => record.file.is_none(),
            Self::Url(_) | Self::Demo => true,
        }
    }
}

/// Settings of a server in a configuration file, apart from its URL.
#[derive(Debug, Clone)]
pub struct FromFile {
    /// Name of the server in the file.
    pub name: String,
    /// Path of the file.
    pub file: PathBuf,
    /// Credentials to send.
    pub credentials: Credentials,
    /// Values of variables in its URL, which are not shown.
    pub hidden: Vec<String>,
}

/// Reason why a target was not found.
#[derive(Debug)]
pub enum TargetError {
    /// The name cannot be used; holds the reason and similar names.
    Usage(String, Vec<String>),
    /// The saved state cannot be read.
    State(anyhow::Error),
}

impl From<anyhow::Error> for TargetError {
    fn from(error: anyhow::Error) -> Self {
        Self::State(error)
    }
}

/// Finds the named server, or the current one without a name. Without a store
/// (`--no-save`), only a URL or `demo` can be found. A URL may be reached through a Unix domain socket.
pub fn resolve(
    named: Option<&str>,
    socket: Option<&Path>,
    store: Option<&Store>,
) -> Result<Target, TargetError> {
    if socket.is_some() && !named.is_some_and(Endpoint::looks_like_url) {
        let text = "--unix-socket requires a URL; a saved server keeps its own socket".to_owned();
        return Err(TargetError::Usage(text, Vec::new()));
    }
    let Some(named) = named else { return current(store) };
    if named == "demo" {
        return Ok(Target::Demo);
    }
    if Endpoint::looks_like_url(named) {
        let endpoint = parse(named)?;
        let endpoint = match socket {
            Some(socket) => endpoint.through(socket),
            None => endpoint,
        };
        return match store.map(|store| store.load_by_url(&endpoint.key())).transpose()? {
            Some(Some(record)) => Target::saved(record),
            _ => Ok(Target::Url(endpoint)),
        };
    }
    let Some(store) = store else {
        let text = format!("`{named}` is not a URL, and --no-save reads no saved names");
        return Err(TargetError::Usage(text, Vec::new()));
    };
    if let Some(record) = store.load(named)? {
        return Target::saved(record);
    }
    let known = store.names()?;
    let near = ranked(named, known.iter().map(String::as_str));
    let near = near.into_iter().map(str::to_owned).collect();
    let text = format!("no saved server named `{}`", named.escape_debug());
    Err(TargetError::Usage(text, near))
}

fn current(store: Option<&Store>) -> Result<Target, TargetError> {
    let store = store.ok_or_else(|| {
        let text = "with --no-save a server must be named: -s URL".to_owned();
        TargetError::Usage(text, Vec::new())
    })?;
    let record = match store.current()? {
        Some(name) => store.load(&name)?,
        None => None,
    };
    match record {
        Some(record) => Target::saved(record),
        None if store.names()?.is_empty() => {
            let text = "no server given, and none is saved".to_owned();
            Err(TargetError::Usage(text, Vec::new()))
        }
        None => {
            let text = "no server given, and there is no current one".to_owned();
            Err(TargetError::Usage(text, store.names()?))
        }
    }
}

impl Target {
    /// Creates the target for a saved server.
    pub fn saved(record: Record) -> Result<Self, TargetError> {
        let endpoint =
            Endpoint::from_key(&record.url).map_err(|text| TargetError::Usage(text, Vec::new()))?;
        Ok(Self::Saved(Box::new(record), endpoint))
    }
}

fn parse(url: &str) -> Result<Endpoint, TargetError> {
    Endpoint::parse(url).map_err(|text| TargetError::Usage(text, Vec::new()))
}
