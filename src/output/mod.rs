//! Output: results on stdout, everything else on stderr. Each stream decides by itself on
//! colour and on escaping for a terminal.

mod content;
mod overlay;
mod pointer;
mod sanitize;
mod style;
mod table;

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::env::{Env, Terminal};

pub use content::{Destination, Rendered, render};
pub use overlay::ProgressLine;
pub use sanitize::{one_line, text as safe_text};
pub use style::{ColorChoice, Paint, Style};
pub use table::{Columns, print_table, table};

/// Lines shorter than this, in bytes, are copied so that they can be written in one piece.
const PIECE: usize = 4096;

/// Output streams of a command and how to write to them.
#[derive(Clone)]
pub struct Console {
    /// Standard output.
    pub out: Stream,
    /// Standard error.
    pub err: Stream,
    /// Suppresses notes.
    pub quiet: bool,
    /// Prints results and failures as JSON.
    pub json: bool,
    /// JSON Pointer (RFC 6901) of the only value to print of a JSON result.
    pub query: Option<String>,
}

/// Error for a query that found no value. Its text describes what the result has instead.
#[derive(Debug)]
pub struct PointerNotFound(String);

impl std::fmt::Display for PointerNotFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PointerNotFound {}

impl PointerNotFound {
    /// Returns true if an I/O error is of this type.
    pub fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Self>)
    }
}

impl From<PointerNotFound> for io::Error {
    fn from(error: PointerNotFound) -> Self {
        Self::other(error)
    }
}

/// An output stream. Clones write to the same place.
#[derive(Clone)]
pub struct Stream {
    target: Arc<Mutex<Box<dyn Write + Send>>>,
    /// Colour setting of the stream.
    pub style: Style,
    /// Terminal properties of the stream.
    pub terminal: Terminal,
    /// The progress line, shared by all streams of the terminal.
    pub overlay: ProgressLine,
    /// True if results are written to the stream.
    has_results: bool,
}

impl Console {
    /// Creates a console for the streams of the process.
    pub fn new(env: &Env, color: ColorChoice, quiet: bool, json: bool) -> Self {
        let overlay = ProgressLine::default();
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
            query: None,
        }
    }

    /// Prints a line of a result.
    pub fn line(&self, line: &str) -> io::Result<()> {
        self.out.line(line)
    }

    /// Prints a note on stderr, unless `--quiet` is given. Write errors are ignored.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = self.err.line(text);
        }
    }

    /// Prints a JSON value as a result, or the part that `--query` selects: pretty-printed on a
    /// terminal, otherwise on one line.
    pub fn value(&self, value: &Value) -> io::Result<()> {
        match &self.query {
            Some(query) => self.plain(pointer::at(value, query)?),
            None => self.laid_out(value),
        }
    }

    /// Prints a single value: a string as plain text, everything else as JSON.
    fn plain(&self, value: &Value) -> io::Result<()> {
        match value {
            Value::String(text) => self.out.server_text(text),
            other => self.laid_out(other),
        }
    }

    fn laid_out(&self, value: &Value) -> io::Result<()> {
        if self.out.terminal.is_terminal {
            let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
            self.line(&safe_text(&text))
        } else {
            self.line(&value.to_string())
        }
    }

    /// Prints JSON text from a server as a result: pretty-printed on a terminal, otherwise
    /// unchanged.
    pub fn raw(&self, text: &str) -> io::Result<()> {
        let is_terminal = self.out.terminal.is_terminal;
        let Some(query) = &self.query else {
            if !is_terminal {
                return self.out.server_text(text);
            }
            return match serde_json::from_str(text) {
                Ok(value) => self.laid_out(&value),
                Err(_) => self.out.server_text(text),
            };
        };
        match pointer::pick(text, query) {
            // As a value, a large text would need several times its memory.
            Some(part) if part.len() > PIECE && !part.starts_with('"') && !is_terminal => {
                self.out.server_text(&json_line(part))
            }
            Some(part) => match serde_json::from_str(part) {
                Ok(value) => self.plain(&value),
                Err(_) => self.out.server_text(part),
            },
            None => match serde_json::from_str(text) {
                Ok(value) => self.value(&value),
                Err(_) => self.out.server_text(text),
            },
        }
    }

    /// Prints JSON texts from a server as a list, which is a member of an object.
    pub fn raw_list<'t>(&self, key: &str, items: impl Iterator<Item = &'t str>) -> io::Result<()> {
        let (mut text, mut separator) = (format!("{{\"{key}\":["), "");
        let is_whole = self.out.terminal.is_terminal || self.query.is_some();
        for item in items {
            text.push_str(separator);
            text.push_str(item);
            separator = ",";
            if text.len() > PIECE && !is_whole {
                self.out.bytes(text.as_bytes())?;
                text.clear();
            }
        }
        text.push_str("]}");
        if is_whole { self.raw(&text) } else { self.out.line(&text) }
    }

    /// Prints JSON text as one of many results, one per line.
    pub fn raw_line(&self, text: &str) -> io::Result<()> {
        if self.query.is_some() { self.raw(text) } else { self.out.server_text(text) }
    }
}

impl Stream {
    /// Returns this stream, written to a terminal instead.
    #[must_use]
    pub fn instead(&self, terminal: impl Write + Send + 'static) -> Self {
        let target: Box<dyn Write + Send> = Box::new(terminal);
        let is = Terminal { is_terminal: true, width: None };
        Self { target: Arc::new(Mutex::new(target)), terminal: is, ..self.clone() }
    }

    /// Writes a line.
    pub fn line(&self, line: &str) -> io::Result<()> {
        if line.len() < PIECE {
            // In one piece, because other processes may write to the same terminal.
            return self.bytes(format!("{line}\n").as_bytes());
        }
        self.bytes(line.as_bytes())?;
        self.bytes(b"\n")
    }

    /// Writes bytes unchanged.
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
            // The progress line ends when the result arrives.
            self.overlay.clear();
        }
        self.overlay.around(write)
    }

    /// Writes a line of server text: escaped on a terminal, otherwise unchanged.
    pub fn server_text(&self, text: &str) -> io::Result<()> {
        if self.terminal.is_terminal { self.line(&safe_text(text)) } else { self.line(text) }
    }
}

/// Formats a duration: `1.8 ms`, `2.3 s`.
pub fn duration(duration: std::time::Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    if ms < 1000.0 { format!("{ms:.1} ms") } else { format!("{:.1} s", ms / 1000.0) }
}

/// Formats a path, relative to the current directory if it is below it.
pub fn local_path(path: &std::path::Path) -> String {
    let folder = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&folder).unwrap_or(path).display().to_string()
}

/// Formats an age: `3 h`, `2 days`.
pub fn age(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Splits text into lines of at most `width` columns of a terminal. Words are kept whole.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(Cow::into_owned).collect()
}

/// Returns JSON text without line breaks; numbers and key order are kept.
pub fn json_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r']) {
        return Cow::Borrowed(text);
    }
    let value = serde_json::from_str::<Value>(text);
    Cow::Owned(value.map_or_else(|_| "null".to_owned(), |value| value.to_string()))
}

/// Formats a count with its noun: `1 tool`, `2 tools`.
pub fn count(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Truncates text to at most `most` characters.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Returns a description up to its first full stop or line break.
pub fn first_sentence(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let end = line.find(". ").map_or(line.len(), |at| at + 1);
    line[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_cut_to_its_first_sentence() {
        assert_eq!(first_sentence("Adds. And more."), "Adds.");
        assert_eq!(first_sentence("\n Adds v1.2 numbers\nmore"), "Adds v1.2 numbers");
        assert_eq!(first_sentence(""), "");
    }

    #[test]
    fn a_result_takes_one_line() {
        assert_eq!(json_line("{\"b\": 1, \"a\": 2}"), "{\"b\": 1, \"a\": 2}");
        let large = "{\n \"b\": 123456789012345678901234567890,\n \"a\": 1.0}";
        assert_eq!(json_line(large), "{\"b\":123456789012345678901234567890,\"a\":1.0}");
    }

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("a-very-long-word b", 5), ["a-very-long-word", "b"]);
        assert_eq!(wrap("", 5), [""]);
        // These letters are two columns wide.
        assert_eq!(wrap("日本 日本", 8), ["日本", "日本"]);
    }
}
