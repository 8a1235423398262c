//! Authorization code grant, up to the code (OAuth 2.1, 4.1; RFC 7636; RFC 9207;
//! 2026-07-28, Authorization, Authorization Response Validation).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use url::{Url, form_urlencoded};

use super::challenge::Challenge;
use super::discovery::Discovery;
use super::error::{Error, ErrorKind};
use super::registration::Client;
use super::web::Web;
use crate::exchange::Objection;

/// Scope that requests a refresh token (`OpenID` Connect Core 1.0, 11).
pub const OFFLINE: &str = "offline_access";

/// An authorization that waits for a person.
#[derive(Clone)]
pub struct Pending {
    /// URL for the person's browser.
    pub url: String,
    /// PKCE verifier of the code.
    pub verifier: String,
    /// Redirect URI that receives the response.
    pub redirect_uri: String,
    state: String,
    issuer: String,
    says_issuer: bool,
}

/// Returns the scopes to request: those given by the user, else those of the challenge,
/// else those of the resource (2026-07-28, Scope Selection Strategy). Unless the user gave
/// scopes, adds `offline_access` if the server supports it.
pub fn scopes_for(
    given: &[String],
    challenge: Option<&Challenge>,
    found: &Discovery,
) -> Vec<String> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let challenged = challenge.and_then(Challenge::scopes);
    let mut scopes = challenged.or_else(|| found.scopes_supported.clone()).unwrap_or_default();
    let known = found.server.scopes_supported.as_ref();
    let offline = known.is_some_and(|known| known.iter().any(|scope| scope == OFFLINE));
    if offline && !scopes.iter().any(|scope| scope == OFFLINE) {
        scopes.push(OFFLINE.to_owned());
    }
    scopes
}

/// Returns the scopes requested before and those required now (2026-07-28, Step-Up
/// Authorization Flow, 2).
pub fn union(before: &[String], wanted: &[String]) -> Vec<String> {
    let mut all = before.to_vec();
    all.extend(wanted.iter().filter(|scope| !before.contains(scope)).cloned());
    all
}

/// Checks whether the authorization server supports this grant. Returns an error, shown by
/// the last exchange, without PKCE (S256) or an authorization endpoint.
pub fn can_begin(web: &mut Web, found: &Discovery) -> Result<(), Error> {
    let server = &found.server;
    let methods = server.code_challenge_methods_supported.as_deref();
    let has_pkce = methods.is_some_and(|methods| methods.iter().any(|method| method == "S256"));
    if !has_pkce && !found.assumed {
        let text = "the metadata does not list PKCE with S256";
        let error = Error::new(ErrorKind::Unsafe, text);
        let error = error
            .objecting(Objection::NoPkce)
            .with_detail("An intercepted code could be used by others. Clients must stop here.");
        return Err(web.refuse(error));
    }
    let Some(endpoint) = &server.authorization_endpoint else {
        let text = "the authorization server has no authorization endpoint";
        return Err(web.refuse(Error::new(ErrorKind::Discovery, text)));
    };
    web.check(endpoint, "authorization endpoint").map_err(|error| web.refuse(error))?;
    Ok(())
}

/// Starts the authorization: returns the browser's URL and the data that verify the
/// response.
pub fn begin(
    web: &mut Web,
    found: &Discovery,
    client: &Client,
    scopes: &[String],
) -> Result<Pending, Error> {
    let server = &found.server;
    let endpoint = server.authorization_endpoint.clone().unwrap_or_default();
    let mut url =
        Url::parse(&endpoint).map_err(|error| Error::new(ErrorKind::Unsafe, error.to_string()))?;
    let redirect_uri = client.redirect_uri.clone().unwrap_or_default();
    let (verifier, state) = (random()?, random()?);
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    // The endpoint may have a query of its own, which stays (OAuth 2.1, 3.1).
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", &redirect_uri)
        .append_pair("state", &state)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .append_pair("resource", &found.resource);
    if !scopes.is_empty() {
        url.query_pairs_mut().append_pair("scope", &scopes.join(" "));
    }
    web.learn(&verifier);
    Ok(Pending {
        url: url.into(),
        verifier,
        redirect_uri,
        state,
        issuer: server.issuer.clone(),
        says_issuer: server.authorization_response_iss_parameter_supported,
    })
}

/// Returns 256 random bits in base64url: a PKCE verifier (RFC 7636, 4.1) or a state.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new(ErrorKind::Usage, format!("no random numbers: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl Pending {
    /// Returns true if a response belongs to this request. Responses with another state are
    /// ignored.
    pub fn is_answered_by(&self, query: &str) -> bool {
        one(query, "state").is_ok_and(|state| state.as_deref() == Some(self.state.as_str()))
    }

    /// Returns the code from typed text: the URL that the browser was redirected to, or the
    /// code alone if the server need not identify itself in the response.
    pub fn judge_typed(&self, text: &str) -> Result<String, Error> {
        match text.split_once('?') {
            Some((_, query)) => self.judge(query.split('#').next().unwrap_or_default()),
            // The query of the redirect URI without the rest.
            None if text.contains('=') => self.judge(text),
            None if self.says_issuer => Err(Error::new(
                ErrorKind::Unsafe,
                "the whole address is wanted, which says where the code is from",
            )),
            None => Ok(text.to_owned()),
        }
    }

    /// Returns the code from a response, given as the query of the redirect URI.
    pub fn judge(&self, query: &str) -> Result<String, Error> {
        let refuse = |text: String| Error::new(ErrorKind::Unsafe, text);
        if !self.is_answered_by(query) {
            return Err(refuse(
                "the redirect belongs to another login: its state differs".to_owned(),
            ));
        }
        // The issuer is checked before anything else is used or shown (RFC 9207, 2.4).
        match one(query, "iss")? {
            Some(issuer) if issuer != self.issuer => {
                return Err(refuse(format!(
                    "the redirect names the issuer `{}` instead of `{}`",
                    issuer.escape_debug(),
                    self.issuer.escape_debug()
                ))
                .with_detail(
                    "Its code was not sent anywhere: it may be meant for another server.",
                ));
            }
            None if self.says_issuer => {
                return Err(refuse(
                    "the redirect names no issuer, although the metadata promise one".to_owned(),
                ));
            }
            _ => {}
        }
        if let Some(code) = one(query, "error")? {
            let text = match code.as_str() {
                "access_denied" => "access was denied".to_owned(),
                code => format!("the authorization server refuses: {}", code.escape_debug()),
            };
            let mut error = Error::new(ErrorKind::Refused, text);
            error.code = Some(code);
            error.details.extend(one(query, "error_description")?);
            return Err(error);
        }
        let code = one(query, "code")?.filter(|code| !code.is_empty());
        code.ok_or_else(|| refuse("the redirect has no code".to_owned()))
    }
}

/// Returns a parameter. Returns an error if it occurs twice (RFC 6749, 3.1).
fn one(query: &str, name: &str) -> Result<Option<String>, Error> {
    let mut found = form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name);
    let first = found.next().map(|(_, value)| value.into_owned());
    if found.next().is_some() {
        return Err(Error::new(
            ErrorKind::Unsafe,
            format!("the redirect has the parameter `{name}` twice"),
        ));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::metadata::ServerMetadata;

    fn pending(says_issuer: bool) -> Pending {
        Pending {
            url: String::new(),
            verifier: String::new(),
            redirect_uri: String::new(),
            state: "s".into(),
            issuer: "https://as".into(),
            says_issuer,
        }
    }

    #[test]
    fn the_issuer_of_an_answer_is_checked_by_the_table() {
        let (says, silent) = (pending(true), pending(false));
        let good = "code=c&state=s&iss=https%3A%2F%2Fas";
        assert_eq!(says.judge(good).unwrap(), "c");
        assert_eq!(silent.judge(good).unwrap(), "c");
        assert_eq!(silent.judge("code=c&state=s").unwrap(), "c");
        assert!(says.judge("code=c&state=s").is_err());
        for other in ["https://evil", "https://as/", "HTTPS://as", "https://as:443", ""] {
            let query = format!("code=c&state=s&iss={other}");
            assert!(says.judge(&query).is_err() && silent.judge(&query).is_err(), "{other}");
        }
    }

    #[test]
    fn a_refusal_is_shown_only_where_it_may_be_believed() {
        let refusal = "error=access_denied&error_description=No&state=s";
        let error = pending(false).judge(refusal).unwrap_err();
        assert_eq!((error.text.as_str(), error.details), ("access was denied", vec!["No".into()]));
        let other = pending(false).judge(&format!("{refusal}&iss=https://evil")).unwrap_err();
        assert!(other.code.is_none() && !other.details.contains(&"No".to_owned()));
        assert!(pending(true).judge(refusal).unwrap_err().code.is_none());
    }

    #[test]
    fn an_answer_to_another_request_is_none() {
        for query in ["code=c", "code=c&state=x", "code=c&state=s&state=s", "", "state=s"] {
            assert!(pending(false).judge(query).is_err(), "{query}");
        }
        assert!(pending(false).judge("code=c&code=d&state=s").is_err());
    }

    #[test]
    fn a_person_may_paste_the_address_or_the_code() {
        let address = "http://127.0.0.1:1/callback?code=c&state=s#";
        assert_eq!(pending(false).judge_typed(address).unwrap(), "c");
        assert_eq!(pending(false).judge_typed("code=c&state=s").unwrap(), "c");
        assert_eq!(pending(false).judge_typed("c-0.de").unwrap(), "c-0.de");
        assert!(pending(true).judge_typed("c").is_err());
        assert!(pending(false).judge_typed("http://127.0.0.1:1/callback?code=c&state=x").is_err());
    }

    #[test]
    fn scopes_follow_the_strategy() {
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let found = |offered: Option<&[&str]>, server: &[&str]| Discovery {
            resource: String::new(),
            server: ServerMetadata {
                scopes_supported: Some(of(server)),
                ..ServerMetadata::default()
            },
            scopes_supported: offered.map(of),
            assumed: false,
        };
        let challenge = &Challenge::parse("Bearer scope=\"a b\"")[0];
        let offers = found(Some(&["x"]), &["x", "y"]);
        assert_eq!(scopes_for(&[], Some(challenge), &offers), ["a", "b"]);
        assert_eq!(scopes_for(&of(&["z"]), Some(challenge), &offers), ["z"]);
        assert_eq!(scopes_for(&[], None, &offers), ["x"]);
        assert!(scopes_for(&[], None, &found(None, &["y"])).is_empty());
        let offline = found(Some(&["x"]), &["x", OFFLINE]);
        assert_eq!(scopes_for(&[], None, &offline), ["x", OFFLINE]);
        assert_eq!(union(&of(&["a", "b"]), &of(&["b", "c"])), ["a", "b", "c"]);
    }
}
