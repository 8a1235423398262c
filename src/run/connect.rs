//! Connecting: brings a prepared server into the saved session or into a new one.

use std::sync::PoisonError;

use serde_json::Value;

use super::answering::{covers, meets};
use super::interrupt::on_ctrl_c;
use super::prepare::prepare;
use super::progress::Watching;
use super::renewal::renewal;
use super::server::Server;
use super::settings::{asked_version, given_session, handshake, limits};
use super::{CommandError, Context, Outcome};
use crate::client::{EraProbe, Handshake, Opened, Renewal};
use crate::failure::Failure;
use crate::output::one_line;
use crate::protocol::types::{Implementation, Transport};
use crate::session::{Record, Store};

/// Connects to the selected server and runs `work`, with progress and log messages shown as the
/// options say. Closes a session that is not saved.
pub(crate) fn with_server(
    context: &Context<'_>,
    probe: EraProbe,
    work: impl FnOnce(&mut Server) -> Outcome,
) -> Outcome {
    with_server_watching(context, probe, Watching::progress(context), work)
}

/// Like `with_server`, with another handler for notifications.
pub(crate) fn with_server_watching(
    context: &Context<'_>,
    probe: EraProbe,
    watching: Watching,
    work: impl FnOnce(&mut Server) -> Outcome,
) -> Outcome {
    let target = super::target::find(context, context.named())?;
    context.interrupt.when_waiting(on_ctrl_c);
    let mut server = prepare(context, target, watching)?;
    connect(context, &mut server, probe)?;
    tell_departures(context, &mut server);
    let outcome = work(&mut server);
    tell_departures(context, &mut server);
    context.console.err.overlay.clear();
    server.client.close_streams();
    server.keep_session_of_login();
    if server.saved.is_new
        && let Some((store, name)) = server.memory()
    {
        // The result was printed already. Without this, a power failure may damage the record.
        let _ = store.sync(name);
    }
    if server.ephemeral || server.client.is_unsaved() {
        // The result is final: a failed close changes nothing for the user.
        let _ = server.client.close();
    }
    let mistakes = &server.serving.mistakes;
    let mistakes = std::mem::take(&mut *mistakes.lock().unwrap_or_else(PoisonError::into_inner));
    if !mistakes.is_empty() {
        let failure = Failure::usage("the given answers do not match the elicitation: declined");
        return Err(mistakes.into_iter().fold(failure, Failure::with_detail).into());
    }
    outcome
}

/// Prints what the server did against the protocol, and was accepted all the same.
pub(crate) fn tell_departures(context: &Context<'_>, server: &mut Server) {
    for departure in server.client.take_departures() {
        let what = one_line(&context.recorder.redactor().text(&departure.what));
        context.console.note(&format!("mcpoke: warning: {what} ({})", departure.specification));
    }
}

/// Continues in the saved session if that can be used, otherwise opens a new one.
fn connect(
    context: &Context<'_>,
    server: &mut Server,
    probe: EraProbe,
) -> Result<(), CommandError> {
    let options = context.options;
    if server.is_probe() {
        let session = given_session(options, server.saved.record.as_ref())?;
        server.client.resume(session, Renewal::Unasked);
        return Ok(());
    }
    let handshake = handshake(options, probe, &server.to_declare());
    // These options open an unusual session, which must not replace the saved one.
    let probing = options.no_initialized
        || options.capabilities.is_some()
        || asked_version(options).is_some();
    if probing || server.is_demo || options.no_save {
        return for_this_once(server, &handshake);
    }
    match server.saved.record.clone() {
        Some(record) if record.belongs_to(&server.identity.sent) => {
            resume(context, server, &record, &handshake)
        }
        Some(record) => {
            context.console.note("mcpoke: credentials changed: opening a new session");
            if !server.identity.for_this_run {
                return open_and_remember(context, server, &handshake);
            }
            // Credentials on the command line apply to this run only: keep the saved record.
            with_others_credentials(context, server, &record, &handshake)
        }
        None => open_and_remember(context, server, &handshake),
    }
}

/// Continues with the saved record: in its session, or without one in the modern era.
fn resume(
    context: &Context<'_>,
    server: &mut Server,
    record: &Record,
    handshake: &Handshake,
) -> Result<(), CommandError> {
    let session = record.session();
    let lasts = !session.is_modern() && session.transport().is_http();
    if lasts && !covers(&record.client_capabilities, &server.serving.wanted) {
        context.console.note(
            "mcpoke: the remembered session was opened without the capabilities that these options \
             serve; opening another for this once.",
        );
        // The server's version is known: no need to find out its era again.
        let asked = Some(record.protocol_version.clone());
        return for_this_once(server, &Handshake { asked, ..handshake.clone() });
    }
    if session.transport() == Transport::Sse {
        let opened = server.client.open_sse(handshake).map_err(|error| server.fail(error))?;
        if opened.session.transport() == Transport::Sse {
            return Ok(());
        }
        // The server now supports Streamable HTTP: save that.
        server.saved.record = Some(remember(context, server, &opened, None)?);
        server.saved.is_new = true;
        server.tools.received(opened.tools.as_ref());
        return Ok(());
    }
    let renewal = renewal(context, record, &server.identity.sent);
    let listens =
        !session.is_modern() && meets(&record.client_capabilities, &server.serving.capabilities);
    server.client.resume(session, renewal);
    if listens {
        server.client.listen();
    }
    Ok(())
}

/// Connects to a saved server with other credentials, in a session that is not saved.
/// Cached tools are used only if they are the same for every user.
fn with_others_credentials(
    context: &Context<'_>,
    server: &mut Server,
    record: &Record,
    handshake: &Handshake,
) -> Result<(), CommandError> {
    if !record.session().is_modern() {
        return for_this_once(server, handshake);
    }
    server.saved.record = None;
    server.client.resume(record.session(), Renewal::Never);
    if let Some(store) = &server.saved.store {
        server.tools.share(store.load_tools(&record.name, None, context.now())?);
    }
    Ok(())
}

fn open_and_remember(
    context: &Context<'_>,
    server: &mut Server,
    handshake: &Handshake,
) -> Result<(), CommandError> {
    // Several shells may connect to a new server at once: one opens the session, the others use
    // it.
    let store = Store::of(context.env);
    let _lock = store.lock(&server.endpoint.key(), limits(context.options).whole).ok();
    if let Ok(Some(record)) = store.load_by_url(&server.endpoint.key())
        && record.belongs_to(&server.identity.sent)
        && record.session().transport() == Transport::Http
        && covers(&record.client_capabilities, &server.serving.wanted)
    {
        server.saved.record = Some(record.clone());
        return resume(context, server, &record, handshake);
    }
    let opened = greet(server, handshake)?;
    match remember(context, server, &opened, None) {
        Ok(record) => {
            let name = &record.name;
            context.console.note(&format!("mcpoke: initialised {name}, now the current server."));
            server.hint.target.clone_from(name);
            server.saved.record = Some(record);
            server.saved.is_new = true;
        }
        // The command itself does not depend on saved state.
        Err(error) => {
            context.console.note(&format!("mcpoke: the server was not saved: {error:#}"));
            server.saved.record = None;
            server.ephemeral = true;
        }
    }
    Ok(())
}

/// Opens a session that is not saved.
fn for_this_once(server: &mut Server, handshake: &Handshake) -> Result<(), CommandError> {
    greet(server, handshake)?;
    server.saved.record = None;
    server.ephemeral = !server.is_demo;
    Ok(())
}

/// Opens a session: detects the era and performs the handshake of the legacy era.
pub(crate) fn greet(server: &mut Server, handshake: &Handshake) -> Result<Opened, CommandError> {
    let opened = server.client.open(handshake).map_err(|error| server.fail(error))?;
    server.entered(&opened);
    Ok(opened)
}

/// Returns a value of the server without the secrets that it echoes.
fn hidden(context: &Context<'_>, value: &Value) -> Value {
    serde_json::from_str(&context.recorder.hide(&value.to_string())).unwrap_or_default()
}

/// Saves a new session and makes its server the current one. Returns the record, which has to be synced.
pub(crate) fn remember(
    context: &Context<'_>,
    server: &Server,
    opened: &Opened,
    name: Option<&str>,
) -> anyhow::Result<Record> {
    let store = Store::of(context.env);
    let asked = server.endpoint.key();
    let url = server.client.endpoint().key();
    // Record names are unique across servers: two servers that report the same name must not
    // get the same one.
    let _names = store.lock("names", limits(context.options).whole)?;
    let name = match (name, &server.saved.record) {
        (Some(name), _) => name.to_owned(),
        (None, Some(record)) => record.name.clone(),
        (None, None) if server.saved.file.is_some() => {
            let file = server.saved.file.as_ref().map(|file| file.name.as_str());
            store.name_for(file.unwrap_or_default(), &url)?
        }
        (None, None) => {
            // A server may echo a secret in its name: keep it out of the file name.
            let said = &opened.result.server_info.name;
            let host = server.endpoint.authority();
            let said = if said.trim().is_empty() { &host } else { said };
            store.name_for(&context.recorder.hide(said), &url)?
        }
    };
    let tls = &server.client.config().options.tls;
    let salt = format!("{:016x}", getrandom::u64().unwrap_or_default());
    let record = Record {
        format: Record::FORMAT,
        name,
        asked_url: match &server.saved.record {
            // The record's address is the one that the server redirected to.
            Some(record) if record.url == url && asked == url => record.asked_url.clone(),
            _ => (asked != url).then_some(asked),
        },
        url,
        file: server.saved.file.as_ref().map(|file| file.file.clone()),
        hidden: match (&server.saved.file, &server.saved.record) {
            (Some(file), _) => file.hidden.clone(),
            (None, Some(record)) => record.hidden.clone(),
            (None, None) => Vec::new(),
        },
        era: opened.session.era().as_str().to_owned(),
        transport: opened.session.transport(),
        protocol_version: opened.result.protocol_version.clone(),
        session_id: opened.session.id().map(str::to_owned),
        cookies: opened.session.cookies().map(str::to_owned),
        number_ids: server.client.uses_number_ids(),
        server: {
            // A later command shows these words without knowing every secret.
            let said = &opened.result.server_info;
            Implementation {
                name: context.recorder.hide(&said.name),
                version: context.recorder.hide(&said.version),
                title: said.title.as_deref().map(|title| context.recorder.hide(title)),
            }
        },
        capabilities: hidden(context, &opened.result.capabilities),
        instructions: opened.result.instructions.as_deref().map(|text| context.recorder.hide(text)),
        client_capabilities: opened.client_capabilities.clone(),
        opened: Record::seconds(opened.at),
        headers: server.identity.given.headers.clone(),
        bearer: server.identity.given.bearer.clone(),
        token_command: server.identity.given.token_command.clone(),
        ca_file: tls.ca_file.clone(),
        cert_file: tls.cert_file.clone(),
        key_file: tls.key_file.clone(),
        fingerprint: server.identity.sent.fingerprint(&salt),
        salt,
    };
    // Tools may differ in the new session.
    store.forget_tools(&record.name)?;
    // Write the record last, so that an incomplete one is never saved.
    store.set_current(&record.name)?;
    store.save_soon(&record)?;
    if let Some(tools) = &opened.tools {
        // Without the cache, the tools are fetched again next time.
        let _ = store.save_tools(&record.name, tools, opened.at);
    }
    Ok(record)
}
