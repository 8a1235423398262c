//! A file per subcommand: ask the client, hand the result to output. No HTTP, no file formats.

mod advice;
mod answering;
mod authorize;
mod call;
mod check;
mod close;
mod completions;
mod connect;
mod demo;
mod each;
mod explain;
mod form;
mod init;
mod interrupt;
mod keeper;
mod list_tools;
mod listen;
mod lists;
mod log_level;
mod login;
mod man;
mod ping;
mod prepare;
mod progress;
mod prompts;
mod read_resource;
mod request;
mod servers;
mod sessions;
mod settings;
mod shell;
mod target;
mod tasks;
mod tool_page;
mod trace;

use std::ffi::OsString;
use std::io;

use crate::cli::{Cli, ColorChoice, Command, Options};
use crate::env::Env;
use crate::error::{Failure, Kind};
use crate::exchange::{Observer, Recorder};
use crate::exit::ExitCode;
use crate::output::{Console, NothingThere};
use crate::redact::Redactor;
use crate::report;
use crate::session::Store;
use crate::transport::Interrupt;

/// What every command is given.
struct Context<'c> {
    options: &'c Options,
    env: &'c Env,
    console: Console,
    recorder: Recorder,
    /// Ends whatever is waited for.
    interrupt: Interrupt,
}

/// Why a command stopped.
enum Stop {
    Failed(Box<Failure>),
    /// An output stream cannot be written to.
    Io(io::Error),
}

type Outcome = Result<ExitCode, Stop>;

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Failure::state(&error).into()
    }
}

/// Runs a command and tells of its failure.
pub fn run(cli: &Cli, env: &Env) -> ExitCode {
    let options = &cli.options;
    let mut console = Console::new(env, options.color, options.quiet, options.json);
    console.query.clone_from(&options.query);
    let (outcome, redactor) = match context(options, env, console.clone()) {
        Ok(context) => (dispatch(cli, &context), context.recorder.redactor()),
        Err(stop) => (Err(stop), Redactor::new(options.show_secrets)),
    };
    match outcome {
        Ok(code) => code,
        // Whoever reads has read enough: `| head` is no failure.
        Err(Stop::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::Success,
        Err(Stop::Io(error)) if NothingThere::is(&error) => {
            told(&console, &Failure::usage(error.to_string()), &redactor)
        }
        Err(Stop::Io(error)) => {
            told(&console, &Failure::new(Kind::State, error.to_string()), &redactor)
        }
        Err(Stop::Failed(failure)) => told(&console, &failure, &redactor),
    }
}

/// Tells of a command line that cannot be understood, or gives the help that it asks for. The options
/// that say how are looked for in the words themselves, since they could not be parsed.
pub fn misused(error: &clap::Error, env: &Env, words: &[OsString]) -> ExitCode {
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
    let text = error.render();
    let text = if stream.style.is_enabled() { text.ansi().to_string() } else { text.to_string() };
    // With the stream closed there is nobody left to tell.
    let _ = stream.bytes(text.as_bytes());
    if !error.use_stderr() {
        return ExitCode::Success;
    }
    if console.json {
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let _ = console.err.line(&Failure::usage(first).to_json().to_string());
    }
    ExitCode::Usage
}

fn told(console: &Console, failure: &Failure, redactor: &Redactor) -> ExitCode {
    // With stderr closed there is nobody left to tell; the exit code still does.
    let _ = report::print_failure(console, failure, redactor);
    failure.kind.exit()
}

fn context<'c>(options: &'c Options, env: &'c Env, console: Console) -> Result<Context<'c>, Stop> {
    let mut observers: Vec<Box<dyn Observer>> = Vec::new();
    if options.trace {
        observers.push(Box::new(report::TraceText::new(console.err.clone())));
    }
    if let Some(path) = &options.trace_file {
        let created = match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl") => {
                report::TraceLines::create(path).map(|it| Box::new(it) as Box<dyn Observer>)
            }
            Some("har") => report::Har::create(path).map(|it| Box::new(it) as Box<dyn Observer>),
            _ => {
                let text =
                    format!("--trace-file {}: the name must end in .jsonl or .har", path.display());
                return Err(Failure::usage(text).into());
            }
        };
        observers.push(created.map_err(|error| {
            Failure::new(Kind::State, format!("cannot write {}: {error}", path.display()))
        })?);
    }
    let recorder = Recorder::new(observers, Redactor::new(options.show_secrets));
    Ok(Context { options, env, console, recorder, interrupt: Interrupt::default() })
}

fn dispatch(cli: &Cli, context: &Context<'_>) -> Outcome {
    match &cli.command {
        Command::Init(args) => init::run(context, args),
        Command::ListTools(args) => list_tools::run(context, args),
        Command::Call(args) => call::run(context, args),
        Command::ListResources(listing) => lists::run(context, &lists::RESOURCES, listing),
        Command::ListResourceTemplates(listing) => lists::run(context, &lists::TEMPLATES, listing),
        Command::ReadResource(args) => read_resource::run(context, args),
        Command::ListPrompts(listing) => lists::run(context, &lists::PROMPTS, listing),
        Command::GetPrompt(args) => prompts::get(context, args),
        Command::Complete(args) => prompts::complete(context, args),
        Command::Check(args) => check::run(context, args),
        Command::Tasks(listing) => tasks::list(context, listing),
        Command::Task(args) => tasks::one(context, args),
        Command::Trace(args) => trace::run(context, args),
        Command::Explain { rule } => explain::run(context, rule.as_deref()),
        Command::Ping => ping::run(context),
        Command::Listen(args) => listen::run(context, args),
        Command::SetLogLevel { level } => log_level::run(context, *level),
        Command::Request(args) => request::run(context, args),
        Command::Servers => servers::run(context),
        Command::Login(args) => login::log_in(context, args),
        Command::Logout { target } => login::log_out(context, target.as_deref()),
        Command::Token { target, header } => {
            login::token(context, target.as_deref(), !header.is_empty())
        }
        Command::Sessions => sessions::list(context),
        Command::Use { name } => sessions::choose(context, name),
        Command::Close(args) => close::run(context, args),
        Command::Demo(args) => demo::run(context, args),
        Command::Man { command } => man::run(context, command.as_deref()),
        Command::Completions { shell } => completions::run(context, *shell),
    }
}

impl Context<'_> {
    /// What is remembered; `None` with `--no-save`.
    fn store(&self) -> Option<Store> {
        (!self.options.no_save).then(|| Store::of(self.env))
    }

    /// What is remembered, for commands that are about nothing else.
    fn store_or_refuse(&self, command: &str) -> Result<Store, Failure> {
        self.store().ok_or_else(|| {
            Failure::usage(format!(
                "`{command}` is about what is remembered, and --no-save forbids to read it"
            ))
        })
    }

    /// The moment the process started.
    fn now(&self) -> std::time::SystemTime {
        self.env.started
    }

    /// The server that was named, if one was.
    fn named(&self) -> Option<&str> {
        self.options.server.as_deref().or_else(|| self.env.var("MCPOKE_SERVER"))
    }
}
