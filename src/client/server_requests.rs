//! Requests from the server to the client: `elicitation/create`, `sampling/createMessage`,
//! `roots/list` and `ping`. Both eras use the same methods. In 2025-11-25 the server sends
//! them as requests; in 2026-07-28 they are input requests within a result.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::protocol::{codes, methods};

/// Handler for requests from the server.
pub trait ServerRequestHandler: Send {
    /// Returns the response to a request. Unknown methods are refused.
    fn respond(&mut self, method: &str, params: &Value) -> Response;
}

/// Response to a request from the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// Result of the request.
    Result(Value),
    /// Refusal: the JSON-RPC error code and the reason.
    Refused(i64, String),
}

/// Request handler shared by a call and its standalone stream.
#[derive(Clone, Default)]
pub struct ServerRequests(Option<Arc<Mutex<dyn ServerRequestHandler>>>);

impl ServerRequests {
    /// Shares this handler.
    pub fn handled_by(handler: impl ServerRequestHandler + 'static) -> Self {
        Self(Some(Arc::new(Mutex::new(handler))))
    }

    /// Returns the response to a request from the server. `ping` always succeeds.
    pub(super) fn respond(&self, method: &str, params: Option<&RawValue>) -> Response {
        if method == methods::PING {
            return Response::Result(json!({}));
        }
        let params = params.and_then(|params| serde_json::from_str(params.get()).ok());
        match &self.0 {
            Some(handler) => {
                let mut handler = handler.lock().unwrap_or_else(PoisonError::into_inner);
                handler.respond(method, &params.unwrap_or_default())
            }
            None => Response::Refused(
                codes::METHOD_NOT_FOUND,
                "this client offers no such method".to_owned(),
            ),
        }
    }
}
