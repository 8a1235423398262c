//! From parsed options to a ready client: target, settings, credentials, login, prompts,
//! progress, and the catalogue of a server's tools. The subcommands are in `commands`.

pub(crate) mod answering;
pub(crate) mod approval;
pub(crate) mod authorize;
pub(crate) mod connect;
mod context;
pub(crate) mod credentials;
pub(crate) mod input;
pub(crate) mod interrupt;
pub(crate) mod list_view;
pub(crate) mod prepare;
pub(crate) mod progress;
mod prompt;
pub(crate) mod renewal;
pub(crate) mod result;
pub(crate) mod server;
pub(crate) mod settings;
mod shell;
pub(crate) mod target;
pub(crate) mod tools;

pub(crate) use context::{CommandError, Context, Outcome, context};
