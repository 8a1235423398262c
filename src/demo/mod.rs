//! The built-in server: strict, small, loopback only. Examples and tests use it.
//!
//! It uses hyper on a current-thread runtime, and supports both eras as their revisions
//! require. In the legacy era, a session is required, and an unknown one gets 404
//! (2025-11-25, Transports). In the modern era, every request is checked by itself
//! (2026-07-28, Streamable HTTP). Options make it misbehave as real servers do.

mod answers;
mod faults;
mod legacy;
mod modern;
mod oauth;
mod offers;
mod options;
mod server;
mod sessions;
mod state;
mod tasks;
mod tools;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;

pub use oauth::{CLIENT_ID, CLIENT_SECRET};

use crate::protocol::tools::Tools;
pub use options::{AnswerForm, DemoAuth, DemoEras, Fault, LostAs};

/// The token that the server requires with `--auth bearer`.
pub const TOKEN: &str = "demo-token";

/// Behaviour of the server.
#[derive(Debug, Clone, Copy, Default)]
pub struct DemoOptions {
    /// Number of calls after which a session is lost.
    pub lose_after: Option<u32>,
    /// Age at which a session is lost.
    pub lose_every: Option<Duration>,
    /// Response that reports a lost session.
    pub lost_as: LostAs,
    /// Fault in the responses to calls.
    pub fault: Option<Fault>,
    /// The supported eras.
    pub eras: DemoEras,
    /// Neither issue nor require session ids.
    pub stateless: bool,
    /// Form of the responses.
    pub answers: AnswerForm,
    /// Authorization that clients need.
    pub auth: DemoAuth,
    /// Lifetime of issued tokens; `None` is one hour.
    pub token_ttl: Option<Duration>,
}

/// Returns the tools that a new server offers.
pub fn tools() -> Tools {
    let tools = tools::list(false);
    let texts = tools.as_array().into_iter().flatten().map(ToString::to_string);
    texts.filter_map(|text| RawValue::from_string(text).ok()).collect()
}

/// Returns another list that the server offers: `resources`, `resourceTemplates` or
/// `prompts`.
pub fn offers(key: &str) -> Vec<Value> {
    offers::list(key).as_array().cloned().unwrap_or_default()
}

/// A server that runs in a thread of this process, until the process ends.
#[derive(Debug)]
pub struct Demo {
    address: SocketAddr,
    thread: std::thread::JoinHandle<io::Result<()>>,
}

impl Demo {
    /// Starts the server on 127.0.0.1; port 0 takes a free one.
    pub fn start(port: u16, options: DemoOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let thread = std::thread::Builder::new()
            .name("demo".to_owned())
            .spawn(move || server::run(listener, options))?;
        Ok(Self { address, thread })
    }

    /// Returns the URL of the endpoint.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Serves until the process ends. Fails if the server stops.
    pub fn wait(self) -> io::Result<()> {
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the server stopped")))
    }
}
