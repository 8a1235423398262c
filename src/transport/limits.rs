//! Limits of time and size.

use std::time::Duration;

/// How long and how large things may get. `None` for a time means without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until connected: lookup, TCP, proxy and TLS.
    pub connect: Option<Duration>,
    /// Until the answer's headers are complete.
    pub first_byte: Option<Duration>,
    /// Without a single byte, at any time.
    pub silence: Option<Duration>,
    /// One exchange as a whole.
    pub whole: Option<Duration>,
    /// Bytes of one message.
    pub max_size: u64,
}
