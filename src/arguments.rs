//! Tool arguments from the command line.
//!
//! `key=value` is typed by the tool's input schema, and `key:=JSON` is JSON. `key=@FILE`
//! and `key:=@FILE` take the value from a file. `--args` gives a whole object, which the
//! other arguments add to.

use std::io;

use serde_json::{Map, Value};

use crate::protocol::schema::Schema;

/// Descriptions of invalid arguments; each names its parameter.
pub type Problems = Vec<String>;

/// Function that reads a file named on the command line; `-` is standard input.
pub type ReadFile<'r> = dyn Fn(&str) -> io::Result<Vec<u8>> + 'r;

/// The way `key=value` becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    /// By the schema; all arguments are then validated.
    Checked,
    /// By the schema if the value fits, else as a string; nothing is validated
    /// (`--no-validate`).
    Lenient,
    /// Always a string (`--raw-strings`).
    Strings,
}

/// One argument, with its value read from a file if it named one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    key: String,
    value: String,
    is_json: bool,
}

/// The arguments on the command line, not yet typed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArgumentInput {
    base: Map<String, Value>,
    words: Vec<Word>,
}

impl ArgumentInput {
    /// Reads `--args` and the other arguments. Every problem is reported, not only the first.
    pub fn read(
        args: Option<&str>,
        words: &[String],
        read: &ReadFile<'_>,
    ) -> Result<Self, Problems> {
        let mut given = Self::default();
        let mut problems = Problems::new();
        if let Some(args) = args {
            match read_object(args, read) {
                Ok(object) => given.base = object,
                Err(problem) => problems.push(format!("--args: {problem}")),
            }
        }
        for word in words {
            match read_word(word, read) {
                Ok(word) if given.words.iter().any(|other| other.key == word.key) => {
                    problems.push(format!("`{}` is given twice", word.key));
                }
                Ok(word) => given.words.push(word),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(given) } else { Err(problems) }
    }

    /// Returns these arguments together with those of `object`, which take precedence.
    #[must_use]
    pub fn under(&self, object: Map<String, Value>) -> Self {
        let mut words = self.words.clone();
        words.retain(|word| !object.contains_key(&word.key));
        let mut base = self.base.clone();
        base.extend(object);
        Self { base, words }
    }

    /// Returns true if a schema is required: only `key=value` needs one.
    pub fn needs_schema(&self, typing: Typing) -> bool {
        typing != Typing::Strings && self.words.iter().any(|word| !word.is_json)
    }

    /// Returns true if no argument was given.
    pub fn is_empty(&self) -> bool {
        self.base.is_empty() && self.words.is_empty()
    }

    /// Returns true if an argument with this name was given.
    pub fn names(&self, name: &str) -> bool {
        self.base.contains_key(name) || self.words.iter().any(|word| word.key == name)
    }

    /// Returns the given names that are not in `names`.
    pub fn others(&self, names: &[&str]) -> Vec<String> {
        let given = self.base.keys().chain(self.words.iter().map(|word| &word.key));
        given.filter(|name| !names.contains(&name.as_str())).cloned().collect()
    }

    /// Returns the value of an argument, converted by `read` if it is `key=value`; `None` if it
    /// was not given.
    pub fn value_of(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Result<Value, String>,
    ) -> Option<Result<Value, String>> {
        match self.words.iter().find(|word| word.key == name) {
            Some(word) if word.is_json => Some(word.value(None, Typing::Strings)),
            Some(word) => Some(read(&word.value)),
            None => self.base.get(name).cloned().map(Ok),
        }
    }

    /// Returns the arguments, typed by the tool's input schema if it is known. Fails with all
    /// problems.
    pub fn typed(
        &self,
        schema: Option<&Value>,
        typing: Typing,
    ) -> Result<Map<String, Value>, Problems> {
        let schema = schema.map(Schema::new);
        let mut arguments = self.base.clone();
        let mut problems = Problems::new();
        for word in &self.words {
            match word.value(schema, typing) {
                Ok(value) => {
                    arguments.insert(word.key.clone(), value);
                }
                Err(problem) => problems.push(format!("`{}` {problem}", word.key)),
            }
        }
        if problems.is_empty()
            && typing != Typing::Lenient
            && let Some(schema) = schema
        {
            // With `--raw-strings`, every value is a string on purpose: report only missing and
            // unknown parameters.
            let found = schema.problems(&Value::Object(arguments.clone())).into_iter();
            let found = found.filter(|problem| {
                typing == Typing::Checked || !problem.text.starts_with("must be")
            });
            problems.extend(found.map(|problem| describe(schema, &problem.path, &problem.text)));
        }
        if problems.is_empty() { Ok(arguments) } else { Err(problems) }
    }
}

fn describe(schema: Schema<'_>, path: &str, text: &str) -> String {
    if path.is_empty() {
        return format!("the arguments: {text}");
    }
    let hint = if text == "is required" {
        String::new()
    } else {
        nearest(path, schema.property_names().into_iter())
            .filter(|name| *name != path && text.contains("not a parameter"))
            .map(|name| format!("; did you mean `{name}`?"))
            .unwrap_or_default()
    };
    format!("`{path}` {text}{hint}")
}

impl Word {
    fn value(&self, schema: Option<Schema<'_>>, typing: Typing) -> Result<Value, String> {
        if self.is_json {
            return serde_json::from_str(&self.value)
                .map_err(|error| format!("is not JSON: {error}"));
        }
        let text = || Value::String(self.value.clone());
        let property = schema.and_then(|schema| schema.property(&self.key));
        match (typing, property) {
            (Typing::Strings, _) | (_, None) => Ok(text()),
            (Typing::Checked, Some(property)) => property.read(&self.value),
            (Typing::Lenient, Some(property)) => {
                Ok(property.read(&self.value).unwrap_or_else(|_| text()))
            }
        }
    }
}

fn read_word(word: &str, read: &ReadFile<'_>) -> Result<Word, String> {
    let shown = word.escape_debug();
    let (key, value) = word.split_once('=').ok_or_else(|| {
        format!(
            "`{shown}` is not an argument: write key=value, or key:=JSON for a value of any type"
        )
    })?;
    let (key, is_json) = match key.strip_suffix(':') {
        Some(key) => (key, true),
        None => (key, false),
    };
    if key.is_empty() {
        return Err(format!("`{shown}` has no parameter name before the `=`"));
    }
    let value = match value.strip_prefix('@') {
        Some(path) => read_text(path, read).map_err(|problem| format!("`{key}`: {problem}"))?,
        None => value.to_owned(),
    };
    Ok(Word { key: key.to_owned(), value, is_json })
}

/// Reads a JSON object: from the text itself, `@FILE`, or `-` for standard input.
pub fn read_object(args: &str, read: &ReadFile<'_>) -> Result<Map<String, Value>, String> {
    let text = match args.strip_prefix('@') {
        Some(path) => read_text(path, read)?,
        None if args == "-" => read_text("-", read)?,
        None => args.to_owned(),
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("must be a JSON object, such as {\"key\": \"value\"}".to_owned()),
        Err(error) => Err(format!("is not JSON: {error}")),
    }
}

fn read_text(path: &str, read: &ReadFile<'_>) -> Result<String, String> {
    let name = if path == "-" { "standard input" } else { path };
    let bytes = read(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8 text"))
}

/// Returns the candidate most similar to `typed`, if any is similar.
pub fn nearest<'c>(typed: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    ranked(typed, candidates).into_iter().next()
}

/// Returns up to 3 candidates similar to `typed`, the most similar first.
pub fn ranked<'c>(typed: &str, candidates: impl Iterator<Item = &'c str>) -> Vec<&'c str> {
    let typed = typed.to_lowercase();
    let mut scored: Vec<(f64, &str)> = candidates
        .filter_map(|candidate| {
            let name = candidate.to_lowercase();
            let mut score = strsim::jaro_winkler(&typed, &name);
            // A part of the name counts as similar, but one or two letters occur everywhere.
            if typed.len() > 2 && (name.contains(&typed) || typed.contains(&name)) {
                score = score.max(0.9);
            }
            (score > 0.78).then_some((score, candidate))
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, candidate)| candidate).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn no_files(path: &str) -> io::Result<Vec<u8>> {
        match path {
            "text" => Ok(b"from a file".to_vec()),
            "-" => Ok(b"{\"from\": \"stdin\"}".to_vec()),
            "bytes" => Ok(vec![0xff]),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn build(words: &[&str], schema: &Value, typing: Typing) -> Result<Value, Problems> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let given = ArgumentInput::read(None, &words, &no_files)?;
        given.typed(Some(schema), typing).map(Value::Object)
    }

    fn add() -> Value {
        json!({"type": "object", "required": ["a", "b"], "additionalProperties": false,
            "properties": {"a": {"type": "number"}, "b": {"type": "number"}, "note": {"type": "string"}}})
    }

    #[test]
    fn words_are_typed_by_the_schema() {
        let built = build(&["a=2", "b=-3.5", "note=4"], &add(), Typing::Checked).unwrap();
        assert_eq!(built.to_string(), r#"{"a":2,"b":-3.5,"note":"4"}"#);
    }

    #[test]
    fn what_does_not_fit_names_the_parameter() {
        let problems = build(&["a=two", "b=3"], &add(), Typing::Checked).unwrap_err();
        assert_eq!(problems, ["`a` must be a number, not `two`"]);
        let problems = build(&["a=2", "b=3", "notes=x"], &add(), Typing::Checked).unwrap_err();
        assert_eq!(problems, ["`notes` is not a parameter of this tool; did you mean `note`?"]);
        let problems = build(&["a=2"], &add(), Typing::Checked).unwrap_err();
        assert_eq!(problems, ["`b` is required"]);
    }

    #[test]
    fn raw_strings_and_no_validate_turn_it_off() {
        let built = build(&["a=2", "b=x"], &add(), Typing::Strings).unwrap();
        assert_eq!(built, json!({"a": "2", "b": "x"}));
        let built = build(&["a=2", "c=x"], &add(), Typing::Lenient).unwrap();
        assert_eq!(built, json!({"a": 2, "c": "x"}));
    }

    #[test]
    fn json_and_files() {
        let built =
            build(&["a:=[1, {\"b\": null}]", "c=@text", "d=a=b"], &json!({}), Typing::Checked);
        assert_eq!(built.unwrap(), json!({"a": [1, {"b": null}], "c": "from a file", "d": "a=b"}));
        let problems = build(&["a:=@text", "b=@gone", "c=@bytes"], &json!({}), Typing::Checked);
        let problems = problems.unwrap_err().join("\n");
        assert!(problems.contains("`b`: cannot read gone"), "{problems}");
        assert!(problems.contains("`c`: bytes is not UTF-8"), "{problems}");
    }

    #[test]
    fn words_add_to_an_object() {
        let given = ArgumentInput::read(Some("-"), &["to=x".to_owned()], &no_files).unwrap();
        let built = Value::Object(given.typed(None, Typing::Checked).unwrap());
        assert_eq!(built, json!({"from": "stdin", "to": "x"}));
        let problems = ArgumentInput::read(Some("[1]"), &[], &no_files).unwrap_err();
        assert!(problems[0].contains("must be a JSON object"));
    }

    #[test]
    fn words_that_are_no_arguments_are_refused() {
        for word in ["hello", "=x", ":=1"] {
            assert!(ArgumentInput::read(None, &[word.to_owned()], &no_files).is_err(), "{word}");
        }
        let twice = ["a=1".to_owned(), "a=2".to_owned()];
        assert_eq!(
            ArgumentInput::read(None, &twice, &no_files).unwrap_err(),
            ["`a` is given twice"]
        );
    }

    #[test]
    fn only_key_value_needs_a_schema() {
        let given = |word: &str| ArgumentInput::read(None, &[word.to_owned()], &no_files).unwrap();
        assert!(given("a=1").needs_schema(Typing::Checked));
        assert!(!given("a:=1").needs_schema(Typing::Checked));
        assert!(!given("a=1").needs_schema(Typing::Strings));
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        let names = ["echo", "get-sum", "get-env"];
        assert_eq!(nearest("ehco", names.into_iter()), Some("echo"));
        assert_eq!(nearest("zzz", names.into_iter()), None);
    }
}
