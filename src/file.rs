//! Files that the user names, read within limits: a pipe may wait for ever, and a device may have no end.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write as _};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// Maximum size of a file of arguments, of one line of arguments, and of a program's output, in bytes.
pub const MAX_SIZE: u64 = 64 * 1024 * 1024;
/// Maximum size of a file with a token, a key or certificates, in bytes.
pub const MAX_SECRET: u64 = 4 * 1024 * 1024;

/// Time limit for a pipe (`--timeout`).
static PATIENCE: OnceLock<Option<Duration>> = OnceLock::new();

/// Sets the time limit for pipes and devices, once for the process.
pub fn set_patience(limit: Option<Duration>) {
    let _ = PATIENCE.set(limit);
}

fn patience() -> Option<Duration> {
    PATIENCE.get().copied().flatten()
}

/// Reads a file of at most `max` bytes, or a pipe of at most [`MAX_SIZE`]. Returns an error if it is larger, or if it is a pipe that is not
/// complete within the time limit.
pub fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let deadline = patience().map(|limit| Instant::now() + limit);
    let mut bytes = Vec::new();
    let mut max = max;
    match open(path)? {
        Opened::Regular(file) => {
            file.take(max + 1).read_to_end(&mut bytes)?;
        }
        Opened::Pipe(mut pipe) => {
            max = max.min(MAX_SIZE);
            while bytes.len() as u64 <= max {
                let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
                let Some(piece) = pipe.next(left)? else { break };
                bytes.extend(piece);
            }
        }
    }
    within(bytes, max)
}

/// Reads standard input of at most `max` bytes. There is no time limit: somebody may be typing.
pub fn read_stdin(max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(max + 1).read_to_end(&mut bytes)?;
    within(bytes, max)
}

fn within(bytes: Vec<u8>, max: u64) -> io::Result<Vec<u8>> {
    if bytes.len() as u64 > max {
        let text = format!("it is larger than {} MiB", max / 1024 / 1024);
        return Err(io::Error::new(ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// Opens a file for reading piece by piece. Of a pipe, each piece has to arrive within the time limit.
pub fn open_stream(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    Ok(match open(path)? {
        Opened::Regular(file) => Box::new(file),
        Opened::Pipe(pipe) => Box::new(pipe),
    })
}

/// Creates or truncates a file. For a pipe, waits for a reader up to the time limit.
pub fn create(path: &Path) -> io::Result<File> {
    create_with(path, File::options())
}

/// Like `create`, with options for a new file.
pub fn create_with(path: &Path, mut options: OpenOptions) -> io::Result<File> {
    options.write(true);
    let is_special = std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir());
    if !is_special {
        return options.create(true).truncate(true).open(path);
    }
    let (sender, opened) = sync_channel(1);
    let path = path.to_owned();
    // Opening a pipe waits. The thread ends with the process.
    std::thread::spawn(move || sender.send(options.open(path)));
    match patience() {
        Some(limit) => opened.recv_timeout(limit).unwrap_or_else(|_| {
            let text =
                format!("no process opened the pipe within {} s (--timeout)", limit.as_secs_f64());
            Err(io::Error::new(ErrorKind::TimedOut, text))
        }),
        None => opened.recv().unwrap_or_else(|_| Err(ErrorKind::BrokenPipe.into())),
    }
}

/// Writes `bytes` to a file opened with [`create`].
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create(path)?.write_all(bytes)
}

enum Opened {
    Regular(File),
    Pipe(Pipe),
}

fn open(path: &Path) -> io::Result<Opened> {
    let about = std::fs::metadata(path)?;
    if about.is_file() || about.is_dir() {
        return Ok(Opened::Regular(File::open(path)?));
    }
    // Opening a pipe waits too. The thread ends with the process.
    let (sender, pieces) = sync_channel(1);
    let path = path.to_owned();
    std::thread::spawn(move || {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) => return sender.send(Err(error)),
        };
        loop {
            let mut piece = vec![0; 64 * 1024];
            let read = file.read(&mut piece);
            let ends = matches!(read, Ok(0) | Err(_));
            sender.send(read.map(|length| {
                piece.truncate(length);
                piece
            }))?;
            if ends {
                return Ok(());
            }
        }
    });
    Ok(Opened::Pipe(Pipe { pieces, rest: Vec::new() }))
}

/// A pipe or device, read in a thread.
struct Pipe {
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// Bytes that are not read yet, in reverse order.
    rest: Vec<u8>,
}

impl Pipe {
    /// Returns the next piece; `None` at the end.
    fn next(&mut self, limit: Option<Duration>) -> io::Result<Option<Vec<u8>>> {
        let received = match limit {
            Some(limit) => self.pieces.recv_timeout(limit),
            None => self.pieces.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(piece) => Ok(Some(piece?).filter(|piece| !piece.is_empty())),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                let limit = patience().unwrap_or_default().as_secs_f64();
                let text = format!("the input was not complete within {limit} s (--timeout)");
                Err(io::Error::new(ErrorKind::TimedOut, text))
            }
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            let Some(mut piece) = self.next(patience())? else { return Ok(0) };
            piece.reverse();
            self.rest = piece;
        }
        let count = buffer.len().min(self.rest.len());
        let start = self.rest.len() - count;
        for (place, byte) in buffer.iter_mut().zip(self.rest.drain(start..).rev()) {
            *place = byte;
        }
        Ok(count)
    }
}
