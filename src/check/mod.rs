//! Validation of what a server offers: names, schemas, and results against their schemas.
//! Nothing is fetched except from the server itself.

mod junit;
mod schemas;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::protocol::mirror;

pub use junit::report as junit;
pub use schemas::Problem;

/// Severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It works, but some clients will have problems.
    Warning,
    /// The protocol or JSON Schema forbids it.
    Error,
}

impl Severity {
    /// Returns the name used in the `--json` output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Severity of the problem.
    pub severity: Severity,
    /// The rule that found it.
    pub rule: &'static str,
    /// Index of the checked item among the subjects of the report.
    pub subject: usize,
    /// The place in the server's data, as a JSON Pointer (RFC 6901): `/tools/0/inputSchema`.
    pub place: String,
    /// Description of the problem, without a full stop.
    pub text: String,
}

/// The checked items and the findings.
#[derive(Debug, Default)]
pub struct Report {
    /// The checked items, in order: `tool echo`.
    pub subjects: Vec<String>,
    /// The problems found.
    pub findings: Vec<Finding>,
    /// Time limit of each check of a value, and of all checks of a list.
    pub limit: Option<Duration>,
    /// True if the server uses the modern era, whose tools may have header annotations.
    pub is_modern: bool,
}

/// Maximum length of a tool name, in bytes, that every client can use (2025-11-25, Tools,
/// "Tool Names").
const MAX_NAME: usize = 128;

impl Report {
    /// Converts a finding to JSON, for `--json`.
    pub fn to_json(&self, finding: &Finding) -> Value {
        json!({
            "severity": finding.severity.as_str(),
            "rule": finding.rule,
            "subject": self.subject_of(finding),
            "place": finding.place,
            "message": finding.text,
        })
    }

    /// Returns the checked item that a finding is about: `tool echo`.
    pub fn subject_of(&self, finding: &Finding) -> &str {
        self.subjects.get(finding.subject).map(String::as_str).unwrap_or_default()
    }

    /// Checks a list of the server; `key` is `tools`, `resources`, `resourceTemplates` or `prompts`.
    pub fn list<'v>(&mut self, key: &str, items: impl Iterator<Item = Cow<'v, Value>>) {
        let name = kind_of(key).1;
        // By the digest of the name: 100,000 names would need much more memory.
        let mut first_of: HashMap<u64, usize> = HashMap::new();
        let deadline = self.limit.map(|limit| Instant::now() + limit);
        for (at, item) in items.enumerate() {
            if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                let text =
                    "the remaining items were not checked: `--timeout` was reached".to_owned();
                self.failed(key, text);
                break;
            }
            let subject = self.item(key, &item, at);
            let Some(named) = item[name].as_str().filter(|named| !named.is_empty()) else {
                continue;
            };
            let first = *first_of.entry(digest(named)).or_insert(at);
            let is_same = || self.subjects[subject - at + first] == self.subjects[subject];
            if first != at && is_same() {
                let text = format!("duplicate `{name}`: /{key}/{first} has it too");
                self.error("duplicate", subject, &format!("/{key}/{at}/{name}"), text);
            }
        }
    }

    /// Checks the item at position `at` of a list. Returns the index of its subject.
    pub fn item(&mut self, key: &str, item: &Value, at: usize) -> usize {
        let (kind, name) = kind_of(key);
        let place = format!("/{key}/{at}");
        let subject = self.subjects.len();
        let Some(named) = item[name].as_str().filter(|named| !named.is_empty()) else {
            self.subjects.push(format!("{kind} number {}", at + 1));
            self.error("nameless", subject, &place, format!("it has no `{name}`"));
            return subject;
        };
        self.subjects.push(format!("{kind} {named}"));
        match key {
            "tools" => self.tool(item, named, subject, &place),
            "resources" if url::Url::parse(named).is_err() => {
                let text = "`uri` is not a valid URI (RFC 3986)".to_owned();
                self.error("uri", subject, &format!("{place}/uri"), text);
            }
            "prompts" => self.prompt(item, subject, &place),
            _ => {}
        }
        subject
    }

    /// Records a list that the server rejected.
    pub fn failed(&mut self, key: &str, text: String) {
        self.subjects.push(format!("list {key}"));
        self.error("list-failed", self.subjects.len() - 1, &format!("/{key}"), text);
    }

    fn tool(&mut self, tool: &Value, name: &str, subject: usize, place: &str) {
        let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.len() > MAX_NAME || !name.chars().all(usual) {
            let text = "its name has more than letters, digits, `_`, `-` and `.`, or more than 128 of them; \
                        some clients will not call it";
            self.warning("tool-name", subject, &format!("{place}/name"), text);
        }
        if tool["description"].as_str().is_none_or(|text| text.trim().is_empty()) {
            let text = "it has no description: a model has to guess what it does";
            self.warning("description", subject, place, text);
        }
        self.schema(&tool["inputSchema"], true, subject, &format!("{place}/inputSchema"));
        // 2026-07-28, Streamable HTTP, "Schema Extension".
        if self.is_modern
            && let Err(why) = mirror::mirrored(&tool["inputSchema"])
        {
            self.error("header-annotation", subject, &format!("{place}/inputSchema"), why);
        }
        if tool.get("outputSchema").is_some() {
            self.schema(&tool["outputSchema"], false, subject, &format!("{place}/outputSchema"));
        }
    }

    fn schema(&mut self, schema: &Value, is_input: bool, subject: usize, place: &str) {
        if !schema.is_object() {
            let text = "not a JSON Schema: an object is expected".to_owned();
            return self.error("schema-missing", subject, place, text);
        }
        // For output, newer revisions require no type (2026-07-28, Tools, "Output Schema").
        if is_input && schema["type"] != "object" {
            let text = "its `type` must be \"object\": arguments are an object".to_owned();
            self.error("schema-type", subject, &format!("{place}/type"), text);
        }
        let remote = schemas::remote_references(schema);
        for (at, reference) in &remote {
            let text = format!("it refers to {reference}, which clients will not fetch");
            self.warning("schema-remote-ref", subject, &format!("{place}{at}"), &text);
        }
        // A schema with references to other documents cannot be compiled.
        if remote.is_empty() {
            for (at, text) in schemas::problems_of(schema) {
                self.error("schema-invalid", subject, &format!("{place}{at}"), text);
            }
        }
        let properties = schema["properties"].as_object();
        for (at, name) in schema["required"].as_array().into_iter().flatten().enumerate() {
            let declared = name.as_str().is_some_and(|name| {
                properties.is_some_and(|properties| properties.contains_key(name))
            });
            // Otherwise, a required name need not be declared.
            let is_closed = schema["additionalProperties"] == false
                && schema.get("patternProperties").is_none();
            if !declared && is_closed {
                let text = format!(
                    "required property {name} is not declared, and `additionalProperties` is false"
                );
                self.error("required-undeclared", subject, &format!("{place}/required/{at}"), text);
            }
        }
    }

    fn prompt(&mut self, prompt: &Value, subject: usize, place: &str) {
        let arguments = prompt["arguments"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut seen = HashSet::new();
        for (at, argument) in arguments.iter().enumerate() {
            let place = format!("{place}/arguments/{at}/name");
            match argument["name"].as_str() {
                None => {
                    let text = "an argument has no name".to_owned();
                    self.error("nameless", subject, &place, text);
                }
                Some(name) if !seen.insert(name) => {
                    let text = format!("duplicate argument `{name}`");
                    self.error("duplicate", subject, &place, text);
                }
                Some(_) => {}
            }
        }
    }

    /// Checks arguments against the tool's input schema.
    pub fn arguments(&mut self, subject: usize, tool: &Value, arguments: &Value) {
        for (at, text) in schemas::problems_with(&tool["inputSchema"], arguments, self.limit) {
            self.error("arguments", subject, &format!("/params/arguments{at}"), text);
        }
    }

    /// Checks a result against the tool's output schema (2025-11-25, Tools, "Output Schema").
    pub fn result(&mut self, subject: usize, tool: &Value, result: &Value) {
        let schema = tool.get("outputSchema").filter(|schema| schema.is_object());
        let structured = result.get("structuredContent").filter(|content| !content.is_null());
        if !result["content"].is_array() {
            let text = "the result has no `content`".to_owned();
            self.error("content", subject, "/result/content", text);
        }
        match (schema, structured) {
            (Some(_), None) if result["isError"] != true => {
                let text = "the tool has an output schema, and the result no `structuredContent`";
                self.error(
                    "structured-content",
                    subject,
                    "/result/structuredContent",
                    text.to_owned(),
                );
            }
            (Some(schema), Some(content)) if result["isError"] != true => {
                for (at, text) in schemas::problems_with(schema, content, self.limit) {
                    let place = format!("/result/structuredContent{at}");
                    self.error("structured-content", subject, &place, text);
                }
            }
            _ => {}
        }
    }

    fn error(&mut self, rule: &'static str, subject: usize, place: &str, text: String) {
        self.add(Severity::Error, rule, subject, place, text);
    }

    fn warning(&mut self, rule: &'static str, subject: usize, place: &str, text: &str) {
        self.add(Severity::Warning, rule, subject, place, text.to_owned());
    }

    fn add(
        &mut self,
        severity: Severity,
        rule: &'static str,
        subject: usize,
        place: &str,
        text: String,
    ) {
        let place = place.to_owned();
        self.findings.push(Finding { severity, rule, subject, place, text });
    }

    /// Hides secrets that the server returned in its names and texts.
    pub fn hide(&mut self, hide: impl Fn(&str) -> String) {
        for subject in &mut self.subjects {
            *subject = hide(subject);
        }
        for finding in &mut self.findings {
            finding.place = hide(&finding.place);
            finding.text = hide(&finding.text);
        }
    }

    /// Returns the number of findings with this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

fn digest(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Returns the noun for an item of a list, and the key of its name.
fn kind_of(key: &str) -> (&'static str, &'static str) {
    match key {
        "tools" => ("tool", "name"),
        "resources" => ("resource", "uri"),
        "resourceTemplates" => ("template", "uriTemplate"),
        _ => ("prompt", "name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(key: &str, items: &Value) -> Vec<(Severity, &'static str, String)> {
        let mut report = Report::default();
        report.list(key, items.as_array().unwrap().iter().map(Cow::Borrowed));
        report.findings.into_iter().map(|one| (one.severity, one.rule, one.place)).collect()
    }

    fn tool(schema: &Value) -> Value {
        json!([{"name": "a", "description": "b", "inputSchema": schema}])
    }

    #[test]
    fn good_tools_have_no_findings() {
        let good = json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/x"}}, "required": ["x"],
            "$defs": {"x": {"type": "integer", "minimum": 1}}});
        assert_eq!(found("tools", &tool(&good)), []);
        assert_eq!(found("tools", &tool(&json!({"type": "object"}))), []);
        let by_pattern = json!({"type": "object", "patternProperties": {"^x": {}}, "required": ["x1"],
            "additionalProperties": false});
        assert_eq!(found("tools", &tool(&by_pattern)), []);
    }

    #[test]
    fn each_fault_is_found_at_its_place() {
        use Severity::{Error, Warning};
        let one = |schema: Value| found("tools", &tool(&schema)).remove(0);
        let at = |place: &str| place.to_owned();
        assert_eq!(one(Value::Null), (Error, "schema-missing", at("/tools/0/inputSchema")));
        assert_eq!(one(json!({})), (Error, "schema-type", at("/tools/0/inputSchema/type")));
        assert_eq!(
            one(
                json!({"type": "object", "properties": {"x": {"$ref": "https://example.com/s.json"}}})
            ),
            (Warning, "schema-remote-ref", at("/tools/0/inputSchema/properties/x/$ref"))
        );
        assert_eq!(
            one(json!({"type": "object", "required": ["y"], "additionalProperties": false})),
            (Error, "required-undeclared", at("/tools/0/inputSchema/required/0"))
        );
        let broken = one(json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/gone"}}}));
        assert_eq!((broken.0, broken.1), (Error, "schema-invalid"));
        let names = json!([
            {"name": "a b", "description": "c", "inputSchema": {"type": "object"}},
            {"name": "a b", "description": "", "inputSchema": {"type": "object"}},
            {"description": "c"},
        ]);
        let rules: Vec<_> = found("tools", &names).into_iter().map(|(_, rule, _)| rule).collect();
        assert_eq!(rules, ["tool-name", "tool-name", "description", "duplicate", "nameless"]);
        assert_eq!(found("resources", &json!([{"uri": "no uri"}]))[0].1, "uri");
        let prompt = json!([{"name": "p", "arguments": [{"name": "x"}, {"name": "x"}, {}]}]);
        let rules: Vec<_> =
            found("prompts", &prompt).into_iter().map(|(_, rule, _)| rule).collect();
        assert_eq!(rules, ["duplicate", "nameless"]);
    }

    #[test]
    fn a_call_is_held_to_what_was_promised() {
        let tool = json!({"name": "a", "inputSchema": {"type": "object", "properties": {"n": {"type": "number"}}},
            "outputSchema": {"type": "object", "properties": {"sum": {"type": "number"}}, "required": ["sum"]}});
        let places = |result: Value| {
            let mut report = Report::default();
            let subject = report.item("tools", &tool, 0);
            report.findings.clear();
            report.result(subject, &tool, &result);
            report.findings.into_iter().map(|one| one.place).collect::<Vec<_>>()
        };
        assert!(places(json!({"content": [], "structuredContent": {"sum": 1}})).is_empty());
        assert!(places(json!({"content": [], "isError": true})).is_empty());
        assert_eq!(places(json!({"content": []})), ["/result/structuredContent"]);
        assert_eq!(
            places(json!({"content": [], "structuredContent": {"sum": "1"}})),
            ["/result/structuredContent/sum"]
        );
        assert_eq!(places(json!({"structuredContent": {"sum": 1}})), ["/result/content"]);
        let mut report = Report::default();
        report.arguments(0, &tool, &json!({"n": "x"}));
        assert_eq!(report.findings[0].place, "/params/arguments/n");
    }
}
