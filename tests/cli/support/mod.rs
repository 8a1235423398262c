//! What the tests share: a clean place to run the command in, and a server that does as it is told.

mod forgetful;
mod sandbox;
mod server;

pub(crate) use forgetful::{Refusal, Refused, forgetful};
pub(crate) use sandbox::{Finished, Sandbox};
pub(crate) use server::{Request, Server, http, mcp};
