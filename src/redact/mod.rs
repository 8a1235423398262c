//! Redaction: what counts as a secret, and how it is displayed.
//!
//! A displayed secret stays recognisable by a few characters or its length, so that two
//! traces can be compared. It is useless to anyone who reads it.

mod forms;
mod lines;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use lines::{command_without_secrets, without_secrets};

use forms::{Form, Read, all_reads, forms_of};

/// Minimum length of a secret that is partly shown; for a shorter one only the length is
/// shown.
const SHOW_A_PART_FROM: usize = 16;
/// Minimum length of a value that is searched for in text; shorter values would match by
/// chance.
const SEARCH_FROM: usize = 6;

/// Returns true if a header with this name contains a credential or a session id.
pub fn is_sensitive_header(name: &str) -> bool {
    // Without a copy in lower case: a trace asks for every header of every exchange.
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    let contains = |part: &str| {
        let windows = name.as_bytes().windows(part.len());
        windows.into_iter().any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    };
    let parts = [
        "auth",
        "token",
        "secret",
        "password",
        "session",
        "key",
        "credential",
        "signature",
        "cookie",
    ];
    // Names of query parameters: a signature, as Azure writes it, an authorization code, a password.
    let whole = ["sig", "code", "pwd", "pass", "passwd", "jwt", "sid"];
    !is("www-authenticate") && (parts.into_iter().any(contains) || whole.into_iter().any(is))
}

/// Returns true if a member with this name contains a secret, in a document about clients
/// or tokens (RFC 6749, 5.1; RFC 7591, 3.2.1).
pub fn is_sensitive_member(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let says =
        ["token", "secret", "password", "assertion", "code"].iter().any(|part| name.contains(part));
    // These names describe a secret but do not hold one.
    let about = [
        "_type",
        "_expires_at",
        "_expires_in",
        "_endpoint",
        "_method",
        "_methods_supported",
        "_uri",
        "_alg",
    ];
    says && !about.iter().any(|end| name.ends_with(end)) && !matches!(name.as_str(), "error_code")
}

/// Returns true if a secret is already redacted, as in a recording. Header values never
/// contain this character.
fn is_shown(value: &str) -> bool {
    value.contains('…')
}

/// Formats a session id for display: its first characters and its length, `1868a90c… (36)`.
pub fn session_id(id: &str) -> String {
    if is_shown(id) {
        return id.to_owned();
    }
    let length = id.chars().count();
    if length < SHOW_A_PART_FROM {
        return format!("… ({length})");
    }
    let start: String = id.chars().take(8).collect();
    format!("{start}… ({length})")
}

/// Formats a credential for display: its last four characters, `…9f3c`, or its length if it
/// is short.
pub fn credential(value: &str) -> String {
    if is_shown(value) {
        return value.to_owned();
    }
    let length = value.chars().count();
    if length < SHOW_A_PART_FROM {
        return format!("… ({length})");
    }
    let end: String = value.chars().skip(length - 4).collect();
    format!("…{end}")
}

/// Authentication schemes that are shown before a hidden credential (RFC 9110, 16.4.1).
const SCHEMES: [&str; 6] = ["Basic", "Bearer", "Digest", "DPoP", "Negotiate", "AWS4-HMAC-SHA256"];

/// Separates the scheme of an `Authorization` header from its credential.
fn split_scheme<'v>(name: &str, value: &'v str) -> Option<(&'v str, &'v str)> {
    let has_scheme = ["authorization", "proxy-authorization"]
        .iter()
        .any(|header| name.eq_ignore_ascii_case(header));
    let (scheme, rest) = value.split_once(' ').filter(|_| has_scheme)?;
    let is_known = SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme));
    is_known.then(|| (scheme, rest.trim_start()))
}

/// Formats a header value for display. The scheme of an `Authorization` header stays
/// (`Bearer …9f3c`).
fn header_value(name: &str, value: &str) -> String {
    if name.eq_ignore_ascii_case("mcp-session-id") {
        return session_id(value);
    }
    match split_scheme(name, value) {
        Some((scheme, rest)) => format!("{scheme} {}", credential(rest)),
        None => credential(value),
    }
}

/// Redactor of secrets in all output to a person or a file.
#[derive(Clone, Default)]
pub struct Redactor {
    show: bool,
    known: Vec<Known>,
    /// Names of the user's own headers that may hold a secret, in lower case.
    headers: Vec<String>,
}

/// A secret that is searched for.
#[derive(Clone)]
struct Known {
    secret: String,
    shown: String,
    /// Only a command that shows something needs them.
    forms: OnceLock<Vec<Form>>,
}

impl Known {
    fn forms(&self) -> &[Form] {
        self.forms.get_or_init(|| forms_of(&self.secret))
    }

    /// Returns the place of the secret in a text, if it begins at this byte in any form.
    fn at(&self, text: &str, start: usize, first: &[Read]) -> Option<Range<usize>> {
        self.forms().iter().find_map(|form| form.at(text, start, first))
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.known.len())
    }
}

impl Redactor {
    /// Creates a redactor. With `show` (`--show-secrets`), nothing is hidden.
    pub fn new(show: bool) -> Self {
        Self { show, ..Self::default() }
    }

    /// Returns true if secrets are shown.
    pub fn shows(&self) -> bool {
        self.show
    }

    /// Adds a credential, so that it is hidden wherever it occurs.
    pub fn learn(&mut self, secret: &str) {
        self.learn_as(secret, &credential(secret));
    }

    /// Adds a session id.
    pub fn learn_session(&mut self, id: &str) {
        self.learn_as(id, &session_id(id));
    }

    /// Adds the secrets in the query of a URL.
    pub fn learn_query(&mut self, url: &str) {
        let Ok(url) = url::Url::parse(url) else { return };
        for (_, value) in url.query_pairs().filter(|(name, _)| is_sensitive_header(name)) {
            self.learn(&value);
        }
        // The encoded form occurs in the URL itself.
        let parts =
            url.query().unwrap_or_default().split('&').filter_map(|part| part.split_once('='));
        for (_, value) in parts.filter(|(name, _)| is_sensitive_header(name)) {
            self.learn(value);
        }
    }

    /// Adds the name of a header of the user's own, whose value is hidden however short it is.
    pub fn learn_header(&mut self, name: &str) {
        let name = name.to_ascii_lowercase();
        if !self.headers.contains(&name) {
            self.headers.push(name);
        }
    }

    fn learn_as(&mut self, secret: &str, shown: &str) {
        let is_new = self.known.iter().all(|known| known.secret != secret);
        if is_new && secret.len() >= SEARCH_FROM && !is_shown(secret) {
            let (secret, shown) = (secret.to_owned(), shown.to_owned());
            self.known.push(Known { secret, shown, forms: OnceLock::new() });
            // The longest comes first, because one secret may contain another.
            self.known.sort_by_key(|known| std::cmp::Reverse(known.secret.len()));
        }
    }

    /// Returns a header value with secrets hidden.
    pub fn header<'t>(&self, name: &str, value: &'t str) -> Cow<'t, str> {
        if self.show {
            Cow::Borrowed(value)
        } else if is_sensitive_header(name)
            || self.headers.iter().any(|own| name.eq_ignore_ascii_case(own))
        {
            Cow::Owned(header_value(name, value))
        } else if name.to_ascii_lowercase().ends_with("location") {
            Cow::Owned(self.url(value))
        } else {
            self.text(value)
        }
    }

    /// Returns text with every known secret replaced, in any encoding.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.show || self.known.is_empty() {
            return Cow::Borrowed(text);
        }
        // The table pays only for a long text.
        let begins = (text.len() > 1024).then(|| self.begins());
        let (mut out, mut copied, mut at) = (String::new(), 0, 0);
        while at < text.len() {
            let may_begin =
                begins.as_ref().is_none_or(|begins| begins[usize::from(text.as_bytes()[at])]);
            let first = if may_begin { all_reads(text, at) } else { Vec::new() };
            let found = self.known.iter().find_map(|known| {
                let place = (!first.is_empty()).then(|| known.at(text, at, &first))??;
                Some((known, place))
            });
            let Some((known, place)) = found else {
                at += 1;
                continue;
            };
            let start = place.start.max(copied);
            if text[start..].starts_with(&known.shown) {
                // What is shown of a secret looks like one that was cut.
                at = start + known.shown.len();
            } else {
                out.push_str(&text[copied..start]);
                out.push_str(&known.shown);
                (copied, at) = (place.end, place.end);
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[copied..]);
        Cow::Owned(out)
    }

    /// Returns for each byte whether a secret may begin with it.
    fn begins(&self) -> [bool; 256] {
        let mut begins = [false; 256];
        for (byte, begins) in (0..=u8::MAX).zip(&mut begins) {
            *begins = self
                .known
                .iter()
                .any(|known| known.forms().iter().any(|form| form.may_begin(byte)));
        }
        begins
    }

    /// Returns a URL without user information, with secrets in its query and all known secrets
    /// hidden.
    pub fn url(&self, url: &str) -> String {
        if self.show {
            return url.to_owned();
        }
        self.text(&without_secrets(url)).into_owned()
    }
}

/// Returns the secrets in a header value: the part after an authentication scheme, else the whole value; each
/// cookie; and the decoded pair and password of `Basic`.
pub fn secrets_of(name: &str, value: &str) -> Vec<String> {
    let split = split_scheme("authorization", value);
    let (scheme, secret) = split.unwrap_or(("", value));
    let mut secrets = vec![secret.trim().to_owned()];
    if split.is_none() && name.to_ascii_lowercase().ends_with("authorization") {
        // The scheme may be one that is not known here.
        secrets.extend(value.split_once(' ').map(|(_, rest)| rest.trim().to_owned()));
    }
    if name.eq_ignore_ascii_case("cookie") {
        let values = value.split(';').filter_map(|pair| pair.split_once('='));
        secrets.extend(values.map(|(_, secret)| secret.trim().to_owned()));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair =
            STANDARD.decode(secret.trim()).ok().and_then(|pair| String::from_utf8(pair).ok());
        if let Some(pair) = pair {
            secrets.extend(pair.split_once(':').map(|(_, password)| password.to_owned()));
            secrets.push(pair);
        }
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_hold_secrets_are_known_by_their_names() {
        for secret in ["access_token", "refresh_token", "id_token", "client_secret", "Token"] {
            assert!(is_sensitive_member(secret), "{secret}");
        }
        for other in [
            "token_type",
            "token_endpoint_auth_method",
            "client_secret_expires_at",
            "scope",
            "error",
        ] {
            assert!(!is_sensitive_member(other), "{other}");
        }
    }

    #[test]
    fn a_secret_stays_recognisable_and_useless() {
        let redactor = Redactor::new(false);
        let shown = redactor.header("Authorization", "Bearer abcdefghijklmnop9f3c");
        assert_eq!(shown, "Bearer …9f3c");
        assert_eq!(redactor.header("authorization", "Bearer short"), "Bearer … (5)");
        let id = "1868a90c-0000-0000-0000-000000000000";
        assert_eq!(redactor.header("Mcp-Session-Id", id), "1868a90c… (36)");
        assert_eq!(redactor.header("x-api-key", "0123456789abcdefXYZW"), "…XYZW");
        // Only a known scheme is shown, and only in the headers that have one.
        assert_eq!(redactor.header("X-Auth-Token", "correct horse battery"), "…tery");
        assert_eq!(redactor.header("Authorization", "sk-0123456789abcdef x"), "…ef x");
        let mut redactor = Redactor::new(false);
        for secret in secrets_of("authorization", "Bearer abcdefghijklmnop9f3c") {
            redactor.learn(&secret);
        }
        assert_eq!(redactor.text("Bearer …9f3c, abcdefghijklmnop9f3c"), "Bearer …9f3c, …9f3c");
        assert_eq!(redactor.header("content-type", "text/plain"), "text/plain");
    }

    #[test]
    fn of_a_short_secret_only_its_length_is_shown() {
        assert_eq!(session_id("0123456789abcde"), "… (15)");
        assert_eq!(session_id("0123456789abcdef"), "01234567… (16)");
        assert_eq!(credential("0123456789abcde"), "… (15)");
        assert_eq!(credential("0123456789abcdef"), "…cdef");
        let mut redactor = Redactor::new(false);
        redactor.learn("hunter2hunter2hunter2");
        assert_eq!(format!("{redactor:?}"), "Redactor(1 secrets)", "and none of them");
    }

    #[test]
    fn a_challenge_is_no_secret() {
        let value = "Bearer error=\"invalid_token\"";
        assert_eq!(Redactor::new(false).header("WWW-Authenticate", value), value);
    }

    #[test]
    fn a_known_secret_is_found_in_any_text() {
        let mut redactor = Redactor::new(false);
        redactor.learn("hunter2hunter2hunter2");
        redactor.learn_session("0123456789abcdef0123456789abcdef");
        let text = redactor.text("a hunter2hunter2hunter2 b 0123456789abcdef0123456789abcdef");
        assert_eq!(text, "a …ter2 b 01234567… (32)");
        assert_eq!(redactor.url("http://u:pass@h/x"), "http://…@h/x");
        assert_eq!(redactor.url("u:pass@h:99999/x"), "…@h:99999/x");
        assert_eq!(redactor.url("http://h/x?a=1&api_key=abc&b"), "http://h/x?a=1&api_key=… (3)&b");
    }

    #[test]
    fn a_secret_is_found_in_other_clothes() {
        let mut redactor = Redactor::new(false);
        redactor.learn("se\"cr/et 0123456789");
        for form in [
            "se\\\"cr/et 0123456789",
            "se\\\"cr\\/et 0123456789",
            "se\\\\\\\"cr\\\\\\/et 0123456789",
            "\\u0073e\\u0022cr\\u002Fet\\u00200123456789",
            "se%22cr%2Fet%200123456789",
            "se%22cr%2fet+0123456789",
            "s%65%22cr%252Fet+0123456789",
            "se%5C%22cr%5Cu002Fet 0123456789",
            "se&quot;cr&#47;et&#x20;0123456789",
            "se&amp;quot;cr&amp;#47;et 0123456789",
            "c2UiY3IvZXQgMDEyMzQ1Njc4OQ",
            "73652263722f657420303132333435363738 39".replace(' ', "").as_str(),
            "73652263722F65742030313233343536373839",
        ] {
            let text = format!("a {form} b");
            assert_eq!(redactor.text(&text), "a …6789 b", "{form}");
        }
        let mut redactor = Redactor::new(false);
        redactor.learn_session("0123456789abcdef0123456789abcdef");
        let once =
            redactor.text("id 0123456789abcdef0123456789abcdef, cut 0123456789ab…").into_owned();
        assert_eq!(once, "id 01234567… (32), cut 01234567… (32)…");
        assert_eq!(redactor.text(&once), once);
        let mut redactor = Redactor::new(false);
        redactor.learn("se\"cr/et 0123456789");
        for before in ["", "x", "xy", "xyz"] {
            for engine in [STANDARD, base64::engine::general_purpose::URL_SAFE_NO_PAD] {
                let form = engine.encode(format!("{before}se\"cr/et 0123456789 and more"));
                let shown = redactor.text(&form);
                assert!(shown.contains("…6789"), "{form}: {shown}");
                let parts = form.as_bytes()[..24].windows(6);
                assert!(
                    parts.skip(4).all(|part| !shown.contains(std::str::from_utf8(part).unwrap())),
                    "{form}: {shown}"
                );
            }
        }
    }

    #[test]
    fn no_text_makes_the_search_slow() {
        for sign in ["\\", "%", "&", "%25", "\\u005c", "&amp;", "a\\"] {
            let mut redactor = Redactor::new(false);
            redactor.learn(&sign.repeat(40));
            redactor.learn(&"%5c&amp;\\".repeat(20));
            let began = std::time::Instant::now();
            let _ = redactor.text(&sign.repeat(2000));
            let _ = redactor.text(&format!("{}x", "%25&amp;\\\\".repeat(500)));
            assert!(began.elapsed().as_secs() < 20, "{sign} took {:?}", began.elapsed());
        }
    }

    #[test]
    fn show_secrets_shows_them() {
        let mut redactor = Redactor::new(true);
        redactor.learn("hunter2hunter2");
        assert_eq!(redactor.text("hunter2hunter2"), "hunter2hunter2");
        assert_eq!(redactor.header("authorization", "Bearer x"), "Bearer x");
    }
}
