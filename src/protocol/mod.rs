//! The Model Context Protocol as data: messages, versions, headers. No input or output happens here.

pub mod codes;
pub mod envelope;
pub mod form;
pub mod headers;
pub mod jsonrpc;
pub mod methods;
pub mod mirror;
pub mod schema;
pub mod types;
pub mod version;
