//! Multi-round-trip requests: the server returns input requests, and the request is sent
//! again with the responses and the server's state (2026-07-28, Multi Round-Trip Requests).

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Client;
use super::error::{Error, ErrorKind};
use super::repetition::Reason;
use super::request::Input;
use super::rpc_request::{RpcRequest, RpcResponse};
use super::server_requests::Response;
use crate::protocol::methods;

/// Maximum number of rounds before a request is given up.
const MAX_ROUNDS: usize = 16;
/// Increment of the wait between rounds in which the server requests no input.
const PATIENCE: Duration = Duration::from_millis(250);

/// Methods whose results may request input ("Supported Requests").
const MAY_ASK: [&str; 3] = [methods::CALL_TOOL, methods::GET_PROMPT, methods::READ_RESOURCE];

/// Members of a result that show whether it is complete.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'r> {
    #[serde(default)]
    result_type: Option<String>,
    #[serde(borrow, default)]
    input_requests: Option<&'r RawValue>,
    #[serde(borrow, default)]
    request_state: Option<&'r RawValue>,
}

/// One input request from the server.
#[derive(Deserialize)]
struct Question {
    method: String,
    #[serde(default)]
    params: Option<Box<RawValue>>,
}

impl Client {
    /// Sends a request and answers input requests until the result is complete.
    pub(super) fn complete(&mut self, rpc: &RpcRequest) -> Result<RpcResponse, Error> {
        let mut input = Input::default();
        let (mut idle, mut last) = (0, None);
        for _ in 0..MAX_ROUNDS {
            let answer = self.round_trip_with(rpc, &input)?;
            if !self.session().is_modern() {
                return Ok(answer);
            }
            // Results of earlier revisions lack this member and are complete.
            let Ok(head) = serde_json::from_str::<Head<'_>>(answer.result.get()) else {
                return Ok(answer);
            };
            let unusable = |text: String| Error::protocol(text).shown_by(answer.exchange.clone());
            match head.result_type.as_deref() {
                None | Some("complete") => return Ok(answer),
                Some("task") if rpc.method() == methods::CALL_TOOL && rpc.declares_tasks => {
                    return Ok(answer);
                }
                Some("input_required")
                    if MAY_ASK.contains(&rpc.method())
                        && Reason::InputRequired.permits(rpc.idempotency) => {}
                Some("input_required") => {
                    let text =
                        format!("the server asks for input, which {} must not", rpc.method());
                    return Err(unusable(text));
                }
                Some(other) => {
                    let text = format!("unknown result type `{other}`");
                    return Err(unusable(text));
                }
            }
            let state = head.request_state.filter(|state| state.get() != "null");
            let asked = head.input_requests.filter(|asked| asked.get() != "null");
            if state.is_none() && asked.is_none() {
                let text = "the server asks for input and does not say which".to_owned();
                return Err(unusable(text));
            }
            idle = if asked.is_none() { idle + 1 } else { 0 };
            input = Input { state: state.map(ToOwned::to_owned), ..Input::default() };
            if let Some(asked) = asked {
                let responses = self.answers_to(asked);
                input.responses =
                    responses.map_err(|error| error.shown_by(answer.exchange.clone()))?;
            }
            // The first round without an input request is followed by the next at once.
            if idle > 1 {
                self.config().options.interrupt.sleep(PATIENCE * (idle - 1));
            }
            last = Some(answer.exchange);
        }
        let text = format!("the server requested input {MAX_ROUNDS} times");
        let error = Error::protocol(text);
        Err(match last {
            Some(exchange) => error.shown_by(exchange),
            None => error,
        })
    }

    /// Returns the responses to a map of input requests. An input request cannot be refused
    /// with an error, so one that cannot be answered ends the call.
    pub(super) fn answers_to(
        &self,
        asked: &RawValue,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Error> {
        // Keep the server's order: a person answers one form after another.
        let asked: serde_json::Map<String, serde_json::Value> = serde_json::from_str(asked.get())
            .map_err(|error| {
            Error::protocol(format!("inputRequests cannot be read: {error}"))
        })?;
        let mut responses = serde_json::Map::new();
        for (key, question) in asked {
            let question: Question = serde_json::from_value(question).map_err(|error| {
                let text = format!("the input request `{key}` cannot be read: {error}");
                Error::protocol(text)
            })?;
            match self.config().requests.respond(&question.method, question.params.as_deref()) {
                Response::Result(result) => {
                    responses.insert(key, result);
                }
                Response::Refused(_, why) => {
                    let method = question.method;
                    return Err(Error::of(ErrorKind::InputNeeded { method, why }));
                }
            }
        }
        Ok(responses)
    }
}
