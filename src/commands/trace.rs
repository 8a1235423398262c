//! `trace`: what a thin client would send, the handshake, and the same request again.

use serde_json::{Value, json};

use super::call::{read_file, wrong_arguments};
use super::connect::{failed, handshake, prepare};
use super::{Context, Outcome, Stop};
use crate::arguments::{Given, Typing};
use crate::cli::Trace;
use crate::client::{Client, Repeat};
use crate::diagnose;
use crate::exchange::{Exchange, Purpose};
use crate::exit::ExitCode;
use crate::output::Paint;
use crate::protocol::jsonrpc::call_params;
use crate::report;
use crate::session::{Target, resolve};

pub(super) fn run(context: &Context<'_>, args: &Trace) -> Outcome {
    let named = args.target.as_deref().or_else(|| context.named());
    let target = resolve(named, context.store().as_ref()).map_err(crate::error::Failure::from)?;
    let (purpose, params) = request(args, &target)?;
    let mut prepared = prepare(context, target)?;
    let (client, spoken) = (&mut prepared.client, prepared.spoken.as_str());

    // The mistake of a thin client: the request without anything before it.
    let bare = client.request(&purpose, &params, Repeat::Harmful);
    let reached = client.history().last().is_some_and(|exchange| exchange.answer.is_some());
    let outcome = match bare {
        Err(error) if !reached => Err(failed(error, client, spoken)),
        bare => properly(context, client, spoken, (&purpose, &params), bare.is_ok())?,
    };
    print(context, client)?;
    match outcome {
        Ok(()) => Ok(ExitCode::Success),
        Err(failure) => Err(failure.into()),
    }
}

/// What is asked for: the tool that was named, or the list of tools; of the built-in server, `echo`.
fn request(args: &Trace, target: &Target) -> Result<(Purpose, Value), Stop> {
    let Some(tool) = &args.tool else {
        return Ok(match target {
            Target::Demo => {
                let message = json!({"message": "hello"});
                (Purpose::on("tools/call", "echo"), json!({"name": "echo", "arguments": message}))
            }
            _ => (Purpose::of("tools/list"), json!({})),
        });
    };
    let arguments = Given::read(None, &args.arguments, &read_file)
        .and_then(|given| given.typed(None, Typing::Strings))
        .map_err(|problems| wrong_arguments(tool, problems))?;
    Ok((Purpose::on("tools/call", tool), call_params(tool, &arguments)))
}

/// The handshake, the same request with the session, and the end of the session. A tool that ran
/// already is not run again.
fn properly(
    context: &Context<'_>,
    client: &mut Client,
    spoken: &str,
    (purpose, params): (&Purpose, &Value),
    ran: bool,
) -> Result<Result<(), crate::error::Failure>, Stop> {
    if let Err(error) = client.initialize(&handshake(context.options, None)?) {
        return Ok(Err(failed(error, client, spoken)));
    }
    let is_call = purpose.method.as_deref() == Some("tools/call");
    let mut outcome = Ok(());
    if !(ran && is_call)
        && let Err(error) = client.request(purpose, params, Repeat::Harmful)
    {
        outcome = Err(failed(error, client, spoken));
    }
    if client.session().id.is_some() {
        // How the server answers is part of what is shown; it changes no outcome.
        let _ = client.close();
    }
    Ok(outcome)
}

fn print(context: &Context<'_>, client: &Client) -> Result<(), Stop> {
    let (console, redactor) = (&context.console, context.recorder.redactor());
    let history = client.history();
    if context.options.json {
        let exchanges: Vec<Value> = (0..history.len())
            .map(|last| report::exchange_json(&history[..=last], &redactor))
            .collect();
        console.value(&json!({"endpoint": client.endpoint().as_str(), "exchanges": exchanges}))?;
        return Ok(());
    }
    let style = console.out.style;
    console.line(&format!("{} {}\n", style.paint(Paint::Strong, "trace of"), client.endpoint()))?;
    console.line(report::steps(history, &redactor, style).trim_end())?;
    if let Some(verdict) = verdict(history) {
        console.line(&format!("\n{verdict}"))?;
    }
    Ok(())
}

/// What a client must do, once it is plain.
fn verdict(history: &[Exchange]) -> Option<&'static str> {
    let (first, opened) =
        (history.first()?, history.iter().find(|exchange| exchange.is("initialize"))?);
    if !diagnose::succeeded(opened) {
        return None;
    }
    let issued = opened.answer.as_ref()?.header(crate::protocol::headers::SESSION_ID).is_some();
    let again = history.iter().skip(1).find(|exchange| exchange.purpose == first.purpose);
    let works = again.map(diagnose::succeeded);
    match (diagnose::succeeded(first), issued, works) {
        (false, true, Some(true)) => Some(
            "Why 1 failed: this server keeps sessions, and 1 came without one. A client must\n  \
             1. POST initialize, without a session id\n  \
             2. keep the Mcp-Session-Id response header (it is not in the body)\n  \
             3. POST notifications/initialized with it\n  \
             4. send it, and MCP-Protocol-Version, on every request after that",
        ),
        (false, false, Some(true)) => Some(
            "Why 1 failed: it came before the handshake. This server keeps no sessions; after\n\
             initialize and notifications/initialized the request works without an id.",
        ),
        (true, true, _) => Some(
            "This server issues sessions and does not insist on them: the bare request works too.\n\
             A client does the handshake all the same, since the specification demands it.",
        ),
        (true, false, _) => {
            Some("This server keeps no sessions: the bare request works, and nothing must be kept.")
        }
        _ => None,
    }
}
