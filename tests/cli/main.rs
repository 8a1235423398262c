//! The command as its users meet it: real processes against scripted servers and the built-in one.

mod arguments;
mod completions;
mod demo;
mod exit_codes;
mod handshake;
mod network;
mod output;
mod readme;
mod results;
mod secrets;
mod sessions;
mod support;
mod tls;
mod trace;
