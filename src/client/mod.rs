//! MCP client: era detection, handshake, sessions, requests and responses. Independent of
//! terminals.

mod authorization;
mod cancel;
mod config;
mod connection;
mod cookies;
mod era;
mod error;
mod handshake;
mod listener;
mod lists;
mod multi_round_trip;
mod notifications;
mod renewal;
mod repetition;
mod request;
mod response;
mod rpc_request;
mod sending;
mod server_requests;
mod session_loss;
mod subscription;
mod tasks;
mod tools;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::exchange::{Exchange, Purpose};
use crate::protocol::jsonrpc::RequestIds;
use crate::protocol::types::CLIENT_NAME;
use crate::transport::{Error as TransportError, Reply};

use connection::Connection;
use cookies::Cookies;
use listener::Listener;

pub use crate::protocol::types::Session;
pub use authorization::{Authorization, Authorizer};
pub use config::ClientConfig;
pub use error::{Error, ErrorKind};
pub use handshake::{Closed, EraProbe, Handshake, Opened};
pub use notifications::{Notification, NotificationHandler, Notifications};
pub use renewal::{Renewal, SessionPersistence};
pub use repetition::Reason;
pub use rpc_request::{Idempotency, RpcRequest, RpcResponse};
pub use server_requests::{Response, ServerRequestHandler, ServerRequests};
pub use subscription::Ended;
pub use tasks::{Begun, EXTENSION, Task};

/// Time to wait for a first message on a stream that is only looked at.
const LOOK: Duration = Duration::from_millis(300);

/// Returns the name and version of this client (schema `Implementation`).
fn client_info() -> Value {
    json!({"name": CLIENT_NAME, "version": env!("CARGO_PKG_VERSION")})
}

/// Client for one server.
pub struct Client {
    connection: Connection,
    ids: RequestIds,
    /// The stream of the HTTP+SSE transport.
    stream: Option<Reply>,
    /// The standalone stream on which a server sends the responses that it owes to requests.
    late_responses: Option<Reply>,
    /// The standalone stream of a session.
    listener: Option<Listener>,
    /// True if the standalone stream is to be opened.
    listens: bool,
    renewal: Renewal,
    /// Session in which `logging/setLevel` was sent.
    log_session: Option<Session>,
    /// True if a new session was opened and could not be saved.
    unsaved: bool,
    /// Behaviour that broke the protocol and was accepted.
    departures: Vec<Departure>,
    /// Number of departures that were taken.
    departures_taken: usize,
    /// Longest wait for a response, if less than the budget.
    patience: Option<Duration>,
}

/// Behaviour of a server that breaks the protocol and was accepted all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// The behaviour, and how it is handled.
    pub what: String,
    /// Section of the specification.
    pub specification: &'static str,
}

impl Client {
    /// Creates a client without a session. `headers` are the user's own, in lower case.
    pub fn new(
        endpoint: Endpoint,
        headers: Vec<(String, String)>,
        config: Arc<ClientConfig>,
    ) -> Result<Self, TransportError> {
        let mut ids = RequestIds::new()
            .map_err(|error| TransportError::unusable(format!("no random numbers: {error}")))?;
        if config.number_ids {
            ids.use_numbers();
        }
        Ok(Self {
            connection: Connection::new(endpoint, headers, config)?,
            ids,
            stream: None,
            late_responses: None,
            listener: None,
            listens: false,
            renewal: Renewal::Never,
            log_session: None,
            unsaved: false,
            departures: Vec::new(),
            departures_taken: 0,
            patience: None,
        })
    }

    /// Continues a session that was opened before.
    pub fn resume(&mut self, session: Session, renewal: Renewal) {
        self.enter(session);
        self.renewal = renewal;
    }

    /// Sends later requests in this session.
    fn enter(&mut self, session: Session) {
        if let Some(id) = session.id() {
            self.config().recorder.learn(|redactor| redactor.learn_session(id));
        }
        if let Some(saved) = session.cookies() {
            let cookies = Cookies::read(saved);
            self.config().recorder.learn(|redactor| {
                cookies.values().for_each(|value| redactor.learn(value));
            });
            self.connection.cookies = cookies;
        }
        self.connection.session = session;
    }

    /// Starts the next operation: the time limit of a whole operation begins anew.
    pub fn begin_operation(&self) {
        self.config().options.restart_budget();
    }

    /// Opens the standalone stream beside the next call. Used if the session declared a
    /// capability that this run serves.
    pub fn listen(&mut self) {
        self.listens = true;
    }

    /// Opens a stream with GET and waits 300 ms for a first message. The exchange is in the history.
    pub fn look_at_stream(&mut self) {
        let get = self.connection.get(None);
        if let Ok(mut reply) = self.connection.send(&Purpose::default(), get) {
            // The server need not send anything on the stream.
            let _ = reply.next_message_within(LOOK);
            reply.abandon();
        }
    }

    /// Returns the settings.
    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.connection.config
    }

    /// Returns the user's own headers, with the newest token.
    pub fn headers(&self) -> &[(String, String)] {
        &self.connection.headers
    }

    /// Returns the session that requests carry now.
    pub fn session(&self) -> &Session {
        &self.connection.session
    }

    /// Returns the endpoint, updated after redirects.
    pub fn endpoint(&self) -> &Endpoint {
        &self.connection.endpoint
    }

    /// Returns the latest exchanges, oldest first.
    pub fn history(&self) -> Vec<Exchange> {
        self.config().recorder.history()
    }

    /// Removes and returns the latest exchanges.
    pub fn take_history(&mut self) -> Vec<Exchange> {
        self.config().recorder.take_history()
    }

    /// Returns true if the ids of requests are numbers.
    pub fn uses_number_ids(&self) -> bool {
        self.ids.are_numbers()
    }

    /// Returns the behaviour that broke the protocol and was accepted; each once in the life of the client.
    pub fn take_departures(&mut self) -> Vec<Departure> {
        let taken = std::mem::replace(&mut self.departures_taken, self.departures.len());
        self.departures[taken..].to_vec()
    }

    /// Records behaviour that breaks the protocol and is accepted.
    fn departs(&mut self, what: String, specification: &'static str) {
        let departure = Departure { what, specification };
        if !self.departures.contains(&departure) {
            self.departures.push(departure);
        }
    }

    /// Returns the limit that `set_patience` set.
    pub fn patience(&self) -> Option<Duration> {
        self.patience
    }

    /// Limits the wait for each response, from the moment of the connection. A response that takes longer is
    /// not waited for.
    pub fn set_patience(&mut self, limit: Option<Duration>) {
        self.patience = limit;
        self.connection.http.set_patience(limit);
    }

    /// Returns true if a new session could not be saved and must be closed.
    pub fn is_unsaved(&self) -> bool {
        self.unsaved
    }

    /// Returns true if the server has reported a changed tool list.
    pub fn tools_changed(&self) -> bool {
        self.config().notifications.tools_changed()
    }

    /// Closes the open streams. Later requests reopen the ones they need.
    pub fn close_streams(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.close();
        }
        if let Some(stream) = self.late_responses.take() {
            stream.abandon();
        }
        self.connection.post_to = None;
        if let Some(stream) = self.stream.take() {
            stream.abandon();
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Closing the streams reports their exchanges to the recorder.
        self.close_streams();
    }
}
