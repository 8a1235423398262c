//! Certainty of findings.

/// Certainty of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// One explanation among others.
    Possible,
    /// Nearly always the right explanation.
    Likely,
    /// The only explanation for the evidence.
    Certain,
}

impl Certainty {
    /// Returns the name of the certainty.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}
