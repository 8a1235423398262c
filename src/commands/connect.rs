//! From a target to a client that is ready: credentials, limits, the remembered session or a new one.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::keeper::RecordKeeper;
use super::{Context, Outcome, Stop};
use crate::cli::Options;
use crate::client::{self, Client, Handshake, Opened, Renewal, Session};
use crate::demo::{self, Demo};
use crate::endpoint::Endpoint;
use crate::error::{Failure, Kind, from_client, from_transport};
use crate::protocol::headers;
use crate::protocol::version;
use crate::session::{Credentials, Expanded, Record, Store, Target, resolve};
use crate::transport;

/// A client that is ready, and what is remembered of its server.
pub(super) struct Connected {
    pub(super) client: Client,
    /// The server's record, where it is remembered.
    pub(super) record: Option<Record>,
    pub(super) store: Option<Store>,
    /// What a user types to mean this server, for the commands that are suggested.
    pub(super) spoken: String,
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
    pub(super) spoken: String,
    pub(super) is_demo: bool,
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
    if connected.ephemeral {
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
    if let Some(record) = &saved {
        credentials = credentials.or(&record.credentials());
    }
    let mut sent = credentials.clone();
    if !sent.has_authorization() && context.env.var("MCPOKE_BEARER").is_some() {
        sent.bearer = Some("env:MCPOKE_BEARER".to_owned());
    }
    let expanded = sent.expand(context.env).map_err(Failure::usage)?;
    context.recorder.learn(|redactor| expanded.teach(redactor));
    let tls = tls_options(options, saved.as_ref());
    let http = transport::Options {
        limits: limits(options),
        proxy: transport::ProxyChoice::find(options.proxy.as_deref(), context.env, &endpoint),
        tls: tls.clone(),
    };
    let spoken = match &saved {
        _ if is_demo => "demo".to_owned(),
        Some(record) => record.name.clone(),
        None => endpoint.as_str().to_owned(),
    };
    let recorder = context.recorder.clone();
    let client = Client::new(endpoint.clone(), http, expanded.headers.clone(), recorder)
        .map_err(|error| unusable(&error))?;
    Ok(Prepared { client, endpoint, credentials, expanded, tls, saved, spoken, is_demo })
}

/// A client with a session: the remembered one where it fits, or else a new one.
fn open(context: &Context<'_>, target: Target) -> Result<Connected, Stop> {
    let options = context.options;
    let handshake = handshake(options, None)?;
    let mut prepared = prepare(context, target)?;
    if options.no_session || options.session_id.is_some() {
        let session = given_session(options, prepared.saved.as_ref())?;
        prepared.client.resume(session, Renewal::Never);
        return Ok(prepared.connected(context, None, false));
    }
    let probing = options.no_initialized
        || options.capabilities.is_some()
        || options.protocol_version.is_some();
    if probing || prepared.is_demo || options.no_save {
        let ephemeral = !prepared.is_demo;
        greet(&mut prepared, &handshake)?;
        return Ok(prepared.connected(context, None, ephemeral));
    }
    if let Some(record) = prepared.saved.take() {
        if record.belongs_to(&prepared.expanded) {
            let renewal = renewal(context, &record, &prepared.expanded);
            prepared.client.resume(record.session(), renewal);
            return Ok(prepared.connected(context, Some(record), false));
        }
        context.console.note(
            "mcpoke: the remembered session was opened with other credentials; opening a new one.",
        )?;
        prepared.saved = Some(record);
    }
    // Several shells may meet a new server at once: one opens the session, the others use it.
    let _lock = Store::of(context.env).lock(prepared.endpoint.as_str(), limits(options).whole).ok();
    if let Ok(Some(record)) = Store::of(context.env).load_by_url(prepared.endpoint.as_str())
        && record.belongs_to(&prepared.expanded)
    {
        prepared.client.resume(record.session(), renewal(context, &record, &prepared.expanded));
        return Ok(prepared.connected(context, Some(record), false));
    }
    let opened = greet(&mut prepared, &handshake)?;
    match remember(context, &prepared, &opened, None) {
        Ok(record) => {
            let name = &record.name;
            context
                .console
                .note(&format!("mcpoke: initialised {name}, now the current server."))?;
            Ok(prepared.connected(context, Some(record), false))
        }
        // The call itself needs no memory: it goes on without.
        Err(error) => {
            context.console.note(&format!("mcpoke: the session is not remembered: {error:#}"))?;
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
    let name = match (name, &prepared.saved) {
        (Some(name), _) => name.to_owned(),
        (None, Some(record)) => record.name.clone(),
        (None, None) => store.name_for(&opened.result.server_info.name, url)?,
    };
    let salt = format!("{:016x}", getrandom::u64().unwrap_or_default());
    let record = Record {
        format: 1,
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
        ca_file: absolute(prepared.tls.ca_file.as_ref()),
        cert_file: absolute(prepared.tls.cert_file.as_ref()),
        key_file: absolute(prepared.tls.key_file.as_ref()),
        fingerprint: prepared.expanded.fingerprint(&salt),
        salt,
    };
    store.forget_tools(&record.name)?;
    store.save(&record)?;
    store.set_current(&record.name)?;
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

/// Later processes may run in another folder.
fn absolute(path: Option<&PathBuf>) -> Option<PathBuf> {
    path.map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()))
}

/// The handshake that the options ask for.
pub(super) fn handshake(
    options: &Options,
    remembered: Option<&Record>,
) -> Result<Handshake, Failure> {
    let mut handshake =
        Handshake { send_initialized: !options.no_initialized, ..Handshake::default() };
    if let Some(record) = remembered {
        handshake.capabilities = record.client_capabilities.clone();
    }
    if let Some(asked) = &options.protocol_version {
        handshake.version.clone_from(asked);
        handshake.forced = true;
    }
    if let Some(text) = &options.capabilities {
        handshake.capabilities = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Value::Object(object),
            _ => {
                return Err(Failure::usage(
                    "--capabilities must be a JSON object, such as '{\"roots\":{}}'",
                ));
            }
        };
    }
    Ok(handshake)
}

/// The session that the options name: none at all, or one of the user's own.
fn given_session(options: &Options, saved: Option<&Record>) -> Result<Session, Failure> {
    let Some(id) = &options.session_id else {
        return Ok(Session { version: options.protocol_version.clone(), id: None });
    };
    headers::check_value(id).map_err(|error| Failure::usage(format!("--session-id: {error}")))?;
    let known = saved.map(|record| record.protocol_version.clone());
    let version = options.protocol_version.clone().or(known);
    Ok(Session {
        version: version.or_else(|| Some(version::LATEST_HANDSHAKE.to_owned())),
        id: Some(id.clone()),
    })
}

fn given_credentials(options: &Options) -> Result<Credentials, Failure> {
    let headers = options
        .headers
        .iter()
        .map(|text| {
            headers::parse_header(text).map_err(|error| Failure::usage(format!("-H: {error}")))
        })
        .collect::<Result<_, _>>()?;
    let cert_file = options.cert.clone();
    Ok(Credentials { headers, bearer: options.bearer.clone(), cert_file })
}

fn tls_options(options: &Options, saved: Option<&Record>) -> transport::TlsOptions {
    let or_saved = |given: &Option<PathBuf>, saved: Option<&Option<PathBuf>>| {
        given.clone().or_else(|| saved.cloned().flatten())
    };
    let key_file = if options.cert.is_some() {
        options.key.clone()
    } else {
        saved.and_then(|record| record.key_file.clone())
    };
    transport::TlsOptions {
        ca_file: or_saved(&options.cacert, saved.map(|record| &record.ca_file)),
        cert_file: or_saved(&options.cert, saved.map(|record| &record.cert_file)),
        key_file,
        insecure: options.insecure,
    }
}

fn limits(options: &Options) -> transport::Limits {
    let limit = |seconds: f64| (seconds > 0.0).then(|| Duration::from_secs_f64(seconds));
    transport::Limits {
        connect: limit(options.connect_timeout),
        first_byte: options.first_byte_timeout.and_then(limit),
        silence: options.silence_timeout.and_then(limit),
        whole: limit(options.timeout),
        max_size: options.max_size,
    }
}

fn unusable(error: &transport::Error) -> Stop {
    let (kind, message, _) = from_transport(error);
    Failure::new(kind, message).into()
}

/// A failed request, with the commands that may help.
pub(super) fn failed(error: client::Error, client: &Client, spoken: &str) -> Failure {
    let mut failure = from_client(error, client.history());
    let finding = failure.findings.first().map(|finding| finding.id);
    let trace = format!("mcpoke trace {spoken}");
    failure = match (finding, failure.kind) {
        (Some("session-missing" | "session-expired"), _) | (_, Kind::Session) => {
            if spoken == "demo" {
                failure
            } else {
                let init = format!("mcpoke init {spoken}");
                failure.with_next(init, "does the handshake and remembers it")
            }
            .with_next(trace, "shows it step by step")
        }
        (_, Kind::Auth) => {
            let init = format!("mcpoke init {spoken} --bearer env:TOKEN");
            failure.with_next(init, "with the token in $TOKEN")
        }
        (Some("redirected" | "wrong-path" | "not-mcp"), _) | (_, Kind::Unreachable) => {
            failure.with_next("mcpoke init URL --trace", "another address, with every step shown")
        }
        (_, Kind::Rpc | Kind::Protocol | Kind::Limit) => {
            failure.with_next(trace, "shows step by step how the server answers")
        }
        _ => failure,
    };
    failure
}

impl Connected {
    /// A failed request, as this command's failure.
    pub(super) fn fail(&self, error: client::Error) -> Stop {
        failed(error, &self.client, &self.spoken).into()
    }

    /// A command for this server, as a user would type it.
    pub(super) fn command(&self, command: &str) -> String {
        format!("mcpoke -s {} {command}", self.spoken)
    }
}
