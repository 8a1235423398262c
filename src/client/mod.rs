//! MCP as a client speaks it: handshake, session, requests and their answers. No terminals here.

mod error;
mod handshake;
mod lost;
mod renewal;
mod request;
mod tools;

use crate::endpoint::Endpoint;
use crate::exchange::{Exchange, Purpose, Recorder, Request};
use crate::protocol::headers;
use crate::protocol::jsonrpc::RequestIds;
use crate::protocol::version;
use crate::transport::{
    Error as TransportError, Failed, Http, MAX_REDIRECTS, Options, Redirect, Reply, judge_redirect,
};

pub use crate::protocol::types::Session;
pub use error::{Error, ErrorKind};
pub use handshake::{Closed, Handshake, Opened};
pub use renewal::{Keeper, Renewal, Repeat};

/// The name this client gives itself.
pub const CLIENT_NAME: &str = "mcpoke";

/// Talks to one server.
pub struct Client {
    http: Http,
    /// For answers to the server while `http` is busy with a stream.
    side: Option<request::Side>,
    endpoint: Endpoint,
    options: Options,
    headers: Vec<(String, String)>,
    ids: RequestIds,
    session: Session,
    renewal: Renewal,
    history: Vec<Exchange>,
    tools_changed: bool,
    /// A session was opened that nobody remembers.
    unsaved: bool,
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
            endpoint,
            options,
            headers,
            ids,
            session: Session::default(),
            renewal: Renewal::Never,
            history: Vec::new(),
            tools_changed: false,
            unsaved: false,
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

    /// Another client for the same server, without a session.
    pub fn sibling(&self, recorder: Recorder) -> Result<Self, TransportError> {
        let (endpoint, options) = (self.endpoint.clone(), self.options.clone());
        Self::new(endpoint, options, self.headers.clone(), recorder)
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

    /// Whether the session is a new one that could not be remembered, and must be ended.
    pub fn is_unsaved(&self) -> bool {
        self.unsaved
    }

    /// Whether the server has said that its tools are others now.
    pub fn tools_changed(&self) -> bool {
        self.tools_changed
    }

    /// A POST with the headers that every message carries.
    fn post(&self, body: String, session: &Session) -> Request {
        let mut request = self.bare("POST", session);
        request.headers.insert(0, ("content-type".to_owned(), headers::JSON.to_owned()));
        request.body = body;
        request
    }

    /// A request with the session's headers and the user's; the user's win, so that a probe can
    /// break any rule.
    fn bare(&self, method: &'static str, session: &Session) -> Request {
        let mut own = vec![("accept".to_owned(), headers::ACCEPT_BOTH.to_owned())];
        if let Some(version) = session.version.as_ref().filter(|v| version::wants_version_header(v))
        {
            own.push((headers::PROTOCOL_VERSION.to_owned(), version.clone()));
        }
        if let Some(id) = &session.id {
            own.push((headers::SESSION_ID.to_owned(), id.clone()));
        }
        own.retain(|(name, _)| !self.headers.iter().any(|(given, _)| given == name));
        own.extend(self.headers.iter().cloned());
        let url = self.endpoint.as_str().to_owned();
        Request { method, url, headers: own, body: String::new() }
    }

    /// Sends a request; a redirect within the origin is followed with the same request, and the
    /// address it leads to is used from then on.
    fn send(&mut self, purpose: Purpose, mut request: Request) -> Result<Reply, Error> {
        for _ in 0..MAX_REDIRECTS {
            let reply = self.send_once(purpose.clone(), request.clone())?;
            let location = reply.header("location");
            match judge_redirect(&request.url, reply.status(), location) {
                Some(Redirect::Follow(url)) => {
                    let exchange = reply.finish();
                    self.history.push(*exchange);
                    if let Ok(endpoint) = Endpoint::parse(&url) {
                        self.endpoint = endpoint;
                    }
                    request.url = url;
                }
                _ => return Ok(reply),
            }
        }
        self.send_once(purpose, request)
    }

    fn send_once(&mut self, purpose: Purpose, request: Request) -> Result<Reply, Error> {
        self.http.send(purpose, request).map_err(|Failed { error, exchange }| {
            self.history.push(*exchange);
            self.failed(ErrorKind::Transport(error))
        })
    }

    /// A failure that the last exchange shows.
    fn failed(&self, kind: ErrorKind) -> Error {
        Error { kind, exchange: self.history.last().cloned().map(Box::new) }
    }
}
