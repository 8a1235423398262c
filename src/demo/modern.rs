//! The built-in server in the modern era: every request by itself, its envelope and its headers checked
//! against each other (2026-07-28, Streamable HTTP and Overview).

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::answers::{
    self, Answer, KEEP_ALIVE, KEEP_ALIVE_EVERY, answer, document, empty, error, event, messages,
    refuse, stream, success, text_of,
};
use super::state::State;
use super::tools::{self, Call, Inquiry};
use super::{AnswerForm, Eras, faults, legacy, offers};
use crate::protocol::envelope::{META_CAPABILITIES, META_SERVER, META_VERSION, standard_headers};
use crate::protocol::headers::PROTOCOL_VERSION;
use crate::protocol::mirror::{self, decoded};
use crate::protocol::version::{HANDSHAKE_VERSIONS, MODERN_VERSIONS};
use crate::protocol::{codes, methods};

/// The extension that lets a call become a task.
const TASKS: &str = "io.modelcontextprotocol/tasks";

/// How long lists may be believed, in milliseconds.
const TTL_MS: u64 = 60_000;

/// Serves a message of this era.
pub(super) async fn serve(
    state: &Arc<State>,
    headers: &HeaderMap,
    message: &Value,
) -> Result<Answer, Answer> {
    let method = message["method"].as_str().unwrap_or_default();
    let id = &message["id"];
    if method.is_empty() {
        let text = "Invalid request: this era has requests and notifications alone";
        return Err(refuse(StatusCode::BAD_REQUEST, codes::INVALID_REQUEST, text));
    }
    if !id.is_string() && !id.is_number() {
        return Ok(empty(StatusCode::ACCEPTED));
    }
    check(state, headers, message, method)?;
    let params = &message["params"];
    let result = match method {
        methods::DISCOVER => cached(json!({
            "supportedVersions": supported(state),
            "capabilities": offers::modern_capabilities(),
            "instructions": offers::INSTRUCTIONS,
        })),
        methods::LIST_TOOLS => cached(json!({"tools": tools::list(state.has_extra())})),
        methods::CALL_TOOL => {
            check_parameters(headers, message)?;
            return call(state, message).await;
        }
        methods::SUBSCRIPTIONS_LISTEN => return Ok(listen(state, message)),
        methods::SET_LOG_LEVEL => return Err(unknown(id, method)),
        _ if method.starts_with("tasks/") => match state.tasks().serve(method, params, true) {
            Some(Ok(result)) => complete(result),
            Some(Err((code, text))) => {
                return Ok(answer(state.options.answers, &error(id, code, &text)));
            }
            None => return Err(unknown(id, method)),
        },
        _ => match offers::serve(state, method, params) {
            Some(Ok(result)) if method == methods::GET_PROMPT || method == methods::COMPLETE => {
                complete(result)
            }
            Some(Ok(result)) => cached(result),
            Some(Err(text)) => {
                return Ok(answer(state.options.answers, &error(id, codes::INVALID_PARAMS, &text)));
            }
            None => return Err(unknown(id, method)),
        },
    };
    Ok(answer(state.options.answers, &success(id, &result)))
}

fn unknown(id: &Value, method: &str) -> Answer {
    let text = format!("Method not found: {method}");
    document(StatusCode::NOT_FOUND, &error(id, codes::METHOD_NOT_FOUND, &text))
}

fn bad(id: &Value, code: i64, text: &str) -> Answer {
    document(StatusCode::BAD_REQUEST, &error(id, code, text))
}

/// The revisions that the server was told to speak.
fn supported(state: &State) -> Vec<&'static str> {
    let legacy: &[&str] =
        if state.options.eras == Eras::Modern { &[] } else { &HANDSHAKE_VERSIONS };
    MODERN_VERSIONS.iter().chain(legacy).copied().collect()
}

/// A complete result, with who gives it.
fn complete(mut result: Value) -> Value {
    result["resultType"] = json!("complete");
    result["_meta"][META_SERVER] = offers::server_info();
    result
}

/// A complete result that may be kept for a while (2026-07-28, Caching).
fn cached(result: Value) -> Value {
    let mut result = complete(result);
    result["ttlMs"] = json!(TTL_MS);
    result["cacheScope"] = json!("public");
    result
}

/// The envelope, and the headers that mirror the body.
fn check(state: &State, headers: &HeaderMap, message: &Value, method: &str) -> Result<(), Answer> {
    let (id, params) = (&message["id"], &message["params"]);
    let unsupported = |requested: &str| {
        let mut error = error(id, codes::UNSUPPORTED_VERSION, "Unsupported protocol version");
        error["error"]["data"] = json!({"supported": supported(state), "requested": requested});
        document(StatusCode::BAD_REQUEST, &error)
    };
    let meta = &params["_meta"];
    if method == methods::INITIALIZE && meta.get(META_VERSION).is_none() {
        // A legacy client learns at least what is spoken here.
        return Err(unsupported(params["protocolVersion"].as_str().unwrap_or_default()));
    }
    for (key, fits) in [
        (META_VERSION, meta[META_VERSION].is_string()),
        (META_CAPABILITIES, meta[META_CAPABILITIES].is_object()),
    ] {
        if !fits {
            let text = format!("Invalid params: _meta must carry {key}");
            return Err(bad(id, codes::INVALID_PARAMS, &text));
        }
    }
    let version = meta[META_VERSION].as_str().unwrap_or_default();
    // The version is compared before it is judged: what disagrees with itself means nothing.
    let header = text_of(headers, PROTOCOL_VERSION);
    if header != Some(version) {
        let text = format!("Header mismatch: MCP-Protocol-Version is {}", shown(header));
        return Err(bad(id, codes::HEADER_MISMATCH, &text));
    }
    if !MODERN_VERSIONS.contains(&version) {
        return Err(unsupported(version));
    }
    for (name, expected) in standard_headers(version, method, params) {
        compare(id, headers, &name, &decoded(&expected).unwrap_or_default())?;
    }
    Ok(())
}

fn shown(header: Option<&str>) -> String {
    header.map_or("missing".to_owned(), |value| format!("`{value}`"))
}

/// A header that must stand for this value.
fn compare(id: &Value, headers: &HeaderMap, name: &str, value: &str) -> Result<(), Answer> {
    let header = text_of(headers, name);
    if header.and_then(decoded).as_deref() == Some(value) {
        return Ok(());
    }
    let text = format!("Header mismatch: {name} is {}, and the body says `{value}`", shown(header));
    Err(bad(id, codes::HEADER_MISMATCH, &text))
}

/// The headers that the tool's definition asks for ("Server Behavior for Custom Headers").
fn check_parameters(headers: &HeaderMap, message: &Value) -> Result<(), Answer> {
    let params = &message["params"];
    let tools = tools::list(true);
    let mut tools = tools.as_array().into_iter().flatten();
    let Some(tool) = tools.find(|tool| tool["name"] == params["name"]) else { return Ok(()) };
    for mirrored in mirror::mirrored(&tool["inputSchema"]).unwrap_or_default() {
        match mirrored.header_for(&params["arguments"]) {
            Some((name, expected)) => {
                compare(&message["id"], headers, &name, &decoded(&expected).unwrap_or_default())?;
            }
            None if headers.contains_key(mirrored.header.as_str()) => {
                let text = format!("Header mismatch: {} has no value in the body", mirrored.header);
                return Err(bad(&message["id"], codes::HEADER_MISMATCH, &text));
            }
            None => {}
        }
    }
    Ok(())
}

async fn call(state: &Arc<State>, message: &Value) -> Result<Answer, Answer> {
    let (id, params) = (&message["id"], &message["params"]);
    let (form, name) = (state.options.answers, params["name"].as_str().unwrap_or_default());
    let result = match tools::call(state, name, &params["arguments"]) {
        Call::Done(result) => {
            let result = complete(result);
            match state.options.fault {
                Some(fault) => return Ok(faults::faulty(fault, id, &result).await),
                None => result,
            }
        }
        Call::Logs { text, result } => {
            let level = params["_meta"]["io.modelcontextprotocol/logLevel"].as_str();
            let wanted = matches!(level, Some("debug" | "info"));
            let result = complete(result);
            if wanted && form == AnswerForm::Sse {
                return Ok(messages(&[&answers::log(text), &success(id, &result)]));
            }
            result
        }
        Call::Asks(inquiry) => ask(state, message, &inquiry)?,
        Call::Slow { step, steps }
            if params["_meta"][META_CAPABILITIES]["extensions"].get(TASKS).is_some() =>
        {
            let begun = state.tasks().begin(step * steps, answers::slow_result(steps), true);
            match begun {
                Some(mut task) => {
                    task["resultType"] = json!("task");
                    task["_meta"][META_SERVER] = offers::server_info();
                    task
                }
                None => complete(answers::wrong("there are too many tasks")),
            }
        }
        Call::Slow { step, steps } => {
            let result = complete(answers::slow_result(steps));
            return Ok(legacy::slow(form, message, &result, step, steps).await);
        }
        Call::Unknown => {
            return Ok(answer(
                form,
                &error(id, codes::INVALID_PARAMS, &format!("Unknown tool: {name}")),
            ));
        }
    };
    Ok(answer(form, &success(id, &result)))
}

/// The key of the one question in a map of questions.
const QUESTION: &str = "question";

/// Asks, or takes the answer (2026-07-28, Multi Round-Trip Requests).
fn ask(state: &State, message: &Value, inquiry: &Inquiry) -> Result<Value, Answer> {
    let (id, params) = (&message["id"], &message["params"]);
    let declared = &params["_meta"][META_CAPABILITIES];
    if declared.get(inquiry.capability).is_none() {
        let text = format!("The client did not declare `{}`", inquiry.capability);
        let mut error = error(id, codes::MISSING_CAPABILITY, &text);
        error["error"]["data"] = json!({"requiredCapabilities": {inquiry.capability: {}}});
        return Err(document(StatusCode::BAD_REQUEST, &error));
    }
    // The state is opaque, and comes back as it is or not at all.
    let seal = format!("{} \u{1f512} {}", inquiry.method, state.seal(&params["name"].to_string()));
    if let Some(given) = params["inputResponses"].get(QUESTION) {
        if params["requestState"] != seal.as_str() {
            return Err(bad(
                id,
                codes::INVALID_PARAMS,
                "Invalid params: requestState is not what was given out",
            ));
        }
        return Ok(complete((inquiry.finish)(given)));
    }
    Ok(json!({
        "resultType": "input_required",
        "inputRequests": {QUESTION: inquiry.question()},
        "requestState": seal,
        "_meta": {META_SERVER: offers::server_info()},
    }))
}

/// A stream that stays open and tells of changes (2026-07-28, Subscriptions).
fn listen(state: &Arc<State>, message: &Value) -> Answer {
    let subscription = json!({"io.modelcontextprotocol/subscriptionId": message["id"]});
    let filter = &message["params"]["notifications"];
    let (mut honoured, mut told) = (json!({}), Vec::new());
    if filter["toolsListChanged"] == true {
        honoured["toolsListChanged"] = json!(true);
        told.push(answers::changed());
    }
    let uris = filter["resourceSubscriptions"].as_array().into_iter().flatten();
    if uris.clone().any(|uri| uri == offers::TOGGLES) {
        honoured["resourceSubscriptions"] = json!([offers::TOGGLES]);
        told.push(offers::updated());
    }
    for notification in &mut told {
        notification["params"]["_meta"] = subscription.clone();
    }
    let acknowledged = json!({
        "jsonrpc": "2.0",
        "method": methods::SUBSCRIPTION_ACKNOWLEDGED,
        "params": {"_meta": subscription, "notifications": honoured},
    });
    let (mut sender, answer) = stream();
    let mut changes = state.changes.subscribe();
    tokio::task::spawn_local(async move {
        let mut text = event(&acknowledged);
        while sender.send_data(Bytes::from(text)).await.is_ok() {
            text = match tokio::time::timeout(KEEP_ALIVE_EVERY, changes.recv()).await {
                Ok(Ok(())) if !told.is_empty() => told.iter().map(event).collect(),
                _ => KEEP_ALIVE.to_owned(),
            };
        }
    });
    answer
}
