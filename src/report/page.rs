//! Contents of the pages of `trace`, for people: `--html` and `--markdown`.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use super::trace_lines::Headers;
use crate::exchange::{Answer, BodyKind, Exchange};
use crate::redact::Redactor;

/// Contents of a page.
pub struct Page<'p> {
    /// URL of the traced server.
    pub title: &'p str,
    /// Name of the server's side.
    pub server: &'p str,
    /// The exchanges, in order.
    pub exchanges: &'p [Exchange],
    /// The verdict, as pairs of label and text.
    pub lines: &'p [(String, String)],
    /// Numbers of the exchanges that decide, at most two.
    pub decisive: Vec<usize>,
    /// Sections of the specification that the verdict refers to.
    pub specifications: Vec<&'static str>,
    /// Recipes, as pairs of language and program.
    pub recipes: Vec<(&'static str, String)>,
    /// Redactor that hides secrets.
    pub redactor: &'p Redactor,
}

impl Page<'_> {
    /// Returns a request as text: request line, headers and body.
    pub(super) fn sent(&self, exchange: &Exchange) -> String {
        let request = &exchange.request;
        let mut text = format!("{} {}\n", request.method, self.redactor.url(&request.url));
        self.headers(&mut text, &exchange.wire.request_head, &request.headers);
        if !request.body.is_empty() {
            let _ = write!(text, "\n{}", laid_out(&request.body));
        }
        text
    }

    /// Returns a response as text: status, headers, body or events, and how it ended.
    pub(super) fn came_back(&self, exchange: &Exchange) -> String {
        let mut text = String::new();
        if let Some(answer) = &exchange.answer {
            let _ = writeln!(text, "{}", super::status_line(answer.status));
            self.headers(&mut text, &exchange.wire.response_head, &answer.headers);
            add_body(&mut text, answer);
        }
        if let Some(failure) = &exchange.failure {
            let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", failure.text);
        }
        text
    }

    fn headers(&self, text: &mut String, head: &[u8], otherwise: &[(String, String)]) {
        for (name, value) in Headers::new(head, otherwise, self.redactor).iter() {
            let _ = writeln!(text, "{name}: {value}");
        }
    }

    /// Returns text without secrets, and without characters by which a server could disguise it.
    pub(super) fn shown(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        for c in self.redactor.text(text).chars() {
            match c {
                '\n' | '\t' => shown.push(c),
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => shown += &escaped(c),
                c if c.is_control() => shown += &escaped(c),
                c => shown.push(c),
            }
        }
        shown
    }
}

fn escaped(c: char) -> String {
    c.escape_unicode().to_string()
}

fn add_body(text: &mut String, answer: &Answer) {
    if answer.shape == BodyKind::Events {
        for event in &answer.events {
            let id = event.id.as_ref().map(|id| format!("  id {id}")).unwrap_or_default();
            let data = laid_out(event.data.as_deref().unwrap_or_default());
            let _ = write!(text, "\nevent {}{id}\n{data}\n", event.kind);
        }
    } else if !answer.body.is_empty() {
        let _ = write!(text, "\n{}", laid_out(&answer.body));
    }
}

/// Pretty-prints JSON; returns other text unchanged.
fn laid_out(text: &str) -> Cow<'_, str> {
    let value = serde_json::from_str::<Value>(text).ok();
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    pretty.map_or(Cow::Borrowed(text), Cow::Owned)
}
