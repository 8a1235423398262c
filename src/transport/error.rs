//! What can go wrong between this program and the server, with the phase it went wrong in.

use std::fmt;
use std::io;

use super::interrupt::Watched;
use super::limits::Limits;

/// The phase of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before anything was sent: options that cannot be used.
    Prepare,
    /// Looking up the name.
    Lookup,
    /// Connecting.
    Connect,
    /// Going through the proxy.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the answer's first byte.
    Wait,
    /// Reading the answer.
    Read,
}

impl Phase {
    /// What was being done, to follow "while".
    pub fn doing(self) -> &'static str {
        match self {
            Self::Prepare => "preparing the request",
            Self::Lookup => "looking up the name",
            Self::Connect => "connecting",
            Self::Proxy => "going through the proxy",
            Self::Tls => "agreeing on TLS",
            Self::Send => "sending the request",
            Self::Wait => "waiting for the answer",
            Self::Read => "reading the answer",
        }
    }
}

/// The kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Name, connection, TLS or proxy: the server was not reached.
    Unreachable,
    /// The connection ended or broke while the exchange was under way.
    Broken,
    /// A limit of time; the option that sets it.
    TooSlow(&'static str),
    /// A limit of size; the option that sets it.
    TooLarge(&'static str),
    /// What came back is not HTTP as it should be.
    NotHttp,
    /// An option or a file named by one cannot be used.
    Unusable,
    /// The user has ended it.
    Interrupted,
}

/// A failed exchange.
#[derive(Debug)]
pub struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// When it happened.
    pub phase: Phase,
    /// What happened, in lower case and without a full stop.
    pub text: String,
    /// Part of the request was sent, so the server may have acted on it.
    pub may_have_run: bool,
}

impl Error {
    /// A failure before anything was sent.
    pub fn unusable(text: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Unusable,
            phase: Phase::Prepare,
            text: text.into(),
            may_have_run: false,
        }
    }
}

impl Error {
    /// A stream that ended while something was still waited for.
    pub fn broken(text: &str) -> Self {
        let (kind, phase) = (ErrorKind::Broken, Phase::Read);
        Self { kind, phase, text: text.to_owned(), may_have_run: true }
    }

    /// The same, unless the user has ended it: whatever broke then broke for that.
    pub(super) fn unless(self, watched: &Watched) -> Self {
        if !watched.is_interrupted() {
            return self;
        }
        Self { kind: ErrorKind::Interrupted, text: "interrupted".to_owned(), ..self }
    }

    /// The user has ended a wait between two exchanges of a request.
    pub fn interrupted() -> Self {
        let (kind, text) = (ErrorKind::Interrupted, "interrupted".to_owned());
        Self { kind, phase: Phase::Read, text, may_have_run: true }
    }

    /// An exchange that would take longer than it may as a whole.
    pub fn too_long(limit: std::time::Duration) -> Self {
        Self {
            kind: ErrorKind::TooSlow("--timeout"),
            phase: Phase::Read,
            text: format!("not done within {} s (--timeout)", limit.as_secs_f64()),
            may_have_run: true,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

/// Translates what the HTTP layer says; `phase` is where the recorder saw the exchange stop.
pub(super) fn translate(
    error: ureq::Error,
    phase: Phase,
    request_sent: bool,
    limits: &Limits,
) -> Error {
    let (kind, text) = match error {
        ureq::Error::Timeout(timeout) => timed_out(timeout, phase, limits),
        ureq::Error::Io(error) => translate_io(&error, phase, limits),
        ureq::Error::HostNotFound => (ErrorKind::Unreachable, "the name has no address".to_owned()),
        ureq::Error::ConnectProxyFailed(reason) => {
            (ErrorKind::Unreachable, format!("the proxy refused: {reason}"))
        }
        ureq::Error::LargeResponseHeader(..) => {
            (ErrorKind::NotHttp, "the answer's headers are larger than 64 KiB".to_owned())
        }
        ureq::Error::Protocol(error) => {
            (ErrorKind::NotHttp, format!("the answer is not HTTP/1.1: {error}"))
        }
        ureq::Error::BadUri(text) => {
            (ErrorKind::Unusable, format!("the URL cannot be used: {text}"))
        }
        ureq::Error::Other(error) => match error.downcast::<Error>() {
            Ok(error) => return *error,
            Err(error) => (ErrorKind::Broken, error.to_string()),
        },
        other => (ErrorKind::Broken, other.to_string()),
    };
    // Whatever took a part of the request was reached.
    let reached = request_sent && kind == ErrorKind::Unreachable;
    let kind = if reached { ErrorKind::Broken } else { kind };
    Error { kind, phase, text, may_have_run: request_sent }
}

fn translate_io(error: &io::Error, phase: Phase, limits: &Limits) -> (ErrorKind, String) {
    if let Some(inner) = error.get_ref() {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return (ErrorKind::Unreachable, tls_text(tls));
        }
        if let Some(ureq::Error::Timeout(timeout)) = inner.downcast_ref::<ureq::Error>() {
            return timed_out(*timeout, phase, limits);
        }
    }
    let reached = matches!(phase, Phase::Send | Phase::Wait | Phase::Read);
    let kind = if reached { ErrorKind::Broken } else { ErrorKind::Unreachable };
    let text = match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset if phase == Phase::Tls => {
            "the server ended the connection instead of agreeing on TLS (is it an http:// address?)"
                .to_owned()
        }
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            "the server reset the connection".to_owned()
        }
        io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
        io::ErrorKind::FileTooLarge => {
            return (ErrorKind::TooLarge("--max-size"), format!("{error} (--max-size)"));
        }
        _ => error.to_string(),
    };
    (kind, text)
}

fn timed_out(timeout: ureq::Timeout, phase: Phase, limits: &Limits) -> (ErrorKind, String) {
    let (option, limit, what) = match timeout {
        ureq::Timeout::Resolve | ureq::Timeout::Connect => {
            ("--connect-timeout", limits.connect, "no connection")
        }
        ureq::Timeout::RecvResponse => ("--first-byte-timeout", limits.first_byte, "no answer"),
        ureq::Timeout::PerRead => ("--silence-timeout", limits.silence, "not a byte came"),
        ureq::Timeout::PerWrite => {
            ("--silence-timeout", limits.silence, "not a byte could be sent")
        }
        _ => ("--timeout", limits.whole, "not done"),
    };
    let limit = limit.map_or(String::new(), |limit| format!("within {} s ", limit.as_secs_f64()));
    // A server that cannot be connected to in time is not reached, as with curl and a refused port.
    let kind = match phase {
        Phase::Lookup | Phase::Connect | Phase::Proxy if option == "--connect-timeout" => {
            ErrorKind::Unreachable
        }
        _ => ErrorKind::TooSlow(option),
    };
    (kind, format!("{what} {limit}({option})"))
}

/// What a failed TLS handshake means, in words.
fn tls_text(error: &rustls::Error) -> String {
    use rustls::{CertificateError as Bad, Error as Tls};
    match error {
        Tls::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "the server's certificate has expired".to_owned()
        }
        Tls::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            "the server's certificate is not valid yet".to_owned()
        }
        Tls::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => {
            "the server's certificate is signed by an authority that is not trusted here \
             (--cacert FILE trusts another one)"
                .to_owned()
        }
        Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "the server's certificate is for another name".to_owned()
        }
        Tls::InvalidMessage(_) => {
            "the server does not speak TLS on this port (is it an http:// address?)".to_owned()
        }
        other => format!("TLS: {other}"),
    }
}
