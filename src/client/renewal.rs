//! A lost session: found out, renewed once, and the refused request sent again.
//!
//! A request is repeated only if the server refused it for its session, so that it cannot have run,
//! or if running it twice does no harm. Several processes that notice at once make one new session
//! between them; that is the keeper's work.

use serde_json::value::RawValue;

use super::error::{Error, ErrorKind};
use super::listener::Listener;
use super::session_loss::{Loss, loss};
use super::{Ask, Client, Handshake, Opened, Session};
use crate::protocol::methods;

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
    /// Sends a request and brings its result; renews a lost session, and finds the era out anew where
    /// the server has changed it, if that is allowed.
    pub fn request(&mut self, ask: &Ask) -> Result<Box<RawValue>, Error> {
        let (error, repeat) = match self.attempt(ask) {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        // Whatever is asked besides is no answer to this request, and is not kept as one.
        let keeps = std::mem::take(&mut self.keeps_message);
        let outcome = self.try_again(ask, error, repeat, keeps);
        self.keeps_message = keeps;
        outcome
    }

    /// The request, after what the session needs for it. A failure comes with whether sending again what
    /// failed does harm.
    fn attempt(&mut self, ask: &Ask) -> Result<Box<RawValue>, (Error, Repeat)> {
        self.open_listener(ask);
        self.say_log_level().map_err(|error| (error, Repeat::Harmless))?;
        self.complete(ask).map_err(|error| (error, ask.repeat))
    }

    /// Asks for log messages, once in each session; in the modern era every request does so itself
    /// (2025-11-25, Logging).
    fn say_log_level(&mut self) -> Result<(), Error> {
        let Some(level) = self.log_level.filter(|_| !self.session.is_modern()) else {
            return Ok(());
        };
        if self.log_session.as_ref() != Some(&self.session) {
            let keeps = std::mem::take(&mut self.keeps_message);
            let said = self.round_trip(&Ask::set_log_level(level));
            self.keeps_message = keeps;
            said?;
            self.log_session = Some(self.session.clone());
        }
        Ok(())
    }

    /// Makes the request again, where it was refused for its session or its era.
    fn try_again(
        &mut self,
        ask: &Ask,
        error: Error,
        repeat: Repeat,
        keeps: bool,
    ) -> Result<Box<RawValue>, Error> {
        let other_era = self.is_of_another_era(&error);
        let before = self.session.version.clone();
        let refused = if other_era { Some(true) } else { self.lost(&error) };
        let Some(refused) = refused else { return Err(error) };
        let may_have_run = !refused && repeat == Repeat::Harmful;
        match self.renew(other_era) {
            Ok(false) if other_era => return Err(error),
            // The server speaks what it spoke before: it was not the era that the request failed for.
            Ok(true) if other_era && self.session.version == before => return Err(error),
            Err(renewal) if other_era => return Err(renewal),
            Ok(true) if !may_have_run => {}
            Ok(_) => return Err(error.into_session_lost(may_have_run, None)),
            Err(renewal) if is_about_credentials(&renewal) && !may_have_run => return Err(renewal),
            Err(renewal) => {
                return Err(error.into_session_lost(may_have_run, Some(renewal.to_string())));
            }
        }
        self.keeps_message = keeps;
        self.attempt(ask).map_err(|(error, _)| {
            match error.exchange.as_ref().map(|exchange| loss(exchange, &error.kind)) {
                Some(Loss::Refused) => error.into_session_lost(false, None),
                _ => error,
            }
        })
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
        let probe = self.round_trip(&Ask::ping()).err()?;
        let answer = probe.exchange.as_ref()?;
        match (seen, loss(answer, &probe.kind)) {
            // Refused in the very same way: it was the session and not the request.
            (Loss::Doubtful, Loss::Doubtful) if alike(error, &probe) => Some(true),
            // The session is gone; what became of the request is another matter.
            (_, Loss::Refused) | (Loss::Unanswered, Loss::Doubtful | Loss::Unanswered) => {
                Some(false)
            }
            _ => None,
        }
    }

    /// Opens the standalone stream, where what the session has declared may be asked for on it.
    fn open_listener(&mut self, ask: &Ask) {
        let wanted = self.listens
            && self.listener.is_none()
            && self.session.id.is_some()
            && !matches!(ask.method(), methods::LIST_TOOLS | methods::PING);
        if wanted {
            self.listener = Listener::open(self);
        }
    }

    /// Opens a new session, or takes the one that another process has opened meanwhile. False where
    /// that is not allowed (any more).
    fn renew(&mut self, other_era: bool) -> Result<bool, Error> {
        let Renewal::Once(handshake, mut keeper) =
            std::mem::replace(&mut self.renewal, Renewal::Never)
        else {
            return Ok(false);
        };
        self.hang_up();
        if let Some(session) = keeper.begin(&self.session) {
            self.resume(session, Renewal::Never);
        } else {
            let opened = self.initialize_or_open(&handshake, other_era)?;
            self.unsaved = !keeper.opened(&opened);
        }
        Ok(true)
    }
}

impl Client {
    /// Begins anew: with the handshake that is known to be right, unless the server has moved on to
    /// another era.
    fn initialize_or_open(
        &mut self,
        handshake: &Handshake,
        other_era: bool,
    ) -> Result<Opened, Error> {
        if other_era {
            return self.open(handshake);
        }
        self.initialize(handshake).or_else(|error| {
            if self.is_of_another_era(&error) { self.open(handshake) } else { Err(error) }
        })
    }
}

/// Whether a new session was refused for want of credentials.
fn is_about_credentials(error: &Error) -> bool {
    let status = error.exchange.as_ref().and_then(|exchange| exchange.status());
    matches!(status, Some(401 | 403))
}

/// Whether two requests failed with the same status, code and words.
fn alike(one: &Error, other: &Error) -> bool {
    let sign = |error: &Error| {
        let answer = error.exchange.as_ref().and_then(|exchange| exchange.answer.as_ref());
        let said = match &error.kind {
            ErrorKind::Rpc(error) => (error.code, error.message.clone()),
            _ => (None, answer.map(|answer| answer.body.clone()).unwrap_or_default()),
        };
        (answer.map(|answer| answer.status), said)
    };
    sign(one) == sign(other)
}
