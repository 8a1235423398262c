//! Rules for HTTP itself: media types, paths, redirects, limits, gateways and connections.

use super::super::evidence::Evidence;
use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, FirstLine, Next, RULE, Rule};
use super::unlabelled_accept;
use crate::exchange::{BodyKind, Exchange, Outcome, TransportErrorKind};
use crate::protocol::{codes, methods};

const SENDING: &str = "2025-11-25, Transports, Sending Messages to the Server";

pub(super) fn hosts(evidence: &Evidence<'_>) -> bool {
    evidence.status() == 421 || evidence.says(&["host"])
}

pub(super) fn origins(evidence: &Evidence<'_>) -> bool {
    evidence.says(&["origin"])
}

pub(super) static HOST_REJECTED: Rule = Rule {
    id: RuleId::HostRejected,
    title: "the server refuses the Host of the request",
    means: "The server prevents DNS rebinding by allowing only configured host names. Use one of them.",
    server: "Add this name to the allowed hosts, or let the proxy pass the Host that the server expects.",
    specification: "2025-11-25, Transports, Security Warning",
    about: "\
403 \"Invalid Host\" (TypeScript, Go, rmcp) or 421 \"Invalid Host header\" (Python): the SDK rejected the \
Host header. The check protects a developer's machine from web pages that reach the server under their own \
name. A proxy sends its own Host by default, and then every request is refused. Configure it to keep the \
Host (proxy_set_header Host $host, in nginx).",
    next: Next::LookCloser,
    stops_trace: true,
    find: |evidence| {
        let refused = evidence.status() == 421
            || (evidence.status() == 403
                && evidence.challenge().is_none()
                && hosts(evidence)
                && !origins(evidence));
        // All requests to an address carry the same Host.
        if !refused || evidence.works_with(|_| true).is_some() {
            return None;
        }
        let certain = (evidence.status() == 421 || evidence.says(&["invalid host", "host header"]))
            && !evidence.is_after_handshake_here();
        Some(if certain { evidence.by_words() } else { Certainty::Likely }.into())
    },
    ..RULE
};

pub(super) static ORIGIN_REJECTED: Rule = Rule {
    id: RuleId::OriginRejected,
    title: "the server refuses the Origin of the request",
    means: "Web pages of other origins may not call the server. Clients outside a browser send no Origin.",
    server: "Add the page's origin to the list of allowed origins.",
    specification: "2025-11-25, Transports, Security Warning",
    about: "\
Servers must check the Origin header of browser requests and reject unknown origins with 403. A client \
outside a browser leaves the header out.",
    next: Next::LookCloser,
    find: |evidence| {
        let sent = evidence.exchange.request.header("origin").is_some();
        if evidence.status() != 403 || evidence.challenge().is_some() {
            return None;
        }
        if sent && evidence.works_later(|later| later.request.header("origin").is_none()).is_some()
        {
            return Some(Conclusion {
                certainty: Certainty::Certain,
                because: "without the header the same request works".to_owned(),
            });
        }
        let names_it = origins(evidence);
        if !names_it && (!sent || hosts(evidence)) {
            return None;
        }
        let without = |other: &Exchange| other.request.header("origin").is_none();
        let with = |other: &Exchange| !without(other);
        // The same refusal without an Origin, or a success with it, has another cause.
        if sent && (evidence.fails_alike(without).is_some() || evidence.works_with(with).is_some())
        {
            return Some(Certainty::Possible.into());
        }
        Some(if names_it && sent { evidence.by_words() } else { Certainty::Likely }.into())
    },
    ..RULE
};

pub(super) static ACCEPT: Rule = Rule {
    id: RuleId::Accept,
    title: "the server rejects the Accept header",
    means: "Every POST requires Accept: application/json, text/event-stream. Many servers do not accept */* \
            instead. If both types were sent, something between client and server changes the header, or the \
            server cannot respond with a stream.",
    specification: SENDING,
    about: "\
Most servers respond with 406 to an incomplete Accept header; go-sdk, Java and Spring respond with 400. A \
response is a JSON document or an event stream, so a client must accept both: Accept: application/json, \
text/event-stream. Some servers accept */*, others do not.

If both types are sent and refused, a proxy or a serverless adapter may rewrite the header. Some servers \
work only with Accept: application/json, because they do not implement streams; trace tests that.",
    find: |evidence| {
        if (evidence.status() != 406 && !unlabelled_accept(evidence)) || !evidence.knows_headers() {
            return None;
        }
        if evidence.exchange.accepts_both() {
            return Some(Conclusion {
                certainty: Certainty::Likely,
                because: "both types were sent: something in between rewrites the header".to_owned(),
            });
        }
        if let Some(other) = evidence.fails_alike(Exchange::accepts_both) {
            return Some(Conclusion {
                certainty: Certainty::Possible,
                because: format!("{} sent both types, and is refused alike", other.number),
            });
        }
        if let Some(later) = evidence.works_later(Exchange::accepts_both) {
            return Some(Conclusion {
                certainty: Certainty::Certain,
                because: format!("{} is the same request with both types, and works", later.number),
            });
        }
        let silent = evidence.shape() == Some(BodyKind::Empty) && evidence.status() != 406;
        Some(if silent { Certainty::Likely } else { evidence.by_words() }.into())
    },
    ..RULE
};

pub(super) static CONTENT_TYPE: Rule = Rule {
    id: RuleId::ContentType,
    title: "Content-Type is not application/json",
    means: "Every POST needs Content-Type: application/json.",
    specification: SENDING,
    about: "\
415 (400 from some servers) means that Content-Type: application/json is missing. HTTP libraries label a \
string as text/plain or as a form by default. Set the header explicitly.",
    find: |evidence| {
        let unlabelled = !evidence.exchange.is_labelled_json();
        let refused = matches!(evidence.status(), 400 | 415 | 500)
            || evidence.code() == Some(codes::PARSE_ERROR);
        if !evidence.is_post() || !refused || !unlabelled || !evidence.knows_headers() {
            return None;
        }
        if let Some(other) = evidence.fails_alike(Exchange::is_labelled_json) {
            return Some(Conclusion {
                certainty: Certainty::Possible,
                because: format!("{} is labelled as JSON, and is refused alike", other.number),
            });
        }
        let says_so = evidence.status() == 415 || evidence.says(&["content-type", "content type"]);
        Some(if says_so { evidence.by_words() } else { Certainty::Likely }.into())
    },
    ..RULE
};

pub(super) static BODY_NOT_ACCEPTED: Rule = Rule {
    id: RuleId::BodyNotAccepted,
    title: "the server rejected the request body",
    means: "A POST carries one JSON-RPC 2.0 message: a JSON object with jsonrpc \"2.0\" and a method. A \
            request also has an id, a string or a number. Only 2025-03-26 has batches.",
    specification: SENDING,
    about: "\
Servers respond with -32700 or -32600 and status 400, rmcp with 415, Express with an HTML page, a few with \
500. They reject text that is not JSON, an array (a batch, only in 2025-03-26), an object without jsonrpc \
\"2.0\", and a request with a null id. Send one message per POST.",
    find: |evidence| {
        if !evidence.is_post() {
            return None;
        }
        let labelled = evidence.exchange.is_labelled_json();
        let wrong = wrong_body(evidence);
        let refused = matches!(evidence.status(), 400 | 415 | 422 | 500)
            || matches!(
                evidence.code(),
                Some(
                    codes::PARSE_ERROR
                        | codes::INVALID_REQUEST
                        | codes::INVALID_PARAMS
                        | codes::INTERNAL_ERROR
                )
            );
        match wrong {
            Some(why) if refused => {
                // Without its length, a recorded body may be incomplete.
                let is_whole = evidence.exchange.request.header("content-length").is_some();
                let certainty = if is_whole { Certainty::Certain } else { Certainty::Likely };
                Some(Conclusion { certainty, because: why.to_owned() })
            }
            // The body was a JSON-RPC message, so something else kept the server from reading it: its own
            // exception, or a proxy that changed the body.
            _ if evidence.code() == Some(codes::PARSE_ERROR) => Some(Conclusion {
                certainty: Certainty::Possible,
                because: "the body was a valid JSON-RPC message; the server failed to read it"
                    .to_owned(),
            }),
            _ if evidence.status() == 415 && labelled => Some(Certainty::Likely.into()),
            _ => None,
        }
    },
    ..RULE
};

/// Returns what is wrong with a request body.
fn wrong_body(evidence: &Evidence<'_>) -> Option<&'static str> {
    let request = &evidence.exchange.request;
    let body = request.body.trim();
    // Recordings may lack the body, or keep only its beginning.
    let length = request.header("content-length").and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length != request.body.len())
        || (length.is_none() && body.is_empty())
    {
        return None;
    }
    if body.is_empty() {
        return Some("the body is empty");
    }
    match serde_json::from_str::<serde_json::Value>(body) {
        // The id was read before a long body was truncated.
        Err(_) if evidence.exchange.request_id().is_some() => None,
        Err(_) => Some("the request is not JSON"),
        Ok(serde_json::Value::Array(_)) => Some("a batch was sent"),
        Ok(value) if value["jsonrpc"] != "2.0" => Some("the request is not JSON-RPC 2.0"),
        Ok(value) if value.get("id").is_some_and(serde_json::Value::is_null) => {
            Some("the id is null")
        }
        Ok(_) => None,
    }
}

pub(super) static REDIRECTED: Rule = Rule {
    id: RuleId::Redirected,
    title: "redirect to another address",
    means: "Use the exact URL in the Location header. Only 307 and 308 within the same origin are followed. \
            Another origin would receive the credentials, and 301, 302 and 303 would turn the POST into a GET.",
    specification: "RFC 9110, 15.4",
    about: "\
Usual causes: a missing or extra slash at the end of the path (Python servers send 307 from /mcp/ to /mcp), \
http instead of https, or a login page. After 301 or 302, most HTTP libraries turn a POST into a GET without \
a body. They drop Authorization on the way to another host. The next error then looks like a server fault. \
Use the final URL.",
    next: Next::OtherAddress,
    stops_trace: true,
    find: |evidence| {
        let location = evidence.header("location");
        let because = match location {
            Some(to) if to.contains("login") || to.contains("signin") => {
                "it leads to a login page".to_owned()
            }
            _ => String::new(),
        };
        (matches!(evidence.status(), 301 | 302 | 303 | 307 | 308) && location.is_some())
            .then_some(Conclusion { certainty: Certainty::Certain, because })
    },
    ..RULE
};

pub(super) static RATE_LIMITED: Rule = Rule {
    id: RuleId::RateLimited,
    title: "rate limited by the server",
    means: "Wait for the time in the Retry-After header (seconds or a date), and send fewer requests at once.",
    specification: "RFC 6585, 4; RFC 9110, 10.2.3",
    about: "\
429 and 503 with Retry-After mean: wait. \"Too many open sessions\" means that clients do not close their \
sessions. End each with DELETE.",
    next: Next::Nothing,
    stops_trace: true,
    find: |evidence| {
        let waits = evidence.header("retry-after").is_some() || evidence.says(&["too many"]);
        match evidence.status() {
            429 => Some(Certainty::Certain.into()),
            503 if waits => Some(Certainty::Likely.into()),
            _ => None,
        }
    },
    ..RULE
};

pub(super) static BODY_TOO_LARGE: Rule = Rule {
    id: RuleId::BodyTooLarge,
    title: "request too large for the server",
    means: "Send smaller arguments. If the response is a web page, a proxy sets the limit \
            (client_max_body_size, in nginx).",
    server: "Raise the limit of the proxy or the server, if such requests should work.",
    specification: "RFC 9110, 15.5.14",
    about: "\
A 413 from the server is JSON or text. A 413 from a proxy is a web page. nginx allows 1 MiB by default \
(client_max_body_size). Express allows 100 KiB by default.",
    find: |evidence| (evidence.status() == 413).then(|| evidence.by_words().into()),
    ..RULE
};

pub(super) static UPSTREAM_DOWN: Rule = Rule {
    id: RuleId::UpstreamDown,
    title: "server behind the proxy is not responding",
    means: "The URL is right, but the server is down, starting, or slower than the proxy's timeout.",
    server: "Start the server, or fix the proxy's upstream.",
    specification: "RFC 9110, 15.6",
    about: "\
502: the proxy got no response from the server. 504: the response took too long. 503: the server is \
starting. The body comes from the proxy.",
    next: Next::Nothing,
    find: |evidence| {
        let status = evidence.status();
        let gateway = matches!(status, 502 | 504)
            || (status == 503 && evidence.header("retry-after").is_none());
        let session = status == 503 && evidence.says(&["session"]);
        (gateway && evidence.error.is_none() && !session).then(|| {
            let page = evidence.shape() == Some(BodyKind::Html);
            if page || status == 502 { Certainty::Likely } else { Certainty::Possible }.into()
        })
    },
    ..RULE
};

pub(super) static WRONG_PATH: Rule = Rule {
    id: RuleId::WrongPath,
    title: "no MCP endpoint at this path",
    means: "Check the path: /mcp is usual, with or without a final slash. An HTTP+SSE server (2024-11-05), \
            often at /sse, rejects a POST like this too.",
    specification: "2025-11-25, Transports, Streamable HTTP",
    about: "\
\"Not Found\", \"Cannot POST /\", \"404 page not found\": a 404 without a JSON-RPC error comes from the web \
server, not from MCP. Most servers use the path /mcp. It must match exactly: go-sdk and Hono treat /mcp/ as \
another path. 405 to a POST means that the path exists but does not accept POST.",
    next: Next::OtherAddress,
    find: |evidence| {
        let no_route = evidence.is_post()
            && (matches!(evidence.status(), 404 | 405))
            && evidence.code().is_none()
            && evidence.session().is_none_or(|_| evidence.shape() == Some(BodyKind::Html))
            && !evidence.says(&["session", "protocol version"]);
        // Another message that is taken here shows that the path is right.
        let is_taken = |other: &Exchange| {
            other.request.method == "POST"
                && other.request.url == evidence.exchange.request.url
                && (evidence.worked(other) || other.status() == Some(202))
        };
        if !no_route || evidence.exchange.request.is_sessionless || evidence.others().any(is_taken)
        {
            return None;
        }
        let elsewhere = evidence.later.iter().find(|later| {
            later.is(methods::INITIALIZE)
                && later.request.url != evidence.exchange.request.url
                && evidence.worked(later)
        });
        Some(match elsewhere {
            Some(later) => Conclusion {
                certainty: Certainty::Certain,
                because: format!("{} shows one at {}", later.number, later.request.url),
            },
            None => Certainty::Likely.into(),
        })
    },
    ..RULE
};

pub(super) static NOT_MCP: Rule = Rule {
    id: RuleId::NotMcp,
    title: "this is not an MCP server",
    means: "The response is a web page or plain text, not JSON or an event stream. Check for a wrong port, a \
            wrong path or a login page.",
    specification: "2025-11-25, Transports, Streamable HTTP",
    about: "\
A web page with status 200 came instead of JSON or an event stream. It comes from a single-page application \
(these serve every path), a login portal, or another program on the port. Check the port and the path.",
    next: Next::Nothing,
    first_line: FirstLine::Always,
    find: |evidence| {
        let answer = evidence.answer?;
        let asks = evidence.is_post() && evidence.exchange.has_id();
        let page = matches!(answer.shape, BodyKind::Html | BodyKind::Text);
        // Web servers that do not support POST at all respond with 501.
        let foreign = (answer.is_success() || answer.status == 501) && page;
        (foreign && asks && evidence.error.is_none()).then(|| Certainty::Likely.into())
    },
    ..RULE
};

pub(super) static RESPONSE_ID_MISMATCH: Rule = Rule {
    id: RuleId::ResponseIdMismatch,
    title: "response id differs from the request id",
    means: "A client cannot match the response to its request. Servers that support only numeric ids change \
            text ids: --request-id number sends numbers.",
    server: "Return the id of the request unchanged: the same type and the same value.",
    specification: "JSON-RPC 2.0, 5",
    about: "\
A response carries the id of its request, with the same type and value. Some servers return 0 or null for \
every text id, change its case, shorten it, or turn numbers into text. Clients wait for the id they sent and \
ignore the response.",
    first_line: FirstLine::Client,
    next: Next::Nothing,
    find: |evidence| {
        let Outcome::OtherId(id) = &evidence.outcome else { return None };
        let sent = evidence.exchange.request_id()?;
        let because = format!("sent {sent}, received {id}");
        Some(Conclusion { certainty: Certainty::Certain, because })
    },
    ..RULE
};

pub(in crate::diagnose) static UNKNOWN: Rule = Rule {
    id: RuleId::Unknown,
    title: "request failed for an unknown reason",
    means: "No rule matches. The request and the response are the only evidence. Check the server's log.",
    specification: "",
    about: "\
No rule matches the evidence, and mcpoke does not guess. Two commands show more. `mcpoke trace TARGET` tests \
the server step by step. The failed command with --trace shows every relevant byte. Please report a server \
whose error message no rule recognises.",
    next: Next::LookCloser,
    first_line: FirstLine::Client,
    is_repeated: true,
    find: |evidence| {
        if evidence.failure() == Some(TransportErrorKind::Unknown) {
            let because = "the recording does not say why no complete response came".to_owned();
            return Some(Conclusion { certainty: Certainty::Possible, because });
        }
        let answer = evidence.answer?;
        // A JSON-RPC error explains itself, and so does a broken stream.
        let says_itself = evidence.error.is_some() && (200..500).contains(&answer.status);
        let broken = evidence.exchange.failure.is_some();
        (!says_itself && !broken && !evidence.worked(evidence.exchange))
            .then(|| Certainty::Possible.into())
    },
    ..RULE
};
