//! Runs the command on a pseudo-terminal with scripted input.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::Sandbox;

/// Runs the command on a terminal and types a line at each prompt (text that ends with `:
/// `). Returns what the terminal showed, and the exit code.
pub(crate) fn on_a_terminal(sandbox: &Sandbox, args: &[&str], lines: &[&str]) -> (String, i32) {
    let mut lines = lines.iter();
    typing(sandbox, args, |shown| {
        if shown.ends_with(": ") { lines.next().map(|line| format!("{line}\n")) } else { None }
    })
}

/// Runs the command on a terminal and types what `answer` returns for the text shown so
/// far.
pub(crate) fn typing(
    sandbox: &Sandbox,
    args: &[&str],
    mut answer: impl FnMut(&str) -> Option<String>,
) -> (String, i32) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let end = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let stream = || Stdio::from(end.try_clone().unwrap());
    let mut child =
        sandbox.command(args).stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap();
    // Only the command may keep the terminal open.
    drop(end);
    let mut terminal = File::from(master);
    let mut shown = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = terminal.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..read]);
        if let Some(text) = answer(&String::from_utf8_lossy(&shown)) {
            terminal.write_all(text.as_bytes()).unwrap();
        }
    }
    let code = child.wait().unwrap().code().unwrap();
    (String::from_utf8_lossy(&shown).replace("\r\n", "\n"), code)
}

/// Runs a command and sends it Ctrl-C once `ready` returns true. Returns its output.
pub(crate) fn interrupted(
    sandbox: &Sandbox,
    args: &[&str],
    ready: impl Fn() -> bool,
) -> std::process::Output {
    let mut command = sandbox.command(args);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !ready() {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Within the first milliseconds, Ctrl-C ends the process as it ends any other.
    std::thread::sleep(Duration::from_millis(100));
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(id, Signal::INT).unwrap();
    child.wait_with_output().unwrap()
}
