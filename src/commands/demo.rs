//! `demo`: the built-in server, until Ctrl-C.

use std::time::Duration;

use super::{Context, Outcome};
use crate::cli::{self, AnswerForm, Demo as Args};
use crate::demo::{Answers, Demo, Fault, LostAs, Options};
use crate::error::{Failure, Kind};
use crate::exit::ExitCode;

pub(super) fn run(context: &Context<'_>, args: &Args) -> Outcome {
    let answers = match args.answers {
        AnswerForm::Sse => Answers::Sse,
        AnswerForm::Json => Answers::Json,
    };
    let options = Options {
        stateless: args.stateless,
        answers,
        lose_after: args.lose_after,
        lose_every: args.lose_every.map(Duration::from_secs_f64),
        lost_as: lost_as(args.lost_as),
        fault: args.fault.map(fault),
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
    context.console.note(&format!("listening; Ctrl-C ends it\n\nnext: mcpoke init {url}"));
    if let Some(seconds) = args.seconds {
        std::thread::sleep(Duration::from_secs(seconds));
        return Ok(ExitCode::Success);
    }
    demo.wait()?;
    Ok(ExitCode::Success)
}

fn lost_as(named: cli::LostAs) -> LostAs {
    match named {
        cli::LostAs::Status404 => LostAs::NotFound,
        cli::LostAs::Status400 => LostAs::BadRequest,
        cli::LostAs::Text => LostAs::Text,
        cli::LostAs::Status401 => LostAs::Unauthorized,
        cli::LostAs::Status410 => LostAs::Gone,
        cli::LostAs::Status422 => LostAs::Unprocessable,
        cli::LostAs::Status503 => LostAs::Unavailable,
        cli::LostAs::Error => LostAs::Error,
        cli::LostAs::Empty => LostAs::Empty,
    }
}

fn fault(named: cli::Fault) -> Fault {
    match named {
        cli::Fault::Slow => Fault::Slow,
        cli::Fault::Cut => Fault::Cut,
        cli::Fault::Reset => Fault::Reset,
        cli::Fault::Drip => Fault::Drip,
        cli::Fault::Huge => Fault::Huge,
    }
}
