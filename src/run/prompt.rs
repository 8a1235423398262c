//! Elicitation forms on the terminal: asks for each field, then whether to send the form.

use std::io::BufRead as _;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::exchange::Recorder;
use crate::output::{Console, Paint, one_line, wrap};
use crate::protocol::form::{Field, Form, text_of};
use crate::transport::Interrupt;

/// The user's action on a form (2026-07-28, Elicitation, "Response Actions").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Accept,
    Decline,
    Cancel,
}

/// Input for one field.
enum Typed {
    Value(Value),
    Nothing,
    /// End of the input (Ctrl-D).
    End,
}

/// Returns the next line of standard input; `None` after `limit`, on Ctrl-C or at the end.
/// One thread reads for all callers, so a line that came early is kept for the next call.
pub(crate) fn next_line(interrupt: &Interrupt, limit: Option<Duration>) -> Option<String> {
    static LINES: OnceLock<Mutex<Receiver<Option<String>>>> = OnceLock::new();
    let lines = LINES.get_or_init(|| {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            loop {
                let line = read_line();
                let is_end = line.is_none();
                if sender.send(line).is_err() || is_end {
                    return;
                }
            }
        });
        Mutex::new(lines)
    });
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    interrupt.receive(&lines, limit).flatten()
}

/// Reads a line of standard input; `None` at the end or on an error.
fn read_line() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

type ReadLine = Box<dyn FnMut() -> Option<String> + Send>;

/// Asks on the terminal: prompts go to stderr, replies come from stdin.
pub(crate) struct Asker {
    console: Console,
    /// Hides secrets, also those that become known during the run.
    recorder: Recorder,
    read: ReadLine,
}

/// Width of wrapped lines, in columns.
const WIDTH: usize = 76;

impl Asker {
    /// Uses the terminal behind standard input. Prompts go to stderr or, if that is redirected,
    /// to `/dev/tty`; `None` if that cannot be opened.
    pub(crate) fn on_terminal(
        console: &Console,
        recorder: &Recorder,
        interrupt: &Interrupt,
    ) -> Option<Self> {
        let mut console = console.clone();
        if !console.err.terminal.is_terminal {
            let terminal = std::fs::OpenOptions::new().write(true).open("/dev/tty").ok()?;
            console.err = console.err.instead(terminal);
        }
        let interrupt = interrupt.clone();
        let read = move || next_line(&interrupt, None);
        Some(Self { console, recorder: recorder.clone(), read: Box::new(read) })
    }

    fn say(&self, line: &str) {
        // Ignore write errors: without a prompt, there is no reply either.
        let _ = self.console.err.line(&self.recorder.hide(line));
    }

    /// Asks a question; returns true only for `y` or `yes`.
    pub(crate) fn confirms(&mut self, question: &str) -> bool {
        let reply = self.ask(&format!("{question} y/N: ")).unwrap_or_default();
        matches!(reply.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Prints a prompt and returns the reply; `None` at the end of the input (Ctrl-D).
    fn ask(&mut self, prompt: &str) -> Option<String> {
        self.console.err.overlay.hold();
        let _ = self.console.err.bytes(self.recorder.hide(prompt).as_bytes());
        let line = (self.read)();
        self.console.err.overlay.release();
        if line.is_none() {
            self.say("");
        }
        line
    }

    fn title(&self, server: &str, message: &str) {
        let asks = format!("{} asks:", one_line(server));
        self.say(&self.console.err.style.paint(Paint::Strong, &asks));
        for line in wrap(message, WIDTH) {
            self.say(&format!("  {line}"));
        }
    }

    /// Asks for every field of a form; `given` are values that need no typing.
    pub(crate) fn form(
        &mut self,
        server: &str,
        message: &str,
        form: &Form,
        given: Map<String, Value>,
    ) -> (Choice, Map<String, Value>) {
        self.title(server, message);
        let mut content = given;
        loop {
            for field in &form.fields {
                match self.field(field, content.get(&field.name)) {
                    Typed::Value(value) => {
                        content.insert(field.name.clone(), value);
                    }
                    Typed::Nothing => {
                        content.remove(&field.name);
                    }
                    Typed::End => return (Choice::Cancel, content),
                }
            }
            if let Some(choice) = self.choose() {
                return (choice, content);
            }
        }
    }

    /// Asks what to do with a completed form; `None` to edit it again.
    fn choose(&mut self) -> Option<Choice> {
        loop {
            let typed = self.ask("  send this? [Y]es, [e]dit, [d]ecline, [c]ancel: ");
            match typed.as_deref().map(str::trim) {
                Some("" | "y" | "Y" | "yes") => return Some(Choice::Accept),
                Some("d" | "D" | "decline" | "n" | "no") => return Some(Choice::Decline),
                None | Some("c" | "C" | "cancel") => return Some(Choice::Cancel),
                Some("e" | "E" | "edit") => return None,
                Some(_) => self.say("    answer y, e, d or c"),
            }
        }
    }

    /// Asks for one field until the input is valid. Empty input keeps the given value or the
    /// default.
    fn field(&mut self, field: &Field, given: Option<&Value>) -> Typed {
        if let Some(description) = &field.description {
            for line in wrap(&one_line(description), WIDTH) {
                self.say(&format!("  {line}"));
            }
        }
        for (number, (value, name)) in field.choices.iter().enumerate() {
            let value = one_line(&text_of(value));
            let name = one_line(name);
            let shown = if value == name { name } else { format!("{name} ({value})") };
            self.say(&format!("    {} {shown}", number + 1));
        }
        let standing = given.or(field.default.as_ref()).cloned();
        let hint = if field.choices.is_empty() { field.hint() } else { "by name or number".into() };
        let optional = if field.required { "" } else { ", optional" };
        let stands = standing.as_ref().map(|value| format!(" [{}]", one_line(&text_of(value))));
        let label = one_line(&format!("{} ({hint}{optional})", field.label()));
        let prompt = format!("  {label}{}: ", stands.unwrap_or_default());
        loop {
            let Some(typed) = self.ask(&prompt) else { return Typed::End };
            if typed.trim().is_empty() {
                match standing {
                    Some(value) => return Typed::Value(value),
                    None if !field.required => return Typed::Nothing,
                    None => {}
                }
                self.say("    it is required; Ctrl-D cancels");
                continue;
            }
            match field.read(&by_number(field, &typed)) {
                Ok(value) => return Typed::Value(value),
                Err(problem) => self.say(&format!("    it {}", one_line(&problem))),
            }
        }
    }

    /// Shows a URL in full and asks whether the user has opened it.
    pub(crate) fn url(&mut self, server: &str, message: &str, url: &str) -> Choice {
        self.title(server, message);
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let Some(host) = host else {
            self.say(&format!("  {url} is no address; it was cancelled"));
            return Choice::Cancel;
        };
        // In full, even with a secret in it: the user must open this very address.
        let _ = self.console.err.line(&format!("  {url}"));
        self.say(&format!("  on the host {}", self.console.err.style.paint(Paint::Notable, &host)));
        if host.starts_with("xn--") || host.contains(".xn--") {
            self.say("  Beware: the host's name holds letters that may look like others.");
        }
        self.say("  mcpoke does not open it. If you trust it, open it yourself, and go on when it is done.");
        match self.ask("  done? [Y]es, [d]ecline, [c]ancel: ").as_deref() {
            Some("" | "y" | "Y" | "yes") => Choice::Accept,
            Some("d" | "D" | "decline" | "n" | "no") => Choice::Decline,
            _ => Choice::Cancel,
        }
    }
}

/// Replaces typed choice numbers with the values of the choices.
fn by_number(field: &Field, typed: &str) -> String {
    let one = |part: &str| {
        let number = part.trim().parse::<usize>().ok();
        let is_a_value = field.choices.iter().any(|(value, _)| text_of(value) == part.trim());
        let choice =
            number.filter(|_| !is_a_value).and_then(|n| field.choices.get(n.wrapping_sub(1)));
        choice.map_or_else(|| part.to_owned(), |(value, _)| text_of(value))
    };
    if field.takes_several() {
        return typed.split(',').map(one).collect::<Vec<_>>().join(",");
    }
    one(typed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::output::ColorChoice;
    use serde_json::json;

    fn asker(lines: &[&str]) -> Asker {
        let mut lines: Vec<String> = lines.iter().rev().map(|line| (*line).to_owned()).collect();
        let console = Console::new(&Env::of(&[]), ColorChoice::Never, false, false);
        let recorder = Recorder::default();
        Asker { console, recorder, read: Box::new(move || lines.pop()) }
    }

    fn form() -> Form {
        Form::of(&json!({"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer", "default": 20},
            "color": {"type": "string", "enum": ["red", "green"]},
        }}))
    }

    fn filled(lines: &[&str]) -> (Choice, Value) {
        let (choice, content) = asker(lines).form("s", "m", &form(), Map::new());
        (choice, Value::Object(content))
    }

    #[test]
    fn fields_are_asked_until_they_fit() {
        let (choice, content) = filled(&["", "Ann", "old", "30", "2", "y"]);
        assert_eq!(choice, Choice::Accept);
        assert_eq!(content, json!({"name": "Ann", "age": 30, "color": "green"}));
    }

    #[test]
    fn nothing_typed_takes_the_default_and_leaves_out_what_is_optional() {
        assert_eq!(filled(&["Ann", "", "", ""]).1, json!({"name": "Ann", "age": 20}));
    }

    #[test]
    fn a_form_can_be_edited_declined_and_cancelled() {
        let edited = filled(&["Ann", "", "", "e", "Bob", "", "", "y"]);
        assert_eq!(edited, (Choice::Accept, json!({"name": "Bob", "age": 20})));
        assert_eq!(filled(&["Ann", "", "", "d"]).0, Choice::Decline);
        assert_eq!(filled(&["Ann", "", "", "c"]).0, Choice::Cancel);
        assert_eq!(filled(&["Ann"]).0, Choice::Cancel);
    }

    #[test]
    fn an_address_is_accepted_by_a_person_alone() {
        let ask = |lines: &[&str], url: &str| asker(lines).url("s", "m", url);
        assert_eq!(ask(&[""], "https://h/x"), Choice::Accept);
        assert_eq!(ask(&["d"], "https://h/x"), Choice::Decline);
        assert_eq!(ask(&[], "https://h/x"), Choice::Cancel);
        assert_eq!(ask(&["y"], "not a url"), Choice::Cancel);
    }
}
