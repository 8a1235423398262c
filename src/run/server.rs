//! A server as a command uses it: one value, built in `prepare` and connected in `connect`.

use serde_json::{Map, Value, json};

use super::CommandError;
use super::answering::{Serving, meets};
use super::credentials::Identity;
use crate::client::{self, Client, Opened};
use crate::endpoint::Endpoint;
use crate::failure::{Kind, TargetHint, failed};
use crate::protocol::tools::{ToolList, Tools};
use crate::session::{Freshness, FromFile, KnownTools, Record, Store};

/// A server, the client that talks to it, and what is known of it.
pub(crate) struct Server {
    pub(crate) client: Client,
    /// The address that the user named, or that of the saved server; the client follows redirects
    /// from there.
    pub(crate) endpoint: Endpoint,
    pub(crate) identity: Identity,
    pub(crate) saved: Saved,
    pub(crate) tools: ReceivedTools,
    pub(crate) serving: Serving,
    /// Context for suggested commands.
    pub(crate) hint: TargetHint,
    /// Capabilities that the server declared in this run.
    pub(crate) offered: Option<Value>,
    pub(crate) is_demo: bool,
    /// The session is not saved; it is closed when the command ends.
    pub(crate) ephemeral: bool,
}

/// Saved state of the server.
pub(crate) struct Saved {
    /// Saved state; `None` with `--no-save`.
    pub(crate) store: Option<Store>,
    /// The server's record, if this command continues with it.
    pub(crate) record: Option<Record>,
    /// The configuration file entry of the server.
    pub(crate) file: Option<FromFile>,
    /// The record was written in this run, and may not be on disk yet.
    pub(crate) is_new: bool,
}

/// Tools of the server that are known without the cache.
#[derive(Default)]
pub(crate) struct ReceivedTools {
    /// Tools received in this run.
    own: Option<KnownTools>,
    /// Cached tools that are the same for every user.
    shared: Option<KnownTools>,
}

impl ReceivedTools {
    /// Takes note of a list that was just received; it counts as fresh.
    pub(crate) fn received(&mut self, list: Option<&ToolList>) {
        self.own = list.map(|list| KnownTools {
            tools: list.tools.clone(),
            freshness: Freshness::Fresh,
            is_public: list.is_public,
            is_partial: list.is_partial,
        });
    }

    /// Takes note of tools that were cached for another user, if they are the same for every user.
    pub(crate) fn share(&mut self, known: Option<KnownTools>) {
        self.shared = known.filter(|known| known.is_public);
    }

    /// Returns the tools, those of this run first.
    pub(crate) fn known(&self) -> Option<&KnownTools> {
        self.own.as_ref().or(self.shared.as_ref())
    }

    /// Returns true if no tools were received in this run: what is known of them was cached.
    pub(crate) fn are_cached(&self) -> bool {
        self.own.is_none()
    }

    /// Removes and returns the tools received in this run.
    pub(crate) fn take(&mut self) -> Option<Tools> {
        self.own.take().map(|known| known.tools)
    }
}

impl Server {
    /// Returns the capabilities for a handshake: those of this run and those declared before,
    /// because servers show different tools to different clients.
    pub(crate) fn to_declare(&self) -> Value {
        let before = self.saved.record.as_ref().filter(|record| !record.session().is_modern());
        let mut declared = before.map_or_else(|| json!({}), |r| r.client_capabilities.clone());
        for (name, value) in self.serving.capabilities.as_object().into_iter().flatten() {
            declared[name] = value.clone();
        }
        declared
    }

    /// Takes note of a new session: its tools, and whether the server may ask for something in it.
    pub(crate) fn entered(&mut self, opened: &Opened) {
        if let Some(login) = &self.identity.login {
            // The handshake may have led to a login.
            login.lock().apply_to(&mut self.identity.sent);
        }
        let declared = &opened.client_capabilities;
        if !opened.session.is_modern() && meets(declared, &self.serving.capabilities) {
            self.client.listen();
        }
        self.tools.received(opened.tools.as_ref());
        self.offered = Some(opened.result.capabilities.clone());
    }

    /// Converts a client error to this command's failure.
    pub(crate) fn fail(&self, error: client::Error) -> CommandError {
        failed(error, &self.client, &self.hint).into()
    }

    /// Like `fail`, but suggests the `list` command if the server rejected the requested item.
    pub(crate) fn fail_of_list(&self, error: client::Error, list: &str) -> CommandError {
        let refused = matches!(error.kind, client::ErrorKind::Rpc(_));
        let failure = failed(error, &self.client, &self.hint);
        if refused && failure.kind == Kind::Rpc {
            return failure.with_next(self.command(list), "lists what exists").into();
        }
        failure.into()
    }

    /// Moves the saved session to a login that was made during this run.
    pub(crate) fn keep_session_of_login(&self) {
        let (Some(login), Some((store, name))) = (&self.identity.login, self.memory()) else {
            return;
        };
        let mut now = self.identity.sent.clone();
        login.lock().apply_to(&mut now);
        if self.saved.record.as_ref().is_none_or(|record| record.belongs_to(&now)) {
            return;
        }
        let Ok(Some(mut record)) = store.load(name) else { return };
        if record.belongs_to(&self.identity.sent) && !record.belongs_to(&now) {
            record.fingerprint = now.fingerprint(&record.salt);
            // Without this, the next command opens a new session.
            let _ = store.save(&record);
        }
    }

    /// Returns a command line for this server, for suggestions.
    pub(crate) fn command(&self, command: &str) -> String {
        format!("mcpoke -s {} {command}", self.hint.target)
    }

    /// Returns the store and the record's name, if the server is saved.
    pub(crate) fn memory(&self) -> Option<(&Store, &str)> {
        Some((self.saved.store.as_ref()?, self.saved.record.as_ref()?.name.as_str()))
    }

    /// Returns the capabilities that the server declared, if known.
    pub(crate) fn capabilities(&self) -> Option<&Value> {
        self.saved.record.as_ref().map(|record| &record.capabilities).or(self.offered.as_ref())
    }

    /// Returns true if the server declared a capability.
    pub(crate) fn declares(&self, capability: &str) -> bool {
        self.capabilities().is_some_and(|declared| declared.get(capability).is_some())
    }

    /// Returns true if the saved session declared no client capabilities.
    pub(crate) fn declares_nothing(&self) -> bool {
        let record = self.saved.record.as_ref();
        let declared = record.and_then(|record| record.client_capabilities.as_object());
        declared.is_some_and(Map::is_empty)
    }

    /// Returns true if `--no-session` or `--session-id` is given; then only the request itself
    /// is sent.
    pub(crate) fn is_probe(&self) -> bool {
        self.hint.probe.is_some()
    }
}
