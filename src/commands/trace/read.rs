//! `trace --read`: diagnoses a recording, without network access.

use std::path::Path;

use serde_json::json;

use super::audit::ClientAudit;
use super::{draw_last, drawing, write_pages};
use crate::cli::Trace;
use crate::diagnose;
use crate::endpoint::Endpoint;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::file;
use crate::report;
use crate::run::{Context, Outcome};

/// Reads a recording, which may be as large as what servers send (`--max-size`).
fn recording(path: &Path, context: &Context<'_>) -> std::io::Result<Vec<u8>> {
    let max = context.options.max_size;
    let is_stream = path.as_os_str() == "-";
    if is_stream { file::read_stdin(max) } else { file::read(path, max) }
}

pub(super) fn run(context: &Context<'_>, args: &Trace, path: &Path) -> Outcome {
    let unusable =
        |error: String| Failure::usage(format!("cannot read {}: {error}", path.display()));
    let bytes = recording(path, context).map_err(|error| unusable(error.to_string()))?;
    let exchanges = report::read_recording(&String::from_utf8_lossy(&bytes)).map_err(unusable)?;
    // A recording of another program may contain secrets in plain text.
    for exchange in &exchanges {
        context.recorder.learn(|redactor| exchange.teach(redactor));
    }
    let redactor = context.recorder.redactor();
    let url = exchanges.first().map(|exchange| exchange.request.url.clone()).unwrap_or_default();
    let server = Endpoint::parse(&url).map_or_else(|_| "server".to_owned(), |url| url.authority());
    let conduct = ClientAudit::of(&exchanges);
    let (title, lines) = (redactor.url(&url), conduct.lines());
    write_pages(args, &conduct.page(&exchanges, &title, &server, &lines, &redactor))?;
    if context.options.wants_json() {
        let mut document = json!({"exchanges": report::exchanges_json(&exchanges, &redactor)});
        document["findings"] = conduct.to_json();
        context.console.value(&document)?;
        return Ok(ExitCode::Success);
    }
    let drawing = drawing(context, args);
    for part in diagnose::parts(&exchanges) {
        for place in part.places {
            draw_last(context, &drawing, &server, &part.exchanges[..=place], &redactor)?;
        }
    }
    conduct.print(&context.console.out, &redactor, drawing.ascii)?;
    if let Some(top) = conduct.findings.first() {
        context.console.note(&format!("\nnext: mcpoke explain {}", top.rule.id));
    }
    Ok(ExitCode::Success)
}
