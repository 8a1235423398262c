//! Assertions that a client signs with its own key (RFC 7523, 2.2 and 3; RFC 7515).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm,
};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::error::{Error, ErrorKind};

/// Lifetime of an assertion.
const LIFETIME: Duration = Duration::from_mins(2);

/// Source of a signature. ring writes ECDSA signatures in the fixed size that a JWT needs (RFC 7518,
/// 3.4); rustls writes them in DER. rustls reads every format of the other keys.
enum Scheme {
    /// The algorithm, and the object identifier of its curve in DER (RFC 5480, 2.1.1.1).
    Ecdsa(&'static EcdsaSigningAlgorithm, &'static [u8]),
    Other(SignatureScheme),
}

const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const EC_PUBLIC_KEY: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// Supported signature algorithms, named as in RFC 7518, 3.1 and RFC 8037, 3.1.
const ALGORITHMS: [(&str, Scheme); 8] = [
    ("ES256", Scheme::Ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, P256)),
    ("RS256", Scheme::Other(SignatureScheme::RSA_PKCS1_SHA256)),
    ("PS256", Scheme::Other(SignatureScheme::RSA_PSS_SHA256)),
    ("EdDSA", Scheme::Other(SignatureScheme::ED25519)),
    ("ES384", Scheme::Ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, P384)),
    ("RS384", Scheme::Other(SignatureScheme::RSA_PKCS1_SHA384)),
    ("RS512", Scheme::Other(SignatureScheme::RSA_PKCS1_SHA512)),
    ("PS512", Scheme::Other(SignatureScheme::RSA_PSS_SHA512)),
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
        .map_err(|_| wrong("not a private key in PEM, or encrypted".to_owned()))?;
    // Reads every kind of key, and says what is wrong with one that nothing reads.
    let signing = any_supported_type(&der).map_err(|error| wrong(error.to_string()))?;
    let takes = |name: &str| allowed.is_none_or(|all| all.iter().any(|one| one == name));
    let mut possible = ALGORITHMS.iter().filter(|(name, _)| takes(name));
    let (name, signer) = possible
        .find_map(|(name, scheme)| Some((name, signer(scheme, &der, signing.as_ref())?)))
        .ok_or_else(|| {
            let allowed = allowed.unwrap_or_default().join(", ");
            wrong(format!("the key does not fit the signing algorithms of the authorization server ({allowed})"))
        })?;
    let mut header = json!({"alg": name, "typ": "JWT"});
    if let Some(id) = &key.id {
        header["kid"] = json!(id);
    }
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&header), encode(claims));
    let signature = signer(message.as_bytes())
        .ok_or_else(|| wrong("the signature could not be made".to_owned()))?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

type Signer = Box<dyn Fn(&[u8]) -> Option<Vec<u8>>>;

/// Returns what signs with this key, if the scheme fits it.
fn signer(
    scheme: &Scheme,
    key: &PrivateKeyDer<'_>,
    signing: &dyn rustls::sign::SigningKey,
) -> Option<Signer> {
    match scheme {
        Scheme::Other(scheme) => {
            let signer = signing.choose_scheme(&[*scheme])?;
            Some(Box::new(move |message| signer.sign(message).ok()))
        }
        Scheme::Ecdsa(algorithm, curve) => {
            let pkcs8 = match key {
                PrivateKeyDer::Pkcs8(key) => key.secret_pkcs8_der().to_vec(),
                PrivateKeyDer::Sec1(key) => pkcs8_of(key.secret_sec1_der(), curve),
                _ => return None,
            };
            let random = SystemRandom::new();
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8, &random).ok()?;
            Some(Box::new(move |message| Some(pair.sign(&random, message).ok()?.as_ref().to_vec())))
        }
    }
}

/// Wraps a SEC 1 key, as `openssl ecparam` writes it, in PKCS #8 (RFC 5208, 5).
fn pkcs8_of(sec1: &[u8], curve: &[u8]) -> Vec<u8> {
    let algorithm = der(0x30, &[EC_PUBLIC_KEY, curve].concat());
    der(0x30, &[&[0x02, 0x01, 0x00], &algorithm[..], &der(0x04, sec1)].concat())
}

/// Encodes a value in DER (X.690, 8.1). Its length must fit in two bytes, as that of a key does.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap_or_default().to_be_bytes();
    let length = match (high, low) {
        (0, 0..=0x7f) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [&[tag], &length[..], content].concat()
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
    use base64::engine::general_purpose::STANDARD;
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, UnparsedPublicKey, VerificationAlgorithm,
    };

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

    /// Keys for tests as `openssl ecparam` writes them; each ends with its public key.
    const SEC1: [(&str, &dyn VerificationAlgorithm, usize, &str); 2] = [
        (
            "ES256",
            &ECDSA_P256_SHA256_FIXED,
            65,
            "MHcCAQEEILSJOi68WDlFLsSqMZy9trIr6WUpZP+uO8wQQxCtB3EjoAoGCCqGSM49
             AwEHoUQDQgAE08JYiIQImc2q14SiIHX+EVWXj1j5P7Ib8WuwOwnPsh7fse9ZqEH+
             njiodEdWICfIZMZRsQz2wlIFiH1X23/uiQ==",
        ),
        (
            "ES384",
            &ECDSA_P384_SHA384_FIXED,
            97,
            "MIGkAgEBBDAjtj0am3SAvO/FlSnaYRn4TLlskM/Ln17P4lXI9jX7H/1A1cwZj+/h
             433xl4duRg2gBwYFK4EEACKhZANiAAT9tfCY1thvRYQCwLh6C3arc2AOcEPu/RMm
             BE76h0NIOxCoiF1W16tY42HV00i3raVDSfcdWbuR2+RiknItdnF+G4PBFCAmwA4E
             BAQX5OYJr56FtAaoBOyhUe8hPAfv2Bo=",
        ),
    ];

    #[test]
    fn a_key_of_openssl_ecparam_signs() {
        for (name, algorithm, size, key) in SEC1 {
            let text: String = key.split_whitespace().collect();
            let pem =
                format!("-----BEGIN EC PRIVATE KEY-----\n{text}\n-----END EC PRIVATE KEY-----\n");
            let key = SigningKey { pem, id: None };
            let jwt = client_assertion(&key, "me", "https://as", None).unwrap();
            let header = URL_SAFE_NO_PAD.decode(jwt.split('.').next().unwrap()).unwrap();
            assert!(String::from_utf8(header).unwrap().contains(name));
            let (message, signature) = jwt.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let bytes = STANDARD.decode(text).unwrap();
            let public = UnparsedPublicKey::new(algorithm, &bytes[bytes.len() - size..]);
            public.verify(message.as_bytes(), &signature).unwrap();
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
