//! The built-in server: strict, small, loopback only. Examples run on it, and so do tests.
//!
//! hyper on a current-thread runtime, confined to this room. It speaks both eras, each as its revision
//! demands: in the legacy one a session is required and an unknown one gets 404 (2025-11-25, Transports),
//! in the modern one every request is checked by itself (2026-07-28, Streamable HTTP). It can be told to
//! misbehave, in the ways that real servers do.

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

use crate::protocol::types::Tool;
pub use options::{AnswerForm, DemoAuth, Eras, Fault, LostAs};

/// The token that the server wants, where it wants one.
pub const TOKEN: &str = "demo-token";

/// How the server behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Sessions are lost after so many calls.
    pub lose_after: Option<u32>,
    /// Sessions are lost so long after they were opened.
    pub lose_every: Option<Duration>,
    /// How that shows.
    pub lost_as: LostAs,
    /// What goes wrong with calls.
    pub fault: Option<Fault>,
    /// The eras it speaks.
    pub eras: Eras,
    /// Issue no session ids and want none.
    pub stateless: bool,
    /// How answers come.
    pub answers: AnswerForm,
    /// What is wanted of clients.
    pub auth: DemoAuth,
    /// How long the tokens are good that it gives.
    pub token_ttl: Option<Duration>,
}

/// The tools that it offers at its beginning.
pub fn tools() -> Vec<Tool> {
    let tools = tools::list(false);
    let texts = tools.as_array().into_iter().flatten().map(ToString::to_string);
    texts.filter_map(|text| Tool::parse(RawValue::from_string(text).ok()?).ok()).collect()
}

/// What else it offers, by what the protocol calls it: `resources`, `resourceTemplates`, `prompts`.
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
    pub fn start(port: u16, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let thread = std::thread::Builder::new()
            .name("demo".to_owned())
            .spawn(move || server::run(listener, options))?;
        Ok(Self { address, thread })
    }

    /// Its endpoint.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Serves until the process ends, or the server fails.
    pub fn wait(self) -> io::Result<()> {
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the server stopped")))
    }
}
