//! Rules for streams: empty, buffered, or already open.

use super::super::id::RuleId;
use super::super::rule::{Certainty, Conclusion, FirstLine, RECENT, RULE, Rule};
use crate::exchange::{BodyKind, Event, Outcome, TransportErrorKind};
use crate::protocol::jsonrpc;

pub(super) static STREAM_EMPTY: Rule = Rule {
    id: RuleId::StreamEmpty,
    title: "the server answered 200 and sent no answer",
    means: "The stream ended without a JSON-RPC message: the server failed while it worked, or it waits \
            for notifications/initialized, or a proxy cut the stream. The request may have run.",
    server: "Look at the server's log: something ended the request without an answer.",
    specification: "2025-11-25, Transports, Sending Messages to the Server, 6",
    about: "\
A request is answered with one JSON document or with a stream that ends with the answer. A stream that ends \
before is no answer: rmcp up to 0.15 does this when notifications/initialized is missing, servers that crash \
do it, and so do proxies whose read timeout is over (60 seconds in nginx). A stream with event ids can be \
taken up again with a GET and Last-Event-ID.",
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

/// Returns true for an event with data that is no JSON-RPC message: a response in a wrong form, not none.
fn has_content(event: &Event) -> bool {
    let data = event.data.as_deref().unwrap_or_default().trim();
    !data.is_empty() && jsonrpc::parse(data).is_err()
}

pub(super) static STREAM_BUFFERED: Rule = Rule {
    id: RuleId::StreamBuffered,
    title: "the event stream is buffered by a proxy",
    means: "What the server sends bit by bit arrives in one piece, or not until the time is up: a proxy \
            keeps the answer until it is complete. Progress and questions of the server do not get through.",
    server: "Send X-Accel-Buffering: no with every event stream, or turn buffering off in the proxy \
             (proxy_buffering off, in nginx).",
    specification: "2026-07-28, Streamable HTTP, Receiving Messages",
    about: "\
Proxies collect an answer before they hand it on, unless they are told that it is a stream. Calls then work \
and are only late; what is lost is all that comes before the answer: progress, log messages, and questions \
to the client, whose answer the server waits for in vain.

A GET of the standalone stream shows it best: a direct server sends the headers at once, and a buffering \
proxy sends nothing at all.",
    first_line: FirstLine::Client,
    reach: RECENT,
    find: |evidence| {
        // Servers open this stream at once, but not even the headers arrived in time.
        let late = matches!(evidence.failure(), Some(TransportErrorKind::TooSlow(_)));
        let stream = evidence.exchange.request.method == "GET";
        let works = evidence.earlier.iter().chain(evidence.later).any(|e| e.request.method == "POST" && evidence.worked(e));
        (late && stream && works && evidence.answer.is_none()).then(|| Conclusion {
            certainty: Certainty::Likely,
            because: "requests are answered, and of a stream not even the headers come".to_owned(),
        })
    },
    ..RULE
};

pub(super) static STREAM_CONFLICT: Rule = Rule {
    id: RuleId::StreamConflict,
    title: "another stream of this session is open already",
    means: "A session has one standalone GET stream at a time. Another process of the client, or an \
            earlier run of it, still has it open.",
    specification: "2025-11-25, Transports, Listening for Messages from the Server",
    about: "\
The stream that a client opens with GET is the server's way to speak unasked; many servers allow one for a \
session and answer a second with 409. The stream is optional: a client that gets 409 or 405 for it goes on \
without.",
    is_provoked: true,
    find: |evidence| {
        let get = evidence.exchange.request.method == "GET";
        let says_so =
            evidence.says(&["multiple get", "already has a stream", "only one sse stream"]);
        match evidence.status() {
            409 if get => Some(Certainty::Certain.into()),
            400 | 409 if says_so => Some(Certainty::Certain.into()),
            _ => None,
        }
    },
    ..RULE
};
