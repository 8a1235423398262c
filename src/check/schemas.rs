//! JSON Schema validation: complete with the feature `full-validation`, otherwise as far as
//! this program implements it.

use std::collections::HashMap;
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::Value;

/// Maximum nesting depth of schemas that is searched.
const MAX_DEPTH: usize = 64;

/// Maximum nesting depth of schemas that are validated, counting each reference as a step.
const MAX_STEPS: usize = 400;
/// Maximum number of subschemas that one value can meet, counting each as often as it is referred to.
const MAX_WEIGHT: u64 = 200_000;

/// A problem: its place in the value as a JSON Pointer, and a description.
pub type Problem = (String, String);

/// Returns the problems of a schema itself.
pub(super) fn problems_of(schema: &Value) -> Vec<Problem> {
    match bounded(schema) {
        Ok(()) => full::problems_of(schema),
        Err(why) => vec![(String::new(), why.to_owned())],
    }
}

/// Returns the problems of a value; none if the schema itself is invalid. Gives up after `limit`.
pub(super) fn problems_with(
    schema: &Value,
    value: &Value,
    limit: Option<Duration>,
) -> Vec<Problem> {
    if let Err(why) = bounded(schema) {
        return vec![(String::new(), format!("not checked: {why}"))];
    }
    // A recursive schema can take exponential time for a deep value. The thread ends with the process.
    let (sender, answer) = channel();
    let (schema, value) = (schema.clone(), value.clone());
    let work = move || sender.send(full::problems_with(&schema, &value));
    if std::thread::Builder::new().stack_size(STACK).spawn(work).is_err() {
        return vec![(String::new(), "not checked: no thread can be started".to_owned())];
    }
    let found = match limit {
        Some(limit) => answer.recv_timeout(limit).map_err(drop),
        None => answer.recv().map_err(drop),
    };
    found.unwrap_or_else(|()| {
        vec![(String::new(), "not checked: that takes longer than --timeout".to_owned())]
    })
}

/// Stack of the thread that validates, in bytes: deep schemas and values need much of it.
const STACK: usize = 64 * 1024 * 1024;

/// Returns an error for a schema that would take unreasonable time: it is too deep, refers to itself without
/// descending into the value, or multiplies by its references.
fn bounded(schema: &Value) -> Result<(), &'static str> {
    let mut weights = Weights { root: schema, known: HashMap::new(), path: Vec::new() };
    match weights.of(schema, false)? {
        weight if weight > MAX_WEIGHT => {
            Err("too complex: nested references expand to more than 200,000 subschemas")
        }
        _ => Ok(()),
    }
}

/// Weights of subschemas: how many subschemas a value can meet in each.
struct Weights<'s> {
    root: &'s Value,
    /// By address; `None` while it is computed.
    known: HashMap<usize, Option<u64>>,
    /// Addresses of the schemas being computed, each with true if the value was descended into since the last.
    path: Vec<(usize, bool)>,
}

/// Keywords that apply their schemas to the same value; all others to parts of it.
const IN_PLACE: [&str; 9] =
    ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "dependentSchemas"];

impl<'s> Weights<'s> {
    fn of(&mut self, schema: &'s Value, descends: bool) -> Result<u64, &'static str> {
        let address = std::ptr::from_ref(schema).addr();
        match self.known.get(&address) {
            Some(Some(weight)) => return Ok(*weight),
            Some(None) => {
                let since = self.path.iter().rposition(|(known, _)| *known == address);
                let later = self.path.iter().skip(since.unwrap_or_default() + 1);
                return if descends || later.into_iter().any(|(_, descends)| *descends) {
                    Ok(1)
                } else {
                    Err("circular `$ref`")
                };
            }
            None => {}
        }
        if self.path.len() >= MAX_STEPS {
            return Err("it is too deep");
        }
        self.known.insert(address, None);
        self.path.push((address, descends));
        let weight = self.sum(schema)?;
        self.path.pop();
        self.known.insert(address, Some(weight));
        Ok(weight)
    }

    fn sum(&mut self, schema: &'s Value) -> Result<u64, &'static str> {
        let Value::Object(object) = schema else { return Ok(1) };
        let mut weight = 1_u64;
        for (key, inner) in object {
            if matches!(
                key.as_str(),
                "$defs" | "definitions" | "enum" | "const" | "default" | "examples"
            ) {
                continue;
            }
            if let ("$ref" | "$dynamicRef", Some(reference)) = (key.as_str(), inner.as_str()) {
                let target = reference.strip_prefix('#').and_then(|pointer| {
                    let pointer =
                        percent_encoding::percent_decode_str(pointer).decode_utf8().ok()?;
                    self.root.pointer(&pointer)
                });
                if let Some(target) = target {
                    weight = weight.saturating_add(self.of(target, false)?);
                }
                continue;
            }
            let descends = !IN_PLACE.contains(&key.as_str());
            match inner {
                Value::Array(items) => {
                    for item in items {
                        weight = weight.saturating_add(self.of(item, descends)?);
                    }
                }
                Value::Object(members) if MAPS.contains(&key.as_str()) => {
                    for member in members.values() {
                        weight = weight.saturating_add(self.of(member, descends)?);
                    }
                }
                Value::Object(_) => weight = weight.saturating_add(self.of(inner, descends)?),
                _ => {}
            }
        }
        Ok(weight)
    }
}

#[cfg(not(feature = "full-validation"))]
mod full {
    use serde_json::Value;

    use super::{Problem, references};

    /// Returns the problems of a schema itself: references that lead nowhere.
    pub(super) fn problems_of(schema: &Value) -> Vec<Problem> {
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
    pub(super) fn problems_with(schema: &Value, value: &Value) -> Vec<Problem> {
        let problems = crate::protocol::schema::Schema::new(schema).problems(value).into_iter();
        problems.map(|problem| (pointer_of(&problem.path), problem.text)).collect()
    }

    /// Converts a path such as `a.b[2]` to a JSON Pointer.
    fn pointer_of(path: &str) -> String {
        let path = path.replace('[', ".").replace(']', "");
        let parts = path.split('.').filter(|part| !part.is_empty());
        parts.map(|part| format!("/{part}")).collect::<Vec<_>>().concat()
    }
}

#[cfg(feature = "full-validation")]
mod full {
    use jsonschema::error::ValidationErrorKind;
    use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
    use serde_json::Value;

    use super::Problem;

    /// Maximum memory of a compiled pattern, in bytes.
    const MAX_PATTERN: usize = 256 * 1024;
    /// Maximum number of problems of one value.
    const MAX_PROBLEMS: usize = 100;

    /// Returns the problems of a schema itself.
    pub(super) fn problems_of(schema: &Value) -> Vec<Problem> {
        compiled(schema).err().map(|problem| vec![problem]).unwrap_or_default()
    }

    /// Returns the problems of a value; none if the schema itself is invalid.
    pub(super) fn problems_with(schema: &Value, value: &Value) -> Vec<Problem> {
        let Ok(validator) = compiled(schema) else { return Vec::new() };
        // This needs no memory for problems.
        if validator.is_valid(value) {
            return Vec::new();
        }
        let errors = validator.iter_errors(value).filter(|error| !is_imprecise(error));
        errors.take(MAX_PROBLEMS).map(|error| said(&error)).collect()
    }

    /// Compiles a schema. References are never loaded, not even from files.
    fn compiled(schema: &Value) -> Result<Validator, Problem> {
        let patterns = PatternOptions::fancy_regex().size_limit(MAX_PATTERN);
        let mut options = jsonschema::options().with_pattern_options(patterns);
        if schema.get("$schema").is_none() {
            // 2025-11-25, JSON Schema Usage: "defaults to 2020-12".
            options = options.with_draft(Draft::Draft202012);
        }
        options.build(schema).map_err(|error| said(&error))
    }

    /// Returns true for `multipleOf` with a number that the validator (0.46) rounds before it divides.
    fn is_imprecise(error: &ValidationError<'_>) -> bool {
        let is_long = error.instance().as_number().is_some_and(|number| number.as_str().len() > 15);
        is_long && matches!(error.kind(), ValidationErrorKind::MultipleOf { .. })
    }

    fn said(error: &ValidationError<'_>) -> Problem {
        // Without the value, which can be large.
        (error.instance_path().to_string(), error.masked().to_string())
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
        let found = problems_with(&schema, &json!({"n": 7, "s": "b"}), None);
        let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["/n", "/s"], "{found:?}");
        assert!(problems_with(&schema, &json!({"n": 10, "s": "ab"}), None).is_empty());
        let large: Value = serde_json::from_str("{\"n\": 123456789012345678901234567890}").unwrap();
        assert_eq!(problems_with(&schema, &large, None), []);
        let wrong = problems_of(&json!({"type": "nonsense"}));
        assert_eq!(wrong[0].0, "/type", "{wrong:?}");
        assert!(!problems_of(&json!({"properties": {"x": {"pattern": "("}}})).is_empty());
        // References are never loaded, not even from files.
        let file = problems_of(&json!({"$ref": "file:///etc/hostname"}));
        assert_eq!(file.len(), 1, "{file:?}");
    }

    #[test]
    fn a_hostile_schema_takes_little_time() {
        let chain = |count: usize, inner: &dyn Fn(Value) -> Value| {
            let mut defs = serde_json::Map::new();
            for at in 0..count {
                let next = json!({"$ref": format!("#/$defs/d{}", at + 1)});
                defs.insert(format!("d{at}"), inner(next));
            }
            defs.insert(format!("d{count}"), json!({"type": "string"}));
            json!({"type": "object", "$defs": defs, "properties": {"a": {"$ref": "#/$defs/d0"}}})
        };
        let began = std::time::Instant::now();
        let value = json!({"a": 1});
        let triple = chain(25, &|next| json!({"anyOf": [next, next, next]}));
        let double =
            chain(24, &|next| json!({"allOf": [next, next], "unevaluatedProperties": false}));
        let long = chain(20_000, &|next| next);
        for (schema, why) in [(&triple, "subschemas"), (&double, "subschemas"), (&long, "too deep")]
        {
            assert!(problems_of(schema)[0].1.contains(why), "{why}");
            let found = problems_with(schema, &value, None);
            assert!(found[0].1.contains("not checked"), "{found:?}");
        }
        for circle in [
            json!({"$ref": "#"}),
            json!({"anyOf": [{"$ref": "#"}, {"type": "string"}]}),
            json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}),
        ] {
            assert!(problems_of(&circle)[0].1.contains("circular"), "{circle}");
        }
        let tree = json!({"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
        assert!(problems_of(&tree).is_empty());
        let many: Vec<Value> = (0..20_000).map(|at| json!({"minProperties": at % 3})).collect();
        assert!(problems_of(&json!({"allOf": many})).is_empty());
        assert!(began.elapsed() < std::time::Duration::from_secs(20));
    }

    #[cfg(feature = "full-validation")]
    #[test]
    fn a_recursive_schema_and_a_deep_value_end_with_the_limit() {
        let again = json!({"properties": {"c": {"$ref": "#"}}});
        let mut schema = json!({"type": "object"});
        schema["anyOf"] = json!([again, again, again, {"required": ["x"]}]);
        let mut value = json!({"c": 1});
        for _ in 0..60 {
            value = json!({"c": value});
        }
        let found = problems_with(&schema, &value, Some(Duration::from_millis(200)));
        assert!(!found.is_empty(), "{found:?}");
    }
}
