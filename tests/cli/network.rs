//! Connections: broken, reused, and through proxies.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Sandbox, Server, http, mcp};

#[test]
fn a_call_that_was_cut_off_is_not_sent_again() {
    let server = mcp(|request| (request.rpc() == "tools/call").then(Vec::new));
    Sandbox::new()
        .run(&["-s", &server.url, "call", "add"])
        .exits(7)
        .says("the server closed the connection")
        .says("may have run; it was not sent again");
    assert_eq!(server.methods().iter().filter(|method| *method == "tools/call").count(), 1);
}

#[test]
fn half_an_answer_is_no_answer() {
    let server = mcp(|request| {
        (request.rpc() == "tools/call").then(|| {
            let whole = request.result(&serde_json::json!({"content": []}));
            whole[..whole.len() - 5].to_vec()
        })
    });
    Sandbox::new().run(&["-s", &server.url, "call", "add"]).exits(7).says("may have run");
}

#[test]
fn a_redirect_elsewhere_is_reported_and_not_followed() {
    let other = Server::start(|_| http(200, &[], "{}"));
    let target = other.url.clone();
    for status in [301, 302, 303, 307, 308] {
        let target = target.clone();
        let server = Server::start(move |_| http(status, &[("Location", &target)], ""));
        Sandbox::new()
            .run(&["init", &server.url, "--bearer", "secret-token-0123456789"])
            .exits(7)
            .says("redirected")
            .says("it points to another origin");
    }
    let server = Server::start(|_| http(302, &[("Location", "/login")], ""));
    Sandbox::new().run(&["init", &server.url]).exits(7).says("it would turn the POST into a GET");
    assert!(other.requests().is_empty());
}

#[test]
fn a_redirect_within_the_server_is_followed_with_everything_and_remembered() {
    for status in [307, 308] {
        let server = mcp(move |request| {
            (request.path == "/mcp").then(|| http(status, &[("Location", "/mcp/")], ""))
        });
        let sandbox = Sandbox::new();
        let shown = sandbox
            .run(&["init", &server.url, "--bearer", "secret-token-0123456789"])
            .exits(0)
            .stdout;
        assert!(shown.contains(&format!("endpoint   {}/", server.url)), "{shown}");
        let requests = server.requests();
        assert_eq!(requests[0].body, requests[1].body);
        assert_eq!(requests[1].header("authorization"), Some("Bearer secret-token-0123456789"));
        let before = requests.len();
        sandbox.run(&["-s", &server.url, "ping"]).exits(0);
        assert_eq!(
            server.methods()[before..],
            ["ping"],
            "a warm call is one request, to the right address"
        );
    }
    let round = Server::start(|request| {
        let next = format!("{}x", request.path);
        http(307, &[("Location", &next)], "")
    });
    Sandbox::new().run(&["init", &round.url]).exits(7).says("too many redirects");
    assert!(round.requests().len() <= 6);
}

#[test]
fn headers_of_the_user_are_sent_and_can_replace_ours() {
    let server = mcp(|_| None);
    let sandbox = Sandbox::new();
    let args = [
        "-s",
        &server.url,
        "-H",
        "Accept: */*",
        "-H",
        "User-Agent: me",
        "-H",
        "X-A: 1",
        "-H",
        "X-A: 2",
        "ping",
    ];
    sandbox.run(&args).exits(0);
    let ping = server.requests().pop().unwrap();
    assert_eq!(ping.header("accept"), Some("*/*"));
    assert_eq!(ping.header("user-agent"), Some("me"));
    sandbox
        .run(&["-s", &server.url, "-H", "Content-Length: 5", "ping"])
        .exits(2)
        .says("HTTP layer");
}

/// Starts a proxy with tunnels (CONNECT, SOCKS 5) and absolute URLs. Returns its address,
/// and a log of its requests.
fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, log) = (client.unwrap(), Arc::clone(&log));
            std::thread::spawn(move || serve_proxy(client, &log));
        }
    });
    (address, asked)
}

fn serve_proxy(mut client: TcpStream, log: &Mutex<Vec<String>>) {
    let mut first = [0];
    client.read_exact(&mut first).unwrap();
    let mut server = if first[0] == 5 {
        socks(&mut client, log)
    } else {
        let mut head = first.to_vec();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            head.extend_from_slice(&byte);
        }
        let text = String::from_utf8(head.clone()).unwrap();
        log.lock().unwrap().push(text.clone());
        let target = text.split_whitespace().nth(1).unwrap();
        if text.starts_with("CONNECT ") {
            let server = TcpStream::connect(target).unwrap();
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
            server
        } else {
            let host = target.trim_start_matches("http://").split('/').next().unwrap();
            let mut server = TcpStream::connect(host).unwrap();
            server.write_all(&head).unwrap();
            server
        }
    };
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(std::net::Shutdown::Both);
}

/// Accepts a SOCKS 5 connection (RFC 1928) without authentication.
fn socks(client: &mut TcpStream, log: &Mutex<Vec<String>>) -> TcpStream {
    let mut count = [0];
    client.read_exact(&mut count).unwrap();
    client.read_exact(&mut vec![0; usize::from(count[0])]).unwrap();
    client.write_all(&[5, 0]).unwrap();
    let mut request = [0; 4];
    client.read_exact(&mut request).unwrap();
    let host = if request[3] == 1 {
        let mut address = [0; 4];
        client.read_exact(&mut address).unwrap();
        std::net::Ipv4Addr::from(address).to_string()
    } else {
        let mut length = [0];
        client.read_exact(&mut length).unwrap();
        let mut name = vec![0; usize::from(length[0])];
        client.read_exact(&mut name).unwrap();
        String::from_utf8(name).unwrap()
    };
    let mut port = [0; 2];
    client.read_exact(&mut port).unwrap();
    let target = format!("{host}:{}", u16::from_be_bytes(port));
    log.lock().unwrap().push(format!("SOCKS {target}"));
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    TcpStream::connect(target).unwrap()
}

#[test]
fn an_http_server_is_asked_for_with_its_whole_url() {
    let (server, (address, asked)) = (mcp(|_| None), proxy());
    let proxy = format!("http://user:p%40ss-word-0123456789@{address}");
    let sandbox = Sandbox::new();
    let finished = sandbox
        .run(&["-s", &server.url, "--proxy", &proxy, "--trace", "--trace-file", "t.jsonl", "ping"])
        .exits(0)
        .says(&format!("through http://…@{address}"));
    let traced = std::fs::read_to_string(sandbox.home().join("t.jsonl")).unwrap();
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with(&format!("POST {} HTTP/1.1\r\n", server.url)), "{asked:?}");
    assert!(
        asked[0].contains("proxy-authorization: Basic dXNlcjpwQHNzLXdvcmQtMDEyMzQ1Njc4OQ==\r\n"),
        "{asked:?}"
    );
    for secret in ["ss-word-0123456789", "dXNlcjpwQHNzLXdvcmQ"] {
        assert!(
            !finished.stderr.contains(secret) && !traced.contains(secret),
            "{}{traced}",
            finished.stderr
        );
    }
    let last = server.requests().pop().unwrap();
    assert_eq!(
        last.header("host"),
        Some(server.url.trim_start_matches("http://").trim_end_matches("/mcp"))
    );
}

#[test]
fn an_https_server_is_reached_through_a_tunnel() {
    let (address, asked) = proxy();
    let server = mcp(|_| None);
    let url = server.url.replace("http://", "https://");
    // The server behind the proxy has no TLS: it is enough to see that TLS begins in the
    // tunnel.
    let proxy = format!("http://user:pass-word-0123456789@{address}");
    let finished =
        Sandbox::new().run(&["-s", &url, "--proxy", &proxy, "--insecure", "ping"]).exits(3);
    assert!(!finished.stderr.contains("pass-word"), "{}", finished.stderr);
    let asked = asked.lock().unwrap();
    assert!(
        asked[0].starts_with("CONNECT 127.0.0.1:")
            && asked[0].contains("Proxy-Authorization: Basic "),
        "{asked:?}"
    );
}

#[test]
fn a_socks_proxy_is_gone_through() {
    let (server, (address, asked)) = (mcp(|_| None), proxy());
    let proxy = format!("socks5://{address}");
    Sandbox::new().run(&["-s", &server.url, "--proxy", &proxy, "ping"]).exits(0);
    assert!(asked.lock().unwrap()[0].starts_with("SOCKS 127.0.0.1:"), "{asked:?}");
}

#[test]
fn loopback_is_reached_directly_whatever_the_environment_says() {
    let server = mcp(|_| None);
    let sandbox = Sandbox::new()
        .with("http_proxy", "http://127.0.0.1:1")
        .with("ALL_PROXY", "http://127.0.0.1:1");
    sandbox.run(&["-s", &server.url, "ping"]).exits(0);
    sandbox.run(&["-s", &server.url, "--proxy", "http://127.0.0.1:1", "ping"]).exits(3);
    sandbox
        .run(&["-s", &server.url, "--proxy", "nonsense://x", "ping"])
        .exits(2)
        .says("--proxy names no proxy");
}

#[test]
fn one_process_uses_one_connection_where_it_can() {
    let trace = Sandbox::new()
        .run(&[
            "-s",
            "demo",
            "--trace",
            "call",
            "add",
            "a=1",
            "b=2",
            "--protocol-version",
            "2025-11-25",
        ])
        .exits(0)
        .stderr;
    let count = |text: &str| trace.lines().filter(|line| line.contains(text)).count();
    assert_eq!((count("→ "), count("connection reused")), (4, 3), "{trace}");
}

#[test]
fn what_a_server_says_is_never_a_command_to_run() {
    let evil = "/x?a=1;touch${IFS}pwned;$(id)|sh&b=`id`";
    for status in [302, 307] {
        let server = Server::start(move |_| http(status, &[("Location", evil)], ""));
        let finished = Sandbox::new().run(&["--json", "init", &server.url]);
        for line in finished.stderr.lines().filter(|line| line.contains("mcpoke init")) {
            assert!(line.contains(&format!("'{}", server.url.trim_end_matches("/mcp"))), "{line}");
        }
    }
    let server = Server::start(|_| http(302, &[("Location", "https://evil.example/mcp")], ""));
    let finished = Sandbox::new()
        .run(&["init", &server.url])
        .exits(7)
        .says("location: https://evil.example/mcp");
    assert!(!finished.stderr.contains("mcpoke init https://evil"), "{}", finished.stderr);
}

#[test]
fn a_proxy_that_drips_its_answer_runs_into_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ");
            for _ in 0..200 {
                if stream.write_all(b"y").is_err() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        }
    });
    let args =
        ["-s", "https://127.0.0.1:1/", "--proxy", &proxy, "--connect-timeout", "0.5", "ping"];
    Sandbox::new().run(&args).exits(3).says("--connect-timeout");
}

#[test]
fn answers_to_the_server_that_never_arrive_do_not_hold_the_call_up() {
    static ACCEPTED: AtomicBool = AtomicBool::new(false);
    let server = Server::raw(|request, stream| {
        let answer = match request.rpc() {
            "initialize" => request.result(&serde_json::json!({"protocolVersion": "2025-11-25"})),
            "tools/call" => {
                let ping = "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}\n\n".repeat(8);
                let result = request.result_text(&serde_json::json!({"content": []}));
                http(
                    200,
                    &[("Content-Type", "text/event-stream")],
                    &format!("{ping}data: {result}\n\n"),
                )
            }
            "POST" => {
                std::thread::sleep(std::time::Duration::from_secs(8));
                ACCEPTED.store(true, Ordering::SeqCst);
                return;
            }
            _ => http(202, &[], ""),
        };
        let _ = stream.write_all(&answer);
    });
    Sandbox::new().run(&["-s", &server.url, "--timeout", "2", "call", "t"]).exits(0);
    assert!(!ACCEPTED.load(Ordering::SeqCst), "the call waited for an answer to be accepted");
}

#[test]
fn headers_that_are_too_large_are_refused_before_anything_is_sent() {
    let server = mcp(|_| None);
    let header = format!("X-Large: {}", "x".repeat(70_000));
    Sandbox::new().run(&["-s", &server.url, "-H", &header, "ping"]).exits(2).says("too large");
    assert!(server.requests().is_empty());
    let header = format!("X-Large: {}", "x".repeat(24_000));
    Sandbox::new().run(&["-s", &server.url, "-H", &header, "ping"]).exits(0);
}

#[test]
fn the_timeout_bounds_an_operation_and_not_each_exchange() {
    let slow = Duration::from_millis(300);
    let server = mcp(move |request| match request.rpc() {
        "notifications/cancelled" => Some(http(202, &[], "")),
        "tools/list" => {
            std::thread::sleep(slow);
            let page = request.body["params"]["cursor"].as_str().map_or(0, str::len);
            let tool = json!({"name": format!("t{page}"), "inputSchema": {}});
            Some(request.result(&json!({"tools": [tool], "nextCursor": "x".repeat(page + 1)})))
        }
        _ => None,
    });
    let began = Instant::now();
    Sandbox::new().run(&["-s", &server.url, "list-tools", "--timeout", "1"]).exits(8);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    // With --each, each line has its own time.
    let server = mcp(move |request| {
        let is_call = request.rpc() == "tools/call";
        is_call.then(|| {
            std::thread::sleep(slow);
            request.result(&json!({"content": []}))
        })
    });
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.home().join("lines"), "{}\n{}\n{}\n{}\n{}\n").unwrap();
    let each = ["-s", &server.url, "call", "add", "--each", "lines", "--timeout", "1"];
    sandbox.run(&each).exits(0).says("5 calls");
}

#[test]
fn a_given_address_replaces_the_lookup() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    let port = server.url.split(':').nth(2).unwrap().split('/').next().unwrap().to_owned();
    let (url, given) = (
        format!("http://nowhere.invalid:{port}/mcp"),
        format!("nowhere.invalid:{port}:[2001:db8::1],127.0.0.1"),
    );
    sandbox.run(&["init", &url, "--connect-timeout", "3"]).exits(3);
    sandbox.run(&["init", &url, "--resolve", &given]).exits(0);
    let host = server.requests()[0].header("host").unwrap().to_owned();
    assert_eq!(host, format!("nowhere.invalid:{port}"));
    sandbox.run(&["init", &url, "--resolve", "nowhere"]).exits(2).says("HOST:PORT:ADDRESS");
}

/// Passes everything between a Unix domain socket and a server; returns the path.
#[cfg(unix)]
fn behind_a_socket(sandbox: &Sandbox, server: &Server, name: &str) -> String {
    use std::os::unix::net::UnixListener;

    let path = sandbox.home().join(name);
    let address = server.url.split('/').nth(2).unwrap().to_owned();
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut here, mut there) = (stream.unwrap(), TcpStream::connect(&address).unwrap());
            let (mut back, mut answer) = (here.try_clone().unwrap(), there.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut here, &mut there);
                let _ = there.shutdown(std::net::Shutdown::Write);
            });
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut answer, &mut back);
                let _ = back.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    path.to_str().unwrap().to_owned()
}

#[cfg(unix)]
#[test]
fn a_server_behind_a_socket_is_remembered_with_it() {
    let (sandbox, one, other) = (Sandbox::new(), mcp(|_| None), mcp(|_| None));
    let first = behind_a_socket(&sandbox, &one, "one.sock");
    let second = behind_a_socket(&sandbox, &other, "a second %20.sock");
    let url = "http://localhost/mcp";
    sandbox.run(&["init", url, "--unix-socket", &first]).exits(0);
    // The same URL through another socket is another server: it never sees the first one's session.
    sandbox.run(&["init", url, "--unix-socket", "a second %20.sock", "--name", "second"]).exits(0);
    assert!(
        other
            .requests()
            .iter()
            .all(|request| request.header("mcp-session-id").is_none()
                || request.rpc() != "initialize")
    );
    let before = (one.requests().len(), other.requests().len());
    sandbox.run(&["call", "echo", "message=hi"]).exits(0).prints_part("hi");
    assert_eq!(one.requests().len(), before.0);
    sandbox.run(&["-s", "scripted", "call", "echo", "message=hi"]).exits(0).prints_part("hi");
    assert_eq!(one.requests().len(), before.0 + 2, "the list of tools and the call");
    let warm = ["-s", url, "--unix-socket", second.as_str(), "call", "echo", "message=hi"];
    let before = other.requests().len();
    sandbox.run(&warm).exits(0).prints_part("hi");
    assert_eq!(other.requests().len(), before + 1, "the session is reused");
    sandbox.run(&["sessions"]).exits(0).prints_part("one.sock");
    let repeated = ["call", "add", "a=1", "b=2", "--each", "lines", "--jobs", "2"];
    std::fs::write(sandbox.home().join("lines"), "{}\n{}\n{}\n").unwrap();
    sandbox.run(&repeated).exits(0);
    sandbox.run(&["trace", url, "--unix-socket", &first]).exits(0);
    sandbox.run(&["close", url, "--unix-socket", &first]).exits(0);
    assert_eq!(one.methods().last().map(String::as_str), Some("DELETE"));
    // Without the socket, the URL leads elsewhere, and a saved name has its own.
    sandbox.run(&["-s", "second", "ping", "--unix-socket", &first]).exits(2).says("requires a URL");
    let missing = ["-s", url, "ping", "--unix-socket", "none.sock"];
    sandbox.run(&missing).exits(3).says("none.sock: No such file");
}

#[test]
fn a_server_of_http_2_alone_is_named() {
    // SETTINGS and GOAWAY, which a server of HTTP/2 answers to anything else with.
    for frame in [
        &b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"[..],
        b"\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01",
    ] {
        let server = Server::raw_before_reading(move |stream| {
            let _ = stream.write_all(frame);
        });
        for command in ["init", "trace"] {
            let finished = Sandbox::new().run(&[command, &server.url]).exits(7);
            assert!(finished.stderr.contains("supports only HTTP/2"), "{}", finished.stderr);
            assert!(finished.stderr.contains("http2-only, certain"), "{}", finished.stderr);
            assert!(!finished.stderr.contains("may have run"), "{}", finished.stderr);
        }
    }
    let server = Server::start(|_| http(403, &[], "Missing ALPN Protocol, expected `h2`"));
    Sandbox::new().run(&["init", &server.url]).says("http2-only, likely");
    let upgrade = |to: &'static str| Server::start(move |_| http(426, &[("Upgrade", to)], ""));
    Sandbox::new().run(&["init", &upgrade("h2c").url]).says("http2-only, likely");
    let shown = Sandbox::new().run(&["init", &upgrade("TLS/1.2, HTTP/1.1").url]).fails();
    assert!(!shown.stderr.contains("http2-only"), "{}", shown.stderr);
}

#[cfg(unix)]
#[test]
fn a_socket_is_part_of_names_suggestions_and_recipes() {
    let (sandbox, one, other) = (Sandbox::new(), mcp(|_| None), mcp(|_| None));
    let first = behind_a_socket(&sandbox, &one, "one.sock");
    let second = behind_a_socket(&sandbox, &other, "other.sock");
    let url = "http://localhost/mcp";
    for _ in 0..2 {
        sandbox.run(&["init", url, "--unix-socket", &first, "--name", "mine"]).exits(0);
    }
    sandbox
        .run(&["init", url, "--unix-socket", &second, "--name", "mine"])
        .exits(2)
        .says("already");
    let fresh = Sandbox::new();
    let recipe = ["trace", url, "--unix-socket", &first, "--recipe"];
    let curl = fresh.run(&[&recipe[..], &["curl"]].concat()).exits(0).stdout;
    assert!(curl.contains(&format!("--unix-socket '{first}'")), "{curl}");
    fresh.run(&[&recipe[..], &["python"]].concat()).exits(2).says("--recipe curl");
    fresh
        .run(&["trace", url, "--unix-socket", &first])
        .exits(0)
        .says(&format!("--unix-socket {first}"));
    // The file of a server that is gone.
    let stale = sandbox.home().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    fresh
        .run(&["ping", "-s", url, "--unix-socket", stale.to_str().unwrap()])
        .exits(3)
        .says("stale.sock");
}
