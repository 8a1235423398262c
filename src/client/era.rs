//! Detects the era of a server and its transport.
//!
//! A modern request is tried first (2026-07-28, Streamable HTTP, "Backward Compatibility").
//! Only errors of the modern era, or a result with its marks, prove a modern server. A
//! `server/discover` result without a modern revision leads to `initialize`. A server
//! without `server/discover` may still be modern. Whatever else comes, or comes late, leads
//! to `initialize` too: legacy servers and gateways trip over the modern request in every
//! way. A modern server that is only slow is found by a second modern request, with the
//! full limit. These rules come from the behaviour of real servers.
//!
//! A server that refuses `initialize` with 400, 404 or 405 may use the transport of
//! 2024-11-05; a GET shows it. One that has no `initialize` may serve bare requests. Each
//! step is taken at most once, so no server can prolong the detection.

mod judge;

use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;
use serde_json::{Value, json};

pub(super) use judge::is_of_another_era;
use judge::{
    Verdict, is_late, is_refused_for_its_transport, is_sse_alone, is_usual, judge_error,
    judge_result,
};

use super::error::{Error, ErrorKind};
use super::rpc_request::{RpcRequest, RpcResponse};
use super::{Client, EraProbe, Handshake, Opened, Session};
use crate::exchange::Purpose;
use crate::protocol::envelope::META_SERVER;
use crate::protocol::jsonrpc;
use crate::protocol::tools::ToolList;
use crate::protocol::types::{DiscoverResult, Implementation, InitializeResult};
use crate::protocol::version::{self, Era};
use crate::transport::{HttpSse, NotSse};

/// Longest wait for the response to a modern probe, from the moment of the connection; at most a third
/// of the time for the whole operation.
const PATIENCE: Duration = Duration::from_secs(3);

/// Outcome of the search for a modern server.
enum Search {
    Modern(Box<Opened>),
    /// Legacy server: the revision to request, whether to try GET before POST, and a tool list
    /// that came without modern marks.
    Legacy {
        version: Option<String>,
        get_first: bool,
        tools: Option<RpcResponse>,
        /// Failure of the modern probe, unless legacy servers usually fail so.
        probe: Option<Box<Error>>,
    },
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
                Search::Legacy { version, get_first, tools, probe } => {
                    let opened = self.open_legacy(handshake, version.as_deref(), get_first);
                    let mut opened = match opened {
                        Ok(opened) => opened,
                        Err(error) => return self.open_otherwise(handshake, tools, probe, error),
                    };
                    // Without a session, the server would return the same list again.
                    if let (Some(raw), None) = (tools, opened.session.id()) {
                        opened.tools = Some(self.all_tools(raw)?);
                    }
                    Ok(opened)
                }
            },
        }
    }

    /// After both eras failed: tries the modern era once more with the full limit, then bare requests.
    fn open_otherwise(
        &mut self,
        handshake: &Handshake,
        tools: Option<RpcResponse>,
        probe: Option<Box<Error>>,
        mut error: Error,
    ) -> Result<Opened, Error> {
        if let ErrorKind::Transport(failed) = &error.kind
            && failed.by_us()
        {
            return Err(error);
        }
        // A modern server that is slow, or failed for a moment, rejects `initialize`.
        let is_modern = error.exchange.as_deref().is_some_and(|shown| match &error.kind {
            ErrorKind::Rpc(rpc) => shown.proves_modern(rpc),
            _ => false,
        });
        if probe.as_ref().is_some_and(|probe| is_late(probe) || is_modern) {
            let version = handshake.asked.as_deref().unwrap_or(version::LATEST_MODERN);
            self.enter(Session::modern(version));
            if let Ok(answer) = self.round_trip(&RpcRequest::discover())
                && let Verdict::Modern(raw) = judge_result(EraProbe::Discover, version, answer)
                && let Search::Modern(opened) = self.discovered(version, raw, None)?
            {
                return Ok(*opened);
            }
        }
        if error.is_unknown_method()
            && let Some(opened) = self.open_bare(tools)
        {
            return Ok(opened);
        }
        let Some(probe) = probe else { return Err(error) };
        // The same failure twice is worth telling once.
        if probe.status() != error.status() || probe.to_string() != error.to_string() {
            let shown = probe.exchange.as_deref().map(|shown| shown.purpose.to_string());
            let shown = shown.unwrap_or_default();
            error.tried.push(match (&probe.kind, probe.status()) {
                (ErrorKind::Rpc(_), Some(status)) => {
                    format!("The modern request {shown} failed too: HTTP {status}, {probe}.")
                }
                _ => format!("The modern request {shown} failed too: {probe}."),
            });
        }
        Err(error)
    }

    /// Uses a server that has no `initialize` and serves `tools/list` all the same.
    fn open_bare(&mut self, tools: Option<RpcResponse>) -> Option<Opened> {
        self.enter(Session::default());
        let answer = match tools {
            Some(answer) => answer,
            None => self.round_trip(&RpcRequest::list_tools()).ok()?,
        };
        let raw = answer.result.clone();
        let tools = self.all_tools(answer).ok()?;
        self.departs(
            "the server has no initialize; requests are sent without a handshake".to_owned(),
            "2025-11-25, Lifecycle, Initialization",
        );
        let result = InitializeResult {
            protocol_version: String::new(),
            capabilities: json!({"tools": {}}),
            server_info: tools.server.clone().unwrap_or_default(),
            instructions: None,
        };
        Some(Opened {
            result,
            raw,
            session: self.session().clone(),
            client_capabilities: json!({}),
            tools: Some(tools),
            at: SystemTime::now(),
        })
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
                    return Ok(Search::Legacy { version, get_first: false, tools, probe: None });
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
                    let text = format!("the response does not follow revision {version}");
                    return Err(error.unwrap_or_else(|| Error::protocol(text)));
                }
                Verdict::Legacy(error) => {
                    let get_first = error.as_ref().is_some_and(is_sse_alone);
                    let probe = error.filter(|error| !is_usual(error)).map(Box::new);
                    return Ok(Search::Legacy { version: None, get_first, tools, probe });
                }
                Verdict::Undecided(error) => return Err(error),
            }
        }
        if proven {
            return Ok(self.modern(&version));
        }
        Ok(Search::Legacy { version: None, get_first: false, tools, probe: None })
    }

    /// Sends a modern probe and classifies the response.
    fn probe(&mut self, probe: EraProbe, version: &str) -> Verdict {
        self.enter(Session::modern(version));
        let rpc = match probe {
            EraProbe::Discover => RpcRequest::discover(),
            EraProbe::ListTools => RpcRequest::list_tools(),
        };
        match self.round_trip_patiently(&rpc) {
            Ok(answer) => judge_result(probe, version, answer),
            Err(error) => judge_error(error),
        }
    }

    /// Sends a modern request, and does not wait longer for the response than `PATIENCE`.
    pub(super) fn round_trip_patiently(&mut self, rpc: &RpcRequest) -> Result<RpcResponse, Error> {
        let whole = self.config().options.limits.whole.map(|whole| whole / 3);
        let patience = whole.map_or(PATIENCE, |third| third.min(PATIENCE));
        let before = self.patience;
        self.connection.http.set_patience(Some(patience));
        let outcome = self.round_trip(rpc);
        self.connection.http.set_patience(before);
        outcome
    }

    /// Sends `server/discover` as a probe. Used by `trace`.
    pub fn discover(&mut self) -> Result<RpcResponse, Error> {
        self.enter(Session::modern(version::LATEST_MODERN));
        self.round_trip_patiently(&RpcRequest::discover())
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
                let text = format!("the response to server/discover cannot be read: {error}");
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
    /// If both fail, returns the first error, which names the second.
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
        error.tried.push(format!("HTTP+SSE was tried as well: {second}"));
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
        // The stream may have been redirected.
        let address = reply.exchange().request.url.clone();
        if let Ok(endpoint) = self.endpoint().sibling(&address) {
            self.connection.endpoint = endpoint;
        }
        match HttpSse::begin(reply, &address) {
            Ok(HttpSse { reply, post_to }) => {
                self.stream = Some(reply);
                self.connection.post_to = Some(post_to);
                Ok(true)
            }
            Err(NotSse::Other(_)) => Ok(false),
            Err(NotSse::Refused(exchange, why)) => {
                let text = format!("the server uses HTTP+SSE, but {why}");
                Err(Box::new(Error::protocol(text).shown_by(exchange)))
            }
        }
    }
}

/// Returns the server's name and version from a result (2026-07-28, Overview, "Per-response
/// protocol fields").
fn server_of(raw: &RawValue) -> Implementation {
    let members = jsonrpc::members(raw.get()).unwrap_or_default();
    let value =
        |name: &str| -> Option<Value> { serde_json::from_str(members.get(name)?.get()).ok() };
    let meta = value("_meta").and_then(|mut meta| Some(meta.get_mut(META_SERVER)?.take()));
    // Drafts of the revision put `serverInfo` in the result itself.
    let info = meta.filter(|meta| !meta.is_null()).or_else(|| value("serverInfo"));
    info.and_then(|info| serde_json::from_value(info).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
