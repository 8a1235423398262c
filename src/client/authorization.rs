//! Retries a request with another token after the server refused its token (2026-07-28,
//! Authorization, Error Handling). A request refused in this way has not run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Client;
use super::error::{Error, ErrorKind};
use crate::exchange::{Exchange, Purpose, Request};
use crate::oauth;
use crate::transport::Reply;

/// Maximum number of times one request is sent, each time with another token.
const MAX_TOKENS: usize = 4;

/// Maximum number of messages read from a refusal, each within `READING`.
const MAX_MESSAGES: usize = 4;
const READING: Duration = Duration::from_secs(1);

/// Source of access tokens.
pub trait Authorizer: Send {
    /// Returns true if another token can be obtained after this refusal.
    fn can_help(&self, refusal: &Exchange) -> bool;
    /// Returns the Authorization header value that replaces the refused one. Exchanges made to
    /// obtain it are added to `history`.
    fn authorize(
        &mut self,
        refusal: &Exchange,
        history: &mut Vec<Exchange>,
    ) -> Result<String, oauth::Error>;
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

    fn can_help(&self, refusal: &Exchange) -> bool {
        self.get().is_some_and(|authorizer| authorizer.can_help(refusal))
    }

    fn authorize(
        &self,
        refusal: &Exchange,
        history: &mut Vec<Exchange>,
    ) -> Result<String, oauth::Error> {
        let nobody = || oauth::Error::new(oauth::ErrorKind::NobodyToAsk, "there is no token");
        self.get().ok_or_else(nobody)?.authorize(refusal, history)
    }
}

impl Client {
    /// Sets the source of tokens for refused requests.
    pub fn authorize_with(&mut self, authorization: Authorization) {
        self.authorization = authorization;
    }

    /// Sends a request. If the server refuses its token with 401 or 403, sends the request
    /// again with another token, at most 4 times in all.
    pub(super) fn send(&mut self, purpose: Purpose, mut request: Request) -> Result<Reply, Error> {
        for _ in 1..MAX_TOKENS {
            let reply = self.send_on(purpose.clone(), &mut request)?;
            let refused = matches!(reply.status(), 401 | 403);
            if !refused || !self.authorization.can_help(reply.exchange()) {
                return Ok(reply);
            }
            let header = ("authorization".to_owned(), self.another_token(reply)?);
            // Later requests must carry the new token too.
            for headers in [&mut self.headers, &mut request.headers] {
                headers.retain(|(name, _)| *name != header.0);
                headers.push(header.clone());
            }
        }
        self.send_on(purpose, &mut request)
    }

    fn another_token(&mut self, mut reply: Reply) -> Result<String, Error> {
        // The body of the refusal is evidence, so it is read before another token is obtained.
        for _ in 0..MAX_MESSAGES {
            if !matches!(reply.next_message_within(READING), Ok(Some(_))) {
                break;
            }
        }
        let refusal = reply.finish();
        self.history.push((*refusal).clone());
        let given = self.authorization.authorize(&refusal, &mut self.history);
        given.map_err(|error| {
            let shown = error.exchange.unwrap_or(refusal.number);
            let exchange = self.history.iter().find(|exchange| exchange.number == shown);
            let exchange = exchange.cloned().map_or(refusal, Box::new);
            let kind = ErrorKind::Unauthorized(error);
            Error { kind, exchange: Some(exchange), fallback: None, cancelled: false }
        })
    }
}
