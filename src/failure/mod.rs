//! Failures of commands: kinds, exit codes, suggested commands, and the report on stderr.

mod advice;
mod from_client;
mod page;

use serde_json::{Map, Value, json};

use crate::diagnose::Finding;
use crate::exchange::Exchange;
use crate::protocol::codes;
use crate::protocol::jsonrpc::ErrorObject;
use crate::session::TargetError;

pub use crate::exit::Kind;
pub(crate) use advice::{TargetHint, failed, quoted};
pub use from_client::{from_client, from_oauth, from_transport};
pub use page::print;

/// A failed command, with everything to report.
#[derive(Debug)]
pub struct Failure {
    /// Kind of the failure.
    pub kind: Kind,
    /// Description of the failure, in one line.
    pub message: String,
    /// Further lines of the description.
    pub details: Vec<String>,
    /// The exchange that shows the failure.
    pub exchange: Option<Box<Exchange>>,
    /// The server's JSON-RPC error.
    pub rpc: Option<ErrorObject>,
    /// Findings of the diagnosis, the most certain first.
    pub findings: Vec<Finding>,
    /// Suggested commands, each with its effect.
    pub next: Vec<(String, &'static str)>,
}

impl Failure {
    /// Creates a failure without an exchange.
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

    /// Creates a failure for wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Creates a failure for local state.
    pub fn state(error: &anyhow::Error) -> Self {
        Self::new(Kind::State, format!("{error:#}"))
    }

    /// Adds a detail line.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Adds a suggested command.
    #[must_use]
    pub fn with_next(mut self, command: impl Into<String>, does: &'static str) -> Self {
        self.next.push((command.into(), does));
        self
    }

    /// Returns true if the server refused the parameters of the request (JSON-RPC 2.0, -32602).
    pub(crate) fn refuses_parameters(&self) -> bool {
        self.rpc.as_ref().is_some_and(|error| error.code == Some(codes::INVALID_PARAMS))
    }

    /// Converts the failure to the `--json` object: `{"error": {kind, message, exit, findings,
    /// …}}`.
    pub fn to_json(&self) -> Value {
        let mut error = Map::new();
        error.insert("kind".into(), json!(self.kind.as_str()));
        error.insert("message".into(), json!(self.message));
        error.insert("exit".into(), json!(self.kind.exit() as u8));
        if let Some(status) = self.exchange.as_ref().and_then(|exchange| exchange.status()) {
            error.insert("status".into(), json!(status));
        }
        if let Some(ErrorObject { code, message, data }) = &self.rpc {
            let mut rpc = json!({"code": code, "message": message});
            if let Some(data) = data {
                rpc["data"] = serde_json::from_str(data.get()).unwrap_or_default();
            }
            error.insert("rpc".into(), rpc);
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
                .with_next("mcpoke init URL", "a server that is not saved yet")
                .with_next("mcpoke -s demo list-tools", "the built-in server"),
            TargetError::Usage(text, near) => {
                let mut failure = Self::usage(text);
                for name in near.iter().take(3) {
                    failure = failure.with_detail(format!("did you mean `{name}`?"));
                }
                failure.with_next("mcpoke use NAME", "selects a saved server")
            }
        }
    }
}
