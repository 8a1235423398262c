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
    title: "the server accepts only numbers as request ids",
    means: "Send a number as the id of every request. mcpoke does so by itself after a refused initialize, and with \
            --request-id number.",
    server: "Accept strings and numbers as ids: the protocol permits both.",
    specification: "JSON-RPC 2.0, 4; 2025-11-25, Basic, Messages, Requests",
    about: "\
The id of a request may be a string or a number. Some servers parse only numbers, and reject a request with any \
other id as invalid. The same request with a number as its id works.",
    ..RULE
};

static REJECTED: Rule = Rule {
    id: RuleId::Rejected,
    title: "the server rejects the request itself, with and without a session",
    means: "The session is not the cause: the same request fails alike in both forms. The message of the server \
            says what it objects to.",
    specification: "JSON-RPC 2.0, 5.1; RFC 9110, 15",
    about: "\
The request was sent twice: without a session, and again after a handshake with the session of that \
handshake. Both responses have the same status and the same message, so the handshake makes no difference. \
Look at the message of the server and its `data`, at the arguments of the request, and at the server's log: \
quotas, locks, validation and a backend that is down are typical causes.",
    next: Next::LookCloser,
    ..RULE
};

static INITIALIZE_REFUSED: Rule = Rule {
    id: RuleId::InitializeRefused,
    title: "the server rejects initialize",
    means: "A session requires a handshake. Read the server's message for the reason.",
    specification: "2025-11-25, Lifecycle, Initialization",
    about: "\
Every session begins with initialize, and this server rejects it. Requests that need a session then fail too; \
others may be refused for the same reason. Possible \
causes: the server requires a header (a key, a tenant), it supports only one protocol version, its backend is \
down, or this address is not an MCP server at all. The request of 2026-07-28, which needs no handshake, was \
tried as well.",
    next: Next::LookCloser,
    ..RULE
};

static HANDSHAKE_MISSING: Rule = Rule {
    id: RuleId::HandshakeMissing,
    title: "the server requires a handshake, although it issues no session id",
    means: "Send initialize and notifications/initialized first, and MCP-Protocol-Version with every later \
            request.",
    server: "A server that keeps state for a client needs a session id; without one, it should accept each \
             request by itself.",
    specification: "2025-11-25, Lifecycle, Initialization",
    about: "\
The request fails as the first one and works after a handshake, and no Mcp-Session-Id was issued. The server \
remembers the client in some other way: by its connection, by its address, or only once for everybody. Such \
servers often fail behind a load balancer.",
    next: Next::Init,
    ..RULE
};

static VERSION_MISSING: Rule = Rule {
    id: RuleId::VersionMissing,
    title: "missing MCP-Protocol-Version header",
    means: "Send MCP-Protocol-Version with every request after the handshake, with the version that the server \
            chose.",
    server: "A request without the header is to be taken for 2025-03-26.",
    specification: "2025-11-25, Transports, Protocol Version Header",
    about: "\
The same request without a session works as soon as it carries MCP-Protocol-Version, and fails without it. \
The header was introduced with 2025-06-18; servers should take a request without it for 2025-03-26, but some \
reject it.",
    ..RULE
};

static TEMPORARY_FAILURE: Rule = Rule {
    id: RuleId::TemporaryFailure,
    title: "the request failed once and then worked",
    means: "The failure was temporary: a server that was starting, overloaded or restarted. Try again.",
    specification: "RFC 9110, 15.6",
    about: "\
The request was repeated unchanged, without a session, and worked. So neither the session nor the form of the \
request was the cause. If it happens often, look at the server's log, and at the timeouts of any proxy in \
front of it.",
    next: Next::Nothing,
    ..RULE
};
