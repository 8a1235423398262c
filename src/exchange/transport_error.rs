//! Transport errors as data: kind, phase and limit, so that rules need not read the text.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// Phase of an exchange, in the order of curl's timings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Checking options, before anything is sent.
    Prepare,
    /// Name lookup.
    Lookup,
    /// TCP connect.
    Connect,
    /// Proxy handshake.
    Proxy,
    /// TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the first byte of the response.
    Wait,
    /// Reading the response.
    Read,
}

impl Phase {
    const ALL: [Self; 8] = [
        Self::Prepare,
        Self::Lookup,
        Self::Connect,
        Self::Proxy,
        Self::Tls,
        Self::Send,
        Self::Wait,
        Self::Read,
    ];

    /// Returns what was being done, to follow "while".
    pub fn doing(self) -> &'static str {
        match self {
            Self::Prepare => "preparing the request",
            Self::Lookup => "looking up the name",
            Self::Connect => "connecting",
            Self::Proxy => "going through the proxy",
            Self::Tls => "agreeing on TLS",
            Self::Send => "sending the request",
            Self::Wait => "waiting for the response",
            Self::Read => "reading the response",
        }
    }

    /// Returns the word used in trace files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Lookup => "lookup",
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Wait => "wait",
            Self::Read => "read",
        }
    }
}

/// Kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// The server was not reached: name lookup, TCP connect or proxy.
    Unreachable,
    /// The TLS handshake failed.
    Tls,
    /// A public server named a private address; nothing was sent there.
    PrivateAddress,
    /// The connection ended or broke during the exchange.
    Broken,
    /// A time limit was reached; the option that sets it.
    TooSlow(&'static str),
    /// A size limit was reached; the option that sets it.
    TooLarge(&'static str),
    /// The response is not valid HTTP/1.1.
    NotHttp,
    /// The body has a content encoding that cannot be decoded.
    Undecodable,
    /// An option, or a file that an option names, cannot be used.
    Unusable,
    /// This side stopped waiting for a response that it can do without.
    StoppedWaiting,
    /// The user pressed Ctrl-C.
    Interrupted,
    /// The client behind the recording proxy closed its connection first.
    ClientGone,
    /// The response is complete but must not be used.
    Rejected(Objection),
    /// Recorded by another program, which does not say why.
    Unknown,
}

/// Reason for not using a response about authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objection {
    /// The authorization server registers no clients.
    NoRegistration,
    /// Nothing names an authorization server, and the default endpoints do not exist.
    NoAuthorizationServer,
    /// The authorization server does not offer PKCE with S256.
    NoPkce,
    /// The metadata describe a different issuer.
    OtherIssuer,
    /// Any other reason.
    Other,
}

/// Words for a server that was not reached, in the errors of browsers and of mcpoke.
const UNREACHABLE: [&str; 6] = [
    "connection refused",
    "name not resolved",
    "unknown host",
    "no such host",
    "address unreachable",
    "internet disconnected",
];

/// The options that limit an exchange.
const LIMITS: [&str; 5] =
    ["--connect-timeout", "--first-byte-timeout", "--silence-timeout", "--timeout", "--max-size"];

impl TransportErrorKind {
    const PLAIN: [Self; 16] = [
        Self::Unreachable,
        Self::Tls,
        Self::PrivateAddress,
        Self::Broken,
        Self::NotHttp,
        Self::Undecodable,
        Self::Unusable,
        Self::StoppedWaiting,
        Self::Interrupted,
        Self::ClientGone,
        Self::Unknown,
        Self::Rejected(Objection::NoRegistration),
        Self::Rejected(Objection::NoAuthorizationServer),
        Self::Rejected(Objection::NoPkce),
        Self::Rejected(Objection::OtherIssuer),
        Self::Rejected(Objection::Other),
    ];

    /// Returns the word used in trace files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::PrivateAddress => "private-address",
            Self::Broken => "broken",
            Self::TooSlow(_) => "too-slow",
            Self::TooLarge(_) => "too-large",
            Self::NotHttp => "not-http",
            Self::Undecodable => "undecodable",
            Self::Unusable => "unusable",
            Self::StoppedWaiting => "stopped-waiting",
            Self::Interrupted => "interrupted",
            Self::ClientGone => "client-gone",
            Self::Rejected(Objection::NoRegistration) => "no-registration",
            Self::Rejected(Objection::NoAuthorizationServer) => "no-authorization-server",
            Self::Rejected(Objection::NoPkce) => "no-pkce",
            Self::Rejected(Objection::OtherIssuer) => "other-issuer",
            Self::Rejected(Objection::Other) => "rejected",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the option whose limit was reached.
    pub fn limit(self) -> Option<&'static str> {
        match self {
            Self::TooSlow(option) | Self::TooLarge(option) => Some(option),
            Self::StoppedWaiting => Some("--timeout"),
            _ => None,
        }
    }

    fn named(kind: &str, limit: &str) -> Option<Self> {
        let option = LIMITS.into_iter().find(|known| *known == limit);
        match (kind, option) {
            ("too-slow", Some(option)) => Some(Self::TooSlow(option)),
            ("too-large", Some(option)) => Some(Self::TooLarge(option)),
            _ => Self::PLAIN.into_iter().find(|known| known.as_str() == kind),
        }
    }
}

/// Reason for the early end of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    /// The kind of failure.
    pub kind: TransportErrorKind,
    /// The phase in which it happened.
    pub phase: Phase,
    /// The message for people, in lower case and without a full stop.
    pub text: String,
    /// At least one byte of the request was written, so the server may have acted on it.
    pub may_have_run: bool,
}

impl TransportError {
    /// Returns a failure before anything was sent.
    pub fn unusable(text: impl Into<String>) -> Self {
        let (kind, phase) = (TransportErrorKind::Unusable, Phase::Prepare);
        Self { kind, phase, text: text.into(), may_have_run: false }
    }

    /// Returns the failure of a stream that ended before the response.
    pub fn broken(text: &str) -> Self {
        let (kind, phase) = (TransportErrorKind::Broken, Phase::Read);
        Self { kind, phase, text: text.to_owned(), may_have_run: true }
    }

    /// Returns the failure of a wait that the user interrupted between two exchanges.
    pub fn interrupted() -> Self {
        let (kind, phase) = (TransportErrorKind::Interrupted, Phase::Read);
        Self { kind, phase, text: "interrupted".to_owned(), may_have_run: true }
    }

    /// Returns the failure of an exchange that exceeds `--timeout`.
    pub fn too_long(limit: Duration) -> Self {
        Self {
            kind: TransportErrorKind::TooSlow("--timeout"),
            phase: Phase::Read,
            text: format!("not done within {} s (--timeout)", limit.as_secs_f64()),
            may_have_run: true,
        }
    }

    /// Returns the failure of an exchange whose client, seen through the proxy, closed first.
    pub fn client_gone() -> Self {
        let (kind, phase) = (TransportErrorKind::ClientGone, Phase::Read);
        let text = "the client hung up before the end".to_owned();
        Self { kind, phase, text, may_have_run: true }
    }

    /// Returns true if this side ended the exchange: a limit, Ctrl-C, or options that cannot be used. Such an
    /// end says nothing about the server.
    pub fn by_us(&self) -> bool {
        use TransportErrorKind::{Interrupted, StoppedWaiting, TooLarge, TooSlow, Unusable};
        matches!(self.kind, Interrupted | StoppedWaiting | TooLarge(_) | TooSlow(_) | Unusable)
    }

    /// Returns the failure as an object of a trace file; `text` is its redacted message.
    pub fn to_json(&self, text: &str) -> Value {
        json!({
            "kind": self.kind.as_str(),
            "phase": self.phase.as_str(),
            "limit": self.kind.limit(),
            "sent": self.may_have_run,
            "byUs": self.by_us(),
            "text": text,
        })
    }

    /// Reads what [`Self::to_json`] wrote. Returns `None` if it is anything else.
    pub fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().unwrap_or_default();
        Some(Self {
            kind: TransportErrorKind::named(text("kind"), text("limit"))?,
            phase: Phase::ALL.into_iter().find(|known| known.as_str() == text("phase"))?,
            text: text("text").to_owned(),
            may_have_run: value["sent"].as_bool()?,
        })
    }

    /// Returns the failure of an exchange that another program recorded with this text. Only the text can show
    /// that there was no connection.
    pub fn recorded(text: &str, was_connected: bool) -> Self {
        let words = text.to_ascii_lowercase().replace('_', " ");
        let says_unreachable = UNREACHABLE.iter().any(|name| words.contains(name));
        let (kind, phase) = if says_unreachable && !was_connected {
            (TransportErrorKind::Unreachable, Phase::Connect)
        } else {
            (TransportErrorKind::Unknown, Phase::Read)
        };
        let may_have_run = kind == TransportErrorKind::Unknown;
        Self { kind, phase, text: text.to_owned(), may_have_run }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for TransportError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_a_trace_file() {
        let limited =
            [TransportErrorKind::TooSlow("--timeout"), TransportErrorKind::TooLarge("--max-size")];
        for kind in TransportErrorKind::PLAIN.into_iter().chain(limited) {
            for phase in Phase::ALL {
                let failure = TransportError { kind, phase, text: "x".into(), may_have_run: true };
                assert_eq!(TransportError::from_json(&failure.to_json("x")), Some(failure));
            }
        }
        assert_eq!(TransportError::from_json(&json!("connection refused")), None);
    }

    #[test]
    fn only_our_own_ends_are_ours() {
        assert!(TransportError::too_long(Duration::from_secs(1)).by_us());
        assert!(TransportError::interrupted().by_us() && TransportError::unusable("x").by_us());
        assert!(!TransportError::broken("x").by_us() && !TransportError::client_gone().by_us());
        assert!(!TransportError::recorded("x", true).by_us());
    }
}
