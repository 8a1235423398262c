//! MCP as a client speaks it: the era, the handshake, the session, requests and their answers. No
//! terminals here.

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

/// The name and the version this client gives itself (schema `Implementation`).
fn client_info() -> Value {
    json!({"name": CLIENT_NAME, "version": env!("CARGO_PKG_VERSION")})
}

/// A request to make: everything but what the session adds to it.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The method, and what it is applied to.
    pub purpose: Purpose,
    /// The parameters.
    pub params: Value,
    /// Whether it may be sent twice.
    pub repeat: Repeat,
    /// The arguments that the modern era mirrors into headers.
    pub mirrored: Vec<Mirrored>,
}

impl Ask {
    /// A request that mirrors nothing.
    pub fn new(purpose: Purpose, params: Value, repeat: Repeat) -> Self {
        Self { purpose, params, repeat, mirrored: Vec::new() }
    }

    /// A request that only reads.
    pub fn reading(purpose: Purpose, params: Value) -> Self {
        Self::new(purpose, params, Repeat::Harmless)
    }

    /// `ping` (2025-11-25, Ping).
    pub fn ping() -> Self {
        Self::reading(Purpose::of(methods::PING), Value::Null)
    }

    /// `server/discover` (2026-07-28, Discovery).
    pub fn discover() -> Self {
        Self::reading(Purpose::of(methods::DISCOVER), json!({}))
    }

    /// `logging/setLevel` (2025-11-25, Logging).
    pub fn set_log_level(level: &str) -> Self {
        Self::reading(Purpose::on(methods::SET_LOG_LEVEL, level), json!({"level": level}))
    }

    /// `tools/list`, its first page.
    pub fn list_tools() -> Self {
        lists::page(methods::LIST_TOOLS, None)
    }

    fn method(&self) -> &str {
        self.purpose.method.as_deref().unwrap_or_default()
    }
}

/// Talks to one server.
pub struct Client {
    http: Http,
    /// For answers to the server while `http` is busy with a stream.
    side: Option<request::Side>,
    /// The stream of the HTTP+SSE transport.
    stream: Option<Reply>,
    /// Where messages go in that transport.
    post_to: Option<String>,
    /// The standalone stream of a session.
    listener: Option<listener::Listener>,
    /// Whether to open it.
    listens: bool,
    authorization: Authorization,
    endpoint: Endpoint,
    options: Options,
    headers: Vec<(String, String)>,
    ids: RequestIds,
    session: Session,
    /// What each request of the modern era declares.
    capabilities: Value,
    inquiries: Inquiries,
    renewal: Renewal,
    history: Vec<Exchange>,
    notices: notice::Notices,
    wants_progress: bool,
    keeps_connection: bool,
    log_level: Option<&'static str>,
    /// The session that was asked for that level.
    log_session: Option<Session>,
    /// A session was opened that nobody remembers.
    unsaved: bool,
    /// Whether the answer is wanted as it stands, and not its result alone.
    keeps_message: bool,
    message: Option<String>,
}

impl Client {
    /// A client without a session. `headers` are the user's own, in lower case.
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

    /// Goes on with a session that was opened before.
    pub fn resume(&mut self, session: Session, renewal: Renewal) {
        if let Some(id) = &session.id {
            self.http.recorder().learn(|redactor| redactor.learn_session(id));
        }
        self.session = session;
        self.renewal = renewal;
    }

    /// Lets a responder serve what the server asks for. `capabilities` are what each request of the
    /// modern era declares.
    pub fn serve_with(&mut self, inquiries: Inquiries, capabilities: Value) {
        self.inquiries = inquiries;
        self.capabilities = capabilities;
    }

    /// Opens the standalone stream beside the next call, since the session declared something that is
    /// served in this run.
    pub fn listen(&mut self) {
        self.listens = true;
    }

    /// Tells a watcher of every notification of the server's.
    pub fn watch(&mut self, watcher: impl Watcher + 'static) {
        self.notices.watch(watcher);
    }

    /// Asks the server to tell of the progress of what takes long.
    pub fn ask_for_progress(&mut self) {
        self.wants_progress = true;
    }

    /// Asks the server for its log messages from this level on. In the legacy era that holds for the
    /// session, and one request more says it.
    pub fn ask_for_log(&mut self, level: Option<&'static str>) {
        self.log_level = level;
    }

    /// Another client for this address of the same origin, with other limits and headers besides.
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

    /// Opens a stream with GET and looks at what comes at once; how the server answers is in the history.
    pub fn look_at_stream(&mut self) {
        if let Ok(mut reply) = self.send(Purpose::default(), self.get(None)) {
            // Nothing has to come on it.
            let _ = reply.next_message_within(std::time::Duration::from_millis(300));
            self.history.push(*reply.abandon());
        }
    }

    /// Another client for the same server, without a session.
    pub fn sibling(&self, recorder: Recorder) -> Result<Self, TransportError> {
        let (endpoint, options) = (self.endpoint.clone(), self.options.clone());
        Self::new(endpoint, options, self.headers.clone(), recorder)
    }

    /// What another client in the same session is made of.
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

    /// Reads every answer to its end, so that the next request can use the connection: for whoever calls
    /// more than one tool.
    pub fn keep_connection(&mut self) {
        self.keeps_connection = true;
    }

    /// The session that requests carry now.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Every exchange so far.
    pub fn history(&self) -> &[Exchange] {
        &self.history
    }

    /// Leaves a header of the user's out from now on.
    pub fn without_header(&mut self, name: &str) {
        self.headers.retain(|(known, _)| known != name);
    }

    /// Adds what was exchanged before, elsewhere, and belongs to what comes.
    pub fn add_history(&mut self, exchanges: Vec<Exchange>) {
        self.history.extend(exchanges);
    }

    /// Takes the exchanges so far out, for whoever keeps them elsewhere.
    pub fn take_history(&mut self) -> Vec<Exchange> {
        std::mem::take(&mut self.history)
    }

    /// Whether the session is a new one that could not be remembered, and must be ended.
    pub fn is_unsaved(&self) -> bool {
        self.unsaved
    }

    /// Whether the server has said that its tools are others now.
    pub fn tools_changed(&self) -> bool {
        self.notices.tools_changed()
    }

    /// Keeps the whole answer of the next requests beside their results.
    pub fn keep_messages(&mut self) {
        self.keeps_message = true;
    }

    /// The whole answer to the last request, as the server sent it.
    pub fn last_message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Closes the streams that are still open. Later requests open what they need again.
    pub fn hang_up(&mut self) {
        if let Some(listener) = self.listener.take() {
            self.history.extend(listener.close());
        }
        self.post_to = None;
        if let Some(stream) = self.stream.take() {
            self.history.push(*stream.abandon());
        }
    }

    /// A POST with the headers that every message carries.
    fn post(&self, body: String) -> Request {
        let mut request = self.bare("POST", headers::ACCEPT_BOTH);
        request.headers.insert(0, ("content-type".to_owned(), headers::JSON.to_owned()));
        request.body = body;
        request
    }

    /// A GET that opens a stream, or takes one up again after an event.
    fn get(&self, last_event: Option<&str>) -> Request {
        let mut request = self.bare("GET", headers::EVENT_STREAM);
        let id = last_event.map(|id| (headers::LAST_EVENT_ID.to_owned(), id.to_owned()));
        request.headers.extend(id);
        request
    }

    /// A request with the session's headers and the user's; the user's win, so that a probe can
    /// break any rule.
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

    /// Sends a request; a redirect within the origin is followed with the same request, and the
    /// address it leads to is used from then on.
    fn send_on(&mut self, purpose: Purpose, request: &mut Request) -> Result<Reply, Error> {
        for _ in 0..MAX_REDIRECTS {
            let reply = self.send_once(purpose.clone(), request.clone())?;
            let location = reply.header("location");
            match judge_redirect(&request.url, reply.status(), location) {
                Some(Redirect::Follow(url)) => {
                    let exchange = reply.finish();
                    self.history.push(*exchange);
                    match (&mut self.post_to, Endpoint::parse(&url)) {
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

    /// Sends a request over a connection of its own, which stays with its stream.
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

    /// A failure that the last exchange shows.
    fn failed(&self, kind: ErrorKind) -> Error {
        let exchange = self.history.last().cloned().map(Box::new);
        Error { kind, exchange, fallback: None, cancelled: false }
    }
}

/// What a client is made of, for another thread.
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
    /// A client in the same session, with a connection of its own.
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
        // So that whoever records the exchanges is told of these too.
        self.hang_up();
    }
}
