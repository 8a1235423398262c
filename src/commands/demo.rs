//! `demo`: the built-in server, until Ctrl-C.

use std::time::Duration;

use super::{Context, Outcome};
use crate::cli::Demo as Args;
use crate::demo::{Demo, DemoAuth, Options, TOKEN};
use crate::error::{Failure, Kind};
use crate::exit::ExitCode;

pub(super) fn run(context: &Context<'_>, args: &Args) -> Outcome {
    let options = Options {
        stateless: args.stateless,
        answers: args.replies,
        eras: args.era,
        lose_after: args.lose_after,
        lose_every: args.lose_every.map(Duration::from_secs_f64),
        lost_as: args.lost_as,
        fault: args.fault,
        auth: args.auth,
    };
    let demo = Demo::start(args.port, options).map_err(|error| {
        Failure::new(
            Kind::Unreachable,
            format!("cannot listen on 127.0.0.1:{}: {error}", args.port),
        )
        .with_next("mcpoke demo --port 0", "takes a free port")
    })?;
    let url = demo.url();
    context.console.line(&url)?;
    let token = match args.auth {
        DemoAuth::None => String::new(),
        DemoAuth::Bearer => format!(" --bearer {TOKEN}"),
    };
    context.console.note(&format!("listening; Ctrl-C ends it\n\nnext: mcpoke init {url}{token}"));
    if let Some(seconds) = args.seconds {
        std::thread::sleep(Duration::from_secs(seconds));
        return Ok(ExitCode::Success);
    }
    demo.wait()?;
    Ok(ExitCode::Success)
}
