//! Complete output of each command and of each kind of failure.
//!
//! `SNAPSHOTS=overwrite cargo test --test cli screens` writes them anew; read the difference before you
//! commit it.

mod connections;
mod failures;
mod traces;

use serde_json::json;
use snapbox::{assert_data_eq, str};

use crate::support::{Finished, Request, Sandbox, Server, mcp, modern};

/// Returns what was printed to both streams and the exit code, without what differs from run to run.
fn screen(finished: &Finished) -> String {
    let Finished { stdout, stderr, code } = finished;
    normalized(&format!("{stdout}{}{stderr}[exit {code}]\n", "--- stderr\n"))
}

/// Returns the screen of `init` on a server that answers everything like this.
fn initialized(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> String {
    let server = Server::of_any_era(move |request, stream| {
        let _ = std::io::Write::write_all(stream, &answer(request));
    });
    screen(&Sandbox::new().run(&["init", &server.url]))
}

/// Hides ports, random ids and times, which keep their width.
fn normalized(text: &str) -> String {
    let port = hidden(text, "127.0.0.1:", |c| c.is_ascii_digit());
    let ids = hidden_before(&port, "… (32)", |c| c.is_ascii_hexdigit());
    let ages = hidden_before(&ids, " s ago", |c| c.is_ascii_digit());
    hidden_before(&ages, " ms", |c| c.is_ascii_digit() || c == '.')
}

/// Replaces the letters that fit after each `mark`.
fn hidden(text: &str, mark: &str, fits: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(&fits);
        out += mark;
        out += &"#".repeat(part.len() - rest.len());
        out += rest;
    }
    out
}

/// Replaces the letters that fit before each `mark`, and the blanks before them.
fn hidden_before(text: &str, mark: &str, fits: impl Fn(char) -> bool) -> String {
    let mut parts: Vec<&str> = text.split(mark).collect();
    let last = parts.pop().unwrap_or_default();
    let mut out = String::new();
    for part in parts {
        let start = part.trim_end_matches(&fits);
        let is_padded = start.ends_with("  ");
        out += start.trim_end_matches(' ');
        out += if is_padded { "      #" } else { " #" };
        out += mark;
    }
    out + last
}

fn on_demo(args: &[&str]) -> String {
    screen(&Sandbox::new().run(&[&["-s", "demo"], args].concat()))
}

/// Returns the screen of a call on a server that answers it like this.
fn called(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> String {
    let server = mcp(move |request| (request.rpc() == "tools/call").then(|| answer(request)));
    screen(&Sandbox::new().run(&["-s", &server.url, "call", "echo", "message=hi"]))
}

#[test]
fn lists_and_pages() {
    assert_data_eq!(
        on_demo(&["list-tools"]),
        str![[r#"
echo      message              Gives back the message it is given
add       a b                  Adds two numbers
fail      [reason]             Fails, as a tool that runs and reports an error does
slow      [seconds] [steps]    Takes its time and reports progress on the way
image                          Returns a small PNG
ask                            Asks who you are, and greets you (elicitation)
sample    [question]           Puts a question to the client's language model (sampling)
roots                          Lists the folders that the client works on (roots)
forecast  region [days] [sky]  Foretells the weather of a region, which is mirrored into a header
log                            Writes a line to the client's log
toggle                         Adds the tool `extra`, or takes it away again
--- stderr
11 tools · mcpoke list-tools NAME shows one
[exit 0]

"#]]
    );
    assert_data_eq!(
        on_demo(&["list-tools", "add"]),
        str![[r#"
add
Adds two numbers

a  number
b  number

Its server says: read-only

mcpoke -s demo call add a=1 b=1
--- stderr
[exit 0]

"#]]
    );
    assert_data_eq!(
        on_demo(&["list-tools", "forecast"]),
        str![[r#"
forecast
Foretells the weather of a region, which is mirrored into a header

region  string
days    [integer]     (default: 1)
sky     [sun | rain]  (default: "sun")

Its server says: read-only

mcpoke -s demo call forecast region=TEXT
--- stderr
[exit 0]

"#]]
    );
    assert_data_eq!(
        on_demo(&["list-resources"]),
        str![[r#"
demo://welcome  text/plain  A few words
demo://disc     image/png   An orange disc
demo://toggles  text/plain  How often the tool `toggle` was called
--- stderr
3 resources · mcpoke read-resource URI reads one
[exit 0]

"#]]
    );
    assert_data_eq!(
        on_demo(&["list-resource-templates"]),
        str![[r#"
demo://square/{number}  text/plain  The square of a number
--- stderr
1 resource template · mcpoke read-resource URI, with the braces filled in, reads one
[exit 0]

"#]]
    );
    assert_data_eq!(
        on_demo(&["list-prompts"]),
        str![[r#"
greet  name  Asks for a greeting
--- stderr
1 prompt · mcpoke get-prompt NAME key=value fills one in
[exit 0]

"#]]
    );
    assert_data_eq!(
        on_demo(&["get-prompt", "greet", "name=Ann"]),
        str![[r#"
user:
Greet Ann.
--- stderr
[exit 0]

"#]]
    );
    assert_data_eq!(
        on_demo(&["ping"]),
        str![[r#"
http://127.0.0.1:#####/mcp answered in # ms
--- stderr
[exit 0]

"#]]
    );
    assert_data_eq!(
        on_demo(&["check"]),
        str![[r#"
--- stderr
16 checked: 0 errors, 0 warnings
[exit 0]

"#]]
    );
}

#[test]
fn a_server_is_remembered_and_closed() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    assert_data_eq!(
        screen(&sandbox.run(&["sessions"])),
        str![[r#"
--- stderr
no saved servers

next: mcpoke init URL
[exit 0]

"#]]
    );
    assert_data_eq!(
        screen(&sandbox.run(&["list-tools"])),
        str![[r#"
--- stderr
mcpoke: no server given, and none is saved

next: mcpoke init URL            a server that is not saved yet
      mcpoke -s demo list-tools  the built-in server
[exit 2]

"#]]
    );
    assert_data_eq!(
        screen(&sandbox.run(&["init", &server.url])),
        str![[r#"
scripted 1
  endpoint   http://127.0.0.1:#####/mcp
  protocol   2025-11-25, session session-… (24)
  offers     tools
  saved as   scripted, now the current server
--- stderr

next: mcpoke list-tools
[exit 0]

"#]]
    );
    assert_data_eq!(
        screen(&sandbox.run(&["sessions"])),
        str![[r#"
*  scripted  http://127.0.0.1:#####/mcp  2025-11-25, session  opened # s ago
--- stderr
[exit 0]

"#]]
    );
    assert_data_eq!(
        screen(&sandbox.run(&["list-tools"])),
        str![[r#"
echo  message  Says it again
add   [a] [b]
--- stderr
2 tools · mcpoke list-tools NAME shows one
[exit 0]

"#]]
    );
    assert_data_eq!(
        screen(&sandbox.run(&["close"])),
        str![[r#"
--- stderr
scripted: session ended and forgotten
[exit 0]

"#]]
    );
    let modern = modern(|_| None);
    assert_data_eq!(
        screen(&sandbox.run(&["init", &modern.url])),
        str![[r#"
modern 1
  endpoint   http://127.0.0.1:#####/mcp
  protocol   2026-07-28: no handshake, no session
  offers     tools
  saved as   modern, now the current server
--- stderr

next: mcpoke list-tools
[exit 0]

"#]]
    );
}

#[test]
fn calls() {
    assert_data_eq!(
        on_demo(&["call", "echo", "message=hi"]),
        str![[r#"
hi
--- stderr
[exit 0]

"#]]
    );
    assert_data_eq!(
        on_demo(&["--json", "call", "echo", "message=hi"]),
        str![[r#"
{"content":[{"type":"text","text":"hi"}],"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"mcpoke-demo","version":"0.1.0"}}}
--- stderr
[exit 0]

"#]]
    );
    assert_data_eq!(
        on_demo(&["call", "ech", "message=hi"]),
        str![[r#"
--- stderr
mcpoke: the server has no tool named `ech`
            did you mean `echo`?

next: mcpoke -s demo list-tools  lists what exists
[exit 2]

"#]]
    );
    assert_data_eq!(
        on_demo(&["call", "add", "a=x"]),
        str![[r#"
--- stderr
mcpoke: invalid arguments for add
            `a` must be a number, not `x`

next: mcpoke -s demo list-tools --schema add  shows the parameters
[exit 2]

"#]]
    );
    assert_data_eq!(
        on_demo(&["call", "echo", "--args", "{"]),
        str![[r#"
--- stderr
mcpoke: invalid arguments for echo
            --args: is not JSON: EOF while parsing an object at line 1 column
            1
[exit 2]

"#]]
    );
    let failed = called(|request| {
        request.result(&json!({"content": [{"type": "text", "text": "no such city"}],
            "isError": true}))
    });
    assert_data_eq!(
        failed,
        str![[r#"
no such city
--- stderr
mcpoke: initialised scripted, now the current server.
mcpoke: tool `echo` returned an error
[exit 1]

"#]]
    );
}
