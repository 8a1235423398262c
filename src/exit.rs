//! Exit codes. Scripts depend on these numbers, so none is ever reused with another
//! meaning.

use std::io;

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
    /// Returns the exit code of a command that only prints. A closed pipe (`| head`) is not an error.
    pub fn of_output(written: io::Result<()>) -> Self {
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Self::Output,
            _ => Self::Success,
        }
    }

    /// All exit codes, with their meanings.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::Success, "success"),
        (Self::ToolFailed, "the tool returned an error (isError)"),
        (Self::Usage, "invalid usage or arguments"),
        (Self::Unreachable, "no connection to the server (name, TCP, TLS, proxy)"),
        (Self::Auth, "credentials are missing or rejected (401, 403)"),
        (Self::Session, "the session is missing or lost, and the call was not repeated"),
        (Self::Rpc, "the server returned a JSON-RPC error"),
        (Self::Protocol, "the response is not MCP, or violates the protocol"),
        (Self::Limit, "a timeout or a size limit was reached"),
        (Self::State, "saved state cannot be read or written"),
        (Self::Input, "the server requests input that is not available"),
        (Self::Output, "the output cannot be written"),
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
