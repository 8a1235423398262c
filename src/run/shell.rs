//! User commands, run through the shell: `--sampling-command`, `--token-command`,
//! `--browser`.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::file::MAX_SIZE;
use crate::transport::Interrupt;

/// Runs a command with `input` as its stdin and returns its stdout. Fails on an exit status
/// other than 0, after `limit` and on Ctrl-C.
pub(crate) fn run(
    text: &str,
    input: &str,
    limit: Option<Duration>,
    interrupt: &Interrupt,
) -> Result<String, String> {
    let (shell, flag) = shell();
    let mut command = Command::new(shell);
    in_a_group(command.args([flag, text])).stdin(Stdio::piped());
    finish(&mut command, input, limit, interrupt)
}

/// Runs a command that may prompt at the terminal, and returns its stdout.
pub(crate) fn run_at_terminal(
    text: &str,
    limit: Option<Duration>,
    interrupt: &Interrupt,
) -> Result<String, String> {
    let (shell, flag) = shell();
    let mut command = Command::new(shell);
    // Same process group: the terminal only reads for the foreground group.
    finish(command.args([flag, text]), "", limit, interrupt)
}

fn shell() -> (&'static str, &'static str) {
    if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") }
}

/// Runs a command with an additional argument that the shell does not interpret.
pub(crate) fn run_with(
    command: &str,
    word: &str,
    limit: Option<Duration>,
    interrupt: &Interrupt,
) -> Result<String, String> {
    let mut command = with_word(command, word);
    in_a_group(&mut command).stdin(Stdio::null());
    finish(&mut command, "", limit, interrupt)
}

/// Starts a command with an additional argument and does not wait for it.
pub(crate) fn start_with(command: &str, word: &str) -> std::io::Result<()> {
    let mut command = with_word(command, word);
    in_a_group(&mut command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(|_| ())
}

fn with_word(command: &str, word: &str) -> Command {
    if cfg!(windows) {
        // `cmd` has no reliable quoting, so the command is only a program's name.
        let mut program = Command::new(command);
        program.arg(word);
        return program;
    }
    let text = match command.split_once("%s") {
        // The shell expands `"$1"` to one word, so the argument cannot inject commands.
        Some((before, after)) => format!("{before}\"$1\"{after}"),
        None => format!("{command} \"$1\""),
    };
    let mut shell = Command::new("sh");
    shell.args(["-c", &text, "sh", word]);
    shell
}

fn finish(
    command: &mut Command,
    input: &str,
    limit: Option<Duration>,
    interrupt: &Interrupt,
) -> Result<String, String> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let input = input.to_owned();
    // A command may write much before it has read all of its input: use a thread for each
    // stream.
    std::thread::spawn(move || {
        // A command may ignore its input and close the pipe.
        stdin.map(|mut stdin| stdin.write_all(input.as_bytes()))
    });
    let (done, finished) = channel();
    std::thread::spawn(move || {
        let mut said = String::new();
        let read = stdout.map(|stdout| stdout.take(MAX_SIZE + 1).read_to_string(&mut said));
        let too_long = said.len() as u64 > MAX_SIZE;
        done.send(match read.transpose() {
            Ok(_) if too_long => Err(std::io::Error::other("it is larger than 64 MiB")),
            read => read.map(|_| said),
        })
    });
    let deadline = limit.map(|limit| Instant::now() + limit);
    let left = || deadline.map(|at| at.saturating_duration_since(Instant::now()));
    let said = interrupt.receive(&finished, limit);
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) if said.is_some() => break Some(status),
            // Nobody reads the rest, so the process may never exit.
            _ if matches!(said, Some(Err(_))) => break None,
            Ok(None) if said.is_some() && left().is_none_or(|left| !left.is_zero()) => {
                // Stdout is closed, but the process has not exited yet.
                std::thread::sleep(Duration::from_millis(5));
            }
            _ => break None,
        }
    };
    match (said, ended) {
        // A program that nobody listens to any more fails, and that is not why.
        (Some(Err(error)), _) => {
            end_group(&mut child);
            Err(format!("its output cannot be read: {error}"))
        }
        (Some(Ok(said)), Some(status)) if status.success() => Ok(said),
        (_, Some(status)) => Err(format!("failed ({status})")),
        (_, None) => {
            end_group(&mut child);
            if interrupt.is_raised() {
                return Err("was interrupted".to_owned());
            }
            let limit = limit.unwrap_or_default().as_secs_f64();
            Err(format!("sent no output within {limit} s"))
        }
    }
}

/// Starts the command in its own process group, so that the whole group can be killed.
#[cfg(unix)]
fn in_a_group(command: &mut Command) -> &mut Command {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0)
}

#[cfg(not(unix))]
fn in_a_group(command: &mut Command) -> &mut Command {
    command
}

/// Kills a command and all processes in its group.
fn end_group(child: &mut std::process::Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // The group may have exited already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_word_more_is_no_text_for_the_shell() {
        let never = Interrupt::default();
        let word = "https://h/?a=1&b=$(echo no)'\"`;";
        assert_eq!(run_with("printf %.999s", word, None, &never).unwrap(), word);
        assert_eq!(run_with("printf '<%b>' %s", "a b", None, &never).unwrap(), "<a b>");
    }

    #[cfg(unix)]
    #[test]
    fn a_command_gets_the_request_and_has_a_limit() {
        let never = Interrupt::default();
        assert_eq!(run("cat", "{\"a\":1}", None, &never).unwrap(), "{\"a\":1}");
        assert!(run("exit 3", "", None, &never).unwrap_err().contains("failed"));
        let large = "x".repeat(1 << 20);
        assert_eq!(run("cat", &large, Some(Duration::from_secs(10)), &never).unwrap(), large);
        for late in ["sleep 5", "echo hi; exec >&-; sleep 5"] {
            let late = run(late, "", Some(Duration::from_millis(50)), &never);
            assert_eq!(late.unwrap_err(), "sent no output within 0.05 s");
        }
    }
}
