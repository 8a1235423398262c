//! Fast parser: declares only the named subcommand and the global options. [`Cli`] parses everything else, and has
//! the texts of help and errors.

use std::ffi::OsString;

use clap::{ArgMatches, Args as _, FromArgMatches as _};

use super::{
    Call, Check, Cli, Close, Command, Complete, Completions, Demo, Explain, GetPrompt, Init,
    ListTools, Listen, Listing, Login, Logout, Man, Options, ReadResource, Request, SetLogLevel,
    TaskArgs, Trace, Trust, Use,
};

type Declare = fn(clap::Command) -> clap::Command;
type Take = fn(&mut ArgMatches) -> Result<Command, clap::Error>;

/// Maps the word for each subcommand to its declaration and to the conversion of what was parsed.
macro_rules! subcommands {
    ($($word:literal => $variant:ident $(($args:ty))?,)*) => {
        fn subcommand(word: &str) -> Option<(Declare, Take)> {
            match word {
                $($word => Some(subcommands!(@ $variant $(($args))?)),)*
                _ => None,
            }
        }
    };
    (@ $variant:ident) => { (|command| command, |_| Ok(Command::$variant)) };
    (@ $variant:ident($args:ty)) => {
        (<$args>::augment_args, |matches| {
            <$args>::from_arg_matches_mut(matches).map(Command::$variant)
        })
    };
}

// `token` is missing: its `--header` means something else than that of all others.
subcommands! {
    "init" => Init(Init),
    "list-tools" => ListTools(ListTools),
    "call" => Call(Call),
    "list-resources" => ListResources(Listing),
    "list-resource-templates" => ListResourceTemplates(Listing),
    "read-resource" => ReadResource(ReadResource),
    "list-prompts" => ListPrompts(Listing),
    "get-prompt" => GetPrompt(GetPrompt),
    "complete" => Complete(Complete),
    "tasks" => Tasks(Listing),
    "task" => Task(TaskArgs),
    "check" => Check(Check),
    "trace" => Trace(Trace),
    "explain" => Explain(Explain),
    "ping" => Ping,
    "listen" => Listen(Listen),
    "set-log-level" => SetLogLevel(SetLogLevel),
    "request" => Request(Request),
    "servers" => Servers,
    "trust" => Trust(Trust),
    "login" => Login(Login),
    "logout" => Logout(Logout),
    "sessions" => Sessions,
    "use" => Use(Use),
    "close" => Close(Close),
    "demo" => Demo(Demo),
    "completions" => Completions(Completions),
    "man" => Man(Man),
}

impl Cli {
    /// Parses the words after the name of the program. Returns `None` for an invalid command line, for help, and
    /// for a few valid ones; use [`Cli::try_parse_from`](clap::Parser::try_parse_from) then.
    pub fn parse_quickly(words: &[OsString]) -> Option<Self> {
        let options = Options::augment_args(clap::Command::new("mcpoke").no_binary_name(true));
        // There is one level of options only, to which nothing is handed down.
        let options = options.mut_args(|arg| arg.global(false));
        let at = position_of_subcommand(&options, words)?;
        let (declare, take) = subcommand(words.get(at)?.to_str()?)?;
        let declared = declare(options);
        // Such an argument would take an option before the subcommand for its value.
        if at > 0 && declared.get_positionals().any(clap::Arg::is_allow_hyphen_values_set) {
            return None;
        }
        let rest = words.iter().take(at).chain(words.iter().skip(at + 1));
        let mut matches = declared.try_get_matches_from(rest).ok()?;
        let options = Options::from_arg_matches_mut(&mut matches).ok()?;
        Some(Self { command: take(&mut matches).ok()?, options })
    }
}

/// Returns the word of the subcommand and the words after it.
pub(super) fn subcommand_of(words: &[OsString]) -> Option<(String, Vec<OsString>)> {
    let options = Options::augment_args(clap::Command::new("mcpoke"));
    // `--help` is no option of ours.
    let known: Vec<OsString> =
        words.iter().filter(|word| *word != "-h" && *word != "--help").cloned().collect();
    let at = position_of_subcommand(&options, &known)?;
    Some((known[at].to_str()?.to_owned(), known[at + 1..].to_vec()))
}

/// Returns the position of the first word that is neither an option nor an option's value.
fn position_of_subcommand(options: &clap::Command, words: &[OsString]) -> Option<usize> {
    let takes_value = |is_it: &dyn Fn(&clap::Arg) -> bool| {
        let found = options.get_arguments().find(|arg| is_it(arg))?;
        Some(found.get_action().takes_values())
    };
    let mut at = 0;
    loop {
        let word = words.get(at)?.to_str()?;
        let is_value_next = if let Some(long) = word.strip_prefix("--") {
            let (name, value) =
                long.split_once('=').map_or((long, false), |(name, _)| (name, true));
            takes_value(&|arg| arg.get_long() == Some(name))? && !value
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            let mut letters = letters.chars();
            loop {
                let Some(letter) = letters.next() else { break false };
                if takes_value(&|arg| arg.get_short() == Some(letter))? {
                    // The value is the rest of the word, or else the next word.
                    break letters.as_str().is_empty();
                }
            }
        } else {
            return Some(at);
        };
        at += if is_value_next { 2 } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory as _, Parser as _};

    fn words(line: &[&str]) -> Vec<OsString> {
        line.iter().map(OsString::from).collect()
    }

    /// Compares both parsers. Returns whether the line is valid.
    fn compare(line: &[&str]) -> bool {
        let whole = Cli::try_parse_from([&["mcpoke"], line].concat());
        let quick = Cli::parse_quickly(&words(line));
        if let (Ok(whole), Some(quick)) = (&whole, &quick) {
            assert_eq!(format!("{whole:?}"), format!("{quick:?}"), "{line:?}");
        }
        assert!(whole.is_ok() || quick.is_none(), "{line:?}: {quick:?}");
        // An option before these two is left to the whole parser.
        let is_left = line.iter().any(|word| ["task", "request"].contains(word));
        assert!(whole.is_err() || quick.is_some() || is_left, "{line:?}");
        whole.is_ok()
    }

    /// Returns a value that the argument accepts.
    fn value(arg: &clap::Arg) -> &'static str {
        let id = arg.get_id().as_str();
        if let Some(first) = arg.get_possible_values().first() {
            return Box::leak(first.get_name().to_owned().into_boxed_str());
        }
        match id {
            "query" => "/a",
            "protocol_version" => "2025-11-25",
            "resolve" => "h:1:127.0.0.1",
            _ if arg.get_value_names().is_some_and(|names| {
                names
                    .iter()
                    .any(|name| ["SECONDS", "BYTES", "N", "PORT", "CALLS"].contains(&name.as_str()))
            }) || id == "port" =>
            {
                "1"
            }
            _ => "x",
        }
    }

    /// Returns the ways to write an option, without and with a value.
    fn spellings(arg: &clap::Arg) -> Vec<Vec<String>> {
        let given = value(arg);
        let long = arg.get_long().map(|long| format!("--{long}"));
        let short = arg.get_short().map(|short| format!("-{short}"));
        let mut all = Vec::new();
        for name in long.iter().chain(&short) {
            all.push(vec![name.clone()]);
            all.push(vec![name.clone(), given.to_owned()]);
            all.push(vec![format!("{name}={given}")]);
            all.push(vec![format!("{name}{given}")]);
            all.push(vec![name.replacen('-', "-k", 1)]);
        }
        all
    }

    #[test]
    fn both_parsers_read_every_command_and_option_alike() {
        let whole = Cli::command();
        let options = Options::augment_args(clap::Command::new("mcpoke"));
        let mut valid = 0;
        for command in whole.get_subcommands() {
            let name = command.get_name();
            let Some((declare, _)) = subcommand(name) else {
                assert_eq!(name, "token");
                continue;
            };
            let declared = declare(clap::Command::new("mcpoke"));
            assert!(declared.get_arguments().eq(command.get_arguments()), "{name}");
            let required: Vec<&str> =
                command.get_positionals().filter(|arg| arg.is_required_set()).map(value).collect();
            for line in [
                &[&[name], required.as_slice()].concat()[..],
                &[name],
                &[name, "--"],
                &[name, "--help"],
                &[name, "--no-such-option", "x"],
                &[name, "one", "two=2", "three=3"],
            ] {
                valid += usize::from(compare(line));
            }
            // The options of every command: all of them with one command, and one of each kind with the others.
            let of_all = options.get_arguments().filter(|arg| {
                name == "call" || ["server", "headers", "json"].contains(&arg.get_id().as_str())
            });
            let own = command.get_arguments().filter(|arg| !arg.is_positional());
            for spelling in own.chain(of_all).flat_map(spellings) {
                let spelling: Vec<&str> = spelling.iter().map(String::as_str).collect();
                valid += usize::from(compare(&[&[name], required.as_slice(), &spelling].concat()));
                valid += usize::from(compare(&[&spelling, &[name][..], &required].concat()));
            }
        }
        assert!(valid > 400, "{valid}");
    }

    #[test]
    fn the_subcommand_is_found_as_the_whole_parser_finds_it() {
        for line in [
            &["-s", "call", "list-tools"][..],
            &["-scall", "list-tools"],
            &["--server=call", "list-tools"],
            &["-qs", "call", "list-tools"],
            &["-qscall", "list-tools"],
            &["-qvk", "list-tools"],
            &["-H", "call: call", "-H", "a: b", "call", "call", "call=call"],
            &["call", "-s", "call", "list-tools"],
            &["call", "echo", "--", "--raw-strings"],
            &["call", "echo", "a=-1", "-s", "demo"],
            &["request", "tools/list", "-"],
            &["ping", "--timeout", "3"],
        ] {
            assert!(compare(line), "{line:?}");
            assert!(Cli::parse_quickly(&words(line)).is_some(), "{line:?}");
        }
        for line in [
            &["--", "call", "echo"][..],
            &["--raw-strings", "call", "echo"],
            &["-", "call"],
            &["-s"],
            &["calls"],
            &["help", "call"],
            &["--timeout", "x", "ping"],
            &["call"],
            &[],
        ] {
            assert!(!compare(line), "{line:?}");
        }
    }

    #[test]
    fn options_count_on_both_sides_of_the_command() {
        let line =
            words(&["-H", "A: 1", "call", "echo", "-H", "B: 2", "--cert", "c", "--key", "k"]);
        assert_eq!(Cli::parse_quickly(&line).unwrap().options.headers, ["A: 1", "B: 2"]);
    }
}
