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

use super::Client;
use super::inquiry::{Inquiries, Response};
use super::notice::Notices;
use crate::exchange::{Exchange, Purpose, Request};
use crate::protocol::headers;
use crate::protocol::jsonrpc::{self, Message};
use crate::transport::{Http, Reply, Stopper};

/// Time that the stream may take to open before the call continues without it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Maximum number of consecutive streams that end without a message.
const MAX_IN_VAIN: usize = 10;
/// Number of exchanges after which responses to the server are no longer kept as evidence.
const KEPT: usize = 100;
/// Time limit for the thread to end.
const FAREWELL: Duration = Duration::from_millis(500);

/// Handle to a standalone stream, open or ended.
pub(super) struct Listener {
    stoppers: Vec<Arc<Stopper>>,
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    history: Receiver<Vec<Exchange>>,
}

/// State of the listener thread.
struct Work {
    http: Http,
    answers: Http,
    get: Request,
    post: Request,
    inquiries: Inquiries,
    notices: Notices,
    stopped: Arc<AtomicBool>,
}

impl Listener {
    /// Opens the stream and waits up to `PATIENCE` for the server's response, so that no
    /// request on the stream is missed.
    pub(super) fn open(client: &Client) -> Option<Self> {
        let recorder = client.http.recorder();
        let connection = || Http::new(&client.endpoint, &client.options, recorder.clone()).ok();
        let work = Work {
            http: connection()?,
            answers: connection()?,
            get: client.get(None),
            post: client.post(String::new()),
            inquiries: client.inquiries.clone(),
            notices: client.notices.clone(),
            stopped: Arc::default(),
        };
        let stoppers = vec![work.http.stopper(), work.answers.stopper()];
        let stopped = Arc::clone(&work.stopped);
        let (ready, opened) = channel();
        let (done, history) = channel();
        let thread = std::thread::Builder::new()
            .name("listener".to_owned())
            .spawn(move || {
                // The receiver is gone if `close` timed out.
                let _ = done.send(work.listen(&ready));
            })
            .ok()?;
        // The call continues whether the server accepts the stream or not.
        let _ = opened.recv_timeout(PATIENCE);
        Some(Self { stoppers, stopped, thread, history })
    }

    /// Ends the stream and returns its exchanges, or none if the thread does not end within
    /// `FAREWELL`.
    pub(super) fn close(self) -> Vec<Exchange> {
        self.stopped.store(true, Ordering::SeqCst);
        for stopper in self.stoppers {
            stopper.stop();
        }
        self.thread.thread().unpark();
        // The thread may be blocked in a form that a person is still filling in.
        self.history.recv_timeout(FAREWELL).unwrap_or_default()
    }
}

impl Work {
    fn listen(self, ready: &Sender<()>) -> Vec<Exchange> {
        let mut history = Vec::new();
        let mut get = self.get.clone();
        let mut in_vain = 0;
        while in_vain < MAX_IN_VAIN && !self.stopped.load(Ordering::SeqCst) {
            let sent = self.http.send(Purpose::default(), get.clone());
            // Only the first response is waited for; later sends may fail.
            let _ = ready.send(());
            let mut reply = match sent {
                Ok(reply) => reply,
                Err(failed) => {
                    history.push(*failed.exchange);
                    break;
                }
            };
            if reply.status() != 200 {
                history.push(*reply.finish());
                break;
            }
            in_vain = if self.read(&mut reply, &mut history) { 0 } else { in_vain + 1 };
            let at = reply.resumption().clone();
            let ended_here = self.stopped.load(Ordering::SeqCst);
            history.push(if ended_here { *reply.abandon() } else { *reply.finish() });
            get = self.get.clone();
            // A server that asks for no delay would cause a busy loop.
            let wait = at.wait().max(Duration::from_millis(50));
            get.headers.extend(at.last_id.map(|id| (headers::LAST_EVENT_ID.to_owned(), id)));
            std::thread::park_timeout(wait);
        }
        history
    }

    /// Handles messages until the stream ends or is stopped. Returns true if any message
    /// arrived.
    fn read(&self, reply: &mut Reply, history: &mut Vec<Exchange>) -> bool {
        let mut came = false;
        while let Ok(Some(text)) = reply.next_message() {
            came = true;
            for message in jsonrpc::parse(&text).unwrap_or_default() {
                match message {
                    Message::Request { id, method, params } => {
                        let response = self.inquiries.respond(&method, params.as_deref());
                        self.answer(&id, &method, response, history);
                    }
                    Message::Notification { method, params } => {
                        self.notices.tell(&method, params.as_deref());
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

    fn answer(&self, id: &RawValue, method: &str, response: Response, history: &mut Vec<Exchange>) {
        let mut request = self.post.clone();
        request.body = super::request::answer_text(id, response);
        let exchange = match self.answers.send(Purpose::on("answer to", method), request) {
            Ok(reply) => reply.finish(),
            Err(failed) => failed.exchange,
        };
        if history.len() < KEPT {
            history.push(*exchange);
        }
    }
}
