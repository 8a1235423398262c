//! URLs and command lines, with secrets hidden by the names beside them.

use super::{credential, is_sensitive_header};

/// Returns a URL without user information, and with values hidden whose names in the query or the fragment
/// denote secrets.
pub fn without_secrets(url: &str) -> String {
    let url = without_user(url);
    let (before, fragment) = match url.split_once('#') {
        Some((before, fragment)) => (before, Some(fragment)),
        None => (url.as_str(), None),
    };
    let mut shown = match before.split_once('?') {
        Some((path, query)) => format!("{path}?{}", pairs_without_secrets(query)),
        None => before.to_owned(),
    };
    if let Some(fragment) = fragment {
        // OAuth's implicit flow answers there.
        shown = format!("{shown}#{}", pairs_without_secrets(fragment));
    }
    shown
}

/// Hides values in `name=value&…` whose names denote secrets.
fn pairs_without_secrets(pairs: &str) -> String {
    let parts: Vec<String> = pairs
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, value)) if is_sensitive_header(name) => {
                format!("{name}={}", credential(value))
            }
            _ => part.to_owned(),
        })
        .collect();
    parts.join("&")
}

/// Returns a command line with values hidden whose option or header names denote secrets:
/// `--api-key …`.
pub fn command_without_secrets(words: &[String]) -> Vec<String> {
    let mut hides_next = false;
    let shown = words.iter().map(|word| {
        if std::mem::take(&mut hides_next) {
            return credential(word);
        }
        if word.starts_with('-') && !word.contains(['=', ':']) {
            hides_next = is_sensitive_header(word);
        }
        word_without_secrets(word)
    });
    shown.collect()
}

/// Hides the secret in a word, which may be a variable, a header, an option with such a
/// value, or a URL.
fn word_without_secrets(word: &str) -> String {
    let mut start = 0;
    while let Some(at) = word[start..].find([':', '=']).map(|at| start + at) {
        let (name, value) = (&word[start..at], &word[at + 1..]);
        if value.starts_with("//") {
            return format!("{}{}", &word[..start], without_secrets(&word[start..]));
        }
        if is_sensitive_header(name) {
            return format!("{}{}", &word[..=at], credential(value.trim()));
        }
        start = at + 1;
    }
    word.to_owned()
}

/// Removes everything before the `@` in the authority of a URL, or of a malformed one: a
/// user name may be a token too.
fn without_user(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    // A URL parser reads `\` as `/`.
    let end = url[start..].find(['/', '\\', '?', '#']).map_or(url.len(), |at| start + at);
    match url[start..end].rfind('@') {
        Some(at) => format!("{}…{}", &url[..start], &url[start + at..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_keeps_its_secrets() {
        let shown = |line: &str| {
            let words: Vec<String> = line.split('|').map(str::to_owned).collect();
            command_without_secrets(&words).join("|")
        };
        assert_eq!(shown("npx|-y|server@1.2|/home/me"), "npx|-y|server@1.2|/home/me");
        let many = "=".repeat(300_000);
        assert_eq!(shown(&many), many);
        for line in [
            "x|--api-key|sk-0123456789",
            "x|--api-key=sk-0123456789",
            "x|--header|Authorization: Bearer sk-0123456789",
            "docker|-e|API_TOKEN=sk-0123456789",
            "docker|--env=API_TOKEN=sk-0123456789",
            "x|--header=Authorization: Bearer sk-0123456789",
            "x|-HAuthorization: Bearer sk-0123456789",
            "x|--dsn=postgres://user:sk-0123456789@h/d",
            "x|--token|-sk-0123456789",
            "x|https://h/?token=sk-0123456789",
            "x|https://h/?a=1#access_token=sk-0123456789&b=2",
        ] {
            assert!(!shown(line).contains("sk-0123456789"), "{}", shown(line));
        }
    }
}
