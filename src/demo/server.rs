//! HTTP side of the built-in server: the checks of both eras, and the choice between them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::answers::{Answer, not_allowed, plain, refuse, text_of};
use super::state::DemoState;
use super::{DemoAuth, DemoEras, DemoOptions, Fault, TOKEN, legacy, modern};
use crate::protocol::envelope::META_VERSION;
use crate::protocol::headers::{ACCEPT_BOTH, EVENT_STREAM, JSON, PROTOCOL_VERSION};
use crate::protocol::version::Era;
use crate::protocol::{codes, methods};

/// Maximum size of a request, in bytes.
const MAX_REQUEST: usize = 4 * 1024 * 1024;
/// Delay before the next attempt when no connection can be accepted.
const RETRY: Duration = Duration::from_millis(50);
/// Serves until the listener fails.
pub(super) fn run(listener: std::net::TcpListener, options: DemoOptions) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let state = Arc::new(DemoState::new(options));
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // All file descriptors are in use, say; some will be free again.
                tokio::time::sleep(RETRY).await;
                continue;
            };
            // The client may be gone already.
            let _ = stream.set_nodelay(true);
            if options.fault == Some(Fault::Reset) {
                // Closing the connection then sends a reset.
                let _ = stream.set_zero_linger();
            }
            let state = Arc::clone(&state);
            tokio::task::spawn_local(async move {
                let service = hyper::service::service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, Infallible>(handle(&state, request).await) }
                });
                // A broken connection concerns only its own client.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

async fn handle(state: &Arc<DemoState>, request: Request<Incoming>) -> Answer {
    if let Err(refusal) = check_origin(request.headers()) {
        return refusal;
    }
    let request = if state.options.auth == DemoAuth::OAuth {
        match state.authority.serve(request).await {
            Ok(answer) => return answer,
            Err(request) => request,
        }
    } else {
        request
    };
    if request.uri().path() != "/mcp" {
        return plain(StatusCode::NOT_FOUND, "Not found: the endpoint is /mcp");
    }
    if let Err(refusal) = check_token(state, request.headers()) {
        return refusal;
    }
    let outcome = match *request.method() {
        Method::POST => post(state, request).await,
        // The modern era has only POST (2026-07-28, Streamable HTTP, "Earlier Streamable HTTP
        // Revisions").
        _ if state.options.eras == DemoEras::Modern => Ok(not_allowed("POST")),
        Method::GET => legacy::listen(state, request.headers()),
        Method::DELETE => legacy::end(state, request.headers()),
        _ => Ok(legacy::refuse_method(state)),
    };
    outcome.unwrap_or_else(|refusal| refusal)
}

/// Permits only names of this machine: a web page must not reach the server through DNS
/// rebinding (2025-11-25, Transports, "Security Warning").
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
        return Err(refuse(
            StatusCode::FORBIDDEN,
            codes::SERVER_ERROR,
            "Forbidden: invalid Host header",
        ));
    }
    match text_of(headers, header::ORIGIN.as_str()) {
        Some(origin) if !origin.split_once("://").is_some_and(|(_, host)| local(host)) => Err(
            refuse(StatusCode::FORBIDDEN, codes::SERVER_ERROR, "Forbidden: invalid Origin header"),
        ),
        _ => Ok(()),
    }
}

/// Checks the client's token (RFC 6750, 3).
fn check_token(state: &DemoState, headers: &HeaderMap) -> Result<(), Answer> {
    match state.options.auth {
        DemoAuth::None => return Ok(()),
        DemoAuth::OAuth => return state.authority.check(headers, false),
        DemoAuth::Bearer => {}
    }
    let given = text_of(headers, header::AUTHORIZATION.as_str());
    let token = given.and_then(|given| given.strip_prefix("Bearer "));
    let (challenge, text) = match token {
        Some(TOKEN) => return Ok(()),
        Some(_) => {
            ("Bearer realm=\"mcpoke-demo\", error=\"invalid_token\"", "Unauthorized: wrong token")
        }
        None => ("Bearer realm=\"mcpoke-demo\"", "Unauthorized: a bearer token is wanted"),
    };
    let mut refusal = refuse(StatusCode::UNAUTHORIZED, codes::SESSION_NOT_FOUND, text);
    let challenge = HeaderValue::from_static(challenge);
    refusal.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    Err(refusal)
}

async fn post(state: &Arc<DemoState>, request: Request<Incoming>) -> Result<Answer, Answer> {
    check_types(request.headers())?;
    let headers = request.headers().clone();
    let body = Limited::new(request.into_body(), MAX_REQUEST).collect().await.map_err(|_| {
        refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            codes::SERVER_ERROR,
            "Payload too large: at most 4 MiB",
        )
    })?;
    let message: Value = serde_json::from_slice(&body.to_bytes()).map_err(|_| {
        refuse(StatusCode::BAD_REQUEST, codes::PARSE_ERROR, "Parse error: the body is not JSON")
    })?;
    if message["jsonrpc"] != "2.0" {
        let text = "Invalid request: one JSON-RPC 2.0 message is expected";
        return Err(refuse(StatusCode::BAD_REQUEST, codes::INVALID_REQUEST, text));
    }
    // `toggle` has side effects for everybody, so it requires another scope.
    if state.options.auth == DemoAuth::OAuth
        && message["method"] == methods::CALL_TOOL
        && message["params"]["name"] == "toggle"
    {
        state.authority.check(&headers, true)?;
    }
    let is_modern = match state.options.eras {
        DemoEras::Legacy => false,
        DemoEras::Modern => true,
        // A request with its own metadata is handled by the modern era (2026-07-28, Versioning,
        // "Backward Compatibility").
        DemoEras::Dual => {
            text_of(&headers, PROTOCOL_VERSION).map(Era::of) == Some(Era::Modern)
                || message["params"]["_meta"].get(META_VERSION).is_some()
        }
    };
    if is_modern {
        return modern::serve(state, &headers, &message).await;
    }
    legacy::serve(state, &headers, &message).await
}

fn check_types(headers: &HeaderMap) -> Result<(), Answer> {
    let accept = text_of(headers, header::ACCEPT.as_str()).unwrap_or_default();
    let names =
        |kind: &str| accept.split(',').any(|part| part.trim().split(';').next() == Some(kind));
    if !names(JSON) || !names(EVENT_STREAM) {
        let text = format!("Not acceptable: Accept must name both types: {ACCEPT_BOTH}");
        return Err(refuse(StatusCode::NOT_ACCEPTABLE, codes::SERVER_ERROR, &text));
    }
    let kind = text_of(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some(JSON) {
        let text = "Unsupported media type: Content-Type must be application/json";
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, codes::SERVER_ERROR, text));
    }
    Ok(())
}
