//! Name lookup and TCP connections; each phase is logged.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration as Limit;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, ShutdownHandle,
    Transport,
};

use super::error::PrivateAddress;
use super::interrupt::Interrupt;
use super::resolve::{Resolve, host_and_port};
use super::socket::Socket;
use super::wire::{Left, WireLog};
use crate::exchange::Phase;

/// System name lookup that logs its timing.
pub(super) struct LoggingResolver {
    pub(super) inner: DefaultResolver,
    pub(super) log: WireLog,
    pub(super) interrupt: Interrupt,
    /// Proxy whose address is looked up instead of the request's.
    pub(super) instead: Option<Uri>,
    /// Rejects addresses outside the public network, whatever name resolves to them.
    pub(super) only_public: bool,
    /// Addresses that the user gave for hosts.
    pub(super) given: Vec<Resolve>,
    /// A socket is named, so there is nothing to look up.
    pub(super) is_socket: bool,
}

impl std::fmt::Debug for LoggingResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoggingResolver")
    }
}

impl Resolver for LoggingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        self.log.enter(Phase::Lookup);
        let uri = self.instead.as_ref().unwrap_or(uri);
        let given = Resolve::find(&self.given, uri);
        if self.is_socket || !given.is_empty() {
            let mut addresses = self.empty();
            let unused = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let all = if self.is_socket { &[unused][..] } else { &given };
            // The list has a fixed size.
            all.iter().take(16).for_each(|address| addresses.push(*address));
            return Ok(addresses);
        }
        // A literal address needs no lookup, and so no thread to time it out.
        let addresses = if let Some(address) = literal(uri) {
            let mut addresses = self.empty();
            addresses.push(address);
            addresses
        } else {
            self.interrupt.about_to_wait();
            let timeout = within(self.log.left(), timeout);
            let addresses = self.inner.resolve(uri, config, timeout)?;
            self.log.looked_up();
            addresses
        };
        let private = addresses.iter().find(|address| !is_public(address.ip()));
        if let Some(private) = private.filter(|_| self.only_public) {
            return Err(Error::Io(io::Error::other(PrivateAddress(private.ip()))));
        }
        Ok(addresses)
    }
}

/// Returns true if an address is on the public network (IANA registries of special-purpose
/// addresses).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            let special = first == 0
                || first >= 240
                || (first == 100 && second & 0xc0 == 64)
                || (first == 198 && second & 0xfe == 18)
                || (first, second, third) == (192, 0, 0);
            !(special
                || address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_documentation()
                || address.is_multicast())
        }
        IpAddr::V6(address) => {
            let embedded = address.to_ipv4_mapped().or_else(|| match address.segments() {
                // NAT64 (RFC 6052) and 6to4 (RFC 3056) addresses embed an IPv4 address.
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                    Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
                }
                _ => None,
            });
            if let Some(embedded) = embedded {
                return is_public(IpAddr::V4(embedded));
            }
            let first = address.segments()[0];
            !(address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
                || (first, address.segments()[1]) == (0x2001, 0xdb8))
        }
    }
}

/// Returns the socket address of a URL whose host is an IP address.
fn literal(uri: &Uri) -> Option<SocketAddr> {
    let (host, port) = host_and_port(uri)?;
    Some(SocketAddr::new(host.trim_matches(['[', ']']).parse().ok()?, port))
}

/// Connector for TCP, which tries several addresses and logs the outcome of each, and for Unix domain
/// sockets.
pub(super) struct TcpConnector {
    pub(super) log: WireLog,
    pub(super) interrupt: Interrupt,
    /// True if the peer is a proxy that still has to open a tunnel.
    pub(super) tunnel: bool,
    /// Unix domain socket to connect to instead of an address.
    pub(super) socket: Option<PathBuf>,
}

impl std::fmt::Debug for TcpConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TcpConnector")
    }
}

impl<In: Transport> Connector<In> for TcpConnector {
    type Out = Either<In, TcpTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        if let Some(through_proxy) = chained {
            return Ok(Some(Either::A(through_proxy)));
        }
        self.log.enter(Phase::Connect);
        let stream = if let Some(path) = &self.socket {
            Socket::unix(path).map_err(|error| {
                let text = format!("{}: {error}", path.display());
                Error::Io(io::Error::new(error.kind(), text))
            })?
        } else {
            let stream = self.connect_any(&details.addrs, details.timeout)?;
            stream.set_nodelay(details.config.no_delay())?;
            Socket::Tcp(stream)
        };
        self.log.connected(stream.peer());
        let stream = Arc::new(stream);
        // Lets another thread end a wait.
        let handle: Weak<dyn ShutdownHandle> = Arc::downgrade(&(stream.clone() as _));
        (details.register_shutdown)(handle)?;
        if self.tunnel {
            self.log.enter(Phase::Proxy);
        }
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        let log = self.log.clone();
        let deadline = details.timeout.not_zero().map(|left| Instant::now() + *left);
        let interrupt = self.interrupt.clone();
        let limits = [None; 2];
        Ok(Some(Either::B(TcpTransport { stream, buffers, limits, log, interrupt, deadline })))
    }
}

impl TcpConnector {
    /// Tries the addresses in order. The next attempt starts when the last one fails, or after
    /// `ATTEMPT_DELAY` (RFC 8305, 5), so a silent address costs no more than that.
    fn connect_any(
        &self,
        addresses: &[SocketAddr],
        timeout: NextTimeout,
    ) -> Result<TcpStream, Error> {
        let timeout = within(self.log.left(), timeout);
        let limit = timeout.not_zero().map(|left| *left);
        if limit.is_some_and(|limit| limit.is_zero()) {
            return Err(Error::Timeout(timeout.reason));
        }
        if !addresses.iter().all(|address| address.ip().is_loopback()) {
            self.interrupt.about_to_wait();
        }
        if let [only] = addresses {
            return connect_one(*only, limit).map_err(|error| self.failed(*only, error));
        }
        let began = Instant::now();
        let (sender, answers) = std::sync::mpsc::channel();
        let mut waiting = 0;
        let mut last = Error::ConnectionFailed;
        let mut untried = addresses.iter().copied().peekable();
        loop {
            let left = limit.map(|limit| limit.saturating_sub(began.elapsed()));
            if let Some(address) = untried.next() {
                let sender = sender.clone();
                waiting += 1;
                // The receiver may be gone when the attempt ends.
                std::thread::spawn(move || sender.send((address, connect_one(address, left))).ok());
            } else if waiting == 0 {
                return Err(last);
            }
            let patience = if untried.peek().is_some() {
                Some(left.map_or(ATTEMPT_DELAY, |left| left.min(ATTEMPT_DELAY)))
            } else {
                left
            };
            let answer = match patience {
                Some(patience) => answers.recv_timeout(patience).ok(),
                None => answers.recv().ok(),
            };
            match answer {
                Some((_, Ok(stream))) => return Ok(stream),
                Some((address, Err(error))) => {
                    waiting -= 1;
                    last = self.failed(address, error);
                }
                None if left.is_some_and(|left| left.is_zero()) || untried.peek().is_none() => {
                    return Err(Error::Timeout(timeout.reason));
                }
                None => {}
            }
        }
    }

    /// Logs an address that could not be reached.
    fn failed(&self, address: SocketAddr, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::TimedOut {
            self.log.refused(address, "no answer".to_owned());
            return Error::Timeout(ureq::Timeout::Connect);
        }
        self.log.refused(address, error.to_string());
        Error::Io(error)
    }
}

/// Delay before the next address is tried (RFC 8305, 8: 250 ms).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

fn connect_one(address: SocketAddr, limit: Option<Duration>) -> io::Result<TcpStream> {
    match limit {
        Some(limit) => TcpStream::connect_timeout(&address, limit.max(Duration::from_millis(1))),
        None => TcpStream::connect(address),
    }
}

/// Connection with a time limit for each read and write.
pub(super) struct TcpTransport {
    stream: Arc<Socket>,
    buffers: LazyBuffers,
    /// Current socket limits for reading and writing, cached because each change costs a system
    /// call.
    limits: [Option<Duration>; 2],
    log: WireLog,
    interrupt: Interrupt,
    /// Deadline for proxy and TLS. Afterwards the limits of the request apply.
    deadline: Option<Instant>,
}

impl std::fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TcpTransport")
    }
}

impl TcpTransport {
    /// Sets a socket limit unless it, or one that is slightly longer, is already in effect.
    fn limit(
        &mut self,
        which: usize,
        timeout: NextTimeout,
        set: fn(&Socket, Option<Duration>) -> io::Result<()>,
    ) -> Result<(), Error> {
        let limit = (!timeout.after.is_not_happening()).then_some(*timeout.after);
        if limit.is_some_and(|limit| limit.is_zero()) {
            return Err(Error::Timeout(timeout.reason));
        }
        let is_near = |(limit, set): (Duration, Duration)| {
            set.checked_sub(limit).is_some_and(|more| more <= TOLERANCE)
        };
        if limit != self.limits[which] && !limit.zip(self.limits[which]).is_some_and(is_near) {
            set(&self.stream, limit)?;
            self.limits[which] = limit;
        }
        Ok(())
    }
}

/// Time by which a wait may exceed its limit.
const TOLERANCE: Duration = Duration::from_millis(20);
/// Wait for a server on this machine before Ctrl-C is handled.
const SHORT_WAIT: Duration = Duration::from_millis(5);

/// Shortens a timeout to what is left for the exchange.
fn within(left: Left, mut timeout: NextTimeout) -> NextTimeout {
    let (left, reason) = match left {
        Left::Unlimited => return timeout,
        Left::Whole(left) => (left, ureq::Timeout::Global),
        Left::Patience(left) => (left, ureq::Timeout::PerCall),
    };
    if Limit::Exact(left) < timeout.after {
        timeout.after = Limit::Exact(left);
        timeout.reason = reason;
    }
    timeout
}

/// Returns true if the peer broke the connection.
fn is_cut(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}

/// Converts a socket timeout, which some systems report as `WouldBlock`.
fn or_timeout(error: io::Error, timeout: NextTimeout) -> Error {
    if is_timeout(&error) { Error::Timeout(timeout.reason) } else { Error::Io(error) }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = within(self.log.left(), timeout.for_write());
        self.limit(1, timeout, Socket::set_write_timeout)?;
        let output = &self.buffers.output()[..amount];
        match self.stream.write_all(output) {
            // A server may refuse a request (with 413, say) and close before it has read all of it.
            // Its response can still be read.
            Err(error) if is_cut(&error) => Ok(()),
            written => written.map_err(|error| or_timeout(error, timeout)),
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let mut timeout = within(self.log.left(), timeout.for_read());
        if let Some(deadline) = self.deadline.filter(|_| !self.log.request_begun()) {
            let left = Limit::Exact(deadline.saturating_duration_since(Instant::now()));
            if left < timeout.after {
                timeout.after = left;
                timeout.reason = ureq::Timeout::Connect;
            }
        }
        if let Some(limit) = self.log.hurry() {
            timeout.after = timeout.after.min(Limit::Exact(limit));
        }
        let began = Instant::now();
        if self.interrupt.is_new() && self.log.elapsed() > SHORT_WAIT {
            // A stream that never pauses is a wait as well.
            self.interrupt.about_to_wait();
        }
        loop {
            let mut left = timeout;
            if let Limit::Exact(after) = timeout.after {
                left.after = Limit::Exact(after.saturating_sub(began.elapsed()));
            }
            let is_first = self.interrupt.is_new() && Limit::Exact(SHORT_WAIT) < left.after;
            if is_first {
                left.after = Limit::Exact(SHORT_WAIT);
            }
            self.limit(0, left, Socket::set_read_timeout)?;
            let input = self.buffers.input_append_buf();
            match self.stream.read(input) {
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_first && is_timeout(&error) => self.interrupt.about_to_wait(),
                Err(error) if is_cut(&error) => {
                    // Otherwise a body without a length would seem complete.
                    self.log.reset();
                    return Err(Error::Io(error));
                }
                Err(error) => return Err(or_timeout(error, timeout)),
            }
        }
    }

    /// Returns true if an idle connection can be reused: no data has arrived, not even its end.
    fn is_open(&mut self) -> bool {
        self.stream.is_idle().unwrap_or(false)
    }
}
