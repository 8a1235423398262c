//! The store: records, cached lists and the current server, each in its own file.
//!
//! ```text
//! sessions/NAME.json         the record
//! sessions/NAME.tools.json   tools of the server
//! sessions/NAME.offers.json  its resources, templates and prompts, by name, for completion
//! sessions/NAME.tasks.json   its unfinished tasks
//! logins/DIGEST.json         tokens for an endpoint, and their client
//! clients/DIGEST.json        client registered with an issuer
//! by-url/DIGEST              NAME: index from URLs to records
//! current                    NAME
//! trusted                    approved configuration files, with their digests
//! unfinished/                files that are being written
//! locks/DIGEST               lock for opening a session or refreshing a token
//! ```
//!
//! Reading never creates a file. An unreadable file is reported with its path.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::files::{self, Durability, Lock};
use super::record::Record;
use crate::digest::sha256;
use crate::env::Env;

/// State folder of this program.
#[derive(Debug, Clone)]
pub struct Store {
    folder: Option<PathBuf>,
}

/// Reserved name endings: the files beside a record use them.
const RESERVED: [&str; 3] = ["tools", "offers", "tasks"];

/// Checks a server name. Returns an error if it is invalid or reserved.
pub fn check_name(name: &str) -> Result<(), String> {
    let fits = !name.is_empty()
        && name.len() <= 64
        && !name.starts_with(['.', '-'])
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !fits {
        return Err(format!(
            "`{}` cannot be a name: use up to 64 letters, digits, `.`, `_` and `-`",
            name.escape_debug()
        ));
    }
    let words: Vec<&str> = name.split('.').collect();
    if is_device(words[0]) {
        return Err(format!("`{name}` is the name of a device on Windows; choose another name"));
    }
    if name.eq_ignore_ascii_case("demo")
        || words.last().is_some_and(|last| {
            words.len() > 1 && RESERVED.iter().any(|one| last.eq_ignore_ascii_case(one))
        })
    {
        return Err(format!("`{name}` is reserved; choose another name"));
    }
    Ok(())
}

/// Returns true for the devices that Windows finds in every folder, whatever the ending.
fn is_device(stem: &str) -> bool {
    let stem = stem.to_ascii_lowercase();
    let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul")
        || numbered.is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
}

impl Store {
    /// Creates the store for this environment.
    pub fn of(env: &Env) -> Self {
        Self { folder: env.state_dir() }
    }

    /// Returns the state folder, or an error if none is known.
    pub fn folder(&self) -> Result<&PathBuf> {
        self.folder.as_ref().context("no folder for state is known: set MCPOKE_STATE_DIR")
    }

    pub(super) fn path(&self, parts: &[&str]) -> Result<PathBuf> {
        let mut path = self.folder()?.clone();
        path.extend(parts);
        Ok(path)
    }

    /// Writes a file whose data can be obtained again.
    pub(super) fn write(&self, path: &Path, text: &str) -> Result<()> {
        self.write_with(path, Durability::Cached, |file| file.write_all(text.as_bytes()))
    }

    /// Writes a file and waits until it is on disk.
    pub(super) fn write_durably(&self, path: &Path, text: &str) -> Result<()> {
        self.write_with(path, Durability::Synced, |file| file.write_all(text.as_bytes()))
    }

    /// Writes a file piece by piece.
    pub(super) fn write_with(
        &self,
        path: &Path,
        durability: Durability,
        text: impl Fn(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<()> {
        files::write(path, &self.path(&["unfinished"])?, durability, text)
    }

    /// Removes what killed processes left half-written.
    pub fn sweep(&self) {
        if let Ok(unfinished) = self.path(&["unfinished"]) {
            files::sweep(&unfinished);
        }
    }

    fn record_path(&self, name: &str) -> Result<PathBuf> {
        self.path(&["sessions", &format!("{name}.json")])
    }

    fn url_path(&self, url: &str) -> Result<PathBuf> {
        self.path(&["by-url", &sha256(url.as_bytes())[..32]])
    }

    /// Returns the name of the current server.
    pub fn current(&self) -> Result<Option<String>> {
        if self.folder.is_none() {
            return Ok(None);
        }
        let path = self.path(&["current"])?;
        let Some(text) = files::read(&path)? else { return Ok(None) };
        let name = text.trim();
        if check_name(name).is_err() {
            bail!("cannot use {}: it is empty; `mcpoke use NAME` writes it again", path.display());
        }
        Ok(Some(name.to_owned()))
    }

    /// Makes a server the current one.
    pub fn set_current(&self, name: &str) -> Result<()> {
        self.write(&self.path(&["current"])?, &format!("{name}\n"))
    }

    /// Loads the record with this name.
    pub fn load(&self, name: &str) -> Result<Option<Record>> {
        if self.folder.is_none() || check_name(name).is_err() {
            return Ok(None);
        }
        let path = self.record_path(name)?;
        let unusable =
            || format!("cannot use {} (`mcpoke close {name} --forget` removes it)", path.display());
        let Some(text) = files::read(&path)? else { return Ok(None) };
        let record = Record::parse(&text).with_context(unusable)?;
        if record.name != name {
            return Err(anyhow::anyhow!("it is the record of another server"))
                .with_context(unusable);
        }
        Ok(Some(record))
    }

    /// Loads the record of this endpoint.
    pub fn load_by_url(&self, url: &str) -> Result<Option<Record>> {
        if self.folder.is_none() {
            return Ok(None);
        }
        let Some(name) = files::read(&self.url_path(url)?)? else { return Ok(None) };
        Ok(self.load(name.trim())?.filter(|record| record.is_at(url)))
    }

    /// Saves a record, waits until it is on disk, and indexes its URLs.
    pub fn save(&self, record: &Record) -> Result<()> {
        self.save_with(record, Durability::Synced)
    }

    /// Waits until a record is on disk.
    pub fn sync(&self, name: &str) -> Result<()> {
        let path = self.record_path(name)?;
        let synced = std::fs::File::open(&path).and_then(|file| file.sync_data());
        synced.with_context(|| format!("cannot write {}", path.display()))
    }

    /// Saves a record as [`Self::save`] does. A record that is new may be lost if the power fails
    /// before [`Self::sync`]; one that it replaces may not.
    pub fn save_soon(&self, record: &Record) -> Result<()> {
        let exists = self.record_path(&record.name)?.exists();
        self.save_with(record, if exists { Durability::Synced } else { Durability::Cached })
    }

    fn save_with(&self, record: &Record, durability: Durability) -> Result<()> {
        let text = serde_json::to_string_pretty(record)? + "\n";
        let path = self.record_path(&record.name)?;
        self.write_with(&path, durability, |file| file.write_all(text.as_bytes()))?;
        for url in std::iter::once(&record.url).chain(&record.asked_url) {
            let index = self.url_path(url)?;
            if files::read(&index)?.is_none_or(|name| name.trim() != record.name) {
                self.write(&index, &format!("{}\n", record.name))?;
            }
        }
        Ok(())
    }

    /// Removes a server and everything that belongs to it.
    pub fn remove(&self, record: &Record) -> Result<()> {
        for url in std::iter::once(&record.url).chain(&record.asked_url) {
            let index = self.url_path(url)?;
            if files::read(&index)?.is_some_and(|name| name.trim() == record.name) {
                files::remove(&index)?;
            }
        }
        if self.current()?.as_deref() == Some(record.name.as_str()) {
            files::remove(&self.path(&["current"])?)?;
        }
        self.remove_files(&record.name)
    }

    /// Removes the files of a server.
    fn remove_files(&self, name: &str) -> Result<()> {
        files::remove(&self.tools_path(name)?)?;
        files::remove(&self.offers_path(name)?)?;
        files::remove(&self.tasks_path(name)?)?;
        // Last, so that an interrupted removal can be repeated.
        files::remove(&self.record_path(name)?)
    }

    /// Keeps other processes from doing the same thing at once, such as opening a session with
    /// an endpoint. The lock ends with the returned value or with the process.
    pub fn lock(&self, what: &str, limit: Option<Duration>) -> Result<Lock> {
        let path = self.path(&["locks", &sha256(what.as_bytes())[..32]])?;
        files::lock(&path, limit)
    }

    /// Removes a server whose record cannot be read.
    pub fn remove_unread(&self, name: &str) -> Result<()> {
        if self.current().ok().flatten().as_deref() == Some(name) {
            files::remove(&self.path(&["current"])?)?;
        }
        self.remove_files(name)
    }

    /// Returns the names of all saved servers, sorted.
    pub fn names(&self) -> Result<Vec<String>> {
        if self.folder.is_none() {
            return Ok(Vec::new());
        }
        let folder = self.path(&["sessions"])?;
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", folder.display()));
            }
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
            let file = entry.file_name();
            if let Some(name) = file.to_str().and_then(|file| file.strip_suffix(".json"))
                && check_name(name).is_ok()
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Returns a free name for a server: its own name, made fit for a file, with a number if
    /// another server has it.
    pub fn name_for(&self, server: &str, url: &str) -> Result<String> {
        if let Some(record) = self.load_by_url(url)? {
            return Ok(record.name);
        }
        let base = slug(server);
        if let Ok(Some(record)) = self.load(&base)
            && record.is_at(url)
        {
            return Ok(base);
        }
        let taken = self.names()?;
        let taken: HashSet<String> = taken.iter().map(|name| name.to_ascii_lowercase()).collect();
        let is_free =
            |name: &String| check_name(name).is_ok() && !taken.contains(&name.to_ascii_lowercase());
        let numbered = (2..=usize::MAX).map(|number| format!("{base}-{number}"));
        Ok(std::iter::once(base.clone()).chain(numbered).find(is_free).unwrap_or(base.clone()))
    }
}

/// Converts the last part of the server's own name to characters allowed in a file name.
fn slug(server: &str) -> String {
    let last = server.rsplit('/').find(|part| !part.trim().is_empty()).unwrap_or_default();
    let mut slug = String::new();
    for c in last.trim().chars().take(48) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') => slug.push(c),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    let slug = slug.trim_matches(['-', '.']).to_owned();
    if slug.is_empty() { "server".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::types::Implementation;
    use serde_json::json;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store { folder: Some(folder.path().join("state")) };
        (folder, store)
    }

    fn record(name: &str, url: &str) -> Record {
        Record {
            format: Record::FORMAT,
            file: None,
            hidden: vec![],
            name: name.into(),
            url: url.into(),
            asked_url: None,
            era: "legacy".into(),
            transport: crate::protocol::types::Transport::Http,
            protocol_version: "2025-11-25".into(),
            cookies: None,
            number_ids: false,
            session_id: Some("secret-session".into()),
            server: Implementation::default(),
            capabilities: json!({"z": 1, "a": {}}),
            instructions: None,
            client_capabilities: json!({}),
            opened: 1,
            headers: vec![],
            bearer: None,
            token_command: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            salt: "s".into(),
            fingerprint: "f".into(),
        }
    }

    #[test]
    fn what_is_saved_is_found_by_name_and_by_url() {
        let (_folder, store) = store();
        let saved = record("one", "http://h/1");
        store.save(&saved).unwrap();
        assert_eq!(store.load("one").unwrap(), Some(saved.clone()));
        assert_eq!(store.load_by_url("http://h/1").unwrap(), Some(saved.clone()));
        assert_eq!(store.load_by_url("http://h/2").unwrap(), None);
        assert_eq!(store.names().unwrap(), ["one"]);
        store.set_current("one").unwrap();
        store.remove(&saved).unwrap();
        assert_eq!(store.current().unwrap(), None);
        assert!(store.names().unwrap().is_empty());
        assert_eq!(store.load_by_url("http://h/1").unwrap(), None);
    }

    #[test]
    fn reading_creates_nothing() {
        let (folder, store) = store();
        assert_eq!(store.current().unwrap(), None);
        assert!(store.load("x").unwrap().is_none());
        assert!(store.names().unwrap().is_empty());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn files_and_folders_are_the_users_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, store) = store();
        store.save(&record("one", "http://h/1")).unwrap();
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.record_path("one").unwrap()), 0o600);
        assert_eq!(mode(&store.path(&["sessions"]).unwrap()), 0o700);
        assert_eq!(mode(store.folder().unwrap()), 0o700);
    }

    #[test]
    fn a_damaged_empty_or_newer_file_is_reported_with_its_path() {
        let (_folder, store) = store();
        store.save(&record("one", "http://h/1")).unwrap();
        let path = store.record_path("one").unwrap();
        for (text, says) in [
            ("", "is empty"),
            ("{\"format\":1,", "is damaged"),
            ("{\"format\":1}", "is damaged"),
            ("{\"format\":2}", "format 2"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = format!("{:#}", store.load("one").unwrap_err());
            assert!(error.contains(says), "{error}");
            assert!(error.contains(path.to_str().unwrap()), "{error}");
        }
    }

    #[test]
    fn a_name_comes_from_the_server_and_is_numbered_when_taken() {
        let (_folder, store) = store();
        assert_eq!(store.name_for("mcp-servers/everything", "http://h/1").unwrap(), "everything");
        store.save(&record("everything", "http://h/1")).unwrap();
        assert_eq!(store.name_for("Everything", "http://h/2").unwrap(), "everything-2");
        assert_eq!(store.name_for("anything", "http://h/1").unwrap(), "everything");
        assert_eq!(store.name_for("demo", "http://h/3").unwrap(), "demo-2");
        assert_eq!(store.name_for("../../etc", "http://h/4").unwrap(), "etc");
        assert_eq!(store.name_for("日本", "http://h/5").unwrap(), "server");
        // A record that cannot be read keeps its name.
        std::fs::write(store.record_path("everything").unwrap(), "").unwrap();
        assert_eq!(store.name_for("EVERYTHING", "http://h/6").unwrap(), "everything-2");
    }

    #[test]
    fn names_that_could_leave_the_folder_are_refused() {
        for name in ["", "..", "a/b", "a\\b", "-x", "x.tools", "demo", "a b"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name("my-server.2").is_ok());
    }
}
