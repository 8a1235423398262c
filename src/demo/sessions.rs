//! The sessions of the built-in server.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use serde_json::Value;
use tokio::sync::oneshot;

/// One session.
#[derive(Debug)]
pub(super) struct Session {
    /// When it was opened.
    pub(super) opened: Instant,
    /// Calls that were made in it.
    pub(super) calls: u32,
    /// `notifications/initialized` has come.
    pub(super) initialized: bool,
    /// A standalone stream is open; a second one is refused.
    pub(super) listening: bool,
    /// The resources that the client wants to hear of.
    pub(super) subscribed: HashSet<String>,
    /// What the client declared.
    pub(super) capabilities: Value,
    /// Questions that were put to the client so far.
    pub(super) inquiries: u32,
    /// Those that wait for an answer, by their ids.
    pub(super) asked: HashMap<String, oneshot::Sender<Value>>,
}

/// All sessions, by id.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<String, Session>);

/// As many sessions are kept; whoever opens one more is refused.
const MAX_SESSIONS: usize = 10_000;

impl Sessions {
    /// Opens a session under an id that cannot be guessed; `None` when there are too many.
    pub(super) fn open(&mut self, capabilities: &Value) -> Option<String> {
        if self.0.len() >= MAX_SESSIONS {
            return None;
        }
        let (high, low) = (getrandom::u64().ok()?, getrandom::u64().ok()?);
        let id = format!("{high:016x}{low:016x}");
        let session = Session {
            opened: Instant::now(),
            calls: 0,
            initialized: false,
            listening: false,
            subscribed: HashSet::new(),
            capabilities: capabilities.clone(),
            inquiries: 0,
            asked: HashMap::new(),
        };
        self.0.insert(id.clone(), session);
        Some(id)
    }

    /// The session of this id.
    pub(super) fn get(&mut self, id: &str) -> Option<&mut Session> {
        self.0.get_mut(id)
    }

    /// Ends a session; whether there was one.
    pub(super) fn end(&mut self, id: &str) -> bool {
        self.0.remove(id).is_some()
    }
}
