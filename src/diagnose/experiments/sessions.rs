//! Experiments with a handshake: they tell a missing session id from a missing version header
//! and from a missing handshake.

use super::super::evidence::tool_failed;
use super::super::id::RuleId;
use super::super::rule::{Certainty, Finding};
use super::super::tried::{Role, Tried};
use super::Experiments;

impl Experiments<'_> {
    /// The request works after a handshake and fails without one.
    pub(super) fn session_settles(&self) -> Option<Finding> {
        let proper = self.working(Role::Proper)?;
        let like = self.bare_like(proper).filter(|like| !like.worked())?;
        let explained = self.explained(like);
        let is_stateless = proper.exchange.session_sent().is_none();
        // Without a session, the proper request differs from the bare one in the version header alone.
        let versioned = self.working(Role::Versioned).or(is_stateless.then_some(proper));
        Some(match versioned {
            Some(versioned) => self.handshake_or_version(explained, proper, versioned),
            None => self.session_missing(explained, proper),
        })
    }

    /// The request works after a handshake without a session id: tells handshake, header and cookie apart.
    fn handshake_or_version(
        &self,
        explained: &Tried<'_>,
        proper: &Tried<'_>,
        versioned: &Tried<'_>,
    ) -> Finding {
        let after = self.with(Role::BareAfter).next();
        let after_side = after.map(|after| after.side("after the handshake, without an id"));
        let with_header = Some(versioned.side("with MCP-Protocol-Version"));
        let number = proper.number();
        let (rule, certainty, because, sides) = match after.map(Tried::worked) {
            _ if proper.has_cookie() => (
                RuleId::HandshakeMissing,
                Certainty::Likely,
                format!(
                    "{number} is the same request with the cookies of the handshake, and works"
                ),
                vec![after_side],
            ),
            // An id was issued and is not required: the handshake, or the time that passed.
            Some(true) if proper.exchange.session_sent().is_some() => (
                RuleId::Unknown,
                Certainty::Possible,
                "the same request failed before the handshake, and works after it with and without a session"
                    .to_owned(),
                vec![after_side, with_header],
            ),
            Some(true) => (
                RuleId::HandshakeMissing,
                Certainty::Likely,
                "the same request fails before the handshake and works after it".to_owned(),
                vec![after_side],
            ),
            Some(false) => (
                RuleId::VersionMissing,
                Certainty::Certain,
                format!(
                    "{} is the same request with the header alone, and works",
                    versioned.number()
                ),
                vec![after_side, with_header],
            ),
            None => (
                RuleId::HandshakeMissing,
                Certainty::Possible,
                format!("{number} is the same request after a handshake, and works"),
                vec![with_header],
            ),
        };
        let bare = Some(explained.side("without a session"));
        let evidence = [bare].into_iter().chain(sides).flatten().collect();
        explained.concludes(rule, certainty, because + &self.unexplained(explained), evidence)
    }

    /// The request works with a session id and fails without one.
    fn session_missing(&self, explained: &Tried<'_>, proper: &Tried<'_>) -> Finding {
        let reaches = if tool_failed(proper.exchange) { "reaches the tool" } else { "works" };
        let number = proper.number();
        let mut because = format!("{number} is the same request with a session, and {reaches}");
        let again = self.with(Role::BareAgain).next();
        let temporary = explained.may_be_temporary();
        // Without a second attempt, the difference may be one of time.
        let is_settled = !temporary || again.is_some();
        let certainty = if is_settled && self.id_is_enough(proper) {
            Certainty::Certain
        } else {
            Certainty::Likely
        };
        let mut evidence = vec![explained.side("without a session")];
        evidence.extend(
            again.filter(|_| temporary).map(|again| again.side("again, without a session")),
        );
        evidence.push(proper.side("with a session"));
        if let Some(modern) = self.working(Role::ProperModern) {
            because += "; a 2026-07-28 request works without one";
            evidence.push(modern.side("as a 2026-07-28 request"));
        }
        because += &self.unexplained(explained);
        explained.concludes(RuleId::SessionMissing, certainty, because, evidence)
    }

    /// Returns false if the same request failed in the same session, unchanged, or works only with a cookie:
    /// the session id is not all that the server requires.
    fn id_is_enough(&self, proper: &Tried<'_>) -> bool {
        let in_session = || {
            self.all.iter().filter(|tried| {
                tried.role != Role::EndedId
                    && tried.exchange.session_sent() == proper.exchange.session_sent()
                    && tried.exchange.purpose == proper.exchange.purpose
                    && tried.exchange.accepts_both()
                    && tried.exchange.is_labelled_json()
            })
        };
        let fails = in_session().any(|tried| {
            !tried.worked()
                && !tried.may_be_temporary()
                && tried.has_cookie() == proper.has_cookie()
        });
        let needs_cookie =
            proper.has_cookie() && !in_session().any(|tried| tried.worked() && !tried.has_cookie());
        !fails && !needs_cookie
    }
}
