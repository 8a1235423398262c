//! Observers of exchanges, and redaction of what they show.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Event, Exchange};
use crate::redact::Redactor;

/// Receives exchange events; tracing is an observer.
pub trait Observer: Send {
    /// Called before a request is sent.
    fn sending(&mut self, _exchange: &Exchange, _redactor: &Redactor) {}
    /// Called when the status and headers have arrived.
    fn answered(&mut self, _exchange: &Exchange, _redactor: &Redactor) {}
    /// Called for each block of a stream.
    fn event(&mut self, _event: &Event, _redactor: &Redactor) {}
    /// Called at the end of the exchange.
    fn finished(&mut self, _exchange: &Exchange, _redactor: &Redactor) {}
}

/// Observers, secrets and the exchange counter of one process. Clones share them, across
/// threads.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    observers: Vec<Box<dyn Observer>>,
    redactor: Redactor,
    count: usize,
}

impl Recorder {
    /// Creates a recorder with these observers.
    pub fn new(observers: Vec<Box<dyn Observer>>, redactor: Redactor) -> Self {
        Self(Arc::new(Mutex::new(Records { observers, redactor, count: 0 })))
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Returns a copy of the redactor with all secrets added so far.
    pub fn redactor(&self) -> Redactor {
        self.records().redactor.clone()
    }

    /// Returns the text without any secret known so far.
    pub fn hide(&self, text: &str) -> String {
        self.records().redactor.text(text).into_owned()
    }

    /// Calls `tell` for every observer.
    pub fn tell(&self, tell: impl Fn(&mut dyn Observer, &Redactor)) {
        let records = &mut *self.records();
        for observer in &mut records.observers {
            tell(observer.as_mut(), &records.redactor);
        }
    }
}
