//! Evidence and a near miss for each rule of sessions and handshakes.

use super::{Case, RESULT, error, explain_at, found, get, list, opened, sending, told};
use crate::diagnose::Certainty;
use crate::exchange::Exchange;
use crate::exchange::testing::{answered, sent, with_headers};

#[allow(clippy::too_many_lines)] // a table
pub(super) fn cases() -> Vec<Case> {
    let missing = error(-32600, "Bad Request: Missing session ID");
    let unknown = error(-32001, "Session not found");
    let dead = || {
        with_headers(
            sent("tools/call", None),
            400,
            &[("mcp-session-id", "dead")],
            &error(-32600, "Bad Request: Missing session ID"),
        )
    };
    vec![
        (
            "session-id-from-error",
            (vec![dead(), list(Some("dead"), 404, &unknown)], 1),
            (vec![opened(), told(), list(Some("s-1"), 404, &unknown)], 2),
        ),
        (
            "session-not-sticky",
            (vec![opened(), list(Some("s-1"), 404, &unknown), list(Some("s-1"), 200, RESULT)], 1),
            (vec![opened(), list(Some("s-1"), 404, &unknown), list(Some("s-1"), 404, &unknown)], 1),
        ),
        (
            "session-not-supported",
            (
                vec![list(
                    Some("s"),
                    400,
                    &error(
                        -32000,
                        "Bad Request: Mcp-Session-Id header is not supported in stateless mode",
                    ),
                )],
                0,
            ),
            (vec![list(Some("s"), 404, &unknown)], 0),
        ),
        (
            "already-initialized",
            (
                vec![answered(
                    sent("initialize", Some("s")),
                    400,
                    &error(-32600, "Invalid Request: Server already initialized"),
                )],
                0,
            ),
            (
                vec![answered(
                    sent("initialize", None),
                    400,
                    &error(-32600, "Invalid Request: Server already initialized"),
                )],
                0,
            ),
        ),
        (
            "shared-transport",
            (
                vec![answered(
                    sent("initialize", None),
                    400,
                    &error(-32600, "Invalid Request: Server already initialized"),
                )],
                0,
            ),
            (vec![answered(sent("initialize", None), 400, &error(-32000, "Not ready"))], 0),
        ),
        (
            "not-initialized",
            (
                vec![
                    opened(),
                    list(Some("s-1"), 200, &error(-32602, "Invalid request parameters")),
                ],
                1,
            ),
            (
                vec![
                    opened(),
                    told(),
                    list(Some("s-1"), 200, &error(-32602, "Invalid request parameters")),
                ],
                2,
            ),
        ),
        (
            "session-missing",
            (vec![list(None, 400, &missing)], 0),
            (vec![list(None, 400, &error(-32602, "no such parameter"))], 0),
        ),
        (
            "session-id-stripped",
            (
                vec![list(None, 400, &missing), opened(), told(), list(Some("s-1"), 400, &missing)],
                3,
            ),
            (vec![list(None, 400, &missing), list(Some("never-issued"), 400, &missing)], 1),
        ),
        (
            "session-expired",
            (vec![list(Some("s"), 404, &unknown)], 0),
            (vec![list(Some("s"), 404, &error(-32601, "Method not found"))], 0),
        ),
        (
            "stateless",
            (vec![answered(sent("initialize", None), 200, RESULT), get(405, "")], 1),
            (vec![opened(), list(Some("s-1"), 405, "")], 1),
        ),
    ]
}

#[test]
fn the_handshake_of_another_client_does_not_count() {
    let missing = error(-32600, "Bad Request: Missing session ID");
    let by = |name: &str| {
        let own = sending(opened(), &[("user-agent", "one/1")]);
        vec![own, sending(list(None, 400, &missing), &[("user-agent", name)])]
    };
    let because = |exchanges: &[Exchange]| explain_at(exchanges, 1)[0].because.clone();
    assert_eq!(because(&by("one/1")), "1 issued a session id, and this request carries none");
    assert_eq!(because(&by("two/1")), "no initialize was sent before it");
    let halfway = |name: &str| {
        let refused = list(None, 200, &error(-32602, "Invalid request parameters"));
        let own = answered(sent("initialize", None), 200, RESULT);
        let own = sending(own, &[("user-agent", "one/1")]);
        vec![own, sending(refused, &[("user-agent", name)])]
    };
    assert_eq!(found((halfway("one/1"), 1)), ["not-initialized"]);
    assert!(found((halfway("two/1"), 1)).is_empty());
}

#[test]
fn a_session_that_has_just_served_has_not_expired() {
    let refused = |body: &str| {
        let serves = list(Some("s-1"), 200, RESULT);
        let call = answered(sent("tools/call", Some("s-1")), 410, body);
        explain_at(&[opened(), told(), serves, call], 3)[0].certainty
    };
    assert_eq!(refused(&error(-32000, "the record was deleted")), Certainty::Possible);
    assert_eq!(refused(""), Certainty::Likely);
}
