//! What a server asks of its client: `elicitation/create`, `sampling/createMessage`, `roots/list` and
//! `ping`, the same in both eras (2025-11-25: requests of the server's own; 2026-07-28: input requests
//! within a result).

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::protocol::{codes, methods};

/// Serves what a server asks for.
pub trait Responder: Send {
    /// The answer to a request of this method; what it does not know it refuses.
    fn respond(&mut self, method: &str, params: &Value) -> Response;
}

/// The answer to what a server asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// What it wanted.
    Result(Value),
    /// Nothing: the code of the JSON-RPC error, and why.
    Refused(i64, String),
}

/// A responder that the call and the stream beside it share.
#[derive(Clone, Default)]
pub struct Inquiries(Option<Arc<Mutex<dyn Responder>>>);

impl Inquiries {
    /// Served by this one.
    pub fn served_by(responder: impl Responder + 'static) -> Self {
        Self(Some(Arc::new(Mutex::new(responder))))
    }

    /// The answer to a server's request. `ping` is always served.
    pub(super) fn respond(&self, method: &str, params: Option<&RawValue>) -> Response {
        if method == methods::PING {
            return Response::Result(json!({}));
        }
        let params = params.and_then(|params| serde_json::from_str(params.get()).ok());
        match &self.0 {
            Some(responder) => {
                let mut responder = responder.lock().unwrap_or_else(PoisonError::into_inner);
                responder.respond(method, &params.unwrap_or_default())
            }
            None => Response::Refused(
                codes::METHOD_NOT_FOUND,
                "this client offers no such method".to_owned(),
            ),
        }
    }
}
