//! The values that options choose from.

#![allow(clippy::doc_markdown, reason = "help for people")]

use clap::ValueEnum;

/// Display of progress and log messages while a request runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ProgressChoice {
    /// On a terminal a bar or a spinner, and log messages above it; else nothing
    #[default]
    Auto,
    /// A line for each, but with --quiet nothing
    Plain,
    /// A JSON object for each: the notification's method and params
    Json,
    /// Nothing
    None,
}

/// Severity of a log message (RFC 5424; 2025-11-25, Logging).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words say it")]
pub enum LogLevel {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl LogLevel {
    /// The protocol's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }
}

/// Type of request ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RequestIdType {
    /// Text, unique across processes.
    Text,
    /// Numbers, unique across processes.
    Number,
}
