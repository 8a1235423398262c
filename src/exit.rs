//! Exit codes. Scripts depend on these numbers, so none is ever reused with another
//! meaning.

/// Exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// Success.
    Success = 0,
    /// The tool ran and returned an error (`isError`).
    ToolFailed = 1,
    /// Invalid usage or arguments.
    Usage = 2,
    /// The server cannot be reached: name lookup, connection, TLS or proxy.
    Unreachable = 3,
    /// The server requires other credentials (401, 403).
    Auth = 4,
    /// The session is missing or lost, and it could not or must not be renewed.
    Session = 5,
    /// The server returned a JSON-RPC error.
    Rpc = 6,
    /// The response is not MCP or violates the protocol.
    Protocol = 7,
    /// A time limit or size limit was exceeded.
    Limit = 8,
    /// Local state cannot be read or written.
    State = 9,
    /// The server requests input, and nobody is present to provide it.
    Input = 10,
    /// The output cannot be written.
    Output = 11,
    /// The user interrupted the command (Ctrl-C).
    Interrupted = 130,
}

impl ExitCode {
    /// All exit codes, with their meanings.
    pub const ALL: [(Self, &'static str); 13] = [
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
        (Self::Output, "the output, or a file that was asked for, cannot be written"),
        (Self::Interrupted, "interrupted with Ctrl-C"),
    ];
}

/// Kind of failure, with the word that `--json` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Wrong usage or arguments.
    Usage,
    /// The server cannot be reached.
    Unreachable,
    /// Credentials are missing or were rejected.
    Auth,
    /// The session is missing or gone.
    Session,
    /// The server responded with a JSON-RPC error.
    Rpc,
    /// The response is not MCP, or violates the protocol.
    Protocol,
    /// A time or size limit was reached.
    Limit,
    /// Local state cannot be read or written.
    State,
    /// The server requires input, and nobody can give it.
    Input,
    /// The output cannot be written.
    Output,
    /// The user interrupted the command.
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
            Self::Output => "output",
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
            Self::Output => ExitCode::Output,
            Self::Interrupted => ExitCode::Interrupted,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
