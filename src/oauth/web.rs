//! Requests to resource and authorization servers: their metadata, registration, tokens.
//!
//! Only https, or http on this machine (RFC 8252, 8.3; 2026-07-28, Security Considerations, Communication
//! Security). No redirect leaves its origin, and none is followed with a secret in hand; sizes and times are
//! bounded; a server of the open network cannot point into a private one.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::error::{Error, ErrorKind};
use crate::endpoint::Endpoint;
use crate::exchange::{Exchange, Failure, FailureKind, Phase, Purpose, Recorder, Request};
use crate::redact::{credential, is_sensitive_member, without_secrets};
use crate::transport::{
    self, Http, MAX_REDIRECTS, Options, ProxyChoice, Redirect, is_public, judge_get,
};

/// The longest that one such exchange may take.
const LIMIT: Duration = Duration::from_secs(30);
/// The largest document that is read, in bytes.
const MAX_DOCUMENT: u64 = 1024 * 1024;

/// Finds the proxy for an address.
pub type Proxies = Box<dyn Fn(&Endpoint) -> Option<ProxyChoice> + Send>;

/// Speaks to servers of others.
pub struct Web {
    options: Options,
    recorder: Recorder,
    proxies: Proxies,
    /// Everything that was exchanged.
    history: Vec<Exchange>,
}

/// An answer: its status, and its document where it is JSON.
pub(super) struct Answered {
    pub(super) number: usize,
    pub(super) status: u16,
    pub(super) document: Option<Value>,
}

impl Answered {
    /// The document, where the server says that it is what was asked for.
    pub(super) fn found(self) -> Option<Value> {
        self.document.filter(|_| self.status == 200)
    }
}

/// A form to be sent.
pub(super) struct Form<'f> {
    pub(super) purpose: &'static str,
    pub(super) url: &'f str,
    pub(super) content_type: &'static str,
    pub(super) authorization: Option<String>,
    pub(super) body: String,
}

/// Whether an address may be followed at all.
pub fn is_usable(url: &str) -> bool {
    check_address(url, "").is_ok()
}

/// What an address is of, for messages: the words follow "the".
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
    /// `options` are the server's own; what of them is for that server alone (a client certificate) is left
    /// out.
    pub fn new(mut options: Options, recorder: Recorder, proxies: Proxies) -> Self {
        options.tls.cert_file = None;
        options.tls.key_file = None;
        let limits = &mut options.limits;
        let whole = limits.whole.map_or(LIMIT, |whole| whole.min(LIMIT));
        limits.whole = Some(whole);
        limits.first_byte = None;
        limits.silence = None;
        limits.max_size = limits.max_size.min(MAX_DOCUMENT);
        Self { options, recorder, proxies, history: Vec::new() }
    }

    /// Refuses private addresses from now on: the server that names them is none itself.
    pub fn only_public(&mut self) {
        self.options.only_public = true;
    }

    /// Whether private addresses are refused.
    pub fn is_only_public(&self) -> bool {
        self.options.only_public
    }

    /// Adds what was exchanged elsewhere for the same end.
    pub fn add_history(&mut self, exchanges: Vec<Exchange>) {
        self.history.extend(exchanges);
    }

    /// Whether an address can be used here, whatever for.
    pub fn check(&self, url: &str, what: &str) -> Result<Endpoint, Error> {
        let endpoint = check_address(url, what)?;
        let is_private = endpoint.is_loopback()
            || endpoint.host().parse().is_ok_and(|address| !is_public(address));
        if self.options.only_public && is_private {
            let text = format!(
                "the {what} cannot be used: {} is a private address, and a public server named it",
                endpoint.host()
            );
            return Err(Error::new(ErrorKind::Unsafe, text).marking(FailureKind::PrivateAddress));
        }
        Ok(endpoint)
    }

    /// Everything that was exchanged since the last time.
    pub fn take_history(&mut self) -> Vec<Exchange> {
        std::mem::take(&mut self.history)
    }

    /// Learns a secret before it could be seen.
    pub(super) fn learn(&self, secret: &str) {
        self.recorder.learn(|redactor| redactor.learn(secret));
    }

    /// Fetches a document.
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
            let request = Request { method: "GET", url, headers: all, body: String::new() };
            let answered = self.send(&at, purpose, request)?;
            let last = self.history.last().and_then(|exchange| exchange.answer.as_ref());
            let location = last.and_then(|answer| answer.header("location"));
            match judge_get(at.as_str(), answered.status, location) {
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

    /// Sends a form. A redirect is never followed: it would take what is secret elsewhere.
    pub(super) fn post(&mut self, form: Form<'_>) -> Result<Answered, Error> {
        let at = self.check(form.url, form.purpose).map_err(|error| self.refuse(error))?;
        let mut headers = vec![
            ("content-type".to_owned(), form.content_type.to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
        ];
        headers.extend(form.authorization.map(|value| ("authorization".to_owned(), value)));
        let url = at.as_str().to_owned();
        let request = Request { method: "POST", url, headers, body: form.body };
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
        // What forms are answered with may hold tokens; metadata do not.
        let gives_secrets = request.method == "POST";
        let mut options = self.options.clone();
        options.proxy = (self.proxies)(at);
        let failed = |error: transport::Error, number| {
            let too_large = matches!(error.kind, transport::ErrorKind::TooLarge(_));
            let mut failed = Error::from(error).shown_by(number);
            if too_large {
                // The limit is this one's, and none that an option sets.
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
                self.history.push(*none.exchange);
                return Err(failed(none.error, number));
            }
        };
        let body = reply.whole_text();
        let text = body.as_deref().unwrap_or_default();
        let document: Option<Value> = serde_json::from_str(text).ok();
        // Before anybody is told of the body.
        let shows = self.recorder.redactor().shows();
        reply.keep_body(&if gives_secrets && !shows {
            self.without_tokens(document.as_ref(), text, reply.status())
        } else {
            text.to_owned()
        });
        let (number, status) = (reply.exchange().number, reply.status());
        self.history.push(*reply.finish());
        body.map_err(|error| failed(error, number))?;
        Ok(Answered { number, status, document })
    }

    /// The answer of an endpoint that gives secrets, without them: as a document, in which each is found whatever
    /// it is called and however deep it stands. What is no document is not shown where it may hold one.
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

    /// Marks the last exchange as one that cannot be believed, and why.
    pub(super) fn refuse(&mut self, error: Error) -> Error {
        match self.history.last_mut() {
            Some(exchange) => {
                exchange.failure.get_or_insert_with(|| Failure {
                    kind: error.mark,
                    phase: Phase::Read,
                    text: error.text.clone(),
                    may_have_run: true,
                });
                error.shown_by(exchange.number)
            }
            None => error,
        }
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
