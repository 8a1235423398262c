//! Rules for HTTP itself: media types, paths, redirects, limits, gateways and connections.

use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, Evidence, FirstLine, Next, RULE, Rule};
use super::unlabelled_accept;
use crate::exchange::{BodyKind, Outcome};
use crate::protocol::headers;
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
    means: "It guards against DNS rebinding and answers only to the names it was told. Use the host name \
            it expects.",
    server: "Add this name to the list of allowed hosts, or let the proxy pass the Host that the server \
             expects.",
    specification: "2025-11-25, Transports, Security Warning",
    about: "\
A server on a developer's machine must not answer web pages that reach it under a name of theirs. The SDKs \
therefore look at the Host header: 403 \"Invalid Host\" (TypeScript, Go, rmcp), 421 \"Invalid Host header\" \
(Python). Behind a proxy the Host is the proxy's unless it is told to keep it (proxy_set_header Host $host, \
in nginx), and then every request is refused.",
    stops_trace: true,
    find: |evidence| {
        let refused = evidence.status() == 421
            || (evidence.status() == 403
                && evidence.challenge().is_none()
                && hosts(evidence)
                && !origins(evidence));
        let certain = evidence.status() == 421 || evidence.says(&["invalid host", "host header"]);
        refused.then(|| if certain { Certainty::Certain } else { Certainty::Likely }.into())
    },
    ..RULE
};

pub(super) static ORIGIN_REJECTED: Rule = Rule {
    id: RuleId::OriginRejected,
    title: "the server refuses the Origin of the request",
    means: "Web pages of other origins may not call it. A client that is no browser sends no Origin at all.",
    server: "Add the page's origin to the list of allowed origins.",
    specification: "2025-11-25, Transports, Security Warning",
    about: "\
Servers must look at the Origin header of requests from browsers and refuse the ones they do not know with \
403. A client outside a browser leaves the header out.",
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
        (names_it || (sent && !hosts(evidence)))
            .then(|| if names_it && sent { Certainty::Certain } else { Certainty::Likely }.into())
    },
    ..RULE
};

pub(super) static ACCEPT: Rule = Rule {
    id: RuleId::Accept,
    title: "the server rejects the Accept header",
    means: "Every POST must carry Accept: application/json, text/event-stream; many servers do not accept \
            */* instead. If both types were sent, something between client and server changes the header, \
            or the server cannot respond with a stream.",
    specification: SENDING,
    about: "\
A server may answer with a JSON document or with an event stream, and a client says in Accept that it takes \
both: Accept: application/json, text/event-stream. Without it most servers answer 406; go-sdk, Java and \
Spring answer 400. */* is enough for some servers and not for others.

If both types are sent and refused, a proxy or a serverless adapter may rewrite the header. Some servers work \
only with Accept: application/json, because their streams are not implemented; trace tests that.",
    find: |evidence| {
        if evidence.status() != 406 && !unlabelled_accept(evidence) {
            return None;
        }
        let sent = evidence.exchange.request.header("accept").unwrap_or_default();
        let both = sent.contains(headers::JSON) && sent.contains(headers::EVENT_STREAM);
        Some(if both {
            Conclusion {
                certainty: Certainty::Likely,
                because: "both types were sent: something in between rewrites the header".to_owned(),
            }
        } else {
            Certainty::Certain.into()
        })
    },
    ..RULE
};

pub(super) static CONTENT_TYPE: Rule = Rule {
    id: RuleId::ContentType,
    title: "Content-Type is not application/json",
    means: "Every POST carries Content-Type: application/json.",
    specification: SENDING,
    about: "\
A body without Content-Type: application/json is refused with 415, or with 400 by some servers. HTTP \
libraries label a string as text/plain or as a form unless they are told otherwise.",
    find: |evidence| {
        let sent = evidence.exchange.request.header("content-type").unwrap_or_default();
        let unlabelled = !sent.to_ascii_lowercase().starts_with(headers::JSON);
        let refused = matches!(evidence.status(), 400 | 415 | 500)
            || evidence.code() == Some(codes::PARSE_ERROR);
        (evidence.is_post() && refused && unlabelled).then(|| {
            let says_so =
                evidence.status() == 415 || evidence.says(&["content-type", "content type"]);
            if says_so { Certainty::Certain } else { Certainty::Likely }.into()
        })
    },
    ..RULE
};

pub(super) static BODY_NOT_ACCEPTED: Rule = Rule {
    id: RuleId::BodyNotAccepted,
    title: "the server rejected the request body",
    means: "A POST carries one JSON-RPC 2.0 message: a JSON object with jsonrpc \"2.0\", a method, and for a \
            request an id that is a string or a number. Batches are of 2025-03-26 alone.",
    specification: SENDING,
    about: "\
One message goes into one POST. What is refused as a body: text that is no JSON, an array (a batch, which \
only revision 2025-03-26 knows), an object without jsonrpc \"2.0\", a request whose id is null. Servers \
answer -32700 or -32600 with 400, rmcp 415, Express an HTML page, and a few 500.",
    find: |evidence| {
        if !evidence.is_post() {
            return None;
        }
        let sent = evidence.exchange.request.header("content-type").unwrap_or_default();
        let labelled = sent.to_ascii_lowercase().starts_with(headers::JSON);
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
                Some(Conclusion { certainty: Certainty::Certain, because: why.to_owned() })
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
    let body = evidence.exchange.request.body.trim();
    if body.is_empty() {
        return Some("the body is empty");
    }
    match serde_json::from_str::<serde_json::Value>(body) {
        Err(_) => Some("what was sent is no JSON"),
        Ok(serde_json::Value::Array(_)) => Some("a batch was sent"),
        Ok(value) if value["jsonrpc"] != "2.0" => Some("what was sent is no JSON-RPC 2.0"),
        Ok(value) if value.get("id").is_some_and(serde_json::Value::is_null) => {
            Some("the id is null")
        }
        Ok(_) => None,
    }
}

pub(super) static REDIRECTED: Rule = Rule {
    id: RuleId::Redirected,
    title: "the server redirects to another address",
    means: "Use the address in its Location header as it stands there. Only 307 and 308 within the same \
            origin are followed: elsewhere a request would take its credentials along, and 301, 302 and \
            303 would turn the POST into a GET.",
    specification: "RFC 9110, 15.4",
    about: "\
The usual causes: a slash at the end of the path that is missing or too much (Python servers send 307 from \
/mcp/ to /mcp), http where the server wants https, and a login page in between. Most HTTP libraries turn a \
POST that is answered with 301 or 302 into a GET without a body, and drop Authorization on the way to \
another host: what then fails looks like a fault of the server. Use the final address.",
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
    means: "Wait as long as its Retry-After header says (seconds, or a date), and send fewer requests at \
            once.",
    specification: "RFC 6585, 4; RFC 9110, 10.2.3",
    about: "\
429 and 503 with Retry-After ask for patience. \"Too many open sessions\" means that clients leave their \
sessions open: end each with DELETE.",
    next: Next::Nothing,
    stops_trace: true,
    find: |evidence| {
        let patience = evidence.header("retry-after").is_some();
        let sessions = evidence.says(&["too many"]);
        let certain = evidence.status() == 429 || sessions;
        (certain && matches!(evidence.status(), 429 | 503)
            || (evidence.status() == 503 && patience))
            .then(|| if certain { Certainty::Certain } else { Certainty::Likely }.into())
    },
    ..RULE
};

pub(super) static BODY_TOO_LARGE: Rule = Rule {
    id: RuleId::BodyTooLarge,
    title: "the request is larger than the server takes",
    means: "Send smaller arguments. If the answer is a web page, a proxy in between sets the limit \
            (client_max_body_size, in nginx).",
    server: "Raise the limit of the proxy or of the server, if such requests are meant to work.",
    specification: "RFC 9110, 15.5.14",
    about: "\
413 comes from the server itself as JSON or text, and from a proxy as a web page: nginx takes 1 MiB unless \
client_max_body_size says otherwise. Express takes 100 KiB unless it is told otherwise.",
    find: |evidence| (evidence.status() == 413).then(|| Certainty::Certain.into()),
    ..RULE
};

pub(super) static UPSTREAM_DOWN: Rule = Rule {
    id: RuleId::UpstreamDown,
    title: "server behind the proxy is not responding",
    means: "The address is right and the server itself is down, starting, or slower than the proxy waits.",
    server: "Start the server, or tell the proxy where it is.",
    specification: "RFC 9110, 15.6",
    about: "\
502 means that nothing answered behind the proxy, 504 that it took too long, 503 that it is being started. \
The page that comes with it is the proxy's.",
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
    means: "Check the path: /mcp is usual, with or without a slash at its end. A server of the HTTP+SSE \
            transport (2024-11-05), often at /sse, answers a POST like this too.",
    specification: "2025-11-25, Transports, Streamable HTTP",
    about: "\
404 without a JSON-RPC error comes from the web server and not from MCP: \"Not Found\", \"Cannot POST /\", \
\"404 page not found\". The endpoint is one path, /mcp with most servers, and it is spelled exactly: /mcp/ is \
another one for go-sdk and Hono. 405 to a POST means that the path exists and takes something else.",
    next: Next::OtherAddress,
    find: |evidence| {
        let no_route = evidence.is_post()
            && (matches!(evidence.status(), 404 | 405))
            && evidence.code().is_none()
            && evidence.session().is_none_or(|_| evidence.shape() == Some(BodyKind::Html))
            && !evidence.says(&["session", "protocol version"]);
        if !no_route {
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
    title: "what answers here is not an MCP server",
    means: "A web page or plain text came where JSON or an event stream was asked for: another port, \
            another path, or a login page in between.",
    specification: "2025-11-25, Transports, Streamable HTTP",
    about: "\
An endpoint of MCP answers a request with JSON or with an event stream. A web page with status 200 comes \
from single-page applications (which answer every path), from login portals, and from whatever else listens \
on the port.",
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
    title: "the response has another id than the request",
    means: "A client cannot tell that the response belongs to its request. Servers that only handle numbers as \
            ids change text ids: --request-id number sends numbers.",
    server: "Return the id of the request unchanged: the same type and the same value.",
    specification: "JSON-RPC 2.0, 5",
    about: "\
A response carries the id of its request, with the same type and the same value. Some servers return 0 or null \
for every text id, change its case, shorten it, or turn numbers into text. Clients wait for the id they sent, \
and never see the response.",
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
    title: "request rejected for an unknown reason",
    means: "No rule fits. What was sent and what came back is all that there is to go by; the server's own log \
            knows best.",
    specification: "",
    about: "\
Nothing is guessed: where no rule fits the evidence, this says so. Two commands tell most then: `mcpoke \
trace TARGET`, which tries the server step by step, and the command that failed with --trace, which shows \
every byte of what matters. A server that words a refusal in a way that no rule knows is worth a report.",
    next: Next::LookCloser,
    first_line: FirstLine::Client,
    is_repeated: true,
    find: |evidence| {
        let answer = evidence.answer?;
        // A JSON-RPC error explains itself, and so does a broken stream.
        let says_itself = evidence.error.is_some() && (200..500).contains(&answer.status);
        let broken = evidence.exchange.failure.is_some();
        (!says_itself && !broken && !evidence.worked(evidence.exchange))
            .then(|| Certainty::Possible.into())
    },
    ..RULE
};
