//! The command as users run it: real processes against scripted servers and the built-in
//! one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::needless_raw_string_hashes, reason = "snapbox writes them")]
#![allow(clippy::format_push_string, clippy::format_collect, reason = "scripts of a few lines")]

mod arguments;
mod asked;
#[cfg(unix)]
mod authorization;
#[cfg(unix)]
mod authorization_secrets;
mod check;
mod completions;
mod config;
mod demo;
mod each;
mod encodings;
mod eras;
mod exit_codes;
mod explain;
mod fallback;
mod faults;
mod handshake;
mod http_sse;
#[cfg(unix)]
mod listen;
#[cfg(unix)]
mod login;
mod modern;
mod network;
mod offers;
mod output;
mod own_errors;
#[cfg(unix)]
mod pagination;
mod progress;
mod readme;
mod recordings;
mod redaction;
mod refusals;
mod renewal;
mod repetition;
mod required_forms;
mod results;
mod resumption;
mod schemas;
mod screens;
mod secrets;
mod sessions;
mod state;
#[cfg(unix)]
mod subscriptions;
mod support;
mod tasks;
mod tls;
#[cfg(unix)]
mod token_renewal;
mod tokens;
mod trace;
mod trust;
mod verdicts;
#[cfg(unix)]
mod waits;
