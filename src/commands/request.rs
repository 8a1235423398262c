//! `request`: sends any method with any parameters, and the headers of the era.

use serde_json::{Value, json};

use crate::arguments::read_object;
use crate::cli::Request;
use crate::client::{Ask, Probe, Repeat};
use crate::exchange::Purpose;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::protocol::methods;
use crate::run::connect::with_server;
use crate::run::input::read_file;
use crate::run::tools::mirrored;
use crate::run::{Context, Outcome};

pub(super) fn run(context: &Context<'_>, args: &Request) -> Outcome {
    let params = match &args.params {
        Some(text) => {
            let params = read_object(text, &read_file).map_err(|problem| {
                Failure::usage(format!("the parameters cannot be used: {problem}"))
            })?;
            Value::Object(params)
        }
        None => Value::Null,
    };
    let probe = if args.method.starts_with("tools/") { Probe::ListTools } else { Probe::Discover };
    with_server(context, probe, |connected| {
        if args.method.starts_with("notifications/") {
            connected
                .client
                .notify(&args.method, &params)
                .map_err(|error| connected.fail(error))?;
            context.console.note("the server accepted the notification");
            return Ok(ExitCode::Success);
        }
        let mut ask = ask(args, &params);
        ask.mirrored = mirrored(context, connected, &ask, false)?;
        if args.raw {
            connected.client.keep_messages();
        }
        let mut outcome = connected.client.request(&ask);
        if let Err(error) = &outcome
            && connected.client.is_header_mismatch(error)
            && args.method == methods::CALL_TOOL
            && !connected.is_probe()
        {
            ask.mirrored = mirrored(context, connected, &ask, true)?;
            outcome = connected.client.request(&ask);
        }
        if args.raw
            && let Some(message) = connected.client.last_message()
        {
            // The failure is explained below as well.
            context.console.raw(message)?;
        }
        let result = outcome.map_err(|error| connected.fail(error))?;
        if !args.raw {
            context.console.raw(result.get())?;
        }
        Ok(ExitCode::Success)
    })
}

fn ask(args: &Request, params: &Value) -> Ask {
    let purpose = Purpose::of_params(&args.method, params);
    // Any other method may have side effects: never repeat it.
    let reads = args.method.ends_with("/list")
        || matches!(
            args.method.as_str(),
            methods::PING | methods::DISCOVER | methods::READ_RESOURCE | methods::GET_PROMPT
        );
    let repeat = if reads { Repeat::Harmless } else { Repeat::Harmful };
    let params = if params.is_null() && args.method == methods::LIST_TOOLS {
        json!({})
    } else {
        params.clone()
    };
    Ask::new(purpose, params, repeat)
}
