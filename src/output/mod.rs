//! What a person or a script sees: results on stdout, everything else on stderr, each stream with its
//! own decision on colour and on what a terminal may be shown.

mod content;
mod overlay;
mod sanitize;
mod style;
mod table;

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::cli::ColorChoice;
use crate::env::{Env, Terminal};

pub use content::{Destination, Rendered, render};
pub use overlay::Overlay;
pub use sanitize::{one_line, text as safe_text};
pub use style::{Paint, Style};
pub use table::{Columns, table};

/// Lines up to this length are copied to be written in one piece.
const PIECE: usize = 4096;

/// Where and how to write.
#[derive(Clone)]
pub struct Console {
    /// Standard output.
    pub out: Stream,
    /// Standard error.
    pub err: Stream,
    /// No notes.
    pub quiet: bool,
    /// Results and failures as JSON.
    pub json: bool,
}

/// One output stream. Clones write to the same place.
#[derive(Clone)]
pub struct Stream {
    target: Arc<Mutex<Box<dyn Write + Send>>>,
    /// How it is painted.
    pub style: Style,
    /// What it is.
    pub terminal: Terminal,
    /// The line that shows how far something is, for all streams of the terminal.
    pub overlay: Overlay,
    /// Whether results are written to it.
    has_results: bool,
}

impl Console {
    /// The process's own streams.
    pub fn new(env: &Env, color: ColorChoice, quiet: bool, json: bool) -> Self {
        let overlay = Overlay::default();
        let stream = |target: Box<dyn Write + Send>, terminal: Terminal, has_results| Stream {
            target: Arc::new(Mutex::new(target)),
            style: Style::decide(color, env, terminal),
            terminal,
            overlay: overlay.clone(),
            has_results,
        };
        Self {
            out: stream(Box::new(io::stdout()), env.stdout, true),
            err: stream(Box::new(io::stderr()), env.stderr, false),
            quiet,
            json,
        }
    }

    /// A line of a result.
    pub fn line(&self, line: &str) -> io::Result<()> {
        self.out.line(line)
    }

    /// Something worth knowing that is no result: on stderr, and not with `--quiet`. A note that
    /// cannot be written stops nothing.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = self.err.line(text);
        }
    }

    /// A JSON value as a result: laid out for a terminal, on one line for a program.
    pub fn value(&self, value: &Value) -> io::Result<()> {
        if self.out.terminal.is_terminal {
            let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
            self.line(&safe_text(&text))
        } else {
            self.line(&value.to_string())
        }
    }

    /// JSON text of a server's as a result: as it came, but for a terminal laid out.
    pub fn raw(&self, text: &str) -> io::Result<()> {
        match serde_json::from_str::<Value>(text) {
            Ok(value) if self.out.terminal.is_terminal => self.value(&value),
            _ => self.out.server_text(text),
        }
    }
}

impl Stream {
    /// The same stream, written to a terminal instead.
    #[must_use]
    pub fn instead(&self, terminal: impl Write + Send + 'static) -> Self {
        let target: Box<dyn Write + Send> = Box::new(terminal);
        let is = Terminal { is_terminal: true, width: None };
        Self { target: Arc::new(Mutex::new(target)), terminal: is, ..self.clone() }
    }

    /// Writes a line.
    pub fn line(&self, line: &str) -> io::Result<()> {
        if line.len() < PIECE {
            // In one piece: other processes may write to the same terminal.
            return self.bytes(format!("{line}\n").as_bytes());
        }
        self.bytes(line.as_bytes())?;
        self.bytes(b"\n")
    }

    /// Writes bytes as they are.
    pub fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let write = || {
            let mut target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
            target.write_all(bytes)?;
            target.flush()
        };
        if !self.terminal.is_terminal {
            return write();
        }
        if self.has_results {
            // What was waited for is there.
            self.overlay.clear();
        }
        self.overlay.around(write)
    }

    /// A server's text: as it is for a program, harmless for a terminal.
    pub fn server_text(&self, text: &str) -> io::Result<()> {
        if self.terminal.is_terminal { self.line(&safe_text(text)) } else { self.line(text) }
    }
}

/// A duration as people read it: `1.8 ms`, `2.3 s`.
pub fn duration(duration: std::time::Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    if ms < 1000.0 { format!("{ms:.1} ms") } else { format!("{:.1} s", ms / 1000.0) }
}

/// How long ago: `3 h`, `2 days`.
pub fn age(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Text in lines of at most this many characters, words kept whole.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().filter(|line| {
            line.is_empty() || line.chars().count() + 1 + word.chars().count() <= width
        });
        match line {
            Some(line) => {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("a-very-long-word b", 5), ["a-very-long-word", "b"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
