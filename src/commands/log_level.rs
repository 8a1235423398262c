//! `set-log-level`: sets the minimum level of log messages for the session (2025-11-25,
//! Logging).

use crate::cli::LogLevel;
use crate::client::{EraProbe, RpcRequest};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::run::connect::with_server;
use crate::run::{Context, Outcome};

pub(super) fn run(context: &Context<'_>, level: LogLevel) -> Outcome {
    with_server(context, EraProbe::Discover, |server| {
        let level = level.as_str();
        if server.client.session().is_modern() {
            // The modern era has no such method (2026-07-28, Changelog: "Remove ping,
            // logging/setLevel").
            let text = "this server has no session to set a log level in";
            return Err(Failure::usage(text)
                .with_detail("In the modern era, each request sets its own log level.")
                .with_next(format!("mcpoke call TOOL --log-level {level}"), "asks for them")
                .into());
        }
        let rpc = RpcRequest::set_log_level(level);
        let answer = server.client.request(&rpc).map_err(|error| server.fail(error))?;
        if context.options.wants_json() {
            context.console.raw(answer.result.get())?;
        } else {
            context.console.note(&format!("the server logs from {level} on in this session"));
        }
        Ok(ExitCode::Success)
    })
}
