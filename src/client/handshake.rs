//! The beginning of the legacy era and its end: `initialize`, then `notifications/initialized`, and DELETE
//! (2025-11-25, Lifecycle and Transports, "Session Management").

use std::time::SystemTime;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::era::Probe;
use super::error::{Error, ErrorKind};
use super::{Ask, Client, Repeat, Session, client_info};
use crate::exchange::{Exchange, Purpose};
use crate::protocol::methods;
use crate::protocol::types::{InitializeResult, ToolList, Transport};
use crate::protocol::{headers, jsonrpc, version};

/// How to begin with a server.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// The revision that the user asked for; `None` finds out what the server speaks.
    pub asked: Option<String>,
    /// What to find that out with.
    pub probe: Probe,
    /// The capabilities to declare.
    pub capabilities: Value,
    /// Whether to send `notifications/initialized`; leaving it out is a thin client's mistake.
    pub send_initialized: bool,
}

impl Default for Handshake {
    fn default() -> Self {
        Self {
            asked: None,
            probe: Probe::Discover,
            capabilities: json!({}),
            send_initialized: true,
        }
    }
}

/// What the beginning brought.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What the server said of itself, with the revision to speak.
    pub result: InitializeResult,
    /// The answer that says so, as it came.
    pub raw: Box<RawValue>,
    /// What later requests carry.
    pub session: Session,
    /// What was declared to it.
    pub client_capabilities: Value,
    /// Its tools, where they came along.
    pub tools: Option<ToolList>,
    /// When.
    pub at: SystemTime,
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
        let version = handshake.asked.as_deref().unwrap_or(version::LATEST_HANDSHAKE);
        self.initialize_with(handshake, version)
    }

    /// The same, asking for this revision.
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
        let transport = if self.post_to.is_some() { Transport::Sse } else { Transport::Http };
        self.session = Session { transport, ..Session::default() };
        let initialize = Ask::new(Purpose::of(methods::INITIALIZE), params, Repeat::Harmful);
        let raw = self.round_trip(&initialize)?;
        let session_id = self.history.last().and_then(issued);
        let result: InitializeResult = serde_json::from_str(raw.get()).map_err(|error| {
            let text = format!("the answer to initialize cannot be read: {error}");
            self.failed(ErrorKind::Protocol(text))
        })?;
        let as_forced = handshake.asked.as_ref() == Some(&result.protocol_version);
        if !as_forced && !version::is_spoken(&result.protocol_version) {
            let error = self.failed(ErrorKind::Protocol(format!(
                "the server wants protocol version {}, which this client does not speak",
                result.protocol_version
            )));
            // The session that came with it is nobody's.
            self.session.version = Some(version::LATEST_HANDSHAKE.to_owned());
            self.session.id = session_id;
            let _ = self.close();
            return Err(error);
        }
        if session_id.as_ref().is_some_and(|id| !headers::is_valid_session_id(id)) {
            let text = "the server issued a session id that is not visible ASCII".to_owned();
            return Err(self.failed(ErrorKind::Protocol(text)));
        }
        let version = Some(result.protocol_version.clone());
        self.session = Session { version, id: session_id, transport };
        let opened = Opened {
            result,
            raw,
            session: self.session.clone(),
            client_capabilities: handshake.capabilities.clone(),
            tools: None,
            at: SystemTime::now(),
        };
        if handshake.send_initialized {
            self.notify(methods::INITIALIZED, &Value::Null).inspect_err(|_| {
                // Half a handshake leaves a session that nobody will use.
                let _ = self.close();
            })?;
        }
        Ok(opened)
    }

    /// Sends a notification. Any 2xx accepts it, whatever its body.
    pub fn notify(&mut self, method: &str, params: &Value) -> Result<(), Error> {
        let request = self.post(jsonrpc::notification(method, params));
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
        self.hurry_if_interrupted();
        let request = self.bare("DELETE", headers::ACCEPT_BOTH);
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
