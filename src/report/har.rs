//! HAR 1.2 (HTTP Archive), for browser tools.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};

use super::recording::event_text;
use super::trace_lines::{Headers, create_private, milliseconds};
use crate::exchange::{Answer, BodyKind, Exchange, Observer, Times};
use crate::redact::Redactor;

/// The end of the file, after the last entry.
const TAIL: &str = "]}}\n";

/// Writes exchanges to a file that is complete after each entry.
pub struct Har {
    file: File,
    is_empty: bool,
    problem: Option<io::Error>,
}

impl Har {
    /// Creates or truncates the file; only the user can read it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = create_private(path)?;
        let creator = json!({"name": "mcpoke", "version": env!("CARGO_PKG_VERSION")});
        let log = json!({"log": {"version": "1.2", "creator": creator, "entries": []}}).to_string();
        writeln!(file, "{log}")?;
        Ok(Self { file, is_empty: true, problem: None })
    }

    /// Writes an entry before the end of the file.
    fn add(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.file.seek(SeekFrom::End(-i64::try_from(TAIL.len()).unwrap_or_default()))?;
        let mut text = if self.is_empty { Vec::new() } else { b",\n".to_vec() };
        self.is_empty = false;
        serde_json::to_writer(&mut text, entry)?;
        text.extend(TAIL.as_bytes());
        self.file.write_all(&text)
    }
}

impl Observer for Har {
    fn finished(&mut self, exchange: &Exchange, redactor: &Redactor) {
        // Tracing must not stop the command.
        if let Err(error) = self.add(&Entry::new(exchange, redactor)) {
            self.problem.get_or_insert(error);
        }
    }

    fn problem(&self) -> Option<String> {
        self.problem.as_ref().map(ToString::to_string)
    }
}

/// An exchange as an entry of the log. All times are milliseconds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'e> {
    started_date_time: String,
    time: f64,
    request: RequestEntry<'e>,
    response: ResponseEntry<'e>,
    cache: Empty,
    timings: Timings,
    comment: String,
    #[serde(rename = "serverIPAddress", skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestEntry<'e> {
    method: &'static str,
    url: String,
    http_version: &'static str,
    cookies: [Empty; 0],
    headers: Vec<Pair<'e>>,
    query_string: Vec<Pair<'e>>,
    headers_size: usize,
    body_size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData<'e>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData<'e> {
    mime_type: Cow<'e, str>,
    text: Cow<'e, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseEntry<'e> {
    status: u16,
    status_text: String,
    http_version: &'static str,
    cookies: [Empty; 0],
    headers: Vec<Pair<'e>>,
    content: Content<'e>,
    #[serde(rename = "redirectURL")]
    location: String,
    headers_size: i64,
    body_size: i64,
    #[serde(rename = "_error")]
    error: Option<Cow<'e, str>>,
    #[serde(rename = "_failure")]
    failure: Option<Value>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'e> {
    size: u64,
    mime_type: Cow<'e, str>,
    text: Cow<'e, str>,
}

#[derive(Serialize)]
struct Pair<'e> {
    name: Cow<'e, str>,
    value: Cow<'e, str>,
}

/// A value that HAR requires and that has nothing in it.
#[derive(Serialize)]
struct Empty {}

/// Each phase counts from the end of the one before. Optional phases that did not occur are -1.
#[derive(Serialize)]
struct Timings {
    blocked: f64,
    dns: f64,
    connect: f64,
    ssl: f64,
    send: f64,
    wait: f64,
    receive: f64,
}

impl<'e> Entry<'e> {
    fn new(exchange: &'e Exchange, redactor: &'e Redactor) -> Self {
        Self {
            started_date_time: timestamp(exchange.began),
            time: exchange.times.done.map(milliseconds).unwrap_or_default(),
            request: RequestEntry::new(exchange, redactor),
            response: match &exchange.answer {
                Some(answer) => ResponseEntry::new(exchange, answer, redactor),
                None => ResponseEntry::missing(exchange, redactor),
            },
            cache: Empty {},
            timings: Timings::from(&exchange.times),
            comment: redactor.text(&exchange.purpose.to_string()).into_owned(),
            address: exchange.connection.peer.map(|peer| peer.ip().to_string()),
        }
    }
}

impl<'e> RequestEntry<'e> {
    fn new(exchange: &'e Exchange, redactor: &'e Redactor) -> Self {
        let (request, head) = (&exchange.request, &exchange.wire.request_head);
        let url = redactor.url(&request.url);
        Self {
            method: request.method,
            http_version: "HTTP/1.1",
            cookies: [],
            headers: pairs(head, &request.headers, redactor),
            query_string: query(&url),
            url,
            headers_size: head.len(),
            body_size: request.body.len(),
            post_data: (!request.body.is_empty()).then(|| PostData {
                mime_type: redactor.text(request.header("content-type").unwrap_or_default()),
                text: redactor.text(&request.body),
            }),
        }
    }
}

impl<'e> ResponseEntry<'e> {
    fn new(exchange: &'e Exchange, answer: &'e Answer, redactor: &'e Redactor) -> Self {
        let head = &exchange.wire.response_head;
        // The body of a stream is only kept as events.
        let text = match answer.shape {
            BodyKind::Events => {
                let text: String = answer.events.iter().map(event_text).collect();
                Cow::Owned(redactor.text(&text).into_owned())
            }
            _ => redactor.text(&answer.body),
        };
        let status = super::status_line(answer.status);
        Self {
            status: answer.status,
            status_text: status.split_once(' ').map_or("", |(_, words)| words).to_owned(),
            http_version: "HTTP/1.1",
            headers: pairs(head, &answer.headers, redactor),
            content: Content {
                size: answer.body_length,
                mime_type: redactor.text(answer.header("content-type").unwrap_or_default()),
                text,
            },
            location: answer.header("location").map(|to| redactor.url(to)).unwrap_or_default(),
            headers_size: i64::try_from(head.len()).unwrap_or(i64::MAX),
            body_size: i64::try_from(answer.body_length).unwrap_or(i64::MAX),
            ..Self::missing(exchange, redactor)
        }
    }

    fn missing(exchange: &'e Exchange, redactor: &'e Redactor) -> Self {
        let error = exchange.failure.as_ref().map(|failure| redactor.text(&failure.text));
        let failure = exchange.failure.as_ref().zip(error.as_ref());
        Self {
            status: 0,
            status_text: String::new(),
            http_version: "",
            cookies: [],
            headers: Vec::new(),
            content: Content::default(),
            location: String::new(),
            headers_size: -1,
            body_size: -1,
            failure: failure.map(|(failure, text)| failure.to_json(text)),
            error,
        }
    }
}

impl From<&Times> for Timings {
    fn from(times: &Times) -> Self {
        let phase = |from: Option<Duration>, to: Option<Duration>| {
            to.map_or(-1.0, |to| milliseconds(to.saturating_sub(from.unwrap_or_default())))
        };
        let connected = times.tls.or(times.connect);
        Self {
            blocked: -1.0,
            dns: phase(None, times.lookup),
            connect: phase(times.lookup, connected),
            ssl: phase(times.connect, times.tls),
            // HAR permits -1 only for the optional phases above.
            send: phase(connected.or(times.lookup), times.sent).max(0.0),
            wait: phase(times.sent, times.first_byte).max(0.0),
            receive: phase(times.first_byte, times.done).max(0.0),
        }
    }
}

fn pairs<'e>(
    head: &'e [u8],
    otherwise: &'e [(String, String)],
    redactor: &'e Redactor,
) -> Vec<Pair<'e>> {
    let headers = Headers::new(head, otherwise, redactor);
    let pairs = headers.iter().map(|(name, value)| Pair {
        name: Cow::Owned(name.into_owned()),
        value: Cow::Owned(value.into_owned()),
    });
    pairs.collect()
}

fn query<'e>(url: &str) -> Vec<Pair<'e>> {
    let parsed = Some(url).filter(|url| url.contains('?')).map(url::Url::parse);
    let Some(Ok(url)) = parsed else { return Vec::new() };
    url.query_pairs()
        .map(|(name, value)| Pair {
            name: name.into_owned().into(),
            value: value.into_owned().into(),
        })
        .collect()
}

/// Formats a time in RFC 3339 format, in UTC.
fn timestamp(at: SystemTime) -> String {
    // `humantime` cannot format times before 1970.
    humantime::format_rfc3339_millis(at.max(UNIX_EPOCH)).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::recording::{answer_of, read};
    use super::*;
    use crate::diagnose;
    use crate::exchange::testing::{answered, sent, with_headers};
    use crate::protocol::headers::EVENT_STREAM;

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
        let har = json!({"log": {"entries": exchanges.iter().map(|e| Entry::new(e, &redactor)).collect::<Vec<_>>()}});
        let text = har.to_string();
        assert!(!text.contains("0123456789abcdef0123"));
        let read = read(&text).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(diagnose::explain(&read[..1])[0].rule.id.as_str(), "session-missing");
        assert!(read[1].outcome().is_success());
        assert_eq!(read[1].answer.as_ref().unwrap().events[0].id.as_deref(), Some("1"));
    }
}
