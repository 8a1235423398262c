//! Conversion of options to settings: limits, credentials, TLS, handshake and session.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::cli::Options;
use crate::client::{EraProbe, Handshake, Session};
use crate::failure::Failure;
use crate::protocol::types::Transport;
use crate::protocol::{headers, version};
use crate::session::{Credentials, Record};
use crate::transport;

/// Returns the handshake settings from the options and the capabilities to declare.
pub(crate) fn handshake(options: &Options, probe: EraProbe, capabilities: &Value) -> Handshake {
    Handshake {
        asked: asked_version(options).map(str::to_owned),
        probe,
        capabilities: capabilities.clone(),
        send_initialized: !options.no_initialized,
    }
}

/// Returns the protocol version that the options force; `None` for `auto` or without one.
pub(crate) fn asked_version(options: &Options) -> Option<&str> {
    options.protocol_version.as_deref().filter(|version| *version != "auto")
}

/// Parses `--capabilities`. Fails if it is not a JSON object.
pub(crate) fn given_capabilities(options: &Options) -> Result<Option<Value>, Failure> {
    let Some(text) = &options.capabilities else { return Ok(None) };
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(Some(Value::Object(object))),
        _ => Err(Failure::usage("--capabilities must be a JSON object, such as '{\"roots\":{}}'")),
    }
}

/// Returns the session that the options name: none, or that of `--session-id`.
pub(crate) fn given_session(options: &Options, saved: Option<&Record>) -> Result<Session, Failure> {
    let asked = asked_version(options).map(str::to_owned);
    let Some(id) = &options.session_id else {
        return Ok(Session::bare(asked));
    };
    headers::check_value(id).map_err(|error| Failure::usage(format!("--session-id: {error}")))?;
    let known = saved.map(|record| record.protocol_version.clone());
    // Only the legacy era has sessions: ignore the version of a modern server.
    let known = known.filter(|known| version::is_spoken(known));
    let version = asked.or(known).or_else(|| Some(version::LATEST_HANDSHAKE.to_owned()));
    Ok(Session::of(Transport::Http, version, Some(id.clone())))
}

/// Reads the credentials on the command line. Paths become absolute, because later
/// processes may run in another directory.
pub(crate) fn given_credentials(options: &Options) -> Result<Credentials, Failure> {
    let wrong = |error: String| Failure::usage(format!("-H: {error}"));
    let mut given = Vec::new();
    // curl ignores an empty `-H` too.
    for text in options.headers.iter().filter(|text| !text.is_empty()) {
        let (name, value) = headers::parse_header(text).map_err(wrong)?;
        if name.eq_ignore_ascii_case(headers::SESSION_ID) {
            let text = "use --session-id; as a header, the id would be sent with initialize too";
            return Err(wrong(text.to_owned()));
        }
        given.push((name, absolute_reference(value)));
    }
    Ok(Credentials {
        headers: given,
        bearer: options.bearer.clone().map(absolute_reference),
        token_command: options.token_command.clone(),
        cert_file: options.cert.as_deref().map(absolute),
    })
}

/// Makes the path of a `file:PATH` reference absolute.
pub(crate) fn absolute_reference(value: String) -> String {
    match value.strip_prefix("file:") {
        Some(path) if !path.starts_with("//") => {
            format!("file:{}", absolute(Path::new(path)).display())
        }
        _ => value,
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Returns the TLS options: files as given, or else as saved.
pub(crate) fn tls(options: &Options, saved: Option<&Record>) -> transport::TlsOptions {
    let given = |path: &Option<PathBuf>| path.as_deref().map(absolute);
    let key_file = if options.cert.is_some() {
        given(&options.key)
    } else {
        saved.and_then(|record| record.key_file.clone())
    };
    transport::TlsOptions {
        ca_file: given(&options.cacert).or_else(|| saved.and_then(|record| record.ca_file.clone())),
        cert_file: given(&options.cert)
            .or_else(|| saved.and_then(|record| record.cert_file.clone())),
        key_file,
        insecure: options.insecure,
    }
}

/// Returns the limits; 0 means no limit.
pub(crate) fn limits(options: &Options) -> transport::Limits {
    let limit = |seconds: f64| (seconds > 0.0).then(|| Duration::from_secs_f64(seconds));
    transport::Limits {
        connect: limit(options.connect_timeout),
        first_byte: options.first_byte_timeout.and_then(limit),
        silence: options.silence_timeout.and_then(limit),
        whole: limit(options.timeout()),
        max_size: options.max_size,
    }
}
