//! Protocol revisions, and the era that each belongs to.

/// How a server is spoken to (2026-07-28, Versioning, "Terminology").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// Up to 2025-11-25: an `initialize` handshake, perhaps a session.
    Legacy,
    /// From 2026-07-28 on: no handshake; every request carries its own metadata.
    Modern,
}

impl Era {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }
}

/// Every revision with a handshake over Streamable HTTP that this client speaks, newest first.
pub const HANDSHAKE_VERSIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/// The revision that `initialize` asks for unless told otherwise.
pub const LATEST_HANDSHAKE: &str = HANDSHAKE_VERSIONS[0];

/// A revision that servers still answer with over Streamable HTTP, although it predates it.
pub const OLDEST_ANSWERED: &str = "2024-11-05";

/// Whether a server's answer to `initialize` names a revision this client can go on with.
pub fn is_spoken(version: &str) -> bool {
    HANDSHAKE_VERSIONS.contains(&version) || version == OLDEST_ANSWERED
}

/// Whether requests after the handshake carry `MCP-Protocol-Version`: from 2025-06-18 on
/// (2025-06-18, Transports, "Protocol Version Header"). Revisions are dates and sort as text.
pub fn wants_version_header(version: &str) -> bool {
    version >= "2025-06-18"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_came_with_2025_06_18() {
        assert!(wants_version_header("2025-11-25"));
        assert!(wants_version_header("2025-06-18"));
        assert!(!wants_version_header("2025-03-26"));
        assert!(!wants_version_header("2024-11-05"));
    }

    #[test]
    fn an_unknown_revision_is_not_spoken() {
        assert!(is_spoken("2025-03-26"));
        assert!(!is_spoken("1999-01-01"));
        assert!(!is_spoken("2026-07-28"));
    }
}
