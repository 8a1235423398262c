//! The command line, declared. A doc comment is the help text of what it stands above.

#![allow(
    clippy::doc_markdown,
    clippy::doc_lazy_continuation,
    rustdoc::bare_urls,
    reason = "help for people"
)]

mod access;
mod arguments;
mod options;
mod quick;
mod values;

use clap::{Parser, Subcommand};

pub use access::{Login, Logout, Token, Trust};
pub use arguments::{
    Call, Check, Close, Complete, Completions, Demo, Explain, GetPrompt, Init, ListTools, Listen,
    Listing, Man, ReadResource, Request, SetLogLevel, TaskArgs, Trace, Use,
};
pub use options::Options;
pub(crate) use options::TRACE_TIMEOUT;
pub use values::{LogLevel, ProgressChoice, RequestIdType};

/// curl for MCP servers, with a memory and an explanation.
///
/// The handshake that an MCP server wants before any call is done once, remembered, and reused from
/// the shell. When a call fails, mcpoke says which step went wrong, with the evidence and the fix.
#[derive(Debug, Parser)]
#[command(name = "mcpoke", version, max_term_width = 100)]
#[command(after_help = "Examples:
  mcpoke trace demo
  mcpoke init http://127.0.0.1:3001/mcp
  mcpoke list-tools
  mcpoke call echo message=hi

The first needs no server of your own; `mcpoke COMMAND --help` has more.")]
pub struct Cli {
    // No doc comments here: clap would take them for the help of the whole.
    #[expect(missing_docs, reason = "see above")]
    #[command(subcommand)]
    pub command: Command,
    #[expect(missing_docs, reason = "see above")]
    #[command(flatten)]
    pub options: Options,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Do the handshake with a server and remember it
    Init(Init),
    /// List the server's tools, over all pages
    ListTools(ListTools),
    /// Call a tool
    Call(Call),
    /// List the server's resources, over all pages
    #[command(after_help = "Examples:
  mcpoke list-resources
  mcpoke list-resources --filter .md --names")]
    ListResources(Listing),
    /// List the templates of the server's resources, over all pages
    #[command(after_help = "Examples:
  mcpoke list-resource-templates
  mcpoke list-resource-templates --json")]
    ListResourceTemplates(Listing),
    /// Read a resource
    ReadResource(ReadResource),
    /// List the server's prompts, over all pages
    #[command(after_help = "Examples:
  mcpoke list-prompts
  mcpoke list-prompts --limit 5")]
    ListPrompts(Listing),
    /// Fill in a prompt
    GetPrompt(GetPrompt),
    /// Ask what may stand for an argument of a prompt or of a resource template
    Complete(Complete),
    /// List the tasks that go on or have ended on the server
    #[command(
        after_help = "A server of the modern era has no list: those that were begun from here are asked for one by one.

Examples:
  mcpoke tasks
  mcpoke tasks --filter working --names"
    )]
    Tasks(Listing),
    /// Wait for a task's result, look at it, or end it
    Task(TaskArgs),
    /// Check what the server offers, or a call, against the protocol and its schemas
    Check(Check),
    /// Find out why a thin client fails: the bare call, the handshake, and the call again
    Trace(Trace),
    /// Explain a rule, or find the rules for an error message, status or code
    Explain(Explain),
    /// Ask whether the server is there, and how long it takes
    #[command(after_help = "Examples:
  mcpoke ping
  mcpoke -s https://example.com/mcp ping --timeout 5")]
    Ping,
    /// Listen to what the server tells by itself, until Ctrl-C
    Listen(Listen),
    /// Ask a server with sessions for its log messages from a level on
    SetLogLevel(SetLogLevel),
    /// Send any request or notification
    Request(Request),
    /// List the servers that configuration files name
    #[command(after_help = "Examples:
  mcpoke servers
  mcpoke servers --config .vscode/mcp.json
  mcpoke --config ~/.cursor/mcp.json -s issues list-tools")]
    Servers,
    /// Approve a configuration file of a project, after showing what it uses
    Trust(Trust),
    /// Get a token for a server that wants to be authorised, and remember it
    Login(Login),
    /// Give the token back, and forget it
    Logout(Logout),
    /// Print the token that would be sent, renewed if it has to be
    Token(Token),
    /// List what is remembered
    #[command(after_help = "Examples:
  mcpoke sessions
  mcpoke sessions --json | jq -r '.[].name'")]
    Sessions,
    /// Make a remembered server the current one
    Use(Use),
    /// End the session with DELETE and forget the server
    Close(Close),
    /// Run the built-in server, to try things on
    Demo(Demo),
    /// Print the completions for a shell
    Completions(Completions),
    /// Print a manual page
    Man(Man),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_declaration_holds_together() {
        Cli::command().debug_assert();
    }

    /// The words of an example up to where the shell takes over; quotes hold them together.
    fn words(example: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let (mut quoted, mut escaped) = (false, false);
        for letter in example.chars() {
            match letter {
                '\'' if !escaped => quoted = !quoted,
                '|' | '>' if !quoted => break,
                ' ' if !quoted => words.push(String::new()),
                _ => words.last_mut().unwrap().push(letter),
            }
            escaped = letter == '\\';
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_command_has_examples_that_can_be_typed() {
        let mut command = Cli::command();
        command.build();
        let pages = std::iter::once(&command).chain(command.get_subcommands());
        for page in pages.filter(|page| page.get_name() != "help") {
            let help = page.get_after_help().map(ToString::to_string).unwrap_or_default();
            let (_, examples) = help
                .split_once("Examples:\n")
                .unwrap_or_else(|| panic!("{} has none", page.get_name()));
            let lines = examples.lines().take_while(|line| line.starts_with("  mcpoke "));
            let lines: Vec<&str> = lines.collect();
            assert!(!lines.is_empty(), "{}", page.get_name());
            for line in lines {
                if let Err(error) = Cli::try_parse_from(words(line)) {
                    panic!("{line}\n{error}");
                }
            }
        }
    }

    #[test]
    fn options_stand_before_or_after_the_command() {
        let cli = Cli::parse_from(["mcpoke", "--trace", "call", "echo", "a=-1", "--no-session"]);
        assert!(cli.options.trace && cli.options.no_session);
    }
}
