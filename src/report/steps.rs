//! The short form of `trace`: a line an exchange, with a sentence on each.

use std::fmt::Write as _;

use super::status_line;
use crate::diagnose;
use crate::exchange::Exchange;
use crate::output::{Paint, Style, duration, one_line};
use crate::protocol::headers;
use crate::redact::Redactor;

/// The exchanges as numbered steps.
pub fn steps(exchanges: &[Exchange], redactor: &Redactor, style: Style) -> String {
    let mut out = String::new();
    for (index, exchange) in exchanges.iter().enumerate() {
        let number = index + 1;
        let (sent, came_back) =
            (sent(exchange, redactor, style), came_back(exchange, redactor, style));
        let _ = write!(out, "{number}. {sent}\n   {came_back}\n");
        if let Some(sentence) = sentence(&exchanges[..=index]) {
            let _ = writeln!(out, "   {sentence}");
        }
        out.push('\n');
    }
    out
}

fn sent(exchange: &Exchange, redactor: &Redactor, style: Style) -> String {
    let purpose = if exchange.request.method == "POST" {
        one_line(&exchange.purpose.to_string())
    } else {
        exchange.request.method.to_owned()
    };
    let session = match exchange.session_sent() {
        Some(id) => format!("with Mcp-Session-Id: {}", redactor.header(headers::SESSION_ID, id)),
        None => "without a session id".to_owned(),
    };
    format!("{}  {session}", style.paint(Paint::Strong, &purpose))
}

fn came_back(exchange: &Exchange, redactor: &Redactor, style: Style) -> String {
    let Some(answer) = &exchange.answer else {
        let why = exchange.failure.as_deref().unwrap_or("no answer");
        return style.paint(Paint::Bad, &one_line(&redactor.text(why)));
    };
    let good = diagnose::succeeded(exchange);
    let status =
        style.paint(if good { Paint::Good } else { Paint::Bad }, &status_line(answer.status));
    let took =
        exchange.times.done.map(|done| format!("  in {}", duration(done))).unwrap_or_default();
    let issued = answer
        .header(headers::SESSION_ID)
        .filter(|_| good && exchange.is("initialize"))
        .map(|id| format!("  Mcp-Session-Id: {}", redactor.header(headers::SESSION_ID, id)))
        .unwrap_or_default();
    let words = answer.last_message().filter(|_| !good).unwrap_or_default();
    let words: String = one_line(&redactor.text(words)).chars().take(160).collect();
    format!("→ {status}{took}{issued}  {words}").trim_end().to_owned()
}

/// What is to be learned from the last of these exchanges.
fn sentence(exchanges: &[Exchange]) -> Option<String> {
    let last = exchanges.last()?;
    if let Some(finding) = diagnose::explain(exchanges).first() {
        return Some(format!("{} [{}]", finding.title, finding.id));
    }
    if let Some(remark) = diagnose::remark(last) {
        return Some(remark.to_owned());
    }
    if last.is("notifications/initialized") && diagnose::succeeded(last) {
        return Some("the handshake is complete: the server takes requests now".to_owned());
    }
    if last.request.method == "DELETE" && diagnose::succeeded(last) {
        return Some("the session is ended, and the server can forget it".to_owned());
    }
    let same = exchanges.iter().find(|earlier| {
        earlier.number != last.number
            && earlier.purpose == last.purpose
            && last.request.method == "POST"
    })?;
    let text = match (diagnose::succeeded(same), diagnose::succeeded(last)) {
        (_, true) if diagnose::tool_failed(last) => {
            "the same request as the first; it is accepted now, and the tool itself reports failure"
        }
        (false, true) => {
            "the same request as the first, and it works: the session made the difference"
        }
        (true, true) => {
            "the same request as the first, and it works as well: this server does not insist"
        }
        _ => "the same request as the first, and it fails as well",
    };
    Some(text.to_owned())
}
