//! Another token without asking anybody, and the end of all of them.

use std::time::SystemTime;

use super::{Authorization, expired};
use crate::oauth::{Client, Error, ErrorKind, Origin, Requester, SigningKey, Web};
use crate::session::{Grant, KeyReference, Login, expand};

/// Said of a refresh token that is good no more (RFC 6749, 5.2).
const SPENT: &str = "invalid_grant";

impl Authorization {
    /// Who asks for the tokens of a login: the client with its secret, and the key that it signs with.
    pub(crate) fn who_asks(&self, login: &Login) -> Result<(Client, Option<SigningKey>), Error> {
        Ok((self.looked_up(&login.client)?, self.signing_key(login.key.as_ref())?))
    }

    /// The client with its secret looked up.
    fn looked_up(&self, client: &Client) -> Result<Client, Error> {
        let mut client = client.clone();
        // What a server has issued is no reference, whatever it looks like.
        if let (Some(reference), Origin::Given) = (&client.secret, client.origin) {
            client.secret = Some(self.look_up(reference, "the client's secret")?);
        }
        if let Some(secret) = &client.secret {
            self.recorder.learn(|redactor| redactor.learn(secret));
        }
        Ok(client)
    }

    fn look_up(&self, reference: &str, what: &str) -> Result<String, Error> {
        let mut secrets = Vec::new();
        let value = expand(reference, &self.env, &mut secrets)
            .map_err(|why| Error::new(ErrorKind::Usage, format!("{what}: {why}")))?;
        secrets.push(value.trim().to_owned());
        self.recorder.learn(|redactor| secrets.iter().for_each(|secret| redactor.learn(secret)));
        Ok(value.trim().to_owned())
    }

    fn signing_key(&self, key: Option<&KeyReference>) -> Result<Option<SigningKey>, Error> {
        let look_up = |key: &KeyReference| {
            let pem = self.look_up(&key.pem, "the private key")?;
            Ok(SigningKey { pem, id: key.id.clone() })
        };
        key.map(look_up).transpose()
    }

    /// Another token without asking anybody; with these scopes, where that can be said. Under the lock.
    pub(crate) fn renew(
        &mut self,
        web: &mut Web,
        login: &Login,
        scopes: Option<&[String]>,
    ) -> Result<(), Error> {
        let scopes = scopes.unwrap_or(&login.scopes);
        let (client, key) = self.who_asks(login)?;
        let token = match (&login.grant, &login.refresh_token) {
            (Grant::Code, None) => {
                return Err(expired(true));
            }
            (Grant::Code, Some(refresh)) => {
                let refreshed =
                    requester(web, login, &client, key.as_ref()).with_refresh_token(refresh);
                if refreshed.as_ref().is_err_and(|error| error.code.as_deref() == Some(SPENT)) {
                    // It will never be good again; whoever comes next asks somebody at once.
                    self.keep(Login { refresh_token: None, ..login.clone() });
                }
                refreshed.inspect_err(|error| self.forget_if_unknown(&login.client, error))?
            }
            (Grant::ClientCredentials, _) => {
                requester(web, login, &client, key.as_ref()).with_own_credentials(scopes)?
            }
            (Grant::Enterprise { .. }, _) => {
                let grant = self.enterprise_grant(web, login, scopes)?;
                requester(web, login, &client, key.as_ref()).with_grant(&grant, scopes)?
            }
        };
        self.keep_new(
            Login { scopes: scopes.to_vec(), ..login.clone() }.with_token(token, SystemTime::now()),
        );
        Ok(())
    }

    /// Forgets a client that registered itself, where the server does not know it any more: the next login makes it
    /// known again.
    pub(crate) fn forget_if_unknown(&self, client: &Client, error: &Error) {
        if let (Some("invalid_client"), Origin::Registered, Some(store)) =
            (error.code.as_deref(), client.origin, &self.store)
        {
            // What stays is in nobody's way but the next login's, which has --register.
            let _ = store.remove_client(&client.issuer);
        }
    }

    /// What the identity provider answers for a person with.
    pub(crate) fn enterprise_grant(
        &self,
        web: &mut Web,
        login: &Login,
        scopes: &[String],
    ) -> Result<String, Error> {
        let Grant::Enterprise { issuer, token_endpoint, client, id_token } = &login.grant else {
            return Err(Error::new(ErrorKind::State, "the login has no identity provider"));
        };
        let client = self.looked_up(client)?;
        let id_token = self.look_up(id_token, "the identity token")?;
        // The user has named it: it may stand inside a network that the server is not in.
        self.aside(web, |web| {
            let asker = Requester {
                web,
                issuer,
                endpoint: token_endpoint,
                client: &client,
                key: None,
                algorithms: None,
                resource: &login.resource,
            };
            asker.grant_for(&login.issuer, &id_token, scopes)
        })
    }

    /// Forgets the login, after giving its tokens back where that is possible. Whether the server took them.
    pub(crate) fn log_out(&mut self) -> Result<Option<Result<(), Error>>, Error> {
        let mut web = self.web(None);
        self.under_lock(|this| {
            let Some(login) = this.login.take() else { return Ok(None) };
            let endpoint = login.revocation_endpoint.as_deref();
            let revoked = endpoint.map(|endpoint| this.revoke(&mut web, &login, endpoint));
            if let Some(store) = &this.store {
                store
                    .remove_login(&this.key)
                    .map_err(|error| Error::new(ErrorKind::State, format!("{error:#}")))?;
            }
            Ok(revoked)
        })
    }

    /// The refresh token first: with it most servers end what came of it (RFC 7009, 2.1).
    fn revoke(&self, web: &mut Web, login: &Login, endpoint: &str) -> Result<(), Error> {
        let (client, key) = self.who_asks(login)?;
        let refresh = login.refresh_token.as_deref().map(|token| (token, "refresh_token"));
        let tokens = refresh.into_iter().chain([(login.access_token.as_str(), "access_token")]);
        for (token, kind) in tokens {
            let asker = Requester { endpoint, ..requester(web, login, &client, key.as_ref()) };
            asker.revoke(token, kind)?;
        }
        Ok(())
    }
}

/// Asks for the tokens of a login.
pub(crate) fn requester<'r>(
    web: &'r mut Web,
    login: &'r Login,
    client: &'r Client,
    key: Option<&'r SigningKey>,
) -> Requester<'r> {
    Requester {
        web,
        issuer: &login.issuer,
        endpoint: &login.token_endpoint,
        client,
        key,
        algorithms: login.algorithms.as_deref(),
        resource: &login.resource,
    }
}
