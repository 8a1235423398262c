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
    /// Label of the server in the ladder.
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

/// A request or a response as text.
pub(super) struct Message {
    /// First line and headers, each with its line ending.
    pub(super) head: String,
    /// Body or events.
    pub(super) body: String,
}

impl std::fmt::Display for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.head)?;
        if self.body.is_empty() { Ok(()) } else { write!(f, "\n{}", self.body) }
    }
}

impl Page<'_> {
    /// Returns a request as text.
    pub(super) fn sent(&self, exchange: &Exchange) -> Message {
        let request = &exchange.request;
        let mut head = format!("{} {}\n", request.method, self.redactor.url(&request.url));
        self.headers(&mut head, &exchange.wire.request_head, &request.headers);
        Message { head, body: laid_out(&request.body).into_owned() }
    }

    /// Returns a response as text, with how it ended.
    pub(super) fn came_back(&self, exchange: &Exchange) -> Message {
        let (mut head, mut body) = (String::new(), String::new());
        if let Some(answer) = &exchange.answer {
            let _ = writeln!(head, "{}", super::status_line(answer.status));
            self.headers(&mut head, &exchange.wire.response_head, &answer.headers);
            body = body_of(answer);
        }
        if let Some(failure) = &exchange.failure {
            let part = if body.is_empty() { &mut head } else { &mut body };
            let gap = if part.is_empty() || part.ends_with('\n') { "" } else { "\n" };
            let _ = writeln!(part, "{gap}{}", failure.text);
        }
        Message { head, body }
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

fn body_of(answer: &Answer) -> String {
    if answer.shape != BodyKind::Events {
        return laid_out(&answer.body).into_owned();
    }
    let events = answer.events.iter().map(|event| {
        let id = event.id.as_ref().map(|id| format!("  id {id}")).unwrap_or_default();
        let data = laid_out(event.data.as_deref().unwrap_or_default());
        format!("event {}{id}\n{data}\n", event.kind)
    });
    events.collect::<Vec<_>>().join("\n")
}

/// Pretty-prints JSON; returns other text unchanged.
fn laid_out(text: &str) -> Cow<'_, str> {
    let value = serde_json::from_str::<Value>(text).ok();
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    pretty.map_or(Cow::Borrowed(text), Cow::Owned)
}
