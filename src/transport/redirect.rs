//! Redirect policy: never send a request, a credential or a session id to any server but
//! the one it was meant for.

use url::Url;

/// Decision about a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirect {
    /// Send the same request to this URL. Method and body are kept (RFC 9110, 15.4.8 and
    /// 15.4.9), and the origin is the same.
    Follow(String),
    /// Do not follow the redirect; holds the reason for the user.
    Refuse(&'static str),
}

/// Maximum number of consecutive redirects.
pub const MAX_REDIRECTS: usize = 5;

/// Judges a redirect of a POST. Returns `None` if the response is not a redirect.
pub fn judge(url: &str, status: u16, location: Option<&str>) -> Option<Redirect> {
    judge_any(url, status, location, true)
}

/// Judges a redirect of a GET, which stays a GET whatever the status.
pub fn judge_get(url: &str, status: u16, location: Option<&str>) -> Option<Redirect> {
    judge_any(url, status, location, false)
}

fn judge_any(url: &str, status: u16, location: Option<&str>, is_post: bool) -> Option<Redirect> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let refuse = |why| Some(Redirect::Refuse(why));
    let target = location.and_then(|location| Url::parse(url).ok()?.join(location).ok());
    let (Ok(from), Some(mut to)) = (Url::parse(url), target) else {
        return refuse("it does not say where to");
    };
    // Fragments are never sent, so they must not make a redirect to itself look different.
    to.set_fragment(None);
    if from.origin() != to.origin() {
        return refuse("it points to another origin");
    }
    if !to.username().is_empty() || to.password().is_some() {
        return refuse("it brings credentials of its own");
    }
    if is_post && matches!(status, 301..=303) {
        return refuse("it would turn the POST into a GET");
    }
    if to == from {
        return refuse("it points back to itself");
    }
    Some(Redirect::Follow(to.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(status: u16, location: &str) -> Option<Redirect> {
        judge("http://h:1/mcp", status, Some(location))
    }

    #[test]
    fn the_same_request_goes_to_the_same_origin_alone() {
        let follow = |url: &str| Some(Redirect::Follow(url.to_owned()));
        assert_eq!(to(307, "/mcp/"), follow("http://h:1/mcp/"));
        assert_eq!(to(308, "http://h:1/other#x"), follow("http://h:1/other"));
        for elsewhere in ["http://h:2/mcp", "https://h:1/mcp", "http://evil/mcp", "//evil/mcp"] {
            assert_eq!(to(307, elsewhere), Some(Redirect::Refuse("it points to another origin")));
        }
    }

    #[test]
    fn what_would_change_the_request_is_refused() {
        assert_eq!(to(302, "/mcp/"), Some(Redirect::Refuse("it would turn the POST into a GET")));
        let own = Some(Redirect::Refuse("it brings credentials of its own"));
        assert_eq!(to(307, "http://u:p@h:1/x"), own);
        assert_eq!(to(307, "/mcp"), Some(Redirect::Refuse("it points back to itself")));
        let nowhere = Some(Redirect::Refuse("it does not say where to"));
        assert_eq!(judge("http://h/", 307, None), nowhere);
        assert_eq!(judge("http://h/", 307, Some("http://[")), nowhere);
        assert_eq!(to(200, "/mcp/"), None);
        assert_eq!(to(304, "/mcp/"), None);
    }
}
