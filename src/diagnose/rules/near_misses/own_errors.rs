//! A tool's own error may use any status and any words. No finding about it is certain where another request
//! works in the same way, or where the words are all there is.

use super::super::super::{Certainty, RuleId};
use super::{RESULT, error, explain_at, list, modern, opened, sending, told};
use crate::exchange::Exchange;
use crate::exchange::testing::{answered, sent};

/// Words that rules look for.
const WORDS: [&str; 24] = [
    "Invalid Host: db.example.com",
    "Invalid Host header",
    "origin not allowed",
    "session not found",
    "Missing session ID",
    "Server not initialized",
    "session already initialized",
    "sessions are not supported: stateless",
    "Unsupported protocol version of the printer",
    "insufficient_scope: the token of the database",
    "the audience is not reachable",
    "missing io.modelcontextprotocol/protocolVersion in _meta",
    "_meta['io.modelcontextprotocol/related-task'] is missing",
    "the Accept header of the backend",
    "accept must contain a date",
    "Content-Type of the upload is missing",
    "too many rows",
    "already has a stream",
    "http/2 is required",
    "expired",
    "Parse error in the argument",
    "not found",
    "invalid_token",
    "",
];

const STATUSES: [u16; 13] = [200, 400, 401, 403, 404, 405, 406, 409, 410, 415, 421, 422, 503];

/// Returns what HTTP or a reserved code makes certain, whatever the words.
fn is_stated(status: u16, id: &str, context: &str) -> bool {
    matches!((status, id), (401, "auth-required") | (409, "stream-conflict"))
        || (id == "header-mismatch" && context == "no handshake")
}

/// Returns the exchanges before a call, and the call without a response.
fn contexts() -> Vec<(&'static str, Vec<Exchange>, Exchange)> {
    let stateless = answered(sent("initialize", None), 200, RESULT);
    let version = [("mcp-protocol-version", "2025-11-25")];
    let call = |session| sending(sent("tools/call", session), &version);
    let mut warm = call(None);
    warm.request.is_sessionless = true;
    let envelope = r#"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    let mut current = modern(sent("tools/call", None));
    current.request.body = envelope.to_owned();
    let works = |session| sending(list(session, 200, RESULT), &version);
    vec![
        ("a thin client", Vec::new(), sent("tools/call", None)),
        (
            "a thin client, other requests work",
            vec![list(None, 200, RESULT)],
            sent("tools/call", None),
        ),
        ("no session, warm", Vec::new(), warm),
        ("no session", vec![stateless, works(None)], call(None)),
        ("a session, warm", Vec::new(), call(Some("s-1"))),
        ("a session", vec![opened(), told(), works(Some("s-1"))], call(Some("s-1"))),
        ("no handshake", vec![modern(list(None, 200, RESULT))], current),
    ]
}

#[test]
fn nothing_is_certain_about_a_tools_own_error() {
    let codes = [-32000, -32600, -32601, -32602, -32603, -32001, -32020, -32022, 0];
    for (context, before, call) in contexts() {
        for (status, words) in
            STATUSES.iter().flat_map(|status| WORDS.map(|words| (*status, words)))
        {
            let bodies = codes.map(|code| error(code, words).replace("null", "\"x\""));
            for body in bodies.into_iter().chain([words.to_owned()]) {
                let mut all = before.clone();
                all.push(answered(call.clone(), status, &body));
                for (index, exchange) in all.iter_mut().enumerate() {
                    exchange.number = index + 1;
                }
                let found = explain_at(&all, all.len() - 1);
                let certain = found.iter().find(|one| {
                    one.certainty == Certainty::Certain
                        && !is_stated(status, one.rule.id.as_str(), context)
                });
                assert!(certain.is_none(), "{context}: {status} {body}: {certain:?}");
                let is_legacy = found.iter().any(|one| one.rule.id == RuleId::LegacyOnly);
                assert!(!is_legacy, "{context}: {status} {body}");
            }
        }
    }
}
