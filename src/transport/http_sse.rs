//! The HTTP+SSE transport of 2024-11-05: a GET opens a stream, whose first event names the address that
//! messages are sent to by POST; everything the server says comes on the stream (2024-11-05, Transports,
//! "HTTP with SSE").

use std::time::Duration;

use url::Url;

use super::reply::Reply;
use crate::exchange::{Exchange, Shape};

/// An open stream, and where to send.
pub struct HttpSse {
    /// The stream.
    pub reply: Reply,
    /// The address that messages are sent to by POST.
    pub post_to: String,
}

/// Why there is no such stream.
pub enum NotSse {
    /// The answer is no stream, or begins with something else: another kind of server.
    Other(Box<Exchange>),
    /// It names an address that nothing may be sent to, and why.
    Refused(Box<Exchange>, String),
}

impl HttpSse {
    /// How long to wait for the address. Servers send it at once; other streams may stay silent for ever.
    pub const PATIENCE: Duration = Duration::from_secs(5);

    /// Waits for the address on a stream that a GET of `url` opened.
    pub fn begin(mut reply: Reply, url: &str) -> Result<Self, NotSse> {
        let first = if reply.status() == 200 {
            reply.next_message_within(Self::PATIENCE)
        } else {
            Ok(None)
        };
        let is_stream =
            reply.exchange().answer.as_ref().is_some_and(|answer| answer.shape == Shape::Events);
        let address = match first {
            Ok(Some(data)) if is_stream && reply.last_kind() == "endpoint" => data,
            _ => return Err(NotSse::Other(reply.finish())),
        };
        match same_origin(url, address.trim()) {
            Ok(post_to) => Ok(Self { reply, post_to }),
            Err(why) => Err(NotSse::Refused(reply.finish(), why)),
        }
    }
}

/// The address as a URL, where it is of the same origin: credentials must go nowhere else.
fn same_origin(base: &str, address: &str) -> Result<String, String> {
    let base = Url::parse(base).map_err(|error| error.to_string())?;
    let address = base
        .join(address)
        .map_err(|error| format!("the address that it names for messages is no URL: {error}"))?;
    if address.origin() != base.origin() || !address.username().is_empty() {
        return Err(format!(
            "it names an address of another origin for messages ({}), and nothing is sent there",
            address.origin().ascii_serialization()
        ));
    }
    Ok(address.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_of_the_same_origin() {
        let base = "http://h:1/sse";
        assert_eq!(same_origin(base, "/message?id=1").unwrap(), "http://h:1/message?id=1");
        assert_eq!(same_origin(base, "message").unwrap(), "http://h:1/message");
        assert_eq!(same_origin(base, "http://h:1/m").unwrap(), "http://h:1/m");
        for elsewhere in ["http://h:2/m", "https://h:1/m", "//evil/m", "http://u:p@h:1/m"] {
            assert!(same_origin(base, elsewhere).is_err(), "{elsewhere}");
        }
    }
}
