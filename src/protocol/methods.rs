//! The names of MCP's methods and notifications.

#![allow(missing_docs, reason = "the values say it")]

pub const INITIALIZE: &str = "initialize";
pub const PING: &str = "ping";
pub const INITIALIZED: &str = "notifications/initialized";
pub const CANCELLED: &str = "notifications/cancelled";
pub const PROGRESS: &str = "notifications/progress";
pub const LOG_MESSAGE: &str = "notifications/message";
pub const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
pub const RESOURCE_UPDATED: &str = "notifications/resources/updated";
pub const SUBSCRIPTION_ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
pub const LIST_TOOLS: &str = "tools/list";
pub const CALL_TOOL: &str = "tools/call";
pub const LIST_RESOURCES: &str = "resources/list";
pub const LIST_RESOURCE_TEMPLATES: &str = "resources/templates/list";
pub const READ_RESOURCE: &str = "resources/read";
pub const SUBSCRIBE: &str = "resources/subscribe";
pub const UNSUBSCRIBE: &str = "resources/unsubscribe";
pub const LIST_PROMPTS: &str = "prompts/list";
pub const GET_PROMPT: &str = "prompts/get";
pub const DISCOVER: &str = "server/discover";
pub const SET_LOG_LEVEL: &str = "logging/setLevel";
pub const COMPLETE: &str = "completion/complete";
pub const GET_TASK: &str = "tasks/get";
pub const LIST_TASKS: &str = "tasks/list";
pub const TASK_RESULT: &str = "tasks/result";
pub const CANCEL_TASK: &str = "tasks/cancel";
pub const UPDATE_TASK: &str = "tasks/update";
pub const SUBSCRIPTIONS_LISTEN: &str = "subscriptions/listen";
pub const LIST_ROOTS: &str = "roots/list";
pub const CREATE_MESSAGE: &str = "sampling/createMessage";
pub const ELICIT: &str = "elicitation/create";
