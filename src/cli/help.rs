//! Help pages for `-h`, `--help` and `help`. Global options have a page of their own.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory as _};

use super::Cli;
use super::quick::subcommand_of;

/// The commands in groups, for the overview.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Sessions", &["init", "sessions", "use", "close", "servers", "trust"]),
    ("Tools", &["list-tools", "call", "task", "tasks", "check"]),
    (
        "Resources, prompts",
        &[
            "list-resources",
            "list-resource-templates",
            "read-resource",
            "list-prompts",
            "get-prompt",
            "complete",
        ],
    ),
    ("Debugging", &["trace", "explain", "ping", "listen", "request", "set-log-level", "demo"]),
    ("Authorization", &["login", "logout", "token"]),
    ("Shell", &["completions", "man", "help"]),
];

/// Commands that connect to no server of the user's.
const LOCAL: [&str; 7] = ["completions", "man", "explain", "demo", "sessions", "use", "trust"];

/// Headings of the options that are about a server.
const ABOUT_SERVERS: [&str; 4] = ["Server", "Server requests", "Network", "Protocol"];

/// Topics of `help`, with their pages.
const TOPICS: [(&str, &str); 4] = [
    ("exit-codes", include_str!("../../docs/exit-codes.md")),
    ("environment", include_str!("../../docs/environment.md")),
    ("json", include_str!("../../docs/scripting.md")),
    ("agents", include_str!("../../skills/mcpoke/SKILL.md")),
];

/// Returns the page that a command line asks for, after the parser has found that it asks for help. With `-h`,
/// only the command's own options.
pub fn page(words: &[OsString]) -> StyledStr {
    let is_short =
        words.iter().any(|word| word == "-h") && !words.iter().any(|word| word == "--help");
    match subcommand_of(words) {
        Some((command, rest)) if command == "help" => match names(&rest).first() {
            Some(name) => of(name, is_short),
            None => overview(),
        },
        Some((command, _)) => of(&command, is_short),
        None => overview(),
    }
}

/// Returns the words after `help` that are not options.
fn names(rest: &[OsString]) -> Vec<&str> {
    rest.iter().filter_map(|word| word.to_str()).filter(|word| !word.starts_with('-')).collect()
}

/// Returns the page that `help` asks for if the parser would reject it: a topic, such as `help json`, or one that
/// is asked for together with options.
pub fn topic(words: &[OsString]) -> Option<StyledStr> {
    let (command, rest) = subcommand_of(words)?;
    let names = names(&rest);
    let name = *names.first().filter(|_| command == "help")?;
    if name == "options" {
        let mut all =
            Cli::command().disable_help_subcommand(true).mut_subcommands(|it| it.hide(true));
        all = all
            .about(None)
            .long_about(None)
            .after_help("")
            .override_usage("mcpoke COMMAND [OPTIONS]");
        return Some(all.render_help());
    }
    if let Some((_, text)) = TOPICS.iter().find(|(known, _)| *known == name) {
        return Some(StyledStr::from((*text).to_owned()));
    }
    let is_command = Cli::command().find_subcommand(name).is_some();
    (is_command && names.len() == 1).then(|| page(words))
}

/// Returns the page of a command.
fn of(name: &str, is_short: bool) -> StyledStr {
    let mut all = Cli::command();
    let is_local = LOCAL.contains(&name);
    all.build();
    let Some(command) = all.find_subcommand(name) else { return overview() };
    let is_about_servers =
        |arg: &Arg| arg.get_help_heading().is_some_and(|heading| ABOUT_SERVERS.contains(&heading));
    let mut command: Command = command.clone().mut_args(|arg| {
        let hides = arg.is_global_set() && (is_short || (is_local && is_about_servers(&arg)));
        if hides { arg.hide(true) } else { arg }
    });
    if is_short {
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let all = "Global options: mcpoke help options";
        command = command.after_help(format!("{examples}\n\n{all}").trim_start().to_owned());
    }
    command.render_help()
}

/// Returns the page of the program as a whole.
fn overview() -> StyledStr {
    let command = Cli::command();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (examples, last) = examples.rsplit_once("\n\n").unwrap_or((&examples, ""));
    let groups = GROUPS.iter().map(|(group, names)| {
        let names = textwrap::fill(&names.join(", "), 56).replace('\n', &format!("\n{:22}", ""));
        format!("  {group:20}{names}\n")
    });
    let topics: Vec<&str> = TOPICS.iter().map(|(topic, _)| *topic).collect();
    StyledStr::from(format!(
        "{about}\n\nUsage: mcpoke COMMAND [OPTIONS]\n\n{examples}\n\nCommands:\n{}\n{last}\nOther help: mcpoke help options, {}\n",
        groups.collect::<String>(),
        topics.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        let words: Vec<OsString> =
            line.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect();
        topic(&words).unwrap_or_else(|| page(&words)).to_string()
    }

    #[test]
    fn the_overview_names_every_command_and_is_short() {
        let overview = shown("");
        assert!(overview.lines().count() <= 30, "{overview}");
        let grouped: Vec<&str> =
            GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let mut command = Cli::command();
        command.build();
        for command in command.get_subcommands() {
            assert!(grouped.contains(&command.get_name()), "{}", command.get_name());
        }
        assert_eq!(grouped.len(), command.get_subcommands().count());
    }

    #[test]
    fn short_help_has_the_commands_own_options() {
        let short = shown("call -h");
        assert!(short.lines().count() <= 45, "{}", short.lines().count());
        assert!(short.contains("--each") && !short.contains("--cacert"), "{short}");
        assert!(short.contains("mcpoke help options"));
        let long = shown("call --help");
        assert!(long.lines().count() <= 120, "{}", long.lines().count());
        assert!(long.contains("--each") && long.contains("--cacert"), "{long}");
        assert_eq!(long, shown("help call"));
        assert_eq!(long, shown("-q help call"));
        assert_eq!(shown("help"), shown(""));
        for line in ["-q help json", "help json -q", "help --json json", "help json more"] {
            assert_eq!(shown(line), shown("help json"), "{line}");
        }
        assert_eq!(shown("help call -h"), short);
        assert_eq!(shown("help --json call"), long);
        let rejected = ["help nosuch", "help call more", "call help", "nosuch"];
        for line in rejected {
            let words: Vec<_> = line.split(' ').map(OsString::from).collect();
            assert!(topic(&words).is_none(), "{line}");
        }
    }

    #[test]
    fn commands_without_a_server_show_no_server_options() {
        for name in LOCAL {
            let page = shown(&format!("{name} --help"));
            assert!(!page.contains("--cacert") && !page.contains("--bearer"), "{name}: {page}");
            assert!(page.contains("--color"), "{name}");
        }
    }

    #[test]
    fn every_help_line_fits() {
        let options = shown("help options");
        assert!(options.contains("--cacert") && options.contains("--show-secrets"));
        for (topic, text) in TOPICS {
            assert_eq!(shown(&format!("help {topic}")), text);
        }
        let mut command = Cli::command();
        command.build();
        for command in command.get_subcommands() {
            for arg in command.get_arguments() {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                let words = help.split(" [").next().unwrap_or_default();
                assert!(
                    words.chars().count() <= 72,
                    "{} {}: {help}",
                    command.get_name(),
                    arg.get_id()
                );
            }
        }
    }
}
