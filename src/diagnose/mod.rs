//! Diagnosis: a pure function from exchanges to findings.
//!
//! Failure messages, traces and `--json` errors contain these findings, and `trace --listen` reports
//! those of other clients. No other module draws conclusions. The evidence
//! counts in this order: the request, the status, the headers, the parsed body,
//! experiments. Message text only raises the certainty.

mod certainty;
#[cfg(test)]
mod corpus;
mod credentials;
mod evidence;
mod experiments;
mod id;
mod matching;
mod other_client;
mod part;
mod profile;
mod rule;
mod rules;
mod stability;
mod tried;

use crate::exchange::{Exchange, Outcome};
use crate::protocol::methods;

pub use credentials::missing_header;
pub use evidence::{issues, tool_failed};
pub use experiments::explain_first;
pub use id::RuleId;
pub use matching::matching;
pub use other_client::{
    fell_back, is_modern_probe, is_permitted_refusal, next_request, success_later,
};
pub use part::{Part, Window, parts};
pub use profile::{Eras, Profile, Reaction, Sessions, Violation};
pub use rule::{Certainty, Finding, FirstLine, Next, Rule, Side};
pub use stability::{unstable, weaken};
pub use tried::{Role, first_response, is_refused_alike, summary};

use evidence::Evidence;
pub use rules::is_about_authorization;

/// Returns every rule. The order decides among findings of the same certainty.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let apart = rules::EXPERIMENTS.iter().chain(&rules::CONDUCT).chain(rules::AUTHORIZATION);
    let own = apart.filter(|rule| rules::RULES.iter().all(|one| one.id != rule.id));
    rules::RULES.iter().chain(own).copied().chain([&rules::UNKNOWN])
}

/// Returns the rule with this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id.as_str() == id)
}

/// Returns the number of earlier exchanges that the rules examine.
pub fn reach() -> usize {
    rules().map(|rule| rule.reach).max().unwrap_or_default()
}

/// Explains the last exchange, the most certain finding first. Returns nothing if it
/// succeeded.
pub fn explain(exchanges: &[Exchange]) -> Vec<Finding> {
    match exchanges.len() {
        0 => Vec::new(),
        count => explain_at(exchanges, count - 1),
    }
}

/// Explains one exchange, in the context of those before and after it.
pub fn explain_at(exchanges: &[Exchange], at: usize) -> Vec<Finding> {
    if !is_failure(exchanges, at) {
        return Vec::new();
    }
    let evidence = Evidence::around(exchanges, at);
    let apply =
        |rules: &[&'static Rule]| rules.iter().filter_map(|rule| rule.apply(&evidence)).collect();
    let mut findings: Vec<Finding> = if rules::is_about_authorization(&exchanges[at]) {
        apply(rules::AUTHORIZATION)
    } else {
        apply(&rules::RULES)
    };
    // The sort is stable, so the order of the rules decides among equals.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.certainty));
    if findings.is_empty() {
        findings.extend(rules::UNKNOWN.apply(&evidence));
    }
    findings
}

/// Returns the top finding of each failed exchange, in order, each rule once. Leaves out the exchanges for
/// which `is_excused` returns true.
pub fn survey(
    exchanges: &[Exchange],
    is_excused: impl Fn(&[Exchange], usize) -> bool,
) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for part in parts(exchanges) {
        for place in part.places {
            let findings = explain_at(&part.exchanges, place);
            let Some(top) = findings.into_iter().next() else { continue };
            if is_excused(&part.exchanges, place) {
                continue;
            }
            match found.iter_mut().find(|known| known.rule.id == top.rule.id) {
                Some(known) if top.certainty > known.certainty => *known = top,
                Some(_) => {}
                None => found.push(top),
            }
        }
    }
    found
}

/// Returns a client's violations of the specification, whether the server rejects them or
/// not. Each rule occurs once, where it first applies.
pub fn conduct(exchanges: &[Exchange]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for part in parts(exchanges) {
        for place in part.places {
            let evidence = Evidence::around(&part.exchanges, place);
            for rule in rules::CONDUCT {
                if !found.iter().any(|known| known.rule.id == rule.id) {
                    found.extend(rule.apply(&evidence));
                }
            }
        }
    }
    found
}

/// Returns a client's violations of the specification in one exchange.
pub fn conduct_at(exchanges: &[Exchange], at: usize) -> Vec<Finding> {
    let evidence = Evidence::around(exchanges, at);
    rules::CONDUCT.iter().filter_map(|rule| rule.apply(&evidence)).collect()
}

/// Returns true if an exchange needs an explanation. A request that was accepted may still be answered
/// on another stream.
fn is_failure(exchanges: &[Exchange], at: usize) -> bool {
    let exchange = &exchanges[at];
    let running = exchange.answer.is_none() && exchange.failure.is_none();
    let outcome = Outcome::among(exchange, exchanges);
    !running && !outcome.is_success() && !matches!(outcome, Outcome::Accepted)
}

/// Returns a sentence about a successful exchange that teaches something.
pub fn remark(exchange: &Exchange) -> Option<&'static str> {
    let answer = exchange.answer.as_ref()?;
    if !exchange.is(methods::INITIALIZE) || !matches!(exchange.outcome(), Outcome::Result) {
        return None;
    }
    Some(match answer.header(crate::protocol::headers::SESSION_ID) {
        Some(_) => "the server issued a session id here: send it on every later request",
        None => "the server issued no session id: it keeps no sessions, and none must be sent",
    })
}
