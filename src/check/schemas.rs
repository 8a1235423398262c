//! JSON Schema validation: complete with the feature `full-validation`, otherwise as far as
//! this program implements it.

use serde_json::Value;

/// Maximum nesting depth of schemas that is searched.
const MAX_DEPTH: usize = 64;

/// A problem: its place in the value as a JSON Pointer, and a description.
pub type Problem = (String, String);

/// Validator for schemas, and for values against schemas.
#[derive(Debug)]
pub struct Validator;

#[cfg(feature = "full-validation")]
impl Validator {
    /// Returns the problems of a schema itself.
    pub fn problems_of(schema: &Value) -> Vec<Problem> {
        let mut schemas = boon::Schemas::new();
        full::compiled(schema, &mut schemas).err().unwrap_or_default()
    }

    /// Returns the problems of a value; none if the schema itself is invalid.
    pub fn problems_with(schema: &Value, value: &Value) -> Vec<Problem> {
        let mut schemas = boon::Schemas::new();
        match full::compiled(schema, &mut schemas) {
            Ok(index) => schemas
                .validate(value, index)
                .err()
                .map_or_else(Vec::new, |error| full::leaves(&error)),
            Err(_) => Vec::new(),
        }
    }
}

#[cfg(not(feature = "full-validation"))]
impl Validator {
    /// Returns the problems of a schema itself: references that lead nowhere.
    pub fn problems_of(schema: &Value) -> Vec<Problem> {
        let broken = references(schema).into_iter().filter_map(|(at, reference)| {
            let pointer = reference.strip_prefix('#')?;
            let known = (pointer.is_empty() || pointer.starts_with('/'))
                && schema.pointer(pointer).is_some();
            // An anchor may be defined anywhere in the schema.
            let is_name = !pointer.is_empty() && !pointer.starts_with('/');
            (!known && !is_name).then(|| (at, format!("{reference} leads nowhere")))
        });
        broken.collect()
    }

    /// Returns the problems of a value.
    pub fn problems_with(schema: &Value, value: &Value) -> Vec<Problem> {
        let problems = crate::protocol::schema::Schema::new(schema).problems(value).into_iter();
        problems.map(|problem| (pointer_of(&problem.path), problem.text)).collect()
    }
}

/// Converts a path such as `a.b[2]` to a JSON Pointer.
#[cfg(not(feature = "full-validation"))]
fn pointer_of(path: &str) -> String {
    let path = path.replace('[', ".").replace(']', "");
    let parts = path.split('.').filter(|part| !part.is_empty());
    parts.map(|part| format!("/{part}")).collect::<Vec<_>>().concat()
}

#[cfg(feature = "full-validation")]
mod full {
    use boon::{
        CompileError, Compiler, Draft, SchemaIndex, Schemas, SchemeUrlLoader, ValidationError,
    };
    use serde_json::Value;

    use super::Problem;

    /// Base URL of schemas; nothing is loaded from it.
    const BASE: &str = "mcp://server/schema";

    /// Compiles a schema. References are never loaded, not even from files.
    pub(super) fn compiled(
        schema: &Value,
        schemas: &mut Schemas,
    ) -> Result<SchemaIndex, Vec<Problem>> {
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(SchemeUrlLoader::new()));
        // 2025-11-25, JSON Schema Usage: "defaults to 2020-12".
        compiler.set_default_draft(Draft::V2020_12);
        let added = compiler.add_resource(BASE, schema.clone());
        added.and_then(|()| compiler.compile(BASE, schemas)).map_err(|error| said(&error))
    }

    fn said(error: &CompileError) -> Vec<Problem> {
        match error {
            CompileError::ValidationError { src, .. } => leaves(src),
            CompileError::JsonPointerNotFound(place) => {
                vec![(String::new(), format!("{} leads nowhere", without_base(place)))]
            }
            CompileError::AnchorNotFound { reference, .. } => {
                vec![(String::new(), format!("{} leads nowhere", without_base(reference)))]
            }
            CompileError::InvalidRegex { url, regex, .. } => {
                let place = without_base(url).trim_start_matches('#').to_owned();
                vec![(place, format!("the pattern `{regex}` is no regular expression"))]
            }
            other => vec![(String::new(), without_base(&other.to_string()))],
        }
    }

    fn without_base(text: &str) -> String {
        text.replace(BASE, "")
    }

    /// Returns the innermost causes of an error; the outer ones add nothing.
    pub(super) fn leaves(error: &ValidationError<'_, '_>) -> Vec<Problem> {
        if error.causes.is_empty() {
            let text = without_base(&error.kind.to_string());
            return vec![(error.instance_location.to_string(), text)];
        }
        error.causes.iter().flat_map(leaves).collect()
    }
}

/// Returns references to other documents, with their places.
pub(super) fn remote_references(schema: &Value) -> Vec<Problem> {
    references(schema).into_iter().filter(|(_, reference)| !reference.starts_with('#')).collect()
}

/// Returns all references of a schema, with their places. A nested `$id` is not taken into
/// account.
fn references(schema: &Value) -> Vec<Problem> {
    let mut found = Vec::new();
    walk(schema, "", 0, false, &mut found);
    found
}

/// Keywords whose members are schemas under names of their own.
const MAPS: [&str; 5] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// Adds the references in a schema; with `is_map`, in each schema of a map.
fn walk(value: &Value, place: &str, depth: usize, is_map: bool, found: &mut Vec<Problem>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                // `~` must be escaped before `/` (RFC 6901, 3).
                let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                match inner.as_str() {
                    _ if is_map => walk(inner, &place, depth + 1, false, found),
                    Some(reference) if matches!(key.as_str(), "$ref" | "$dynamicRef") => {
                        found.push((place, reference.to_owned()));
                    }
                    // These keywords contain values, not schemas.
                    _ if matches!(key.as_str(), "enum" | "const" | "default" | "examples") => {}
                    _ => walk(inner, &place, depth + 1, MAPS.contains(&key.as_str()), found),
                }
            }
        }
        Value::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                walk(inner, &format!("{place}/{at}"), depth + 1, false, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_have_places_and_values_have_none() {
        let schema = json!({"properties": {"a/b": {"$ref": "http://h/x"}, "$ref": {"type": "string"}},
            "anyOf": [{"$ref": "#/x"}], "default": {"$ref": "http://h/y"}});
        assert_eq!(
            remote_references(&schema),
            [("/properties/a~1b/$ref".to_owned(), "http://h/x".to_owned())]
        );
        let named = json!({"properties": {"default": {"$ref": "http://h/z"}, "enum": {"enum": [{"$ref": "http://h/y"}]}}});
        assert_eq!(
            remote_references(&named),
            [("/properties/default/$ref".to_owned(), "http://h/z".to_owned())]
        );
    }

    #[cfg(feature = "full-validation")]
    #[test]
    fn the_whole_of_json_schema_is_known() {
        let schema = json!({"type": "object", "properties": {
            "n": {"type": "integer", "multipleOf": 5}, "s": {"type": "string", "pattern": "^a"}}});
        let found = Validator::problems_with(&schema, &json!({"n": 7, "s": "b"}));
        let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["/n", "/s"], "{found:?}");
        assert!(Validator::problems_with(&schema, &json!({"n": 10, "s": "ab"})).is_empty());
        let large: Value = serde_json::from_str("{\"n\": 123456789012345678901234567890}").unwrap();
        assert!(Validator::problems_with(&schema, &large).is_empty());
        let wrong = Validator::problems_of(&json!({"type": "nonsense"}));
        assert_eq!(wrong[0].0, "/type", "{wrong:?}");
        assert!(
            !Validator::problems_of(&json!({"properties": {"x": {"pattern": "("}}})).is_empty()
        );
        // References are never loaded, not even from files.
        let file = Validator::problems_of(&json!({"$ref": "file:///etc/hostname"}));
        assert_eq!(file.len(), 1, "{file:?}");
    }
}
