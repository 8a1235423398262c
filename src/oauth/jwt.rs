//! Assertions that a client signs with its own key (RFC 7523, 2.2 and 3; RFC 7515).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::error::{Error, ErrorKind};

/// Lifetime of an assertion.
const LIFETIME: Duration = Duration::from_mins(2);

/// Supported signature algorithms, named as in RFC 7518, 3.1 and RFC 8037, 3.1. The last
/// member is the width in bytes of each half of an ECDSA signature, or 0.
const ALGORITHMS: [(&str, SignatureScheme, usize); 8] = [
    ("ES256", SignatureScheme::ECDSA_NISTP256_SHA256, 32),
    ("RS256", SignatureScheme::RSA_PKCS1_SHA256, 0),
    ("PS256", SignatureScheme::RSA_PSS_SHA256, 0),
    ("EdDSA", SignatureScheme::ED25519, 0),
    ("ES384", SignatureScheme::ECDSA_NISTP384_SHA384, 48),
    ("RS384", SignatureScheme::RSA_PKCS1_SHA384, 0),
    ("RS512", SignatureScheme::RSA_PKCS1_SHA512, 0),
    ("PS512", SignatureScheme::RSA_PSS_SHA512, 0),
];

/// Signing key of a client.
#[derive(Clone)]
pub struct SigningKey {
    /// Private key in PEM: PKCS #8, PKCS #1 or SEC 1.
    pub pem: String,
    /// Key id at the authorization server (`kid`).
    pub id: Option<String>,
}

/// Builds an assertion of the client's identity for one authorization server. `allowed`
/// lists the algorithms that the server accepts; without it, the first that fits the key is
/// used.
pub(super) fn client_assertion(
    key: &SigningKey,
    client: &str,
    audience: &str,
    allowed: Option<&[String]>,
) -> Result<String, Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let claims = json!({
        "iss": client,
        "sub": client,
        "aud": audience,
        "iat": now.as_secs(),
        "exp": (now + LIFETIME).as_secs(),
        "jti": format!("{:016x}", getrandom::u64().unwrap_or_default()),
    });
    signed(key, &claims, allowed)
}

fn signed(key: &SigningKey, claims: &Value, allowed: Option<&[String]>) -> Result<String, Error> {
    let wrong = |why: String| {
        Error::new(ErrorKind::Usage, format!("the private key cannot be used: {why}"))
    };
    let der = PrivateKeyDer::from_pem_slice(key.pem.as_bytes())
        .map_err(|_| wrong("it is no private key in PEM, or is encrypted".to_owned()))?;
    let signing = any_supported_type(&der).map_err(|error| wrong(error.to_string()))?;
    let takes = |name: &str| allowed.is_none_or(|all| all.iter().any(|one| one == name));
    let mut possible = ALGORITHMS.iter().filter(|(name, ..)| takes(name));
    let (name, half, signer) = possible
        .find_map(|(name, scheme, half)| Some((name, half, signing.choose_scheme(&[*scheme])?)))
        .ok_or_else(|| {
            let allowed = allowed.unwrap_or_default().join(", ");
            wrong(format!("it cannot sign as the authorization server wants it ({allowed})"))
        })?;
    let mut header = json!({"alg": name, "typ": "JWT"});
    if let Some(id) = &key.id {
        header["kid"] = json!(id);
    }
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&header), encode(claims));
    let signature = signer.sign(message.as_bytes()).map_err(|error| wrong(error.to_string()))?;
    let signature = if *half == 0 { Some(signature) } else { halves(&signature, *half) };
    let signature = signature.ok_or_else(|| wrong("its signature is malformed".to_owned()))?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Converts an ECDSA signature from DER to two concatenated numbers (RFC 7518, 3.4).
fn halves(der: &[u8], width: usize) -> Option<Vec<u8>> {
    let rest = der.strip_prefix(&[0x30])?;
    // A sequence shorter than 128 bytes has a one-byte length.
    let (length, mut rest) = rest.split_first()?;
    if usize::from(*length) != rest.len() {
        return None;
    }
    let mut out = Vec::with_capacity(2 * width);
    for _ in 0..2 {
        let (length, after) = rest.strip_prefix(&[0x02])?.split_first()?;
        let (number, after) = after.split_at_checked(usize::from(*length))?;
        let number = &number[number.iter().take_while(|byte| **byte == 0).count()..];
        out.resize(out.len() + width.checked_sub(number.len())?, 0);
        out.extend_from_slice(number);
        rest = after;
    }
    rest.is_empty().then_some(out)
}

/// Returns a claim of a JWT without verifying it. For display only.
pub fn claim(token: &str, name: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&bytes).ok()?;
    claims.get(name).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    fn key() -> rcgen::KeyPair {
        rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
    }

    #[test]
    fn an_assertion_can_be_verified() {
        let pair = key();
        let key = SigningKey { pem: pair.serialize_pem(), id: Some("k1".into()) };
        for _ in 0..50 {
            let jwt = client_assertion(&key, "me", "https://as", None).unwrap();
            let (message, signature) = jwt.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let point = rcgen::PublicKeyData::der_bytes(&pair);
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message.as_bytes(), &signature)
                .unwrap();
            assert_eq!(claim(&jwt, "aud"), Some(json!("https://as")));
            assert_eq!(claim(&jwt, "sub"), Some(json!("me")));
        }
    }

    #[test]
    fn the_algorithm_is_one_that_both_have() {
        let key = SigningKey { pem: key().serialize_pem(), id: None };
        let only_rsa = ["RS256".to_owned()];
        let error = client_assertion(&key, "me", "x", Some(&only_rsa)).unwrap_err();
        assert!(error.text.contains("RS256"), "{error}");
        let both = ["RS256".to_owned(), "ES256".to_owned()];
        assert!(client_assertion(&key, "me", "x", Some(&both)).is_ok());
        let none = SigningKey { pem: "nothing".into(), id: None };
        assert!(client_assertion(&none, "me", "x", None).is_err());
        assert_eq!(claim("not a jwt", "sub"), None);
    }
}
