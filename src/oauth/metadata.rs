//! Metadata of resource servers and authorization servers (RFC 9728, 2; RFC 8414, 2).

use serde::Deserialize;
use serde_json::Value;

/// Metadata of a protected resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ResourceMetadata {
    /// Identifier of the resource.
    pub resource: Option<String>,
    /// Issuers of tokens for the resource.
    pub authorization_servers: Option<Vec<Value>>,
    /// Supported scopes.
    pub scopes_supported: Option<Vec<String>>,
}

/// Metadata of an authorization server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServerMetadata {
    /// Issuer identifier.
    pub issuer: String,
    /// Authorization endpoint.
    pub authorization_endpoint: Option<String>,
    /// Token endpoint.
    pub token_endpoint: Option<String>,
    /// Registration endpoint (RFC 7591).
    pub registration_endpoint: Option<String>,
    /// Revocation endpoint (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// Supported scopes.
    pub scopes_supported: Option<Vec<String>>,
    /// Client authentication methods of the token endpoint.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Signature algorithms for client assertions.
    pub token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    /// Supported PKCE methods (RFC 7636).
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// True if authorization responses contain the issuer (RFC 9207).
    pub authorization_response_iss_parameter_supported: bool,
    /// True if a client id may be the URL of the client's metadata.
    pub client_id_metadata_document_supported: bool,
}

/// Parses a document member by member. A member of a wrong type counts as absent.
pub(super) fn read<T: for<'de> Deserialize<'de> + Default>(document: &Value) -> T {
    let Some(members) = document.as_object() else { return T::default() };
    let mut kept = serde_json::Map::new();
    for (name, value) in members {
        let one = Value::Object([(name.clone(), value.clone())].into_iter().collect());
        if serde_json::from_value::<T>(one).is_ok() {
            kept.insert(name.clone(), value.clone());
        }
    }
    serde_json::from_value(Value::Object(kept)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_member_of_a_wrong_type_hides_no_other() {
        let document = json!({"issuer": "https://h", "scopes_supported": "a b",
            "authorization_response_iss_parameter_supported": true, "token_endpoint": null});
        let read: ServerMetadata = read(&document);
        assert_eq!((read.issuer.as_str(), read.scopes_supported), ("https://h", None));
        assert!(read.authorization_response_iss_parameter_supported);
        assert_eq!(super::read::<ResourceMetadata>(&json!([1])), ResourceMetadata::default());
    }
}
