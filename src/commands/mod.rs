//! The subcommands, one file each: call the client and pass the result to the output. No
//! HTTP and no file formats here.

mod call;
mod check;
mod close;
mod completions;
mod demo;
mod each;
mod explain;
mod init;
mod list_tools;
mod listen;
mod lists;
mod log_level;
mod login;
mod man;
mod ping;
mod prompts;
mod read_resource;
mod request;
mod servers;
mod sessions;
mod tasks;
mod tool_page;
mod trace;
pub(crate) mod trust;

use std::borrow::Cow;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::ErrorKind;

use crate::cli::{Cli, Command, TRACE_TIMEOUT, help};
use crate::env::Env;
use crate::exit::ExitCode;
use crate::failure;
use crate::failure::{Failure, Kind};
use crate::output::ColorChoice;
use crate::output::{Console, PointerNotFound};
use crate::redact::Redactor;
use crate::run::tools::{PROMPTS, RESOURCES, TEMPLATES};
use crate::run::{self, CommandError, Context, Outcome};

/// Runs a command, reports its failure, and returns the exit code.
pub fn run(cli: &Cli, env: &Env) -> ExitCode {
    let mut options = Cow::Borrowed(&cli.options);
    if matches!(cli.command, Command::Trace(_)) {
        options.to_mut().timeout.get_or_insert(TRACE_TIMEOUT);
    }
    let options = options.as_ref();
    let mut console = Console::new(env, options.color, options.quiet, options.json);
    console.query.clone_from(&options.query);
    let (outcome, redactor, unwritten) = match run::context(options, env, console.clone()) {
        Ok(context) => {
            let outcome = dispatch(cli, &context);
            (outcome, context.recorder.redactor(), context.recorder.problem())
        }
        Err(stop) => (Err(stop), Redactor::new(options.show_secrets), None),
    };
    match outcome {
        Ok(code) => match unwritten {
            Some(why) => {
                let file = options.trace_file.as_deref().unwrap_or(Path::new("")).display();
                let text = format!("cannot write {file}: {why}");
                told(&console, &Failure::new(Kind::Output, text), &redactor)
            }
            None => code,
        },
        // A closed pipe (`| head`) is not an error.
        Err(CommandError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::Success
        }
        Err(CommandError::Io(error)) if PointerNotFound::is(&error) => {
            told(&console, &Failure::usage(error.to_string()), &redactor)
        }
        Err(CommandError::Io(error)) => {
            let text = format!("the output cannot be written: {error}");
            told(&console, &Failure::new(Kind::Output, text), &redactor)
        }
        Err(CommandError::Failed(failure)) => told(&console, &failure, &redactor),
    }
}

/// Prints a topic of `help`.
pub fn print_topic(page: &StyledStr, env: &Env) -> ExitCode {
    let console = Console::new(env, ColorChoice::Auto, false, false);
    ExitCode::of_output(console.out.bytes(page.to_string().as_bytes()))
}

/// Reports a usage error, or prints the requested help. `--color` and `--json` are searched
/// for in the raw arguments, because these could not be parsed.
pub fn misused(error: &clap::Error, env: &Env, words: &[OsString]) -> ExitCode {
    let given = words;
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let has = |text: &str| words.iter().any(|word| word == text);
    let color = words.iter().position(|word| word == "--color");
    let color = color.and_then(|at| words.get(at + 1)).map(AsRef::as_ref);
    let color = match color.or_else(|| words.iter().find_map(|word| word.strip_prefix("--color=")))
    {
        Some("never") => ColorChoice::Never,
        Some("always") => ColorChoice::Always,
        _ => ColorChoice::Auto,
    };
    let console = Console::new(env, color, false, has("--json"));
    let stream = if error.use_stderr() { &console.err } else { &console.out };
    let asks_for_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    let text = if asks_for_help { help::page(given) } else { error.render() };
    let text = if stream.style.is_enabled() { text.ansi().to_string() } else { text.to_string() };
    if !error.use_stderr() {
        return ExitCode::of_output(stream.bytes(text.as_bytes()));
    }
    if !(console.json && (has("-q") || has("--quiet"))) {
        // Ignore write errors: the stream may be closed.
        let _ = stream.bytes(text.as_bytes());
    }
    if console.json {
        // The missing arguments are on the lines after the first.
        let message: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
        let message = message.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        let message = message.trim_start_matches("error: ");
        let _ = console.err.line(&Failure::usage(message).to_json().to_string());
    }
    ExitCode::Usage
}

fn told(console: &Console, failure: &Failure, redactor: &Redactor) -> ExitCode {
    // Ignore write errors: stderr may be closed. The exit code still reports the failure.
    let _ = failure::print(console, failure, redactor);
    failure.kind.exit()
}

fn dispatch(cli: &Cli, context: &Context<'_>) -> Outcome {
    match &cli.command {
        Command::Init(args) => init::run(context, args),
        Command::ListTools(args) => list_tools::run(context, args),
        Command::Call(args) => call::run(context, args),
        Command::ListResources(listing) => lists::run(context, &RESOURCES, listing),
        Command::ListResourceTemplates(listing) => lists::run(context, &TEMPLATES, listing),
        Command::ReadResource(args) => read_resource::run(context, args),
        Command::ListPrompts(listing) => lists::run(context, &PROMPTS, listing),
        Command::GetPrompt(args) => prompts::get(context, args),
        Command::Complete(args) => prompts::complete(context, args),
        Command::Check(args) => check::run(context, args),
        Command::Tasks(listing) => tasks::list(context, listing),
        Command::Task(args) => tasks::one(context, args),
        Command::Trace(args) => trace::run(context, args),
        Command::Explain(args) => explain::run(context, &args.text),
        Command::Ping => ping::run(context),
        Command::Listen(args) => listen::run(context, args),
        Command::SetLogLevel(args) => log_level::run(context, args.level),
        Command::Request(args) => request::run(context, args),
        Command::Servers => servers::run(context),
        Command::Trust(args) => trust::run(context, args),
        Command::Login(args) => login::log_in(context, args),
        Command::Logout(args) => login::log_out(context, args.target.as_deref()),
        Command::Token(args) => {
            login::token(context, args.target.as_deref(), !args.header.is_empty())
        }
        Command::Sessions => sessions::list(context),
        Command::Use(args) => sessions::choose(context, &args.name),
        Command::Close(args) => close::run(context, args),
        Command::Demo(args) => demo::run(context, args),
        Command::Man(args) => man::run(context, args.command.as_deref()),
        Command::Completions(args) => completions::run(context, args.shell),
    }
}
