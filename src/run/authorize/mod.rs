//! Access tokens for commands: loaded, refreshed before expiry or after a 401, requested
//! again when a user is present.

mod browser;
mod login;
mod refusal;
mod renewal;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::Context;
use super::settings::limits;
use crate::endpoint::Endpoint;
use crate::env::Env;
use crate::exchange::{Exchange, Recorder};
use crate::oauth::{Error, ErrorKind, Origin, Web};
use crate::output::{Console, one_line};
use crate::session::{Grant, Lock, Login, Record, ResolvedCredentials, Store};
use crate::transport::{self, ProxyChoice, is_public};

use browser::Browser;
use login::port_of;

pub(crate) use login::{GrantChoice, LoginOptions};

/// The access tokens for one server, shared by all of its clients in this process.
pub(crate) struct Authorization {
    store: Option<Store>,
    env: Env,
    console: Console,
    recorder: Recorder,
    endpoint: Endpoint,
    /// The URL under which the login is saved.
    key: String,
    http: transport::Options,
    proxy: Option<String>,
    browser: Browser,
    limit: Option<Duration>,
    login: Option<Login>,
    /// Time at which this process got the token; `None` if it was loaded.
    got: Option<Instant>,
    step_ups: usize,
    /// The error of a failed login: one command does not ask the user twice.
    denied: Option<Error>,
}

/// Shared handle to the tokens of one server.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Authorization>>);

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Authorization> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a token provider for a client.
    pub(crate) fn for_client(&self) -> crate::client::Authorization {
        crate::client::Authorization::by(self.0.clone())
    }
}

impl Authorization {
    /// Loads the saved login for the endpoint or, without one, for the URL that was originally
    /// given. Fails if the saved login cannot be read.
    pub(crate) fn of(
        context: &Context<'_>,
        endpoint: &Endpoint,
        saved: Option<&Record>,
        http: &transport::Options,
    ) -> Result<Shared, anyhow::Error> {
        let mut authorization = Self::empty(context, endpoint, http);
        authorization.load()?;
        let asked = saved.and_then(|record| record.asked_url.clone());
        if let (None, Some(asked)) = (&authorization.login, asked) {
            let found = std::mem::replace(&mut authorization.key, asked);
            authorization.load()?;
            if authorization.login.is_none() {
                authorization.key = found;
            }
        }
        Ok(Shared(Arc::new(Mutex::new(authorization))))
    }

    /// Creates a token provider without a login; a saved one is not loaded.
    pub(crate) fn empty(
        context: &Context<'_>,
        endpoint: &Endpoint,
        http: &transport::Options,
    ) -> Self {
        let limit = limits(context.options).whole;
        Self {
            store: context.store(),
            env: context.env.clone(),
            console: context.console.clone(),
            recorder: context.recorder.clone(),
            endpoint: endpoint.clone(),
            key: endpoint.key(),
            http: http.clone(),
            proxy: context.options.proxy.clone(),
            browser: Browser::of(context, limit),
            limit,
            login: None,
            got: None,
            step_ups: 0,
            denied: None,
        }
    }

    /// Returns the current login.
    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Adds the login's token to the credentials, replacing another Authorization header.
    pub(crate) fn apply_to(&self, expanded: &mut ResolvedCredentials) {
        if let Some(login) = &self.login {
            expanded.set_login(login.header(), &login.id);
        }
    }

    /// Returns the protocol extension of the login's grant, which requests must declare; `None`
    /// for the authorization code grant.
    pub(crate) fn extension(&self) -> Option<&'static str> {
        match self.login.as_ref()?.grant {
            Grant::Code => None,
            Grant::ClientCredentials => Some("io.modelcontextprotocol/oauth-client-credentials"),
            Grant::Enterprise { .. } => {
                Some("io.modelcontextprotocol/enterprise-managed-authorization")
            }
        }
    }

    /// Refreshes a token that is about to expire, or logs in again if a user is present. A
    /// failure is only noted: the server then decides about the old token.
    pub(crate) fn refresh_in_time(&mut self) {
        self.refresh(self.browser.is_there());
    }

    /// Like `refresh_in_time`, but never asks the user.
    pub(crate) fn refresh_quietly(&mut self) {
        self.refresh(false);
    }

    fn refresh(&mut self, can_ask: bool) {
        let is_due = |login: &Login| {
            if login.is_renewable() {
                return login.is_expiring(SystemTime::now());
            }
            // Without a refresh token, the user must log in again: do not ask before the token has
            // expired.
            can_ask && login.is_expired(SystemTime::now())
        };
        if !self.login.as_ref().is_some_and(is_due) {
            return;
        }
        let mut web = self.web(None);
        let renewed = self.under_lock(|this| {
            // Another process may have refreshed the token while this one waited for the lock.
            match this.login.clone().filter(is_due) {
                Some(login) if login.is_renewable() => this.renew(&mut web, &login, None),
                Some(login) => {
                    let wishes = this.wishes_of_old(login.scopes);
                    this.log_in_again(&mut web, None, &wishes)
                }
                None => Ok(()),
            }
        });
        if let Err(error) = renewed {
            self.note(&format!("mcpoke: the token could not be renewed: {error}"));
        }
    }

    /// Prints a note that may contain server text: on one line, with secrets hidden.
    fn note(&self, text: &str) {
        self.console.note(&one_line(&self.recorder.hide(text)));
    }

    fn load(&mut self) -> Result<(), anyhow::Error> {
        let Some(store) = &self.store else { return Ok(()) };
        self.login = store.login(&self.key)?;
        if let Some(login) = &self.login {
            let secrets = [&login.refresh_token, &login.client.secret];
            self.recorder.learn(|redactor| {
                redactor.learn(&login.access_token);
                secrets.into_iter().flatten().for_each(|secret| redactor.learn(secret));
            });
        }
        Ok(())
    }

    /// Runs `work` under the login's file lock, after loading the login again. Fails if the
    /// lock or the saved login is not available.
    fn under_lock<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let state = |error: anyhow::Error| Error::new(ErrorKind::State, format!("{error:#}"));
        let _lock: Option<Lock> = match &self.store {
            Some(store) => {
                let name = Store::login_lock(&self.key);
                Some(store.lock(&name, self.limit).map_err(state)?)
            }
            None => None,
        };
        self.load().map_err(state)?;
        work(self)
    }

    /// Returns an HTTP client for authorization servers. If the MCP server is on the public
    /// internet, it refuses private addresses.
    pub(crate) fn web(&self, shown: Option<&Exchange>) -> Web {
        let mut web = self.any_web();
        let is_public = match shown {
            Some(exchange) => is_on_open_network(&self.endpoint, exchange),
            None => self.login.as_ref().is_some_and(|login| login.public),
        };
        if is_public {
            web.only_public();
        }
        web
    }

    fn any_web(&self) -> Web {
        let (proxy, env) = (self.proxy.clone(), self.env.clone());
        let proxies = Box::new(move |endpoint: &Endpoint| {
            ProxyChoice::find(proxy.as_deref(), &env, endpoint)
        });
        Web::new(self.http.clone(), self.recorder.clone(), proxies)
    }

    /// Runs requests to a server that the user named; it may be anywhere.
    fn aside<T>(&self, work: impl FnOnce(&mut Web) -> Result<T, Error>) -> Result<T, Error> {
        work(&mut self.any_web())
    }

    /// Saves a login and uses it from now on. A failure to save is only noted.
    fn keep(&mut self, login: Login) {
        if let Some(store) = &self.store
            && let Err(error) = store.save_login(&login)
        {
            self.note(&format!("mcpoke: the login was not saved: {error:#}"));
        }
        self.login = Some(login);
    }

    /// Like `keep`, for a login whose token was just issued.
    fn keep_new(&mut self, login: Login) {
        self.got = Some(Instant::now());
        self.keep(login);
    }

    /// Returns the options of the saved login, for logging in again with `scopes`.
    fn wishes_of_old(&self, scopes: Vec<String>) -> LoginOptions {
        let Some(login) = &self.login else {
            return LoginOptions { scopes, refused: true, ..LoginOptions::default() };
        };
        let client = &login.client;
        let is_given = client.origin == Origin::Given;
        LoginOptions {
            scopes,
            client_id: is_given.then(|| client.id.clone()),
            client_secret: client.secret.clone().filter(|_| is_given),
            metadata_url: (client.origin == Origin::Document).then(|| client.id.clone()),
            callback_port: client.redirect_uri.as_deref().filter(|_| is_given).and_then(port_of),
            register: false,
            key: login.key.clone(),
            grant: GrantChoice::Code,
            issuer: is_given.then(|| client.issuer.clone()),
            refused: true,
        }
    }
}

/// Returns true if the server has a public address: that of the peer or, behind a proxy,
/// that of its host. A host name other than loopback counts as public.
fn is_on_open_network(endpoint: &Endpoint, shown: &Exchange) -> bool {
    let connection = &shown.connection;
    if connection.proxy.is_none() {
        return connection.peer.is_some_and(|peer| is_public(peer.ip()));
    }
    // Behind a proxy, only the host name is known: the peer is the proxy.
    !endpoint.is_loopback() && endpoint.host().parse().map_or(true, is_public)
}

/// Returns the error for a required login without a user, with the alternatives.
fn nobody() -> Error {
    let text = "the server requires a login, and this is not a terminal";
    with_ways(Error::new(ErrorKind::NobodyToAsk, text))
}

fn expired(was_there: bool) -> Error {
    if !was_there {
        return nobody();
    }
    let text = "the login has expired; renewing it needs a person";
    with_ways(Error::new(ErrorKind::NobodyToAsk, text))
}

fn not_renewable(error: Error) -> Error {
    let text = format!("the login has expired, and cannot be renewed: {}", error.text);
    with_ways(Error { kind: ErrorKind::NobodyToAsk, text, ..error })
}

fn with_ways(error: Error) -> Error {
    error.with_detail("In a terminal, `mcpoke login` does it, in a browser.").with_detail(
        "Without one: a token in MCPOKE_BEARER (or --bearer, --token-command), or \
             `mcpoke login --client-credentials` with --client-id and --client-secret.",
    )
}
