//! The screen of each kind of failure.

use serde_json::json;
use snapbox::{assert_data_eq, str};

use super::{called, initialized, screen};
use crate::support::{Request, Sandbox, forgetful, http, mcp};

#[test]
fn of_the_command_line() {
    let sandbox = Sandbox::new();
    assert_data_eq!(
        screen(&sandbox.run(&["list-tool"])),
        str![[r#"
--- stderr
error: unrecognized subcommand 'list-tool'

  tip: some similar subcommands exist: 'listen', 'list-resource-templates', 'list-prompts', 'list-tools'

Usage: mcpoke [OPTIONS] <COMMAND>

For more information, try '--help'.
[exit 2]

"#]]
    );
    assert_data_eq!(
        screen(&sandbox.run(&["init", "ftp://h/"])),
        str![[r#"
--- stderr
mcpoke: `ftp://h/` is not a server's URL: only http and https can be spoken to

next: mcpoke init URL            a server that is not saved yet
      mcpoke -s demo list-tools  the built-in server
[exit 2]

"#]]
    );
    assert_data_eq!(
        screen(&sandbox.run(&["-s", "nowhere", "ping"])),
        str![[r#"
--- stderr
mcpoke: no saved server named `nowhere`

next: mcpoke init URL            a server that is not saved yet
      mcpoke -s demo list-tools  the built-in server
      mcpoke servers             shows those of configuration files
[exit 2]

"#]]
    );
}

#[test]
fn of_the_server() {
    assert_data_eq!(
        initialized(|_| http(404, &[], "404 page not found")),
        str![[r#"
--- stderr
mcpoke: no MCP endpoint at this path  [wrong-path, likely]
  sent      POST http://127.0.0.1:#####/mcp  initialize
  response  404 Not Found, in # ms
            no Content-Type: 404 page not found
  means     Check the path: /mcp is usual, with or without a final slash. An
            HTTP+SSE server (2024-11-05), often at /sse, rejects a POST like
            this too.
  see       2025-11-25, Transports, Streamable HTTP

next: mcpoke init http://127.0.0.1:#####/     the address it may be at
      mcpoke init http://127.0.0.1:#####/sse  or, of an older server, this
      mcpoke explain wrong-path               explains it in full
[exit 7]

"#]]
    );
    let page = [("Content-Type", "text/html")];
    assert_data_eq!(
        initialized(move |_| http(200, &page, "<html>Sign in</html>")),
        str![[r#"
--- stderr
mcpoke: this is not an MCP server  [not-mcp, likely]
  sent      POST http://127.0.0.1:#####/mcp  initialize
  response  200 OK, in # ms
            text/html: <html>Sign in</html>
  means     The response is a web page or plain text, not JSON or an event
            stream. Check for a wrong port, a wrong path or a login page.
  see       2025-11-25, Transports, Streamable HTTP

next: mcpoke explain not-mcp  explains it in full
[exit 7]

"#]]
    );
    assert_data_eq!(
        initialized(|_| http(502, &[("Server", "nginx")], "<html></html>")),
        str![[r#"
--- stderr
mcpoke: server behind the proxy is not responding  [upstream-down, likely]
  sent      POST http://127.0.0.1:#####/mcp  initialize
  response  502 Bad Gateway, in # ms
            no Content-Type: <html></html>
  means     The URL is right, but the server is down, starting, or slower than
            the proxy's timeout.
  see       RFC 9110, 15.6

next: mcpoke explain upstream-down  explains it in full
[exit 7]

"#]]
    );
    assert_data_eq!(
        initialized(|_| http(429, &[("Retry-After", "7")], "slow down")),
        str![[r#"
--- stderr
mcpoke: rate limited by the server  [rate-limited, certain]
  sent      POST http://127.0.0.1:#####/mcp  initialize
  response  429 Too Many Requests, in # ms
            no Content-Type: slow down
            retry-after: 7
  means     Wait for the time in the Retry-After header (seconds or a date),
            and send fewer requests at once.
  see       RFC 6585, 4; RFC 9110, 10.2.3

next: mcpoke explain rate-limited  explains it in full
[exit 7]

"#]]
    );
    assert_data_eq!(
        initialized(|_| http(307, &[("Location", "http://h.example/mcp")], "")),
        str![[r#"
--- stderr
mcpoke: redirect to another address  [redirected, certain]
  sent      POST http://127.0.0.1:#####/mcp  server/discover
  response  307 Temporary Redirect, in # ms
            location: http://h.example/mcp
            The redirect was not followed: it points to another origin.
  means     Use the exact URL in the Location header. Only 307 and 308 within
            the same origin are followed. Another origin would receive the
            credentials, and 301, 302 and 303 would turn the POST into a GET.
  see       RFC 9110, 15.4

next: mcpoke explain redirected  explains it in full
[exit 7]

"#]]
    );
}

#[test]
fn of_the_call() {
    let broken = |request: &Request| {
        request.fails(500, &json!({"code": -32603, "message": "the database is locked"}))
    };
    assert_data_eq!(
        called(broken),
        str![[r#"
--- stderr
mcpoke: initialised scripted, now the current server.
mcpoke: the server returned an error: the database is locked  [unknown, possible]
  sent      POST http://127.0.0.1:#####/mcp  tools/call echo
            with Mcp-Session-Id: session-… (24)
  response  500 Internal Server Error, in # ms
            -32603 the database is locked
  means     No rule matches. The request and the response are the only
            evidence. Check the server's log.

next: mcpoke trace scripted  tries the server step by step
      repeat with --trace    shows all that was sent and received
[exit 6]

"#]]
    );
    assert_data_eq!(
        called(|request| request.result(&json!("no object"))),
        str![[r#"
"no object"
--- stderr
mcpoke: initialised scripted, now the current server.
mcpoke: a tool result that cannot be read: invalid type: string "no object", expected struct View at line 1 column 11
[exit 7]

"#]]
    );
}

#[test]
fn of_credentials() {
    let challenge = [("WWW-Authenticate", "Bearer")];
    assert_data_eq!(
        initialized(move |_| http(401, &challenge, "")),
        str![[r#"
--- stderr
mcpoke: credentials are missing or rejected  [auth-required, certain]
  sent      POST http://127.0.0.1:#####/mcp  initialize
  response  401 Unauthorized, in # ms
            www-authenticate: Bearer
  means     Log in with `mcpoke login`, or send a token with --bearer
            (MCPOKE_BEARER, --token-command). Send any other header with -H
            'Name: value'.
  see       2025-11-25, Authorization, Access Token Usage

next: mcpoke login http://127.0.0.1:#####/mcp                     gets a token, in a browser
      mcpoke init http://127.0.0.1:#####/mcp --bearer env:TOKEN   with the token in $TOKEN
      mcpoke init http://127.0.0.1:#####/mcp --token-command CMD  with the token that CMD prints
      mcpoke explain auth-required                                explains it in full
[exit 4]

"#]]
    );
    assert_data_eq!(
        initialized(|_| http(403, &[], "forbidden")),
        str![[r#"
--- stderr
mcpoke: the server responded with HTTP 403  [auth-required, possible]
  sent      POST http://127.0.0.1:#####/mcp  initialize
  response  403 Forbidden, in # ms
            no Content-Type: forbidden
  means     Log in with `mcpoke login`, or send a token with --bearer
            (MCPOKE_BEARER, --token-command). Send any other header with -H
            'Name: value'.
  see       2025-11-25, Authorization, Access Token Usage

next: mcpoke login http://127.0.0.1:#####/mcp                     gets a token, in a browser
      mcpoke init http://127.0.0.1:#####/mcp --bearer env:TOKEN   with the token in $TOKEN
      mcpoke init http://127.0.0.1:#####/mcp --token-command CMD  with the token that CMD prints
      mcpoke explain auth-required                                explains it in full
[exit 4]

"#]]
    );
}

#[test]
fn of_sessions() {
    let lost = |request: &Request| request.error(404, -32001, "Session not found");
    let call = ["call", "echo", "message=hi"];
    let (sandbox, server) = (Sandbox::new(), forgetful(lost));
    sandbox.run(&["init", &server.url]).exits(0);
    let kept = sandbox.run(&[&["--no-renew"], &call[..]].concat());
    assert_data_eq!(
        screen(&kept),
        str![[r#"
--- stderr
mcpoke: the server does not recognise this session  [session-expired, certain]
  sent      POST http://127.0.0.1:#####/mcp  tools/list
            with Mcp-Session-Id: session-… (27)
  response  404 Not Found, in # ms
            -32001 Session not found
  means     The session was ended, it expired, the server restarted, or it
            never issued this id. Send a new initialize without the old id,
            and continue with the new session. State kept in the old session
            is lost.
  see       2025-11-25, Transports, Session Management

next: mcpoke init forgetful           does the handshake and saves the session
      mcpoke trace forgetful          shows it step by step
      mcpoke explain session-expired  explains it in full
[exit 5]

"#]]
    );
    assert_data_eq!(
        screen(&sandbox.run(&call)),
        str![[r#"
{"message":"hi"}
--- stderr
mcpoke: session expired (opened # s ago): opened a new one; state kept in the old session is lost
[exit 0]

"#]]
    );
    let server = mcp(|request| {
        let bare = request.header("mcp-session-id").is_none() && request.rpc() == "tools/call";
        bare.then(|| request.error(400, -32000, "Bad Request: No valid session ID provided"))
    });
    sandbox.run(&["init", &server.url]).exits(0);
    let bare = [&["--no-session"], &call[..]].concat();
    assert_data_eq!(
        screen(&sandbox.run(&bare)),
        str![[r#"
--- stderr
mcpoke: missing Mcp-Session-Id header  [session-missing, certain]
  sent      POST http://127.0.0.1:#####/mcp  tools/call echo
            no Mcp-Session-Id header
  response  400 Bad Request, in # ms
            -32000 Bad Request: No valid session ID provided
  means     This server keeps sessions. Send initialize first, and keep the
            Mcp-Session-Id header (not the body) of the response. Then send
            notifications/initialized, and that header with every later
            request.
  see       2025-11-25, Transports, Session Management

next: repeat without --no-session     sends a correct request
      mcpoke trace scripted           shows it step by step
      mcpoke explain session-missing  explains it in full
[exit 5]

"#]]
    );
    assert_data_eq!(
        screen(&sandbox.run(&[&["--json"], &bare[..]].concat())),
        str![[r#"
--- stderr
mcpoke: missing Mcp-Session-Id header  [session-missing, certain]
  sent      POST http://127.0.0.1:#####/mcp  tools/call echo
            no Mcp-Session-Id header
  response  400 Bad Request, in # ms
            -32000 Bad Request: No valid session ID provided
  means     This server keeps sessions. Send initialize first, and keep the
            Mcp-Session-Id header (not the body) of the response. Then send
            notifications/initialized, and that header with every later
            request.
  see       2025-11-25, Transports, Session Management

next: repeat without --no-session     sends a correct request
      mcpoke trace scripted           shows it step by step
      mcpoke explain session-missing  explains it in full
{"error":{"kind":"session","message":"missing Mcp-Session-Id header","exit":5,"status":400,"rpc":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"details":[],"findings":[{"id":"session-missing","certainty":"certain","title":"missing Mcp-Session-Id header","means":"This server keeps sessions. Send initialize first, and keep the Mcp-Session-Id header (not the body) of the response. Then send notifications/initialized, and that header with every later request.","server":"","because":"no initialize was sent before it","evidence":[],"exchange":1,"specification":"2025-11-25, Transports, Session Management"}],"next":["repeat without --no-session","mcpoke trace scripted","mcpoke explain session-missing"]}}
[exit 5]

"#]]
    );
}
