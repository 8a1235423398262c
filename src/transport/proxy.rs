//! Proxy selection: `--proxy`, otherwise the environment variables that curl reads.
//!
//! As in curl, a request to an http server goes to an http proxy with the full URL in the
//! request line (RFC 9112, 3.2.2). Everything else goes through a tunnel (CONNECT or
//! SOCKS).

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::endpoint::Endpoint;
use crate::env::Env;

/// Proxy for one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyChoice {
    /// Proxy URL as given; may contain a password.
    pub url: String,
    /// Option or variable that set the proxy.
    pub named_by: &'static str,
}

impl ProxyChoice {
    /// Selects the proxy. `--proxy` takes precedence; an empty value means none. Otherwise uses
    /// `https_proxy` or `http_proxy` by scheme, then `all_proxy`, unless `no_proxy` names the
    /// host. Loopback hosts use a proxy only with `--proxy`.
    pub fn find(option: Option<&str>, env: &Env, endpoint: &Endpoint) -> Option<Self> {
        if let Some(url) = option {
            return (!url.is_empty()).then(|| Self { url: url.to_owned(), named_by: "--proxy" });
        }
        let no_proxy = env.var_any_case("no_proxy").unwrap_or_default();
        if endpoint.is_loopback() || is_excluded(&endpoint.host(), no_proxy) {
            return None;
        }
        let by_scheme = if endpoint.is_https() { "https_proxy" } else { "http_proxy" };
        [by_scheme, "all_proxy"].into_iter().find_map(|name| {
            // In a CGI program, HTTP_PROXY in capitals may come from a request header.
            let value = if name == "http_proxy" { env.var(name) } else { env.var_any_case(name) };
            value.map(|url| Self { url: url.to_owned(), named_by: name })
        })
    }
}

/// Way of using the proxy.
pub(super) enum Route {
    /// Forward proxy: every request line contains the full URL.
    Forward(Forward),
    /// Tunnel opened by ureq.
    Tunnel(ureq::Proxy),
}

/// Forward proxy that requests are sent to.
#[derive(Clone)]
pub(super) struct Forward {
    /// Address to connect to, as `http://host:port`.
    pub(super) uri: ureq::http::Uri,
    /// Value of the `Proxy-Authorization` header.
    pub(super) authorization: Option<String>,
}

impl ProxyChoice {
    /// Decides how to use the proxy. Passes secrets in its URL to `teach`, for redaction.
    pub(super) fn route(&self, https: bool, teach: &mut dyn FnMut(&str)) -> Result<Route, String> {
        let text = if self.url.contains("://") {
            self.url.clone()
        } else {
            format!("http://{}", self.url)
        };
        let wrong = |why: String| format!("{} names no proxy: {why}", self.named_by);
        let url = Url::parse(&text).map_err(|error| wrong(error.to_string()))?;
        let protocol = match url.scheme() {
            "http" => ureq::ProxyProtocol::Http,
            "https" => ureq::ProxyProtocol::Https,
            "socks4" => ureq::ProxyProtocol::Socks4,
            "socks4a" => ureq::ProxyProtocol::Socks4A,
            "socks5" | "socks5h" | "socks" => ureq::ProxyProtocol::Socks5,
            other => return Err(wrong(format!("unknown kind of proxy: `{other}`"))),
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| wrong("it has no host".to_owned()))?;
        let port = url.port().unwrap_or(match protocol {
            ureq::ProxyProtocol::Http => 80,
            ureq::ProxyProtocol::Https => 443,
            _ => 1080,
        });
        let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let (user, password) = (decode(url.username()), url.password().map(decode));
        if let Some(password) = &password {
            teach(password);
            teach(url.password().unwrap_or_default());
        }
        let with_user = !user.is_empty() || password.is_some();
        if !https && matches!(protocol, ureq::ProxyProtocol::Http) {
            let authorization = with_user.then(|| {
                let pair = STANDARD.encode(format!("{user}:{}", password.unwrap_or_default()));
                teach(&pair);
                format!("Basic {pair}")
            });
            let uri = format!("http://{host}:{port}").parse();
            let uri = uri.map_err(|error| wrong(format!("{error}")))?;
            return Ok(Route::Forward(Forward { uri, authorization }));
        }
        // As in curl, socks5h and socks4a leave the name lookup to the proxy.
        let here = matches!(url.scheme(), "socks4" | "socks5" | "socks");
        let mut builder = ureq::Proxy::builder(protocol).host(host).port(port).resolve_target(here);
        if with_user {
            builder = builder.username(&user).password(&password.unwrap_or_default());
        }
        builder.build().map(Route::Tunnel).map_err(|error| wrong(error.to_string()))
    }
}

/// Returns true if `no_proxy` names the host, a parent domain, its network, or `*`.
fn is_excluded(host: &str, no_proxy: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    no_proxy.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if let (Some((network, bits)), Ok(address)) = (entry.split_once('/'), host.parse()) {
            return network.parse().is_ok_and(|network| is_within(address, network, bits));
        }
        let entry = entry.trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
        entry == "*" || host == entry || host.strip_suffix(&entry).is_some_and(|r| r.ends_with('.'))
    })
}

/// Returns true if an address is in a network such as `10.0.0.0/8`.
fn is_within(address: IpAddr, network: IpAddr, bits: &str) -> bool {
    let Ok(bits) = bits.parse::<u32>() else { return false };
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(option: Option<&str>, variables: &[(&str, &str)], url: &str) -> Option<String> {
        let endpoint = Endpoint::parse(url).unwrap();
        ProxyChoice::find(option, &Env::of(variables), &endpoint).map(|choice| choice.url)
    }

    #[test]
    fn each_scheme_has_its_own_proxy() {
        let variables = [("https_proxy", "http://s"), ("http_proxy", "http://p")];
        assert_eq!(found(None, &variables, "https://x.org/").as_deref(), Some("http://s"));
        assert_eq!(found(None, &variables, "http://x.org/").as_deref(), Some("http://p"));
        let variables = [("ALL_PROXY", "socks5://a"), ("HTTP_PROXY", "http://no")];
        assert_eq!(found(None, &variables, "http://x.org/").as_deref(), Some("socks5://a"));
    }

    #[test]
    fn no_proxy_and_loopback_go_direct() {
        let variables = [("http_proxy", "http://p"), ("no_proxy", "x.org, .y.org")];
        for url in ["http://x.org/", "http://a.x.org/", "http://b.y.org/", "http://127.0.0.1/"] {
            assert_eq!(found(None, &variables, url), None, "{url}");
        }
        assert_eq!(found(None, &variables, "http://ax.org/").as_deref(), Some("http://p"));
    }

    #[test]
    fn networks_can_be_excluded() {
        let variables =
            [("http_proxy", "http://p"), ("no_proxy", "10.0.0.0/8,fd00::/8,192.168.1.7")];
        for direct in ["http://10.1.2.3/", "http://[fd12::1]/", "http://192.168.1.7/"] {
            assert_eq!(found(None, &variables, direct), None, "{direct}");
        }
        for proxied in ["http://11.1.2.3/", "http://192.168.1.8/", "http://[fe80::1]/"] {
            assert!(found(None, &variables, proxied).is_some(), "{proxied}");
        }
    }

    #[test]
    fn the_way_through_depends_on_both_schemes() {
        let route = |url: &str, https| {
            let choice = ProxyChoice { url: url.to_owned(), named_by: "--proxy" };
            let mut taught = Vec::new();
            let route = choice.route(https, &mut |secret| taught.push(secret.to_owned()));
            (route, taught)
        };
        let (forward, taught) = route("http://u:p%40ss@h:8", false);
        let Ok(Route::Forward(forward)) = forward else { panic!("not forwarded") };
        assert_eq!(forward.authorization.as_deref(), Some("Basic dTpwQHNz"));
        assert_eq!(taught, ["p@ss", "p%40ss", "dTpwQHNz"]);
        assert!(matches!(route("h:8", true).0, Ok(Route::Tunnel(_))));
        assert!(matches!(route("socks5h://h", false).0, Ok(Route::Tunnel(_))));
        assert!(route("ftp://h", false).0.is_err_and(|why| why.contains("unknown kind of proxy")));
        assert!(route("http://", false).0.is_err());
    }

    #[test]
    fn the_option_wins_even_for_loopback() {
        let variables = [("http_proxy", "http://p")];
        assert_eq!(
            found(Some("http://o"), &variables, "http://localhost/").as_deref(),
            Some("http://o")
        );
        assert_eq!(found(Some(""), &variables, "http://x.org/"), None);
    }
}
