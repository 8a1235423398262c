//! `request`: sends any method with any parameters, and the headers of the era.

use serde_json::{Value, json};

use crate::arguments::read_object;
use crate::cli::Request;
use crate::client::{EraProbe, Idempotency, RpcRequest};
use crate::exchange::Purpose;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::protocol::methods;
use crate::run::connect::with_server;
use crate::run::input::read_file;
use crate::run::tools::{mirrored, send};
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
    let probe =
        if args.method.starts_with("tools/") { EraProbe::ListTools } else { EraProbe::Discover };
    with_server(context, probe, |server| {
        if args.method.starts_with("notifications/") {
            server.client.notify(&args.method, &params).map_err(|error| server.fail(error))?;
            context.console.note("the server accepted the notification");
            return Ok(ExitCode::Success);
        }
        let mut rpc = rpc_request(args, &params);
        if args.method == methods::CALL_TOOL {
            let name = rpc.params["name"].as_str().unwrap_or_default();
            rpc.mirrored = mirrored(context, server, name)?;
        }
        match send(context, server, &mut rpc)? {
            Ok(answer) => {
                let raw = answer.message.as_deref().unwrap_or(answer.result.get());
                context.console.raw(raw)?;
            }
            Err(error) => {
                if let Some(message) = &error.message {
                    // The error is also explained on stderr.
                    context.console.raw(message)?;
                }
                return Err(server.fail(error));
            }
        }
        Ok(ExitCode::Success)
    })
}

fn rpc_request(args: &Request, params: &Value) -> RpcRequest {
    let purpose = Purpose::of_params(&args.method, params);
    // Any other method may have side effects: never repeat it.
    let reads = args.method.ends_with("/list")
        || matches!(
            args.method.as_str(),
            methods::PING | methods::DISCOVER | methods::READ_RESOURCE | methods::GET_PROMPT
        );
    let idempotency = if reads { Idempotency::Idempotent } else { Idempotency::NotIdempotent };
    let params = if params.is_null() && args.method == methods::LIST_TOOLS {
        json!({})
    } else {
        params.clone()
    };
    RpcRequest { keeps_message: args.raw, ..RpcRequest::new(purpose, params, idempotency) }
}
