//! Header names of the Streamable HTTP transport, and rules for their values.

/// Session id, issued with the response to `initialize` (2025-11-25, Transports, "Session
/// Management").
pub const SESSION_ID: &str = "mcp-session-id";
/// Negotiated revision, sent with every request after the handshake.
pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// JSON-RPC method, sent with every modern request (2026-07-28, Streamable HTTP, "Standard
/// Request Headers").
pub const METHOD: &str = "mcp-method";
/// Name or URI that the method applies to: a tool, a prompt or a resource.
pub const NAME: &str = "mcp-name";
/// Prefix of the headers of mirrored parameters.
pub const PARAM_PREFIX: &str = "mcp-param-";
/// Event id from which a broken stream is resumed (2025-11-25, Transports, "Resumability
/// and Redelivery").
pub const LAST_EVENT_ID: &str = "last-event-id";
/// Accept header of every POST: both content types (2025-11-25, Transports, "Sending
/// Messages to the Server", 2).
pub const ACCEPT_BOTH: &str = "application/json, text/event-stream";
/// Media type of an event stream.
pub const EVENT_STREAM: &str = "text/event-stream";
/// Media type of a single response.
pub const JSON: &str = "application/json";

/// Headers that carry the challenge of a 401; some gateways rename the first.
pub const CHALLENGES: [&str; 2] = ["www-authenticate", "x-amzn-remapped-www-authenticate"];

/// Headers that the user cannot set: they frame the message, and a wrong value stalls or
/// splits it.
const FRAMING: [&str; 5] =
    ["content-length", "transfer-encoding", "connection", "expect", "upgrade"];

/// Returns true if a session id is valid: not empty, visible ASCII (0x21 to 0x7E).
pub fn is_valid_session_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
}

/// Parses `Name: value`, as in curl's `-H`. Returns an error if the header cannot be sent
/// unchanged.
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

/// Returns an error if a configuration file must not set a header: it frames the message, or belongs to the
/// session.
pub fn check_of_file(name: &str) -> Result<(), String> {
    if !is_token(name) {
        return Err(format!("`{}` is not a header name", name.escape_debug()));
    }
    let (name, _) = parse_header(&format!("{name}: x"))?;
    let is_own = ["host", SESSION_ID].iter().any(|own| name.eq_ignore_ascii_case(own));
    if is_own { Err(format!("its header `{name}` cannot be set by a file")) } else { Ok(()) }
}

/// Returns true if a text is a valid header name (RFC 9110, 5.1: `token`).
pub fn is_token(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

/// Returns an error if a header value contains control characters (RFC 9110, 5.5): a line
/// break would start a new header.
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
