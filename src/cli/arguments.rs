//! What each command takes. A doc comment is the help text of what it stands above.

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
const MISBEHAVING: &str = "Misbehaving";
const MANY: &str = "Many calls";
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
    /// The server's URL, such as http://127.0.0.1:3001/mcp; `localhost:3001/mcp` will do
    #[arg(value_hint = ValueHint::Url)]
    pub url: Option<String>,
    /// The name to remember it by, instead of the one it gives itself
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
    /// Show this tool alone: what it does, its parameters, and how it is called
    pub tool: Option<String>,
    /// Print the input schema of this tool, as JSON
    #[arg(long, value_name = "TOOL")]
    pub schema: Option<String>,
    /// Show tools whose definitions are invalid as well, marked
    #[arg(long)]
    pub all: bool,
    #[expect(missing_docs, reason = "its own docs would be help")]
    #[command(flatten)]
    pub listing: Listing,
}

/// How much of a list to show.
#[derive(Debug, Args)]
pub struct Listing {
    /// Only those whose name, address or description contains this, in whichever case
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Print what they are called by alone, one a line
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
#[command(
    after_help = "Text goes to standard output, and so does anything else into a file or a pipe. Examples:
  mcpoke read-resource demo://welcome
  mcpoke read-resource demo://disc --output disc.png"
)]
pub struct ReadResource {
    /// Its address, as list-resources shows it or as a template makes it
    pub uri: String,
    /// Write it to this file; - is standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

/// Fill in a prompt.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke get-prompt greet name=Ada
  mcpoke get-prompt review code=@main.rs")]
pub struct GetPrompt {
    /// The prompt's name
    pub prompt: String,
    /// Its arguments, which are text: key=value, key=@FILE
    #[arg(value_name = "ARG")]
    pub arguments: Vec<String>,
}

/// Ask what may stand for an argument.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke complete greet name=A
  mcpoke complete demo://square/{number} number=1")]
pub struct Complete {
    /// A prompt's name, or a resource template
    pub reference: String,
    /// The argument, and what of it is there already: key=text
    #[arg(value_name = "KEY=TEXT")]
    pub argument: String,
    /// Arguments that are filled in already: key=value
    #[arg(value_name = "ARG")]
    pub context: Vec<String>,
}

/// Listen to what a server tells by itself.
#[derive(Debug, Args)]
#[command(
    after_help = "A line, or with --json a JSON object, for each event, on standard output. Examples:
  mcpoke listen
  mcpoke listen demo://toggles --count 1
  mcpoke listen --for 60 --json | jq -c .method"
)]
pub struct Listen {
    /// Resources to hear of when they change; that lists have changed is always told
    #[arg(value_name = "URI")]
    pub uris: Vec<String>,
    /// Stop after this many seconds
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Stop after so many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
}

/// Send any request or notification.
#[derive(Debug, Args)]
#[command(
    after_help = "The handshake, the session and the headers of the server's era are added. A method that begins with
notifications/ is sent as a notification. Examples:
  mcpoke request resources/list
  mcpoke request resources/read '{\"uri\":\"file:///a\"}' --raw"
)]
pub struct Request {
    /// The method, such as resources/list
    pub method: String,
    /// Its parameters as a JSON object, or @FILE, or - for standard input
    #[arg(allow_hyphen_values = true)]
    pub params: Option<String>,
    /// Print the whole JSON-RPC message, errors too, and not the result alone
    #[arg(long)]
    pub raw: bool,
}

/// Call a tool.
#[derive(Debug, Args)]
#[command(after_help = "Arguments:
  key=value        typed by the tool's input schema: a number where it wants one, else text
  key:=JSON        any JSON value
  key=@FILE        text from a file; @- is standard input
  key:=@FILE       JSON from a file

Examples:
  mcpoke call echo message=hi
  mcpoke call add a=2 b=3 --query /structuredContent/sum
  mcpoke call search 'filter:={\"tags\":[\"new\"]}' text=@question.txt
  mcpoke call add --args '{\"a\":1,\"b\":2}'
  mcpoke call image --save-dir pictures
  mcpoke call add --each sums.jsonl --jobs 8
  mcpoke call slow seconds=60 --detach
  mcpoke -s demo call slow seconds=2 --progress plain

What a tool takes: mcpoke list-tools TOOL")]
pub struct Call {
    /// The tool's name
    pub tool: String,
    /// Its arguments: key=value, key:=JSON, key=@FILE, key:=@FILE
    #[arg(value_name = "ARG")]
    pub arguments: Vec<String>,
    /// All arguments as one JSON object, or @FILE, or - for standard input
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub args: Option<String>,
    /// Take every key=value as text, whatever the schema says
    #[arg(long)]
    pub raw_strings: bool,
    /// Send the arguments without checking them against the schema
    #[arg(long)]
    pub no_validate: bool,
    /// Write the result to a file: the bytes of an image or a sound, or else the text; - is stdout
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Save every image, sound and binary resource of the result in this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub save_dir: Option<PathBuf>,
    /// Let the server make a task of the call, where it can, and wait for that
    #[arg(long, conflicts_with = "each", help_heading = TASKS)]
    pub task: bool,
    /// Make a task of the call, print its id, and wait for nothing
    #[arg(long, conflicts_with_all = ["each", "output", "save_dir"], help_heading = TASKS)]
    pub detach: bool,
    /// How long the server should keep the task, in seconds, where it lets clients say so (2025-11-25)
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = TASKS)]
    pub ttl: Option<f64>,
    /// Call once for each line of this file (- is standard input), a JSON object of arguments each; print
    /// a line of JSON for each call
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["output", "save_dir"], help_heading = MANY)]
    pub each: Option<PathBuf>,
    /// With --each, so many calls at a time
    #[arg(long, value_name = "N", default_value_t = 1, requires = "each", value_parser = jobs, help_heading = MANY)]
    pub jobs: usize,
    /// With --each, print results as they come, and not in the order of the lines
    #[arg(long, requires = "each", help_heading = MANY)]
    pub unordered: bool,
    /// With --each, begin no other call after one has failed
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
    /// Its id, as call --detach and tasks show it
    #[arg(allow_hyphen_values = true)]
    pub id: String,
    /// Show how it stands, without waiting
    #[arg(long, conflicts_with = "cancel")]
    pub status: bool,
    /// Ask the server to end it
    #[arg(long)]
    pub cancel: bool,
}

/// Check what a server offers, or a call.
#[derive(Debug, Args)]
#[command(
    after_help = "Looks at names, descriptions and schemas of everything that is offered; of a call at its arguments,
which are not sent if the schema refuses them, and at its result. The exit code is 7 where something is wrong.

Examples:
  mcpoke check
  mcpoke check --junit report.xml --strict
  mcpoke check add a=1 b=2
  mcpoke check --json | jq -r '.findings[].place'
  mcpoke -s demo check"
)]
pub struct Check {
    /// Call this tool, and check its arguments and its result
    pub tool: Option<String>,
    /// The tool's arguments, as for `call`
    #[arg(value_name = "ARG", requires = "tool")]
    pub arguments: Vec<String>,
    /// All arguments as one JSON object, or @FILE, or - for standard input
    #[arg(long, value_name = "JSON", requires = "tool", allow_hyphen_values = true)]
    pub args: Option<String>,
    /// Write the findings as JUnit XML, a test case for each thing that was looked at; - is stdout
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,
    /// Let warnings fail as well
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
    /// A URL, a remembered name, or `demo`; the current server if left out
    pub target: Option<String>,
    /// Call this tool, instead of listing the tools (or, of `demo`, calling its echo)
    #[arg(long, value_name = "NAME")]
    pub tool: Option<String>,
    /// The tool's arguments, as for `call`
    #[arg(value_name = "ARG", requires = "tool")]
    pub arguments: Vec<String>,
    /// Send only what a client might: the bare request, both eras, the handshake; no experiments
    #[arg(long)]
    pub passive: bool,
    /// Print a complete client for this server, without an SDK, instead of the trace
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub recipe: Option<Language>,
    /// Write the trace as a page of its own: ladder, exchanges, findings, recipes
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
    /// Write a Markdown report for an issue tracker: verdict, ladder, and the two exchanges that decide
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub markdown: Option<PathBuf>,
    /// Diagnose what was recorded in a file: HAR (of a browser's tools, too) or JSON lines
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["tool", "recipe", "listen", "target"])]
    pub read: Option<PathBuf>,
    /// Listen here, pass every request on to the target, and diagnose the client that makes them
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["tool", "recipe"])]
    pub listen: Option<String>,
    /// Let --listen take connections from other machines as well
    #[arg(long, requires = "listen")]
    pub anyone: bool,
    /// Draw the ladder with ASCII letters alone
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
    /// The name it is remembered by; the current server if left out
    pub name: Option<String>,
    /// End and forget all of them
    #[arg(long, conflicts_with = "name")]
    pub all: bool,
    /// Forget without telling the server
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
    /// A rule, a message, a status, a code or a word; `-` reads standard input; all rules if left out
    #[arg(value_name = "TEXT", allow_negative_numbers = true)]
    pub text: Vec<String>,
}

/// Ask for log messages.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke set-log-level debug
  mcpoke listen")]
pub struct SetLogLevel {
    /// The level; --log-level does the same for one command
    pub level: LogLevel,
}

/// Make a server the current one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke use local
  mcpoke list-tools")]
pub struct Use {
    /// The name it is remembered by
    pub name: String,
}

/// Print completions.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke completions bash
  mcpoke completions fish > ~/.config/fish/completions/mcpoke.fish")]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

/// Print a manual page.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke man | man -l -
  mcpoke man call > mcpoke-call.1")]
pub struct Man {
    /// The command that it is about; mcpoke as a whole if left out
    pub command: Option<String>,
}

/// Run the built-in server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke demo
  mcpoke demo --port 0 --era legacy --for 60
  mcpoke demo --lose-after 3 --lost-as 400
  mcpoke demo --auth oauth --token-ttl 60

Every command takes `-s demo`, which runs it for that command alone.")]
pub struct Demo {
    /// The port to listen on, on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8720)]
    pub port: u16,
    /// The eras to speak: with a handshake (legacy), without one (modern), or both
    #[arg(long, value_enum, default_value_t = DemoEras::Dual)]
    pub era: DemoEras,
    /// Keep no sessions in the legacy era
    #[arg(long)]
    pub stateless: bool,
    /// What to want of clients: nothing, a bearer token (`demo-token`), or one of an authorization server that is built in too
    #[arg(long, value_enum, default_value_t = DemoAuth::None)]
    pub auth: DemoAuth,
    /// How long the tokens of that server are good [default: an hour]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub token_ttl: Option<f64>,
    /// How to reply: as an event stream or as a JSON document
    #[arg(long, value_enum, default_value_t = AnswerForm::Sse)]
    pub replies: AnswerForm,
    /// Stop after this many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    pub seconds: Option<u64>,
    /// Lose each session after so many calls in it
    #[arg(long, value_name = "CALLS", help_heading = MISBEHAVING, conflicts_with = "stateless")]
    pub lose_after: Option<u32>,
    /// Lose each session so many seconds after it was opened
    #[arg(long, value_name = "SECONDS", help_heading = MISBEHAVING, conflicts_with = "stateless", value_parser = seconds)]
    pub lose_every: Option<f64>,
    /// How a lost session shows, in the ways of real servers
    #[arg(long, value_name = "HOW", value_enum, default_value_t = LostAs::Status404, help_heading = MISBEHAVING)]
    pub lost_as: LostAs,
    /// What goes wrong with the answer to every call
    #[arg(long, value_enum, help_heading = MISBEHAVING)]
    pub fault: Option<Fault>,
}
