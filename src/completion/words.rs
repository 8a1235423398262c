//! A command line as a shell sees it: its words, and what of a word is still to be typed.

/// The words of a line up to the cursor, quotes and backslashes resolved; the last is being typed, and may be
/// empty.
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

/// How much of a word bash takes for words of their own: it breaks them at more than blanks.
pub(super) fn seen_by_bash(word: &str, breaks: &str) -> usize {
    let breaks =
        |letter: char| !letter.is_whitespace() && "=:".contains(letter) && breaks.contains(letter);
    word.rfind(breaks).map_or(0, |at| at + 1)
}

/// A word as a shell takes it literally, letter by letter escaped: what is typed before it may be anything.
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
