//! Ctrl-C: what is waited for ends in good order, and if that takes too long, at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::exit::ExitCode;
use crate::transport::Interrupt;

/// How long the good order may take.
const GRACE: Duration = Duration::from_millis(180);

/// From now on, the first Ctrl-C ends what is waited for, and the second the process.
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
    // Where no handler can be installed, Ctrl-C ends the process as it always does.
    let _ = ctrlc::set_handler(handler);
}

/// Ends what is waited for after this time.
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
