//! When a request is sent again. One table for every place that repeats one, so that no call runs twice.
//!
//! A server that loses its session while a tool runs, and refuses everything from then on in the same way,
//! cannot be told apart from one that refused the call: the call is repeated there.

use super::Client;
use super::error::{Error, ErrorKind};
use super::request::Input;
use super::rpc_request::{Idempotency, RpcRequest};
use crate::exchange::Exchange;
use crate::oauth::Challenge;
use crate::protocol::jsonrpc::RequestId;
use crate::transport::{Redirect, Reply, judge_redirect};

/// Maximum number of times one request is sent, each time for a reason of its own.
const MAX_ATTEMPTS: usize = 4;

/// Reason to send a request again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The session is gone, as a harmless request showed. `alike` if the request itself was refused with the
    /// same status and code, and so did not run.
    SessionGone {
        /// The refusals have the same status and code.
        alike: bool,
    },
    /// The server speaks another era now: it refused this form of a harmless request in the same way.
    OtherEra,
    /// The token lacks a scope, and another one was obtained (RFC 6750, 3.1; 2026-07-28, Authorization, "Scope
    /// Challenge Handling").
    WiderScope,
    /// The mirrored headers were outdated: -32020 comes before the tool runs (2026-07-28, Streamable HTTP,
    /// "Client Behavior").
    HeaderMismatch,
    /// The server asked for input; the round before it did not complete (2026-07-28, Multi Round-Trip
    /// Requests).
    InputRequired,
    /// The address has moved (RFC 9110, 15.4.8 and 15.4.9), as a harmless request showed too.
    Moved,
    /// The token was refused (RFC 9110, 15.5.2), as it was for a harmless request, and there is another one.
    TokenRefused,
}

impl Reason {
    /// Returns true if a request may be sent again for this reason. A request that is harmless to repeat
    /// always may.
    pub fn permits(self, request: Idempotency) -> bool {
        match (self, request) {
            (Self::SessionGone { alike }, Idempotency::NotIdempotent) => alike,
            (
                Self::SessionGone { .. } | Self::OtherEra | Self::WiderScope,
                Idempotency::Destructive,
            ) => false,
            (Self::SessionGone { .. }, Idempotency::Idempotent)
            | (
                Self::OtherEra
                | Self::WiderScope
                | Self::HeaderMismatch
                | Self::InputRequired
                | Self::Moved
                | Self::TokenRefused,
                _,
            ) => true,
        }
    }
}

impl Client {
    /// Sends a request that may have an effect, and again only for a reason that is proved: it wants another
    /// scope, which is obtained once, or a harmless request was redirected or refused as well.
    pub(super) fn send_cautiously(
        &mut self,
        id: &RequestId,
        rpc: &RpcRequest,
        input: &Input,
    ) -> Result<Reply, Error> {
        let (mut attempt, mut has_wider_scope) = (0, false);
        loop {
            attempt += 1;
            let connection = &mut self.connection;
            let request = connection.compose(id, rpc, input);
            let sent = connection.send_once_only(&rpc.purpose, request);
            let reply = sent.map_err(|error| connection.cancelled(error, rpc, id))?;
            let has_token = connection.has_another_token(reply.exchange());
            if attempt == MAX_ATTEMPTS || !invites_repetition(reply.exchange(), has_token) {
                return Ok(reply);
            }
            if has_token && wants_scope(reply.exchange()) {
                if has_wider_scope {
                    return Err(refused(reply.finish_whole()));
                }
                let refusal = connection.renew_token(reply)?;
                if !Reason::WiderScope.permits(rpc.idempotency) {
                    return Err(refused(refusal));
                }
                has_wider_scope = true;
                continue;
            }
            let refusal = reply.finish_whole();
            let reason = self.settle(&refusal)?;
            if !reason.is_some_and(|reason| reason.permits(rpc.idempotency)) {
                return Err(refused(refusal));
            }
        }
    }

    /// After a call was redirected, or refused with a challenge: sends a harmless request, which follows the
    /// redirect or gets another token. Returns the reason to send the call again, if that shows one.
    fn settle(&mut self, refusal: &Exchange) -> Result<Option<Reason>, Error> {
        let before = (self.connection.address().to_owned(), self.headers().to_vec());
        let probe =
            if self.session().is_modern() { RpcRequest::discover() } else { RpcRequest::ping() };
        if let Err(error) = self.round_trip(&probe)
            && matches!(error.kind, ErrorKind::Unauthorized(_))
        {
            return Err(error);
        }
        let (moved, renewed) = (self.connection.address() != before.0, self.headers() != before.1);
        Ok(match refusal.status() {
            Some(401) if renewed => Some(Reason::TokenRefused),
            Some(307 | 308) if moved => Some(Reason::Moved),
            _ => None,
        })
    }
}

/// Converts a refusal that is the response to a request.
fn refused(exchange: Box<Exchange>) -> Error {
    let kind = match exchange.outcome().error() {
        Some(error) => ErrorKind::Rpc(error.clone()),
        None => ErrorKind::Status(exchange.status().unwrap_or_default()),
    };
    Error::of(kind).shown_by(exchange)
}

/// Returns true for a response after which the transport would send another request again: a redirect, or
/// a refusal for which there may be another token.
fn invites_repetition(exchange: &Exchange, has_token: bool) -> bool {
    let Some(answer) = &exchange.answer else { return false };
    let location = answer.header("location");
    let redirect = judge_redirect(&exchange.request.url, answer.status, location);
    has_token || matches!(redirect, Some(Redirect::Follow(_)))
}

/// Returns true for a refusal that requires another scope. It concerns this very request, so no other one would
/// be refused for it (2026-07-28, Authorization, "Scope Challenge Handling").
fn wants_scope(exchange: &Exchange) -> bool {
    let challenge = Challenge::of(exchange);
    exchange.status() == Some(403) && challenge.is_some_and(|it| it.wants_more_scope())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        use Idempotency::{Destructive, Idempotent, NotIdempotent};
        let by_specification =
            [Reason::HeaderMismatch, Reason::InputRequired, Reason::Moved, Reason::TokenRefused];
        for request in [Idempotent, NotIdempotent, Destructive] {
            assert!(by_specification.iter().all(|reason| reason.permits(request)));
        }
        for reason in [Reason::OtherEra, Reason::WiderScope] {
            assert!(reason.permits(Idempotent) && reason.permits(NotIdempotent));
            assert!(!reason.permits(Destructive));
        }
        let gone = |alike| Reason::SessionGone { alike };
        assert!(gone(true).permits(Idempotent) && gone(false).permits(Idempotent));
        assert!(gone(true).permits(NotIdempotent) && !gone(false).permits(NotIdempotent));
        assert!(!gone(true).permits(Destructive) && !gone(false).permits(Destructive));
    }
}
