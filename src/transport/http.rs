//! Blocking HTTP client: one recorded exchange at a time.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use ureq::config::Config;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector as _, SocksConnector};

use super::budget::Budget;
use super::connect::{LoggingResolver, TcpConnector};
use super::error::{translate, unless_interrupted};
use super::interrupt::{Interrupt, Stopper, Watched};
use super::limits::Limits;
use super::proxy::{ProxyChoice, Route};
use super::reply::Reply;
use super::resolve::Resolve;
use super::tls::{TlsConnector, TlsOptions};
use super::wire::{TeeConnector, WireLog, note_wire};
use crate::endpoint::Endpoint;
use crate::exchange::{
    Connection, Exchange, Purpose, Recorder, Request, Times, TransportError as Error,
    TransportErrorKind as ErrorKind, Wire,
};
use crate::redact::without_secrets;

/// Options for connecting to the server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Time limits and size limits.
    pub limits: Limits,
    /// Proxy, if any.
    pub proxy: Option<ProxyChoice>,
    /// TLS options.
    pub tls: TlsOptions,
    /// Signal that ends every wait.
    pub interrupt: Interrupt,
    /// Rejects addresses outside the public network.
    pub only_public: bool,
    /// Addresses to use for hosts, instead of a lookup.
    pub resolve: Vec<Resolve>,
    /// Permits compressed responses.
    pub compressed: bool,
    /// Budget of the operation; without one, `limits.whole` applies to each exchange.
    pub budget: Option<Budget>,
}

impl Options {
    /// Returns the error of a wait that would exceed the budget.
    pub fn spent_after(&self, wait: Duration) -> Option<Error> {
        let budget = self.budget.as_ref()?;
        let limit = budget.limit()?;
        budget.left().is_some_and(|left| wait > left).then(|| Error::too_long(limit))
    }

    /// Returns an error if the budget is used up.
    pub fn spent(&self) -> Option<Error> {
        let budget = self.budget.as_ref()?;
        let limit = budget.limit()?;
        budget.left().is_some_and(|left| left.is_zero()).then(|| Error::too_long(limit))
    }

    /// Runs `work`, whose time does not count: a person is asked.
    pub fn pause<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.budget {
            Some(budget) => budget.pause(work),
            None => work(),
        }
    }

    /// Starts the next operation.
    pub fn restart_budget(&self) {
        if let Some(budget) = &self.budget {
            budget.restart();
        }
    }
}

/// Maximum size of the request line and headers, in bytes; they are sent in one piece.
const MAX_HEAD: usize = 32 * 1024;
/// Bytes of `MAX_HEAD` reserved for what a proxy requires.
const ROOM_FOR_PROXY: usize = 4 * 1024;

fn request_line(request: &Request) -> usize {
    request.method.len() + request.url.len() + 16
}

/// HTTP client for one endpoint.
pub struct Http {
    agent: ureq::Agent,
    watched: Watched,
    log: WireLog,
    limits: Limits,
    proxy: Option<String>,
    authority: String,
    /// True if a request without a User-Agent header gets this program's.
    named: bool,
    /// True if the server may compress its responses.
    compressed: bool,
    recorder: Recorder,
}

/// An exchange without a response.
#[derive(Debug)]
pub struct Failed {
    /// Cause of the failure.
    pub error: Error,
    /// The recorded exchange.
    pub exchange: Box<Exchange>,
}

impl Http {
    /// Prepares the chain of connectors; sends nothing. Returns an error if an option or a file
    /// cannot be used.
    pub fn new(endpoint: &Endpoint, options: &Options, recorder: Recorder) -> Result<Self, Error> {
        let tls = options.tls.prepared()?;
        let (mut tunnel, mut forward, mut shown) = (None, None, None);
        let socket = endpoint.socket().map(Path::to_owned);
        if let Some(choice) = options.proxy.as_ref().filter(|_| socket.is_none()) {
            let mut teach = |secret: &str| recorder.learn(|redactor| redactor.learn(secret));
            let route = choice.route(endpoint.is_https(), &mut teach).map_err(Error::unusable)?;
            shown = Some(without_secrets(&choice.url));
            match route {
                Route::Forward(route) => forward = Some(route),
                Route::Tunnel(proxy) => tunnel = Some(proxy),
            }
        }
        let (limits, tunnels) = (options.limits, tunnel.is_some());
        let config = Config::builder()
            .http_status_as_error(false)
            // Credentials must not follow a redirect, so redirects are left to the caller.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(tunnel)
            // Every header is set here, so that the recorded request is exactly the one sent.
            .user_agent("")
            .accept("")
            .accept_encoding("")
            // The limit of the whole exchange is kept below ureq, where it can be extended.
            .timeout_resolve(limits.connect)
            .timeout_connect(limits.connect)
            .timeout_recv_response(limits.first_byte)
            .timeout_per_read(limits.silence)
            .timeout_per_write(limits.silence)
            .input_buffer_size(16 * 1024)
            .output_buffer_size(MAX_HEAD)
            .build();
        let log = WireLog::new(limits.whole, options.budget.clone());
        let connector = ()
            .chain(SocksConnector::default())
            .chain(ConnectProxyConnector::default())
            .chain(TcpConnector {
                log: log.clone(),
                interrupt: options.interrupt.clone(),
                tunnel: tunnels,
                socket: socket.clone(),
            })
            .chain(TlsConnector { options: options.tls.clone(), log: log.clone(), config: tls })
            .chain(TeeConnector {
                log: log.clone(),
                authority: endpoint.authority(),
                forward: forward.clone(),
            });
        let resolver = LoggingResolver {
            inner: DefaultResolver::default(),
            log: log.clone(),
            interrupt: options.interrupt.clone(),
            // With a proxy, the connection goes to the proxy, which may have a private address.
            only_public: options.only_public && options.proxy.is_none(),
            instead: forward.map(|forward| forward.uri),
            given: options.resolve.clone(),
            is_socket: socket.is_some(),
        };
        let agent = ureq::Agent::with_parts(config, connector, resolver);
        let watched = options.interrupt.watch(&agent);
        let authority = endpoint.authority();
        let compressed = options.compressed;
        Ok(Self {
            agent,
            watched,
            log,
            limits,
            proxy: shown,
            authority,
            named: true,
            compressed,
            recorder,
        })
    }

    /// Sends no User-Agent of this program; for requests relayed for another client.
    #[must_use]
    pub fn nameless(self) -> Self {
        Self { named: false, ..self }
    }

    /// Returns a handle that ends every wait of this connection from another thread. Nothing
    /// can be sent afterwards.
    pub fn stopper(&self) -> Arc<Stopper> {
        Arc::clone(&self.watched.stopper)
    }

    /// Limits how long the server may take from the moment it is connected; a response that takes longer
    /// is not waited for. `None` removes the limit.
    pub fn set_patience(&self, limit: Option<Duration>) {
        self.log.set_patience(limit);
    }

    /// Returns the recorder that receives exchange events.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Sends one request and returns when the response headers have arrived. The reply must be
    /// read to its end or dropped before the next request.
    pub fn send(&self, purpose: Purpose, mut request: Request) -> Result<Reply, Failed> {
        self.log.restart();
        self.complete(&mut request);
        let size: usize =
            request.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let mut exchange = Box::new(Exchange {
            number: self.recorder.next_number(),
            began: SystemTime::now(),
            purpose,
            request,
            connection: Connection::default(),
            times: Times::default(),
            wire: Wire::default(),
            answer: None,
            failure: None,
            id: OnceLock::new(),
        });
        self.recorder.tell(|observer, redactor| observer.sending(&exchange, redactor));
        let answered = if size + request_line(&exchange.request) > MAX_HEAD - ROOM_FOR_PROXY {
            Err(Error::unusable("the headers are too large: 28 KiB at most"))
        } else {
            self.run(&exchange.request)
        };
        match answered {
            Ok(response) => {
                let reply = Reply::new(
                    exchange,
                    response,
                    self.log.clone(),
                    self.recorder.clone(),
                    self.proxy.clone(),
                    self.limits,
                    self.watched.clone(),
                );
                Ok(reply)
            }
            Err(error) => {
                let error = unless_interrupted(error, &self.watched);
                note_wire(&mut exchange, &self.log, self.proxy.as_deref());
                exchange.failure = Some(error.clone());
                self.recorder.finished(&exchange);
                Err(Failed { error, exchange })
            }
        }
    }

    /// Adds the headers that HTTP requires, unless the user has set them.
    fn complete(&self, request: &mut Request) {
        let mut own = vec![("host", self.authority.clone())];
        if request.method == "POST" {
            own.push(("content-length", request.body.len().to_string()));
        }
        let encodings = if self.compressed { "gzip, deflate, br" } else { "identity" };
        own.push(("accept-encoding", encodings.to_owned()));
        if self.named {
            own.push(("user-agent", concat!("mcpoke/", env!("CARGO_PKG_VERSION")).to_owned()));
        }
        own.retain(|(name, _)| request.header(name).is_none());
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        request.headers.splice(0..0, own);
    }

    fn run(&self, request: &Request) -> Result<ureq::http::Response<ureq::Body>, Error> {
        let mut builder =
            ureq::http::Request::builder().method(request.method).uri(request.url.as_str());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let bad = |error: &ureq::http::Error| Error::unusable(format!("cannot be sent: {error}"));
        let result = if request.method == "POST" {
            let built = builder.body(request.body.as_bytes()).map_err(|error| bad(&error))?;
            self.agent.run(built)
        } else {
            self.agent.run(builder.body(()).map_err(|error| bad(&error))?)
        };
        result.map_err(|error| {
            let mut error = translate(
                error,
                self.log.phase(),
                self.log.request_begun(),
                &self.limits,
                self.log.patience(),
            );
            if self.log.lock().wire.is_http2() {
                error.text = String::from(super::error::HTTP2_ONLY);
                error.kind = ErrorKind::NotHttp;
                error.may_have_run = false;
            }
            // A TLS server responds to plain HTTP with a TLS alert (RFC 8446, 6).
            if self.log.lock().wire.response_head.starts_with(&[0x15, 0x03]) {
                error.text = String::from("this port expects TLS: use https://");
                error.kind = ErrorKind::Tls;
                error.may_have_run = false;
            }
            error
        })
    }
}
