//! The built-in server in the legacy era: handshake, sessions, and a stream for server
//! requests (2025-11-25, Lifecycle and Transports).

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use http_body_util::channel::{Channel, Sender};
use hyper::body::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::answers::{
    self, Answer, KEEP_ALIVE, KEEP_ALIVE_EVERY, answer, document, empty, error, event, messages,
    not_allowed, refuse, stream, success, text_of, with_type,
};
use super::offers;
use super::state::DemoState;
use super::tools::{self, Call, Inquiry};
use super::{AnswerForm, DemoEras, faults};
use crate::protocol::headers::{EVENT_STREAM, PROTOCOL_VERSION, SESSION_ID};
use crate::protocol::version::{HANDSHAKE_VERSIONS, LATEST_HANDSHAKE, OLDEST_ANSWERED};
use crate::protocol::{codes, methods};

/// Time limit for the client's response to a server request.
const PATIENCE: Duration = Duration::from_mins(5);

/// Handles a JSON-RPC message. An error is the response that rejects it.
pub(super) async fn serve(
    state: &Arc<DemoState>,
    headers: &HeaderMap,
    message: &Value,
) -> Result<Answer, Answer> {
    let method = message["method"].as_str().unwrap_or_default();
    let is_request = !method.is_empty() && (message["id"].is_string() || message["id"].is_number());
    if method == methods::INITIALIZE && is_request {
        return initialize(state, headers, message);
    }
    let session = session_of(state, headers)?;
    check_version(headers)?;
    if !is_request {
        take(state, session.as_deref(), method, message);
        return Ok(empty(StatusCode::ACCEPTED));
    }
    let ready = session.as_ref().is_none_or(|id| {
        state.sessions().get(id).is_some_and(|session| {
            session.calls += u32::from(method == methods::CALL_TOOL);
            session.initialized
        })
    });
    if !ready && method != methods::PING {
        let text = "Request before notifications/initialized was received";
        return Ok(answer(
            state.options.answers,
            &error(&message["id"], codes::INVALID_REQUEST, text),
        ));
    }
    Ok(reply(state, session.as_deref(), method, message).await)
}

/// Handles a notification, or the response to a server request.
fn take(state: &DemoState, session: Option<&str>, method: &str, message: &Value) {
    let mut sessions = state.sessions();
    let Some(session) = session.and_then(|id| sessions.get(id)) else { return };
    if method == methods::INITIALIZED {
        session.initialized = true;
    } else if method.is_empty()
        && let Some(waiting) = session.asked.remove(message["id"].as_str().unwrap_or_default())
    {
        // The call that asked may have ended.
        let _ = waiting.send(message.clone());
    }
}

/// Returns the session that a request names; `None` for a stateless server. An error is the
/// response for a missing or unknown session.
fn session_of(state: &DemoState, headers: &HeaderMap) -> Result<Option<String>, Answer> {
    if state.options.stateless {
        return Ok(None);
    }
    let Some(id) = text_of(headers, SESSION_ID) else {
        let text = "Bad request: the Mcp-Session-Id header is required";
        return Err(refuse(StatusCode::BAD_REQUEST, codes::SERVER_ERROR, text));
    };
    let (mut sessions, options) = (state.sessions(), state.options);
    let known = sessions.get(id);
    let expired = known.as_ref().is_some_and(|session| {
        options.lose_after.is_some_and(|calls| session.calls >= calls)
            || options.lose_every.is_some_and(|age| session.opened.elapsed() >= age)
    });
    if known.is_none() || expired {
        sessions.end(id);
        return Err(faults::lost(options.lost_as));
    }
    drop(sessions);
    Ok(Some(id.to_owned()))
}

fn check_version(headers: &HeaderMap) -> Result<(), Answer> {
    match text_of(headers, PROTOCOL_VERSION) {
        Some(version) if !HANDSHAKE_VERSIONS.contains(&version) && version != OLDEST_ANSWERED => {
            let text = format!("Bad request: unsupported protocol version: {version}");
            Err(refuse(StatusCode::BAD_REQUEST, codes::SERVER_ERROR, &text))
        }
        _ => Ok(()),
    }
}

fn initialize(state: &DemoState, headers: &HeaderMap, message: &Value) -> Result<Answer, Answer> {
    if !state.options.stateless && headers.contains_key(SESSION_ID) {
        let text = "Invalid request: initialize must not carry an Mcp-Session-Id";
        return Err(refuse(StatusCode::BAD_REQUEST, codes::INVALID_REQUEST, text));
    }
    let params = &message["params"];
    let asked = params["protocolVersion"].as_str().unwrap_or_default();
    let version =
        HANDSHAKE_VERSIONS.into_iter().find(|known| *known == asked).unwrap_or(LATEST_HANDSHAKE);
    let result = json!({
        "protocolVersion": version,
        "capabilities": offers::capabilities(),
        "serverInfo": offers::server_info(),
        "instructions": offers::INSTRUCTIONS,
    });
    let mut answer = answer(state.options.answers, &success(&message["id"], &result));
    if !state.options.stateless {
        let id = state.sessions().open(&params["capabilities"]);
        let id = id.and_then(|id| HeaderValue::from_str(&id).ok()).ok_or_else(|| {
            refuse(StatusCode::SERVICE_UNAVAILABLE, codes::SERVER_ERROR, "Too many open sessions")
        })?;
        answer.headers_mut().insert(SESSION_ID, id);
    }
    Ok(answer)
}

async fn reply(
    state: &Arc<DemoState>,
    session: Option<&str>,
    method: &str,
    message: &Value,
) -> Answer {
    let (id, params) = (&message["id"], &message["params"]);
    let reply = match method {
        methods::PING | methods::SET_LOG_LEVEL => success(id, &json!({})),
        methods::LIST_TOOLS => success(id, &json!({"tools": tools::list(state.has_extra())})),
        methods::CALL_TOOL => return call(state, session, message).await,
        methods::TASK_RESULT => return task_result(state, id, params).await,
        methods::SUBSCRIBE | methods::UNSUBSCRIBE => {
            let uri = params["uri"].as_str().unwrap_or_default();
            let mut sessions = state.sessions();
            if let Some(session) = session.and_then(|id| sessions.get(id)) {
                if method == methods::SUBSCRIBE {
                    session.subscribed.insert(uri.to_owned());
                } else {
                    session.subscribed.remove(uri);
                }
            }
            success(id, &json!({}))
        }
        _ if method.starts_with("tasks/") => match state.tasks().serve(method, params, false) {
            Some(Ok(result)) => success(id, &result),
            Some(Err((code, text))) => error(id, code, &text),
            None => error(id, codes::METHOD_NOT_FOUND, &format!("Method not found: {method}")),
        },
        _ => match offers::serve(state, method, params) {
            Some(Ok(result)) => success(id, &result),
            Some(Err(text)) => error(id, codes::RESOURCE_NOT_FOUND, &text),
            None => error(id, codes::METHOD_NOT_FOUND, &format!("Method not found: {method}")),
        },
    };
    answer(state.options.answers, &reply)
}

async fn call(state: &Arc<DemoState>, session: Option<&str>, message: &Value) -> Answer {
    let (id, params) = (&message["id"], &message["params"]);
    let (form, name) = (state.options.answers, params["name"].as_str().unwrap_or_default());
    let result = match tools::call(state, name, &params["arguments"]) {
        Call::Done(result) => match state.options.fault {
            Some(fault) => return faults::faulty(fault, id, &result).await,
            None => result,
        },
        Call::Logs { text, result } => {
            if form == AnswerForm::Sse {
                return messages(&[&answers::log(text), &success(id, &result)]);
            }
            result
        }
        Call::Asks(inquiry) => return ask(state, session, message, &inquiry),
        Call::Slow { step, steps } if params["task"].is_object() => {
            let begun = state.tasks().begin(step * steps, answers::slow_result(steps), false);
            begun.unwrap_or_else(|| answers::wrong("there are too many tasks"))
        }
        Call::Slow { step, steps } => {
            return slow(form, message, &answers::slow_result(steps), step, steps).await;
        }
        Call::Unknown => {
            return answer(
                form,
                &error(id, codes::INVALID_PARAMS, &format!("Unknown tool: {name}")),
            );
        }
    };
    answer(form, &success(id, &result))
}

/// Returns the result of a task when the task ends.
async fn task_result(state: &DemoState, id: &Value, params: &Value) -> Answer {
    let task = params["taskId"].as_str().unwrap_or_default();
    let form = state.options.answers;
    let Some((over, _)) = state.tasks().result(task) else {
        return answer(form, &error(id, codes::INVALID_PARAMS, &format!("Unknown task: {task}")));
    };
    tokio::time::sleep_until(over.into()).await;
    let result = state.tasks().result(task).map(|(_, result)| result).unwrap_or_default();
    answer(form, &success(id, &result))
}

/// Sends a server request on the call's own stream, and uses the response for the result.
fn ask(
    state: &Arc<DemoState>,
    session: Option<&str>,
    message: &Value,
    inquiry: &Inquiry,
) -> Answer {
    let (id, form) = (message["id"].clone(), state.options.answers);
    let cannot = |why: &str| answer(form, &success(&id, &answers::wrong(why)));
    let Some(session) = session else { return cannot("without a session nobody can be asked") };
    if form == AnswerForm::Json {
        return cannot("a JSON answer leaves no room for a question");
    }
    let (sender, answered) = tokio::sync::oneshot::channel();
    let number = {
        let mut sessions = state.sessions();
        let Some(session) = sessions.get(session) else { return cannot("the session is gone") };
        if session.capabilities.get(inquiry.capability).is_none() {
            return cannot(&format!("the client did not declare `{}`", inquiry.capability));
        }
        session.inquiries += 1;
        let number = format!("demo-{}", session.inquiries);
        session.asked.insert(number.clone(), sender);
        number
    };
    let mut question = inquiry.question();
    question["jsonrpc"] = json!("2.0");
    question["id"] = json!(number);
    let (mut sender, answer) = stream();
    let finish = inquiry.finish;
    tokio::task::spawn_local(async move {
        if sender.send_data(Bytes::from(event(&question))).await.is_err() {
            return;
        }
        let result = match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(message)) if message.get("result").is_some() => finish(&message["result"]),
            Ok(Ok(message)) => {
                let why = message["error"]["message"].as_str().unwrap_or("it did not say why");
                answers::wrong(&format!("the client refused: {why}"))
            }
            _ => answers::wrong("the client did not answer"),
        };
        let _ = sender.send_data(Bytes::from(event(&success(&id, &result)))).await;
    });
    answer
}

/// Works step by step; stops when the client disconnects.
pub(super) async fn slow(
    answers: AnswerForm,
    message: &Value,
    result: &Value,
    step: Duration,
    steps: u32,
) -> Answer {
    let reply = success(&message["id"], result);
    if answers == AnswerForm::Json {
        // hyper drops this future when the client disconnects.
        tokio::time::sleep(step * steps).await;
        return document(StatusCode::OK, &reply);
    }
    let token = message["params"]["_meta"]["progressToken"].clone();
    let (sender, answer) = stream();
    tokio::task::spawn_local(work(sender, token, reply, step, steps));
    answer
}

async fn work(mut sender: Sender<Bytes>, token: Value, reply: Value, step: Duration, steps: u32) {
    for done in 1..=steps {
        tokio::time::sleep(step).await;
        let progress = json!({"jsonrpc": "2.0", "method": methods::PROGRESS, "params": {
            "progressToken": token, "progress": done, "total": steps}});
        // Without a token, no progress was requested; sending a comment shows whether the client is
        // still there.
        let text = if token.is_null() { ": working\n\n".to_owned() } else { event(&progress) };
        if sender.send_data(Bytes::from(text)).await.is_err() {
            return;
        }
    }
    let _ = sender.send_data(Bytes::from(event(&reply))).await;
}

/// Opens the standalone stream, with keep-alive comments and notifications of changes.
pub(super) fn listen(state: &Arc<DemoState>, headers: &HeaderMap) -> Result<Answer, Answer> {
    let Some(id) = session_of(state, headers)? else { return Err(refuse_method(state)) };
    if !text_of(headers, header::ACCEPT.as_str()).unwrap_or_default().contains(EVENT_STREAM) {
        let text = "Not acceptable: Accept must name text/event-stream";
        return Err(refuse(StatusCode::NOT_ACCEPTABLE, codes::SERVER_ERROR, text));
    }
    let taken = state
        .sessions()
        .get(&id)
        .is_some_and(|session| std::mem::replace(&mut session.listening, true));
    if taken {
        let text = "Conflict: the session has a stream already";
        return Err(refuse(StatusCode::CONFLICT, codes::SERVER_ERROR, text));
    }
    let (mut sender, body) = Channel::<Bytes>::new(1);
    // hyper drops the body when the client disconnects; another stream may then be opened.
    let place = Place { state: Arc::clone(state), id: id.clone() };
    let body = body.map_frame(move |frame| {
        let _ = &place;
        frame
    });
    let state = Arc::clone(state);
    let mut changes = state.changes.subscribe();
    tokio::task::spawn_local(async move {
        let mut text = KEEP_ALIVE.to_owned();
        while sender.send_data(Bytes::from(text)).await.is_ok()
            && state.sessions().get(&id).is_some()
        {
            text = match tokio::time::timeout(KEEP_ALIVE_EVERY, changes.recv()).await {
                Ok(Ok(())) => {
                    let sessions = &mut state.sessions();
                    let hears =
                        sessions.get(&id).is_some_and(|s| s.subscribed.contains(offers::TOGGLES));
                    let updated = if hears { event(&offers::updated()) } else { String::new() };
                    event(&answers::changed()) + &updated
                }
                _ => KEEP_ALIVE.to_owned(),
            };
        }
    });
    let body = body.map_err(std::io::Error::other).boxed_unsync();
    Ok(with_type(StatusCode::OK, EVENT_STREAM, body))
}

/// The single standalone stream of a session.
struct Place {
    state: Arc<DemoState>,
    id: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(session) = self.state.sessions().get(&self.id) {
            session.listening = false;
        }
    }
}

/// Ends a session.
pub(super) fn end(state: &DemoState, headers: &HeaderMap) -> Result<Answer, Answer> {
    let Some(id) = session_of(state, headers)? else { return Err(refuse_method(state)) };
    state.sessions().end(&id);
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Returns the 405 response with the supported methods.
pub(super) fn refuse_method(state: &DemoState) -> Answer {
    let stateless = state.options.stateless || state.options.eras == DemoEras::Modern;
    not_allowed(if stateless { "POST" } else { "GET, POST, DELETE" })
}
