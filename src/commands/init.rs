//! `init`: the handshake, remembered.

use serde_json::Value;

use super::connect::{greet, handshake, prepare, remember};
use super::{Context, Outcome};
use crate::cli::Init;
use crate::client::Opened;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{Paint, one_line, safe_text};
use crate::redact;
use crate::session::{Target, check_name, resolve};

pub(super) fn run(context: &Context<'_>, args: &Init) -> Outcome {
    let options = context.options;
    if options.no_session || options.session_id.is_some() {
        let text = "`init` opens a session of its own: --no-session and --session-id are for the other commands";
        return Err(Failure::usage(text).into());
    }
    if let Some(name) = &args.name {
        check_name(name).map_err(Failure::usage)?;
    }
    let named = args.url.as_deref().or_else(|| context.named());
    let store = context.store();
    let target = resolve(named, store.as_ref()).map_err(Failure::from)?;
    if matches!(target, Target::Demo) {
        return Err(Failure::usage(
            "the built-in server lives only as long as a command: there is nothing to remember",
        )
        .with_next("mcpoke -s demo list-tools", "use it directly")
        .with_next("mcpoke demo", "run it in another terminal, then `mcpoke init :8720/mcp`")
        .into());
    }
    refuse_a_name_that_is_taken(context, args, &target)?;
    let mut prepared = prepare(context, target)?;
    let handshake = handshake(options, prepared.saved.as_ref())?;
    let opened = greet(&mut prepared, &handshake)?;
    let saved_as = if options.no_save {
        let _ = prepared.client.close();
        None
    } else {
        Some(remember(context, &prepared, &opened, args.name.as_deref())?.name)
    };
    if options.json {
        context.console.raw(opened.raw.get())?;
        return Ok(ExitCode::Success);
    }
    print(context, prepared.client.endpoint().as_str(), &opened, saved_as.as_deref())?;
    if saved_as.is_some() {
        context.console.note("\nnext: mcpoke list-tools")?;
    }
    Ok(ExitCode::Success)
}

/// A name stands for one endpoint; it is not taken away from another by accident.
fn refuse_a_name_that_is_taken(
    context: &Context<'_>,
    args: &Init,
    target: &Target,
) -> Result<(), super::Stop> {
    let (Some(name), Some(store)) = (&args.name, context.store()) else { return Ok(()) };
    let url = match target {
        Target::Url(endpoint) | Target::Saved(_, endpoint) => endpoint.as_str(),
        Target::Demo => return Ok(()),
    };
    match store.load(name)? {
        Some(other) if !other.is_at(url) => {
            Err(Failure::usage(format!("`{name}` is the name of {} already", other.url))
                .with_next(format!("mcpoke close {name}"), "ends and forgets that one")
                .into())
        }
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
    let name = one_line(&format!("{} {}", server.name, server.version));
    console.line(&console.out.style.paint(Paint::Strong, &name))?;
    let shown = |id: &String| {
        if context.options.show_secrets { id.clone() } else { redact::session_id(id) }
    };
    let session = match &opened.session_id {
        Some(id) => format!("with a session: {}", shown(id)),
        None => "without sessions: nothing to keep alive".to_owned(),
    };
    console.line(&format!("  endpoint   {url}"))?;
    console
        .line(&format!("  speaks     {}, {session}", one_line(&opened.result.protocol_version)))?;
    console.line(&format!("  offers     {}", offers(&opened.result.capabilities)))?;
    match saved_as {
        Some(name) => console.line(&format!("  saved as   {name}, now the current server"))?,
        None => console.line("  saved as   nothing (--no-save): the session is ended again")?,
    }
    if let Some(instructions) =
        opened.result.instructions.as_ref().filter(|text| !text.trim().is_empty())
    {
        console.line("")?;
        for line in safe_text(instructions.trim()).lines() {
            console.line(format!("  {line}").trim_end())?;
        }
    }
    Ok(())
}

/// The capabilities, with what is switched on within them: `tools · resources (subscribe)`.
fn offers(capabilities: &Value) -> String {
    let Some(capabilities) = capabilities.as_object().filter(|all| !all.is_empty()) else {
        return "nothing it declares".to_owned();
    };
    let parts: Vec<String> = capabilities
        .iter()
        .map(|(name, value)| {
            let on = value.as_object().into_iter().flatten();
            let on: Vec<&str> = on
                .filter(|(_, value)| **value == Value::Bool(true))
                .map(|(name, _)| name.as_str())
                .collect();
            if on.is_empty() { name.clone() } else { format!("{name} ({})", on.join(", ")) }
        })
        .collect();
    one_line(&parts.join(" · "))
}
