//! Sources of access tokens for requests whose token was refused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::exchange::Exchange;
use crate::oauth;

/// Source of access tokens.
pub trait Authorizer: Send {
    /// Returns true if another token can be obtained after this refusal.
    fn can_help(&self, refusal: &Exchange) -> bool;
    /// Returns the Authorization header value that replaces the refused one.
    fn authorize(&mut self, refusal: &Exchange) -> Result<String, oauth::Error>;
}

/// Token source shared by all connections of a process.
#[derive(Clone, Default)]
pub struct Authorization(Option<Arc<Mutex<dyn Authorizer>>>);

impl Authorization {
    /// Shares this token source.
    pub fn by(authorizer: Arc<Mutex<dyn Authorizer>>) -> Self {
        Self(Some(authorizer))
    }

    fn get(&self) -> Option<MutexGuard<'_, dyn Authorizer + 'static>> {
        Some(self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn can_help(&self, refusal: &Exchange) -> bool {
        self.get().is_some_and(|authorizer| authorizer.can_help(refusal))
    }

    pub(super) fn authorize(&self, refusal: &Exchange) -> Result<String, oauth::Error> {
        let nobody = || oauth::Error::new(oauth::ErrorKind::NobodyToAsk, "there is no token");
        self.get().ok_or_else(nobody)?.authorize(refusal)
    }
}
