//! Tool parameters that are mirrored into `Mcp-Param-*` headers (2026-07-28, Streamable
//! HTTP, "Custom Headers from Tool Parameters").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::headers::{PARAM_PREFIX, is_token};

/// Schema keyword that marks a mirrored parameter.
pub(super) const KEYWORD: &str = "x-mcp-header";
const BEFORE: &str = "=?base64?";
const AFTER: &str = "?=";
/// Maximum nesting depth of a schema; a deeper one is an error.
const MAX_DEPTH: usize = 64;

/// One parameter that is mirrored into a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// Header name in lower case.
    pub header: String,
    /// Chain of property names that leads to the value.
    pub path: Vec<String>,
}

/// Encodes a header value: plain ASCII as it is, anything else in Base64 between the
/// markers ("Value Encoding").
pub fn encoded(value: &str) -> String {
    let plain = value.bytes().all(|byte| matches!(byte, 0x20..=0x7e | b'\t'));
    // HTTP strips white space around a header value (RFC 9110, 5.5).
    let padded = value.trim_matches([' ', '\t']) != value;
    // The server would decode a plain value that looks encoded.
    let looks_encoded = value.starts_with(BEFORE) && value.ends_with(AFTER);
    if plain && !padded && !looks_encoded {
        return value.to_owned();
    }
    format!("{BEFORE}{}{AFTER}", STANDARD.encode(value))
}

/// Decodes a header value. Returns `None` if the text between the markers is not valid
/// Base64.
pub fn decoded(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix(AFTER)) else {
        return Some(value.to_owned());
    };
    String::from_utf8(STANDARD.decode(inner).ok()?).ok()
}

/// Returns the annotated parameters of an input schema. An invalid annotation is an error
/// and makes the whole definition invalid ("Schema Extension").
pub fn mirrored(input_schema: &Value) -> Result<Vec<Mirrored>, String> {
    let mut found = Vec::new();
    if let Some(schema) = input_schema.as_object() {
        if schema.contains_key(KEYWORD) {
            return Err(format!("`{KEYWORD}` is on the whole input, not on a parameter"));
        }
        walk(schema, &mut Vec::new(), true, &mut found)?;
    }
    for (index, one) in found.iter().enumerate() {
        if found[..index].iter().any(|other| other.header == one.header) {
            return Err(format!("two parameters are mirrored into `{}`", one.header));
        }
    }
    Ok(found)
}

/// Collects annotations in a schema. `reachable` is true if only `properties` lead here.
fn walk(
    schema: &Map<String, Value>,
    path: &mut Vec<String>,
    reachable: bool,
    found: &mut Vec<Mirrored>,
) -> Result<(), String> {
    if path.len() > MAX_DEPTH {
        return Err("the input schema is nested too deep".to_owned());
    }
    for (keyword, value) in schema {
        match keyword.as_str() {
            // These members hold data, not schemas.
            "const" | "default" | "enum" | "examples" | "required" => {}
            "properties" => {
                for (name, property) in value.as_object().into_iter().flatten() {
                    let Some(property) = property.as_object() else { continue };
                    path.push(name.clone());
                    if let Some(header) = property.get(KEYWORD) {
                        found.push(annotation(header, property, path, reachable)?);
                    }
                    walk(property, path, reachable, found)?;
                    path.pop();
                }
            }
            "$defs" | "definitions" | "patternProperties" | "dependentSchemas" => {
                for inner in value.as_object().into_iter().flat_map(Map::values) {
                    walk_elsewhere(inner, path, found)?;
                }
            }
            _ => match value {
                Value::Array(branches) => {
                    branches.iter().try_for_each(|inner| walk_elsewhere(inner, path, found))?;
                }
                inner => walk_elsewhere(inner, path, found)?,
            },
        }
    }
    Ok(())
}

/// Checks a schema that no chain of `properties` leads to: an annotation there is invalid.
fn walk_elsewhere(
    schema: &Value,
    path: &mut Vec<String>,
    found: &mut Vec<Mirrored>,
) -> Result<(), String> {
    let Some(schema) = schema.as_object() else { return Ok(()) };
    if schema.contains_key(KEYWORD) {
        return Err(unreachable(path));
    }
    path.push("…".to_owned());
    walk(schema, path, false, found)?;
    path.pop();
    Ok(())
}

fn unreachable(path: &[String]) -> String {
    format!("`{KEYWORD}` within `{}` is not on a parameter of its own", path.join("."))
}

fn annotation(
    header: &Value,
    property: &Map<String, Value>,
    path: &[String],
    reachable: bool,
) -> Result<Mirrored, String> {
    let place = path.join(".");
    if !reachable {
        return Err(unreachable(path));
    }
    let name = match header.as_str() {
        Some("") => return Err(format!("`{KEYWORD}` of `{place}` is empty")),
        Some(name) if is_token(name) => name,
        Some(name) => {
            return Err(format!(
                "`{KEYWORD}` of `{place}` is not a header name: `{}`",
                name.escape_debug()
            ));
        }
        None => return Err(format!("`{KEYWORD}` of `{place}` is not a string")),
    };
    let types: Vec<&str> = match property.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut types = types.into_iter().filter(|kind| *kind != "null").peekable();
    if types.peek().is_none() || !types.all(|kind| matches!(kind, "string" | "integer" | "boolean"))
    {
        return Err(format!("`{place}` is mirrored and not a string, an integer or a boolean"));
    }
    let header = format!("{PARAM_PREFIX}{}", name.to_ascii_lowercase());
    Ok(Mirrored { header, path: path.to_vec() })
}

impl Mirrored {
    /// Returns the header for these arguments, or `None` if the value is missing, null or of a
    /// type that cannot be mirrored.
    pub fn header_for(&self, arguments: &Value) -> Option<(String, String)> {
        let value = self.path.iter().try_fold(arguments, |value, name| value.get(name))?;
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => whole(&number.to_string()),
            _ => return None,
        };
        Some((self.header.clone(), encoded(&text)))
    }
}

/// Removes an all-zero fraction, so that `42.0` becomes `42`.
fn whole(number: &str) -> String {
    match number.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole.to_owned(),
        _ => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_encoded_as_in_the_specifications_table() {
        for (value, header) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("a\tb", "a\tb"),
            ("", ""),
        ] {
            assert_eq!(encoded(value), header);
            assert_eq!(decoded(header).as_deref(), Some(value));
        }
        assert_eq!(decoded("=?base64?%%?="), None);
    }

    fn of(properties: &Value) -> Result<Vec<Mirrored>, String> {
        mirrored(&json!({"type": "object", "properties": properties}))
    }

    #[test]
    fn annotated_parameters_are_found_at_their_paths() {
        let found = of(&json!({
            "region": {"type": "string", "x-mcp-header": "Region"},
            "where": {"type": "object", "properties": {
                "row": {"type": ["integer", "null"], "x-mcp-header": "Row"}}},
            "x-mcp-header": {"type": "string"},
        }))
        .unwrap();
        let arguments = json!({"region": "größe", "where": {"row": 42.0}, "x-mcp-header": "a"});
        let headers: Vec<_> = found.iter().filter_map(|one| one.header_for(&arguments)).collect();
        let expected = [("mcp-param-region", "=?base64?Z3LDtsOfZQ==?="), ("mcp-param-row", "42")];
        assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(found[0].header_for(&json!({"region": null})), None);
        assert_eq!(found[1].header_for(&json!({})), None);
    }

    #[test]
    fn invalid_annotations_are_refused() {
        for (properties, why) in [
            (json!({"a": {"type": "string", "x-mcp-header": ""}}), "empty"),
            (json!({"a": {"type": "string", "x-mcp-header": "a b"}}), "not a header name"),
            (json!({"a": {"type": "string", "x-mcp-header": "a\r\nb"}}), "not a header name"),
            (json!({"a": {"type": "string", "x-mcp-header": 3}}), "not a string"),
            (json!({"a": {"type": "number", "x-mcp-header": "A"}}), "not a string, an integer"),
            (json!({"a": {"type": "object", "x-mcp-header": "A"}}), "not a string, an integer"),
            (json!({"a": {"x-mcp-header": "A"}}), "not a string, an integer"),
            (
                json!({"a": {"type": "string", "x-mcp-header": "Same"},
                       "b": {"type": "string", "x-mcp-header": "SAME"}}),
                "two parameters",
            ),
            (
                json!({"a": {"type": "array", "items": {"type": "string", "x-mcp-header": "A"}}}),
                "not on a parameter of its own",
            ),
            (
                json!({"a": {"oneOf": [{"properties": {"b": {"type": "string", "x-mcp-header": "A"}}}]}}),
                "not on a parameter of its own",
            ),
        ] {
            let error = of(&properties).unwrap_err();
            assert!(error.contains(why), "{properties}: {error}");
        }
        let defined = json!({"$defs": {"d": {"type": "string", "x-mcp-header": "A"}}});
        assert!(mirrored(&defined).is_err());
        assert!(mirrored(&json!({"x-mcp-header": "A"})).is_err());
    }

    #[test]
    fn what_only_looks_like_an_annotation_is_none() {
        let examples = json!({"a": {"type": "string", "examples": [{"x-mcp-header": "A"}]}});
        assert_eq!(of(&examples), Ok(Vec::new()));
        assert_eq!(mirrored(&Value::Null), Ok(Vec::new()));
    }
}
