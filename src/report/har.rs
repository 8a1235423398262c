//! HAR 1.2 (HTTP Archive): written for browser tools, and read from recordings.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::trace_lines::{create_private, head_lines, milliseconds};
use crate::exchange::{
    Answer, BodyKind, Connection, Event, Exchange, Failure, Observer, Purpose, Request, Times, Wire,
};
use crate::protocol::headers::EVENT_STREAM;
use crate::redact::Redactor;
use crate::transport::Events;

/// The end of the file, after the last entry.
const TAIL: &str = "]}}\n";

/// Writes exchanges to a file that is complete after each entry.
pub struct Har {
    file: File,
    is_empty: bool,
}

impl Har {
    /// Creates or truncates the file; only the user can read it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = create_private(path)?;
        let creator = json!({"name": "mcpoke", "version": env!("CARGO_PKG_VERSION")});
        let log = json!({"log": {"version": "1.2", "creator": creator, "entries": []}}).to_string();
        writeln!(file, "{log}")?;
        Ok(Self { file, is_empty: true })
    }

    /// Writes an entry before the end of the file.
    fn add(&mut self, entry: &Value) -> io::Result<()> {
        self.file.seek(SeekFrom::End(-i64::try_from(TAIL.len()).unwrap_or_default()))?;
        let comma = if self.is_empty { "" } else { ",\n" };
        self.is_empty = false;
        self.file.write_all(format!("{comma}{entry}{TAIL}").as_bytes())
    }
}

impl Observer for Har {
    fn finished(&mut self, exchange: &Exchange, redactor: &Redactor) {
        // Tracing must not stop the command: ignore write errors.
        let _ = self.add(&entry(exchange, redactor));
    }
}

/// Converts an exchange to an entry.
pub(super) fn entry(exchange: &Exchange, redactor: &Redactor) -> Value {
    let request = &exchange.request;
    let pairs = |lines: Vec<(String, String)>| -> Vec<Value> {
        lines
            .iter()
            .map(|(name, value)| json!({"name": name, "value": redactor.header(name, value)}))
            .collect()
    };
    let sent = pairs(head_lines(&exchange.wire.request_head, &request.headers));
    let mut asked = json!({
        "method": request.method,
        "url": redactor.url(&request.url),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": sent,
        "queryString": query(&redactor.url(&request.url)),
        "headersSize": exchange.wire.request_head.len(),
        "bodySize": request.body.len(),
    });
    if !request.body.is_empty() {
        let kind = request.header("content-type").unwrap_or_default();
        asked["postData"] = json!({"mimeType": kind, "text": redactor.text(&request.body)});
    }
    let mut entry = json!({
        "startedDateTime": timestamp(exchange.began),
        "time": exchange.times.done.map(milliseconds).unwrap_or_default(),
        "request": asked,
        "response": response(exchange, redactor, pairs),
        "cache": {},
        "timings": timings(&exchange.times),
        "comment": exchange.purpose.to_string(),
    });
    if let Some(peer) = exchange.connection.peer {
        entry["serverIPAddress"] = json!(peer.ip().to_string());
    }
    entry
}

fn response(
    exchange: &Exchange,
    redactor: &Redactor,
    pairs: impl Fn(Vec<(String, String)>) -> Vec<Value>,
) -> Value {
    let empty = || json!({"size": 0, "mimeType": "", "text": ""});
    let Some(answer) = &exchange.answer else {
        return json!({
            "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [],
            "content": empty(), "redirectURL": "", "headersSize": -1, "bodySize": -1,
            "_error": failure_text(exchange, redactor), "_failure": failure_json(exchange, redactor),
        });
    };
    // The body of a stream is only kept as events.
    let text = match answer.shape {
        BodyKind::Events => answer.events.iter().map(event_text).collect::<String>(),
        _ => answer.body.clone(),
    };
    let status = super::status_line(answer.status);
    json!({
        "status": answer.status,
        "statusText": status.split_once(' ').map_or("", |(_, words)| words),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": pairs(head_lines(&exchange.wire.response_head, &answer.headers)),
        "content": {
            "size": answer.body_length,
            "mimeType": answer.header("content-type").unwrap_or_default(),
            "text": redactor.text(&text),
        },
        "redirectURL": answer.header("location").map(|to| redactor.url(to)).unwrap_or_default(),
        "headersSize": exchange.wire.response_head.len(),
        "bodySize": answer.body_length,
        "_error": failure_text(exchange, redactor),
        "_failure": failure_json(exchange, redactor),
    })
}

fn failure_text<'r>(exchange: &'r Exchange, redactor: &'r Redactor) -> Option<Cow<'r, str>> {
    exchange.failure.as_ref().map(|failure| redactor.text(&failure.text))
}

fn failure_json(exchange: &Exchange, redactor: &Redactor) -> Option<Value> {
    let failure = exchange.failure.as_ref()?;
    Some(failure.to_json(&redactor.text(&failure.text)))
}

/// Formats an event in event stream syntax.
fn event_text(event: &Event) -> String {
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

fn query(url: &str) -> Vec<Value> {
    let Ok(url) = url::Url::parse(url) else { return Vec::new() };
    url.query_pairs().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

/// Returns the HAR timings in milliseconds, each from the end of the phase before. Optional
/// phases that did not occur are -1.
fn timings(times: &Times) -> Value {
    let phase = |from: Option<Duration>, to: Option<Duration>| {
        to.map_or(-1.0, |to| milliseconds(to.saturating_sub(from.unwrap_or_default())))
    };
    let connected = times.tls.or(times.connect);
    json!({
        "blocked": -1.0,
        "dns": phase(None, times.lookup),
        "connect": phase(times.lookup, connected),
        "ssl": phase(times.connect, times.tls),
        // HAR permits -1 only for the optional phases above.
        "send": phase(connected.or(times.lookup), times.sent).max(0.0),
        "wait": phase(times.sent, times.first_byte).max(0.0),
        "receive": phase(times.first_byte, times.done).max(0.0),
    })
}

/// Formats a time in RFC 3339 format, in UTC.
fn timestamp(at: SystemTime) -> String {
    // `humantime` cannot format times before 1970.
    humantime::format_rfc3339_millis(at.max(UNIX_EPOCH)).to_string()
}

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
                from_line(&line, exchanges.len() + 1)
                    .ok_or_else(|| format!("line {} is no exchange of a trace file", index + 1))?,
            );
        }
    }
    if exchanges.is_empty() {
        return Err("there is no request in it that could be MCP".to_owned());
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
    let body = request["postData"]["text"].as_str().unwrap_or_default().to_owned();
    let headers = pairs(&request["headers"]);
    // A browser's archive also contains pages and files that are not MCP.
    let is_mcp = headers.iter().any(|(name, value)| {
        name.starts_with("mcp-") || (name == "accept" && value.contains(EVENT_STREAM))
    }) || body.contains("\"jsonrpc\"");
    if !is_mcp {
        return None;
    }
    let content = &response["content"];
    let mut text = content["text"].as_str().unwrap_or_default().to_owned();
    if content["encoding"] == "base64" {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD.decode(&text).unwrap_or_default();
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    let status =
        response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
    let url = request["url"].as_str()?.to_owned();
    // A response or a recorded address proves that there was a connection.
    let connected =
        status > 0 || entry["serverIPAddress"].as_str().is_some_and(|ip| !ip.is_empty());
    let sent = if connected { body.len() as u64 } else { 0 };
    let missing = (status == 0).then_some("no answer was recorded");
    let failure = Failure::from_json(&response["_failure"]).or_else(|| {
        let text = response["_error"].as_str().or(missing)?;
        Some(Failure::recorded(text, connected))
    });
    Some(built(
        number,
        Request { method, url, headers, body },
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
    };
    let failure = Failure::from_json(&line["failure"]).or_else(|| {
        // Trace files of 0.1.0 contain only the message.
        Some(Failure::recorded(line["failure"].as_str()?, line["wire"]["sent"] != 0))
    });
    let sent = line["wire"]["sent"].as_u64().unwrap_or(request.body.len() as u64);
    Some(built(number, request, answer, failure, line["times"]["done"].as_f64(), sent))
}

fn built(
    number: usize,
    request: Request,
    answer: Option<Answer>,
    failure: Option<Failure>,
    took: Option<f64>,
    sent: u64,
) -> Exchange {
    let took = took.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
    Exchange {
        number,
        began: UNIX_EPOCH,
        purpose: Purpose::of_body(&request.body),
        wire: Wire { sent, ..Wire::default() },
        request,
        connection: Connection::default(),
        times: Times { done: took, ..Times::default() },
        answer,
        failure,
    }
}

/// Builds a response from its parts; determines the kind of its body.
fn answer_of(status: u16, headers: Vec<(String, String)>, text: &str) -> Answer {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose;
    use crate::exchange::testing::{answered, sent, with_headers};

    #[test]
    fn moments_are_written_as_rfc_3339_has_them() {
        let at = |seconds| timestamp(UNIX_EPOCH + Duration::from_millis(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(1_795_305_599_999), "2026-11-21T23:59:59.999Z");
    }

    #[test]
    fn what_is_written_can_be_read_and_says_the_same() {
        let refused = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: Server not initialized"}}"#;
        let streamed = answer_of(
            200,
            vec![("content-type".into(), EVENT_STREAM.into())],
            "event: message\nid: 1\ndata: {\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}\n\n",
        );
        let mut ok = answered(sent("ping", Some("0123456789abcdef0123")), 200, "");
        ok.answer = Some(streamed);
        let exchanges = [
            with_headers(
                sent("tools/call", None),
                400,
                &[("content-type", "application/json")],
                refused,
            ),
            ok,
        ];
        let redactor = Redactor::new(false);
        let har = json!({"log": {"entries": exchanges.iter().map(|e| entry(e, &redactor)).collect::<Vec<_>>()}});
        let text = har.to_string();
        assert!(!text.contains("0123456789abcdef0123"));
        let read = read(&text).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(diagnose::explain(&read[..1])[0].rule.id.as_str(), "session-missing");
        assert!(diagnose::succeeded(&read[1]));
        assert_eq!(read[1].answer.as_ref().unwrap().events[0].id.as_deref(), Some("1"));
    }

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
