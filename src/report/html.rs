//! `trace --html`: a self-contained page, without network access or scripts.

use std::io::{self, Write as _};
use std::path::Path;

use super::ladder::Ladder;
use super::page::Page;
use super::trace_lines::create_private;
use crate::diagnose;
use crate::exchange::Exchange;
use crate::output::duration;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Style sheet for light and dark mode. The ladder consists of boxes, not characters, to
/// fit on a phone.
const STYLE: &str = include_str!("page.css");

/// Content security policy: the page loads nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Writes a page to a file that only the user can read.
pub fn write(path: &Path, page: &Page<'_>) -> io::Result<()> {
    create_private(path)?.write_all(page.to_html().into_string().as_bytes())
}

impl Page<'_> {
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
                    @for part in diagnose::parts(self.exchanges) {
                        @for place in part.places.clone() { (self.exchange(&part.exchanges, place)) }
                    }
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

    fn exchange(&self, exchanges: &[Exchange], index: usize) -> Markup {
        let exchange = &exchanges[index];
        let rung = Ladder::describe(exchange, &exchanges[..index], self.redactor);
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
                @if let Some(finding) = diagnose::explain_at(exchanges, index).first() {
                    p.finding {
                        b { (finding.rule.id) } " (" (finding.certainty.as_str()) "): "
                        (finding.rule.title) ". " (finding.rule.means) " " (self.shown(&finding.because))
                    }
                }
                h3 { "sent" }
                pre { (self.shown(&self.sent(exchange).to_string())) }
                h3 { "came back" }
                pre { (self.shown(&self.came_back(exchange).to_string())) }
            }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::BodyKind;
    use crate::exchange::testing::{answered, sent};
    use crate::redact::Redactor;

    #[test]
    fn nothing_that_a_server_says_is_markup() {
        let evil = "<script>alert(1)</script>\" onload='x'\u{202e}\u{1b}[31m";
        let mut exchange = answered(sent("tools/list", None), 400, evil);
        exchange.answer.as_mut().unwrap().shape = BodyKind::Html;
        let lines = vec![("this server".to_owned(), evil.to_owned())];
        let redactor = Redactor::new(false);
        let exchanges = [exchange];
        let page = Page {
            title: evil,
            server: evil,
            exchanges: &exchanges,
            lines: &lines,
            decisive: Vec::new(),
            specifications: Vec::new(),
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
