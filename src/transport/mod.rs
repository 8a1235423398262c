//! HTTP/1.1 transport: sends one message, reads a stream of messages, and records every
//! exchange.
//!
//! This module is independent of MCP methods. ureq implements HTTP. The connectors below it
//! (resolver, TCP, TLS, recording tee) are part of this program, because they record the
//! evidence.

mod body;
mod budget;
mod connect;
mod decode;
mod error;
mod http;
mod http_sse;
mod interrupt;
mod limits;
mod proxy;
mod redirect;
mod reply;
mod resolve;
mod socket;
mod sse;
mod sse_source;
mod tls;
mod wire;

pub use crate::exchange::{Phase, TransportError as Error, TransportErrorKind as ErrorKind};
pub use body::Tap;
pub use budget::Budget;
pub use connect::is_public;
pub use http::{Failed, Http, Options};
pub use http_sse::{HttpSse, NotSse};
pub use interrupt::{Interrupt, Stopper};
pub use limits::Limits;
pub use proxy::ProxyChoice;
pub use redirect::{MAX_REDIRECTS, Redirect, judge as judge_redirect, judge_get};
pub use reply::{Reply, Resumption};
pub use resolve::Resolve;
pub use sse::{Block, Events};
pub use tls::TlsOptions;
