//! Addresses that the user gives for a host (`--resolve`, as in curl).

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ureq::http::Uri;

/// The addresses of one host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// Host in lower case; `*` is every host.
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl FromStr for Resolve {
    type Err = String;

    /// Parses `HOST:PORT:ADDRESS[,ADDRESS]…`; an IPv6 address may be in brackets.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = "expected HOST:PORT:ADDRESS, such as example.com:443:127.0.0.1";
        // The host may be an IPv6 address in brackets.
        let after_host = text.strip_prefix('[').and_then(|rest| rest.find("]:").map(|at| at + 2));
        let colon = after_host.or_else(|| text.find(':')).ok_or(form)?;
        let (host, rest) = (&text[..colon], &text[colon + 1..]);
        let (port, addresses) = rest.split_once(':').ok_or(form)?;
        let port = port.parse().map_err(|_| form)?;
        let address = |text: &str| {
            let bare = text.trim_matches(['[', ']']);
            bare.parse().map_err(|_| format!("`{bare}` is not an IP address"))
        };
        let addresses = addresses.split(',').map(address).collect::<Result<Vec<IpAddr>, _>>()?;
        if host.is_empty() {
            return Err(form.to_owned());
        }
        Ok(Self { host: host.to_ascii_lowercase(), port, addresses })
    }
}

impl Resolve {
    /// Returns the addresses given for the host and port of a URL; the last match decides.
    pub(super) fn find(all: &[Self], uri: &Uri) -> Vec<SocketAddr> {
        let Some((host, port)) = host_and_port(uri).filter(|_| !all.is_empty()) else {
            return Vec::new();
        };
        let fits = |one: &&Self| {
            one.port == port && (one.host == "*" || one.host.eq_ignore_ascii_case(host))
        };
        let found = all.iter().rev().find(fits);
        let addresses = found.iter().flat_map(|found| &found.addresses);
        addresses.map(|address| SocketAddr::new(*address, port)).collect()
    }
}

/// Returns the host of a URL, in brackets if it is an IPv6 address, and its port.
pub(super) fn host_and_port(uri: &Uri) -> Option<(&str, u16)> {
    let authority = uri.authority()?;
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    Some((authority.host(), authority.port_u16().unwrap_or(default)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_its_port_get_the_given_addresses() {
        let given = |text: &str| text.parse::<Resolve>().unwrap();
        let all = [
            given("Example.com:443:192.0.2.1,[2001:db8::1]"),
            given("[::1]:80:192.0.2.3"),
            given("*:81:192.0.2.4"),
        ];
        let find = |url: &str| {
            let found = Resolve::find(&all, &url.parse().unwrap());
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(find("https://example.com/mcp"), "192.0.2.1:443 [2001:db8::1]:443");
        assert_eq!(find("http://[::1]/mcp"), "192.0.2.3:80");
        assert_eq!(find("http://anything:81/"), "192.0.2.4:81");
        assert_eq!(find("http://example.com/mcp"), "");
    }

    #[test]
    fn what_is_not_host_port_address_is_refused() {
        for text in ["", "h", "h:1", "h:x:127.0.0.1", "h:1:name", ":1:127.0.0.1", "h:1:"] {
            assert!(text.parse::<Resolve>().is_err(), "{text}");
        }
    }
}
