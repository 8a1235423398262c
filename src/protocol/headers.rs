//! Header names of the Streamable HTTP transport, and the rules for their values.

/// The session, issued with the answer to `initialize` (2025-11-25, Transports, "Session Management").
pub const SESSION_ID: &str = "mcp-session-id";
/// The negotiated revision, on every request after the handshake.
pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// The JSON-RPC method, on every request of the modern era (2026-07-28, Streamable HTTP, "Standard
/// Request Headers").
pub const METHOD: &str = "mcp-method";
/// What the method is applied to: a tool's or prompt's name, a resource's URI.
pub const NAME: &str = "mcp-name";
/// What the names of mirrored parameters begin with.
pub const PARAM_PREFIX: &str = "mcp-param-";
/// Where a broken stream is taken up again (2025-11-25, Transports, "Resumability and Redelivery").
pub const LAST_EVENT_ID: &str = "last-event-id";
/// Both content types, on every POST (2025-11-25, Transports, "Sending Messages to the Server", 2).
pub const ACCEPT_BOTH: &str = "application/json, text/event-stream";
/// The media type of a stream.
pub const EVENT_STREAM: &str = "text/event-stream";
/// The media type of a single answer.
pub const JSON: &str = "application/json";

/// Where a 401 says what it wants; some gateways rename the first.
pub const CHALLENGES: [&str; 2] = ["www-authenticate", "x-amzn-remapped-www-authenticate"];

/// Headers that a user may not set: they frame the message, and a wrong one hangs or splits it.
const FRAMING: [&str; 5] =
    ["content-length", "transfer-encoding", "connection", "expect", "upgrade"];

/// Whether a session id is what the specification allows: visible ASCII, 0x21 to 0x7E, not empty.
pub fn is_valid_session_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
}

/// Splits `Name: value` as curl's `-H` takes it, and refuses what could not be sent as it stands.
pub fn parse_header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or_else(|| "expected `Name: value`".to_owned())?;
    let (name, value) = (name.trim(), value.trim());
    if !is_token(name) {
        return Err(format!("`{}` is not a header name", name.escape_debug()));
    }
    check_value(value)?;
    if FRAMING.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("`{name}` is set by the HTTP layer and cannot be overridden"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Whether a text can be a header's name (RFC 9110, 5.1: `token`).
pub fn is_token(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

/// A header value holds no control characters (RFC 9110, 5.5): a line break would begin a new header.
pub fn check_value(value: &str) -> Result<(), String> {
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err("a header value cannot hold control characters or line breaks".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_ids_are_visible_ascii() {
        assert!(is_valid_session_id("mcp-session-1868a90c"));
        assert!(!is_valid_session_id(""));
        assert!(!is_valid_session_id("a b"));
        assert!(!is_valid_session_id("a\r\nx: y"));
        assert!(!is_valid_session_id("ü"));
    }

    #[test]
    fn a_header_is_split_at_the_first_colon() {
        let parsed = parse_header("X-Api-Key:  a:b ").unwrap();
        assert_eq!(parsed, ("X-Api-Key".to_owned(), "a:b".to_owned()));
    }

    #[test]
    fn headers_that_would_break_the_message_are_refused() {
        assert!(parse_header("no colon").unwrap_err().contains("Name: value"));
        assert!(parse_header("bad name: x").unwrap_err().contains("not a header name"));
        assert!(parse_header("a: b\r\nc: d").unwrap_err().contains("line breaks"));
        assert!(parse_header("Content-Length: 3").unwrap_err().contains("HTTP layer"));
    }
}
