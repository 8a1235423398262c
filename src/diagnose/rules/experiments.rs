//! Rules that only experiments can show: they follow from several outcomes of a trace, see
//! `diagnose/experiments.rs`.

use super::super::id::RuleId;
use super::super::rule::{Next, RULE, Rule};

pub(super) static RULES: [&Rule; 6] = [
    &REJECTED,
    &INITIALIZE_REFUSED,
    &HANDSHAKE_MISSING,
    &VERSION_MISSING,
    &TEMPORARY_FAILURE,
    &REQUEST_ID_TYPE,
];

static REQUEST_ID_TYPE: Rule = Rule {
    id: RuleId::RequestIdType,
    title: "the server accepts only numeric request ids",
    means: "Send a number as the id of every request. mcpoke does so after a rejected initialize, and with \
            --request-id number.",
    server: "Accept strings and numbers as ids: the protocol permits both.",
    specification: "JSON-RPC 2.0, 4; 2025-11-25, Basic, Messages, Requests",
    about: "\
Some servers parse only numbers as request ids, and reject any other id as invalid. The same request with a \
number as its id works. The protocol permits strings and numbers.",
    ..RULE
};

static REJECTED: Rule = Rule {
    id: RuleId::Rejected,
    title: "rejected with and without a session",
    means: "The session is not the cause: the same request fails alike with and without one. Read the \
            server's message for the reason.",
    specification: "JSON-RPC 2.0, 5.1; RFC 9110, 15",
    about: "\
The request was sent without a session, and again after a handshake with the new session. Both responses \
have the same status and message, so the handshake makes no difference. Check the server's message and its \
`data`, the arguments of the request, and the server's log. Quotas, locks, validation and a backend that is \
down are typical causes.",
    next: Next::LookCloser,
    ..RULE
};

static INITIALIZE_REFUSED: Rule = Rule {
    id: RuleId::InitializeRefused,
    title: "the server rejects initialize",
    means: "A session requires a handshake. Read the server's message for the reason.",
    specification: "2025-11-25, Lifecycle, Initialization",
    about: "\
Every session begins with initialize, and this server rejects it. Requests that need a session then fail \
too; others may be rejected for the same reason. Possible causes: the server requires a header (a key, a \
tenant), it supports only one protocol version, its backend is down, or this address is not an MCP server. \
The request of 2026-07-28, which needs no handshake, was tried as well.",
    next: Next::LookCloser,
    ..RULE
};

static HANDSHAKE_MISSING: Rule = Rule {
    id: RuleId::HandshakeMissing,
    title: "handshake required, without a session id",
    means: "Send initialize and notifications/initialized first, and MCP-Protocol-Version with every later \
            request.",
    server: "Issue a session id if the server keeps state for a client. Otherwise accept each request by \
             itself.",
    specification: "2025-11-25, Lifecycle, Initialization",
    about: "\
The request fails as the first one and works after a handshake, but no Mcp-Session-Id was issued. The \
server recognises the client by its connection or its address, or accepts one handshake for all clients. Such servers \
often fail behind a load balancer.",
    next: Next::Init,
    ..RULE
};

static VERSION_MISSING: Rule = Rule {
    id: RuleId::VersionMissing,
    title: "missing MCP-Protocol-Version header",
    means: "After the handshake, send MCP-Protocol-Version with every request: the version that the server \
            chose.",
    server: "Treat a request without the header as 2025-03-26.",
    specification: "2025-11-25, Transports, Protocol Version Header",
    about: "\
The same request without a session works with MCP-Protocol-Version, and fails without it. The header was \
introduced with 2025-06-18. Servers should treat a request without it as 2025-03-26, but some reject it.",
    ..RULE
};

static TEMPORARY_FAILURE: Rule = Rule {
    id: RuleId::TemporaryFailure,
    title: "the request failed once and then worked",
    means: "The failure was temporary: the server was starting, overloaded or restarted. Try again.",
    specification: "RFC 9110, 15.6",
    about: "\
The request was repeated unchanged, without a session, and worked. Neither the session nor the form of the \
request was the cause. If it happens often, check the server's log, and the timeouts of any proxy in front \
of it.",
    next: Next::Nothing,
    ..RULE
};
