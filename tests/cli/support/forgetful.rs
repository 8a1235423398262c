//! A server that loses its first session.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::{Request, Server, http, mcp};

/// Response that rejects a session.
pub(crate) type Refusal = fn(&Request) -> Vec<u8>;

/// Creates a server that rejects its first session with `lost`, and issues another one with
/// the next handshake.
pub(crate) fn forgetful(lost: Refusal) -> Server {
    let opened = AtomicUsize::new(0);
    mcp(move |request| {
        if request.rpc() == "initialize" {
            let number = opened.fetch_add(1, Ordering::SeqCst);
            let id = format!("session-number-{number}-0123456789");
            let result = request.result_text(&json!({
                "protocolVersion": "2025-11-25",
                "serverInfo": {"name": "forgetful", "version": "1"},
            }));
            return Some(http(200, &[("Mcp-Session-Id", id.as_str())], &result));
        }
        let first = request.header("mcp-session-id") == Some("session-number-0-0123456789");
        let meant = request.rpc() != "notifications/initialized";
        (first && meant).then(|| lost(request))
    })
}
