//! Shell completion: commands, options, and saved data about servers. Sends nothing over
//! the network, and reports no errors, because messages would disturb the command line.
//!
//! The scripts are our own. Those of `clap_complete::CompleteEnv` (4.6) pass bash's words on as it
//! breaks them at `=` and `:`, so that neither `message=` nor `demo://` could be completed, and quote
//! nothing. Its engine, which is used here, also takes `-s demo` for the command `demo`.

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

/// The argument that shell scripts call this program with.
pub const CALLED: &str = "__complete";

/// Returns the completion script of a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    match shell {
        Shell::Bash => include_bytes!("../../completions/mcpoke.bash").to_vec(),
        Shell::Zsh => include_bytes!("../../completions/_mcpoke").to_vec(),
        Shell::Fish => include_bytes!("../../completions/mcpoke.fish").to_vec(),
        // The scripts of other shells complete no server data.
        other => {
            let mut script = Vec::new();
            clap_complete::generate(other, &mut Cli::command(), "mcpoke", &mut script);
            script
        }
    }
}

/// Returns the candidates for a script, one per line. `bash LINE POINT BREAKS` returns the
/// part of a word that bash replaces. `zsh|fish -- WORD…` returns whole words with a
/// description after a tab; the last one is being typed.
pub fn answer(asked: &[OsString], env: &Env) -> String {
    let asked: Vec<&str> = asked.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    match asked.as_slice() {
        ["bash", line, point, breaks] => {
            // The position is in characters, not bytes.
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

/// Returns the candidates for the last word, with descriptions.
fn candidates(words: &[String], env: &Env) -> Vec<(String, String)> {
    let Some((current, before)) = words.split_last() else { return Vec::new() };
    // The words before determine the server and the tool.
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
    // Control characters would affect the terminal or break the line format.
    let texts: Vec<(String, String)> =
        texts.filter(|(value, _)| !value.contains(char::is_control)).collect();
    // Offer options only after a `-`, unless there is nothing else.
    let is_option = |(value, _): &(String, String)| value.starts_with('-');
    if wants_options || texts.iter().all(is_option) {
        return texts;
    }
    texts.into_iter().filter(|one| !is_option(one)).collect()
}

/// Removes `-s SERVER` from the words: the completion engine takes `-s demo` for the
/// command `demo`.
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

/// Arguments whose values depend on a server, by command. All positional arguments of a
/// command are listed, in order, because changing an argument moves it to the end.
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

/// A kind of value that is completed from saved data.
#[derive(Clone, Copy)]
enum What {
    Servers,
    Tools,
    /// Arguments of the tool that the given argument names.
    ToolArguments(&'static str),
    Resources,
    Prompts,
    PromptArguments(&'static str),
    /// Prompts and resource templates.
    References,
    Rules,
    /// Tasks that were started from here.
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
    let asked = ASKED.iter().chain(&[("explain", "text", What::Rules)]);
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
    // Do not offer values that look like options, or that are displayed differently.
    let found = found.filter(|(value, _)| !value.starts_with('-') && one_line(value) == *value);
    // Do not offer an argument that is already given.
    let found = found.filter(|(value, _)| !given.iter().any(|key| value == &format!("{key}=")));
    found
        .map(|(value, about)| {
            let about = (!about.is_empty()).then(|| about.into());
            CompletionCandidate::new(value).help(about)
        })
        .collect()
}

/// Returns the names of the arguments that are already given.
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
