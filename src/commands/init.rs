//! `init`: does the handshake and saves the session.

use std::sync::Arc;

use serde_json::Value;

use crate::cli::Init;
use crate::client::{Client, EraProbe, Opened, Renewal, Session};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::output::{Paint, one_line, safe_text, wrap};
use crate::protocol::headers::SESSION_ID;
use crate::redact::without_secrets;
use crate::run::CommandError;
use crate::run::connect::{greet, remember, tell_departures};
use crate::run::interrupt::on_ctrl_c;
use crate::run::prepare::prepare;
use crate::run::progress::Watching;
use crate::run::server::Server;
use crate::run::settings::{handshake, limits};
use crate::run::tools::learn;
use crate::run::{Context, Outcome};
use crate::session::{Store, Target, check_name};

pub(super) fn run(context: &Context<'_>, args: &Init) -> Outcome {
    let options = context.options;
    if options.probe().is_some() {
        let text = "`init` opens a session of its own: --no-session and --session-id are for the other commands";
        return Err(Failure::usage(text).into());
    }
    if let Some(name) = &args.name {
        check_name(name).map_err(Failure::usage)?;
    }
    let named = args.url.as_deref().or_else(|| context.named());
    let store = context.store();
    let target = crate::run::target::find(context, named)?;
    if matches!(target, Target::Demo) {
        return Err(Failure::usage(
            "the built-in server lives only as long as a command: there is nothing to save",
        )
        .with_next("mcpoke -s demo list-tools", "use it directly")
        .with_next("mcpoke demo", "run it in another terminal, then `mcpoke init :8720/mcp`")
        .into());
    }
    refuse_a_name_that_is_taken(context, args, &target)?;
    on_ctrl_c(&context.interrupt);
    let mut server = prepare(context, target, Watching::default())?;
    // One process at a time: each `init` ends the session before it.
    let url = server.endpoint.key();
    let lock = store.as_ref().map(|store| store.lock(&url, limits(options).whole));
    if let Some(store) = &store
        && let Ok(Some(record)) = store.load_by_url(&url)
    {
        server.saved.record = Some(record);
    }
    let handshake = handshake(options, EraProbe::Discover, &server.to_declare());
    let opened = greet(&mut server, &handshake)?;
    tell_departures(context, &mut server);
    let saved_as = if options.no_save {
        let _ = server.client.close();
        None
    } else {
        let remembered = remember(context, &server, &opened, args.name.as_deref());
        let synced = remembered.and_then(|record| {
            Store::of(context.env).sync(&record.name)?;
            Ok(record)
        });
        let record = synced.inspect_err(|_| {
            // Do not leave a session open that could not be saved.
            let _ = server.client.close();
        })?;
        end_the_one_before(&mut server);
        drop(lock);
        Some(record)
    };
    if options.wants_json() {
        context.console.raw(opened.raw.get())?;
        return Ok(ExitCode::Success);
    }
    print(
        context,
        server.client.endpoint().as_str(),
        &opened,
        saved_as.as_ref().map(|record| record.name.as_str()),
    )?;
    if let Some(record) = saved_as {
        context.console.note("\nnext: mcpoke list-tools");
        if context.console.out.terminal.is_terminal && opened.session.transport().is_http() {
            // Only a person at a terminal benefits from completion; scripts are not slowed down.
            let client = &server.client;
            let (endpoint, headers) = (client.endpoint().clone(), client.headers().to_vec());
            if let Ok(mut client) = Client::new(endpoint, headers, Arc::clone(client.config())) {
                client.resume(opened.session, Renewal::Unasked);
                learn(context, &mut client, &record);
            }
        }
    }
    Ok(ExitCode::Success)
}

/// Ends the session that was saved before. Other shells that use it notice the loss and
/// switch to the new one.
fn end_the_one_before(server: &mut Server) {
    let Some(old) = server.saved.record.take().filter(|old| old.belongs_to(&server.identity.sent))
    else {
        return;
    };
    server.client.close_streams();
    server.client.resume(old.session(), Renewal::Unasked);
    // The new session is saved, so a failed close changes nothing.
    let _ = server.client.close();
}

/// Fails if `--name` already belongs to another endpoint.
fn refuse_a_name_that_is_taken(
    context: &Context<'_>,
    args: &Init,
    target: &Target,
) -> Result<(), CommandError> {
    let (Some(name), Some(store)) = (&args.name, context.store()) else { return Ok(()) };
    let url = match target {
        Target::Url(endpoint) | Target::Saved(_, endpoint) | Target::Configured(_, endpoint, _) => {
            endpoint.key()
        }
        Target::Demo => return Ok(()),
    };
    let alike = |other: &&String| other.eq_ignore_ascii_case(name) && *other != name;
    if let Some(other) = store.names()?.iter().find(alike) {
        let text = format!("`{other}` is a name already, and differs from `{name}` only in case");
        return Err(Failure::usage(text).into());
    }
    match store.load(name)? {
        Some(other) if !other.is_at(&url) => Err(Failure::usage(format!(
            "`{name}` is the name of {} already",
            without_secrets(&other.url)
        ))
        .with_next(format!("mcpoke close {name}"), "ends and forgets that one")
        .into()),
        _ => Ok(()),
    }
}

fn print(
    context: &Context<'_>,
    url: &str,
    opened: &Opened,
    saved_as: Option<&str>,
) -> std::io::Result<()> {
    let (console, server) = (&context.console, &opened.result.server_info);
    let redactor = context.recorder.redactor();
    let safe = |text: &str| one_line(&redactor.text(text));
    let name = match format!("{} {}", server.name, server.version).trim() {
        "" => "a server without a name".to_owned(),
        name => safe(name),
    };
    console.line(&console.out.style.paint(Paint::Strong, &name))?;
    let session = match &opened.session {
        session if session.is_modern() => ": no handshake, no session".to_owned(),
        session if !session.transport().is_http() => {
            ", over HTTP+SSE (2024-11-05): each command does its own handshake".to_owned()
        }
        Session::Legacy { id: Some(id), .. } => {
            format!(", session {}", redactor.header(SESSION_ID, id))
        }
        _ => ", no sessions".to_owned(),
    };
    console.line(&format!("  endpoint   {}", redactor.url(url)))?;
    let version = match opened.result.protocol_version.as_str() {
        "" => "requests without a handshake".to_owned(),
        version => safe(version),
    };
    console.line(&format!("  protocol   {version}{session}"))?;
    let width = usize::from(console.out.terminal.width.unwrap_or(u16::MAX)).max(40);
    let offered = safe(&offers(&opened.result.capabilities));
    for (index, line) in wrap(&offered, width - LABEL.len()).iter().enumerate() {
        let label = if index == 0 { "  offers     " } else { LABEL };
        console.line(&format!("{label}{line}"))?;
    }
    match saved_as {
        Some(name) => console.line(&format!("  saved as   {name}, now the current server"))?,
        None => console.line("  saved as   nothing (--no-save): the session is ended again")?,
    }
    let said = opened.result.instructions.as_deref().unwrap_or_default();
    let said = safe_text(redactor.text(said.trim()).trim());
    let lines: Vec<String> = said.lines().flat_map(|line| wrap(line, width - 2)).collect();
    for (index, line) in lines.iter().enumerate() {
        if index == 0 {
            console.line("")?;
        }
        if index == INSTRUCTIONS {
            let left = lines.len() - index;
            console.line(&format!("  … {left} more lines: mcpoke init --json has them all"))?;
            break;
        }
        console.line(format!("  {line}").trim_end())?;
    }
    Ok(())
}

/// Blank label for continuation lines.
const LABEL: &str = "             ";

/// Maximum number of displayed lines of server instructions.
const INSTRUCTIONS: usize = 8;

/// Formats capabilities with their enabled features: `tools · resources (subscribe)`.
fn offers(capabilities: &Value) -> String {
    let Some(capabilities) = capabilities.as_object().filter(|all| !all.is_empty()) else {
        return "nothing it declares".to_owned();
    };
    let parts: Vec<String> = capabilities
        .iter()
        .map(|(name, value)| {
            let on = value.as_object().into_iter().flatten();
            let on: Vec<&str> = on
                // An extension is enabled if it is present, whatever its value.
                .filter(|(_, value)| **value == Value::Bool(true) || name == "extensions")
                .map(|(name, _)| name.as_str())
                .collect();
            if on.is_empty() { name.clone() } else { format!("{name} ({})", on.join(", ")) }
        })
        .collect();
    one_line(&parts.join(" · "))
}
