//! A recording proxy: what another client sends is passed on, and answered, as it is.
//!
//! The side towards the client is hyper's; the side towards the server is the same recording core that
//! every command uses, in a thread for each request.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{mpsc, oneshot};

use crate::endpoint::{Endpoint, is_local_name};
use crate::exchange::{self, Exchange, Purpose, Recorder};
use crate::transport::{Error, Http, Options, Stopper, Tap};

/// The largest request that is passed on.
const MAX_REQUEST: usize = 64 * 1024 * 1024;
/// So many pieces of an answer may wait for a slow client.
const PIECES: usize = 16;
/// How long open streams may take to end, once the proxy does.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long to wait where no connection can be taken.
const RETRY: Duration = Duration::from_millis(50);
/// So many requests may be open at once, each in a thread of its own.
const OPEN: usize = 4096;
/// What was handed over is on its way to the client after this time.
const FLUSH: Duration = Duration::from_millis(20);
/// Headers that are about one connection and not about the message (RFC 9110, 7.6.1), and those that are
/// made anew. What is compressed could not be read, so that the server is not asked to.
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

/// What is relayed, and who is told of it.
pub struct Relay {
    endpoint: Endpoint,
    options: Options,
    recorder: Recorder,
    /// Requests from other machines are taken, under whatever name.
    anyone: bool,
    /// Connections to the server that wait for the next request.
    idle: Mutex<Vec<Http>>,
    finished: Box<dyn Fn(Exchange) + Send + Sync>,
}

type Answer = Response<Piecewise>;

impl Relay {
    /// Prepares a proxy for this server; `finished` is told of each exchange when it is over.
    pub fn new(
        endpoint: Endpoint,
        mut options: Options,
        recorder: Recorder,
        anyone: bool,
        finished: impl Fn(Exchange) + Send + Sync + 'static,
    ) -> Self {
        // How long to wait, and for how much, is up to the client.
        options.limits.whole = None;
        options.limits.first_byte = None;
        options.limits.silence = None;
        options.limits.max_size = u64::MAX;
        let finished = Box::new(finished);
        Self { endpoint, options, recorder, anyone, idle: Mutex::default(), finished }
    }

    /// Serves until Ctrl-C, and ends what is open then.
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
        runtime.shutdown_timeout(LAST_WORDS);
        outcome
    }

    async fn accept(self: &Arc<Self>, listener: tokio::net::TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Too many connections, say: that passes.
                tokio::time::sleep(RETRY).await;
                continue;
            };
            // Without it answers are slower.
            let _ = stream.set_nodelay(true);
            let relay = Arc::clone(self);
            tokio::task::spawn_local(async move {
                let service = hyper::service::service_fn(move |request| {
                    let relay = Arc::clone(&relay);
                    async move { Ok::<_, Infallible>(relay.handle(request).await) }
                });
                // A connection that breaks is its client's affair.
                let _ = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    }

    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        if !self.anyone && !names_this_machine(request.headers()) {
            // The server's own check is of a Host that is made anew here (2025-11-25, Transports,
            // "Security Warning").
            let text = "mcpoke: the Host header is not of this machine; --anyone takes it\n";
            return refusal(StatusCode::FORBIDDEN, text);
        }
        let request = match self.translated(request).await {
            Ok(request) => request,
            Err(refusal) => return *refusal,
        };
        let http = match self.connection() {
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
                head.map(|()| Piecewise { pieces: body, missing: length, guard: Some(guard) })
            }
            Ok(Err(text)) => refusal(StatusCode::BAD_GATEWAY, &format!("mcpoke: {text}\n")),
            // The thread is gone; so is what it could have said.
            Err(_) => refusal(StatusCode::BAD_GATEWAY, "mcpoke: no answer\n"),
        }
    }

    /// The request as it goes on to the server.
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
        let body = Limited::new(body, MAX_REQUEST).collect().await.map_err(|_| {
            refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "mcpoke: the request is too large: at most 64 MiB\n",
            )
        })?;
        let body = String::from_utf8(body.to_bytes().to_vec()).map_err(|_| {
            refuse(StatusCode::BAD_REQUEST, "mcpoke: the body is not UTF-8, which JSON must be\n")
        })?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        if !path.starts_with('/') {
            return Err(refuse(StatusCode::BAD_REQUEST, "mcpoke: the request names no path\n"));
        }
        let hops = text_of(&parts.headers, "connection").unwrap_or_default().to_ascii_lowercase();
        let own = format!("http://{}", text_of(&parts.headers, "host").unwrap_or_default());
        let mut headers = Vec::new();
        for (name, value) in &parts.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            match name.as_str() {
                own if OWN.contains(&own) || hops.split(',').any(|hop| hop.trim() == own) => {}
                // A page that was loaded from here would be one of the server's.
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
        })
    }

    fn connection(&self) -> Result<Http, Error> {
        match self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            Some(http) => Ok(http),
            None => {
                Http::new(&self.endpoint, &self.options, self.recorder.clone()).map(Http::nameless)
            }
        }
    }

    /// Sends a request, and hands the answer over piece by piece as it comes.
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
                // A client that is gone needs no answer.
                let _ = head.send(Err(failed.error.text));
                return;
            }
        };
        let Some(built) = reply.exchange().answer.as_ref().and_then(response_head) else {
            done.store(true, Ordering::SeqCst);
            (self.finished)(*reply.finish());
            let _ = head.send(Err("the answer's head cannot be passed on".to_owned()));
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
            // What broke off must not look complete; what came of it is passed on first.
            Some(failure) => {
                std::thread::sleep(FLUSH);
                // A client that is gone need not know.
                let _ = pieces.blocking_send(Err(io::Error::other(failure.clone())));
            }
            None => {
                if !done.swap(true, Ordering::SeqCst) {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(http);
                }
            }
        }
        (self.finished)(*exchange);
    }
}

/// Whoever waits for an answer. When they are gone, so is the request.
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

/// An answer's body, in the pieces that it came in.
struct Piecewise {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    /// Bytes that are still to come, where the server has said how many there are.
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
                // Nobody asks for more: that is no sign of a client that is gone.
                self.guard.iter_mut().for_each(|guard| guard.stopper = None);
            }
        }
        next.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

/// An answer of the proxy itself.
fn refusal(status: StatusCode, text: &str) -> Answer {
    let (sender, pieces) = mpsc::channel(1);
    // There is room for one.
    let _ = sender.try_send(Ok(Bytes::copy_from_slice(text.as_bytes())));
    let mut response = Response::new(Piecewise { pieces, missing: None, guard: None });
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Status and headers of an answer as they go back to the client.
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
    let Some(host) = text_of(headers, "host") else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    is_local_name(&name.to_ascii_lowercase())
        || name == "[::1]"
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// Comes back when the user wants an end.
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
