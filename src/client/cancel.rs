//! A request that nobody waits for any more: the server is told in the legacy era, and sees its stream
//! closed in the modern one (2025-11-25, Cancellation; 2026-07-28, Streamable HTTP, "Cancellation").

use std::time::Duration;

use serde_json::json;

use super::{Ask, Client};
use crate::exchange::Purpose;
use crate::protocol::jsonrpc::{self, RequestId};
use crate::protocol::methods;
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
            || ask.method() == methods::UNSUBSCRIBE
            || ask.method() == methods::INITIALIZE;
        if never {
            return false;
        }
        let params = json!({"requestId": id.as_str(), "reason": reason});
        let method = methods::CANCELLED;
        let request = self.post(jsonrpc::notification(method, &params));
        let parting = self.parting(limit);
        let Ok(reply) = self.send_over(&parting, Purpose::of(method), request) else {
            return false;
        };
        let told = (200..300).contains(&reply.status());
        self.history.push(*reply.finish());
        told
    }

    /// How the last words are said: no interrupt ends them, and they are short.
    fn parting(&self, limit: Duration) -> transport::Options {
        let mut options = self.options.clone();
        options.interrupt = Interrupt::default();
        options.limits.whole = Some(options.limits.whole.map_or(limit, |whole| whole.min(limit)));
        options.limits.first_byte = None;
        options
    }

    /// Makes sure that the last words do not keep whoever has ended the program.
    pub(super) fn hurry_if_interrupted(&mut self) {
        if self.options.interrupt.is_raised() {
            // Nothing else is sent any more; what cannot be said is not said.
            let (parting, recorder) = (self.parting(PARTING), self.http.recorder().clone());
            if let Ok(http) = Http::new(&self.endpoint, &parting, recorder) {
                self.http = http;
            }
        }
    }
}
