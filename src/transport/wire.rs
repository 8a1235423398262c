//! Recording tee: the bytes on the wire, and when they passed.
//!
//! The tee sits above TCP and TLS, so it sees the HTTP bytes in plain text: header case,
//! chunk framing and interim responses. The connectors below it log their phases here too.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, Transport,
};

use super::budget::Budget;
use super::proxy::Forward;
use crate::exchange::{Connection, Exchange, KEEP_BODY, KEEP_EVENTS, Phase, Times, Tls, Wire};

/// Log of the current exchange, and its time limits.
#[derive(Clone)]
pub(super) struct WireLog {
    log: Arc<Mutex<Log>>,
    /// Limit of each exchange, if there is no budget.
    whole: Option<Duration>,
    budget: Option<Budget>,
}

pub(super) struct Log {
    began: Instant,
    pub(super) times: Times,
    pub(super) wire: Wire,
    pub(super) connection: Connection,
    connected_here: bool,
    reset: bool,
    hurry: Option<Duration>,
    patience: Option<Duration>,
    phase: Phase,
}

/// Time that is left for an exchange, and which limit ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Unlimited,
    /// `--timeout`.
    Whole(Duration),
    /// The patience for a response.
    Patience(Duration),
}

impl WireLog {
    pub(super) fn new(whole: Option<Duration>, budget: Option<Budget>) -> Self {
        Self { log: Arc::new(Mutex::new(Log::new())), whole, budget }
    }

    /// Discards the last exchange and starts the clock.
    pub(super) fn restart(&self) {
        let mut log = self.lock();
        *log = Log { patience: log.patience, ..Log::new() };
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the limit set by `set_patience`.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.lock().patience
    }

    /// Limits the time from the connection to the end of the response.
    pub(super) fn set_patience(&self, limit: Option<Duration>) {
        self.lock().patience = limit;
    }

    /// Returns the time that is left for the exchange.
    pub(super) fn left(&self) -> Left {
        let log = self.lock();
        let since = log.began.elapsed();
        let whole = match &self.budget {
            Some(budget) => budget.left(),
            None => self.whole.map(|whole| whole.saturating_sub(since)),
        };
        // A connection that is used again was there from the start.
        let connected = log.times.tls.or(log.times.connect).unwrap_or_default();
        let patience = log.patience.map(|limit| (connected + limit).saturating_sub(since));
        match (whole, patience) {
            (Some(whole), Some(patience)) if whole <= patience => Left::Whole(whole),
            (_, Some(patience)) => Left::Patience(patience),
            (Some(whole), None) => Left::Whole(whole),
            (None, None) => Left::Unlimited,
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.lock().began.elapsed()
    }

    /// Enters a phase before the request is sent.
    pub(super) fn enter(&self, phase: Phase) {
        self.lock().phase = phase;
    }

    /// Returns the current phase.
    pub(super) fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// Returns true if any byte of the request was written.
    pub(super) fn request_begun(&self) -> bool {
        self.lock().wire.sent > 0
    }

    /// Limits each later wait for data; `None` restores the normal limits.
    pub(super) fn set_hurry(&self, limit: Option<Duration>) {
        self.lock().hurry = limit;
    }

    /// Returns the limit set by `set_hurry`.
    pub(super) fn hurry(&self) -> Option<Duration> {
        self.lock().hurry
    }

    /// Records a reset of the connection.
    pub(super) fn reset(&self) {
        self.lock().reset = true;
    }

    /// Returns true if the connection was reset during this exchange.
    pub(super) fn was_reset(&self) -> bool {
        self.lock().reset
    }

    pub(super) fn looked_up(&self) {
        let mut log = self.lock();
        log.times.lookup = Some(log.began.elapsed());
        log.phase = Phase::Connect;
    }

    pub(super) fn refused(&self, address: SocketAddr, why: String) {
        self.lock().connection.refused.push((address, why));
    }

    pub(super) fn connected(&self, peer: Option<SocketAddr>) {
        let mut log = self.lock();
        log.times.connect = Some(log.began.elapsed());
        log.connection.peer = peer;
        log.connected_here = true;
        log.phase = Phase::Send;
    }

    pub(super) fn tls_done(&self, tls: Tls) {
        let mut log = self.lock();
        log.times.tls = Some(log.began.elapsed());
        log.connection.tls = Some(tls);
        log.phase = Phase::Send;
    }
}

impl Log {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            times: Times::default(),
            wire: Wire::default(),
            connection: Connection::default(),
            connected_here: false,
            reset: false,
            hurry: None,
            patience: None,
            phase: Phase::Lookup,
        }
    }

    fn wrote(&mut self, bytes: &[u8]) {
        keep_head(&mut self.wire.request_head, bytes);
        self.wire.sent += bytes.len() as u64;
        self.times.sent = Some(self.began.elapsed());
        self.phase = Phase::Wait;
    }

    fn read(&mut self, bytes: &[u8]) {
        let now = self.began.elapsed();
        self.times.first_byte.get_or_insert(now);
        keep_head(&mut self.wire.response_head, bytes);
        self.wire.received += bytes.len() as u64;
        if self.wire.chunks.len() < KEEP_EVENTS {
            self.wire.chunks.push((now, bytes.len()));
        }
        self.phase = Phase::Read;
    }
}

/// Copies the contents of the wire log into the exchange.
pub(super) fn note_wire(exchange: &mut Exchange, log: &WireLog, proxy: Option<&str>) {
    let done = log.elapsed();
    let log = log.lock();
    exchange.times = Times { done: Some(done), ..log.times.clone() };
    exchange.wire = log.wire.clone();
    exchange.connection = log.connection.clone();
    exchange.connection.proxy = proxy.map(str::to_owned);
}

/// Appends bytes until the head is complete; interim responses (1xx) do not complete it.
fn keep_head(head: &mut Vec<u8>, bytes: &[u8]) {
    if ends_head(head) || head.len() >= KEEP_BODY {
        return;
    }
    let before = head.len();
    head.extend_from_slice(&bytes[..bytes.len().min(KEEP_BODY - before)]);
    // The blank line may be split between two reads.
    let from = before.saturating_sub(3);
    if let Some(end) = find_head_end(head, from) {
        head.truncate(end);
    }
}

fn ends_head(head: &[u8]) -> bool {
    find_head_end(head, head.len().saturating_sub(4)).is_some()
}

/// Returns the end of the final head, after those of interim responses.
fn find_head_end(head: &[u8], from: usize) -> Option<usize> {
    let found = |from: usize| {
        head.get(from..)?.windows(4).position(|four| four == b"\r\n\r\n").map(|at| from + at + 4)
    };
    let mut start = 0;
    while head.get(start..)?.starts_with(b"HTTP/1.1 1") {
        start = found(start)?;
    }
    found(from.max(start))
}

/// Connector that puts the tee on top of the chain.
#[derive(Clone)]
pub(super) struct TeeConnector {
    pub(super) log: WireLog,
    /// Host and port of the server; a connection to any other address leads to the proxy.
    pub(super) authority: String,
    /// Forward proxy that requests are sent to.
    pub(super) forward: Option<Forward>,
}

impl std::fmt::Debug for TeeConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TeeConnector")
    }
}

impl<In: Transport> Connector<In> for TeeConnector {
    type Out = Either<In, Tee<In>>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(inner) = chained else { return Ok(None) };
        let authority = details.uri.authority().map(ToString::to_string);
        if authority.as_deref() != Some(self.authority.as_str()) {
            return Ok(Some(Either::A(inner)));
        }
        let made = self.log.lock().connection.clone();
        let (log, forward) = (self.log.clone(), self.forward.clone());
        let prefix = format!("http://{}", self.authority);
        Ok(Some(Either::B(Tee { inner, log, made, forward, prefix, held: Vec::new() })))
    }
}

/// Transport that copies all traffic to the log.
pub(super) struct Tee<T> {
    inner: T,
    log: WireLog,
    /// Details of this connection, for later exchanges that reuse it.
    made: Connection,
    forward: Option<Forward>,
    prefix: String,
    /// Head of a request that is sent together with its body.
    held: Vec<u8>,
}

impl<T> std::fmt::Debug for Tee<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tee")
    }
}

impl<T: Transport> Tee<T> {
    /// Writes the full URL into the request line and adds the proxy credentials (RFC 9112, 3.2.2).
    fn for_proxy(&self, head: &[u8], forward: &Forward) -> Vec<u8> {
        let head = String::from_utf8_lossy(head);
        let (line, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
        let (method, target) = line.split_once(' ').unwrap_or((line, ""));
        let mut out = format!("{method} {}{target}\r\n", self.prefix);
        if let Some(authorization) = &forward.authorization {
            out += "proxy-authorization: ";
            out += authorization;
            out += "\r\n";
        }
        out.push_str(rest);
        out.into_bytes()
    }

    /// Writes bytes to the connection.
    fn send(&mut self, bytes: &[u8], timeout: NextTimeout) -> Result<(), Error> {
        {
            let mut log = self.log.lock();
            if !log.connected_here && log.wire.sent == 0 {
                log.connection = Connection { reused: true, ..self.made.clone() };
            }
            // Log before writing: bytes of a failed write may have arrived.
            log.wrote(bytes);
            log.phase = Phase::Send;
        }
        let room = self.inner.buffers().output().len();
        for part in bytes.chunks(room.max(1)) {
            self.inner.buffers().output()[..part.len()].copy_from_slice(part);
            self.inner.transmit_output(part.len(), timeout)?;
        }
        let mut log = self.log.lock();
        log.times.sent = Some(log.began.elapsed());
        log.phase = Phase::Wait;
        Ok(())
    }
}

impl<T: Transport> Transport for Tee<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let mut bytes = std::mem::take(&mut self.held);
        let is_first = bytes.is_empty() && !self.log.request_begun();
        let output = &self.inner.buffers().output()[..amount];
        bytes.extend_from_slice(output);
        if let Some(forward) = self.forward.as_ref().filter(|_| is_first) {
            bytes = self.for_proxy(&bytes, forward);
        }
        if is_first && bytes.starts_with(b"POST ") && bytes.ends_with(b"\r\n\r\n") {
            self.held = bytes;
            return Ok(());
        }
        self.send(&bytes, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if !self.held.is_empty() {
            // There was no body.
            let head = std::mem::take(&mut self.held);
            self.send(&head, timeout)?;
        }
        let before = self.inner.buffers().input().len();
        let progress = self.inner.await_input(timeout)?;
        let input = self.inner.buffers().input();
        if input.len() > before {
            self.log.lock().read(&input[before..]);
        }
        Ok(progress)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head_of(parts: &[&str]) -> String {
        let mut head = Vec::new();
        for part in parts {
            keep_head(&mut head, part.as_bytes());
        }
        String::from_utf8(head).unwrap()
    }

    #[test]
    fn the_head_ends_where_the_body_begins() {
        let head = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        assert_eq!(head_of(&[head, "body\r\n\r\nmore"]), head);
        assert_eq!(head_of(&["HTTP/1.1 200 OK\r\nA: b\r", "\n\r", "\nbody"]), head);
    }

    #[test]
    fn an_interim_answer_is_kept_before_the_final_one() {
        let both = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
        assert_eq!(head_of(&[both, "body"]), both);
        assert_eq!(head_of(&[&both[..40], &both[40..], "body"]), both);
    }
}
