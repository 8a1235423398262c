//! `get-prompt` and `complete`: fills in a prompt, and completes an argument.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::arguments::{ArgumentInput, Typing};
use crate::cli::{Complete, GetPrompt};
use crate::client::{EraProbe, RpcRequest};
use crate::exchange::Purpose;
use crate::exit::ExitCode;
use crate::failure::{Failure, Kind};
use crate::output::{Destination, Paint, render};
use crate::protocol::content::ToolResult;
use crate::protocol::methods;
use crate::run::connect::with_server;
use crate::run::input::{read_file, wrong_arguments};
use crate::run::{CommandError, Context, Outcome};

pub(super) fn get(context: &Context<'_>, args: &GetPrompt) -> Outcome {
    let arguments = texts(&args.prompt, &args.arguments)?;
    with_server(context, EraProbe::Discover, |server| {
        let params = json!({"name": args.prompt, "arguments": arguments});
        let purpose = Purpose::on(methods::GET_PROMPT, &args.prompt);
        let rpc = RpcRequest::reading(purpose, params);
        let outcome = server.client.request(&rpc);
        let answer = outcome.map_err(|error| server.fail_of_list(error, "list-prompts"))?;
        print(context, &answer.result)?;
        Ok(ExitCode::Success)
    })
}

/// Reads arguments as strings, without typing them.
fn texts(of: &str, words: &[String]) -> Result<Map<String, Value>, Failure> {
    ArgumentInput::read(None, words, &read_file)
        .and_then(|given| given.typed(None, Typing::Strings))
        .map_err(|problems| wrong_arguments(of, problems))
}

/// Prints the messages, each below its role.
fn print(context: &Context<'_>, raw: &RawValue) -> Result<(), CommandError> {
    let console = &context.console;
    if context.options.wants_json() {
        return Ok(console.raw(raw.get())?);
    }
    let result: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    let Some(messages) = result["messages"].as_array() else {
        let text = "the prompt cannot be read: it has no `messages`";
        return Err(Failure::new(Kind::Protocol, text).into());
    };
    for message in messages {
        let role = message["role"].as_str().unwrap_or("?");
        let result = ToolResult::of_blocks([message["content"].clone()].into_iter());
        let rendered = render(result, &Destination::default())
            .map_err(|error| Failure::new(Kind::Output, error.to_string()))?;
        console.line(
            &console.out.style.paint(Paint::Strong, &format!("{}:", crate::output::one_line(role))),
        )?;
        for text in &rendered.text {
            console.out.server_text(text)?;
        }
    }
    Ok(())
}

pub(super) fn complete(context: &Context<'_>, args: &Complete) -> Outcome {
    let Some((name, typed)) = args.argument.split_once('=') else {
        let text = format!("`{}` is not key=text", args.argument.escape_debug());
        return Err(Failure::usage(text)
            .with_detail(
                "The key is the argument, the text what of it is there already; it may be empty.",
            )
            .into());
    };
    let filled = texts(&args.reference, &args.context)?;
    let reference = if args.reference.contains("://") {
        json!({"type": "ref/resource", "uri": args.reference})
    } else {
        json!({"type": "ref/prompt", "name": args.reference})
    };
    let mut params = json!({"ref": reference, "argument": {"name": name, "value": typed}});
    if !filled.is_empty() {
        params["context"] = json!({"arguments": filled});
    }
    with_server(context, EraProbe::Discover, |server| {
        let purpose = Purpose::on(methods::COMPLETE, &args.reference);
        let rpc = RpcRequest::reading(purpose, params);
        let outcome = server.client.request(&rpc);
        let raw = outcome.map_err(|error| server.fail(error))?.result;
        let console = &context.console;
        if context.options.wants_json() {
            console.raw(raw.get())?;
            return Ok(ExitCode::Success);
        }
        let result: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        let completion = &result["completion"];
        for value in completion["values"].as_array().into_iter().flatten() {
            console.out.server_text(value.as_str().unwrap_or_default())?;
        }
        if completion["hasMore"] == true {
            let total = completion["total"].as_u64().map(|total| format!(" of {total}"));
            console.note(&format!("there are more{}", total.unwrap_or_default()));
        }
        Ok(ExitCode::Success)
    })
}
