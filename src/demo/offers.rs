//! Resources, a template and a prompt of the built-in server, and its capabilities. The
//! contents are the same in both eras.

use serde_json::{Value, json};

use super::state::DemoState;
use super::tools::IMAGE;
use crate::protocol::methods;

/// Instructions for clients.
pub(super) const INSTRUCTIONS: &str =
    "A server to try things on. Its tools do what their names say.";

/// Returns the name and version of the server.
pub(super) fn server_info() -> Value {
    json!({"name": "mcpoke-demo", "version": env!("CARGO_PKG_VERSION")})
}

/// Returns the capabilities in the modern era, where tasks are an extension.
pub(super) fn modern_capabilities() -> Value {
    let mut capabilities = capabilities();
    if let Some(all) = capabilities.as_object_mut() {
        all.remove("tasks");
    }
    capabilities["extensions"] = json!({"io.modelcontextprotocol/tasks": {}});
    capabilities
}

/// Returns the capabilities in the legacy era.
pub(super) fn capabilities() -> Value {
    json!({
        "tools": {"listChanged": true},
        "resources": {"subscribe": true},
        "prompts": {},
        "completions": {},
        "logging": {},
        "tasks": {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}},
    })
}

/// URI of the resource that counts calls of `toggle`.
pub(super) const TOGGLES: &str = "demo://toggles";

/// Returns the notification that this resource has changed.
pub(super) fn updated() -> Value {
    json!({"jsonrpc": "2.0", "method": methods::RESOURCE_UPDATED, "params": {"uri": TOGGLES}})
}

const NAMES: [&str; 3] = ["Ada", "Alan", "Grace"];

/// Returns a list: `resources`, `resourceTemplates` or `prompts`.
pub(super) fn list(key: &str) -> Value {
    match key {
        "resources" => json!([
            {"uri": "demo://welcome", "name": "welcome", "mimeType": "text/plain",
                "description": "A few words"},
            {"uri": "demo://disc", "name": "disc", "mimeType": "image/png",
                "description": "An orange disc"},
            {"uri": TOGGLES, "name": "toggles", "mimeType": "text/plain",
                "description": "How often the tool `toggle` was called"},
        ]),
        "resourceTemplates" => json!([
            {"uriTemplate": "demo://square/{number}", "name": "square", "mimeType": "text/plain",
                "description": "The square of a number"},
        ]),
        _ => json!([
            {"name": "greet", "description": "Asks for a greeting", "arguments": [
                {"name": "name", "description": "Whom to greet", "required": true}]},
        ]),
    }
}

/// Returns the result of a method, or the reason why there is none; `None` for an unknown
/// method.
pub(super) fn serve(
    state: &DemoState,
    method: &str,
    params: &Value,
) -> Option<Result<Value, String>> {
    Some(Ok(match method {
        methods::LIST_RESOURCES => json!({"resources": list("resources")}),
        methods::LIST_RESOURCE_TEMPLATES => json!({"resourceTemplates": list("resourceTemplates")}),
        methods::LIST_PROMPTS => json!({"prompts": list("prompts")}),
        methods::READ_RESOURCE => {
            return Some(read(state, params["uri"].as_str().unwrap_or_default()));
        }
        methods::GET_PROMPT => return Some(prompt(params)),
        methods::COMPLETE => {
            let typed = params["argument"]["value"].as_str().unwrap_or_default().to_lowercase();
            let fits = |name: &&&str| name.to_lowercase().starts_with(&typed);
            let values: Vec<&&str> = NAMES.iter().filter(fits).collect();
            json!({"completion": {"values": values, "total": values.len(), "hasMore": false}})
        }
        _ => return None,
    }))
}

fn read(state: &DemoState, uri: &str) -> Result<Value, String> {
    let content = match uri {
        "demo://welcome" => {
            json!({"uri": uri, "mimeType": "text/plain", "text": "Welcome to the demo.\n"})
        }
        "demo://disc" => json!({"uri": uri, "mimeType": "image/png", "blob": IMAGE}),
        TOGGLES => {
            json!({"uri": uri, "mimeType": "text/plain", "text": state.toggles().to_string()})
        }
        _ => {
            let number = uri.strip_prefix("demo://square/").and_then(|n| n.parse::<i32>().ok());
            let number = number.ok_or_else(|| format!("Resource not found: {uri}"))?;
            let square = i64::from(number) * i64::from(number);
            json!({"uri": uri, "mimeType": "text/plain", "text": square.to_string()})
        }
    };
    Ok(json!({"contents": [content]}))
}

fn prompt(params: &Value) -> Result<Value, String> {
    if params["name"] != "greet" {
        return Err(format!("Unknown prompt: {}", params["name"].as_str().unwrap_or_default()));
    }
    let name = params["arguments"]["name"].as_str().ok_or("The argument `name` is required")?;
    Ok(json!({
        "description": "Asks for a greeting",
        "messages": [{"role": "user", "content": {"type": "text", "text": format!("Greet {name}.")}}],
    }))
}
