//! The latest exchanges of a client, for the diagnosis.

use super::Exchange;
use crate::protocol::methods;

/// Maximum number of kept exchanges that open or end a session.
const KEPT_MILESTONES: usize = 64;

/// The latest exchanges, oldest first. Memory stays bounded: of ordinary exchanges at least the last
/// `recent` are kept and at most twice as many; of those that open or end a session at least the last
/// 64, since rules look back to them however long ago they were.
#[derive(Debug, Default)]
pub struct History {
    recent: usize,
    kept: Vec<Exchange>,
}

impl History {
    /// Creates a history that keeps at least the `recent` latest exchanges.
    pub fn new(recent: usize) -> Self {
        Self { recent, kept: Vec::new() }
    }

    /// Adds an exchange and drops what no rule looks back to.
    pub fn add(&mut self, exchange: Exchange) {
        self.kept.push(exchange);
        // Dropping half at a time keeps the cost of an exchange constant.
        if self.kept.len() > 2 * (self.recent + KEPT_MILESTONES) {
            let (mut ordinary, mut milestones) = (self.recent, KEPT_MILESTONES);
            let mut keep: Vec<bool> = Vec::with_capacity(self.kept.len());
            for exchange in self.kept.iter().rev() {
                let left = if is_milestone(exchange) { &mut milestones } else { &mut ordinary };
                keep.push(*left > 0);
                *left = left.saturating_sub(1);
            }
            self.kept.retain(|_| keep.pop().unwrap_or(false));
        }
    }

    /// Returns the kept exchanges, oldest first.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.kept
    }

    /// Removes and returns the kept exchanges.
    pub fn take(&mut self) -> Vec<Exchange> {
        std::mem::take(&mut self.kept)
    }

    /// Changes the exchange of this number, if it is still kept.
    pub(super) fn amend(&mut self, number: usize, change: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = self.kept.iter_mut().rev().find(|kept| kept.number == number) {
            change(exchange);
        }
    }
}

/// Returns true if an exchange opens or ends a session.
pub fn is_milestone(exchange: &Exchange) -> bool {
    exchange.is(methods::INITIALIZE)
        || exchange.is(methods::INITIALIZED)
        || exchange.request.method == "DELETE"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::sent;

    #[test]
    fn what_opens_a_session_outlives_what_goes_on_in_it() {
        let mut history = History::new(4);
        history.add(sent("initialize", None));
        for number in 0..10_000 {
            history.add(Exchange { number, ..sent("tools/call", Some("a")) });
            assert!(history.exchanges().len() <= 2 * (4 + KEPT_MILESTONES));
        }
        let kept = history.exchanges();
        assert!(kept[0].is("initialize") && kept.len() > 4);
        let numbers: Vec<usize> = kept[1..].iter().map(|exchange| exchange.number).collect();
        assert!(numbers.is_sorted() && numbers.ends_with(&[9_998, 9_999]), "{numbers:?}");
    }
}
