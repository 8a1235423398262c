//! Session renewal with saved state: one process opens the new session, the others wait for
//! it and use it.

use std::time::{Duration, SystemTime};

use super::Context;
use super::settings::limits;
use crate::client::{Handshake, Opened, Renewal, Session, SessionPersistence};
use crate::output::{Console, age, one_line};
use crate::session::{Lock, Record, ResolvedCredentials, Store};

/// Returns the action for a lost session: renew it once, or never with `--no-renew`.
pub(crate) fn renewal(
    context: &Context<'_>,
    record: &Record,
    credentials: &ResolvedCredentials,
) -> Renewal {
    if context.options.no_renew {
        return Renewal::Never;
    }
    let handshake =
        Handshake { capabilities: record.client_capabilities.clone(), ..Handshake::default() };
    let persistence = SavedSession {
        store: Store::of(context.env),
        console: context.console.clone(),
        record: record.clone(),
        credentials: credentials.clone(),
        now: context.now(),
        limit: limits(context.options).whole,
        lock: None,
    };
    Renewal::Once(handshake, Box::new(persistence))
}

/// Updates the saved record of a lost session.
struct SavedSession {
    store: Store,
    console: Console,
    record: Record,
    credentials: ResolvedCredentials,
    now: SystemTime,
    /// Maximum time to wait for another process.
    limit: Option<Duration>,
    lock: Option<Lock>,
}

impl SessionPersistence for SavedSession {
    fn begin(&mut self, lost: &Session) -> Option<Session> {
        match self.store.lock(&self.record.url, self.limit) {
            Ok(lock) => self.lock = Some(lock),
            // Renew without the lock; another process may then renew as well.
            Err(error) => self.console.note(&format!("mcpoke: {error:#}")),
        }
        let now = self.store.load(&self.record.name).ok().flatten()?;
        let usable = now.url == self.record.url
            && now.session() != *lost
            && now.belongs_to(&self.credentials);
        usable.then(|| now.session())
    }

    fn opened(&mut self, opened: &Opened) -> bool {
        if opened.session.era() == self.record.session().era() && self.record.session_id.is_some() {
            let of_old = self.now.duration_since(self.record.opened_at()).unwrap_or_default();
            self.console.note(&format!(
                "mcpoke: session expired (opened {} ago): opened a new one; state kept in the old session is lost",
                age(of_old)
            ));
        } else if opened.result.protocol_version != self.record.protocol_version {
            self.console.note(&format!(
                "mcpoke: the server now supports {} instead of {}.",
                one_line(&opened.result.protocol_version),
                self.record.protocol_version
            ));
        }
        if !self.is_still_ours() {
            // Another process has closed or replaced the session meanwhile: keep its record.
            self.lock = None;
            return false;
        }
        let record = self.record.reopened(&opened.session, &opened.result, opened.at);
        let saved = self.store.forget_tools(&record.name).and_then(|()| self.store.save(&record));
        if let Err(error) = &saved {
            self.console.note(&format!("mcpoke: the new session was not saved: {error:#}"));
        }
        self.lock = None;
        saved.is_ok()
    }
}

impl SavedSession {
    /// Returns true if the saved record is still that of the lost session.
    fn is_still_ours(&self) -> bool {
        let now = self.store.load(&self.record.name).ok().flatten();
        now.is_some_and(|now| now == self.record)
    }
}
