//! Who is told of exchanges, and what is hidden from them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Event, Exchange};
use crate::redact::Redactor;

/// Is told of every exchange as it happens. A trace is one of these, and never an `if` in the driver.
pub trait Observer: Send {
    /// A request is about to be sent.
    fn sending(&mut self, _exchange: &Exchange, _redactor: &Redactor) {}
    /// The status and the headers are here.
    fn answered(&mut self, _exchange: &Exchange, _redactor: &Redactor) {}
    /// A block of a stream is here.
    fn event(&mut self, _event: &Event, _redactor: &Redactor) {}
    /// The exchange is over.
    fn finished(&mut self, _exchange: &Exchange, _redactor: &Redactor) {}
}

/// Keeps the observers, the secrets and the count of the exchanges of one process. Clones, in whichever
/// thread, keep the same.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    observers: Vec<Box<dyn Observer>>,
    redactor: Redactor,
    count: usize,
}

impl Recorder {
    /// A recorder that tells these observers.
    pub fn new(observers: Vec<Box<dyn Observer>>, redactor: Redactor) -> Self {
        Self(Arc::new(Mutex::new(Records { observers, redactor, count: 0 })))
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next exchange.
    pub fn next_number(&self) -> usize {
        let mut records = self.records();
        records.count += 1;
        records.count
    }

    /// Learns secrets.
    pub fn learn(&self, teach: impl FnOnce(&mut Redactor)) {
        teach(&mut self.records().redactor);
    }

    /// A copy of the redactor with all that it has learned so far.
    pub fn redactor(&self) -> Redactor {
        self.records().redactor.clone()
    }

    /// A text without any of the secrets that are known by now.
    pub fn hide(&self, text: &str) -> String {
        self.records().redactor.text(text).into_owned()
    }

    /// Tells every observer.
    pub fn tell(&self, tell: impl Fn(&mut dyn Observer, &Redactor)) {
        let records = &mut *self.records();
        for observer in &mut records.observers {
            tell(observer.as_mut(), &records.redactor);
        }
    }
}
