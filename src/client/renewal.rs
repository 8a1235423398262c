//! Recovery from a lost session: a harmless request shows the loss, a new session is opened once, and the
//! refused request is repeated if that is safe.
//!
//! If several processes notice the loss at once, only one of them opens a new session.

use super::era::is_of_another_era;
use super::error::{Error, ErrorKind};
use super::repetition::Reason;
use super::rpc_request::{Idempotency, RpcRequest, RpcResponse};
use super::session_loss::{Doubt, doubt, names_session};
use super::{Client, Handshake, Opened, Session};
use crate::exchange::Exchange;
use crate::protocol::methods;

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
    /// Report every refusal as it is; nothing is sent to find out about the session.
    Unasked,
    /// Find out whether the session is lost, and report it.
    Never,
    /// Open a new session, once.
    Once(Handshake, Box<dyn SessionPersistence>),
}

/// A session that a harmless request showed to be lost.
struct Gone {
    /// The harmless request.
    probe: RpcRequest,
    /// The failed request was refused with the same status and code as the probe.
    alike: bool,
}

impl Gone {
    /// Compares a failed request and its doubt with the refusal of a probe.
    fn of(probe: RpcRequest, (exchange, seen): (&Exchange, Doubt), refused: &Error) -> Self {
        let alike = refused.exchange.as_ref().is_some_and(|answer| {
            seen == Doubt::Refused
                && doubt(answer, &refused.kind) == Some(seen)
                && exchange.signature().is_same_error(&answer.signature())
        });
        Self { probe, alike }
    }
}

impl Client {
    /// Renews a session that is lost, or a server that has changed its era, and repeats the request if the
    /// table of [`Reason`] permits it.
    pub(super) fn try_again(
        &mut self,
        rpc: &RpcRequest,
        error: Error,
        idempotency: Idempotency,
    ) -> Result<RpcResponse, Error> {
        let reason = if is_of_another_era(self.session(), &error) {
            // If a harmless request fails in the same way, the server rejected the form, not the tool call.
            let may_have_run =
                idempotency != Idempotency::Idempotent && matches!(self.renewal, Renewal::Once(..));
            if may_have_run && !self.is_refused_alike(&error) {
                return Err(error);
            }
            let before = self.session().version().map(str::to_owned);
            // If the revision has not changed, the era was not the cause.
            if !self.renew(None)? || self.session().version() == before.as_deref() {
                return Err(error);
            }
            Reason::OtherEra
        } else {
            let Some(gone) = self.gone(&error) else { return Err(error) };
            let reason = Reason::SessionGone { alike: gone.alike };
            let may_have_run = !reason.permits(idempotency);
            match self.renew(Some(&gone.probe)) {
                Ok(true) => {}
                Ok(false) => return Err(error.into_session_lost(may_have_run, false, None)),
                // The refusals have another cause than the session: the first one stands.
                Err(renewal) if matches!(renewal.kind, ErrorKind::SessionLost { .. }) => {
                    return Err(error);
                }
                // The credentials are the cause, and their error is more useful than a lost session.
                Err(renewal) if is_about_credentials(&renewal) && !may_have_run => {
                    return Err(renewal);
                }
                Err(renewal) => {
                    let why = Some(renewal.to_string());
                    return Err(error.into_session_lost(may_have_run, false, why));
                }
            }
            reason
        };
        if !reason.permits(idempotency) {
            return Err(error.into_session_lost(true, true, None));
        }
        self.attempt(rpc).map_err(|(error, _)| error)
    }

    /// Sends harmless requests of the same form as a failed one. Returns true if they are refused with the same
    /// status and code, so that the failed one did not run.
    fn is_refused_alike(&mut self, error: &Error) -> bool {
        let Some(failed) = error.exchange.as_ref().map(|exchange| exchange.signature()) else {
            return false;
        };
        let ping =
            if self.session().is_modern() { RpcRequest::discover() } else { RpcRequest::ping() };
        for probe in [ping, RpcRequest::list_tools()] {
            let Err(refused) = self.round_trip(&probe) else { return false };
            let Some(answer) = &refused.exchange else { return false };
            let seen = answer.signature();
            // An unknown-method error shows that the server accepts this form.
            if refused.is_unknown_method() && seen.code != failed.code {
                continue;
            }
            return seen.is_same_error(&failed);
        }
        false
    }

    /// Finds out by a harmless request whether the session of a failed request is lost. Returns `None` if it
    /// is not, or if that cannot be seen.
    fn gone(&mut self, error: &Error) -> Option<Gone> {
        if matches!(self.renewal, Renewal::Unasked) {
            return None;
        }
        let exchange = error.exchange.as_ref()?;
        let seen = doubt(exchange, &error.kind)?;
        let names = names_session(exchange, &error.kind);
        let ping = match self.round_trip(&RpcRequest::ping()) {
            Ok(_) if !names => return None,
            Ok(_) => None,
            Err(refused) => Some(refused),
        };
        if let Some(refused) = &ping
            && !refused.is_unknown_method()
            && let Some(answer) = &refused.exchange
            && let Some(found) = doubt(answer, &refused.kind)
            && (names || found == Doubt::Unanswered || names_session(answer, &refused.kind))
        {
            return Some(Gone::of(RpcRequest::ping(), (exchange, seen), refused));
        }
        // Some servers answer `ping` in any session, others refuse it in every one.
        let list = self.round_trip(&RpcRequest::list_tools()).err()?;
        // A server without tools may know `ping`.
        let ping = ping.filter(|ping| list.is_unknown_method() && !ping.is_unknown_method());
        let (probe, refused) = match ping {
            Some(ping) => (RpcRequest::ping(), ping),
            None => (RpcRequest::list_tools(), list),
        };
        // A rate limit, say, tells nothing about the session.
        doubt(refused.exchange.as_ref()?, &refused.kind)?;
        Some(Gone::of(probe, (exchange, seen), &refused))
    }

    /// Opens a new session, or adopts the one that another process has opened meanwhile. Returns false if
    /// renewal is not allowed or was already used. With a probe, the new session counts only if the probe
    /// works in it; otherwise the old one stays, and the error is `SessionLost`.
    fn renew(&mut self, probe: Option<&RpcRequest>) -> Result<bool, Error> {
        let Renewal::Once(handshake, mut persistence) =
            // Taken out, so that the session is renewed at most once.
            std::mem::replace(&mut self.renewal, Renewal::Never)
        else {
            return Ok(false);
        };
        self.close_streams();
        if let Some(session) = persistence.begin(self.session()) {
            self.resume(session, Renewal::Never);
            return Ok(true);
        }
        let lost = self.session().clone();
        let opened = self.initialize_or_open(&handshake, probe.is_none())?;
        // The modern era has no session that could be lost.
        let probe = probe.filter(|_| !self.session().is_modern());
        // A server that recognises its session may still not know `ping`.
        let is_ping =
            probe.is_some_and(|probe| probe.purpose.method.as_deref() == Some(methods::PING));
        if let Some(Err(refused)) = probe.map(|probe| self.round_trip(probe))
            && !(is_ping && refused.is_unknown_method())
        {
            // A refused close changes nothing.
            let _ = self.close();
            self.resume(lost, Renewal::Never);
            return Err(refused.into_session_lost(false, false, None));
        }
        self.unsaved = !persistence.opened(&opened);
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
