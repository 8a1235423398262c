//! Escaping of server text, which must not control the terminal.

use std::fmt::Write as _;

/// Escapes control, bidirectional and invisible characters, but not line breaks and tabs.
pub fn text(text: &str) -> String {
    escape(text, |c| c == '\n' || c == '\t')
}

/// Like `text`, on one line: line breaks and tabs become spaces.
pub fn one_line(line: &str) -> String {
    let line: String = line.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    escape(line.trim(), |_| false)
}

fn escape(text: &str, allowed: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmless(c) || allowed(c) {
            out.push(c);
        } else {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        }
    }
    out
}

/// Returns true unless a character is a control character, changes the direction of text,
/// or is invisible.
fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_the_cursor_or_hides_text_survives() {
        assert_eq!(text("a\u{1b}[31mb\u{7}"), "a\\u{1b}[31mb\\u{7}");
        assert_eq!(text("x\u{202e}y\u{200b}z\u{9b}2J"), "x\\u{202e}y\\u{200b}z\\u{9b}2J");
        assert_eq!(text("\r"), "\\u{d}");
        assert_eq!(text("tag \u{e0041}"), "tag \\u{e0041}");
        for invisible in
            ['\u{34f}', '\u{115f}', '\u{17b4}', '\u{180b}', '\u{2800}', '\u{3164}', '\u{1d173}']
        {
            assert!(text(&invisible.to_string()).starts_with("\\u{"), "{invisible:?}");
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        assert_eq!(text("Zürich\n\t日本 🙂"), "Zürich\n\t日本 🙂");
        assert_eq!(one_line(" a\nb\tc "), "a b c");
    }
}
