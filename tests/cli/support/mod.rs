//! What the tests share: a clean place to run the command in, and a server that does as it is told.

mod sandbox;
mod server;

pub(crate) use sandbox::{Finished, Sandbox};
pub(crate) use server::{Request, Server, http, mcp};
