//! mcpoke: curl for MCP servers: remembers sessions, explains failures.
//!
//! The library behind the `mcpoke` command. Its interface is not stable: it is a library so
//! that tests can call its parts. From the bottom up: [`mod@env`], [`exit`], [`protocol`]
//! and the other pure modules; [`exchange`] and [`demo`]; [`transport`]; [`client`], [`diagnose`] and
//! [`session`]; [`report`]; [`cli`]; [`failure`]; [`run`]; [`commands`]. No module uses one above it;
//! the table in CONTRIBUTING.md has them all.

pub mod arguments;
pub mod check;
pub mod cli;
pub mod client;
pub mod commands;
pub mod completion;
pub mod config;
pub mod demo;
pub mod diagnose;
pub mod digest;
pub mod endpoint;
pub mod env;
pub mod exchange;
pub mod exit;
pub mod failure;
pub mod file;
pub mod oauth;
pub mod output;
pub mod protocol;
pub mod redact;
pub mod relay;
pub mod report;
pub mod run;
pub mod session;
pub mod transport;
