//! Session ids of a server's own format that it never issued.

/// Returns an id that the server never issued, in the format of the ids that it did issue: what two of them
/// have in common stays, and every other character is replaced by a random one of its class.
pub(super) fn made_up(id: &str, other: Option<&str>) -> String {
    let other: Vec<char> = other.unwrap_or_default().chars().collect();
    let own: Vec<char> = id.chars().collect();
    let aligned = own.len() == other.len();
    let common = own.iter().zip(&other).take_while(|(one, two)| one == two).count();
    let fixed = |at: usize| at < common || (aligned && own[at] == other[at]);
    let is_hex = own
        .iter()
        .enumerate()
        .all(|(at, c)| fixed(at) || !c.is_ascii_alphanumeric() || c.is_ascii_hexdigit());
    let uuids = uuid_starts(id);
    let mut made: Vec<char> = own.clone();
    for (at, c) in own.iter().enumerate() {
        // The version and the variant of a UUID have a meaning (RFC 9562, 4).
        let marks = uuids.iter().any(|start| at == start + 14 || at == start + 19);
        if !fixed(at) && !marks {
            made[at] = another(*c, is_hex);
        }
    }
    let made: String = made.into_iter().collect();
    if made == id { format!("{made}0") } else { made }
}

/// Returns a random character of the same class that differs from this one.
fn another(c: char, is_hex: bool) -> char {
    let class: &[u8] = match c {
        '0'..='9' if !is_hex => b"0123456789",
        'a'..='z' if !is_hex => b"abcdefghijklmnopqrstuvwxyz",
        'A'..='Z' if !is_hex => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        'A'..='F' => b"0123456789ABCDEF",
        '0'..='9' | 'a'..='f' => b"0123456789abcdef",
        other => return other,
    };
    let at = class.iter().position(|known| char::from(*known) == c).unwrap_or_default();
    let random = getrandom::u32().unwrap_or_default() as usize;
    let step = 1 + random % (class.len() - 1);
    char::from(class[(at + step) % class.len()])
}

/// Returns the places at which a UUID begins.
fn uuid_starts(id: &str) -> Vec<usize> {
    let is_uuid = |part: &[u8]| {
        part.iter().enumerate().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => *c == b'-',
            _ => c.is_ascii_hexdigit(),
        })
    };
    let windows = id.as_bytes().windows(36).enumerate();
    windows.filter(|(_, part)| is_uuid(part)).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::made_up;

    #[test]
    fn a_made_up_id_has_the_form_of_the_issued_ones() {
        let one = "mcp-session-1868a90c-0a1b-4c2d-8e3f-a0b1c2d3e4f5";
        let two = "mcp-session-97fe3311-5c7d-4e8f-b6a5-0f1e2d3c4b5a";
        for _ in 0..100 {
            let made = made_up(one, Some(two));
            assert!(made.starts_with("mcp-session-") && made.len() == one.len(), "{made}");
            assert_ne!(made, one);
            let uuid = &made["mcp-session-".len()..];
            assert_eq!((&uuid[14..15], &uuid[19..20], &uuid[8..9]), ("4", "8", "-"), "{made}");
            assert!(uuid.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-'), "{made}");
            assert!(!uuid.bytes().any(|c| c.is_ascii_uppercase()), "{made}");
        }
    }

    #[test]
    fn other_formats() {
        for _ in 0..100 {
            let number = made_up("12345678", Some("12345912"));
            assert!(number.starts_with("12345") && number != "12345678", "{number}");
            let letters = made_up("Zz_9", Some("Aa_1"));
            assert_eq!(&letters[2..3], "_");
            assert_ne!(letters, "Zz_9");
            // Without a second id, or with one of another length, nothing but the beginning is known.
            assert_ne!(made_up("abc", None), "abc");
            assert!(made_up("s-abc", Some("s-abcd")).starts_with("s-"), "the beginning stays");
        }
        assert_ne!(made_up("same", Some("same")), "same");
    }
}
