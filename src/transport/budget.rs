//! Time budget of one operation, such as a call with its handshake, or a list with all its pages.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time budget shared by all exchanges of one operation. The time that a person needs does not count.
#[derive(Debug, Clone)]
pub struct Budget {
    limit: Option<Duration>,
    began: Arc<Mutex<Instant>>,
}

impl Budget {
    /// Starts an operation with this limit; `None` means no limit.
    pub fn new(limit: Option<Duration>) -> Self {
        Self { limit, began: Arc::new(Mutex::new(Instant::now())) }
    }

    /// Starts the next operation, with the same limit.
    pub fn restart(&self) {
        *self.began.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Returns the limit of the whole operation.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// Returns the time that is left; `None` means no limit.
    pub fn left(&self) -> Option<Duration> {
        let began = *self.began.lock().unwrap_or_else(PoisonError::into_inner);
        self.limit.map(|limit| limit.saturating_sub(began.elapsed()))
    }

    /// Runs `work`, whose time does not count.
    pub fn pause<T>(&self, work: impl FnOnce() -> T) -> T {
        let paused = Instant::now();
        let result = work();
        *self.began.lock().unwrap_or_else(PoisonError::into_inner) += paused.elapsed();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_person_does_not_count() {
        let budget = Budget::new(Some(Duration::from_mins(1)));
        let before = budget.left().unwrap();
        budget.pause(|| std::thread::sleep(Duration::from_millis(50)));
        let used = |budget: &Budget| before.saturating_sub(budget.left().unwrap());
        assert!(used(&budget) < Duration::from_millis(40));
        std::thread::sleep(Duration::from_millis(50));
        assert!(used(&budget) >= Duration::from_millis(50));
        budget.restart();
        assert!(budget.left().unwrap() > Duration::from_secs(59));
        assert_eq!(Budget::new(None).left(), None);
    }
}
