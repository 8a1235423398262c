//! `tests/data/texts.txt` holds every text of the program for users, so that all of them can be proofread in one go.
//! `SNAPSHOTS=overwrite cargo test --test texts` writes it anew; read the difference.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use snapbox::{assert_data_eq, file};

/// Returns the source files, in order.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns the string literals of Rust source, without those of its tests.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let (mut found, mut rest) = (Vec::new(), source);
    while let Some(at) = rest.find(['"', '/', '\'', 'r']) {
        let here = &rest[at..];
        let before = rest[..at].chars().next_back();
        let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let skip = if let Some(comment) = here.strip_prefix("//") {
            2 + comment.find('\n').unwrap_or(comment.len())
        } else if let Some(body) = here.strip_prefix("r#\"") {
            3 + body.find("\"#").map_or(body.len(), |end| end + 2)
        } else if !in_word && here.starts_with("'\"'") {
            3
        } else if !in_word && here.starts_with("'\\") {
            here[2..].find('\'').map_or(1, |end| end + 3)
        } else if let Some(body) = here.strip_prefix('"') {
            let (text, length) = literal(body);
            found.push(text);
            1 + length
        } else {
            1
        };
        rest = &here[skip.min(here.len())..];
    }
    found
}

/// Reads a string literal up to its end. Returns the text, and the length of the source.
fn literal(body: &str) -> (String, usize) {
    let (mut text, mut chars) = (String::new(), body.char_indices().peekable());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (text, at + 1),
            '\\' => match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, '\n')) => {
                    while chars.peek().is_some_and(|(_, c)| c.is_whitespace()) {
                        chars.next();
                    }
                }
                Some((_, c)) => text.push(c),
                None => {}
            },
            c => text.push(c),
        }
    }
    (text, body.len())
}

/// Returns true for what reads as words: at least two, with a space between them.
fn is_text(literal: &str) -> bool {
    let is_word = |word: &&str| word.chars().filter(char::is_ascii_alphabetic).count() > 1;
    let words = literal.split_whitespace().filter(is_word).count();
    words > 1 && !literal.trim_start().starts_with(['{', '[', '<', '$'])
}

#[test]
fn every_text_can_be_proofread() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    sources(&root.join("src"), &mut paths);
    let mut all = String::new();
    for path in paths {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        let is_other = ["/near_misses/", "/recipes/", "tests.rs", "testing.rs", "corpus.rs"];
        if is_other.iter().any(|other| name.contains(other)) {
            continue;
        }
        let texts = literals(&std::fs::read_to_string(&path).unwrap());
        let mut texts: Vec<String> = texts.into_iter().filter(|text| is_text(text)).collect();
        // The help of a command and of an option is its documentation.
        if name.starts_with("src/cli/") {
            let source = std::fs::read_to_string(&path).unwrap();
            let lines = source.lines().filter_map(|line| line.trim_start().strip_prefix("/// "));
            texts.extend(lines.map(str::to_owned));
        }
        if !texts.is_empty() {
            writeln!(all, "\n# {name}\n{}", texts.join("\n")).unwrap();
        }
    }
    assert!(all.lines().count() > 1000, "{}", all.lines().count());
    assert_data_eq!(all, file!["data/texts.txt"].raw());
}

#[test]
fn literals_are_found_among_other_things() {
    let source = "let a = \"one \\\"text\\\"\"; // \"no text\"\nlet b = '\"'; let c = 'x'; fn r<'a>() {}\n\
                  let d = \"two \\\n   lines\"; let e = r#\"raw text\"#; let f = \"x\";";
    assert_eq!(literals(source), ["one \"text\"", "two lines", "x"]);
}
