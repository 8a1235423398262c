//! Judges the requests of another client by what it sends next.

use super::evidence::{is_modern_request, is_same_client};
use crate::exchange::{Exchange, Outcome};
use crate::protocol::methods;

/// Returns true if an exchange asks for the modern era: `server/discover`, or a request of its form.
pub fn is_modern_probe(exchange: &Exchange) -> bool {
    exchange.is(methods::DISCOVER) || is_modern_request(exchange)
}

/// Returns true if a client tried the modern era and then did the handshake, or had done it before, as a
/// client of both eras should (2026-07-28, Streamable HTTP, "Backward Compatibility"). A refusal of the probe
/// is then no finding, unless it is about credentials, limits or the server's own failure.
pub fn fell_back(exchanges: &[Exchange], at: usize) -> bool {
    let probe = &exchanges[at];
    let has_cause = matches!(probe.status(), None | Some(401 | 403 | 407 | 429 | 500..));
    if has_cause || !is_modern_probe(probe) {
        return false;
    }
    let opens = |other: &&Exchange| other.is(methods::INITIALIZE);
    let of_client = |other: &&Exchange| is_same_client(other, probe);
    let before = exchanges[..at].iter().filter(of_client);
    if before.clone().any(|other| is_modern_probe(other) && other.outcome().is_success()) {
        return false;
    }
    next_request(exchanges, at).as_ref().is_some_and(opens)
        || before.filter(opens).any(|e| e.outcome().is_success())
}

/// Returns the next request of the same client that is not a probe of the modern era.
pub fn next_request(exchanges: &[Exchange], at: usize) -> Option<&Exchange> {
    exchanges[at + 1..].iter().find(|later| {
        is_same_client(later, &exchanges[at])
            && later.request.method == "POST"
            && !is_modern_probe(later)
    })
}

/// Returns true for a refused GET or DELETE, which the specification permits (2025-11-25, Transports).
pub fn is_permitted_refusal(exchange: &Exchange) -> bool {
    exchange.status() == Some(405) && matches!(exchange.request.method, "GET" | "DELETE")
}

/// Returns a later success of the same request by the same client.
pub fn success_later<'e>(exchanges: &'e [Exchange], failed: &Exchange) -> Option<&'e Exchange> {
    let params = |exchange: &Exchange| -> Option<serde_json::Value> {
        let mut body: serde_json::Value = serde_json::from_str(&exchange.request.body).ok()?;
        let mut params = body["params"].take();
        params.as_object_mut().map(|params| params.shift_remove("_meta"));
        Some(params)
    };
    exchanges.iter().find(|later| {
        later.number > failed.number
            && later.purpose == failed.purpose
            && is_same_client(later, failed)
            && params(later) == params(failed)
            && Outcome::among(later, exchanges).is_success()
    })
}
