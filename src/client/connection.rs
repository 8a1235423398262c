//! A connection to the server in a session, and the HTTP requests that are sent over it.

use std::sync::Arc;

use super::config::ClientConfig;
use super::cookies::Cookies;
use crate::endpoint::Endpoint;
use crate::exchange::{Purpose, Request};
use crate::protocol::types::Session;
use crate::protocol::{headers, version};
use crate::transport::{Error as TransportError, Http, Options};

/// Connection to one server.
pub(super) struct Connection {
    pub(super) config: Arc<ClientConfig>,
    pub(super) http: Arc<Http>,
    /// Connection for responses to the server while `http` is busy with a stream.
    pub(super) responses: Option<ResponseChannel>,
    pub(super) endpoint: Endpoint,
    /// The user's own headers, in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// URL that messages are sent to in the HTTP+SSE transport.
    pub(super) post_to: Option<String>,
    /// Session that requests are sent in.
    pub(super) session: Session,
    /// Cookies of the endpoint's origin.
    pub(super) cookies: Cookies,
}

impl Connection {
    /// Creates a connection without a session. Nothing is sent yet.
    pub(super) fn new(
        endpoint: Endpoint,
        headers: Vec<(String, String)>,
        config: Arc<ClientConfig>,
    ) -> Result<Self, TransportError> {
        let http = Http::new(&endpoint, &config.options, config.recorder.clone())?;
        Ok(Self {
            config,
            http: Arc::new(http),
            responses: None,
            endpoint,
            headers,
            post_to: None,
            session: Session::default(),
            cookies: Cookies::default(),
        })
    }

    /// Creates another HTTP connection to the same server, with these options.
    pub(super) fn http_with(&self, options: &Options) -> Result<Http, TransportError> {
        Http::new(&self.endpoint, options, self.config.recorder.clone())
    }

    /// Builds a POST with the headers that every message carries.
    pub(super) fn post(&self, body: String) -> Request {
        let mut request = self.bare("POST", headers::ACCEPT_BOTH);
        if !self.headers.iter().any(|(name, _)| name == "content-type") {
            let label = ("content-type".to_owned(), headers::JSON.to_owned());
            request.headers.insert(0, label);
        }
        request.body = body;
        request
    }

    /// Builds a GET that opens a stream, or resumes one after an event.
    pub(super) fn get(&self, last_event: Option<&str>) -> Request {
        let mut request = self.bare("GET", headers::EVENT_STREAM);
        let id = last_event.map(|id| (headers::LAST_EVENT_ID.to_owned(), id.to_owned()));
        request.headers.extend(id);
        request
    }

    /// Builds the DELETE that ends the session.
    pub(super) fn delete(&self) -> Request {
        self.bare("DELETE", headers::ACCEPT_BOTH)
    }

    /// Builds a request with the headers of the session and of the user. The user's headers
    /// take precedence, so that a probe can break any rule; an empty one leaves the header out, as with
    /// curl.
    fn bare(&self, method: &'static str, accept: &str) -> Request {
        let mut own = vec![("accept".to_owned(), accept.to_owned())];
        let version = self.session.version();
        if let Some(version) = version.filter(|version| version::wants_version_header(version)) {
            own.push((headers::PROTOCOL_VERSION.to_owned(), version.to_owned()));
        }
        if let Some(id) = self.session.id() {
            own.push((headers::SESSION_ID.to_owned(), id.to_owned()));
        }
        own.retain(|(name, _)| !self.headers.iter().any(|(given, _)| given == name));
        own.extend(self.headers.iter().filter(|(_, value)| !value.is_empty()).cloned());
        let url = if method == "POST" { self.address() } else { self.endpoint.as_str() };
        let is_sessionless = self.session.is_sessionless();
        Request { method, url: url.to_owned(), headers: own, body: String::new(), is_sessionless }
    }

    /// Returns the URL to which messages are sent.
    pub(super) fn address(&self) -> &str {
        self.post_to.as_deref().unwrap_or(self.endpoint.as_str())
    }
}

/// Connection for responses to the server. After one fails to arrive, no other is sent.
pub(super) struct ResponseChannel(pub(super) Option<Http>);

impl ResponseChannel {
    pub(super) fn send(&mut self, purpose: Purpose, request: Request) {
        let Some(http) = &self.0 else { return };
        match http.send(purpose, request) {
            Ok(reply) => {
                reply.finish();
            }
            Err(_) => self.0 = None,
        }
    }
}
