//! Rules for streams: empty, buffered, or already open.

use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, FirstLine, RECENT, RULE, Rule};
use super::super::tried::has_content;
use crate::exchange::{BodyKind, Outcome, TransportErrorKind};

pub(super) static STREAM_EMPTY: Rule = Rule {
    id: RuleId::StreamEmpty,
    title: "HTTP 200 without a JSON-RPC message",
    means: "The response ended without a JSON-RPC message. The server failed, it waits for \
            notifications/initialized, or a proxy cut the stream. The request may have run.",
    server: "Check the server's log: something ended the request early.",
    specification: "2025-11-25, Transports, Sending Messages to the Server, 6",
    about: "\
The stream ends before the response. rmcp up to 0.15 does this when notifications/initialized is missing. \
Crashing servers do it, and so do proxies whose read timeout expires (60 seconds in nginx). A request gets \
one JSON document, or a stream that ends with the response. A stream with event ids can be resumed with a \
GET and Last-Event-ID.",
    first_line: FirstLine::Client,
    find: |evidence| {
        let answer = evidence.answer?;
        let asks = evidence.is_post() && evidence.exchange.has_id();
        // A stream that broke, or that this side closed, did not end.
        let ended = match evidence.outcome {
            Outcome::Ended => !answer.events.iter().any(has_content),
            Outcome::Http => answer.shape == BodyKind::Empty,
            _ => false,
        };
        (answer.status == 200 && asks && ended).then(|| Certainty::Likely.into())
    },
    ..RULE
};

pub(super) static STREAM_BUFFERED: Rule = Rule {
    id: RuleId::StreamBuffered,
    title: "the event stream is buffered by a proxy",
    means: "Events arrive all at once, or not before the timeout: a proxy holds the response until it is \
            complete. Progress notifications and requests from the server do not get through.",
    server: "Send X-Accel-Buffering: no with every event stream, or turn buffering off in the proxy \
             (proxy_buffering off, in nginx).",
    specification: "2026-07-28, Streamable HTTP, Receiving Messages",
    about: "\
Calls work but are late. Everything before the response arrives too late: progress, log messages, and requests \
from the server, which waits for responses in vain. Proxies collect a response before they forward it, unless \
buffering is off for streams.

To confirm this, GET the standalone stream directly and through the proxy. A direct server sends the \
headers at once; a buffering proxy sends nothing.",
    first_line: FirstLine::Client,
    reach: RECENT,
    find: |evidence| {
        // Servers open this stream at once, but not even the headers arrived in time.
        let late = matches!(evidence.failure(), Some(TransportErrorKind::TooSlow(_)));
        let stream = evidence.exchange.request.method == "GET";
        let works = evidence.earlier.iter().chain(evidence.later).any(|e| e.request.method == "POST" && evidence.worked(e));
        (late && stream && works && evidence.answer.is_none()).then(|| Conclusion {
            certainty: Certainty::Likely,
            because: "requests get responses, but not even the headers of a stream come".to_owned(),
        })
    },
    ..RULE
};

pub(super) static STREAM_CONFLICT: Rule = Rule {
    id: RuleId::StreamConflict,
    title: "a stream of this session is already open",
    means: "A session has one standalone GET stream at a time. Another process of the client, or an earlier \
            run of it, still has it open.",
    specification: "2025-11-25, Transports, Listening for Messages from the Server",
    about: "\
Many servers allow one GET stream for a session and respond to a second with 409. The server sends its own \
messages on it. The stream is optional: a client that gets 409 or 405 continues without it.",
    is_provoked: true,
    find: |evidence| {
        let get = evidence.exchange.request.method == "GET";
        let says_so =
            evidence.says(&["multiple get", "already has a stream", "only one sse stream"]);
        match evidence.status() {
            409 if get => Some(Certainty::Certain.into()),
            400 | 409 if says_so => Some(evidence.by_words().into()),
            _ => None,
        }
    },
    ..RULE
};
