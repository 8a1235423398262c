//! Handling of a rejected token: gets a replacement, or says why there is none.

use std::time::{Duration, SystemTime};

use super::login::LoginOptions;
use super::{Authorization, expired, nobody, not_renewable};
use crate::client::Authorizer;
use crate::exchange::Exchange;
use crate::oauth::{Challenge, Discovery, Error, ErrorKind, Web, union};
use crate::session::{Grant, Login};

/// Age up to which a token counts as fresh.
const FRESH: Duration = Duration::from_secs(10);
/// Maximum number of requests for additional scopes in one process.
const MAX_STEP_UPS: usize = 2;

impl Authorization {
    /// Returns true if this process has just got the token. A rejection then has another cause
    /// than its age.
    fn is_fresh(&self) -> bool {
        let expired = self.login.as_ref().is_none_or(|login| login.is_expired(SystemTime::now()));
        self.got.is_some_and(|got| got.elapsed() < FRESH) && !expired
    }

    /// Replaces a rejected token: by a newer saved one, a refresh, or a new login. The caller
    /// holds the login's lock.
    fn replace(&mut self, refusal: &Exchange, web: &mut Web) -> Result<(), Error> {
        let challenge = Challenge::of(refusal);
        let sent = refusal.request.header("authorization");
        if let Some(login) = &self.login
            && sent != Some(login.header().as_str())
            && !login.is_expiring(SystemTime::now())
        {
            // Another process or connection has replaced the token already.
            return Ok(());
        }
        if challenge.as_ref().is_some_and(Challenge::wants_more_scope) {
            return self.step_up(web, challenge.as_ref());
        }
        if self.is_fresh() {
            if self.browser.is_there() {
                // The server may use another authorization server by now: discover it again.
                let found = self.found(web, challenge.as_ref())?;
                if self.login.as_ref().is_some_and(|login| login.issuer != found.server.issuer) {
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
                // A person can still log in again, so this error is not final.
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
        // Keep the scopes of the old login; without any, the default scope selection applies.
        let scopes = if before.is_empty() { before } else { union(&before, &wanted) };
        let wishes = self.wishes_of_old(scopes);
        self.log_in_again(web, challenge.as_ref(), &wishes)
    }

    /// Requests the missing scopes in addition to the current ones (2026-07-28, Step-Up
    /// Authorization Flow).
    fn step_up(&mut self, web: &mut Web, challenge: Option<&Challenge>) -> Result<(), Error> {
        let wanted = challenge.and_then(Challenge::scopes).unwrap_or_default();
        let before = self.login.as_ref().map(|login| login.scopes.clone()).unwrap_or_default();
        let scopes = union(&before, &wanted);
        if wanted.is_empty() {
            return Err(Error::new(ErrorKind::Refused, "the token does not allow this"));
        }
        let missing = wanted.join(" ");
        let text = format!("the token does not allow this: it lacks the scope {missing}");
        self.step_ups += 1;
        let asked_already = scopes.len() == before.len() && self.is_fresh();
        if self.step_ups > MAX_STEP_UPS || asked_already {
            return Err(Error::new(ErrorKind::Refused, text)
                .with_detail("It was requested and not granted."));
        }
        match self.login.clone() {
            Some(login) if login.grant != Grant::Code => self.renew(web, &login, Some(&scopes)),
            _ if self.browser.is_there() => {
                self.note(&format!("mcpoke: more is needed: the scope {missing}"));
                let wishes = self.wishes_of_old(scopes);
                self.log_in_again(web, challenge, &wishes)
            }
            _ => {
                let detail = "A person has to authorise it in a terminal.";
                let error = Error::new(ErrorKind::NobodyToAsk, text).with_detail(detail);
                Err(Error { wanted: scopes, ..error })
            }
        }
    }

    /// Logs in again and keeps the login's id: the user is assumed to be the same, so sessions
    /// remain usable.
    pub(crate) fn log_in_again(
        &mut self,
        web: &mut Web,
        challenge: Option<&Challenge>,
        wishes: &LoginOptions,
    ) -> Result<(), Error> {
        let found = self.found(web, challenge)?;
        self.log_in_at(web, &found, challenge, wishes)
    }

    /// Like `log_in_again`, at an authorization server that has been discovered.
    fn log_in_at(
        &mut self,
        web: &mut Web,
        found: &Discovery,
        challenge: Option<&Challenge>,
        wishes: &LoginOptions,
    ) -> Result<(), Error> {
        let before = self.login.clone();
        let mut login = self.by(web, found, challenge, wishes).inspect_err(|error| {
            // One command does not ask the user twice.
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
        // A 403 without a scope challenge has another cause. A 401 without a challenge inside a
        // session may mean that the session is lost: real servers respond so.
        let about_token = refusal.status() == Some(401)
            && (challenge.is_some() || refusal.session_sent().is_none());
        (about_token || about_scope) && (self.login.is_some() || self.browser.is_there())
    }

    fn authorize(&mut self, refusal: &Exchange) -> Result<String, Error> {
        let mut web = self.web(Some(refusal));
        let before = self.login.as_ref().map(|login| login.id.clone());
        let replaced = self.under_lock(|this| {
            let now = this.login.as_ref().map(|login| login.id.clone());
            if before.is_some()
                && now.is_some()
                && now != before
                && refusal.session_sent().is_some()
            {
                // The new login may be another user's, and the session does not belong to it.
                let text =
                    "another process has logged in again; this session belongs to the previous login";
                return Err(Error::new(ErrorKind::Refused, text).with_detail(
                    "Nothing has run. Repeat the command to use the new login.",
                ));
            }
            this.replace(refusal, &mut web)
        });
        replaced?;
        self.login.as_ref().map(Login::header).ok_or_else(nobody)
    }
}
