//! The screens of `trace` and `explain`.

use snapbox::{assert_data_eq, str};

use super::screen;
use crate::support::Sandbox;

#[test]
fn a_ladder_is_80_columns_wide() {
    let screen = screen(&Sandbox::new().run(&["trace", "demo"]));
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    assert_data_eq!(
        screen,
        str![[r#"
      you                                                   127.0.0.1:#####
       │ 1 tools/call echo                       no Mcp-Session-Id │
       │───────────────────────────────────────────────────────────▶
       ◀─── 400 -32000 Bad request: the Mcp-Session-Id header is… ─│      # ms
       │ 2 tools/list                            no Mcp-Session-Id │
       │───────────────────────────────────────────────────────────▶
       ◀─── 400 -32000 Bad request: the Mcp-Session-Id header is… ─│      # ms
       │ 3 server/discover                     + _meta, Mcp-Method │
       │───────────────────────────────────────────────────────────▶
       ◀────────────────────────────────────────────────── 200 OK ─│      # ms
       │ 4 tools/list                          + _meta, Mcp-Method │
       │───────────────────────────────────────────────────────────▶
       ◀────────────────────────────────────────────────── 200 OK ─│      # ms
       │ 5 initialize 2025-11-25                                   │
       │───────────────────────────────────────────────────────────▶
       ◀───────────────────── 200  Mcp-Session-Id: #… (32) ─│      # ms
       │ 6 notifications/initialized              + Mcp-Session-Id │
       │───────────────────────────────────────────────────────────▶
       ◀──────────────────────────────────────────── 202 Accepted ─│      # ms
       │ 7 tools/call echo                        + Mcp-Session-Id │
       │───────────────────────────────────────────────────────────▶
       ◀─────────────────────────────────────────────── 200 hello ─│      # ms
       │ 8 tools/list             MCP-Protocol-Version, no session │
       │───────────────────────────────────────────────────────────▶
       ◀─── 400 -32000 Bad request: the Mcp-Session-Id header is… ─│      # ms
       │ 9 tools/list                                  Accept: */* │
       │───────────────────────────────────────────────────────────▶
       ◀─── 406 -32000 Not acceptable: Accept must name both typ… ─│      # ms
       │ 10 tools/list      Content-Type: application/x-www-form-… │
       │───────────────────────────────────────────────────────────▶
       ◀─── 415 -32000 Unsupported media type: Content-Type must… ─│      # ms
       │ 11 tools/list                            + Mcp-Session-Id │
       │───────────────────────────────────────────────────────────▶
       ◀────────────────────────────────────────────────── 200 OK ─│      # ms
       │ 12 initialize 2025-11-25                 a second session │
       │───────────────────────────────────────────────────────────▶
       ◀───────────────────── 200  Mcp-Session-Id: #… (32) ─│      # ms
       │ 13 tools/list                  + a made-up Mcp-Session-Id │
       │───────────────────────────────────────────────────────────▶
       ◀──────────────────────────── 404 -32001 Session not found ─│      # ms
       │ 14 DELETE                                + Mcp-Session-Id │
       │───────────────────────────────────────────────────────────▶
       ◀────────────────────────────────────────── 204 No Content ─│      # ms
       │ 15 tools/list                  + the ended Mcp-Session-Id │
       │───────────────────────────────────────────────────────────▶
       ◀──────────────────────────── 404 -32001 Session not found ─│      # ms
       │ 16 DELETE                                + Mcp-Session-Id │
       │───────────────────────────────────────────────────────────▶
       ◀────────────────────────────────────────── 204 No Content ─│      # ms

why 1 failed     session-missing (certain): missing Mcp-Session-Id header
                 7 is the same request with a session, and works; a 2026-07-28
                 request works without one
                 1 without a session: 400 -32000 Bad request: the
                 Mcp-Session-Id header is required
                 7 with a session: 200
                 4 as a 2026-07-28 request: 200
this server      mcpoke-demo 0.1.0 · 2026-07-28, 2025-11-25, 2025-06-18,
                 2025-03-26 · keeps sessions · both eras · responds as SSE
                 a missing id gets 400; an unknown id gets 404; an ended id
                 gets 404
your client must 1 put protocolVersion and clientCapabilities into params._meta
                 2 send MCP-Protocol-Version, Mcp-Method and Mcp-Name to match
                 3 skip the handshake; there is no session
                 4 send Accept: application/json, text/event-stream on every
                 POST
                 5 send Content-Type: application/json on every POST
or               1 POST initialize, without a session id
                 2 keep the Mcp-Session-Id response header (it is not in the
                 body)
                 3 POST notifications/initialized with it
                 4 send this header and MCP-Protocol-Version with every later
                 request
                 5 send Accept: application/json, text/event-stream on every
                 POST
                 6 send Content-Type: application/json on every POST
--- stderr

next: mcpoke demo --port 8720 &
      mcpoke trace http://127.0.0.1:####/mcp --recipe python
      mcpoke explain session-missing
[exit 0]

"#]]
    );
}

#[test]
fn rules_are_explained() {
    let sandbox = Sandbox::new();
    assert_data_eq!(
        screen(&sandbox.run(&["explain", "session-not-sticky"])),
        str![[r#"
session-not-sticky
session recognised only some of the time

About one request in N works. Sessions live in the memory of one process.
If a load balancer spreads requests over several, replicas do not recognise
a session that another one issued.

To confirm this, repeat the same harmless request in one session on fresh
connections. Some work, and others are rejected. A session that expired
stays rejected.

The client
Several servers respond behind this address, and each recognises only its
own sessions. If the server sets a cookie, keep it and send it: the load
balancer routes by it. Otherwise only the operator can help.

The server
Route by the Mcp-Session-Id header (or run one replica, or keep sessions in
a shared store, or serve without sessions).

Specification
2025-11-25, Transports, Session Management
--- stderr
[exit 0]

"#]]
    );
    assert_data_eq!(
        screen(&sandbox.run(&["explain", "sessions"])),
        str![[r#"
session-id-from-error
  session id taken from an error response
  Only the 2xx response to initialize issues a session. Read the header from
  no other response. Error responses of real servers carry ids of dead
  sessions.
session-id-from-body
  session id taken from a response body
  The session id is the value of the response header Mcp-Session-Id. A session
  or an id in a body is something else.
session-not-sticky
  session recognised only some of the time
  Several servers respond behind this address, and each recognises only its
  own sessions. If the server sets a cookie, keep it and send it: the load
  balancer routes by it. Otherwise only the operator can help.
session-not-supported
  stateless server rejects session ids
  Omit the Mcp-Session-Id header: this server rejects it.
session-expired
  the server does not recognise this session
  The session was ended, it expired, the server restarted, or it never issued
  this id. Send a new initialize without the old id, and continue with the new
  session. State kept in the old session is lost.
session-missing
  missing Mcp-Session-Id header
  This server keeps sessions. Send initialize first, and keep the
  Mcp-Session-Id header (not the body) of the response. Then send
  notifications/initialized, and that header with every later request.
--- stderr

The text alone does not tell these apart: `mcpoke trace TARGET` finds out by experiments.
mcpoke explain RULE explains one in full
[exit 0]

"#]]
    );
}
