//! `--trace-file x.jsonl`: one JSON object per exchange, with secrets redacted.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::diagnose;
use crate::exchange::{Answer, Connection, Event, Exchange, History, Observer, Times};
use crate::redact::Redactor;
use crate::session::private_options;

/// Writes each exchange to a file when it ends.
pub struct TraceLines {
    file: File,
    history: History,
}

impl TraceLines {
    /// Creates or truncates the file. Only the user can read it, because even a redacted trace
    /// reveals much.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: create_private(path)?, history: History::new(diagnose::reach()) })
    }
}

/// Creates or truncates a file that only the user can read.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let file = private_options().write(true).create(true).truncate(true).open(path)?;
    // Otherwise an existing file keeps its permissions.
    close_to_others(&file)?;
    Ok(file)
}

#[cfg(unix)]
fn close_to_others(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    // Leave the permissions of devices and pipes to the user.
    if file.metadata()?.is_file() {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn close_to_others(_: &File) -> io::Result<()> {
    Ok(())
}

impl Observer for TraceLines {
    fn finished(&mut self, exchange: &Exchange, redactor: &Redactor) {
        self.history.add(exchange.clone());
        let exchanges = self.history.exchanges();
        // In one piece: formatting into the file would be a system call for each token.
        let line = format!("{}\n", exchange_json(exchanges, exchanges.len() - 1, redactor));
        // Tracing must not stop the command: ignore write errors.
        let _ = self.file.write_all(line.as_bytes());
    }
}

/// Converts one of the exchanges to JSON, with its findings.
pub fn exchange_json(exchanges: &[Exchange], at: usize, redactor: &Redactor) -> Value {
    let mut line = to_json(&exchanges[at], redactor);
    let findings = diagnose::explain_at(exchanges, at);
    line["findings"] = findings
        .iter()
        .map(|one| json!({"id": one.rule.id, "certainty": one.certainty.as_str(), "title": one.rule.title}))
        .collect();
    line
}

/// Converts an exchange to JSON. `times` are milliseconds since it began.
fn to_json(exchange: &Exchange, redactor: &Redactor) -> Value {
    let request = &exchange.request;
    json!({
        "number": exchange.number,
        "began": exchange.began.duration_since(UNIX_EPOCH).map(milliseconds).unwrap_or_default(),
        "purpose": exchange.purpose.to_string(),
        "request": {
            "method": request.method,
            "url": redactor.url(&request.url),
            "headers": headers(&head_lines(&exchange.wire.request_head, &request.headers), redactor),
            "body": redactor.text(&request.body),
        },
        "connection": connection(&exchange.connection, redactor),
        "times": times(&exchange.times),
        "wire": {
            "sent": exchange.wire.sent,
            "received": exchange.wire.received,
            "chunks": exchange.wire.chunks.iter()
                .map(|(at, bytes)| json!([milliseconds(*at), bytes])).collect::<Vec<_>>(),
        },
        "answer": exchange.answer.as_ref().map(|sent| answer(exchange, sent, redactor)),
        "failure": exchange.failure.as_ref().map(|failure| failure.to_json(&redactor.text(&failure.text))),
    })
}

fn answer(exchange: &Exchange, answer: &Answer, redactor: &Redactor) -> Value {
    json!({
        "status": answer.status,
        "headers": headers(&head_lines(&exchange.wire.response_head, &answer.headers), redactor),
        "shape": answer.shape.as_str(),
        "body": redactor.text(&answer.body),
        "body_length": answer.body_length,
        "events": answer.events.iter().map(|one| event(one, redactor)).collect::<Vec<_>>(),
        "events_dropped": answer.events_dropped,
    })
}

/// Returns the headers as spelled on the wire, or `otherwise` if nothing was recorded.
pub(super) fn head_lines(head: &[u8], otherwise: &[(String, String)]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(head);
    // After interim responses (1xx), only the last head counts.
    let last = text.trim_end().rsplit("\r\n\r\n").next().unwrap_or_default();
    let lines: Vec<(String, String)> = last
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    if lines.is_empty() { otherwise.to_vec() } else { lines }
}

fn headers(headers: &[(String, String)], redactor: &Redactor) -> Vec<Value> {
    headers.iter().map(|(name, value)| json!([name, redactor.header(name, value)])).collect()
}

fn event(event: &Event, redactor: &Redactor) -> Value {
    json!({
        "at": milliseconds(event.at),
        "event": redactor.text(&event.kind),
        "id": event.id.as_ref().map(|id| redactor.text(id)),
        "retry": event.retry,
        "data": event.data.as_ref().map(|data| redactor.text(data)),
        "comments": event.comments.iter().map(|one| redactor.text(one)).collect::<Vec<_>>(),
    })
}

fn connection(connection: &Connection, redactor: &Redactor) -> Value {
    let mut map = Map::new();
    map.insert("reused".into(), json!(connection.reused));
    map.insert("peer".into(), json!(connection.peer.map(|peer| peer.to_string())));
    let refused = connection.refused.iter().map(|(address, why)| json!([address.to_string(), why]));
    map.insert("refused".into(), refused.collect());
    map.insert("proxy".into(), json!(connection.proxy.as_ref().map(|proxy| redactor.url(proxy))));
    let tls = connection.tls.as_ref().map(|tls| {
        json!({
            "version": tls.version,
            "cipher": tls.cipher,
            "names": tls.names,
            "fingerprint": tls.fingerprint,
            "certificate": STANDARD.encode(&tls.certificate),
        })
    });
    map.insert("tls".into(), json!(tls));
    Value::Object(map)
}

fn times(times: &Times) -> Value {
    let at = |time: Option<Duration>| json!(time.map(milliseconds));
    json!({
        "lookup": at(times.lookup),
        "connect": at(times.connect),
        "tls": at(times.tls),
        "sent": at(times.sent),
        "first_byte": at(times.first_byte),
        "done": at(times.done),
    })
}

/// Converts a duration to milliseconds, rounded to the microsecond.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::{sent, with_headers};

    #[test]
    fn a_line_has_no_secret_in_it() {
        let secret = "0123456789abcdef0123456789abcdef";
        let mut redactor = Redactor::new(false);
        redactor.learn_session(secret);
        let body = format!("{{\"session\":\"{secret}\"}}");
        let mut exchange =
            with_headers(sent("ping", Some(secret)), 200, &[("mcp-session-id", secret)], &body);
        exchange.wire.request_head =
            format!("POST / HTTP/1.1\r\nMcp-Session-Id: {secret}\r\nHost: h\r\n\r\n").into_bytes();
        let line = to_json(&exchange, &redactor);
        assert!(!line.to_string().contains(secret), "{line}");
        assert_eq!(line["request"]["headers"][0], json!(["Mcp-Session-Id", "01234567… (32)"]));
        assert_eq!(line["request"]["headers"][1], json!(["Host", "h"]));
    }
}
