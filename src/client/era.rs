//! Detects the era of a server and its transport.
//!
//! A modern request is tried first (2026-07-28, Streamable HTTP, "Backward Compatibility").
//! Only errors of the modern era, or a result with its marks, prove a modern server. A
//! `server/discover` result without a modern revision leads to `initialize`. A server
//! without `server/discover` may still be modern. 401 and 403 decide nothing. These rules
//! come from the behaviour of real servers.
//!
//! A server that refuses `initialize` with 400, 404 or 405 may use the transport of
//! 2024-11-05; a GET shows it. Each step is taken at most once, so no server can prolong
//! the detection.

use std::time::SystemTime;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::{Error, ErrorKind};
use super::rpc_request::{RpcRequest, RpcResponse};
use super::{Client, EraProbe, Handshake, Opened, Session};
use crate::exchange::{BodyKind, Purpose};
use crate::protocol::codes;
use crate::protocol::envelope::META_SERVER;
use crate::protocol::jsonrpc::ErrorObject;
use crate::protocol::types::{DiscoverResult, Implementation, InitializeResult, ToolList};
use crate::protocol::version::{self, Era};
use crate::transport::{self, HttpSse, NotSse};

/// Conclusion drawn from the response to a modern request.
enum Verdict {
    /// The server is modern; holds the result.
    Modern(RpcResponse),
    /// A result without modern marks, which a legacy server could also have returned.
    Unmarked(RpcResponse),
    /// The server is modern but does not implement the method.
    Lacking,
    /// The server supports this revision, not the requested one.
    Other(String),
    /// The server appears to be legacy; holds the error if it refused the request.
    Legacy(Option<Error>),
    /// The error says nothing about the era, or nothing else can be tried.
    Undecided(Error),
}

/// Outcome of the search for a modern server.
enum Search {
    Modern(Box<Opened>),
    /// Legacy server: the revision to request, whether to try GET before POST, and a tool list
    /// that came without modern marks.
    Legacy {
        version: Option<String>,
        get_first: bool,
        tools: Option<RpcResponse>,
    },
}

/// Data of error `-32022`: the revisions that the server supports (schema
/// `UnsupportedProtocolVersionError`).
#[derive(Deserialize)]
struct Unsupported {
    supported: Vec<String>,
}

impl Client {
    /// Opens a session. Detects the era unless the user chose a revision, and performs the
    /// handshake in the legacy era.
    pub fn open(&mut self, handshake: &Handshake) -> Result<Opened, Error> {
        self.close_streams();
        let asked = handshake.asked.as_deref();
        match asked.map(Era::of) {
            Some(Era::Legacy) => self.open_legacy(handshake, asked, false),
            era => match self.search(handshake, era.is_some())? {
                Search::Modern(opened) => Ok(*opened),
                Search::Legacy { version, get_first, tools } => {
                    let mut opened = self.open_legacy(handshake, version.as_deref(), get_first)?;
                    // Without a session, the server would return the same list again.
                    if let (Some(raw), None) = (tools, opened.session.id()) {
                        opened.tools = Some(self.all_tools(raw)?);
                    }
                    Ok(opened)
                }
            },
        }
    }

    /// Sends modern probes: the preferred one first, then the other if the response is
    /// inconclusive.
    fn search(&mut self, handshake: &Handshake, forced: bool) -> Result<Search, Error> {
        let mut version =
            handshake.asked.clone().unwrap_or_else(|| version::LATEST_MODERN.to_owned());
        let order = match handshake.probe {
            EraProbe::Discover => [EraProbe::Discover, EraProbe::ListTools],
            EraProbe::ListTools => [EraProbe::ListTools, EraProbe::Discover],
        };
        let (mut proven, mut tools, mut tried_other) = (forced, None, false);
        for probe in order {
            let mut verdict = self.probe(probe, &version);
            if let Verdict::Other(other) = &verdict {
                if Era::of(other) == Era::Legacy && !forced {
                    let version = Some(other.clone());
                    return Ok(Search::Legacy { version, get_first: false, tools });
                }
                if !forced && !std::mem::replace(&mut tried_other, true) {
                    version.clone_from(other);
                    verdict = self.probe(probe, &version);
                }
            }
            match verdict {
                Verdict::Modern(raw) | Verdict::Unmarked(raw) if probe == EraProbe::Discover => {
                    return self.discovered(&version, raw, tools.take());
                }
                Verdict::Modern(raw) => return self.listed(&version, raw),
                Verdict::Unmarked(raw) if proven => return self.listed(&version, raw),
                Verdict::Unmarked(raw) => tools = Some(raw),
                Verdict::Lacking => match tools.take() {
                    Some(raw) => return self.listed(&version, raw),
                    // A modern server without tools.
                    None if probe == EraProbe::ListTools => return Ok(self.modern(&version)),
                    None => proven = true,
                },
                Verdict::Other(_) => {
                    let text = format!("the server refuses the revision {version} that it names");
                    return Err(Error::protocol(text));
                }
                // A server that has proven to be modern does not get the legacy handshake.
                Verdict::Legacy(Some(error)) if proven => return Err(error),
                Verdict::Legacy(error) if forced => {
                    let text = format!("the answer is not of the revision {version}");
                    return Err(error.unwrap_or_else(|| Error::protocol(text)));
                }
                Verdict::Legacy(error) => {
                    let get_first = error.as_ref().is_some_and(is_sse_alone);
                    return Ok(Search::Legacy { version: None, get_first, tools });
                }
                Verdict::Undecided(error) => return Err(error),
            }
        }
        if proven {
            return Ok(self.modern(&version));
        }
        Ok(Search::Legacy { version: None, get_first: false, tools })
    }

    /// Sends a modern probe and classifies the response.
    fn probe(&mut self, probe: EraProbe, version: &str) -> Verdict {
        self.enter(Session::modern(version));
        let rpc = match probe {
            EraProbe::Discover => RpcRequest::discover(),
            EraProbe::ListTools => RpcRequest::list_tools(),
        };
        match self.round_trip(&rpc) {
            Ok(answer) => judge_result(probe, version, answer),
            Err(error) => judge_error(error),
        }
    }

    /// Opens a modern session from a `server/discover` result.
    fn discovered(
        &mut self,
        version: &str,
        answer: RpcResponse,
        tools: Option<RpcResponse>,
    ) -> Result<Search, Error> {
        let RpcResponse { result: raw, exchange, .. } = answer;
        let said: DiscoverResult = match serde_json::from_str(raw.get()) {
            Ok(said) => said,
            Err(error) => {
                let text = format!("the answer to server/discover cannot be read: {error}");
                return Err(Error::protocol(text).shown_by(exchange));
            }
        };
        let server_info = server_of(&raw);
        let result = InitializeResult {
            protocol_version: version.to_owned(),
            capabilities: said.capabilities,
            server_info,
            instructions: said.instructions,
        };
        let tools = tools.map(|raw| self.all_tools(raw)).transpose()?;
        Ok(Search::Modern(Box::new(self.opened(result, raw, tools))))
    }

    /// Opens a modern session from a `tools/list` result.
    fn listed(&mut self, version: &str, answer: RpcResponse) -> Result<Search, Error> {
        let raw = answer.result.clone();
        let tools = self.all_tools(answer)?;
        let result = InitializeResult {
            protocol_version: version.to_owned(),
            capabilities: json!({"tools": {}}),
            server_info: tools.server.clone().unwrap_or_default(),
            instructions: None,
        };
        Ok(Search::Modern(Box::new(self.opened(result, raw, Some(tools)))))
    }

    /// Opens a modern session with a server that returned no description.
    fn modern(&mut self, version: &str) -> Search {
        let result = InitializeResult {
            protocol_version: version.to_owned(),
            capabilities: json!({}),
            server_info: Implementation::default(),
            instructions: None,
        };
        let nothing = serde_json::value::to_raw_value(&json!({})).unwrap_or_default();
        Search::Modern(Box::new(self.opened(result, nothing, None)))
    }

    fn opened(
        &mut self,
        result: InitializeResult,
        raw: Box<RawValue>,
        tools: Option<ToolList>,
    ) -> Opened {
        self.enter(Session::modern(&result.protocol_version));
        Opened {
            result,
            raw,
            session: self.session().clone(),
            client_capabilities: self.config().capabilities.clone(),
            tools,
            at: SystemTime::now(),
        }
    }

    /// Performs the legacy handshake over Streamable HTTP, or over HTTP+SSE if that is refused.
    /// If both fail, returns the first error with the second in its `fallback`.
    fn open_legacy(
        &mut self,
        handshake: &Handshake,
        version: Option<&str>,
        get_first: bool,
    ) -> Result<Opened, Error> {
        let version = version.unwrap_or(version::LATEST_HANDSHAKE);
        if get_first && self.open_stream().map_err(|error| *error)? {
            return self.initialize_with(handshake, version);
        }
        let mut error = match self.initialize_with(handshake, version) {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        if get_first || !is_refused_for_its_transport(&error) {
            return Err(error);
        }
        let second = match self.open_stream() {
            Ok(true) => match self.initialize_with(handshake, version) {
                Ok(opened) => return Ok(opened),
                Err(second) => second,
            },
            Ok(false) => return Err(error),
            Err(second) => *second,
        };
        error.fallback = Some(second.to_string());
        Err(error)
    }

    /// Opens a session over the HTTP+SSE transport. The session lives as long as its stream, so
    /// every process performs its own handshake.
    pub fn open_sse(&mut self, handshake: &Handshake) -> Result<Opened, Error> {
        if self.open_stream().map_err(|error| *error)? {
            let version = handshake.asked.as_deref().unwrap_or(version::LATEST_HANDSHAKE);
            return self.initialize_with(handshake, version);
        }
        // The server no longer offers HTTP+SSE.
        self.open(handshake)
    }

    /// Tries only the HTTP+SSE transport. Returns `None` if the endpoint has no such stream.
    pub fn try_sse(&mut self, handshake: &Handshake) -> Result<Option<Opened>, Error> {
        if !self.open_stream().map_err(|error| *error)? {
            return Ok(None);
        }
        self.initialize(handshake).map(Some)
    }

    /// Opens the stream of the HTTP+SSE transport. Returns false if there is none.
    fn open_stream(&mut self) -> Result<bool, Box<Error>> {
        self.enter(Session::default());
        // The stream needs its own connection. A stream that does not start in time counts as
        // absent.
        let mut options = self.config().options.clone();
        let patience = HttpSse::PATIENCE;
        options.limits.first_byte =
            Some(options.limits.first_byte.map_or(patience, |limit| limit.min(patience)));
        let get = self.connection.get(None);
        let sent = self.connection.send_apart(&options, &Purpose::default(), get);
        let Ok(reply) = sent else { return Ok(false) };
        match HttpSse::begin(reply, self.endpoint().as_str()) {
            Ok(HttpSse { reply, post_to }) => {
                self.stream = Some(reply);
                self.connection.post_to = Some(post_to);
                Ok(true)
            }
            Err(NotSse::Other(_)) => Ok(false),
            Err(NotSse::Refused(exchange, why)) => {
                let text = format!("the server speaks HTTP+SSE, but {why}");
                Err(Box::new(Error::protocol(text).shown_by(exchange)))
            }
        }
    }
}

/// Returns true if a failure shows that the server now supports another era or revision.
pub(super) fn is_of_another_era(session: &Session, error: &Error) -> bool {
    let Some(exchange) = &error.exchange else { return false };
    let rpc = match &error.kind {
        ErrorKind::Rpc(error) => Some(error),
        ErrorKind::Status(_) => None,
        _ => return false,
    };
    let status = exchange.status().unwrap_or_default();
    if session.is_modern() {
        // An error with the request's id comes from a server that parsed the request.
        if exchange.error_names_its_request() && rpc.and_then(supported).is_none() {
            return false;
        }
        let other_cause = rpc.is_some_and(|error| {
            matches!(
                error.code,
                Some(codes::PARSE_ERROR | codes::INVALID_PARAMS | codes::INTERNAL_ERROR)
            ) || exchange.proves_modern(error)
        });
        let withdrawn = rpc
            .and_then(supported)
            .is_some_and(|version| Some(version.as_str()) != session.version());
        return withdrawn || (matches!(status, 400 | 404..=406 | 415 | 422) && !other_cause);
    }
    // Only a refusal before anything ran counts; a later error with such a code is the
    // application's.
    let begun = exchange.answer.as_ref().is_some_and(|answer| answer.events.len() > 1);
    matches!(status, 400 | 404)
        && !begun
        // Both eras return the same error for an unknown method.
        && rpc.is_some_and(|error| {
            error.code != Some(codes::METHOD_NOT_FOUND) && version::proves_modern(status, error, false)
        })
}

/// Classifies the result of a probe. Undecided if client and server share no revision.
fn judge_result(probe: EraProbe, version: &str, answer: RpcResponse) -> Verdict {
    let value: Value = serde_json::from_str(answer.result.get()).unwrap_or_default();
    if probe == EraProbe::Discover {
        let said = value["supportedVersions"].as_array().into_iter().flatten();
        let offered: Vec<&str> = said.filter_map(Value::as_str).collect();
        return match version::newest_common(offered.iter().copied()) {
            _ if offered.contains(&version) => Verdict::Modern(answer),
            Some(common) => Verdict::Other(common.to_owned()),
            // A server that returns a result for every method does not implement this one.
            None if offered.is_empty() => Verdict::Legacy(None),
            None => {
                let offered = offered.join(", ");
                let text = format!("the server speaks {offered}, and this client does not");
                Verdict::Undecided(Error::protocol(text).shown_by(answer.exchange))
            }
        };
    }
    // A legacy server may implement `tools/list` too; only these members are modern.
    let marked = ["resultType", "ttlMs", "cacheScope"].iter().any(|key| value.get(key).is_some())
        || value["_meta"].get(META_SERVER).is_some();
    if marked { Verdict::Modern(answer) } else { Verdict::Unmarked(answer) }
}

/// Classifies the error of a probe.
fn judge_error(error: Error) -> Verdict {
    match (&error.kind, error.status()) {
        // Some servers close the connection on a request they do not recognise.
        (ErrorKind::Transport(failed), _) if failed.kind == transport::ErrorKind::Broken => {
            Verdict::Legacy(Some(error))
        }
        // Authentication is settled first. Proxies, rate limits and redirects say nothing about the
        // era.
        (ErrorKind::Transport(_), _) | (_, Some(300..=399 | 401 | 403 | 407 | 429 | 502..=504)) => {
            Verdict::Undecided(error)
        }
        (ErrorKind::Rpc(rpc), Some(_)) => {
            let proven = error.exchange.as_ref().is_some_and(|shown| shown.proves_modern(rpc));
            match (rpc.code, proven) {
                (Some(codes::UNSUPPORTED_VERSION), _) => match supported(rpc) {
                    Some(other) => Verdict::Other(other),
                    None => Verdict::Undecided(error),
                },
                (Some(codes::METHOD_NOT_FOUND), true) => Verdict::Lacking,
                (_, true) => Verdict::Undecided(error),
                (_, false) => Verdict::Legacy(Some(error)),
            }
        }
        _ => Verdict::Legacy(Some(error)),
    }
}

/// Returns the newest revision in the error's list that this client supports.
fn supported(error: &ErrorObject) -> Option<String> {
    let data: Unsupported = serde_json::from_str(error.data.as_ref()?.get()).ok()?;
    version::newest_common(data.supported.iter().map(String::as_str)).map(str::to_owned)
}

/// Returns true for 405, or 404 with an HTML page: the endpoint rejects POST but may accept
/// GET.
fn is_sse_alone(error: &Error) -> bool {
    let answer = error.exchange.as_ref().and_then(|exchange| exchange.answer.as_ref());
    answer.is_some_and(|answer| {
        answer.status == 405 || (answer.status == 404 && answer.shape == BodyKind::Html)
    })
}

/// Returns true for 400, 404 or 405 without a modern error: the server may be of revision
/// 2024-11-05.
fn is_refused_for_its_transport(error: &Error) -> bool {
    let Some(exchange) = &error.exchange else { return false };
    let status = exchange.status().unwrap_or_default();
    let modern = match &error.kind {
        ErrorKind::Rpc(rpc) => exchange.proves_modern(rpc),
        ErrorKind::Status(_) => false,
        _ => return false,
    };
    matches!(status, 400 | 404 | 405) && !modern
}

/// Returns the server's name and version from a result (2026-07-28, Overview, "Per-response
/// protocol fields").
fn server_of(raw: &RawValue) -> Implementation {
    let value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    let meta = &value["_meta"][META_SERVER];
    // Drafts of the revision put `serverInfo` in the result itself.
    let info = if meta.is_null() { &value["serverInfo"] } else { meta };
    serde_json::from_value(info.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
