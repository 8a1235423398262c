//! The official JSON schemas, to check the messages that mcpoke sends.

use std::collections::HashMap;
use std::sync::OnceLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

/// The schemas of one revision.
struct Revision {
    /// The definitions of requests and notifications, by method.
    by_method: HashMap<String, String>,
    schemas: Schemas,
    by_name: HashMap<String, SchemaIndex>,
}

/// Definitions that belong to no method.
const OTHERS: [&str; 7] = [
    "JSONRPCRequest",
    "JSONRPCNotification",
    "JSONRPCErrorResponse",
    "JSONRPCResultResponse",
    "ElicitResult",
    "CreateMessageResult",
    "ListRootsResult",
];

impl Revision {
    fn read(version: &str, text: &str) -> Self {
        let document: Value = serde_json::from_str(text).unwrap();
        let by_method: HashMap<String, String> = document["$defs"]
            .as_object()
            .unwrap()
            .iter()
            .filter_map(|(name, definition)| {
                let method = definition["properties"]["method"]["const"].as_str()?;
                Some((method.to_owned(), name.clone()))
            })
            .collect();
        let location = format!("http://schema.test/{version}.json");
        let mut compiler = Compiler::new();
        compiler.add_resource(&location, document).unwrap();
        let mut schemas = Schemas::new();
        let names = by_method.values().map(String::as_str).chain(OTHERS);
        let by_name = names
            .map(|name| {
                let place = format!("{location}#/$defs/{name}");
                (name.to_owned(), compiler.compile(&place, &mut schemas).unwrap())
            })
            .collect();
        Self { by_method, schemas, by_name }
    }

    /// Returns the violation of a definition by a value, if any.
    fn problem(&self, name: &str, value: &Value) -> Option<String> {
        let outcome = self.schemas.validate(value, self.by_name[name]);
        outcome.err().map(|error| format!("{name}: {error:#}"))
    }
}

fn revision(is_modern: bool) -> &'static Revision {
    static LEGACY: OnceLock<Revision> = OnceLock::new();
    static MODERN: OnceLock<Revision> = OnceLock::new();
    if is_modern {
        MODERN.get_or_init(|| {
            Revision::read("2026-07-28", include_str!("../../schema/2026-07-28.json"))
        })
    } else {
        LEGACY.get_or_init(|| {
            Revision::read("2025-11-25", include_str!("../../schema/2025-11-25.json"))
        })
    }
}

/// Returns the violation of the schema by a client's message, if any: a request, a
/// notification or a response. Unknown methods are checked as requests or notifications of
/// any kind.
pub(crate) fn problem(message: &Value, is_modern: bool) -> Option<String> {
    let revision = revision(is_modern);
    let has_id = message.get("id").is_some();
    let name = match message["method"].as_str() {
        Some(method) => match revision.by_method.get(method) {
            Some(name) => name.as_str(),
            None if has_id => "JSONRPCRequest",
            None => "JSONRPCNotification",
        },
        None if message.get("error").is_some() => "JSONRPCErrorResponse",
        None => "JSONRPCResultResponse",
    };
    revision.problem(name, message)
}

/// Returns the violation of the schema by the result of a server request, if any.
pub(crate) fn answer_problem(method: &str, result: &Value, is_modern: bool) -> Option<String> {
    let name = match method {
        "elicitation/create" => "ElicitResult",
        "sampling/createMessage" => "CreateMessageResult",
        "roots/list" => "ListRootsResult",
        _ => return None,
    };
    revision(is_modern).problem(name, result)
}

#[test]
fn the_schemas_tell_good_messages_from_bad_ones() {
    use serde_json::json;
    let call =
        json!({"jsonrpc": "2.0", "id": "1", "method": "tools/call", "params": {"name": "t"}});
    assert_eq!(problem(&call, false), None);
    assert!(problem(&call, true).unwrap().contains("_meta"));
    let nameless = json!({"jsonrpc": "2.0", "id": "1", "method": "tools/call", "params": {}});
    assert!(problem(&nameless, false).unwrap().contains("name"));
    assert!(problem(&json!({"id": 1, "method": "x"}), false).is_some());
    assert_eq!(answer_problem("elicitation/create", &json!({"action": "decline"}), true), None);
    assert!(answer_problem("elicitation/create", &json!({"action": "shrug"}), true).is_some());
}
