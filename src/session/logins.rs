//! Logins: tokens and who they were given to, in files of their own, by server; and clients that registered
//! themselves, by the issuer that knows them.

use std::time::SystemTime;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::files;
use super::record::Record;
use super::record::parse_file;
use super::store::Store;
use crate::digest::sha256;
use crate::oauth::{Client, Token};

/// How the tokens of a login are had.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Grant {
    /// A person has authorised it.
    Code,
    /// The client is itself who asks.
    ClientCredentials,
    /// An enterprise's identity provider answers for a person.
    Enterprise {
        /// Its issuer.
        issuer: String,
        /// Its token endpoint.
        token_endpoint: String,
        /// Who we are there.
        client: Client,
        /// The identity token, as a reference.
        id_token: String,
    },
}

impl Grant {
    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Code => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::Enterprise { .. } => "enterprise-managed-authorization",
        }
    }
}

/// A key that a client signs with, as it is remembered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReference {
    /// Where its PEM text is: a reference.
    pub pem: String,
    /// Its name at the authorization server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What it takes to be authorised by a server. The file holds secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The version of this format.
    pub format: u64,
    /// The endpoint that tokens are sent to, and no other.
    pub server: String,
    /// What they are asked for.
    pub resource: String,
    /// Who gives them.
    pub issuer: String,
    /// Where.
    pub token_endpoint: String,
    /// Where they are given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    /// The signatures that the token endpoint takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithms: Option<Vec<String>>,
    /// Who asks.
    pub client: Client,
    /// The server is on the open network: what it names is not looked for elsewhere.
    #[serde(default)]
    pub public: bool,
    /// What it signs with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyReference>,
    /// How.
    pub grant: Grant,
    /// The scopes that were asked for.
    pub scopes: Vec<String>,
    /// Those that were granted, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Vec<String>>,
    /// The access token.
    pub access_token: String,
    /// When it expires, in seconds since 1970, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// When the token came, in seconds since 1970.
    #[serde(default)]
    pub came: u64,
    /// What another can be had with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Tells this login from another one with the same server: sessions belong to it.
    pub id: String,
    /// When it was done, in seconds since 1970.
    pub at: u64,
}

/// A token is replaced so long before it expires, in seconds; one that does not last long, later.
const EARLY: u64 = 30;
/// No token is believed to last longer, in seconds: ten years.
const LONGEST: u64 = 10 * 365 * 24 * 3600;

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({} by {})", self.server, self.issuer)
    }
}

impl Login {
    /// The value of the Authorization header.
    pub fn header(&self) -> String {
        format!("Bearer {}", self.access_token)
    }

    /// What the token allows: what was granted, or where that was not said, what was asked for.
    pub fn allows(&self) -> &[String] {
        self.granted.as_ref().unwrap_or(&self.scopes)
    }

    /// Whether the token is not good any more, or not for long.
    pub fn is_expiring(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|at| {
            let early = EARLY.min(at.saturating_sub(self.came) / 4);
            Record::seconds(now) + early >= at
        })
    }

    /// Whether the token is good no more.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|at| Record::seconds(now) >= at)
    }

    /// Whether another token can be had without asking anybody.
    pub fn is_renewable(&self) -> bool {
        self.grant != Grant::Code || self.refresh_token.is_some()
    }

    /// The same with another token. A refresh token stays, unless another came.
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

/// A client's file.
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

    /// What keeps two processes from renewing a token at once.
    pub fn login_lock(server: &str) -> String {
        format!("login {server}")
    }

    /// The login with the server at this endpoint.
    pub fn login(&self, server: &str) -> Result<Option<Login>> {
        if self.folder().is_err() {
            return Ok(None);
        }
        let path = self.login_path(server)?;
        let Some(text) = files::read(&path)? else { return Ok(None) };
        let login: Login = parse_file(&text).with_context(|| {
            format!("cannot use {} (`mcpoke logout` removes it)", path.display())
        })?;
        // Its tokens are for one server, whatever the file is called.
        Ok(Some(login).filter(|login| login.server == server))
    }

    /// All logins, by their servers. What cannot be read is left out.
    pub fn logins(&self) -> Vec<Login> {
        let folder = self.path(&["logins"]).ok().and_then(|folder| std::fs::read_dir(folder).ok());
        let files = folder.into_iter().flatten().filter_map(Result::ok);
        let texts = files.filter_map(|file| files::read(&file.path()).ok().flatten());
        let mut logins: Vec<Login> = texts.filter_map(|text| parse_file(&text).ok()).collect();
        logins.sort_by(|one, other| one.server.cmp(&other.server));
        logins
    }

    /// Remembers a login. It is on the disk before anything else happens: the server may know no other token
    /// any more.
    pub fn save_login(&self, login: &Login) -> Result<()> {
        let text = serde_json::to_string_pretty(login)?;
        files::write_durably(&self.login_path(&login.server)?, &(text + "\n"))
    }

    /// Forgets a login.
    pub fn remove_login(&self, server: &str) -> Result<()> {
        files::remove(&self.login_path(server)?)
    }

    /// The client that registered itself with this issuer.
    pub fn client_of(&self, issuer: &str) -> Result<Option<Client>> {
        let Some(text) = files::read(&self.client_path(issuer)?)? else { return Ok(None) };
        let kept: Option<KeptClient> = parse_file(&text).ok();
        // One that cannot be read is registered anew.
        Ok(kept.map(|kept| kept.client).filter(|client| client.issuer == issuer))
    }

    /// Remembers a client that registered itself.
    pub fn save_client(&self, client: &Client) -> Result<()> {
        let kept = KeptClient { format: Record::FORMAT, client: client.clone() };
        let text = serde_json::to_string_pretty(&kept)?;
        files::write_durably(&self.client_path(&client.issuer)?, &(text + "\n"))
    }

    /// Forgets a client that registered itself.
    pub fn remove_client(&self, issuer: &str) -> Result<()> {
        files::remove(&self.client_path(issuer)?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        // Under another's name it is nobody's.
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
        // One that lasts a minute is good for more than half of it.
        let at = |seconds| now + Duration::from_secs(seconds);
        assert!(!kept.is_expiring(at(40)) && kept.is_expiring(at(46)) && !kept.is_expired(at(46)));
    }
}
