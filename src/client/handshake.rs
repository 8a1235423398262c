//! Opens and closes legacy sessions: `initialize`, `notifications/initialized` and DELETE
//! (2025-11-25, Lifecycle and Transports, "Session Management").

use std::time::SystemTime;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::{Error, ErrorKind};
use super::rpc_request::{Idempotency, RpcRequest, RpcResponse};
use super::{Client, Session, client_info};
use crate::exchange::{Exchange, Purpose};
use crate::protocol::methods;
use crate::protocol::types::{InitializeResult, ToolList, Transport};
use crate::protocol::{headers, jsonrpc, version};

/// Harmless request that detects the era.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EraProbe {
    /// `server/discover`, which describes the server.
    Discover,
    /// `tools/list`, which a tool call needs in any case.
    ListTools,
}

/// Settings for opening a session.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// Revision requested by the user; `None` detects what the server supports.
    pub asked: Option<String>,
    /// Probe used for the detection.
    pub probe: EraProbe,
    /// The capabilities to declare.
    pub capabilities: Value,
    /// Sends `notifications/initialized` if true; false reproduces a mistake of thin clients.
    pub send_initialized: bool,
}

impl Default for Handshake {
    fn default() -> Self {
        Self {
            asked: None,
            probe: EraProbe::Discover,
            capabilities: json!({}),
            send_initialized: true,
        }
    }
}

/// Result of opening a session.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Description of the server, with the negotiated revision.
    pub result: InitializeResult,
    /// Raw JSON of the result, as received.
    pub raw: Box<RawValue>,
    /// Session data that later requests carry.
    pub session: Session,
    /// Capabilities that the client declared.
    pub client_capabilities: Value,
    /// Tools of the server, if the detection already listed them.
    pub tools: Option<ToolList>,
    /// Time at which the session was opened.
    pub at: SystemTime,
}

/// Outcome of closing a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The server ended the session.
    Ended,
    /// The server no longer recognised the session.
    AlreadyGone,
    /// The server does not let clients end sessions (405 or 501), or there is no session.
    NotSupported,
    /// The server responded with another status.
    Refused(u16),
}

impl Client {
    /// Opens a legacy session. No session id is sent with `initialize`, and one is accepted
    /// only from a 2xx response: real servers send dead ids in error responses.
    pub fn initialize(&mut self, handshake: &Handshake) -> Result<Opened, Error> {
        let version = handshake.asked.as_deref().unwrap_or(version::LATEST_HANDSHAKE);
        self.initialize_with(handshake, version)
    }

    /// Like `initialize`, but requests this revision.
    pub(super) fn initialize_with(
        &mut self,
        handshake: &Handshake,
        version: &str,
    ) -> Result<Opened, Error> {
        let params = json!({
            "protocolVersion": version,
            "capabilities": handshake.capabilities,
            "clientInfo": client_info(),
        });
        let transport = if self.stream.is_some() { Transport::Sse } else { Transport::Http };
        self.enter(Session::of(transport, None, None));
        let purpose = Purpose::of(methods::INITIALIZE);
        let initialize = RpcRequest::new(purpose, params, Idempotency::NotIdempotent);
        let RpcResponse { result: raw, exchange, .. } = self.round_trip(&initialize)?;
        let session_id = issued(&exchange);
        let result: InitializeResult = match serde_json::from_str(raw.get()) {
            Ok(result) => result,
            Err(error) => {
                let text = format!("the answer to initialize cannot be read: {error}");
                return Err(Error::protocol(text).shown_by(exchange));
            }
        };
        // A revision that the user asked for is accepted even if this client does not support it.
        let as_forced = handshake.asked.as_ref() == Some(&result.protocol_version);
        if !as_forced && !version::is_spoken(&result.protocol_version) {
            let text = format!(
                "the server wants protocol version {}, which this client does not speak",
                result.protocol_version
            );
            // Nothing will use the session that came with this response, so close it.
            let version = Some(version::LATEST_HANDSHAKE.to_owned());
            self.enter(Session::of(transport, version, session_id));
            let _ = self.close();
            return Err(Error::protocol(text).shown_by(exchange));
        }
        if session_id.as_ref().is_some_and(|id| !headers::is_valid_session_id(id)) {
            let text = "the server issued a session id that is not visible ASCII";
            return Err(Error::protocol(text).shown_by(exchange));
        }
        let version = Some(result.protocol_version.clone());
        self.enter(Session::of(transport, version, session_id));
        let opened = Opened {
            result,
            raw,
            session: self.session().clone(),
            client_capabilities: handshake.capabilities.clone(),
            tools: None,
            at: SystemTime::now(),
        };
        if handshake.send_initialized {
            self.notify(methods::INITIALIZED, &Value::Null).inspect_err(|_| {
                // An incomplete handshake would leave an unused session on the server.
                let _ = self.close();
            })?;
        }
        Ok(opened)
    }

    /// Sends a notification. Any 2xx status accepts it, whatever the body.
    pub fn notify(&mut self, method: &str, params: &Value) -> Result<(), Error> {
        let request = self.connection.post(jsonrpc::notification(method, params));
        let mut reply = self.connection.send(&Purpose::of(method), request)?;
        if (200..300).contains(&reply.status()) {
            reply.finish_whole();
            return Ok(());
        }
        let status = reply.status();
        let error = first_error(&mut reply);
        let kind = error.map_or(ErrorKind::Status(status), ErrorKind::Rpc);
        Err(Error::of(kind).shown_by(reply.finish()))
    }

    /// Ends the session with DELETE. Servers respond to it in different ways, so only a failed
    /// exchange is an error, never a status.
    pub fn close(&mut self) -> Result<Closed, Error> {
        if self.session().id().is_none() {
            return Ok(Closed::NotSupported);
        }
        self.connection.hurry_if_interrupted();
        let request = self.connection.delete();
        let reply = self.connection.send(&Purpose::default(), request)?;
        let status = reply.status();
        reply.finish();
        self.enter(Session::default());
        Ok(match status {
            200..300 => Closed::Ended,
            // The specification says 404 for an unknown session; real servers also send 410 and
            // 400.
            404 | 410 | 400 => Closed::AlreadyGone,
            405 | 501 => Closed::NotSupported,
            _ => Closed::Refused(status),
        })
    }
}

/// Returns the session id of a 2xx response; an empty id counts as none.
fn issued(exchange: &Exchange) -> Option<String> {
    let answer = exchange.answer.as_ref().filter(|answer| answer.is_success())?;
    answer.session_id().map(str::to_owned)
}

/// Returns the first JSON-RPC error in the rest of the body, if any.
pub(super) fn first_error(reply: &mut crate::transport::Reply) -> Option<jsonrpc::ErrorObject> {
    while let Ok(Some(text)) = reply.next_message() {
        for message in jsonrpc::parse(&text).unwrap_or_default() {
            if let jsonrpc::Message::Error { error, .. } = message {
                return Some(error);
            }
        }
    }
    None
}
