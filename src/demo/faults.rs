//! Misbehaviour on request: lost sessions, reported in every way, and broken responses.

use std::io;
use std::time::Duration;

use http_body_util::BodyExt as _;
use http_body_util::channel::Channel;
use hyper::StatusCode;
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::answers::{Answer, event, refuse, success, whole, with_type};
use super::{Fault, LostAs};
use crate::protocol::codes;
use crate::protocol::headers::{EVENT_STREAM, JSON};

/// Returns the response for an unknown session.
pub(super) fn lost(shape: LostAs) -> Answer {
    let text = |status, kind, body: &str| with_type(status, kind, whole(body.to_owned()));
    let plain = "text/plain";
    match shape {
        LostAs::Status404 => {
            refuse(StatusCode::NOT_FOUND, codes::SESSION_NOT_FOUND, "Session not found")
        }
        LostAs::Status400 => {
            let words = "Bad request: no valid session id was provided";
            refuse(StatusCode::BAD_REQUEST, codes::SERVER_ERROR, words)
        }
        LostAs::Text => text(StatusCode::NOT_FOUND, plain, "session not found\n"),
        LostAs::Status401 => {
            text(StatusCode::UNAUTHORIZED, plain, "Unauthorized: session not found")
        }
        LostAs::Status410 => text(StatusCode::GONE, plain, "session terminated"),
        LostAs::Status422 => {
            text(StatusCode::UNPROCESSABLE_ENTITY, plain, "Unexpected message, expected initialize")
        }
        LostAs::Status503 => {
            text(StatusCode::SERVICE_UNAVAILABLE, JSON, "{\"error\":\"unknown session\"}")
        }
        LostAs::Error => refuse(StatusCode::OK, codes::SESSION_NOT_FOUND, "No such session"),
        LostAs::Empty => text(StatusCode::OK, EVENT_STREAM, ""),
    }
}

/// Returns a response to a call with this fault.
pub(super) async fn faulty(fault: Fault, id: &Value, result: &Value) -> Answer {
    let text = match fault {
        Fault::Slow => {
            tokio::time::sleep(Duration::from_secs(3)).await;
            event(&success(id, result))
        }
        Fault::Huge => {
            let content = json!([{"type": "text", "text": "x".repeat(64 << 20)}]);
            event(&success(id, &json!({"content": content})))
        }
        Fault::Cut | Fault::Reset | Fault::Drip => event(&success(id, result)),
    };
    let (mut sender, body) = Channel::<Bytes, io::Error>::new(1);
    tokio::task::spawn_local(async move {
        match fault {
            Fault::Slow | Fault::Huge => {
                let _ = sender.send_data(Bytes::from(text)).await;
            }
            Fault::Drip => {
                for byte in text.bytes() {
                    if sender.send_data(Bytes::from(vec![byte])).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            Fault::Cut | Fault::Reset => {
                let half = text.len() / 2;
                let _ = sender.send_data(Bytes::from(text).slice(..half)).await;
                // The first half must reach the client before the connection breaks.
                tokio::time::sleep(Duration::from_millis(20)).await;
                sender.abort(io::ErrorKind::BrokenPipe.into());
            }
        }
    });
    with_type(StatusCode::OK, EVENT_STREAM, body.boxed_unsync())
}
