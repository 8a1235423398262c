//! Cookies of the endpoint's origin (RFC 6265). Load balancers route the requests of a session by them; they
//! are no credentials.

use cookie_store::CookieStore;
use url::Url;

use crate::exchange::{Exchange, Request};

/// Cookies that the server set.
#[derive(Debug, Default)]
pub(super) struct Cookies(CookieStore);

impl Cookies {
    /// Reads cookies that [`Self::saved`] returned. Unreadable ones count as none: the server sets them again.
    pub(super) fn read(saved: &str) -> Self {
        let store = cookie_store::serde::json::load_all(saved.as_bytes());
        Self(store.unwrap_or_default())
    }

    /// Returns the cookies as text, for the session's record; `None` if there are none.
    pub(super) fn saved(&self) -> Option<String> {
        self.0.iter_unexpired().next()?;
        let mut text = Vec::new();
        let write = cookie_store::serde::json::save_incl_expired_and_nonpersistent;
        write(&self.0, &mut text).ok()?;
        String::from_utf8(text).ok()
    }

    /// Returns the values of all cookies, which are secrets.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter_any().map(|cookie| cookie.value())
    }

    /// Adds the cookies for this request, unless the user gave one of the same name.
    pub(super) fn add_to(&self, request: &mut Request) {
        // Most servers set none, and a URL takes time to parse.
        if self.0.iter_any().next().is_none() {
            return;
        }
        let Ok(url) = Url::parse(&request.url) else { return };
        let given = request.header("cookie").unwrap_or_default().to_owned();
        let names: Vec<&str> = given.split(';').filter_map(|pair| pair.split('=').next()).collect();
        let mut pairs: Vec<String> = Vec::new();
        for (name, value) in self.0.get_request_values(&url) {
            if !names.iter().any(|given| given.trim() == name) {
                pairs.push(format!("{name}={value}"));
            }
        }
        if pairs.is_empty() {
            return;
        }
        if !given.trim().is_empty() {
            pairs.insert(0, given);
        }
        request.headers.retain(|(name, _)| name != "cookie");
        request.headers.push(("cookie".to_owned(), pairs.join("; ")));
    }

    /// Keeps the cookies that a response sets.
    pub(super) fn learn(&mut self, exchange: &Exchange) {
        let Some(answer) = &exchange.answer else { return };
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            if let Ok(url) = Url::parse(&exchange.request.url) {
                // A cookie for another domain is refused (RFC 6265, 5.3).
                let _ = self.0.parse(cookie, &url);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::testing::{sent, with_headers};

    fn set(cookies: &mut Cookies, all: &[&str]) {
        let headers: Vec<(&str, &str)> = all.iter().map(|one| ("set-cookie", *one)).collect();
        cookies.learn(&with_headers(sent("initialize", None), 200, &headers, ""));
    }

    fn header(cookies: &Cookies, url: &str, given: Option<&str>) -> Option<String> {
        let mut request = sent("ping", None).request;
        url.clone_into(&mut request.url);
        request.headers.extend(given.map(|given| ("cookie".to_owned(), given.to_owned())));
        cookies.add_to(&mut request);
        request.header("cookie").map(str::to_owned)
    }

    #[test]
    fn cookies_are_kept_for_their_origin() {
        let mut cookies = Cookies::default();
        assert_eq!(header(&cookies, "http://h/mcp", None), None);
        set(
            &mut cookies,
            &["AWSALB=r0; Path=/", "s=1; Secure", "p=2; Path=/other", "d=3; Domain=evil"],
        );
        assert_eq!(header(&cookies, "http://h/mcp", None).as_deref(), Some("AWSALB=r0"));
        assert_eq!(header(&cookies, "http://elsewhere/mcp", None), None);
        set(&mut cookies, &["AWSALB=r1; Path=/"]);
        assert_eq!(header(&cookies, "http://h/mcp", None).as_deref(), Some("AWSALB=r1"));
        let again = Cookies::read(&cookies.saved().unwrap());
        assert_eq!(header(&again, "http://h/mcp", None).as_deref(), Some("AWSALB=r1"));
        set(&mut cookies, &["AWSALB=; Path=/; Max-Age=0"]);
        assert_eq!(header(&cookies, "http://h/mcp", None), None);
    }

    #[test]
    fn the_users_own_cookies_take_precedence_by_name() {
        let mut cookies = Cookies::default();
        set(&mut cookies, &["a=1; Path=/", "b=2; Path=/"]);
        let sent = header(&cookies, "http://h/mcp", Some("a=mine; c=3"));
        assert_eq!(sent.as_deref(), Some("a=mine; c=3; b=2"));
    }

    #[test]
    fn what_cannot_be_read_counts_as_none() {
        assert_eq!(Cookies::read("nonsense").saved(), None);
    }
}
