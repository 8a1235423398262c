//! `completions`: prints the completion script of a shell. The scripts of this version are
//! also in `completions/`.

use clap_complete::Shell;

use crate::completion;
use crate::exit::ExitCode;
use crate::run::{Context, Outcome};

pub(super) fn run(context: &Context<'_>, shell: Shell) -> Outcome {
    context.console.out.bytes(&completion::script(shell))?;
    Ok(ExitCode::Success)
}
