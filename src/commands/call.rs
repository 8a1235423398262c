//! `call`: one tool, its arguments typed by its schema, its result as text or as files.

use std::io::{self, Read as _};

use serde_json::{Map, Value};

use super::connect::{Connected, with_server};
use super::list_tools::{fetch, find};
use super::{Context, Outcome, Stop};
use crate::arguments::{Given, Problems, Typing};
use crate::cli::Call;
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
        let arguments = arguments(context, connected, &args.tool, &given, typing)?;
        let result = connected
            .client
            .call_tool(&args.tool, &arguments)
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

/// The arguments, typed. The tools are asked for only where a type is wanted and not known; what the
/// remembered list refuses is looked at once more with a fresh one, since the server may have changed.
fn arguments(
    context: &Context<'_>,
    connected: &mut Connected,
    tool: &str,
    given: &Given,
    typing: Typing,
) -> Result<Map<String, Value>, Stop> {
    if context.options.no_session {
        // A bare request, as a thin client sends it: nothing can be asked first.
        let known = remembered(connected)?;
        let schema =
            known.iter().flatten().find(|known| known.name == tool).map(|tool| &tool.input_schema);
        return given
            .typed(schema, Typing::Lenient)
            .map_err(|problems| refused(connected, tool, problems));
    }
    let wants_schema = given.needs_schema(typing);
    if let Some(tools) = remembered(connected)? {
        if let Some(known) = tools.iter().find(|known| known.name == tool)
            && let Ok(arguments) = given.typed(Some(&known.input_schema), typing)
        {
            return Ok(arguments);
        }
    } else if !wants_schema {
        return given.typed(None, typing).map_err(|problems| refused(connected, tool, problems));
    }
    let tools = fetch(connected)?;
    if typing == Typing::Lenient && !tools.iter().any(|known| known.name == tool) {
        return given.typed(None, typing).map_err(|problems| refused(connected, tool, problems));
    }
    let schema = &find(connected, &tools, tool)?.input_schema;
    given.typed(Some(schema), typing).map_err(|problems| refused(connected, tool, problems))
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
    let notices = connected.client.take_notices();
    let changed = notices.iter().any(|notice| notice.method == "notifications/tools/list_changed");
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
