//! Headers and tokens of the user, stored as references if they were given as such.
//!
//! `${VAR}` within a value, or a whole value `env:VAR` or `file:PATH`, refers to a secret
//! that is looked up when it is sent. A session belongs to the credentials it was opened
//! with; a salted digest shows later whether they have changed.

use std::path::{Path, PathBuf};

use crate::digest::sha256_of;
use crate::env::Env;
use crate::file;
use crate::protocol::headers;
use crate::redact::{Redactor, is_sensitive_header, secrets_of};

/// Headers that do not identify the user.
const HARMLESS: [&str; 10] = [
    "accept",
    "accept-language",
    "cache-control",
    "content-type",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-correlation-id",
    "x-forwarded-for",
    "x-request-id",
];

fn is_harmless(name: &str) -> bool {
    HARMLESS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Returns true if a header of the user's own may hold a secret: any may whose name is not known to be harmless.
pub fn may_hold_secret(name: &str) -> bool {
    let is_protocol = name.to_ascii_lowercase().starts_with("mcp-");
    is_sensitive_header(name) || !(is_harmless(name) || is_protocol)
}

/// Credentials as given by the user, with references unresolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Headers as given.
    pub headers: Vec<(String, String)>,
    /// Bearer token as given.
    pub bearer: Option<String>,
    /// Command that prints the bearer token, run for each use.
    pub token_command: Option<String>,
    /// Client certificate file, which is a credential too.
    pub cert_file: Option<PathBuf>,
}

/// Credentials with references resolved, ready to be sent.
#[derive(Clone, Default)]
pub struct ResolvedCredentials {
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    secrets: Vec<String>,
    /// Names of headers that may hold a secret.
    secret_headers: Vec<String>,
    identity: Vec<String>,
    /// Id of the login that the token belongs to.
    login: Option<String>,
}

impl Credentials {
    /// Adds what these credentials leave open from the saved ones.
    #[must_use]
    pub fn or(mut self, remembered: &Self) -> Self {
        let authorized = self.has_authorization();
        for (name, value) in &remembered.headers {
            let replaced = self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
            // Any new token replaces a saved Authorization header.
            let outdone = authorized && name.eq_ignore_ascii_case("authorization");
            if !replaced && !outdone {
                self.headers.push((name.clone(), value.clone()));
            }
        }
        if !authorized {
            self.bearer.clone_from(&remembered.bearer);
            self.token_command.clone_from(&remembered.token_command);
        }
        if self.cert_file.is_none() {
            self.cert_file.clone_from(&remembered.cert_file);
        }
        self
    }

    /// Returns true if a bearer token, a token command or an Authorization header is given.
    pub fn has_authorization(&self) -> bool {
        self.bearer.is_some()
            || self.token_command.is_some()
            || self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
    }

    /// Resolves references. `said` is the output of the token command, if there is one.
    pub fn expand(&self, env: &Env, said: Option<&str>) -> Result<ResolvedCredentials, String> {
        let mut expanded = ResolvedCredentials::default();
        for (name, template) in &self.headers {
            let value = expand(template, env, &mut expanded.secrets)
                .map_err(|error| format!("header `{name}`: {error}"))?;
            headers::check_value(&value).map_err(|error| format!("header `{name}`: {error}"))?;
            if name.eq_ignore_ascii_case("authorization") {
                check_token(&value).map_err(|error| format!("header `{name}`: {error}"))?;
            }
            if may_hold_secret(name) || &value != template {
                expanded.add_secret(name, &value);
                expanded.secret_headers.push(name.clone());
            }
            if !is_harmless(name) {
                expanded.identity.push(format!("{} {value}", name.to_ascii_lowercase()));
            }
            expanded.headers.push((name.to_ascii_lowercase(), value));
        }
        let token = match (&self.bearer, said) {
            (Some(template), _) => Some(
                expand(template, env, &mut expanded.secrets)
                    .map_err(|error| format!("the bearer token: {error}"))?,
            ),
            (None, said) => said.map(str::to_owned),
        };
        if let Some(token) = token {
            let token = token.trim();
            headers::check_value(token)
                .and_then(|()| check_token(token))
                .map_err(|error| format!("the bearer token: {error}"))?;
            if token.is_empty() {
                return Err("the bearer token is empty".to_owned());
            }
            let value = format!("Bearer {token}");
            expanded.headers.retain(|(name, _)| name != "authorization");
            // A token command may print another token each time, for the same user.
            expanded.identity.push(match &self.token_command {
                Some(command) if self.bearer.is_none() => format!("token command {command}"),
                _ => format!("authorization {value}"),
            });
            expanded.add_secret("authorization", &value);
            expanded.headers.push(("authorization".to_owned(), value));
        }
        if let Some(path) = &self.cert_file {
            expanded.identity.push(format!("certificate {}", path.display()));
        }
        Ok(expanded)
    }
}

impl ResolvedCredentials {
    /// Uses the token of a login, in place of any other Authorization header.
    pub fn set_login(&mut self, header: String, id: &str) {
        self.headers.retain(|(name, _)| name != "authorization");
        // Tokens change, but belong to the same login.
        self.login = Some(id.to_owned());
        self.add_secret("authorization", &header);
        self.headers.push(("authorization".to_owned(), header));
    }

    /// Returns a copy without the login and its token.
    #[must_use]
    pub fn without_login(&self) -> Self {
        let mut other = self.clone();
        if other.login.take().is_some() {
            other.headers.retain(|(name, _)| name != "authorization");
        }
        other
    }

    fn add_secret(&mut self, name: &str, value: &str) {
        self.secrets.extend(secrets_of(name, value));
    }

    /// Adds every secret to a redactor.
    pub fn teach(&self, redactor: &mut Redactor) {
        for secret in &self.secrets {
            redactor.learn(secret);
        }
        for name in &self.secret_headers {
            redactor.learn_header(name);
        }
    }

    /// Returns a salted digest that shows whether two sets of credentials are the same.
    pub fn fingerprint(&self, salt: &str) -> String {
        self.fingerprint_with(salt, |_| true)
    }

    /// Like [`Self::fingerprint`], but a header without a sensitive name counts only if `counts` returns true
    /// for its name: `-H 'X-Debug: 1'` makes no other user.
    pub fn fingerprint_with(&self, salt: &str, counts: impl Fn(&str) -> bool) -> String {
        let is_counted = |one: &&str| {
            let name = one.split(' ').next().unwrap_or_default();
            name == "certificate" || is_sensitive_header(name) || counts(name)
        };
        let mut identity: Vec<&str> =
            self.identity.iter().map(String::as_str).filter(is_counted).collect();
        let login = self.login.as_ref().map(|id| format!("login {id}"));
        identity.extend(login.as_deref());
        // The order in which headers were given must not matter.
        identity.sort_unstable();
        identity.insert(0, salt);
        sha256_of(&identity)[..32].to_owned()
    }
}

/// Resolves a template: `${VAR}` and `${VAR:-default}` within it, or a whole `env:VAR` or
/// `file:PATH`. Adds every secret to `secrets`. Returns an error if a variable is not set
/// or a file cannot be read.
pub fn expand(template: &str, env: &Env, secrets: &mut Vec<String>) -> Result<String, String> {
    let mut variable = |name: &str| {
        let value = env.var(name).ok_or_else(|| format!("the variable {name} is not set"))?;
        secrets.push(value.to_owned());
        Ok::<_, String>(value.to_owned())
    };
    if let Some(name) = template.strip_prefix("env:").filter(|name| is_variable(name)) {
        return variable(name);
    }
    // `file://…` is a URL, not a reference.
    if let Some(path) = template.strip_prefix("file:").filter(|path| !path.starts_with("//")) {
        let unreadable = |why: &dyn std::fmt::Display| format!("cannot read {path}: {why}");
        let bytes =
            file::read(Path::new(path), file::MAX_SECRET).map_err(|why| unreadable(&why))?;
        let text = String::from_utf8(bytes).map_err(|why| unreadable(&why))?;
        secrets.push(text.trim_end().to_owned());
        return Ok(text.trim_end().to_owned());
    }
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, tail)) if is_variable(name) => {
                out.push_str(&variable(name)?);
                rest = tail;
            }
            Some((inside, tail)) if with_default(inside).is_some() => {
                let (name, default) = with_default(inside).unwrap_or_default();
                out.push_str(&variable(name).unwrap_or_else(|_| default.to_owned()));
                rest = tail;
            }
            _ => {
                // Not a variable reference, so it is kept as it is.
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Returns an error for a token that cannot be sent (RFC 6750, 2.1).
fn check_token(value: &str) -> Result<(), String> {
    match value.chars().find(|letter| !letter.is_ascii()) {
        Some(letter) => Err(format!("it holds `{letter}`, and only ASCII can be sent")),
        None => Ok(()),
    }
}

/// Splits `NAME:-default`.
fn with_default(inside: &str) -> Option<(&str, &str)> {
    inside.split_once(":-").filter(|(name, _)| is_variable(name))
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_headers(headers: &[(&str, &str)]) -> Credentials {
        let headers = headers.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Credentials { headers, ..Credentials::default() }
    }

    #[test]
    fn references_are_looked_up_when_sent() {
        let env = Env::of(&[("TOKEN", "t0ken"), ("EMPTY", "")]);
        let given = with_headers(&[("Authorization", "Bearer ${TOKEN}"), ("X-Key", "env:TOKEN")]);
        let sent = given.expand(&env, None).unwrap().headers;
        assert_eq!(sent[0], ("authorization".to_owned(), "Bearer t0ken".to_owned()));
        assert_eq!(sent[1].1, "t0ken");
        let unset = with_headers(&[("X", "a ${NOPE} b")]).expand(&env, None);
        assert_eq!(unset.err().unwrap(), "header `X`: the variable NOPE is not set");
        let default = with_headers(&[("X", "${NOPE:-a:-b} ${TOKEN:-c} ${EMPTY:-d}")]);
        assert_eq!(default.expand(&env, None).unwrap().headers[0].1, "a:-b t0ken d");
        let literal = with_headers(&[("X", "$5 ${not a name} ${")]).expand(&env, None).unwrap();
        assert_eq!(literal.headers[0].1, "$5 ${not a name} ${");
    }

    #[test]
    fn a_file_gives_a_token_without_its_line_break() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "secret\n").unwrap();
        let bearer = Some(format!("file:{}", file.path().display()));
        let given = Credentials { bearer, ..Credentials::default() };
        let sent = given.expand(&Env::of(&[]), None).unwrap().headers;
        assert_eq!(sent, [("authorization".to_owned(), "Bearer secret".to_owned())]);
    }

    #[test]
    fn what_a_command_says_is_a_token_and_the_command_says_who_is_asking() {
        let given = Credentials { token_command: Some("say".into()), ..Credentials::default() };
        let env = Env::of(&[]);
        let one = given.expand(&env, Some("t0ken-1\n")).unwrap();
        assert_eq!(one.headers, [("authorization".to_owned(), "Bearer t0ken-1".to_owned())]);
        let two = given.expand(&env, Some("t0ken-2\n")).unwrap();
        assert_eq!(one.fingerprint("salt"), two.fingerprint("salt"));
        assert!(
            given.expand(&env, Some("a\nb")).is_err() && given.expand(&env, Some("\n")).is_err()
        );
    }

    #[test]
    fn a_line_break_in_a_variable_never_becomes_a_header() {
        let env = Env::of(&[("T", "a\r\nX-Evil: 1")]);
        assert!(with_headers(&[("X", "${T}")]).expand(&env, None).is_err());
    }

    #[test]
    fn the_fingerprint_tells_credentials_apart_and_nothing_else() {
        let env = Env::of(&[]);
        let print = |headers: &[(&str, &str)]| {
            with_headers(headers).expand(&env, None).unwrap().fingerprint("salt")
        };
        let one = print(&[("Authorization", "Bearer a"), ("X-Request-Id", "1")]);
        assert_eq!(one, print(&[("authorization", "Bearer a"), ("X-Request-Id", "2")]));
        assert_ne!(one, print(&[("authorization", "Bearer b")]));
        assert_ne!(one, print(&[]));
        assert_ne!(print(&[("X-User", "alice")]), print(&[("X-User", "bob")]));
        // A header named like a login is none.
        let with_login = |user: &str| {
            let mut given = with_headers(&[("Login", user)]).expand(&env, None).unwrap();
            given.set_login("Bearer t".to_owned(), "id");
            assert_eq!(given.without_login().fingerprint("salt"), print(&[("Login", user)]));
            given.fingerprint("salt")
        };
        assert_ne!(with_login("alice"), with_login("bob"));
    }

    #[test]
    fn what_is_given_wins_over_what_is_remembered() {
        let remembered = Credentials { bearer: Some("old".into()), ..with_headers(&[("A", "1")]) };
        let given = with_headers(&[("authorization", "Basic x"), ("a", "2")]).or(&remembered);
        assert_eq!(given.bearer, None);
        assert_eq!(given.headers.len(), 2);
        let nothing = Credentials::default().or(&remembered);
        assert_eq!(nothing, remembered);
    }
}
