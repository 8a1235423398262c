//! Notifications from the server during a request: progress, log messages and list changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::protocol::methods;

/// A notification from the server.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'n> {
    /// The method, such as `notifications/progress`.
    pub method: &'n str,
    /// Raw parameters, as received.
    pub params: Option<&'n RawValue>,
}

impl Notice<'_> {
    /// Returns the parameters, or null if there are none or they cannot be parsed.
    pub fn value(self) -> Value {
        let params = self.params.and_then(|params| serde_json::from_str(params.get()).ok());
        params.unwrap_or_default()
    }
}

/// Receives notifications from the server.
pub trait Watcher: Send {
    /// Called for each notification.
    fn noticed(&mut self, notice: Notice<'_>);
}

/// Dispatcher for the notifications of a call and of its standalone stream.
#[derive(Clone, Default)]
pub(super) struct Notices {
    watcher: Option<Arc<Mutex<dyn Watcher>>>,
    tools_changed: Arc<AtomicBool>,
}

impl Notices {
    /// Sets the receiver of all later notifications.
    pub(super) fn watch(&mut self, watcher: impl Watcher + 'static) {
        self.watcher = Some(Arc::new(Mutex::new(watcher)));
    }

    /// Passes a notification to the receiver, and records whether the tool list has changed.
    pub(super) fn tell(&self, method: &str, params: Option<&RawValue>) {
        if method == methods::TOOLS_CHANGED {
            self.tools_changed.store(true, Ordering::SeqCst);
        }
        if let Some(watcher) = &self.watcher {
            let mut watcher = watcher.lock().unwrap_or_else(PoisonError::into_inner);
            watcher.noticed(Notice { method, params });
        }
    }

    /// Returns true if the server has reported a changed tool list.
    pub(super) fn tools_changed(&self) -> bool {
        self.tools_changed.load(Ordering::SeqCst)
    }
}
