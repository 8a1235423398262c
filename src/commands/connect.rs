//! From a target to a client that is ready: credentials, limits, the remembered session or a new one.

use super::advice::{Spoken, failed, quoted};
use super::keeper::RecordKeeper;
use super::settings::{self, given_credentials, given_session, handshake, limits};
use super::{Context, Outcome, Stop};
use crate::client::{self, Client, Handshake, Opened, Renewal};
use crate::demo::{self, Demo};
use crate::endpoint::Endpoint;
use crate::error::{Failure, Kind, from_transport};
use crate::protocol::version;
use crate::redact::without_secrets;
use crate::session::{Credentials, Expanded, Record, Store, Target, resolve};
use crate::transport;

/// A client that is ready, and what is remembered of its server.
pub(super) struct Connected {
    pub(super) client: Client,
    /// The server's record, where it is remembered.
    pub(super) record: Option<Record>,
    pub(super) store: Option<Store>,
    /// How the user speaks of the server, for what is suggested.
    pub(super) spoken: Spoken,
    /// The session is this process's alone, and ended afterwards.
    ephemeral: bool,
}

/// Who talks to which server, before anything is sent.
pub(super) struct Prepared {
    pub(super) client: Client,
    pub(super) endpoint: Endpoint,
    /// As given, to be remembered.
    pub(super) credentials: Credentials,
    /// As sent.
    pub(super) expanded: Expanded,
    pub(super) tls: transport::TlsOptions,
    pub(super) saved: Option<Record>,
    pub(super) spoken: Spoken,
    pub(super) is_demo: bool,
    /// The command line itself says who is asking.
    given: bool,
}

/// Does something with the server that was named, and ends the session afterwards where it must not
/// outlive the process.
pub(super) fn with_server(
    context: &Context<'_>,
    work: impl FnOnce(&mut Connected) -> Outcome,
) -> Outcome {
    let target = resolve(context.named(), context.store().as_ref()).map_err(Failure::from)?;
    let mut connected = open(context, target)?;
    let outcome = work(&mut connected);
    if connected.ephemeral || connected.client.is_unsaved() {
        // What comes of it changes nothing for the user: the result is there, or its failure is.
        let _ = connected.client.close();
    }
    outcome
}

/// Finds out what to send and how, without sending anything.
pub(super) fn prepare(context: &Context<'_>, target: Target) -> Result<Prepared, Stop> {
    let (endpoint, saved, is_demo) = match target {
        Target::Url(endpoint) => (endpoint, None, false),
        Target::Saved(record, endpoint) => (endpoint, Some(*record), false),
        Target::Demo => {
            let demo = Demo::start(0, demo::Options::default()).map_err(|error| {
                Failure::new(
                    Kind::Unreachable,
                    format!("cannot start the built-in server: {error}"),
                )
            })?;
            let endpoint = Endpoint::parse(&demo.url()).map_err(Failure::usage)?;
            (endpoint, None, true)
        }
    };
    let options = context.options;
    let mut credentials = given_credentials(options)?;
    let given = credentials != Credentials::default();
    if let Some(record) = &saved {
        credentials = credentials.or(&record.credentials());
    }
    let mut sent = credentials.clone();
    if !sent.has_authorization() && context.env.var("MCPOKE_BEARER").is_some() {
        sent.bearer = Some("env:MCPOKE_BEARER".to_owned());
    }
    let expanded = sent.expand(context.env).map_err(Failure::usage)?;
    context.recorder.learn(|redactor| expanded.teach(redactor));
    context.recorder.learn(|redactor| redactor.learn_query(endpoint.as_str()));
    let tls = settings::tls(options, saved.as_ref());
    let http = transport::Options {
        limits: limits(options),
        proxy: transport::ProxyChoice::find(options.proxy.as_deref(), context.env, &endpoint),
        tls: tls.clone(),
    };
    let target = match &saved {
        _ if is_demo => "demo".to_owned(),
        Some(record) => record.name.clone(),
        None => quoted(&without_secrets(endpoint.as_str())),
    };
    let probe = options.no_session.then_some("--no-session");
    let probe = probe.or(options.session_id.as_ref().map(|_| "--session-id"));
    let spoken = Spoken { target, probe, tracing: false };
    let recorder = context.recorder.clone();
    let client = Client::new(endpoint.clone(), http, expanded.headers.clone(), recorder)
        .map_err(|error| unusable(&error))?;
    Ok(Prepared { client, endpoint, credentials, expanded, tls, saved, spoken, is_demo, given })
}

/// A client with a session: the remembered one where it fits, or else a new one.
fn open(context: &Context<'_>, target: Target) -> Result<Connected, Stop> {
    let options = context.options;
    let mut prepared = prepare(context, target)?;
    if prepared.spoken.probe.is_some() {
        let session = given_session(options, prepared.saved.as_ref())?;
        prepared.client.resume(session, Renewal::Never);
        let record = prepared.saved.take();
        return Ok(prepared.connected(context, record, false));
    }
    let handshake = handshake(options, prepared.saved.as_ref())?;
    let probing = options.no_initialized
        || options.capabilities.is_some()
        || options.protocol_version.is_some();
    if probing || prepared.is_demo || options.no_save {
        let ephemeral = !prepared.is_demo;
        greet(&mut prepared, &handshake)?;
        return Ok(prepared.connected(context, None, ephemeral));
    }
    if let Some(record) = &prepared.saved {
        if record.belongs_to(&prepared.expanded) {
            let record = record.clone();
            return Ok(resumed(context, prepared, record));
        }
        context.console.note(
            "mcpoke: the remembered session was opened with other credentials; opening another.",
        );
        if prepared.given {
            // The user's for this once: what is remembered stays as it is.
            greet(&mut prepared, &handshake)?;
            return Ok(prepared.connected(context, None, true));
        }
    }
    open_and_remember(context, prepared, &handshake)
}

/// Goes on in a remembered session.
fn resumed(context: &Context<'_>, mut prepared: Prepared, record: Record) -> Connected {
    let renewal = renewal(context, &record, &prepared.expanded);
    prepared.client.resume(record.session(), renewal);
    prepared.connected(context, Some(record), false)
}

fn open_and_remember(
    context: &Context<'_>,
    mut prepared: Prepared,
    handshake: &Handshake,
) -> Result<Connected, Stop> {
    // Several shells may meet a new server at once: one opens the session, the others use it.
    let store = Store::of(context.env);
    let _lock = store.lock(prepared.endpoint.as_str(), limits(context.options).whole).ok();
    if let Ok(Some(record)) = store.load_by_url(prepared.endpoint.as_str())
        && record.belongs_to(&prepared.expanded)
    {
        return Ok(resumed(context, prepared, record));
    }
    let opened = greet(&mut prepared, handshake)?;
    match remember(context, &prepared, &opened, None) {
        Ok(record) => {
            let name = &record.name;
            context.console.note(&format!("mcpoke: initialised {name}, now the current server."));
            prepared.spoken.target.clone_from(name);
            Ok(prepared.connected(context, Some(record), false))
        }
        // The call itself needs no memory: it goes on without.
        Err(error) => {
            context.console.note(&format!("mcpoke: the session is not remembered: {error:#}"));
            Ok(prepared.connected(context, None, true))
        }
    }
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
            record,
            store: context.store(),
            spoken: self.spoken,
            ephemeral,
        }
    }
}

/// Does the handshake.
pub(super) fn greet(prepared: &mut Prepared, handshake: &Handshake) -> Result<Opened, Stop> {
    let client = &mut prepared.client;
    client.initialize(handshake).map_err(|error| failed(error, client, &prepared.spoken).into())
}

/// Remembers a new session, and makes its server the current one.
pub(super) fn remember(
    context: &Context<'_>,
    prepared: &Prepared,
    opened: &Opened,
    name: Option<&str>,
) -> anyhow::Result<Record> {
    let store = Store::of(context.env);
    let asked = prepared.endpoint.as_str();
    let url = prepared.client.endpoint().as_str();
    // Names are shared by all servers: two that call themselves alike must not take the same one.
    let _names = store.lock("names", limits(context.options).whole)?;
    let name = match (name, &prepared.saved) {
        (Some(name), _) => name.to_owned(),
        (None, Some(record)) => record.name.clone(),
        (None, None) => {
            // A server that gives our own secrets back must not get them into a file's name.
            let said =
                context.recorder.redactor().text(&opened.result.server_info.name).into_owned();
            store.name_for(&said, url)?
        }
    };
    let salt = format!("{:016x}", getrandom::u64().unwrap_or_default());
    let record = Record {
        format: Record::FORMAT,
        name,
        url: url.to_owned(),
        asked_url: (asked != url).then(|| asked.to_owned()),
        era: version::Era::Legacy.as_str().to_owned(),
        protocol_version: opened.result.protocol_version.clone(),
        session_id: opened.session_id.clone(),
        server: opened.result.server_info.clone(),
        capabilities: opened.result.capabilities.clone(),
        instructions: opened.result.instructions.clone(),
        client_capabilities: opened.client_capabilities.clone(),
        opened: Record::seconds(opened.at),
        headers: prepared.credentials.headers.clone(),
        bearer: prepared.credentials.bearer.clone(),
        ca_file: prepared.tls.ca_file.clone(),
        cert_file: prepared.tls.cert_file.clone(),
        key_file: prepared.tls.key_file.clone(),
        fingerprint: prepared.expanded.fingerprint(&salt),
        salt,
    };
    store.forget_tools(&record.name)?;
    // The record last: what is not complete is not remembered.
    store.set_current(&record.name)?;
    store.save(&record)?;
    Ok(record)
}

/// What to do when the server has lost the remembered session.
fn renewal(context: &Context<'_>, record: &Record, credentials: &Expanded) -> Renewal {
    if context.options.no_renew {
        return Renewal::Never;
    }
    let handshake =
        Handshake { capabilities: record.client_capabilities.clone(), ..Handshake::default() };
    let keeper = RecordKeeper {
        store: Store::of(context.env),
        console: context.console.clone(),
        record: record.clone(),
        credentials: credentials.clone(),
        now: context.env.started,
        limit: limits(context.options).whole,
        lock: None,
    };
    Renewal::Once(handshake, Box::new(keeper))
}

fn unusable(error: &transport::Error) -> Stop {
    let (kind, message, _) = from_transport(error);
    Failure::new(kind, message).into()
}

impl Connected {
    /// A failed request, as this command's failure.
    pub(super) fn fail(&self, error: client::Error) -> Stop {
        failed(error, &self.client, &self.spoken).into()
    }

    /// A command for this server, as a user would type it.
    pub(super) fn command(&self, command: &str) -> String {
        format!("mcpoke -s {} {command}", self.spoken.target)
    }

    /// Whether the options break a rule on purpose: then nothing but the request itself is sent.
    pub(super) fn is_probe(&self) -> bool {
        self.spoken.probe.is_some()
    }
}
