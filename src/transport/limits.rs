//! Time limits and size limits of an exchange.

use std::time::Duration;

/// Time limits and size limits of one exchange; `None` means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time limit for lookup, TCP, proxy and TLS together.
    pub connect: Option<Duration>,
    /// Time limit until the response headers are complete.
    pub first_byte: Option<Duration>,
    /// Longest time without a single byte in either direction.
    pub silence: Option<Duration>,
    /// Time limit for the whole exchange.
    pub whole: Option<Duration>,
    /// Maximum size of one message, in bytes.
    pub max_size: u64,
}
