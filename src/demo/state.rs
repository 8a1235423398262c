//! The state of the built-in server, shared by all its connections.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;

use super::DemoOptions;
use super::oauth::Authority;
use super::sessions::Sessions;
use super::tasks::Tasks;
use crate::digest::sha256_of;

/// Maximum number of changes that wait for a slow listener.
const MAX_CHANGES: usize = 64;

/// Default lifetime of tokens.
const TOKEN_TTL: Duration = Duration::from_hours(1);

/// State that all connections share.
pub(super) struct DemoState {
    pub(super) options: DemoOptions,
    sessions: Mutex<Sessions>,
    tasks: Mutex<Tasks>,
    /// Notifies listeners that the tools and the `toggles` resource have changed.
    pub(super) changes: broadcast::Sender<()>,
    /// Number of times that `extra` was added or removed.
    toggles: AtomicUsize,
    /// Key that request states are sealed with.
    secret: String,
    /// The authorization server, used with `--auth oauth`.
    pub(super) authority: Authority,
}

impl DemoState {
    pub(super) fn new(options: DemoOptions) -> Self {
        let secret = format!("{:x}", getrandom::u64().unwrap_or_default());
        let (changes, _) = broadcast::channel(MAX_CHANGES);
        Self {
            options,
            sessions: Mutex::default(),
            tasks: Mutex::default(),
            changes,
            toggles: AtomicUsize::new(0),
            secret,
            authority: Authority::new(options.token_ttl.unwrap_or(TOKEN_TTL)),
        }
    }

    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_extra(&self) -> bool {
        !self.toggles().is_multiple_of(2)
    }

    pub(super) fn toggles(&self) -> usize {
        self.toggles.load(Ordering::SeqCst)
    }

    /// Adds or removes the tool `extra`; returns true if it is now there.
    pub(super) fn toggle_extra(&self) -> bool {
        let now = self.toggles.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        // There may be no listeners.
        let _ = self.changes.send(());
        now
    }

    /// Returns a seal for a subject that only this server can create.
    pub(super) fn seal(&self, subject: &str) -> String {
        sha256_of(&[&self.secret, subject])
    }
}
