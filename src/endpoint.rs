//! The URL of a server, checked before anything is sent.
//!
//! The parser of the HTTP layer reads port 99999 as port 80 and sends a password without
//! decoding it. URLs that it would misread are rejected here, with an explanation.

use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// An `http` or `https` URL without user information or fragment, and the Unix domain socket through which
/// it is reached, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    socket: Option<PathBuf>,
}

/// Start of the fragment by which a saved URL names a Unix domain socket.
const SOCKET: &str = "unix:";

impl Endpoint {
    /// Returns true if a target looks like a URL rather than a name.
    pub fn looks_like_url(text: &str) -> bool {
        text.contains(['/', ':'])
    }

    /// Parses a URL. Without a scheme, loopback hosts get `http` and all others `https`;
    /// `:3001/mcp` is on this machine. Returns an error for other schemes and for user
    /// information.
    pub fn parse(text: &str) -> Result<Self, String> {
        let full = with_scheme(text.trim());
        let mut url = Url::parse(&full)
            .map_err(|error| format!("`{}` is not a URL: {error}", shown(text)))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!(
                "`{}` is not a server's URL: only http and https can be spoken to",
                shown(text)
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL holds a user name or a password; send it as a header instead: \
                 -H 'Authorization: Basic …' or --bearer"
                .to_owned());
        }
        // A fragment is never sent, so it must not distinguish endpoints.
        url.set_fragment(None);
        Ok(Self { url, socket: None })
    }

    /// Parses what [`Self::key`] returned.
    pub fn from_key(key: &str) -> Result<Self, String> {
        let endpoint = Self::parse(key)?;
        let socket = key.split_once('#').and_then(|(_, fragment)| fragment.strip_prefix(SOCKET));
        Ok(match socket {
            Some(path) => {
                let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
                endpoint.through(Path::new(&path))
            }
            None => endpoint,
        })
    }

    /// Returns the same URL, reached through a Unix domain socket.
    #[must_use]
    pub fn through(self, socket: &Path) -> Self {
        Self { socket: Some(socket.to_owned()), ..self }
    }

    /// Returns another URL, reached in the same way if the origin is the same.
    pub fn sibling(&self, url: &str) -> Result<Self, String> {
        let other = Self::parse(url)?;
        Ok(match &self.socket {
            Some(socket) if other.origin() == self.origin() => other.through(socket),
            _ => other,
        })
    }

    /// Returns the Unix domain socket, if there is one.
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Returns the text that identifies the server in saved state: the URL, and the socket as its fragment.
    pub fn key(&self) -> String {
        let Some(socket) = &self.socket else { return self.url.as_str().to_owned() };
        let mut url = self.url.clone();
        url.set_fragment(Some(&format!(
            "{SOCKET}{}",
            socket.to_string_lossy().replace('%', "%25")
        )));
        url.into()
    }

    /// Returns the URL as text.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Returns the path without the query.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// Returns scheme, host and port, which credentials and sessions belong to.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Returns true if the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns true if the path is `/`.
    pub fn is_at_root(&self) -> bool {
        self.url.path() == "/"
    }

    /// Returns the host without brackets.
    pub fn host(&self) -> String {
        match self.url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => String::new(),
        }
    }

    /// Returns the host and port for display.
    pub fn authority(&self) -> String {
        self.url.authority().to_owned()
    }

    /// Returns true if the host is this machine.
    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => is_local_name(name),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns the text as typed, without a password.
fn shown(text: &str) -> String {
    crate::redact::without_secrets(text).escape_debug().to_string()
}

/// Returns true if a name always denotes this machine (RFC 6761, 6.3).
pub fn is_local_name(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

fn with_scheme(text: &str) -> String {
    if text.contains("://") {
        return text.to_owned();
    }
    if text.starts_with(':') {
        return format!("http://localhost{text}");
    }
    let host = text.split(['/', ':']).next().unwrap_or_default();
    let local = is_local_name(host) || host.starts_with("127.") || text.starts_with("[::1]");
    format!("{}://{text}", if local { "http" } else { "https" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        Endpoint::parse(text).unwrap().as_str().to_owned()
    }

    #[test]
    fn a_missing_scheme_is_filled_in() {
        assert_eq!(parsed("localhost:3001/mcp"), "http://localhost:3001/mcp");
        assert_eq!(parsed(":3001/mcp"), "http://localhost:3001/mcp");
        assert_eq!(parsed("127.0.0.1:3001"), "http://127.0.0.1:3001/");
        assert_eq!(parsed("mcp.example.com/mcp"), "https://mcp.example.com/mcp");
        assert_eq!(parsed("https://ex%61mple.com/a#b"), "https://example.com/a");
    }

    #[test]
    fn what_the_http_layer_would_get_wrong_is_refused() {
        assert!(Endpoint::parse("http://h:99999/").unwrap_err().contains("port"));
        for url in ["http://u:pw@h:99999/", "ftp://u:pw@h/", "http://u:pw@h/"] {
            assert!(!Endpoint::parse(url).unwrap_err().contains("pw"), "{url}");
        }
        assert!(Endpoint::parse("http://u:p@h/").unwrap_err().contains("-H 'Authorization"));
        assert!(Endpoint::parse("file:///etc/passwd").unwrap_err().contains("http and https"));
        assert!(Endpoint::parse("http://").is_err());
    }

    #[test]
    fn the_origin_has_the_port_that_is_meant() {
        let endpoint = Endpoint::parse("https://example.com:443/mcp").unwrap();
        assert_eq!(endpoint.origin(), "https://example.com");
        assert!(!endpoint.is_loopback());
        assert!(Endpoint::parse("http://[::1]:1/").unwrap().is_loopback());
    }

    #[test]
    fn a_key_names_url_and_socket() {
        let plain = Endpoint::parse("http://localhost/mcp").unwrap();
        assert_eq!(plain.key(), "http://localhost/mcp");
        assert_eq!(Endpoint::from_key(&plain.key()).unwrap(), plain);
        for path in ["/run/x.sock", "/run/a b%20#é.sock"] {
            let through = plain.clone().through(Path::new(path));
            assert_eq!(Endpoint::from_key(&through.key()).unwrap(), through, "{}", through.key());
            assert_eq!(through.as_str(), "http://localhost/mcp");
            assert_eq!(through.sibling("http://localhost/x").unwrap().socket(), through.socket());
            assert_eq!(through.sibling("http://other/x").unwrap().socket(), None);
        }
        // Only saved state may name a socket in this way.
        assert_eq!(Endpoint::parse("http://localhost/#unix:/run/x.sock").unwrap().socket(), None);
    }
}
