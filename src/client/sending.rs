//! Sends a request: follows redirects, and retries with another token after the server refused its token
//! (2026-07-28, Authorization, Error Handling). A request refused in this way has not run.

use std::sync::Arc;
use std::time::Duration;

use super::connection::Connection;
use super::error::{Error, ErrorKind};
use crate::exchange::{Exchange, Purpose, Request};
use crate::protocol::methods;
use crate::protocol::types::Session;
use crate::transport::{
    Failed, Http, MAX_REDIRECTS, Options, Redirect, Reply, judge_get, judge_redirect,
};

/// Maximum number of times one request is sent, each time with another token.
const MAX_TOKENS: usize = 4;

/// Maximum number of messages read from a refusal, each within `READING`.
const MAX_MESSAGES: usize = 4;
const READING: Duration = Duration::from_secs(1);

impl Connection {
    /// Sends a request once: neither after a redirect nor with another token.
    pub(super) fn send_once_only(
        &mut self,
        purpose: &Purpose,
        request: Request,
    ) -> Result<Reply, Error> {
        let http = Arc::clone(&self.http);
        self.send_once(&http, purpose, request)
    }

    /// Gets another token after a refusal, for later requests. Returns the refusal.
    pub(super) fn renew_token(&mut self, refused: Reply) -> Result<Box<Exchange>, Error> {
        let (token, refusal) = self.another_token(refused)?;
        self.headers.retain(|(name, _)| name != "authorization");
        self.headers.push(("authorization".to_owned(), token));
        Ok(refusal)
    }

    /// Returns true if another token may help against this refusal.
    pub(super) fn has_another_token(&self, refusal: &Exchange) -> bool {
        self.config.authorization.can_help(refusal)
    }

    /// Sends a request. If the server refuses its token with 401 or 403, sends the request
    /// again with another token, at most 4 times in all.
    pub(super) fn send(&mut self, purpose: &Purpose, request: Request) -> Result<Reply, Error> {
        let http = Arc::clone(&self.http);
        self.send_over(&http, purpose, request)
    }

    /// Like `send`, over this HTTP connection.
    pub(super) fn send_over(
        &mut self,
        http: &Http,
        purpose: &Purpose,
        mut request: Request,
    ) -> Result<Reply, Error> {
        for _ in 1..MAX_TOKENS {
            let reply = self.follow(http, purpose, &mut request)?;
            let refused = matches!(reply.status(), 401 | 403);
            if !refused || !self.config.authorization.can_help(reply.exchange()) {
                return Ok(reply);
            }
            let header = ("authorization".to_owned(), self.another_token(reply)?.0);
            // Later requests must carry the new token too.
            for headers in [&mut self.headers, &mut request.headers] {
                headers.retain(|(name, _)| *name != header.0);
                headers.push(header.clone());
            }
        }
        self.follow(http, purpose, &mut request)
    }

    /// Gets another token after a refusal. Returns it with the refusal.
    fn another_token(&self, mut reply: Reply) -> Result<(String, Box<Exchange>), Error> {
        // The body of the refusal is evidence, so it is read before another token is obtained.
        for _ in 0..MAX_MESSAGES {
            if !matches!(reply.next_message_within(READING), Ok(Some(_))) {
                break;
            }
        }
        let refusal = reply.finish();
        // A person may have to log in, whose time does not count.
        let token = self.config.options.pause(|| self.config.authorization.authorize(&refusal));
        match token {
            Ok(token) => Ok((token, refusal)),
            Err(error) => {
                let shown = error.exchange.and_then(|number| self.config.recorder.find(number));
                let exchange = shown.map_or(refusal, Box::new);
                Err(Error::of(ErrorKind::Unauthorized(error)).shown_by(exchange))
            }
        }
    }

    /// Sends a request over its own connection, which remains with the stream of the response.
    pub(super) fn send_apart(
        &mut self,
        options: &Options,
        purpose: &Purpose,
        request: Request,
    ) -> Result<Reply, Error> {
        let http =
            self.http_with(options).map_err(|error| Error::of(ErrorKind::Transport(error)))?;
        self.send_over(&http, purpose, request)
    }

    /// Sends a request and follows redirects within the origin with the same request. Where a POST is
    /// redirected to is used from then on.
    fn follow(
        &mut self,
        http: &Http,
        purpose: &Purpose,
        request: &mut Request,
    ) -> Result<Reply, Error> {
        for _ in 0..MAX_REDIRECTS {
            let reply = self.send_once(http, purpose, request.clone())?;
            let location = reply.header("location");
            let judge = if request.method == "GET" { judge_get } else { judge_redirect };
            match judge(&request.url, reply.status(), location) {
                Some(Redirect::Follow(url)) => {
                    reply.finish();
                    match (&mut self.post_to, self.endpoint.sibling(&url)) {
                        _ if request.method != "POST" => {}
                        // In the HTTP+SSE transport only the message URL moves; the stream keeps
                        // its endpoint.
                        (Some(address), _) => address.clone_from(&url),
                        (None, Ok(endpoint)) => self.endpoint = endpoint,
                        (None, Err(_)) => {}
                    }
                    request.url = url;
                }
                _ => return Ok(reply),
            }
        }
        self.send_once(http, purpose, request.clone())
    }

    /// Sends a request with the cookies of its origin, and keeps those that the response sets. Bare requests,
    /// outside the handshake, carry none.
    fn send_once(
        &mut self,
        http: &Http,
        purpose: &Purpose,
        mut request: Request,
    ) -> Result<Reply, Error> {
        let is_bare = matches!(self.session, Session::None { .. })
            && purpose.method.as_deref() != Some(methods::INITIALIZE);
        if !is_bare {
            self.cookies.add_to(&mut request);
        }
        let reply = send_once(http, purpose.clone(), request)?;
        if !is_bare {
            self.cookies.learn(reply.exchange());
        }
        Ok(reply)
    }
}

fn send_once(http: &Http, purpose: Purpose, request: Request) -> Result<Reply, Error> {
    http.send(purpose, request).map_err(|Failed { error, exchange }| {
        Error::of(ErrorKind::Transport(error)).shown_by(exchange)
    })
}
