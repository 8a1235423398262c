//! The person who authorises, in a browser: sent there, and heard when they come back.

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

/// How long a person may take.
const PERSON: Duration = Duration::from_mins(10);

/// How often is looked whether somebody still has to be listened to.
const LOOK: Duration = Duration::from_millis(50);
/// How long is waited for a browser after its command has failed.
const AFTER: Duration = Duration::from_millis(300);

/// Who can be asked.
#[derive(Clone)]
enum Who {
    /// Nobody: there is no terminal.
    Nobody,
    /// A command that does what a person would.
    Command(String),
    /// The person at the terminal.
    Person,
}

/// The way to a browser.
#[derive(Clone)]
pub(crate) struct Browser {
    who: Who,
    /// What opens an address, where it is not the system's way.
    opener: Option<String>,
    /// Whether to leave that to the person.
    by_hand: bool,
    console: Console,
    interrupt: Interrupt,
    limit: Option<Duration>,
}

/// What came of asking.
enum Came {
    /// The query of the address that the browser came back to.
    Back(String),
    /// What a person has typed.
    Typed(String),
    /// The command failed; why.
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

    /// Whether there is anybody to ask.
    pub(crate) fn is_there(&self) -> bool {
        !matches!(self.who, Who::Nobody)
    }

    /// Has the request authorised, and brings its code.
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
            Who::Person => Some(PERSON),
            _ => self.limit.or(Some(PERSON)),
        };
        let code = self.listen(&came, pending, limit);
        over.store(true, Ordering::SeqCst);
        code
    }

    /// What comes back first, and is an answer.
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
                    // Whoever has pasted something else can paste again.
                    Err(error) if error.kind == ErrorKind::Unsafe => {
                        self.say(&one_line(&format!("mcpoke: {error}. Once more:")));
                    }
                    code => return code,
                },
                Some(Came::Failed(why)) => {
                    // Whoever has come back at the same moment was there first.
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
                    let text = "nobody came back from the browser in time";
                    return Err(Error::new(ErrorKind::TooSlow, text).with_detail(
                        "If the page said that the client is not known: `mcpoke login --register`.",
                    ));
                }
            }
        }
    }

    /// Says what a person has to know, with --quiet too. What cannot be written stops nothing.
    fn say(&self, text: &str) {
        let _ = self.console.err.line(text);
    }

    fn send_there(&self, url: &str, sender: &Sender<Came>, over: &Arc<AtomicBool>) {
        if let Who::Command(command) = &self.who {
            let (command, url, sender) = (command.clone(), url.to_owned(), sender.clone());
            let (limit, interrupt) = (self.limit, self.interrupt.clone());
            std::thread::spawn(move || {
                if let Err(why) = shell::run_with(&command, &url, limit, &interrupt) {
                    // Whoever has come back already was heard first.
                    let _ = sender.send(Came::Failed(why));
                }
            });
            return;
        }
        self.say("mcpoke: the server wants to be authorised. In a browser, go to\n");
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
                    // At the end of the input there is nothing to wait for.
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

/// Whether something can be opened on a screen.
fn has_display(env: &Env) -> bool {
    let other = cfg!(not(all(unix, not(target_os = "macos"))));
    other || ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].iter().any(|n| env.var(n).is_some())
}
