//! The context of every command, and its outcome.

use std::io;

use super::settings::limits;
use crate::cli::Options;
use crate::diagnose;
use crate::env::Env;
use crate::exchange::{Observer, Recorder};
use crate::exit::ExitCode;
use crate::failure::{Failure, Kind};
use crate::file;
use crate::output::Console;
use crate::redact::Redactor;
use crate::report;
use crate::session::Store;
use crate::transport::Interrupt;

/// Options, environment and output of a command.
pub(crate) struct Context<'c> {
    pub(crate) options: &'c Options,
    pub(crate) env: &'c Env,
    pub(crate) console: Console,
    pub(crate) recorder: Recorder,
    /// Ends a pending wait, for example on Ctrl-C.
    pub(crate) interrupt: Interrupt,
}

/// Error that ends a command.
pub(crate) enum CommandError {
    Failed(Box<Failure>),
    /// An output stream could not be written to.
    Io(io::Error),
}

pub(crate) type Outcome = Result<ExitCode, CommandError>;

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> Self {
        Failure::state(&error).into()
    }
}

pub(crate) fn context<'c>(
    options: &'c Options,
    env: &'c Env,
    console: Console,
) -> Result<Context<'c>, CommandError> {
    file::set_patience(limits(options).whole);
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
            Failure::new(Kind::Output, format!("cannot write {}: {error}", path.display()))
        })?);
    }
    let recorder = Recorder::new(observers, Redactor::new(options.show_secrets), diagnose::reach());
    let context = Context { options, env, console, recorder, interrupt: Interrupt::default() };
    if let Some(store) = context.store() {
        store.sweep();
    }
    Ok(context)
}

impl Context<'_> {
    /// Returns the saved state; `None` with `--no-save`.
    pub(crate) fn store(&self) -> Option<Store> {
        (!self.options.no_save).then(|| Store::of(self.env))
    }

    /// Returns the saved state, for commands that work on nothing else. Fails with `--no-save`.
    pub(crate) fn store_or_refuse(&self, command: &str) -> Result<Store, Failure> {
        self.store().ok_or_else(|| {
            Failure::usage(format!("`{command}` needs saved state, and --no-save reads none"))
        })
    }

    /// Returns the time at which the process started.
    pub(crate) fn now(&self) -> std::time::SystemTime {
        self.env.started
    }

    /// Returns the server named with `--server` or `MCPOKE_SERVER`.
    pub(crate) fn named(&self) -> Option<&str> {
        self.options.server.as_deref().or_else(|| self.env.var("MCPOKE_SERVER"))
    }
}
