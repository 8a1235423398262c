//! What a server tells while a request runs: progress, log messages, that something has changed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::protocol::methods;

/// A notification of the server's.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'n> {
    /// The method, such as `notifications/progress`.
    pub method: &'n str,
    /// Its parameters, as the server wrote them.
    pub params: Option<&'n RawValue>,
}

impl Notice<'_> {
    /// Its parameters; null where there are none that can be read.
    pub fn value(self) -> Value {
        let params = self.params.and_then(|params| serde_json::from_str(params.get()).ok());
        params.unwrap_or_default()
    }
}

/// Is told of the server's notifications.
pub trait Watcher: Send {
    /// One came.
    fn noticed(&mut self, notice: Notice<'_>);
}

/// Where notifications go: those of the call and those of the stream beside it.
#[derive(Clone, Default)]
pub(super) struct Notices {
    watcher: Option<Arc<Mutex<dyn Watcher>>>,
    tools_changed: Arc<AtomicBool>,
}

impl Notices {
    /// Told to this one from now on.
    pub(super) fn watch(&mut self, watcher: impl Watcher + 'static) {
        self.watcher = Some(Arc::new(Mutex::new(watcher)));
    }

    /// Hands one on.
    pub(super) fn tell(&self, method: &str, params: Option<&RawValue>) {
        if method == methods::TOOLS_CHANGED {
            self.tools_changed.store(true, Ordering::SeqCst);
        }
        if let Some(watcher) = &self.watcher {
            let mut watcher = watcher.lock().unwrap_or_else(PoisonError::into_inner);
            watcher.noticed(Notice { method, params });
        }
    }

    /// Whether the server has said that its tools are others now.
    pub(super) fn tools_changed(&self) -> bool {
        self.tools_changed.load(Ordering::SeqCst)
    }
}
