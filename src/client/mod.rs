//! MCP client: era detection, handshake, sessions, requests and responses. Independent of
//! terminals.

mod authorization;
mod cancel;
mod era;
mod error;
mod handshake;
mod inquiry;
mod listener;
mod lists;
mod multi_round_trip;
mod notice;
mod renewal;
mod request;
mod session_loss;
mod subscription;
mod tasks;
mod tools;

use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::exchange::{Exchange, Purpose, Recorder, Request};
use crate::protocol::headers;
use crate::protocol::jsonrpc::RequestIds;
use crate::protocol::methods;
use crate::protocol::mirror::Mirrored;
use crate::protocol::types::CLIENT_NAME;
use crate::protocol::version;
use crate::transport::{
    Error as TransportError, Failed, Http, MAX_REDIRECTS, Options, Redirect, Reply, judge_redirect,
};

pub use crate::protocol::types::Session;
pub use authorization::{Authorization, Authorizer};
pub use era::Probe;
pub use error::{Error, ErrorKind};
pub use handshake::{Closed, Handshake, Opened};
pub use inquiry::{Inquiries, Responder, Response};
pub use notice::{Notice, Watcher};
pub use renewal::{Keeper, Renewal, Repeat};
pub use subscription::Ended;
pub use tasks::{Begun, EXTENSION, Task};

/// Returns the name and version of this client (schema `Implementation`).
fn client_info() -> Value {
    json!({"name": CLIENT_NAME, "version": env!("CARGO_PKG_VERSION")})
}

/// A request without the parts that the session adds.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Method and the name or URI it applies to.
    pub purpose: Purpose,
    /// The parameters.
    pub params: Value,
    /// Effect of sending the request twice.
    pub repeat: Repeat,
    /// Arguments that the modern era mirrors into headers.
    pub mirrored: Vec<Mirrored>,
}

impl Ask {
    /// Creates a request that mirrors no arguments into headers.
    pub fn new(purpose: Purpose, params: Value, repeat: Repeat) -> Self {
        Self { purpose, params, repeat, mirrored: Vec::new() }
    }

    /// Creates a request that only reads.
    pub fn reading(purpose: Purpose, params: Value) -> Self {
        Self::new(purpose, params, Repeat::Harmless)
    }

    /// Creates a `ping` request (2025-11-25, Ping).
    pub fn ping() -> Self {
        Self::reading(Purpose::of(methods::PING), Value::Null)
    }

    /// Creates a `server/discover` request (2026-07-28, Discovery).
    pub fn discover() -> Self {
        Self::reading(Purpose::of(methods::DISCOVER), json!({}))
    }

    /// Creates a `logging/setLevel` request (2025-11-25, Logging).
    pub fn set_log_level(level: &str) -> Self {
        Self::reading(Purpose::on(methods::SET_LOG_LEVEL, level), json!({"level": level}))
    }

    /// Creates a request for the first page of `tools/list`.
    pub fn list_tools() -> Self {
        lists::page(methods::LIST_TOOLS, None)
    }

    fn method(&self) -> &str {
        self.purpose.method.as_deref().unwrap_or_default()
    }
}

/// Client for one server.
pub struct Client {
    http: Http,
    /// Connection for responses to the server while `http` is busy with a stream.
    side: Option<request::Side>,
    /// The stream of the HTTP+SSE transport.
    stream: Option<Reply>,
    /// URL that messages are sent to in the HTTP+SSE transport.
    post_to: Option<String>,
    /// The standalone stream of a session.
    listener: Option<listener::Listener>,
    /// True if the standalone stream is to be opened.
    listens: bool,
    authorization: Authorization,
    endpoint: Endpoint,
    options: Options,
    headers: Vec<(String, String)>,
    ids: RequestIds,
    session: Session,
    /// Capabilities that each modern request declares.
    capabilities: Value,
    inquiries: Inquiries,
    renewal: Renewal,
    history: Vec<Exchange>,
    notices: notice::Notices,
    wants_progress: bool,
    keeps_connection: bool,
    log_level: Option<&'static str>,
    /// Session in which `logging/setLevel` was sent.
    log_session: Option<Session>,
    /// True if a new session was opened and could not be saved.
    unsaved: bool,
    /// True if complete messages are kept, not only their results.
    keeps_message: bool,
    message: Option<String>,
}

impl Client {
    /// Creates a client without a session. `headers` are the user's own, in lower case.
    pub fn new(
        endpoint: Endpoint,
        options: Options,
        headers: Vec<(String, String)>,
        recorder: Recorder,
    ) -> Result<Self, TransportError> {
        let http = Http::new(&endpoint, &options, recorder)?;
        let ids = RequestIds::new()
            .map_err(|error| TransportError::unusable(format!("no random numbers: {error}")))?;
        Ok(Self {
            http,
            side: None,
            stream: None,
            post_to: None,
            listener: None,
            listens: false,
            authorization: Authorization::default(),
            endpoint,
            options,
            headers,
            ids,
            session: Session::default(),
            capabilities: json!({}),
            inquiries: Inquiries::default(),
            renewal: Renewal::Never,
            history: Vec::new(),
            notices: notice::Notices::default(),
            wants_progress: false,
            keeps_connection: false,
            log_level: None,
            log_session: None,
            unsaved: false,
            keeps_message: false,
            message: None,
        })
    }

    /// Continues a session that was opened before.
    pub fn resume(&mut self, session: Session, renewal: Renewal) {
        if let Some(id) = &session.id {
            self.http.recorder().learn(|redactor| redactor.learn_session(id));
        }
        self.session = session;
        self.renewal = renewal;
    }

    /// Sets the handler for requests from the server, and the capabilities that each modern
    /// request declares.
    pub fn serve_with(&mut self, inquiries: Inquiries, capabilities: Value) {
        self.inquiries = inquiries;
        self.capabilities = capabilities;
    }

    /// Opens the standalone stream beside the next call. Used if the session declared a
    /// capability that this run serves.
    pub fn listen(&mut self) {
        self.listens = true;
    }

    /// Passes every notification from the server to this handler.
    pub fn watch(&mut self, watcher: impl Watcher + 'static) {
        self.notices.watch(watcher);
    }

    /// Requests progress notifications for methods that may take long.
    pub fn ask_for_progress(&mut self) {
        self.wants_progress = true;
    }

    /// Requests log messages from this level upwards. In the legacy era the level holds for the
    /// whole session and takes one extra request.
    pub fn ask_for_log(&mut self, level: Option<&'static str>) {
        self.log_level = level;
    }

    /// Creates a client for another address of the same origin, with changed limits. Each of
    /// `headers` is added or replaces the header of the same name.
    pub fn varied(
        &self,
        endpoint: Endpoint,
        limits: impl FnOnce(&mut crate::transport::Limits),
        headers: &[(&str, &str)],
    ) -> Result<Self, TransportError> {
        let mut options = self.options.clone();
        limits(&mut options.limits);
        let mut own = self.headers.clone();
        for (name, value) in headers {
            own.retain(|(known, _)| known != name);
            own.push(((*name).to_owned(), (*value).to_owned()));
        }
        Self::new(endpoint, options, own, self.http.recorder().clone())
    }

    /// Opens a stream with GET and waits 300 ms for a first message. The exchange is added to
    /// the history.
    pub fn look_at_stream(&mut self) {
        if let Ok(mut reply) = self.send(Purpose::default(), self.get(None)) {
            // The server need not send anything on the stream.
            let _ = reply.next_message_within(std::time::Duration::from_millis(300));
            self.history.push(*reply.abandon());
        }
    }

    /// Creates another client for the same server, without a session.
    pub fn sibling(&self, recorder: Recorder) -> Result<Self, TransportError> {
        let (endpoint, options) = (self.endpoint.clone(), self.options.clone());
        Self::new(endpoint, options, self.headers.clone(), recorder)
    }

    /// Returns the settings for another client in the same session.
    pub fn seed(&self) -> Seed {
        Seed {
            endpoint: self.endpoint.clone(),
            options: self.options.clone(),
            headers: self.headers.clone(),
            authorization: self.authorization.clone(),
            recorder: self.http.recorder().clone(),
            session: self.session.clone(),
            capabilities: self.capabilities.clone(),
            inquiries: self.inquiries.clone(),
            log_level: self.log_level,
            notices: self.notices.clone(),
            wants_progress: self.wants_progress,
            keeps_connection: self.keeps_connection,
        }
    }

    /// Reads every response to its end, so that the next request can reuse the connection. For
    /// commands that call several tools.
    pub fn keep_connection(&mut self) {
        self.keeps_connection = true;
    }

    /// Returns the session that requests carry now.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the endpoint, updated after redirects.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns all exchanges so far.
    pub fn history(&self) -> &[Exchange] {
        &self.history
    }

    /// Removes one of the user's headers from all later requests.
    pub fn without_header(&mut self, name: &str) {
        self.headers.retain(|(known, _)| known != name);
    }

    /// Appends exchanges that were made outside this client.
    pub fn add_history(&mut self, exchanges: Vec<Exchange>) {
        self.history.extend(exchanges);
    }

    /// Removes and returns all exchanges so far.
    pub fn take_history(&mut self) -> Vec<Exchange> {
        std::mem::take(&mut self.history)
    }

    /// Returns true if a new session could not be saved and must be closed.
    pub fn is_unsaved(&self) -> bool {
        self.unsaved
    }

    /// Returns true if the server has reported a changed tool list.
    pub fn tools_changed(&self) -> bool {
        self.notices.tools_changed()
    }

    /// Keeps the complete messages of later responses, not only their results.
    pub fn keep_messages(&mut self) {
        self.keeps_message = true;
    }

    /// Returns the complete response to the last request, as received.
    pub fn last_message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Closes the open streams. Later requests reopen the ones they need.
    pub fn hang_up(&mut self) {
        if let Some(listener) = self.listener.take() {
            self.history.extend(listener.close());
        }
        self.post_to = None;
        if let Some(stream) = self.stream.take() {
            self.history.push(*stream.abandon());
        }
    }

    /// Builds a POST with the headers that every message carries.
    fn post(&self, body: String) -> Request {
        let mut request = self.bare("POST", headers::ACCEPT_BOTH);
        request.headers.insert(0, ("content-type".to_owned(), headers::JSON.to_owned()));
        request.body = body;
        request
    }

    /// Builds a GET that opens a stream, or resumes one after an event.
    fn get(&self, last_event: Option<&str>) -> Request {
        let mut request = self.bare("GET", headers::EVENT_STREAM);
        let id = last_event.map(|id| (headers::LAST_EVENT_ID.to_owned(), id.to_owned()));
        request.headers.extend(id);
        request
    }

    /// Builds a request with the headers of the session and of the user. The user's headers
    /// take precedence, so that a probe can break any rule.
    fn bare(&self, method: &'static str, accept: &str) -> Request {
        let mut own = vec![("accept".to_owned(), accept.to_owned())];
        let version = self.session.version.as_ref();
        if let Some(version) = version.filter(|version| version::wants_version_header(version)) {
            own.push((headers::PROTOCOL_VERSION.to_owned(), version.clone()));
        }
        if let Some(id) = &self.session.id {
            own.push((headers::SESSION_ID.to_owned(), id.clone()));
        }
        own.retain(|(name, _)| !self.headers.iter().any(|(given, _)| given == name));
        own.extend(self.headers.iter().cloned());
        let url = match &self.post_to {
            Some(address) if method == "POST" => address.clone(),
            _ => self.endpoint.as_str().to_owned(),
        };
        Request { method, url, headers: own, body: String::new() }
    }

    /// Sends a request and follows redirects within the origin with the same request. The new
    /// address is used from then on.
    fn send_on(&mut self, purpose: Purpose, request: &mut Request) -> Result<Reply, Error> {
        for _ in 0..MAX_REDIRECTS {
            let reply = self.send_once(purpose.clone(), request.clone())?;
            let location = reply.header("location");
            match judge_redirect(&request.url, reply.status(), location) {
                Some(Redirect::Follow(url)) => {
                    let exchange = reply.finish();
                    self.history.push(*exchange);
                    match (&mut self.post_to, Endpoint::parse(&url)) {
                        // In the HTTP+SSE transport only the message URL moves; the stream keeps
                        // its endpoint.
                        (Some(address), _) => address.clone_from(&url),
                        (None, Ok(endpoint)) => self.endpoint = endpoint,
                        (None, Err(_)) => {}
                    }
                    request.url = url;
                }
                _ => return Ok(reply),
            }
        }
        self.send_once(purpose, request.clone())
    }

    /// Sends a request over its own connection, which remains with the stream of the response.
    pub(super) fn send_over(
        &mut self,
        options: &Options,
        purpose: Purpose,
        request: Request,
    ) -> Result<Reply, Error> {
        let recorder = self.http.recorder().clone();
        let http = Http::new(&self.endpoint, options, recorder)
            .map_err(|error| self.failed(ErrorKind::Transport(error)))?;
        let messages = std::mem::replace(&mut self.http, http);
        let sent = self.send(purpose, request);
        self.http = messages;
        sent
    }

    fn send_once(&mut self, purpose: Purpose, request: Request) -> Result<Reply, Error> {
        self.http.send(purpose, request).map_err(|Failed { error, exchange }| {
            self.history.push(*exchange);
            self.failed(ErrorKind::Transport(error))
        })
    }

    /// Creates an error that refers to the last exchange.
    fn failed(&self, kind: ErrorKind) -> Error {
        let exchange = self.history.last().cloned().map(Box::new);
        Error { kind, exchange, fallback: None, cancelled: false }
    }
}

/// Settings for creating a client in another thread.
pub struct Seed {
    endpoint: Endpoint,
    options: Options,
    headers: Vec<(String, String)>,
    authorization: Authorization,
    recorder: Recorder,
    session: Session,
    capabilities: Value,
    inquiries: Inquiries,
    log_level: Option<&'static str>,
    notices: notice::Notices,
    wants_progress: bool,
    keeps_connection: bool,
}

impl Seed {
    /// Creates a client in the same session, with its own connection.
    pub fn grow(&self) -> Result<Client, TransportError> {
        let (endpoint, options) = (self.endpoint.clone(), self.options.clone());
        let mut client =
            Client::new(endpoint, options, self.headers.clone(), self.recorder.clone())?;
        client.session = self.session.clone();
        client.authorization = self.authorization.clone();
        client.capabilities = self.capabilities.clone();
        client.inquiries = self.inquiries.clone();
        client.log_level = self.log_level;
        client.notices = self.notices.clone();
        client.wants_progress = self.wants_progress;
        client.keeps_connection = self.keeps_connection;
        Ok(client)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Closing the streams reports their exchanges to the recorder.
        self.hang_up();
    }
}
