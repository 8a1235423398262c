//! Rules for sessions: missing, expired, stripped, wrong or unsupported session ids.

use super::super::evidence::{Evidence, issued, issues, tool_failed};
use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, Next, RECENT, RULE, Rule};
use super::unlabelled_accept;
use crate::exchange::{BodyKind, Exchange};
use crate::exit::Kind;
use crate::protocol::headers::{PROTOCOL_VERSION, SESSION_ID};
use crate::protocol::{codes, methods};

const MANAGEMENT: &str = "2025-11-25, Transports, Session Management";

pub(super) static SESSION_MISSING: Rule = Rule {
    id: RuleId::SessionMissing,
    title: "missing Mcp-Session-Id header",
    means: "This server keeps sessions. Send initialize first, and keep the Mcp-Session-Id header (not the \
            body) of the response. Then send notifications/initialized, and that header with every later \
            request.",
    specification: MANAGEMENT,
    about: "\
Servers word this rejection in many ways: 400 \"No valid session ID provided\", \"Missing session ID\" or \
\"Server not initialized\"; 422 \"Unexpected message, expect initialize request\"; 404 \"Invalid session \
ID\". go-sdk sends 200 with the JSON-RPC error code 0.

An MCP server over Streamable HTTP may keep a session for each client. It then requires a handshake before \
a tools/call, and the session header on every later request. Nothing in the JSON of a tools/call shows \
this: the session is in HTTP headers, one layer below JSON-RPC. A client without an SDK often sends only \
the tools/call and gets 400 Bad Request. Authorization, Content-Type and Accept make no difference here: \
check them once the session works.

The order is fixed:
  1. POST initialize, without any Mcp-Session-Id. Keep the value of the response header Mcp-Session-Id \
unchanged. It is not in the body.
  2. POST notifications/initialized with that header. The response is 202 and empty.
  3. POST tools/call, and everything else, with that header and MCP-Protocol-Version. Its value is the \
revision in the initialize response.
  4. After a 404 (some servers send 400 or 401), the session is gone: start again at 1, without the old id.

`mcpoke trace --recipe python` prints a minimal client that does all of this without an SDK.",
    next: Next::Handshake,
    exit: Some(Kind::Session),
    is_provoked: true,
    is_repeated: true,
    find: |evidence| {
        let bare = evidence.session().is_none_or(str::is_empty);
        // A client that sends the version header has done a handshake in which no session was
        // issued. `session-id-stripped` covers that case.
        let told = evidence.exchange.request.header(PROTOCOL_VERSION).is_some();
        // HTTP+SSE accepts initialize with 202, and has the session in the URL.
        let accepted = |e: &Exchange| e.is(methods::INITIALIZE) && e.answer.as_ref().is_some_and(|a| a.status == 202);
        let began = evidence.after_handshake() || evidence.before().any(accepted);
        let issuing = evidence.before().find(|earlier| issued(earlier).is_some());
        let none_issued = began && issuing.is_none();
        let stateless = none_issued || evidence.exchange.request.is_sessionless;
        if !bare || !evidence.knows_headers() || evidence.is_modern_request() || evidence.exchange.is(methods::INITIALIZE) || stateless {
            return None;
        }
        let refused = match evidence.status() {
            400 | 422 => !evidence.names_another_cause() && !is_about_the_body(evidence),
            // Some servers respond with 200 and an error that concerns neither the method nor the
            // parameters.
            200 => matches!(evidence.code(), Some(0 | codes::INVALID_REQUEST)),
            401 | 404 => evidence.says(&["session"]),
            _ => false,
        };
        // GET and DELETE are refused for many reasons, so the text must name the session.
        if !refused || unlabelled_accept(evidence) || (!evidence.is_post() && !evidence.says(&["session"])) {
            return None;
        }
        if let Some(later) = evidence.works_later(|later| later.session_sent().is_some()) {
            return Some(Conclusion {
                certainty: Certainty::Certain,
                because: if tool_failed(later) {
                    format!("{} is the same request with a session, and reaches the tool", later.number)
                } else {
                    format!("{} is the same request with a session, and works", later.number)
                },
            });
        }
        let never = !evidence.before().any(|earlier| earlier.is(methods::INITIALIZE));
        let says_so = evidence.says(&["session", "initializ"]);
        let (by_words, because) = match (issuing, misnamed(evidence)) {
            (Some(issuing), _) => (
                Certainty::Certain,
                format!("{} issued a session id, and this request carries none", issuing.number),
            ),
            (None, Some(name)) => {
                (Certainty::Certain, format!("the id was sent as `{name}`, which no server reads"))
            }
            (None, None) if told && !says_so => return None,
            (None, None) if never => {
                (evidence.by_words(), "no initialize was sent before it".to_owned())
            }
            (None, None) => (evidence.by_words(), String::new()),
        };
        // The same refusal of a request in a session shows that the session is not the cause.
        let alike = evidence.fails_alike(|other| other.session_sent().is_some());
        let certainty = match says_so {
            _ if alike.is_some() => Certainty::Possible,
            true if evidence.says(&[SESSION_ID]) => Certainty::Certain,
            true => by_words,
            false => Certainty::Likely,
        };
        Some(Conclusion { certainty, because })
    },
    ..RULE
};

/// Returns true if the text concerns the request body or headers rather than the session.
fn is_about_the_body(evidence: &Evidence<'_>) -> bool {
    evidence.says(&["content-type", "parse", "json", "batch", "host", "origin", "protocol version"])
        && !evidence.says(&["session", "initializ"])
        || evidence.shape() == Some(BodyKind::Html)
}

/// Returns a header or query parameter that looks like a session id under another name.
fn misnamed<'e>(evidence: &Evidence<'e>) -> Option<&'e str> {
    let request = &evidence.exchange.request;
    let header = request.headers.iter().map(|(name, _)| name.as_str());
    let looks_like = |name: &&str| {
        let name = name.to_ascii_lowercase().replace('_', "-");
        name != SESSION_ID && (name.ends_with("session-id") || name == "mcp-session")
    };
    let query = request.url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let parameter = query.split('&').filter_map(|part| part.split('=').next());
    header.chain(parameter).find(looks_like)
}

pub(super) static SESSION_EXPIRED: Rule = Rule {
    id: RuleId::SessionExpired,
    title: "the server does not recognise this session",
    means: "The session was ended, it expired, the server restarted, or it never issued this id. Send a new \
            initialize without the old id, and continue with the new session. State kept in the old session is \
            lost.",
    specification: MANAGEMENT,
    about: "\
The specification requires 404 for an ended session. Real servers send 400 (the official \
server-everything), 401 without a challenge (rmcp up to 0.16), 410, 422, 503, or an event stream that ends \
empty. A client that waits only for 404 never recovers from these.

Sessions live in the server's memory. They end when the server restarts or a client sends DELETE. They also \
end after some idle time (30 minutes with the Python SDK, supergateway and others, 2 hours with the C# \
SDK). On some servers a single malformed request ends them.

To recover, POST initialize without the old id, then notifications/initialized, then the rejected request. \
A request rejected for its session did not run and may be sent again. A request that got an empty stream \
may have run.",
    next: Next::Handshake,
    exit: Some(Kind::Session),
    is_provoked: true,
    is_repeated: true,
    reach: RECENT,
    find: |evidence| {
        let session = evidence.session()?;
        if evidence.is_modern_request()
            || evidence.names_another_cause()
            || unlabelled_accept(evidence)
            || evidence.shape() == Some(BodyKind::Html)
            || from_error(evidence).is_some()
            || evidence.says(&["stateless", "protocol version", "content-type"])
        {
            return None;
        }
        let refused = match evidence.status() {
            400 | 410 | 422 => !evidence.says(&["multiple get"]),
            404 => evidence.code() != Some(codes::METHOD_NOT_FOUND),
            // rmcp up to 0.16 sends a 401 without a challenge; one with a challenge is about
            // credentials.
            401 => evidence.challenge().is_none(),
            503 => evidence.says(&["session"]),
            _ => false,
        };
        if !refused {
            return None;
        }
        // If the session still works later, it is not the cause.
        if evidence.later.iter().any(|later| works_in(evidence, later, session)) {
            return None;
        }
        let ended = evidence.earlier.iter().any(|earlier| {
            earlier.request.method == "DELETE"
                && earlier.session_sent() == Some(session)
                && evidence.worked(earlier)
        });
        if ended {
            let because = "the client itself ended this session with DELETE before".to_owned();
            return Some(Conclusion { certainty: Certainty::Certain, because });
        }
        // A session that was opened just before has not expired.
        let has_served = evidence.earlier.iter().any(|e| works_in(evidence, e, session));
        let was_issued = evidence.issuing().is_some();
        if was_issued && !has_served {
            return None;
        }
        if let Some(later) = evidence.works_later(|later| later.session_sent() != Some(session)) {
            let because = format!("{} is the same request in a new session, and works", later.number);
            return Some(Conclusion { certainty: Certainty::Certain, because });
        }
        let says_so = evidence.says(&["session"]);
        let has_words = evidence.answer.is_some_and(|answer| !answer.body.trim().is_empty());
        let certainty = match evidence.status() {
            _ if says_so => evidence.by_words(),
            401 => Certainty::Possible,
            // A tool that has words of its own for it, or that was called a moment after the handshake.
            _ if has_words && (evidence.may_be_own_error() || was_issued) => Certainty::Possible,
            _ => Certainty::Likely,
        };
        Some(certainty.into())
    },
    ..RULE
};

/// Returns true if any request but the handshake succeeded in a session.
fn works_in(evidence: &Evidence<'_>, exchange: &Exchange, session: &str) -> bool {
    exchange.session_sent() == Some(session)
        && !exchange.is(methods::INITIALIZED)
        && evidence.worked(exchange)
}

/// Returns the response that the session id came from, if it was not a successful
/// `initialize`.
fn from_error<'e>(evidence: &Evidence<'e>) -> Option<&'e Exchange> {
    let session = evidence.session()?;
    if evidence.earlier.iter().any(|earlier| issues(earlier, session)) {
        return None;
    }
    evidence.earlier.iter().find(|earlier| {
        let answer = earlier.answer.as_ref();
        answer.and_then(|answer| answer.header(SESSION_ID)) == Some(session)
            && earlier.session_sent() != Some(session)
            && (!evidence.worked(earlier) || !earlier.is(methods::INITIALIZE))
    })
}

pub(super) static SESSION_ID_FROM_ERROR: Rule = Rule {
    id: RuleId::SessionIdFromError,
    title: "session id taken from an error response",
    means: "Only the 2xx response to initialize issues a session. Read the header from no other response. \
            Error responses of real servers carry ids of dead sessions.",
    server: "Omit Mcp-Session-Id from error responses.",
    specification: MANAGEMENT,
    about: "\
The 400 \"Missing session ID\" of the Python SDK (1.x and 2.x, and FastMCP with it) has a fresh \
Mcp-Session-Id header. The SDK creates a session before it checks the request, and sends its id with the \
rejection. The session is discarded at once. A client that stores the header of any response sends this id \
with its next request, and gets 404.

Read the header only from the initialize response, and only when its status is 2xx.",
    exit: Some(Kind::Session),
    reach: RECENT,
    find: |evidence| {
        let source = from_error(evidence)?;
        let session = evidence.session()?;
        let serves = evidence.others().any(|other| works_in(evidence, other, session));
        (matches!(evidence.status(), 400..=422) && !serves).then(|| Conclusion {
            certainty: Certainty::Certain,
            because: format!("the id came with the response to {}", source.number),
        })
    },
    ..RULE
};

pub(super) static SESSION_ID_STRIPPED: Rule = Rule {
    id: RuleId::SessionIdStripped,
    title: "Mcp-Session-Id header lost in transit",
    means: "The server responds as if the header were missing. Something between client and server removes \
            it from requests or from responses. Send the same request to the server directly to see the \
            difference.",
    server: "Let the proxy pass Mcp-Session-Id in both directions. For browsers, name it in \
             Access-Control-Allow-Headers and Access-Control-Expose-Headers.",
    specification: MANAGEMENT,
    about: "\
Two patterns show that the header is lost. A request with a session that was just issued is rejected in the \
same words as a request without any id. Or initialize succeeds without issuing an id, and the server then \
requires one.

Reverse proxies remove headers that they are not configured to pass (proxy_set_header Mcp-Session-Id \"\", \
underscores_in_headers, proxy_hide_header in nginx; header allow-lists in API gateways). Browsers can read \
the header only if the server names it in Access-Control-Expose-Headers.",
    exit: Some(Kind::Session),
    is_repeated: true,
    reach: RECENT,
    find: |evidence| {
        if evidence.exchange.is(methods::INITIALIZE) || evidence.is_modern_request() {
            return None;
        }
        let refused = matches!(evidence.status(), 400 | 401 | 404 | 422)
            || (evidence.status() == 200 && matches!(evidence.code(), Some(0 | codes::INVALID_REQUEST)));
        if !refused || evidence.challenge().is_some() {
            return None;
        }
        if let Some(session) = evidence.session() {
            evidence.issuing()?;
            // Without a word of sessions, or where another request in the session works, the header
            // gets through.
            let mut in_session = evidence.others().filter(|other| other.has_id());
            if !evidence.says(&["session", "initializ"])
                || in_session.any(|other| works_in(evidence, other, session))
            {
                return None;
            }
            // Look for the same refusal of a request without any id.
            let bare = evidence.fails_alike(|other| {
                other.session_sent().is_none()
                    && !other.is(methods::INITIALIZE)
                    && other.request.method == "POST"
                    && other.has_id()
            })?;
            // Only likely: some servers refuse unknown ids with the same text.
            return Some(Conclusion {
                certainty: Certainty::Likely,
                because: format!(
                    "a session that was just issued is refused exactly as {} without any id",
                    bare.number
                ),
            });
        }
        // In HTTP+SSE the stream is the session.
        let opened = evidence.before().rev().find(|e| {
            e.is(methods::INITIALIZE) && e.status() != Some(202) && evidence.worked(e)
        })?;
        // Another request that works without an id shows that the server requires none.
        let requires_none = evidence
            .works_with(|other| !other.is(methods::INITIALIZE) && other.session_sent().is_none());
        let names_id = evidence.says(&["session id", "session-id", "sessionid"]);
        let says_so = names_id || evidence.says(&["session", "initializ"]);
        let none_issued = !evidence.before().any(|earlier| issued(earlier).is_some());
        let applies = none_issued && says_so && requires_none.is_none();
        (applies && !evidence.names_another_cause()).then(|| Conclusion {
            certainty: if names_id { Certainty::Likely } else { Certainty::Possible },
            because: format!(
                "{} succeeded without issuing an id, and the server demands one: it sends none, or a proxy removes \
                 it",
                opened.number
            ),
        })
    },
    ..RULE
};

pub(super) static SESSION_NOT_STICKY: Rule = Rule {
    id: RuleId::SessionNotSticky,
    title: "session recognised only some of the time",
    means: "Several servers respond behind this address, and each recognises only its own sessions. If the \
            server sets a cookie, keep it and send it: the load balancer routes by it. Otherwise only the \
            operator can help.",
    server: "Route by the Mcp-Session-Id header (or run one replica, or keep sessions in a shared store, or \
             serve without sessions).",
    specification: MANAGEMENT,
    about: "\
About one request in N works. Sessions live in the memory of one process. If a load balancer spreads \
requests over several, replicas do not recognise a session that another one issued.

To confirm this, repeat the same harmless request in one session on fresh connections. Some work, and \
others are rejected. A session that expired stays rejected.",
    exit: Some(Kind::Session),
    find: |evidence| {
        let session = evidence.session()?;
        if !matches!(evidence.status(), 400 | 401 | 404 | 410 | 422) || evidence.challenge().is_some() {
            return None;
        }
        // Refused here, but served at another time. A later success counts too, because an expired
        // session stays refused. A different request is enough if the refusal names the session.
        let named = evidence.says(&["session"]) && !evidence.says(&["initializ"]);
        let same = |other: &Exchange| other.purpose == evidence.exchange.purpose;
        let later = evidence.later.iter().find(|other| {
            other.request.method == "POST"
                && other.session_sent() == Some(session)
                && evidence.worked(other)
                && (named || same(other))
        })?;
        let what = if same(later) { "the same request" } else { "a request" };
        let because = format!("{} is {what} in the same session, and works", later.number);
        let sets_cookie = |other: &&Exchange| {
            other.answer.as_ref().is_some_and(|answer| answer.header("set-cookie").is_some())
        };
        let setter = evidence.others().chain([evidence.exchange]).find(sets_cookie);
        // A balancer that routes by a cookie is no fault of the server.
        Some(match setter.filter(|_| evidence.exchange.request.header("cookie").is_none()) {
            Some(setter) => Conclusion {
                certainty: Certainty::Likely,
                because: format!(
                    "{because}; {} sets a cookie, which this request did not carry",
                    setter.number
                ),
            },
            // Only the same request shows that the session itself is known; a tool may have sessions of its own.
            None if same(later) => Conclusion { certainty: Certainty::Certain, because },
            None => Conclusion { certainty: Certainty::Possible, because },
        })
    },
    ..RULE
};

pub(super) static SESSION_NOT_SUPPORTED: Rule = Rule {
    id: RuleId::SessionNotSupported,
    title: "stateless server rejects session ids",
    means: "Omit the Mcp-Session-Id header: this server rejects it.",
    specification: MANAGEMENT,
    about: "\
The C# SDK, stateless by default from version 2 on, rejects a request that carries a session id. Other \
servers without sessions usually ignore it. Send the header only if the initialize response had one.",
    exit: Some(Kind::Session),
    find: |evidence| {
        evidence.session()?;
        let says_so = evidence.status() == 400
            && evidence.says(&["stateless", "not supported"])
            && evidence.says(&["session"]);
        let without = evidence.works_later(|later| later.session_sent().is_none());
        match (says_so, without) {
            (_, Some(later)) => Some(Conclusion {
                certainty: Certainty::Certain,
                because: format!("{} is the same request without an id, and works", later.number),
            }),
            (true, None) => Some(evidence.by_words().into()),
            (false, None) => None,
        }
    },
    ..RULE
};

pub(super) static STATELESS: Rule = Rule {
    id: RuleId::Stateless,
    title: "the server keeps no sessions",
    means: "The initialize response has no Mcp-Session-Id: send none. The server rejects DELETE and the \
            standalone GET stream, which is not an error.",
    specification: "2025-11-25, Transports, Session Management, 1",
    about: "\
The bare tools/call works; GET and DELETE get 405. Sessions are optional for a server. Without them, it \
handles each request by itself. If the initialize response has no session header, a client must not fail, \
and sends none.",
    is_provoked: true,
    find: |evidence| {
        let refused = evidence.status() == 405
            && matches!(evidence.exchange.request.method, "GET" | "DELETE");
        let known = evidence.after_handshake()
            && !evidence.before().any(|earlier| issued(earlier).is_some());
        // A server that issues ids keeps sessions; it only has no stream, or lets no client end one.
        let issues_ids =
            evidence.session().is_some() || evidence.before().any(|e| issued(e).is_some());
        (refused && !issues_ids)
            .then(|| if known { Certainty::Certain } else { Certainty::Possible }.into())
    },
    ..RULE
};
