//! `list-tools`: all pages, as a table or as the server sent them.

use super::connect::{Connected, with_server};
use super::{Context, Outcome, Stop};
use crate::arguments::ranked;
use crate::cli::ListTools;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::table;
use crate::protocol::types::Tool;

pub(super) fn run(context: &Context<'_>, args: &ListTools) -> Outcome {
    with_server(context, |connected| {
        let tools = fetch(connected)?;
        if let Some(name) = &args.schema {
            let tool = find(connected, &tools, name)?;
            context.console.raw(&tool.input_schema.to_string())?;
        } else if context.options.json {
            let raw: Vec<&str> = tools.iter().map(|tool| tool.raw.get()).collect();
            context.console.raw(&format!("{{\"tools\":[{}]}}", raw.join(",")))?;
        } else {
            print(context, &tools)?;
        }
        Ok(ExitCode::Success)
    })
}

/// Asks for the tools and remembers them, where the server is remembered.
pub(super) fn fetch(connected: &mut Connected) -> Result<Vec<Tool>, Stop> {
    let tools = connected.client.list_tools().map_err(|error| connected.fail(error))?;
    if let (Some(store), Some(record)) = (&connected.store, &connected.record) {
        // What cannot be kept is asked for again next time.
        let _ = store.save_tools(&record.name, &tools);
    }
    Ok(tools)
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
        failure.with_next(connected.command("list-tools"), "shows what there is")
    })
}

fn print(context: &Context<'_>, tools: &[Tool]) -> Result<(), Stop> {
    let rows: Vec<Vec<String>> = tools
        .iter()
        .map(|tool| {
            let parameters = tool.parameters().into_iter().map(|(name, required)| {
                if required { name.to_owned() } else { format!("[{name}]") }
            });
            let parameters = parameters.collect::<Vec<_>>().join(" ");
            vec![
                tool.name.clone(),
                parameters,
                first_sentence(tool.description.as_deref().unwrap_or_default()),
            ]
        })
        .collect();
    if rows.is_empty() {
        context.console.note("the server offers no tools");
        return Ok(());
    }
    context.console.line(&table(&rows, &[48], &context.console.out))?;
    let plural = if tools.len() == 1 { "" } else { "s" };
    context.console.note(&format!(
        "{} tool{plural} · mcpoke list-tools --schema NAME shows its input",
        tools.len()
    ));
    Ok(())
}

/// A description up to its first full stop or line break.
fn first_sentence(text: &str) -> String {
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
