//! `check`: validates the definitions that a server offers, or one tool call.

use std::borrow::Cow;
use std::path::Path;

use serde_json::{Value, json};

use crate::arguments::{ArgumentInput, Typing};
use crate::check::{Report, Severity, junit};
use crate::cli::Check;
use crate::client::{EraProbe, RpcRequest};
use crate::exit::ExitCode;
use crate::failure::{Failure, Kind};
use crate::file;
use crate::output::{Paint, count, one_line};
use crate::protocol::tools::Tools;
use crate::run::connect::with_server;
use crate::run::input::{read_file, wrong_arguments};
use crate::run::server::Server;
use crate::run::settings::limits;
use crate::run::tools::{PROMPTS, RESOURCES, TEMPLATES, fetch, find, value, values};
use crate::run::{CommandError, Context, Outcome};

pub(super) fn run(context: &Context<'_>, args: &Check) -> Outcome {
    with_server(context, EraProbe::ListTools, |server| {
        let limit = limits(context.options).whole;
        let is_modern = server.client.session().is_modern();
        let mut report = Report { limit, is_modern, ..Report::default() };
        match &args.tool {
            Some(name) => call(context, server, args, name, &mut report)?,
            None => offers(context, server, &mut report)?,
        }
        report.hide(|text| context.recorder.hide(text));
        if let Some(path) = &args.junit {
            write(context, path, &junit(&server.hint.target, &report, args.strict))?;
        }
        let is_on_stdout = args.junit.as_ref().is_some_and(|path| path.as_os_str() == "-");
        print(context, &report, is_on_stdout)?;
        let failed = report.count(Severity::Error) > 0
            || (args.strict && report.count(Severity::Warning) > 0);
        Ok(if failed { ExitCode::Protocol } else { ExitCode::Success })
    })
}

/// Checks everything that the server lists.
fn offers(
    context: &Context<'_>,
    server: &mut Server,
    report: &mut Report,
) -> Result<(), CommandError> {
    let tools = match fetch(context, server) {
        Ok(tools) => tools,
        Err(CommandError::Failed(failure)) if is_refusal(&failure) => {
            report.failed("tools", failure.message.clone());
            Tools::default()
        }
        Err(error) => return Err(error),
    };
    // One at a time: as values, 100,000 tools need much more memory than as text.
    report.list("tools", values(tools.raw()).map(Cow::Owned));
    for kind in [&RESOURCES, &TEMPLATES, &PROMPTS] {
        server.client.begin_operation();
        match server.client.list(kind.method, kind.key, usize::MAX) {
            Ok(all) => report.list(kind.key, values(&all).map(Cow::Owned)),
            // Resources, templates and prompts are optional.
            Err(error) if error.is_unknown_method() => {}
            Err(error) => match server.fail(error) {
                CommandError::Failed(failure) if is_refusal(&failure) => {
                    report.failed(kind.key, failure.message.clone());
                }
                error => return Err(error),
            },
        }
    }
    Ok(())
}

/// Returns true if the server rejected a list; other lists may still work. A server that cannot be reached, or
/// that rejects the session or the credentials, rejects them all.
fn is_refusal(failure: &Failure) -> bool {
    matches!(failure.kind, Kind::Rpc | Kind::Protocol)
}

/// Checks the arguments of one call, and its result.
fn call(
    context: &Context<'_>,
    server: &mut Server,
    args: &Check,
    name: &str,
    report: &mut Report,
) -> Result<(), CommandError> {
    let tools = fetch(context, server)?;
    let tool = find(server, &tools, name)?;
    let raw = value(&tool.raw);
    let subject = report.item("tools", &raw, tools.position(name).unwrap_or_default());
    let given = ArgumentInput::read(args.args.as_deref(), &args.arguments, &read_file)
        .map_err(|problems| wrong_arguments(name, problems))?;
    let arguments = given
        .typed(Some(tool.input_schema()), Typing::Lenient)
        .map_err(|problems| wrong_arguments(name, problems))?;
    let before = report.findings.len();
    report.arguments(subject, &raw, &Value::Object(arguments.clone()));
    if report.findings.len() > before {
        // Do not send invalid arguments: the tool might have side effects.
        return Ok(());
    }
    let rpc = RpcRequest::call_tool(name, &arguments, Some(&tool));
    server.client.begin_operation();
    let answer = server.client.request(&rpc).map_err(|error| server.fail(error))?;
    let result: Value = serde_json::from_str(answer.result.get()).unwrap_or_default();
    report.result(subject, &raw, &result);
    if result["isError"] == true {
        context.console.note(&format!("mcpoke: tool `{}` returned an error", one_line(name)));
    }
    Ok(())
}

fn write(context: &Context<'_>, path: &Path, text: &str) -> Result<(), CommandError> {
    if path.as_os_str() == "-" {
        return Ok(context.console.out.server_text(text.trim_end())?);
    }
    file::write(path, text.as_bytes()).map_err(|error| {
        Failure::new(Kind::Output, format!("cannot write {}: {error}", path.display())).into()
    })
}

fn print(context: &Context<'_>, report: &Report, counts_alone: bool) -> Result<(), CommandError> {
    let console = &context.console;
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    if context.options.wants_json() && !counts_alone {
        let findings: Vec<Value> =
            report.findings.iter().map(|finding| report.to_json(finding)).collect();
        console.value(&json!({
            "checked": report.subjects.len(),
            "errors": errors,
            "warnings": warnings,
            "findings": findings,
        }))?;
        return Ok(());
    }
    let style = console.out.style;
    for finding in report.findings.iter().filter(|_| !counts_alone) {
        let paint = if finding.severity == Severity::Error { Paint::Bad } else { Paint::Strong };
        console.line(&format!(
            "{}  {}  {}  [{}]\n    {}",
            style.paint(paint, finding.severity.as_str()),
            one_line(report.subject_of(finding)),
            one_line(&finding.place),
            finding.rule,
            one_line(&finding.text)
        ))?;
    }
    console.note(&format!(
        "{} checked: {}, {}",
        report.subjects.len(),
        count(errors, "error"),
        count(warnings, "warning")
    ));
    Ok(())
}
