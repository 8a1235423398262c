//! Connecting: turns prepared settings into a ready client, in the saved session or in a
//! new one.

use std::sync::PoisonError;

use serde_json::Value;

use super::answering::{Mistakes, covers, meets};
use super::authorize::Shared;
use super::interrupt::on_ctrl_c;
use super::prepare::{Prepared, prepare};
use super::renewal::renewal;
use super::settings::{asked_version, given_session, handshake, limits};
use super::{CommandError, Context, Outcome, progress};
use crate::client::{self, Client, Handshake, Opened, Probe, Renewal};
use crate::failure::{Failure, Kind};
use crate::failure::{Spoken, failed};
use crate::protocol::types::Transport;
use crate::session::{Belief, Expanded, KnownTools, Record, Store, Target};

/// A ready client, and the saved state of its server.
pub(crate) struct Connected {
    pub(crate) client: Client,
    /// The server's record, if it is saved.
    pub(crate) record: Option<Record>,
    pub(crate) store: Option<Store>,
    /// The server's tools, if they were received in this run.
    pub(crate) tools: Option<KnownTools>,
    /// Cached tools that are the same for every user.
    pub(crate) public_tools: Option<KnownTools>,
    /// Problems with the user's answers to server requests.
    mistakes: Mistakes,
    /// Context for suggested commands.
    pub(crate) spoken: Spoken,
    /// Server capabilities from the handshake, if the server is not saved.
    offered: Option<Value>,
    /// The resolved credentials, as sent.
    pub(crate) credentials: Expanded,
    /// Source of OAuth tokens, if the user supplied no credentials.
    authorization: Option<Shared>,
    /// The session is not saved; it is closed when the command ends.
    ephemeral: bool,
}

/// Connects to the selected server and runs `work`. Closes a session that is not saved.
pub(crate) fn with_server(
    context: &Context<'_>,
    probe: Probe,
    work: impl FnOnce(&mut Connected) -> Outcome,
) -> Outcome {
    let target = super::target::find(context, context.named())?;
    on_ctrl_c(&context.interrupt);
    let mut connected = open(context, target, probe)?;
    if !connected.is_probe() {
        progress::watch(context, &mut connected.client);
    }
    let outcome = work(&mut connected);
    context.console.err.overlay.clear();
    connected.client.hang_up();
    connected.keep_session_of_login();
    if connected.ephemeral || connected.client.is_unsaved() {
        // The result is final: a failed close changes nothing for the user.
        let _ = connected.client.close();
    }
    let mistakes =
        std::mem::take(&mut *connected.mistakes.lock().unwrap_or_else(PoisonError::into_inner));
    if !mistakes.is_empty() {
        let failure =
            Failure::usage("the answers do not fit what the server asks for; it was declined");
        return Err(mistakes.into_iter().fold(failure, Failure::with_detail).into());
    }
    outcome
}

/// Returns a client in the saved session if that can be used, otherwise in a new one.
fn open(context: &Context<'_>, target: Target, probe: Probe) -> Result<Connected, CommandError> {
    let options = context.options;
    let mut prepared = prepare(context, target)?;
    if prepared.spoken.probe.is_some() {
        let session = given_session(options, prepared.saved.as_ref())?;
        prepared.client.resume(session, Renewal::Never);
        let record = prepared.saved.take();
        return Ok(prepared.connected(context, record, false));
    }
    let handshake = handshake(options, probe, &prepared.to_declare());
    // These options open an unusual session, which must not replace the saved one.
    let probing = options.no_initialized
        || options.capabilities.is_some()
        || asked_version(options).is_some();
    if probing || prepared.is_demo || options.no_save {
        return prepared.for_this_once(context, &handshake);
    }
    match prepared.saved.clone() {
        Some(record) if record.belongs_to(&prepared.expanded) => {
            resumed(context, prepared, record, &handshake)
        }
        Some(record) => {
            context.console.note(
                "mcpoke: the remembered session was opened with other credentials; opening another.",
            );
            if !prepared.given {
                return open_and_remember(context, prepared, &handshake);
            }
            // Credentials on the command line apply to this run only: keep the saved record.
            with_others_credentials(context, prepared, &record, &handshake)
        }
        None => open_and_remember(context, prepared, &handshake),
    }
}

/// Continues with the saved record: in its session, or without one in the modern era.
fn resumed(
    context: &Context<'_>,
    mut prepared: Prepared,
    record: Record,
    handshake: &Handshake,
) -> Result<Connected, CommandError> {
    let session = record.session();
    let lasts = !session.is_modern() && session.transport.is_http();
    if lasts && !covers(&record.client_capabilities, &prepared.wanted) {
        context.console.note(
            "mcpoke: the remembered session was opened without the capabilities that these options \
             serve; opening another for this once.",
        );
        // The server's version is known: no need to find out its era again.
        let asked = Some(record.protocol_version.clone());
        return prepared.for_this_once(context, &Handshake { asked, ..handshake.clone() });
    }
    if session.transport == Transport::Sse {
        let client = &mut prepared.client;
        let opened = client.open_sse(handshake);
        let opened = opened.map_err(|error| failed(error, client, &prepared.spoken))?;
        if opened.session.transport == Transport::Sse {
            return Ok(prepared.connected(context, Some(record), false));
        }
        // The server now supports Streamable HTTP: save that.
        let record = remember(context, &prepared, &opened, None)?;
        let tools = known(&opened);
        return Ok(Connected { tools, ..prepared.connected(context, Some(record), false) });
    }
    let renewal = renewal(context, &record, &prepared.expanded);
    let listens =
        !session.is_modern() && meets(&record.client_capabilities, &prepared.capabilities);
    prepared.client.resume(session, renewal);
    if listens {
        prepared.client.listen();
    }
    Ok(prepared.connected(context, Some(record), false))
}

/// Connects to a saved server with other credentials, in a session that is not saved.
/// Cached tools are used only if they are the same for every user.
fn with_others_credentials(
    context: &Context<'_>,
    mut prepared: Prepared,
    record: &Record,
    handshake: &Handshake,
) -> Result<Connected, CommandError> {
    if !record.session().is_modern() {
        return prepared.for_this_once(context, handshake);
    }
    prepared.client.resume(record.session(), Renewal::Never);
    let mut connected = prepared.connected(context, None, false);
    let known = connected.store.as_ref().map(|store| store.load_tools(&record.name, context.now()));
    connected.public_tools = known.transpose()?.flatten().filter(|known| known.is_public);
    Ok(connected)
}

fn open_and_remember(
    context: &Context<'_>,
    mut prepared: Prepared,
    handshake: &Handshake,
) -> Result<Connected, CommandError> {
    // Several shells may connect to a new server at once: one opens the session, the others use
    // it.
    let store = Store::of(context.env);
    let _lock = store.lock(prepared.endpoint.as_str(), limits(context.options).whole).ok();
    if let Ok(Some(record)) = store.load_by_url(prepared.endpoint.as_str())
        && record.belongs_to(&prepared.expanded)
        && record.session().transport == Transport::Http
        && covers(&record.client_capabilities, &prepared.wanted)
    {
        return resumed(context, prepared, record, handshake);
    }
    let opened = greet(&mut prepared, handshake)?;
    let tools = known(&opened);
    let (record, ephemeral) = match remember(context, &prepared, &opened, None) {
        Ok(record) => {
            let name = &record.name;
            context.console.note(&format!("mcpoke: initialised {name}, now the current server."));
            prepared.spoken.target.clone_from(name);
            (Some(record), false)
        }
        // The command itself does not depend on saved state.
        Err(error) => {
            context.console.note(&format!("mcpoke: the server is not remembered: {error:#}"));
            (None, true)
        }
    };
    Ok(Connected { tools, ..prepared.connected(context, record, ephemeral) })
}

/// Returns the tools that came with the handshake; they count as fresh.
fn known(opened: &Opened) -> Option<KnownTools> {
    let list = opened.tools.as_ref()?;
    let (tools, is_public) = (list.tools.clone(), list.is_public);
    Some(KnownTools { tools, belief: Belief::Fresh, is_public })
}

impl Prepared {
    fn connected(
        self,
        context: &Context<'_>,
        record: Option<Record>,
        ephemeral: bool,
    ) -> Connected {
        Connected {
            client: self.client,
            offered: None,
            record,
            store: context.store(),
            tools: None,
            public_tools: None,
            mistakes: self.mistakes,
            spoken: self.spoken,
            credentials: self.expanded,
            authorization: self.authorization,
            ephemeral,
        }
    }

    /// Opens a session that is not saved.
    fn for_this_once(
        mut self,
        context: &Context<'_>,
        handshake: &Handshake,
    ) -> Result<Connected, CommandError> {
        let opened = greet(&mut self, handshake)?;
        let ephemeral = !self.is_demo;
        let (tools, offered) = (known(&opened), Some(opened.result.capabilities));
        Ok(Connected { tools, offered, ..self.connected(context, None, ephemeral) })
    }
}

/// Opens a session: finds out the era and does the handshake where there is one. Also
/// permits the stream for server requests if the session declared capabilities that this
/// run serves.
pub(crate) fn greet(
    prepared: &mut Prepared,
    handshake: &Handshake,
) -> Result<Opened, CommandError> {
    let client = &mut prepared.client;
    let opened = client.open(handshake).map_err(|error| failed(error, client, &prepared.spoken))?;
    if let Some(authorization) = &prepared.authorization {
        // The handshake may have led to a login.
        authorization.lock().stand_in(&mut prepared.expanded);
    }
    if !opened.session.is_modern() && meets(&opened.client_capabilities, &prepared.capabilities) {
        client.listen();
    }
    Ok(opened)
}

/// Saves a new session and makes its server the current one. Returns the record.
pub(crate) fn remember(
    context: &Context<'_>,
    prepared: &Prepared,
    opened: &Opened,
    name: Option<&str>,
) -> anyhow::Result<Record> {
    let store = Store::of(context.env);
    let asked = prepared.endpoint.as_str();
    let url = prepared.client.endpoint().as_str();
    // Record names are unique across servers: two servers that report the same name must not
    // get the same one.
    let _names = store.lock("names", limits(context.options).whole)?;
    let name = match (name, &prepared.saved) {
        (Some(name), _) => name.to_owned(),
        (None, Some(record)) => record.name.clone(),
        (None, None) if prepared.file.is_some() => {
            let file = prepared.file.as_ref().map(|file| file.name.as_str());
            store.name_for(file.unwrap_or_default(), url)?
        }
        (None, None) => {
            // A server may echo a secret in its name: keep it out of the file name.
            let said = &opened.result.server_info.name;
            let host = prepared.endpoint.authority();
            let said = if said.trim().is_empty() { &host } else { said };
            store.name_for(&context.recorder.hide(said), url)?
        }
    };
    let salt = format!("{:016x}", getrandom::u64().unwrap_or_default());
    let record = Record {
        format: Record::FORMAT,
        name,
        url: url.to_owned(),
        asked_url: (asked != url).then(|| asked.to_owned()),
        file: prepared.file.as_ref().map(|file| file.file.clone()),
        hidden: match (&prepared.file, &prepared.saved) {
            (Some(file), _) => file.hidden.clone(),
            (None, Some(record)) => record.hidden.clone(),
            (None, None) => Vec::new(),
        },
        era: opened.session.era().as_str().to_owned(),
        transport: opened.session.transport,
        protocol_version: opened.result.protocol_version.clone(),
        session_id: opened.session.id.clone(),
        server: opened.result.server_info.clone(),
        capabilities: opened.result.capabilities.clone(),
        instructions: opened.result.instructions.clone(),
        client_capabilities: opened.client_capabilities.clone(),
        opened: Record::seconds(opened.at),
        headers: prepared.credentials.headers.clone(),
        bearer: prepared.credentials.bearer.clone(),
        token_command: prepared.credentials.token_command.clone(),
        ca_file: prepared.http.tls.ca_file.clone(),
        cert_file: prepared.http.tls.cert_file.clone(),
        key_file: prepared.http.tls.key_file.clone(),
        fingerprint: prepared.expanded.fingerprint(&salt),
        salt,
    };
    // Tools may differ in the new session.
    store.forget_tools(&record.name)?;
    // Write the record last, so that an incomplete one is never saved.
    store.set_current(&record.name)?;
    store.save(&record)?;
    if let Some(tools) = &opened.tools {
        // Without the cache, the tools are fetched again next time.
        let _ = store.save_tools(&record.name, tools, opened.at);
    }
    Ok(record)
}

impl Connected {
    /// Converts a client error to this command's failure.
    pub(crate) fn fail(&self, error: client::Error) -> CommandError {
        failed(error, &self.client, &self.spoken).into()
    }

    /// Like `fail`, but suggests the `list` command if the server rejected the requested item.
    pub(crate) fn fail_of_list(&self, error: client::Error, list: &str) -> CommandError {
        let refused = matches!(error.kind, client::ErrorKind::Rpc(_));
        let failure = failed(error, &self.client, &self.spoken);
        if refused && failure.kind == Kind::Rpc {
            return failure.with_next(self.command(list), "shows what there is").into();
        }
        failure.into()
    }

    /// Moves the saved session to a login that was made during this run.
    fn keep_session_of_login(&self) {
        let (Some(authorization), Some((store, name))) = (&self.authorization, self.memory())
        else {
            return;
        };
        let mut now = self.credentials.clone();
        authorization.lock().stand_in(&mut now);
        let Ok(Some(mut record)) = store.load(name) else { return };
        if record.belongs_to(&self.credentials) && !record.belongs_to(&now) {
            record.fingerprint = now.fingerprint(&record.salt);
            // Without this, the next command opens a new session.
            let _ = store.save(&record);
        }
    }

    /// Returns a command line for this server, for suggestions.
    pub(crate) fn command(&self, command: &str) -> String {
        format!("mcpoke -s {} {command}", self.spoken.target)
    }

    /// Returns the store and the record's name, if the server is saved.
    pub(crate) fn memory(&self) -> Option<(&Store, &str)> {
        Some((self.store.as_ref()?, self.record.as_ref()?.name.as_str()))
    }

    /// Returns the capabilities that the server declared, if known.
    pub(crate) fn capabilities(&self) -> Option<&Value> {
        self.record.as_ref().map(|record| &record.capabilities).or(self.offered.as_ref())
    }

    /// Returns true if the saved session declared no client capabilities.
    pub(crate) fn declares_nothing(&self) -> bool {
        let declared = self.record.as_ref().and_then(|r| r.client_capabilities.as_object());
        declared.is_some_and(serde_json::Map::is_empty)
    }

    /// Returns true if `--no-session` or `--session-id` is given; then only the request itself
    /// is sent.
    pub(crate) fn is_probe(&self) -> bool {
        self.spoken.probe.is_some()
    }
}
