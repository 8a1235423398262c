//! The rules, each a small unit: evidence in, at most one finding out.

use super::{Certainty, Evidence, Finding};
use crate::exchange::Shape;
use crate::protocol::{headers, version};

type Rule = fn(&Evidence<'_>) -> Option<Finding>;

/// All rules. The order decides among findings of the same certainty.
pub(super) const RULES: [Rule; 14] = [
    auth_required,
    modern_only,
    version_unsupported,
    accept,
    content_type,
    not_initialized,
    session_missing,
    session_expired,
    redirected,
    rate_limited,
    body_too_large,
    upstream_down,
    wrong_path,
    not_mcp,
];

const SESSIONS: &str = "2025-11-25, Transports, Session Management";

/// A session is demanded, and none was sent.
fn session_missing(evidence: &Evidence<'_>) -> Option<Finding> {
    let Evidence { exchange, answer, .. } = evidence;
    let bare = exchange.session_sent().is_none() && exchange.request.method == "POST";
    // Whoever sends the version has done a handshake, and was given no session.
    let known_stateless = exchange.request.header(headers::PROTOCOL_VERSION).is_some();
    if !bare || known_stateless || exchange.is("initialize") || evidence.after_handshake() {
        return None;
    }
    let code = evidence.code();
    let refused = match answer.status {
        400 | 422 => !matches!(code, Some(-32700 | -32601 | -32602 | -32020 | -32021 | -32022)),
        // Some servers know no status for it: a JSON-RPC error of no method and no parameter.
        200 => matches!(code, Some(0 | -32600)),
        404 => evidence.text().contains("session"),
        _ => false,
    };
    if !refused || unlabelled_accept(evidence) {
        return None;
    }
    let text = evidence.text();
    let says_so = text.contains("session") || text.contains("initializ");
    Some(Finding {
        id: "session-missing",
        certainty: if says_so { Certainty::Certain } else { Certainty::Likely },
        title: "no Mcp-Session-Id was sent; this server requires one",
        means: "This server keeps sessions. A client sends initialize first, keeps the \
                Mcp-Session-Id header (not the body) of that answer, sends \
                notifications/initialized, and then sends the header on every request.",
        specification: SESSIONS,
    })
}

/// `notifications/initialized` was left out, and the server waits for it.
fn not_initialized(evidence: &Evidence<'_>) -> Option<Finding> {
    let told = evidence.earlier.iter().any(|exchange| exchange.is("notifications/initialized"));
    if told || !evidence.after_handshake() || evidence.exchange.is("notifications/initialized") {
        return None;
    }
    // Some servers end the stream without an answer, and the session with it.
    let cut_short = evidence.answer.is_success() && evidence.error.is_none();
    let refused =
        evidence.error.is_some() || matches!(evidence.answer.status, 400 | 401 | 404 | 422);
    let says_so = evidence.text().contains("initializ");
    (cut_short || refused).then_some(Finding {
        id: "not-initialized",
        certainty: if says_so { Certainty::Certain } else { Certainty::Likely },
        title: "notifications/initialized was not sent after initialize",
        means: "The handshake has two messages: initialize, and once it is answered \
                notifications/initialized, before anything else. Some servers refuse requests until \
                it has come, and some end the session.",
        specification: "2025-11-25, Lifecycle, Initialization",
    })
}

/// A session was sent that the server does not know, or no longer.
fn session_expired(evidence: &Evidence<'_>) -> Option<Finding> {
    let Evidence { exchange, answer, .. } = evidence;
    exchange.session_sent()?;
    // A session that was opened a moment ago has not expired.
    if !matches!(answer.status, 400 | 404)
        || evidence.after_handshake()
        || matches!(evidence.code(), Some(-32700 | -32601 | -32602 | -32020 | -32021 | -32022))
        || unlabelled_accept(evidence)
    {
        return None;
    }
    let says_so = evidence.text().contains("session");
    Some(Finding {
        id: "session-expired",
        certainty: if says_so { Certainty::Certain } else { Certainty::Likely },
        title: "the server does not know the session that was sent",
        means: "It was ended, it expired, or the server was started again. A client sends a new \
                initialize, without the old id, and goes on with the new one. What the server kept \
                in the old session is gone.",
        specification: SESSIONS,
    })
}

/// The server wants to know who is asking.
fn auth_required(evidence: &Evidence<'_>) -> Option<Finding> {
    if !matches!(evidence.answer.status, 401 | 403) {
        return None;
    }
    let text = evidence.text();
    let challenged = headers::CHALLENGES.iter().any(|name| evidence.answer.header(name).is_some());
    if !challenged && (text.contains("host") || text.contains("origin")) {
        return Some(Finding {
            id: "host-rejected",
            certainty: Certainty::Likely,
            title: "the server refuses the Host or Origin of the request",
            means: "It guards against DNS rebinding and answers only to the names it was told. Use \
                    the host name it expects, or add this one to its list of allowed hosts.",
            specification: "2025-11-25, Transports, Security Warning",
        });
    }
    Some(Finding {
        id: "auth-required",
        certainty: if challenged { Certainty::Certain } else { Certainty::Likely },
        title: "the server wants credentials that were not sent, or refuses those that were",
        means: "Send a token with --bearer (or MCPOKE_BEARER), or the header the server asks for \
                with -H 'Name: value'.",
        specification: "2025-11-25, Authorization, Access Token Usage",
    })
}

/// Only the era without a handshake is spoken here.
fn modern_only(evidence: &Evidence<'_>) -> Option<Finding> {
    let Evidence { exchange, answer, error, .. } = evidence;
    // What was sent in the modern era fails for another reason.
    if exchange.request.header(headers::METHOD).is_some() {
        return None;
    }
    let named = exchange.error_names_its_request();
    let proof = version::proves_modern(answer.status, error.as_ref()?, named)
        && (evidence.code() != Some(-32601) || exchange.is("initialize"));
    proof.then_some(Finding {
        id: "modern-only",
        certainty: Certainty::Certain,
        title: "the server speaks revision 2026-07-28, which has no handshake",
        means: "It knows neither initialize nor sessions: every request carries its own protocol \
                version and capabilities, in _meta and in headers. Without --protocol-version, \
                --no-session and --session-id mcpoke finds this out and speaks it.",
        specification: "2026-07-28, Versioning",
    })
}

/// The revision in the header is not one the server knows.
fn version_unsupported(evidence: &Evidence<'_>) -> Option<Finding> {
    evidence.exchange.request.header(headers::PROTOCOL_VERSION)?;
    let refused = matches!(evidence.answer.status, 400 | 404)
        && evidence.text().contains("protocol version")
        && evidence.code() != Some(-32022);
    refused.then_some(Finding {
        id: "version-unsupported",
        certainty: Certainty::Certain,
        title: "the server does not support the MCP-Protocol-Version that was sent",
        means: "Every request after the handshake carries the revision that the server chose in its \
                answer to initialize, and no other.",
        specification: "2025-11-25, Transports, Protocol Version Header",
    })
}

/// Both content types are demanded.
fn accept(evidence: &Evidence<'_>) -> Option<Finding> {
    if evidence.answer.status != 406 && !unlabelled_accept(evidence) {
        return None;
    }
    let sent = evidence.exchange.request.header("accept").unwrap_or_default();
    let both = sent.contains(headers::JSON) && sent.contains(headers::EVENT_STREAM);
    Some(if both {
        Finding {
            id: "accept",
            certainty: Certainty::Likely,
            title: "the server says that Accept lacks a type, although both were sent",
            means: "Something between this client and the server drops or rewrites the Accept header.",
            specification: "2025-11-25, Transports, Sending Messages to the Server",
        }
    } else {
        Finding {
            id: "accept",
            certainty: Certainty::Certain,
            title: "the Accept header does not name both content types",
            means: "Every POST carries Accept: application/json, text/event-stream. Many servers do \
                    not take */* for it.",
            specification: "2025-11-25, Transports, Sending Messages to the Server",
        }
    })
}

/// Servers that answer a wrong Accept with 400 say so in words alone.
fn unlabelled_accept(evidence: &Evidence<'_>) -> bool {
    evidence.answer.status == 400 && evidence.text().contains("accept must contain")
}

/// The body is not labelled as JSON.
fn content_type(evidence: &Evidence<'_>) -> Option<Finding> {
    let sent = evidence.exchange.request.header("content-type").unwrap_or_default();
    let refused = evidence.answer.status == 415
        || (evidence.answer.status == 400 && evidence.text().contains("content-type header"));
    (refused && !sent.starts_with(headers::JSON)).then_some(Finding {
        id: "content-type",
        certainty: Certainty::Certain,
        title: "the request is not labelled as JSON",
        means: "Every POST carries Content-Type: application/json.",
        specification: "2025-11-25, Transports, Sending Messages to the Server",
    })
}

/// The server is elsewhere.
fn redirected(evidence: &Evidence<'_>) -> Option<Finding> {
    let location = evidence.answer.header("location");
    (matches!(evidence.answer.status, 301 | 302 | 303 | 307 | 308) && location.is_some()).then_some(
        Finding {
            id: "redirected",
            certainty: Certainty::Certain,
            title: "the server redirects to another address",
            means: "Use the address in its Location header as it stands there. Only 307 and 308 within \
                    the same origin are followed: elsewhere a request would take its credentials \
                    along, and 301, 302 and 303 would turn the POST into a GET.",
            specification: "RFC 9110, 15.4",
        },
    )
}

/// Too many requests, or the server asks for patience.
fn rate_limited(evidence: &Evidence<'_>) -> Option<Finding> {
    let patience = evidence.answer.header("retry-after").is_some();
    let certain = evidence.answer.status == 429;
    (certain || (evidence.answer.status == 503 && patience)).then_some(Finding {
        id: "rate-limited",
        certainty: if certain { Certainty::Certain } else { Certainty::Likely },
        title: "the server takes no more requests for now",
        means: "Wait as long as its Retry-After header says (seconds, or a date), and send fewer \
                requests at once.",
        specification: "RFC 6585, 4; RFC 9110, 10.2.3",
    })
}

/// The request is larger than the server, or something before it, takes.
fn body_too_large(evidence: &Evidence<'_>) -> Option<Finding> {
    (evidence.answer.status == 413).then_some(Finding {
        id: "body-too-large",
        certainty: Certainty::Certain,
        title: "the request is larger than the server takes",
        means: "Send smaller arguments. If the answer is a web page, a proxy in between sets the \
                limit (client_max_body_size, in nginx).",
        specification: "RFC 9110, 15.5.14",
    })
}

/// A proxy answers, and the server behind it does not.
fn upstream_down(evidence: &Evidence<'_>) -> Option<Finding> {
    let answer = evidence.answer;
    let gateway = matches!(answer.status, 502 | 504)
        || (answer.status == 503 && answer.header("retry-after").is_none());
    (gateway && evidence.error.is_none()).then_some(Finding {
        id: "upstream-down",
        certainty: if answer.shape == Shape::Html {
            Certainty::Likely
        } else {
            Certainty::Possible
        },
        title: "a proxy answers, and the server behind it does not",
        means: "The address is right and the server itself is down, starting, or slower than the \
                proxy waits.",
        specification: "RFC 9110, 15.6",
    })
}

/// There is a web server, but no MCP endpoint at this path.
fn wrong_path(evidence: &Evidence<'_>) -> Option<Finding> {
    let answer = evidence.answer;
    let no_route = matches!(answer.status, 404 | 405)
        && evidence.error.is_none()
        && evidence.exchange.session_sent().is_none()
        && !evidence.text().contains("session");
    no_route.then_some(Finding {
        id: "wrong-path",
        certainty: Certainty::Likely,
        title: "there is no MCP endpoint at this path",
        means: "Check the path: /mcp is usual, with or without a slash at its end. A server of the \
                HTTP+SSE transport (2024-11-05), often at /sse, answers like this too.",
        specification: "2025-11-25, Transports, Streamable HTTP",
    })
}

/// What answered is no MCP server.
fn not_mcp(evidence: &Evidence<'_>) -> Option<Finding> {
    let answer = evidence.answer;
    let foreign = answer.is_success() && matches!(answer.shape, Shape::Html | Shape::Text);
    foreign.then_some(Finding {
        id: "not-mcp",
        certainty: Certainty::Likely,
        title: "what answers here is not an MCP server",
        means: "A web page or plain text came where JSON or an event stream was asked for: another \
                port, another path, or a login page in between.",
        specification: "2025-11-25, Transports, Streamable HTTP",
    })
}

#[cfg(test)]
mod tests {
    use crate::diagnose::{Certainty, explain, remark};
    use crate::exchange::Exchange;
    use crate::exchange::testing::{answered, sent, with_headers};

    fn ids(exchange: Exchange) -> Vec<(&'static str, Certainty)> {
        let found = explain(&[exchange]);
        found.into_iter().map(|finding| (finding.id, finding.certainty)).collect()
    }

    fn top(exchange: Exchange) -> &'static str {
        ids(exchange).first().map_or("", |(id, _)| id)
    }

    fn error(code: i64, message: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":null,"error":{{"code":{code},"message":"{message}"}}}}"#)
    }

    #[test]
    fn a_missing_session_is_found_in_every_shape() {
        let call = || sent("tools/call", None);
        let shapes = [
            (400, error(-32000, "Bad Request: Server not initialized")),
            (400, error(-32600, "Bad Request: Missing session ID")),
            (400, "Bad Request: Session ID is required".to_owned()),
            (422, "Unexpected message, expect initialize request".to_owned()),
            (200, error(0, "method is invalid during session initialization")),
            (404, "Invalid session ID".to_owned()),
        ];
        for (status, body) in shapes {
            assert_eq!(top(answered(call(), status, &body)), "session-missing", "{status} {body}");
        }
    }

    #[test]
    fn what_only_looks_like_a_missing_session() {
        let call = || sent("tools/call", None);
        assert_eq!(top(answered(call(), 400, &error(-32602, "no such parameter"))), "");
        assert_eq!(top(answered(call(), 200, &error(-32601, "Method not found"))), "");
        assert_eq!(top(answered(sent("initialize", None), 400, &error(-32000, "x"))), "");
        assert_eq!(top(answered(call(), 404, "<html>Cannot POST /</html>")), "wrong-path");
        let go = "Accept must contain both 'application/json' and 'text/event-stream'";
        assert_eq!(top(answered(call(), 400, go)), "accept");
    }

    #[test]
    fn an_unknown_session_is_not_a_missing_one() {
        let call = || sent("tools/call", Some("id"));
        let body = error(-32000, "Bad Request: No valid session ID provided");
        assert_eq!(ids(answered(call(), 400, &body)), [("session-expired", Certainty::Certain)]);
        assert_eq!(top(answered(call(), 404, "")), "session-expired");
        assert_eq!(top(answered(call(), 404, &error(-32601, "Method not found"))), "");
    }

    #[test]
    fn a_handshake_without_its_second_message() {
        let result = r#"{"jsonrpc":"2.0","id":"x","result":{}}"#;
        let opened =
            || with_headers(sent("initialize", None), 200, &[("mcp-session-id", "a")], result);
        let told = || answered(sent("notifications/initialized", Some("a")), 202, "");
        let refused = |body: &str, status| answered(sent("tools/call", Some("a")), status, body);
        let top = |history: &[Exchange]| explain(history).first().map(|found| found.id);
        let body = error(-32602, "Invalid request parameters");
        assert_eq!(top(&[opened(), refused(&body, 200)]), Some("not-initialized"));
        assert_eq!(top(&[opened(), refused("", 200)]), Some("not-initialized"));
        assert_eq!(top(&[opened(), told(), refused(&body, 200)]), None);
        assert_eq!(top(&[opened(), refused(result, 200)]), None);
    }

    #[test]
    fn credentials_hosts_and_paths() {
        let call = || sent("tools/call", None);
        let challenge = [("www-authenticate", "Bearer")];
        let refused = with_headers(call(), 401, &challenge, "");
        assert_eq!(ids(refused), [("auth-required", Certainty::Certain)]);
        assert_eq!(
            top(answered(call(), 403, &error(-32000, "Invalid Host: evil"))),
            "host-rejected"
        );
        let moved = with_headers(call(), 307, &[("location", "http://h/mcp/")], "");
        assert_eq!(top(moved), "redirected");
        assert_eq!(top(answered(call(), 200, "<html>login</html>")), "not-mcp");
    }

    #[test]
    fn limits_and_gateways() {
        let call = || sent("tools/call", None);
        assert_eq!(top(answered(call(), 429, "")), "rate-limited");
        assert_eq!(top(with_headers(call(), 503, &[("retry-after", "5")], "")), "rate-limited");
        assert_eq!(top(answered(call(), 413, "<html>")), "body-too-large");
        assert_eq!(top(answered(call(), 502, "<html>Bad Gateway</html>")), "upstream-down");
        assert_eq!(top(answered(call(), 500, "oops")), "");
    }

    #[test]
    fn a_server_of_the_modern_era_is_known_by_its_codes() {
        let init = || sent("initialize", None);
        let body = error(-32022, "Unsupported protocol version: 2025-11-25");
        assert_eq!(top(answered(init(), 400, &body)), "modern-only");
        let body = error(-32602, "missing _meta: io.modelcontextprotocol/protocolVersion");
        assert_eq!(top(answered(init(), 400, &body)), "modern-only");
        assert_eq!(top(answered(init(), 400, &error(-32602, "bad params"))), "");
    }

    #[test]
    fn what_worked_has_no_finding_and_may_have_a_remark() {
        let body = r#"{"jsonrpc":"2.0","id":"x","result":{}}"#;
        assert_eq!(top(answered(sent("tools/call", None), 200, body)), "");
        assert!(remark(&answered(sent("tools/call", None), 200, body)).is_none());
        let issued = [("mcp-session-id", "abc")];
        let opened = with_headers(sent("initialize", None), 200, &issued, body);
        assert!(remark(&opened).unwrap().contains("issued a session id here"));
        let stateless = answered(sent("initialize", None), 200, body);
        assert!(remark(&stateless).unwrap().contains("no session id"));
    }
}
