//! Reader of a response body: as received, with an optional tap, then decoded.

use std::io::{self, BufRead as _, BufReader, Read};

use super::decode::Decoder;

/// Reader of a response body.
pub(super) type Body = BufReader<Decoder<Tapped>>;

/// Callback that receives each piece of a body as it arrives; an error ends the exchange.
pub type Tap = Box<dyn FnMut(&[u8]) -> io::Result<()> + Send>;

/// Body as received, which passes each piece to an optional tap.
pub(super) struct Tapped {
    body: ureq::BodyReader<'static>,
    tap: Option<Tap>,
}

impl Tapped {
    /// Passes each piece of the body to `tap`.
    pub(super) fn set_tap(&mut self, tap: Tap) {
        self.tap = Some(tap);
    }
}

/// Returns the reader of a response body, which decodes it according to its `Content-Encoding`.
pub(super) fn body_of(body: ureq::Body, encoding: &str) -> Body {
    let body = Tapped { body: body.into_reader(), tap: None };
    BufReader::with_capacity(BUFFER, Decoder::new(body, encoding))
}

/// Size of the buffer of a body, in bytes.
const BUFFER: usize = 16 * 1024;

impl Read for Tapped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.body.read(buffer)?;
        if let Some(tap) = self.tap.as_mut().filter(|_| count > 0) {
            tap(&buffer[..count])?;
        }
        Ok(count)
    }
}

/// Skips white space and a byte order mark, which do not identify the format.
pub(super) fn skip_blank(body: &mut Body) -> io::Result<()> {
    loop {
        let start = body.fill_buf()?;
        let blank = start.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let mark = if start[blank..].starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        if blank + mark == 0 {
            return Ok(());
        }
        body.consume(blank + mark);
    }
}
