//! `completions`: the script for a shell; those of this version are in `completions/` as well.

use clap_complete::Shell;

use crate::completion;
use crate::exit::ExitCode;
use crate::run::{Context, Outcome};

pub(super) fn run(context: &Context<'_>, shell: Shell) -> Outcome {
    context.console.out.bytes(&completion::script(shell))?;
    Ok(ExitCode::Success)
}
