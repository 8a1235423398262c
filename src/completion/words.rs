//! Splitting and quoting of a command line, as a shell does it.

/// Splits a line up to the cursor into words, with quotes and backslashes resolved. The
/// last word is being typed, and may be empty.
pub(super) fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut begun = false;
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => current(&mut words).extend(letters.next()),
            ('\'' | '"', None) => {
                quote = Some(letter);
                begun = true;
                continue;
            }
            (_, Some(open)) if letter == open => quote = None,
            (' ' | '\t' | '\n', None) => {
                if begun {
                    words.push(String::new());
                }
                begun = false;
                continue;
            }
            _ => current(&mut words).push(letter),
        }
        begun = true;
    }
    words
}

fn current(words: &mut [String]) -> &mut String {
    // There always is one.
    #[expect(clippy::indexing_slicing, reason = "never empty")]
    let last = &mut words[words.len() - 1];
    last
}

/// Returns the length in bytes of what bash treats as earlier words: it also breaks words
/// at `=` and `:`.
pub(super) fn seen_by_bash(word: &str, breaks: &str) -> usize {
    let breaks =
        |letter: char| !letter.is_whitespace() && "=:".contains(letter) && breaks.contains(letter);
    word.rfind(breaks).map_or(0, |at| at + 1)
}

/// Escapes a word for a shell, character by character, because it may continue any typed
/// text.
pub(super) fn quoted(word: &str) -> String {
    let mut out = String::new();
    for letter in word.chars() {
        if !(letter.is_alphanumeric() || "%+,-./:=@_".contains(letter)) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(split("a  b"), ["a", "b"]);
        assert_eq!(split("a "), ["a", ""]);
        assert_eq!(split("a 'b c' d\\ e \"f\\\"g"), ["a", "b c", "d e", "f\"g"]);
        assert_eq!(split("a ''"), ["a", ""]);
        assert_eq!(split(""), [""]);
    }

    #[test]
    fn bash_breaks_words_where_it_is_told_to() {
        assert_eq!(seen_by_bash("color=re", " =:"), 6);
        assert_eq!(seen_by_bash("color=re", " :"), 0);
        assert_eq!(seen_by_bash("demo://a", "=:"), 5);
        assert_eq!(seen_by_bash("plain", "=:"), 0);
    }

    #[test]
    fn what_a_shell_would_read_otherwise_is_escaped() {
        assert_eq!(quoted("New York;$(id)"), "New\\ York\\;\\$\\(id\\)");
        assert_eq!(quoted("demo://a"), "demo://a");
        assert_eq!(quoted("{a,b}"), "\\{a,b\\}");
    }
}
