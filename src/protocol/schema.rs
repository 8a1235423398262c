//! The part of JSON Schema that describes tool arguments.
//!
//! This is not a validator. It evaluates types, `required`, `enum`, `const`, `properties`,
//! `items`, the combining keywords and references within the schema. That is enough to
//! interpret words of the command line and to catch values that no server would accept.
//! References outside the schema are never followed.

use serde_json::{Map, Value};

/// Maximum nesting depth of a value that is checked.
const MAX_DEPTH: usize = 64;
/// Maximum number of schema nodes visited: a hostile schema could double its branches at
/// each level.
const MAX_STEPS: usize = 20_000;

/// One problem with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the value, such as `a.b[2]`.
    pub path: String,
    /// Description without a subject: "must be a number, not a string".
    pub text: String,
}

/// A schema within a document, so that `#/…` references can be resolved.
#[derive(Debug, Clone, Copy)]
pub struct Schema<'s> {
    root: &'s Value,
    here: &'s Value,
}

impl<'s> Schema<'s> {
    /// Creates a schema from a whole document.
    pub fn new(root: &'s Value) -> Self {
        Self { root, here: root }
    }

    fn at(self, here: &'s Value) -> Self {
        Self { root: self.root, here }
    }

    /// Resolves `$ref`, if it points into this document.
    fn referred(self) -> Option<Self> {
        let pointer = self.here["$ref"].as_str()?.strip_prefix('#')?;
        self.root.pointer(pointer).map(|target| self.at(target))
    }

    /// Returns the schemas that this one combines: its reference and the given keywords.
    fn branches(self, keywords: &[&str]) -> Vec<Self> {
        let combined = keywords.iter().filter_map(|keyword| self.here[*keyword].as_array());
        let combined = combined.flatten().map(|branch| self.at(branch));
        self.referred().into_iter().chain(combined).collect()
    }

    /// Returns this schema and all its branches, each once, even if they refer to each other.
    fn all_branches(self) -> Vec<Self> {
        let mut found: Vec<Self> = vec![self];
        let mut next = 0;
        while let Some(schema) = found.get(next).copied() {
            next += 1;
            for branch in schema.branches(&["allOf", "anyOf", "oneOf"]) {
                if found.len() < MAX_STEPS
                    && !found.iter().any(|seen| std::ptr::eq(seen.here, branch.here))
                {
                    found.push(branch);
                }
            }
        }
        found
    }

    /// Returns the schema of a declared property.
    pub fn property(self, name: &str) -> Option<Self> {
        self.all_branches().into_iter().find_map(|branch| {
            branch.here["properties"].get(name).map(|property| self.at(property))
        })
    }

    /// Returns the names of the declared properties.
    pub fn property_names(self) -> Vec<&'s str> {
        let branches = self.all_branches().into_iter();
        let properties = branches.filter_map(|branch| branch.here["properties"].as_object());
        properties.flat_map(Map::keys).map(String::as_str).collect()
    }

    /// Returns the description in the schema.
    pub fn description(self) -> Option<&'s str> {
        self.all_branches().into_iter().find_map(|branch| branch.here["description"].as_str())
    }

    /// Returns the allowed values, if the schema lists them.
    pub fn choices(self) -> Vec<Value> {
        let mut choices: Vec<Value> = Vec::new();
        for branch in self.all_branches() {
            let named = branch.here["enum"].as_array().into_iter().flatten();
            let named = named.chain(branch.here.get("const")).cloned();
            let both = [Value::Bool(true), Value::Bool(false)];
            let both = both.into_iter().filter(|_| branch.here["type"] == "boolean");
            for value in named.chain(both) {
                if !choices.contains(&value) {
                    choices.push(value);
                }
            }
        }
        choices
    }

    /// Returns the allowed types; empty if the schema states none.
    pub fn types(self) -> Vec<&'s str> {
        let mut types: Vec<&'s str> = Vec::new();
        for schema in self.all_branches() {
            let named = match &schema.here["type"] {
                Value::String(name) => vec![name.as_str()],
                Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
                _ => {
                    let constants = schema.here["enum"].as_array().into_iter().flatten();
                    constants.chain(schema.here.get("const")).map(type_of).collect()
                }
            };
            for name in named {
                if !types.contains(&name) {
                    types.push(name);
                }
            }
        }
        types
    }

    /// Parses a word of the command line. Text stays text if a string is allowed or no type is
    /// stated; otherwise the word must parse as one of the allowed types.
    pub fn read(self, word: &str) -> Result<Value, String> {
        let types = self.types();
        if types.is_empty() || types.contains(&"string") {
            return Ok(Value::String(word.to_owned()));
        }
        match serde_json::from_str::<Value>(word.trim()) {
            Ok(value) if types.iter().any(|name| is_type(&value, name)) => Ok(value),
            _ => Err(format!("must be {}, not `{}`", one_of(&types), word.escape_debug())),
        }
    }

    /// Returns the problems with a value.
    pub fn problems(self, value: &Value) -> Vec<Problem> {
        let mut found = Located { problems: Vec::new(), steps: MAX_STEPS };
        self.check(value, "", 0, &mut found);
        found.problems
    }

    fn check(self, value: &Value, path: &str, depth: usize, found: &mut Located) {
        if depth > MAX_DEPTH || found.steps == 0 {
            return;
        }
        found.steps -= 1;
        let mut report =
            |text: String| found.problems.push(Problem { path: path.to_owned(), text });
        if self.here == &Value::Bool(false) {
            return report("is not allowed".to_owned());
        }
        let types: Vec<&str> = match &self.here["type"] {
            Value::String(name) => vec![name],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !types.is_empty() && !types.iter().any(|name| is_type(value, name)) {
            return report(format!("must be {}, not {}", one_of(&types), article(type_of(value))));
        }
        if let Some(allowed) = self.here["enum"].as_array()
            && !allowed.iter().any(|one| same(one, value))
        {
            let names: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            return report(format!("must be one of {}", names.join(", ")));
        }
        if let Some(constant) = self.here.get("const")
            && !same(constant, value)
        {
            return report(format!("must be {constant}"));
        }
        self.check_combined(value, path, depth, found);
        match value {
            Value::Object(object) => self.check_object(object, path, depth, found),
            Value::Array(items) if self.here["items"].is_object() => {
                let inner = self.at(&self.here["items"]);
                for (index, item) in items.iter().enumerate() {
                    inner.check(item, &format!("{path}[{index}]"), depth + 1, found);
                }
            }
            _ => {}
        }
    }

    fn check_combined(self, value: &Value, path: &str, depth: usize, found: &mut Located) {
        for branch in self.branches(&["allOf"]) {
            branch.check(value, path, depth + 1, found);
        }
        // `oneOf` is checked like `anyOf`: a second match is left to the server.
        for keyword in ["anyOf", "oneOf"] {
            let branches = self.here[keyword].as_array().into_iter().flatten();
            let mut nearest: Option<Vec<Problem>> = None;
            for branch in branches {
                let mut attempt = Located { problems: Vec::new(), steps: found.steps };
                self.at(branch).check(value, path, depth + 1, &mut attempt);
                found.steps = attempt.steps;
                // The branch with the fewest problems gives the most useful message.
                if nearest.as_ref().is_none_or(|best| attempt.problems.len() < best.len()) {
                    nearest = Some(attempt.problems);
                }
                if nearest.as_ref().is_some_and(Vec::is_empty) {
                    break;
                }
            }
            found.problems.extend(nearest.unwrap_or_default());
        }
    }

    fn check_object(
        self,
        object: &Map<String, Value>,
        path: &str,
        depth: usize,
        found: &mut Located,
    ) {
        let inside = |name: &str| {
            if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
        };
        for name in self.here["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
        {
            if !object.contains_key(name) {
                found.problems.push(Problem { path: inside(name), text: "is required".to_owned() });
            }
        }
        for (name, value) in object {
            if let Some(property) = self.here["properties"].get(name) {
                self.at(property).check(value, &inside(name), depth + 1, found);
            } else if self.here["additionalProperties"] == Value::Bool(false)
                && !self.has_patterns()
            {
                let text = "is not a parameter of this tool".to_owned();
                found.problems.push(Problem { path: inside(name), text });
            }
        }
    }

    /// Returns true if the schema has patterns. They are not evaluated, so any name may be
    /// valid.
    fn has_patterns(self) -> bool {
        self.here["patternProperties"].as_object().is_some_and(|patterns| !patterns.is_empty())
    }
}

/// Problems found so far, and the number of steps left.
struct Located {
    problems: Vec<Problem>,
    steps: usize,
}

/// Returns the JSON Schema type of a value.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) if is_type(value, "integer") => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Returns true if a value has a type; `1.0` is an integer (2020-12, Validation, 6.1.1).
fn is_type(value: &Value, name: &str) -> bool {
    match (name, value) {
        ("null", Value::Null)
        | ("boolean", Value::Bool(_))
        | ("string", Value::String(_))
        | ("array", Value::Array(_))
        | ("object", Value::Object(_))
        | ("number", Value::Number(_)) => true,
        ("integer", Value::Number(number)) => {
            let text = number.to_string();
            let digits = text.strip_prefix('-').unwrap_or(&text);
            digits.bytes().all(|byte| byte.is_ascii_digit())
                || number.as_f64().is_some_and(|float| float.is_finite() && float.fract() == 0.0)
        }
        _ => false,
    }
}

/// Compares values as JSON Schema does: numbers by value, so `1` equals `1.0`.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

fn article(name: &str) -> String {
    match name {
        "null" => "null".to_owned(),
        "array" | "integer" | "object" => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

fn one_of(types: &[&str]) -> String {
    types.iter().map(|name| article(name)).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(schema: &Value, word: &str) -> Result<Value, String> {
        Schema::new(schema).read(word)
    }

    fn problems(schema: &Value, value: &Value) -> Vec<String> {
        let found = Schema::new(schema).problems(value);
        found.into_iter().map(|problem| format!("{} {}", problem.path, problem.text)).collect()
    }

    #[test]
    fn a_number_for_a_string_parameter_stays_a_string() {
        assert_eq!(read(&json!({"type": "string"}), "12345"), Ok(json!("12345")));
        assert_eq!(read(&json!({}), "12345"), Ok(json!("12345")));
        assert_eq!(read(&json!({"type": ["null", "string"]}), "null"), Ok(json!("null")));
    }

    #[test]
    fn what_is_no_number_is_an_error_and_never_null() {
        let number = json!({"type": "number"});
        assert_eq!(read(&number, "2.50").unwrap().to_string(), "2.50");
        assert_eq!(read(&number, "x").unwrap_err(), "must be a number, not `x`");
        for word in ["", "0x10", "+5", ".5", "NaN", "1 2", "null", "\"5\""] {
            assert!(read(&number, word).is_err(), "{word}");
        }
        let integer = json!({"type": "integer"});
        assert_eq!(
            read(&integer, "123456789012345678901234567890").unwrap().to_string(),
            "123456789012345678901234567890"
        );
        assert!(read(&integer, "1.5").is_err());
        assert!(read(&integer, "1.0").is_ok());
    }

    #[test]
    fn an_optional_integer_of_pydantic_is_read_as_one() {
        let schema = json!({"anyOf": [{"type": "integer"}, {"type": "null"}], "default": null});
        assert_eq!(read(&schema, "5"), Ok(json!(5)));
        assert_eq!(read(&schema, "null"), Ok(json!(null)));
        assert_eq!(read(&schema, "five").unwrap_err(), "must be an integer or null, not `five`");
    }

    #[test]
    fn references_within_the_schema_are_followed_and_no_others() {
        let schema = json!({
            "properties": {"n": {"$ref": "#/$defs/n"}, "far": {"$ref": "http://x/y"}},
            "$defs": {"n": {"type": "integer"}, "loop": {"$ref": "#/$defs/loop"}},
        });
        let whole = Schema::new(&schema);
        assert_eq!(whole.property("n").unwrap().types(), ["integer"]);
        assert!(whole.property("far").unwrap().types().is_empty());
        assert!(Schema { root: &schema, here: &schema["$defs"]["loop"] }.types().is_empty());
    }

    #[test]
    fn problems_name_the_place() {
        let schema = json!({
            "type": "object",
            "properties": {
                "a": {"type": "object", "properties": {"b": {"type": "array", "items": {"type": "number"}}}},
                "mode": {"enum": ["fast", "slow"]},
            },
            "required": ["mode"],
            "additionalProperties": false,
        });
        assert_eq!(
            problems(&schema, &json!({"a": {"b": [1, "x"]}, "c": 1})),
            [
                "mode is required",
                "a.b[1] must be a number, not a string",
                "c is not a parameter of this tool"
            ]
        );
        assert_eq!(
            problems(&schema, &json!({"mode": "medium"})),
            ["mode must be one of \"fast\", \"slow\""]
        );
        assert!(problems(&schema, &json!({"mode": "fast"})).is_empty());
    }

    #[test]
    fn one_branch_that_fits_is_enough() {
        let schema =
            json!({"properties": {"x": {"anyOf": [{"type": "string"}, {"type": "null"}]}}});
        assert!(problems(&schema, &json!({"x": null})).is_empty());
        assert_eq!(problems(&schema, &json!({"x": 1})), ["x must be a string, not an integer"]);
    }

    #[test]
    fn a_reference_does_not_hide_what_stands_beside_it() {
        let schema = json!({"$ref": "#/$defs/x", "properties": {"n": {"type": "number"}},
            "$defs": {"x": {"properties": {"m": {"type": "boolean"}}, "required": ["m"]}}});
        assert_eq!(Schema::new(&schema).property("n").unwrap().types(), ["number"]);
        assert_eq!(Schema::new(&schema).property("m").unwrap().types(), ["boolean"]);
        assert_eq!(problems(&schema, &json!({"n": "x"})).len(), 2);
    }

    #[test]
    fn a_schema_that_doubles_at_every_level_ends() {
        let a = json!({"$ref": "#/$defs/a"});
        let schema = json!({"properties": {"k": a}, "$defs": {"a": {"anyOf": [a, a]}}});
        assert!(Schema::new(&schema).property("k").unwrap().types().is_empty());
        let _ = problems(&schema, &json!({"k": {"k": 1}}));
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let schema = json!({"$ref": "#/$defs/t", "$defs": {"t": {"type": "object",
            "properties": {"child": {"$ref": "#/$defs/t"}}, "anyOf": [{"$ref": "#/$defs/t"}]}}});
        assert!(problems(&schema, &json!({"child": {"child": {}}})).is_empty());
    }
}
