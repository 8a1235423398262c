//! Cancels requests whose response is no longer needed. The legacy era sends a
//! notification, the modern era closes the stream (2025-11-25, Cancellation; 2026-07-28,
//! Streamable HTTP, "Cancellation").

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::connection::Connection;
use super::rpc_request::RpcRequest;
use crate::exchange::Purpose;
use crate::protocol::jsonrpc::{self, RequestId};
use crate::protocol::methods;
use crate::transport::{self, ErrorKind, Interrupt};

/// Time limit for a final message after the user interrupted the program.
const PARTING: Duration = Duration::from_millis(80);
/// Time limit for a cancellation notification after a timeout.
const TELLING: Duration = Duration::from_secs(1);

impl Connection {
    /// Sends `notifications/cancelled` for a request where its era and method allow it. Returns
    /// true if the server accepted the notification.
    pub(super) fn cancel(
        &mut self,
        rpc: &RpcRequest,
        id: &RequestId,
        why: &transport::Error,
    ) -> bool {
        let (reason, limit) = match why.kind {
            ErrorKind::Interrupted => ("interrupted by the user", PARTING),
            ErrorKind::TooSlow(_) => ("timed out", TELLING),
            _ => return false,
        };
        // "The initialize request MUST NOT be cancelled by clients" (2025-11-25). A task is
        // cancelled only by an explicit `tasks/cancel` (2025-11-25, Tasks).
        let is_task = rpc.method().starts_with("tasks/") || rpc.params.get("task").is_some();
        let never = self.session.is_modern()
            || !why.may_have_run
            || is_task
            || rpc.method() == methods::UNSUBSCRIBE
            || rpc.method() == methods::INITIALIZE;
        if never {
            return false;
        }
        let params = json!({"requestId": id.value(), "reason": reason});
        let method = methods::CANCELLED;
        let request = self.post(jsonrpc::notification(method, &params));
        let parting = self.parting(limit);
        let Ok(reply) = self.send_apart(&parting, &Purpose::of(method), request) else {
            return false;
        };
        let told = (200..300).contains(&reply.status());
        reply.finish();
        told
    }

    /// Options for a final message: not interruptible, short timeout.
    fn parting(&self, limit: Duration) -> transport::Options {
        let mut options = self.config.options.clone();
        options.interrupt = Interrupt::default();
        options.limits.whole = Some(options.limits.whole.map_or(limit, |whole| whole.min(limit)));
        options.limits.first_byte = None;
        // The budget may be spent: that is why the request is cancelled.
        options.budget = None;
        options
    }

    /// Shortens the limits of later requests to `PARTING` if the user has interrupted the
    /// program, so that exiting is not delayed.
    pub(super) fn hurry_if_interrupted(&mut self) {
        if self.config.options.interrupt.is_raised() {
            // Only final messages follow, so the connection can be replaced for good.
            if let Ok(http) = self.http_with(&self.parting(PARTING)) {
                self.http = Arc::new(http);
            }
        }
    }
}
