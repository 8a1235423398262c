//! Protocol revisions, their eras, and the evidence that identifies the era of a server.

use super::codes;
use super::envelope::{META_CAPABILITIES, META_CLIENT, META_LOG_LEVEL, META_VERSION};
use super::jsonrpc::ErrorObject;

/// Protocol era of a server (2026-07-28, Versioning, "Terminology").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// Up to 2025-11-25: an `initialize` handshake and an optional session.
    Legacy,
    /// From 2026-07-28: no handshake; every request carries its own metadata.
    Modern,
}

impl Era {
    /// Returns the name of the era.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }
}

impl Era {
    /// Returns the era of a revision. Revisions are dates and sort as text.
    pub fn of(version: &str) -> Self {
        if version >= FIRST_MODERN { Self::Modern } else { Self::Legacy }
    }
}

/// Supported revisions without a handshake, newest first.
pub const MODERN_VERSIONS: [&str; 1] = ["2026-07-28"];

/// First revision without a handshake.
const FIRST_MODERN: &str = "2026-07-28";

/// Revision of the first request to an unknown server.
pub const LATEST_MODERN: &str = MODERN_VERSIONS[0];

/// Supported revisions with a handshake over Streamable HTTP, newest first.
pub const HANDSHAKE_VERSIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/// Default revision for `initialize`.
pub const LATEST_HANDSHAKE: &str = HANDSHAKE_VERSIONS[0];

/// Revision that servers still return over Streamable HTTP, although it is older than that
/// transport.
pub const OLDEST_ANSWERED: &str = "2024-11-05";

/// Returns true if this client supports the revision that a server returned for
/// `initialize`.
pub fn is_spoken(version: &str) -> bool {
    HANDSHAKE_VERSIONS.contains(&version) || version == OLDEST_ANSWERED
}

/// Returns the newest of the server's revisions that this client supports, of either era
/// (2026-07-28, Versioning, "Protocol Version Negotiation").
pub fn newest_common<'v>(offered: impl Iterator<Item = &'v str>) -> Option<&'v str> {
    offered.filter(|version| MODERN_VERSIONS.contains(version) || is_spoken(version)).max()
}

/// Error codes of the modern era only: header mismatch, missing client capability,
/// unsupported version (2026-07-28, Overview, "Error Codes").
pub const MODERN_CODES: std::ops::RangeInclusive<i64> =
    codes::UNSUPPORTED_VERSION..=codes::HEADER_MISMATCH;

/// Returns true if an error proves that the server supports the modern era: a modern code,
/// the name of a missing `_meta` key, or a 404 for an unknown method with the id of the
/// request. A legacy server may return any other error too.
pub fn proves_modern(status: u16, error: &ErrorObject, names_the_request: bool) -> bool {
    match error.code {
        Some(code) if MODERN_CODES.contains(&code) => true,
        Some(codes::INVALID_PARAMS) => {
            let data = error.data.as_ref().map(|data| data.get()).unwrap_or_default();
            // Revision 2025-11-25 has other keys with the same prefix.
            let keys = [META_VERSION, META_CAPABILITIES, META_CLIENT, META_LOG_LEVEL];
            keys.iter().any(|key| error.message.contains(key) || data.contains(key))
        }
        Some(codes::METHOD_NOT_FOUND) => status == 404 && names_the_request,
        _ => false,
    }
}

/// Returns true if requests after the handshake carry `MCP-Protocol-Version`: from
/// 2025-06-18 (2025-06-18, Transports, "Protocol Version Header"). Revisions are dates and
/// sort as text.
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
    fn eras_meet_at_2026_07_28() {
        assert_eq!(Era::of("2025-11-25"), Era::Legacy);
        assert_eq!(Era::of("2026-07-28"), Era::Modern);
        assert_eq!(Era::of("2027-01-01"), Era::Modern);
        assert_eq!(newest_common(["2026-07-28", "2025-11-25"].into_iter()), Some("2026-07-28"));
        assert_eq!(newest_common(["2025-03-26", "2025-11-25"].into_iter()), Some("2025-11-25"));
        assert_eq!(newest_common(["1999-01-01", "2099-01-01"].into_iter()), None);
    }

    #[test]
    fn only_the_eras_own_errors_prove_it() {
        let error = |code, message: &str| ErrorObject {
            code: Some(code),
            message: message.to_owned(),
            data: None,
        };
        for code in [-32020, -32021, -32022] {
            assert!(proves_modern(400, &error(code, "x"), false));
        }
        let envelope = "missing _meta: io.modelcontextprotocol/protocolVersion";
        assert!(proves_modern(400, &error(-32602, envelope), false));
        assert!(!proves_modern(400, &error(-32602, "bad params"), true));
        assert!(proves_modern(404, &error(-32601, "Method not found"), true));
        assert!(!proves_modern(404, &error(-32601, "Method not found"), false));
        assert!(!proves_modern(200, &error(-32601, "Method not found"), true));
        assert!(!proves_modern(400, &error(-32000, "Unsupported protocol version"), true));
    }

    #[test]
    fn an_unknown_revision_is_not_spoken() {
        assert!(is_spoken("2025-03-26"));
        assert!(!is_spoken("1999-01-01"));
        assert!(!is_spoken("2026-07-28"));
    }
}
