//! The screen of each kind of failed connection.

use serde_json::json;
use snapbox::{assert_data_eq, str};

use super::{called, initialized, screen};
use crate::support::{Request, Sandbox, mcp};

#[test]
#[expect(clippy::too_many_lines, reason = "screens")]
fn of_the_connection() {
    let sandbox = Sandbox::new();
    assert_data_eq!(
        screen(&sandbox.run(&["init", "http://127.0.0.1:1/mcp"])),
        str![[r#"
--- stderr
mcpoke: cannot reach the server: connection refused  [unreachable, certain]
  sent      POST http://127.0.0.1:#/mcp  server/discover
  tried     127.0.0.1:#: Connection refused (os error 111)
  means     Check the URL, and that the server is running. A refused
            connection means that nothing listens on the port. A name without
            an address is mistyped, or exists only in another network.
  see       RFC 9110, 4.2

next: mcpoke explain unreachable  explains it in full
[exit 3]

"#]]
    );
    assert_data_eq!(
        initialized(|_| b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
        str![[r#"
--- stderr
mcpoke: the response is not HTTP/1.1: http parse fail: invalid HTTP version, while reading the response  [connection-broken, likely]
  sent      POST http://127.0.0.1:#####/mcp  server/discover
            The request was sent and may have run; it was not sent again.
  means     The server crashed or was stopped, a proxy closed the connection,
            or the port does not serve HTTP/1.1. The request may have run.
  see       RFC 9112, 9.5

next: mcpoke trace http://127.0.0.1:#####/mcp  tries the server step by step
      repeat with --trace                      shows all that was sent and received
[exit 7]

"#]]
    );
    assert_data_eq!(
        called(|_| Vec::new()),
        str![[r#"
--- stderr
mcpoke: initialised scripted, now the current server.
mcpoke: the server closed the connection, while waiting for the response  [connection-broken, likely]
  sent      POST http://127.0.0.1:#####/mcp  tools/call echo
            with Mcp-Session-Id: session-… (24)
            The request was sent and may have run; it was not sent again.
  means     The server crashed or was stopped, a proxy closed the connection,
            or the port does not serve HTTP/1.1. The request may have run.
  see       RFC 9112, 9.5

next: mcpoke trace scripted  tries the server step by step
      repeat with --trace    shows all that was sent and received
[exit 7]

"#]]
    );
    let cut = |_: &Request| b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_vec();
    assert_data_eq!(
        called(cut),
        str![[r#"
--- stderr
mcpoke: initialised scripted, now the current server.
mcpoke: the server closed the connection, while reading the response  [connection-broken, likely]
  sent      POST http://127.0.0.1:#####/mcp  tools/call echo
            with Mcp-Session-Id: session-… (24)
  response  200 OK, in # ms
            The request was sent and may have run; it was not sent again.
  means     The server crashed or was stopped, a proxy closed the connection,
            or the port does not serve HTTP/1.1. The request may have run.
  see       RFC 9112, 9.5

next: mcpoke trace scripted  tries the server step by step
      repeat with --trace    shows all that was sent and received
[exit 7]

"#]]
    );
    let slow = mcp(|request| {
        (request.rpc() == "tools/call").then(|| {
            std::thread::sleep(std::time::Duration::from_secs(3));
            Vec::new()
        })
    });
    let late = ["-s", &slow.url, "--timeout", "0.5", "call", "echo", "message=hi"];
    assert_data_eq!(
        screen(&sandbox.run(&late)),
        str![[r#"
--- stderr
mcpoke: initialised scripted, now the current server.
mcpoke: no response within 0.5 s (--timeout), while waiting for the response
  sent      POST http://127.0.0.1:#####/mcp  tools/call echo
            with Mcp-Session-Id: session-… (24)
            The request was sent and may have run; it was not sent again.

next: repeat with a larger --timeout  0 removes a time limit
[exit 8]

"#]]
    );
    let large = mcp(|request| {
        let text = "x".repeat(20_000);
        let result = json!({"content": [{"type": "text", "text": text}]});
        (request.rpc() == "tools/call").then(|| request.result(&result))
    });
    let small = ["-s", &large.url, "--max-size", "10K", "call", "echo", "message=hi"];
    assert_data_eq!(
        screen(&sandbox.run(&small)),
        str![[r#"
--- stderr
mcpoke: initialised scripted-2, now the current server.
mcpoke: the response is too large (--max-size), while reading the response
  sent      POST http://127.0.0.1:#####/mcp  tools/call echo
            with Mcp-Session-Id: session-… (24)
  response  200 OK, in # ms
            The request was sent and may have run; it was not sent again.

next: repeat with a larger --max-size  0 removes a time limit
[exit 8]

"#]]
    );
}
