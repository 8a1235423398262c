//! Distribution of exchanges to their observers, with secrets redacted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Event, Exchange, History};
use crate::redact::Redactor;

/// Receives exchange events; tracing is an observer.
pub trait Observer: Send {
    /// Called before a request is sent.
    fn sending(&mut self, _exchange: &Exchange, _redactor: &Redactor) {}
    /// Called when the status and the headers have arrived.
    fn answered(&mut self, _exchange: &Exchange, _redactor: &Redactor) {}
    /// Called for each block of an event stream.
    fn event(&mut self, _event: &Event, _redactor: &Redactor) {}
    /// Called when the exchange is complete.
    fn finished(&mut self, _exchange: &Exchange, _redactor: &Redactor) {}
    /// Returns the first error that kept it from recording, which did not stop the command.
    fn problem(&self) -> Option<String> {
        None
    }
}

/// Observers, known secrets and exchange counter of one process, and one history. Clones share all of
/// it; `apart` starts another history.
#[derive(Clone, Default)]
pub struct Recorder {
    records: Arc<Mutex<Records>>,
    history: Arc<Mutex<History>>,
    /// Minimum number of exchanges that the history keeps.
    recent: usize,
}

#[derive(Default)]
struct Records {
    observers: Vec<Box<dyn Observer>>,
    redactor: Redactor,
    count: usize,
}

impl Recorder {
    /// Creates a recorder with these observers, whose history keeps at least the `recent` latest
    /// exchanges.
    pub fn new(observers: Vec<Box<dyn Observer>>, redactor: Redactor, recent: usize) -> Self {
        Self {
            records: Arc::new(Mutex::new(Records { observers, redactor, count: 0 })),
            history: Arc::new(Mutex::new(History::new(recent))),
            recent,
        }
    }

    /// Returns a recorder with the same observers, secrets and counter, and a history of its own: what
    /// one connection does says nothing about a failure on another.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { history: Arc::new(Mutex::new(History::new(self.recent))), ..self.clone() }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn history_lock(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of the next exchange.
    pub fn next_number(&self) -> usize {
        let mut records = self.records();
        records.count += 1;
        records.count
    }

    /// Adds secrets to the redactor.
    pub fn learn(&self, teach: impl FnOnce(&mut Redactor)) {
        teach(&mut self.records().redactor);
    }

    /// Returns a copy of the redactor with all secrets known so far.
    pub fn redactor(&self) -> Redactor {
        self.records().redactor.clone()
    }

    /// Returns the text with all known secrets redacted.
    pub fn hide(&self, text: &str) -> String {
        self.records().redactor.text(text).into_owned()
    }

    /// Returns true if there is an observer.
    pub fn has_observers(&self) -> bool {
        !self.records().observers.is_empty()
    }

    /// Calls every observer.
    pub fn tell(&self, tell: impl Fn(&mut dyn Observer, &Redactor)) {
        let records = &mut *self.records();
        for observer in &mut records.observers {
            tell(observer.as_mut(), &records.redactor);
        }
    }

    /// Returns the first error that kept an observer from recording.
    pub fn problem(&self) -> Option<String> {
        self.records().observers.iter().find_map(|observer| observer.problem())
    }

    /// Reports a complete exchange to every observer and adds it to the history.
    pub fn finished(&self, exchange: &Exchange) {
        self.learn(|redactor| super::teach_cookies(exchange.answer.as_ref(), redactor));
        self.tell(|observer, redactor| observer.finished(exchange, redactor));
        self.history_lock().add(exchange.clone());
    }

    /// Returns a copy of the history, oldest exchange first.
    pub fn history(&self) -> Vec<Exchange> {
        self.history_lock().exchanges().to_vec()
    }

    /// Removes and returns the history.
    pub fn take_history(&self) -> Vec<Exchange> {
        self.history_lock().take()
    }

    /// Returns the exchange of this number, if the history still keeps it.
    pub fn find(&self, number: usize) -> Option<Exchange> {
        let history = self.history_lock();
        history.exchanges().iter().rev().find(|exchange| exchange.number == number).cloned()
    }

    /// Changes a complete exchange in the history, once more is known about it. Observers were told
    /// before.
    pub fn amend(&self, number: usize, change: impl FnOnce(&mut Exchange)) {
        self.history_lock().amend(number, change);
    }
}
