//! Every fault on the wire, with its exit code and its message; nothing is sent twice.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support::{Finished, Request, Sandbox, Server, http};

/// Creates a server that does the handshake properly and then calls `act` for `tools/call`.
fn faulty(act: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Server {
    Server::raw(move |request, stream| {
        let answer = match request.rpc() {
            "initialize" => http(
                200,
                &[("Mcp-Session-Id", "session-0123456789abcdef")],
                &request.result_text(&json!({"protocolVersion": "2025-11-25"})),
            ),
            "tools/call" => return act(request, stream),
            "ping" => request.result(&json!({})),
            _ => http(202, &[], ""),
        };
        let _ = stream.write_all(&answer);
    })
}

/// Calls a tool with these options, and checks that the call was sent exactly once.
#[track_caller]
fn call(server: &Server, options: &[&str]) -> Finished {
    let args: Vec<&str> =
        ["-s", &server.url, "call", "t"].into_iter().chain(options.iter().copied()).collect();
    let finished = Sandbox::new().run(&args);
    let calls = server.methods().iter().filter(|method| *method == "tools/call").count();
    assert_eq!(calls, 1, "sent {calls} times:\n{}", finished.stderr);
    finished
}

/// Makes closing the connection send a reset: `SO_LINGER` with zero seconds.
fn reset(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

fn sse(request: &Request, before: &str, text: &str) -> Vec<u8> {
    let answer = request.result_text(&json!({"content": [{"type": "text", "text": text}]}));
    format!("{HEAD}Connection: close\r\n\r\n{before}data: {answer}\n\n").into_bytes()
}

#[test]
fn a_reset_while_waiting() {
    let server = faulty(|_, stream| reset(stream));
    call(&server, &[]).exits(7).says("the server reset the connection").says("may have run");
}

#[test]
fn a_limit_says_what_was_still_arriving() {
    let note = r#"data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
    for (part, said) in [
        (": ping", "The server was still sending keep-alive comments."),
        (note, "events had arrived, but not the response"),
        ("", "no event had arrived"),
    ] {
        let server = faulty(move |_, stream| {
            let _ = stream.write_all(format!("{HEAD}Connection: close\r\n\r\n").as_bytes());
            while stream.write_all(format!("{part}\n\n").as_bytes()).is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let finished = call(&server, &["--timeout", "1"])
            .exits(8)
            .says("no response within 1 s (--timeout)")
            .says(said)
            .says("may have run");
        assert!(!finished.stderr.contains("stream-empty"), "{}", finished.stderr);
    }
}

#[test]
fn a_reset_within_the_headers() {
    let server = faulty(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-").unwrap();
        std::thread::sleep(Duration::from_millis(50));
        reset(stream);
    });
    call(&server, &[]).exits(7).says("the server reset the connection").says("may have run");
}

#[test]
fn a_reset_within_a_body_that_only_its_end_delimits() {
    let server = faulty(|_, stream| {
        stream.write_all(format!("{HEAD}\r\n: working\n\n").as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        reset(stream);
    });
    call(&server, &[]).exits(7).says("the server reset the connection").says("may have run");
}

#[test]
fn silence_at_each_phase() {
    let parts: [&[u8]; 4] = [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n: hi\n\n",
    ];
    for part in parts {
        let server = faulty(move |_, stream| {
            stream.write_all(part).unwrap();
            std::thread::sleep(Duration::from_secs(4));
        });
        call(&server, &["--silence-timeout", "0.3"])
            .exits(8)
            .says("--silence-timeout")
            .says("may have run");
    }
}

#[test]
fn drops_that_keep_falling_run_into_the_whole_limit() {
    let drip = |text: &'static str| {
        faulty(move |_, stream| {
            for byte in text.bytes().cycle().take(400) {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        })
    };
    // First endless headers, then an endless stream of comments.
    let headers = drip("X-Drip: drop\r\n");
    call(&headers, &["--timeout", "0.6"]).exits(7);
    let body = faulty(|_, stream| {
        stream.write_all(format!("{HEAD}\r\n").as_bytes()).unwrap();
        for _ in 0..400 {
            if stream.write_all(b": drop\n\n").is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    call(&body, &["--timeout", "0.6"]).exits(8).says("--timeout");
}

#[test]
fn headers_that_trickle_in_do_not_move_the_limit() {
    let server = faulty(|_, stream| {
        let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Drip: drop\r\n".repeat(20));
        for byte in head.bytes() {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    call(&server, &["--first-byte-timeout", "0.5"]).exits(8).says("--first-byte-timeout");
}

#[test]
fn endless_headers() {
    let server = faulty(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-More: 0123456789012345678901234567890123456789\r\n").is_ok() {}
    });
    call(&server, &[]).exits(7).says("headers");
}

#[test]
fn more_headers_than_can_be_meant() {
    let server = faulty(|request, stream| {
        let many: String = (0..200).map(|number| format!("X-H{number}: 1\r\n")).collect();
        let body = request.result_text(&json!({"content": []}));
        let answer =
            format!("HTTP/1.1 200 OK\r\n{many}Content-Length: {}\r\n\r\n{body}", body.len());
        let _ = stream.write_all(answer.as_bytes());
    });
    call(&server, &[]).exits(7).says("headers");
}

#[test]
fn an_answer_before_the_request_was_read() {
    let server = Server::raw_before_reading(|stream| {
        // A response, then a reset, because most of the request is unread.
        let _ = stream.write_all(&http(413, &[], "at most 1 MiB"));
        std::thread::sleep(Duration::from_millis(100));
    });
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.home().join("big.txt"), "x".repeat(8 << 20)).unwrap();
    sandbox
        .run(&["-s", &server.url, "--no-session", "call", "t", "--raw-strings", "x=@big.txt"])
        .exits(7)
        .says("413 Payload Too Large")
        .says("at most 1 MiB");
}

#[test]
fn an_interim_answer_comes_before_the_real_one() {
    let server = faulty(|request, stream| {
        let mut answer = b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n".to_vec();
        answer.extend(request.result(&json!({"content": [{"type": "text", "text": "there"}]})));
        let _ = stream.write_all(&answer);
    });
    call(&server, &[]).exits(0).prints("there\n");
}

#[test]
fn truncated_and_malformed_answers() {
    let text = |body: &'static str| {
        faulty(move |_, stream| stream.write_all(&http(200, &[], body)).unwrap())
    };
    call(&text("{\"jsonrpc\":\"2.0\",\"id\":"), &[]).exits(7).says("is not JSON-RPC");
    call(&text("[]"), &[]).exits(7);
    call(&text("{\"jsonrpc\":\"2.0\",\"id\":\"other\",\"result\":{}}"), &[])
        .exits(7)
        .says("another id");
    call(&text("null"), &[]).exits(7).says("not-mcp");
    let deep = faulty(|request, stream| {
        let nested = "[".repeat(10_000) + &"]".repeat(10_000);
        let id = &request.body["id"];
        let body = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"content\":[],\"deep\":{nested}}}}}"
        );
        let _ = stream.write_all(&http(200, &[], &body));
    });
    // Nested too deeply for the JSON parser, but still printed.
    let shown = call(&deep, &["--json"]).exits(0).stdout;
    assert!(shown.len() > 20_000, "{shown}");
}

#[test]
fn two_answers_are_one_too_many() {
    let server = faulty(|request, stream| {
        let mut answer = sse(request, "", "first");
        answer
            .extend(format!("data: {}\n\n", request.result_text(&json!({"content": []}))).bytes());
        let _ = stream.write_all(&answer);
    });
    call(&server, &[]).exits(0).prints("first\n");
}

#[test]
fn bytes_that_are_no_text() {
    let server = faulty(|request, stream| {
        let mut answer = sse(request, "", "a-b\\u0000c");
        let at = answer.windows(3).position(|three| three == b"a-b").unwrap();
        answer[at + 1] = 0xff;
        let _ = stream.write_all(&answer);
    });
    let shown = call(&server, &["--json"]).exits(0).stdout;
    assert!(shown.contains("a\u{fffd}b\\\\u0000c"), "{shown}");
    let nul = faulty(|request, stream| {
        let _ = stream
            .write_all(&request.result(&json!({"content": [{"type": "text", "text": "a\u{0}b"}]})));
    });
    call(&nul, &[]).exits(0).prints("a\u{0}b\n");
}

#[test]
fn a_million_events_before_the_answer() {
    let server = faulty(|request, stream| {
        let one = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"0123456789\"}}\n\n";
        let block = one.repeat(1000);
        let _ = stream.write_all(format!("{HEAD}Connection: close\r\n\r\n").as_bytes());
        for _ in 0..100 {
            if stream.write_all(block.as_bytes()).is_err() {
                return;
            }
        }
        let answer =
            request.result_text(&json!({"content": [{"type": "text", "text": "at last"}]}));
        let _ = stream.write_all(format!("data: {answer}\n\n").as_bytes());
    });
    // A tenth of the full size; `benches/` tests a release build with all of it.
    call(&server, &[]).exits(0).prints("at last\n");
}

#[test]
fn an_endless_event_and_an_endless_body() {
    let endless = |head: &'static str, part: &'static str| {
        faulty(move |_, stream| {
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(part.as_bytes()).is_ok() {}
        })
    };
    let limit = ["--max-size", "1M"];
    let event =
        endless("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ", "0123456789");
    call(&event, &limit).exits(8).says("--max-size");
    let comments =
        endless("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", ": 0123456789\n");
    call(&comments, &limit).exits(8).says("--max-size");
    let document = endless("HTTP/1.1 200 OK\r\n\r\n{\"a\":\"", "0123456789");
    call(&document, &limit).exits(8).says("--max-size");
    // Only the beginning of a web page is read.
    let page = endless("HTTP/1.1 200 OK\r\n\r\n<html>", "0123456789");
    call(&page, &limit).exits(7).says("not-mcp");
}

#[test]
fn pages_and_statuses_that_are_no_mcp() {
    let answer =
        |status: u16, headers: &'static [(&'static str, &'static str)], body: &'static str| {
            faulty(move |_, stream| stream.write_all(&http(status, headers, body)).unwrap())
        };
    call(&answer(200, &[("Content-Type", "text/html")], "<!DOCTYPE html><form action=login>"), &[])
        .exits(7)
        .says("not-mcp");
    call(&answer(500, &[], "Internal Server Error"), &[])
        .exits(7)
        .says("500 Internal Server Error");
    call(&answer(502, &[("Server", "nginx")], "<html>Bad Gateway</html>"), &[])
        .exits(7)
        .says("upstream-down");
    call(&answer(429, &[("Retry-After", "7")], "slow down"), &[])
        .exits(7)
        .says("rate-limited")
        .says("retry-after: 7");
    call(&answer(503, &[("Retry-After", "7")], "busy"), &[]).exits(7).says("rate-limited");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_any_wait_at_once() {
    let phases: [&'static [u8]; 3] =
        [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n: hi\n\n"];
    for part in phases {
        let gave_up = Arc::new(AtomicBool::new(false));
        let server = faulty({
            let gave_up = Arc::clone(&gave_up);
            move |_, stream| {
                let _ = stream.write_all(part);
                std::thread::sleep(Duration::from_secs(10));
                gave_up.store(true, Ordering::SeqCst);
            }
        });
        let waits = || {
            let called = server.methods().contains(&"tools/call".to_owned());
            std::thread::sleep(Duration::from_millis(50));
            called
        };
        let args = ["-q", "-s", &server.url, "call", "t"];
        let output = crate::support::interrupted(&Sandbox::new(), &args, waits);
        assert_eq!(output.status.code(), Some(130));
        assert!(!gave_up.load(Ordering::SeqCst), "the server was waited for");
    }
}

#[test]
fn an_address_that_never_answers_leaves_time_for_the_others() {
    // The first address of a name may not respond at all. Other names would require system
    // files, so use the two addresses of localhost: ::1 refuses the connection.
    let server = faulty(|request, stream| {
        stream.write_all(&request.result(&json!({"content": []}))).unwrap();
    });
    let url = server.url.replace("127.0.0.1", "localhost");
    Sandbox::new().run(&["-s", &url, "call", "t"]).exits(0);
}
