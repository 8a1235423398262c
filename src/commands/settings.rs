//! What the options mean: limits, credentials, TLS, the handshake to do, the session to use.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::cli::Options;
use crate::client::{Handshake, Session};
use crate::error::Failure;
use crate::protocol::{headers, version};
use crate::session::{Credentials, Record};
use crate::transport;

/// The handshake that the options ask for; what they leave open is as it was when the server was
/// remembered.
pub(super) fn handshake(
    options: &Options,
    remembered: Option<&Record>,
) -> Result<Handshake, Failure> {
    let mut handshake =
        Handshake { send_initialized: !options.no_initialized, ..Handshake::default() };
    if let Some(record) = remembered {
        handshake.capabilities = record.client_capabilities.clone();
    }
    if let Some(asked) = &options.protocol_version {
        handshake.version.clone_from(asked);
        handshake.forced = true;
    }
    if let Some(text) = &options.capabilities {
        let Ok(Value::Object(object)) = serde_json::from_str(text) else {
            let text = "--capabilities must be a JSON object, such as '{\"roots\":{}}'";
            return Err(Failure::usage(text));
        };
        handshake.capabilities = Value::Object(object);
    }
    Ok(handshake)
}

/// The session that the options name: none at all, or one of the user's own.
pub(super) fn given_session(options: &Options, saved: Option<&Record>) -> Result<Session, Failure> {
    let Some(id) = &options.session_id else {
        return Ok(Session { version: options.protocol_version.clone(), id: None });
    };
    headers::check_value(id).map_err(|error| Failure::usage(format!("--session-id: {error}")))?;
    let known = saved.map(|record| record.protocol_version.clone());
    let version = options.protocol_version.clone().or(known);
    let version = version.or_else(|| Some(version::LATEST_HANDSHAKE.to_owned()));
    Ok(Session { version, id: Some(id.clone()) })
}

/// The credentials on the command line. Paths are made absolute: later processes may run elsewhere.
pub(super) fn given_credentials(options: &Options) -> Result<Credentials, Failure> {
    let wrong = |error: String| Failure::usage(format!("-H: {error}"));
    let mut given = Vec::new();
    for text in &options.headers {
        let (name, value) = headers::parse_header(text).map_err(wrong)?;
        if name.eq_ignore_ascii_case(headers::SESSION_ID) {
            let text = "a session id is given with --session-id; as a header it would go with initialize too";
            return Err(wrong(text.to_owned()));
        }
        given.push((name, absolute_reference(value)));
    }
    Ok(Credentials {
        headers: given,
        bearer: options.bearer.clone().map(absolute_reference),
        cert_file: options.cert.as_deref().map(absolute),
    })
}

/// `file:PATH` with the path made absolute.
fn absolute_reference(value: String) -> String {
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

/// How TLS is done; files as given, else as remembered.
pub(super) fn tls(options: &Options, saved: Option<&Record>) -> transport::TlsOptions {
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

/// The limits, with zero for none.
pub(super) fn limits(options: &Options) -> transport::Limits {
    let limit = |seconds: f64| (seconds > 0.0).then(|| Duration::from_secs_f64(seconds));
    transport::Limits {
        connect: limit(options.connect_timeout),
        first_byte: options.first_byte_timeout.and_then(limit),
        silence: options.silence_timeout.and_then(limit),
        whole: limit(options.timeout),
        max_size: options.max_size,
    }
}
