//! A request that nobody waits for any more: the server is told in the legacy era, and sees its stream
//! closed in the modern one (2025-11-25, Cancellation; 2026-07-28, Streamable HTTP, "Cancellation").

use std::time::Duration;

use serde_json::json;

use super::{Ask, Client};
use crate::exchange::Purpose;
use crate::protocol::jsonrpc::{self, RequestId};
use crate::transport::{self, ErrorKind, Http, Interrupt};

/// How long telling the server may take where the user has ended the program.
const PARTING: Duration = Duration::from_millis(80);
/// How long it may take otherwise.
const TELLING: Duration = Duration::from_secs(2);

impl Client {
    /// Tells the server that the answer to a request is not wanted any more, where that is its era's way.
    /// Whether it was told.
    pub(super) fn cancel(&mut self, ask: &Ask, id: &RequestId, why: &transport::Error) -> bool {
        let (reason, limit) = match why.kind {
            ErrorKind::Interrupted => ("interrupted by the user", PARTING),
            ErrorKind::TooSlow(_) => ("timed out", TELLING),
            _ => return false,
        };
        // "The initialize request MUST NOT be cancelled by clients" (2025-11-25).
        // A task is ended by `tasks/cancel` alone, and only where that is meant (2025-11-25, Tasks).
        let is_task = ask.method().starts_with("tasks/") || ask.params.get("task").is_some();
        let never = self.session.is_modern()
            || !why.may_have_run
            || is_task
            || ask.method() == "resources/unsubscribe"
            || ask.method() == "initialize";
        let Some(parting) = self.parting(limit).filter(|_| !never) else { return false };
        let params = json!({"requestId": id.as_str(), "reason": reason});
        let method = "notifications/cancelled";
        let request = self.post(jsonrpc::notification(method, &params));
        // Later requests go on with the connection and the limits that they had.
        let messages = std::mem::replace(&mut self.http, parting);
        let sent = self.send(Purpose::of(method), request);
        self.http = messages;
        let Ok(reply) = sent else { return false };
        let told = (200..300).contains(&reply.status());
        self.history.push(*reply.finish());
        told
    }

    /// A connection for the last words, which no interrupt ends.
    fn parting(&self, limit: Duration) -> Option<Http> {
        let mut options = self.options.clone();
        options.interrupt = Interrupt::default();
        options.limits.whole = Some(options.limits.whole.map_or(limit, |whole| whole.min(limit)));
        options.limits.first_byte = None;
        Http::new(&self.endpoint, &options, self.http.recorder().clone()).ok()
    }

    /// Makes sure that the last words do not keep whoever has ended the program.
    pub(super) fn hurry_if_interrupted(&mut self) {
        if self.options.interrupt.is_raised() {
            // Nothing else is sent any more; what cannot be said is not said.
            if let Some(parting) = self.parting(PARTING) {
                self.http = parting;
            }
        }
    }
}
