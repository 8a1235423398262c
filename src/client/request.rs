//! Sends a request in the form of its era, after what its session requires first, and returns its
//! response.

use std::borrow::Cow;

use serde_json::Value;
use serde_json::value::RawValue;

use super::connection::Connection;
use super::error::{Error, ErrorKind};
use super::listener::Listener;
use super::response::{Reading, RpcOutcome};
use super::rpc_request::{Idempotency, RpcRequest, RpcResponse};
use super::tasks::with_tasks;
use super::{Client, client_info};
use crate::exchange::{BodyKind, Purpose, Request};
use crate::protocol::jsonrpc::{self, RequestId};
use crate::protocol::{envelope, headers, methods};
use crate::transport::Reply;

/// Methods for which progress notifications are requested.
const MAY_TAKE_LONG: [&str; 3] = [methods::CALL_TOOL, methods::GET_PROMPT, methods::READ_RESOURCE];

/// Headers that only requests within a session carry.
const IN_A_SESSION: [&str; 2] = [headers::SESSION_ID, headers::PROTOCOL_VERSION];

/// Additions to a repeated request: responses to the server's input requests, and its
/// state.
#[derive(Default)]
pub(super) struct Input {
    pub(super) responses: serde_json::Map<String, Value>,
    pub(super) state: Option<Box<RawValue>>,
}

impl Client {
    /// Sends a request and returns its response. If allowed, renews a lost session, and detects
    /// the era again if the server has changed it.
    pub fn request(&mut self, rpc: &RpcRequest) -> Result<RpcResponse, Error> {
        let (error, idempotency) = match self.attempt(rpc) {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        self.try_again(rpc, error, idempotency)
    }

    /// Sends the request after whatever the session requires first. An error comes with the
    /// effect of repeating the step that failed.
    pub(super) fn attempt(
        &mut self,
        rpc: &RpcRequest,
    ) -> Result<RpcResponse, (Error, Idempotency)> {
        self.open_listener(rpc);
        self.say_log_level().map_err(|error| (error, Idempotency::Idempotent))?;
        self.complete(rpc).map_err(|error| (error, rpc.idempotency))
    }

    /// Sends `logging/setLevel` once in each session. In the modern era every request carries
    /// the level itself (2025-11-25, Logging).
    fn say_log_level(&mut self) -> Result<(), Error> {
        let Some(level) = self.config().log_level.filter(|_| !self.session().is_modern()) else {
            return Ok(());
        };
        if self.log_session.as_ref() != Some(self.session()) {
            self.round_trip(&RpcRequest::set_log_level(level))?;
            self.log_session = Some(self.session().clone());
        }
        Ok(())
    }

    /// Opens the standalone stream if the server may use a declared capability on it.
    fn open_listener(&mut self, rpc: &RpcRequest) {
        let wanted = self.listens
            && self.listener.is_none()
            && self.session().id().is_some()
            && !matches!(rpc.method(), methods::LIST_TOOLS | methods::PING);
        if wanted {
            self.listener = Listener::open(&self.connection);
        }
    }

    /// Sends one POST and returns its response.
    pub(super) fn round_trip(&mut self, rpc: &RpcRequest) -> Result<RpcResponse, Error> {
        self.round_trip_with(rpc, &Input::default())
    }

    /// Like `round_trip`, with the input that the server requested in the previous round.
    pub(super) fn round_trip_with(
        &mut self,
        rpc: &RpcRequest,
        input: &Input,
    ) -> Result<RpcResponse, Error> {
        let id = self.ids.next_id();
        // `initialize` may be sent again as its refusal asks: only its response opens a session.
        let may_have_effect =
            rpc.idempotency != Idempotency::Idempotent && rpc.method() != methods::INITIALIZE;
        let mut reply = if may_have_effect {
            self.send_cautiously(&id, rpc, input)?
        } else {
            let connection = &mut self.connection;
            let request = connection.compose(&id, rpc, input);
            let sent = connection.send(&rpc.purpose, request);
            sent.map_err(|error| connection.cancelled(error, rpc, &id))?
        };
        let connection = &mut self.connection;
        let (found, message) = match &mut self.stream {
            Some(stream) => connection.find_on_stream(&mut reply, stream, &id),
            None => connection.find_or_resume(&mut reply, &id),
        };
        let accepted = matches!(found, Ok(RpcOutcome::Nothing(_))) && reply.status() == 202;
        let (found, message) = if accepted && self.stream.is_none() {
            self.find_late_response(&id)
        } else {
            (found, message)
        };
        let ends = !rpc.keeps_connection && self.stream.is_none();
        let exchange = if ends { reply.finish() } else { reply.finish_whole() };
        let status = exchange.status();
        if let Some(encoding) = exchange.answer.as_ref().and_then(|answer| answer.decoded)
            && !self.config().options.compressed
        {
            let what = format!(
                "the server compressed its response ({encoding}) although identity was asked for"
            );
            self.departs(what, "RFC 9110, 12.5.3");
        }
        // A GET always resumes a stream, even if nothing arrives on it.
        let streamed = exchange.request.method == "GET"
            || exchange.answer.as_ref().is_some_and(|answer| answer.shape == BodyKind::Events);
        let message = message.filter(|_| rpc.keeps_message);
        let kind = match found {
            Ok(RpcOutcome::Result(result)) => return Ok(RpcResponse { result, message, exchange }),
            Ok(RpcOutcome::Error(error)) => ErrorKind::Rpc(error),
            Ok(RpcOutcome::Nothing(what)) => match status {
                Some(status) if !(200..300).contains(&status) => ErrorKind::Status(status),
                _ if streamed || accepted => ErrorKind::Unanswered(what),
                _ => ErrorKind::Protocol(what),
            },
            Err(error) => {
                let failed = Error::of(ErrorKind::Transport(error)).shown_by(exchange);
                return Err(self.connection.cancelled(failed, rpc, &id));
            }
        };
        Err(Error { message, ..Error::of(kind).shown_by(exchange) })
    }
}

impl Client {
    /// Looks for the response to an accepted request on the session's GET stream, where it does not belong
    /// (2025-11-25, Transports, "Sending Messages to the Server", 5).
    fn find_late_response(&mut self, id: &RequestId) -> Reading {
        let nothing = |why: &str| {
            let text = format!("the server accepted the request and sent no response{why}");
            (Ok(RpcOutcome::Nothing(text)), None)
        };
        if self.session().id().is_none() {
            return nothing("");
        }
        let mut open = self.late_responses.take();
        loop {
            let was_open = open.is_some();
            let opened = open.take().map_or_else(|| self.open_late_responses(), Ok);
            let mut stream = match opened {
                Ok(stream) => stream,
                Err(why) => return nothing(&why),
            };
            let found = self.connection.find_answer(&mut stream, id);
            match &found.0 {
                // The server may close the stream after each response.
                Ok(RpcOutcome::Nothing(_)) if was_open => {
                    stream.finish();
                }
                Ok(RpcOutcome::Nothing(_)) => {
                    stream.finish();
                    return nothing("; its GET stream ended");
                }
                Err(_) => {
                    stream.finish();
                    return found;
                }
                Ok(_) => {
                    self.late_responses = Some(stream);
                    self.departs(
                        "the server accepted a request with 202 and sent the response on the session's GET stream"
                            .to_owned(),
                        "2025-11-25, Transports, Sending Messages to the Server, 5",
                    );
                    return found;
                }
            }
        }
    }
}

impl Client {
    /// Opens the session's GET stream for responses. Returns a clause that says why there is none.
    fn open_late_responses(&mut self) -> Result<Reply, String> {
        // A session has one such stream.
        if let Some(listener) = self.listener.take() {
            listener.close();
        }
        self.listens = false;
        let (get, options) = (self.connection.get(None), self.config().options.clone());
        match self.connection.send_apart(&options, &Purpose::default(), get) {
            Ok(stream) if stream.status() == 200 => Ok(stream),
            Ok(refused) => {
                let status = refused.status();
                refused.finish();
                Err(format!("; it refused the GET stream with HTTP {status}"))
            }
            Err(error) => Err(format!("; its GET stream failed: {error}")),
        }
    }
}

impl Connection {
    /// Cancels the failed request on the server where possible, and records that in the error.
    pub(super) fn cancelled(
        &mut self,
        mut error: Error,
        rpc: &RpcRequest,
        id: &RequestId,
    ) -> Error {
        if let ErrorKind::Transport(why) = &error.kind {
            error.cancelled = self.cancel(rpc, id, why);
        }
        error
    }

    /// Builds the HTTP request in the form of the session's era.
    pub(super) fn compose(&self, id: &RequestId, rpc: &RpcRequest, input: &Input) -> Request {
        let method = rpc.method();
        let version = self.session.version().filter(|_| self.session.is_modern());
        // Arguments may be large, so they are copied only if something is added.
        let mut params = Cow::Borrowed(&rpc.params);
        if self.config.wants_progress && MAY_TAKE_LONG.contains(&method) {
            // A progress token must be unique, as the request id is.
            envelope::with_meta(params.to_mut(), "progressToken", id.value().clone());
        }
        let Some(version) = version else {
            let mut request = self.post(jsonrpc::request(id, method, &params));
            if method == methods::INITIALIZE {
                // `initialize` starts a session and must not be sent within one.
                request.headers.retain(|(name, _)| !IN_A_SESSION.contains(&name.as_str()));
            }
            return request;
        };
        if let Some(level) = self.config.log_level.filter(|_| method != methods::DISCOVER) {
            envelope::with_meta(params.to_mut(), envelope::META_LOG_LEVEL, level.into());
        }
        let capabilities = if rpc.declares_tasks {
            Cow::Owned(with_tasks(&self.config.capabilities))
        } else {
            Cow::Borrowed(&self.config.capabilities)
        };
        let params = envelope::wrapped(&params, version, &client_info(), &capabilities);
        let state = input.state.as_deref();
        let body = jsonrpc::request_with_input(id, method, &params, &input.responses, state);
        let mut request = self.post(body);
        let mut mirrored = envelope::standard_headers(version, method, &params);
        let arguments = &rpc.params["arguments"];
        mirrored.extend(rpc.mirrored.iter().filter_map(|one| one.header_for(arguments)));
        // The version header is set already, and the user's headers take precedence.
        mirrored.retain(|(name, _)| request.header(name).is_none());
        request.headers.extend(mirrored);
        request
    }
}
