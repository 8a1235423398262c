//! `trace --markdown`: a report for the issue tracker of a server or a client.

use std::io::{self, Write as _};
use std::path::Path;

use super::ladder::Ladder;
use super::page::{Message, Page};
use super::trace_lines::create_private;
use crate::exchange::Exchange;
use crate::output::{Style, wrap};

/// Maximum number of lines of each part; together they stay below 150.
const VERDICT: usize = 36;
const RUNGS: usize = 11;
const HEADERS: usize = 6;
/// Maximum number of characters of a line in a message.
const LINE: usize = 600;
/// Headers that say nothing about a failure of MCP.
const DULL: [&str; 10] = [
    "accept-encoding",
    "cache-control",
    "connection",
    "content-length",
    "date",
    "host",
    "keep-alive",
    "transfer-encoding",
    "user-agent",
    "vary",
];
/// Width of labels and of the text beside them, in columns.
const LABEL: usize = 17;
const WIDTH: usize = 78;

/// Writes a report to a file that only the user can read.
pub fn write(path: &Path, page: &Page<'_>) -> io::Result<()> {
    create_private(path)?.write_all(page.to_markdown().as_bytes())
}

impl Page<'_> {
    fn to_markdown(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
        let secrets = if self.redactor.shows() {
            "**Contains secrets (`--show-secrets`).**"
        } else {
            "Secrets are hidden."
        };
        let mut parts = vec![
            format!("## MCP trace of {}", inline(&self.shown(self.title))),
            format!("mcpoke {version} on {system} {machine}. {secrets}"),
            format!("### Verdict\n\n{}", fenced("text", &self.verdict_lines())),
        ];
        if !self.specifications.is_empty() {
            parts.push(format!("Specification: {}.", self.specifications.join("; ")));
        }
        parts.push(format!("### Exchanges\n\n{}", fenced("text", &self.ladder())));
        for number in &self.decisive {
            let found = self.exchanges.iter().find(|exchange| exchange.number == *number);
            parts.extend(found.map(|exchange| self.folded(exchange)));
        }
        parts.join("\n\n") + "\n"
    }

    fn verdict_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (label, text) in self.lines {
            let text = self.shown(text).replace(['\n', '\t'], " ");
            for (index, part) in wrap(&text, WIDTH - LABEL).into_iter().enumerate() {
                let label = if index == 0 { self.shown(label) } else { String::new() };
                lines.push(format!("{label:LABEL$}{part}").trim_end().to_owned());
            }
        }
        shortened(lines, VERDICT)
    }

    fn ladder(&self) -> Vec<String> {
        let ladder = Ladder { style: Style::PLAIN, width: 80, ascii: false };
        let mut lines = vec![ladder.head(&self.shown(self.server))];
        // What decides is shown even if it comes late.
        let mut room = RUNGS.saturating_sub(self.decisive.len());
        let mut left_out = 0;
        for (index, exchange) in self.exchanges.iter().enumerate() {
            if !self.decisive.contains(&exchange.number) {
                if room == 0 {
                    left_out += 1;
                    continue;
                }
                room -= 1;
            }
            let rung = Ladder::describe(exchange, &self.exchanges[..index], self.redactor);
            lines.extend(ladder.rung(exchange.number, &rung));
        }
        if left_out > 0 {
            lines.push(format!("       … and {left_out} more"));
        }
        lines.into_iter().map(|line| self.shown(&line)).collect()
    }

    /// Returns one exchange as folded details.
    fn folded(&self, exchange: &Exchange) -> String {
        let message = |message: Message| {
            let (head, body) = (self.shown(&message.head), self.shown(&message.body));
            let is_dull = |line: &&str| {
                let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
                !DULL.contains(&name.as_str())
            };
            let head = head.lines().filter(is_dull).map(cut).collect();
            let mut lines = shortened(head, HEADERS + 1);
            if !body.is_empty() {
                let body = body.lines().map(str::trim_start).collect::<Vec<_>>().join(" ");
                lines.push(String::new());
                lines.push(cut(&body));
            }
            fenced("http", &lines)
        };
        let status =
            exchange.status().map_or("no response".to_owned(), |status| status.to_string());
        let what = self.shown(&exchange.purpose.to_string());
        format!(
            "<details><summary>{} {} → {status}</summary>\n\n{}\n\n{}\n\n</details>",
            exchange.number,
            html_escaped(&what),
            message(self.sent(exchange)),
            message(self.came_back(exchange)),
        )
    }
}

/// Leaves out the end of what is too long.
fn shortened(mut lines: Vec<String>, limit: usize) -> Vec<String> {
    if lines.len() > limit {
        let left_out = lines.len() - (limit - 1);
        lines.truncate(limit - 1);
        lines.push(format!("… {left_out} more lines"));
    }
    lines
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Puts lines into a code block, whose fence is longer than any run of backticks in them (`CommonMark` 0.31, 4.5).
fn fenced(language: &str, lines: &[String]) -> String {
    let fence =
        "`".repeat(lines.iter().map(|line| longest_run(line)).max().unwrap_or(0).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", lines.join("\n"))
}

/// Returns text as code within a line (`CommonMark` 0.31, 6.1).
fn inline(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let ticks = "`".repeat(longest_run(&text) + 1);
    let gap = if text.contains('`') { " " } else { "" };
    format!("{ticks}{gap}{text}{gap}{ticks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

fn html_escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // Nobody is notified, and nothing is emphasised.
    text.replace('@', "&#64;").replace('*', "&#42;").replace('_', "&#95;").replace('`', "&#96;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::{answered, sent};
    use crate::redact::Redactor;

    fn report(exchanges: &[Exchange], title: &str, lines: &[(String, String)]) -> String {
        let redactor = Redactor::new(false);
        let decisive = vec![1, exchanges.len()];
        let page = Page {
            title,
            server: title,
            exchanges,
            lines,
            decisive,
            specifications: vec!["2025-11-25, Transports"],
            recipes: Vec::new(),
            redactor: &redactor,
        };
        page.to_markdown()
    }

    #[test]
    fn nothing_that_a_server_says_is_markdown() {
        let evil = "```\n</details><img src=x> @someone **bold** ````` \u{1b}[31m\u{202e}";
        let mut exchange = answered(sent("tools/call", None), 400, evil);
        exchange.number = 1;
        exchange.purpose.subject = Some("<b>*x*@me".to_owned());
        let text = report(&[exchange], evil, &[("this server".to_owned(), evil.to_owned())]);
        // Text of the server is within fences, or escaped.
        let mut fence: Option<String> = None;
        for line in text.lines() {
            let ticks: String = line.chars().take_while(|c| *c == '`').collect();
            match &fence {
                Some(open) if line == *open => fence = None,
                Some(open) => assert!(!ticks.starts_with(open.as_str()), "{line}"),
                None if ticks.len() >= 3 && !line.contains(' ') => fence = Some(ticks),
                None => {
                    let outside = !line.contains("<img") && !line.contains("@me");
                    assert!(outside || line.starts_with("## "), "{line}\n\n{text}");
                }
            }
        }
        assert!(fence.is_none());
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    }

    #[test]
    fn a_report_has_fewer_than_150_lines() {
        let lines = vec![("found".to_owned(), "word ".repeat(2000))];
        let body = format!("[{}1]", "1,".repeat(500));
        let mut exchanges = Vec::new();
        for number in 1..=200 {
            let mut exchange = answered(sent("tools/list", None), 400, &body);
            exchange.answer.as_mut().unwrap().headers = vec![("x".into(), "y".repeat(900)); 50];
            exchange.number = number;
            exchanges.push(exchange);
        }
        let text = report(&exchanges, "http://h/mcp", &lines);
        assert!(text.lines().count() < 150, "{} lines", text.lines().count());
        assert!(text.contains("200 tools/list") && text.contains("and 189 more"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= LINE + 1));
    }
}
