//! Logins: tokens and their clients, one file per server; dynamically registered clients,
//! one file per issuer.

use std::time::SystemTime;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::files;
use super::record::Record;
use super::record::parse_file;
use super::store::Store;
use crate::digest::sha256;
use crate::oauth::{Client, Token};

/// Grant type that a login's tokens come from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Grant {
    /// A person authorised the client.
    Code,
    /// The client acts on its own behalf.
    ClientCredentials,
    /// An enterprise's identity provider vouches for a person.
    Enterprise {
        /// Issuer of the identity provider.
        issuer: String,
        /// Token endpoint of the identity provider.
        token_endpoint: String,
        /// Client of this program at the identity provider.
        client: Client,
        /// Identity token, as a reference.
        id_token: String,
    },
}

impl Grant {
    /// Returns the name of the grant.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Code => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::Enterprise { .. } => "enterprise-managed-authorization",
        }
    }
}

/// Saved reference to a key that a client signs with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReference {
    /// Reference to the PEM text of the key.
    pub pem: String,
    /// Key id at the authorization server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A saved login with a server. The file holds secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Version of the file format.
    pub format: u64,
    /// Endpoint that the tokens may be sent to; no other.
    pub server: String,
    /// Resource that tokens are requested for.
    pub resource: String,
    /// Issuer of the tokens.
    pub issuer: String,
    /// Token endpoint of the issuer.
    pub token_endpoint: String,
    /// Revocation endpoint of the issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    /// Signature algorithms that the token endpoint accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithms: Option<Vec<String>>,
    /// Client that requests the tokens.
    pub client: Client,
    /// True if the server is on the public network: addresses it names must then be public too.
    #[serde(default)]
    pub public: bool,
    /// Key that the client signs with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyReference>,
    /// Grant type.
    pub grant: Grant,
    /// Requested scopes.
    pub scopes: Vec<String>,
    /// Granted scopes, if the server stated them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Vec<String>>,
    /// The access token.
    pub access_token: String,
    /// Expiry of the access token, in seconds since 1970, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// Time at which the token was received, in seconds since 1970.
    #[serde(default)]
    pub came: u64,
    /// Refresh token, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Id that distinguishes logins with the same server; sessions belong to a login.
    pub id: String,
    /// Time of the login, in seconds since 1970.
    pub at: u64,
}

/// Seconds before expiry at which a token is replaced, but at most a quarter of its
/// lifetime.
const EARLY: u64 = 30;
/// Maximum lifetime assumed for a token, in seconds: ten years.
const LONGEST: u64 = 10 * 365 * 24 * 3600;

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({} by {})", self.server, self.issuer)
    }
}

impl Login {
    /// Returns the value of the Authorization header.
    pub fn header(&self) -> String {
        format!("Bearer {}", self.access_token)
    }

    /// Returns the granted scopes, or the requested ones if the server stated none.
    pub fn allows(&self) -> &[String] {
        self.granted.as_ref().unwrap_or(&self.scopes)
    }

    /// Returns true if the token has expired or will expire soon.
    pub fn is_expiring(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|at| {
            let early = EARLY.min(at.saturating_sub(self.came) / 4);
            Record::seconds(now) + early >= at
        })
    }

    /// Returns true if the token has expired.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|at| Record::seconds(now) >= at)
    }

    /// Returns true if another token can be obtained without asking a person.
    pub fn is_renewable(&self) -> bool {
        self.grant != Grant::Code || self.refresh_token.is_some()
    }

    /// Returns the login with a new token. Keeps the refresh token unless a new one came.
    #[must_use]
    pub fn with_token(&self, token: Token, now: SystemTime) -> Self {
        let expires =
            token.expires_in.map(|left| Record::seconds(now) + left.as_secs().min(LONGEST));
        Self {
            granted: token
                .scopes
                .map(|scopes| scopes.into_iter().filter(|scope| !scope.is_empty()).collect())
                .or_else(|| self.granted.clone()),
            access_token: token.access,
            expires,
            came: Record::seconds(now),
            refresh_token: token.refresh.or_else(|| self.refresh_token.clone()),
            ..self.clone()
        }
    }
}

/// File format of a registered client.
#[derive(Serialize, Deserialize)]
struct KeptClient {
    format: u64,
    #[serde(flatten)]
    client: Client,
}

impl Store {
    fn login_path(&self, server: &str) -> Result<std::path::PathBuf> {
        self.path(&["logins", &format!("{}.json", &sha256(server.as_bytes())[..32])])
    }

    fn client_path(&self, issuer: &str) -> Result<std::path::PathBuf> {
        self.path(&["clients", &format!("{}.json", &sha256(issuer.as_bytes())[..32])])
    }

    /// Returns the name of the lock that keeps two processes from refreshing a token at once.
    pub fn login_lock(server: &str) -> String {
        format!("login {server}")
    }

    /// Returns the login for the server at this endpoint.
    pub fn login(&self, server: &str) -> Result<Option<Login>> {
        if self.folder().is_err() {
            return Ok(None);
        }
        let path = self.login_path(server)?;
        let Some(text) = files::read(&path)? else { return Ok(None) };
        let login: Login = parse_file(&text).with_context(|| {
            format!("cannot use {} (`mcpoke logout` removes it)", path.display())
        })?;
        // The tokens belong to one server, whatever the file is called.
        Ok(Some(login).filter(|login| login.server == server))
    }

    /// Returns all logins, sorted by server. Unreadable files are left out.
    pub fn logins(&self) -> Vec<Login> {
        let folder = self.path(&["logins"]).ok().and_then(|folder| std::fs::read_dir(folder).ok());
        let files = folder.into_iter().flatten().filter_map(Result::ok);
        let texts = files.filter_map(|file| files::read(&file.path()).ok().flatten());
        let mut logins: Vec<Login> = texts.filter_map(|text| parse_file(&text).ok()).collect();
        logins.sort_by(|one, other| one.server.cmp(&other.server));
        logins
    }

    /// Saves a login durably before anything else happens: the server may already have
    /// invalidated the previous tokens.
    pub fn save_login(&self, login: &Login) -> Result<()> {
        let text = serde_json::to_string_pretty(login)?;
        self.write_durably(&self.login_path(&login.server)?, &(text + "\n"))
    }

    /// Removes a login.
    pub fn remove_login(&self, server: &str) -> Result<()> {
        files::remove(&self.login_path(server)?)
    }

    /// Returns the client registered with this issuer.
    pub fn client_of(&self, issuer: &str) -> Result<Option<Client>> {
        let Some(text) = files::read(&self.client_path(issuer)?)? else { return Ok(None) };
        let kept: Option<KeptClient> = parse_file(&text).ok();
        // A client that cannot be read is registered again.
        Ok(kept.map(|kept| kept.client).filter(|client| client.issuer == issuer))
    }

    /// Saves a registered client.
    pub fn save_client(&self, client: &Client) -> Result<()> {
        let kept = KeptClient { format: Record::FORMAT, client: client.clone() };
        let text = serde_json::to_string_pretty(&kept)?;
        self.write_durably(&self.client_path(&client.issuer)?, &(text + "\n"))
    }

    /// Removes a registered client.
    pub fn remove_client(&self, issuer: &str) -> Result<()> {
        files::remove(&self.client_path(issuer)?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::env::Env;
    use crate::oauth::{Method, Origin};

    fn login() -> Login {
        let client = Client {
            issuer: "https://as".into(),
            id: "me".into(),
            secret: Some("s".into()),
            method: Method::Basic,
            origin: Origin::Registered,
            redirect_uri: None,
            expires: None,
        };
        Login {
            format: Record::FORMAT,
            server: "https://h/mcp".into(),
            resource: "https://h/mcp".into(),
            issuer: "https://as".into(),
            token_endpoint: "https://as/token".into(),
            revocation_endpoint: None,
            algorithms: None,
            client,
            public: false,
            key: None,
            grant: Grant::Code,
            scopes: vec!["a".into()],
            granted: None,
            access_token: "t1".into(),
            expires: Some(1000),
            came: 0,
            refresh_token: Some("r1".into()),
            id: "x".into(),
            at: 1,
        }
    }

    /// Files of earlier versions must remain readable, so the words in them are part of the format.
    #[test]
    fn a_saved_login_keeps_its_words() {
        let client = |origin: &str, method: &str| {
            json!({"issuer": "https://as", "id": "me", "secret": "env:SECRET", "method": method,
                "origin": origin})
        };
        let grants = [
            json!({"kind": "code"}),
            json!({"kind": "client-credentials"}),
            json!({"kind": "enterprise", "issuer": "https://idp", "token_endpoint": "https://idp/t",
                "client": client("given", "none"), "id_token": "env:ID"}),
        ];
        for origin in ["given", "document", "registered"] {
            for method in ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"] {
                for grant in &grants {
                    let saved = json!({"format": 1, "server": "https://h/mcp",
                        "resource": "https://h/mcp", "issuer": "https://as",
                        "token_endpoint": "https://as/token", "client": client(origin, method),
                        "public": false, "grant": grant, "scopes": ["a"], "access_token": "t",
                        "came": 0, "id": "x", "at": 1});
                    let login: Login = serde_json::from_value(saved.clone()).unwrap();
                    assert_eq!(serde_json::to_value(&login).unwrap(), saved);
                }
            }
        }
    }

    #[test]
    fn a_login_is_found_by_its_server_alone() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let store = Store::of(&Env::of(&[("MCPOKE_STATE_DIR", state.to_str().unwrap())]));
        assert_eq!(store.login("https://h/mcp").unwrap(), None);
        store.save_login(&login()).unwrap();
        assert_eq!(store.login("https://h/mcp").unwrap(), Some(login()));
        assert_eq!(store.login("https://h/other").unwrap(), None);
        store.save_client(&login().client).unwrap();
        assert_eq!(store.client_of("https://as").unwrap(), Some(login().client));
        assert_eq!(store.client_of("https://other").unwrap(), None);
        // A login in the file of another server is ignored.
        let (one, other) = ("https://h/mcp", "https://evil/mcp");
        std::fs::rename(store.login_path(one).unwrap(), store.login_path(other).unwrap()).unwrap();
        assert_eq!(store.login(other).unwrap(), None);
    }

    #[test]
    fn another_token_keeps_what_it_does_not_say() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let token = |refresh: Option<&str>| Token {
            access: "t2".into(),
            expires_in: Some(Duration::from_mins(1)),
            refresh: refresh.map(str::to_owned),
            scopes: None,
        };
        let kept = login().with_token(token(None), now);
        assert_eq!((kept.refresh_token.as_deref(), kept.expires), (Some("r1"), Some(160)));
        assert_eq!(login().with_token(token(Some("r2")), now).refresh_token.unwrap(), "r2");
        assert!(login().is_expiring(SystemTime::UNIX_EPOCH + Duration::from_secs(980)));
        assert!(!login().is_expiring(now));
        // A token that lasts a minute is used for more than half of it.
        let at = |seconds| now + Duration::from_secs(seconds);
        assert!(!kept.is_expiring(at(40)) && kept.is_expiring(at(46)) && !kept.is_expired(at(46)));
    }
}
