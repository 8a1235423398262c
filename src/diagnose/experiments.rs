//! Why the first request of a trace fails: a table over the outcomes of experiments. An experiment that
//! settles the question outranks every status and every word of the server.

use super::id::RuleId;
use super::profile::Role;
use super::rule::{Certainty, Finding, tool_failed};
use super::tried::{Tried, summary};
use super::{explain_at, rules};
use crate::exchange::{Exchange, Outcome};
use crate::exit::Kind;

/// Explains the first request of a trace from all its exchanges, each with its role. Returns `None` if
/// the request worked, or if this side ended it before the server responded.
pub fn explain_first(exchanges: &[Exchange], roles: &[Role]) -> Option<Finding> {
    let tried = Experiments { exchanges, roles };
    let bare = tried.with(Role::Bare).next()?;
    match bare.outcome {
        Outcome::Result => return tried.only_the_first_worked(&bare),
        Outcome::ClosedByUs => return None,
        _ => {}
    }
    let finding = tried
        .over_sse(&bare)
        .or_else(|| tried.was_temporary(&bare))
        .or_else(|| tried.id_type_settles(&bare))
        .or_else(|| tried.session_settles(&bare))
        .or_else(|| tried.modern_settles(&bare))
        .or_else(|| tried.initialize_was_refused(&bare))
        .or_else(|| tried.both_failed(&bare))
        .or_else(|| tried.only_the_tool_failed(&bare))
        .or_else(|| tried.by_its_own_words(&bare));
    Some(finding.unwrap_or_else(|| bare.finding(&rules::UNKNOWN, Certainty::Possible, "")))
}

struct Experiments<'e> {
    exchanges: &'e [Exchange],
    roles: &'e [Role],
}

impl<'e> Experiments<'e> {
    fn all(&self) -> impl Iterator<Item = (Role, Tried<'e>)> {
        let exchanges = self.exchanges;
        self.roles.iter().zip(exchanges).enumerate().map(move |(at, (role, exchange))| {
            (*role, Tried { at, exchange, outcome: Outcome::among(exchange, exchanges) })
        })
    }

    fn with(&self, wanted: Role) -> impl Iterator<Item = Tried<'e>> {
        self.all().filter(move |(role, _)| *role == wanted).map(|(_, tried)| tried)
    }

    /// Returns an attempt of this role that worked, else its last one.
    fn best(&self, role: Role) -> Option<Tried<'e>> {
        self.with(role).find(Tried::worked).or_else(|| self.with(role).last())
    }

    /// Returns the request without a session that is the same as this one; one that worked comes first.
    fn bare_like(&self, other: &Tried<'_>) -> Option<Tried<'e>> {
        let same = |tried: &Tried<'_>| tried.exchange.purpose == other.exchange.purpose;
        let all = || self.with(Role::Bare).chain(self.with(Role::BareAgain)).filter(same);
        all().find(Tried::worked).or_else(|| all().next())
    }

    /// The first request works, and every later one fails alike: one transport serves all requests.
    fn only_the_first_worked(&self, bare: &Tried<'_>) -> Option<Finding> {
        let again = self.with(Role::BareAgain).next()?;
        let later: Vec<Tried<'_>> =
            self.all().filter(|(_, tried)| tried.at > bare.at).map(|(_, tried)| tried).collect();
        let alike = later.iter().all(|one| !one.worked() && one.is_answered_like(&again));
        // A rate limit or a refusal of credentials says itself what it is.
        if explain_at(self.exchanges, again.at).first().is_some_and(|found| found.rule.stops_trace)
        {
            return None;
        }
        if !alike || later.len() < 3 || matches!(again.outcome, Outcome::ClosedByUs) {
            return None;
        }
        let because = format!(
            "{} worked, and every later request failed alike, the same one among them ({})",
            bare.exchange.number, again.exchange.number
        );
        let mut finding =
            again.finding(rules::of(RuleId::SharedTransport), Certainty::Likely, &because);
        finding.evidence = vec![bare.side("first"), again.side("the same again")];
        Some(finding)
    }

    /// A stream of the HTTP+SSE transport was opened at the address.
    fn over_sse(&self, bare: &Tried<'_>) -> Option<Finding> {
        let stream = self
            .with(Role::Stream)
            .find(|tried| tried.exchange.request.url == bare.exchange.request.url)?;
        let because = format!("{} opened its stream", stream.exchange.number);
        let mut finding =
            bare.finding(rules::of(RuleId::LegacySseOnly), Certainty::Certain, &because);
        finding.evidence = vec![bare.side("POST"), stream.side("GET")];
        Some(finding)
    }

    /// A named tool fails, and other requests need no session. The call was not repeated, so nothing shows
    /// that a session would help.
    fn only_the_tool_failed(&self, bare: &Tried<'_>) -> Option<Finding> {
        let other = self.with(Role::BareAgain).find(Tried::worked)?;
        let because = format!(
            "{} is tools/list without a session, and works; the call may have run and was not repeated",
            other.exchange.number
        );
        let told = explain_at(self.exchanges, bare.at).into_iter().find(is_no_session_rule);
        let mut finding =
            told.unwrap_or_else(|| bare.finding(&rules::UNKNOWN, Certainty::Possible, ""));
        finding.certainty = finding.certainty.min(Certainty::Likely);
        finding.because = because;
        finding.evidence = vec![bare.side("bare"), other.side("tools/list, bare")];
        Some(finding)
    }

    /// What the response alone says. It is certain only if the trace ended there.
    fn by_its_own_words(&self, bare: &Tried<'_>) -> Option<Finding> {
        let mut finding = explain_at(self.exchanges, bare.at).into_iter().next()?;
        let is_all = self.with(Role::Initialize).next().is_none();
        if !is_all {
            finding.certainty = finding.certainty.min(Certainty::Likely);
        }
        Some(finding)
    }

    /// The same request works a moment later, unchanged.
    fn was_temporary(&self, bare: &Tried<'_>) -> Option<Finding> {
        let same = |again: &Tried<'_>| again.exchange.purpose == bare.exchange.purpose;
        let again = self.with(Role::BareAgain).find(|again| again.worked() && same(again))?;
        let because = format!("{} is the same request, and works", again.exchange.number);
        let mut finding =
            bare.finding(rules::of(RuleId::TemporaryFailure), Certainty::Likely, &because);
        finding.evidence = vec![bare.side("bare"), again.side("bare again")];
        Some(finding)
    }

    /// The request works with a number as its id, and without a session.
    fn id_type_settles(&self, bare: &Tried<'_>) -> Option<Finding> {
        let proper = self.with(Role::Proper).find(Tried::worked)?;
        let number = self.with(Role::BareAfter).find(Tried::worked)?;
        if !bare.has_text_id() || number.has_text_id() || proper.has_text_id() {
            return None;
        }
        let because = format!(
            "{} is the same request with a number as its id, and works",
            number.exchange.number
        );
        let mut finding =
            bare.finding(rules::of(RuleId::RequestIdType), Certainty::Certain, &because);
        finding.evidence = vec![bare.side("bare"), number.side("with a number as its id")];
        Some(finding)
    }

    /// The request works after a handshake and fails without one.
    fn session_settles(&self, bare: &Tried<'_>) -> Option<Finding> {
        let proper = self.with(Role::Proper).find(Tried::worked)?;
        self.bare_like(&proper).filter(|like| !like.worked())?;
        let number = proper.exchange.number;
        let settle = |rule, certainty, because: &str, sides: Vec<Option<String>>| {
            let mut finding = bare.finding(rules::of(rule), certainty, because);
            let sides = sides.into_iter().flatten();
            finding.evidence = std::iter::once(bare.side("bare")).chain(sides).collect();
            Some(finding)
        };
        let after = self.with(Role::BareAfter).next();
        let stateless = proper.exchange.session_sent().is_none();
        // Without a session, the proper request differs from the bare one in the version header alone.
        let versioned = self.with(Role::Versioned).find(Tried::worked);
        if let Some(versioned) = versioned.as_ref().or(stateless.then_some(&proper)) {
            let with_header = Some(versioned.side("with MCP-Protocol-Version"));
            let works = after.as_ref().map(Tried::worked);
            if proper.exchange.request.header("cookie").is_some() {
                let because = format!(
                    "{number} is the same request with the cookies of the handshake, and works"
                );
                return settle(
                    RuleId::HandshakeMissing,
                    Certainty::Likely,
                    &because,
                    vec![after.map(|after| after.side("bare after the handshake"))],
                );
            }
            let after = after.map(|after| after.side("bare after the handshake"));
            return match works {
                Some(true) => {
                    let because =
                        "the same request fails before the handshake and works after it".to_owned();
                    settle(RuleId::HandshakeMissing, Certainty::Likely, &because, vec![after])
                }
                Some(false) => {
                    let because = format!(
                        "{} is the same request with the header alone, and works",
                        versioned.exchange.number
                    );
                    let sides = vec![after, with_header];
                    settle(RuleId::VersionMissing, Certainty::Certain, &because, sides)
                }
                None => {
                    let because =
                        format!("{number} is the same request after a handshake, and works");
                    settle(
                        RuleId::HandshakeMissing,
                        Certainty::Possible,
                        &because,
                        vec![with_header],
                    )
                }
            };
        }
        let reaches = if tool_failed(proper.exchange) { "reaches the tool" } else { "works" };
        let mut because = format!("{number} is the same request with a session, and {reaches}");
        // Without a second attempt, the difference may be one of time.
        let again = self.with(Role::BareAgain).next().map(|again| again.side("bare again"));
        let settled = !bare.may_be_temporary() || again.is_some();
        // Where the session or a cookie does not carry over to another connection, the id is not all.
        let is_all = self.id_is_enough(&proper);
        let certainty = if settled && is_all { Certainty::Certain } else { Certainty::Likely };
        let modern = self.with(Role::ProperModern).find(Tried::worked);
        if modern.is_some() {
            because += "; the form of 2026-07-28 works without one";
        }
        let modern = modern.map(|modern| modern.side("in the form of 2026-07-28"));
        let again = again.filter(|_| bare.may_be_temporary());
        let sides = vec![again, Some(proper.side("with a session")), modern];
        settle(RuleId::SessionMissing, certainty, &because, sides)
    }

    /// Returns false if the same request failed in the same session, unchanged, or works only with a cookie.
    fn id_is_enough(&self, proper: &Tried<'_>) -> bool {
        let in_session = || {
            let living = self.all().filter(|(role, _)| *role != Role::EndedId);
            living.map(|(_, tried)| tried).filter(|tried| {
                tried.exchange.session_sent() == proper.exchange.session_sent()
                    && tried.exchange.purpose == proper.exchange.purpose
                    && tried.exchange.accepts_both()
                    && tried.exchange.is_labelled_json()
            })
        };
        let cookie = |tried: &Tried<'_>| tried.exchange.request.header("cookie").is_some();
        let fails = in_session().any(|tried| {
            !tried.worked() && !tried.may_be_temporary() && cookie(&tried) == cookie(proper)
        });
        let needs_cookie =
            cookie(proper) && !in_session().any(|tried| tried.worked() && !cookie(&tried));
        !fails && !needs_cookie
    }

    /// The request works in the form of the modern era and in no other.
    fn modern_settles(&self, bare: &Tried<'_>) -> Option<Finding> {
        let worked = || self.with(Role::ProperModern).filter(Tried::worked);
        let same = worked().find(|tried| self.bare_like(tried).is_some_and(|like| !like.worked()));
        let modern = same.or_else(|| worked().next())?;
        let is_marked = modern.exchange.has_modern_marks();
        let again = self.with(Role::BareAgain).next();
        let settled = self.bare_like(&modern).is_some()
            && is_marked
            && (!bare.may_be_temporary() || again.is_some_and(|again| !again.worked()));
        let initialize = self.best(Role::Initialize);
        let because = format!("{} works in the form of 2026-07-28", modern.exchange.number);
        let certainty = if settled { Certainty::Certain } else { Certainty::Likely };
        let mut finding = bare.finding(rules::of(RuleId::ModernOnly), certainty, &because);
        finding.evidence = vec![bare.side("bare"), modern.side("in the form of 2026-07-28")];
        finding.evidence.extend(initialize.map(|tried| tried.side("initialize")));
        Some(finding)
    }

    /// `initialize` itself is refused, so that no session can exist.
    fn initialize_was_refused(&self, bare: &Tried<'_>) -> Option<Finding> {
        let refused = self.best(Role::Initialize).filter(|tried| !tried.worked())?;
        let number = refused.exchange.number;
        let evidence = vec![bare.side("bare"), refused.side("initialize")];
        // A failure for now does not show why the first request failed.
        if refused.may_be_temporary()
            && !refused.outcome_is_ours()
            && !refused.is_answered_like(bare)
        {
            let mut finding = explain_at(self.exchanges, bare.at).into_iter().next()?;
            finding.certainty = finding.certainty.min(Certainty::Likely);
            finding.evidence = evidence;
            return Some(finding);
        }
        let told = explain_at(self.exchanges, refused.at).into_iter().find(is_no_session_rule);
        let mut finding = if let Some(told) = told {
            told
        } else if refused.outcome_is_ours() {
            // Nothing is known about the server then.
            bare.finding(
                &rules::UNKNOWN,
                Certainty::Possible,
                "initialize was not answered in time",
            )
        } else if refused.exchange.status().is_some_and(|status| (200..300).contains(&status))
            && refused.outcome.error().is_none()
        {
            let because =
                format!("{number} is initialize, and its response is no JSON-RPC message");
            bare.finding(&rules::UNKNOWN, Certainty::Possible, &because)
        } else if let Some(name) = named_header(&refused) {
            let because =
                format!("initialize ({number}) asks for a header: -H '{name}: VALUE' sends it");
            refused.finding(rules::of(RuleId::AuthRequired), Certainty::Likely, &because)
        } else {
            let because = format!("{number} is initialize, and is refused too");
            let certainty =
                if refused.may_be_temporary() { Certainty::Likely } else { Certainty::Certain };
            refused.finding(rules::of(RuleId::InitializeRefused), certainty, &because)
        };
        finding.evidence = evidence;
        Some(finding)
    }

    /// The request fails after the handshake too. If both fail alike, the session is not the cause.
    fn both_failed(&self, bare: &Tried<'_>) -> Option<Finding> {
        let proper = self.with(Role::Proper).last().filter(|proper| !proper.worked())?;
        let like = self.bare_like(&proper)?;
        if proper.outcome_is_ours() {
            return None;
        }
        let in_session = proper.exchange.session_sent().is_some();
        let form = if in_session { "with a session" } else { "after the handshake" };
        let mut evidence = vec![bare.side("bare"), proper.side(form)];
        if !like.is_answered_like(&proper) {
            let mut finding = explain_at(self.exchanges, bare.at).into_iter().next()?;
            // No experiment has confirmed it.
            finding.certainty = finding.certainty.min(Certainty::Likely);
            finding.evidence = evidence;
            return Some(finding);
        }
        let other = explain_at(self.exchanges, bare.at).into_iter().find(is_no_session_rule);
        if let Some(mut finding) = other {
            finding.evidence = evidence;
            return Some(finding);
        }
        // A request in the session that works shows that the id gets through.
        let arrives = self.all().any(|(_, tried)| {
            tried.worked()
                && tried.exchange.has_id()
                && tried.exchange.session_sent().is_some()
                && tried.exchange.session_sent() == proper.exchange.session_sent()
        });
        let text = summary(proper.exchange, &proper.outcome).to_lowercase();
        if in_session && !arrives && (text.contains("session id") || text.contains("session-id")) {
            let because = format!(
                "{} carries an id that was just issued, and is refused as without one",
                proper.exchange.number
            );
            let mut finding =
                bare.finding(rules::of(RuleId::SessionIdStripped), Certainty::Likely, &because);
            finding.evidence = evidence;
            return Some(finding);
        }
        let mut because =
            format!("{} is the same request {form}, and fails alike", proper.exchange.number);
        if !arrives && (text.contains("session") || text.contains("initializ")) {
            // The session may be expected elsewhere: in a cookie, in another header, in the body.
            because += "; the server may expect the session elsewhere than in Mcp-Session-Id";
            let mut finding = bare.finding(&rules::UNKNOWN, Certainty::Possible, &because);
            finding.evidence = evidence;
            return Some(finding);
        }
        evidence.dedup();
        let mut finding = bare.finding(rules::of(RuleId::Rejected), Certainty::Certain, &because);
        finding.evidence = evidence;
        Some(finding)
    }
}

/// Returns true for a finding whose cause is neither the session nor unknown.
fn is_no_session_rule(finding: &Finding) -> bool {
    finding.rule.exit != Some(Kind::Session)
        && !matches!(finding.rule.id, RuleId::Unknown | RuleId::LegacyOnly | RuleId::NotInitialized)
        && finding.certainty >= Certainty::Likely
}

/// Returns the header that the text of a refusal names, if it looks like one for credentials.
fn named_header(refused: &Tried<'_>) -> Option<String> {
    const CREDENTIALS: [&str; 5] = ["token", "key", "auth", "secret", "tenant"];
    let text = summary(refused.exchange, &refused.outcome);
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let mut names = words.map(|word| word.trim_matches('-')).filter(|word| {
        let lower = word.to_ascii_lowercase();
        lower == "authorization"
            || ((lower.starts_with("x-") || lower.contains('-'))
                && CREDENTIALS.iter().any(|part| lower.contains(part)))
    });
    names.next().map(str::to_owned)
}
