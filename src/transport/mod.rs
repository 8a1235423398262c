//! One message out, a stream of messages back, over HTTP/1.1; every exchange recorded as evidence.
//!
//! Nothing here knows an MCP method. ureq speaks HTTP; the chain below it (resolver, TCP, TLS, the
//! recording tee) is this program's own, because the evidence is what it exists for.

mod connect;
mod error;
mod http;
mod http_sse;
mod interrupt;
mod limits;
mod proxy;
mod redirect;
mod reply;
mod sse;
mod tls;
mod wire;

pub use crate::exchange::{Failure as Error, FailureKind as ErrorKind, Phase};
pub use connect::is_public;
pub use http::{Failed, Http, Options};
pub use http_sse::{HttpSse, NotSse};
pub use interrupt::{Interrupt, Stopper};
pub use limits::Limits;
pub use proxy::ProxyChoice;
pub use redirect::{MAX_REDIRECTS, Redirect, judge as judge_redirect, judge_get};
pub use reply::{Reply, Resumption, Tap};
pub use sse::{Block, Events};
pub use tls::TlsOptions;
