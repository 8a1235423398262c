//! Notifications from the server during a request: progress, log messages and list changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::protocol::methods;

/// A notification from the server.
#[derive(Debug, Clone, Copy)]
pub struct Notification<'n> {
    /// The method, such as `notifications/progress`.
    pub method: &'n str,
    /// Raw parameters, as received.
    pub params: Option<&'n RawValue>,
}

impl Notification<'_> {
    /// Returns the parameters, or null if there are none or they cannot be parsed.
    pub fn value(self) -> Value {
        let params = self.params.and_then(|params| serde_json::from_str(params.get()).ok());
        params.unwrap_or_default()
    }
}

/// Receives notifications from the server.
pub trait NotificationHandler: Send {
    /// Called for each notification.
    fn on_notification(&mut self, notification: Notification<'_>);
}

/// Dispatcher for the notifications of a call and of its standalone stream.
#[derive(Clone, Default)]
pub struct Notifications {
    handler: Option<Arc<Mutex<dyn NotificationHandler>>>,
    tools_changed: Arc<AtomicBool>,
}

impl Notifications {
    /// Creates a dispatcher that passes every notification to this handler.
    pub fn handled_by(handler: impl NotificationHandler + 'static) -> Self {
        Self { handler: Some(Arc::new(Mutex::new(handler))), ..Self::default() }
    }

    /// Returns true if nobody receives notifications.
    pub(super) fn are_ignored(&self) -> bool {
        self.handler.is_none()
    }

    /// Passes a notification to the receiver, and records whether the tool list has changed.
    pub(super) fn dispatch(&self, method: &str, params: Option<&RawValue>) {
        if method == methods::TOOLS_CHANGED {
            self.tools_changed.store(true, Ordering::SeqCst);
        }
        if let Some(handler) = &self.handler {
            let mut handler = handler.lock().unwrap_or_else(PoisonError::into_inner);
            handler.on_notification(Notification { method, params });
        }
    }

    /// Returns true if the server has reported a changed tool list.
    pub(super) fn tools_changed(&self) -> bool {
        self.tools_changed.load(Ordering::SeqCst)
    }
}
