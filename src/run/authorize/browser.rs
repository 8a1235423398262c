//! Authorization in a browser: opens the authorization page and waits for the redirect.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::env::Env;
use crate::oauth::{Callback, Error, ErrorKind, Pending};
use crate::output::{Console, one_line};
use crate::run::prompt::next_line;
use crate::run::{Context, shell};
use crate::transport::Interrupt;

/// Time limit for a person to finish in the browser.
const PERSON: Duration = Duration::from_mins(10);

/// Poll interval of the thread that reads pasted URLs.
const LOOK: Duration = Duration::from_millis(50);
/// Additional wait for the redirect after the `--browser` command has failed.
const AFTER: Duration = Duration::from_millis(300);

/// Person or command that can authorise a request.
#[derive(Clone)]
enum Who {
    /// No one: there is neither a terminal nor a `--browser` command.
    Nobody,
    /// The `--browser` command, which gets the URL and must follow it back to this machine.
    Command(String),
    /// The person at the terminal.
    Person,
}

/// The way to a browser.
#[derive(Clone)]
pub(crate) struct Browser {
    who: Who,
    /// Command that opens a URL (`$BROWSER`); `None` uses the system's default browser.
    opener: Option<String>,
    /// True if the URL is only printed: with `--no-browser`, or without `$BROWSER` and a
    /// display.
    by_hand: bool,
    console: Console,
    interrupt: Interrupt,
    limit: Option<Duration>,
}

/// An event while waiting for the browser.
enum Came {
    /// The query string of the redirect to the callback address.
    Back(String),
    /// A redirect URL that was pasted at the terminal.
    Typed(String),
    /// The `--browser` command failed, with the reason.
    Failed(String),
}

impl Browser {
    pub(crate) fn of(context: &Context<'_>, limit: Option<Duration>) -> Self {
        let (options, env) = (context.options, context.env);
        let who = match &options.browser {
            Some(command) => Who::Command(command.clone()),
            None if env.stdin_is_terminal && env.stderr.is_terminal => Who::Person,
            None => Who::Nobody,
        };
        let opener = env.var("BROWSER").map(str::to_owned);
        Self {
            who,
            by_hand: options.no_browser || (opener.is_none() && !has_display(env)),
            opener,
            console: context.console.clone(),
            interrupt: context.interrupt.clone(),
            limit,
        }
    }

    /// Returns true if a person or a `--browser` command is available.
    pub(crate) fn is_there(&self) -> bool {
        !matches!(self.who, Who::Nobody)
    }

    /// Completes an authorization request in the browser and returns the authorization code.
    pub(crate) fn ask(&self, callback: Callback, pending: &Pending) -> Result<String, Error> {
        let over = Arc::new(AtomicBool::new(false));
        let (sender, came) = channel();
        let (waiting, is_over, back) = (pending.clone(), Arc::clone(&over), sender.clone());
        std::thread::spawn(move || {
            let is_right = |query: &str| waiting.is_answered_by(query);
            if let Some(query) = callback.wait(is_right, || is_over.load(Ordering::SeqCst)) {
                let _ = back.send(Came::Back(query));
            }
        });
        self.send_there(&pending.url, &sender, &over);
        let limit = match self.who {
            // A person needs longer than the timeout for a server allows.
            Who::Person => Some(PERSON),
            _ => self.limit.or(Some(PERSON)),
        };
        let code = self.listen(&came, pending, limit);
        over.store(true, Ordering::SeqCst);
        code
    }

    /// Waits for the redirect or a pasted URL and returns its code. Fails after `limit`, on
    /// Ctrl-C, or if the `--browser` command fails.
    fn listen(
        &self,
        came: &Receiver<Came>,
        pending: &Pending,
        limit: Option<Duration>,
    ) -> Result<String, Error> {
        loop {
            match self.interrupt.receive(came, limit) {
                Some(Came::Back(query)) => return pending.judge(&query),
                Some(Came::Typed(text)) => match pending.judge_typed(&text) {
                    // A wrong paste is not fatal: the person can try again.
                    Err(error) if error.kind == ErrorKind::Unsafe => {
                        self.say(&one_line(&format!("mcpoke: {error}. Once more:")));
                    }
                    code => return code,
                },
                Some(Came::Failed(why)) => {
                    // The redirect may arrive just before the command fails; then it counts.
                    if let Some(Came::Back(query)) = self.interrupt.receive(came, Some(AFTER)) {
                        return pending.judge(&query);
                    }
                    let text = format!("--browser {why}");
                    return Err(Error::new(ErrorKind::NobodyToAsk, text).with_detail(
                        "It is given the address, and has to follow it back to this machine.",
                    ));
                }
                None if self.interrupt.is_raised() => {
                    return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
                }
                None => {
                    let text = "the browser did not return in time";
                    return Err(Error::new(ErrorKind::TooSlow, text).with_detail(
                        "If the page said that the client is not known: `mcpoke login --register`.",
                    ));
                }
            }
        }
    }

    /// Prints a line that the person must see, even with `--quiet`. Write errors are ignored.
    fn say(&self, text: &str) {
        let _ = self.console.err.line(text);
    }

    fn send_there(&self, url: &str, sender: &Sender<Came>, over: &Arc<AtomicBool>) {
        if let Who::Command(command) = &self.who {
            let (command, url, sender) = (command.clone(), url.to_owned(), sender.clone());
            let (limit, interrupt) = (self.limit, self.interrupt.clone());
            std::thread::spawn(move || {
                if let Err(why) = shell::run_with(&command, &url, limit, &interrupt) {
                    // Sending fails if the redirect has arrived and nobody is waiting any more.
                    let _ = sender.send(Came::Failed(why));
                }
            });
            return;
        }
        self.say("mcpoke: the server requires a login. Open this in a browser:\n");
        self.say(&format!("  {url}\n"));
        let opened = !self.by_hand
            && match &self.opener {
                Some(command) => shell::start_with(command, url).is_ok(),
                None => open::that_detached(url).is_ok(),
            };
        self.say(if opened {
            "It should have opened there. Waiting; Ctrl-C ends it. If it cannot come back (it runs on another \
             machine), paste the address that it ends at:"
        } else {
            "Waiting for it to come back. If it cannot (it runs on another machine), paste the address that it \
             ends at:"
        });
        let (sender, over, interrupt) = (sender.clone(), Arc::clone(over), self.interrupt.clone());
        std::thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                let Some(line) = next_line(&interrupt, Some(LOOK)) else {
                    // At the end of stdin, `next_line` returns at once; sleep so that the loop does
                    // not spin.
                    std::thread::sleep(LOOK);
                    continue;
                };
                let line = line.trim().trim_matches(['"', '\'']);
                if !line.is_empty() && sender.send(Came::Typed(line.to_owned())).is_err() {
                    break;
                }
            }
        });
    }
}

/// Returns true if a browser window can be shown. Linux and BSD require `DISPLAY`,
/// `WAYLAND_DISPLAY` or `WSL_DISTRO_NAME`.
fn has_display(env: &Env) -> bool {
    let other = cfg!(not(all(unix, not(target_os = "macos"))));
    other || ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].iter().any(|n| env.var(n).is_some())
}
