//! `call --each`: calls one tool for each line of a file, in parallel over several
//! connections. Prints one line of result for each line of arguments.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::arguments::{ArgumentInput, Typing};
use crate::cli::Call;
use crate::client::{Client, ClientConfig, Renewal, RpcRequest, Session};
use crate::endpoint::Endpoint;
use crate::exit::ExitCode;
use crate::failure::{Failure, from_transport};
use crate::failure::{TargetHint, failed};
use crate::file;
use crate::output::{PointerNotFound, count, json_line};
use crate::protocol::content::ToolResult;
use crate::protocol::tools::Tool;
use crate::protocol::types::Transport;
use crate::run::input::wrong_arguments;
use crate::run::renewal::renewal;
use crate::run::server::Server;
use crate::run::{CommandError, Context, Outcome};
use crate::session::{Record, ResolvedCredentials};
use crate::transport::Budget;

/// Maximum number of calls per job whose results are not printed yet.
const AHEAD: usize = 64;

/// Settings that all calls share.
pub(super) struct Work<'w> {
    pub(super) context: &'w Context<'w>,
    pub(super) args: &'w Call,
    /// Arguments from the command line, added to those of each line.
    pub(super) given: &'w ArgumentInput,
    pub(super) typing: Typing,
    pub(super) tool: Option<&'w Tool>,
}

/// Calls the tool for each line and prints the results. Returns the exit code, and true if a call got -32602 or
/// a tool error.
pub(super) fn run(
    server: &mut Server,
    work: &Work<'_>,
    path: &Path,
) -> Result<(ExitCode, bool), CommandError> {
    let lines = open(path)?;
    let mut jobs = work.args.jobs;
    if jobs > 1 && server.client.session().transport() == Transport::Sse {
        work.context.console.note("mcpoke: a session over HTTP+SSE has one stream: --jobs 1");
        jobs = 1;
    }
    let queue = Queue {
        lines: Mutex::new(Lines { from: Some(lines), read: 0, taken: 0 }),
        state: Mutex::new(QueueState::default()),
        room: Condvar::new(),
        ahead: if work.args.unordered { usize::MAX } else { jobs.saturating_mul(AHEAD) },
    };
    let shared = Shared {
        work,
        queue: &queue,
        record: server.saved.record.as_ref(),
        credentials: &server.identity.sent,
        hint: &server.hint,
    };
    let client = &mut server.client;
    let start = Start {
        endpoint: client.endpoint().clone(),
        headers: client.headers().to_vec(),
        config: Arc::clone(client.config()),
        session: client.session().clone(),
        number_ids: client.uses_number_ids(),
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(|| shared.work_on(&start));
        }
        shared.work(client);
    });
    let refused = queue.state().refused;
    Ok((queue.finish(work.context)?, refused))
}

/// Opens a file of argument lines; `-` is standard input.
fn open(path: &Path) -> Result<Box<dyn BufRead + Send>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let unreadable = |error| Failure::usage(format!("cannot read {}: {error}", path.display()));
    Ok(Box::new(BufReader::new(file::open_stream(path).map_err(unreadable)?)))
}

/// Initial state of each worker's client.
struct Start {
    endpoint: Endpoint,
    headers: Vec<(String, String)>,
    config: Arc<ClientConfig>,
    session: Session,
    number_ids: bool,
}

/// State shared by the workers.
struct Shared<'s> {
    work: &'s Work<'s>,
    queue: &'s Queue,
    record: Option<&'s Record>,
    credentials: &'s ResolvedCredentials,
    hint: &'s TargetHint,
}

impl Shared<'_> {
    /// Runs a worker with its own client and connection.
    fn work_on(&self, start: &Start) {
        // A failure is explained by what its own connection did.
        let recorder = start.config.recorder.apart();
        let mut config = ClientConfig { recorder, ..ClientConfig::clone(&start.config) };
        // Each worker has its own line, and so its own time.
        config.number_ids = start.number_ids;
        config.options.budget = Some(Budget::new(config.options.limits.whole));
        let (endpoint, headers) = (start.endpoint.clone(), start.headers.clone());
        match Client::new(endpoint, headers, Arc::new(config)) {
            Ok(mut client) => {
                self.arm(&mut client, start.session.clone(), self.record.cloned());
                self.work(&mut client);
                if client.is_unsaved() {
                    // A failed close changes nothing for the user.
                    let _ = client.close();
                }
            }
            Err(error) => {
                let (kind, message, _) = from_transport(&error);
                self.queue.stop(Failure::new(kind, message).into());
            }
        }
    }

    /// Resumes the session and permits one renewal of it.
    fn arm(&self, client: &mut Client, session: Session, record: Option<Record>) {
        let renewal = record
            .map_or(Renewal::Never, |record| renewal(self.work.context, &record, self.credentials));
        client.resume(session, renewal);
    }

    /// Processes lines until there are no more.
    fn work(&self, client: &mut Client) {
        let work = self.work;
        while let Some((number, line)) = self.queue.next(&work.context.interrupt) {
            let before = client.session().clone();
            client.begin_operation();
            let outcome = self.call(client, &line);
            if *client.session() != before {
                // A renewal is permitted once: permit another one for the new session.
                let store = work.context.store();
                let record = self.record.and_then(|old| store?.load(&old.name).ok().flatten());
                let session = client.session().clone();
                let is_saved = record.as_ref().is_some_and(|record| record.session() == session);
                if is_saved {
                    self.arm(client, session, record);
                } else if client.is_unsaved() {
                    self.arm(client, session, None);
                } else {
                    // The renewal failed: the next line tries it again.
                    self.arm(client, before, record);
                }
            }
            // Drop the history: memory use must not grow with the number of lines.
            drop(client.take_history());
            self.queue.done(work, number, outcome);
        }
    }

    fn call(&self, client: &mut Client, line: &str) -> Result<Box<RawValue>, Failure> {
        let name = &self.work.args.tool;
        let arguments = self.arguments(line)?;
        let tool = self.work.tool;
        let rpc =
            RpcRequest { keeps_connection: true, ..RpcRequest::call_tool(name, &arguments, tool) };
        let outcome = client.request(&rpc).map(|answer| answer.result);
        outcome.map_err(|error| failed(error, client, self.hint))
    }

    fn arguments(&self, line: &str) -> Result<Map<String, Value>, Failure> {
        let wrong = |problems: Vec<String>| wrong_arguments(&self.work.args.tool, problems);
        let object = match serde_json::from_str(line) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return Err(wrong(vec!["the line is not a JSON object".to_owned()])),
            Err(error) => return Err(wrong(vec![format!("the line is not JSON: {error}")])),
        };
        let schema = self.work.tool.map(Tool::input_schema);
        self.work.given.under(object).typed(schema, self.work.typing).map_err(wrong)
    }
}

/// The lines still to process, and the results so far.
struct Queue {
    /// Locked separately from `state`: while one worker waits for input, others must be able to
    /// print.
    lines: Mutex<Lines>,
    state: Mutex<QueueState>,
    /// Notified when there is room for another result.
    room: Condvar,
    ahead: usize,
}

/// Reader of the argument lines.
struct Lines {
    from: Option<Box<dyn BufRead + Send>>,
    /// Number of the last line that was read, from 1.
    read: usize,
    /// Number of lines handed out to workers.
    taken: usize,
}

#[derive(Default)]
struct QueueState {
    /// Number of calls begun.
    begun: usize,
    /// Number of results printed.
    printed: usize,
    /// Results that wait for earlier ones, by the order of their calls.
    waiting: BTreeMap<usize, (String, ExitCode)>,
    failures: usize,
    /// A call got -32602 or a tool error.
    refused: bool,
    worst: Option<ExitCode>,
    /// With `--fail-early`, set after a failure: no further call is begun.
    enough: bool,
    stopped: Option<CommandError>,
}

impl QueueState {
    /// Takes the next result to print, if it is there.
    fn due(&mut self) -> Option<(String, ExitCode)> {
        let next = self.waiting.remove(&self.printed)?;
        self.printed += 1;
        Some(next)
    }
}

impl Lines {
    /// Reads the next line that is not blank; `None` at the end.
    fn next_line(&mut self) -> io::Result<Option<String>> {
        let Some(lines) = &mut self.from else { return Ok(None) };
        loop {
            let mut line = String::new();
            if lines.by_ref().take(file::MAX_SIZE + 1).read_line(&mut line)? == 0 {
                self.from = None;
                return Ok(None);
            }
            if line.len() as u64 > file::MAX_SIZE {
                return Err(io::Error::other("it is longer than 64 MiB"));
            }
            self.read += 1;
            if !line.trim().is_empty() {
                return Ok(Some(line));
            }
        }
    }
}

/// Identifies a line: the index of its call, and its line number in the file.
type Number = (usize, usize);

impl Queue {
    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the next line once there is room for its result; `None` at the end, after a stop
    /// or on Ctrl-C.
    fn next(&self, interrupt: &crate::transport::Interrupt) -> Option<(Number, String)> {
        let mut state = self.state();
        while state.stopped.is_none() && state.begun - state.printed >= self.ahead {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.begun += 1;
        drop(state);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = |state: MutexGuard<'_, QueueState>| state.stopped.is_some() || state.enough;
        if ended(self.state()) || interrupt.is_raised() {
            return None;
        }
        match lines.next_line() {
            Ok(line) => {
                let line = line?;
                // Reading may have blocked for long: check again.
                if ended(self.state()) || interrupt.is_raised() {
                    return None;
                }
                lines.taken += 1;
                Some(((lines.taken - 1, lines.read), line))
            }
            Err(error) => {
                let text = format!("line {} cannot be read: {error}", lines.read + 1);
                self.stop(Failure::usage(text).into());
                None
            }
        }
    }

    /// Stores a result and prints all results whose turn it is.
    fn done(&self, work: &Work<'_>, number: Number, outcome: Result<Box<RawValue>, Failure>) {
        let (order, line) = number;
        let refused = outcome.as_ref().is_err_and(Failure::refuses_parameters);
        let (text, code) = told(work, line, outcome);
        let mut state = self.state();
        state.refused |= refused || code == ExitCode::ToolFailed;
        if code != ExitCode::Success {
            state.failures += 1;
            state.worst = state.worst.max(Some(code));
            state.enough |= work.args.fail_early;
        }
        let turn = if work.args.unordered { state.printed } else { order };
        state.waiting.insert(turn, (text, code));
        while let Some((text, code)) = state.due() {
            match work.context.console.raw_line(&text) {
                Ok(()) => {}
                // A failure has no result for `--query` to select from: print the failure itself.
                Err(error) if PointerNotFound::is(&error) => {
                    // Ignore write errors: stderr may be closed.
                    let _ = work.context.console.err.server_text(&text);
                    if code == ExitCode::Success {
                        state.failures += 1;
                        state.worst = state.worst.max(Some(ExitCode::Usage));
                    }
                }
                Err(error) => {
                    state.stopped.get_or_insert(CommandError::Io(error));
                }
            }
        }
        let (done, failures) = (state.printed, state.failures);
        drop(state);
        self.room.notify_all();
        let err = &work.context.console.err;
        if err.terminal.is_terminal && !work.context.console.quiet {
            err.overlay.show(None, &so_far(done, failures), err.terminal.width);
        }
    }

    /// Stops all workers with this error; the first one is kept.
    fn stop(&self, why: CommandError) {
        self.state().stopped.get_or_insert(why);
        self.room.notify_all();
    }

    fn finish(self, context: &Context<'_>) -> Outcome {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        context.console.err.overlay.clear();
        if let Some(stop) = state.stopped {
            return Err(stop);
        }
        context.console.note(&so_far(state.printed, state.failures));
        if context.interrupt.is_raised() {
            return Ok(ExitCode::Interrupted);
        }
        Ok(state.worst.unwrap_or(ExitCode::Success))
    }
}

fn so_far(done: usize, failures: usize) -> String {
    let done = count(done, "call");
    match failures {
        0 => done,
        _ => format!("{done}, {failures} failed"),
    }
}

/// Formats a result or a failure as a line of JSON, and returns its exit code.
fn told(
    work: &Work<'_>,
    line: usize,
    outcome: Result<Box<RawValue>, Failure>,
) -> (String, ExitCode) {
    let failure = match outcome {
        Ok(raw) => {
            let is_error = ToolResult::reports_error(&raw).is_ok_and(|is_error| is_error);
            let code = if is_error { ExitCode::ToolFailed } else { ExitCode::Success };
            // One line, however the server formatted it; numbers and key order are kept.
            let text = json_line(raw.get());
            return (format!("{{\"line\":{line},\"result\":{text}}}"), code);
        }
        Err(failure) => failure,
    };
    let code = failure.kind.exit();
    let mut error = failure.to_json();
    let told = json!({"line": line, "error": error["error"].take()});
    (work.context.recorder.hide(&told.to_string()), code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &'static str) -> Lines {
        Lines { from: Some(Box::new(text.as_bytes())), read: 0, taken: 0 }
    }

    #[test]
    fn empty_lines_count_and_are_not_done() {
        let mut lines = lines("{\"a\":1}\n\n  \n{\"a\":2}");
        assert_eq!(lines.next_line().unwrap().as_deref(), Some("{\"a\":1}\n"));
        assert_eq!(lines.next_line().unwrap().as_deref(), Some("{\"a\":2}"));
        assert_eq!(lines.read, 4);
        assert_eq!(lines.next_line().unwrap(), None);
        assert_eq!(lines.next_line().unwrap(), None);
    }
}
