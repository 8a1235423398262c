//! The ladder: a sequence diagram of exchanges, with the client on the left and the server
//! on the right.

use super::status_line;
use crate::diagnose;
use crate::exchange::{BodyKind, Exchange, Outcome};
use crate::output::{Paint, Style, cut, duration, one_line};
use crate::protocol::envelope::META_VERSION;
use crate::protocol::headers::{PROTOCOL_VERSION, SESSION_ID};
use crate::protocol::methods;
use crate::redact::Redactor;

/// Column of the client's side.
const LEFT: usize = 7;
/// Width of the time, right of the server's side, in columns.
const TIME: usize = 12;
/// Minimum and maximum width, in columns.
const WIDTHS: (usize, usize) = (80, 120);

/// Drawing settings of a ladder.
pub struct Ladder {
    /// Colour setting.
    pub style: Style,
    /// Total width, in columns.
    pub width: usize,
    /// Restricts the drawing to ASCII characters.
    pub ascii: bool,
}

/// Characters that lines consist of.
struct Pieces {
    side: &'static str,
    dash: &'static str,
    right: &'static str,
    left: &'static str,
}

/// Text of one exchange.
pub struct Rung {
    /// The request: `tools/call echo`.
    pub request: String,
    /// The relevant header of the request.
    pub note: String,
    /// The response: `400 -32000 Server not initialized`.
    pub answer: String,
    /// True if the exchange succeeded.
    pub good: bool,
    /// Duration of the exchange.
    pub took: Option<std::time::Duration>,
}

impl Ladder {
    fn pieces(&self) -> Pieces {
        if self.ascii {
            Pieces { side: "|", dash: "-", right: ">", left: "<" }
        } else {
            Pieces { side: "│", dash: "─", right: "▶", left: "◀" }
        }
    }

    /// Returns the width between the sides, in columns.
    fn inner(&self) -> usize {
        self.width.clamp(WIDTHS.0, WIDTHS.1) - LEFT - TIME - 2
    }

    /// Returns the line with the names of both sides.
    pub fn head(&self, server: &str) -> String {
        let server = cut(&one_line(server), 40);
        let gap = (LEFT + self.inner() + 2).saturating_sub(LEFT + 3 + server.chars().count() / 2);
        format!("{:>width$}{:gap$}{server}", "you", "", width = LEFT + 2)
    }

    /// Returns the lines of one exchange.
    pub fn rung(&self, number: usize, rung: &Rung) -> Vec<String> {
        let (pieces, inner) = (self.pieces(), self.inner());
        let request =
            cut(&format!(" {number} {}", rung.request), inner - rung.note.chars().count() - 3);
        let gap = inner - request.chars().count() - rung.note.chars().count();
        let asked = format!(
            "{:LEFT$}{side}{}{:gap$}{}{side}",
            "",
            self.style.paint(Paint::Strong, &request),
            "",
            self.style.paint(Paint::Notable, &rung.note),
            side = pieces.side,
            gap = gap
        );
        let sent =
            format!("{:LEFT$}{}{}{}", "", pieces.side, pieces.dash.repeat(inner), pieces.right);
        let answer = cut(&rung.answer, inner - 6);
        let dashes = inner - answer.chars().count() - 3;
        let paint = if rung.good { Paint::Good } else { Paint::Bad };
        let took = rung.took.map(|took| format!("{:>TIME$}", duration(took))).unwrap_or_default();
        let came = format!(
            "{:LEFT$}{}{} {} {}{}{took}",
            "",
            pieces.left,
            pieces.dash.repeat(dashes),
            self.style.paint(paint, &answer),
            pieces.dash,
            pieces.side
        );
        let lines = vec![asked, sent, came.trim_end().to_owned()];
        if self.ascii { lines.into_iter().map(|line| ascii(&line)).collect() } else { lines }
    }

    /// Describes an exchange in words, with regard to the earlier ones.
    pub fn describe(exchange: &Exchange, earlier: &[Exchange], redactor: &Redactor) -> Rung {
        let request = &exchange.request;
        let asked = if request.method == "POST" && !exchange.purpose.to_string().is_empty() {
            exchange.purpose.to_string()
        } else {
            request.method.to_owned()
        };
        let asked = if exchange.is(methods::INITIALIZE) {
            let version = body_of(exchange)["params"]["protocolVersion"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            format!("{asked} {version}")
        } else {
            asked
        };
        // Show the path if the URL differs from that of the first request.
        let url = earlier.first().map_or(&request.url, |first| &first.request.url);
        let asked = if *url == request.url {
            asked
        } else {
            format!("{asked} → {}", path_of(&redactor.url(&request.url)))
        };
        let outcome = exchange.outcome();
        Rung {
            request: one_line(&redactor.text(&asked)),
            note: if *url == request.url {
                reason(exchange, earlier, redactor)
            } else {
                String::new()
            },
            answer: one_line(&redactor.text(&Self::came_back(exchange, &outcome, redactor))),
            good: outcome.is_success() && !diagnose::tool_failed(exchange),
            took: exchange.times.done,
        }
    }

    fn came_back(exchange: &Exchange, outcome: &Outcome, redactor: &Redactor) -> String {
        let Some(answer) = &exchange.answer else {
            let failure = exchange.failure.as_ref().map(|failure| failure.text.clone());
            return failure.unwrap_or_else(|| "no answer".to_owned());
        };
        let status = answer.status;
        if let Some(failure) = &exchange.failure {
            return format!("{status}, then {failure}");
        }
        if let Some(issued) = answer
            .header(SESSION_ID)
            .filter(|_| exchange.is(methods::INITIALIZE) && outcome.is_success())
        {
            return format!("{status}  Mcp-Session-Id: {}", redactor.header(SESSION_ID, issued));
        }
        if outcome.error().is_some() {
            return diagnose::summary(exchange, outcome);
        }
        let message: serde_json::Value = answer
            .last_message()
            .or(Some(answer.body.as_str()))
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let said = message["result"]["content"][0]["text"].as_str();
        match (said, answer.shape) {
            (Some(said), _) => format!("{status} {said}"),
            (None, BodyKind::Text) => format!("{status} {}", answer.body.trim()),
            (None, BodyKind::Html) => format!("{} (a web page)", status_line(status)),
            (None, BodyKind::Events) if answer.is_http_sse() => {
                format!("{status} a stream: event endpoint")
            }
            (None, BodyKind::Events) if message.is_null() => format!("{status} a stream"),
            _ => status_line(status),
        }
    }
}

fn body_of(exchange: &Exchange) -> serde_json::Value {
    serde_json::from_str(&exchange.request.body).unwrap_or_default()
}

/// Describes what is special about a request: the header that differs from other requests, and whether
/// the same was sent before.
fn reason(exchange: &Exchange, earlier: &[Exchange], redactor: &Redactor) -> String {
    let note = note(exchange, earlier, redactor);
    let is_same = |other: &&Exchange| {
        let header = |name| (other.request.header(name), exchange.request.header(name));
        let names = [SESSION_ID, PROTOCOL_VERSION, "accept", "content-type"];
        other.purpose == exchange.purpose
            && other.request.method == exchange.request.method
            && names.into_iter().map(header).all(|(one, two)| one == two)
            && other.request.url == exchange.request.url
    };
    let is_repeatable = exchange.has_id() && !exchange.is(methods::INITIALIZE);
    if is_repeatable && earlier.iter().rev().take(REPEATED).any(|other| is_same(&other)) {
        return format!("again, {note}");
    }
    note
}

/// Number of earlier exchanges among which a repeated one is recognised.
const REPEATED: usize = 32;

/// Describes the most relevant request header.
fn note(exchange: &Exchange, earlier: &[Exchange], redactor: &Redactor) -> String {
    let issued = |id: &str| earlier.iter().any(|earlier| diagnose::issues(earlier, id));
    let any_issued = earlier.iter().any(|earlier| {
        let answer = earlier.answer.as_ref().filter(|_| earlier.is(methods::INITIALIZE));
        answer.is_some_and(|answer| answer.is_success() && answer.header(SESSION_ID).is_some())
    });
    let asks = exchange.request.method == "POST" && exchange.has_id();
    let header = |name| match exchange.request.header(name) {
        Some(value) => format!("{}: {} ", capital(name), cut(&redactor.header(name, value), 24)),
        None => format!("no {} ", capital(name)),
    };
    if exchange.is(methods::INITIALIZE) && any_issued {
        return "a second session ".to_owned();
    }
    if asks && !exchange.accepts_both() {
        return header("accept");
    }
    if asks && !exchange.is_labelled_json() {
        return header("content-type");
    }
    if exchange.request.body.contains(META_VERSION) {
        return "+ _meta, Mcp-Method ".to_owned();
    }
    let bare = exchange.request.method == "POST" && !exchange.is(methods::INITIALIZE);
    let note = match exchange.session_sent() {
        Some(id) if ended(id, earlier) => "+ the ended Mcp-Session-Id ",
        Some(id) if issued(id) => "+ Mcp-Session-Id ",
        Some(_) if any_issued => "+ a made-up Mcp-Session-Id ",
        Some(_) => "+ an Mcp-Session-Id ",
        None if bare && exchange.request.header(PROTOCOL_VERSION).is_some() => {
            if any_issued {
                "MCP-Protocol-Version, no session "
            } else {
                "+ MCP-Protocol-Version "
            }
        }
        None if bare => "no Mcp-Session-Id ",
        None => "",
    };
    note.to_owned()
}

fn capital(name: &str) -> &'static str {
    if name == "accept" { "Accept" } else { "Content-Type" }
}

fn ended(id: &str, earlier: &[Exchange]) -> bool {
    earlier.iter().any(|e| {
        e.request.method == "DELETE" && e.session_sent() == Some(id) && e.outcome().is_success()
    })
}

/// Returns the path and query of a URL.
fn path_of(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    after.find('/').map_or("/", |at| &after[at..])
}

/// Replaces the non-ASCII characters that this program prints itself.
pub fn ascii(text: &str) -> String {
    text.replace('…', "~").replace(" · ", ", ").replace('→', "->")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::{answered, sent, with_headers};

    #[test]
    fn every_line_fits_and_the_sides_stand_below_each_other() {
        let id = "0123456789abcdef0123456789abcdef";
        let long = "x".repeat(300);
        let exchanges = [
            answered(
                sent("tools/call", None),
                400,
                &format!(r#"{{"error":{{"code":-32000,"message":"{long}"}}}}"#),
            ),
            with_headers(
                sent("initialize", None),
                200,
                &[("mcp-session-id", id)],
                r#"{"id":"x","result":{}}"#,
            ),
            answered(sent("ping", Some(id)), 200, r#"{"id":"x","result":{}}"#),
        ];
        let redactor = Redactor::new(false);
        for (width, ascii) in [(40, true), (80, false), (100, false)] {
            let drawing = Ladder { style: Style::plain(), width, ascii };
            let mut lines = vec![drawing.head("127.0.0.1:3001")];
            for (index, exchange) in exchanges.iter().enumerate() {
                let rung = Ladder::describe(exchange, &exchanges[..index], &redactor);
                lines.extend(drawing.rung(index + 1, &rung));
            }
            assert_eq!(lines.len(), 1 + 3 * 3);
            assert!(lines.iter().all(|line| line.chars().count() <= width.max(80)), "{lines:#?}");
            assert!(lines.iter().all(|line| !line.contains(id)));
            assert_eq!(ascii, lines.iter().all(|line| line.is_ascii()), "{lines:#?}");
            assert!(
                lines[1].contains("no Mcp-Session-Id") && lines[7].contains("+ Mcp-Session-Id")
            );
            assert!(lines[6].contains("Mcp-Session-Id: 01234567"));
        }
    }
}
