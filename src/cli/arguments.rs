//! Arguments of the commands. Doc comments are help texts.

#![allow(
    clippy::doc_markdown,
    clippy::doc_lazy_continuation,
    rustdoc::bare_urls,
    reason = "help for people"
)]

use std::path::PathBuf;

use clap::{Args, ValueHint};
use clap_complete::Shell;

use super::LogLevel;
use super::options::{jobs, seconds};
use crate::demo::{AnswerForm, DemoAuth, DemoEras, Fault, LostAs};
use crate::report::Language;

/// Help headings of options.
const MISBEHAVING: &str = "Faults";
const MANY: &str = "Many calls (--each)";
const TASKS: &str = "Tasks";

/// Do the handshake with a server and remember it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke init http://127.0.0.1:3001/mcp
  mcpoke init localhost:3001/mcp --name local
  mcpoke init https://example.com/mcp --bearer env:TOKEN
  mcpoke init https://example.com/mcp --token-command 'pass show mcp'
  mcpoke init https://example.com/mcp -H 'X-Api-Key: ${KEY}'")]
pub struct Init {
    /// URL of the server; http:// may be left out
    #[arg(value_hint = ValueHint::Url)]
    pub url: Option<String>,
    /// Save the server under this name
    #[arg(long)]
    pub name: Option<String>,
}

/// List the server's tools.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke list-tools
  mcpoke list-tools echo
  mcpoke list-tools --filter file --names
  mcpoke list-tools --json | jq -r '.tools[].name'")]
pub struct ListTools {
    /// Show this tool: description, parameters, example
    pub tool: Option<String>,
    /// Print the input schema of this tool as JSON
    #[arg(long, value_name = "TOOL")]
    pub schema: Option<String>,
    /// Include tools with invalid definitions, marked
    #[arg(long)]
    pub all: bool,
    #[expect(missing_docs, reason = "its own docs would be help")]
    #[command(flatten)]
    pub listing: Listing,
}

/// How much of a list to show.
#[derive(Debug, Args)]
pub struct Listing {
    /// Show items whose name or description contains TEXT
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Show at most N items
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Print names only, one per line
    #[arg(long)]
    pub names: bool,
}

impl Listing {
    /// Returns true if one of these texts contains the filter text.
    pub fn wants<'t>(&self, texts: impl IntoIterator<Item = Option<&'t str>>) -> bool {
        let Some(filter) = self.filter.as_ref().map(|filter| filter.to_lowercase()) else {
            return true;
        };
        texts.into_iter().flatten().any(|text| text.to_lowercase().contains(&filter))
    }
}

/// Read a resource.
#[derive(Debug, Args)]
#[command(after_help = "Binary content is not printed on a terminal.

Examples:
  mcpoke read-resource demo://welcome
  mcpoke read-resource demo://disc --output disc.png")]
pub struct ReadResource {
    /// URI of the resource
    pub uri: String,
    /// Write the content to this file; - is stdout
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

/// Fill in a prompt.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke get-prompt greet name=Ada
  mcpoke get-prompt review code=@main.rs")]
pub struct GetPrompt {
    /// Name of the prompt
    pub prompt: String,
    /// Arguments: key=value or key=@FILE
    #[arg(value_name = "ARG")]
    pub arguments: Vec<String>,
}

/// Ask what may stand for an argument.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke complete greet name=A
  mcpoke complete demo://square/{number} number=1")]
pub struct Complete {
    /// Name of a prompt, or a resource template
    pub reference: String,
    /// The argument to complete: key=text
    #[arg(value_name = "KEY=TEXT")]
    pub argument: String,
    /// Other arguments, already filled in: key=value
    #[arg(value_name = "ARG")]
    pub context: Vec<String>,
}

/// Listen to what a server tells by itself.
#[derive(Debug, Args)]
#[command(after_help = "Each event is one line on stdout, or one JSON object with --json.

Examples:
  mcpoke listen
  mcpoke listen demo://toggles --count 1
  mcpoke listen --for 60 --json | jq -c .method")]
pub struct Listen {
    /// Subscribe to changes of these resources
    #[arg(value_name = "URI")]
    pub uris: Vec<String>,
    /// Stop after this time
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Stop after N events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
}

/// Send any request or notification.
#[derive(Debug, Args)]
#[command(
    after_help = "mcpoke adds the handshake, the session and the headers. A method that begins with notifications/ is sent
as a notification.

Examples:
  mcpoke request resources/list
  mcpoke request resources/read '{\"uri\":\"file:///a\"}' --raw"
)]
pub struct Request {
    /// Method, such as resources/list
    pub method: String,
    /// Parameters: a JSON object, @FILE, or - for stdin
    #[arg(allow_hyphen_values = true)]
    pub params: Option<String>,
    /// Print the whole JSON-RPC message, errors too
    #[arg(long)]
    pub raw: bool,
}

/// Call a tool.
#[derive(Debug, Args)]
#[command(after_help = "Arguments:
  key=value        a value, typed by the input schema of the tool
  key:=JSON        any JSON value
  key=@FILE        text from a file; @- is stdin
  key:=@FILE       JSON from a file

Examples:
  mcpoke call echo message=hi
  mcpoke call add a=2 b=3 --query /structuredContent/sum
  mcpoke call search 'filter:={\"tags\":[\"new\"]}' text=@question.txt
  mcpoke call add --args '{\"a\":1,\"b\":2}'
  mcpoke call image --save-dir pictures
  mcpoke call add --each sums.jsonl --jobs 8
  mcpoke call slow seconds=60 --detach

Parameters of a tool: mcpoke list-tools TOOL")]
pub struct Call {
    /// Name of the tool
    pub tool: String,
    /// Arguments: key=value, key:=JSON, key=@FILE, key:=@FILE
    #[arg(value_name = "ARG")]
    pub arguments: Vec<String>,
    /// All arguments: a JSON object, @FILE, or - for stdin
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub args: Option<String>,
    /// Send every key=value as a string
    #[arg(long)]
    pub raw_strings: bool,
    /// Do not check arguments against the schema
    #[arg(long)]
    pub no_validate: bool,
    /// Write the image, sound or text to this file; - is stdout
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Save images, sounds and binary resources in this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub save_dir: Option<PathBuf>,
    /// Run the call as a task, and wait for its result
    #[arg(long, conflicts_with = "each", help_heading = TASKS)]
    pub task: bool,
    /// Run the call as a task, print its id, and exit
    #[arg(long, conflicts_with_all = ["each", "output", "save_dir"], help_heading = TASKS)]
    pub detach: bool,
    /// Ask the server to keep the task this long
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = TASKS)]
    pub ttl: Option<f64>,
    /// Call once per line of this file (JSON objects); - is stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["output", "save_dir"], help_heading = MANY)]
    pub each: Option<PathBuf>,
    /// Run N calls in parallel
    #[arg(long, value_name = "N", default_value_t = 1, requires = "each", value_parser = jobs, help_heading = MANY)]
    pub jobs: usize,
    /// Print results as they arrive, not in line order
    #[arg(long, requires = "each", help_heading = MANY)]
    pub unordered: bool,
    /// Start no further call after a failure
    #[arg(long, requires = "each", help_heading = MANY)]
    pub fail_early: bool,
}

/// A task.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke call slow seconds=60 --detach
  mcpoke task 0123456789abcdef
  mcpoke task 0123456789abcdef --status
  mcpoke task 0123456789abcdef --cancel")]
pub struct TaskArgs {
    /// Id of the task
    #[arg(allow_hyphen_values = true)]
    pub id: String,
    /// Print the status; do not wait
    #[arg(long, conflicts_with = "cancel")]
    pub status: bool,
    /// Cancel the task
    #[arg(long)]
    pub cancel: bool,
}

/// Check what a server offers, or a call.
#[derive(Debug, Args)]
#[command(
    after_help = "Checks names, descriptions and schemas. With TOOL, checks the arguments and the result of one call; invalid
arguments are not sent. Exit code 7 if there is an error.

Examples:
  mcpoke check
  mcpoke check --junit report.xml --strict
  mcpoke check add a=1 b=2
  mcpoke check --json | jq -r '.findings[].place'
  mcpoke -s demo check"
)]
pub struct Check {
    /// Call this tool, and check its arguments and result
    pub tool: Option<String>,
    /// Arguments of the tool, as for call
    #[arg(value_name = "ARG", requires = "tool")]
    pub arguments: Vec<String>,
    /// All arguments: a JSON object, @FILE, or - for stdin
    #[arg(long, value_name = "JSON", requires = "tool", allow_hyphen_values = true)]
    pub args: Option<String>,
    /// Write the findings as JUnit XML; - is stdout
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,
    /// Fail on warnings too
    #[arg(long)]
    pub strict: bool,
}

/// Find out why a thin client fails.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke trace http://127.0.0.1:3001/mcp --tool echo message=hi
  mcpoke trace --recipe python > client.py
  mcpoke trace --listen 127.0.0.1:8808 http://127.0.0.1:3001/mcp
  mcpoke trace --read recorded.har --markdown report.md")]
pub struct Trace {
    /// URL, saved name, or demo [default: current server]
    pub target: Option<String>,
    /// Call this tool instead of listing the tools
    #[arg(long, value_name = "NAME")]
    pub tool: Option<String>,
    /// Arguments of the tool, as for call
    #[arg(value_name = "ARG", requires = "tool")]
    pub arguments: Vec<String>,
    /// Skip the experiments
    #[arg(long)]
    pub passive: bool,
    /// Print a complete client for this server, without an SDK
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub recipe: Option<Language>,
    /// Write the trace as an HTML page
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
    /// Write a report for an issue tracker
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub markdown: Option<PathBuf>,
    /// Diagnose a recording: HAR or JSON lines; - is stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["tool", "recipe", "listen", "target"])]
    pub read: Option<PathBuf>,
    /// Forward requests from ADDRESS to the target, and diagnose the client
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["tool", "recipe"])]
    pub listen: Option<String>,
    /// Accept connections from other machines (--listen)
    #[arg(long, requires = "listen")]
    pub anyone: bool,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
}

/// End a session.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke close
  mcpoke close local
  mcpoke close --all")]
pub struct Close {
    /// Name of the server [default: current server]
    pub name: Option<String>,
    /// Close all sessions, and forget all servers
    #[arg(long, conflicts_with = "name")]
    pub all: bool,
    /// Forget the server without sending DELETE
    #[arg(long)]
    pub forget: bool,
}

/// Explain a rule.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke explain
  mcpoke explain session-missing
  mcpoke explain 'No valid session ID provided'
  mcpoke explain -32000")]
pub struct Explain {
    /// Rule, message, status, code or word; - reads stdin [default: list all rules]
    #[arg(value_name = "TEXT", allow_negative_numbers = true)]
    pub text: Vec<String>,
}

/// Ask for log messages.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke set-log-level debug
  mcpoke listen")]
pub struct SetLogLevel {
    /// Lowest level to receive
    pub level: LogLevel,
}

/// Make a server the current one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke use local
  mcpoke list-tools")]
pub struct Use {
    /// Name of the saved server
    pub name: String,
}

/// Print completions.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke completions bash
  mcpoke completions fish > ~/.config/fish/completions/mcpoke.fish")]
pub struct Completions {
    /// Name of the shell
    pub shell: Shell,
}

/// Print a manual page.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke man | man -l -
  mcpoke man call > mcpoke-call.1")]
pub struct Man {
    /// Name of a command [default: mcpoke itself]
    pub command: Option<String>,
}

/// Run the built-in server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke demo
  mcpoke demo --port 0 --era legacy --for 60
  mcpoke demo --lose-after 3 --lost-as 400
  mcpoke demo --auth oauth --token-ttl 60

Every command accepts -s demo, which runs the server for that command only.")]
pub struct Demo {
    /// Listen on this port of 127.0.0.1; 0 for a free one
    #[arg(long, default_value_t = 8720)]
    pub port: u16,
    /// Support these eras: with handshake, without, or both
    #[arg(long, value_enum, default_value_t = DemoEras::Dual)]
    pub era: DemoEras,
    /// Issue no session ids in the legacy era
    #[arg(long)]
    pub stateless: bool,
    /// Require a bearer token (demo-token), or an OAuth login
    #[arg(long, value_enum, default_value_t = DemoAuth::None)]
    pub auth: DemoAuth,
    /// Lifetime of OAuth tokens [default: 3600]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub token_ttl: Option<f64>,
    /// Format of responses
    #[arg(long, value_enum, default_value_t = AnswerForm::Sse)]
    pub replies: AnswerForm,
    /// Stop after this time
    #[arg(long = "for", value_name = "SECONDS")]
    pub seconds: Option<u64>,
    /// Lose each session after this many calls
    #[arg(long, value_name = "CALLS", help_heading = MISBEHAVING, conflicts_with = "stateless")]
    pub lose_after: Option<u32>,
    /// Lose each session after this time
    #[arg(long, value_name = "SECONDS", help_heading = MISBEHAVING, conflicts_with = "stateless", value_parser = seconds)]
    pub lose_every: Option<f64>,
    /// Report a lost session in this way
    #[arg(long, value_name = "HOW", value_enum, default_value_t = LostAs::Status404, help_heading = MISBEHAVING)]
    pub lost_as: LostAs,
    /// Break the response to every call in this way
    #[arg(long, value_enum, help_heading = MISBEHAVING)]
    pub fault: Option<Fault>,
}
