//! A minimal browser for authorization: follows a URL to its end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Sandbox;

/// Follows every URL that the `--browser` command gets, until dropped.
pub(crate) struct Browser {
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
    addresses: PathBuf,
}

/// A `--browser` command that passes the URL on.
pub(crate) const BROWSER: &str = "echo >>addresses";

impl Browser {
    pub(crate) fn start(sandbox: &Sandbox) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (is_over, addresses) = (Arc::clone(&over), sandbox.home().join("addresses"));
        let path = addresses.clone();
        let thread = std::thread::spawn(move || {
            let mut done = 0;
            while !is_over.load(Ordering::SeqCst) {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                for address in text.lines().skip(done).take(text.matches('\n').count() - done) {
                    visit(address);
                    done += 1;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Self { over, thread: Some(thread), addresses }
    }

    /// Returns the URLs that the browser was sent to.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.addresses).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

/// Follows a URL and returns the last page.
pub(crate) fn visit(address: &str) -> String {
    let mut address = address.to_owned();
    for _ in 0..5 {
        let page = get(&address);
        let location = page.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
        });
        match location {
            Some(next) => address = next,
            None => return page,
        }
    }
    panic!("too many redirects at {address}");
}

fn get(address: &str) -> String {
    let rest = address.strip_prefix("http://").unwrap_or_else(|| panic!("no http: {address}"));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let Ok(mut stream) = TcpStream::connect(host) else { return String::new() };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    let _ = stream.read_to_string(&mut page);
    page
}
