//! The command: parse, run, turn the outcome into an exit code.

use clap::Parser as _;
use mcpoke::cli::Cli;
use mcpoke::commands;
use mcpoke::env::Env;

fn main() -> std::process::ExitCode {
    let env = Env::read();
    match Cli::try_parse() {
        Ok(cli) => commands::run(&cli, &env).into(),
        Err(error) => commands::misused(&error, &env, std::env::args().skip(1)).into(),
    }
}
