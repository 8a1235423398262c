//! The examples of the README and of `docs/`, run as printed.
//!
//! A `console` block contains commands and their output, stdout and stderr together; an
//! `sh` block is a script. Values that differ from run to run (ids, times, ports, ages) are
//! normalised on both sides.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::Sandbox;

/// The ports used in the README.
const PRINTED: [&str; 3] = ["8720", "8730", "8740"];

/// A demo server that ends with the test.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns a free port for the server of the examples.
fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

/// Returns the README and the files of `docs/`, with their texts.
fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    paths.push(root.join("README.md"));
    paths.sort();
    let text = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    paths.iter().map(|path| (path.clone(), text(path))).collect()
}

/// Returns the fenced blocks of this kind.
fn blocks(text: &str, kind: &str) -> Vec<String> {
    let fence = format!("```{kind}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Creates a shell in the sandbox, in which `mcpoke` is this build.
fn shell(sandbox: &Sandbox, script: &str) -> Command {
    let build = Path::new(env!("CARGO_BIN_EXE_mcpoke"));
    let mut command = Command::new("sh");
    command
        .args(["-euc", script])
        .current_dir(sandbox.home())
        .env("HOME", sandbox.home())
        .env("MCPOKE_STATE_DIR", sandbox.state())
        .env("PATH", format!("{}:/usr/bin:/bin", build.parent().unwrap().display()))
        .env_remove("MCPOKE_SERVER")
        .stdin(Stdio::null());
    command
}

/// Starts `mcpoke demo … &` and waits for the line that it prints.
fn background(sandbox: &Sandbox, command: &str) -> (Background, String) {
    let script = format!("exec {}", command.trim_end_matches('&').trim());
    let mut child =
        shell(sandbox, &script).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Background(child), line)
}

/// Normalises values that differ from run to run.
fn alike(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.trim().lines() {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        for index in 0..words.len() {
            let unit = words.get(index + 1).map(|unit| unit.trim_end_matches(',').to_owned());
            if words[index].parse::<f64>().is_ok() && matches!(unit.as_deref(), Some("ms" | "s")) {
                "N".clone_into(&mut words[index]);
            }
            if words[index].ends_with('…') && words[index].len() == 8 + '…'.len_utf8() {
                "ID…".clone_into(&mut words[index]);
            }
            if let Some((before, rest)) =
                words[index].replace("localhost:", "127.0.0.1:").split_once("127.0.0.1:")
            {
                let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                words[index] = format!("{before}127.0.0.1:PORT{rest}");
            }
        }
        lines.push(words.join(" ").trim_end().to_owned());
    }
    lines.join("\n")
}

#[test]
fn every_example_prints_what_it_says() {
    let mut commands = 0;
    for (path, text) in pages() {
        commands += run_examples(&path, &text);
    }
    assert!(commands >= 100, "only {commands} examples were found");
}

/// Runs the examples of one page, in a sandbox of its own. Returns their number.
fn run_examples(path: &Path, text: &str) -> usize {
    let (sandbox, ports) = (Sandbox::new(), PRINTED.map(|_| free_port()));
    let mut running = Vec::new();
    let mut commands = 0;
    for block in blocks(text, "console") {
        for example in block.split("$ ").filter(|example| !example.trim().is_empty()) {
            let (command, expected) = example.split_once('\n').unwrap();
            let command = PRINTED
                .iter()
                .zip(&ports)
                .fold(command.to_owned(), |text, (printed, port)| text.replace(printed, port));
            let printed = if command.ends_with('&') {
                let (child, line) = background(&sandbox, &command);
                running.push(child);
                line
            } else {
                let output = shell(&sandbox, &format!("{{ {command} ; }} 2>&1")).output().unwrap();
                String::from_utf8(output.stdout).unwrap()
            };
            commands += 1;
            // The README shows the words of the complete validator.
            if command.contains(" check ") && !cfg!(feature = "full-validation") {
                continue;
            }
            assert_eq!(alike(&printed), alike(expected), "{}: {command}", path.display());
        }
    }
    commands
}

#[test]
fn every_link_leads_to_a_file() {
    for (path, text) in pages() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !target.contains("://") {
                let there = path.parent().unwrap().join(file);
                assert!(there.exists(), "{}: {target}", path.display());
            }
        }
    }
}

#[test]
fn the_script_for_ci_works() {
    let (sandbox, port) = (Sandbox::new(), free_port());
    let _running = background(&sandbox, &format!("mcpoke demo --port {port} --for 60"));
    let readme = pages().into_iter().find(|(path, _)| path.ends_with("README.md")).unwrap().1;
    let scripts: Vec<String> =
        blocks(&readme, "sh").into_iter().filter(|script| !script.starts_with("cargo ")).collect();
    assert_eq!(scripts.len(), 1);
    for script in scripts {
        let output = shell(&sandbox, &script.replace(PRINTED[0], &port)).output().unwrap();
        assert!(
            output.status.success(),
            "{script}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!sandbox.state().exists(), "--no-save leaves nothing behind");
    }
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    use mcpoke::exit::ExitCode;
    let page = pages().into_iter().find(|(path, _)| path.ends_with("exit-codes.md")).unwrap().1;
    let text = page.replace("`isError`", "isError");
    let rows: Vec<&str> =
        text.lines().skip_while(|line| !line.starts_with("| exit code")).collect();
    for (row, (code, meaning)) in rows.iter().skip(2).zip(ExitCode::ALL) {
        assert_eq!(*row, format!("| {} | {meaning} |", code as u8));
    }
}
