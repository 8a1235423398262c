//! Tools of a server: definitions as received, and the parsed view of one.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::mirror::{self, Mirrored};
use super::types::Implementation;

/// Tools of a server, from all pages, with caching hints (2026-07-28, Caching).
#[derive(Debug, Clone, Default)]
pub struct ToolList {
    /// Tools, in the server's order.
    pub tools: Tools,
    /// Cache lifetime in milliseconds; `None` if the server stated none.
    pub ttl_ms: Option<u64>,
    /// True if the tools are the same for every user.
    pub is_public: bool,
    /// Name and version of the server, if the result contains them.
    pub server: Option<Implementation>,
    /// True if there may be more tools: not all pages were needed, or the pagination is broken.
    pub is_partial: bool,
}

/// Tool definitions as received, in the server's order. Of a long list, few are needed at a time: each is parsed
/// when it is asked for. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Tools(Arc<Vec<Box<RawValue>>>);

impl Tools {
    /// Adds a tool and returns its name. Returns an error if it has none.
    pub fn push(&mut self, raw: Box<RawValue>) -> Result<String, String> {
        let name = name_of(&raw)?;
        Arc::make_mut(&mut self.0).push(raw);
        Ok(name)
    }

    /// Returns the tools, each parsed when it is reached.
    pub fn iter(&self) -> impl Iterator<Item = Tool> + Clone {
        // Each has a name, so that it can be parsed.
        self.0.iter().filter_map(|raw| Tool::parse(raw.clone()).ok())
    }

    /// Returns the definitions as received.
    pub fn raw(&self) -> &[Box<RawValue>] {
        &self.0
    }

    /// Returns the names of the tools.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(|raw| name_of(raw).ok())
    }

    /// Returns the position of the first tool with this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|raw| has_name(raw, name))
    }

    /// Returns the first tool with this name.
    pub fn find(&self, name: &str) -> Option<Tool> {
        let at = self.position(name)?;
        Tool::parse(self.0.get(at)?.clone()).ok()
    }

    /// Keeps the tools for which `keep` returns true.
    pub fn retain(&mut self, mut keep: impl FnMut(&Tool) -> bool) {
        Arc::make_mut(&mut self.0)
            .retain(|raw| Tool::parse(raw.clone()).is_ok_and(|tool| keep(&tool)));
    }

    /// Keeps the first `count` tools.
    pub fn truncate(&mut self, count: usize) {
        Arc::make_mut(&mut self.0).truncate(count);
    }
}

impl FromIterator<Box<RawValue>> for Tools {
    fn from_iter<I: IntoIterator<Item = Box<RawValue>>>(all: I) -> Self {
        Self(Arc::new(all.into_iter().filter(|raw| name_of(raw).is_ok()).collect()))
    }
}

/// Returns false if the text of a tool cannot have this name: a check that needs no parsing.
pub fn may_name(text: &str, name: &str) -> bool {
    text.contains(name) || text.contains('\\')
}

/// Returns true if a tool has this name.
pub fn has_name(raw: &RawValue, name: &str) -> bool {
    may_name(raw.get(), name) && name_of(raw).is_ok_and(|known| known == name)
}

/// Returns the name of a tool.
fn name_of(raw: &RawValue) -> Result<String, String> {
    #[derive(Deserialize)]
    struct View {
        name: String,
    }
    let view: View = serde_json::from_str(raw.get()).map_err(unreadable)?;
    Ok(view.name)
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err calls")]
fn unreadable(error: serde_json::Error) -> String {
    format!("a tool that cannot be read: {error}")
}

/// A tool (schema `Tool`), with its raw JSON.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Name for `tools/call`.
    pub name: String,
    /// Description, if any.
    pub description: Option<String>,
    /// JSON Schema of the arguments, once it was asked for.
    input_schema: OnceLock<Value>,
    /// True if the server declares repeated calls harmless (`readOnlyHint`, `idempotentHint`).
    pub repeatable: bool,
    /// True if the tool is annotated as destructive (2025-11-25, Schema, `ToolAnnotations`).
    pub destructive: bool,
    /// Parameters mirrored into headers, or the reason why the annotations are invalid.
    pub mirrored: Result<Vec<Mirrored>, String>,
    /// The tool's raw JSON, as received.
    pub raw: Box<RawValue>,
}

impl Tool {
    /// Parses a tool. Returns an error if it has no name.
    pub fn parse(raw: Box<RawValue>) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct View {
            name: String,
            #[serde(default)]
            description: Option<String>,
            #[serde(default)]
            annotations: Value,
        }
        let view: View = serde_json::from_str(raw.get()).map_err(unreadable)?;
        let mut tool = Self {
            mirrored: Ok(Vec::new()),
            name: view.name,
            description: view.description,
            input_schema: OnceLock::new(),
            destructive: view.annotations["destructiveHint"] == Value::Bool(true),
            repeatable: ["readOnlyHint", "idempotentHint"]
                .iter()
                .any(|hint| view.annotations[*hint] == Value::Bool(true)),
            raw,
        };
        // Most tools mirror nothing, so their schemas need not be searched.
        if tool.raw.get().contains(mirror::KEYWORD) {
            tool.mirrored = mirror::mirrored(tool.input_schema());
        }
        Ok(tool)
    }

    /// Returns the JSON Schema of the arguments; null if there is none that can be read. It is parsed when it is
    /// first asked for: of a long list, few schemas are.
    pub fn input_schema(&self) -> &Value {
        self.input_schema.get_or_init(|| self.member("inputSchema").unwrap_or_default())
    }

    /// Returns the JSON Schema of the results, if there is one (2025-11-25, Tools, "Output
    /// Schema").
    pub fn output_schema(&self) -> Option<Value> {
        self.member("outputSchema").filter(Value::is_object)
    }

    /// Returns true if the tool can only be called as a task (2025-11-25, Tasks, "Tool-Level
    /// Negotiation").
    pub fn wants_task(&self) -> bool {
        self.task_support().is_some_and(|support| support == "required")
    }

    /// Returns true if the tool can be called as a task.
    pub fn may_be_task(&self) -> bool {
        self.task_support().is_some_and(|support| support == "required" || support == "optional")
    }

    fn task_support(&self) -> Option<Value> {
        self.member("execution").map(|mut execution| execution["taskSupport"].take())
    }

    /// Returns a rarely used member. Parses the raw JSON only if the name occurs in it.
    fn member(&self, name: &str) -> Option<Value> {
        let is_there = self.raw.get().contains(&format!("\"{name}\""));
        let mut all: Value = is_there.then(|| serde_json::from_str(self.raw.get()).ok())??;
        all.get_mut(name).map(Value::take)
    }

    /// Returns the parameter names, in the server's order, each with true if required.
    pub fn parameters(&self) -> Vec<(&str, bool)> {
        let required: Vec<&str> = self.input_schema()["required"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        self.input_schema()["properties"]
            .as_object()
            .map(|properties| {
                properties.keys().map(|name| (name.as_str(), required.contains(&name.as_str())))
            })
            .into_iter()
            .flatten()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn raw(value: &Value) -> Box<RawValue> {
        serde_json::value::to_raw_value(value).unwrap()
    }

    #[test]
    fn parameters_come_in_the_servers_order() {
        let tool = Tool::parse(raw(&json!({"name": "t", "inputSchema": {
            "properties": {"z": {}, "a": {}}, "required": ["a"]}})))
        .unwrap();
        assert_eq!(tool.parameters(), [("z", false), ("a", true)]);
    }

    #[test]
    fn a_tool_without_a_name_is_refused() {
        assert!(Tool::parse(raw(&json!({"description": "x"}))).is_err());
        assert!(Tools::default().push(raw(&json!({"description": "x"}))).is_err());
    }

    #[test]
    fn a_tool_is_found_by_its_name_however_that_is_written() {
        let mut tools = Tools::default();
        for text in
            [r#"{"name":"a","description":"b"}"#, r#"{"name":"\u0062"}"#, r#"{"name":"b","x":1}"#]
        {
            tools.push(RawValue::from_string(text.to_owned()).unwrap()).unwrap();
        }
        assert_eq!((tools.position("b"), tools.position("c")), (Some(1), None));
        assert_eq!(tools.names().collect::<Vec<_>>(), ["a", "b", "b"]);
        tools.retain(|tool| tool.description.is_none());
        assert_eq!(tools.raw().len(), 2);
    }
}
