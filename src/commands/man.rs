//! `man`: prints a manual page. The pages of this version are also in `man/`.

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::Cli;
use crate::exit::ExitCode;
use crate::failure::Failure;
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

/// Environment variables and their meanings.
const VARIABLES: [(&str, &str); 12] = [
    ("MCPOKE_SERVER", "The server to talk to, where -s does not say."),
    ("MCPOKE_BEARER", "A bearer token, where nothing else says what to send; it is not kept."),
    ("MCPOKE_CLIENT_ID", "The client of login, as --client-id."),
    ("MCPOKE_CLIENT_SECRET", "Its secret itself, where --client-secret does not name another."),
    ("MCPOKE_CLIENT_METADATA_URL", "Where its metadata are, as --client-metadata-url."),
    ("MCPOKE_CONFIG", "The file to find servers in by name, as --config."),
    ("MCPOKE_INPUT_NAME", "Stands for ${input:name} in a file of VS Code's."),
    (
        "MCPOKE_STATE_DIR",
        "Where servers are remembered; else XDG_STATE_HOME/mcpoke, else ~/.local/state/mcpoke.",
    ),
    ("HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY", "Proxies, as curl reads them."),
    ("NO_COLOR", "No colour, on a terminal either."),
    ("CLICOLOR_FORCE", "Colour, without a terminal too."),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "The certificate authorities to trust, where the system has them in files.",
    ),
];

/// Renders the page of `mcpoke` itself, with the global options.
fn whole_page(command: Command) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    // `help` has no page of its own.
    Man::new(command.disable_help_subcommand(true)).source(SOURCE).render(&mut text)?;
    let mut more = Roff::new();
    more.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in ExitCode::ALL {
        more.control("TP", []);
        more.text([bold((code as u8).to_string())]);
        more.text([roman(meaning)]);
    }
    more.control("SH", ["ENVIRONMENT"]);
    for (name, meaning) in VARIABLES {
        more.control("TP", []);
        more.text([bold(name)]);
        more.text([roman(meaning)]);
    }
    more.to_writer(&mut text)?;
    Ok(text)
}

/// Renders the page of one command.
fn command_page(command: Command) -> std::io::Result<Vec<u8>> {
    let name = command.get_name().to_owned();
    let command = command.display_name(format!("mcpoke-{name}")).bin_name(format!("mcpoke {name}"));
    let mut text = Vec::new();
    Man::new(command).source(SOURCE).render(&mut text)?;
    let mut more = Roff::new();
    more.control("SH", ["SEE ALSO"]);
    more.text([
        bold("mcpoke"),
        roman("(1), for the options of every command, the exit status and the environment."),
    ]);
    more.to_writer(&mut text)?;
    Ok(text)
}
