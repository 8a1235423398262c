//! The command: parse, run, turn the outcome into an exit code.

use clap::Parser as _;
use mcpoke::cli::Cli;
use mcpoke::env::Env;

fn main() -> std::process::ExitCode {
    match Cli::try_parse() {
        Ok(cli) => mcpoke::commands::run(&cli, &Env::read()).into(),
        Err(error) => {
            // Help and version are no errors; a closed stream is nobody's.
            let _ = error.print();
            let code = u8::from(error.use_stderr()) * mcpoke::exit::ExitCode::Usage as u8;
            std::process::ExitCode::from(code)
        }
    }
}
