//! Tokens as commands have them: remembered, renewed before they expire or when a server refuses them, and
//! asked for anew where somebody is there to be asked.

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
use crate::session::{Expanded, Grant, Lock, Login, Record, Store};
use crate::transport::{self, ProxyChoice, is_public};

use browser::Browser;
use login::port_of;

pub(crate) use login::{GrantWish, Wishes};

/// The tokens for one server, shared by everything in this process that speaks to it.
pub(crate) struct Authorization {
    store: Option<Store>,
    env: Env,
    console: Console,
    recorder: Recorder,
    endpoint: Endpoint,
    /// The address that the login is remembered by.
    key: String,
    http: transport::Options,
    proxy: Option<String>,
    browser: Browser,
    limit: Option<Duration>,
    login: Option<Login>,
    /// When this process has got the token.
    got: Option<Instant>,
    step_ups: usize,
    /// Somebody was asked in vain.
    denied: Option<Error>,
}

/// The same, wherever it is needed.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Authorization>>);

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Authorization> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a client.
    pub(crate) fn for_client(&self) -> crate::client::Authorization {
        crate::client::Authorization::by(self.0.clone())
    }
}

impl Authorization {
    /// What is remembered for this server, under its address or under the one that was asked for.
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

    /// With no login, whatever is remembered.
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
            key: endpoint.as_str().to_owned(),
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

    /// The login, where there is one.
    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Sends the login's token with requests, where there is one.
    pub(crate) fn stand_in(&self, expanded: &mut Expanded) {
        if let Some(login) = &self.login {
            expanded.set_login(login.header(), &login.id);
        }
    }

    /// The extension of the protocol that the login is by, which requests declare.
    pub(crate) fn extension(&self) -> Option<&'static str> {
        match self.login.as_ref()?.grant {
            Grant::Code => None,
            Grant::ClientCredentials => Some("io.modelcontextprotocol/oauth-client-credentials"),
            Grant::Enterprise { .. } => {
                Some("io.modelcontextprotocol/enterprise-managed-authorization")
            }
        }
    }

    /// Renews a token that is about to expire, or asks for another where that has to be and somebody is there.
    /// Where that fails, the server says what it makes of the old one.
    pub(crate) fn refresh_in_time(&mut self) -> Vec<Exchange> {
        self.refresh(self.browser.is_there())
    }

    /// The same without asking anybody.
    pub(crate) fn refresh_quietly(&mut self) -> Vec<Exchange> {
        self.refresh(false)
    }

    fn refresh(&mut self, can_ask: bool) -> Vec<Exchange> {
        let is_due = |login: &Login| {
            if login.is_renewable() {
                return login.is_expiring(SystemTime::now());
            }
            can_ask && login.is_expired(SystemTime::now())
        };
        if !self.login.as_ref().is_some_and(is_due) {
            return Vec::new();
        }
        let mut web = self.web(None);
        let renewed = self.under_lock(|this| {
            // Another process may have done it while this one waited.
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
        web.take_history()
    }

    /// Something worth knowing, in which servers may have had a say.
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

    /// Does something while no other process changes the login, which is read anew.
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

    /// Speaks to others on behalf of the server; one that is on the open network cannot name what is not.
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

    /// Speaks to a server that the user has named, wherever that is.
    fn aside<T>(
        &self,
        web: &mut Web,
        work: impl FnOnce(&mut Web) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut aside = self.any_web();
        let outcome = work(&mut aside);
        web.add_history(aside.take_history());
        outcome
    }

    /// Remembers a login from now on.
    fn keep(&mut self, login: Login) {
        if let Some(store) = &self.store
            && let Err(error) = store.save_login(&login)
        {
            self.note(&format!("mcpoke: the login is not remembered: {error:#}"));
        }
        self.login = Some(login);
    }

    /// The same, with a token that has just come.
    fn keep_new(&mut self, login: Login) {
        self.got = Some(Instant::now());
        self.keep(login);
    }

    /// What the user said when they logged in, for logging in again.
    fn wishes_of_old(&self, scopes: Vec<String>) -> Wishes {
        let Some(login) = &self.login else {
            return Wishes { scopes, refused: true, ..Wishes::default() };
        };
        let client = &login.client;
        let is_given = client.origin == Origin::Given;
        Wishes {
            scopes,
            client_id: is_given.then(|| client.id.clone()),
            client_secret: client.secret.clone().filter(|_| is_given),
            metadata_url: (client.origin == Origin::Document).then(|| client.id.clone()),
            callback_port: client.redirect_uri.as_deref().filter(|_| is_given).and_then(port_of),
            register: false,
            key: login.key.clone(),
            grant: GrantWish::Code,
            issuer: is_given.then(|| client.issuer.clone()),
            refused: true,
        }
    }
}

/// Whether a server is on the open network, by the address that answered.
fn is_on_open_network(endpoint: &Endpoint, shown: &Exchange) -> bool {
    let connection = &shown.connection;
    if connection.proxy.is_none() {
        return connection.peer.is_some_and(|peer| is_public(peer.ip()));
    }
    // What is behind a proxy is known by its name alone.
    !endpoint.is_loopback() && endpoint.host().parse().map_or(true, is_public)
}

/// Nobody can be asked, and what helps then.
fn nobody() -> Error {
    let text = "the server wants to be authorised, and nobody is here to do it";
    with_ways(Error::new(ErrorKind::NobodyToAsk, text))
}

fn expired(was_there: bool) -> Error {
    if !was_there {
        return nobody();
    }
    let text = "the login has expired, and cannot be renewed without asking somebody";
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
