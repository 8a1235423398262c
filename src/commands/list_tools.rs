//! `list-tools`: all pages, as a table or as the server sent them.

use super::connect::{Connected, with_server};
use super::lists::{self, Look};
use super::{Context, Outcome, Stop, tool_page};
use crate::arguments::ranked;
use crate::cli::{ListTools, Listing};
use crate::client::Probe;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::one_line;
use crate::protocol::types::Tool;
use crate::session::{Belief, KnownTools};

pub(super) fn run(context: &Context<'_>, args: &ListTools) -> Outcome {
    with_server(context, Probe::ListTools, |connected| {
        // What came along with the beginning is a moment old.
        let tools = match connected.tools.take() {
            Some(known) => known.tools,
            None => fetch(context, connected)?,
        };
        let tools = if args.all { tools } else { without_invalid(context, connected, tools) };
        // One tool is asked for by its name alone.
        let is_one = args.schema.is_some() || args.tool.is_some();
        let tools = if is_one { tools } else { selected(tools, &args.listing) };
        if let Some(name) = &args.schema {
            let tool = find(connected, &tools, name)?;
            context.console.raw(&tool.input_schema.to_string())?;
        } else if let Some(name) = &args.tool {
            let tool = find(connected, &tools, name)?;
            if context.options.wants_json() {
                context.console.raw(tool.raw.get())?;
            } else {
                tool_page::print(context, tool, &connected.command("call"))?;
            }
        } else {
            let mark_invalid = connected.client.session().is_modern();
            let look = Look {
                key: "tools",
                none: "the server offers no tools",
                below: Some(("tool", "mcpoke list-tools NAME shows one")),
                widths: &[48],
            };
            let shown: Vec<(&str, &str)> =
                tools.iter().map(|tool| (tool.name.as_str(), tool.raw.get())).collect();
            lists::show(context, &args.listing, &look, &shown, || {
                tools.iter().map(|tool| row(tool, mark_invalid)).collect()
            })?;
        }
        Ok(ExitCode::Success)
    })
}

/// The tools that the options ask for.
fn selected(tools: Vec<Tool>, listing: &Listing) -> Vec<Tool> {
    let wanted = |tool: &Tool| listing.wants([Some(&*tool.name), tool.description.as_deref()]);
    tools.into_iter().filter(wanted).take(listing.limit.unwrap_or(usize::MAX)).collect()
}

/// Asks for the tools and remembers them, where the server is remembered.
pub(super) fn fetch(context: &Context<'_>, connected: &mut Connected) -> Result<Vec<Tool>, Stop> {
    let list = connected.client.list_tools().map_err(|error| connected.fail(error))?;
    if let Some((store, name)) = connected.memory() {
        // What cannot be kept is asked for again next time.
        let _ = store.save_tools(name, &list, context.now());
    }
    let belief = Belief::Fresh;
    connected.tools =
        Some(KnownTools { tools: list.tools.clone(), belief, is_public: list.is_public });
    Ok(list.tools)
}

/// The tools whose definitions can be used: in the modern era an invalid annotation makes a whole
/// definition invalid (2026-07-28, Streamable HTTP, "Schema Extension").
fn without_invalid(context: &Context<'_>, connected: &Connected, tools: Vec<Tool>) -> Vec<Tool> {
    if !connected.client.session().is_modern() {
        return tools;
    }
    let (valid, invalid): (Vec<_>, Vec<_>) =
        tools.into_iter().partition(|tool| tool.mirrored.is_ok());
    for tool in &invalid {
        let why = tool.mirrored.as_ref().err().map(String::as_str).unwrap_or_default();
        context.console.note(&format!(
            "mcpoke: left out {}, whose definition is invalid: {}",
            one_line(&tool.name),
            one_line(why)
        ));
    }
    if !invalid.is_empty() {
        context.console.note("        (list-tools --all shows it all the same)");
    }
    valid
}

/// The tool of this name, or a failure that suggests others.
pub(super) fn find<'t>(
    connected: &Connected,
    tools: &'t [Tool],
    name: &str,
) -> Result<&'t Tool, Failure> {
    tools.iter().find(|tool| tool.name == name).ok_or_else(|| {
        let mut failure = Failure::usage(format!("the server has no tool named `{name}`"));
        for near in ranked(name, tools.iter().map(|tool| tool.name.as_str())) {
            failure = failure.with_detail(format!("did you mean `{near}`?"));
        }
        let legacy = !connected.client.session().is_modern();
        if legacy && connected.declares_nothing() {
            failure = failure.with_detail(
                "Servers show fewer tools to a session that declared no elicitation, roots or sampling: \
                 --answer, --root or --sampling-command open one that does.",
            );
        }
        failure.with_next(connected.command("list-tools"), "shows what there is")
    })
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

/// A description up to its first full stop or line break.
pub(super) fn first_sentence(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let end = line.find(". ").map_or(line.len(), |at| at + 1);
    line[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_cut_to_its_first_sentence() {
        assert_eq!(first_sentence("Adds. And more."), "Adds.");
        assert_eq!(first_sentence("\n Adds v1.2 numbers\nmore"), "Adds v1.2 numbers");
        assert_eq!(first_sentence(""), "");
    }
}
