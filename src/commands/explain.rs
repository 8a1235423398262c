//! `explain`: explains a rule of the diagnosis, or lists all rules.

use serde_json::json;

use crate::arguments::ranked;
use crate::diagnose::{self, Rule};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::output::{Paint, table, wrap};
use crate::run::{Context, Outcome};

/// Width of wrapped paragraphs, in columns.
const WIDTH: usize = 78;

pub(super) fn run(context: &Context<'_>, id: Option<&str>) -> Outcome {
    let Some(id) = id else { return list(context) };
    let rule = diagnose::rule(id).ok_or_else(|| {
        let mut failure = Failure::usage(format!("there is no rule `{}`", id.escape_debug()));
        for near in ranked(id, diagnose::rules().map(|rule| rule.id.as_str())) {
            failure = failure.with_detail(format!("did you mean `{near}`?"));
        }
        failure.with_next("mcpoke explain", "lists them")
    })?;
    if context.options.wants_json() {
        context.console.value(&json!({
            "id": rule.id, "title": rule.title, "means": rule.means, "server": rule.server,
            "specification": rule.specification, "about": rule.about,
        }))?;
    } else {
        print(context, rule)?;
    }
    Ok(ExitCode::Success)
}

fn list(context: &Context<'_>) -> Outcome {
    if context.options.wants_json() {
        let all = diagnose::rules().map(|rule| json!({"id": rule.id, "title": rule.title}));
        context.console.value(&all.collect())?;
        return Ok(ExitCode::Success);
    }
    let rows: Vec<Vec<String>> =
        diagnose::rules().map(|rule| vec![rule.id.to_string(), rule.title.to_owned()]).collect();
    context.console.line(&table(&rows, &[26], &context.console.out))?;
    context.console.note("mcpoke explain RULE explains one in full");
    Ok(ExitCode::Success)
}

fn print(context: &Context<'_>, rule: &Rule) -> std::io::Result<()> {
    let (console, style) = (&context.console, context.console.out.style);
    console.line(&style.paint(Paint::Strong, rule.id.as_str()))?;
    paragraph(context, rule.title)?;
    for text in rule.about.split("\n\n") {
        console.line("")?;
        for line in text.lines() {
            paragraph(context, line)?;
        }
    }
    for (label, text) in [
        ("The client", rule.means),
        ("The server", rule.server),
        ("Specification", rule.specification),
    ] {
        if !text.is_empty() {
            console.line(&format!("\n{}", style.paint(Paint::Strong, label)))?;
            paragraph(context, text)?;
        }
    }
    Ok(())
}

/// Prints a line of text, wrapped; indentation is kept.
fn paragraph(context: &Context<'_>, text: &str) -> std::io::Result<()> {
    let indent = text.len() - text.trim_start().len();
    for (index, line) in wrap(text.trim_start(), WIDTH - indent - 3).iter().enumerate() {
        let more = if index > 0 && indent > 0 { 3 } else { 0 };
        context.console.line(&format!("{:indent$}{line}", "", indent = indent + more))?;
    }
    Ok(())
}
