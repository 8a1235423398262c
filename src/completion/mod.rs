//! What TAB completes: commands and options, and what is remembered of servers. Nothing is asked of the
//! network, and nothing that goes wrong is told: whoever types wants no messages.

mod known;
mod words;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{ArgMatches, CommandFactory as _};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};

use crate::cli::Cli;
use crate::env::Env;
use crate::output::one_line;
use known::Known;

/// The word that the shells' scripts call this program with.
pub const CALLED: &str = "__complete";

/// The completion script of a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    match shell {
        Shell::Bash => include_bytes!("../../completions/mcpoke.bash").to_vec(),
        Shell::Zsh => include_bytes!("../../completions/_mcpoke").to_vec(),
        Shell::Fish => include_bytes!("../../completions/mcpoke.fish").to_vec(),
        // Of what a server has these know nothing.
        other => {
            let mut script = Vec::new();
            clap_complete::generate(other, &mut Cli::command(), "mcpoke", &mut script);
            script
        }
    }
}

/// The answer to a script: a candidate a line. `bash LINE POINT BREAKS` gives what stands for the part
/// of the word that bash sees; `zsh|fish -- WORD…`, the last of which is being typed, gives whole words, with
/// a description after a tab.
pub fn answer(asked: &[OsString], env: &Env) -> String {
    let asked: Vec<&str> = asked.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    match asked.as_slice() {
        ["bash", line, point, breaks] => {
            // Counted in characters, not in bytes.
            let line: String = line.chars().take(point.parse().unwrap_or(usize::MAX)).collect();
            let typed = words::split(&line);
            let current = typed.last().map(String::as_str).unwrap_or_default();
            let seen = words::seen_by_bash(current, breaks);
            let candidates = candidates(&typed, env);
            let values = candidates.iter().filter_map(|(value, _)| value.get(seen..));
            values.map(|value| words::quoted(value) + "\n").collect()
        }
        [_, "--", typed @ ..] => {
            let typed: Vec<String> = typed.iter().map(|word| (*word).to_owned()).collect();
            let line = |(value, about): &(String, String)| format!("{value}\t{about}\n");
            candidates(&typed, env).iter().map(line).collect()
        }
        _ => String::new(),
    }
}

/// What may stand for the last of these words, with what it is.
fn candidates(words: &[String], env: &Env) -> Vec<(String, String)> {
    let Some((current, before)) = words.split_last() else { return Vec::new() };
    // What is there already says which server and which tool are meant.
    let matches = Cli::command().ignore_errors(true).try_get_matches_from(before);
    let Ok(matches) = matches else { return Vec::new() };
    let mut command = with_completers(Cli::command(), &matches, env);
    let args = without_server(words);
    let (at, folder) = (args.len() - 1, std::env::current_dir().ok());
    let found = complete(&mut command, args, at, folder.as_deref()).unwrap_or_default();
    let wants_options = current.starts_with('-');
    let texts = found.iter().filter(|one| !one.is_hide_set()).map(|one| {
        let about = one.get_help().map(ToString::to_string).unwrap_or_default();
        let about = about.lines().next().map(one_line).unwrap_or_default();
        (one.get_value().to_string_lossy().into_owned(), about)
    });
    // What would drive the terminal, or break the answer's lines, is not offered.
    let texts: Vec<(String, String)> =
        texts.filter(|(value, _)| !value.contains(char::is_control)).collect();
    // Options only for those who ask for them, unless there is nothing else.
    let is_option = |(value, _): &(String, String)| value.starts_with('-');
    if wants_options || texts.iter().all(is_option) {
        return texts;
    }
    texts.into_iter().filter(|one| !is_option(one)).collect()
}

/// The words without the server that they name: the engine takes `-s demo` for the command `demo`.
fn without_server(words: &[String]) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut rest = words;
    while let [first, others @ ..] = rest {
        let names_server = matches!(first.as_str(), "-s" | "--server") && others.len() > 1;
        rest = if names_server { &others[1..] } else { others };
        if !names_server {
            kept.push(OsString::from(first));
        }
    }
    kept
}

/// The arguments whose values a server knows, by command; what has a place of its own in the order of the
/// places, and all of those of a command, since changing an argument puts it last.
const ASKED: [(&str, &str, What); 22] = [
    ("call", "tool", What::Tools),
    ("call", "arguments", What::ToolArguments("tool")),
    ("check", "tool", What::Tools),
    ("check", "arguments", What::ToolArguments("tool")),
    ("list-tools", "tool", What::Tools),
    ("list-tools", "schema", What::Tools),
    ("trace", "target", What::Servers),
    ("trace", "tool", What::Tools),
    ("trace", "arguments", What::ToolArguments("tool")),
    ("read-resource", "uri", What::Resources),
    ("listen", "uris", What::Resources),
    ("get-prompt", "prompt", What::Prompts),
    ("get-prompt", "arguments", What::PromptArguments("prompt")),
    ("complete", "reference", What::References),
    ("complete", "argument", What::PromptArguments("reference")),
    ("complete", "context", What::PromptArguments("reference")),
    ("task", "id", What::Tasks),
    ("use", "name", What::Servers),
    ("close", "name", What::Servers),
    ("login", "target", What::Servers),
    ("logout", "target", What::Servers),
    ("token", "target", What::Servers),
];

/// What can be completed from memory.
#[derive(Clone, Copy)]
enum What {
    Servers,
    Tools,
    /// Those of the tool that this argument names.
    ToolArguments(&'static str),
    Resources,
    Prompts,
    PromptArguments(&'static str),
    /// Prompts and templates.
    References,
    Rules,
    /// Tasks that were begun from here.
    Tasks,
}

fn with_completers(command: clap::Command, matches: &ArgMatches, env: &Env) -> clap::Command {
    let (name, sub) = match matches.subcommand() {
        Some((name, sub)) => (name.to_owned(), sub.clone()),
        None => (String::new(), ArgMatches::default()),
    };
    let server = matches.try_get_one::<String>("server").ok().flatten().cloned();
    let target = (name == "trace").then(|| text_of(&sub, "target")).flatten();
    let config = matches.try_get_one::<PathBuf>("config").ok().flatten().cloned();
    let known = Known::of(server.or(target), config, env);
    let completer = |what: What| {
        let (known, sub) = (known.clone(), sub.clone());
        ArgValueCompleter::new(move |current: &OsStr| {
            current.to_str().map_or_else(Vec::new, |typed| values(what, &known, &sub, typed))
        })
    };
    let mut command = command.mut_arg("server", |arg| arg.add(completer(What::Servers)));
    let asked = ASKED.iter().chain(&[("explain", "rule", What::Rules)]);
    for (_, argument, what) in asked.filter(|(of, ..)| *of == name) {
        command = command
            .mut_subcommand(&name, |sub| sub.mut_arg(*argument, |arg| arg.add(completer(*what))));
    }
    command
}

fn text_of(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.try_get_one::<String>(name).ok().flatten().cloned()
}

fn values(what: What, known: &Known, sub: &ArgMatches, typed: &str) -> Vec<CompletionCandidate> {
    let found = match what {
        What::Servers => known.servers(),
        What::Tools => known.tools(),
        What::Resources => known.resources(),
        What::Prompts => known.prompts(),
        What::References => known.references(),
        What::Rules => known::rules(),
        What::Tasks => known.tasks(),
        What::ToolArguments(of) => {
            text_of(sub, of).map_or_else(Vec::new, |tool| known.tool_arguments(&tool, typed))
        }
        What::PromptArguments(of) => {
            text_of(sub, of).map_or_else(Vec::new, |prompt| known.prompt_arguments(&prompt))
        }
    };
    let given = given(sub);
    let found = found.into_iter().filter(|(value, _)| value.starts_with(typed));
    // What would be taken for an option, or is shown as something else than it is, is typed by hand.
    let found = found.filter(|(value, _)| !value.starts_with('-') && one_line(value) == *value);
    // An argument that stands there already is not wanted again.
    let found = found.filter(|(value, _)| !given.iter().any(|key| value == &format!("{key}=")));
    found
        .map(|(value, about)| {
            let about = (!about.is_empty()).then(|| about.into());
            CompletionCandidate::new(value).help(about)
        })
        .collect()
}

/// The names of the arguments that stand there already.
fn given(sub: &ArgMatches) -> Vec<String> {
    let words = sub.try_get_many::<String>("arguments").ok().flatten();
    let keys = words.into_iter().flatten().filter_map(|word| word.split_once('='));
    keys.map(|(key, _)| key.trim_end_matches(':').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete_on_demo(line: &str) -> Vec<String> {
        let words = words::split(line);
        candidates(&words, &Env::of(&[])).into_iter().map(|(value, _)| value).collect()
    }

    #[test]
    fn the_built_in_server_is_known_without_asking() {
        assert_eq!(complete_on_demo("mcpoke -s demo call ec"), ["echo"]);
        assert_eq!(complete_on_demo("mcpoke -s demo call echo me"), ["message="]);
        assert_eq!(complete_on_demo("mcpoke -s demo call add "), ["a=", "b="]);
        assert_eq!(complete_on_demo("mcpoke -s demo call add a=1 "), ["b="]);
        assert_eq!(complete_on_demo("mcpoke -s demo read-resource demo://s"), ["demo://square/"]);
        assert_eq!(complete_on_demo("mcpoke -s demo get-prompt "), ["greet"]);
        assert_eq!(complete_on_demo("mcpoke -s demo get-prompt greet "), ["name="]);
        assert_eq!(complete_on_demo("mcpoke -s dem"), ["demo"]);
        assert_eq!(complete_on_demo("mcpoke call --server=dem"), ["--server=demo"]);
        assert_eq!(complete_on_demo("mcpoke trace demo --tool im"), ["image"]);
    }

    #[test]
    fn commands_options_and_their_values_are_completed() {
        assert_eq!(
            complete_on_demo("mcpoke list-r"),
            ["list-resources", "list-resource-templates"]
        );
        assert_eq!(complete_on_demo("mcpoke call --no-v"), ["--no-validate"]);
        assert!(complete_on_demo("mcpoke set-log-level e").contains(&"emergency".to_owned()));
        assert_eq!(complete_on_demo("mcpoke explain tl"), ["tls"]);
        assert!(complete_on_demo("mcpoke ").iter().all(|word| !word.starts_with('-')));
        assert!(complete_on_demo("").is_empty());
    }

    #[test]
    fn bash_is_given_the_part_that_it_sees() {
        let env = Env::of(&[]);
        let ask = |line: &str| {
            let asked = ["bash", line, &line.chars().count().to_string(), " \t\n\"'><=;|&(:"]
                .map(OsString::from);
            answer(&asked, &env)
        };
        assert_eq!(ask("mcpoke -s demo read-resource demo://w"), "//welcome\n");
        assert_eq!(ask("mcpoke --server=dem"), "demo\n");
        assert_eq!(ask("mcpoke -s demo call forecast region=Zürich sk"), "sky=\n");
        assert_eq!(ask("mcpoke -s demo call ec"), "echo\n");
    }
}
