//! Rules for the handshake: left out in part, repeated, or refused to all but one client.

use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, RULE, Rule, issued};
use crate::protocol::{codes, methods};

pub(super) static NOT_INITIALIZED: Rule = Rule {
    id: RuleId::NotInitialized,
    title: "notifications/initialized was not sent after initialize",
    means: "The handshake has two messages: initialize, and once it is answered \
            notifications/initialized, before anything else. Some servers refuse requests until it has \
            come, and some end the session.",
    specification: "2025-11-25, Lifecycle, Initialization",
    about: "\
After the answer to initialize a client sends one notification, notifications/initialized, with the session \
id, waits for its 202, and only then anything else. Most servers do not insist. Those that do are hard to \
understand: the Python SDK up to 1.17 answers -32602 \"Invalid request parameters\" to a perfectly good \
request; rmcp up to 0.15 answers 200 with an event stream that ends empty, and the session is dead after it.",
    find: |evidence| {
        let told = evidence.earlier.iter().any(|exchange| exchange.is(methods::INITIALIZED));
        if told || !evidence.after_handshake() || evidence.exchange.is(methods::INITIALIZED) {
            return None;
        }
        if !evidence.is_post()
            || evidence.is_modern_request()
            || evidence.exchange.is(methods::INITIALIZE)
        {
            return None;
        }
        // Some servers end the stream and the session without a response.
        let status = evidence.status();
        let cut_short = status == 200 && evidence.error.is_none();
        let refused = evidence.error.is_some() || matches!(status, 400 | 401 | 404 | 422);
        if !cut_short && !refused {
            return None;
        }
        // If the session id is missing too, that mistake is more important.
        if evidence.session().is_none() && evidence.earlier.iter().any(|e| issued(e).is_some()) {
            return None;
        }
        let late = evidence.later.iter().position(|later| later.is(methods::INITIALIZED));
        let works = late.and_then(|at| {
            evidence.later[at..]
                .iter()
                .find(|e| e.purpose == evidence.exchange.purpose && evidence.worked(e))
        });
        if let Some(later) = works {
            let because = format!("after it was sent the same request works ({})", later.number);
            return Some(Conclusion { certainty: Certainty::Certain, because });
        }
        Some(
            if evidence.says(&["initializ"]) { Certainty::Certain } else { Certainty::Likely }
                .into(),
        )
    },
    ..RULE
};

pub(super) static ALREADY_INITIALIZED: Rule = Rule {
    id: RuleId::AlreadyInitialized,
    title: "initialize was sent with a session id",
    means: "A new handshake starts a new session: send initialize without any Mcp-Session-Id header.",
    specification: "2025-11-25, Transports, Session Management, 4",
    about: "\
initialize never carries a session id. One that does is refused by most servers: 400 \"Server already \
initialized\" where the session lives, 404 where it is gone. A client that renews a lost session must drop \
the old id first.",
    find: |evidence| {
        if !evidence.exchange.is(methods::INITIALIZE) || evidence.is_modern_request() {
            return None;
        }
        let session = evidence.session();
        let refused = matches!(evidence.status(), 400 | 401 | 404 | 409)
            || (evidence.status() == 200
                && matches!(evidence.code(), Some(0 | codes::INVALID_REQUEST)));
        let says_so = evidence.says(&["already", "must not", "session", "duplicate"]);
        match (session, refused) {
            (Some(_), true) if !evidence.names_another_cause() => {
                Some(if says_so { Certainty::Certain } else { Certainty::Likely }.into())
            }
            _ => None,
        }
    },
    ..RULE
};

pub(super) static SHARED_TRANSPORT: Rule = Rule {
    id: RuleId::SharedTransport,
    title: "one transport serves all clients, and it is in use",
    means: "A client can do nothing: the transport served an earlier client or request. Only a restart of the \
            server helps, until its code is changed.",
    server: "Make a transport for each session (keep them in a map by the id), or serve without sessions, \
             instead of connecting one transport when the server starts.",
    specification: "2025-11-25, Transports, Session Management",
    about: "\
The transports of the SDKs hold one session each. A program that makes one of them when it starts serves \
the first client, and refuses the handshake of every other: \"Server already initialized\". After a DELETE \
even a fresh initialize gets \"Session not found\", until the server is started again.",
    find: |evidence| {
        if !evidence.exchange.is(methods::INITIALIZE) || evidence.session().is_some() {
            return None;
        }
        let already =
            evidence.says(&["already initialized", "already been initialized", "duplicate"]);
        let gone = evidence.status() == 404 && evidence.code() == Some(codes::SESSION_NOT_FOUND);
        (already || gone)
            .then(|| if already { Certainty::Certain } else { Certainty::Likely }.into())
    },
    ..RULE
};
