//! The built-in server: strict, small, loopback only. Examples run on it, and so do tests.
//!
//! hyper on a current-thread runtime, confined to this room. It behaves as the specification demands
//! (2025-11-25, Transports): a session is required, an unknown one gets 404, both types in Accept,
//! Host and Origin checked. It can be told to misbehave, in the ways that real servers do.

mod faults;
mod server;
mod sessions;
mod tools;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

/// How answers to requests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// As an event stream.
    #[default]
    Sse,
    /// As one JSON document.
    Json,
}

/// How a session that is not known, or not any more, is refused: the ways of real servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LostAs {
    /// 404 with a JSON-RPC error, as the specification has it.
    #[default]
    NotFound,
    /// 400 with a JSON-RPC error.
    BadRequest,
    /// 404 with plain text.
    Text,
    /// 401 without a challenge.
    Unauthorized,
    /// 410.
    Gone,
    /// 422 with plain text.
    Unprocessable,
    /// 503 with JSON that is no JSON-RPC.
    Unavailable,
    /// A JSON-RPC error with status 200.
    Error,
    /// An event stream that ends at once.
    Empty,
}

/// What goes wrong with the answer to every `tools/call`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It takes three seconds more.
    Slow,
    /// It ends in the middle.
    Cut,
    /// The connection is reset in the middle.
    Reset,
    /// It comes byte by byte.
    Drip,
    /// It is 64 MiB long.
    Huge,
}

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
    /// Issue no session ids and want none.
    pub stateless: bool,
    /// How answers come.
    pub answers: Answers,
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
