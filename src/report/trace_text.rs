//! `--trace`: prints each exchange to stderr as it happens, with secrets redacted and the
//! main finding.

use super::status_line;
use crate::diagnose;
use crate::exchange::{BodyKind, Event, Exchange, History, Observer};
use crate::output::{Paint, Stream, duration, one_line, safe_text};
use crate::redact::Redactor;

/// Maximum length of a message on a terminal, in bytes; `--trace-file` contains the whole.
const SHOWN_ON_TERMINAL: usize = 2000;

/// Prints the trace.
pub struct TraceText {
    stream: Stream,
    /// Text that is not written yet.
    pending: String,
    /// Earlier exchanges, as far as a finding may depend on them.
    history: History,
}

impl TraceText {
    /// Creates a trace on this stream.
    pub fn new(stream: Stream) -> Self {
        Self { stream, pending: String::new(), history: History::new(diagnose::reach()) }
    }

    fn line(&mut self, line: &str) {
        self.pending.push_str(line);
        self.pending.push('\n');
    }

    /// Writes the pending lines in one piece. Write errors are ignored, because tracing must not stop
    /// the command.
    fn flush(&mut self) {
        let _ = self.stream.bytes(self.pending.as_bytes());
        self.pending.clear();
    }

    fn headers(&mut self, headers: &[(String, String)], redactor: &Redactor) {
        for (name, value) in headers {
            let value = one_line(&redactor.header(name, value));
            self.line(&format!(
                "  {}: {value}",
                self.stream.style.paint(Paint::Faint, &one_line(&redactor.text(name)))
            ));
        }
    }

    fn message(&self, text: &str, redactor: &Redactor) -> String {
        let text = safe_text(redactor.text(text).trim_end());
        if !self.stream.terminal.is_terminal || text.len() <= SHOWN_ON_TERMINAL {
            return text;
        }
        let cut = text.floor_char_boundary(SHOWN_ON_TERMINAL);
        format!("{}… ({} bytes in all)", &text[..cut], text.len())
    }

    fn body(&mut self, text: &str, redactor: &Redactor) {
        for line in self.message(text, redactor).lines() {
            self.line(&format!("  {line}"));
        }
    }
}

impl Observer for TraceText {
    fn sending(&mut self, exchange: &Exchange, redactor: &Redactor) {
        let request = &exchange.request;
        let line = format!("→ {} {}", request.method, one_line(&redactor.url(&request.url)));
        let purpose = exchange.purpose.to_string();
        let purpose = self.stream.style.paint(Paint::Strong, &one_line(&redactor.text(&purpose)));
        self.line(
            format!("{}  {purpose}", self.stream.style.paint(Paint::Notable, &line)).trim_end(),
        );
        self.headers(&request.headers, redactor);
        if !request.body.is_empty() {
            self.body(&request.body, redactor);
        }
        self.flush();
    }

    fn answered(&mut self, exchange: &Exchange, redactor: &Redactor) {
        let Some(answer) = &exchange.answer else { return };
        let paint = if answer.status < 400 { Paint::Good } else { Paint::Bad };
        let status = self.stream.style.paint(paint, &format!("← {}", status_line(answer.status)));
        self.line(&format!("{status}  {}", connection(exchange)));
        self.headers(&answer.headers, redactor);
        self.flush();
    }

    fn event(&mut self, event: &Event, redactor: &Redactor) {
        for comment in &event.comments {
            self.line(&format!("  comment  {}", one_line(&redactor.text(comment))));
        }
        let Some(data) = &event.data else {
            if let Some(retry) = event.retry {
                self.line(&format!("  retry {retry} ms"));
            }
            self.flush();
            return;
        };
        let id = event.id.as_ref().map(|id| format!("  id {}", one_line(&redactor.text(id))));
        let retry = event.retry.map(|retry| format!("  retry {retry} ms"));
        let label = format!(
            "event {}{}{}",
            one_line(&redactor.text(&event.kind)),
            id.unwrap_or_default(),
            retry.unwrap_or_default()
        );
        let at = duration(event.at);
        let data =
            if data.is_empty() { "(no data)".to_owned() } else { self.message(data, redactor) };
        self.line(&format!(
            "  {}  {data}",
            self.stream.style.paint(Paint::Faint, &format!("{label}  at {at}"))
        ));
        self.flush();
    }

    fn finished(&mut self, exchange: &Exchange, redactor: &Redactor) {
        if let Some(answer) =
            exchange.answer.as_ref().filter(|answer| answer.shape != BodyKind::Events)
        {
            self.body(&answer.body, redactor);
        }
        if let Some(failure) = &exchange.failure {
            let text = format!("× {}", one_line(&redactor.text(&failure.text)));
            self.line(&self.stream.style.paint(Paint::Bad, &text));
        }
        if let Some(done) = exchange.times.done {
            let received = exchange.wire.received;
            self.line(&format!("  done in {}, {received} bytes received", duration(done)));
        }
        self.history.add(exchange.clone());
        if let Some(finding) = diagnose::explain(self.history.exchanges()).first() {
            let rule = format!("[{}, {}]", finding.rule.id, finding.certainty.as_str());
            let title = self.stream.style.paint(Paint::Bad, finding.rule.title);
            self.line(&format!("! {title}  {}", self.stream.style.paint(Paint::Faint, &rule)));
        }
        if let Some(remark) = diagnose::remark(exchange) {
            self.line(&self.stream.style.paint(Paint::Good, &format!("! {remark}")));
        }
        self.line("");
        self.flush();
    }
}

/// Describes the connection, and the time at which each phase ended.
fn connection(exchange: &Exchange) -> String {
    let (connection, times) = (&exchange.connection, &exchange.times);
    let mut parts = Vec::new();
    if connection.reused {
        parts.push("connection reused".to_owned());
    } else if let Some(peer) = connection.peer {
        parts.push(peer.to_string());
    }
    if let Some(proxy) = &connection.proxy {
        parts.push(format!("through {}", one_line(proxy)));
    }
    if let Some(tls) = connection.tls.as_ref().filter(|_| !connection.reused) {
        let names = one_line(&tls.names.join(", "));
        parts.push(format!("{} {}", tls.version, tls.cipher));
        parts.push(format!(
            "certificate {}… for {names}",
            tls.fingerprint.get(..12).unwrap_or_default()
        ));
    }
    let phases = [
        ("lookup", times.lookup.filter(|_| times.connect.is_some())),
        ("connect", times.connect),
        ("tls", times.tls),
        ("sent", times.sent),
        ("first byte", times.first_byte),
    ];
    parts.extend(
        phases.iter().filter_map(|(name, at)| Some(format!("{name} {}", duration((*at)?)))),
    );
    parts.join(" · ")
}
