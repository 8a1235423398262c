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

/// Kind of failure, with the word that `--json` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Wrong usage, wrong arguments.
    Usage,
    /// The server cannot be reached.
    Unreachable,
    /// The server wants other credentials.
    Auth,
    /// The session is missing or gone.
    Session,
    /// A JSON-RPC error.
    Rpc,
    /// Not MCP, or against the protocol.
    Protocol,
    /// A limit of time or size.
    Limit,
    /// Local state.
    State,
    /// The server asks for input, and nobody is there to give it.
    Input,
    /// The user has ended it.
    Interrupted,
}

impl Kind {
    /// Returns the word that `--json` prints.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Unreachable => "unreachable",
            Self::Auth => "auth",
            Self::Session => "session",
            Self::Rpc => "rpc",
            Self::Protocol => "protocol",
            Self::Limit => "limit",
            Self::State => "state",
            Self::Input => "input",
            Self::Interrupted => "interrupted",
        }
    }

    /// Returns the exit code.
    pub fn exit(self) -> ExitCode {
        match self {
            Self::Usage => ExitCode::Usage,
            Self::Unreachable => ExitCode::Unreachable,
            Self::Auth => ExitCode::Auth,
            Self::Session => ExitCode::Session,
            Self::Rpc => ExitCode::Rpc,
            Self::Protocol => ExitCode::Protocol,
            Self::Limit => ExitCode::Limit,
            Self::State => ExitCode::State,
            Self::Input => ExitCode::Input,
            Self::Interrupted => ExitCode::Interrupted,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
