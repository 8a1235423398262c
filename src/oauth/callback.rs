//! Where the browser comes back to: an address on this machine (RFC 8252, 7.3).

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

/// The path of the address.
const PATH: &str = "/callback";
/// As much of a request is read.
const MAX_REQUEST: u64 = 32 * 1024;
/// As long may one take to come.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often is looked for one.
const LOOK: Duration = Duration::from_millis(10);

/// Waits for the browser, on 127.0.0.1 alone.
pub struct Callback {
    listener: TcpListener,
    port: u16,
}

impl Callback {
    /// Listens; port 0 takes a free one.
    pub fn listen(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// The address.
    pub fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits until somebody comes whose query is the right one, or until `is_over`.
    pub fn wait(
        &self,
        is_right: impl Fn(&str) -> bool,
        is_over: impl Fn() -> bool,
    ) -> Option<String> {
        while !is_over() {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    // Whoever breaks off is waited for no longer.
                    if let Ok(Some(query)) = self.serve(&stream, &is_right) {
                        return Some(query);
                    }
                }
                Err(_) => std::thread::sleep(LOOK),
            }
        }
        None
    }

    fn serve(
        &self,
        stream: &TcpStream,
        is_right: impl Fn(&str) -> bool,
    ) -> io::Result<Option<String>> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut lines = BufReader::new(stream.take(MAX_REQUEST)).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let mut host = None;
        for line in lines {
            let line = line?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("host")
            {
                host = Some(value.trim().to_owned());
            }
        }
        let target = first.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
        let (path, query) = target.and_then(|t| t.split_once('?')).unwrap_or_default();
        // A web page must not come in under a name of its own.
        let here = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", self.port));
        if path != PATH || !host.is_some_and(|host| here.contains(&host)) {
            answer(stream, "404 Not Found", "There is nothing here.")?;
            return Ok(None);
        }
        if !is_right(query) {
            answer(stream, "400 Bad Request", "This is no answer to what was asked.")?;
            return Ok(None);
        }
        // What it says is judged elsewhere, and told in the terminal.
        answer(stream, "200 OK", "Back to the terminal: this window can be closed.")?;
        Ok(Some(query.to_owned()))
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
