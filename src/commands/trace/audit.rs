//! Findings about another client's requests, recorded or live.

use serde_json::Value;

use super::verdict::{Lines, VerdictPage, distinct};
use crate::diagnose::{self, Certainty, Finding, RuleId};
use crate::exchange::Exchange;
use crate::output::{Stream, count};
use crate::redact::Redactor;
use crate::report::Page;

/// Findings about another client's requests.
pub(super) struct ClientAudit {
    /// Findings, the most certain first.
    pub(super) findings: Vec<Finding>,
    requests: usize,
}

impl ClientAudit {
    pub(super) fn of(exchanges: &[Exchange]) -> Self {
        let is_excused = |around: &[Exchange], at: usize| {
            diagnose::is_permitted_refusal(&around[at]) || diagnose::fell_back(around, at)
        };
        let mut findings = diagnose::survey(exchanges, is_excused);
        for finding in diagnose::conduct(exchanges) {
            if !findings.iter().any(|known| known.rule.id == finding.rule.id) {
                findings.push(finding);
            }
        }
        for finding in &mut findings {
            let failed = exchanges
                .iter()
                .find(|one| one.number == finding.exchange && !one.outcome().is_success());
            let later = failed.and_then(|failed| diagnose::success_later(exchanges, failed));
            let mended =
                later.map(|later| format!("{}, the same request later, worked", later.number));
            let said = [Some(finding.because.clone()).filter(|text| !text.is_empty()), mended];
            finding.because = said.into_iter().flatten().collect::<Vec<_>>().join("; ");
        }
        // Unexplained findings come last.
        findings.sort_by_key(|finding| {
            (finding.rule.id == RuleId::Unknown, std::cmp::Reverse(finding.certainty))
        });
        Self { findings, requests: exchanges.len() }
    }

    pub(super) fn lines(&self) -> Vec<(String, String)> {
        let mut lines = Lines::default();
        let (seen, found) =
            (count(self.requests, "request"), count(self.findings.len(), "finding"));
        lines.add("seen", format!("{seen} · {found}"));
        lines.findings(&self.findings);
        // Only the client's duties: those of the server are printed with each finding.
        let certain = self.findings.iter().filter(|one| one.certainty == Certainty::Certain);
        let must: Vec<&Finding> = certain.take(3).collect();
        for finding in if must.is_empty() { self.findings.iter().take(1).collect() } else { must } {
            lines.add("the client must", format!("{}: {}", finding.rule.id, finding.rule.means));
        }
        lines.0
    }

    /// Returns the contents of the pages.
    pub(super) fn page<'p>(
        &self,
        exchanges: &'p [Exchange],
        title: &'p str,
        server: &'p str,
        lines: &'p [(String, String)],
        redactor: &'p Redactor,
    ) -> Page<'p> {
        let mut decisive: Vec<usize> = self.findings.iter().map(|one| one.exchange).collect();
        decisive.dedup();
        decisive.truncate(2);
        Page {
            title,
            server,
            exchanges,
            lines,
            decisive,
            specifications: distinct(self.findings.iter().map(|one| one.rule.specification)),
            recipes: Vec::new(),
            redactor,
        }
    }

    pub(super) fn print(
        &self,
        out: &Stream,
        redactor: &Redactor,
        ascii: bool,
    ) -> std::io::Result<()> {
        out.line("")?;
        VerdictPage { out, redactor, ascii }.entries(&self.lines())
    }

    pub(super) fn to_json(&self) -> Value {
        self.findings.iter().map(Finding::to_json).collect()
    }
}
