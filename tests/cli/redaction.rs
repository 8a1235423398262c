//! A server that gives the user's token back in every encoding, in every place of a response: no command shows
//! any of them, on the terminal or in a file.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{Request, Sandbox, Server, http, mcp};

const TOKEN: &str = "Tk+n/aB3xY.9_zQ==w7+/Lm2~Pp";

/// Returns the token in every encoding, with the name of each.
fn encodings() -> Vec<String> {
    let each = |write: fn(char) -> String| TOKEN.chars().map(write).collect::<String>();
    let percent = |letter: char| format!("%{:02X}", u32::from(letter));
    let bearer = format!("Bearer {TOKEN}");
    vec![
        TOKEN.to_owned(),
        TOKEN.replace('/', "\\/"),
        TOKEN.replace('+', "\\u002B").replace('/', "\\/"),
        each(|letter| format!("\\u{:04x}", u32::from(letter))),
        each(|letter| {
            if letter.is_alphanumeric() {
                letter.into()
            } else {
                format!("%{:02x}", u32::from(letter))
            }
        }),
        TOKEN.chars().map(percent).collect(),
        TOKEN.replace('+', "%2B"),
        TOKEN.replace('+', "&#43;").replace('/', "&#x2F;").replace('=', "&equals;"),
        STANDARD.encode(TOKEN),
        URL_SAFE_NO_PAD.encode(TOKEN),
        STANDARD.encode(&bearer),
        STANDARD.encode(format!("x{TOKEN}y")),
        STANDARD.encode(format!("xy{TOKEN}y")),
        TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect(),
        TOKEN.bytes().map(|byte| format!("{byte:02X}")).collect(),
    ]
}

/// Returns a response with this text in one place of it.
fn answer(request: &Request, place: &str, text: &str) -> Option<Vec<u8>> {
    // The text holds escapes of its own, so it is inserted into finished JSON.
    let filled = |response: Value| response.to_string().replace("@@", text);
    let id = &request.body["id"];
    let result = |result: Value| filled(json!({"jsonrpc": "2.0", "id": id, "result": result}));
    let json = [("Content-Type", "application/json")];
    let error = json!({"code": -32000, "message": "bad token @@ for you", "data": {"t": "@@"}});
    let error = filled(json!({"jsonrpc": "2.0", "id": id, "error": error}));
    Some(match (request.rpc(), place) {
        ("initialize", "name") => http(
            200,
            &json,
            &result(json!({"protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}}, "instructions": "hello @@",
            "serverInfo": {"name": "@@", "version": "@@"}})),
        ),
        ("tools/list", "tool") => http(
            200,
            &json,
            &result(json!({"tools": [{"name": "t", "title": "@@",
            "description": "@@", "inputSchema": {"type": "object"}}]})),
        ),
        ("tools/call", "error") => http(200, &json, &error),
        ("tools/call", "status") => http(403, &json, &error),
        ("tools/call", "iserror") => http(
            200,
            &json,
            &result(json!({"isError": true,
            "content": [{"type": "text", "text": "tok @@"}]})),
        ),
        ("tools/call", "key") => http(
            200,
            &json,
            &filled(json!({"jsonrpc": "2.0", "id": id,
            "error": {"code": -32000, "message": "x", "data": {"@@": 1}}})),
        ),
        ("tools/call", "header") => http(
            401,
            &[
                ("X-Debug", text),
                ("WWW-Authenticate", &format!("Bearer error=\"x\", error_description=\"{text}\"")),
            ],
            "",
        ),
        ("tools/call", "names") => {
            // Only these encodings can be a part of a name.
            let names: Vec<String> =
                encodings().iter().map(|one| format!("X-{}", one.trim_end_matches('='))).collect();
            let is_name = |name: &&String| {
                name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            };
            let kind = format!("text/plain; a={}", &names[13]);
            let headers = names.iter().filter(is_name).map(|name| (name.as_str(), "1"));
            let headers: Vec<_> = headers.chain([("Content-Type", kind.as_str())]).collect();
            assert!(headers.len() > 3);
            http(418, &headers, "no")
        }
        ("tools/call", "location") => {
            http(302, &[("Location", &format!("http://other.example/?a={text}"))], "")
        }
        ("tools/call", "event") => http(
            200,
            &[("Content-Type", "text/event-stream")],
            &format!("event: {text}\nid: {text}\n: {text}\ndata: {error}\n\n"),
        ),
        ("tools/call", "page") => {
            http(500, &[("Content-Type", "text/html")], &format!("<html>bad token {text}</html>"))
        }
        ("tools/call", "text") => {
            http(500, &[("Content-Type", "text/plain")], &format!("bad {text}"))
        }
        _ => return None,
    })
}

/// Returns everything that a document says: its text, and each string and name in it after decoding.
fn said(document: &str) -> String {
    fn strings(value: &Value, out: &mut String) {
        match value {
            Value::String(text) => out.push_str(&format!("{text}\n")),
            Value::Array(items) => items.iter().for_each(|item| strings(item, out)),
            Value::Object(members) => members.iter().for_each(|(name, value)| {
                out.push_str(&format!("{name}\n"));
                strings(value, out);
            }),
            _ => {}
        }
    }
    let mut out = document.to_owned();
    let documents = std::iter::once(document).chain(document.lines());
    for value in documents.filter_map(|text| serde_json::from_str::<Value>(text).ok()) {
        strings(&value, &mut out);
    }
    let plain = [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'")];
    let page = plain.iter().fold(out.clone(), |text, (entity, sign)| text.replace(entity, sign));
    out + &page
}

#[test]
fn a_part_of_a_token_is_not_shown_where_a_text_is_cut() {
    for padding in (0..90).step_by(3) {
        let server = mcp(move |request| {
            let codes = TOKEN.chars().map(|letter| format!("\\u{:04x}", u32::from(letter)));
            let text = match padding % 2 {
                0 => TOKEN.to_owned(),
                _ => codes.collect(),
            };
            let text = format!("{}{text} {text}", "x".repeat(padding));
            match request.rpc() {
                "tools/call" => Some(request.error(400, -32000, &text)),
                "tools/list" => Some(http(403, &[("Content-Type", "text/plain")], &text)),
                _ => None,
            }
        });
        let sandbox = Sandbox::new().with("TOKEN", TOKEN);
        let mut shown = String::new();
        for command in [
            &["init", &server.url, "--bearer", "env:TOKEN"][..],
            &["call", "echo", "message=x"],
            &["list-tools"],
            &["trace", "--tool", "echo", "message=x"],
            &["trace", "--tool", "echo", "message=x", "--markdown"],
        ] {
            let finished = sandbox.run(command);
            shown += &format!("{}{}", finished.stdout, finished.stderr);
        }
        let shown: String = shown.split_whitespace().collect();
        for part in TOKEN.as_bytes().windows(6) {
            let part = std::str::from_utf8(part).unwrap();
            assert!(!shown.contains(part), "{padding}: {part} in {shown}");
        }
        assert!(
            !shown.contains("u002fu0061") && !shown.contains("u002f\\u0061"),
            "{padding}: {shown}"
        );
    }
}

#[test]
fn no_command_shows_a_token_in_any_encoding_from_any_place() {
    let places = [
        "name", "tool", "error", "status", "iserror", "key", "header", "names", "location",
        "event", "page", "text",
    ];
    for place in places {
        let text = encodings().join(" , ");
        let server: Server = mcp(move |request| answer(request, place, &text));
        let sandbox = Sandbox::new().with("TOKEN", TOKEN);
        let mut shown = String::new();
        for command in [
            &["init", &server.url, "--bearer", "env:TOKEN"][..],
            &["-v", "call", "echo", "message=x", "--trace", "--trace-file", "t.jsonl"],
            &["call", "echo", "message=x", "--trace-file", "t.har"],
            &["--json", "call", "echo", "message=x"],
            &["list-tools"],
            &["list-tools", "--json"],
            &["sessions"],
            &["sessions", "--json"],
            &["trace", "--tool", "echo", "message=x", "--html", "t.html"],
            &["trace", "--tool", "echo", "message=x", "--json"],
            &["trace", "--tool", "echo", "message=x", "--markdown"],
            &["trace", "--recipe", "python"],
            &["trace", "--read", "t.har"],
        ] {
            let finished = sandbox.run(command);
            // What a tool or a list says is the user's own to have, and is printed as it came.
            let is_result = (finished.code == 0 && command.contains(&"list-tools"))
                || (place == "iserror" && command.contains(&"call"));
            if !is_result {
                shown += &said(&finished.stdout);
            }
            shown += &said(&finished.stderr);
        }
        for file in ["t.jsonl", "t.har", "t.html"] {
            let text = std::fs::read_to_string(sandbox.home().join(file)).unwrap();
            shown += &said(&text);
        }
        assert!(shown.len() > 1000);
        for (number, encoding) in encodings().iter().enumerate() {
            // The middle is of the token alone, whatever stands around it.
            let middle = &encoding[encoding.len() / 3..encoding.len() / 3 + 12];
            let at = shown.find(middle);
            let around = at.map(|at| shown[..at + 12].chars().rev().take(200).collect::<String>());
            let around = around.map(|text| text.chars().rev().collect::<String>());
            assert!(around.is_none(), "{place}, encoding {number}: {}", around.unwrap());
        }
    }
}

#[test]
fn check_and_sessions_hide_what_the_server_echoes() {
    let server = mcp(|request| {
        let tool = json!({"name": "t", "description": "d",
            "inputSchema": {"type": "object", "properties": {TOKEN: {"type": "nonsense"}}}});
        match request.rpc() {
            "tools/list" => Some(request.result(&json!({"tools": [tool]}))),
            "prompts/list" => Some(request.error(200, -32000, &format!("no prompts for {TOKEN}"))),
            "initialize" => Some(http(
                200,
                &[("Content-Type", "application/json"), ("Mcp-Session-Id", "s-0123456789")],
                &request.result_text(&json!({"protocolVersion": "2025-11-25",
                    "capabilities": {"tools": {}, "experimental": {TOKEN: {"x": TOKEN}}},
                    "serverInfo": {"name": "echo", "version": "1"}})),
            )),
            _ => None,
        }
    });
    let sandbox = Sandbox::new().with("TOKEN", TOKEN);
    sandbox.run(&["init", &server.url, "--bearer", "env:TOKEN"]).exits(0);
    for command in
        [&["check"][..], &["check", "--json"], &["check", "--junit", "-"], &["sessions", "--json"]]
    {
        let finished = sandbox.run(command);
        let shown = format!("{}{}", finished.stdout, finished.stderr);
        assert!(!shown.contains(TOKEN) && !shown.contains(&TOKEN.replace('/', "~1")), "{shown}");
    }
}
