//! What resource servers and authorization servers say about themselves (RFC 9728, 2; RFC 8414, 2).

use serde::Deserialize;
use serde_json::Value;

/// Of a protected resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ResourceMetadata {
    /// Its identifier.
    pub resource: Option<String>,
    /// The issuers of its tokens.
    pub authorization_servers: Vec<String>,
    /// What tokens may allow.
    pub scopes_supported: Option<Vec<String>>,
}

/// Of an authorization server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServerMetadata {
    /// Who it is.
    pub issuer: String,
    /// Where a person authorises.
    pub authorization_endpoint: Option<String>,
    /// Where tokens come from.
    pub token_endpoint: Option<String>,
    /// Where clients register themselves (RFC 7591).
    pub registration_endpoint: Option<String>,
    /// Where tokens are given back (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// What tokens may allow.
    pub scopes_supported: Option<Vec<String>>,
    /// How clients say who they are at the token endpoint.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// How they sign what they say.
    pub token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    /// The methods of PKCE (RFC 7636).
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// Whether its answers say who it is (RFC 9207).
    pub authorization_response_iss_parameter_supported: bool,
    /// Whether the id of a client may be the address of its metadata.
    pub client_id_metadata_document_supported: bool,
}

/// Reads a document, member by member: one that is of a wrong type is as if it were not there.
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
