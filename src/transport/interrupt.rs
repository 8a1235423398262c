//! Interrupts: Ctrl-C ends every wait, from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Interval at which other waits check for an interrupt.
const LOOK: Duration = Duration::from_millis(20);

/// Interrupt signal that ends the exchanges of all watched connections. Clones share the
/// signal.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Inner>);

type Listen = Box<dyn FnOnce(&Interrupt) + Send>;

#[derive(Default)]
struct Inner {
    raised: AtomicBool,
    /// True until the first wait, if something is to be done then.
    is_new: AtomicBool,
    when_waiting: Mutex<Option<Listen>>,
    watched: Mutex<Vec<Weak<Stopper>>>,
    woken: Condvar,
}

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Interrupt").field(&self.is_raised()).finish()
    }
}

/// Handle that ends the exchange another thread is waiting in.
pub struct Stopper(ureq::Agent);

impl Stopper {
    /// Ends the current exchange and all later ones of the same connection.
    pub fn stop(&self) {
        self.0.clone().shutdown();
    }
}

/// Registration of a connection with the interrupt signal, valid while held.
#[derive(Clone)]
pub(super) struct Watched {
    interrupt: Interrupt,
    pub(super) stopper: Arc<Stopper>,
}

impl Watched {
    /// Returns true if a failure now is due to the interrupt.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.is_raised()
    }
}

impl Interrupt {
    /// Runs `listen` before the first wait. Until then Ctrl-C ends the process, which saves a thread to
    /// every command that waits for nothing.
    pub fn when_waiting(&self, listen: impl FnOnce(&Self) + Send + 'static) {
        *self.0.when_waiting.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Box::new(listen));
        self.0.is_new.store(true, Ordering::SeqCst);
    }

    /// Returns true if `about_to_wait` still has something to do.
    pub(super) fn is_new(&self) -> bool {
        self.0.is_new.load(Ordering::Relaxed)
    }

    /// Must be called before a wait.
    pub(super) fn about_to_wait(&self) {
        if self.0.is_new.swap(false, Ordering::SeqCst) {
            let listen = self.0.when_waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(listen) = listen {
                listen(self);
            }
        }
    }

    /// Ends every exchange and every wait.
    pub fn raise(&self) {
        // The lock is held so that no thread starts to wait between its check and its wait.
        let watched = self.0.watched.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.raised.store(true, Ordering::SeqCst);
        watched.iter().filter_map(Weak::upgrade).for_each(|stopper| stopper.stop());
        self.0.woken.notify_all();
    }

    /// Returns true if the interrupt was raised.
    pub fn is_raised(&self) -> bool {
        self.0.raised.load(Ordering::SeqCst)
    }

    /// Registers a connection whose exchanges the interrupt ends.
    pub(super) fn watch(&self, agent: &ureq::Agent) -> Watched {
        let stopper = Arc::new(Stopper(agent.clone()));
        let mut watched = self.0.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|known| known.strong_count() > 0);
        watched.push(Arc::downgrade(&stopper));
        // A connection made after the interrupt must not wait either.
        if self.is_raised() {
            stopper.stop();
        }
        Watched { interrupt: self.clone(), stopper }
    }

    /// Sleeps for `time`, or until the interrupt is raised.
    pub fn sleep(&self, time: Duration) {
        self.about_to_wait();
        let watched = self.0.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |_: &mut Vec<_>| !self.is_raised();
        drop(self.0.woken.wait_timeout_while(watched, time, waiting));
    }

    /// Receives a value from another thread. Returns `None` after the limit, after an
    /// interrupt, or if the other thread ended without sending.
    pub fn receive<T>(&self, from: &Receiver<T>, limit: Option<Duration>) -> Option<T> {
        self.about_to_wait();
        let until = limit.map(|limit| Instant::now() + limit);
        loop {
            let left = until.map_or(LOOK, |at| at.saturating_duration_since(Instant::now()));
            match from.recv_timeout(left.min(LOOK)) {
                Ok(value) => return Some(value),
                Err(RecvTimeoutError::Timeout) if !self.is_raised() && !left.is_zero() => {}
                Err(_) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn whoever_waits_is_woken() {
        let interrupt = Interrupt::default();
        let other = interrupt.clone();
        let sleeper = std::thread::spawn(move || {
            other.sleep(Duration::from_mins(1));
            let (_sender, receiver) = channel::<()>();
            other.receive(&receiver, None)
        });
        std::thread::sleep(Duration::from_millis(30));
        interrupt.raise();
        assert_eq!(sleeper.join().unwrap(), None);
    }

    #[test]
    fn the_first_wait_is_announced_once() {
        let (interrupt, count) = (Interrupt::default(), Arc::new(Mutex::new(0)));
        let counted = Arc::clone(&count);
        interrupt.when_waiting(move |_| *counted.lock().unwrap() += 1);
        let other = interrupt.clone();
        assert!(interrupt.is_new() && *count.lock().unwrap() == 0);
        other.sleep(Duration::ZERO);
        interrupt.sleep(Duration::ZERO);
        assert!(!interrupt.is_new() && *count.lock().unwrap() == 1);
    }

    #[test]
    fn a_wait_ends_with_its_limit_or_with_what_comes() {
        let interrupt = Interrupt::default();
        let (sender, receiver) = channel();
        assert_eq!(interrupt.receive(&receiver, Some(Duration::from_millis(30))), None);
        sender.send(1).unwrap();
        assert_eq!(interrupt.receive(&receiver, None), Some(1));
        drop(sender);
        assert_eq!(interrupt.receive(&receiver, None), None);
    }
}
