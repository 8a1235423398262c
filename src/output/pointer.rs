//! JSON Pointers (RFC 6901), for `--query`.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::PointerNotFound;

/// Returns the value at a JSON Pointer (RFC 6901).
pub(super) fn at<'v>(value: &'v Value, pointer: &str) -> Result<&'v Value, PointerNotFound> {
    if let Some(found) = value.pointer(pointer) {
        return Ok(found);
    }
    // Find the longest part of the pointer that leads somewhere.
    let ends = pointer.match_indices('/').map(|(at, _)| &pointer[..at]);
    let known = ends.filter_map(|end| Some((end, value.pointer(end)?))).next_back();
    let (end, there) = known.unwrap_or(("", value));
    let has = match there {
        Value::Object(object) if !object.is_empty() => {
            let keys: Vec<&str> = object.keys().map(String::as_str).collect();
            format!("the keys {}", keys.join(", "))
        }
        Value::Array(items) => format!("{} items, counted from 0", items.len()),
        Value::Object(_) => "no keys".to_owned(),
        _ => "a single value".to_owned(),
    };
    let place = if end.is_empty() { "the result".to_owned() } else { format!("`{end}`") };
    Err(PointerNotFound(format!("the result has nothing at `{pointer}`: {place} has {has}")))
}

/// Returns the part of a JSON text at a pointer, without parsing the rest into values.
pub(super) fn pick<'t>(text: &'t str, pointer: &str) -> Option<&'t str> {
    let mut text = text;
    for step in pointer.split('/').skip(1) {
        let key = step.replace("~1", "/").replace("~0", "~");
        let mut reader = serde_json::Deserializer::from_str(text);
        text = Step { key: &key }.deserialize(&mut reader).ok()??.get();
    }
    Some(text)
}

/// Finds the member or the item with this name.
struct Step<'k> {
    key: &'k str,
}

impl<'de> DeserializeSeed<'de> for Step<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            if name == self.key {
                // As in a value, the last of several counts.
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        // No sign and no leading zero (RFC 6901, 4).
        let is_index = self.key == "0" || !self.key.starts_with(['0', '+']);
        let wanted = self.key.parse::<usize>().ok().filter(|_| is_index);
        let (mut found, mut at) = (None, 0);
        while let Some(item) = items.next_element::<&RawValue>()? {
            if Some(at) == wanted {
                found = Some(item);
            }
            at += 1;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_text_is_the_value_at_the_same_place() {
        let text = r#"{"a":[1,{"b/c":"x\u0041","~":null,"":{"y":2}}],"a2":-1.50,"a":[7,{"b/c":"z","":3}]}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        for pointer in [
            "",
            "/a",
            "/a/0",
            "/a/1/b~1c",
            "/a/1/~0",
            "/a/1/",
            "/a/01",
            "/a/+1",
            "/a/9",
            "/a2",
            "/no",
            "/a/0/x",
            "/a/-",
        ] {
            let picked =
                pick(text, pointer).map(|text| serde_json::from_str::<Value>(text).unwrap());
            assert_eq!(picked.as_ref(), value.pointer(pointer), "{pointer}");
        }
    }

    #[test]
    fn a_pointer_finds_a_value_or_says_how_far_it_leads() {
        let value = serde_json::json!({"content": [{"text": "hi"}], "a/b": 1, "m": {}});
        assert_eq!(at(&value, "/content/0/text").unwrap(), "hi");
        assert_eq!(at(&value, "/a~1b").unwrap(), 1);
        assert_eq!(at(&value, "").unwrap(), &value);
        let lost = |pointer: &str| at(&value, pointer).unwrap_err().to_string();
        assert!(lost("/content/1/text").ends_with("`/content` has 1 items, counted from 0"));
        assert!(lost("/x").ends_with("the result has the keys content, a/b, m"), "{}", lost("/x"));
        assert!(lost("/content/0/text/x").ends_with("`/content/0/text` has a single value"));
        assert!(lost("/m/x").ends_with("`/m` has no keys"));
    }
}
