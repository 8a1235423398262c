//! Ctrl-C: ends a pending wait in good order, or the process if that takes too long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::exit::ExitCode;
use crate::transport::Interrupt;

/// Time after Ctrl-C until the process exits.
const GRACE: Duration = Duration::from_millis(180);

/// Installs a Ctrl-C handler. The first Ctrl-C ends a pending wait, the second one the
/// process.
pub(crate) fn on_ctrl_c(interrupt: &Interrupt) {
    let interrupt = interrupt.clone();
    let before = AtomicBool::new(false);
    let handler = move || {
        if before.swap(true, Ordering::SeqCst) {
            end();
        }
        interrupt.raise();
        std::thread::spawn(|| {
            std::thread::sleep(GRACE);
            end();
        });
    };
    // Without a handler, Ctrl-C ends the process as usual.
    let _ = ctrlc::set_handler(handler);
}

/// Ends a pending wait after the given time.
pub(crate) fn end_after(interrupt: &Interrupt, time: Duration) {
    let interrupt = interrupt.clone();
    std::thread::spawn(move || {
        std::thread::sleep(time);
        interrupt.raise();
    });
}

#[expect(clippy::exit, reason = "whatever hangs must not keep the user")]
fn end() -> ! {
    std::process::exit(ExitCode::Interrupted as i32)
}
