//! `completions`: the script for a shell; those of this version are in `completions/` as well.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Context, Outcome};
use crate::cli::Cli;
use crate::exit::ExitCode;

pub(super) fn run(context: &Context<'_>, shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mcpoke", &mut script);
    context.console.out.bytes(&script)?;
    Ok(ExitCode::Success)
}
