//! A request of the client, before a session gives it its form.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::exchange::{Exchange, Purpose};
use crate::protocol::jsonrpc::call_params;
use crate::protocol::methods;
use crate::protocol::mirror::Mirrored;
use crate::protocol::tools::Tool;

/// Effect of sending a request twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// The request only reads, or has the same effect however often it runs.
    Idempotent,
    /// The request may have an effect each time it runs.
    NotIdempotent,
    /// The request is said to destroy something (`destructiveHint`).
    Destructive,
}

/// A request without the parts that the session adds.
#[derive(Debug, Clone)]
pub struct RpcRequest {
    /// Method and the name or URI it applies to.
    pub purpose: Purpose,
    /// The parameters.
    pub params: Value,
    /// Effect of sending the request twice.
    pub idempotency: Idempotency,
    /// Arguments that the modern era mirrors into headers.
    pub mirrored: Vec<Mirrored>,
    /// Declares that tasks are supported, which the modern era requires of each request about one.
    pub declares_tasks: bool,
    /// Keeps the complete response beside its result.
    pub keeps_message: bool,
    /// Reads the response to its end, so that the next request can reuse the connection.
    pub keeps_connection: bool,
}

impl RpcRequest {
    /// Creates a request that mirrors no arguments into headers.
    pub fn new(purpose: Purpose, params: Value, idempotency: Idempotency) -> Self {
        Self {
            // A tool call is usually the last request of a process, so it does not wait for the end of
            // the body.
            keeps_connection: purpose.method.as_deref() != Some(methods::CALL_TOOL),
            purpose,
            params,
            idempotency,
            mirrored: Vec::new(),
            declares_tasks: false,
            keeps_message: false,
        }
    }

    /// Creates a request that only reads.
    pub fn reading(purpose: Purpose, params: Value) -> Self {
        Self::new(purpose, params, Idempotency::Idempotent)
    }

    /// Creates a `ping` request (2025-11-25, Ping).
    pub fn ping() -> Self {
        Self::reading(Purpose::of(methods::PING), Value::Null)
    }

    /// Creates a `server/discover` request (2026-07-28, Discovery).
    pub fn discover() -> Self {
        Self::reading(Purpose::of(methods::DISCOVER), json!({}))
    }

    /// Creates a `logging/setLevel` request (2025-11-25, Logging).
    pub fn set_log_level(level: &str) -> Self {
        Self::reading(Purpose::on(methods::SET_LOG_LEVEL, level), json!({"level": level}))
    }

    /// Creates a `tools/call` request. The tool's definition decides whether the call may be repeated,
    /// and which arguments are mirrored into headers.
    pub fn call_tool(name: &str, arguments: &Map<String, Value>, tool: Option<&Tool>) -> Self {
        let idempotency = match tool {
            Some(tool) if tool.repeatable => Idempotency::Idempotent,
            Some(tool) if tool.destructive => Idempotency::Destructive,
            _ => Idempotency::NotIdempotent,
        };
        let purpose = Purpose::on(methods::CALL_TOOL, name);
        let mirrored = tool.and_then(|tool| tool.mirrored.clone().ok()).unwrap_or_default();
        Self { mirrored, ..Self::new(purpose, call_params(name, arguments), idempotency) }
    }

    /// Creates a request for the first page of `tools/list`.
    pub fn list_tools() -> Self {
        Self::page(methods::LIST_TOOLS, None)
    }

    /// Creates a request for the page of a list that starts at this cursor (2025-11-25, Pagination).
    pub fn page(method: &str, cursor: Option<&String>) -> Self {
        let params = cursor.map_or(json!({}), |cursor| json!({"cursor": cursor}));
        Self::reading(Purpose::of(method), params)
    }

    /// Returns the method.
    pub fn method(&self) -> &str {
        self.purpose.method.as_deref().unwrap_or_default()
    }
}

/// The successful response to a request.
#[derive(Debug)]
pub struct RpcResponse {
    /// Result, as received.
    pub result: Box<RawValue>,
    /// Complete JSON-RPC message, if the request asked to keep it.
    pub message: Option<String>,
    /// Exchange that brought the result.
    pub exchange: Box<Exchange>,
}
