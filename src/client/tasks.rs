//! Tasks: calls that continue in the background, as in revision 2025-11-25 (Tasks) and as
//! in the modern extension `io.modelcontextprotocol/tasks`.

use std::collections::HashSet;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::Client;
use super::error::{Error, ErrorKind};
use super::rpc_request::{Idempotency, RpcRequest, RpcResponse};
use crate::exchange::{Exchange, Purpose};
use crate::protocol::jsonrpc::ErrorObject;
use crate::protocol::methods;
use crate::protocol::tools::Tool;

/// Name of the tasks extension.
pub const EXTENSION: &str = "io.modelcontextprotocol/tasks";
/// Polling interval if the server states none.
const POLL: Duration = Duration::from_secs(1);
/// Minimum polling interval, whatever the server requests.
const LEAST: Duration = Duration::from_millis(50);
/// Maximum polling interval, whatever the server requests.
const MOST: Duration = Duration::from_mins(1);

/// A task as reported by the server.
#[derive(Debug, Clone)]
pub struct Task {
    /// Task id.
    pub id: String,
    /// `working`, `input_required`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// Status message from the server.
    pub message: Option<String>,
    /// Polling interval.
    poll: Duration,
    /// Input requests, in the modern era.
    asks: Option<Box<RawValue>>,
    /// Result of the call, in the modern era.
    result: Option<Box<RawValue>>,
    error: Option<Box<RawValue>>,
    /// Raw JSON of the task, as received.
    pub raw: Box<RawValue>,
}

/// Outcome of a call that requested a task.
#[derive(Debug)]
pub enum Begun {
    /// The server started a task.
    Task(Task),
    /// The server returned the result at once.
    Done(Box<RawValue>),
}

impl Task {
    /// Parses a task, which the legacy era may nest in a result under `task`.
    pub fn parse(raw: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct View {
            task_id: String,
            status: String,
            #[serde(default)]
            status_message: Option<String>,
            #[serde(default)]
            poll_interval: Value,
            #[serde(default)]
            poll_interval_ms: Value,
            #[serde(default)]
            input_requests: Option<Box<RawValue>>,
            #[serde(default)]
            result: Option<Box<RawValue>>,
            #[serde(default)]
            error: Option<Box<RawValue>>,
        }
        #[derive(Deserialize)]
        struct Within {
            task: Box<RawValue>,
        }
        let within = serde_json::from_str::<Within>(raw.get()).ok();
        let raw = within.map_or_else(|| raw.to_owned(), |within| within.task);
        let view: View = serde_json::from_str(raw.get()).ok()?;
        // The extension has `pollIntervalMs`, revision 2025-11-25 `pollInterval`.
        let poll = view.poll_interval_ms.as_u64().or_else(|| view.poll_interval.as_u64());
        Some(Self {
            id: view.task_id,
            status: view.status,
            message: view.status_message,
            poll: poll.map_or(POLL, Duration::from_millis).clamp(LEAST, MOST),
            asks: view.input_requests,
            result: view.result,
            error: view.error,
            raw,
        })
    }

    /// Returns true if the task is completed, failed or cancelled.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed" | "cancelled")
    }
}

fn on_task(method: &str, id: &str) -> RpcRequest {
    let rpc = RpcRequest::reading(Purpose::on(method, id), json!({"taskId": id}));
    RpcRequest { declares_tasks: true, ..rpc }
}

/// Returns these capabilities with support for tasks added.
pub(super) fn with_tasks(capabilities: &Value) -> Value {
    let mut capabilities = capabilities.clone();
    let extensions = &mut capabilities["extensions"];
    if !extensions.is_object() {
        *extensions = json!({});
    }
    extensions[EXTENSION] = json!({});
    capabilities
}

impl Client {
    /// Calls a tool and requests a task; the server decides whether to start one. `ttl` is the
    /// requested lifetime of the task, in the legacy era.
    pub fn begin_task(
        &mut self,
        name: &str,
        arguments: &Map<String, Value>,
        tool: Option<&Tool>,
        ttl: Option<Duration>,
    ) -> Result<Begun, Error> {
        let mut rpc = RpcRequest::call_tool(name, arguments, tool);
        // A repeated call would start a second task.
        rpc.idempotency = Idempotency::NotIdempotent;
        rpc.declares_tasks = true;
        if !self.session().is_modern() {
            let ttl = ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
            rpc.params["task"] = ttl.map_or(json!({}), |ttl| json!({"ttl": ttl}));
        }
        let raw = self.request(&rpc)?.result;
        Ok(match Task::parse(&raw) {
            Some(task) => Begun::Task(task),
            None => Begun::Done(raw),
        })
    }

    /// Fetches the state of a task.
    pub fn task(&mut self, id: &str) -> Result<Task, Error> {
        self.poll(id).map(|(task, _)| task)
    }

    fn poll(&mut self, id: &str) -> Result<(Task, Box<Exchange>), Error> {
        let RpcResponse { result, exchange, .. } = self.request(&on_task(methods::GET_TASK, id))?;
        match Task::parse(&result) {
            Some(task) => Ok((task, exchange)),
            None => {
                Err(Error::protocol("the response to tasks/get is not a task").shown_by(exchange))
            }
        }
    }

    /// Requests cancellation of a task and returns the raw result.
    pub fn cancel_task(&mut self, id: &str) -> Result<Box<RawValue>, Error> {
        Ok(self.request(&on_task(methods::CANCEL_TASK, id))?.result)
    }

    /// Polls a task until it is over and returns the result of the call. Calls `tell` with each
    /// state.
    pub fn wait_for_task(
        &mut self,
        mut task: Task,
        mut tell: impl FnMut(&Task),
    ) -> Result<Box<RawValue>, Error> {
        let mut answered = HashSet::new();
        // The exchange that shows the state of the task.
        let mut shown: Option<Box<Exchange>> = None;
        loop {
            tell(&task);
            if self.session().is_modern() {
                if task.status == "input_required" {
                    self.answer_task(&task, &mut answered)?;
                }
                if task.is_over() {
                    return outcome(task).map_err(|error| Error { exchange: shown, ..error });
                }
            } else if task.status != "working" {
                // The server sends its input requests on the stream of this response ("Input
                // Required Status", 3).
                return Ok(self.request(&on_task(methods::TASK_RESULT, &task.id))?.result);
            }
            // Fail now instead of sleeping beyond the limit.
            if let Some(spent) = self.config().options.spent_after(task.poll) {
                let error = Error::of(ErrorKind::Transport(spent));
                return Err(Error { exchange: shown, ..error });
            }
            self.config().options.interrupt.sleep(task.poll);
            let (now, exchange) = self.poll(&task.id)?;
            (task, shown) = (now, Some(exchange));
        }
    }

    /// Answers input requests of a task that were not answered before (the extension, "Task
    /// Update Requests").
    fn answer_task(&mut self, task: &Task, answered: &mut HashSet<String>) -> Result<(), Error> {
        let Some(asks) = &task.asks else { return Ok(()) };
        let all: Map<String, Value> = serde_json::from_str(asks.get()).unwrap_or_default();
        let open: Map<String, Value> =
            all.into_iter().filter(|(key, _)| !answered.contains(key)).collect();
        if open.is_empty() {
            return Ok(());
        }
        answered.extend(open.keys().cloned());
        let open = serde_json::value::to_raw_value(&open).unwrap_or_default();
        let responses = self.answers_to(&open)?;
        let mut rpc = on_task(methods::UPDATE_TASK, &task.id);
        rpc.params["inputResponses"] = Value::Object(responses);
        self.request(&rpc).map(|_| ())
    }
}

/// Returns the result or the error of a finished modern task.
fn outcome(task: Task) -> Result<Box<RawValue>, Error> {
    match (task.status.as_str(), task.result, task.error) {
        ("completed", Some(result), _) => Ok(result),
        ("failed", _, Some(error)) => {
            let error: Value = serde_json::from_str(error.get()).unwrap_or_default();
            let message = error["message"].as_str().unwrap_or("it does not say why");
            let (code, message) = (error["code"].as_i64(), message.to_owned());
            Err(Error::of(ErrorKind::Rpc(ErrorObject { code, message, data: None })))
        }
        (status, ..) => {
            let said = task.message.map(|said| format!(": {said}")).unwrap_or_default();
            Err(Error::protocol(format!("the task is {status}, and there is no result{said}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn a_task_is_read_in_both_eras() {
        let legacy = Task::parse(&raw(
            r#"{"task":{"taskId":"a","status":"working","ttl":null,"pollInterval":2000},"_meta":{}}"#,
        ));
        let legacy = legacy.unwrap();
        assert_eq!((legacy.id.as_str(), legacy.poll), ("a", Duration::from_secs(2)));
        assert!(legacy.raw.get().starts_with("{\"taskId\""));
        let modern = Task::parse(&raw(
            r#"{"resultType":"task","taskId":"b","status":"completed","pollIntervalMs":0,"result":{"content":[]}}"#,
        ));
        let modern = modern.unwrap();
        assert_eq!((modern.poll, modern.is_over()), (LEAST, true));
        assert!(Task::parse(&raw(r#"{"content":[]}"#)).is_none());
    }
}
