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
use crate::protocol::tools::ToolList;
use crate::protocol::types::{InitializeResult, Transport};
use crate::protocol::version::Era;
use crate::protocol::{codes, headers, jsonrpc, version};

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

    /// Like `initialize`, but requests this revision. If the server refuses it and names another one that
    /// this client supports, requests that one.
    pub(super) fn initialize_with(
        &mut self,
        handshake: &Handshake,
        version: &str,
    ) -> Result<Opened, Error> {
        let mut outcome = self.initialize_as(handshake, version);
        if outcome.as_ref().is_err_and(may_be_about_the_id) && !self.ids.are_numbers() {
            // `initialize` was refused, so sending it again does no harm.
            self.ids.use_numbers();
            outcome = self.initialize_as(handshake, version);
            if outcome.is_ok() {
                let what = "the server accepts only numeric request ids; numbers are sent";
                self.departs(what.to_owned(), "JSON-RPC 2.0, 4");
            }
        }
        let error = match outcome {
            Err(error) if handshake.asked.is_none() => error,
            outcome => return outcome,
        };
        match named_version(&error, version) {
            Some(other) => self.initialize_as(handshake, &other),
            None => Err(error),
        }
    }

    fn initialize_as(&mut self, handshake: &Handshake, version: &str) -> Result<Opened, Error> {
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
        let result = match self.read_initialize(&raw, version) {
            Ok(result) => result,
            Err(text) => return Err(Error::protocol(text).shown_by(exchange)),
        };
        // A revision that the user asked for is accepted even if this client does not support it.
        let as_forced = handshake.asked.as_ref() == Some(&result.protocol_version);
        if !as_forced && !version::is_spoken(&result.protocol_version) {
            let text = format!(
                "the server chose protocol version {}, which this client does not support",
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
            self.complete_handshake()?;
        }
        // The record is written once, after the handshake.
        let cookies = self.connection.cookies.saved();
        let session = opened.session.with_cookies(cookies);
        self.connection.session = session.clone();
        Ok(Opened { session, ..opened })
    }

    /// Reads the result of `initialize`. A protocol version that is missing, that is no text, or that has no
    /// handshake is replaced by the requested one.
    fn read_initialize(
        &mut self,
        raw: &RawValue,
        requested: &str,
    ) -> Result<InitializeResult, String> {
        let unreadable = |error| format!("the response to initialize cannot be read: {error}");
        let mut value: Value = serde_json::from_str(raw.get()).map_err(unreadable)?;
        let chosen = value["protocolVersion"].as_str().filter(|chosen| !chosen.is_empty());
        let is_modern = chosen.is_some_and(|chosen| Era::of(chosen) == Era::Modern);
        let is_known = chosen.is_some_and(|chosen| version::MODERN_VERSIONS.contains(&chosen));
        if value.is_object() && (chosen.is_none() || (is_modern && is_known)) {
            let sent = match &value["protocolVersion"] {
                Value::Null => "no protocolVersion".to_owned(),
                other => format!("the protocolVersion {other}"),
            };
            self.departs(
                format!("the server responded to initialize with {sent}; {requested} is used"),
                "2025-11-25, Lifecycle, Version Negotiation",
            );
            value["protocolVersion"] = requested.into();
        }
        serde_json::from_value(value).map_err(unreadable)
    }

    /// Sends `notifications/initialized`. A server that refuses it may serve the session all the same.
    fn complete_handshake(&mut self) -> Result<(), Error> {
        let Err(error) = self.notify(methods::INITIALIZED, &Value::Null) else { return Ok(()) };
        if matches!(&error.kind, ErrorKind::Transport(failed) if failed.by_us()) {
            // An incomplete handshake would leave an unused session on the server.
            let _ = self.close();
            return Err(error);
        }
        let what = match error.status() {
            Some(status) => format!("HTTP {status}"),
            None => error.to_string(),
        };
        self.departs(
            format!("the server refused notifications/initialized: {what}"),
            "2025-11-25, Transports, Sending Messages to the Server, 4",
        );
        Ok(())
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
        // A body with an error is evidence that the session was not ended.
        let mut reply = reply;
        let _ = reply.next_message_within(super::LOOK);
        reply.finish_whole();
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

/// Returns true if a refusal of `initialize` may be due to the id of the request: the message says so, or the
/// request is called invalid and no id is returned.
fn may_be_about_the_id(error: &Error) -> bool {
    let ErrorKind::Rpc(rpc) = &error.kind else { return false };
    let text = rpc.message.to_lowercase();
    let names_id = text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "id");
    let names_type = ["integer", "number", "numeric"].iter().any(|word| text.contains(word));
    let unaddressed = error.exchange.as_ref().is_some_and(|it| !it.error_names_its_request());
    (names_id && names_type)
        || (rpc.code == Some(codes::INVALID_REQUEST) && unaddressed && !text.contains("session"))
}

/// Returns the newest version with a handshake that a refusal of `initialize` names, in its data or in its
/// text, if this client supports it and did not request it.
fn named_version(error: &Error, requested: &str) -> Option<String> {
    let answer = error.exchange.as_ref()?.answer.as_ref()?;
    let (text, data) = match &error.kind {
        ErrorKind::Rpc(error) => (error.message.as_str(), error.data.as_ref()),
        ErrorKind::Status(_) => (answer.body.as_str(), None),
        _ => return None,
    };
    let data = data.map(|data| data.get()).unwrap_or_default();
    let is_about_it = |text: &str| text.to_ascii_lowercase().contains("version");
    if !is_about_it(text) && !is_about_it(data) && !data.contains("supported") {
        return None;
    }
    let known = version::HANDSHAKE_VERSIONS.into_iter().chain([version::OLDEST_ANSWERED]);
    let mut named =
        known.filter(|known| *known != requested && (text.contains(known) || data.contains(known)));
    named.next().map(str::to_owned)
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
