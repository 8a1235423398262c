//! Credentials of a run: the user's own, or a login, or `MCPOKE_BEARER`.

use std::time::{Duration, SystemTime};

use super::authorize::Shared;
use super::settings::limits;
use super::{CommandError, Context, shell};
use crate::failure::{Failure, Kind};
use crate::session::{Credentials, Login, ResolvedCredentials};

/// Time limit of `--token-command`, which may ask the user something.
const TOKEN_LIMIT: Duration = Duration::from_mins(1);

/// Policy for obtaining a token before the first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tokens {
    /// Refresh an expiring token, or log in again if a user is present.
    Renew,
    /// Refresh an expiring token without asking anybody, and answer no refusal with another token.
    Refresh,
    /// Send the saved token as it is.
    Keep,
}

/// Credentials for one server, as given and as sent.
pub(crate) struct Identity {
    /// Credentials as given, to be saved; references are not resolved.
    pub(crate) given: Credentials,
    /// Credentials as sent.
    pub(crate) sent: ResolvedCredentials,
    /// Source of OAuth tokens, if the user supplied no credentials.
    pub(crate) login: Option<Shared>,
    /// Credentials were given on the command line, or the saved record belongs to another
    /// entry; the record is then kept as it is.
    pub(crate) for_this_run: bool,
}

impl Identity {
    /// Resolves the user's own credentials, or else a login, or else `MCPOKE_BEARER`. The
    /// variable applies only to servers that the user named (`by_user`).
    pub(super) fn find(
        context: &Context<'_>,
        given: Credentials,
        by_user: bool,
        tokens: Tokens,
        login: impl FnOnce() -> anyhow::Result<Shared>,
    ) -> Result<Self, CommandError> {
        if given.has_authorization() {
            return Ok(Self::resolve(context, &given, given.clone())?);
        }
        let shared = login()?;
        // An expired login that cannot be refreshed must not hide `MCPOKE_BEARER`.
        let is_usable =
            |login: &Login| login.is_renewable() || !login.is_expired(SystemTime::now());
        if let Some(own) = by_environment(context, &given).filter(|_| by_user)
            && !shared.lock().login().is_some_and(is_usable)
        {
            return Ok(Self::resolve(context, &own, given)?);
        }
        let mut identity = Self::resolve(context, &given.clone(), given)?;
        match tokens {
            Tokens::Renew => shared.lock().refresh_in_time(),
            Tokens::Refresh => shared.lock().refresh_quietly(),
            Tokens::Keep => {}
        }
        shared.lock().apply_to(&mut identity.sent);
        identity.login = Some(shared);
        Ok(identity)
    }

    /// Resolves the user's own credentials, or else `MCPOKE_BEARER`, for the built-in server.
    pub(super) fn for_demo(context: &Context<'_>, given: Credentials) -> Result<Self, Failure> {
        let own = by_environment(context, &given);
        Self::resolve(context, &own.unwrap_or_else(|| given.clone()), given)
    }

    /// Resolves references; runs `--token-command` if it is the source of the token.
    fn resolve(
        context: &Context<'_>,
        used: &Credentials,
        given: Credentials,
    ) -> Result<Self, Failure> {
        let said = said_by_command(context, used)?;
        let sent = used.expand(context.env, said.as_deref()).map_err(Failure::usage)?;
        context.recorder.learn(|redactor| sent.teach(redactor));
        Ok(Self { given, sent, login: None, for_this_run: false })
    }
}

/// Returns the credentials with `MCPOKE_BEARER` as the token; `None` if it is not set or
/// not needed.
fn by_environment(context: &Context<'_>, credentials: &Credentials) -> Option<Credentials> {
    context.env.var("MCPOKE_BEARER").filter(|_| !credentials.has_authorization())?;
    Some(Credentials { bearer: Some("env:MCPOKE_BEARER".to_owned()), ..credentials.clone() })
}

/// Returns the output of `--token-command`; `None` if the token has another source.
fn said_by_command(
    context: &Context<'_>,
    credentials: &Credentials,
) -> Result<Option<String>, Failure> {
    let Some(command) =
        credentials.token_command.as_deref().filter(|_| credentials.bearer.is_none())
    else {
        return Ok(None);
    };
    let whole = limits(context.options).whole;
    let limit = Some(whole.map_or(TOKEN_LIMIT, |whole| whole.min(TOKEN_LIMIT)));
    let said = if context.env.stdin_is_terminal {
        shell::run_at_terminal(command, limit, &context.interrupt)
    } else {
        shell::run(command, "", limit, &context.interrupt)
    };
    said.map(Some).map_err(|why| {
        if context.interrupt.is_raised() {
            return Failure::new(Kind::Interrupted, format!("--token-command {why}"));
        }
        Failure::new(Kind::Auth, format!("there is no token: --token-command {why}"))
            .with_next("the command by itself", "shows its output")
    })
}
