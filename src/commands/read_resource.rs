//! `read-resource`: prints text, and writes binary data to a file or a pipe.

use std::io;
use std::path::PathBuf;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::cli::ReadResource;
use crate::client::{EraProbe, RpcRequest};
use crate::exchange::Purpose;
use crate::exit::ExitCode;
use crate::failure::{Failure, Kind};
use crate::output::{Destination, render};
use crate::protocol::content::{Content, ToolResult};
use crate::protocol::methods;
use crate::run::connect::with_server;
use crate::run::{CommandError, Context, Outcome};

pub(super) fn run(context: &Context<'_>, args: &ReadResource) -> Outcome {
    with_server(context, EraProbe::Discover, |server| {
        let purpose = Purpose::on(methods::READ_RESOURCE, &args.uri);
        let rpc = RpcRequest::reading(purpose, json!({"uri": args.uri}));
        let outcome = server.client.request(&rpc);
        let answer = outcome.map_err(|error| server.fail_of_list(error, "list-resources"))?;
        print(context, args, &answer.result)?;
        Ok(ExitCode::Success)
    })
}

/// Converts the contents to embedded resources of a tool result. Fails without `contents`.
fn contents(raw: &RawValue) -> Result<ToolResult, String> {
    let result: Value = serde_json::from_str(raw.get())
        .map_err(|error| format!("the resource cannot be read: {error}"))?;
    let Some(contents) = result["contents"].as_array() else {
        return Err("the resource cannot be read: it has no `contents`".to_owned());
    };
    let blocks = contents.iter().map(|one| json!({"type": "resource", "resource": one}));
    Ok(ToolResult::of_blocks(blocks))
}

fn print(context: &Context<'_>, args: &ReadResource, raw: &RawValue) -> Result<(), CommandError> {
    let console = &context.console;
    if context.options.wants_json() {
        return Ok(console.raw(raw.get())?);
    }
    let result = contents(raw).map_err(|text| Failure::new(Kind::Protocol, text))?;
    let binary = result.content.iter().filter(|one| matches!(one, Content::Binary(_))).count();
    let mut file = args.output.clone();
    if binary > 0 && file.is_none() {
        if console.out.terminal.is_terminal {
            return Err(Failure::usage("the resource is binary, and is not printed on a terminal")
                .with_next("repeat with --output FILE", "writes it to a file")
                .into());
        }
        file = Some(PathBuf::from("-"));
    }
    if binary > 1 && file.as_deref() != Some(std::path::Path::new("-")) {
        let text = format!("the resource has {binary} binary parts, and --output names one file");
        return Err(Failure::usage(text)
            .with_next("repeat with --json", "shows all of them, in Base64")
            .into());
    }
    let destination = Destination { file, folder: None, stem: "resource".to_owned() };
    let rendered = render(result, &destination)
        .map_err(|error: io::Error| Failure::new(Kind::Output, error.to_string()))?;
    for text in &rendered.text {
        if console.out.terminal.is_terminal {
            // `server_text` ends the line itself.
            console.out.server_text(text.strip_suffix('\n').unwrap_or(text))?;
        } else {
            // Files and pipes get the text unchanged.
            console.out.bytes(text.as_bytes())?;
        }
    }
    console.out.bytes(&rendered.bytes)?;
    for note in &rendered.notes {
        console.note(note);
    }
    Ok(())
}
