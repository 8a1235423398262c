//! Properties that must hold for any input, tested at random and on the regression corpus
//! of the fuzz targets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fuzzing;

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
}
