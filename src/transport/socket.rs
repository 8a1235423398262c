//! The socket below HTTP: TCP, or a Unix domain socket (`--unix-socket`).

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use ureq::unversioned::transport::ShutdownHandle;

/// A connected socket.
pub(super) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Runs the same code for each kind of socket.
macro_rules! on {
    ($socket:expr, $stream:ident => $does:expr) => {
        match $socket {
            Socket::Tcp($stream) => $does,
            #[cfg(unix)]
            Socket::Unix($stream) => $does,
        }
    };
}

impl Socket {
    /// Connects to a Unix domain socket.
    #[cfg(unix)]
    pub(super) fn unix(path: &Path) -> io::Result<Self> {
        UnixStream::connect(path).map(Self::Unix)
    }

    /// Fails: this system has none that the standard library supports.
    #[cfg(not(unix))]
    pub(super) fn unix(_: &Path) -> io::Result<Self> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "Unix domain sockets are not supported here",
        ))
    }

    /// Returns the address of the peer; `None` for a Unix domain socket.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok(),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }

    pub(super) fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        on!(self, stream => stream.set_read_timeout(limit))
    }

    pub(super) fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        on!(self, stream => stream.set_write_timeout(limit))
    }

    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        on!(self, stream => { let mut stream = stream; stream.read(buffer) })
    }

    pub(super) fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        on!(self, stream => { let mut stream = stream; stream.write_all(bytes) })
    }

    /// Returns true if an idle connection can be reused: no data has arrived, not even its end.
    pub(super) fn is_idle(&self) -> io::Result<bool> {
        on!(self, stream => stream.set_nonblocking(true))?;
        let outcome = self.peek();
        on!(self, stream => stream.set_nonblocking(false))?;
        Ok(outcome.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock))
    }

    fn peek(&self) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.peek(&mut [0]),
            #[cfg(unix)]
            Self::Unix(stream) => {
                let mut byte = [0_u8];
                let peek = rustix::net::RecvFlags::PEEK;
                Ok(rustix::net::recv(stream, &mut byte[..], peek)?.0)
            }
        }
    }
}

impl ShutdownHandle for Socket {
    fn shutdown(&self) {
        // The connection may be closed already.
        let _ = on!(self, stream => stream.shutdown(Shutdown::Both));
    }
}
