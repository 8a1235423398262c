//! `explain`: explains a rule of the diagnosis, lists all rules, or finds the rules for what the user has: a
//! message, a status, a code or a word.

use std::io::Read as _;

use serde_json::json;

use crate::arguments::ranked;
use crate::diagnose::{self, Rule, matching};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::output::{Paint, one_line, table, wrap};
use crate::run::{Context, Outcome};

/// Width of wrapped paragraphs, in columns.
const WIDTH: usize = 78;
/// Maximum number of rules shown for a text.
const SHOWN: usize = 6;
/// Maximum size of standard input, in bytes.
const MAX_INPUT: u64 = 64 * 1024;

pub(super) fn run(context: &Context<'_>, words: &[String]) -> Outcome {
    let text = words.join(" ");
    let text = match text.trim() {
        "" => return list(context),
        "-" => {
            let mut input = Vec::new();
            std::io::stdin().take(MAX_INPUT).read_to_end(&mut input)?;
            String::from_utf8_lossy(&input).into_owned()
        }
        text => text.to_owned(),
    };
    if let Some(rule) = diagnose::rule(text.trim()) {
        return one(context, rule);
    }
    // A name of a rule with a slip of the pen is no text to search for.
    let is_slip =
        diagnose::rules().any(|rule| strsim::damerau_levenshtein(&text, rule.id.as_str()) <= 2);
    let found: Vec<&Rule> = matching(&text).into_iter().take(SHOWN).collect();
    if found.is_empty() || is_slip {
        let text = one_line(&text.chars().take(60).collect::<String>());
        let mut failure = Failure::usage(format!("there is no rule for `{text}`"));
        for near in ranked(&text, diagnose::rules().map(|rule| rule.id.as_str())) {
            failure = failure.with_detail(format!("did you mean `{near}`?"));
        }
        return Err(failure.with_next("mcpoke explain", "lists the rules").into());
    }
    if context.options.wants_json() {
        let all = found.iter().map(|rule| to_json(rule));
        context.console.value(&all.collect())?;
        return Ok(ExitCode::Success);
    }
    for rule in &found {
        let style = context.console.out.style;
        context.console.line(&style.paint(Paint::Strong, rule.id.as_str()))?;
        for line in wrap(rule.title, WIDTH - 2).iter().chain(&wrap(rule.means, WIDTH - 2)) {
            context.console.line(&format!("  {line}"))?;
        }
    }
    context.console.note(
        "\nThe text alone does not tell these apart: `mcpoke trace TARGET` finds out by experiments.\n\
         mcpoke explain RULE explains one in full",
    );
    Ok(ExitCode::Success)
}

fn to_json(rule: &Rule) -> serde_json::Value {
    json!({
        "id": rule.id, "title": rule.title, "means": rule.means, "server": rule.server,
        "specification": rule.specification, "about": rule.about,
    })
}

fn one(context: &Context<'_>, rule: &Rule) -> Outcome {
    if context.options.wants_json() {
        context.console.value(&to_json(rule))?;
    } else {
        print(context, rule)?;
    }
    Ok(ExitCode::Success)
}

/// Title of a group of rules, and which rules belong to it.
type Group = (&'static str, fn(&Rule) -> bool);

fn is_about_sessions(rule: &Rule) -> bool {
    let id = rule.id.as_str();
    ["session", "initialize", "handshake", "transport", "stateless"]
        .iter()
        .any(|word| id.contains(word))
}

fn list(context: &Context<'_>) -> Outcome {
    if context.options.wants_json() {
        let all = diagnose::rules().map(|rule| json!({"id": rule.id, "title": rule.title}));
        context.console.value(&all.collect())?;
        return Ok(ExitCode::Success);
    }
    // Sessions come first: they are what most people look for.
    let groups: [Group; 3] = [
        ("Sessions and handshakes", |rule| {
            !rule.id.as_str().starts_with("auth-") && is_about_sessions(rule)
        }),
        ("HTTP, streams and versions", |rule| {
            !rule.id.as_str().starts_with("auth-") && !is_about_sessions(rule)
        }),
        ("Authorization", |rule| rule.id.as_str().starts_with("auth-")),
    ];
    for (at, (title, belongs)) in groups.into_iter().enumerate() {
        let rules = diagnose::rules().filter(|rule| belongs(rule));
        let rows: Vec<Vec<String>> =
            rules.map(|rule| vec![rule.id.to_string(), rule.title.to_owned()]).collect();
        if at > 0 {
            context.console.line("")?;
        }
        context.console.line(&context.console.out.style.paint(Paint::Strong, title))?;
        context.console.line(&table(&rows, &[26], &context.console.out))?;
    }
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
