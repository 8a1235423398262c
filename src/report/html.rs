//! `trace --html`: a self-contained page, without network access or scripts.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::ladder::Ladder;
use super::trace_lines::{Headers, create_private};
use crate::diagnose;
use crate::exchange::{Answer, BodyKind, Exchange};
use crate::output::duration;
use crate::redact::Redactor;

/// Contents of a page.
pub struct HtmlPage<'p> {
    /// URL of the traced server.
    pub title: &'p str,
    /// Name of the server's side.
    pub server: &'p str,
    /// The exchanges, in order.
    pub exchanges: &'p [Exchange],
    /// The verdict, as pairs of label and text.
    pub lines: &'p [(String, String)],
    /// Recipes, as pairs of language and program.
    pub recipes: Vec<(&'static str, String)>,
    /// Redactor that hides secrets.
    pub redactor: &'p Redactor,
}

/// Style sheet for light and dark mode. The ladder consists of boxes, not characters, to
/// fit on a phone.
const STYLE: &str = include_str!("page.css");

/// Content security policy: the page loads nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Writes a page to a file that only the user can read.
pub fn write(path: &Path, page: &HtmlPage<'_>) -> io::Result<()> {
    create_private(path)?.write_all(page.to_html().into_string().as_bytes())
}

impl HtmlPage<'_> {
    fn to_html(&self) -> Markup {
        let title = self.shown(self.title);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="color-scheme" content="light dark";
                    title { "trace of " (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { "trace of " code { (title) } }
                    (self.verdict())
                    h2 { "Exchanges" }
                    div.sides { span { "client" } span { (self.shown(self.server)) } }
                    @for index in 0..self.exchanges.len() { (self.exchange(index)) }
                    (self.programs())
                    footer { "mcpoke " (env!("CARGO_PKG_VERSION")) "; secrets are hidden" }
                }
            }
        }
    }

    fn verdict(&self) -> Markup {
        html! {
            dl {
                @for (label, text) in self.lines {
                    @if !label.is_empty() { dt { (self.shown(label)) } }
                    dd { (self.shown(text)) }
                }
            }
        }
    }

    fn exchange(&self, index: usize) -> Markup {
        let exchange = &self.exchanges[index];
        let rung = Ladder::describe(exchange, &self.exchanges[..index], self.redactor);
        let (kind, word) = if rung.good { ("good", "worked") } else { ("bad", "failed") };
        html! {
            details class=(kind) {
                summary {
                    span.sent {
                        b { (exchange.number) } " " (self.shown(&rung.request)) " "
                        em { (self.shown(rung.note.trim())) }
                    }
                    span.came title=(word) {
                        (self.shown(&rung.answer)) " "
                        small { (rung.took.map(duration).unwrap_or_default()) }
                    }
                }
                @if let Some(finding) = diagnose::explain_at(self.exchanges, index).first() {
                    p.finding {
                        b { (finding.rule.id) } " (" (finding.certainty.as_str()) "): "
                        (finding.rule.title) ". " (finding.rule.means) " " (self.shown(&finding.because))
                    }
                }
                h3 { "sent" }
                pre { (self.shown(&self.sent(exchange))) }
                h3 { "came back" }
                pre { (self.shown(&self.came_back(exchange))) }
            }
        }
    }

    fn sent(&self, exchange: &Exchange) -> String {
        let request = &exchange.request;
        let mut text = format!("{} {}\n", request.method, self.redactor.url(&request.url));
        self.headers(&mut text, &exchange.wire.request_head, &request.headers);
        if !request.body.is_empty() {
            let _ = write!(text, "\n{}", laid_out(&request.body));
        }
        text
    }

    fn came_back(&self, exchange: &Exchange) -> String {
        let mut text = String::new();
        if let Some(answer) = &exchange.answer {
            let _ = writeln!(text, "{}", super::status_line(answer.status));
            self.headers(&mut text, &exchange.wire.response_head, &answer.headers);
            add_body(&mut text, answer);
        }
        if let Some(failure) = &exchange.failure {
            let _ = writeln!(text, "{}", failure.text);
        }
        text
    }

    fn headers(&self, text: &mut String, head: &[u8], otherwise: &[(String, String)]) {
        for (name, value) in Headers::new(head, otherwise, self.redactor).iter() {
            let _ = writeln!(text, "{name}: {value}");
        }
    }

    fn programs(&self) -> Markup {
        html! {
            @if !self.recipes.is_empty() {
                h2 { "Recipes" }
                p { "Complete clients for this server, without an SDK." }
                @for (language, program) in &self.recipes {
                    details.recipe { summary { (language) } pre { (self.redactor.text(program)) } }
                }
            }
        }
    }

    /// Returns text without secrets, and without characters by which a server could disguise it.
    fn shown(&self, text: &str) -> String {
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
fn laid_out(text: &str) -> String {
    serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::{answered, sent};

    #[test]
    fn nothing_that_a_server_says_is_markup() {
        let evil = "<script>alert(1)</script>\" onload='x'\u{202e}\u{1b}[31m";
        let mut exchange = answered(sent("tools/list", None), 400, evil);
        exchange.answer.as_mut().unwrap().shape = BodyKind::Html;
        let lines = vec![("this server".to_owned(), evil.to_owned())];
        let redactor = Redactor::new(false);
        let exchanges = [exchange];
        let page = HtmlPage {
            title: evil,
            server: evil,
            exchanges: &exchanges,
            lines: &lines,
            recipes: vec![("python", "say('<script> I ❤\u{fe0f} it')".to_owned())],
            redactor: &redactor,
        };
        let html = page.to_html().into_string();
        assert!(!html.contains("<script") && !html.contains("\" onload"), "{html}");
        assert!(!html.contains('\u{202e}') && !html.contains('\u{1b}'));
        assert!(html.matches("&lt;script&gt;").count() >= 5);
        assert!(
            html.contains("say('&lt;script&gt; I ❤\u{fe0f} it')"),
            "a program is kept as it is"
        );
        assert!(html.contains("default-src 'none'") && html.contains("400"));
    }
}
