//! Suggested next commands after a failure, ready to paste.

use std::borrow::Cow;

use super::{Failure, Kind, from_client};
use crate::client::{self, Client, ErrorKind};
use crate::diagnose::{Next, RuleId, missing_header};
use crate::oauth::Challenge;
use crate::protocol::methods;
use crate::redact::without_secrets;

/// Context for suggested commands: the server's name and the kind of command that runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct TargetHint {
    /// The server as a command-line argument, quoted for a shell and without secrets.
    pub(crate) target: String,
    /// The option that deliberately breaks a protocol rule, such as `--no-session`.
    pub(crate) probe: Option<&'static str>,
    /// True if the running command is `trace`, which is then not suggested.
    pub(crate) tracing: bool,
}

/// Quotes a word for a POSIX shell if necessary. Suggestions may contain server-supplied
/// text, so a pasted command must do exactly what it shows.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    shlex::try_quote(word).map_or_else(|_| format!("{word:?}"), Cow::into_owned)
}

/// Converts a failed request to a failure with suggested next commands.
pub(crate) fn failed(error: client::Error, client: &Client, hint: &TargetHint) -> Failure {
    let limit = match &error.kind {
        ErrorKind::Transport(error) => error.kind.limit(),
        _ => None,
    };
    let wanted = match &error.kind {
        ErrorKind::Unauthorized(error) => error.wanted.join(" "),
        _ => String::new(),
    };
    let failure = from_client(error, &client.history());
    if !wanted.is_empty() {
        let login = format!("mcpoke login {} --scope {}", hint.target, quoted(&wanted));
        return failure
            .with_next(login, "asks for it, in a browser")
            .with_next(format!("mcpoke explain {}", RuleId::AuthScope), "explains it in full");
    }
    if let Some(option) = limit {
        return failure
            .with_next(format!("repeat with a larger {option}"), "0 removes a time limit");
    }
    let rule = failure.findings.first().map(|finding| finding.rule);
    let is_mismatch = rule.is_some_and(|rule| rule.id == RuleId::ResponseIdMismatch);
    if is_mismatch && !client.uses_number_ids() {
        return failure
            .with_next("repeat with --request-id number", "sends numbers as request ids");
    }
    let failure = match wanted_header(&failure) {
        Some(name) => failure.with_next(
            format!("mcpoke init {} -H '{name}: VALUE'", hint.target),
            "with the header that the server names",
        ),
        None => advised(failure, rule.map(|rule| rule.next), client, hint),
    };
    match rule {
        Some(rule) if rule.next != Next::LookCloser => {
            failure.with_next(format!("mcpoke explain {}", rule.id), "explains it in full")
        }
        _ => failure,
    }
}

/// Adds suggestions for the finding or, without a specific one, for the kind of failure.
fn advised(failure: Failure, next: Option<Next>, client: &Client, hint: &TargetHint) -> Failure {
    match (next, failure.kind) {
        (Some(Next::Handshake), _) | (_, Kind::Session) => about_sessions(failure, hint),
        (_, Kind::Auth) if is_status(&failure, 407) => {
            failure.with_detail("The proxy requires credentials: --proxy http://USER:PASSWORD@HOST")
        }
        (_, Kind::Auth) => with_login(failure, next, hint)
            .with_next(
                format!("mcpoke init {} --bearer env:TOKEN", hint.target),
                "with the token in $TOKEN",
            )
            .with_next(
                format!("mcpoke init {} --token-command CMD", hint.target),
                "with the token that CMD prints",
            ),
        (Some(Next::OtherAddress), _) => elsewhere(failure, client),
        (Some(Next::Init), _) => failure.with_next(
            format!("mcpoke init {}", hint.target),
            "finds out which revision the server supports, and saves it",
        ),
        (Some(Next::Nothing), _) => failure,
        (None, Kind::Unreachable) => {
            failure.with_detail("Is the server running, and is this its address?")
        }
        (Some(Next::LookCloser), _) if !hint.tracing => failure
            .with_next(format!("mcpoke trace {}", hint.target), "tries the server step by step")
            .with_next("repeat with --trace", "shows all that was sent and received"),
        (_, Kind::Rpc | Kind::Protocol) if !hint.tracing => failure.with_next(
            format!("mcpoke trace {}", hint.target),
            "shows each request and its response",
        ),
        _ => failure,
    }
}

/// Returns the header that a refusal without a challenge names as missing.
fn wanted_header(failure: &Failure) -> Option<String> {
    let exchange = failure.exchange.as_ref()?;
    let refused = exchange.is(methods::INITIALIZE) || failure.kind == Kind::Auth;
    (refused && Challenge::all(exchange).is_empty()).then(|| missing_header(exchange))?
}

/// Suggests `mcpoke login` if the server accepts bearer tokens, or names no scheme at all.
fn with_login(failure: Failure, next: Option<Next>, hint: &TargetHint) -> Failure {
    let takes_tokens = failure.exchange.as_ref().is_none_or(|exchange| {
        let all = Challenge::all(exchange);
        all.is_empty() || all.iter().any(|challenge| challenge.scheme == "bearer")
    });
    if !takes_tokens || next.is_some_and(|next| next != Next::Login) {
        return failure;
    }
    failure.with_next(format!("mcpoke login {}", hint.target), "gets a token, in a browser")
}

fn about_sessions(failure: Failure, hint: &TargetHint) -> Failure {
    let mut failure = failure;
    if let Some(option) = hint.probe {
        failure = failure.with_next(format!("repeat without {option}"), "sends a correct request");
    } else if hint.target != "demo" {
        let init = format!("mcpoke init {}", hint.target);
        failure = failure.with_next(init, "does the handshake and saves the session");
    }
    if hint.tracing {
        return failure;
    }
    failure.with_next(format!("mcpoke trace {}", hint.target), "shows it step by step")
}

fn is_status(failure: &Failure, status: u16) -> bool {
    failure.exchange.as_ref().is_some_and(|exchange| exchange.status() == Some(status))
}

/// Suggests other addresses of the endpoint: the redirect target, or likely paths on the
/// same origin. Another origin is never suggested, because credentials could be sent to it.
fn elsewhere(failure: Failure, client: &Client) -> Failure {
    let endpoint = client.endpoint();
    let location = failure.exchange.as_ref().and_then(|exchange| {
        let location = exchange.answer.as_ref()?.header("location")?;
        url::Url::parse(&exchange.request.url).ok()?.join(location).ok()
    });
    let address = match location {
        Some(location) if location.origin().ascii_serialization() == endpoint.origin() => {
            without_secrets(location.as_str())
        }
        // Most servers mount the endpoint at `/mcp`, with or without a trailing slash.
        None if endpoint.path() != "/mcp" => format!("{}/mcp", endpoint.origin()),
        None if endpoint.path() == "/mcp" => format!("{}/", endpoint.origin()),
        _ => return failure,
    };
    let moved = failure
        .exchange
        .as_ref()
        .is_some_and(|e| e.answer.as_ref().is_some_and(|a| a.header("location").is_some()));
    let failure =
        failure.with_next(format!("mcpoke init {}", quoted(&address)), "the address it may be at");
    if moved {
        return failure;
    }
    let sse = format!("{}/sse", endpoint.origin());
    failure.with_next(format!("mcpoke init {}", quoted(&sse)), "or, of an older server, this")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_suggested_does_nothing_but_what_it_shows() {
        assert_eq!(quoted("http://127.0.0.1:1/mcp"), "http://127.0.0.1:1/mcp");
        assert_eq!(quoted("http://h/?a=1&b;$(id)"), "'http://h/?a=1&b;$(id)'");
        assert_eq!(quoted("it's"), "\"it's\"");
        // Read back as the same word, whatever is in it.
        for word in ["a'b\"c", "$HOME `id` \\ ! ~", "{\"message\":\"it's\"}"] {
            assert_eq!(shlex::split(&quoted(word)), Some(vec![word.to_owned()]));
        }
        assert_eq!(quoted(""), "''");
    }
}
