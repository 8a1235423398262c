//! HTTP+SSE transport of 2024-11-05: a GET opens a stream, whose first event names the URL
//! that messages are sent to by POST. Every message from the server arrives on the stream
//! (2024-11-05, Transports, "HTTP with SSE").

use std::time::Duration;

use url::Url;

use super::reply::Reply;
use crate::exchange::{BodyKind, Exchange};

/// An open stream, and the URL for messages.
pub struct HttpSse {
    /// The event stream.
    pub reply: Reply,
    /// URL that messages are sent to by POST.
    pub post_to: String,
}

/// Reason why there is no HTTP+SSE stream.
pub enum NotSse {
    /// The response is not a stream, or starts with another event: not an HTTP+SSE server.
    Other(Box<Exchange>),
    /// The stream names a message URL that must not be used; holds the reason.
    Refused(Box<Exchange>, String),
}

impl HttpSse {
    /// Wait for the `endpoint` event. Servers send it at once; other streams may stay silent
    /// for ever.
    pub const PATIENCE: Duration = Duration::from_secs(5);

    /// Waits for the `endpoint` event on a stream opened with a GET of `url`.
    pub fn begin(mut reply: Reply, url: &str) -> Result<Self, NotSse> {
        let first = if reply.status() == 200 {
            reply.next_message_within(Self::PATIENCE)
        } else {
            Ok(None)
        };
        let is_stream =
            reply.exchange().answer.as_ref().is_some_and(|answer| answer.shape == BodyKind::Events);
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

/// Resolves the message URL. Returns an error for another origin, because credentials must
/// not be sent there.
fn same_origin(base: &str, address: &str) -> Result<String, String> {
    let base = Url::parse(base).map_err(|error| error.to_string())?;
    let address = base
        .join(address)
        .map_err(|error| format!("its address for messages is not a URL: {error}"))?;
    if address.origin() != base.origin() || !address.username().is_empty() {
        return Err(format!(
            "its address for messages has another origin ({}); nothing was sent there",
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
