//! Elicitation forms: flat objects of strings, numbers, booleans and choices (2026-07-28
//! and 2025-11-25, Elicitation, "Requested Schema").

use serde_json::{Map, Value};

use super::schema::Schema;

/// A form that the server asks the user to fill in.
#[derive(Debug, Clone)]
pub struct Form {
    /// Fields, in the server's order.
    pub fields: Vec<Field>,
}

/// One field of a form.
#[derive(Debug, Clone)]
pub struct Field {
    /// Property name.
    pub name: String,
    /// Display name, if any.
    pub title: Option<String>,
    /// Description, if any.
    pub description: Option<String>,
    /// True if the form is incomplete without a value.
    pub required: bool,
    /// Default value.
    pub default: Option<Value>,
    /// Allowed values, each with its display name; empty if any value is allowed.
    pub choices: Vec<(Value, String)>,
    schema: Value,
}

/// A filled-in form, possibly incomplete.
#[derive(Debug, Default, PartialEq)]
pub struct Filled {
    /// Values of the fields.
    pub content: Map<String, Value>,
    /// Required fields without a value.
    pub missing: Vec<String>,
    /// Descriptions of values that do not fit.
    pub problems: Vec<String>,
}

impl Form {
    /// Parses a `requestedSchema`. A schema without properties is a plain confirmation.
    pub fn of(schema: &Value) -> Self {
        let required = schema["required"].as_array();
        let is_required =
            |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        let properties = schema["properties"].as_object();
        let fields = properties.into_iter().flatten().map(|(name, schema)| Field {
            name: name.clone(),
            title: schema["title"].as_str().map(str::to_owned),
            description: schema["description"].as_str().map(str::to_owned),
            required: is_required(name),
            default: schema.get("default").filter(|value| !value.is_null()).cloned(),
            choices: choices(schema),
            schema: schema.clone(),
        });
        Self { fields: fields.collect() }
    }

    /// Fills the form with the values that `answer` returns, and with the defaults.
    pub fn fill(&self, answer: impl Fn(&Field) -> Option<Result<Value, String>>) -> Filled {
        let mut filled = Filled::default();
        for field in &self.fields {
            let value = match answer(field) {
                Some(given) => given.and_then(|value| field.check(&value).map(|()| value)),
                None => match &field.default {
                    Some(default) => Ok(default.clone()),
                    None if field.required => {
                        filled.missing.push(field.name.clone());
                        continue;
                    }
                    None => continue,
                },
            };
            match value {
                Ok(value) => {
                    filled.content.insert(field.name.clone(), value);
                }
                Err(problem) => filled.problems.push(format!("`{}` {problem}", field.name)),
            }
        }
        filled
    }
}

/// Returns the choices of an enumeration, in any of the four notations that schemas use.
fn choices(schema: &Value) -> Vec<(Value, String)> {
    // A multiple choice has its enumeration in `items`.
    let one = if schema["type"] == "array" { &schema["items"] } else { schema };
    if let Some(values) = one["enum"].as_array() {
        let names = one["enumNames"].as_array();
        let name = |index: usize, value: &Value| {
            let given = names.and_then(|names| names.get(index)).and_then(Value::as_str);
            given.map_or_else(|| text_of(value), str::to_owned)
        };
        return values.iter().enumerate().map(|(at, v)| (v.clone(), name(at, v))).collect();
    }
    let titled = ["oneOf", "anyOf"].iter().find_map(|key| one[*key].as_array());
    let constant = |branch: &Value| {
        let value = branch.get("const")?.clone();
        let title = branch["title"].as_str().map(str::to_owned);
        Some((value.clone(), title.unwrap_or_else(|| text_of(&value))))
    };
    titled.into_iter().flatten().filter_map(constant).collect()
}

/// Formats a value for display: text without quotes.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text_of).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

impl Field {
    /// Returns the display name, or the property name.
    pub fn label(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// Returns true if several choices can be selected.
    pub fn takes_several(&self) -> bool {
        self.schema["type"] == "array"
    }

    /// Returns the schema type of the value.
    pub fn kind(&self) -> &str {
        self.schema["type"].as_str().unwrap_or("string")
    }

    /// Parses typed input: a choice by value or display name, several separated by commas,
    /// `yes` or `no` for a boolean, a number, or text.
    pub fn read(&self, word: &str) -> Result<Value, String> {
        let value = if self.takes_several() {
            let parts = word.split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| self.choice(part)).collect::<Result<_, _>>()?)
        } else if !self.choices.is_empty() {
            self.choice(word.trim())?
        } else if self.kind() == "boolean" {
            match word.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" | "true" | "1" => Value::Bool(true),
                "n" | "no" | "false" | "0" => Value::Bool(false),
                other => return Err(format!("must be yes or no, not `{}`", other.escape_debug())),
            }
        } else {
            Schema::new(&self.schema).read(word)?
        };
        self.check(&value).map(|()| value)
    }

    fn choice(&self, word: &str) -> Result<Value, String> {
        if self.choices.is_empty() {
            return Ok(Value::String(word.to_owned()));
        }
        let exact = self.choices.iter().find(|(value, _)| text_of(value) == word);
        let named =
            || self.choices.iter().find(|(_, name)| name.to_lowercase() == word.to_lowercase());
        exact.or_else(named).map(|(value, _)| value.clone()).ok_or_else(|| {
            let all: Vec<&str> = self.choices.iter().map(|(_, name)| name.as_str()).collect();
            format!("must be one of {}, not `{}`", all.join(", "), word.escape_debug())
        })
    }

    /// Checks the type, choice, bounds and format of a value. Returns a description of the
    /// problem.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        if let Some(problem) = Schema::new(&self.schema).problems(value).into_iter().next() {
            return Err(problem.text);
        }
        let bound = |key: &str| self.schema[key].as_f64();
        let size = match value {
            Value::String(text) => Some((text.chars().count(), "Length", "characters")),
            Value::Array(values) => Some((values.len(), "Items", "values")),
            _ => None,
        };
        if let Some((size, key, unit)) = size {
            #[expect(clippy::cast_precision_loss, reason = "sizes of what people type")]
            let size = size as f64;
            if let Some(least) = bound(&format!("min{key}")).filter(|least| size < *least) {
                return Err(format!("must have at least {least} {unit}"));
            }
            if let Some(most) = bound(&format!("max{key}")).filter(|most| size > *most) {
                return Err(format!("must have at most {most} {unit}"));
            }
        }
        if let Some(number) = value.as_f64() {
            if let Some(least) = bound("minimum").filter(|least| number < *least) {
                return Err(format!("must be at least {least}"));
            }
            if let Some(most) = bound("maximum").filter(|most| number > *most) {
                return Err(format!("must be at most {most}"));
            }
        }
        match (self.schema["format"].as_str(), value.as_str()) {
            (Some(format), Some(text)) if !has_format(format, text) => {
                Err(format!("must be a {format}, not `{}`", text.escape_debug()))
            }
            _ => Ok(()),
        }
    }

    /// Describes the allowed input, such as `integer, at least 1, at most 5` or `one of Red,
    /// Green`.
    pub fn hint(&self) -> String {
        if !self.choices.is_empty() {
            let several = if self.takes_several() { "any of" } else { "one of" };
            let all: Vec<&str> = self.choices.iter().map(|(_, name)| name.as_str()).collect();
            return format!("{several} {}", all.join(", "));
        }
        let kind = match (self.schema["format"].as_str(), self.kind()) {
            (Some(format), _) => format,
            (_, "boolean") => "yes or no",
            (_, kind) => kind,
        };
        let least = self.schema.get("minimum").map(|least| format!("at least {least}"));
        let most = self.schema.get("maximum").map(|most| format!("at most {most}"));
        [Some(kind.to_owned()), least, most].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Returns true if a text has one of the four formats defined for forms. A rough check: the
/// server decides.
fn has_format(format: &str, text: &str) -> bool {
    let date = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        let digits =
            |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
        matches!(parts.as_slice(), [y, m, d] if digits(y, 4) && digits(m, 2) && digits(d, 2))
    };
    match format {
        "email" => text.split_once('@').is_some_and(|(who, at)| !who.is_empty() && !at.is_empty()),
        "uri" => url::Url::parse(text).is_ok(),
        "date" => date(text),
        "date-time" => text
            .split_once(['T', 't'])
            .is_some_and(|(day, time)| date(day) && time.as_bytes().get(2) == Some(&b':')),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form() -> Form {
        Form::of(&json!({"type": "object", "required": ["name", "age"], "properties": {
            "name": {"type": "string", "title": "Your name", "minLength": 2},
            "age": {"type": "integer", "minimum": 18, "maximum": 120},
            "subscribe": {"type": "boolean", "default": true},
            "color": {"type": "string", "enum": ["r", "g"], "enumNames": ["Red", "Green"]},
            "sizes": {"type": "array", "maxItems": 2, "items": {"anyOf": [
                {"const": "s", "title": "Small"}, {"const": "l", "title": "Large"}]}},
            "mail": {"type": "string", "format": "email"},
        }}))
    }

    fn field(name: &str) -> Field {
        form().fields.into_iter().find(|field| field.name == name).unwrap()
    }

    #[test]
    fn answers_and_defaults_fill_it() {
        let filled = form().fill(|field| match field.name.as_str() {
            "name" => Some(field.read("Ann")),
            "color" => Some(field.read("red")),
            _ => None,
        });
        assert_eq!(
            Value::Object(filled.content),
            json!({"name": "Ann", "subscribe": true, "color": "r"})
        );
        assert_eq!(filled.missing, ["age"]);
        assert!(filled.problems.is_empty());
    }

    #[test]
    fn words_are_read_as_the_field_means_them() {
        assert_eq!(field("age").read("42"), Ok(json!(42)));
        assert_eq!(field("subscribe").read("no"), Ok(json!(false)));
        assert_eq!(field("sizes").read("Small, l"), Ok(json!(["s", "l"])));
        assert_eq!(field("color").read("g"), Ok(json!("g")));
        for (name, word, why) in [
            ("age", "17", "at least 18"),
            ("age", "x", "must be an integer"),
            ("name", "A", "at least 2 characters"),
            ("color", "blue", "one of Red, Green"),
            ("sizes", "s,l,s", "at most 2 values"),
            ("mail", "nobody", "must be a email"),
            ("subscribe", "perhaps", "yes or no"),
        ] {
            let error = field(name).read(word).unwrap_err();
            assert!(error.contains(why), "{name}={word}: {error}");
        }
    }

    #[test]
    fn what_does_not_fit_names_the_field() {
        let filled = form().fill(|field| (field.name == "age").then(|| Ok(json!("old"))));
        assert!(filled.problems[0].starts_with("`age` must be"), "{filled:?}");
        assert_eq!(filled.missing, ["name"]);
    }

    #[test]
    fn hints_say_what_can_be_typed() {
        assert_eq!(field("age").hint(), "integer, at least 18, at most 120");
        assert_eq!(field("color").hint(), "one of Red, Green");
        assert_eq!(field("mail").hint(), "email");
    }
}
