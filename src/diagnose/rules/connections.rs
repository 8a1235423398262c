//! Rules for connections: unreachable, without TLS, broken, or in an encoding that cannot be decoded.

use super::super::id::RuleId;
use super::super::rule::{Certainty, FirstLine, Next, RULE, Rule};
use crate::exchange::{Outcome, TransportErrorKind};
use crate::exit::Kind;

pub(super) static UNREACHABLE: Rule = Rule {
    id: RuleId::Unreachable,
    title: "nothing answers at this address",
    means: "Is the server running, and is this its address? A refused connection means that nothing \
            listens on the port; a name without an address is mistyped or of another network.",
    server: "Start the server, or let it listen where its clients look for it (in a container: 0.0.0.0).",
    specification: "RFC 9110, 4.2",
    about: "\
The connection could not be made: the name has no address, nothing listens on the port, a firewall drops \
what is sent, or the proxy does not let it through. MCP does not come into it yet.",
    first_line: FirstLine::Client,
    stops_trace: true,
    find: |evidence| {
        let failed = evidence.answer.is_none() && evidence.exchange.wire.sent == 0;
        let kind = evidence.failure()?;
        let other = matches!(
            kind,
            TransportErrorKind::Tls | TransportErrorKind::Unusable | TransportErrorKind::Unknown
        );
        (failed && !other).then(|| Certainty::Certain.into())
    },
    ..RULE
};

pub(super) static TLS: Rule = Rule {
    id: RuleId::Tls,
    title: "client and server do not agree on TLS",
    means: "Either the certificate is not trusted here (--cacert names another authority, --insecure \
            trusts anything), or one side speaks TLS and the other does not (http:// and https://).",
    server: "Send the whole chain of certificates, for the name that clients use, in time before it expires.",
    specification: "RFC 8446; RFC 9110, 4.2.2",
    about: "\
The certificate is checked before anything of MCP is sent: it must be signed by an authority that is \
trusted here, be for this very name, and be valid today. An https:// address on a port that speaks plain \
HTTP, or the other way round, fails at the same place.",
    first_line: FirstLine::Client,
    stops_trace: true,
    find: |evidence| {
        let failed = evidence.failure() == Some(TransportErrorKind::Tls);
        (evidence.answer.is_none() && failed).then(|| Certainty::Certain.into())
    },
    ..RULE
};

pub(super) static CONNECTION_BROKEN: Rule = Rule {
    id: RuleId::ConnectionBroken,
    title: "the connection broke before the response was complete",
    means: "The server crashed or was stopped, a proxy closed the connection, or something other than HTTP/1.1 \
            answers on this port. The request may have run.",
    server: "The server's log shows whether it received the request.",
    specification: "RFC 9112, 9.5",
    about: "\
The connection was made, and ended before a complete response came. A server that crashes while it works does \
this, and so do proxies whose limits are reached, servers that are restarted, and programs on the port that \
expect TLS or HTTP/2. A request that was sent may have run.",
    first_line: FirstLine::Client,
    next: Next::LookCloser,
    find: |evidence| {
        use TransportErrorKind::{Broken, NotHttp};
        let broke = matches!(evidence.outcome, Outcome::Cut | Outcome::Nothing)
            && matches!(evidence.failure(), Some(Broken | NotHttp))
            && evidence.exchange.wire.sent > 0;
        broke.then(|| Certainty::Likely.into())
    },
    ..RULE
};

pub(super) static HTTP2_ONLY: Rule = Rule {
    id: RuleId::Http2Only,
    title: "the server speaks only HTTP/2",
    means: "mcpoke speaks HTTP/1.1. A proxy in front of the server (nginx, Envoy, Caddy) can translate; clients that \
            speak HTTP/2 can use it directly.",
    server: "Accept HTTP/1.1 as well: most MCP clients without an SDK speak nothing else.",
    specification: "RFC 9113, 3.3 and 3.4",
    about: "\
The server answered the HTTP/1.1 request with a frame of HTTP/2, ended the TLS handshake because HTTP/1.1 was \
not offered in ALPN, or said so in words. Servers for gRPC do this, and servers that are meant to run behind a \
proxy. The request did not run.",
    exit: Some(Kind::Protocol),
    first_line: FirstLine::Client,
    next: Next::Nothing,
    stops_trace: true,
    find: |evidence| {
        // RFC 9110, 15.5.22: 426 names the protocols to upgrade to.
        let upgrade = evidence.header("upgrade").unwrap_or_default();
        let wants_upgrade =
            evidence.status() == 426 && upgrade.split(',').any(|one| one.trim().starts_with("h2"));
        if evidence.exchange.wire.is_http2() {
            return Some(Certainty::Certain.into());
        }
        let words = ["alpn", "expected `h2`", "http/2 only", "http/2 is required"];
        let said = matches!(evidence.status(), 403 | 426 | 505) && evidence.says(&words);
        (wants_upgrade || said).then(|| Certainty::Likely.into())
    },
    ..RULE
};

pub(super) static CONTENT_ENCODING: Rule = Rule {
    id: RuleId::ContentEncoding,
    title: "the response has a content encoding that cannot be decoded",
    means: "mcpoke decodes gzip, deflate and br. The request may have run.",
    server: "Send what Accept-Encoding permits, and label it correctly; `identity` means no encoding.",
    specification: "RFC 9110, 8.4 and 12.5.3",
    about: "\
A server may compress a response if the client's Accept-Encoding permits it. Some servers and gateways compress \
everything, label a body wrongly, or send a compressed body without a label. Such a body looks like noise to a \
client that does not expect it.",
    first_line: FirstLine::Client,
    next: Next::Nothing,
    find: |evidence| {
        let undecodable = evidence.failure() == Some(TransportErrorKind::Undecodable);
        undecodable.then(|| Certainty::Certain.into())
    },
    ..RULE
};
