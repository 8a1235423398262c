//! The names of the rules, in one place.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! rule_ids {
    ($($variant:ident = $name:literal,)*) => {
        /// Name of a rule. The text never changes: scripts match on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum RuleId {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl RuleId {
            /// Returns the name as it is printed and typed.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

rule_ids! {
    Accept = "accept",
    AlreadyInitialized = "already-initialized",
    AuthAudience = "auth-audience",
    AuthChallengeRemapped = "auth-challenge-remapped",
    AuthClientRefused = "auth-client-refused",
    AuthEndpointRedirects = "auth-endpoint-redirects",
    AuthExpired = "auth-expired",
    AuthGrantRefused = "auth-grant-refused",
    AuthIssuerMismatch = "auth-issuer-mismatch",
    AuthNoChallenge = "auth-no-challenge",
    AuthNoMetadata = "auth-no-metadata",
    AuthNoPkce = "auth-no-pkce",
    AuthNoRegistration = "auth-no-registration",
    AuthRedirectRefused = "auth-redirect-refused",
    AuthRequired = "auth-required",
    AuthResourceMismatch = "auth-resource-mismatch",
    AuthScope = "auth-scope",
    AuthTokenExpired = "auth-token-expired",
    AuthUnsafeAddress = "auth-unsafe-address",
    BodyNotAccepted = "body-not-accepted",
    BodyTooLarge = "body-too-large",
    ConnectionBroken = "connection-broken",
    ContentEncoding = "content-encoding",
    ContentType = "content-type",
    EnvelopeMissing = "envelope-missing",
    HandshakeMissing = "handshake-missing",
    HeaderMismatch = "header-mismatch",
    HostRejected = "host-rejected",
    Http2Only = "http2-only",
    InitializeRefused = "initialize-refused",
    InitializedLate = "initialized-late",
    LegacyOnly = "legacy-only",
    LegacySseOnly = "legacy-sse-only",
    ModernOnly = "modern-only",
    NotInitialized = "not-initialized",
    NotMcp = "not-mcp",
    OriginRejected = "origin-rejected",
    RateLimited = "rate-limited",
    Redirected = "redirected",
    Rejected = "rejected",
    RequestIdReused = "request-id-reused",
    ResponseIdMismatch = "response-id-mismatch",
    RequestIdType = "request-id-type",
    SessionExpired = "session-expired",
    SessionIdFromBody = "session-id-from-body",
    SessionIdFromError = "session-id-from-error",
    SessionIdStripped = "session-id-stripped",
    SessionMissing = "session-missing",
    SessionNotSticky = "session-not-sticky",
    SessionNotSupported = "session-not-supported",
    SharedTransport = "shared-transport",
    Stateless = "stateless",
    StreamBuffered = "stream-buffered",
    StreamConflict = "stream-conflict",
    StreamEmpty = "stream-empty",
    TemporaryFailure = "temporary-failure",
    Tls = "tls",
    Unknown = "unknown",
    Unreachable = "unreachable",
    UpstreamDown = "upstream-down",
    VersionMissing = "version-missing",
    VersionUnsupported = "version-unsupported",
    WrongPath = "wrong-path",
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
