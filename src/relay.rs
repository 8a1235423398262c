//! A recording proxy: relays another client's requests to a server, and the responses back.
//!
//! The client's side is served by hyper. The server's side uses the same recording
//! transport as every command, with one thread per request.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{mpsc, oneshot};

use crate::endpoint::{Endpoint, is_local_name};
use crate::exchange::{self, Exchange, Purpose, Recorder};
use crate::transport::{Error, Http, Options, Stopper, Tap};

/// Maximum size of a relayed request, in bytes.
const MAX_REQUEST: usize = 64 * 1024 * 1024;
/// Maximum number of response pieces that wait for a slow client.
const PIECES: usize = 16;
/// Time that open streams have to end when the proxy stops.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Delay before the next attempt when no connection can be accepted.
const RETRY: Duration = Duration::from_millis(50);
/// Maximum number of open requests, each with its own thread.
const OPEN: usize = 4096;
/// Time for the last pieces to reach the client before the connection is broken off.
const FLUSH: Duration = Duration::from_millis(20);
/// Number of milliseconds to wait for a free connection before another one is opened.
const FREEING: usize = 5;
/// Headers that are not relayed: those of a single connection (RFC 9110, 7.6.1), and those
/// that are set anew. Without `accept-encoding`, the server sends no compressed body, which
/// could not be read.
const OWN: [&str; 13] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "host",
    "content-length",
    "accept-encoding",
];

/// A relay to one server, with a callback for its exchanges.
pub struct Relay {
    endpoint: Endpoint,
    options: Options,
    recorder: Recorder,
    /// Accepts any Host header, and thus requests from other machines.
    anyone: bool,
    /// Idle connections to the server.
    idle: Mutex<Vec<Http>>,
    /// A connection to the server was made before.
    has_connected: AtomicBool,
    finished: Box<dyn Fn(Exchange) + Send + Sync>,
}

type Answer = Response<Piecewise>;

impl Relay {
    /// Creates a relay; `finished` is called with each exchange when it ends.
    pub fn new(
        endpoint: Endpoint,
        mut options: Options,
        recorder: Recorder,
        anyone: bool,
        finished: impl Fn(Exchange) + Send + Sync + 'static,
    ) -> Self {
        // Time and size limits are up to the client.
        options.limits.whole = None;
        options.budget = None;
        options.limits.first_byte = None;
        options.limits.silence = None;
        options.limits.max_size = u64::MAX;
        let finished = Box::new(finished);
        let (idle, has_connected) = (Mutex::default(), AtomicBool::default());
        Self { endpoint, options, recorder, anyone, idle, has_connected, finished }
    }

    /// Serves until Ctrl-C, then ends the open requests.
    pub fn run(self, listener: std::net::TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let relay = Arc::new(self);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(OPEN)
            .build()?;
        let outcome = tokio::task::LocalSet::new().block_on(&runtime, async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::select! {
                () = relay.accept(listener) => Ok(()),
                outcome = stopped() => outcome,
            }
        });
        // Threads cannot be cancelled: wait for them, but not forever.
        runtime.shutdown_timeout(LAST_WORDS);
        outcome
    }

    async fn accept(self: &Arc<Self>, listener: tokio::net::TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Accepting fails while there are too many connections, for example.
                tokio::time::sleep(RETRY).await;
                continue;
            };
            // Without this, responses are slower.
            let _ = stream.set_nodelay(true);
            let relay = Arc::clone(self);
            tokio::task::spawn_local(async move {
                let service = hyper::service::service_fn(move |request| {
                    let relay = Arc::clone(&relay);
                    async move { Ok::<_, Infallible>(relay.handle(request).await) }
                });
                // A broken connection concerns only its own client.
                let _ = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    }

    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        if !self.anyone && !names_this_machine(request.headers()) {
            // The server cannot make this check, because the relay sets its own Host header
            // (2025-11-25, Transports, "Security Warning").
            let text = "mcpoke: the Host header is not of this machine; --anyone takes it\n";
            return refusal(StatusCode::FORBIDDEN, text);
        }
        if !self.anyone && comes_from_elsewhere(request.headers()) {
            let text = "mcpoke: this is a web page of another origin; --anyone takes it\n";
            return refusal(StatusCode::FORBIDDEN, text);
        }
        if let Some(text) = ambiguous(request.headers()) {
            return refusal(StatusCode::BAD_REQUEST, text);
        }
        let request = match self.translated(request).await {
            Ok(request) => request,
            Err(refusal) => return *refusal,
        };
        let http = match self.connection().await {
            Ok(http) => http,
            Err(error) => {
                return refusal(StatusCode::BAD_GATEWAY, &format!("mcpoke: {}\n", error.text));
            }
        };
        let guard = Guard { stopper: Some(http.stopper()), done: Arc::default() };
        let (done, relay) = (Arc::clone(&guard.done), Arc::clone(&self));
        let (head, answered) = oneshot::channel();
        let (pieces, body) = mpsc::channel(PIECES);
        tokio::task::spawn_blocking(move || relay.pass_on(http, request, head, &pieces, &done));
        match answered.await {
            Ok(Ok(head)) => {
                let length =
                    text_of(head.headers(), "content-length").and_then(|text| text.parse().ok());
                let mut guard = guard;
                if length == Some(0) || matches!(head.status().as_u16(), 204 | 304) {
                    // hyper drops a body of no bytes at once; the client is still there.
                    guard.stopper = None;
                }
                head.map(|()| Piecewise { pieces: body, missing: length, guard: Some(guard) })
            }
            Ok(Err(text)) => refusal(StatusCode::BAD_GATEWAY, &format!("mcpoke: {text}\n")),
            // The thread ended without a response.
            Err(_) => refusal(StatusCode::BAD_GATEWAY, "mcpoke: no response from the server\n"),
        }
    }

    /// Converts a client's request to the one for the server. An error is the response for the
    /// client.
    async fn translated(
        &self,
        request: Request<Incoming>,
    ) -> Result<exchange::Request, Box<Answer>> {
        let refuse = |status, text: &str| Box::new(refusal(status, text));
        let (parts, body) = request.into_parts();
        let Some(method) = method_of(&parts.method) else {
            let text = "mcpoke: only POST, GET, DELETE, OPTIONS and HEAD are passed on\n";
            return Err(refuse(StatusCode::NOT_IMPLEMENTED, text));
        };
        let body = Limited::new(body, MAX_REQUEST).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let text = "mcpoke: the request is too large: at most 64 MiB\n";
                return refuse(StatusCode::PAYLOAD_TOO_LARGE, text);
            }
            refuse(StatusCode::BAD_REQUEST, "mcpoke: the request body could not be read\n")
        })?;
        let body = String::from_utf8(body.to_bytes().into()).map_err(|_| {
            refuse(StatusCode::BAD_REQUEST, "mcpoke: the body is not UTF-8, which JSON must be\n")
        })?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        // `OPTIONS *` names no path.
        if !path.starts_with('/') {
            return Err(refuse(StatusCode::BAD_REQUEST, "mcpoke: the request names no path\n"));
        }
        let hops: Vec<String> = parts
            .headers
            .get_all("connection")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|hop| hop.trim().to_ascii_lowercase())
            .collect();
        let own = format!("http://{}", text_of(&parts.headers, "host").unwrap_or_default());
        let mut headers = Vec::new();
        for (name, value) in &parts.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            match name.as_str() {
                own if OWN.contains(&own) || hops.iter().any(|hop| hop == own) => {}
                // A page that was loaded through the relay belongs to the server's origin.
                "origin" if value == own => {
                    headers.push(("origin".to_owned(), self.endpoint.origin()));
                }
                name => headers.push((name.to_owned(), value)),
            }
        }
        Ok(exchange::Request {
            method,
            url: format!("{}{path}", self.endpoint.origin()),
            headers,
            body,
            ..exchange::Request::default()
        })
    }

    async fn connection(&self) -> Result<Http, Error> {
        // The client has its response a moment before the connection to the server is free.
        for _ in 0..FREEING {
            if let Some(http) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
                return Ok(http);
            }
            if !self.has_connected.load(Ordering::SeqCst) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.has_connected.store(true, Ordering::SeqCst);
        Http::new(&self.endpoint, &self.options, self.recorder.clone()).map(Http::nameless)
    }

    /// Sends a request, and relays the response piece by piece as it arrives.
    fn pass_on(
        &self,
        http: Http,
        request: exchange::Request,
        head: oneshot::Sender<Result<Response<()>, String>>,
        pieces: &mpsc::Sender<io::Result<Bytes>>,
        done: &AtomicBool,
    ) {
        self.recorder.learn(|redactor| {
            exchange::teach(&request, None, redactor);
        });
        let reply = match http.send(Purpose::of_body(&request.body), request) {
            Ok(reply) => reply,
            Err(failed) => {
                done.store(true, Ordering::SeqCst);
                (self.finished)(*failed.exchange);
                // The client may be gone.
                let _ = head.send(Err(failed.error.text));
                return;
            }
        };
        let Some(built) = reply.exchange().answer.as_ref().and_then(response_head) else {
            done.store(true, Ordering::SeqCst);
            (self.finished)(*reply.finish());
            let _ = head.send(Err("the response headers cannot be forwarded".to_owned()));
            return;
        };
        if head.send(Ok(built)).is_err() {
            (self.finished)(*reply.abandon());
            return;
        }
        let sender = pieces.clone();
        let tap: Tap = Box::new(move |piece| {
            let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
            sender.blocking_send(Ok(Bytes::copy_from_slice(piece))).map_err(gone)
        });
        let (exchange, whole) = reply.relay(tap, || done.load(Ordering::SeqCst));
        match exchange.failure.as_ref().filter(|_| !whole) {
            // An incomplete response must not look complete; what has arrived is relayed first.
            Some(failure) => {
                std::thread::sleep(FLUSH);
                // The client may be gone.
                let _ = pieces.blocking_send(Err(io::Error::other(failure.clone())));
            }
            None => {
                // A stopped connection must not be reused.
                if !done.swap(true, Ordering::SeqCst) {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(http);
                }
            }
        }
        (self.finished)(*exchange);
    }
}

/// Stops the request to the server when the client disconnects.
struct Guard {
    stopper: Option<Arc<Stopper>>,
    done: Arc<AtomicBool>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(stopper) =
            self.stopper.take().filter(|_| !self.done.swap(true, Ordering::SeqCst))
        {
            stopper.stop();
        }
    }
}

/// A response body, in the pieces in which it arrived.
struct Piecewise {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    /// Bytes still to come, if the server sent a Content-Length.
    missing: Option<u64>,
    guard: Option<Guard>,
}

impl Body for Piecewise {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let next = self.pieces.poll_recv(context);
        if let (Poll::Ready(Some(Ok(piece))), Some(missing)) = (&next, &mut self.missing) {
            *missing = missing.saturating_sub(piece.len() as u64);
            if *missing == 0 {
                // After the last byte, hyper drops the body; that does not mean that the client is
                // gone.
                self.guard.iter_mut().for_each(|guard| guard.stopper = None);
            }
        }
        next.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

/// Creates an error response of the proxy itself.
fn refusal(status: StatusCode, text: &str) -> Answer {
    let (sender, pieces) = mpsc::channel(1);
    // The channel has room for one piece.
    let _ = sender.try_send(Ok(Bytes::copy_from_slice(text.as_bytes())));
    let mut response = Response::new(Piecewise { pieces, missing: None, guard: None });
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Returns the status and headers of a response for the client.
fn response_head(answer: &exchange::Answer) -> Option<Response<()>> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        let own = OWN.contains(&name.as_str()) && name != "content-length";
        if !own {
            builder = builder.header(name, value);
        }
    }
    builder.body(()).ok()
}

fn method_of(method: &Method) -> Option<&'static str> {
    ["POST", "GET", "DELETE", "OPTIONS", "HEAD"].into_iter().find(|known| method == known)
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    text_of(headers, "host").is_some_and(is_this_machine)
}

/// Returns why a request could be read in two ways (RFC 9112, 3.2 and 6.3).
fn ambiguous(headers: &HeaderMap) -> Option<&'static str> {
    let count = |name| headers.get_all(name).iter().count();
    if count(header::CONTENT_LENGTH) > 0 && count(header::TRANSFER_ENCODING) > 0 {
        return Some("mcpoke: the request has Content-Length and Transfer-Encoding\n");
    }
    [header::HOST, header::ORIGIN, header::CONTENT_LENGTH]
        .into_iter()
        .any(|name| count(name) > 1)
        .then_some("mcpoke: duplicate Host, Origin or Content-Length header\n")
}

/// Returns true for the request of a web page that was not loaded from this machine. A browser names the origin
/// of every page that sends a POST (WHATWG Fetch, 3.2).
fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let is_local = |origin: &str| {
        origin.split_once("://").is_some_and(|(_, authority)| is_this_machine(authority))
    };
    // Browsers say where a request comes from (W3C Fetch Metadata, 2.3).
    let from_another = text_of(headers, "sec-fetch-site")
        .is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let has_origin = headers.contains_key(header::ORIGIN);
    let is_own = text_of(headers, "origin").is_some_and(is_local);
    (has_origin && !is_own) || (!has_origin && from_another)
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    is_local_name(&name.to_ascii_lowercase())
        || name == "[::1]"
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// Completes on Ctrl-C or SIGTERM.
async fn stopped() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            outcome = tokio::signal::ctrl_c() => outcome,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
