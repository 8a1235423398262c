//! `man`: prints a manual page. The pages of this version are also in `man/`.

use clap::{Arg, Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli::Cli;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::output::wrap;
use crate::run::{Context, Outcome};

pub(super) fn run(context: &Context<'_>, name: Option<&str>) -> Outcome {
    let whole = Cli::command();
    let page = match name {
        None => whole_page(whole),
        Some(name) => {
            let command = whole.find_subcommand(name).ok_or_else(|| {
                let text = format!("there is no command `{}`", name.escape_debug());
                Failure::usage(text).with_next("mcpoke --help", "lists them")
            })?;
            command_page(command.clone())
        }
    };
    context.console.out.bytes(&page?)?;
    Ok(ExitCode::Success)
}

/// Footer of every page.
const SOURCE: &str = concat!("mcpoke ", env!("CARGO_PKG_VERSION"));

/// Date in the footer of every page: when the texts were last revised.
const DATE: &str = "2026-11-28";

/// The tables of the documentation list the environment variables.
const ENVIRONMENT: &str = include_str!("../../docs/environment.md");

/// Files and their meanings.
const FILES: [(&str, &str); 2] = [
    (
        "$XDG_STATE_HOME/mcpoke, ~/.local/state/mcpoke",
        "The state folder: servers, tools and logins. Only its owner can read it.",
    ),
    (".mcp.json", "Named servers of a project, in this folder or a parent folder."),
];

/// Renders the page of `mcpoke` itself, with the global options.
fn whole_page(command: Command) -> std::io::Result<Vec<u8>> {
    let mut more = Roff::new();
    more.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in ExitCode::ALL {
        entry(&mut more, &(code as u8).to_string(), meaning);
    }
    more.control("SH", ["ENVIRONMENT"]);
    for row in ENVIRONMENT.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().replace('`', "")).collect();
        if let [_, name, meaning, ..] = cells.as_slice() {
            entry(&mut more, name, meaning);
        }
    }
    more.control("SH", ["FILES"]);
    for (name, meaning) in FILES {
        entry(&mut more, name, meaning);
    }
    let synopsis =
        [bold("mcpoke"), roman(" "), italic("COMMAND"), roman(" ["), italic("OPTIONS"), roman("]")];
    // `help` has no page of its own.
    finished(command.disable_help_subcommand(true), &synopsis, &more)
}

/// Adds a term and its meaning.
fn entry(page: &mut Roff, term: &str, meaning: &str) {
    page.control("TP", []);
    page.text([bold(term)]);
    page.text([roman(meaning)]);
}

/// Renders the page of one command.
fn command_page(command: Command) -> std::io::Result<Vec<u8>> {
    let name = command.get_name().to_owned();
    let command = command.display_name(format!("mcpoke-{name}")).bin_name(format!("mcpoke {name}"));
    let mut more = Roff::new();
    more.control("SH", ["SEE ALSO"]);
    more.text([
        bold("mcpoke"),
        roman("(1) has the global options, EXIT STATUS, ENVIRONMENT and FILES."),
    ]);
    let mut synopsis = vec![bold(format!("mcpoke {name}"))];
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        synopsis.push(roman(" "));
        synopsis.extend(usage(arg));
    }
    finished(command, &synopsis, &more)
}

/// Returns an argument as the synopsis shows it: `[--args JSON]`, `TOOL`, `[ARG]...`.
fn usage(arg: &Arg) -> Vec<Inline> {
    let values = arg.get_value_names().unwrap_or_default();
    let value = values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let names =
        [arg.get_short().map(|it| format!("-{it}")), arg.get_long().map(|it| format!("--{it}"))];
    let mut shown = Vec::new();
    for name in names.into_iter().flatten() {
        shown.extend((!shown.is_empty()).then(|| roman("|")));
        shown.push(bold(name));
    }
    if arg.get_action().takes_values() && !value.is_empty() {
        shown.extend((!shown.is_empty()).then(|| roman(" ")));
        shown.push(italic(value));
    }
    if !arg.is_required_set() {
        shown.insert(0, roman("["));
        shown.push(roman("]"));
    }
    let repeats =
        arg.get_num_args().is_some_and(|count| count.max_values() > count.min_values().max(1));
    shown.extend(repeats.then(|| roman("...")));
    shown
}

/// Renders a page, with this synopsis and further sections.
fn finished(command: Command, synopsis: &[Inline], more: &Roff) -> std::io::Result<Vec<u8>> {
    let title = command.get_display_name().unwrap_or_else(|| command.get_name()).to_uppercase();
    let mut text = Vec::new();
    Man::new(command).title(title).date(DATE).source(SOURCE).render(&mut text)?;
    more.to_writer(&mut text)?;
    let mut usage = Vec::new();
    Roff::new().text(synopsis.to_vec()).to_writer(&mut usage)?;
    let usage = String::from_utf8_lossy(&usage);
    Ok(tidied(&String::from_utf8_lossy(&text), usage.lines().last().unwrap_or_default())
        .into_bytes())
}

/// Returns a page as `mandoc -T lint` accepts it, with another synopsis and without a second preamble.
fn tidied(page: &str, synopsis: &str) -> String {
    let lines: Vec<&str> = page.lines().map(str::trim_end).collect();
    let mut tidy: Vec<String> = Vec::new();
    let mut last = "";
    for (at, line) in lines.iter().enumerate() {
        let is_preamble = line.starts_with(".ie ") || line.starts_with(".el ");
        let is_twice = *line == ".br"
            && (last.is_empty() || lines.get(at + 1).is_some_and(|next| next.is_empty()));
        let line = match *line {
            _ if (is_preamble && at > 1) || is_twice => continue,
            ".SH EXTRA" => ".SH EXAMPLES",
            _ if last == ".SH SYNOPSIS" => synopsis,
            line => line,
        };
        last = line;
        if line.starts_with(['.', ' ']) {
            tidy.push(line.to_owned());
            continue;
        }
        for part in wrap(line, 78) {
            // A line that begins with a dot would be a macro.
            let guard = if part.starts_with(['.', '\'']) { "\\&" } else { "" };
            tidy.push(format!("{guard}{part}"));
        }
    }
    tidy.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_the_usual_sections_and_no_faults() {
        let whole = String::from_utf8(whole_page(Cli::command()).unwrap()).unwrap();
        for heading in ["NAME", "SYNOPSIS", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES", "EXAMPLES"] {
            assert!(whole.contains(&format!("\n.SH {heading}\n")), "{heading}");
        }
        for line in ["MCPOKE_SERVER", "http_proxy", "COLUMNS"] {
            assert!(whole.contains(&format!("\\fB{line}\\fR")), "{line}");
        }
        let call = Cli::command().find_subcommand("call").unwrap().clone();
        let call = String::from_utf8(command_page(call).unwrap()).unwrap();
        assert!(call.contains(".TH MCPOKE-CALL 1"), "{call}");
        assert!(call.contains("[\\fB\\-\\-args\\fR \\fIJSON\\fR]"), "{call}");
        for line in whole.lines().chain(call.lines()) {
            assert!(!line.ends_with(' '), "{line}");
            assert!(line.starts_with(['.', ' ']) || line.len() <= 80, "{line}");
        }
    }

    #[test]
    fn a_wrapped_line_is_no_macro() {
        let page = format!(".SH FILES\n{} .mcp.json is found", "word ".repeat(15).trim_end());
        assert!(tidied(&page, "").contains("\n\\&.mcp.json"), "{}", tidied(&page, ""));
    }
}
