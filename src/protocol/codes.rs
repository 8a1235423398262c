//! JSON-RPC error codes, as MCP and its SDKs use them.

/// The message is not JSON (JSON-RPC 2.0, 5.1).
pub const PARSE_ERROR: i64 = -32_700;
/// The message is not a valid request (JSON-RPC 2.0, 5.1).
pub const INVALID_REQUEST: i64 = -32_600;
/// The method does not exist (JSON-RPC 2.0, 5.1).
pub const METHOD_NOT_FOUND: i64 = -32_601;
/// The parameters are invalid (JSON-RPC 2.0, 5.1).
pub const INVALID_PARAMS: i64 = -32_602;
/// The server failed while it worked (JSON-RPC 2.0, 5.1).
pub const INTERNAL_ERROR: i64 = -32_603;
/// Any error for which the SDKs have no code; mostly a missing or unknown session.
pub const SERVER_ERROR: i64 = -32_000;
/// Response of the TypeScript SDK to an unknown session.
pub const SESSION_NOT_FOUND: i64 = -32_001;
/// The resource does not exist (2025-11-25, Resources, Error Handling).
pub const RESOURCE_NOT_FOUND: i64 = -32_002;
/// The headers do not match the body (2026-07-28, Overview, Error Codes).
pub const HEADER_MISMATCH: i64 = -32_020;
/// A client capability is missing (2026-07-28, Overview, Error Codes).
pub const MISSING_CAPABILITY: i64 = -32_021;
/// The protocol version is not supported (2026-07-28, Overview, Error Codes).
pub const UNSUPPORTED_VERSION: i64 = -32_022;
/// The user must visit a URL first (2025-11-25, Elicitation).
pub const URL_ELICITATION_REQUIRED: i64 = -32_042;
