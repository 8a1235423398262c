//! Rules, and the findings they return.

pub use super::certainty::Certainty;
use super::evidence::Evidence;
use super::id::RuleId;
use crate::exit::Kind;

/// Conclusion of a rule: its certainty and the reason.
pub(crate) struct Conclusion {
    pub(crate) certainty: Certainty,
    /// Evidence in words, if there is more than the exchange shows.
    pub(crate) because: String,
}

impl From<Certainty> for Conclusion {
    fn from(certainty: Certainty) -> Self {
        Self { certainty, because: String::new() }
    }
}

/// Source of the first line of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstLine {
    /// The rule's title, unless the client itself read the response and says what is wrong with it.
    Rule,
    /// The rule's title in any case.
    Always,
    /// The client's own message: it is more precise than the title.
    Client,
}

/// The commands to suggest after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The commands for the kind of failure.
    ByKind,
    /// Do the handshake.
    Handshake,
    /// Initialize again, which detects the era.
    Init,
    /// Log in.
    Login,
    /// Try another address.
    OtherAddress,
    /// Trace the server, and show what was sent.
    LookCloser,
    /// None.
    Nothing,
}

/// Number of earlier exchanges that a rule examines, unless it examines none.
pub(crate) const RECENT: usize = 64;

/// One rule of the diagnosis: what it looks for, what it says, and what follows from it.
pub struct Rule {
    /// The name.
    pub id: RuleId,
    /// Description of the failure, as a clause without a full stop.
    pub title: &'static str,
    /// Meaning of the failure, and the remedy for the client.
    pub means: &'static str,
    /// Instructions for the server's operator if the server is wrong; else empty.
    pub server: &'static str,
    /// The section of the specification; empty if there is none.
    pub specification: &'static str,
    /// The text of `explain`: paragraphs separated by empty lines.
    pub about: &'static str,
    /// The kind of failure that it is, if the rule is certain of it; `None` leaves the kind as it is.
    pub exit: Option<Kind>,
    /// Source of the first line of a failure.
    pub first_line: FirstLine,
    /// The commands to suggest.
    pub next: Next,
    /// Says only that a token is missing: an error of the authorization itself says more.
    pub is_general: bool,
    /// `trace` ends here: no later step could tell more.
    pub stops_trace: bool,
    /// `trace` provokes it with requests that are wrong on purpose, so that it is no finding there.
    pub is_provoked: bool,
    /// `trace` repeats the request on new connections, which tells the causes of this apart.
    pub is_repeated: bool,
    /// Number of earlier exchanges that the rule examines. Handshakes and DELETE requests are kept in
    /// any case.
    pub reach: usize,
    /// Examines the evidence of a failed exchange.
    pub(crate) find: fn(&Evidence<'_>) -> Option<Conclusion>,
}

/// The defaults of a rule.
pub(crate) const RULE: Rule = Rule {
    id: RuleId::Unknown,
    title: "",
    means: "",
    server: "",
    specification: "",
    about: "",
    exit: None,
    first_line: FirstLine::Rule,
    next: Next::ByKind,
    is_general: false,
    stops_trace: false,
    is_provoked: false,
    is_repeated: false,
    reach: 0,
    find: |_| None,
};

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rule({})", self.id)
    }
}

/// One finding of the diagnosis.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// Certainty of the finding.
    pub certainty: Certainty,
    /// Number of the exchange that shows the failure.
    pub exchange: usize,
    /// The evidence in words; empty if the exchange itself says it all.
    pub because: String,
    /// The exchanges that decide, one for each side of the conclusion.
    pub evidence: Vec<Side>,
}

/// One side of a conclusion.
#[derive(Debug, Clone)]
pub struct Side {
    /// Number of the exchange.
    pub exchange: usize,
    /// True if the request worked.
    pub worked: bool,
    /// The form of the request and its response, as one line.
    pub text: String,
}

impl Finding {
    /// Returns the numbers of the exchanges that decide: the one to explain, and the one that differs from it
    /// most.
    pub fn decisive(&self) -> Vec<usize> {
        let mut others = self.evidence.iter().filter(|side| side.exchange != self.exchange);
        let other = others.clone().find(|side| side.worked).or_else(|| others.next_back());
        let mut both: Vec<usize> =
            std::iter::once(self.exchange).chain(other.map(|side| side.exchange)).collect();
        both.sort_unstable();
        both
    }

    /// Returns the finding as an object of `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.rule.id,
            "certainty": self.certainty.as_str(),
            "title": self.rule.title,
            "means": self.rule.means,
            "server": self.rule.server,
            "because": self.because,
            "evidence": self.evidence.iter().map(|side| &side.text).collect::<Vec<_>>(),
            "exchange": self.exchange,
            "specification": self.rule.specification,
        })
    }
}

impl Rule {
    /// Applies the rule. Returns a finding if it matches.
    pub(super) fn apply(&'static self, evidence: &Evidence<'_>) -> Option<Finding> {
        let Conclusion { certainty, because } = (self.find)(evidence)?;
        Some(Finding {
            rule: self,
            certainty,
            exchange: evidence.exchange.number,
            because,
            evidence: Vec::new(),
        })
    }
}
