//! Rules for connections: unreachable, without TLS, broken, or in an encoding that cannot be decoded.

use super::super::id::RuleId;
use super::super::rule::{Certainty, FirstLine, Next, RULE, Rule};
use crate::exchange::{Outcome, TransportErrorKind};
use crate::exit::Kind;

pub(super) static UNREACHABLE: Rule = Rule {
    id: RuleId::Unreachable,
    title: "no connection to this address",
    means: "Check the URL, and that the server is running. A refused connection means that nothing listens on \
            the port. A name without an address is mistyped, or exists only in another network.",
    server: "Start the server, or bind an address that clients can reach (in a container: 0.0.0.0).",
    specification: "RFC 9110, 4.2",
    about: "\
The connection failed before any MCP message was sent. The name has no address, nothing listens on the port, \
a firewall drops packets, or the proxy rejects the connection.",
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
    title: "TLS handshake failed",
    means: "The certificate is not trusted (--cacert names another authority, --insecure skips verification), \
            or only one side uses TLS (http:// and https://).",
    server: "Send the whole certificate chain, for the name that clients use. Renew it before it expires.",
    specification: "RFC 8446; RFC 9110, 4.2.2",
    about: "\
The TLS handshake failed before any MCP message was sent. The certificate must be signed by a \
trusted authority, match the host name, and not be expired. An https:// URL on a plain HTTP port, or the \
reverse, fails at the same point.",
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
    title: "connection closed before the response ended",
    means: "The server crashed or was stopped, a proxy closed the connection, or the port does not serve \
            HTTP/1.1. The request may have run.",
    server: "Check the server's log for the request.",
    specification: "RFC 9112, 9.5",
    about: "\
The connection ended before the response was complete. The server may have crashed or restarted, or a proxy \
may have reached a limit. The program on the port may expect TLS or HTTP/2. A request that was sent may have \
run.",
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
    title: "the server supports only HTTP/2",
    means: "mcpoke supports only HTTP/1.1. A proxy before the server (nginx, Envoy, Caddy) can translate. \
            Clients with HTTP/2 can connect directly.",
    server: "Accept HTTP/1.1 too: most MCP clients without an SDK support nothing else.",
    specification: "RFC 9113, 3.3 and 3.4",
    about: "\
The server responded with an HTTP/2 frame, did not accept HTTP/1.1 in the TLS handshake (ALPN), or said so \
in an error. gRPC servers do this, and so do servers meant to run behind a proxy. The request did not run.",
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
    title: "response content cannot be decoded",
    means: "mcpoke decodes gzip, deflate and br. The request may have run.",
    server: "Follow Accept-Encoding, and label the body correctly. `identity` means no encoding.",
    specification: "RFC 9110, 8.4 and 12.5.3",
    about: "\
A server may compress a response if the client's Accept-Encoding permits it. Some servers and gateways \
compress every response, label a body wrongly, or send a compressed body without a label. A client cannot \
read such a body.",
    first_line: FirstLine::Client,
    next: Next::Nothing,
    find: |evidence| {
        let undecodable = evidence.failure() == Some(TransportErrorKind::Undecodable);
        undecodable.then(|| Certainty::Certain.into())
    },
    ..RULE
};
