//! `trace`: what a thin client would send, the handshake, and the same request again.

use serde_json::{Value, json};

use super::advice::{Spoken, failed};
use super::call::{read_file, wrong_arguments};
use super::connect::{Prepared, prepare};
use super::settings::handshake;
use super::{Context, Outcome, Stop};
use crate::arguments::{Given, Typing};
use crate::cli::Trace;
use crate::client::{self, Ask, Client, ErrorKind, Handshake, Probe, Repeat};
use crate::diagnose::{self, Certainty};
use crate::error::Failure;
use crate::exchange::{Exchange, Purpose, Recorder};
use crate::exit::ExitCode;
use crate::output::Paint;
use crate::protocol::headers::SESSION_ID;
use crate::protocol::jsonrpc::call_params;
use crate::protocol::version::proves_modern;
use crate::report;
use crate::session::resolve;

pub(super) fn run(context: &Context<'_>, args: &Trace) -> Outcome {
    let (named, words) = target_and_words(args);
    let named = named.or_else(|| context.named());
    let target = resolve(named, context.store().as_ref()).map_err(Failure::from)?;
    let mut prepared = prepare(context, target)?;
    prepared.spoken.tracing = true;
    let (purpose, params) = request(context, args, &words, &prepared)?;
    let handshake = handshake(context.options, Probe::Discover, &prepared.capabilities);
    let Prepared { client, spoken, .. } = &mut prepared;

    // The mistake of a thin client: the request without anything before it.
    let ask = Ask::new(purpose.clone(), params, Repeat::Harmful);
    let bare = client.request(&ask).map(|_| ());
    let reached = client.history().last().is_some_and(|exchange| exchange.answer.is_some());
    let outcome = match bare {
        Err(error) if !reached => Err(failed(error, client, spoken)),
        bare => properly(&handshake, client, spoken, &ask, bare),
    };
    print(context, client)?;
    outcome.map(|()| ExitCode::Success).map_err(Stop::from)
}

/// With `--tool`, a first word such as `key=value` is an argument and not a target.
fn target_and_words(args: &Trace) -> (Option<&str>, Vec<String>) {
    let mut words = args.arguments.clone();
    match args.target.as_deref() {
        Some(word) if args.tool.is_some() && word.contains('=') && !word.contains("://") => {
            words.insert(0, word.to_owned());
            (None, words)
        }
        target => (target, words),
    }
}

/// What is asked for: the tool that was named, or the list of tools; of the built-in server, `echo`.
fn request(
    context: &Context<'_>,
    args: &Trace,
    words: &[String],
    prepared: &Prepared,
) -> Result<(Purpose, Value), Stop> {
    let Some(tool) = &args.tool else {
        return Ok(if prepared.is_demo {
            let echo = json!({"name": "echo", "arguments": {"message": "hello"}});
            (Purpose::on("tools/call", "echo"), echo)
        } else {
            (Purpose::of("tools/list"), json!({}))
        });
    };
    let given =
        Given::read(None, words, &read_file).map_err(|problems| wrong_arguments(tool, problems))?;
    let schema =
        if given.needs_schema(Typing::Lenient) { schema(context, tool, prepared) } else { None };
    let arguments = given
        .typed(schema.as_ref(), Typing::Lenient)
        .map_err(|problems| wrong_arguments(tool, problems))?;
    Ok((Purpose::on("tools/call", tool), call_params(tool, &arguments)))
}

/// The tool's input schema: what is remembered, or what a session of its own finds out. That one is
/// no part of what is traced, and is ended again.
fn schema(context: &Context<'_>, tool: &str, prepared: &Prepared) -> Option<Value> {
    let known = prepared
        .saved
        .as_ref()
        .and_then(|record| context.store()?.load_tools(&record.name, context.now()).ok()?)
        .map(|known| known.tools);
    let tools = known.or_else(|| {
        let mut aside = prepared.client.sibling(Recorder::default()).ok()?;
        let declared = serde_json::json!({});
        let opened = aside.open(&handshake(context.options, Probe::ListTools, &declared)).ok()?;
        let tools = opened.tools.or_else(|| aside.list_tools().ok());
        let _ = aside.close();
        Some(tools?.tools)
    })?;
    tools.into_iter().find(|known| known.name == tool).map(|tool| tool.input_schema)
}

/// The handshake, the same request with the session, and the end of the session. A tool that ran
/// already, or may have, is not run again.
fn properly(
    handshake: &Handshake,
    client: &mut Client,
    spoken: &Spoken,
    ask: &Ask,
    bare: Result<(), client::Error>,
) -> Result<(), Failure> {
    let opened =
        if is_modern(&bare) { client.open(handshake) } else { client.initialize(handshake) };
    if let Err(error) = opened {
        return Err(failed(error, client, spoken));
    }
    let is_call = ask.purpose.method.as_deref() == Some("tools/call");
    let mut outcome = Ok(());
    match bare {
        Err(error) if is_call && !was_refused(&error) => {
            outcome = Err(failed(error, client, spoken));
        }
        Ok(()) if is_call => {}
        _ => {
            if let Err(error) = client.request(ask) {
                outcome = Err(failed(error, client, spoken));
            }
        }
    }
    if client.session().id.is_some() {
        // How the server answers is part of what is shown; it changes no outcome.
        let _ = client.close();
    }
    outcome
}

/// Whether the server has shown that it is of the modern era.
fn is_modern(bare: &Result<(), client::Error>) -> bool {
    let Err(error) = bare else { return false };
    let (ErrorKind::Rpc(rpc), Some(exchange)) = (&error.kind, &error.exchange) else {
        return false;
    };
    proves_modern(exchange.status().unwrap_or_default(), rpc, exchange.error_names_its_request())
}

/// Whether the server refused the request before it ran: by a status that says so, or by an error that
/// can only mean the missing session.
fn was_refused(error: &client::Error) -> bool {
    let Some(exchange) = &error.exchange else { return false };
    let named = |id: &str| {
        let found = diagnose::explain(std::slice::from_ref(exchange));
        found.first().is_some_and(|top| top.id == id && top.certainty == Certainty::Certain)
    };
    match (&error.kind, exchange.status()) {
        (ErrorKind::Transport(_) | ErrorKind::Protocol(_), _) => false,
        (_, Some(400 | 401 | 404 | 410 | 422)) => true,
        (_, Some(200)) => named("session-missing"),
        _ => false,
    }
}

fn print(context: &Context<'_>, client: &Client) -> Result<(), Stop> {
    let (console, redactor) = (&context.console, context.recorder.redactor());
    let (history, url) = (client.history(), redactor.url(client.endpoint().as_str()));
    if context.options.json {
        let exchanges: Vec<Value> = (0..history.len())
            .map(|last| report::exchange_json(&history[..=last], &redactor))
            .collect();
        console.value(&json!({"endpoint": url, "exchanges": exchanges}))?;
        return Ok(());
    }
    let style = console.out.style;
    console.line(&format!("{} {url}\n", style.paint(Paint::Strong, "trace of")))?;
    console.line(report::steps(history, &redactor, style).trim_end())?;
    if let Some(verdict) = verdict(history) {
        console.line(&format!("\n{verdict}"))?;
    }
    Ok(())
}

/// What a client must do, once it is plain.
fn verdict(history: &[Exchange]) -> Option<&'static str> {
    let first = history.first()?;
    let opened = history.iter().find(|exchange| exchange.is("initialize"))?;
    if !diagnose::succeeded(opened) {
        return None;
    }
    let issued = opened.answer.as_ref()?.header(SESSION_ID).is_some();
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
