//! The options that every command has.

#![allow(clippy::doc_markdown, rustdoc::bare_urls, reason = "help for people")]

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{LogLevel, ProgressChoice, RequestIdType};
use crate::output::ColorChoice;
use crate::transport::Resolve;

/// Help headings of options.
const TARGET: &str = "Server";
const ASKED: &str = "Server requests";
const NETWORK: &str = "Network";
const PROBE: &str = "Protocol";
const OUTPUT: &str = "Output";

/// Default of `--timeout`, in seconds; `trace` has its own.
const TIMEOUT: f64 = 300.0;
pub(crate) const TRACE_TIMEOUT: f64 = 30.0;

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Use this server: URL, saved or configured name, or demo [env: MCPOKE_SERVER] [default: current server]
    #[arg(short, long, global = true, value_name = "TARGET", help_heading = TARGET)]
    pub server: Option<String>,
    /// Read server names from this file, not from .mcp.json [env: MCPOKE_CONFIG]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = TARGET)]
    pub config: Option<PathBuf>,
    /// Send this header; ${VAR} is expanded at each request
    #[arg(short = 'H', long = "header", global = true, value_name = "NAME: VALUE", help_heading = TARGET)]
    pub headers: Vec<String>,
    /// Send this bearer token: text, env:VAR or file:PATH [env: MCPOKE_BEARER]
    #[arg(long, global = true, value_name = "TOKEN", help_heading = TARGET)]
    pub bearer: Option<String>,
    /// Run CMD to get the bearer token
    #[arg(long, global = true, value_name = "CMD", conflicts_with = "bearer", value_hint = ValueHint::CommandString, help_heading = TARGET)]
    pub token_command: Option<String>,
    /// Run CMD with the URL instead of opening a browser
    #[arg(long, global = true, value_name = "CMD", conflicts_with = "no_browser", value_parser = clap::builder::NonEmptyStringValueParser::new(), value_hint = ValueHint::CommandString, help_heading = TARGET)]
    pub browser: Option<String>,
    /// Print the authorization URL; open no browser
    #[arg(long, global = true, help_heading = TARGET)]
    pub no_browser: bool,
    /// Do not use saved state; close the session when done
    #[arg(long, global = true, help_heading = TARGET)]
    pub no_save: bool,
    /// Fail if the session is lost; do not open a new one
    #[arg(long, global = true, help_heading = TARGET)]
    pub no_renew: bool,

    /// Answer an elicitation field; repeat for each field
    #[arg(long, global = true, value_name = "KEY=VALUE", help_heading = ASKED)]
    pub answer: Vec<String>,
    /// Answer elicitations from this JSON file
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = ASKED)]
    pub answers: Option<PathBuf>,
    /// Expose DIR to the server as a root
    #[arg(long = "root", global = true, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = ASKED)]
    pub roots: Vec<PathBuf>,
    /// Run CMD to answer sampling requests (JSON on stdin, text on stdout)
    #[arg(long, global = true, value_name = "CMD", value_hint = ValueHint::CommandString, help_heading = ASKED)]
    pub sampling_command: Option<String>,

    /// Limit each operation; 0 for no limit [default: 300, trace: 30]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds, help_heading = NETWORK)]
    pub timeout: Option<f64>,
    /// Limit the time to connect
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds, help_heading = NETWORK)]
    pub connect_timeout: f64,
    /// Limit the time to the first byte of a response
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds, help_heading = NETWORK)]
    pub first_byte_timeout: Option<f64>,
    /// Limit the time without any data
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds, help_heading = NETWORK)]
    pub silence_timeout: Option<f64>,
    /// Limit the size of a message; K, M and G are accepted
    #[arg(long, global = true, value_name = "BYTES", default_value = "256M", value_parser = bytes, help_heading = NETWORK)]
    pub max_size: u64,
    /// Request compressed responses (gzip, deflate, br)
    #[arg(long, global = true, help_heading = NETWORK)]
    pub compressed: bool,
    /// Use this proxy: http://, https:// or socks5://; empty for none
    #[arg(long, global = true, value_name = "URL", help_heading = NETWORK)]
    pub proxy: Option<String>,
    /// Use ADDRESS for HOST:PORT; * matches every host
    #[arg(long, global = true, value_name = "HOST:PORT:ADDRESS", value_parser = clap::value_parser!(Resolve), help_heading = NETWORK)]
    pub resolve: Vec<Resolve>,
    /// Connect through this Unix domain socket
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = NETWORK)]
    pub unix_socket: Option<PathBuf>,
    /// Trust the CA certificates in this PEM file
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = NETWORK)]
    pub cacert: Option<PathBuf>,
    /// Send this client certificate (PEM)
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = NETWORK)]
    pub cert: Option<PathBuf>,
    /// Use this key for the client certificate (PEM)
    #[arg(long, global = true, value_name = "FILE", requires = "cert", value_hint = ValueHint::FilePath, help_heading = NETWORK)]
    pub key: Option<PathBuf>,
    /// Skip certificate verification (insecure)
    #[arg(short = 'k', long, global = true, help_heading = NETWORK)]
    pub insecure: bool,

    /// Use this revision, such as 2025-11-25; auto detects it
    #[arg(long, global = true, value_name = "VERSION", value_parser = version, help_heading = PROBE)]
    pub protocol_version: Option<String>,
    /// Send request ids of this type [default: detected]
    #[arg(long, global = true, value_enum, value_name = "TYPE", help_heading = PROBE)]
    pub request_id: Option<RequestIdType>,
    /// Declare these client capabilities
    #[arg(long, global = true, value_name = "JSON", help_heading = PROBE)]
    pub capabilities: Option<String>,
    /// Send the request without handshake and session
    #[arg(long, global = true, conflicts_with = "session_id", help_heading = PROBE)]
    pub no_session: bool,
    /// Skip notifications/initialized
    #[arg(long, global = true, conflicts_with_all = ["no_session", "session_id"], help_heading = PROBE)]
    pub no_initialized: bool,
    /// Send this session id; skip the handshake
    #[arg(long, global = true, value_name = "ID", help_heading = PROBE)]
    pub session_id: Option<String>,

    /// Print every exchange to stderr, secrets redacted
    #[arg(short = 'v', long, global = true, help_heading = OUTPUT)]
    pub trace: bool,
    /// Write every exchange to a .jsonl or .har file
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub trace_file: Option<PathBuf>,
    /// Print results as JSON, and errors on the last line of stderr
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub json: bool,
    /// Print only the value at this JSON Pointer of the JSON
    #[arg(long, global = true, value_name = "POINTER", value_parser = pointer, help_heading = OUTPUT)]
    pub query: Option<String>,
    /// Print no notes, only results and errors
    #[arg(short, long, global = true, help_heading = OUTPUT)]
    pub quiet: bool,
    /// Show progress and log messages on stderr
    #[arg(long, global = true, value_enum, value_name = "HOW", default_value_t, help_heading = OUTPUT)]
    pub progress: ProgressChoice,
    /// Request log messages from this level on
    #[arg(long, global = true, value_enum, value_name = "LEVEL", help_heading = OUTPUT)]
    pub log_level: Option<LogLevel>,
    /// Use color
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, help_heading = OUTPUT)]
    pub color: ColorChoice,
    /// Show secrets in traces and messages
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub show_secrets: bool,
}

impl Options {
    /// Returns the limit of an operation, in seconds; 0 for no limit.
    pub fn timeout(&self) -> f64 {
        self.timeout.unwrap_or(TIMEOUT)
    }

    /// Returns true if results are printed as JSON.
    pub fn wants_json(&self) -> bool {
        self.json || self.query.is_some()
    }

    /// Returns the option that deliberately breaks the rules for session ids; then only the request
    /// itself is sent.
    pub fn probe(&self) -> Option<&'static str> {
        let by_id = self.session_id.as_ref().map(|_| "--session-id");
        self.no_session.then_some("--no-session").or(by_id)
    }
}

fn pointer(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with('/') {
        return Ok(text.to_owned());
    }
    Err("a JSON Pointer begins with a slash, such as /content/0/text".to_owned())
}

fn version(text: &str) -> Result<String, String> {
    let is_date =
        text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if is_date || text == "auto" {
        return Ok(text.to_owned());
    }
    Err("expected a revision such as 2025-11-25, or auto".to_owned())
}

pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=31_536_000.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds, such as 30 or 0.5".to_owned()),
    }
}

pub(super) fn jobs(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(jobs) if (1..=256).contains(&jobs) => Ok(jobs),
        _ => Err("expected a number from 1 to 256".to_owned()),
    }
}

fn bytes(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "expected a number of bytes, such as 1000000 or 64M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read_with_their_units() {
        assert_eq!(bytes("64M"), Ok(64 << 20));
        assert_eq!(bytes("1000"), Ok(1000));
        assert!(bytes("0").is_err() && bytes("x").is_err() && bytes("99999999999G").is_err());
        assert_eq!(seconds("0.5"), Ok(0.5));
        assert!(seconds("-1").is_err() && seconds("nan").is_err());
    }
}
