//! What went wrong: the kind with its exit code, what to try next, and the page that says it.

mod advice;
mod from_client;
mod page;

use serde_json::{Map, Value, json};

use crate::diagnose::Finding;
use crate::exchange::Exchange;
use crate::session::TargetError;

pub use crate::exit::Kind;
pub(crate) use advice::{Spoken, failed, quoted};
pub use from_client::{from_client, from_oauth, from_transport};
pub use page::print;

/// A command that failed: everything that its user is told.
#[derive(Debug)]
pub struct Failure {
    /// The kind.
    pub kind: Kind,
    /// What went wrong, in one line.
    pub message: String,
    /// More about it, a line each.
    pub details: Vec<String>,
    /// The exchange that shows it.
    pub exchange: Option<Box<Exchange>>,
    /// The JSON-RPC error that the server sent: code and message.
    pub rpc: Option<(Option<i64>, String)>,
    /// What is concluded from the evidence, the surest first.
    pub findings: Vec<Finding>,
    /// Commands to try next, each with what it does.
    pub next: Vec<(String, &'static str)>,
}

impl Failure {
    /// A failure without evidence from the wire.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            details: Vec::new(),
            exchange: None,
            rpc: None,
            findings: Vec::new(),
            next: Vec::new(),
        }
    }

    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// State that cannot be read or written.
    pub fn state(error: &anyhow::Error) -> Self {
        Self::new(Kind::State, format!("{error:#}"))
    }

    /// With a line more.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// With a command to try next.
    #[must_use]
    pub fn with_next(mut self, command: impl Into<String>, does: &'static str) -> Self {
        self.next.push((command.into(), does));
        self
    }

    /// The object of `--json`: `{"error": {kind, message, exit, findings, …}}`.
    pub fn to_json(&self) -> Value {
        let mut error = Map::new();
        error.insert("kind".into(), json!(self.kind.as_str()));
        error.insert("message".into(), json!(self.message));
        error.insert("exit".into(), json!(self.kind.exit() as u8));
        if let Some(status) = self.exchange.as_ref().and_then(|exchange| exchange.status()) {
            error.insert("status".into(), json!(status));
        }
        if let Some((code, message)) = &self.rpc {
            error.insert("rpc".into(), json!({"code": code, "message": message}));
        }
        let findings = self.findings.iter().map(Finding::to_json).collect();
        error.insert("details".into(), json!(self.details));
        error.insert("findings".into(), Value::Array(findings));
        let next: Vec<&str> = self.next.iter().map(|(command, _)| command.as_str()).collect();
        error.insert("next".into(), json!(next));
        json!({ "error": error })
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::State(error) => Self::state(&error),
            TargetError::Usage(text, near) if near.is_empty() => Self::usage(text)
                .with_next("mcpoke init URL", "a server that is not remembered yet")
                .with_next("mcpoke -s demo list-tools", "the built-in server"),
            TargetError::Usage(text, near) => {
                let mut failure = Self::usage(text);
                for name in near.iter().take(3) {
                    failure = failure.with_detail(format!("did you mean `{name}`?"));
                }
                failure.with_next("mcpoke use NAME", "makes a remembered server the current one")
            }
        }
    }
}
