//! Properties that must hold for any input, tested at random and on the regression corpus
//! of the fuzz targets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fuzzing;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mcpoke::redact::Redactor;
use proptest::prelude::*;

/// Generates streams from the relevant pieces, so that every rule is tested often.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"data".to_vec()),
        Just(b"data:".to_vec()),
        Just(b"data: ".to_vec()),
        Just(b"event:".to_vec()),
        Just(b"id:".to_vec()),
        Just(b"retry: 10".to_vec()),
        Just(b":".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n\n".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        Just(b"\0".to_vec()),
        Just("é🙂".as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_means_what_the_rules_say_however_it_is_cut(bytes in stream(), piece in 1usize..9) {
        prop_assert_eq!(fuzzing::decoded(&bytes, piece), fuzzing::reference(&bytes));
    }

    #[test]
    fn no_message_and_no_words_are_too_much(text in any::<Vec<u8>>()) {
        fuzzing::jsonrpc(&text);
        fuzzing::state(&text);
        fuzzing::arguments(&text);
        fuzzing::config(&text);
        fuzzing::redaction(&text);
    }
}

/// Ways to write one character of a secret.
fn written(character: char, way: u8) -> String {
    let code = u32::from(character);
    match way {
        0 => format!("%{code:02X}"),
        1 => format!("%{code:02x}"),
        2 => format!("\\u{code:04x}"),
        3 => format!("&#{code};"),
        4 => format!("&#x{code:X};"),
        5 if character.is_ascii_punctuation() => format!("\\{character}"),
        6 if character.is_ascii_punctuation() => format!("\\\\\\{character}"),
        7 => format!("%25{code:02X}"),
        8 => format!("\\\\u{code:04X}"),
        _ => character.to_string(),
    }
}

fn in_hex(text: &str) -> String {
    text.bytes()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Encodes a secret: by character in the given ways, or as a whole.
fn encoded(secret: &str, ways: &[u8], whole: u8, before: &str) -> String {
    let text = format!("{before}{secret}");
    match whole {
        0 => STANDARD.encode(&text),
        1 => URL_SAFE_NO_PAD.encode(&text),
        2 => in_hex(&text),
        3 => in_hex(&text).to_uppercase(),
        _ => {
            let ways = ways.iter().cycle();
            secret.chars().zip(ways).map(|(letter, way)| written(letter, *way)).collect()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_secret_is_hidden_in_every_encoding(
        secret in "[A-Za-z0-9+/=._~-]{16,60}",
        ways in proptest::collection::vec(0u8..16, 1..20),
        whole in 0u8..8,
        before in "[a-z %\\\\&+]{0,4}",
        after in "[ \"<,]{1}[a-z]{0,3}",
    ) {
        let mut redactor = Redactor::new(false);
        redactor.learn(&secret);
        let form = encoded(&secret, &ways, whole, &before);
        let shown = redactor.text(&format!("{before}{form}{after}")).into_owned();
        // A part of 12 characters, of which at most 4 may be shown, remains nowhere.
        for part in form.as_bytes().windows(12).skip(before.len() * 2) {
            let part = std::str::from_utf8(part).unwrap();
            prop_assert!(!shown.contains(part), "{} in {}", part, shown);
        }
        prop_assert!(shown.contains('…'), "{}", shown);
        // Nothing else is touched.
        prop_assert_eq!(redactor.text(&after), after.as_str());
    }
}

/// Runs a target on its corpus.
fn corpus(name: &str, target: fn(&[u8])) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        target(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 3, "only {count} inputs for {name}");
}

#[test]
fn the_regression_corpus_holds() {
    corpus("sse", fuzzing::sse);
    corpus("jsonrpc", fuzzing::jsonrpc);
    corpus("state", fuzzing::state);
    corpus("arguments", fuzzing::arguments);
    corpus("config", fuzzing::config);
    corpus("redaction", fuzzing::redaction);
}
