//! The command line, declared. A doc comment is the help text of what it stands above.

#![allow(
    clippy::doc_markdown,
    clippy::doc_lazy_continuation,
    rustdoc::bare_urls,
    reason = "help for people"
)]

mod access;
mod arguments;
pub mod help;
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

/// curl for MCP servers: remembers sessions, explains failures.
///
/// mcpoke does the handshake with an MCP server once, saves the session, and reuses it in later commands. When a
/// call fails, mcpoke says which step failed, with the evidence and the fix.
#[derive(Debug, Parser)]
#[command(name = "mcpoke", version, max_term_width = 100)]
#[command(after_help = "Examples:
  mcpoke trace demo
  mcpoke init http://127.0.0.1:3001/mcp
  mcpoke list-tools
  mcpoke call echo message=hi

Options of a command: mcpoke COMMAND --help")]
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
    /// Do the handshake with a server and save the session
    Init(Init),
    /// List the tools of the server
    ListTools(ListTools),
    /// Call a tool
    Call(Call),
    /// List the resources of the server
    #[command(after_help = "Examples:
  mcpoke list-resources
  mcpoke list-resources --filter .md --names")]
    ListResources(Listing),
    /// List the resource templates of the server
    #[command(after_help = "Examples:
  mcpoke list-resource-templates
  mcpoke list-resource-templates --json")]
    ListResourceTemplates(Listing),
    /// Read a resource
    ReadResource(ReadResource),
    /// List the prompts of the server
    #[command(after_help = "Examples:
  mcpoke list-prompts
  mcpoke list-prompts --limit 5")]
    ListPrompts(Listing),
    /// Get a prompt with its arguments filled in
    GetPrompt(GetPrompt),
    /// Complete a prompt or resource-template argument
    Complete(Complete),
    /// List the tasks of the server
    #[command(
        after_help = "Servers without a task list (2026-07-28) are asked for each task that was started from here.

Examples:
  mcpoke tasks
  mcpoke tasks --filter working --names"
    )]
    Tasks(Listing),
    /// Wait for a task, print its status, or cancel it
    Task(TaskArgs),
    /// Check tools, resources, prompts and schemas, or one call
    Check(Check),
    /// Find out why a client fails, step by step
    Trace(Trace),
    /// Explain an error message, a status, a code or a rule
    Explain(Explain),
    /// Check that the server responds, and how fast
    #[command(after_help = "Examples:
  mcpoke ping
  mcpoke -s https://example.com/mcp ping --timeout 5")]
    Ping,
    /// Print server notifications until Ctrl-C
    Listen(Listen),
    /// Set the level of log messages for the session
    SetLogLevel(SetLogLevel),
    /// Send any request or notification
    Request(Request),
    /// List the servers in configuration files
    #[command(after_help = "Examples:
  mcpoke servers
  mcpoke servers --config .vscode/mcp.json
  mcpoke --config ~/.cursor/mcp.json -s issues list-tools")]
    Servers,
    /// Approve the configuration file of a project
    Trust(Trust),
    /// Log in with OAuth, and save the token
    Login(Login),
    /// Revoke the token, and forget it
    Logout(Logout),
    /// Print the current token, refreshed if necessary
    Token(Token),
    /// List the saved servers
    #[command(after_help = "Examples:
  mcpoke sessions
  mcpoke sessions --json | jq -r '.[].name'")]
    Sessions,
    /// Select the current server
    Use(Use),
    /// End the session, and forget the server
    Close(Close),
    /// Run the built-in server, for experiments
    Demo(Demo),
    /// Print the completion script of a shell
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
