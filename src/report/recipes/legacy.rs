//! @TITLE@, with ureq and serde_json: cargo add ureq@3 serde_json@1
use std::io::{BufRead, BufReader, Read};

use serde_json::{Value, json};

/// The statuses with which this server refuses an unknown session.
const LOST: &[u16] = &[@LOST@];

type Error = Box<dyn std::error::Error>;

struct Server {
    agent: ureq::Agent,
    url: String,
    headers: Vec<(&'static str, String)>,
    /// The headers of every request after the handshake.
    session: Vec<(&'static str, String)>,
    last_id: u64,
}

struct Answered {
    status: u16,
    session: Option<String>,
    body: Box<dyn Read>,
    is_stream: bool,
}

impl Server {
    fn post(&self, message: &Value) -> Result<Answered, Error> {
        let mut request = self
            .agent
            .post(&self.url)
            .header("Content-Type", "application/json")
            // Always both: the server chooses one.
            .header("Accept", "application/json, text/event-stream");
        for (name, value) in self.headers.iter().chain(&self.session) {
            request = request.header(*name, value);
        }
        let response = request.send(message.to_string())?;
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let is_stream = text("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        let session = text("mcp-session-id").map(str::to_owned);
        let status = response.status().as_u16();
        let body = Box::new(response.into_body().into_reader());
        Ok(Answered { status, session, body, is_stream })
    }

    /// Sends a request. Returns its result and the issued session id, or the status if the
    /// session is lost.
    fn ask(&mut self, method: &str, params: &Value) -> Result<Result<(Value, Option<String>), u16>, Error> {
        self.last_id += 1;
        let message = json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params});
        let answered = self.post(&message)?;
        let in_session = self.session.iter().any(|(name, _)| *name == "Mcp-Session-Id");
        if LOST.contains(&answered.status) && in_session {
            return Ok(Err(answered.status));
        }
        let result = result_of(answered.body, answered.is_stream, self.last_id);
        let result = result.map_err(|error| format!("HTTP {}: {error}", answered.status))?;
        Ok(Ok((result, answered.session)))
    }

    /// Sends initialize without a session, keeps the session id, and sends
    /// notifications/initialized with it.
    fn handshake(&mut self) -> Result<(), Error> {
        self.session.clear();
        let params = json!({
            "protocolVersion": "@VERSION@",
            "capabilities": {},
            "clientInfo": {"name": "recipe", "version": "1"},
        });
        let (result, session) =
            self.ask("initialize", &params)?.map_err(|status| format!("HTTP {status}"))?;
        let version = result["protocolVersion"].as_str().unwrap_or("@VERSION@").to_owned();
        self.session.push(("MCP-Protocol-Version", version));
        // The session id is in a header, never in the body.
        self.session.extend(session.map(|id| ("Mcp-Session-Id", id)));
        // Some servers refuse it and work nevertheless.
        self.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        Ok(())
    }

    /// Sends a request in the session; once more in a new one if the server has lost it.
    fn request(&mut self, method: &str, params: &Value) -> Result<Value, Error> {
        if self.session.is_empty() {
            self.handshake()?;
        }
        if let Ok((result, _)) = self.ask(method, params)? {
            return Ok(result);
        }
        self.handshake()?;
        let (result, _) = self.ask(method, params)?.map_err(|status| format!("HTTP {status}"))?;
        Ok(result)
    }

    /// Ends the session. The server may refuse to do so.
    fn end(&self) {
        if self.session.iter().any(|(name, _)| *name == "Mcp-Session-Id") {
            let mut request = self.agent.delete(&self.url);
            for (name, value) in self.headers.iter().chain(&self.session) {
                request = request.header(*name, value);
            }
            // The result is there already.
            let _ = request.call();
        }
    }
}

@MESSAGES@

fn main() -> Result<(), Error> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let mut server = Server {
        agent: config.into(),
        url: @URL@.into(),
        headers: vec![@HEADERS@],
        session: Vec::new(),
        last_id: 0,
    };
    let result = server.request(@METHOD@, &json!(@PARAMS@));
    server.end();
    println!("{}", result?);
    Ok(())
}
