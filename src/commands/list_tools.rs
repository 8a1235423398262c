//! `list-tools`: lists all tools, as a table or as the server sent them.

use serde_json::value::RawValue;

use super::tool_page;
use crate::cli::{ListTools, Listing};
use crate::client::EraProbe;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::output::first_sentence;
use crate::protocol::codes;
use crate::protocol::tools::{Tool, Tools};
use crate::run::connect::with_server;
use crate::run::list_view::{self, ListView};
use crate::run::tools::{fetch, find, without_invalid};
use crate::run::{CommandError, Context, Outcome};

pub(super) fn run(context: &Context<'_>, args: &ListTools) -> Outcome {
    with_server(context, EraProbe::ListTools, |server| {
        // Tools that came with the handshake are fresh.
        let tools = match server.tools.take() {
            Some(tools) => tools,
            None => match fetch(context, server) {
                // The server does not offer this capability.
                Err(CommandError::Failed(failure))
                    if is_unknown_method(&failure) && !server.declares("tools") =>
                {
                    Tools::default()
                }
                fetched => fetched?,
            },
        };
        let tools = if args.all { tools } else { without_invalid(context, server, tools) };
        // `--filter` and `--limit` do not apply to a single tool.
        let is_one = args.schema.is_some() || args.tool.is_some();
        let tools = if is_one { tools } else { selected(tools, &args.listing) };
        if let Some(name) = &args.schema {
            let tool = find(server, &tools, name)?;
            context.console.raw(&tool.input_schema().to_string())?;
        } else if let Some(name) = &args.tool {
            let tool = find(server, &tools, name)?;
            if context.options.wants_json() {
                context.console.raw(tool.raw.get())?;
            } else {
                tool_page::print(context, &tool, &server.command("call"))?;
            }
        } else {
            let mark_invalid = server.client.session().is_modern();
            let look = ListView {
                key: "tools",
                none: "the server offers no tools",
                below: Some(("tool", "mcpoke list-tools NAME shows one")),
                widths: &[48],
            };
            let tool = |raw: &RawValue| Tool::parse(raw.to_owned());
            let name = |raw: &RawValue| tool(raw).map(|tool| tool.name).unwrap_or_default();
            let row =
                |raw: &RawValue| tool(raw).map(|tool| row(&tool, mark_invalid)).unwrap_or_default();
            list_view::show(context, &args.listing, &look, tools.raw(), name, row)?;
        }
        Ok(ExitCode::Success)
    })
}

fn is_unknown_method(failure: &Failure) -> bool {
    failure.rpc.as_ref().is_some_and(|error| error.code == Some(codes::METHOD_NOT_FOUND))
}

/// Returns the tools that match the filter, up to the limit.
fn selected(mut tools: Tools, listing: &Listing) -> Tools {
    if listing.filter.is_some() {
        tools.retain(|tool| listing.wants([Some(&*tool.name), tool.description.as_deref()]));
    }
    tools.truncate(listing.limit.unwrap_or(usize::MAX));
    tools
}

fn row(tool: &Tool, mark_invalid: bool) -> Vec<String> {
    let parameters = tool
        .parameters()
        .into_iter()
        .map(|(name, required)| if required { name.to_owned() } else { format!("[{name}]") });
    let parameters = parameters.collect::<Vec<_>>().join(" ");
    let sentence = first_sentence(tool.description.as_deref().unwrap_or_default());
    let about = match &tool.mirrored {
        Err(why) if mark_invalid => format!("[invalid: {why}] {sentence}"),
        _ => sentence,
    };
    vec![tool.name.clone(), parameters, about]
}
