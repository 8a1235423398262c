//! Fuzz targets: one function each, with the properties that must hold for any input.
//!
//! The targets in `fuzz/` call these functions, and so does `cargo test` with the inputs in
//! `tests/corpus`.

use std::io::{BufReader, Read};

use std::path::Path;

use mcpoke::arguments::{ArgumentInput, Typing};
use mcpoke::config::{self, Reached};
use mcpoke::endpoint::Endpoint;
use mcpoke::env::Env;
use mcpoke::protocol::content::ToolResult;
use mcpoke::protocol::jsonrpc::{self, Message};
use mcpoke::protocol::tools::Tool;
use mcpoke::protocol::types::InitializeResult;
use mcpoke::redact::Redactor;
use mcpoke::session::{Record, expand};
use mcpoke::transport::Events;

/// An event according to the WHATWG rules: type, data, and the id set within the block.
pub(crate) type Reference = (String, String, Option<String>);

/// Parses the whole input by the event stream rules, word by word (WHATWG HTML, 9.2.5 and
/// 9.2.6).
pub(crate) fn reference(bytes: &[u8]) -> Vec<Reference> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let (mut kind, mut data, mut id) = (String::new(), String::new(), None);
    // An incomplete line at the end is discarded, and an incomplete event with it.
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    for line in complete.split('\n') {
        if line.is_empty() {
            if !data.is_empty() {
                data.pop();
                let kind = if kind.is_empty() { "message".to_owned() } else { kind.clone() };
                events.push((kind, data.clone(), id.take()));
            }
            kind.clear();
            data.clear();
            id = None;
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut kind),
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "id" if !value.contains('\0') => id = Some(value.to_owned()),
            _ => {}
        }
    }
    events
}

/// Parses a stream with the program's own parser, in pieces of this size.
pub(crate) fn decoded(bytes: &[u8], piece: usize) -> Vec<Reference> {
    struct Pieces<'b>(&'b [u8], usize);
    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(buffer.len());
            self.0.read(&mut buffer[..length])
        }
    }
    let mut events = Events::new(BufReader::new(Pieces(bytes, piece.max(1))), 1 << 24);
    let mut found = Vec::new();
    while let Some(block) = events.next_block().unwrap() {
        if let Some(data) = block.data {
            found.push((block.kind, data, block.id));
        }
    }
    found
}

/// Checks that a stream in pieces has the same events as the whole by the rules.
pub(crate) fn sse(data: &[u8]) {
    let Some((&piece, bytes)) = data.split_first() else { return };
    assert_eq!(decoded(bytes, usize::from(piece)), reference(bytes));
}

/// Checks that a message is parsed or rejected, that a result is unchanged text, and that
/// parsing it does not panic.
pub(crate) fn jsonrpc(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(messages) = jsonrpc::parse(text) else { return };
    for message in messages {
        if let Message::Result { result, .. } = message {
            assert!(text.contains(result.get()));
            let _ = ToolResult::parse(&result);
            let _ = serde_json::from_str::<InitializeResult>(result.get());
            let _ = Tool::parse(result);
        }
    }
}

/// Checks that a state file is parsed or rejected, and that a parsed one survives writing.
pub(crate) fn state(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(record) = Record::parse(text) else { return };
    let _ = record.opened_at();
    let again = serde_json::to_string(&record).unwrap();
    assert_eq!(Record::parse(&again).unwrap(), record);
}

/// Checks that a configuration file that was found names no server whose host depends on a variable, and that
/// everything it uses is listed.
pub(crate) fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let env = Env::of(&[("HOME", "/home/me")]);
    let Ok(servers) = config::parse(text, Path::new("/p/.mcp.json"), &env) else { return };
    for server in &servers {
        let Reached::Http(remote) = &server.reached else { continue };
        let variables = server.variables();
        assert!(variables.is_empty() || server.needs_approval(), "{remote:?}");
        let _ = remote.shown_url();
        let base = remote.base();
        let value = |value: &str| {
            let of_all: Vec<_> = variables.iter().map(|name| (*name, value)).collect();
            expand(&remote.url, &Env::of(&of_all), &mut Vec::new())
        };
        if !base.starts_with("${")
            && let (Ok(one), Ok(other)) = (value("a"), value("b"))
            && let (Ok(one), Ok(other)) = (Endpoint::parse(&one), Endpoint::parse(&other))
        {
            assert_eq!(one.origin(), other.origin(), "{remote:?}");
        }
    }
}

/// Checks that no text makes the search for a secret fail or find one that is not there, and that what it hides
/// stays hidden. The secret is the first line.
pub(crate) fn redaction(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((secret, text)) = text.split_once('\n') else { return };
    let mut redactor = Redactor::new(false);
    redactor.learn(secret);
    let shown = redactor.text(text).into_owned();
    // Of a secret that repeats itself, the part that is shown may complete another one.
    let repeats = secret.chars().next().is_none_or(|first| secret.matches(first).count() > 1);
    if secret.len() >= 16 && !secret.contains('…') && !repeats {
        assert!(!shown.contains(secret), "{shown}");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b' ';
    if text.bytes().all(plain) && secret.len() > text.len() && text.len() < 6 {
        assert_eq!(shown, text);
    }
}

/// Checks that any arguments with any schema end in a result or an error. The schema is the
/// first line.
pub(crate) fn arguments(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let schema = serde_json::from_str(lines.next().unwrap_or_default()).ok();
    let words: Vec<String> = lines.map(str::to_owned).collect();
    let read = |path: &str| Ok(path.as_bytes().to_vec());
    let Ok(given) = ArgumentInput::read(None, &words, &read) else { return };
    for typing in [Typing::Checked, Typing::Lenient, Typing::Strings] {
        let typed = given.typed(schema.as_ref(), typing);
        if let (Typing::Lenient, Ok(arguments)) = (typing, &typed) {
            assert_eq!(arguments.len(), words.len());
        }
    }
}
