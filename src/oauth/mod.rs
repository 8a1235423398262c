//! Authorization for MCP clients: discovery of the authorization server, client
//! registration, and tokens (2026-07-28, Authorization, all four pages; earlier revisions
//! where servers still follow them; and the extensions for client credentials and for
//! enterprises).
//!
//! Independent of terminals, and without saved state.

mod callback;
mod challenge;
mod code;
mod discovery;
mod error;
mod grants;
mod jwt;
mod metadata;
mod registration;
mod web;

/// The purposes of the exchanges that lead to a token or give it back, as recorded.
pub const PURPOSES: [&str; 5] =
    [RESOURCE_METADATA, SERVER_METADATA, REGISTRATION, TOKEN, REVOCATION];

pub use callback::Callback;
pub use challenge::Challenge;
pub use code::{OFFLINE, Pending, begin, can_begin, scopes_for, union};
pub use discovery::{
    Discovery, OAUTH_PATH, OPENID_PATH, RESOURCE_METADATA, SERVER_METADATA, covers, discover,
    of_server, resource_of,
};
pub use error::{Error, ErrorKind};
pub use grants::{REVOCATION, Requester, TOKEN, Token};
pub use jwt::{SigningKey, claim};
pub use metadata::{ResourceMetadata, ServerMetadata};
pub use registration::{Client, Method, Origin, REGISTRATION, RegistrationHints, identify};
pub use web::{Proxies, Web, document_of, is_usable};
