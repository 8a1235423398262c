//! Recordings: HAR files of any program, and the JSON lines of `--trace-file`.

use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::exchange::{
    Answer, BodyKind, Connection, Event, Exchange, Purpose, Request, Times, TransportError, Wire,
};
use crate::oauth;
use crate::protocol::headers::EVENT_STREAM;
use crate::transport::Events;

/// Reads a recording: a HAR of any program, or the JSON lines of `--trace-file`. HAR
/// entries that cannot be MCP are skipped. Fails if no exchange is left.
pub fn read(text: &str) -> Result<Vec<Exchange>, String> {
    let mut exchanges = Vec::new();
    if let Ok(har) = serde_json::from_str::<Value>(text)
        && har.get("log").is_some()
    {
        let entries = har["log"]["entries"].as_array().ok_or("the HAR has no entries")?;
        for entry in entries {
            exchanges.extend(from_har(entry, exchanges.len() + 1));
        }
    } else {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line: Value = serde_json::from_str(line)
                .map_err(|error| format!("line {}: {error}", index + 1))?;
            exchanges.push(
                from_line(&line, exchanges.len() + 1).ok_or_else(|| {
                    format!("line {} is not an exchange of a trace file", index + 1)
                })?,
            );
        }
    }
    if exchanges.is_empty() {
        return Err("it has no MCP request".to_owned());
    }
    Ok(exchanges)
}

fn method_of(name: &str) -> Option<&'static str> {
    ["POST", "GET", "DELETE", "OPTIONS", "HEAD"]
        .into_iter()
        .find(|known| name.eq_ignore_ascii_case(known))
}

fn from_har(entry: &Value, number: usize) -> Option<Exchange> {
    let (request, response) = (&entry["request"], &entry["response"]);
    let method = method_of(request["method"].as_str()?)?;
    let pairs = |of: &Value| -> Vec<(String, String)> {
        let all = of.as_array().into_iter().flatten();
        all.filter_map(|pair| {
            Some((pair["name"].as_str()?.to_ascii_lowercase(), pair["value"].as_str()?.to_owned()))
        })
        // HTTP/2 pseudo-headers such as `:method` are not headers.
        .filter(|(name, _)| !name.starts_with(':'))
        .collect()
    };
    let mut body = request["postData"]["text"].as_str().unwrap_or_default().to_owned();
    let headers = pairs(&request["headers"]);
    // A browser's archive also contains pages and files that are not MCP.
    let is_mcp = headers.iter().any(|(name, value)| {
        name.starts_with("mcp-") || (name == "accept" && value.contains(EVENT_STREAM))
    }) || body.contains("\"jsonrpc\"");
    // A body that was truncated says nothing about the one that was sent.
    if request["bodySize"]
        .as_i64()
        .is_some_and(|size| size > i64::try_from(body.len()).unwrap_or(i64::MAX))
    {
        body.clear();
    }
    let is_authorization = stated_purpose(&entry["comment"]).is_some();
    if !is_mcp && !is_authorization {
        return None;
    }
    let content = &response["content"];
    let mut text = content["text"].as_str().unwrap_or_default().to_owned();
    if content["encoding"] == "base64" {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD.decode(&text).unwrap_or_default();
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    // Some programs write numbers as text.
    let status = &response["status"];
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok());
    let status = status.and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
    let url = request["url"].as_str()?.to_owned();
    // A response or a recorded address proves that there was a connection.
    let connected = status > 0
        || !text.is_empty()
        || entry["serverIPAddress"].as_str().is_some_and(|ip| !ip.is_empty());
    let sent = if connected { body.len() as u64 } else { 0 };
    let is_cut = text.is_empty() && content["size"].as_i64().is_some_and(|size| size > 0);
    let missing = if is_cut {
        Some("the body of the response was not recorded")
    } else {
        (status == 0).then_some("no response was recorded")
    };
    let failure = TransportError::from_json(&response["_failure"]).or_else(|| {
        let text = response["_error"].as_str().or(missing)?;
        Some(TransportError::recorded(text, connected))
    });
    Some(built(
        number,
        purpose(&body, &entry["comment"]),
        Request { method, url, headers, body, ..Request::default() },
        (status > 0).then(|| answer_of(status, pairs(&response["headers"]), &text)),
        failure,
        entry["time"].as_f64(),
        sent,
    ))
}

fn from_line(line: &Value, number: usize) -> Option<Exchange> {
    let request = &line["request"];
    let method = method_of(request["method"].as_str()?)?;
    let pairs = |of: &Value| -> Vec<(String, String)> {
        let all = of.as_array().into_iter().flatten();
        all.filter_map(|pair| {
            Some((pair[0].as_str()?.to_ascii_lowercase(), pair[1].as_str()?.to_owned()))
        })
        .collect()
    };
    let answer = line.get("answer").filter(|answer| !answer.is_null()).map(|answer| {
        let status = answer["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(0);
        let events = answer["events"].as_array().filter(|events| !events.is_empty());
        let text = match events {
            Some(events) => events
                .iter()
                .map(|event| {
                    let event = Event {
                        kind: event["event"].as_str().unwrap_or("message").to_owned(),
                        id: event["id"].as_str().map(str::to_owned),
                        retry: event["retry"].as_u64(),
                        data: event["data"].as_str().map(str::to_owned),
                        ..Event::default()
                    };
                    event_text(&event)
                })
                .collect(),
            None => answer["body"].as_str().unwrap_or_default().to_owned(),
        };
        answer_of(status, pairs(&answer["headers"]), &text)
    });
    let request = Request {
        method,
        url: request["url"].as_str()?.to_owned(),
        headers: pairs(&request["headers"]),
        body: request["body"].as_str().unwrap_or_default().to_owned(),
        ..Request::default()
    };
    let failure = TransportError::from_json(&line["failure"]).or_else(|| {
        // Trace files of 0.1.0 contain only the message.
        Some(TransportError::recorded(line["failure"].as_str()?, line["wire"]["sent"] != 0))
    });
    let sent = line["wire"]["sent"].as_u64().unwrap_or(request.body.len() as u64);
    let purpose = purpose(&request.body, &line["purpose"]);
    Some(built(number, purpose, request, answer, failure, line["times"]["done"].as_f64(), sent))
}

/// Returns the purpose of an exchange. Only that of authorization cannot be read from the body; it is
/// believed if it is stated as our own recordings state it.
fn purpose(body: &str, stated: &Value) -> Purpose {
    stated_purpose(stated).map_or_else(|| Purpose::of_body(body), Purpose::of)
}

fn stated_purpose(stated: &Value) -> Option<&str> {
    stated.as_str().filter(|stated| oauth::PURPOSES.contains(stated))
}

fn built(
    number: usize,
    purpose: Purpose,
    request: Request,
    answer: Option<Answer>,
    failure: Option<TransportError>,
    took: Option<f64>,
    sent: u64,
) -> Exchange {
    let took = took.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
    Exchange {
        number,
        began: UNIX_EPOCH,
        purpose,
        wire: Wire { sent, ..Wire::default() },
        request,
        connection: Connection::default(),
        times: Times { done: took, ..Times::default() },
        answer,
        failure,
        id: OnceLock::new(),
    }
}

/// Builds a response from its parts; determines the kind of its body.
pub(super) fn answer_of(status: u16, headers: Vec<(String, String)>, text: &str) -> Answer {
    let labelled =
        headers.iter().any(|(name, value)| name == "content-type" && value.contains(EVENT_STREAM));
    let mut answer = Answer {
        status,
        headers,
        shape: BodyKind::of(text.as_bytes(), labelled),
        body: String::new(),
        body_length: text.len() as u64,
        events: Vec::new(),
        events_dropped: 0,
        decoded: None,
    };
    if answer.shape == BodyKind::Events {
        let mut events = Events::new(text.as_bytes(), u64::MAX);
        while let Ok(Some(event)) = events.next_block() {
            answer.events.push(event);
        }
    } else {
        text.clone_into(&mut answer.body);
    }
    answer
}

/// Formats an event in event stream syntax.
pub(super) fn event_text(event: &Event) -> String {
    let mut lines: Vec<String> =
        event.comments.iter().map(|comment| format!(": {comment}")).collect();
    if event.data.is_some() && event.kind != "message" {
        lines.push(format!("event: {}", event.kind));
    }
    lines.extend(event.id.as_ref().map(|id| format!("id: {id}")));
    lines.extend(event.retry.map(|retry| format!("retry: {retry}")));
    let data = event.data.iter().flat_map(|data| data.split('\n'));
    lines.extend(data.map(|line| format!("data: {line}")));
    lines.push(String::new());
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_browsers_archive_has_more_in_it_than_mcp() {
        let page = json!({"request": {"method": "GET", "url": "http://h/", "headers": [
            {"name": ":method", "value": "GET"}, {"name": "Accept", "value": "text/html"}]},
            "response": {"status": 200, "headers": [], "content": {"text": "<html>"}}});
        let call = json!({"request": {"method": "POST", "url": "http://h/mcp", "headers": [
            {"name": "Content-Type", "value": "application/json"}],
            "postData": {"text": "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"}},
            "response": {"status": 0, "headers": [], "content": {}}, "time": 3});
        let read = read(&json!({"log": {"entries": [page, call]}}).to_string()).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].purpose.to_string(), "tools/list");
        assert!(read[0].answer.is_none());
        for bad in ["", "{}", "not json", r#"{"log":{}}"#, r#"{"log":{"entries":[]}}"#] {
            assert!(super::read(bad).is_err(), "{bad}");
        }
    }
}
