//! Authorization challenges in a refusal: `WWW-Authenticate` (RFC 9110, 11.6.1; RFC 6750,
//! 3; RFC 9728, 5.1), also under the name that some gateways use.

use crate::exchange::Exchange;
use crate::protocol::headers;

/// A challenge of one authentication scheme.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Scheme in lower case, such as `bearer`.
    pub scheme: String,
    /// Parameter names in lower case, with their values.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Returns the `Bearer` challenge of a response, if any.
    pub fn of(exchange: &Exchange) -> Option<Self> {
        Self::all(exchange).into_iter().find(|challenge| challenge.scheme == "bearer")
    }

    /// Returns all challenges of a response.
    pub fn all(exchange: &Exchange) -> Vec<Self> {
        let headers = exchange.answer.iter().flat_map(|answer| &answer.headers);
        let values = headers.filter(|(name, _)| headers::CHALLENGES.contains(&name.as_str()));
        values.flat_map(|(_, value)| Self::parse(value)).collect()
    }

    /// Parses a header value.
    pub fn parse(value: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        let mut rest = value;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
            let (word, after) = split_token(rest);
            if word.is_empty() {
                // Parsing stops at text that is not a token.
                return found;
            }
            let spaced = after.trim_start();
            if let (Some(given), Some(challenge)) = (spaced.strip_prefix('='), found.last_mut()) {
                let (value, after) = split_value(given.trim_start());
                challenge.parameters.push((word.to_ascii_lowercase(), value));
                // Skip the padding of a token68, which is not a parameter.
                rest = after.trim_start_matches('=');
            } else {
                found.push(Self { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
                rest = after;
            }
        }
    }

    /// Returns the value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the scopes that the request requires (RFC 6750, 3).
    pub fn scopes(&self) -> Option<Vec<String>> {
        let scopes: Vec<String> =
            self.parameter("scope")?.split_whitespace().map(str::to_owned).collect();
        (!scopes.is_empty()).then_some(scopes)
    }

    /// Returns the URL of the resource metadata (RFC 9728, 5.1).
    pub fn resource_metadata(&self) -> Option<&str> {
        self.parameter("resource_metadata")
    }

    /// Returns true if the token is valid but lacks a scope (RFC 6750, 3.1).
    pub fn wants_more_scope(&self) -> bool {
        self.parameter("error") == Some("insufficient_scope")
    }
}

fn split_token(text: &str) -> (&str, &str) {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/".contains(c);
    text.split_at(text.find(|c| !fits(c)).unwrap_or(text.len()))
}

/// Splits off a token or a quoted string.
fn split_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        // Real servers omit quotes that the syntax requires.
        let end = text.find([',', ' ', '"']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, letter) in quoted.char_indices() {
        match letter {
            _ if escaped => {
                value.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, &quoted[at + 1..]),
            letter => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_with_its_parameters() {
        let all = Challenge::parse(
            r#"Basic realm="a, \"b\"", Bearer resource_metadata="https://h/.well-known/x",scope="a b" , error=insufficient_scope"#,
        );
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].parameter("realm"), Some("a, \"b\""));
        assert_eq!(all[1].resource_metadata(), Some("https://h/.well-known/x"));
        assert_eq!(all[1].scopes().unwrap(), ["a", "b"]);
        assert!(all[1].wants_more_scope());
    }

    #[test]
    fn what_real_servers_send_is_read_as_well() {
        let bare = Challenge::parse("Bearer");
        assert_eq!((bare.len(), bare[0].scheme.as_str()), (1, "bearer"));
        let unquoted = Challenge::parse("Bearer resource_metadata=https://h:1/x?a=b, scope=a");
        assert_eq!(unquoted[0].resource_metadata(), Some("https://h:1/x?a=b"));
        assert_eq!(unquoted[0].scopes().unwrap(), ["a"]);
        let token68 = Challenge::parse("Negotiate abc==, Bearer error=\"invalid_token\"");
        assert_eq!(token68.last().unwrap().parameter("error"), Some("invalid_token"));
        for broken in ["", ",,,", "\"", "Bearer =", "Bearer x=\"open", "é", "Bearer \u{1}"] {
            assert!(Challenge::parse(broken).iter().all(|one| one.scopes().is_none()), "{broken}");
        }
    }
}
