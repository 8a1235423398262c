//! The built-in server in its own process, which outlives the commands of a test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use super::Sandbox;

/// A demo server that ends with the test.
pub(crate) struct Demo {
    child: Child,
    pub(crate) url: String,
}

impl Demo {
    pub(crate) fn start(sandbox: &Sandbox) -> Self {
        Self::with(sandbox, &[])
    }

    /// Starts a server with further options.
    pub(crate) fn with(sandbox: &Sandbox, more: &[&str]) -> Self {
        let args = [&["demo", "--port", "0", "--for", "60"], more].concat();
        let mut command = sandbox.command(&args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
