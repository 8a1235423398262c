//! Standalone stream of the legacy era: a GET beside a call, on which a server may send
//! requests that it does not send on the call's own stream (2025-11-25, Transports,
//! "Listening for Messages from the Server").
//!
//! The stream has its own thread and its own connections. A server may refuse or end it;
//! neither is a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::value::RawValue;

use super::connection::Connection;
use super::notifications::Notifications;
use super::response::{RESPONSE, body_of};
use super::server_requests::ServerRequests;
use crate::exchange::{Purpose, Request};
use crate::protocol::headers;
use crate::protocol::jsonrpc::{self, Message};
use crate::transport::{Http, Reply, Stopper};

/// Time that the stream may take to open before the call continues without it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Maximum number of consecutive streams that end without a message.
const MAX_IN_VAIN: usize = 10;
/// Time limit for the thread to end.
const FAREWELL: Duration = Duration::from_millis(500);

/// Handle to a standalone stream, open or ended.
pub(super) struct Listener {
    stoppers: Vec<Arc<Stopper>>,
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    done: Receiver<()>,
}

/// State of the listener thread.
struct Work {
    http: Http,
    answers: Http,
    get: Request,
    post: Request,
    requests: ServerRequests,
    notifications: Notifications,
    stopped: Arc<AtomicBool>,
}

impl Listener {
    /// Opens the stream and waits up to `PATIENCE` for the server's response, so that no
    /// request on the stream is missed.
    pub(super) fn open(connection: &Connection) -> Option<Self> {
        let config = &connection.config;
        let work = Work {
            http: connection.http_with(&config.options).ok()?,
            answers: connection.http_with(&config.options).ok()?,
            get: connection.get(None),
            post: connection.post(String::new()),
            requests: config.requests.clone(),
            notifications: config.notifications.clone(),
            stopped: Arc::default(),
        };
        let stoppers = vec![work.http.stopper(), work.answers.stopper()];
        let stopped = Arc::clone(&work.stopped);
        let (ready, opened) = channel();
        let (ended, done) = channel();
        let thread = std::thread::Builder::new()
            .name("listener".to_owned())
            .spawn(move || {
                work.listen(&ready);
                // The receiver is gone if `close` timed out.
                let _ = ended.send(());
            })
            .ok()?;
        // The call continues whether the server accepts the stream or not.
        let _ = opened.recv_timeout(PATIENCE);
        Some(Self { stoppers, stopped, thread, done })
    }

    /// Ends the stream and waits up to `FAREWELL` for the thread, so that its exchanges are reported.
    pub(super) fn close(self) {
        self.stopped.store(true, Ordering::SeqCst);
        for stopper in self.stoppers {
            stopper.stop();
        }
        self.thread.thread().unpark();
        // The thread may be blocked in a form that a person is still filling in.
        let _ = self.done.recv_timeout(FAREWELL);
    }
}

impl Work {
    fn listen(self, ready: &Sender<()>) {
        let mut get = self.get.clone();
        let mut in_vain = 0;
        while in_vain < MAX_IN_VAIN && !self.stopped.load(Ordering::SeqCst) {
            let sent = self.http.send(Purpose::default(), get.clone());
            // Only the first response is waited for; later sends may fail.
            let _ = ready.send(());
            let Ok(mut reply) = sent else { break };
            if reply.status() != 200 {
                reply.finish();
                break;
            }
            in_vain = if self.read(&mut reply) { 0 } else { in_vain + 1 };
            let at = reply.resumption().clone();
            let ended_here = self.stopped.load(Ordering::SeqCst);
            if ended_here {
                reply.abandon()
            } else {
                reply.finish()
            };
            get = self.get.clone();
            // A server that asks for no delay would cause a busy loop.
            let wait = at.wait().max(Duration::from_millis(50));
            get.headers.extend(at.last_id.map(|id| (headers::LAST_EVENT_ID.to_owned(), id)));
            std::thread::park_timeout(wait);
        }
    }

    /// Handles messages until the stream ends or is stopped. Returns true if any message
    /// arrived.
    fn read(&self, reply: &mut Reply) -> bool {
        let mut came = false;
        while let Ok(Some(text)) = reply.next_message() {
            came = true;
            for message in jsonrpc::parse(&text).unwrap_or_default() {
                match message {
                    Message::Request { id, method, params } => {
                        self.respond(&id, &method, params.as_deref());
                    }
                    Message::Notification { method, params } => {
                        self.notifications.dispatch(&method, params.as_deref());
                    }
                    // Only a stream that resumes a request carries responses, and this one does
                    // not.
                    Message::Result { .. } | Message::Error { .. } => {}
                }
            }
            if self.stopped.load(Ordering::SeqCst) {
                break;
            }
        }
        came
    }

    fn respond(&self, id: &RawValue, method: &str, params: Option<&RawValue>) {
        let mut request = self.post.clone();
        request.body = body_of(id, self.requests.respond(method, params));
        if let Ok(reply) = self.answers.send(Purpose::on(RESPONSE, method), request) {
            reply.finish();
        }
    }
}
