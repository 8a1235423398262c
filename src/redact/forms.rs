//! Finds a secret in text, whatever its encoding there: as it is, with escapes of JSON, percent-encoding or HTML
//! entities for any part of it, one within another, in Base64 at any offset, or in hexadecimal.

use std::collections::HashSet;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::digest::hex as hex_of;

/// Maximum number of encodings one within another, as JSON in a string of JSON.
const MAX_DEPTH: usize = 2;

/// Minimum number of bytes of a form that are hidden where the text was cut within it.
const CUT_FROM: usize = 6;

/// One form of a secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Form {
    bytes: Vec<u8>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// Hexadecimal digits in either case.
    Hex,
    /// Base64 in either alphabet, perhaps with line breaks. Characters before and after the form hold bits of
    /// the secret too.
    Base64 {
        before: bool,
        after: bool,
    },
}

/// Returns all forms of a secret.
pub(super) fn forms_of(secret: &str) -> Vec<Form> {
    let plain = Form { bytes: secret.as_bytes().to_vec(), kind: Kind::Plain };
    let hex = Form { bytes: hex_of(secret.as_bytes()).into_bytes(), kind: Kind::Hex };
    let in_base64 = (0..3).map(|offset| {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(secret.as_bytes());
        let text = STANDARD_NO_PAD.encode(&padded);
        // Only characters whose bits all belong to the secret are the same in any text.
        let (start, end) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
        let kind = Kind::Base64 { before: offset > 0, after: padded.len() % 3 > 0 };
        Form { bytes: text.as_bytes()[start..end].to_vec(), kind }
    });
    [plain, hex].into_iter().chain(in_base64).collect()
}

impl Form {
    /// Returns true if this form may begin with the byte.
    pub(super) fn may_begin(&self, byte: u8) -> bool {
        self.reads(byte, 0) || matches!(byte, b'%' | b'\\' | b'&' | b'~')
    }

    /// Returns the place of this form in a text, if it begins at this byte, which can be read in these ways.
    pub(super) fn at(&self, text: &str, start: usize, first: &[Read]) -> Option<Range<usize>> {
        let bytes = text.as_bytes();
        let begins = first.iter().any(|way| self.after(0, way.character).is_some());
        if !begins || !text.is_char_boundary(start) {
            return None;
        }
        let end = self.ends(bytes, start).filter(|end| text.is_char_boundary(*end))?;
        Some(self.widened(bytes, start, end))
    }

    /// Returns true if the byte is the one at this place of the form.
    fn reads(&self, byte: u8, place: usize) -> bool {
        let wanted = self.bytes[place];
        match self.kind {
            Kind::Plain => byte == wanted || (wanted == b' ' && byte == b'+'),
            Kind::Hex => byte.to_ascii_lowercase() == wanted,
            Kind::Base64 { .. } => {
                byte == wanted || matches!((byte, wanted), (b'-', b'+') | (b'_', b'/'))
            }
        }
    }

    /// Returns the end of the form that begins at this byte of a text.
    fn ends(&self, text: &[u8], start: usize) -> Option<usize> {
        // A character may be read in several ways, so every way is followed.
        let (mut ways, mut cut) = (vec![(0, start)], None);
        let mut seen = HashSet::new();
        while let Some((place, at)) = ways.pop() {
            // Without this, a run of backslashes would have exponentially many readings.
            if !seen.insert((place, at)) {
                continue;
            }
            if place == self.bytes.len() {
                return Some(at);
            }
            if place >= CUT_FROM && is_cut(text, at) {
                cut = cut.max(Some(at));
            }
            for Read { character, end } in reads(text, at, MAX_DEPTH) {
                let is_break = matches!(character, Unit::Byte(b'\r' | b'\n')) && place > 0;
                if is_break && matches!(self.kind, Kind::Base64 { .. }) {
                    ways.push((place, end));
                }
                if let Some(next) = self.after(place, character) {
                    ways.push((next, end));
                }
            }
        }
        cut
    }

    /// Returns the place after a character, if it is the one at this place of the form.
    fn after(&self, place: usize, character: Unit) -> Option<usize> {
        match character {
            Unit::Byte(byte) => self.reads(byte, place).then_some(place + 1),
            Unit::Char(character) => {
                let mut buffer = [0; 4];
                let encoded = character.encode_utf8(&mut buffer).as_bytes();
                self.bytes[place..].starts_with(encoded).then_some(place + encoded.len())
            }
        }
    }

    /// Adds the neighbours of a place that hold bits of the secret.
    fn widened(&self, text: &[u8], start: usize, end: usize) -> Range<usize> {
        let Kind::Base64 { before, after } = self.kind else { return start..end };
        let is_digit = |at: usize| {
            text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte))
        };
        let start = if before && start > 0 && is_digit(start - 1) { start - 1 } else { start };
        start..if after && is_digit(end) { end + 1 } else { end }
    }
}

/// Returns true if the text was cut at this byte, or within an encoding that begins there.
fn is_cut(text: &[u8], at: usize) -> bool {
    let rest = &text[at..];
    let within = if matches!(rest.first(), Some(b'%' | b'\\' | b'&')) { 12 } else { 0 };
    (0..=within.min(rest.len())).any(|more| rest[more..].starts_with("…".as_bytes()))
}

/// A decoded unit of text.
#[derive(Clone, Copy)]
enum Unit {
    Byte(u8),
    /// A character outside ASCII.
    Char(char),
}

impl Unit {
    fn of(character: char) -> Self {
        match u8::try_from(u32::from(character)) {
            Ok(byte) if byte.is_ascii() => Self::Byte(byte),
            _ => Self::Char(character),
        }
    }
}

/// One way to read a unit of text.
pub(super) struct Read {
    character: Unit,
    /// First byte after it.
    end: usize,
}

/// Returns every way to read the unit at this byte of a text.
pub(super) fn all_reads(text: &str, at: usize) -> Vec<Read> {
    reads(text.as_bytes(), at, MAX_DEPTH)
}

/// Returns every way to read the unit at this byte of a text, up to this depth of encodings.
fn reads(text: &[u8], at: usize, depth: usize) -> Vec<Read> {
    let Some(&byte) = text.get(at) else { return Vec::new() };
    let mut ways = vec![Read { character: Unit::Byte(byte), end: at + 1 }];
    if depth == 0 || !matches!(byte, b'%' | b'\\' | b'&' | b'~') {
        return ways;
    }
    // The sign that begins an encoding may be encoded itself, and so may the characters after it.
    for lead in reads(text, at, depth - 1) {
        let Unit::Byte(sign) = lead.character else { continue };
        let found = match sign {
            b'%' => hex(text, lead.end, 2, depth).map(|(value, end)| (byte_of(value), end)),
            b'&' => entity(text, lead.end),
            // A step of a JSON Pointer (RFC 6901, 3).
            b'~' => match text.get(lead.end) {
                Some(b'0') => Some((Unit::Byte(b'~'), lead.end + 1)),
                Some(b'1') => Some((Unit::Byte(b'/'), lead.end + 1)),
                _ => None,
            },
            b'\\' => {
                let found = escapes(text, lead.end, depth).into_iter();
                ways.extend(found.map(|(character, end)| Read { character, end }));
                None
            }
            _ => None,
        };
        ways.extend(found.map(|(character, end)| Read { character, end }));
    }
    ways
}

#[allow(clippy::cast_possible_truncation, reason = "two hexadecimal digits are one byte")]
fn byte_of(value: u32) -> Unit {
    Unit::Byte(value as u8)
}

/// Reads hexadecimal digits, which may be encoded themselves.
fn hex(text: &[u8], mut at: usize, count: usize, depth: usize) -> Option<(u32, usize)> {
    let mut value = 0;
    for _ in 0..count {
        let digit = reads(text, at, depth - 1).into_iter().find_map(|one| match one.character {
            Unit::Byte(byte) => Some((char::from(byte).to_digit(16)?, one.end)),
            Unit::Char(_) => None,
        });
        let (digit, end) = digit?;
        value = value * 16 + digit;
        at = end;
    }
    Some((value, at))
}

/// Reads what follows the backslash of an escape, in every way (RFC 8259, 7, and the languages beside it).
fn escapes(text: &[u8], at: usize, depth: usize) -> Vec<(Unit, usize)> {
    let of = |next: Read| {
        let Unit::Byte(byte) = next.character else { return None };
        let plain = |byte| Some((Unit::Byte(byte), next.end));
        match byte {
            b'u' => {
                let (value, end) = hex(text, next.end, 4, depth)?;
                Some((Unit::of(char::from_u32(value)?), end))
            }
            b'x' => hex(text, next.end, 2, depth).map(|(value, end)| (byte_of(value), end)),
            b'n' => plain(b'\n'),
            b'r' => plain(b'\r'),
            b't' => plain(b'\t'),
            _ if byte.is_ascii_punctuation() => plain(byte),
            _ => None,
        }
    };
    reads(text, at, depth - 1).into_iter().filter_map(of).collect()
}

/// Reads what follows the ampersand of an HTML entity.
fn entity(text: &[u8], at: usize) -> Option<(Unit, usize)> {
    let rest = text.get(at..)?;
    let length = rest.iter().take(12).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&rest[..length]).ok()?;
    let number = name.strip_prefix('#').map(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    });
    let character = match number {
        Some(value) => char::from_u32(value.ok()?)?,
        None => match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "plus" => '+',
            "sol" => '/',
            "equals" => '=',
            "lowbar" => '_',
            "period" => '.',
            "colon" => ':',
            _ => return None,
        },
    };
    Some((Unit::of(character), at + length + 1))
}
