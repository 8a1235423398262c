//! The report of a failure on stderr: request, response, meaning and suggested commands.

use std::io;

use super::{Failure, Kind};
use crate::exchange::{Answer, BodyKind, Exchange};
use crate::output::{Console, Paint, count, duration, one_line, wrap};
use crate::protocol::{headers, jsonrpc};
use crate::redact::Redactor;
use crate::report::status_line;

/// Maximum number of characters of an error's data; `--json` prints it all.
const MAX_DATA: usize = 600;
/// Width of wrapped lines, in columns.
const WIDTH: usize = 78;

/// Prints a failure to stderr; with `--json`, the last line is a JSON object, and with `--quiet` the only one.
pub fn print(console: &Console, failure: &Failure, redactor: &Redactor) -> io::Result<()> {
    let page = FailurePage { console, failure, redactor };
    if console.json && console.quiet {
        return page.json();
    }
    page.title()?;
    if let Some(exchange) = &failure.exchange {
        page.exchange(exchange)?;
    }
    for detail in &failure.details {
        page.labelled("", &page.safe(detail))?;
    }
    if let Some(finding) = failure.findings.first() {
        page.labelled("means", finding.rule.means)?;
        if !finding.rule.specification.is_empty() {
            page.labelled("see", finding.rule.specification)?;
        }
    }
    page.next()?;
    if console.json { page.json() } else { Ok(()) }
}

struct FailurePage<'p> {
    console: &'p Console,
    failure: &'p Failure,
    redactor: &'p Redactor,
}

impl FailurePage<'_> {
    fn safe(&self, text: &str) -> String {
        one_line(&self.redactor.text(text))
    }

    fn json(&self) -> io::Result<()> {
        let text = self.redactor.text(&self.failure.to_json().to_string()).into_owned();
        self.console.err.server_text(&text)
    }

    fn title(&self) -> io::Result<()> {
        let style = self.console.err.style;
        let message = self.safe(&self.failure.message);
        let mut title = format!("{} {message}", style.paint(Paint::Bad, "mcpoke:"));
        if let Some(finding) = self.failure.findings.first() {
            let rule = format!("[{}, {}]", finding.rule.id, finding.certainty.as_str());
            title = format!("{title}  {}", style.paint(Paint::Faint, &rule));
        }
        self.console.err.line(&title)
    }

    /// Prints the suggested commands, each with its effect.
    fn next(&self) -> io::Result<()> {
        let next = &self.failure.next;
        if next.is_empty() || self.console.quiet {
            return Ok(());
        }
        self.console.err.line("")?;
        let longest = next.iter().map(|(command, _)| command.chars().count()).max();
        for (index, (command, does)) in next.iter().enumerate() {
            let lead = if index == 0 { "next: " } else { "      " };
            let gap = longest.unwrap_or_default() - command.chars().count() + 2;
            let command = self.console.err.style.paint(Paint::Strong, &self.safe(command));
            self.console.err.line(&format!("{lead}{command}{:gap$}{does}", ""))?;
        }
        Ok(())
    }

    fn exchange(&self, exchange: &Exchange) -> io::Result<()> {
        self.request(exchange)?;
        for (address, why) in &exchange.connection.refused {
            self.labelled("tried", &format!("{address}: {}", self.safe(why)))?;
        }
        if let Some(proxy) = &exchange.connection.proxy {
            self.labelled("through", &self.safe(proxy))?;
        }
        self.answer(exchange)
    }

    fn request(&self, exchange: &Exchange) -> io::Result<()> {
        let request = &exchange.request;
        let (url, purpose) = (self.redactor.url(&request.url), exchange.purpose.to_string());
        self.labelled(
            "sent",
            format!("{} {url}  {}", request.method, self.safe(&purpose)).trim_end(),
        )?;
        match exchange.session_sent() {
            Some(id) => {
                let shown = self.redactor.header(headers::SESSION_ID, id);
                self.labelled("", &format!("with Mcp-Session-Id: {shown}"))
            }
            None if self.failure.kind == Kind::Session => {
                self.labelled("", "no Mcp-Session-Id header")
            }
            None => Ok(()),
        }
    }

    fn answer(&self, exchange: &Exchange) -> io::Result<()> {
        let Some(answer) = &exchange.answer else { return Ok(()) };
        let took = exchange.times.done.map(|done| format!(", in {}", duration(done)));
        self.labelled(
            "response",
            &format!("{}{}", status_line(answer.status), took.unwrap_or_default()),
        )?;
        if let Some(rpc) = &self.failure.rpc {
            let code = rpc.code.map_or(String::new(), |code| format!("{code} "));
            self.labelled("", &format!("{code}{}", self.safe(&rpc.message)))?;
            if let Some(data) = &rpc.data {
                let data: String = self.safe(data.get()).chars().take(MAX_DATA).collect();
                self.labelled("data", &data)?;
            }
        } else if answer.shape == BodyKind::Events {
            self.labelled("", &contents(answer))?;
            if let Some(data) = odd_data(answer) {
                let data: String = self.safe(data).chars().take(200).collect();
                self.labelled("", &format!("data: {data}"))?;
            }
        } else if !answer.body.is_empty() {
            let kind = answer.header("content-type").unwrap_or("no Content-Type");
            let body: String = self.safe(&answer.body).chars().take(200).collect();
            self.labelled("", &format!("{}: {body}", self.safe(kind)))?;
        }
        for name in ["www-authenticate", "location", "retry-after"] {
            if let Some(value) = answer.header(name) {
                let value = self.safe(&self.redactor.header(name, value));
                self.labelled("", &format!("{name}: {value}"))?;
            }
        }
        Ok(())
    }

    /// Prints a wrapped paragraph with a label.
    fn labelled(&self, label: &str, text: &str) -> io::Result<()> {
        for (index, line) in wrap(text, WIDTH - 12).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.console.err.line(format!("  {label:<10}{line}").trim_end())?;
        }
        Ok(())
    }
}

/// Returns the first data of a stream that is no JSON-RPC message.
fn odd_data(answer: &Answer) -> Option<&str> {
    let mut data = answer.events.iter().filter_map(|event| event.data.as_deref());
    data.find(|data| !data.trim().is_empty() && jsonrpc::parse(data).is_err())
}

/// Describes a stream: its events and comments, those that were not kept included.
fn contents(answer: &Answer) -> String {
    let (events, others): (Vec<_>, Vec<_>) =
        answer.events.iter().partition(|event| event.data.is_some());
    let comments: usize = others.iter().map(|event| event.comments.len()).sum();
    let events = count(events.len(), "event");
    match (comments, answer.events_dropped) {
        (0, 0) => format!("a stream with {events}"),
        (comments, 0) => format!("a stream with {events} and {}", count(comments, "comment")),
        (_, dropped) => format!("a stream with {events}, and {dropped} more that were not kept"),
    }
}
