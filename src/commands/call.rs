//! `call`: one tool, its arguments typed by its schema, its result as text or as files.

use std::io::{self, Read as _};

use serde_json::{Map, Value};

use super::connect::{Connected, with_server};
use super::list_tools::{fetch, find};
use super::{Context, Outcome, Stop};
use crate::arguments::{Given, Problems, Typing};
use crate::cli::Call;
use crate::client::Repeat;
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
        let (arguments, repeat) = arguments(context, connected, &args.tool, &given, typing)?;
        let result = connected
            .client
            .call_tool(&args.tool, &arguments, repeat)
            .map_err(|error| connected.fail(error))?;
        forget_changed_tools(connected)?;
        print(context, args, &result)?;
        Ok(if result.is_error { ExitCode::ToolFailed } else { ExitCode::Success })
    })
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
    let schema = connected.command(&format!("list-tools --schema {tool}"));
    wrong_arguments(tool, problems).with_next(schema, "shows what it takes").into()
}

/// The arguments, typed, and whether the call may be repeated. The tools are asked for only where a
/// type is wanted and not known; what the remembered list refuses is looked at once more with a fresh
/// one, since the server may have changed.
fn arguments(
    context: &Context<'_>,
    connected: &mut Connected,
    tool: &str,
    given: &Given,
    typing: Typing,
) -> Result<(Map<String, Value>, Repeat), Stop> {
    let known = remembered(connected)?;
    let found = known.iter().flatten().find(|known| known.name == tool);
    if context.options.no_session {
        // A bare request, as a thin client sends it: nothing can be asked first.
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
fn forget_changed_tools(connected: &mut Connected) -> Result<(), Stop> {
    let changed = connected.client.tools_changed();
    if let (true, Some(store), Some(record)) = (changed, &connected.store, &connected.record) {
        store.forget_tools(&record.name)?;
    }
    Ok(())
}

fn print(context: &Context<'_>, args: &Call, result: &ToolResult) -> Result<(), Stop> {
    let destination = Destination {
        file: args.output.clone(),
        folder: args.save_dir.clone(),
        stem: args.tool.clone(),
    };
    let console = &context.console;
    let rendered = match render(result, &destination) {
        Ok(rendered) => rendered,
        // The tool ran: its result is shown, whatever became of the files.
        Err(error) => {
            console.raw(result.raw.get())?;
            return Err(Failure::new(Kind::State, error.to_string()).into());
        }
    };
    if context.options.json {
        console.raw(result.raw.get())?;
    } else {
        for text in &rendered.text {
            console.out.server_text(text)?;
        }
    }
    for note in &rendered.notes {
        console.note(note)?;
    }
    if result.is_error {
        console.note(&format!("mcpoke: the tool {} ran and reports failure.", args.tool))?;
    }
    Ok(())
}
