//! A lost session: found out, renewed once, and the refused request sent again.
//!
//! A request is repeated only if the server refused it for its session, so that it cannot have run,
//! or if running it twice does no harm. Several processes that notice at once make one new session
//! between them; that is the keeper's work.

use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{Error, ErrorKind};
use super::lost::{Loss, loss};
use super::{Client, Handshake, Opened, Session};
use crate::exchange::Purpose;

/// Keeps what is remembered of a session, and keeps other processes from renewing it at once.
pub trait Keeper {
    /// Waits until no other process renews the session. One that was opened meanwhile is given back.
    fn begin(&mut self, lost: &Session) -> Option<Session>;
    /// Remembers a new session, before anything is sent in it, and lets other processes go on. False
    /// where it could not be remembered.
    fn opened(&mut self, opened: &Opened) -> bool;
}

/// What to do when the server no longer knows the session.
pub enum Renewal {
    /// Report it.
    Never,
    /// Open a new one, once.
    Once(Handshake, Box<dyn Keeper>),
}

/// Whether sending a request twice does harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It reads only, or comes to the same however often it runs.
    Harmless,
    /// It may do something, once each time.
    Harmful,
}

impl Client {
    /// Sends a request and brings its result; renews a lost session where that is allowed.
    pub fn request(
        &mut self,
        purpose: &Purpose,
        params: &Value,
        repeat: Repeat,
    ) -> Result<Box<RawValue>, Error> {
        let error = match self.round_trip(purpose, params) {
            Ok(answered) => return Ok(answered.result),
            Err(error) => error,
        };
        let Some(refused) = self.lost(&error) else { return Err(error) };
        let may_have_run = !refused && repeat == Repeat::Harmful;
        if !self.renew()? || may_have_run {
            return Err(error.into_session_lost(may_have_run));
        }
        self.round_trip(purpose, params).map(|answered| answered.result).map_err(
            |error| match error.exchange.as_ref().map(|exchange| loss(exchange, &error.kind)) {
                Some(Loss::Refused) => error.into_session_lost(false),
                _ => error,
            },
        )
    }

    /// Whether the session is lost, and whether the request was refused for it. Where the answer
    /// leaves doubt, a `ping` in the same session tells.
    fn lost(&mut self, error: &Error) -> Option<bool> {
        let exchange = error.exchange.as_ref()?;
        let seen = loss(exchange, &error.kind);
        match seen {
            Loss::No => return None,
            Loss::Refused => return Some(true),
            Loss::Doubtful | Loss::Unanswered => {}
        }
        let probe = self.round_trip(&Purpose::of("ping"), &Value::Null).err()?;
        let answer = probe.exchange.as_ref()?;
        match loss(answer, &probe.kind) {
            Loss::No => None,
            // Refused alike: it was the session and not the request.
            _ if seen == Loss::Doubtful && alike(error, &probe) => Some(true),
            Loss::Refused | Loss::Unanswered | Loss::Doubtful => Some(false),
        }
    }

    /// Opens a new session, or takes the one that another process has opened meanwhile. False where
    /// that is not allowed (any more).
    fn renew(&mut self) -> Result<bool, Error> {
        let Renewal::Once(handshake, mut keeper) =
            std::mem::replace(&mut self.renewal, Renewal::Never)
        else {
            return Ok(false);
        };
        if let Some(session) = keeper.begin(&self.session) {
            self.resume(session, Renewal::Never);
        } else {
            let opened = self.initialize(&handshake).map_err(not_renewed)?;
            self.unsaved = !keeper.opened(&opened);
        }
        Ok(true)
    }
}

/// A server that has lost the session and opens no other leaves none; credentials and connections are
/// matters of their own.
fn not_renewed(error: Error) -> Error {
    let status = error.exchange.as_ref().and_then(|exchange| exchange.status());
    match error.kind {
        ErrorKind::Transport(_) => error,
        _ if matches!(status, Some(401 | 403)) => error,
        _ => error.into_session_lost(false),
    }
}

/// Whether two requests failed with the same status and code.
fn alike(one: &Error, other: &Error) -> bool {
    let sign = |error: &Error| {
        let code = match &error.kind {
            ErrorKind::Rpc(error) => error.code,
            _ => None,
        };
        (error.exchange.as_ref().and_then(|exchange| exchange.status()), code)
    };
    sign(one) == sign(other)
}
