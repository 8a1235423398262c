//! The exchanges of a trace, each with its role.

use crate::client::Client;
use crate::diagnose::{self, Finding, Role};
use crate::exchange::{Exchange, Outcome, TransportErrorKind};
use crate::protocol::methods;

/// Callback that gets all exchanges so far, after each one.
type Watch<'s> = &'s dyn Fn(&[Exchange]);

/// All exchanges in order, each with its role.
#[derive(Default)]
pub(super) struct Steps<'s> {
    roles: Vec<Role>,
    exchanges: Vec<Exchange>,
    watch: Option<Watch<'s>>,
}

impl<'s> Steps<'s> {
    /// Sets a callback for each step.
    pub(super) fn watch(&mut self, watch: Watch<'s>) {
        self.watch = Some(watch);
    }

    /// Adds exchanges that were made elsewhere.
    pub(super) fn add(&mut self, exchanges: Vec<Exchange>) {
        for exchange in exchanges {
            self.roles.push(Role::Experiment);
            self.exchanges.push(exchange);
            if let Some(watch) = self.watch {
                watch(&self.exchanges);
            }
        }
    }

    /// Returns the last exchange.
    pub(super) fn last(&self) -> Option<&Exchange> {
        self.exchanges.last()
    }

    /// Returns all exchanges in the order in which they were sent, with their roles, and empties the
    /// list.
    pub(super) fn take_all(&mut self) -> (Vec<Role>, Vec<Exchange>) {
        let exchanges = std::mem::take(&mut self.exchanges);
        let mut all: Vec<_> = std::mem::take(&mut self.roles).into_iter().zip(exchanges).collect();
        // A stream ends after the exchanges on it.
        all.sort_by_key(|(_, exchange)| exchange.number);
        all.into_iter().unzip()
    }

    /// Returns all exchanges so far with their roles.
    pub(super) fn all(&self) -> impl Iterator<Item = (Role, &Exchange)> {
        self.roles.iter().copied().zip(&self.exchanges)
    }

    /// Returns true if an exchange of this role returned a result.
    pub(super) fn worked(&self, wanted: Role) -> bool {
        self.all().any(|(role, exchange)| {
            role == wanted && Outcome::among(exchange, &self.exchanges).is_success()
        })
    }

    /// Moves a client's new exchanges to the list.
    pub(super) fn take(&mut self, client: &mut Client, role: Role) {
        // What Ctrl-C kept from being sent is no step.
        let was_sent = |exchange: &Exchange| {
            let kind = exchange.failure.as_ref().map(|failure| failure.kind);
            kind != Some(TransportErrorKind::Interrupted) || exchange.wire.sent > 0
        };
        for exchange in client.take_history().into_iter().filter(was_sent) {
            let role = match exchange.purpose.method.as_deref() {
                _ if matches!(role, Role::Experiment | Role::Variation | Role::Second) => role,
                Some(methods::INITIALIZE) => Role::Initialize,
                Some(methods::INITIALIZED) => Role::Initialized,
                Some(methods::DISCOVER) => Role::Discover,
                // A probe of the client's own: whether the session still works, or where a redirect leads.
                Some(methods::PING) => Role::Experiment,
                None if exchange.request.method == "DELETE" => Role::End,
                None if exchange
                    .answer
                    .as_ref()
                    .is_some_and(crate::exchange::Answer::is_http_sse) =>
                {
                    Role::Stream
                }
                // Another stream of the session proves no other transport.
                _ if role == Role::Stream => Role::Experiment,
                _ => role,
            };
            self.roles.push(role);
            self.exchanges.push(exchange);
            if let Some(watch) = self.watch {
                watch(&self.exchanges);
            }
        }
    }

    /// Returns the finding that explains the last exchange.
    pub(super) fn found(&self) -> Option<Finding> {
        diagnose::explain(&self.exchanges).into_iter().next()
    }

    /// Makes all exchanges of a role experiments that prove nothing by themselves.
    pub(super) fn demote(&mut self, role: Role) {
        self.roles.iter_mut().filter(|one| **one == role).for_each(|one| *one = Role::Experiment);
    }

    /// Makes the last exchange an experiment that proves nothing by itself.
    pub(super) fn demote_last(&mut self) {
        if let Some(role) = self.roles.last_mut() {
            *role = Role::Experiment;
        }
    }

    /// Returns the exchanges so far.
    pub(super) fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }
}
