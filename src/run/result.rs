//! The result of a tool, printed or saved.

use std::io;

use serde_json::Value;
use serde_json::value::RawValue;

use super::{CommandError, Context};
use crate::failure::{Failure, Kind};
use crate::output::{Console, Destination, one_line, render};
use crate::protocol::content::{Content, ToolResult};
use crate::protocol::jsonrpc;
use crate::protocol::schema::Schema;
use crate::protocol::tools::Tool;

/// Prints a note if the structured content does not match the tool's output schema; the
/// result itself is not affected.
pub(crate) fn hold_to_promise(context: &Context<'_>, tool: &Tool, raw: &RawValue) {
    let Some(schema) = tool.output_schema().filter(|_| !context.options.no_session) else { return };
    let result: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    if result["isError"] == true || result["structuredContent"].is_null() {
        return;
    }
    for problem in Schema::new(&schema).problems(&result["structuredContent"]).iter().take(3) {
        let place = if problem.path.is_empty() { "structuredContent" } else { &problem.path };
        context.console.note(&format!(
            "mcpoke: the result does not match the tool's output schema: {} {}",
            one_line(place),
            one_line(&problem.text)
        ));
    }
}

/// Hints at missing client capabilities if the error mentions them: servers show fewer
/// tools to a session that declared none.
pub(crate) fn hint_at_capabilities(console: &Console, said: &str) {
    let said = said.to_lowercase();
    if ["elicitation", "sampling", "declare", "capabilit"].iter().any(|word| said.contains(word)) {
        console.note(
            "        The session may lack a capability: --answer, --root and --sampling-command declare it, in \
             a new session.",
        );
    }
}

/// Something about a result that its text does not show.
#[derive(Debug, PartialEq, Eq)]
enum Doubt {
    /// The result has neither `content` nor structured content (2025-11-25, Tools, "Tool Result").
    NoContent,
    /// No text block holds the structured content, as it should ("Structured Content").
    Differs,
}

fn doubt(context: &Context<'_>, result: &ToolResult, raw: &RawValue) -> Option<Doubt> {
    let Some(structured) = &result.structured else {
        let members = jsonrpc::members(raw.get()).ok()?;
        return (!members.contains_key("content")).then_some(Doubt::NoContent);
    };
    if result.content.is_empty() || !context.console.out.terminal.is_terminal {
        return None;
    }
    let structured: Value = serde_json::from_str(structured.get()).ok()?;
    let is_in_text = result.content.iter().any(|block| match block {
        Content::Text(text) => {
            serde_json::from_str(text).is_ok_and(|value: Value| value == structured)
        }
        _ => false,
    });
    (!is_in_text).then_some(Doubt::Differs)
}

/// Prints a result and returns true if it reports a tool error. A result that cannot be
/// decoded or saved is printed as JSON, so that nothing is lost.
pub(crate) fn print(
    context: &Context<'_>,
    destination: &Destination,
    raw: &RawValue,
) -> Result<bool, CommandError> {
    let console = &context.console;
    if context.options.wants_json() && destination.is_stdout() {
        let shown = console.raw(raw.get());
        let is_error = ToolResult::reports_error(raw);
        let is_error = is_error.map_err(|text| Failure::new(Kind::Protocol, text))?;
        return finished(console, destination, raw, is_error, shown);
    }
    let result = ToolResult::parse(raw).map_err(|text| Failure::new(Kind::Protocol, text));
    let doubt = result.as_ref().ok().and_then(|result| doubt(context, result, raw));
    if doubt == Some(Doubt::NoContent) && !context.options.wants_json() {
        console.raw(raw.get())?;
        console.note("mcpoke: the result has no `content`; it is shown as received");
        return Ok(result.is_ok_and(|result| result.is_error));
    }
    let is_error = result.as_ref().is_ok_and(|result| result.is_error);
    let rendered = result.and_then(|result| {
        render(result, destination).map_err(|error| Failure::new(Kind::Output, error.to_string()))
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
    if doubt == Some(Doubt::Differs) {
        console.note("mcpoke: the text and structuredContent differ; --json shows both");
    }
    finished(console, destination, raw, is_error, shown)
}

/// Notes a tool error, and returns it with the outcome of the output.
fn finished(
    console: &Console,
    destination: &Destination,
    raw: &RawValue,
    is_error: bool,
    shown: io::Result<()>,
) -> Result<bool, CommandError> {
    if is_error {
        console.note(&format!("mcpoke: tool `{}` returned an error", destination.stem));
        hint_at_capabilities(console, raw.get());
    }
    match shown {
        // A closed pipe (`| head`) is not an error, but the tool's own error still sets the exit
        // code.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe && is_error => Ok(true),
        shown => shown.map(|()| is_error).map_err(CommandError::Io),
    }
}
