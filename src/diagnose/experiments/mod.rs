//! Why the first request of a trace fails: a table over the outcomes of experiments. An experiment that
//! settles the question outranks every status and every word of the server.

mod sessions;

use super::credentials::{is_about_credentials, is_credential_name, missing_header};
use super::explain_at;
use super::id::RuleId;
use super::rule::{Certainty, Finding, Side};
use super::tried::{Role, Tried};
use crate::exchange::{Exchange, Outcome};
use crate::exit::Kind;
use crate::protocol::methods;

/// Explains the first request of a trace from all its exchanges, each with its role. Returns `None` if
/// the request worked, or if this side ended it before the server responded.
pub fn explain_first(exchanges: &[Exchange], roles: &[Role]) -> Option<Finding> {
    let all = Tried::all(exchanges, roles);
    let mut first = all.iter().filter(|tried| tried.role == Role::Bare);
    let bare = first.clone().find(|tried| !tried.worked()).or_else(|| first.next())?;
    let tried = Experiments { exchanges, all: &all, bare };
    match bare.outcome {
        Outcome::Result => return tried.only_the_first_worked(),
        Outcome::ClosedByUs => return None,
        _ => {}
    }
    let finding = tried
        .over_sse()
        .or_else(|| tried.was_temporary())
        .or_else(|| tried.id_type_settles())
        .or_else(|| tried.session_settles())
        .or_else(|| tried.modern_settles())
        .or_else(|| tried.initialize_was_refused())
        .or_else(|| tried.both_failed())
        .or_else(|| tried.works_after_another_handshake())
        .or_else(|| tried.only_the_tool_failed())
        .or_else(|| tried.by_its_own_words());
    finding.or_else(|| Some(bare.concludes(RuleId::Unknown, Certainty::Possible, "", Vec::new())))
}

/// The exchanges of a trace, and the one to explain.
struct Experiments<'e> {
    exchanges: &'e [Exchange],
    all: &'e [Tried<'e>],
    bare: &'e Tried<'e>,
}

impl<'e> Experiments<'e> {
    fn with(&self, wanted: Role) -> impl Iterator<Item = &'e Tried<'e>> {
        self.all.iter().filter(move |tried| tried.role == wanted)
    }

    fn working(&self, wanted: Role) -> Option<&'e Tried<'e>> {
        self.with(wanted).find(|tried| tried.worked())
    }

    /// Returns the request without a session that is the same as this one; one that worked comes first.
    fn bare_like(&self, other: &Tried<'_>) -> Option<&'e Tried<'e>> {
        let same = |tried: &&Tried<'_>| tried.exchange.purpose == other.exchange.purpose;
        let all = || self.with(Role::Bare).chain(self.with(Role::BareAgain)).filter(same);
        all().find(|tried| tried.worked()).or_else(|| all().next())
    }

    /// Returns the request that a comparison explains: the first one, if it was refused in the same way as `like`,
    /// else `like` itself. A tool that was called bare is not called again, so nothing explains its own refusal.
    fn explained(&self, like: &'e Tried<'e>) -> &'e Tried<'e> {
        if like.is_refused_like(self.bare) { self.bare } else { like }
    }

    /// Returns a sentence about the first request if the conclusion is about another one.
    fn unexplained(&self, explained: &Tried<'_>) -> String {
        if explained.at == self.bare.at {
            return String::new();
        }
        format!("; {} failed in another way, and was not repeated", self.bare.number())
    }

    /// Returns the findings of the rules about one exchange.
    fn told(&self, tried: &Tried<'_>) -> impl Iterator<Item = Finding> {
        explain_at(self.exchanges, tried.at).into_iter()
    }

    /// Returns what the response to the bare request says by itself; at most likely, since no experiment
    /// has confirmed it.
    fn unconfirmed(&self, evidence: Vec<Side>) -> Option<Finding> {
        let finding = self.told(self.bare).next()?;
        Some(Finding { certainty: finding.certainty.min(Certainty::Likely), evidence, ..finding })
    }

    /// The first request works, and every later one fails alike: one transport serves all requests.
    fn only_the_first_worked(&self) -> Option<Finding> {
        let again = self.with(Role::BareAgain).next()?;
        let later = &self.all[self.bare.at + 1..];
        let alike = later.iter().all(|one| !one.worked() && one.is_answered_like(again));
        // The message of a rate limit or of rejected credentials already states the cause.
        let has_cause = self.told(again).next().is_some_and(|found| found.rule.stops_trace);
        if !alike || has_cause || later.len() < 3 || again.was_ended_here() {
            return None;
        }
        let because = format!(
            "{} worked, and every later request failed alike, the same one among them ({})",
            self.bare.number(),
            again.number()
        );
        let evidence = vec![self.bare.side("first"), again.side("the same again")];
        Some(again.concludes(RuleId::SharedTransport, Certainty::Likely, because, evidence))
    }

    /// A stream of the HTTP+SSE transport was opened at the address, and a request works over it.
    fn over_sse(&self) -> Option<Finding> {
        let url = &self.bare.exchange.request.url;
        let stream = self.with(Role::Stream).find(|tried| tried.exchange.request.url == *url)?;
        let is_message = |one: &&Tried<'_>| {
            one.at > stream.at && one.exchange.request.method == "POST" && one.exchange.has_id()
        };
        let message = self
            .all
            .iter()
            .filter(is_message)
            .find(|message| message.exchange.request.url != *url && message.worked())?;
        let because = format!(
            "{} opened its stream, and {} works over it",
            stream.number(),
            message.number()
        );
        let evidence = vec![self.bare.side("POST"), stream.side("GET"), message.side("over it")];
        Some(self.bare.concludes(RuleId::LegacySseOnly, Certainty::Certain, because, evidence))
    }

    /// The unchanged request works on a second attempt.
    fn was_temporary(&self) -> Option<Finding> {
        let again = self.working(Role::BareAgain)?;
        if again.exchange.purpose != self.bare.exchange.purpose {
            return None;
        }
        let because = format!("{} is the same request, and works", again.number());
        let evidence =
            vec![self.bare.side("without a session"), again.side("again, without a session")];
        Some(self.bare.concludes(RuleId::TemporaryFailure, Certainty::Likely, because, evidence))
    }

    /// The request works with a number as its id, and without a session.
    fn id_type_settles(&self) -> Option<Finding> {
        let proper = self.working(Role::Proper)?;
        let number = self.working(Role::BareAfter)?;
        if !self.bare.has_text_id() || number.has_text_id() || proper.has_text_id() {
            return None;
        }
        let because =
            format!("{} is the same request with a number as its id, and works", number.number());
        let evidence =
            vec![self.bare.side("without a session"), number.side("with a number as its id")];
        Some(self.bare.concludes(RuleId::RequestIdType, Certainty::Certain, because, evidence))
    }

    /// The request works in the form of the modern era and in no other.
    fn modern_settles(&self) -> Option<Finding> {
        // Where the same request works bare as well, the form makes no difference.
        let differs = |tried: &&Tried<'_>| self.bare_like(tried).is_none_or(|like| !like.worked());
        let worked = || self.with(Role::ProperModern).filter(|tried| tried.worked());
        // A server that supports the handshake too is not of this era alone.
        if self.working(Role::Initialize).is_some() {
            return None;
        }
        let compared = worked().find(|tried| self.bare_like(tried).is_some() && differs(tried));
        let modern = compared.or_else(|| worked().find(differs))?;
        let explained = self.bare_like(modern).map_or(self.bare, |like| self.explained(like));
        let again = self.with(Role::BareAgain).next();
        let is_settled = self.bare_like(modern).is_some()
            && modern.exchange.has_modern_marks()
            && (!explained.may_be_temporary() || again.is_some_and(|again| !again.worked()));
        let certainty = if is_settled { Certainty::Certain } else { Certainty::Likely };
        let because = format!("{} is a 2026-07-28 request, and works", modern.number());
        let mut evidence =
            vec![explained.side("without a session"), modern.side("as a 2026-07-28 request")];
        evidence.extend(self.initialize().map(|tried| tried.side("initialize")));
        let because = because + &self.unexplained(explained);
        Some(explained.concludes(RuleId::ModernOnly, certainty, because, evidence))
    }

    /// Returns the `initialize` that worked, else the last one.
    fn initialize(&self) -> Option<&'e Tried<'e>> {
        self.working(Role::Initialize).or_else(|| self.with(Role::Initialize).last())
    }

    /// `initialize` itself is refused, so that no session can exist.
    fn initialize_was_refused(&self) -> Option<Finding> {
        let refused = self.initialize().filter(|tried| !tried.worked())?;
        let number = refused.number();
        let evidence = vec![self.bare.side("without a session"), refused.side("initialize")];
        let is_temporary = refused.may_be_temporary() && !refused.was_ended_here();
        // A temporary failure does not show why the first request failed.
        if is_temporary && !refused.is_answered_like(self.bare) {
            return self.unconfirmed(evidence);
        }
        if let Some(other) = self.initialize_with_another_accept(refused) {
            let accept = other.exchange.request.header("accept").unwrap_or_default();
            let because =
                format!("{} is initialize with Accept: {accept}, and works", other.number());
            let evidence = [evidence, vec![other.side("initialize, other Accept")]].concat();
            let accept_of =
                |tried: &Tried<'_>| tried.exchange.request.header("accept").map(str::to_owned);
            let is_next = |tried: &&Tried<'_>| {
                tried.at > other.at
                    && accept_of(tried) == accept_of(other)
                    && tried.exchange.is(methods::LIST_TOOLS)
            };
            return Some(match self.with(Role::Experiment).find(is_next) {
                Some(next) if !next.worked() => {
                    let because =
                        format!("{because}; {} is tools/list after it, and fails", next.number());
                    let evidence = [evidence, vec![next.side("tools/list, other Accept")]].concat();
                    self.bare.concludes(RuleId::Unknown, Certainty::Possible, because, evidence)
                }
                _ => refused.concludes(RuleId::Accept, Certainty::Likely, because, evidence),
            });
        }
        let named = missing_header(refused.exchange);
        let is_credential = named.as_deref().is_some_and(is_credential_name);
        let asks = named.map(|name| {
            format!("initialize ({number}) asks for a header: -H '{name}: VALUE' sends it")
        });
        // What both requests meet is explained with the first.
        let shown = if refused.is_answered_like(self.bare) { self.bare } else { refused };
        if let Some(told) = self.told(shown).find(is_no_session_rule) {
            let because = match asks {
                Some(asks) if told.rule.id == RuleId::AuthRequired => asks,
                _ => told.because.clone(),
            };
            return Some(Finding { because, evidence, ..told });
        }
        let unknown = |because| {
            self.bare.concludes(RuleId::Unknown, Certainty::Possible, because, evidence.clone())
        };
        Some(if is_temporary {
            unknown(
                "every request is refused so: the server may be starting or overloaded".to_owned(),
            )
        } else if refused.was_ended_here() {
            unknown("initialize was not answered in time".to_owned())
        } else if matches!(refused.outcome, Outcome::Accepted) {
            unknown(format!("{number} is initialize: it was accepted, and no response came"))
        } else if matches!(refused.exchange.status(), Some(200..300))
            && refused.outcome.error().is_none()
        {
            unknown(format!("{number} is initialize, and its response is not a JSON-RPC message"))
        } else if let Some(because) = asks.clone().filter(|_| is_credential) {
            refused.concludes(RuleId::AuthRequired, Certainty::Likely, because, evidence)
        } else if matches!(refused.exchange.status(), Some(401 | 403 | 407))
            && is_about_credentials(refused.exchange)
        {
            shown.concludes(RuleId::AuthRequired, Certainty::Likely, "", evidence)
        } else {
            // That initialize is refused is certain. Whether the first request fails because of it is not:
            // a server may refuse both for the same reason.
            let because =
                asks.unwrap_or_else(|| format!("{number} is initialize, and is refused too"));
            refused.concludes(RuleId::InitializeRefused, Certainty::Likely, because, evidence)
        })
    }

    /// Returns the `initialize` that works where this one is refused, with another Accept header.
    fn initialize_with_another_accept(&self, refused: &Tried<'_>) -> Option<&'e Tried<'e>> {
        let sent = |tried: &Tried<'_>| tried.exchange.request.header("accept").map(str::to_owned);
        self.with(Role::Experiment).find(|tried| {
            tried.worked()
                && tried.exchange.is(methods::INITIALIZE)
                && tried.exchange.request.url == refused.exchange.request.url
                && sent(tried) != sent(refused)
        })
    }

    /// The request fails after the handshake too. If both fail alike, the session is not the cause.
    fn both_failed(&self) -> Option<Finding> {
        let proper = self.with(Role::Proper).last().filter(|proper| !proper.worked())?;
        let like = self.bare_like(proper)?;
        let explained = self.explained(like);
        if proper.was_ended_here() {
            return None;
        }
        let in_session = proper.exchange.session_sent().is_some();
        let is_same = |tried: &&Tried<'_>| {
            tried.exchange.purpose == proper.exchange.purpose
                && tried.exchange.session_sent() == proper.exchange.session_sent()
                && tried.worked()
        };
        if let Some(later) = self.all[proper.at..].iter().find(is_same).filter(|_| in_session) {
            let because =
                format!("{} is the same request in the same session, and works", later.number());
            let evidence = vec![
                explained.side("without a session"),
                proper.side("with a session"),
                later.side("later"),
            ];
            let rule = RuleId::TemporaryFailure;
            return Some(explained.concludes(rule, Certainty::Likely, because, evidence));
        }
        let form = if in_session { "with a session" } else { "after the handshake" };
        let evidence = vec![explained.side("without a session"), proper.side(form)];
        if !like.is_answered_like(proper) {
            let also = format!("{} carries a session, and fails too", proper.number());
            let told = self.unconfirmed(evidence)?;
            let because =
                [told.because.as_str(), also.as_str()].into_iter().filter(|text| !text.is_empty());
            let because = because.collect::<Vec<_>>().join("; ");
            return Some(Finding { because, ..told });
        }
        if let Some(told) = self.told(explained).find(is_no_session_rule) {
            return Some(Finding { evidence, ..told });
        }
        // A request in the session that works shows that the id gets through.
        let arrives = self.all.iter().any(|tried| {
            tried.worked()
                && tried.exchange.has_id()
                && tried.exchange.session_sent().is_some()
                && tried.exchange.session_sent() == proper.exchange.session_sent()
        });
        let text = proper.text().to_lowercase();
        let number = proper.number();
        let alike = format!("{number} is the same request {form}, and fails alike");
        let alike = alike + &self.unexplained(explained);
        let names_id = text.contains("session id") || text.contains("session-id");
        let names_session = text.contains("session") || text.contains("initializ");
        // No experiment tells these apart from a server that rejects everything, so none is certain.
        let (rule, certainty, because) = if in_session && !arrives && names_id {
            let because = format!(
                "{number} carries an id that was just issued, and is refused as without one"
            );
            (RuleId::SessionIdStripped, Certainty::Likely, because)
        } else if names_id || (!arrives && names_session) {
            let because = if arrives {
                alike + "; the id gets through with other requests"
            } else {
                alike + "; the server may expect the session elsewhere than in Mcp-Session-Id"
            };
            (RuleId::Unknown, Certainty::Possible, because)
        } else {
            (RuleId::Rejected, Certainty::Certain, alike)
        };
        Some(explained.concludes(rule, certainty, because, evidence))
    }

    /// The list failed bare, its schema was fetched in another session, and then the call works bare.
    fn works_after_another_handshake(&self) -> Option<Finding> {
        let later = self.working(Role::Bare).filter(|later| later.at > self.bare.at)?;
        let number = later.number();
        let because = format!(
            "a handshake in another session followed, and then {number} works without a session"
        );
        let evidence =
            vec![self.bare.side("without a session"), later.side("without a session, later")];
        let rule = RuleId::HandshakeMissing;
        Some(self.bare.concludes(rule, Certainty::Possible, because, evidence))
    }

    /// A named tool fails, and other requests need no session. The call was not repeated, so nothing shows
    /// that a session would help.
    fn only_the_tool_failed(&self) -> Option<Finding> {
        let other = self.working(Role::BareAgain)?;
        let because = format!(
            "{} is tools/list without a session, and works; the call may have run and was not repeated",
            other.number()
        );
        let evidence =
            vec![self.bare.side("without a session"), other.side("tools/list without a session")];
        // The endpoint works, so only what the response states for certain can be about this call: a challenge
        // or a rate limit.
        let mut told = self.told(self.bare).filter(is_no_session_rule);
        Some(match told.find(|told| told.certainty == Certainty::Certain) {
            Some(told) => Finding { certainty: Certainty::Likely, because, evidence, ..told },
            None => self.bare.concludes(RuleId::Unknown, Certainty::Possible, because, evidence),
        })
    }

    /// No experiment settles the question. The rules are certain only if the trace ended with this response.
    fn by_its_own_words(&self) -> Option<Finding> {
        if self.with(Role::Initialize).next().is_some() {
            return self.unconfirmed(Vec::new());
        }
        self.told(self.bare).next()
    }
}

/// Returns true for a finding whose cause is neither the session nor unknown.
fn is_no_session_rule(finding: &Finding) -> bool {
    finding.rule.exit != Some(Kind::Session)
        && !matches!(finding.rule.id, RuleId::Unknown | RuleId::LegacyOnly | RuleId::NotInitialized)
        && finding.certainty >= Certainty::Likely
}
