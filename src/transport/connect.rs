//! Name lookup and TCP, each phase noted in the log.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

use ureq::unversioned::transport::time::Duration as Limit;

use super::error::Phase;
use super::wire::WireLog;

/// Looks names up as the system does, and notes when.
pub(super) struct LoggingResolver {
    pub(super) inner: DefaultResolver,
    pub(super) log: WireLog,
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
        // An address needs no lookup, and so no thread that a timeout could interrupt.
        if let Some(address) = literal(uri) {
            let mut addresses = self.empty();
            addresses.push(address);
            return Ok(addresses);
        }
        let addresses = self.inner.resolve(uri, config, timeout)?;
        self.log.looked_up();
        Ok(addresses)
    }
}

/// The address that a URL names by its numbers.
fn literal(uri: &Uri) -> Option<SocketAddr> {
    let authority = uri.authority()?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    Some(SocketAddr::new(host.parse().ok()?, authority.port_u16().unwrap_or(default)))
}

/// Connects over TCP, one address after another, and notes who answered and who did not.
pub(super) struct TcpConnector {
    pub(super) log: WireLog,
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
        let stream = self.connect_any(&details.addrs, details.timeout)?;
        stream.set_nodelay(details.config.no_delay())?;
        self.log.connected(stream.peer_addr().ok());
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Either::B(TcpTransport { stream, buffers, limits: [None; 2] })))
    }
}

impl TcpConnector {
    /// Each address but the last gets half of the time that is left, so that one that never answers
    /// leaves time for the others.
    fn connect_any(
        &self,
        addresses: &[SocketAddr],
        timeout: NextTimeout,
    ) -> Result<TcpStream, Error> {
        let deadline = timeout.not_zero().map(|left| Instant::now() + *left);
        let mut last = Error::ConnectionFailed;
        for (index, address) in addresses.iter().enumerate() {
            let is_last = index + 1 == addresses.len();
            let share = deadline.map(|deadline| {
                let left = deadline.saturating_duration_since(Instant::now());
                let share = if is_last { left } else { left / 2 };
                share.max(Duration::from_millis(10))
            });
            let attempt = match share {
                Some(share) => TcpStream::connect_timeout(address, share),
                None => TcpStream::connect(address),
            };
            match attempt {
                Ok(stream) => return Ok(stream),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    self.log.refused(*address, "no answer".to_owned());
                    last = Error::Timeout(ureq::Timeout::Connect);
                }
                Err(error) => {
                    self.log.refused(*address, error.to_string());
                    last = Error::Io(error);
                }
            }
        }
        Err(last)
    }
}

/// A TCP connection, each read and write within its limit.
#[derive(Debug)]
pub(super) struct TcpTransport {
    stream: TcpStream,
    buffers: LazyBuffers,
    /// The limits the socket has now, for reading and writing: setting them costs a system call.
    limits: [Option<Duration>; 2],
}

impl TcpTransport {
    /// Sets a limit of the socket, unless it has that one already.
    fn limit(
        &mut self,
        which: usize,
        timeout: NextTimeout,
        set: fn(&TcpStream, Option<Duration>) -> io::Result<()>,
    ) -> Result<(), Error> {
        let limit = (!timeout.after.is_not_happening()).then_some(*timeout.after);
        if limit.is_some_and(|limit| limit.is_zero()) {
            return Err(Error::Timeout(timeout.reason));
        }
        if limit != self.limits[which] {
            set(&self.stream, limit)?;
            self.limits[which] = limit;
        }
        Ok(())
    }
}

/// A socket that ran into its limit says "would block" on some systems.
fn or_timeout(error: io::Error, timeout: NextTimeout) -> Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::Timeout(timeout.reason),
        _ => Error::Io(error),
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        self.limit(1, timeout, TcpStream::set_write_timeout)?;
        let output = &self.buffers.output()[..amount];
        self.stream.write_all(output).map_err(|error| or_timeout(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        let began = Instant::now();
        loop {
            let mut left = timeout;
            if let Limit::Exact(after) = timeout.after {
                left.after = Limit::Exact(after.saturating_sub(began.elapsed()));
            }
            self.limit(0, left, TcpStream::set_read_timeout)?;
            let input = self.buffers.input_append_buf();
            match self.stream.read(input) {
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(or_timeout(error, timeout)),
            }
        }
    }

    /// Whether an idle connection can be used again: nothing has come, not even its end.
    fn is_open(&mut self) -> bool {
        let probe = || -> io::Result<bool> {
            self.stream.set_nonblocking(true)?;
            let outcome = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            Ok(outcome.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock))
        };
        probe().unwrap_or(false)
    }
}
