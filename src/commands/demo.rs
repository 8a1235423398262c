//! `demo`: runs the built-in server until Ctrl-C or for `--seconds`.

use std::time::Duration;

use crate::cli::Demo as Args;
use crate::demo::{CLIENT_ID, CLIENT_SECRET, Demo, DemoAuth, DemoOptions, TOKEN};
use crate::exit::ExitCode;
use crate::failure::{Failure, Kind};
use crate::run::{Context, Outcome};

pub(super) fn run(context: &Context<'_>, args: &Args) -> Outcome {
    let options = DemoOptions {
        stateless: args.stateless,
        answers: args.replies,
        eras: args.era,
        lose_after: args.lose_after,
        lose_every: args.lose_every.map(Duration::from_secs_f64),
        lost_as: args.lost_as,
        fault: args.fault,
        auth: args.auth,
        token_ttl: args.token_ttl.map(Duration::from_secs_f64),
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
    let next = match args.auth {
        DemoAuth::None => format!("mcpoke init {url}"),
        DemoAuth::Bearer => format!("mcpoke init {url} --bearer {TOKEN}"),
        DemoAuth::OAuth => format!(
            "mcpoke login {url}\n      SECRET={CLIENT_SECRET} mcpoke login {url} --client-credentials --client-id \
             {CLIENT_ID} --client-secret env:SECRET"
        ),
    };
    context.console.note(&format!("listening; Ctrl-C ends it\n\nnext: {next}"));
    if let Some(seconds) = args.seconds {
        std::thread::sleep(Duration::from_secs(seconds));
        return Ok(ExitCode::Success);
    }
    demo.wait()?;
    Ok(ExitCode::Success)
}
