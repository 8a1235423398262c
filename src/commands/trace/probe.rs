//! The steps of `trace`: the request of a minimal client, the same request done properly,
//! and experiments for the rules. A named tool runs at most once; no other tool ever runs.

use super::steps::Steps;
use crate::client::{Client, Error, ErrorKind, Handshake, Renewal, RpcRequest, Session};
use crate::diagnose::{self, Certainty, Role};
use crate::exchange::Exchange;
use crate::protocol::methods;
use crate::protocol::tools::Tool;
use crate::protocol::version::LATEST_MODERN;
use crate::transport;

/// The requests to try, and the limits on experiments.
pub(super) struct Probe<'p> {
    pub(super) client: &'p mut Client,
    pub(super) handshake: &'p Handshake,
    /// The request of the minimal client.
    pub(super) rpc: RpcRequest,
    /// The tool that the request calls, if known.
    pub(super) tool: Option<Tool>,
    /// Disables experiments.
    pub(super) passive: bool,
    pub(super) steps: Steps<'p>,
    /// The named tool has run, or may have run.
    ran: bool,
}

/// Outcome of a step, or of the whole trace.
pub(super) type Ended = Result<(), Error>;

impl<'p> Probe<'p> {
    pub(super) fn new(
        client: &'p mut Client,
        handshake: &'p Handshake,
        rpc: RpcRequest,
        tool: Option<Tool>,
        passive: bool,
    ) -> Self {
        Self { client, handshake, rpc, tool, passive, steps: Steps::default(), ran: false }
    }

    /// Runs all steps. An error is that of the last step that should have worked.
    pub(super) fn run(&mut self) -> Ended {
        // A server that does not respond must not use up the time of the steps after it.
        let whole = self.client.config().options.limits.whole;
        self.client.set_patience(whole.map(|whole| whole / 3));
        let bare = self.send(Session::default(), &self.rpc.clone(), Role::Bare);
        let stops = |found: diagnose::Finding| {
            found.rule.stops_trace && found.certainty == Certainty::Certain
        };
        let is_stopped = self.steps.found().is_some_and(stops);
        if is_stopped && !self.is_call() {
            return bare;
        }
        // What stops a call may be the tool's own error: the list shows whether it is.
        let is_alike = self.repeat(&bare);
        if is_stopped && is_alike != Some(false) {
            return bare;
        }
        self.vary_what_was_refused();
        // A silent server gets one more request, with a handshake, not three.
        let silent = self.steps.exchanges().iter().all(|exchange| exchange.answer.is_none());
        let mut modern = !silent && self.modern();
        let legacy = self.legacy(&bare, modern);
        // The legacy attempts failed before the tool ran, so it can still run in the modern era.
        if modern && legacy.is_err() && self.is_call() && !self.ran {
            modern = self.properly_modern(&self.rpc.clone());
        }
        let mut ended = if modern { Ok(()) } else { legacy };
        if ended.is_err() && bare.is_ok() && !self.passive {
            // Either requests need no handshake here, or the server answers one request only.
            let again = self.send(Session::default(), &RpcRequest::list_tools(), Role::BareAgain);
            if again.is_ok() {
                self.vary(&Session::default());
                ended = Ok(());
            }
        } else if modern && !self.steps.worked(Role::Proper) {
            self.vary(&Session::modern(LATEST_MODERN));
        }
        self.client.close_streams();
        self.steps.take(self.client, Role::Stream);
        ended
    }

    /// After a bare request that failed: sends `tools/list` bare. If it is refused in the same way, the
    /// server refuses every bare request, so the named tool did not run; if the first request was the same
    /// and works now, the failure was temporary. Returns whether a call was refused in the same way.
    fn repeat(&mut self, bare: &Ended) -> Option<bool> {
        let of_request = |one: &&Exchange| one.purpose == self.rpc.purpose;
        let first = self.steps.exchanges().iter().rev().find(of_request).cloned();
        let first = first.filter(|_| bare.is_err())?;
        // Without a response, nothing can be compared.
        if first.answer.is_none() || (self.passive && !self.is_call()) {
            return None;
        }
        let _ = self.on_a_fresh_connection(&Session::default(), Role::BareAgain);
        let again = self.steps.last().filter(|_| self.is_call())?;
        let is_alike = diagnose::is_refused_alike(&first, again);
        self.ran &= !is_alike;
        Some(is_alike)
    }

    fn is_call(&self) -> bool {
        self.rpc.purpose.method.as_deref() == Some(methods::CALL_TOOL)
    }

    /// Sends one request in the given session.
    pub(super) fn send(&mut self, session: Session, rpc: &RpcRequest, role: Role) -> Ended {
        if self.client.config().options.interrupt.is_raised() {
            return Err(Error::of(ErrorKind::Transport(transport::Error::interrupted())));
        }
        self.client.resume(session, Renewal::Unasked);
        let outcome = self.client.request(rpc).map(|_| ());
        let is_it = rpc.purpose == self.rpc.purpose && self.is_call();
        // No status and no word shows that the tool did not run.
        let unsent = outcome.as_ref().is_err_and(
            |error| matches!(&error.kind, ErrorKind::Transport(failed) if !failed.may_have_run),
        );
        self.ran |= is_it && !unsent;
        self.steps.take(self.client, role);
        outcome
    }

    /// Returns the request to repeat: `tools/list` once the named tool has run, otherwise the
    /// request itself.
    pub(super) fn again(&self) -> RpcRequest {
        if self.is_call() && self.ran { RpcRequest::list_tools() } else { self.rpc.clone() }
    }

    /// Tries the modern era. Returns true if the server supports it.
    fn modern(&mut self) -> bool {
        let discovered = self.client.discover().map(|_| ());
        self.steps.take(self.client, Role::Discover);
        let Some(last) = self.steps.last() else { return false };
        let lists = last.outcome().is_success()
            && last.answer.as_ref().is_some_and(|answer| {
                answer.last_message().is_some_and(|text| text.contains(LATEST_MODERN))
            });
        // A server without `server/discover` may still be modern.
        let lacking = last.status() == Some(404) && last.error_names_its_request();
        let unknown = discovered.as_ref().is_err_and(Error::is_unknown_method);
        let may_be_modern = lists || unknown || (discovered.is_err() && lacking);
        if !may_be_modern {
            return false;
        }
        // The named tool is left for the legacy era, where its session matters.
        let works = self.properly_modern(&RpcRequest::list_tools());
        // A legacy server may ignore all that is modern in a request.
        let proven = lists || lacking || self.steps.last().is_some_and(Exchange::has_modern_marks);
        // If the bare request fails, the modern form makes a difference all the same.
        let fails_bare = !self.steps.worked(Role::Bare) && !self.steps.worked(Role::BareAgain);
        let counts = proven || fails_bare;
        if works && !counts {
            self.steps.demote_last();
        }
        works && counts
    }

    /// Sends the request as the modern era requires. Returns true if it works.
    fn properly_modern(&mut self, rpc: &RpcRequest) -> bool {
        let mut rpc = rpc.clone();
        if let Some(tool) = &self.tool {
            rpc.mirrored = tool.mirrored.clone().unwrap_or_default();
        }
        self.send(Session::modern(LATEST_MODERN), &rpc, Role::ProperModern).is_ok()
    }

    /// Tries the handshake and the steps after it.
    fn legacy(&mut self, bare: &Ended, modern: bool) -> Ended {
        // The notification is a separate step, so that a handshake that fails at it is examined
        // too.
        let quiet = Handshake { send_initialized: false, ..self.handshake.clone() };
        let mut opened = self.client.initialize(&quiet);
        let is_temporary = |error: &Error| matches!(error.status(), Some(408 | 425 | 500..));
        if opened.as_ref().is_err_and(is_temporary) && !self.passive {
            self.steps.take(self.client, Role::Initialize);
            opened = self.client.initialize(&quiet);
        }
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.steps.take(self.client, Role::Initialize);
                let status = error.exchange.as_ref().and_then(|exchange| exchange.status());
                // If the server is modern, there is no need to look for another way.
                if modern || self.vary_initialize() || !matches!(status, Some(400 | 404 | 405)) {
                    return Err(error);
                }
                match self.client.try_sse(self.handshake) {
                    Ok(Some(opened)) => opened,
                    // No route for POST here, and a stream: the handshake over it is the one that counts.
                    Err(over_stream) if matches!(status, Some(404 | 405)) => {
                        self.steps.take(self.client, Role::Initialize);
                        return Err(over_stream);
                    }
                    _ => {
                        self.steps.take(self.client, Role::Experiment);
                        if !self.passive {
                            self.look_around();
                        }
                        return Err(error);
                    }
                }
            }
        };
        self.steps.take(self.client, Role::Initialize);
        let mut told = true;
        if self.handshake.send_initialized && opened.session.transport().is_http() {
            told = self.client.notify(methods::INITIALIZED, &serde_json::Value::Null).is_ok();
            self.steps.take(self.client, Role::Initialized);
        }
        // Repeat the request as it is, unless that would run a tool twice.
        let session = opened.session;
        let again = self.again();
        let mut outcome = if self.is_call() && self.ran && bare.is_ok() {
            Ok(())
        } else {
            self.send(session.clone(), &again, Role::Proper)
        };
        if !self.passive && outcome.is_err() && session.id().is_some() {
            // If it works, the session id arrives, and the refusal is about the request.
            let _ = self.send(session.clone(), &RpcRequest::ping(), Role::Experiment);
            if again.purpose == RpcRequest::list_tools().purpose {
                // If it works now, the refusal was temporary.
                let _ = self.send(session.clone(), &again, Role::Experiment);
            }
        }
        if !self.passive && (outcome.is_err() || !told) {
            outcome = self.experiment(&session, outcome, told);
        }
        if session.transport().is_http() && !self.passive {
            if outcome.is_ok() {
                if bare.is_err() {
                    self.compare(&session);
                }
                self.vary(&session);
                self.wrong_ids(&session);
            }
            self.look_for_buffering(&session);
        }
        self.end(&session);
        outcome
    }
}
