//! Sessions of the built-in server.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use serde_json::Value;
use tokio::sync::oneshot;

/// One session.
#[derive(Debug)]
pub(super) struct Session {
    /// Time at which the session was opened.
    pub(super) opened: Instant,
    /// Number of calls in the session.
    pub(super) calls: u32,
    /// `notifications/initialized` was received.
    pub(super) initialized: bool,
    /// A standalone stream is open; a second one is rejected.
    pub(super) listening: bool,
    /// URIs of the resources that the client subscribed to.
    pub(super) subscribed: HashSet<String>,
    /// Capabilities that the client declared.
    pub(super) capabilities: Value,
    /// Number of server requests sent so far.
    pub(super) inquiries: u32,
    /// Server requests that wait for a response, by id.
    pub(super) asked: HashMap<String, oneshot::Sender<Value>>,
}

/// All sessions, by id.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<String, Session>);

/// Maximum number of sessions; further ones are rejected.
const MAX_SESSIONS: usize = 10_000;

impl Sessions {
    /// Opens a session with an id that cannot be guessed; `None` if there are too many.
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

    /// Returns the session with this id.
    pub(super) fn get(&mut self, id: &str) -> Option<&mut Session> {
        self.0.get_mut(id)
    }

    /// Ends a session; returns true if it existed.
    pub(super) fn end(&mut self, id: &str) -> bool {
        self.0.remove(id).is_some()
    }
}
