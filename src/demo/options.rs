//! Options for the behaviour of the built-in server.

#![allow(clippy::doc_markdown, reason = "help for people")]

use clap::ValueEnum;

/// Response of the demo server to an unknown session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LostAs {
    /// 404 with a JSON-RPC error, as the specification has it
    #[default]
    #[value(name = "404")]
    Status404,
    /// 400 with a JSON-RPC error
    #[value(name = "400")]
    Status400,
    /// 404 with plain text
    Text,
    /// 401 without a challenge
    #[value(name = "401")]
    Status401,
    /// 410 with plain text
    #[value(name = "410")]
    Status410,
    /// 422 with plain text
    #[value(name = "422")]
    Status422,
    /// 503 with JSON that is no JSON-RPC
    #[value(name = "503")]
    Status503,
    /// A JSON-RPC error with status 200
    Error,
    /// An event stream that ends at once
    Empty,
}

/// Fault in the demo server's responses to calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// They take three seconds more
    Slow,
    /// They end in the middle
    Cut,
    /// The connection is reset in the middle
    Reset,
    /// They come byte by byte
    Drip,
    /// They are 64 MiB long
    Huge,
}

/// Eras that the demo server supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DemoEras {
    /// Revisions up to 2025-11-25
    Legacy,
    /// Revision 2026-07-28
    Modern,
    /// Whichever the client speaks
    #[default]
    Dual,
}

/// Form of the demo server's responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum AnswerForm {
    /// An event stream
    #[default]
    Sse,
    /// A JSON document
    Json,
}

/// Authorization that the demo server requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DemoAuth {
    /// Nothing
    #[default]
    None,
    /// A bearer token
    Bearer,
    /// A token of the authorization server that is built in as well
    #[value(name = "oauth")]
    OAuth,
}
