//! @TITLE@, with ureq and serde_json: cargo add ureq@3 serde_json@1
use std::io::{BufRead, BufReader, Read};

use serde_json::{Value, json};

const VERSION: &str = "@VERSION@";

type Error = Box<dyn std::error::Error>;

/// Sends a self-contained request: no handshake, no session.
fn request(url: &str, method: &str, mut params: Value, headers: &[(&str, String)]) -> Result<Value, Error> {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientInfo": {"name": "recipe", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let mut request = ureq::Agent::from(config)
        .post(url)
        .header("Content-Type", "application/json")
        // Always both: the server chooses one.
        .header("Accept", "application/json, text/event-stream")
        // The server compares these with the body.
        .header("MCP-Protocol-Version", VERSION)
        .header("Mcp-Method", method);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let response = request.send(message.to_string())?;
    let status = response.status();
    let kind = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
    result_of(response.into_body().into_reader(), is_stream, 1)
        .map_err(|error| format!("HTTP {status}: {error}").into())
}

@MESSAGES@

fn main() -> Result<(), Error> {
    let url: String = @URL@.into();
    let result = request(&url, @METHOD@, json!(@PARAMS@), &[@HEADERS@])?;
    println!("{result}");
    Ok(())
}
