//! The result of a tool, printed or saved.

use std::io;

use serde_json::Value;
use serde_json::value::RawValue;

use super::{CommandError, Context};
use crate::failure::{Failure, Kind};
use crate::output::{Destination, one_line, render};
use crate::protocol::content::ToolResult;
use crate::protocol::schema::Schema;
use crate::protocol::types::Tool;

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
            "mcpoke: the result is not what the tool's output schema promises: {} {}",
            one_line(place),
            one_line(&problem.text)
        ));
    }
}

/// Hints at missing client capabilities if the error mentions them: servers show fewer
/// tools to a session that declared none.
pub(crate) fn hint_at_capabilities(console: &crate::output::Console, said: &str) {
    let said = said.to_lowercase();
    if ["elicitation", "sampling", "declare", "capabilit"].iter().any(|word| said.contains(word)) {
        console.note(
            "        The session declared only what could be served when it was opened: --answer, --root \
             and --sampling-command open another one.",
        );
    }
}

/// Prints a result and returns true if it reports a tool error. A result that cannot be
/// decoded or saved is printed as JSON, so that nothing is lost.
pub(crate) fn print(
    context: &Context<'_>,
    destination: &Destination,
    raw: &RawValue,
) -> Result<bool, CommandError> {
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
        // A closed pipe (`| head`) is not an error, but the tool's own error still sets the exit
        // code.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe && is_error => Ok(true),
        shown => shown.map(|()| is_error).map_err(CommandError::Io),
    }
}
