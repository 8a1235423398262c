//! Runs the command in an isolated environment.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::schema;

/// A home and a state directory, without the rest of the real environment.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// Outcome of a finished command.
pub(crate) struct Finished {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// Sets an environment variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the command's state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Returns the directory that the command runs in.
    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the command, not yet started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcpoke"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("MCPOKE_STATE_DIR", self.state())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        let on_demo = args.windows(2).any(|two| two[0] == "-s" && two[1] == "demo");
        if on_demo && !args.contains(&"--trace-file") {
            return self.run_checked(args);
        }
        Finished::of(self.command(args).output().unwrap())
    }

    /// Runs the command on the built-in server. Fails the test if a message that it sent
    /// violates the schema of its revision.
    #[track_caller]
    fn run_checked(&self, args: &[&str]) -> Finished {
        let trace = tempfile::Builder::new().suffix(".jsonl").tempfile().unwrap();
        let more = ["--trace-file", trace.path().to_str().unwrap()];
        let args: Vec<&str> = args.iter().copied().chain(more).collect();
        let finished = Finished::of(self.command(&args).output().unwrap());
        for line in std::fs::read_to_string(trace.path()).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let body = line["request"]["body"].as_str().unwrap();
            if let Ok(message) = serde_json::from_str::<Value>(body) {
                let headers = line["request"]["headers"].to_string().to_lowercase();
                let is_modern = headers.contains(r#"["mcp-protocol-version","2026-07-28"]"#);
                let problem = schema::problem(&message, is_modern);
                assert!(problem.is_none(), "{message}\n{}", problem.unwrap());
            }
        }
        finished
    }

    /// Runs the command with text on standard input.
    pub(crate) fn run_with_input(&self, args: &[&str], input: &str) -> Finished {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Finished::of(child.wait_with_output().unwrap())
    }
}

impl Finished {
    fn of(output: std::process::Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Fails the test, with everything that was printed, unless the exit code is this one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails the test unless stderr contains this text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in stderr:\n{}", self.stderr);
        self
    }

    /// Fails the test unless stdout contains this text.
    #[track_caller]
    pub(crate) fn prints_part(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no {text:?} in stdout:\n{}", self.stdout);
        self
    }

    /// Fails the test unless the command failed, with any exit code.
    #[track_caller]
    pub(crate) fn fails(self) -> Self {
        assert_ne!(self.code, 0, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails the test unless stdout is this text.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert_eq!(self.stdout, text, "stderr:\n{}", self.stderr);
        self
    }
}
