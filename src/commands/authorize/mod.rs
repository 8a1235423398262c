//! Tokens as commands have them: remembered, renewed before they expire or when a server refuses them, and
//! asked for anew where somebody is there to be asked.

mod browser;
mod logging_in;
mod renewal;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::Context;
use super::settings::limits;
use crate::client::Authorizer;
use crate::endpoint::Endpoint;
use crate::env::Env;
use crate::exchange::{Exchange, Recorder};
use crate::oauth::{Challenge, Error, ErrorKind, Found, Origin, Web, discover, union};
use crate::output::{Console, one_line};
use crate::session::{Expanded, Grant, Lock, Login, Store};
use crate::transport::{self, ProxyChoice, is_public};

use browser::Browser;
use logging_in::port_of;

pub(super) use logging_in::{GrantWish, Wishes};

/// How long a token is fresh.
const FRESH: Duration = Duration::from_secs(10);
/// So often a process asks for more scopes.
const MAX_STEP_UPS: usize = 2;

/// The tokens for one server, shared by everything in this process that speaks to it.
pub(super) struct Authorization {
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
pub(super) struct Shared(Arc<Mutex<Authorization>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Authorization> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a client.
    pub(super) fn for_client(&self) -> crate::client::Authorization {
        crate::client::Authorization::by(self.0.clone())
    }
}

impl Authorization {
    /// What is remembered for this server, under its address or under the one that was asked for.
    pub(super) fn of(
        context: &Context<'_>,
        endpoint: &Endpoint,
        asked: Option<&str>,
        http: &transport::Options,
    ) -> Result<Shared, anyhow::Error> {
        let mut authorization = Self::empty(context, endpoint, http);
        authorization.load()?;
        if let (None, Some(asked)) = (&authorization.login, asked) {
            let found = std::mem::replace(&mut authorization.key, asked.to_owned());
            authorization.load()?;
            if authorization.login.is_none() {
                authorization.key = found;
            }
        }
        Ok(Shared(Arc::new(Mutex::new(authorization))))
    }

    /// With no login, whatever is remembered.
    pub(super) fn empty(
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
    pub(super) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Sends the login's token with requests, where there is one.
    pub(super) fn stand_in(&self, expanded: &mut Expanded) {
        if let Some(login) = &self.login {
            expanded.set_login(login.header(), &login.id);
        }
    }

    /// The extension of the protocol that the login is by, which requests declare.
    pub(super) fn extension(&self) -> Option<&'static str> {
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
    pub(super) fn refresh_in_time(&mut self) -> Vec<Exchange> {
        self.refresh(self.browser.is_there())
    }

    /// The same without asking anybody.
    pub(super) fn refresh_quietly(&mut self) -> Vec<Exchange> {
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
    pub(super) fn web(&self, shown: Option<&Exchange>) -> Web {
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

    /// Whether the token has only just been given: what is refused then is refused for something else than its
    /// age.
    fn is_fresh(&self) -> bool {
        let expired = self.login.as_ref().is_none_or(|login| login.is_expired(SystemTime::now()));
        self.got.is_some_and(|got| got.elapsed() < FRESH) && !expired
    }

    /// The token that this process should have sent, after one was refused. Under the lock.
    fn replace(&mut self, refusal: &Exchange, web: &mut Web) -> Result<(), Error> {
        let challenge = Challenge::of(refusal);
        let wants_more = challenge.as_ref().is_some_and(Challenge::wants_more_scope)
            || refusal.status() == Some(403);
        let sent = refusal.request.header("authorization");
        if let Some(login) = &self.login
            && sent != Some(login.header().as_str())
            && !login.is_expiring(SystemTime::now())
        {
            // Another process, or another connection of this one, has got it meanwhile.
            return Ok(());
        }
        if wants_more {
            return self.step_up(web, challenge.as_ref());
        }
        if self.is_fresh() {
            let known = self.login.as_ref().map(|login| login.issuer.clone());
            if self.browser.is_there() {
                // The server may have another authorization server by now, which has to be asked anew.
                let found = discover(web, &self.endpoint, challenge.as_ref(), known.as_deref())?;
                if known.is_some_and(|known| known != found.server.issuer) {
                    let wishes = self.wishes_of_old(Vec::new());
                    return self.log_in_at(web, &found, challenge.as_ref(), &wishes);
                }
            }
            return Err(Error::new(
                ErrorKind::Refused,
                "the server refuses the token that the authorization server has just given",
            ));
        }
        let mut failure = None;
        if let Some(login) = self.login.clone().filter(Login::is_renewable) {
            match self.renew(web, &login, None) {
                Ok(()) => return Ok(()),
                Err(error) if error.code.is_none() || login.grant != Grant::Code => {
                    return Err(error);
                }
                // A person can authorise it again.
                Err(error) => failure = Some(error),
            }
        }
        if let Some(denied) = self.denied.clone() {
            return Err(denied);
        }
        if !self.browser.is_there() {
            return Err(failure.map_or_else(|| expired(self.login.is_some()), not_renewable));
        }
        let before = self.login.as_ref().map(|login| login.scopes.clone()).unwrap_or_default();
        let wanted = challenge.as_ref().and_then(Challenge::scopes).unwrap_or_default();
        // What was asked for before is not lost; where nothing was, the strategy decides.
        let scopes = if before.is_empty() { before } else { union(&before, &wanted) };
        let wishes = self.wishes_of_old(scopes);
        self.log_in_again(web, challenge.as_ref(), &wishes)
    }

    /// Asks for what is missing besides what there is (2026-07-28, Step-Up Authorization Flow).
    fn step_up(&mut self, web: &mut Web, challenge: Option<&Challenge>) -> Result<(), Error> {
        let wanted = challenge.and_then(Challenge::scopes).unwrap_or_default();
        let before = self.login.as_ref().map(|login| login.scopes.clone()).unwrap_or_default();
        let scopes = union(&before, &wanted);
        let missing = || wanted.join(" ");
        self.step_ups += 1;
        let asked_already = scopes.len() == before.len() && self.is_fresh();
        if self.step_ups > MAX_STEP_UPS || asked_already || wanted.is_empty() {
            let text = match wanted.as_slice() {
                [] => "the token does not allow this".to_owned(),
                _ => format!("the token does not allow this: it lacks the scope {}", missing()),
            };
            let error = Error::new(ErrorKind::Refused, text);
            return Err(if wanted.is_empty() {
                error
            } else {
                error.with_detail("It was asked for, and not granted.")
            });
        }
        match self.login.clone() {
            Some(login) if login.grant != Grant::Code => self.renew(web, &login, Some(&scopes)),
            _ if self.browser.is_there() => {
                self.note(&format!("mcpoke: more is needed: the scope {}", missing()));
                let wishes = self.wishes_of_old(scopes);
                self.log_in_again(web, challenge, &wishes)
            }
            _ => {
                let text =
                    format!("the token does not allow this: it lacks the scope {}", missing());
                let detail = "Somebody has to authorise it, in a terminal.";
                let error = Error::new(ErrorKind::NobodyToAsk, text).with_detail(detail);
                Err(Error { wanted: scopes, ..error })
            }
        }
    }

    /// Logs in once more. It is the same user, as far as is known: sessions go on.
    fn log_in_again(
        &mut self,
        web: &mut Web,
        challenge: Option<&Challenge>,
        wishes: &Wishes,
    ) -> Result<(), Error> {
        let known = self.login.as_ref().map(|login| login.issuer.clone());
        let found = discover(web, &self.endpoint, challenge, known.as_deref())?;
        self.log_in_at(web, &found, challenge, wishes)
    }

    /// The same at the authorization server that was found.
    fn log_in_at(
        &mut self,
        web: &mut Web,
        found: &Found,
        challenge: Option<&Challenge>,
        wishes: &Wishes,
    ) -> Result<(), Error> {
        let before = self.login.clone();
        let mut login = self.by(web, found, challenge, wishes).inspect_err(|error| {
            // Nobody is asked the same twice by one command.
            self.denied = Some(error.clone());
        })?;
        if let Some(before) = before {
            login.id = before.id;
        }
        self.keep_new(login);
        Ok(())
    }
}

impl Authorizer for Authorization {
    fn can_help(&self, refusal: &Exchange) -> bool {
        let challenge = Challenge::of(refusal);
        let about_scope = challenge.as_ref().is_some_and(Challenge::wants_more_scope);
        // A 403 without a word on scopes is about something else, and a 401 without a challenge in a session
        // perhaps about that: real servers say so of one that they have lost.
        let about_token = refusal.status() == Some(401)
            && (challenge.is_some() || refusal.session_sent().is_none());
        (about_token || about_scope) && (self.login.is_some() || self.browser.is_there())
    }

    fn authorize(
        &mut self,
        refusal: &Exchange,
        history: &mut Vec<Exchange>,
    ) -> Result<String, Error> {
        let mut web = self.web(Some(refusal));
        let before = self.login.as_ref().map(|login| login.id.clone());
        let replaced = self.under_lock(|this| {
            let now = this.login.as_ref().map(|login| login.id.clone());
            if before.is_some()
                && now.is_some()
                && now != before
                && refusal.session_sent().is_some()
            {
                // Somebody has logged in anew meanwhile, as another perhaps: the session is not theirs.
                let text =
                    "somebody has logged in anew meanwhile, and the session is of the login before";
                return Err(Error::new(ErrorKind::Refused, text).with_detail(
                    "Nothing has run; the same command again goes on with the new one.",
                ));
            }
            this.replace(refusal, &mut web)
        });
        history.extend(web.take_history());
        replaced?;
        self.login.as_ref().map(Login::header).ok_or_else(nobody)
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
