//! Exit codes, as a table. Scripts branch on these numbers, so none is ever reused for another meaning.

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// It worked.
    Success = 0,
    /// The tool ran and reports failure (`isError`).
    ToolFailed = 1,
    /// Wrong usage, wrong arguments.
    Usage = 2,
    /// The server cannot be reached: name, connection, TLS or proxy.
    Unreachable = 3,
    /// The server wants other credentials (401, 403).
    Auth = 4,
    /// The session is missing or gone and could not, or may not, be renewed.
    Session = 5,
    /// The server answered with a JSON-RPC error.
    Rpc = 6,
    /// The answer is not MCP, or breaks the protocol.
    Protocol = 7,
    /// A limit of time or size was reached.
    Limit = 8,
    /// Local state cannot be read or written.
    State = 9,
    /// The server asks for input, and nobody is there to give it.
    Input = 10,
    /// The user has ended it (Ctrl-C).
    Interrupted = 130,
}

impl ExitCode {
    /// All of them, with what they mean.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::Success, "it worked"),
        (Self::ToolFailed, "the tool ran and reports failure (isError)"),
        (Self::Usage, "wrong usage, wrong arguments"),
        (Self::Unreachable, "the server cannot be reached (name, connection, TLS, proxy)"),
        (Self::Auth, "the server wants other credentials (401, 403)"),
        (Self::Session, "the session is missing or gone and could not, or may not, be renewed"),
        (Self::Rpc, "the server answered with a JSON-RPC error"),
        (Self::Protocol, "the answer is not MCP, or breaks the protocol"),
        (Self::Limit, "a limit of time or size was reached"),
        (Self::State, "local state cannot be read or written"),
        (Self::Input, "the server asks for input, and nobody is there to give it"),
        (Self::Interrupted, "interrupted with Ctrl-C"),
    ];
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
