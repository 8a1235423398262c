//! The verdict of a trace in words: why the minimal client fails, what the server supports,
//! what a client must send.

use serde_json::{Value, json};

use super::authorization::Way;
use crate::diagnose::{self, Certainty, Eras, Finding, Profile, Reaction, Role, RuleId, Sessions};
use crate::exchange::{Exchange, Outcome};
use crate::output::{Paint, Stream, one_line, wrap};
use crate::protocol::methods;
use crate::redact::Redactor;
use crate::report;

/// The conclusions of a trace.
pub(super) struct Verdict {
    pub(super) profile: Profile,
    /// Explanation of why the first request fails; `None` if it works, or if this side ended it.
    pub(super) why: Option<Finding>,
    /// All other findings, the most certain first.
    pub(super) others: Vec<Finding>,
    /// The URL at which the endpoint was found, if it is another one.
    pub(super) elsewhere: Option<String>,
    /// The authorization discovery, if the server requires authorization.
    pub(super) way: Option<Way>,
}

/// Returns true for a rule about headers that experiments change on purpose.
fn is_about_form(rule: RuleId) -> bool {
    matches!(rule, RuleId::Accept | RuleId::ContentType | RuleId::VersionUnsupported)
}

impl Verdict {
    pub(super) fn of(exchanges: &[Exchange], roles: &[Role]) -> Self {
        let profile = Profile::of(exchanges, roles);
        let mut why = diagnose::explain_first(exchanges, roles);
        // Requests that are wrong on purpose say nothing about the server.
        let provoked = |finding: &Finding| {
            let role = exchanges.iter().position(|one| one.number == finding.exchange);
            role.is_some_and(|at| {
                let modern = matches!(roles[at], Role::Discover | Role::ProperModern);
                // The verdict is about the first; how a legacy server refuses the modern era does not
                // matter.
                at == 0
                    || (modern && !matches!(profile.eras, Eras::Modern | Eras::Dual))
                    || (roles[at] == Role::Experiment && is_about_form(finding.rule.id))
                    || matches!(
                        roles[at],
                        Role::Variation
                            | Role::Second
                            | Role::WithoutCookies
                            | Role::UnknownId
                            | Role::EndedId
                    )
            })
        };
        let url = exchanges.first().map(|first| first.request.url.as_str());
        // Attempts at other addresses say nothing about this one.
        let elsewhere = |finding: &Finding| {
            let shown = exchanges.iter().find(|exchange| exchange.number == finding.exchange);
            shown.is_none_or(|exchange| {
                // Authorization endpoints are at other addresses by nature.
                Some(exchange.request.url.as_str()) != url
                    && !diagnose::is_about_authorization(exchange)
            })
        };
        let mut others: Vec<Finding> = diagnose::survey(exchanges, |_, _| false)
            .into_iter()
            .filter(|finding| profile.over_sse || !elsewhere(finding))
            .filter(|finding| !provoked(finding))
            .filter(|finding| why.as_ref().is_none_or(|why| why.rule.id != finding.rule.id))
            .filter(|finding| !finding.rule.is_provoked && finding.rule.id != RuleId::Unknown)
            .collect();
        if let Some(pair) = diagnose::unstable(exchanges, roles) {
            diagnose::weaken(why.as_mut(), &mut others, pair);
        }
        others.sort_by_key(|finding| std::cmp::Reverse(finding.certainty));
        let found = exchanges.iter().find(|exchange| {
            exchange.is(methods::INITIALIZE)
                && Some(exchange.request.url.as_str()) != url
                && exchange.outcome().is_success()
        });
        let elsewhere =
            found.filter(|_| !profile.over_sse).map(|exchange| exchange.request.url.clone());
        Self { profile, why, others, elsewhere, way: None }
    }

    /// Returns the steps that a client must take, in order. If the server supports both eras, there are
    /// two ways, the shorter first.
    pub(super) fn must(&self) -> Vec<Vec<String>> {
        let profile = &self.profile;
        if profile.over_sse {
            return vec![vec![
                "GET this address, and keep the stream open".into(),
                "take the address to POST to from its first event, `endpoint`".into(),
                "POST initialize, then notifications/initialized, then requests there".into(),
                "read the responses from the stream".into(),
            ]];
        }
        let is_missing = |id| self.why.as_ref().is_some_and(|why| why.rule.id == id);
        let headers = self.required_headers();
        let with_headers = |mut steps: Vec<String>| {
            // What the client lacks comes first.
            let at = if is_missing(RuleId::Accept) || is_missing(RuleId::ContentType) {
                0
            } else {
                steps.len()
            };
            steps.splice(at..at, headers.iter().cloned());
            steps
        };
        let modern = vec![
            "put protocolVersion and clientCapabilities into params._meta".to_owned(),
            "send MCP-Protocol-Version, Mcp-Method and Mcp-Name to match".to_owned(),
            "skip the handshake; there is no session".to_owned(),
        ];
        let stateless = vec![
            "POST initialize, without a session id".to_owned(),
            "POST notifications/initialized".to_owned(),
            "send MCP-Protocol-Version with every later request; no session id".to_owned(),
        ];
        let session = vec![
            "POST initialize, without a session id".to_owned(),
            "keep the Mcp-Session-Id response header (it is not in the body)".to_owned(),
            "POST notifications/initialized with it".to_owned(),
            "send this header and MCP-Protocol-Version with every later request".to_owned(),
        ];
        let ways = match (profile.eras, profile.sessions) {
            // Nothing has worked, so no way is known.
            _ if !profile.has_worked => Vec::new(),
            (Eras::Modern, _) | (Eras::Dual, Sessions::None) => vec![modern],
            (Eras::Unknown, _) => Vec::new(),
            (Eras::Bare, _) => {
                vec![vec!["POST each request as it is; there is no handshake".into()]]
            }
            (Eras::Dual, _) => vec![modern, session],
            (Eras::Legacy, Sessions::None) => vec![stateless],
            (Eras::Legacy, _) => vec![session],
        };
        ways.into_iter().map(with_headers).collect()
    }

    /// Returns the headers without which the server rejects a request.
    fn required_headers(&self) -> Vec<String> {
        let (accept, label) = (self.profile.needs_accept, self.profile.needs_content_type);
        let accept = (accept == Some(true))
            .then(|| "send Accept: application/json, text/event-stream on every POST".to_owned());
        let label = (label == Some(true))
            .then(|| "send Content-Type: application/json on every POST".to_owned());
        let cookies = (self.profile.needs_cookies == Some(true))
            .then(|| "keep the cookies of the response to initialize, and send them".to_owned());
        cookies.into_iter().chain(accept).chain(label).collect()
    }

    /// Formats the verdict as lines with labels.
    pub(super) fn lines(&self, exchanges: &[Exchange]) -> Vec<(String, String)> {
        let mut lines = Lines::default();
        let first = diagnose::first_response(exchanges);
        let outcome = first.map(Exchange::outcome);
        let number = first.map_or(1, |first| first.number);
        match (&self.why, outcome) {
            (Some(why), _) => {
                let number = why.exchange;
                let rule = format!("{} ({})", why.rule.id, why.certainty.as_str());
                lines.add(&format!("why {number} failed"), format!("{rule}: {}", why.rule.title));
                lines.add("", &why.because);
                for side in &why.evidence {
                    lines.add("", &side.text);
                }
                if self.must().is_empty() {
                    lines.add("what it means", why.rule.means);
                }
                if !why.rule.server.is_empty() {
                    lines.add("", format!("the server: {}", why.rule.server));
                }
            }
            (None, Some(Outcome::Result)) if first.is_some_and(diagnose::tool_failed) => {
                lines.add(&format!("{number} is served"), "and the tool itself reports failure");
            }
            (None, Some(Outcome::Result)) => {
                lines.add(&format!("{number} works"), self.works(first));
            }
            (None, Some(outcome)) => {
                let ended = first.map(|first| diagnose::summary(first, &outcome));
                lines.add(&format!("{number} was ended here"), ended.unwrap_or_default());
            }
            (None, None) => {}
        }
        lines.add("this server", self.describe());
        for line in self.reactions() {
            lines.add("", line);
        }
        for departure in &self.profile.violations {
            lines.add("", format!("{} ({})", departure.what, departure.specification));
        }
        for (index, line) in self.way.iter().flat_map(Way::lines).enumerate() {
            lines.add(if index == 0 { "authorization" } else { "" }, line);
        }
        lines.findings(&self.others);
        for (way, steps) in self.must().iter().enumerate() {
            for (index, step) in steps.iter().enumerate() {
                let label = match (way, index) {
                    (0, 0) if self.why.is_none() => "a client should",
                    (0, 0) => "your client must",
                    (_, 0) => "or",
                    _ => "",
                };
                lines.add(label, format!("{} {step}", index + 1));
            }
        }
        lines.0
    }

    /// Returns the numbers of the exchanges that decide, at most two.
    pub(super) fn decisive(&self, exchanges: &[Exchange]) -> Vec<usize> {
        match &self.why {
            Some(why) => why.decisive(),
            None => {
                diagnose::first_response(exchanges).map(|first| first.number).into_iter().collect()
            }
        }
    }

    /// Returns the sections of the specification that the verdict refers to, each once.
    pub(super) fn specifications(&self) -> Vec<&'static str> {
        let findings = self.why.iter().chain(&self.others).map(|one| one.rule.specification);
        distinct(findings.chain(self.profile.violations.iter().map(|one| one.specification)))
    }

    /// Prints the verdict.
    pub(super) fn print(
        &self,
        out: &Stream,
        exchanges: &[Exchange],
        redactor: &Redactor,
        ascii: bool,
    ) -> std::io::Result<()> {
        let page = VerdictPage { out, redactor, ascii };
        out.line("")?;
        let lines = self.lines(exchanges);
        // Show an unexplained exchange in full.
        let unexplained = self
            .why
            .as_ref()
            .filter(|why| why.certainty < Certainty::Likely || why.rule.id == RuleId::Rejected);
        let shown = unexplained
            .and_then(|why| exchanges.iter().find(|exchange| exchange.number == why.exchange));
        let (why, rest) = lines.split_at(
            lines.iter().position(|(label, _)| label == "this server").unwrap_or_default(),
        );
        page.entries(why)?;
        if let Some(shown) = shown {
            page.raw(shown)?;
        }
        page.entries(rest)
    }

    fn works(&self, first: Option<&Exchange>) -> String {
        let what = first.map(|first| first.purpose.to_string()).unwrap_or_default();
        match (self.profile.eras, self.profile.sessions) {
            (_, Sessions::Optional) => format!(
                "the server issues session ids, but did not require one for {what}. A client does the \
                 handshake all the same, since the specification demands it."
            ),
            (Eras::Unknown, _) => "the request got a result without a handshake.".to_owned(),
            _ => format!("a request without a handshake is enough for {what}."),
        }
    }

    fn describe(&self) -> String {
        let profile = &self.profile;
        let name = profile.software.clone().unwrap_or_else(|| "does not say its name".to_owned());
        let mut parts = vec![name];
        parts.push(match profile.eras {
            _ if profile.over_sse => "HTTP+SSE of 2024-11-05".to_owned(),
            Eras::Unknown => "its era could not be found out".to_owned(),
            Eras::Bare => "requests without a handshake".to_owned(),
            _ => profile.versions.join(", "),
        });
        parts.push(
            match (profile.eras, profile.sessions) {
                _ if profile.over_sse => "a session for each stream",
                (Eras::Modern | Eras::Bare, _) => "no handshake, no sessions",
                (_, Sessions::Required) => "keeps sessions",
                (_, Sessions::Optional) => "issues session ids but does not require them",
                (_, Sessions::NotKept) => {
                    "does not keep sessions: it accepts ids that it never issued"
                }
                (_, Sessions::None) => "keeps no sessions",
                (_, Sessions::Unknown) if profile.issues_ids => "issues session ids",
                (_, Sessions::Unknown) => "sessions unknown",
            }
            .to_owned(),
        );
        if profile.eras == Eras::Dual {
            parts.push("both eras".to_owned());
        }
        parts.extend(profile.answers.map(|form| match profile.modern_answers {
            Some(modern) if modern != form => {
                format!("responds as {form} after the handshake, as {modern} in 2026-07-28")
            }
            _ => format!("responds as {form}"),
        }));
        parts.join(" · ")
    }

    fn reactions(&self) -> Vec<String> {
        let profile = &self.profile;
        if profile.sessions != Sessions::Required {
            return Vec::new();
        }
        let tell = |what: &str, reaction: &Option<Reaction>| {
            let reaction = reaction.as_ref()?;
            Some(if reaction.accepted {
                format!("{what} is served")
            } else {
                format!("{what} gets {}", reaction.status)
            })
        };
        let parts: Vec<String> = [
            tell("a missing id", &profile.bare),
            tell("an unknown id", &profile.unknown_id),
            tell("an ended id", &profile.ended_id),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() { Vec::new() } else { vec![parts.join("; ")] }
    }

    /// Returns the JSON object for `--json`.
    pub(super) fn to_json(&self) -> Value {
        let profile = &self.profile;
        let reaction = |reaction: &Option<Reaction>| {
            reaction.as_ref().map(|one| {
                json!({"exchange": one.exchange, "status": one.status, "code": one.code,
                    "message": one.text, "accepted": one.accepted})
            })
        };
        json!({
            "server": {
                "software": profile.software,
                "era": profile.eras.as_str(),
                "transport": if profile.over_sse { "sse" } else { "http" },
                "versions": profile.versions,
                "sessions": profile.sessions.as_str(),
                "answers": profile.answers,
                "modernAnswers": profile.modern_answers,
                "needsAccept": profile.needs_accept,
                "needsContentType": profile.needs_content_type,
                "needsCookies": profile.needs_cookies,
                "bare": reaction(&profile.bare),
                "unknownId": reaction(&profile.unknown_id),
                "endedId": reaction(&profile.ended_id),
                "departures": profile.violations.iter().map(|one| {
                    json!({"what": one.what, "specification": one.specification})
                }).collect::<Vec<_>>(),
            },
            "authorization": self.way.as_ref().map(Way::to_json),
            "why": self.why.as_ref().map(Finding::to_json),
            "findings": self.others.iter().map(Finding::to_json).collect::<Vec<_>>(),
            "client": self.must().first(),
            "otherwise": self.must().get(1),
        })
    }
}

/// Returns each text once, without empty ones.
pub(super) fn distinct(all: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut distinct = Vec::new();
    for one in all.filter(|one| !one.is_empty()) {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

/// Lines behind labels.
#[derive(Default)]
pub(super) struct Lines(pub(super) Vec<(String, String)>);

impl Lines {
    pub(super) fn add(&mut self, label: &str, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.0.push((label.to_owned(), text));
        }
    }

    pub(super) fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            let (id, sure) = (finding.rule.id, finding.certainty.as_str());
            let text = format!("{id} ({sure}) at {}: {}", finding.exchange, finding.rule.title);
            self.add("found", text);
            self.add("", &finding.because);
            if !finding.rule.server.is_empty() {
                self.add("", format!("the server: {}", finding.rule.server));
            }
        }
    }
}

/// Printer for wrapped text with labels.
pub(super) struct VerdictPage<'p> {
    pub(super) out: &'p Stream,
    pub(super) redactor: &'p Redactor,
    /// Replaces this program's own non-ASCII characters.
    pub(super) ascii: bool,
}

/// Width of the label column.
const LABEL: usize = 17;

impl VerdictPage<'_> {
    pub(super) fn entries(&self, lines: &[(String, String)]) -> std::io::Result<()> {
        lines.iter().try_for_each(|(label, text)| self.entry(label, text))
    }

    fn entry(&self, label: &str, text: &str) -> std::io::Result<()> {
        let text = one_line(&self.redactor.text(text));
        let text = if self.ascii { report::ascii(&text) } else { text };
        let width = usize::from(self.out.terminal.width.unwrap_or(80)).clamp(60, 100);
        for (index, line) in wrap(&text, width - LABEL - 1).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let gap = LABEL.saturating_sub(label.chars().count());
            let label = self.out.style.paint(Paint::Strong, label);
            self.out.line(format!("{label}{:gap$}{line}", "").trim_end())?;
        }
        Ok(())
    }

    /// Prints an unexplained exchange as it was: headers, status and the start of the body.
    fn raw(&self, exchange: &Exchange) -> std::io::Result<()> {
        for (name, value) in &exchange.request.headers {
            self.entry("", &format!("> {name}: {}", self.redactor.header(name, value)))?;
        }
        let Some(answer) = &exchange.answer else { return Ok(()) };
        self.entry("", &format!("< {}", answer.status))?;
        for (name, value) in &answer.headers {
            self.entry("", &format!("< {name}: {}", self.redactor.header(name, value)))?;
        }
        let body: String = self.redactor.text(&answer.body).chars().take(400).collect();
        if !body.is_empty() {
            self.entry("", &body)?;
        }
        Ok(())
    }
}
