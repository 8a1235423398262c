//! Classification of responses by the era that they prove.

use serde::Deserialize;
use serde_json::Value;

use super::super::error::{Error, ErrorKind};
use super::super::rpc_request::RpcResponse;
use super::super::{EraProbe, Session};
use crate::exchange::BodyKind;
use crate::protocol::codes;
use crate::protocol::envelope::META_SERVER;
use crate::protocol::jsonrpc;
use crate::protocol::jsonrpc::ErrorObject;
use crate::protocol::version;
use crate::transport;

/// Conclusion drawn from the response to a modern request.
pub(super) enum Verdict {
    /// The server is modern; holds the result.
    Modern(RpcResponse),
    /// A result without modern marks, which a legacy server could also have returned.
    Unmarked(RpcResponse),
    /// The server is modern but does not implement the method.
    Lacking,
    /// The server supports this revision, not the requested one.
    Other(String),
    /// The server appears to be legacy; holds the error if it refused the request.
    Legacy(Option<Error>),
    /// The error says nothing about the era, or nothing else can be tried.
    Undecided(Error),
}

/// Data of error `-32022`: the revisions that the server supports (schema
/// `UnsupportedProtocolVersionError`).
#[derive(Deserialize)]
struct Unsupported {
    supported: Vec<String>,
}

/// Returns true if a failure shows that the server now supports another era or revision.
pub(in crate::client) fn is_of_another_era(session: &Session, error: &Error) -> bool {
    let Some(exchange) = &error.exchange else { return false };
    let rpc = match &error.kind {
        ErrorKind::Rpc(error) => Some(error),
        ErrorKind::Status(_) => None,
        _ => return false,
    };
    let status = exchange.status().unwrap_or_default();
    if session.is_modern() {
        // An error with the request's id comes from a server that parsed the request.
        if exchange.error_names_its_request() && rpc.and_then(supported).is_none() {
            return false;
        }
        let other_cause = rpc.is_some_and(|error| {
            matches!(
                error.code,
                Some(codes::PARSE_ERROR | codes::INVALID_PARAMS | codes::INTERNAL_ERROR)
            ) || exchange.proves_modern(error)
        });
        let withdrawn = rpc
            .and_then(supported)
            .is_some_and(|version| Some(version.as_str()) != session.version());
        return withdrawn || (matches!(status, 400 | 404..=406 | 415 | 422) && !other_cause);
    }
    // Only a refusal before anything ran counts; a later error with such a code is the
    // application's.
    let begun = exchange.answer.as_ref().is_some_and(|answer| answer.events.len() > 1);
    matches!(status, 400 | 404)
        && !begun
        // Both eras return the same error for an unknown method.
        && rpc.is_some_and(|error| {
            error.code != Some(codes::METHOD_NOT_FOUND) && version::proves_modern(status, error, false)
        })
}

/// Classifies the result of a probe. Undecided if client and server share no revision.
pub(super) fn judge_result(probe: EraProbe, version: &str, answer: RpcResponse) -> Verdict {
    let members = jsonrpc::members(answer.result.get()).unwrap_or_default();
    let value = |name: &str| -> Value {
        let member = members.get(name).and_then(|text| serde_json::from_str(text.get()).ok());
        member.unwrap_or_default()
    };
    if probe == EraProbe::Discover {
        let said = value("supportedVersions");
        let said = said.as_array().into_iter().flatten();
        let offered: Vec<&str> = said.filter_map(Value::as_str).collect();
        return match version::newest_common(offered.iter().copied()) {
            _ if offered.contains(&version) => Verdict::Modern(answer),
            Some(common) => Verdict::Other(common.to_owned()),
            // A server that returns a result for every method does not implement this one.
            None if offered.is_empty() => Verdict::Legacy(None),
            None => {
                let offered = offered.join(", ");
                let text = format!("the server supports {offered}, and mcpoke does not");
                Verdict::Undecided(Error::protocol(text).shown_by(answer.exchange))
            }
        };
    }
    // A legacy server may implement `tools/list` too; only these members are modern.
    let marked = ["resultType", "ttlMs", "cacheScope"].iter().any(|key| members.contains_key(*key))
        || value("_meta").get(META_SERVER).is_some();
    if marked { Verdict::Modern(answer) } else { Verdict::Unmarked(answer) }
}

/// Classifies the error of a probe.
pub(super) fn judge_error(error: Error) -> Verdict {
    match (&error.kind, error.status()) {
        // Some servers close the connection on a request they do not recognise, and some never respond.
        (ErrorKind::Transport(failed), _)
            if matches!(
                failed.kind,
                transport::ErrorKind::Broken | transport::ErrorKind::StoppedWaiting
            ) =>
        {
            Verdict::Legacy(Some(error))
        }
        // Redirects and the proxy's own refusals say nothing about the server.
        (ErrorKind::Transport(_), _) | (_, Some(300..=399 | 407)) => Verdict::Undecided(error),
        // Gateways refuse unknown methods and headers so.
        (_, Some(401 | 403 | 429 | 502..=504)) => Verdict::Legacy(Some(error)),
        (ErrorKind::Rpc(rpc), Some(_)) => {
            let proven = error.exchange.as_ref().is_some_and(|shown| shown.proves_modern(rpc));
            match (rpc.code, proven) {
                (Some(codes::UNSUPPORTED_VERSION), _) => match supported(rpc) {
                    Some(other) => Verdict::Other(other),
                    None => Verdict::Undecided(error),
                },
                (Some(codes::METHOD_NOT_FOUND), true) => Verdict::Lacking,
                (_, true) => Verdict::Undecided(error),
                (_, false) => Verdict::Legacy(Some(error)),
            }
        }
        _ => Verdict::Legacy(Some(error)),
    }
}

/// Returns true if the server did not respond to the probe in time.
pub(super) fn is_late(error: &Error) -> bool {
    matches!(&error.kind, ErrorKind::Transport(failed) if failed.kind == transport::ErrorKind::StoppedWaiting)
}

/// Returns true for the errors with which legacy servers usually refuse a modern request; they are not
/// worth a word.
pub(super) fn is_usual(error: &Error) -> bool {
    match &error.kind {
        ErrorKind::Rpc(_) => !matches!(error.status(), Some(401 | 403 | 429 | 500..)),
        ErrorKind::Status(status) => matches!(status, 400 | 404 | 405 | 406 | 415 | 422),
        ErrorKind::Protocol(_) | ErrorKind::Unanswered(_) => true,
        _ => false,
    }
}

/// Returns the newest revision in the error's list that this client supports.
pub(super) fn supported(error: &ErrorObject) -> Option<String> {
    let data: Unsupported = serde_json::from_str(error.data.as_ref()?.get()).ok()?;
    version::newest_common(data.supported.iter().map(String::as_str)).map(str::to_owned)
}

/// Returns true for 405, or 404 with an HTML page: the endpoint rejects POST but may accept
/// GET.
pub(super) fn is_sse_alone(error: &Error) -> bool {
    let answer = error.exchange.as_ref().and_then(|exchange| exchange.answer.as_ref());
    answer.is_some_and(|answer| {
        answer.status == 405 || (answer.status == 404 && answer.shape == BodyKind::Html)
    })
}

/// Returns true for 400, 404 or 405 without a modern error: the server may be of revision
/// 2024-11-05.
pub(super) fn is_refused_for_its_transport(error: &Error) -> bool {
    let Some(exchange) = &error.exchange else { return false };
    let status = exchange.status().unwrap_or_default();
    let modern = match &error.kind {
        ErrorKind::Rpc(rpc) => exchange.proves_modern(rpc),
        ErrorKind::Status(_) => false,
        _ => return false,
    };
    matches!(status, 400 | 404 | 405) && !modern
}
