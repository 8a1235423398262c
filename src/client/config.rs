//! Settings of a client, given at the start and shared by all its connections.

use serde_json::{Value, json};

use super::authorization::Authorization;
use super::notifications::Notifications;
use super::server_requests::ServerRequests;
use crate::exchange::Recorder;
use crate::transport::Options;

/// Settings of a client. They do not change once it exists; another client with other settings is made
/// from a changed copy.
#[derive(Clone)]
pub struct ClientConfig {
    /// Transport options: limits, proxy, TLS and interrupt.
    pub options: Options,
    /// Receiver of all exchanges.
    pub recorder: Recorder,
    /// Source of tokens for refused requests.
    pub authorization: Authorization,
    /// Handler for requests from the server.
    pub requests: ServerRequests,
    /// Capabilities that each modern request declares.
    pub capabilities: Value,
    /// Dispatcher for notifications from the server.
    pub notifications: Notifications,
    /// Requests progress notifications for methods that may take long.
    pub wants_progress: bool,
    /// Sends numbers as request ids, for servers that accept no strings.
    pub number_ids: bool,
    /// Lowest level of the log messages to request. In the legacy era the level holds for the whole
    /// session and takes one extra request.
    pub log_level: Option<&'static str>,
}

impl ClientConfig {
    /// Creates settings without tokens, handlers and capabilities.
    pub fn new(options: Options, recorder: Recorder) -> Self {
        Self {
            options,
            recorder,
            authorization: Authorization::default(),
            requests: ServerRequests::default(),
            capabilities: json!({}),
            notifications: Notifications::default(),
            wants_progress: false,
            number_ids: false,
            log_level: None,
        }
    }
}
