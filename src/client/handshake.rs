//! `initialize`, then `notifications/initialized`, and the DELETE at the end
//! (2025-11-25, Lifecycle and Transports, "Session Management").

use std::time::SystemTime;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::{Error, ErrorKind};
use super::{CLIENT_NAME, Client, Session};
use crate::exchange::{Exchange, Purpose};
use crate::protocol::types::InitializeResult;
use crate::protocol::{headers, jsonrpc, version};

/// How to do a handshake.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// The revision to ask for.
    pub version: String,
    /// The capabilities to declare.
    pub capabilities: Value,
    /// Whether to send `notifications/initialized`; leaving it out is a thin client's mistake.
    pub send_initialized: bool,
    /// Whether the user asked for this very revision, so that an unknown one is accepted back.
    pub forced: bool,
}

impl Default for Handshake {
    fn default() -> Self {
        Self {
            version: version::LATEST_HANDSHAKE.to_owned(),
            capabilities: json!({}),
            send_initialized: true,
            forced: false,
        }
    }
}

/// What a handshake brought.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What the server said.
    pub result: InitializeResult,
    /// The same, as it sent it.
    pub raw: Box<RawValue>,
    /// The session it issued; `None` means that it keeps none.
    pub session_id: Option<String>,
    /// What was declared to it.
    pub client_capabilities: Value,
    /// When.
    pub at: SystemTime,
}

impl Opened {
    /// What later requests carry.
    pub fn session(&self) -> Session {
        Session { version: Some(self.result.protocol_version.clone()), id: self.session_id.clone() }
    }
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The server ended it.
    Ended,
    /// The server did not know it any more.
    AlreadyGone,
    /// The server does not let clients end sessions (405), or keeps none.
    NotSupported,
    /// The server answered something else; the status.
    Refused(u16),
}

impl Client {
    /// Opens a session. No session id is sent with `initialize`, and none is taken from anything but
    /// its 2xx answer: error answers of real servers carry dead ids.
    pub fn initialize(&mut self, handshake: &Handshake) -> Result<Opened, Error> {
        let params = json!({
            "protocolVersion": handshake.version,
            "capabilities": handshake.capabilities,
            "clientInfo": {"name": CLIENT_NAME, "version": env!("CARGO_PKG_VERSION")},
        });
        self.session = Session::default();
        let raw = self.round_trip(&Purpose::of("initialize"), &params)?;
        let session_id = self.history.last().and_then(issued);
        let result: InitializeResult = serde_json::from_str(raw.get()).map_err(|error| {
            let text = format!("the answer to initialize cannot be read: {error}");
            self.failed(ErrorKind::Protocol(text))
        })?;
        let as_forced = handshake.forced && result.protocol_version == handshake.version;
        if !as_forced && !version::is_spoken(&result.protocol_version) {
            let error = self.failed(ErrorKind::Protocol(format!(
                "the server wants protocol version {}, which this client does not speak",
                result.protocol_version
            )));
            // The session that came with it is nobody's.
            let version = Some(version::LATEST_HANDSHAKE.to_owned());
            self.session = Session { version, id: session_id };
            let _ = self.close();
            return Err(error);
        }
        if session_id.as_ref().is_some_and(|id| !headers::is_valid_session_id(id)) {
            let text = "the server issued a session id that is not visible ASCII".to_owned();
            return Err(self.failed(ErrorKind::Protocol(text)));
        }
        let opened = Opened {
            result,
            raw,
            session_id,
            client_capabilities: handshake.capabilities.clone(),
            at: SystemTime::now(),
        };
        self.session = opened.session();
        if handshake.send_initialized {
            self.notify("notifications/initialized").inspect_err(|_| {
                // Half a handshake leaves a session that nobody will use.
                let _ = self.close();
            })?;
        }
        Ok(opened)
    }

    /// Sends a notification. Any 2xx accepts it, whatever its body.
    pub fn notify(&mut self, method: &str) -> Result<(), Error> {
        let request = self.post(jsonrpc::notification(method), &self.session);
        let mut reply = self.send(Purpose::of(method), request)?;
        if (200..300).contains(&reply.status()) {
            let exchange = reply.finish_whole();
            self.history.push(*exchange);
            return Ok(());
        }
        let status = reply.status();
        let error = first_error(&mut reply);
        let exchange = reply.finish();
        self.history.push(*exchange);
        Err(self.failed(error.map_or(ErrorKind::Status(status), ErrorKind::Rpc)))
    }

    /// Ends the session with DELETE. What servers answer to it differs; nothing of it is a failure
    /// but not being able to reach the server.
    pub fn close(&mut self) -> Result<Closed, Error> {
        if self.session.id.is_none() {
            return Ok(Closed::NotSupported);
        }
        let request = self.bare("DELETE", &self.session);
        let reply = self.send(Purpose::default(), request)?;
        let status = reply.status();
        let exchange = reply.finish();
        self.history.push(*exchange);
        self.session = Session::default();
        Ok(match status {
            200..300 => Closed::Ended,
            404 | 410 | 400 => Closed::AlreadyGone,
            405 | 501 => Closed::NotSupported,
            _ => Closed::Refused(status),
        })
    }
}

/// The session id in a 2xx answer; an empty one is none.
fn issued(exchange: &Exchange) -> Option<String> {
    let answer = exchange.answer.as_ref().filter(|answer| answer.is_success())?;
    answer.header(headers::SESSION_ID).filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The JSON-RPC error of a refusal, if its body holds one.
fn first_error(reply: &mut crate::transport::Reply) -> Option<jsonrpc::ErrorObject> {
    while let Ok(Some(text)) = reply.next_message() {
        for message in jsonrpc::parse(&text).unwrap_or_default() {
            if let jsonrpc::Message::Error { error, .. } = message {
                return Some(error);
            }
        }
    }
    None
}
