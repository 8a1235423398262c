//! `--trace-file x.jsonl`: one JSON object per exchange, with secrets redacted.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::diagnose::{self, Finding, RuleId};
use crate::exchange::{Answer, Connection, Event, Exchange, History, Observer, Times};
use crate::file;
use crate::redact::Redactor;
use crate::session::private_options;

/// Writes each exchange to a file when it ends.
pub struct TraceLines {
    file: File,
    history: History,
    problem: Option<io::Error>,
}

impl TraceLines {
    /// Creates or truncates the file. Only the user can read it, because even a redacted trace
    /// reveals much.
    pub fn create(path: &Path) -> io::Result<Self> {
        let (file, history) = (create_private(path)?, History::new(diagnose::reach()));
        Ok(Self { file, history, problem: None })
    }
}

/// Creates or truncates a file that only the user can read.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let file = file::create_with(path, private_options())?;
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
        let line = Line::new(exchanges, exchanges.len() - 1, redactor);
        // In one piece: serializing into the file would be a system call for each token.
        let Ok(mut text) = serde_json::to_vec(&line) else { return };
        text.push(b'\n');
        // Tracing must not stop the command.
        if let Err(error) = self.file.write_all(&text) {
            self.problem.get_or_insert(error);
        }
    }

    fn problem(&self) -> Option<String> {
        self.problem.as_ref().map(ToString::to_string)
    }
}

/// Converts exchanges to JSON, each with its findings.
pub fn exchanges_json(exchanges: &[Exchange], redactor: &Redactor) -> Vec<Value> {
    let of_part = |part: diagnose::Part<'_>| {
        let of_one = |place| exchange_json(&part.exchanges, place, redactor);
        part.places.clone().map(of_one).collect::<Vec<_>>()
    };
    diagnose::parts(exchanges).flat_map(of_part).collect()
}

/// Converts one of the exchanges to JSON, with its findings.
fn exchange_json(exchanges: &[Exchange], at: usize, redactor: &Redactor) -> Value {
    serde_json::to_value(Line::new(exchanges, at, redactor)).unwrap_or_default()
}

/// An exchange as an object of JSON. It borrows: with `--each`, a tree of values for each call would
/// cost more than the call itself. All times are milliseconds.
#[derive(Serialize)]
struct Line<'e> {
    number: usize,
    began: f64,
    purpose: String,
    request: RequestLine<'e>,
    connection: ConnectionLine<'e>,
    /// Since the exchange began.
    times: TimesLine,
    wire: WireLine,
    answer: Option<AnswerLine<'e>>,
    failure: Option<Value>,
    findings: Vec<FindingLine>,
}

#[derive(Serialize)]
struct RequestLine<'e> {
    method: &'static str,
    url: String,
    headers: Headers<'e>,
    body: Cow<'e, str>,
}

#[derive(Serialize)]
struct ConnectionLine<'e> {
    reused: bool,
    peer: Option<String>,
    refused: Vec<(String, Cow<'e, str>)>,
    proxy: Option<String>,
    tls: Option<TlsLine<'e>>,
}

#[derive(Serialize)]
struct TlsLine<'e> {
    version: &'e str,
    cipher: &'e str,
    names: &'e [String],
    fingerprint: &'e str,
    certificate: String,
}

#[derive(Serialize)]
struct TimesLine {
    lookup: Option<f64>,
    connect: Option<f64>,
    tls: Option<f64>,
    sent: Option<f64>,
    first_byte: Option<f64>,
    done: Option<f64>,
}

#[derive(Serialize)]
struct WireLine {
    sent: u64,
    received: u64,
    chunks: Vec<(f64, usize)>,
}

#[derive(Serialize)]
struct AnswerLine<'e> {
    status: u16,
    headers: Headers<'e>,
    shape: &'static str,
    body: Cow<'e, str>,
    body_length: u64,
    events: Vec<EventLine<'e>>,
    events_dropped: u64,
}

#[derive(Serialize)]
struct EventLine<'e> {
    at: f64,
    event: Cow<'e, str>,
    id: Option<Cow<'e, str>>,
    retry: Option<u64>,
    data: Option<Cow<'e, str>>,
    comments: Vec<Cow<'e, str>>,
}

#[derive(Serialize)]
struct FindingLine {
    id: RuleId,
    certainty: &'static str,
    title: &'static str,
}

impl<'e> Line<'e> {
    fn new(exchanges: &'e [Exchange], at: usize, redactor: &'e Redactor) -> Self {
        let exchange = &exchanges[at];
        let Exchange { request, wire, .. } = exchange;
        let findings = diagnose::explain_at(exchanges, at);
        Self {
            number: exchange.number,
            began: exchange.began.duration_since(UNIX_EPOCH).map(milliseconds).unwrap_or_default(),
            purpose: redactor.text(&exchange.purpose.to_string()).into_owned(),
            request: RequestLine {
                method: request.method,
                url: redactor.url(&request.url),
                headers: Headers::new(&wire.request_head, &request.headers, redactor),
                body: redactor.text(&request.body),
            },
            connection: ConnectionLine::new(&exchange.connection, redactor),
            times: TimesLine::from(&exchange.times),
            wire: WireLine {
                sent: wire.sent,
                received: wire.received,
                chunks: wire.chunks.iter().map(|(at, bytes)| (milliseconds(*at), *bytes)).collect(),
            },
            answer: exchange
                .answer
                .as_ref()
                .map(|answer| AnswerLine::new(answer, &wire.response_head, redactor)),
            failure: exchange
                .failure
                .as_ref()
                .map(|failure| failure.to_json(&redactor.text(&failure.text))),
            findings: findings.iter().map(FindingLine::from).collect(),
        }
    }
}

impl<'e> ConnectionLine<'e> {
    fn new(connection: &'e Connection, redactor: &Redactor) -> Self {
        let refused = connection.refused.iter();
        Self {
            reused: connection.reused,
            peer: connection.peer.map(|peer| peer.to_string()),
            refused: refused
                .map(|(address, why)| (address.to_string(), redactor.text(why)))
                .collect(),
            proxy: connection.proxy.as_ref().map(|proxy| redactor.url(proxy)),
            tls: connection.tls.as_ref().map(|tls| TlsLine {
                version: &tls.version,
                cipher: &tls.cipher,
                names: &tls.names,
                fingerprint: &tls.fingerprint,
                certificate: STANDARD.encode(&tls.certificate),
            }),
        }
    }
}

impl From<&Times> for TimesLine {
    fn from(times: &Times) -> Self {
        Self {
            lookup: times.lookup.map(milliseconds),
            connect: times.connect.map(milliseconds),
            tls: times.tls.map(milliseconds),
            sent: times.sent.map(milliseconds),
            first_byte: times.first_byte.map(milliseconds),
            done: times.done.map(milliseconds),
        }
    }
}

impl<'e> AnswerLine<'e> {
    fn new(answer: &'e Answer, head: &'e [u8], redactor: &'e Redactor) -> Self {
        Self {
            status: answer.status,
            headers: Headers::new(head, &answer.headers, redactor),
            shape: answer.shape.as_str(),
            body: redactor.text(&answer.body),
            body_length: answer.body_length,
            events: answer.events.iter().map(|event| EventLine::new(event, redactor)).collect(),
            events_dropped: answer.events_dropped,
        }
    }
}

impl<'e> EventLine<'e> {
    fn new(event: &'e Event, redactor: &Redactor) -> Self {
        Self {
            at: milliseconds(event.at),
            event: redactor.text(&event.kind),
            id: event.id.as_ref().map(|id| redactor.text(id)),
            retry: event.retry,
            data: event.data.as_ref().map(|data| redactor.text(data)),
            comments: event.comments.iter().map(|comment| redactor.text(comment)).collect(),
        }
    }
}

impl From<&Finding> for FindingLine {
    fn from(finding: &Finding) -> Self {
        let Finding { rule, certainty, .. } = finding;
        Self { id: rule.id, certainty: certainty.as_str(), title: rule.title }
    }
}

/// Headers as spelled on the wire, with secrets redacted; as passed to the HTTP layer if nothing was
/// recorded. Serialized as pairs.
pub(super) struct Headers<'e> {
    head: Cow<'e, str>,
    otherwise: &'e [(String, String)],
    redactor: &'e Redactor,
}

impl<'e> Headers<'e> {
    pub(super) fn new(
        head: &'e [u8],
        otherwise: &'e [(String, String)],
        redactor: &'e Redactor,
    ) -> Self {
        Self { head: String::from_utf8_lossy(head), otherwise, redactor }
    }

    /// Returns each name with its value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        // After interim responses (1xx), only the last head counts.
        let last = self.head.trim_end().rsplit("\r\n\r\n").next().unwrap_or_default();
        let recorded = last.lines().skip(1).filter_map(|line| line.split_once(':'));
        let otherwise = if last.is_empty() { self.otherwise } else { &[] };
        let pairs = recorded.map(|(name, value)| (name, value.trim()));
        pairs
            .chain(otherwise.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .map(|(name, value)| (self.redactor.text(name), self.redactor.header(name, value)))
    }
}

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Converts a duration to milliseconds, rounded to the microsecond.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
        let line = exchange_json(&[exchange], 0, &redactor);
        assert!(!line.to_string().contains(secret), "{line}");
        assert_eq!(line["request"]["headers"][0], json!(["Mcp-Session-Id", "01234567… (32)"]));
        assert_eq!(line["request"]["headers"][1], json!(["Host", "h"]));
    }
}
