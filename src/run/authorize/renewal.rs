//! Token refresh without asking the user, and token revocation.

use std::time::SystemTime;

use super::{Authorization, expired};
use crate::oauth::{Client, Error, ErrorKind, Origin, Requester, SigningKey, Web};
use crate::session::{Grant, KeyReference, Login, expand};

/// Error code for an invalid or expired refresh token (RFC 6749, 5.2).
const SPENT: &str = "invalid_grant";

impl Authorization {
    /// Resolves the client with its secret, and the signing key, for token requests of a login.
    pub(crate) fn who_asks(&self, login: &Login) -> Result<(Client, Option<SigningKey>), Error> {
        Ok((self.looked_up(&login.client)?, self.signing_key(login.key.as_ref())?))
    }

    /// Returns the client with its secret resolved.
    fn looked_up(&self, client: &Client) -> Result<Client, Error> {
        let mut client = client.clone();
        // A secret issued by an authorization server is literal, even if it looks like a reference.
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

    /// Gets a new token without asking the user, with `scopes` if the grant allows a choice.
    /// The caller holds the login's lock.
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
                    // The refresh token is spent: without it, the next command asks the user at
                    // once.
                    self.keep(Login { refresh_token: None, ..login.clone() });
                }
                refreshed.inspect_err(|error| self.forget_if_unknown(&login.client, error))?
            }
            (Grant::ClientCredentials, _) => {
                requester(web, login, &client, key.as_ref()).with_own_credentials(scopes)?
            }
            (Grant::Enterprise { .. }, _) => {
                let grant = self.enterprise_grant(login, scopes)?;
                requester(web, login, &client, key.as_ref()).with_grant(&grant, scopes)?
            }
        };
        self.keep_new(
            Login { scopes: scopes.to_vec(), ..login.clone() }.with_token(token, SystemTime::now()),
        );
        Ok(())
    }

    /// Deletes a self-registered client that the authorization server no longer recognises; the
    /// next login registers again.
    pub(crate) fn forget_if_unknown(&self, client: &Client, error: &Error) {
        if let (Some("invalid_client"), Origin::Registered, Some(store)) =
            (error.code.as_deref(), client.origin, &self.store)
        {
            // A leftover client affects only the next login, which has `--register`.
            let _ = store.remove_client(&client.issuer);
        }
    }

    /// Gets a grant from the enterprise identity provider for the login's authorization server.
    pub(crate) fn enterprise_grant(
        &self,
        login: &Login,
        scopes: &[String],
    ) -> Result<String, Error> {
        let Grant::Enterprise { issuer, token_endpoint, client, id_token } = &login.grant else {
            return Err(Error::new(ErrorKind::State, "the login has no identity provider"));
        };
        let client = self.looked_up(client)?;
        let id_token = self.look_up(id_token, "the identity token")?;
        // The user named the identity provider, so it may be on a private network.
        self.aside(|web| {
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

    /// Revokes the tokens if possible and deletes the login. Returns the outcome of the
    /// revocation; `None` without a login or a revocation endpoint.
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

    /// Revokes the refresh token first: most authorization servers then end its access tokens
    /// too (RFC 7009, 2.1).
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

/// Creates a requester for the token endpoint of a login.
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
