//! HTTP requests to resource servers and authorization servers: metadata, registration,
//! tokens.
//!
//! Only https is allowed, or http on loopback (RFC 8252, 8.3; 2026-07-28, Security
//! Considerations, Communication Security). Redirects stay within their origin and are
//! never followed with a secret. Size and time are limited. A server on the public network
//! cannot point into a private one.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::error::{Error, ErrorKind};
use crate::endpoint::Endpoint;
use crate::exchange::{Phase, Purpose, Recorder, Request, TransportError, TransportErrorKind};
use crate::redact::{credential, is_sensitive_member, without_secrets};
use crate::transport::{
    self, Http, MAX_REDIRECTS, Options, ProxyChoice, Redirect, is_public, judge_get,
};

/// Time limit for one exchange.
const LIMIT: Duration = Duration::from_secs(30);
/// Maximum size of a document, in bytes.
const MAX_DOCUMENT: u64 = 1024 * 1024;

/// Function that selects the proxy for an endpoint.
pub type Proxies = Box<dyn Fn(&Endpoint) -> Option<ProxyChoice> + Send>;

/// HTTP client for resource servers and authorization servers.
pub struct Web {
    options: Options,
    recorder: Recorder,
    proxies: Proxies,
    /// Number of the last exchange; 0 before the first.
    last: usize,
}

/// A response: its status, and its document if it is JSON.
pub(super) struct Answered {
    pub(super) number: usize,
    pub(super) status: u16,
    pub(super) document: Option<Value>,
    pub(super) location: Option<String>,
}

impl Answered {
    /// Returns the document if the request succeeded and the document is an object.
    pub(super) fn found(self) -> Option<Value> {
        self.document.filter(|document| (200..300).contains(&self.status) && document.is_object())
    }

    /// Returns true for a failure that may be over later.
    pub(super) fn is_temporary(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..)
    }

    /// Describes a response without a document.
    pub(super) fn what(&self) -> String {
        let status = self.status;
        match (&self.document, status) {
            (None, 200..300) => format!("HTTP {status}, and no JSON"),
            (Some(_), 200..300) => format!("HTTP {status}, and JSON that is not an object"),
            _ if self.is_temporary() => format!("HTTP {status}; it may work later"),
            _ => format!("HTTP {status}"),
        }
    }
}

/// Parses the JSON document in a body. Some servers begin it with a byte order mark.
pub fn document_of(body: &str) -> Option<Value> {
    serde_json::from_str(body.trim_start_matches('\u{feff}')).ok()
}

/// A form to post.
pub(super) struct Form<'f> {
    pub(super) purpose: &'static str,
    pub(super) url: &'f str,
    pub(super) content_type: &'static str,
    pub(super) authorization: Option<String>,
    pub(super) body: String,
}

/// Returns true if a URL may be used: https, or http on loopback.
pub fn is_usable(url: &str) -> bool {
    check_address(url, "").is_ok()
}

/// Parses a URL. Returns an error unless it is https, or http on loopback. `what` names the
/// URL in messages, after "the".
fn check_address(url: &str, what: &str) -> Result<Endpoint, Error> {
    let refuse = |why: &str| {
        let shown = without_secrets(url);
        let text = format!("the {what} cannot be used: `{}` {why}", shown.escape_debug());
        Error::new(ErrorKind::Unsafe, text)
    };
    let parsed = Url::parse(url).map_err(|_| refuse("is not an address"))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(refuse("is neither https nor http"));
    }
    let endpoint = Endpoint::parse(url).map_err(|_| refuse("is not an address"))?;
    if !endpoint.is_https() && !endpoint.is_loopback() {
        return Err(refuse("is not encrypted: https is wanted everywhere but on this machine"));
    }
    Ok(endpoint)
}

impl Web {
    /// Creates a client from the options for the MCP server, without the client certificate,
    /// which is for that server only.
    pub fn new(mut options: Options, recorder: Recorder, proxies: Proxies) -> Self {
        options.tls.cert_file = None;
        options.tls.key_file = None;
        // Its requests have a limit of their own: a person may take any time in between.
        options.budget = None;
        let limits = &mut options.limits;
        let whole = limits.whole.map_or(LIMIT, |whole| whole.min(LIMIT));
        limits.whole = Some(whole);
        limits.first_byte = None;
        limits.silence = None;
        limits.max_size = limits.max_size.min(MAX_DOCUMENT);
        Self { options, recorder, proxies, last: 0 }
    }

    /// Rejects private addresses from now on, because the server that names them is public.
    pub fn only_public(&mut self) {
        self.options.only_public = true;
    }

    /// Returns true if private addresses are rejected.
    pub fn is_only_public(&self) -> bool {
        self.options.only_public
    }

    /// Checks whether a URL may be used. Returns its endpoint, or an error that names it as
    /// `what`.
    pub fn check(&self, url: &str, what: &str) -> Result<Endpoint, Error> {
        let endpoint = check_address(url, what)?;
        // Only literal addresses and `localhost` are visible here; the resolver checks other names.
        let is_private = endpoint.is_loopback()
            || endpoint.host().parse().is_ok_and(|address| !is_public(address));
        if self.options.only_public && is_private {
            let text = format!(
                "the {what} cannot be used: {} is a private address, and a public server named it",
                endpoint.host()
            );
            return Err(
                Error::new(ErrorKind::Unsafe, text).marking(TransportErrorKind::PrivateAddress)
            );
        }
        Ok(endpoint)
    }

    /// Adds a secret to the redactor before it can be shown.
    pub(super) fn learn(&self, secret: &str) {
        self.recorder.learn(|redactor| redactor.learn(secret));
    }

    /// Fetches a document with GET. Follows redirects within the origin.
    pub(super) fn get(
        &mut self,
        url: &str,
        purpose: &'static str,
        headers: &[(&str, &str)],
    ) -> Result<Answered, Error> {
        let mut at = self.check(url, purpose)?;
        for _ in 0..=MAX_REDIRECTS {
            let mut all = vec![("accept".to_owned(), "application/json".to_owned())];
            all.extend(headers.iter().map(|(name, value)| ((*name).into(), (*value).into())));
            let url = at.as_str().to_owned();
            let request = Request { method: "GET", url, headers: all, ..Request::default() };
            let answered = self.send(&at, purpose, request)?;
            match judge_get(at.as_str(), answered.status, answered.location.as_deref()) {
                Some(Redirect::Follow(next)) => at = self.check(&next, purpose)?,
                Some(Redirect::Refuse(why)) => {
                    let text = format!("the {purpose} redirects, which is not followed: {why}");
                    return Err(Error::new(ErrorKind::Unsafe, text).shown_by(answered.number));
                }
                None => return Ok(answered),
            }
        }
        Err(Error::new(ErrorKind::Unsafe, format!("the {purpose} redirects again and again")))
    }

    /// Posts a form. Redirects are never followed, because the form may contain secrets.
    pub(super) fn post(&mut self, form: Form<'_>) -> Result<Answered, Error> {
        let at = self.check(form.url, form.purpose).map_err(|error| self.refuse(error))?;
        let mut headers = vec![
            ("content-type".to_owned(), form.content_type.to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
        ];
        headers.extend(form.authorization.map(|value| ("authorization".to_owned(), value)));
        let url = at.as_str().to_owned();
        let request =
            Request { method: "POST", url, headers, body: form.body, ..Request::default() };
        let answered = self.send(&at, form.purpose, request)?;
        if (300..400).contains(&answered.status) {
            let text = format!("the {} redirects, and what it was sent is secret", form.purpose);
            return Err(Error::new(ErrorKind::Unsafe, text).shown_by(answered.number));
        }
        Ok(answered)
    }

    fn send(
        &mut self,
        at: &Endpoint,
        purpose: &'static str,
        request: Request,
    ) -> Result<Answered, Error> {
        // Responses to forms may contain tokens; metadata do not.
        let gives_secrets = request.method == "POST";
        let mut options = self.options.clone();
        options.proxy = (self.proxies)(at);
        let failed = |error: transport::Error, number| {
            let too_large = matches!(error.kind, transport::ErrorKind::TooLarge(_));
            let mut failed = Error::from(error).shown_by(number);
            if too_large {
                // No option sets this limit, so the text must not name one.
                failed.text = format!("more than {MAX_DOCUMENT} bytes");
            }
            failed.text = format!("the {purpose}: {}", failed.text);
            failed
        };
        let http =
            Http::new(at, &options, self.recorder.clone()).map_err(|error| failed(error, 0))?;
        let mut reply = match http.send(Purpose::of(purpose), request) {
            Ok(reply) => reply,
            Err(none) => {
                let number = none.exchange.number;
                self.last = number;
                return Err(failed(none.error, number));
            }
        };
        let body = reply.whole_text();
        let text = body.as_deref().unwrap_or_default();
        let document = document_of(text);
        // The body is masked before any observer receives it.
        let shows = self.recorder.redactor().shows();
        reply.keep_body(&if gives_secrets && !shows {
            self.without_tokens(document.as_ref(), text, reply.status())
        } else {
            text.to_owned()
        });
        let (number, status) = (reply.exchange().number, reply.status());
        let location = reply.header("location").map(str::to_owned);
        self.last = number;
        reply.finish();
        body.map_err(|error| failed(error, number))?;
        Ok(Answered { number, status, document, location })
    }

    /// Returns the body of a response that may contain secrets, with every secret masked at any
    /// depth. The body of a successful response that is not JSON is not shown.
    fn without_tokens(&self, document: Option<&Value>, text: &str, status: u16) -> String {
        let Some(document) = document else {
            return match status {
                200..300 => format!("({} bytes that are no JSON document)", text.len()),
                _ => text.to_owned(),
            };
        };
        let mut shown = document.clone();
        self.mask(&mut shown, false);
        shown.to_string()
    }

    fn mask(&self, value: &mut Value, is_secret: bool) {
        match value {
            Value::String(text) if is_secret => {
                self.learn(text);
                *text = credential(text);
            }
            Value::Array(all) => all.iter_mut().for_each(|one| self.mask(one, is_secret)),
            Value::Object(members) => {
                for (name, member) in members {
                    self.mask(member, is_secret || is_sensitive_member(name));
                }
            }
            _ => {}
        }
    }

    /// Records the error as the failure of the last exchange.
    pub(super) fn refuse(&mut self, error: Error) -> Error {
        if self.last == 0 {
            return error;
        }
        self.recorder.amend(self.last, |exchange| {
            exchange.failure.get_or_insert_with(|| TransportError {
                kind: error.mark,
                phase: Phase::Read,
                text: error.text.clone(),
                may_have_run: true,
            });
        });
        error.shown_by(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine() {
        for good in ["https://h/x", "http://127.0.0.1:1/x", "http://localhost/", "http://[::1]/"] {
            assert!(check_address(good, "x").is_ok(), "{good}");
        }
        let bad = [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "http://example.com/x",
            "http://10.0.0.1/",
            "https://u:p@h/",
            "ssh://h/",
            "/x",
            "",
        ];
        for bad in bad {
            assert!(check_address(bad, "x").is_err(), "{bad}");
        }
    }
}
