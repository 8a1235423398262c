//! Cached lists of one server: its tools, its other items, and its unfinished tasks.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::files::{self, Durability};
use super::offers::KnownOffers;

use super::record::{Record, parse_file, parse_file_of};
use super::store::Store;
use crate::protocol::tools::{ToolList, Tools, has_name, may_name};

/// File format of a server's tasks.
#[derive(Serialize, Deserialize)]
struct TasksFile {
    format: u64,
    tasks: Vec<String>,
}

/// Format of a file of tools: this header on the first line, and a tool on each of the others.
const TOOLS_FORMAT: u64 = 2;

#[derive(Serialize, Deserialize)]
struct ToolsHeader {
    format: u64,
    /// Time of the fetch, in milliseconds since 1970.
    #[serde(default)]
    fetched: u64,
    /// Cache lifetime stated by the server, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u64>,
    /// True if the tools are the same for every user.
    #[serde(default)]
    public: bool,
    /// True if the server may have more tools.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
    /// All tools, in a file of format 1.
    #[serde(default, skip_serializing)]
    tools: Vec<Box<RawValue>>,
}

/// Freshness of cached tools (2026-07-28, Caching).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The lifetime stated by the server has not ended.
    Fresh,
    /// The server stated no lifetime, or 0. The tools are used, and fetched again if they do
    /// not fit.
    Unsure,
    /// The lifetime stated by the server has ended.
    Expired,
}

/// Cached tool definitions of one server.
#[derive(Debug, Clone)]
pub struct KnownTools {
    /// Tool definitions.
    pub tools: Tools,
    /// Freshness of the definitions.
    pub freshness: Freshness,
    /// True if the tools are the same for every user.
    pub is_public: bool,
    /// True if the server may have more tools.
    pub is_partial: bool,
}

impl Store {
    pub(super) fn tools_path(&self, name: &str) -> Result<PathBuf> {
        self.path(&["sessions", &format!("{name}.tools.json")])
    }

    pub(super) fn offers_path(&self, name: &str) -> Result<PathBuf> {
        self.path(&["sessions", &format!("{name}.offers.json")])
    }

    pub(super) fn tasks_path(&self, name: &str) -> Result<PathBuf> {
        self.path(&["sessions", &format!("{name}.tasks.json")])
    }

    /// Loads the cached tools of a server; with a name, only that tool. Returns an error if the file cannot be used.
    pub fn load_tools(
        &self,
        name: &str,
        wanted: Option<&str>,
        now: SystemTime,
    ) -> Result<Option<KnownTools>> {
        let path = self.tools_path(name)?;
        let Some(file) = files::open(&path)? else { return Ok(None) };
        let read = || read_tools(BufReader::new(file), wanted, now);
        Ok(Some(read().with_context(|| format!("cannot use {}", path.display()))?))
    }

    /// Returns true if the tools of a server are cached.
    pub fn has_tools(&self, name: &str) -> bool {
        self.tools_path(name).is_ok_and(|path| path.exists())
    }

    /// Saves the tools of a server.
    pub fn save_tools(&self, name: &str, list: &ToolList, now: SystemTime) -> Result<()> {
        let header = serde_json::to_string(&ToolsHeader {
            format: TOOLS_FORMAT,
            fetched: milliseconds(now),
            ttl_ms: list.ttl_ms,
            public: list.is_public,
            partial: list.is_partial,
            tools: Vec::new(),
        })?;
        self.write_with(&self.tools_path(name)?, Durability::Cached, |file| {
            writeln!(file, "{header}")?;
            for tool in list.tools.raw() {
                // A line break in JSON text is a space.
                for part in tool.get().split_inclusive(['\n', '\r']) {
                    file.write_all(part.trim_end_matches(['\n', '\r']).as_bytes())?;
                }
                file.write_all(b"\n")?;
            }
            Ok(())
        })
    }

    /// Loads the cached resources, templates and prompts of a server.
    pub fn load_offers(&self, name: &str) -> Result<Option<KnownOffers>> {
        let path = self.offers_path(name)?;
        let Some(text) = files::read(&path)? else { return Ok(None) };
        let known = parse_file(&text).with_context(|| format!("cannot use {}", path.display()))?;
        Ok(Some(known))
    }

    /// Saves one list of a server (`resources`, `prompts`, …).
    pub fn save_offers(
        &self,
        name: &str,
        key: &str,
        items: impl Iterator<Item = Value>,
    ) -> Result<()> {
        // Several commands may list at once.
        let _lock = self.lock(&format!("offers of {name}"), Some(Duration::from_secs(5)))?;
        // An unreadable file is replaced: it holds nothing but what the server sends again.
        let mut known = self.load_offers(name).ok().flatten().unwrap_or_default();
        let before = known.clone();
        known.learn(key, items);
        if known == before {
            return Ok(());
        }
        self.write(&self.offers_path(name)?, &(serde_json::to_string(&known)? + "\n"))
    }

    /// Returns the ids of tasks on a server whose results were not fetched yet.
    pub fn tasks(&self, name: &str) -> Result<Vec<String>> {
        let path = self.tasks_path(name)?;
        let Some(text) = files::read(&path)? else { return Ok(Vec::new()) };
        let file: TasksFile =
            parse_file(&text).with_context(|| format!("cannot use {}", path.display()))?;
        Ok(file.tasks)
    }

    /// Saves the id of a task on a server.
    pub fn remember_task(&self, name: &str, id: &str) -> Result<()> {
        self.change_tasks(name, |tasks| tasks.push(id.to_owned()))
    }

    /// Removes the id of a task on a server.
    pub fn forget_task(&self, name: &str, id: &str) -> Result<()> {
        self.change_tasks(name, |tasks| tasks.retain(|known| known != id))
    }

    fn change_tasks(&self, name: &str, change: impl FnOnce(&mut Vec<String>)) -> Result<()> {
        // Several shells may start tasks at once.
        let _lock = self.lock(&format!("tasks of {name}"), Some(Duration::from_secs(5)))?;
        let before = self.tasks(name)?;
        let mut tasks = before.clone();
        change(&mut tasks);
        if tasks == before {
            return Ok(());
        }
        let file = TasksFile { format: Record::FORMAT, tasks };
        self.write(&self.tasks_path(name)?, &(serde_json::to_string(&file)? + "\n"))
    }

    /// Removes the cached tools of a server, because they may have changed.
    pub fn forget_tools(&self, name: &str) -> Result<()> {
        files::remove(&self.tools_path(name)?)
    }
}

/// Reads a file of tools.
fn read_tools(mut file: impl BufRead, wanted: Option<&str>, now: SystemTime) -> Result<KnownTools> {
    let mut line = String::new();
    file.read_line(&mut line)?;
    let header: ToolsHeader = parse_file_of(&[TOOLS_FORMAT, Record::FORMAT], &line)?;
    let age = milliseconds(now).checked_sub(header.fetched);
    let freshness = match (header.ttl_ms, age) {
        (None | Some(0), _) => Freshness::Unsure,
        (Some(ttl), Some(age)) if age < ttl => Freshness::Fresh,
        // If the clock was set back, the age is unknown.
        _ => Freshness::Expired,
    };
    let is_wanted = |raw: &RawValue| wanted.is_none_or(|name| has_name(raw, name));
    let mut tools: Tools = header.tools.into_iter().filter(|raw| is_wanted(raw)).collect();
    // With a name, the first tool of that name is enough.
    while wanted.is_none() || tools.raw().is_empty() {
        line.clear();
        if file.read_line(&mut line)? == 0 {
            break;
        }
        // Most lines need not be parsed.
        if wanted.is_some_and(|name| !may_name(&line, name)) {
            continue;
        }
        let raw: Box<RawValue> = serde_json::from_str(&line).context("it is damaged")?;
        if is_wanted(&raw) {
            tools.push(raw).map_err(anyhow::Error::msg)?;
        }
    }
    Ok(KnownTools { tools, freshness, is_public: header.public, is_partial: header.partial })
}

fn milliseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
