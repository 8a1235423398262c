//! Recovery from a lost session: detects the loss, opens a new session once and repeats the
//! refused request.
//!
//! A request is repeated only if the server refused it because of the session, so that it
//! cannot have run, or if running it twice is harmless. If several processes notice the
//! loss at once, only one of them opens a new session.

use super::era::is_of_another_era;
use super::error::Error;
use super::rpc_request::{Idempotency, RpcRequest, RpcResponse};
use super::session_loss::{Loss, loss};
use super::{Client, Handshake, Opened, Session};

/// Persists the session and lets one process renew it at a time.
pub trait SessionPersistence {
    /// Waits until no other process is renewing the session. Returns the session that was
    /// opened meanwhile, if any.
    fn begin(&mut self, lost: &Session) -> Option<Session>;
    /// Saves a new session before anything is sent in it, and lets other processes continue.
    /// Returns false if it could not be saved.
    fn opened(&mut self, opened: &Opened) -> bool;
}

/// Action when the server no longer recognises the session.
pub enum Renewal {
    /// Report the loss.
    Never,
    /// Open a new session, once.
    Once(Handshake, Box<dyn SessionPersistence>),
}

impl Client {
    /// Repeats a request that was refused because of its session or its era.
    pub(super) fn try_again(
        &mut self,
        rpc: &RpcRequest,
        error: Error,
        idempotency: Idempotency,
    ) -> Result<RpcResponse, Error> {
        let other_era = is_of_another_era(self.session(), &error);
        let before = self.session().version().map(str::to_owned);
        let refused = if other_era { Some(true) } else { self.lost(&error) };
        let Some(refused) = refused else { return Err(error) };
        let may_have_run = !refused && idempotency == Idempotency::NotIdempotent;
        match self.renew(other_era) {
            Ok(false) if other_era => return Err(error),
            // The revision has not changed, so the era was not the cause.
            Ok(true) if other_era && self.session().version() == before.as_deref() => {
                return Err(error);
            }
            Err(renewal) if other_era => return Err(renewal),
            Ok(true) if !may_have_run => {}
            Ok(_) => return Err(error.into_session_lost(may_have_run, None)),
            // The credentials are the cause, and their error is more useful than a lost session.
            Err(renewal) if is_about_credentials(&renewal) && !may_have_run => return Err(renewal),
            Err(renewal) => {
                return Err(error.into_session_lost(may_have_run, Some(renewal.to_string())));
            }
        }
        self.attempt(rpc).map_err(|(error, _)| {
            match error.exchange.as_ref().map(|exchange| loss(exchange, &error.kind)) {
                Some(Loss::Refused) => error.into_session_lost(false, None),
                _ => error,
            }
        })
    }

    /// Returns `None` if the session is not lost, otherwise whether the request was refused
    /// because of the loss. A `ping` in the same session settles doubtful responses.
    fn lost(&mut self, error: &Error) -> Option<bool> {
        let exchange = error.exchange.as_ref()?;
        let seen = loss(exchange, &error.kind);
        match seen {
            Loss::No => return None,
            Loss::Refused => return Some(true),
            Loss::Doubtful | Loss::Unanswered => {}
        }
        let probe = self.round_trip(&RpcRequest::ping()).err()?;
        let answer = probe.exchange.as_ref()?;
        match (seen, loss(answer, &probe.kind)) {
            // `ping` was refused in exactly the same way, so the session is the cause.
            (Loss::Doubtful, Loss::Doubtful) if exchange.signature() == answer.signature() => {
                Some(true)
            }
            // The session is lost, but the request may have run before.
            (_, Loss::Refused) | (Loss::Unanswered, Loss::Doubtful | Loss::Unanswered) => {
                Some(false)
            }
            _ => None,
        }
    }

    /// Opens a new session, or adopts the one that another process has opened meanwhile.
    /// Returns false if renewal is not allowed or was already used.
    fn renew(&mut self, other_era: bool) -> Result<bool, Error> {
        let Renewal::Once(handshake, mut persistence) =
            // Taken out, so that the session is renewed at most once.
            std::mem::replace(&mut self.renewal, Renewal::Never)
        else {
            return Ok(false);
        };
        self.close_streams();
        if let Some(session) = persistence.begin(self.session()) {
            self.resume(session, Renewal::Never);
        } else {
            let opened = self.initialize_or_open(&handshake, other_era)?;
            self.unsaved = !persistence.opened(&opened);
        }
        Ok(true)
    }
}

impl Client {
    /// Opens a new session with the known handshake. Detects the era again if the server has
    /// changed it.
    fn initialize_or_open(
        &mut self,
        handshake: &Handshake,
        other_era: bool,
    ) -> Result<Opened, Error> {
        if other_era {
            return self.open(handshake);
        }
        self.initialize(handshake).or_else(|error| {
            if is_of_another_era(self.session(), &error) {
                self.open(handshake)
            } else {
                Err(error)
            }
        })
    }
}

/// Returns true if a new session was refused with 401 or 403.
fn is_about_credentials(error: &Error) -> bool {
    matches!(error.status(), Some(401 | 403))
}
