//! Conversion of client, authorization and transport errors to failures.

use serde_json::Value;

use super::{Failure, Kind};
use crate::client::{self, EXTENSION, ErrorKind};
use crate::diagnose::{Certainty, Finding, FirstLine, explain_at};
use crate::exchange::Exchange;
use crate::oauth;
use crate::protocol::codes;
use crate::protocol::headers;
use crate::protocol::jsonrpc::ErrorObject;
use crate::protocol::version::Era;
use crate::transport::{self, Redirect};

/// Detail for a request that may have run.
const MAY_HAVE_RUN: &str = "The request was sent and may have run; it was not sent again.";

/// Detail for a call that is not repeated in the new session.
const RENEWED: &str = "The session was renewed; the call may have run and was not repeated.";

/// Returns what the server requires first, from the error's data.
fn what_is_needed(error: &ErrorObject) -> Vec<String> {
    let data = error.data.as_ref().and_then(|data| serde_json::from_str::<Value>(data.get()).ok());
    let data = data.unwrap_or_default();
    match error.code {
        Some(codes::MISSING_CAPABILITY) => {
            let needed = data["requiredCapabilities"].as_object().into_iter().flatten();
            needed
                .map(|(name, of)| match name.as_str() {
                    "elicitation" => "The server requires elicitation: --answer KEY=VALUE, --answers \
                                      FILE, or a terminal."
                        .to_owned(),
                    "roots" => "The server requires a folder to work on: --root DIR.".to_owned(),
                    "sampling" => {
                        "The server requires a language model: --sampling-command CMD.".to_owned()
                    }
                    "extensions" if of.get(EXTENSION).is_some() => {
                        "The server runs the call as a task: use --task or --detach."
                            .to_owned()
                    }
                    other => {
                        format!("The server requires the capability `{other}`: declare it with --capabilities.")
                    }
                })
                .collect()
        }
        Some(codes::URL_ELICITATION_REQUIRED) => {
            let asked = data["elicitations"].as_array().into_iter().flatten();
            asked
                .filter_map(|one| {
                    Some((one["url"].as_str()?, one["message"].as_str().unwrap_or("")))
                })
                .map(|(url, message)| {
                    format!("Visit this address, then try again: {url}  {message}")
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Converts a failed request to a failure; the history explains it.
pub fn from_client(error: client::Error, history: &[Exchange]) -> Failure {
    let stopped = stopped(&error);
    let unauthorized = matches!(error.kind, ErrorKind::Unauthorized(_));
    let mut findings = match &error.exchange {
        // An interruption by the user needs no explanation.
        _ if stopped == Some(Kind::Interrupted) => Vec::new(),
        Some(shown) => {
            let until = history.iter().position(|exchange| exchange.number == shown.number);
            until.map_or_else(Vec::new, |at| explain_at(history, at))
        }
        None => Vec::new(),
    };
    if unauthorized {
        // The authorization error says more than these findings.
        findings.retain(|finding| !finding.rule.is_general);
    }
    let (kind, message, mut details) = in_words(&error);
    let receiving = error.exchange.as_ref().and_then(|exchange| exchange.was_receiving());
    details.extend(receiving.map(str::to_owned));
    details.extend(stopped.and_then(|kind| end_of(&error, kind)));
    details.extend(error.tried.iter().cloned());
    details.extend(error.exchange.as_deref().and_then(about_redirect));
    let answered = error.exchange.as_ref().and_then(|exchange| exchange.answer.as_ref());
    let own_words = matches!(error.kind, ErrorKind::Protocol(_))
        && answered.is_some_and(|answer| answer.last_message().is_some());
    let rpc = match &error.kind {
        ErrorKind::Rpc(sent) | ErrorKind::SessionLost { error: Some(sent), .. } => {
            Some(sent.clone())
        }
        _ => None,
    };
    let mut failure =
        Failure { rpc, exchange: error.exchange, details, ..Failure::new(kind, message) };
    if let Some(finding) = findings.first() {
        let client_says_more = match finding.rule.first_line {
            FirstLine::Client => true,
            FirstLine::Rule => unauthorized || own_words,
            FirstLine::Always => unauthorized,
        };
        explain_by(&mut failure, finding, client_says_more);
    }
    failure.findings = findings;
    failure
}

/// Returns the kind of an error, its message, and details.
fn in_words(error: &client::Error) -> (Kind, String, Vec<String>) {
    match &error.kind {
        ErrorKind::Transport(error) => from_transport(error),
        ErrorKind::Unauthorized(error) => from_oauth(error),
        ErrorKind::Protocol(text) => (Kind::Protocol, text.clone(), Vec::new()),
        ErrorKind::Unanswered(text) => {
            (Kind::Protocol, text.clone(), vec![MAY_HAVE_RUN.to_owned()])
        }
        ErrorKind::InputNeeded { method, why } => {
            let text = format!("the server requests {method}, which is not available: {why}");
            (Kind::Input, text, Vec::new())
        }
        ErrorKind::SessionLost { may_have_run, renewed, renewal, .. } => {
            let renewal =
                renewal.as_ref().map(|why| format!("No other session could be opened: {why}"));
            let text = if *renewed { RENEWED } else { MAY_HAVE_RUN };
            let may_have_run = may_have_run.then(|| text.to_owned());
            let details = renewal.into_iter().chain(may_have_run).collect();
            (Kind::Session, "the server no longer recognises the session".to_owned(), details)
        }
        ErrorKind::Status(status) => {
            let kind = kind_of_status(*status);
            (kind, format!("the server responded with HTTP {status}"), Vec::new())
        }
        ErrorKind::Rpc(sent) => {
            let status = error.exchange.as_ref().and_then(|exchange| exchange.status());
            let kind = match (status.map(kind_of_status), sent.code) {
                (Some(Kind::Auth), _) => Kind::Auth,
                // Web frameworks have an `error` member of their own, which is not JSON-RPC.
                (Some(of_status), None) if !matches!(status, Some(200..300)) => of_status,
                (_, Some(codes::MISSING_CAPABILITY | codes::URL_ELICITATION_REQUIRED)) => {
                    Kind::Input
                }
                _ => Kind::Rpc,
            };
            let text = if kind == Kind::Input {
                "the server requests input that is not available".to_owned()
            } else {
                format!("the server returned an error: {}", sent.message)
            };
            (kind, text, what_is_needed(sent))
        }
    }
}

/// Lets a finding decide on the kind and the first line of a failure.
fn explain_by(failure: &mut Failure, finding: &Finding, client_says_more: bool) {
    let rule = finding.rule;
    // The server's own error says more than one explanation among others.
    let is_guess = finding.certainty == Certainty::Possible;
    if let (Some(kind), false) = (rule.exit, is_guess) {
        failure.kind = kind;
    }
    // Keep the server's own error message, unless the finding is certain.
    let certain = finding.certainty == Certainty::Certain || failure.rpc.is_none();
    if (rule.exit.is_none() || certain) && !client_says_more && !is_guess {
        rule.title.clone_into(&mut failure.message);
    }
}

/// Returns a sentence about a redirect that was not followed.
fn about_redirect(exchange: &Exchange) -> Option<String> {
    let answer = exchange.answer.as_ref()?;
    let location = answer.header("location");
    let judge = match exchange.request.method {
        "GET" => transport::judge_get,
        _ => transport::judge_redirect,
    };
    Some(match judge(&exchange.request.url, answer.status, location)? {
        Redirect::Refuse(why) => format!("The redirect was not followed: {why}."),
        Redirect::Follow(_) => "There are too many redirects in a row.".to_owned(),
    })
}

/// Returns the kind of failure if this side ended the request: on Ctrl-C, or at a time
/// limit after it was sent.
fn stopped(error: &client::Error) -> Option<Kind> {
    let client::ErrorKind::Transport(why) = &error.kind else { return None };
    match why.kind {
        transport::ErrorKind::Interrupted => Some(Kind::Interrupted),
        transport::ErrorKind::TooSlow(_) if why.may_have_run => Some(Kind::Limit),
        _ => None,
    }
}

/// Returns true if nothing of the request was sent.
fn is_unsent(error: &client::Error) -> bool {
    matches!(&error.kind, client::ErrorKind::Transport(why) if !why.may_have_run)
}

/// Describes whether the server was notified of the end of a request.
fn end_of(error: &client::Error, kind: Kind) -> Option<String> {
    let request = &error.exchange.as_ref()?.request;
    let version = request.header(headers::PROTOCOL_VERSION).unwrap_or_default();
    let text = match () {
        () if error.cancelled => "mcpoke cancelled it (notifications/cancelled).",
        () if is_unsent(error) => return None,
        () if Era::of(version) == Era::Modern => "mcpoke closed its stream, which cancels it.",
        () if kind == Kind::Interrupted => "mcpoke could not cancel it. It may still run.",
        () => return None,
    };
    Some(text.to_owned())
}

/// Converts an authorization error to the kind, message and details of a failure.
pub fn from_oauth(error: &oauth::Error) -> (Kind, String, Vec<String>) {
    use oauth::ErrorKind;
    use transport::ErrorKind as Transport;
    let kind = match error.kind {
        ErrorKind::Transport(
            Transport::Unreachable | Transport::Tls | Transport::PrivateAddress,
        ) => Kind::Unreachable,
        ErrorKind::Transport(Transport::TooSlow(_) | Transport::TooLarge(_)) => Kind::Limit,
        ErrorKind::Transport(Transport::Interrupted) | ErrorKind::Interrupted => Kind::Interrupted,
        ErrorKind::Usage => Kind::Usage,
        ErrorKind::State => Kind::State,
        _ => Kind::Auth,
    };
    (kind, error.text.clone(), error.details.clone())
}

/// Converts a transport error to the kind, message and details of a failure.
pub fn from_transport(error: &transport::Error) -> (Kind, String, Vec<String>) {
    use transport::ErrorKind;
    let kind = match error.kind {
        ErrorKind::Unreachable | ErrorKind::PrivateAddress => Kind::Unreachable,
        ErrorKind::Tls if !error.may_have_run => Kind::Unreachable,
        ErrorKind::Tls
        | ErrorKind::Broken
        | ErrorKind::NotHttp
        | ErrorKind::Undecodable
        | ErrorKind::ClientGone
        | ErrorKind::Rejected(_)
        | ErrorKind::Unknown => Kind::Protocol,
        ErrorKind::TooSlow(_) | ErrorKind::TooLarge(_) | ErrorKind::StoppedWaiting => Kind::Limit,
        ErrorKind::Unusable => Kind::Usage,
        ErrorKind::Interrupted => Kind::Interrupted,
    };
    let message = match (error.kind, error.phase) {
        (ErrorKind::Unusable, _) => error.text.clone(),
        _ if kind == Kind::Unreachable => format!("cannot reach the server: {}", error.text),
        (ErrorKind::Interrupted, _) if !error.may_have_run => error.text.clone(),
        (_, phase) => format!("{}, while {}", error.text, phase.doing()),
    };
    let details = if error.may_have_run && kind != Kind::Interrupted {
        vec![MAY_HAVE_RUN.to_owned()]
    } else {
        Vec::new()
    };
    (kind, message, details)
}

/// Returns the kind of failure for a status without a JSON-RPC error.
fn kind_of_status(status: u16) -> Kind {
    match status {
        401 | 403 | 407 => Kind::Auth,
        _ => Kind::Protocol,
    }
}
