//! The progress line at the bottom of a terminal. Other output is written above it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// Number of steps in a full bar.
const STEPS: u64 = 1000;
/// Redraw interval.
const TURN: Duration = Duration::from_millis(100);

/// The progress line, if one is shown. Clones share it.
#[derive(Clone)]
pub struct ProgressLine(Arc<Mutex<ProgressState>>);

/// Columns for the bar and its numbers, and some that stay free.
const BAR: usize = 48;
/// Minimum width of the text next to the bar, in columns.
const LEAST: usize = 8;

struct ProgressState {
    /// Time at which the program started.
    began: Instant,
    bar: Option<ProgressBar>,
    /// True for a bar, false for a spinner.
    is_bar: bool,
    /// True while a person is typing; the line is hidden.
    held: bool,
}

impl Default for ProgressLine {
    fn default() -> Self {
        let state = ProgressState { began: Instant::now(), bar: None, is_bar: false, held: false };
        Self(Arc::new(Mutex::new(state)))
    }
}

impl ProgressLine {
    /// Shows the progress and a text. `fraction` is from 0 to 1, or `None` for a spinner;
    /// `width` is that of the terminal.
    pub fn show(&self, fraction: Option<f64>, text: &str, width: Option<u16>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.held {
            return;
        }
        // A spinner cannot become a bar, or the other way round: replace it.
        if state.bar.is_none() || state.is_bar != fraction.is_some() {
            clear(&mut state);
            state.is_bar = fraction.is_some();
            state.bar = Some(drawn(state.is_bar).with_elapsed(state.began.elapsed()));
        }
        let Some(bar) = &state.bar else { return };
        if let Some(fraction) = fraction {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "within 0 and STEPS"
            )]
            bar.set_position((fraction.clamp(0.0, 1.0) * STEPS as f64) as u64);
        }
        // A line that wraps could not be removed.
        let room = usize::from(width.unwrap_or(80)).saturating_sub(BAR).max(LEAST);
        bar.set_message(console::truncate_str(text, room, "…").into_owned());
    }

    /// Removes the line.
    pub fn clear(&self) {
        clear(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Removes the line and keeps it hidden until `release`, while a person is typing.
    pub fn hold(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clear(&mut state);
        state.held = true;
    }

    /// Permits the line to be shown again.
    pub fn release(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).held = false;
    }

    /// Runs `write` while the line is not on the screen.
    pub fn around<R>(&self, write: impl FnOnce() -> R) -> R {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// The terminal without its last columns. If the line filled them, an echoed `^C` would
/// wrap it, and it could not be removed.
#[derive(Debug)]
struct Narrow(Term);

/// Columns that stay free for an echoed key such as `^C`.
const ECHO: u16 = 4;

impl TermLike for Narrow {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(ECHO)
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

fn clear(state: &mut ProgressState) {
    if let Some(bar) = state.bar.take() {
        bar.finish_and_clear();
    }
}

/// Creates a bar or a spinner.
fn drawn(is_bar: bool) -> ProgressBar {
    let template = if is_bar {
        "  [{bar:24}] {percent:>3} % {elapsed:>4}  {msg}"
    } else {
        "  {spinner} {elapsed:>4}  {msg}"
    };
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .progress_chars("=> ");
    let length = is_bar.then_some(STEPS);
    let term = Term::stderr();
    let target = if term.is_term() {
        ProgressDrawTarget::term_like(Box::new(Narrow(term)))
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(length, target).with_style(style);
    bar.enable_steady_tick(TURN);
    bar
}
