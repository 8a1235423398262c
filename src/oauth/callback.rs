//! Redirect target of the browser: a loopback address (RFC 8252, 7.3).

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Path of the redirect URI.
const PATH: &str = "/callback";
/// Maximum number of bytes read of a request.
const MAX_REQUEST: u64 = 32 * 1024;
/// Time limit for reading a request.
const PATIENCE: Duration = Duration::from_secs(5);
/// Interval at which new requests are checked for.
const LOOK: Duration = Duration::from_millis(10);

/// Listener for the browser's redirect, on 127.0.0.1 only.
pub struct Callback {
    listener: TcpListener,
    port: u16,
}

impl Callback {
    /// Starts to listen; port 0 selects a free port.
    pub fn listen(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        // `wait` must be able to check `is_over` between connections.
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Returns the redirect URI.
    pub fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for a request with the expected query, or until `is_over` returns true. Each
    /// connection has its own thread, because browsers open connections without sending
    /// anything.
    pub fn wait(
        &self,
        is_right: impl Fn(&str) -> bool,
        is_over: impl Fn() -> bool,
    ) -> Option<String> {
        let (sender, visits) = channel();
        while !is_over() {
            if let Ok((stream, _)) = self.listener.accept() {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    // A connection that fails to send a request is dropped.
                    if let Ok(visit) = Visit::hear(stream) {
                        let _ = sender.send(visit);
                    }
                });
                continue;
            }
            let Ok(visit) = visits.recv_timeout(LOOK) else { continue };
            let (status, text) = self.judge(&visit, &is_right);
            // The terminal reports the outcome, so the page may fail to arrive.
            let _ = answer(&visit.stream, status, text);
            if status == OK {
                return Some(visit.query);
            }
        }
        None
    }

    fn judge(
        &self,
        visit: &Visit,
        is_right: impl Fn(&str) -> bool,
    ) -> (&'static str, &'static str) {
        // The Host check keeps out web pages that use a name of their own (DNS rebinding).
        let here = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", self.port));
        if visit.path != PATH || !here.contains(&visit.host) {
            return ("404 Not Found", "There is nothing here.");
        }
        if !is_right(&visit.query) {
            return ("400 Bad Request", "This is not the expected redirect.");
        }
        (OK, "Back to the terminal: this window can be closed.")
    }
}

const OK: &str = "200 OK";

/// A request to the listener.
struct Visit {
    stream: TcpStream,
    path: String,
    query: String,
    host: String,
}

impl Visit {
    fn hear(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut lines = BufReader::new((&stream).take(MAX_REQUEST)).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let mut host = String::new();
        for line in lines {
            let line = line?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("host")
            {
                value.trim().clone_into(&mut host);
            }
        }
        let target = first.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
        let (path, query) = target.and_then(|t| t.split_once('?')).unwrap_or_default();
        let (path, query) = (path.to_owned(), query.to_owned());
        Ok(Self { stream, path, query, host })
    }
}

fn answer(mut stream: &TcpStream, status: &str, text: &str) -> io::Result<()> {
    let page = format!("<!doctype html><meta charset=utf-8><title>mcpoke</title><p>{text}\n");
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(page.as_bytes())?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        text
    }

    #[test]
    fn only_the_right_visitor_is_listened_to() {
        let callback = Callback::listen(0).unwrap();
        let port = callback.port;
        assert_eq!(callback.redirect_uri(), format!("http://127.0.0.1:{port}/callback"));
        let visitors = std::thread::spawn(move || {
            let get = |target: &str, host: &str| {
                ask(port, &format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            };
            let here = format!("127.0.0.1:{port}");
            let _silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            let wrong = [
                get("/favicon.ico", &here),
                get("/callback?state=other", &here),
                get("/callback?state=s", "evil.example"),
                ask(port, "POST /callback?state=s HTTP/1.1\r\nHost: x\r\n\r\n"),
                ask(port, "\r\n\r\n"),
            ];
            (wrong, get("/callback?state=s&code=c", &here))
        });
        let query = callback.wait(|query| query.starts_with("state=s"), || false);
        assert_eq!(query.as_deref(), Some("state=s&code=c"));
        let (wrong, right) = visitors.join().unwrap();
        assert!(right.starts_with("HTTP/1.1 200 OK\r\n") && right.contains("can be closed"));
        assert!(wrong.iter().all(|answer| answer.starts_with("HTTP/1.1 4")), "{wrong:#?}");
        assert_eq!(callback.wait(|_| true, || true), None);
    }
}
