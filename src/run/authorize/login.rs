//! Login with an authorization code, with client credentials, or through an enterprise
//! identity provider.

use std::time::SystemTime;

use super::renewal::requester;
use super::{Authorization, nobody};
use crate::oauth::{
    Callback, Challenge, Client, Discovery, Error, ErrorKind, Method, OFFLINE, Origin,
    RegistrationHints, ServerMetadata, Token, Web, begin, can_begin, discover, identify, of_server,
    scopes_for,
};
use crate::session::{Grant, KeyReference, Login, Record};

/// Login options given by the user.
#[derive(Clone, Default)]
pub(crate) struct LoginOptions {
    pub(crate) scopes: Vec<String>,
    pub(crate) client_id: Option<String>,
    /// Reference to the client secret, such as `env:VAR` or `file:PATH`.
    pub(crate) client_secret: Option<String>,
    pub(crate) metadata_url: Option<String>,
    pub(crate) callback_port: Option<u16>,
    pub(crate) register: bool,
    pub(crate) key: Option<KeyReference>,
    pub(crate) grant: GrantChoice,
    /// The issuer that the client credentials belong to, if known; no other issuer gets them.
    pub(crate) issuer: Option<String>,
    /// True if the server has rejected a request for lack of a token. Only then does discovery
    /// accept the fallback addresses of 2025-03-26.
    pub(crate) refused: bool,
}

/// The grant that the token is requested with.
#[derive(Clone, Default)]
pub(crate) enum GrantChoice {
    #[default]
    Code,
    ClientCredentials,
    /// An enterprise identity provider: its issuer, the client there, and a reference to the
    /// identity token.
    Enterprise {
        issuer: String,
        client_id: Option<String>,
        client_secret: Option<String>,
        id_token: String,
    },
}

impl Authorization {
    /// Logs in: discovers the authorization server, identifies or registers the client, and
    /// gets a token. Replaces the saved login only on success.
    pub(crate) fn log_in(
        &mut self,
        web: &mut Web,
        challenge: Option<&Challenge>,
        wishes: &LoginOptions,
    ) -> Result<(), Error> {
        let found = self.found(web, challenge)?;
        if found.assumed && !wishes.refused {
            let text = "the server requires no login, and names no authorization server";
            return Err(Error::new(ErrorKind::Discovery, text)
                .with_detail("It seems to require no login, at least for its list of tools."));
        }
        let login = self.by(web, &found, challenge, wishes)?;
        // Wait for a process that is refreshing the old token: it must not overwrite this login.
        self.under_lock(|this| {
            this.keep_new(login);
            Ok(())
        })
    }

    /// Logs in with the options of the saved login, or with the defaults if there is none.
    pub(crate) fn log_in_as_before(
        &mut self,
        web: &mut Web,
        challenge: Option<&Challenge>,
        refused: bool,
    ) -> Result<(), Error> {
        match self.login.clone() {
            Some(login) if login.grant != Grant::Code => {
                self.under_lock(|this| this.renew(web, &login, None))
            }
            Some(login) => {
                let wishes = LoginOptions { refused, ..self.wishes_of_old(login.scopes) };
                self.log_in(web, challenge, &wishes)
            }
            None => {
                let wishes = LoginOptions { refused, ..LoginOptions::default() };
                self.log_in(web, challenge, &wishes)
            }
        }
    }

    /// Discovers the authorization server, preferring the issuer of the saved login.
    pub(crate) fn found(
        &self,
        web: &mut Web,
        challenge: Option<&Challenge>,
    ) -> Result<Discovery, Error> {
        let known = self.login.as_ref().map(|login| login.issuer.as_str());
        discover(web, &self.endpoint, challenge, known)
    }

    /// Gets a login from the discovered authorization server with the requested grant; does not
    /// save it.
    pub(crate) fn by(
        &mut self,
        web: &mut Web,
        found: &Discovery,
        challenge: Option<&Challenge>,
        wishes: &LoginOptions,
    ) -> Result<Login, Error> {
        // Credentials of a pre-registered client are sent to no other issuer (2026-07-28,
        // Authorization Server Binding).
        if let Some(issuer) = wishes.issuer.as_ref().filter(|one| **one != found.server.issuer) {
            return Err(Error::new(
                ErrorKind::Registration,
                "the server has another authorization server now, and the client is registered with the old one",
            )
            .with_detail(format!("It was {issuer}, and is {}.", found.server.issuer)));
        }
        let scopes = scopes_for(&wishes.scopes, challenge, found);
        match &wishes.grant {
            GrantChoice::Code => self.by_code(web, found, &scopes, wishes),
            GrantChoice::ClientCredentials => self.by_credentials(web, found, scopes, wishes),
            GrantChoice::Enterprise { .. } => self.by_enterprise(web, found, scopes, wishes),
        }
    }

    fn by_code(
        &mut self,
        web: &mut Web,
        found: &Discovery,
        scopes: &[String],
        wishes: &LoginOptions,
    ) -> Result<Login, Error> {
        if !self.browser.is_there() {
            return Err(nobody());
        }
        can_begin(web, found)?;
        let issuer = &found.server.issuer;
        let kept = self.store.as_ref().filter(|_| !wishes.register);
        let kept = kept.and_then(|store| store.client_of(issuer).ok().flatten());
        // A registration may expire (RFC 7591, 3.2.1, `client_secret_expires_at`).
        let kept = kept.filter(|client| {
            client.expires.is_none_or(|at| at > Record::seconds(SystemTime::now()))
        });
        // Most authorization servers require the exact registered redirect URI, but its port may be
        // in use by now.
        let of_old =
            kept.as_ref().and_then(|client| client.redirect_uri.as_deref()).and_then(port_of);
        let callback = match (wishes.callback_port, of_old) {
            (Some(port), _) => Callback::listen(port),
            (None, Some(port)) => Callback::listen(port).or_else(|_| Callback::listen(0)),
            (None, None) => Callback::listen(0),
        };
        let callback = callback.map_err(|error| {
            let text = format!("cannot listen for the browser on 127.0.0.1: {error}");
            Error::new(ErrorKind::Usage, text)
        })?;
        let given = RegistrationHints {
            id: wishes.client_id.clone(),
            secret: wishes.client_secret.clone(),
            metadata_url: wishes.metadata_url.clone(),
            redirect_uri: callback.redirect_uri(),
        };
        let client = identify(web, found, &given, kept)?;
        if let (Origin::Registered, Some(store)) = (client.origin, &self.store)
            && let Err(error) = store.save_client(&client)
        {
            self.note(&format!("mcpoke: the client was not saved: {error:#}"));
        }
        let pending = begin(web, found, &client, scopes)?;
        let code = self.browser.ask(callback, &pending)?;
        let grant = Grant::Code;
        let login = self.login_of(web, found, client, grant, scopes.to_vec(), wishes)?;
        let (client, key) = self.who_asks(&login)?;
        let token = requester(web, &login, &client, key.as_ref())
            .with_code(&code, &pending.verifier, &pending.redirect_uri)
            .inspect_err(|error| self.forget_if_unknown(&login.client, error))?;
        Ok(login.with_token(token, SystemTime::now()))
    }

    /// Builds a pre-registered client from `--client-id`, which a login without a person
    /// requires.
    fn given_client(found: &Discovery, wishes: &LoginOptions) -> Result<Client, Error> {
        let Some(id) = &wishes.client_id else {
            return Err(Error::new(ErrorKind::Usage, "--client-id is required"));
        };
        let method = match (&wishes.key, &wishes.client_secret) {
            (Some(_), _) => Method::Key,
            (None, Some(_)) => Method::with_secret(&found.server),
            (None, None) => Method::None,
        };
        Ok(Client {
            issuer: found.server.issuer.clone(),
            id: id.clone(),
            secret: wishes.client_secret.clone(),
            method,
            origin: Origin::Given,
            redirect_uri: None,
            expires: None,
        })
    }

    fn by_credentials(
        &mut self,
        web: &mut Web,
        found: &Discovery,
        scopes: Vec<String>,
        wishes: &LoginOptions,
    ) -> Result<Login, Error> {
        let client = Self::given_client(found, wishes)?;
        if client.method == Method::None {
            let text = "--client-credentials requires --client-secret or --private-key";
            return Err(Error::new(ErrorKind::Usage, text));
        }
        let grant = Grant::ClientCredentials;
        let scopes = without_offline(scopes);
        let login = self.login_of(web, found, client, grant, scopes, wishes)?;
        let (client, key) = self.who_asks(&login)?;
        let token =
            requester(web, &login, &client, key.as_ref()).with_own_credentials(&login.scopes)?;
        Ok(without_refresh(&login, token))
    }

    fn by_enterprise(
        &mut self,
        web: &mut Web,
        found: &Discovery,
        scopes: Vec<String>,
        wishes: &LoginOptions,
    ) -> Result<Login, Error> {
        let GrantChoice::Enterprise { issuer, client_id, client_secret, id_token } = &wishes.grant
        else {
            return Err(Error::new(ErrorKind::Usage, "--idp is required"));
        };
        let provider: ServerMetadata = self.aside(|web| of_server(web, issuer))?;
        let token_endpoint = provider.token_endpoint.clone().ok_or_else(|| {
            Error::new(ErrorKind::Discovery, "the identity provider has no token endpoint")
        })?;
        let client = Self::given_client(found, wishes)?;
        let at_provider = Client {
            issuer: issuer.clone(),
            id: client_id.clone().unwrap_or_else(|| client.id.clone()),
            secret: client_secret.clone(),
            method: match client_secret {
                Some(_) => Method::with_secret(&provider),
                None => Method::None,
            },
            ..client.clone()
        };
        let grant = Grant::Enterprise {
            issuer: issuer.clone(),
            token_endpoint,
            client: at_provider,
            id_token: id_token.clone(),
        };
        let scopes = without_offline(scopes);
        let login = self.login_of(web, found, client, grant, scopes, wishes)?;
        let (client, key) = self.who_asks(&login)?;
        let grant = self.enterprise_grant(&login, &login.scopes)?;
        let token =
            requester(web, &login, &client, key.as_ref()).with_grant(&grant, &login.scopes)?;
        Ok(without_refresh(&login, token))
    }

    /// Builds a login without its token. Fails if the token endpoint is missing or not allowed.
    fn login_of(
        &self,
        web: &Web,
        found: &Discovery,
        client: Client,
        grant: Grant,
        scopes: Vec<String>,
        wishes: &LoginOptions,
    ) -> Result<Login, Error> {
        let server = &found.server;
        let token_endpoint = server.token_endpoint.clone().unwrap_or_default();
        web.check(&token_endpoint, "token endpoint")?;
        // Revocation is optional: ignore an endpoint that must not be used.
        let revocation = server.revocation_endpoint.clone();
        let revocation = revocation.filter(|at| web.check(at, "revocation endpoint").is_ok());
        Ok(Login {
            format: Record::FORMAT,
            server: self.key.clone(),
            resource: found.resource.clone(),
            issuer: server.issuer.clone(),
            token_endpoint,
            revocation_endpoint: revocation,
            public: web.is_only_public(),
            algorithms: server.token_endpoint_auth_signing_alg_values_supported.clone(),
            client,
            key: wishes.key.clone(),
            grant,
            scopes,
            granted: None,
            access_token: String::new(),
            expires: None,
            came: 0,
            refresh_token: None,
            id: format!("{:016x}", getrandom::u64().unwrap_or_default()),
            at: Record::seconds(SystemTime::now()),
        })
    }
}

/// Removes `offline_access`: a client with its own credentials can get tokens at any time.
fn without_offline(mut scopes: Vec<String>) -> Vec<String> {
    scopes.retain(|scope| scope != OFFLINE);
    scopes
}

/// Adds a token to the login without its refresh token: the grant can get a new one at any
/// time.
fn without_refresh(login: &Login, token: Token) -> Login {
    login.with_token(Token { refresh: None, ..token }, SystemTime::now())
}

/// Returns the port of a redirect URI, if it has one.
pub(crate) fn port_of(redirect_uri: &str) -> Option<u16> {
    url::Url::parse(redirect_uri).ok()?.port()
}
