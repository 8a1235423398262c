//! Splits a long recording into parts, so that diagnosis takes linear time. Each part includes its neighbours, and
//! the start and the end of its sessions.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::exchange::{Exchange, is_milestone};
use crate::protocol::headers::SESSION_ID;

/// Number of exchanges in a part.
const SIZE: usize = 256;
/// Number of exchanges before and after a part that it contains as well.
const AROUND: usize = 64;
/// Maximum number of milestones of one session, and of all sessions, before and after a part.
const MILESTONES: usize = 16;

/// Exchanges with the context that rules look at.
pub struct Part<'e> {
    /// The exchanges and their context, in order.
    pub exchanges: Cow<'e, [Exchange]>,
    /// Range of `exchanges` to diagnose. The others are context.
    pub places: Range<usize>,
}

/// Divides exchanges into parts. A short recording is one part.
pub fn parts(exchanges: &[Exchange]) -> impl Iterator<Item = Part<'_>> {
    let is_whole = exchanges.len() <= SIZE + 2 * AROUND;
    let index = if is_whole { Index::default() } else { Index::of(exchanges) };
    let size = if is_whole { exchanges.len().max(1) } else { SIZE };
    (0..exchanges.len()).step_by(size).map(move |start| {
        let range = start..(start + size).min(exchanges.len());
        if is_whole {
            return Part { exchanges: Cow::Borrowed(exchanges), places: range };
        }
        let context = index.around(exchanges, &range);
        let start = context.range(..range.start).count();
        let exchanges = context.iter().map(|at| exchanges[*at].clone()).collect();
        Part { exchanges: Cow::Owned(exchanges), places: start..start + range.len() }
    })
}

/// The latest exchanges of a live recording, and what opened and ended the sessions that occur among them.
#[derive(Default)]
pub struct Window {
    kept: Vec<Exchange>,
    milestones: HashMap<String, Vec<Exchange>>,
}

impl Window {
    /// Adds an exchange, in the order of the numbers. Returns its position in the window.
    pub fn add(&mut self, exchange: &Exchange) -> usize {
        if self.kept.len() >= 2 * SIZE {
            self.kept.drain(1..SIZE);
        }
        if let Some(session) = exchange.session_sent()
            && let Some(milestones) = self.milestones.get(session)
        {
            let is_lost = |milestone: &&Exchange| self.position(milestone.number).is_none();
            let lost: Vec<Exchange> = milestones.iter().filter(is_lost).cloned().collect();
            for milestone in lost {
                insert(&mut self.kept, milestone);
            }
        }
        if is_milestone(exchange) {
            for session in sessions_of(exchange) {
                let list = self.milestones.entry(session.to_owned()).or_default();
                if list.len() < MILESTONES {
                    list.push(exchange.clone());
                }
            }
        }
        insert(&mut self.kept, exchange.clone())
    }

    /// Returns the exchanges in the window.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.kept
    }

    /// Returns the position of the exchange with this number, if it is still in the window.
    pub fn position(&self, number: usize) -> Option<usize> {
        self.kept.binary_search_by_key(&number, |exchange| exchange.number).ok()
    }
}

/// Inserts an exchange in the order of the numbers, unless it is there. Returns its position.
fn insert(exchanges: &mut Vec<Exchange>, exchange: Exchange) -> usize {
    match exchanges.binary_search_by_key(&exchange.number, |known| known.number) {
        Ok(at) => at,
        Err(at) => {
            exchanges.insert(at, exchange);
            at
        }
    }
}

/// Where sessions are opened and ended in a recording.
#[derive(Default)]
struct Index {
    /// Positions of all milestones, in order.
    all: Vec<usize>,
    /// Positions of the milestones of each session, in order.
    of_session: HashMap<String, Vec<usize>>,
}

impl Index {
    fn of(exchanges: &[Exchange]) -> Self {
        let mut index = Self::default();
        let found = exchanges.iter().enumerate();
        for (at, exchange) in found.filter(|(_, it)| is_milestone(it) || it.request.method == "GET")
        {
            index.all.push(at);
            for session in sessions_of(exchange) {
                index.of_session.entry(session.to_owned()).or_default().push(at);
            }
        }
        index
    }

    /// Returns the positions that belong into the part of these exchanges, in order.
    fn around(&self, exchanges: &[Exchange], range: &Range<usize>) -> BTreeSet<usize> {
        let end = (range.end + AROUND).min(exchanges.len());
        let mut context: BTreeSet<usize> = (range.start.saturating_sub(AROUND)..end).collect();
        // The address of the first exchange is the one that others are compared with.
        context.insert(0);
        let sessions: BTreeSet<&str> =
            exchanges[range.clone()].iter().flat_map(sessions_of).collect();
        let lists = sessions.into_iter().filter_map(|session| self.of_session.get(session));
        for list in lists.chain([&self.all]) {
            let (before, after) = list.split_at(list.partition_point(|at| *at < range.start));
            context.extend(before.iter().take(2));
            context.extend(before.iter().rev().take(MILESTONES));
            let after = after.iter().skip_while(|at| **at < range.end);
            context.extend(after.take(MILESTONES));
        }
        context
    }
}

/// Returns the sessions that an exchange carries and issues.
fn sessions_of(exchange: &Exchange) -> impl Iterator<Item = &str> {
    let issued = exchange.answer.as_ref().and_then(|answer| answer.header(SESSION_ID));
    exchange.session_sent().into_iter().chain(issued)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::{answered, sent, with_headers};

    const OK: &str = r#"{"jsonrpc":"2.0","id":"x","result":{}}"#;

    fn opened(session: &str) -> Exchange {
        with_headers(sent("initialize", None), 200, &[("mcp-session-id", session)], OK)
    }

    #[test]
    fn every_exchange_is_in_one_part_with_what_opened_its_session() {
        let mut exchanges = vec![opened("old")];
        for number in 0..300 {
            exchanges.push(opened(&format!("s-{number}")));
        }
        for _ in 0..2000 {
            exchanges.push(answered(sent("tools/call", Some("old")), 200, OK));
        }
        for (number, exchange) in exchanges.iter_mut().enumerate() {
            exchange.number = number;
        }
        let mut seen = Vec::new();
        for part in parts(&exchanges) {
            assert!(part.exchanges.len() < SIZE + 2 * AROUND + 100);
            for place in part.places.clone() {
                let there = &part.exchanges[place];
                seen.push(there.number);
                let issues = |other: &Exchange| sessions_of(other).any(|it| it == "old");
                assert!(
                    there.session_sent().is_none() || part.exchanges[..place].iter().any(issues)
                );
            }
        }
        assert_eq!(seen, (0..exchanges.len()).collect::<Vec<_>>());
    }

    #[test]
    fn a_window_keeps_what_opened_a_session_that_goes_on() {
        let mut window = Window::default();
        let mut number = 0;
        let mut add = |exchange: Exchange| {
            number += 1;
            let at = window.add(&Exchange { number, ..exchange });
            assert!(window.exchanges().len() <= 2 * SIZE + MILESTONES);
            assert_eq!(window.position(number), Some(at));
            window.exchanges().to_vec()
        };
        let milestones_of = |kept: &[Exchange], session: &str| {
            let of_it = |other: &&Exchange| sessions_of(other).any(|it| it == session);
            kept.iter().filter(of_it).filter(|other| is_milestone(other)).count()
        };
        add(opened("old"));
        add(answered(sent("notifications/initialized", Some("old")), 202, ""));
        for session in 0..2000 {
            add(opened(&format!("s-{session}")));
        }
        for _ in 0..2000 {
            let kept = add(answered(sent("tools/call", Some("old")), 200, OK));
            assert_eq!(milestones_of(&kept, "old"), 2);
            assert!(kept.is_sorted_by_key(|exchange| exchange.number));
        }
    }
}
