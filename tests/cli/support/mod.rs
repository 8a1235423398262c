//! Shared parts of the tests: a clean environment for the command, and scripted servers.

mod authority;
mod browser;
mod demo;
mod forgetful;
mod sandbox;
mod schema;
mod server;
#[cfg(unix)]
mod terminal;

pub(crate) use authority::{Authority, authority, document, fields, here, metadata};
pub(crate) use browser::{BROWSER, Browser};
pub(crate) use demo::Demo;
pub(crate) use forgetful::{Refusal, forgetful};
pub(crate) use sandbox::{Finished, Sandbox};
pub(crate) use server::{Request, Server, http, mcp, modern, pass_on};
#[cfg(unix)]
pub(crate) use terminal::{interrupted, on_a_terminal, typing};
