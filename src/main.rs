//! Entry point: parses the command line, runs the command, and returns its exit code.

use std::io::Write as _;

use clap::Parser as _;
use mcpoke::cli::{Cli, help};
use mcpoke::commands;
use mcpoke::completion;
use mcpoke::env::Env;
use mcpoke::exit::ExitCode;

fn main() -> std::process::ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if matches!(words.as_slice(), [only] if only == "--version" || only == "-V") {
        // Building the command line parser would take longer than printing the version.
        let line = concat!("mcpoke ", env!("CARGO_PKG_VERSION"));
        return ExitCode::of_output(writeln!(std::io::stdout(), "{line}")).into();
    }
    let env = Env::read();
    if words.first().is_some_and(|first| first == completion::CALLED) {
        // Error messages would disturb the command line being completed.
        let _ = std::io::stdout().write_all(completion::answer(&words[1..], &env).as_bytes());
        return std::process::ExitCode::SUCCESS;
    }
    if let Some(cli) = Cli::parse_quickly(&words) {
        return commands::run(&cli, &env).into();
    }
    if let Some(page) = help::topic(&words) {
        return commands::print_topic(&page, &env).into();
    }
    match Cli::try_parse() {
        Ok(cli) => commands::run(&cli, &env).into(),
        Err(error) => commands::misused(&error, &env, &words).into(),
    }
}
