//! Rules for eras, revisions and transports.

use super::super::evidence::{Evidence, is_modern_request};
use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, Next, RECENT, RULE, Rule};
use crate::exchange::{Answer, BodyKind, Exchange};
use crate::protocol::envelope::{META_CAPABILITIES, META_VERSION};
use crate::protocol::headers::PROTOCOL_VERSION;
use crate::protocol::version::Era;
use crate::protocol::{codes, methods};

pub(super) static MODERN_ONLY: Rule = Rule {
    id: RuleId::ModernOnly,
    title: "server of 2026-07-28, without a handshake",
    means: "The server supports neither initialize nor sessions. Each request carries its version and \
            capabilities in _meta and headers. mcpoke detects this automatically, unless --protocol-version, \
            --no-session or --session-id is given.",
    specification: "2026-07-28, Versioning",
    about: "\
A server that supports only this era rejects an older client with 400 and -32022 or -32602. The data of \
-32022 lists the supported revisions; -32602 names the missing keys. A result of a request of this era proves \
it. Only three errors do: the codes -32020, -32021 and -32022, a -32602 that names a key of the envelope, or a \
404 with -32601 for the request itself. A plain 400 proves nothing.

Revision 2026-07-28 removed initialize and sessions. In every request params._meta carries \
io.modelcontextprotocol/protocolVersion and io.modelcontextprotocol/clientCapabilities. The headers \
MCP-Protocol-Version, Mcp-Method and (for tools/call, prompts/get, resources/read) Mcp-Name repeat values \
of the body for proxies.",
    next: Next::Init,
    is_provoked: true,
    find: |evidence| {
        // A modern request has another reason to fail, and a server with a handshake is not of this era alone.
        if evidence.is_modern_request()
            || evidence.after_handshake()
            || evidence.exchange.request.is_sessionless
            || works(evidence, |other| !is_modern_request(other))
        {
            return None;
        }
        let proof = evidence.is_modern_proof()
            && (evidence.code() != Some(codes::METHOD_NOT_FOUND) || evidence.exchange.is(methods::INITIALIZE));
        // A server that only names `params._meta` asks for the same, in fewer words.
        let names_meta =
            evidence.code() == Some(codes::INVALID_PARAMS) && evidence.says(&["_meta"]);
        // What runs inside a session may use the same words and codes.
        let at_most = match (evidence.session().is_some(), evidence.may_be_own_error()) {
            (true, true) if !proof => return None,
            (true, _) => Certainty::Possible,
            (false, _) => evidence.by_words(),
        };
        let certainty = if proof { at_most } else { at_most.min(Certainty::Likely) };
        (proof || names_meta).then(|| certainty.into())
    },
    ..RULE
};

/// Returns true if a request of this form returned a result, other than the handshake.
fn works(evidence: &Evidence<'_>, is_of_form: impl Fn(&Exchange) -> bool) -> bool {
    evidence.works_with(|other| !other.is(methods::INITIALIZE) && is_of_form(other)).is_some()
}

pub(super) static LEGACY_ONLY: Rule = Rule {
    id: RuleId::LegacyOnly,
    title: "the server requires a handshake",
    means: "The server lacks revision 2026-07-28. Send initialize, then notifications/initialized. With each \
            later request, send the revision and, if the server issued one, the session id.",
    specification: "2026-07-28, Streamable HTTP, Backward Compatibility",
    about: "\
A legacy server rejects a request of 2026-07-28 because no handshake came first. It sends 400 \
with a missing session or an unsupported revision, 404, 422, or a JSON-RPC error on 200. None of these is \
an error of the modern era, so a client falls back to initialize.",
    next: Next::Init,
    is_provoked: true,
    find: |evidence| {
        if !evidence.is_modern_request()
            || evidence.is_modern_proof()
            || evidence.exchange.is(methods::INITIALIZE)
            || works(evidence, is_modern_request)
            // A tool, a resource or a prompt has errors of its own.
            || evidence.may_be_own_error()
        {
            return None;
        }
        let refused = matches!(evidence.status(), 400 | 404 | 405 | 406 | 415 | 422)
            || (evidence.status() == 200
                && matches!(
                    evidence.code(),
                    Some(codes::METHOD_NOT_FOUND | codes::INVALID_REQUEST | 0)
                ));
        // Modern servers have their own errors for an invalid envelope or header.
        let own = evidence.code() == Some(codes::INVALID_PARAMS) && evidence.says(&["_meta"]);
        if !refused || own || evidence.shape() == Some(BodyKind::Html) {
            return None;
        }
        let handshake =
            evidence.later.iter().find(|e| e.is(methods::INITIALIZE) && evidence.worked(e));
        Some(match handshake {
            Some(later) => Conclusion {
                certainty: Certainty::Certain,
                because: format!("{} is a handshake, and works", later.number),
            },
            None => Certainty::Likely.into(),
        })
    },
    ..RULE
};

pub(super) static LEGACY_SSE_ONLY: Rule = Rule {
    id: RuleId::LegacySseOnly,
    title: "endpoint of the HTTP+SSE transport (2024)",
    means: "The first event of a GET names the address for POST. Responses come on the stream. mcpoke \
            supports this; a client for Streamable HTTP alone does not.",
    server: "Serve Streamable HTTP as well: HTTP+SSE is deprecated since 2025-03-26.",
    specification: "2025-11-25, Transports, Backwards Compatibility",
    about: "\
A POST to the stream's address (often /sse) gets 405 with Allow: GET, or 404. A GET confirms the transport.

The transport of 2024-11-05 has two addresses. A GET of the first opens an event stream. Its first event, \
`endpoint`, names the second. Messages are sent there by POST and get 202. The responses come on the \
stream. The session lives as long as the stream.",
    reach: RECENT,
    find: |evidence| {
        let get = |exchange: &Exchange| {
            exchange.request.method == "GET"
                && exchange.answer.as_ref().is_some_and(Answer::is_http_sse)
        };
        let refused = evidence.is_post() && matches!(evidence.status(), 400 | 404 | 405);
        if !refused || evidence.is_modern_proof() || evidence.is_after_handshake_here() {
            return None;
        }
        if let Some(stream) = evidence.others().find(|other| get(other)) {
            // A POST to the address for messages was rejected for another reason.
            if stream.request.url != evidence.exchange.request.url {
                return None;
            }
            return Some(by_messages(evidence, stream));
        }
        // A GET of the same address that was answered with anything else refutes it.
        let mut others = evidence.others();
        let refutes = |other: &Exchange| {
            other.request.method == "GET"
                && other.request.url == evidence.exchange.request.url
                && other.answer.as_ref().is_some_and(|answer| answer.shape != BodyKind::Events)
        };
        if others.any(refutes) {
            return None;
        }
        // The server itself states that it allows only GET.
        let allowed = evidence.header("allow").unwrap_or_default().to_ascii_uppercase();
        (evidence.status() == 405 && allowed.contains("GET") && !allowed.contains("POST"))
            .then(|| Certainty::Likely.into())
    },
    ..RULE
};

/// Concludes from a stream that named an address for messages: the transport works if one of them does.
fn by_messages(evidence: &Evidence<'_>, stream: &Exchange) -> Conclusion {
    let url = &evidence.exchange.request.url;
    let mut messages = evidence
        .others()
        .filter(|other| other.request.method == "POST" && other.request.url != *url)
        .peekable();
    let opened = format!("{} opened its stream", stream.number);
    let Some(first) = messages.peek().map(|first| first.number) else {
        return Conclusion { certainty: Certainty::Likely, because: opened };
    };
    match messages.find(|message| evidence.worked(message)) {
        Some(works) => Conclusion {
            certainty: Certainty::Certain,
            because: format!("{opened}, and {} works over it", works.number),
        },
        None => Conclusion {
            // Streamable HTTP has a route for POST.
            certainty: if matches!(evidence.status(), 404 | 405) {
                Certainty::Likely
            } else {
                Certainty::Possible
            },
            because: format!("{opened}, but {first}, sent over it, does not work"),
        },
    }
}

impl Evidence<'_> {
    /// Returns true if the response proves a modern server.
    fn is_modern_proof(&self) -> bool {
        self.error.as_ref().is_some_and(|error| self.exchange.proves_modern(error))
    }
}

pub(super) static VERSION_UNSUPPORTED: Rule = Rule {
    id: RuleId::VersionUnsupported,
    title: "unsupported MCP-Protocol-Version",
    means: "After the handshake, send the revision in the initialize response with every request, and no \
            other. In the modern era, send one that the error's data lists.",
    specification: "2025-11-25, Transports, Protocol Version Header",
    about: "\
An unsupported MCP-Protocol-Version gets 400 (404 from @hono/mcp). The header carries the agreed revision. \
Legacy servers choose it in the initialize response. Modern servers list the revisions they support in the \
data of error -32022. Legacy servers treat a request without the header as 2025-03-26; it was introduced \
with 2025-06-18.",
    find: |evidence| {
        let sent = evidence.exchange.request.header(PROTOCOL_VERSION)?;
        let same = |other: &Exchange| other.request.header(PROTOCOL_VERSION) == Some(sent);
        if evidence.works_with(same).is_some() {
            return None;
        }
        if evidence.code() == Some(codes::UNSUPPORTED_VERSION) {
            return evidence.is_modern_request().then(|| evidence.by_words().into());
        }
        let says_so = evidence.says(&["protocol version", "protocol-version", "protocolversion"]);
        if !matches!(evidence.status(), 400 | 404)
            || !says_so
            || evidence.code() == Some(codes::HEADER_MISMATCH)
        {
            return None;
        }
        // A server supports the revision that it chose itself.
        let chosen = evidence.earlier.iter().any(|other| {
            let text = other.answer.as_ref().and_then(Answer::last_message).unwrap_or_default();
            other.is(methods::INITIALIZE) && text.contains(sent) && evidence.worked(other)
        });
        let certainty = evidence.by_words();
        let is_own = chosen && certainty < Certainty::Certain;
        let at_most =
            if evidence.is_after_handshake_here() { Certainty::Likely } else { Certainty::Certain };
        Some(if is_own { Certainty::Possible } else { certainty.min(at_most) }.into())
    },
    ..RULE
};

pub(super) static HEADER_MISMATCH: Rule = Rule {
    id: RuleId::HeaderMismatch,
    title: "server reports a header mismatch",
    means: "In revision 2026-07-28 MCP-Protocol-Version, Mcp-Method, Mcp-Name and the Mcp-Param headers of \
            annotated parameters mirror the body, byte for byte. A value that is not plain ASCII is sent as \
            Base64 between =?base64? and ?=. If the sent headers match, a proxy drops or rewrites them.",
    specification: "2026-07-28, Streamable HTTP, Server Validation",
    about: "\
A missing or different header gets 400 and -32020, and the message names the pair. In the modern era \
headers repeat values of the body, so that gateways can route without reading it. MCP-Protocol-Version is \
as in _meta, Mcp-Method is the method, and Mcp-Name is params.name or params.uri. Mcp-Param-… headers \
repeat parameters that the tool's schema annotates with x-mcp-header.

A tool may have changed its annotations: send tools/list again and repeat the call.",
    find: |evidence| {
        // Before 2026-07-28, the code is the server's own.
        let is_modern = evidence.is_modern_request() || is_enveloped(evidence.exchange);
        if evidence.code() != Some(codes::HEADER_MISMATCH) || !is_modern {
            return None;
        }
        let because = match mirrored_name(evidence.exchange) {
            Some((sent, _)) if sent.starts_with(BASE64) && evidence.says(&[BASE64]) => {
                "the server compares the Base64 form of Mcp-Name without decoding it: its fault"
            }
            Some((_, true)) => {
                "Mcp-Name was sent, and matches the body: a gateway drops or changes it, or the server compares \
                 it wrongly"
            }
            _ => "",
        };
        Some(Conclusion { certainty: Certainty::Certain, because: because.to_owned() })
    },
    ..RULE
};

/// Start of a header value in Base64 (2026-07-28, Streamable HTTP, "Value Encoding").
const BASE64: &str = "=?base64?";

/// Returns the Mcp-Name header of a request, and whether it matches the body.
fn mirrored_name(exchange: &Exchange) -> Option<(&str, bool)> {
    let sent = exchange.request.header("mcp-name")?;
    let body: serde_json::Value = serde_json::from_str(&exchange.request.body).ok()?;
    let named = body["params"]["name"].as_str().or_else(|| body["params"]["uri"].as_str())?;
    Some((sent, crate::protocol::mirror::encoded(named) == sent))
}

pub(super) static ENVELOPE_MISSING: Rule = Rule {
    id: RuleId::EnvelopeMissing,
    title: "missing _meta envelope of 2026-07-28",
    means: "The header MCP-Protocol-Version names a modern revision, but the body does not match: \
            params._meta must carry io.modelcontextprotocol/protocolVersion and \
            io.modelcontextprotocol/clientCapabilities.",
    specification: "2026-07-28, Overview, _meta",
    about: "\
Without the envelope the response is 400 with -32602. Every modern request carries params._meta with \
io.modelcontextprotocol/protocolVersion (the same as in the header) and \
io.modelcontextprotocol/clientCapabilities (an object, {} for none). io.modelcontextprotocol/clientInfo is \
optional.

A mistyped header has the same effect: some servers treat every unknown revision as a modern one.",
    find: |evidence| {
        let names_it = evidence.says(&["io.modelcontextprotocol/", "_meta"]);
        // Some legacy servers ask every request for the envelope. That is another fault than a
        // request that promises it.
        let version = evidence.exchange.request.header(PROTOCOL_VERSION);
        let promised = version.is_some_and(|version| Era::of(version) == Era::Modern);
        let applies = evidence.code() == Some(codes::INVALID_PARAMS) && names_it && promised;
        applies.then(|| {
            // The server, or a tool, misses something else in it.
            let complete = is_enveloped(evidence.exchange);
            if complete { Certainty::Possible } else { Certainty::Certain }.into()
        })
    },
    ..RULE
};

/// Returns false if the body lacks a member that every modern request requires.
fn is_enveloped(exchange: &Exchange) -> bool {
    // A recording keeps only the beginning of a long body.
    let Ok(body) = serde_json::from_str::<serde_json::Value>(&exchange.request.body) else {
        return exchange.has_id();
    };
    let meta = &body["params"]["_meta"];
    meta[META_VERSION].is_string() && meta[META_CAPABILITIES].is_object()
}
