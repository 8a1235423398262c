//! Tables of the findings on sessions and handshakes. They combine earlier and later exchanges, the
//! session id that was sent, the status and the body.
//!
//! `SNAPSHOTS=overwrite cargo test --lib decisions` writes the tables anew; read the difference.

use std::fmt::Write as _;

use snapbox::{assert_data_eq, file};

use super::{RESULT, error, explain_at, get, list, opened, rules, sending, told};
use crate::exchange::Exchange;
use crate::exchange::testing::{answered, sent, with_headers};

const STATUSES: [u16; 8] = [200, 400, 401, 404, 405, 410, 422, 503];

/// One letter for each different answer of the rules.
#[derive(Default)]
struct Legend(Vec<String>);

impl Legend {
    fn letter(&mut self, found: String) -> char {
        if found.is_empty() {
            return '.';
        }
        let known = self.0.iter().position(|known| *known == found);
        let at = known.unwrap_or_else(|| {
            self.0.push(found);
            self.0.len() - 1
        });
        letter(at)
    }
}

/// Returns a printable letter for each number.
fn letter(index: usize) -> char {
    let mut all = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain('\u{c0}'..='\u{24f}');
    all.nth(index).unwrap()
}

fn bodies() -> [String; 9] {
    [
        String::new(),
        error(-32600, "Bad Request: Missing session ID"),
        error(-32001, "Session not found"),
        error(-32000, "no"),
        error(0, "method is invalid during session initialization"),
        error(-32602, "Invalid request parameters"),
        error(-32600, "Server already initialized"),
        error(-32000, "stateless: sessions are not supported"),
        "<html>no</html>".to_owned(),
    ]
}

fn ok(method: &str, session: Option<&str>) -> Exchange {
    answered(sent(method, session), 200, RESULT)
}

fn ended() -> Exchange {
    let mut ended = answered(sent("", Some("s-1")), 204, "");
    ended.request.method = "DELETE";
    ended.purpose.method = None;
    ended
}

fn histories() -> [(&'static str, Vec<Exchange>); 9] {
    let without_id = answered(sent("initialize", None), 200, RESULT);
    let told_without = answered(sent("notifications/initialized", None), 202, "");
    let id = [("mcp-session-id", "s-1")];
    let dead = with_headers(sent("ping", None), 400, &id, "no");
    let refused = with_headers(sent("initialize", None), 400, &id, "no");
    let late = with_headers(sent("ping", None), 200, &id, RESULT);
    [
        ("nothing", Vec::new()),
        ("opened", vec![opened()]),
        ("opened, told", vec![opened(), told()]),
        ("opened without an id", vec![without_id, told_without]),
        ("opened, told, worked", vec![opened(), told(), ok("ping", Some("s-1"))]),
        ("opened, told, ended", vec![opened(), told(), ended()]),
        ("an id in an error", vec![dead]),
        ("an id in a refused handshake", vec![refused]),
        ("an id in a later answer", vec![late]),
    ]
}

fn futures() -> [(&'static str, Vec<Exchange>); 8] {
    let failed = r#"{"jsonrpc":"2.0","id":"x","result":{"content":[],"isError":true}}"#;
    [
        ("nothing", Vec::new()),
        ("works in s-1", vec![ok("tools/list", Some("s-1"))]),
        ("works without an id", vec![ok("tools/list", None)]),
        ("works once told", vec![told(), ok("tools/list", Some("s-1"))]),
        ("told alone", vec![told()]),
        ("works in another", vec![ok("tools/list", Some("s-2"))]),
        ("ping works in s-1", vec![ok("ping", Some("s-1"))]),
        ("the tool fails in s-1", vec![list(Some("s-1"), 200, failed)]),
    ]
}

const SESSIONS: [(&str, Option<&str>); 4] =
    [("no id", None), ("an empty id", Some("")), ("s-1", Some("s-1")), ("unknown", Some("x-9"))];

/// Returns what the rules say of the exchange between these, with numbers hidden.
fn said(before: &[Exchange], exchange: Exchange, after: &[Exchange]) -> String {
    let mut all: Vec<Exchange> = before.to_vec();
    all.push(exchange);
    all.extend_from_slice(after);
    let findings = explain_at(&all, before.len());
    let said = findings.iter().map(|finding| {
        let because: String =
            finding.because.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
        format!("{} {} {because}", finding.rule.id, finding.certainty.as_str())
            .trim_end()
            .to_owned()
    });
    said.collect::<Vec<_>>().join("; ")
}

/// Adds a row: a letter for each status and body.
fn row(
    out: &mut String,
    legend: &mut Legend,
    name: &str,
    of: impl Fn(u16, &str) -> (Vec<Exchange>, Exchange, Vec<Exchange>),
) {
    let cells: Vec<String> = STATUSES
        .iter()
        .map(|status| {
            let letters = bodies().map(|body| {
                let (before, exchange, after) = of(*status, &body);
                legend.letter(said(&before, exchange, &after))
            });
            letters.iter().collect()
        })
        .collect();
    let _ = writeln!(out, "{}  {name}", cells.join(" "));
}

#[test]
fn decisions_on_sessions() {
    let (mut out, mut legend) = (String::new(), Legend::default());
    let _ = writeln!(out, "A group for each status: {STATUSES:?}; in it a letter for each body:");
    for body in bodies() {
        let _ = writeln!(out, "    {body}");
    }
    for (before, earlier) in histories() {
        for (id, session) in SESSIONS {
            for (after, later) in futures() {
                let name = format!("before: {before}; sent: {id}; after: {after}");
                row(&mut out, &mut legend, &name, |status, body| {
                    (earlier.clone(), list(session, status, body), later.clone())
                });
            }
            for method in ["initialize", "notifications/initialized"] {
                let name = format!("before: {before}; sent: {method} with {id}");
                row(&mut out, &mut legend, &name, |status, body| {
                    (earlier.clone(), answered(sent(method, session), status, body), Vec::new())
                });
            }
        }
        for method in ["GET", "DELETE"] {
            let name = format!("before: {before}; sent: {method}");
            row(&mut out, &mut legend, &name, |status, body| {
                let mut exchange = get(status, body);
                exchange.request.method = method;
                (earlier.clone(), exchange, Vec::new())
            });
        }
    }
    let headers: [(&str, &str); 6] = [
        ("x-session-id", "s-1"),
        ("mcp_session_id", "s-1"),
        ("mcp-session", "s-1"),
        ("mcp-protocol-version", "2025-11-25"),
        ("mcp-protocol-version", "2026-07-28"),
        ("accept", "application/json"),
    ];
    for header in headers {
        row(&mut out, &mut legend, &format!("sent: {}: {}", header.0, header.1), |status, body| {
            (Vec::new(), sending(list(None, status, body), &[header]), Vec::new())
        });
    }
    for session in [None, Some("s-1")] {
        row(&mut out, &mut legend, &format!("a challenge; sent: {session:?}"), |status, body| {
            let challenge = [("www-authenticate", "Bearer")];
            (
                vec![opened(), told()],
                with_headers(sent("tools/list", session), status, &challenge, body),
                Vec::new(),
            )
        });
    }
    for (index, found) in legend.0.iter().enumerate() {
        let letter = letter(index);
        let _ = writeln!(out, "{letter} = {found}");
    }
    assert_data_eq!(out, file!["decisions.txt"].raw());
}

#[test]
fn what_each_rule_decides() {
    let mut out = String::new();
    for rule in rules() {
        assert!(!rule.title.is_empty() && !rule.means.is_empty(), "{}", rule.id);
        let flags = [
            ("general", rule.is_general),
            ("stops trace", rule.stops_trace),
            ("provoked", rule.is_provoked),
            ("repeated", rule.is_repeated),
            ("advises the server", !rule.server.is_empty()),
            ("explained", !rule.about.is_empty()),
        ];
        let flags: Vec<&str> =
            flags.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect();
        let _ = writeln!(
            out,
            "{}: exit {:?}, first line {:?}, next {:?}, reach {}; {}; {}",
            rule.id,
            rule.exit,
            rule.first_line,
            rule.next,
            rule.reach,
            flags.join(", "),
            rule.specification
        );
    }
    assert_data_eq!(out, file!["rules.txt"].raw());
}
