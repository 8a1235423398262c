//! Requests that the server answers with questions: each is answered and the request sent again, with
//! what was asked for and the server's own state (2026-07-28, Multi Round-Trip Requests).

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::{Error, ErrorKind};
use super::inquiry::Response;
use super::request::Input;
use super::{Ask, Client};
use crate::protocol::methods;

/// So many times a server may ask before its request is given up.
const MAX_ROUNDS: usize = 16;
/// How much longer each wait becomes while a server asks for nothing and only for patience.
const PATIENCE: Duration = Duration::from_millis(250);

/// The methods whose results may ask for input ("Supported Requests").
const MAY_ASK: [&str; 3] = [methods::CALL_TOOL, methods::GET_PROMPT, methods::READ_RESOURCE];

/// The members of a result that say whether it is one.
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

/// A server's question, among others.
#[derive(Deserialize)]
struct Question {
    method: String,
    #[serde(default)]
    params: Option<Box<RawValue>>,
}

impl Client {
    /// Sends a request and answers what the server asks, until its result is complete.
    pub(super) fn complete(&mut self, ask: &Ask) -> Result<Box<RawValue>, Error> {
        let mut input = Input::default();
        let mut idle = 0;
        for _ in 0..MAX_ROUNDS {
            let result = self.round_trip_with(ask, &input)?;
            if !self.session.is_modern() {
                return Ok(result);
            }
            // A result without the member is one of an earlier revision, and complete.
            let Ok(head) = serde_json::from_str::<Head<'_>>(result.get()) else {
                return Ok(result);
            };
            match head.result_type.as_deref() {
                None | Some("complete") => return Ok(result),
                Some("task") if ask.method() == methods::CALL_TOOL && self.understands_tasks() => {
                    return Ok(result);
                }
                Some("input_required") if MAY_ASK.contains(&ask.method()) => {}
                Some("input_required") => {
                    let text =
                        format!("the server asks for input, which {} must not", ask.method());
                    return Err(self.failed(ErrorKind::Protocol(text)));
                }
                Some(other) => {
                    let text =
                        format!("the result is of type `{other}`, which nobody has declared");
                    return Err(self.failed(ErrorKind::Protocol(text)));
                }
            }
            let state = head.request_state.filter(|state| state.get() != "null");
            let asked = head.input_requests.filter(|asked| asked.get() != "null");
            if state.is_none() && asked.is_none() {
                let text = "the server asks for input and does not say which".to_owned();
                return Err(self.failed(ErrorKind::Protocol(text)));
            }
            idle = if asked.is_none() { idle + 1 } else { 0 };
            input = Input { state: state.map(ToOwned::to_owned), ..Input::default() };
            if let Some(asked) = asked {
                input.responses = self.answers_to(asked)?;
            }
            if idle > 1 {
                self.options.interrupt.sleep(PATIENCE * (idle - 1));
            }
        }
        let text = format!("the server asks for input again and again ({MAX_ROUNDS} times)");
        Err(self.failed(ErrorKind::Protocol(text)))
    }

    /// The answers to a map of questions. There is no way to refuse one but those the question itself
    /// has: what cannot be answered ends the request.
    pub(super) fn answers_to(
        &mut self,
        asked: &RawValue,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Error> {
        // In the server's order: people answer one after another.
        let asked: serde_json::Map<String, serde_json::Value> = serde_json::from_str(asked.get())
            .map_err(|error| {
            self.failed(ErrorKind::Protocol(format!("inputRequests cannot be read: {error}")))
        })?;
        let mut responses = serde_json::Map::new();
        for (key, question) in asked {
            let question: Question = serde_json::from_value(question).map_err(|error| {
                let text = format!("the input request `{key}` cannot be read: {error}");
                self.failed(ErrorKind::Protocol(text))
            })?;
            match self.inquiries.respond(&question.method, question.params.as_deref()) {
                Response::Result(result) => {
                    responses.insert(key, result);
                }
                Response::Refused(_, why) => {
                    let method = question.method;
                    return Err(self.failed(ErrorKind::InputNeeded { method, why }));
                }
            }
        }
        Ok(responses)
    }
}
