//! Rules for sessions: missing, expired, stripped, wrong or unsupported session ids.

use super::super::id::RuleId;
use super::super::rule::{
    Certainty, Conclusion, Evidence, Next, RECENT, RULE, Rule, issued, issues, tool_failed,
};
use super::unlabelled_accept;
use crate::exchange::{BodyKind, Exchange};
use crate::exit::Kind;
use crate::protocol::headers::{PROTOCOL_VERSION, SESSION_ID};
use crate::protocol::{codes, methods};

const MANAGEMENT: &str = "2025-11-25, Transports, Session Management";

pub(super) static SESSION_MISSING: Rule = Rule {
    id: RuleId::SessionMissing,
    title: "missing Mcp-Session-Id header",
    means: "This server keeps sessions. A client sends initialize first, keeps the Mcp-Session-Id \
            header (not the body) of that answer, sends notifications/initialized, and then sends the \
            header on every request.",
    specification: MANAGEMENT,
    about: "\
An MCP server over Streamable HTTP may keep a session for each client. Before it answers a tools/call it \
wants a handshake, and afterwards the same header on every request. Nothing in the JSON of a tools/call \
shows this: the session lives in HTTP headers, one layer below JSON-RPC. A client written without an SDK \
therefore sends what looks like a complete request and gets 400 Bad Request, whatever its Authorization, \
Content-Type and Accept say. Those are worth checking only once the session is there.

The order is fixed:
  1. POST initialize, without any Mcp-Session-Id. The answer carries the header Mcp-Session-Id: keep its \
value as it is. It is not in the body.
  2. POST notifications/initialized with that header. The answer is 202 and empty.
  3. POST tools/call, and everything else, with that header and with MCP-Protocol-Version, the revision \
that the server chose in its answer to initialize.
  4. When a request is answered with 404 (some servers say 400 or 401), the session is gone: begin again \
at 1, without the old id.

Servers word the refusal in many ways: 400 \"No valid session ID provided\", \"Missing session ID\" or \
\"Server not initialized\"; 422 \"Unexpected message, expect initialize request\"; 404 \"Invalid session \
ID\"; and go-sdk answers 200 with the JSON-RPC error code 0.

`mcpoke trace --recipe python` prints the smallest client that does all of this, without an SDK.",
    next: Next::Handshake,
    exit: Some(Kind::Session),
    is_provoked: true,
    is_repeated: true,
    find: |evidence| {
        let bare = evidence.session().is_none_or(str::is_empty);
        // A client that sends the version header has done a handshake in which no session was
        // issued. `session-id-stripped` covers that case.
        let told = evidence.exchange.request.header(PROTOCOL_VERSION).is_some();
        let stateless = evidence.after_handshake() && !evidence.earlier.iter().any(|e| issued(e).is_some());
        if !bare || evidence.is_modern_request() || evidence.exchange.is(methods::INITIALIZE) || stateless {
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
        if evidence.earlier.iter().any(|earlier| issued(earlier).is_some()) {
            return Some(Conclusion {
                certainty: Certainty::Certain,
                because: "the client was given a session id before, and left it out here".to_owned(),
            });
        }
        if let Some(name) = misnamed(evidence) {
            return Some(Conclusion {
                certainty: Certainty::Certain,
                because: format!("the id was sent as `{name}`, which no server reads"),
            });
        }
        let says_so = evidence.says(&["session", "initializ"]);
        if told && !says_so {
            return None;
        }
        let never = !evidence.earlier.iter().any(|earlier| earlier.is(methods::INITIALIZE));
        Some(Conclusion {
            certainty: if says_so { Certainty::Certain } else { Certainty::Likely },
            because: if never { "no initialize was sent before it".to_owned() } else { String::new() },
        })
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
    title: "the server no longer recognises this session",
    means: "It was ended, it expired, or the server was started again. A client sends a new initialize, \
            without the old id, and goes on with the new one. What the server kept in the old session is \
            gone.",
    specification: MANAGEMENT,
    about: "\
Sessions live in the memory of the server. They end when it is started again, after some idle time (30 \
minutes with the Python SDK, supergateway and others, 2 hours with the C# SDK), when a client sends DELETE, \
and on some servers after a single malformed request.

The specification has the server answer 404 then, and the client start anew: POST initialize without the \
old id, notifications/initialized, and the refused request once more. Real servers answer 400 (the official \
server-everything), 401 without a challenge (rmcp up to 0.16), 410, 422, 503, or an event stream that ends \
empty. A client that waits for 404 alone never recovers there.

A request that was refused for its session did not run, and may be sent again; one that was answered with \
an empty stream may have run.",
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
        if evidence.issuing().is_some() && !evidence.earlier.iter().any(|e| works_in(evidence, e, session)) {
            return None;
        }
        if let Some(later) = evidence.works_later(|later| later.session_sent() != Some(session)) {
            let because = format!("{} is the same request in a new session, and works", later.number);
            return Some(Conclusion { certainty: Certainty::Certain, because });
        }
        let says_so = evidence.says(&["session"]);
        let likely = evidence.status() != 401 || says_so;
        Some(match (says_so, likely) {
            (true, _) => Certainty::Certain.into(),
            (false, true) => Certainty::Likely.into(),
            (false, false) => Certainty::Possible.into(),
        })
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
    means: "Only the 2xx answer to initialize issues a session. Error answers of real servers carry \
            session ids that are dead already: take the header from nothing else.",
    server: "A refusal should carry no Mcp-Session-Id.",
    specification: MANAGEMENT,
    about: "\
The Python SDK (1.x and 2.x, and FastMCP with it) makes a session before it looks at the request, and sends \
its id with the refusal: the 400 \"Missing session ID\" has a fresh Mcp-Session-Id header. The session \
behind it is thrown away at once. A client that stores the header of any answer picks it up, sends it with \
its next request, and gets 404.

Read the header in one place: the answer to initialize, and only when its status is 2xx.",
    exit: Some(Kind::Session),
    reach: RECENT,
    find: |evidence| {
        let source = from_error(evidence)?;
        matches!(evidence.status(), 400..=422).then(|| Conclusion {
            certainty: Certainty::Certain,
            because: format!("the id came with the answer to {}", source.number),
        })
    },
    ..RULE
};

pub(super) static SESSION_ID_STRIPPED: Rule = Rule {
    id: RuleId::SessionIdStripped,
    title: "Mcp-Session-Id header lost in transit",
    means: "The client does what it should, and the server acts as if the header were not there: \
            something in between removes Mcp-Session-Id from the requests or from the answers. Send the \
            same request to the server directly to see the difference.",
    server: "Let the proxy pass Mcp-Session-Id in both directions; for browsers, name it in \
             Access-Control-Allow-Headers and Access-Control-Expose-Headers.",
    specification: MANAGEMENT,
    about: "\
Two things show that the header is lost on the way. Either a session was issued a moment ago, and a request \
that carries it is refused in the very words that a request without any id gets; or initialize succeeds \
without issuing an id, and the server then demands one.

Reverse proxies remove headers that they are not told about (proxy_set_header Mcp-Session-Id \"\", \
underscores_in_headers, proxy_hide_header in nginx; header allow-lists in API gateways). In browsers the \
header can be read only where the server names it in Access-Control-Expose-Headers.",
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
            let all = evidence.earlier.iter().chain(evidence.later);
            let mut in_session = all.filter(|other| other.has_id());
            if !evidence.says(&["session", "initializ"])
                || in_session.any(|other| works_in(evidence, other, session))
            {
                return None;
            }
            // Look for the same refusal of a request without any id.
            let bare = evidence.earlier.iter().chain(evidence.later).find(|other| {
                other.session_sent().is_none()
                    && other.status() == evidence.exchange.status()
                    && !other.is(methods::INITIALIZE)
                    && other.request.method == "POST"
                    && other.has_id()
                    && !evidence.worked(other)
                    && evidence.alike(other)
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
        let opened = evidence.earlier.iter().rev().find(|e| e.is(methods::INITIALIZE) && evidence.worked(e))?;
        let says_so = evidence.says(&["session", "initializ"]);
        let none_issued = !evidence.earlier.iter().any(|earlier| issued(earlier).is_some());
        (none_issued && says_so && !evidence.names_another_cause()).then(|| Conclusion {
            certainty: Certainty::Likely,
            because: format!("{} succeeded without issuing an id, and the server demands one", opened.number),
        })
    },
    ..RULE
};

pub(super) static SESSION_NOT_STICKY: Rule = Rule {
    id: RuleId::SessionNotSticky,
    title: "session known to some replicas only",
    means: "Several servers respond behind this address, and each knows only its own sessions. If the server sets a \
            cookie, a client must keep it and send it: the balancer routes by it. Otherwise only the operator can \
            help.",
    server: "Route by the Mcp-Session-Id header (or run one replica, or keep sessions in a shared store, or \
             serve without sessions).",
    specification: MANAGEMENT,
    about: "\
Sessions live in the memory of one process. Where a load balancer spreads requests over several, a session \
that one replica issued is unknown to the others: about one request in N works.

The same harmless request, repeated in one session on fresh connections, shows it: some of them work, and \
others are refused. A session that expired stays refused.",
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
        let all = evidence.earlier.iter().chain(evidence.later);
        let setter = all.chain([evidence.exchange]).find(sets_cookie);
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
    means: "Leave the Mcp-Session-Id header out: this server wants none.",
    specification: MANAGEMENT,
    about: "\
A server without sessions ignores the header as a rule; the C# SDK, which is stateless by default from \
version 2 on, refuses a request that carries one. A client sends the header only if the answer to \
initialize had one.",
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
            (true, None) => Some(Certainty::Certain.into()),
            (false, None) => None,
        }
    },
    ..RULE
};

pub(super) static STATELESS: Rule = Rule {
    id: RuleId::Stateless,
    title: "the server keeps no sessions",
    means: "Nothing must be kept: initialize brings no Mcp-Session-Id, and none must be sent. DELETE and \
            the standalone GET stream are refused, which is no fault.",
    specification: "2025-11-25, Transports, Session Management, 1",
    about: "\
A session is the server's choice. One without them answers every request by itself: the bare tools/call \
works, GET and DELETE get 405. A client that depends on a session id must not fail here: no header in the \
answer to initialize means that none is wanted.",
    is_provoked: true,
    find: |evidence| {
        let refused = evidence.status() == 405
            && matches!(evidence.exchange.request.method, "GET" | "DELETE");
        let known =
            evidence.earlier.iter().any(|e| e.is(methods::INITIALIZE) && evidence.worked(e))
                && !evidence.earlier.iter().any(|earlier| issued(earlier).is_some());
        // A server that issues ids keeps sessions; it only has no stream, or lets no client end one.
        let issues_ids =
            evidence.session().is_some() || evidence.earlier.iter().any(|e| issued(e).is_some());
        (refused && !issues_ids)
            .then(|| if known { Certainty::Certain } else { Certainty::Possible }.into())
    },
    ..RULE
};
