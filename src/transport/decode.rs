//! Decoding of compressed bodies (RFC 9110, 8.4). Some servers and gateways compress although this client
//! asks for no encoding, and some label the body wrongly.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};

/// Start of a gzip body (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Size of the buffer below the decoder, in bytes. The encoding shows in the first bytes; larger reads pass it by.
const LOOK: usize = 1024;

/// Reader of a body that decodes it if it is compressed. The encoding is detected from the first bytes
/// where they show it, and taken from the label otherwise.
pub(super) enum Decoder<R: Read> {
    /// Nothing was read yet; holds the label.
    Undecided(BufReader<R>, String),
    Plain(BufReader<R>),
    Gzip(Box<GzDecoder<BufReader<R>>>),
    Zlib(Box<ZlibDecoder<BufReader<R>>>),
    Deflate(Box<DeflateDecoder<BufReader<R>>>),
    Brotli(Box<brotli_decompressor::Decompressor<BufReader<R>>>),
    /// The reader is being replaced.
    Moved,
}

impl<R: Read> Decoder<R> {
    /// Creates a decoder for a body with this `Content-Encoding`.
    pub(super) fn new(body: R, label: &str) -> Self {
        let label = label.trim().to_ascii_lowercase();
        Self::Undecided(BufReader::with_capacity(LOOK, body), label)
    }

    /// Returns the reader of the body as received, unless decoding has begun.
    pub(super) fn source(&mut self) -> Option<&mut R> {
        match self {
            Self::Undecided(body, _) | Self::Plain(body) => Some(body.get_mut()),
            _ => None,
        }
    }

    /// Returns the name of the encoding that is being decoded.
    pub(super) fn encoding(&self) -> Option<&'static str> {
        match self {
            Self::Gzip(_) => Some("gzip"),
            Self::Zlib(_) | Self::Deflate(_) => Some("deflate"),
            Self::Brotli(_) => Some("br"),
            _ => None,
        }
    }

    /// Continues with the next member of a gzip body (RFC 1952, 2.2). Some servers send one for each event.
    fn next_member(&mut self) {
        if let Self::Gzip(ended) = std::mem::replace(self, Self::Moved) {
            *self = Self::Gzip(Box::new(GzDecoder::new(ended.into_inner())));
        }
    }

    fn decide(&mut self) -> io::Result<()> {
        let Self::Undecided(body, label) = self else { return Ok(()) };
        let start = body.fill_buf()?;
        let (is_gzip, first) = (start.starts_with(&GZIP), start.first().copied());
        let label = std::mem::take(label);
        let Self::Undecided(body, _) = std::mem::replace(self, Self::Moved) else { return Ok(()) };
        // A text is a text, whatever its label.
        let is_text = matches!(first, None | Some(b'{' | b'[' | b'<' | b' ' | b':'));
        *self = match label.as_str() {
            several if several.contains(',') => {
                *self = Self::Plain(body);
                return Err(undecodable(format!(
                    "the response is encoded as {several}, which cannot be decoded"
                )));
            }
            _ if is_gzip => Self::Gzip(Box::new(GzDecoder::new(body))),
            "" | "identity" => Self::Plain(body),
            "gzip" | "x-gzip" if !is_text => {
                *self = Self::Plain(body);
                return Err(undecodable("the response is labelled as gzip, and is not".to_owned()));
            }
            // Servers send deflate with and without the zlib header (RFC 9110, 8.4.1.2).
            "deflate" if first == Some(0x78) => Self::Zlib(Box::new(ZlibDecoder::new(body))),
            "deflate" if !is_text => Self::Deflate(Box::new(DeflateDecoder::new(body))),
            "br" if first != Some(b'{') && first != Some(b'[') => {
                Self::Brotli(Box::new(brotli_decompressor::Decompressor::new(body, 16 * 1024)))
            }
            _ if is_text => Self::Plain(body),
            other => {
                *self = Self::Plain(body);
                return Err(undecodable(format!(
                    "the response is encoded as {other}, which cannot be decoded"
                )));
            }
        };
        Ok(())
    }
}

/// Returns true if a gzip member follows. An error after the last member is no error of the body.
fn is_gzip(body: &mut impl BufRead) -> bool {
    body.fill_buf().is_ok_and(|next| next.starts_with(&GZIP))
}

/// A body that cannot be decoded.
#[derive(Debug)]
pub(super) struct Undecodable(String);

impl std::fmt::Display for Undecodable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Undecodable {}

fn undecodable(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Undecodable(text))
}

/// Marks an error of a decompressor; errors of the connection stay what they are.
fn damaged(error: io::Error, encoding: &str) -> io::Error {
    use io::ErrorKind::{InvalidData, InvalidInput, Other};
    let is_decoding = matches!(error.kind(), InvalidData | InvalidInput)
        || (error.kind() == Other
            && error.get_ref().is_none_or(|inner| !inner.is::<ureq::Error>()));
    if is_decoding {
        return undecodable(format!(
            "the response is labelled as {encoding}, and cannot be decoded"
        ));
    }
    error
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decide()?;
        match self {
            Self::Undecided(..) | Self::Moved => Ok(0),
            Self::Plain(body) => body.read(buffer),
            Self::Gzip(body) => {
                let count = body.read(buffer).map_err(|error| damaged(error, "gzip"))?;
                if count > 0 || buffer.is_empty() || !is_gzip(body.get_mut()) {
                    return Ok(count);
                }
                self.next_member();
                self.read(buffer)
            }
            Self::Zlib(body) => body.read(buffer).map_err(|error| damaged(error, "deflate")),
            Self::Deflate(body) => body.read(buffer).map_err(|error| damaged(error, "deflate")),
            Self::Brotli(body) => body.read(buffer).map_err(|error| damaged(error, "br")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const TEXT: &str = r#"{"jsonrpc":"2.0","id":"x","result":{}}"#;

    fn read(bytes: &[u8], label: &str) -> io::Result<String> {
        let mut text = String::new();
        Decoder::new(bytes, label).read_to_string(&mut text)?;
        Ok(text)
    }

    fn gzip() -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(TEXT.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_compressed_is_decoded_whatever_its_label() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(TEXT.as_bytes()).unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        raw.write_all(TEXT.as_bytes()).unwrap();
        for label in ["gzip", "x-gzip", "GZIP", "", "identity", "br"] {
            assert_eq!(read(&gzip(), label).unwrap(), TEXT, "{label}");
        }
        assert_eq!(read(&zlib.finish().unwrap(), "deflate").unwrap(), TEXT);
        assert_eq!(read(&raw.finish().unwrap(), "deflate").unwrap(), TEXT);
        // "hello" in brotli, as an uncompressed block and an empty last one (RFC 7932, 9.2).
        assert_eq!(
            read(&[0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03], "br").unwrap(),
            "hello"
        );
        for label in ["", "identity", "gzip", "deflate", "br", "zstd"] {
            assert_eq!(read(TEXT.as_bytes(), label).unwrap(), TEXT, "{label}");
        }
        assert_eq!(read(b"", "gzip").unwrap(), "");
    }

    #[test]
    fn members_follow_each_other() {
        let twice = [gzip(), gzip()].concat();
        assert_eq!(read(&twice, "gzip").unwrap(), TEXT.repeat(2));
        let padded = [gzip(), vec![0; 8]].concat();
        assert_eq!(read(&padded, "gzip").unwrap(), TEXT);
        let error = read(&gzip(), "gzip, gzip").unwrap_err();
        assert!(error.to_string().contains("encoded as gzip, gzip"), "{error}");
    }

    #[test]
    fn what_cannot_be_decoded_is_named() {
        let error = read(&[0x28, 0xb5, 0x2f, 0xfd], "zstd").unwrap_err();
        assert!(error.to_string().contains("encoded as zstd"), "{error}");
        let error = read(&[0x8b, 0x0a, 0x80, 1, 2, 3], "br").unwrap_err();
        assert!(error.to_string().contains("labelled as br"), "{error}");
        let mut broken = gzip();
        broken[12] ^= 0xff;
        assert!(read(&broken, "gzip").is_err());
    }
}
