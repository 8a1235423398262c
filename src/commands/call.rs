//! `call`: one tool, its arguments typed by its schema, its result as text or as files.

use std::io::{self, Read as _};

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::advice::quoted;
use super::connect::{Connected, with_server};
use super::list_tools::{fetch, find};
use super::{Context, Outcome, Stop};
use crate::arguments::{Given, Problems, Typing};
use crate::cli::Call;
use crate::client::{self, Repeat};
use crate::error::{Failure, Kind};
use crate::exit::ExitCode;
use crate::output::{Destination, render};
use crate::protocol::types::{Tool, ToolResult};

pub(super) fn run(context: &Context<'_>, args: &Call) -> Outcome {
    let given = Given::read(args.args.as_deref(), &args.arguments, &read_file)
        .map_err(|problems| wrong_arguments(&args.tool, problems))?;
    let typing = match (args.raw_strings, args.no_validate) {
        (true, _) => Typing::Strings,
        (false, true) => Typing::Lenient,
        (false, false) => Typing::Checked,
    };
    with_server(context, |connected| {
        let (arguments, repeat) = arguments(connected, &args.tool, &given, typing)?;
        let raw = match connected.client.call_tool(&args.tool, &arguments, repeat) {
            Ok(raw) => raw,
            Err(error) => return Err(explained(connected, &args.tool, error)),
        };
        let shown = print(context, args, &raw);
        forget_changed_tools(context, connected);
        shown.map(|is_error| if is_error { ExitCode::ToolFailed } else { ExitCode::Success })
    })
}

/// A call that the server refused. Where its tools are not known, they are asked for now: perhaps
/// there is no such tool.
fn explained(connected: &mut Connected, tool: &str, error: client::Error) -> Stop {
    let refused = matches!(error.kind, client::ErrorKind::Rpc(_));
    let failure = connected.fail(error);
    if !refused || connected.is_probe() || !matches!(remembered(connected), Ok(None)) {
        return failure;
    }
    let Ok(tools) = fetch(connected) else { return failure };
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

/// The arguments, typed, and whether the call may be repeated. The tools are asked for only where a
/// type is wanted and not known; what the remembered list refuses is looked at once more with a fresh
/// one, since the server may have changed.
fn arguments(
    connected: &mut Connected,
    tool: &str,
    given: &Given,
    typing: Typing,
) -> Result<(Map<String, Value>, Repeat), Stop> {
    let known = remembered(connected)?;
    let found = known.iter().flatten().find(|known| known.name == tool);
    if connected.is_probe() {
        // The request itself is what is tried out: nothing else is sent before it.
        return typed(connected, tool, given, found, Typing::Lenient);
    }
    match (&known, found) {
        (Some(_), Some(found)) => {
            if let Ok(arguments) = typed(connected, tool, given, Some(found), typing) {
                return Ok(arguments);
            }
        }
        (None, _) if !given.needs_schema(typing) => {
            return typed(connected, tool, given, None, typing);
        }
        _ => {}
    }
    let tools = fetch(connected)?;
    let found = match find(connected, &tools, tool) {
        Ok(found) => Some(found),
        Err(_) if typing == Typing::Lenient => None,
        Err(failure) => return Err(failure.into()),
    };
    typed(connected, tool, given, found, typing)
}

fn typed(
    connected: &Connected,
    name: &str,
    given: &Given,
    tool: Option<&Tool>,
    typing: Typing,
) -> Result<(Map<String, Value>, Repeat), Stop> {
    let harmless = tool.is_some_and(|tool| tool.repeatable);
    given
        .typed(tool.map(|tool| &tool.input_schema), typing)
        .map(|arguments| (arguments, if harmless { Repeat::Harmless } else { Repeat::Harmful }))
        .map_err(|problems| refused(connected, name, problems))
}

/// The tools that are remembered of this server.
fn remembered(connected: &Connected) -> Result<Option<Vec<Tool>>, Stop> {
    match (&connected.store, &connected.record) {
        (Some(store), Some(record)) => Ok(store.load_tools(&record.name)?),
        _ => Ok(None),
    }
}

/// The server said that its tools have changed: what is remembered of them is not true any more.
fn forget_changed_tools(context: &Context<'_>, connected: &Connected) {
    if let (true, Some(store), Some(record)) =
        (connected.client.tools_changed(), &connected.store, &connected.record)
        && let Err(error) = store.forget_tools(&record.name)
    {
        context.console.note(&format!("mcpoke: {error:#}"));
    }
}

/// Shows a result; whether the tool reports failure. Once the tool ran, nothing of it is lost.
fn print(context: &Context<'_>, args: &Call, raw: &RawValue) -> Result<bool, Stop> {
    let console = &context.console;
    let destination = Destination {
        file: args.output.clone(),
        folder: args.save_dir.clone(),
        stem: args.tool.clone(),
    };
    let result = ToolResult::parse(raw).map_err(|text| Failure::new(Kind::Protocol, text));
    let is_error = result.as_ref().is_ok_and(|result| result.is_error);
    let rendered = result.and_then(|result| {
        render(result, &destination).map_err(|error| Failure::new(Kind::State, error.to_string()))
    });
    let shown = match &rendered {
        Ok(rendered) if !context.options.json => {
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
        console.note(&format!("mcpoke: the tool {} ran and reports failure.", args.tool));
    }
    match shown {
        // Whoever read has read enough; that the tool failed is still to be told.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe && is_error => Ok(true),
        shown => shown.map(|()| is_error).map_err(Stop::Io),
    }
}
