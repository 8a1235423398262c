//! Additions to every modern request: the `_meta` envelope and the headers that mirror it
//! (2026-07-28, Overview, "_meta"; Streamable HTTP, "Request Metadata").

use serde_json::{Map, Value, json};

use super::headers::{METHOD, NAME, PROTOCOL_VERSION};
use super::methods;
use super::mirror::encoded;

/// `_meta` key of the protocol revision.
pub const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// `_meta` key of the client's name and version.
pub const META_CLIENT: &str = "io.modelcontextprotocol/clientInfo";
/// `_meta` key of the client's capabilities.
pub const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// `_meta` key of the log level (2026-07-28, Logging).
pub const META_LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// `_meta` key of the server's name and version, in a result.
pub const META_SERVER: &str = "io.modelcontextprotocol/serverInfo";

/// Returns the parameters with the `_meta` envelope. Members that the user set in `_meta`
/// are kept, so that a probe can break any rule.
pub fn wrapped(params: &Value, version: &str, client: &Value, capabilities: &Value) -> Value {
    let mut params = match params {
        Value::Object(params) => params.clone(),
        _ => Map::new(),
    };
    let mut meta = match params.remove("_meta") {
        Some(Value::Object(meta)) => meta,
        Some(other) => {
            // `_meta` is not an object; send it as it is, so that the server can reject it.
            params.insert("_meta".to_owned(), other);
            return Value::Object(params);
        }
        None => Map::new(),
    };
    let own = [
        (META_VERSION, json!(version)),
        (META_CLIENT, client.clone()),
        (META_CAPABILITIES, capabilities.clone()),
    ];
    for (key, value) in own {
        meta.entry(key).or_insert(value);
    }
    params.insert("_meta".to_owned(), Value::Object(meta));
    Value::Object(params)
}

/// Adds a member to `_meta`, unless the user has set it.
pub fn with_meta(params: &mut Value, key: &str, value: Value) {
    if params.is_null() {
        *params = json!({});
    }
    let Some(params) = params.as_object_mut() else { return };
    let meta = params.entry("_meta").or_insert_with(|| json!({}));
    if let Some(meta) = meta.as_object_mut() {
        meta.entry(key).or_insert(value);
    }
}

/// Returns the headers that mirror a request body: revision, method, and the name or URI
/// the method applies to.
pub fn standard_headers(version: &str, method: &str, params: &Value) -> Vec<(String, String)> {
    let mut headers = vec![
        (PROTOCOL_VERSION.to_owned(), version.to_owned()),
        (METHOD.to_owned(), encoded(method)),
    ];
    let name = match method {
        methods::CALL_TOOL | methods::GET_PROMPT => params["name"].as_str(),
        methods::READ_RESOURCE => params["uri"].as_str(),
        // The extension io.modelcontextprotocol/tasks, "Routing Headers".
        methods::GET_TASK | methods::UPDATE_TASK | methods::CANCEL_TASK => {
            params["taskId"].as_str()
        }
        _ => None,
    };
    headers.extend(name.map(|name| (NAME.to_owned(), encoded(name))));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_holds_version_client_and_capabilities() {
        let client = json!({"name": "mcpoke", "version": "1"});
        let wrapped = wrapped(&json!({"cursor": "x"}), "2026-07-28", &client, &json!({}));
        assert_eq!(
            wrapped,
            json!({"cursor": "x", "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": client,
                "io.modelcontextprotocol/clientCapabilities": {},
            }})
        );
    }

    #[test]
    fn what_a_user_put_there_stays() {
        let given = json!({"_meta": {"progressToken": 1, META_VERSION: "2099-01-01"}});
        let wrapped = wrapped(&given, "2026-07-28", &json!({}), &json!({}));
        assert_eq!(wrapped["_meta"]["progressToken"], 1);
        assert_eq!(wrapped["_meta"][META_VERSION], "2099-01-01");
        let odd = super::wrapped(&json!({"_meta": 3}), "2026-07-28", &json!({}), &json!({}));
        assert_eq!(odd, json!({"_meta": 3}));
    }

    #[test]
    fn the_name_is_mirrored_for_three_methods() {
        let name = |method, params: Value| {
            let headers = standard_headers("2026-07-28", method, &params);
            headers.into_iter().find(|(name, _)| name == NAME).map(|(_, value)| value)
        };
        assert_eq!(name("tools/call", json!({"name": "echo"})).as_deref(), Some("echo"));
        assert_eq!(name("prompts/get", json!({"name": "p"})).as_deref(), Some("p"));
        assert_eq!(name("resources/read", json!({"uri": "x:1"})).as_deref(), Some("x:1"));
        assert_eq!(name("tools/list", json!({"name": "echo"})), None);
        let encoded = name("tools/call", json!({"name": "größe"}));
        assert_eq!(encoded.as_deref(), Some("=?base64?Z3LDtsOfZQ==?="));
    }
}
