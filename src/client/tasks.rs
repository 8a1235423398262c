//! Calls that go on without anybody waiting: tasks, as revision 2025-11-25 has them (Tasks), and as the extension
//! `io.modelcontextprotocol/tasks` has them in the modern era.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::error::{Error, ErrorKind};
use super::tools::call_of;
use super::{Ask, Client, Repeat};
use crate::exchange::Purpose;
use crate::protocol::jsonrpc::ErrorObject;
use crate::protocol::methods;
use crate::protocol::types::Tool;
use crate::transport;

/// The extension's name.
pub const EXTENSION: &str = "io.modelcontextprotocol/tasks";
/// How long to wait before asking again, unless the server says.
const POLL: Duration = Duration::from_secs(1);
/// However often the server wants to be asked, not more often than this.
const LEAST: Duration = Duration::from_millis(50);
/// However seldom, not more seldom than this.
const MOST: Duration = Duration::from_mins(1);

/// A task, as the server tells of it.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// `working`, `input_required`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// What the server says of it.
    pub message: Option<String>,
    /// How long to wait before asking again.
    poll: Duration,
    /// What it asks for, in the modern era.
    asks: Option<Box<RawValue>>,
    /// What came of it, in the modern era.
    result: Option<Box<RawValue>>,
    error: Option<Box<RawValue>>,
    /// All of it, as the server sent it.
    pub raw: Box<RawValue>,
}

/// What a call with a task came to.
#[derive(Debug)]
pub enum Begun {
    /// The server has begun a task.
    Task(Task),
    /// The result is there already.
    Done(Box<RawValue>),
}

impl Task {
    /// Reads a task; the legacy era has it within a result.
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

    /// Whether it has ended, however.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed" | "cancelled")
    }
}

fn on_task(method: &str, id: &str) -> Ask {
    Ask::reading(Purpose::on(method, id), json!({"taskId": id}))
}

impl Client {
    /// Declares with every request that tasks are understood: what the modern era wants.
    pub fn declare_tasks(&mut self) {
        let extensions = &mut self.capabilities["extensions"];
        if !extensions.is_object() {
            *extensions = json!({});
        }
        extensions[EXTENSION] = json!({});
    }

    /// Whether a result may be a task.
    pub(super) fn understands_tasks(&self) -> bool {
        self.capabilities["extensions"].get(EXTENSION).is_some()
    }

    /// Calls a tool and asks for a task; whether there is one is for the server to say. `ttl` is how long it
    /// should be kept, in the legacy era.
    pub fn begin_task(
        &mut self,
        name: &str,
        arguments: &Map<String, Value>,
        tool: Option<&Tool>,
        ttl: Option<Duration>,
    ) -> Result<Begun, Error> {
        let mut ask = call_of(name, arguments, tool);
        // A second one would go on beside the first.
        ask.repeat = Repeat::Harmful;
        if self.session.is_modern() {
            self.declare_tasks();
        } else {
            let ttl = ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
            ask.params["task"] = ttl.map_or(json!({}), |ttl| json!({"ttl": ttl}));
        }
        let raw = self.request(&ask)?;
        Ok(match Task::parse(&raw) {
            Some(task) => Begun::Task(task),
            None => Begun::Done(raw),
        })
    }

    /// How a task stands.
    pub fn task(&mut self, id: &str) -> Result<Task, Error> {
        let raw = self.request(&on_task(methods::GET_TASK, id))?;
        Task::parse(&raw).ok_or_else(|| {
            self.failed(ErrorKind::Protocol("the answer to tasks/get is no task".to_owned()))
        })
    }

    /// Asks the server to end a task; what it answers.
    pub fn cancel_task(&mut self, id: &str) -> Result<Box<RawValue>, Error> {
        self.request(&on_task(methods::CANCEL_TASK, id))
    }

    /// Waits until a task is over and brings what the call would have brought. `tell` hears how it stands.
    pub fn wait_for_task(
        &mut self,
        mut task: Task,
        mut tell: impl FnMut(&Task),
    ) -> Result<Box<RawValue>, Error> {
        let began = Instant::now();
        let mut answered = HashSet::new();
        loop {
            tell(&task);
            if self.session.is_modern() {
                if task.status == "input_required" {
                    self.answer_task(&task, &mut answered)?;
                }
                if task.is_over() {
                    return self.outcome(task);
                }
            } else if task.status != "working" {
                // What it waits for is asked on this very stream ("Input Required Status", 3).
                return self.request(&on_task(methods::TASK_RESULT, &task.id));
            }
            if let Some(limit) = self.options.limits.whole
                && began.elapsed() + task.poll > limit
            {
                let error = transport::Error::too_long(limit);
                return Err(self.failed(ErrorKind::Transport(error)));
            }
            self.options.interrupt.sleep(task.poll);
            task = self.task(&task.id)?;
        }
    }

    /// Answers what a task asks for and was not answered before (the extension, "Task Update Requests").
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
        let mut ask = on_task(methods::UPDATE_TASK, &task.id);
        ask.params["inputResponses"] = Value::Object(responses);
        self.request(&ask).map(|_| ())
    }

    /// What came of a task of the modern era.
    fn outcome(&mut self, task: Task) -> Result<Box<RawValue>, Error> {
        match (task.status.as_str(), task.result, task.error) {
            ("completed", Some(result), _) => Ok(result),
            ("failed", _, Some(error)) => {
                let error: Value = serde_json::from_str(error.get()).unwrap_or_default();
                let message = error["message"].as_str().unwrap_or("it does not say why");
                let (code, message) = (error["code"].as_i64(), message.to_owned());
                Err(self.failed(ErrorKind::Rpc(ErrorObject { code, message, data: None })))
            }
            (status, ..) => {
                let said = task.message.map(|said| format!(": {said}")).unwrap_or_default();
                let text = format!("the task is {status}, and there is no result{said}");
                Err(self.failed(ErrorKind::Protocol(text)))
            }
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
