//! Rules for the handshake: left out in part, repeated, or refused to all but one client.

use super::super::evidence::issued;
use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, RULE, Rule};
use crate::protocol::{codes, methods};

pub(super) static NOT_INITIALIZED: Rule = Rule {
    id: RuleId::NotInitialized,
    title: "notifications/initialized was not sent",
    means: "The handshake has two messages: initialize and, after its response, notifications/initialized. \
            Send both before anything else. Some servers reject earlier requests, and some end the session.",
    specification: "2025-11-25, Lifecycle, Initialization",
    about: "\
The Python SDK up to 1.17 responds to a correct request with -32602 \"Invalid request parameters\". rmcp up \
to 0.15 sends 200 with an event stream that ends empty, and the session is dead after it. Most servers do \
not require the notification.

After the initialize response, send notifications/initialized with the session id. Wait for its 202 before \
any other request.",
    find: |evidence| {
        let told = evidence.before().any(|exchange| exchange.is(methods::INITIALIZED));
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
        if evidence.session().is_none() && evidence.before().any(|e| issued(e).is_some()) {
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
            if evidence.says(&["initializ"]) { evidence.by_words() } else { Certainty::Likely }
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
Most servers reject an initialize with a session id: 400 \"Server already initialized\" if the session \
exists, 404 if it is gone. initialize never carries a session id. To renew a lost session, drop the old id \
first.",
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
    title: "one transport serves all clients",
    means: "A client cannot fix this: the transport served an earlier client or request. Restart the server \
            as a workaround. The fix is in its code.",
    server: "Create a transport for each session (keep them in a map by the id), or serve without sessions. \
             Do not connect one transport when the server starts.",
    specification: "2025-11-25, Transports, Session Management",
    about: "\
Every handshake after the first is rejected with \"Server already initialized\". After a DELETE even a \
fresh initialize gets \"Session not found\", until the server restarts. An SDK transport holds one session. \
A program that creates only one transport at startup serves only the first client.",
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
