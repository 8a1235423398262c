//! The environment: variables, terminals and the clock, read once in `main` and passed
//! down.
//!
//! All other code is a function of its arguments. No other module reads variables or checks
//! for a terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::SystemTime;

use etcetera::BaseStrategy as _;

/// Properties of an output stream that affect rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// True if the stream is a terminal.
    pub is_terminal: bool,
    /// Width in columns, if the stream is a terminal that reports it.
    pub width: Option<u16>,
}

/// Environment of the process.
#[derive(Debug, Clone)]
pub struct Env {
    variables: BTreeMap<String, String>,
    /// True if standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Standard output.
    pub stdout: Terminal,
    /// Standard error.
    pub stderr: Terminal,
    /// Start time of the process.
    pub started: SystemTime,
}

impl Env {
    /// Reads the real environment. Variables that are not valid UTF-8 are left out.
    pub fn read() -> Self {
        let width = |is_terminal: bool| {
            is_terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| width.0)
        };
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Self {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout: Terminal { is_terminal: out, width: width(out) },
            stderr: Terminal { is_terminal: err, width: width(err) },
            started: SystemTime::now(),
        }
    }

    /// Creates an environment from the given variables, without a terminal.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let none = Terminal { is_terminal: false, width: None };
        Self {
            variables: variables.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            stdin_is_terminal: false,
            stdout: none,
            stderr: none,
            started: SystemTime::UNIX_EPOCH,
        }
    }

    /// Returns the value of a variable; an empty one counts as not set.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the variable in lower case, otherwise in upper case, as curl does for its proxy
    /// variables.
    pub fn var_any_case(&self, lower: &str) -> Option<&str> {
        self.var(lower).or_else(|| self.var(&lower.to_ascii_uppercase()))
    }

    /// Returns the state folder: `MCPOKE_STATE_DIR`, otherwise `XDG_STATE_HOME/mcpoke`,
    /// otherwise the platform's default. Returns `None` if there is no home folder.
    pub fn state_dir(&self) -> Option<PathBuf> {
        if let Some(dir) = self.var("MCPOKE_STATE_DIR") {
            return Some(PathBuf::from(dir));
        }
        if let Some(dir) = self.var("XDG_STATE_HOME") {
            return Some(PathBuf::from(dir).join("mcpoke"));
        }
        let strategy = etcetera::choose_base_strategy().ok()?;
        // Not every platform has a state folder.
        Some(strategy.state_dir().unwrap_or_else(|| strategy.data_dir()).join("mcpoke"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_folder_follows_the_documented_order() {
        let both = Env::of(&[("MCPOKE_STATE_DIR", "/a"), ("XDG_STATE_HOME", "/b")]);
        assert_eq!(both.state_dir().unwrap(), PathBuf::from("/a"));
        let xdg = Env::of(&[("MCPOKE_STATE_DIR", ""), ("XDG_STATE_HOME", "/b")]);
        assert_eq!(xdg.state_dir().unwrap(), PathBuf::from("/b/mcpoke"));
    }

    #[test]
    fn proxy_variables_are_read_in_lower_case_first() {
        let env = Env::of(&[("https_proxy", "http://low"), ("HTTPS_PROXY", "http://up")]);
        assert_eq!(env.var_any_case("https_proxy"), Some("http://low"));
        let env = Env::of(&[("HTTPS_PROXY", "http://up")]);
        assert_eq!(env.var_any_case("https_proxy"), Some("http://up"));
    }
}
