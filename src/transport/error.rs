//! Errors between this program and the server, with the phase in which they occurred.

use std::fmt;
use std::io;

use super::decode::Undecodable;
use super::interrupt::Watched;
use super::limits::Limits;
use crate::exchange::{Phase, TransportError as Error, TransportErrorKind as ErrorKind};

/// Reports an interrupt if the user pressed Ctrl-C, because it then caused the failure.
pub(super) fn unless_interrupted(failure: Error, watched: &Watched) -> Error {
    if !watched.is_interrupted() {
        return failure;
    }
    Error { kind: ErrorKind::Interrupted, text: "interrupted".to_owned(), ..failure }
}

/// Private address that a public server named.
#[derive(Debug)]
pub(super) struct PrivateAddress(pub(super) std::net::IpAddr);

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is a private address, and a public server named it", self.0)
    }
}

impl std::error::Error for PrivateAddress {}

/// Description of a server that answers with a frame of HTTP/2.
pub(super) const HTTP2_ONLY: &str = "the server supports only HTTP/2, and mcpoke only HTTP/1.1";

/// Converts an error of the HTTP layer. `phase` is where the recorder saw the exchange
/// stop.
pub(super) fn translate(
    error: ureq::Error,
    phase: Phase,
    request_sent: bool,
    limits: &Limits,
    patience: Option<std::time::Duration>,
) -> Error {
    let (kind, text) = match error {
        ureq::Error::Timeout(ureq::Timeout::PerCall) => stopped_waiting(patience),
        ureq::Error::Io(ref inner) if is_patience(inner) => stopped_waiting(patience),
        ureq::Error::Timeout(timeout) => timed_out(timeout, phase, limits),
        ureq::Error::Io(error) => translate_io(&error, phase, limits),
        ureq::Error::HostNotFound => (ErrorKind::Unreachable, "the name has no address".to_owned()),
        ureq::Error::ConnectProxyFailed(reason) => {
            (ErrorKind::Unreachable, format!("the proxy refused: {reason}"))
        }
        ureq::Error::LargeResponseHeader(..) => {
            (ErrorKind::NotHttp, "the response headers are larger than 64 KiB".to_owned())
        }
        ureq::Error::Protocol(error) => {
            (ErrorKind::NotHttp, format!("the response is not HTTP/1.1: {error}"))
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
    // A server that received part of the request was reached.
    let reached = request_sent && kind == ErrorKind::Unreachable;
    let kind = if reached { ErrorKind::Broken } else { kind };
    Error { kind, phase, text, may_have_run: request_sent }
}

/// Returns true if the patience for a response was over while its body was read.
fn is_patience(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
    matches!(inner, Some(ureq::Error::Timeout(ureq::Timeout::PerCall)))
}

fn stopped_waiting(patience: Option<std::time::Duration>) -> (ErrorKind, String) {
    let limit = patience.unwrap_or_default().as_secs_f64();
    (ErrorKind::StoppedWaiting, format!("no response within {limit:.3} s").replace(".000", ""))
}

fn translate_io(error: &io::Error, phase: Phase, limits: &Limits) -> (ErrorKind, String) {
    if let Some(inner) = error.get_ref() {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return (ErrorKind::Tls, tls_text(tls));
        }
        if inner.is::<Undecodable>() {
            return (ErrorKind::Undecodable, inner.to_string());
        }
        if inner.is::<PrivateAddress>() {
            return (ErrorKind::PrivateAddress, error.to_string());
        }
        if let Some(ureq::Error::Timeout(timeout)) = inner.downcast_ref::<ureq::Error>() {
            return timed_out(*timeout, phase, limits);
        }
    }
    let reached = matches!(phase, Phase::Send | Phase::Wait | Phase::Read);
    let kind = if reached { ErrorKind::Broken } else { ErrorKind::Unreachable };
    let text = match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset if phase == Phase::Tls => {
            let text = "the server ended the connection instead of agreeing on TLS (is it an http:// address?)";
            return (ErrorKind::Tls, text.to_owned());
        }
        // The error of a Unix domain socket names its path.
        io::ErrorKind::ConnectionRefused if error.get_ref().is_none() => {
            "connection refused".to_owned()
        }
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
        ureq::Timeout::RecvResponse => ("--first-byte-timeout", limits.first_byte, "no response"),
        ureq::Timeout::PerRead => ("--silence-timeout", limits.silence, "no data received"),
        ureq::Timeout::PerWrite => ("--silence-timeout", limits.silence, "no data sent"),
        _ => ("--timeout", limits.whole, "no response"),
    };
    let limit = limit.map_or(String::new(), |limit| format!("within {} s ", limit.as_secs_f64()));
    // A server that does not accept the connection in time counts as unreachable, as with curl.
    let kind = match phase {
        Phase::Lookup | Phase::Connect | Phase::Proxy if option == "--connect-timeout" => {
            ErrorKind::Unreachable
        }
        _ => ErrorKind::TooSlow(option),
    };
    (kind, format!("{what} {limit}({option})"))
}

/// Takes a name out of the form in which rustls prints it, `DnsName("example.com")`.
fn dns_name(printed: &str) -> &str {
    printed.split('"').nth(1).unwrap_or(printed)
}

/// Describes a failed TLS handshake.
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
        Tls::InvalidCertificate(Bad::NotValidForNameContext { expected, presented }) => {
            let presented = presented.iter().map(|name| dns_name(name)).collect::<Vec<_>>();
            let (expected, presented) = (expected.to_str(), presented.join(", "));
            format!("the server's certificate is for {presented}, and not for {expected}")
        }
        Tls::InvalidCertificate(Bad::NotValidForName) => {
            "the server's certificate is for another name".to_owned()
        }
        Tls::AlertReceived(rustls::AlertDescription::NoApplicationProtocol) => {
            HTTP2_ONLY.to_owned()
        }
        Tls::InvalidMessage(_) => {
            "the server does not use TLS on this port (is it an http:// address?)".to_owned()
        }
        other => format!("TLS: {other}"),
    }
}
