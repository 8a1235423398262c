//! The bytes of an event stream, as lines or as whole plain blocks, within a size limit per block.

use std::io::{self, BufRead};

/// The byte stream and the read position.
pub(super) struct Source<R> {
    reader: R,
    limit: u64,
    bytes: u64,
    /// Number of bytes of the block that is being read.
    in_block: u64,
    at_start: bool,
    /// True if the last line ended with CR: a following LF belongs to it.
    skip_lf: bool,
}

/// A line without its ending.
pub(super) enum Line {
    Whole(Vec<u8>),
    /// The stream has ended; what was cut off there.
    End(Vec<u8>),
}

impl<R: BufRead> Source<R> {
    /// Creates a reader. A single block of more than `limit` bytes is an error.
    pub(super) fn new(reader: R, limit: u64) -> Self {
        Self { reader, limit, bytes: 0, in_block: 0, at_start: true, skip_lf: false }
    }

    /// Returns the number of bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Starts to count the bytes of the next block.
    pub(super) fn end_block(&mut self) {
        self.in_block = 0;
    }

    /// Returns true for the first line of the stream, once.
    pub(super) fn take_start(&mut self) -> bool {
        std::mem::take(&mut self.at_start)
    }

    /// Returns the data of the next block if the buffer holds the whole block and it is a single `data: `
    /// line, as in nearly every MCP event. All other blocks need the decoder.
    pub(super) fn plain_block(&mut self) -> io::Result<Option<String>> {
        if self.skip_lf {
            return Ok(None);
        }
        let buffer = match self.reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
            buffer => buffer?,
        };
        let Some(line) = buffer.strip_prefix(b"data: ") else { return Ok(None) };
        let Some(end) = memchr::memchr2(b'\n', b'\r', line) else { return Ok(None) };
        if !line[end..].starts_with(b"\n\n") || (end + 6) as u64 > self.limit {
            return Ok(None);
        }
        let Ok(data) = std::str::from_utf8(&line[..end]) else { return Ok(None) };
        let data = data.to_owned();
        self.at_start = false;
        self.consume(end + 8);
        Ok(Some(data))
    }

    /// Returns the next line without its ending.
    pub(super) fn next_line(&mut self) -> io::Result<Line> {
        let mut line = Vec::new();
        loop {
            let buffer = match self.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                return Ok(Line::End(line));
            }
            if std::mem::take(&mut self.skip_lf) && buffer[0] == b'\n' {
                self.consume(1);
                continue;
            }
            let end = memchr::memchr2(b'\n', b'\r', buffer);
            let taken = end.unwrap_or(buffer.len());
            line.extend_from_slice(&buffer[..taken]);
            self.in_block += taken as u64;
            let ended_with = end.map(|end| buffer[end]);
            self.consume(taken + usize::from(ended_with.is_some()));
            if self.in_block > self.limit {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "an event is too large"));
            }
            if let Some(ending) = ended_with {
                self.skip_lf = ending == b'\r';
                return Ok(Line::Whole(line));
            }
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.reader.consume(bytes);
        self.bytes += bytes as u64;
    }
}
