//! The built-in server in the modern era: checks each request by itself, its envelope and
//! its headers against each other (2026-07-28, Streamable HTTP and Overview).

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::answers::{
    self, Answer, KEEP_ALIVE, KEEP_ALIVE_EVERY, answer, document, empty, error, event, messages,
    refuse, stream, success, text_of,
};
use super::state::DemoState;
use super::tools::{self, Call, Inquiry};
use super::{AnswerForm, DemoEras, faults, legacy, offers};
use crate::protocol::envelope::{META_CAPABILITIES, META_SERVER, META_VERSION, standard_headers};
use crate::protocol::headers::PROTOCOL_VERSION;
use crate::protocol::mirror::{self, decoded};
use crate::protocol::version::{HANDSHAKE_VERSIONS, MODERN_VERSIONS};
use crate::protocol::{codes, methods};

/// The extension that permits a call to become a task.
const TASKS: &str = "io.modelcontextprotocol/tasks";

/// Time that lists may be cached, in milliseconds.
const TTL_MS: u64 = 60_000;

/// Handles a JSON-RPC message. An error is the response that rejects it.
pub(super) async fn serve(
    state: &Arc<DemoState>,
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

/// Returns the protocol versions of the eras that the server was started with.
fn supported(state: &DemoState) -> Vec<&'static str> {
    let legacy: &[&str] =
        if state.options.eras == DemoEras::Modern { &[] } else { &HANDSHAKE_VERSIONS };
    MODERN_VERSIONS.iter().chain(legacy).copied().collect()
}

/// Marks a result as complete, and adds the server's name and version.
fn complete(mut result: Value) -> Value {
    result["resultType"] = json!("complete");
    result["_meta"][META_SERVER] = offers::server_info();
    result
}

/// Marks a result as complete and cacheable (2026-07-28, Caching).
fn cached(result: Value) -> Value {
    let mut result = complete(result);
    result["ttlMs"] = json!(TTL_MS);
    result["cacheScope"] = json!("public");
    result
}

/// Checks the envelope, and the headers that mirror the body.
fn check(
    state: &DemoState,
    headers: &HeaderMap,
    message: &Value,
    method: &str,
) -> Result<(), Answer> {
    let (id, params) = (&message["id"], &message["params"]);
    let unsupported = |requested: &str| {
        let mut error = error(id, codes::UNSUPPORTED_VERSION, "Unsupported protocol version");
        error["error"]["data"] = json!({"supported": supported(state), "requested": requested});
        document(StatusCode::BAD_REQUEST, &error)
    };
    let meta = &params["_meta"];
    if method == methods::INITIALIZE && meta.get(META_VERSION).is_none() {
        // This error shows a legacy client the supported versions.
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
    // Compare the version first: a request that contradicts itself has no version to support.
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

/// Checks that a header has this value.
fn compare(id: &Value, headers: &HeaderMap, name: &str, value: &str) -> Result<(), Answer> {
    let header = text_of(headers, name);
    if header.and_then(decoded).as_deref() == Some(value) {
        return Ok(());
    }
    let text = format!("Header mismatch: {name} is {}, and the body says `{value}`", shown(header));
    Err(bad(id, codes::HEADER_MISMATCH, &text))
}

/// Checks the headers that the tool's definition requires ("Server Behavior for Custom
/// Headers").
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

async fn call(state: &Arc<DemoState>, message: &Value) -> Result<Answer, Answer> {
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

/// Key of the only input request.
const QUESTION: &str = "question";

/// Requests input, or accepts the client's response (2026-07-28, Multi Round-Trip
/// Requests).
fn ask(state: &DemoState, message: &Value, inquiry: &Inquiry) -> Result<Value, Answer> {
    let (id, params) = (&message["id"], &message["params"]);
    let declared = &params["_meta"][META_CAPABILITIES];
    if declared.get(inquiry.capability).is_none() {
        let text = format!("The client did not declare `{}`", inquiry.capability);
        let mut error = error(id, codes::MISSING_CAPABILITY, &text);
        error["error"]["data"] = json!({"requiredCapabilities": {inquiry.capability: {}}});
        return Err(document(StatusCode::BAD_REQUEST, &error));
    }
    // The state is opaque to the client, which must return it unchanged.
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

/// Opens a stream that notifies of changes (2026-07-28, Subscriptions).
fn listen(state: &Arc<DemoState>, message: &Value) -> Answer {
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
