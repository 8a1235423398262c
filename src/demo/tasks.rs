//! Tasks of the built-in server: calls of `slow` without a waiting client (2025-11-25,
//! Tasks; the extension `io.modelcontextprotocol/tasks`).

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::protocol::{codes, methods};

/// Announced lifetime of a task, in milliseconds.
const TTL_MS: u64 = 600_000;
/// Announced poll interval, in milliseconds.
const POLL_MS: u64 = 100;
/// Maximum number of tasks.
const MAX_TASKS: usize = 1000;

/// All tasks, by id.
#[derive(Default)]
pub(super) struct Tasks(HashMap<String, Task>);

struct Task {
    began: SystemTime,
    over: Instant,
    cancelled: bool,
    result: Value,
}

impl Task {
    fn status(&self) -> &'static str {
        match () {
            () if self.cancelled => "cancelled",
            () if Instant::now() >= self.over => "completed",
            () => "working",
        }
    }

    fn shown(&self, id: &str, modern: bool) -> Value {
        let at = humantime::format_rfc3339_millis(self.began).to_string();
        let status = self.status();
        let mut shown =
            json!({"taskId": id, "status": status, "createdAt": at, "lastUpdatedAt": at});
        let (ttl, poll) =
            if modern { ("ttlMs", "pollIntervalMs") } else { ("ttl", "pollInterval") };
        shown[ttl] = json!(TTL_MS);
        shown[poll] = json!(POLL_MS);
        if modern && status == "completed" {
            shown["result"] = self.result.clone();
        }
        shown
    }
}

impl Tasks {
    /// Starts a task and returns the result of the call; `None` if there are too many.
    pub(super) fn begin(&mut self, takes: Duration, result: Value, modern: bool) -> Option<Value> {
        if self.0.len() >= MAX_TASKS {
            return None;
        }
        let id = format!("{:016x}", getrandom::u64().ok()?);
        let over = Instant::now() + takes;
        let task = Task { began: SystemTime::now(), over, cancelled: false, result };
        let shown = task.shown(&id, modern);
        self.0.insert(id, task);
        Some(if modern { shown } else { json!({"task": shown}) })
    }

    /// Returns the result of a method, or an error code and message; `None` for an unknown
    /// method.
    pub(super) fn serve(
        &mut self,
        method: &str,
        params: &Value,
        modern: bool,
    ) -> Option<Result<Value, (i64, String)>> {
        if method == methods::LIST_TASKS && !modern {
            let all: Vec<Value> = self.0.iter().map(|(id, task)| task.shown(id, false)).collect();
            return Some(Ok(json!({"tasks": all})));
        }
        if !matches!(method, methods::GET_TASK | methods::CANCEL_TASK) {
            return None;
        }
        let id = params["taskId"].as_str().unwrap_or_default();
        let Some(task) = self.0.get_mut(id) else {
            return Some(Err((codes::INVALID_PARAMS, format!("Unknown task: {id}"))));
        };
        if method == methods::CANCEL_TASK {
            if !modern && task.status() != "working" {
                let text = format!("The task is {} already", task.status());
                return Some(Err((codes::INVALID_PARAMS, text)));
            }
            task.cancelled |= task.status() == "working";
            if modern {
                return Some(Ok(json!({})));
            }
        }
        Some(Ok(task.shown(id, modern)))
    }

    /// Returns the end time and the result of a task of the legacy era.
    pub(super) fn result(&self, id: &str) -> Option<(Instant, Value)> {
        let task = self.0.get(id)?;
        let mut result =
            if task.cancelled { super::answers::wrong("cancelled") } else { task.result.clone() };
        result["_meta"]["io.modelcontextprotocol/related-task"] = json!({"taskId": id});
        let over = if task.cancelled { Instant::now() } else { task.over };
        Some((over, result))
    }
}
