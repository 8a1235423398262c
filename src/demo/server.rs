//! The HTTP side of the built-in server.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use super::faults;
use super::sessions::Sessions;
use super::tools::{self, Call};
use super::{AnswerForm, Fault, Options};
use crate::protocol::headers::{ACCEPT_BOTH, EVENT_STREAM, JSON, PROTOCOL_VERSION, SESSION_ID};
use crate::protocol::version::{HANDSHAKE_VERSIONS, LATEST_HANDSHAKE, OLDEST_ANSWERED};

type Body = UnsyncBoxBody<Bytes, io::Error>;
pub(super) type Answer = Response<Body>;

/// The largest request that is read.
const MAX_REQUEST: usize = 4 * 1024 * 1024;
/// A silent stream says that it is alive this often.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What all connections share.
struct State {
    options: Options,
    sessions: Mutex<Sessions>,
}

/// Serves until the listener fails.
pub(super) fn run(listener: std::net::TcpListener, options: Options) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let state = Arc::new(State { options, sessions: Mutex::default() });
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            if options.fault == Some(Fault::Reset) {
                // Whatever ends the connection ends it with a reset.
                stream.set_zero_linger()?;
            }
            let state = Arc::clone(&state);
            tokio::task::spawn_local(async move {
                let service = hyper::service::service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, Infallible>(handle(&state, request).await) }
                });
                // A connection that breaks is its client's affair.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

async fn handle(state: &Arc<State>, request: Request<Incoming>) -> Answer {
    if let Err(refusal) = check_origin(request.headers()) {
        return refusal;
    }
    if request.uri().path() != "/mcp" {
        return plain(StatusCode::NOT_FOUND, "Not found: the endpoint is /mcp");
    }
    match *request.method() {
        Method::POST => post(state, request).await.unwrap_or_else(|refusal| refusal),
        Method::GET => listen(state, request.headers()).unwrap_or_else(|refusal| refusal),
        Method::DELETE => end(state, request.headers()).unwrap_or_else(|refusal| refusal),
        _ => not_allowed(state),
    }
}

/// Only names of this machine: a web page must not reach the server through DNS rebinding
/// (2025-11-25, Transports, "Security Warning").
fn check_origin(headers: &HeaderMap) -> Result<(), Answer> {
    let local = |authority: &str| {
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        matches!(host, "localhost" | "127.0.0.1" | "[::1]")
    };
    let host = text_of(headers, header::HOST.as_str());
    if !host.is_some_and(local) {
        return Err(refuse(StatusCode::FORBIDDEN, -32000, "Forbidden: invalid Host header"));
    }
    match text_of(headers, header::ORIGIN.as_str()) {
        Some(origin) if !origin.split_once("://").is_some_and(|(_, host)| local(host)) => {
            Err(refuse(StatusCode::FORBIDDEN, -32000, "Forbidden: invalid Origin header"))
        }
        _ => Ok(()),
    }
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

async fn post(state: &Arc<State>, request: Request<Incoming>) -> Result<Answer, Answer> {
    check_types(request.headers())?;
    let headers = request.headers().clone();
    let body = Limited::new(request.into_body(), MAX_REQUEST).collect().await.map_err(|_| {
        refuse(StatusCode::PAYLOAD_TOO_LARGE, -32000, "Payload too large: at most 4 MiB")
    })?;
    let message: Value = serde_json::from_slice(&body.to_bytes()).map_err(|_| {
        refuse(StatusCode::BAD_REQUEST, -32700, "Parse error: the body is not JSON")
    })?;
    let bad = |text| refuse(StatusCode::BAD_REQUEST, -32600, text);
    if message["jsonrpc"] != "2.0" {
        return Err(bad("Invalid request: one JSON-RPC 2.0 message is expected"));
    }
    let method = message["method"].as_str().unwrap_or_default().to_owned();
    let is_request = !method.is_empty() && (message["id"].is_string() || message["id"].is_number());
    if method == "initialize" && is_request {
        return initialize(state, &headers, &message);
    }
    let session = session_of(state, &headers)?;
    check_version(&headers)?;
    if !is_request {
        let mut sessions = state.sessions();
        if method == "notifications/initialized"
            && let Some(session) = session.and_then(|id| sessions.get(&id))
        {
            session.initialized = true;
        }
        return Ok(empty(StatusCode::ACCEPTED));
    }
    let ready = session.is_none_or(|id| {
        state.sessions().get(&id).is_some_and(|session| {
            session.calls += u32::from(method == "tools/call");
            session.initialized
        })
    });
    if !ready && method != "ping" {
        let text = "Request before notifications/initialized was received";
        return Ok(state.answer(&error(&message["id"], -32600, text)));
    }
    Ok(serve(state, &method, &message).await)
}

fn check_types(headers: &HeaderMap) -> Result<(), Answer> {
    let accept = text_of(headers, header::ACCEPT.as_str()).unwrap_or_default();
    let names =
        |kind: &str| accept.split(',').any(|part| part.trim().split(';').next() == Some(kind));
    if !names(JSON) || !names(EVENT_STREAM) {
        let text = format!("Not acceptable: Accept must name both types: {ACCEPT_BOTH}");
        return Err(refuse(StatusCode::NOT_ACCEPTABLE, -32000, &text));
    }
    let kind = text_of(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some(JSON) {
        let text = "Unsupported media type: Content-Type must be application/json";
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, -32000, text));
    }
    Ok(())
}

/// The session that a request names; `None` for a server without sessions.
fn session_of(state: &State, headers: &HeaderMap) -> Result<Option<String>, Answer> {
    if state.options.stateless {
        return Ok(None);
    }
    let Some(id) = text_of(headers, SESSION_ID) else {
        let text = "Bad request: the Mcp-Session-Id header is required";
        return Err(refuse(StatusCode::BAD_REQUEST, -32000, text));
    };
    let (mut sessions, options) = (state.sessions(), state.options);
    let known = sessions.get(id);
    let expired = known.as_ref().is_some_and(|session| {
        options.lose_after.is_some_and(|calls| session.calls >= calls)
            || options.lose_every.is_some_and(|age| session.opened.elapsed() >= age)
    });
    if known.is_none() || expired {
        sessions.end(id);
        return Err(faults::lost(options.lost_as));
    }
    drop(sessions);
    Ok(Some(id.to_owned()))
}

fn check_version(headers: &HeaderMap) -> Result<(), Answer> {
    match text_of(headers, PROTOCOL_VERSION) {
        Some(version) if !HANDSHAKE_VERSIONS.contains(&version) && version != OLDEST_ANSWERED => {
            let text = format!("Bad request: unsupported protocol version: {version}");
            Err(refuse(StatusCode::BAD_REQUEST, -32000, &text))
        }
        _ => Ok(()),
    }
}

fn initialize(state: &State, headers: &HeaderMap, message: &Value) -> Result<Answer, Answer> {
    if !state.options.stateless && headers.contains_key(SESSION_ID) {
        let text = "Invalid request: initialize must not carry an Mcp-Session-Id";
        return Err(refuse(StatusCode::BAD_REQUEST, -32600, text));
    }
    let asked = message["params"]["protocolVersion"].as_str().unwrap_or_default();
    let version =
        HANDSHAKE_VERSIONS.into_iter().find(|known| *known == asked).unwrap_or(LATEST_HANDSHAKE);
    let result = json!({
        "protocolVersion": version,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "mcpoke-demo", "version": env!("CARGO_PKG_VERSION")},
        "instructions": "A server to try things on. Its tools do what their names say.",
    });
    let mut answer = state.answer(&success(&message["id"], &result));
    if !state.options.stateless {
        let id = state.sessions().open().and_then(|id| HeaderValue::from_str(&id).ok());
        let id = id.ok_or_else(|| {
            refuse(StatusCode::SERVICE_UNAVAILABLE, -32000, "Too many open sessions")
        })?;
        answer.headers_mut().insert(SESSION_ID, id);
    }
    Ok(answer)
}

async fn serve(state: &Arc<State>, method: &str, message: &Value) -> Answer {
    let (id, params) = (&message["id"], &message["params"]);
    let reply = match method {
        "ping" => success(id, &json!({})),
        "tools/list" => success(id, &json!({"tools": tools::list()})),
        "tools/call" => {
            let name = params["name"].as_str().unwrap_or_default();
            match tools::call(name, &params["arguments"]) {
                Call::Done(result) => match state.options.fault {
                    Some(fault) => return faults::faulty(fault, id, &result).await,
                    None => success(id, &result),
                },
                Call::Unknown => error(id, -32602, &format!("Unknown tool: {name}")),
                Call::Slow { step, steps } => {
                    return slow(state.options.answers, message, step, steps).await;
                }
            }
        }
        _ => error(id, -32601, &format!("Method not found: {method}")),
    };
    state.answer(&reply)
}

/// Works step by step; stops when the client goes away.
async fn slow(answers: AnswerForm, message: &Value, step: Duration, steps: u32) -> Answer {
    let reply = success(&message["id"], &tools::slow_result(steps));
    if answers == AnswerForm::Json {
        // Dropped by hyper when the client goes away.
        tokio::time::sleep(step * steps).await;
        return document(StatusCode::OK, &reply);
    }
    let token = message["params"]["_meta"]["progressToken"].clone();
    let (mut sender, answer) = stream();
    tokio::task::spawn_local(async move {
        for done in 1..=steps {
            tokio::time::sleep(step).await;
            let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {
                "progressToken": token, "progress": done, "total": steps}});
            // Without a token nobody asked for progress; the comment tells whether anyone is there.
            let text = if token.is_null() { ": working\n\n".to_owned() } else { event(&progress) };
            if sender.send_data(Bytes::from(text)).await.is_err() {
                return;
            }
        }
        let _ = sender.send_data(Bytes::from(event(&reply))).await;
    });
    answer
}

/// The standalone stream: silent, but for a comment now and then.
fn listen(state: &Arc<State>, headers: &HeaderMap) -> Result<Answer, Answer> {
    let Some(id) = session_of(state, headers)? else { return Err(not_allowed(state)) };
    if !text_of(headers, header::ACCEPT.as_str()).unwrap_or_default().contains(EVENT_STREAM) {
        let text = "Not acceptable: Accept must name text/event-stream";
        return Err(refuse(StatusCode::NOT_ACCEPTABLE, -32000, text));
    }
    let taken = state
        .sessions()
        .get(&id)
        .is_some_and(|session| std::mem::replace(&mut session.listening, true));
    if taken {
        let text = "Conflict: the session has a stream already";
        return Err(refuse(StatusCode::CONFLICT, -32000, text));
    }
    let (mut sender, body) = Channel::<Bytes>::new(1);
    // hyper drops the body when the client goes away, and the place is free again.
    let place = Place { state: Arc::clone(state), id: id.clone() };
    let body = body.map_frame(move |frame| {
        let _ = &place;
        frame
    });
    let state = Arc::clone(state);
    tokio::task::spawn_local(async move {
        while sender.send_data(Bytes::from_static(b": keep-alive\n\n")).await.is_ok()
            && state.sessions().get(&id).is_some()
        {
            tokio::time::sleep(KEEP_ALIVE).await;
        }
    });
    Ok(with_type(StatusCode::OK, EVENT_STREAM, body.map_err(io::Error::other).boxed_unsync()))
}

/// The one standalone stream that a session may have.
struct Place {
    state: Arc<State>,
    id: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(session) = self.state.sessions().get(&self.id) {
            session.listening = false;
        }
    }
}

fn end(state: &State, headers: &HeaderMap) -> Result<Answer, Answer> {
    let Some(id) = session_of(state, headers)? else { return Err(not_allowed(state)) };
    state.sessions().end(&id);
    Ok(empty(StatusCode::NO_CONTENT))
}

impl State {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer in the form the server was started with.
    fn answer(&self, reply: &Value) -> Answer {
        match self.options.answers {
            AnswerForm::Json => document(StatusCode::OK, reply),
            AnswerForm::Sse => {
                let body =
                    Full::new(Bytes::from(event(reply))).map_err(io::Error::other).boxed_unsync();
                with_type(StatusCode::OK, EVENT_STREAM, body)
            }
        }
    }
}

pub(super) fn success(id: &Value, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

pub(super) fn event(message: &Value) -> String {
    format!("event: message\ndata: {message}\n\n")
}

fn stream() -> (Sender<Bytes>, Answer) {
    let (sender, body) = Channel::new(1);
    (sender, with_type(StatusCode::OK, EVENT_STREAM, body.map_err(io::Error::other).boxed_unsync()))
}

fn document(status: StatusCode, reply: &Value) -> Answer {
    with_type(
        status,
        JSON,
        Full::new(Bytes::from(reply.to_string())).map_err(io::Error::other).boxed_unsync(),
    )
}

pub(super) fn refuse(status: StatusCode, code: i64, text: &str) -> Answer {
    document(status, &error(&Value::Null, code, text))
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    with_type(
        status,
        "text/plain",
        Full::new(Bytes::from_static(text.as_bytes())).map_err(io::Error::other).boxed_unsync(),
    )
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Empty::new().map_err(io::Error::other).boxed_unsync());
    *answer.status_mut() = status;
    answer
}

fn not_allowed(state: &State) -> Answer {
    let mut answer = refuse(StatusCode::METHOD_NOT_ALLOWED, -32000, "Method not allowed");
    let allowed = if state.options.stateless { "POST" } else { "GET, POST, DELETE" };
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

pub(super) fn with_type(status: StatusCode, kind: &'static str, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}
