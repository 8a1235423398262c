//! `call`: one tool, its arguments typed by its schema, its result as text or as files.

use std::io::{self, Read as _};

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::advice::quoted;
use super::connect::{Connected, with_server};
use super::each::{self, Work};
use super::list_tools::{fetch, find};
use super::{Context, Outcome, Stop, tasks};
use crate::arguments::{Given, Problems, Typing};
use crate::cli::Call;
use crate::client::{self, Probe};
use crate::error::{Failure, Kind};
use crate::exit::ExitCode;
use crate::output::{Destination, one_line, render};
use crate::protocol::schema::Schema;
use crate::protocol::types::{Tool, ToolResult};
use crate::session::{Belief, KnownTools};

pub(super) fn run(context: &Context<'_>, args: &Call) -> Outcome {
    let given = Given::read(args.args.as_deref(), &args.arguments, &read_file)
        .map_err(|problems| wrong_arguments(&args.tool, problems))?;
    let typing = match (args.raw_strings, args.no_validate) {
        (true, _) => Typing::Strings,
        (false, true) => Typing::Lenient,
        (false, false) => Typing::Checked,
    };
    with_server(context, Probe::ListTools, |connected| {
        if let Some(path) = &args.each {
            let tool = known_tool(context, connected, &args.tool, None, typing)?;
            let work = Work { context, args, given: &given, typing, tool: tool.as_ref() };
            return each::run(connected, &work, path);
        }
        let known = known_tool(context, connected, &args.tool, Some(&given), typing)?;
        let arguments = typed(connected, &args.tool, &given, known.as_ref(), typing)?;
        let raw = if tasks::wanted(args, known.as_ref(), connected) {
            let raw = tasks::call(context, connected, args, &arguments, known.as_ref())?;
            let Some(raw) = raw else { return Ok(ExitCode::Success) };
            raw
        } else {
            called(context, connected, &args.tool, &arguments, known.as_ref())?
        };
        let destination = Destination {
            file: args.output.clone(),
            folder: args.save_dir.clone(),
            stem: args.tool.clone(),
        };
        let shown = print(context, &destination, &raw);
        if let Some(tool) = &known {
            hold_to_promise(context, tool, &raw);
        }
        forget_changed_tools(context, connected);
        shown.map(|is_error| if is_error { ExitCode::ToolFailed } else { ExitCode::Success })
    })
}

/// The result of a call.
fn called(
    context: &Context<'_>,
    connected: &mut Connected,
    name: &str,
    arguments: &Map<String, Value>,
    known: Option<&Tool>,
) -> Result<Box<RawValue>, Stop> {
    let mut outcome = connected.client.call_tool(name, arguments, known);
    if let Err(error) = &outcome
        && is_header_mismatch(connected, error)
        && !connected.is_probe()
    {
        // The tool may mirror other parameters by now (2026-07-28, Streamable HTTP, "Client
        // Behavior"). The server refused the call, so that it did not run.
        let tools = fetch(context, connected)?;
        let fresh = tools.iter().find(|tool| tool.name == *name);
        outcome = connected.client.call_tool(name, arguments, fresh);
    }
    outcome.map_err(|error| explained(context, connected, name, error))
}

/// A call that the server refused. Where its tools are not known, they are asked for now: perhaps
/// there is no such tool.
fn explained(
    context: &Context<'_>,
    connected: &mut Connected,
    tool: &str,
    error: client::Error,
) -> Stop {
    let refused = matches!(error.kind, client::ErrorKind::Rpc(_));
    let failure = connected.fail(error);
    if !refused || connected.is_probe() || !matches!(remembered(context, connected), Ok(None)) {
        return failure;
    }
    let Ok(tools) = fetch(context, connected) else { return failure };
    match (find(connected, &tools, tool), failure) {
        (Err(unknown), Stop::Failed(said)) => {
            Failure { exchange: said.exchange, rpc: said.rpc, ..unknown }.into()
        }
        (_, failure) => failure,
    }
}

/// A file named on the command line; `-` is standard input.
pub(super) fn read_file(path: &str) -> io::Result<Vec<u8>> {
    if path == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(path)
}

pub(super) fn wrong_arguments(tool: &str, problems: Problems) -> Failure {
    let mut failure = Failure::usage(format!("the arguments for {tool} cannot be used"));
    for problem in problems {
        failure = failure.with_detail(problem);
    }
    failure
}

/// Arguments that the tool's schema refuses.
fn refused(connected: &Connected, tool: &str, problems: Problems) -> Stop {
    let schema = connected.command(&format!("list-tools --schema {}", quoted(tool)));
    wrong_arguments(tool, problems).with_next(schema, "shows what it takes").into()
}

/// Whether the server says that the headers do not mirror the body.
pub(super) fn is_header_mismatch(connected: &Connected, error: &client::Error) -> bool {
    let status = error.exchange.as_ref().and_then(|exchange| exchange.status());
    // The code is an application's own in the legacy era, and with any other status.
    connected.client.session().is_modern()
        && status == Some(400)
        && matches!(&error.kind, client::ErrorKind::Rpc(error) if error.code == Some(-32020))
}

/// The tool, as far as it is known, so that its arguments (`None`: those of many calls) can be typed and
/// mirrored. The tools are
/// asked for only where something of them is wanted and not known; what a list that is not sure refuses
/// is looked at once more with a fresh one, since the server may have changed.
fn known_tool(
    context: &Context<'_>,
    connected: &mut Connected,
    name: &str,
    given: Option<&Given>,
    typing: Typing,
) -> Result<Option<Tool>, Stop> {
    let known = remembered(context, connected)?;
    let found = known.as_ref().and_then(|known| known.tools.iter().find(|tool| tool.name == name));
    if connected.is_probe() {
        // The request itself is what is tried out: nothing else is sent before it.
        return Ok(found.cloned());
    }
    let is_modern = connected.client.session().is_modern();
    let belief = known.as_ref().map(|known| known.belief);
    match (belief, found) {
        (Some(Belief::Fresh), Some(found)) => return usable(found, is_modern, typing),
        (Some(Belief::Unsure), Some(found)) => {
            let fits = given
                .is_none_or(|given| typed(connected, name, given, Some(found), typing).is_ok());
            if fits && let Ok(found) = usable(found, is_modern, typing) {
                return Ok(found);
            }
        }
        // The modern era wants to know what is mirrored into headers.
        (None, _) if !is_modern && given.is_some_and(|given| !given.needs_schema(typing)) => {
            return Ok(None);
        }
        _ => {}
    }
    let tools = match known {
        Some(known) if belief == Some(Belief::Fresh) => known.tools,
        _ => fetch(context, connected)?,
    };
    match find(connected, &tools, name) {
        Ok(found) => usable(found, is_modern, typing),
        Err(_) if typing == Typing::Lenient => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

/// A tool, unless its definition is invalid: such a one is not to be used (2026-07-28, Streamable HTTP,
/// "Schema Extension"), unless the user wants nothing checked.
fn usable(tool: &Tool, is_modern: bool, typing: Typing) -> Result<Option<Tool>, Stop> {
    match &tool.mirrored {
        Err(why) if is_modern && typing != Typing::Lenient => {
            let text = format!("the server's definition of {} is invalid: {why}", tool.name);
            Err(Failure::new(Kind::Protocol, text)
                .with_next("the same with --no-validate", "calls it without the mirrored headers")
                .into())
        }
        _ => Ok(Some(tool.clone())),
    }
}

fn typed(
    connected: &Connected,
    name: &str,
    given: &Given,
    tool: Option<&Tool>,
    typing: Typing,
) -> Result<Map<String, Value>, Stop> {
    given
        .typed(tool.map(|tool| &tool.input_schema), typing)
        .map_err(|problems| refused(connected, name, problems))
}

/// The tools that are known of this server.
pub(super) fn remembered(
    context: &Context<'_>,
    connected: &Connected,
) -> Result<Option<KnownTools>, Stop> {
    let known = connected.tools.as_ref().or(connected.public_tools.as_ref());
    match (known, connected.memory()) {
        (Some(known), _) => Ok(Some(known.clone())),
        (None, Some((store, name))) => Ok(store.load_tools(name, context.now())?),
        (None, None) => Ok(None),
    }
}

/// The server said that its tools have changed: what is remembered of them is not true any more.
fn forget_changed_tools(context: &Context<'_>, connected: &Connected) {
    if let (true, Some((store, name))) = (connected.client.tools_changed(), connected.memory())
        && let Err(error) = store.forget_tools(name)
    {
        context.console.note(&format!("mcpoke: {error:#}"));
    }
}

/// Says where a result is not what the tool's output schema promises; the result stands all the same.
fn hold_to_promise(context: &Context<'_>, tool: &Tool, raw: &RawValue) {
    let Some(schema) = tool.output_schema().filter(|_| !context.options.no_session) else { return };
    let result: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    if result["isError"] == true || result["structuredContent"].is_null() {
        return;
    }
    for problem in Schema::new(&schema).problems(&result["structuredContent"]).iter().take(3) {
        let place = if problem.path.is_empty() { "structuredContent" } else { &problem.path };
        context.console.note(&format!(
            "mcpoke: the result is not what the tool's output schema promises: {} {}",
            one_line(place),
            one_line(&problem.text)
        ));
    }
}

/// A session declares what its client can be asked for, and servers show fewer tools to those that can
/// be asked for nothing.
fn hint_at_capabilities(console: &crate::output::Console, said: &str) {
    let said = said.to_lowercase();
    if ["elicitation", "sampling", "declare", "capabilit"].iter().any(|word| said.contains(word)) {
        console.note(
            "        The session declared only what could be served when it was opened: --answer, --root \
             and --sampling-command open another one.",
        );
    }
}

/// Shows a result; whether the tool reports failure. Once the tool ran, nothing of it is lost.
pub(super) fn print(
    context: &Context<'_>,
    destination: &Destination,
    raw: &RawValue,
) -> Result<bool, Stop> {
    let console = &context.console;
    let result = ToolResult::parse(raw).map_err(|text| Failure::new(Kind::Protocol, text));
    let is_error = result.as_ref().is_ok_and(|result| result.is_error);
    let rendered = result.and_then(|result| {
        render(result, destination).map_err(|error| Failure::new(Kind::State, error.to_string()))
    });
    let shown = match &rendered {
        Ok(rendered) if !context.options.wants_json() => {
            let text = rendered.text.iter().try_for_each(|text| console.out.server_text(text));
            text.and_then(|()| console.out.bytes(&rendered.bytes))
        }
        _ => console.raw(raw.get()),
    };
    let rendered = rendered?;
    for note in &rendered.notes {
        console.note(note);
    }
    if is_error {
        console.note(&format!("mcpoke: the tool {} ran and reports failure.", destination.stem));
        hint_at_capabilities(console, raw.get());
    }
    match shown {
        // Whoever read has read enough; that the tool failed is still to be told.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe && is_error => Ok(true),
        shown => shown.map(|()| is_error).map_err(Stop::Io),
    }
}
