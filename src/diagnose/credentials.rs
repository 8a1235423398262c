//! Reads the text of a refused request: whether it is about credentials, and which header it asks for.

use crate::exchange::{BodyKind, Exchange};
use crate::redact::is_sensitive_header;

/// Words by which a refusal speaks of credentials.
const WORDS: [&str; 8] =
    ["token", "credential", "api key", "api-key", "apikey", "unauthori", "authenticat", "bearer"];

/// Headers that name themselves in many texts and are never asked for.
const KNOWN: [&str; 7] = [
    "www-authenticate",
    "content-type",
    "content-length",
    "user-agent",
    "mcp-session-id",
    "mcp-protocol-version",
    "x-request-id",
];

/// Returns the text of a refusal; `None` for a web page, whose words are not about the request.
fn text(exchange: &Exchange) -> Option<String> {
    let answer = exchange.answer.as_ref()?;
    if answer.shape == BodyKind::Html {
        return None;
    }
    let signature = exchange.signature().text;
    let outcome = exchange.outcome();
    let data = outcome.error().and_then(|error| error.data.as_ref());
    Some(data.map_or(signature.clone(), |data| format!("{signature} {}", data.get())))
}

/// Returns true if a refusal is likely to be about credentials: they were sent, or its text speaks of them.
pub(super) fn is_about_credentials(exchange: &Exchange) -> bool {
    let text = text(exchange).unwrap_or_default().to_lowercase();
    let is_credential = |name: &str| is_sensitive_header(name) && !name.starts_with("mcp-");
    let sent = exchange.request.headers.iter().any(|(name, _)| is_credential(name));
    // A CSRF token belongs to web pages.
    let speaks = !text.contains("csrf") && WORDS.iter().any(|word| text.contains(word));
    sent || exchange.status() == Some(401) || speaks
}

/// Returns true if a header with this name carries credentials.
pub(super) fn is_credential_name(name: &str) -> bool {
    // A session id is a secret, and no credential.
    is_sensitive_header(&name.to_ascii_lowercase().replace("session", ""))
}

/// Returns the header that a refusal names as missing: `X-…`, or a name with a hyphen beside the word
/// "header". One that was sent is not missing.
pub fn missing_header(exchange: &Exchange) -> Option<String> {
    let text = text(exchange)?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words: Vec<&str> = text
        .split(|c| !is_part(c))
        .map(|word| word.trim_matches('-'))
        .filter(|word| !word.is_empty())
        .collect();
    let is_header = |at: usize| {
        words.get(at).is_some_and(|word| word.to_ascii_lowercase().starts_with("header"))
    };
    let named = words.iter().enumerate().find(|(at, word)| {
        let lower = word.to_ascii_lowercase();
        let beside = is_header(at + 1) || at.checked_sub(1).is_some_and(is_header);
        // A word with digits may be the echo of a value.
        let is_name =
            word.contains('-') && word.len() <= 40 && !word.contains(|c: char| c.is_ascii_digit());
        is_name
            && (lower.starts_with("x-") || beside)
            && !KNOWN.contains(&lower.as_str())
            && exchange.request.header(&lower).is_none()
    });
    named.map(|(_, word)| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::{answered, sent};

    fn named(body: &str) -> Option<String> {
        missing_header(&answered(sent("initialize", None), 400, body))
    }

    #[test]
    fn a_header_is_named_as_such() {
        for (text, name) in [
            ("x-service-token must be provided in the header", "x-service-token"),
            ("Unauthorized: X-MCP-AUTH header is required", "X-MCP-AUTH"),
            ("Missing X-Workspace-Id header", "X-Workspace-Id"),
            ("Provide one via the 'notion-token' header", "notion-token"),
            ("missing header: tenant-id", "tenant-id"),
        ] {
            assert_eq!(named(text).as_deref(), Some(name), "{text}");
        }
        for text in [
            "please re-authenticate",
            "progress-token must be a string",
            "See the WWW-Authenticate header",
            "Invalid API key: sk-live-key-0123",
            "Invalid x-api-key-4711",
            "the Mcp-Session-Id header is required",
        ] {
            assert_eq!(named(text), None, "{text}");
        }
        let mut page = answered(sent("initialize", None), 403, "<meta name=\"x-csrf-token\">");
        page.answer.as_mut().unwrap().shape = BodyKind::Html;
        assert_eq!(missing_header(&page), None);
        let mut tried = answered(sent("initialize", None), 401, "Invalid X-Api-Key");
        tried.request.headers.push(("x-api-key".into(), "wrong".into()));
        assert_eq!(missing_header(&tried), None, "it was sent");
    }
}
