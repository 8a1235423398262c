//! `trace --html`: a self-contained page, without network access or scripts.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use serde_json::Value;

use super::ladder::{Ladder, Rung};
use super::trace_lines::{create_private, head_lines};
use crate::diagnose;
use crate::exchange::{BodyKind, Exchange};
use crate::output::duration;
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
    /// Recipes, as pairs of language and program.
    pub recipes: Vec<(&'static str, String)>,
    /// Redactor that hides secrets.
    pub redactor: &'p Redactor,
}

/// Style sheet for light and dark mode. The ladder consists of boxes, not characters, to
/// fit on a phone.
const STYLE: &str = include_str!("page.css");

/// Writes a page to a file that only the user can read.
pub fn write(path: &Path, page: &Page<'_>) -> io::Result<()> {
    create_private(path)?.write_all(page.to_html().as_bytes())
}

impl Page<'_> {
    fn to_html(&self) -> String {
        let title = escaped(&self.redactor.text(self.title));
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>trace of {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <h1>trace of <code>{title}</code></h1>\n"
        );
        self.verdict(&mut html);
        self.ladder(&mut html);
        self.programs(&mut html);
        let _ = writeln!(
            html,
            "<footer>mcpoke {}; secrets are hidden</footer>\n</body>\n</html>",
            env!("CARGO_PKG_VERSION")
        );
        html
    }

    fn verdict(&self, html: &mut String) {
        html.push_str("<dl>\n");
        for (label, text) in self.lines {
            if !label.is_empty() {
                let _ = writeln!(html, "<dt>{}</dt>", escaped(label));
            }
            let _ = writeln!(html, "<dd>{}</dd>", escaped(&self.redactor.text(text)));
        }
        html.push_str("</dl>\n");
    }

    fn ladder(&self, html: &mut String) {
        let _ = writeln!(
            html,
            "<h2>Exchanges</h2>\n<div class=\"sides\"><span>client</span><span>{}</span></div>",
            escaped(self.server)
        );
        for (index, exchange) in self.exchanges.iter().enumerate() {
            let rung = Ladder::describe(exchange, &self.exchanges[..index], self.redactor);
            self.exchange(html, index, &rung);
        }
    }

    fn exchange(&self, html: &mut String, index: usize, rung: &Rung) {
        let exchange = &self.exchanges[index];
        let (kind, word) = if rung.good { ("good", "worked") } else { ("bad", "failed") };
        let took = rung.took.map(duration).unwrap_or_default();
        let _ = writeln!(
            html,
            "<details class=\"{kind}\">\n<summary>\n<span class=\"sent\"><b>{}</b> {} <em>{}</em></span>\n\
             <span class=\"came\" title=\"{word}\">{} <small>{took}</small></span>\n</summary>",
            exchange.number,
            escaped(&rung.request),
            escaped(rung.note.trim()),
            escaped(&rung.answer),
        );
        for finding in diagnose::explain_at(self.exchanges, index).iter().take(1) {
            let _ = writeln!(
                html,
                "<p class=\"finding\"><b>{}</b> ({}): {}. {} {}</p>",
                finding.rule.id,
                finding.certainty.as_str(),
                escaped(finding.rule.title),
                escaped(finding.rule.means),
                escaped(&self.redactor.text(&finding.because)),
            );
        }
        let request = &exchange.request;
        let mut sent = format!("{} {}\n", request.method, self.redactor.url(&request.url));
        self.headers(&mut sent, &head_lines(&exchange.wire.request_head, &request.headers));
        if !request.body.is_empty() {
            let _ = write!(sent, "\n{}", laid_out(&self.redactor.text(&request.body)));
        }
        let _ = writeln!(html, "<h3>sent</h3>\n<pre>{}</pre>", escaped(&sent));
        let mut came = String::new();
        if let Some(answer) = &exchange.answer {
            let _ = writeln!(came, "{}", super::status_line(answer.status));
            self.headers(&mut came, &head_lines(&exchange.wire.response_head, &answer.headers));
            if answer.shape == BodyKind::Events {
                for event in &answer.events {
                    let id = event.id.as_ref().map(|id| format!("  id {id}")).unwrap_or_default();
                    let data = event.data.as_deref().unwrap_or_default();
                    let (head, data) = (self.redactor.text(&id), self.redactor.text(data));
                    let _ = write!(came, "\nevent {}{head}\n{}\n", event.kind, laid_out(&data));
                }
            } else if !answer.body.is_empty() {
                let _ = write!(came, "\n{}", laid_out(&self.redactor.text(&answer.body)));
            }
        }
        if let Some(failure) = &exchange.failure {
            let _ = writeln!(came, "{}", self.redactor.text(&failure.text));
        }
        let _ = writeln!(html, "<h3>came back</h3>\n<pre>{}</pre>\n</details>", escaped(&came));
    }

    fn headers(&self, text: &mut String, headers: &[(String, String)]) {
        for (name, value) in headers {
            let _ = writeln!(text, "{name}: {}", self.redactor.header(name, value));
        }
    }

    fn programs(&self, html: &mut String) {
        if self.recipes.is_empty() {
            return;
        }
        html.push_str(
            "<h2>Recipes</h2>\n<p>Complete clients for this server, without an SDK.</p>\n",
        );
        for (language, program) in &self.recipes {
            let program = escaped(&self.redactor.text(program));
            let _ = writeln!(
                html,
                "<details class=\"recipe\">\n<summary>{language}</summary>\n<pre>{program}</pre>\n</details>"
            );
        }
    }
}

/// Pretty-prints JSON; returns other text unchanged.
fn laid_out(text: &str) -> String {
    serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| text.to_owned())
}

/// Escapes text for HTML. Bidirectional control characters are dropped: a server could use
/// them to disguise text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
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
        let page = Page {
            title: evil,
            server: evil,
            exchanges: &exchanges,
            lines: &lines,
            recipes: vec![("python", evil.to_owned())],
            redactor: &redactor,
        };
        let html = page.to_html();
        assert!(!html.contains("<script") && !html.contains("onload='"), "{html}");
        assert!(!html.contains('\u{202e}') && !html.contains('\u{1b}'));
        assert!(html.matches("&lt;script&gt;").count() >= 5);
        assert!(html.contains("default-src 'none'") && html.contains("400"));
    }
}
