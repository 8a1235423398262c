//! The line at the bottom of a terminal that shows how far something is. What is written meanwhile goes
//! above it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// How finely a bar is drawn.
const STEPS: u64 = 1000;
/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// The line, if there is one. Clones show the same one.
#[derive(Clone)]
pub struct Overlay(Arc<Mutex<State>>);

/// Columns that a bar takes, and those that are left free.
const BAR: usize = 48;
/// The narrowest text beside it.
const LEAST: usize = 8;

struct State {
    /// When the program began.
    began: Instant,
    bar: Option<ProgressBar>,
    /// Whether the line is a bar, and not a spinner.
    is_bar: bool,
    /// A person is typing.
    held: bool,
}

impl Default for Overlay {
    fn default() -> Self {
        let state = State { began: Instant::now(), bar: None, is_bar: false, held: false };
        Self(Arc::new(Mutex::new(state)))
    }
}

impl Overlay {
    /// Shows how far something is, from 0 to 1 where that is known, and what is said of it, on a terminal
    /// of this width.
    pub fn show(&self, fraction: Option<f64>, text: &str, width: Option<u16>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.held {
            return;
        }
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
        // A line that is wrapped could not be taken away.
        let room = usize::from(width.unwrap_or(80)).saturating_sub(BAR).max(LEAST);
        bar.set_message(console::truncate_str(text, room, "…").into_owned());
    }

    /// Takes the line away.
    pub fn clear(&self) {
        clear(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes the line away until it is released: somebody is asked something.
    pub fn hold(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clear(&mut state);
        state.held = true;
    }

    /// Lets the line come back.
    pub fn release(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).held = false;
    }

    /// Writes something where the line is not.
    pub fn around<R>(&self, write: impl FnOnce() -> R) -> R {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// The terminal without its last columns: a line that fills it could not be taken away once the terminal
/// has written `^C` behind it.
#[derive(Debug)]
struct Narrow(Term);

/// What a terminal writes when a key is pressed.
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

fn clear(state: &mut State) {
    if let Some(bar) = state.bar.take() {
        bar.finish_and_clear();
    }
}

/// A bar, or a spinner that turns.
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
