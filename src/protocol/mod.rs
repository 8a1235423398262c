//! The Model Context Protocol as data: messages, revisions and headers. No input or output.

pub mod codes;
pub mod content;
pub mod envelope;
pub mod form;
pub mod headers;
pub mod jsonrpc;
pub mod methods;
pub mod mirror;
pub mod schema;
pub mod tools;
pub mod types;
pub mod version;
