//! Servers that answer one request differently: starting, overloaded, or several behind one address.

use super::id::RuleId;
use super::rule::{Certainty, Finding};
use super::tried::{Role, Tried};
use serde_json::Value;

use crate::exchange::{Exchange, Outcome};
use crate::protocol::headers;
use crate::protocol::methods;

/// Returns the numbers of two exchanges of a trace that are the same request under the same conditions, one of
/// which worked and the other failed. What such a server refuses shows little.
pub fn unstable(exchanges: &[Exchange], roles: &[Role]) -> Option<(usize, usize)> {
    let all = Tried::all(exchanges, roles);
    let opened = all.iter().position(|tried| tried.exchange.is(methods::INITIALIZE));
    let is_comparable = |tried: &&Tried<'_>| {
        let is_bare = tried.exchange.session_sent().is_none();
        // After a handshake, or after the end of a session, the same request may rightly differ.
        let before = opened.is_none_or(|opened| tried.at < opened);
        // A rate limit states its cause.
        let is_limited = tried.exchange.status() == Some(429);
        !matches!(
            tried.role,
            Role::EndedId | Role::UnknownId | Role::Redirected | Role::WithoutCookies
        ) && !is_limited
            && tried.exchange.has_id()
            && (!is_bare || before)
            && !matches!(tried.outcome, Outcome::ClosedByUs)
    };
    let comparable: Vec<&Tried<'_>> = all.iter().filter(is_comparable).collect();
    comparable.iter().enumerate().find_map(|(at, one)| {
        let other = comparable[at + 1..].iter().find(|other| {
            is_same(one.exchange, other.exchange) && one.worked() != other.worked()
        })?;
        Some((one.number(), other.number()))
    })
}

/// Returns true if two requests differ in nothing but their ids.
fn is_same(one: &Exchange, other: &Exchange) -> bool {
    const HEADERS: [&str; 5] =
        [headers::SESSION_ID, headers::PROTOCOL_VERSION, "accept", "content-type", "cookie"];
    let has_text_id = |exchange: &Exchange| exchange.request_id().is_some_and(Value::is_string);
    one.purpose == other.purpose
        && one.request.url == other.request.url
        && has_text_id(one) == has_text_id(other)
        && HEADERS.iter().all(|name| one.request.header(name) == other.request.header(name))
}

/// Weakens the findings of a trace in which one request got different responses: nothing is certain then.
pub fn weaken(why: Option<&mut Finding>, others: &mut [Finding], pair: (usize, usize)) {
    for finding in others {
        finding.certainty = Certainty::Possible;
    }
    let says_so = |why: &&mut Finding| {
        matches!(why.rule.id, RuleId::SharedTransport | RuleId::TemporaryFailure)
    };
    let Some(why) = why.filter(|why| !says_so(why)) else { return };
    why.certainty = why.certainty.min(Certainty::Likely);
    let (one, other) = pair;
    let but = format!("but {one} and {other} are the same request, and got different responses");
    let gap = if why.because.is_empty() { "" } else { "; " };
    why.because.extend([gap, but.as_str()]);
}
