//! Which proxy, if any, a request goes through: `--proxy`, else the environment as curl reads it.

use crate::endpoint::Endpoint;
use crate::env::Env;

/// The proxy for one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyChoice {
    /// Its URL, as given; may hold a password.
    pub url: String,
    /// The option or variable that named it.
    pub named_by: &'static str,
}

impl ProxyChoice {
    /// `--proxy` wins; an empty one means none. Else, per scheme, `https_proxy` or `http_proxy`, then
    /// `all_proxy`, unless `no_proxy` names the host. Loopback hosts only with `--proxy`.
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
            // HTTP_PROXY in capitals may come from a request's header in a CGI program.
            let value = if name == "http_proxy" { env.var(name) } else { env.var_any_case(name) };
            value.map(|url| Self { url: url.to_owned(), named_by: name })
        })
    }
}

/// Whether `no_proxy` names the host: itself, a domain it lies in, or `*`.
fn is_excluded(host: &str, no_proxy: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    no_proxy.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
        entry == "*" || host == entry || host.strip_suffix(&entry).is_some_and(|r| r.ends_with('.'))
    })
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
    fn the_option_wins_even_for_loopback() {
        let variables = [("http_proxy", "http://p")];
        assert_eq!(
            found(Some("http://o"), &variables, "http://localhost/").as_deref(),
            Some("http://o")
        );
        assert_eq!(found(Some(""), &variables, "http://x.org/"), None);
    }
}
