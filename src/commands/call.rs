//! `call`: calls one tool with arguments typed by its schema, and prints or saves the
//! result.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::each::{self, Work};
use super::tasks;
use crate::arguments::{ArgumentInput, Typing};
use crate::cli::Call;
use crate::client::{self, EraProbe, RpcRequest};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::output::Destination;
use crate::protocol::tools::Tool;
use crate::run::connect::with_server;
use crate::run::input::{read_file, wrong_arguments};
use crate::run::result;
use crate::run::server::Server;
use crate::run::tools::{
    compare_with_cached, fetch, find, forget_changed_tools, known_tool, remembered, send, typed,
};
use crate::run::{CommandError, Context, Outcome};

pub(super) fn run(context: &Context<'_>, args: &Call) -> Outcome {
    let given = ArgumentInput::read(args.args.as_deref(), &args.arguments, &read_file)
        .map_err(|problems| wrong_arguments(&args.tool, problems))?;
    let typing = match (args.raw_strings, args.no_validate) {
        (true, _) => Typing::Strings,
        (false, true) => Typing::Lenient,
        (false, false) => Typing::Checked,
    };
    with_server(context, EraProbe::ListTools, |server| {
        if let Some(path) = &args.each {
            let tool = known_tool(context, server, &args.tool, None, typing)?;
            let work = Work { context, args, given: &given, typing, tool: tool.as_ref() };
            let (code, refused) = each::run(server, &work, path)?;
            if let Some(tool) = tool.filter(|_| refused && typing == Typing::Checked)
                && let Some(said) = compare_with_cached(context, server, &tool)
            {
                context.console.note(&format!("mcpoke: {said}"));
            }
            return Ok(code);
        }
        let known = known_tool(context, server, &args.tool, Some(&given), typing)?;
        let arguments = typed(server, &args.tool, &given, known.as_ref(), typing)?;
        let by_schema = known.as_ref().filter(|_| given.needs_schema(typing));
        let outcome = if tasks::wanted(args, known.as_ref(), server) {
            tasks::call(context, server, args, &arguments, known.as_ref()).transpose()
        } else {
            let outcome = called(context, server, &args.tool, &arguments, known.as_ref());
            Some(outcome.map_err(|error| tasks::suggest_for_slow(server, known.as_ref(), error)))
        };
        let Some(outcome) = outcome else { return Ok(ExitCode::Success) };
        let raw = outcome.map_err(|error| match by_schema {
            Some(tool) => or_outdated(context, server, tool, error),
            None => error,
        })?;
        let destination = Destination {
            file: args.output.clone(),
            folder: args.save_dir.clone(),
            stem: args.tool.clone(),
        };
        let shown = result::print(context, &destination, &raw);
        if let Some(tool) = &known {
            result::hold_to_promise(context, tool, &raw);
        }
        if matches!(shown, Ok(true))
            && let Some(said) =
                by_schema.and_then(|tool| compare_with_cached(context, server, tool))
        {
            context.console.note(&format!("        {said}"));
        }
        forget_changed_tools(context, server);
        shown.map(|is_error| if is_error { ExitCode::ToolFailed } else { ExitCode::Success })
    })
}

/// Calls a tool and returns its result.
fn called(
    context: &Context<'_>,
    server: &mut Server,
    name: &str,
    arguments: &Map<String, Value>,
    known: Option<&Tool>,
) -> Result<Box<RawValue>, CommandError> {
    let mut rpc = RpcRequest::call_tool(name, arguments, known);
    match send(context, server, &mut rpc)? {
        Ok(answer) => Ok(answer.result),
        Err(error) => Err(explained(context, server, name, error)),
    }
}

/// Adds to a failure whether the cached definition that typed the arguments is outdated, if the server
/// refused the parameters.
fn or_outdated(
    context: &Context<'_>,
    server: &mut Server,
    tool: &Tool,
    error: CommandError,
) -> CommandError {
    match error {
        CommandError::Failed(failure) if failure.refuses_parameters() => {
            match compare_with_cached(context, server, tool) {
                Some(said) => failure.with_detail(said).into(),
                None => CommandError::Failed(failure),
            }
        }
        other => other,
    }
}

/// Converts a failed call to a failure. If the tools are not known, fetches them to check
/// whether the tool exists.
fn explained(
    context: &Context<'_>,
    server: &mut Server,
    tool: &str,
    error: client::Error,
) -> CommandError {
    let refused = matches!(error.kind, client::ErrorKind::Rpc(_));
    let failure = server.fail(error);
    if !refused || server.is_probe() || remembered(context, server, Some(tool)).is_some() {
        return failure;
    }
    let Ok(tools) = fetch(context, server) else { return failure };
    match (find(server, &tools, tool), failure) {
        (Err(unknown), CommandError::Failed(said)) => {
            Failure { exchange: said.exchange, rpc: said.rpc, ..unknown }.into()
        }
        (_, failure) => failure,
    }
}
