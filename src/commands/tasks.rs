//! `call --task`, `tasks` and `task`: calls that continue without a waiting client.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::cli::{Call, Listing, TaskArgs};
use crate::client::{Begun, EXTENSION, EraProbe, Task};
use crate::exit::ExitCode;
use crate::failure::quoted;
use crate::failure::{Failure, Kind};
use crate::output::{Destination, one_line};
use crate::protocol::tools::Tool;
use crate::protocol::{codes, methods};
use crate::run::connect::with_server;
use crate::run::list_view::{self, ListView};
use crate::run::result;
use crate::run::server::Server;
use crate::run::{CommandError, Context, Outcome};

/// Returns true if the tool must be called as a task: on the user's request, or because it
/// permits nothing else (2025-11-25, Tasks, "Tool-Level Negotiation").
pub(super) fn wanted(args: &Call, tool: Option<&Tool>, server: &Server) -> bool {
    let is_modern = server.client.session().is_modern();
    args.task
        || args.detach
        || (!is_modern && offers_tasks(server) && tool.is_some_and(Tool::wants_task))
}

/// Returns true if the server accepts calls as tasks, in its era.
fn offers_tasks(server: &Server) -> bool {
    let Some(offered) = server.capabilities() else { return false };
    if server.client.session().is_modern() {
        return offered["extensions"].get(EXTENSION).is_some();
    }
    // "If capabilities do not include tasks.requests.tools.call, then clients MUST NOT attempt to use task
    // augmentation on that server's tools, regardless of taskSupport".
    offered["tasks"]["requests"]["tools"].get("call").is_some()
}

/// Suggests `--task` for a call that reached a time limit, if the tool may be called as a task.
pub(super) fn suggest_for_slow(
    server: &Server,
    tool: Option<&Tool>,
    error: CommandError,
) -> CommandError {
    // In the modern era, the server decides for each call whether it becomes a task.
    let is_modern = server.client.session().is_modern();
    let may = offers_tasks(server) && (is_modern || tool.is_some_and(Tool::may_be_task));
    match error {
        CommandError::Failed(failure) if may && is_out_of_time(&failure) => failure
            .with_next(
                "repeat with --task",
                "lets the server run it as a task, which outlives a connection",
            )
            .into(),
        other => other,
    }
}

/// Returns true for a failure at a time limit.
fn is_out_of_time(failure: &Failure) -> bool {
    use crate::exchange::TransportErrorKind::{StoppedWaiting, TooSlow};
    let ended = failure.exchange.as_ref().and_then(|exchange| exchange.failure.as_ref());
    ended.is_some_and(|ended| matches!(ended.kind, TooSlow(_) | StoppedWaiting))
}

/// Calls a tool as a task and waits for its result; `None` with `--detach`.
pub(super) fn call(
    context: &Context<'_>,
    server: &mut Server,
    args: &Call,
    arguments: &Map<String, Value>,
    tool: Option<&Tool>,
) -> Result<Option<Box<RawValue>>, CommandError> {
    let ttl = args.ttl.map(std::time::Duration::from_secs_f64);
    let begun = server.client.begin_task(&args.tool, arguments, tool, ttl);
    let task = match begun.map_err(|error| server.fail(error))? {
        Begun::Done(raw) => {
            context
                .console
                .note("mcpoke: the server returned the result at once; there is no task.");
            return Ok(Some(raw));
        }
        Begun::Task(task) => task,
    };
    if let Some((store, name)) = server.memory() {
        // A task that is not saved can still be queried by its id.
        let _ = store.remember_task(name, &task.id);
    }
    if args.detach {
        if context.options.wants_json() {
            context.console.raw(task.raw.get())?;
        } else {
            context.console.out.server_text(&task.id)?;
        }
        if server.is_demo {
            context
                .console
                .note("mcpoke: the built-in server ends with this command, and so does the task.");
            return Ok(None);
        }
        let next = server.command(&format!("task {}", quoted(&task.id)));
        context.console.note(&format!("\nnext: {}  waits for its result", one_line(&next)));
        return Ok(None);
    }
    wait(context, server, task).map(Some)
}

/// Waits for a task's result. Interrupting the wait does not cancel the task.
fn wait(
    context: &Context<'_>,
    server: &mut Server,
    task: Task,
) -> Result<Box<RawValue>, CommandError> {
    let id = task.id.clone();
    let err = &context.console.err;
    let is_shown = err.terminal.is_terminal && !context.console.quiet;
    let outcome = server.client.wait_for_task(task, |task| {
        if is_shown {
            let said = task.message.as_deref().unwrap_or_default();
            let text = one_line(&context.recorder.hide(&format!("{}  {said}", task.status)));
            err.overlay.show(None, &text, err.terminal.width);
        }
    });
    match outcome {
        Ok(raw) => {
            if let Some((store, name)) = server.memory() {
                let _ = store.forget_task(name, &id);
            }
            Ok(raw)
        }
        Err(error) => {
            let mut stop = server.fail(error);
            if let CommandError::Failed(failure) = &mut stop
                && matches!(failure.kind, Kind::Interrupted | Kind::Limit)
            {
                // The advice for requests does not apply to a task.
                failure.details.clear();
                failure.details.push("The task goes on.".to_owned());
                failure.next.clear();
                let command = server.command(&format!("task {}", quoted(&id)));
                failure.next.push((command.clone(), "waits for its result"));
                failure.next.push((format!("{command} --cancel"), "ends it"));
            }
            Err(stop)
        }
    }
}

/// Runs `task ID`: waits for a task, shows its status, or cancels it.
pub(super) fn one(context: &Context<'_>, args: &TaskArgs) -> Outcome {
    with_server(context, EraProbe::Discover, |server| {
        if args.cancel {
            let raw = server.client.cancel_task(&args.id);
            let raw = raw.map_err(|error| server.fail(error))?;
            if context.options.wants_json() {
                context.console.raw(raw.get())?;
            } else {
                context.console.note("the server was asked to end the task");
            }
            return Ok(ExitCode::Success);
        }
        let task = server.client.task(&args.id).map_err(|error| server.fail(error))?;
        if args.status {
            if context.options.wants_json() {
                context.console.raw(task.raw.get())?;
            } else {
                context.console.line(&row(&task).join("  "))?;
            }
            return Ok(ExitCode::Success);
        }
        let raw = wait(context, server, task)?;
        let destination = Destination { stem: "task".to_owned(), ..Destination::default() };
        let is_error = result::print(context, &destination, &raw)?;
        Ok(if is_error { ExitCode::ToolFailed } else { ExitCode::Success })
    })
}

/// Runs `tasks`: lists the server's tasks. The modern era has no such list; there, it lists
/// the tasks that were started from here.
pub(super) fn list(context: &Context<'_>, listing: &Listing) -> Outcome {
    with_server(context, EraProbe::Discover, |server| {
        let tasks = if server.client.session().is_modern() {
            begun_here(server)?
        } else {
            let all = server.client.list(methods::LIST_TASKS, "tasks", usize::MAX);
            all.map_err(|error| no_tasks(server, error))?
        };
        let mut tasks = tasks;
        tasks.retain(|raw| {
            Task::parse(raw).is_some_and(|task| {
                listing.wants([Some(&*task.id), Some(&task.status), task.message.as_deref()])
            })
        });
        tasks.truncate(listing.limit.unwrap_or(usize::MAX));
        let widths = &[64, 16];
        let look = ListView { key: "tasks", none: "there are no tasks", below: None, widths };
        let name = |raw: &RawValue| Task::parse(raw).map(|task| task.id).unwrap_or_default();
        let row = |raw: &RawValue| Task::parse(raw).as_ref().map(row).unwrap_or_default();
        list_view::show(context, listing, &look, &tasks, name, row)?;
        Ok(ExitCode::Success)
    })
}

/// Returns the tasks that were started from here and that the server still has.
fn begun_here(server: &mut Server) -> Result<Vec<Box<RawValue>>, CommandError> {
    let Some((store, name)) = server.memory() else { return Ok(Vec::new()) };
    let (store, name) = (store.clone(), name.to_owned());
    let mut found = Vec::new();
    for id in store.tasks(&name)? {
        match server.client.task(&id) {
            Ok(task) => found.push(task.raw),
            Err(error) if is_unknown(&error) => {
                // The server no longer has this task.
                store.forget_task(&name, &id)?;
            }
            Err(error) => return Err(server.fail(error)),
        }
    }
    Ok(found)
}

/// Returns true if the server reports that there is no such task (tasks extension, "Error
/// Handling"). Other errors say nothing about the task.
fn is_unknown(error: &crate::client::Error) -> bool {
    matches!(&error.kind, crate::client::ErrorKind::Rpc(error) if error.code == Some(codes::INVALID_PARAMS))
}

fn no_tasks(server: &Server, error: crate::client::Error) -> CommandError {
    if error.is_unknown_method() {
        let text =
            format!("the server offers no tasks (`tasks`, or in the modern era {EXTENSION})");
        return Failure::new(Kind::Rpc, text).into();
    }
    server.fail(error)
}

fn row(task: &Task) -> Vec<String> {
    vec![
        one_line(&task.id),
        one_line(&task.status),
        one_line(task.message.as_deref().unwrap_or_default()),
    ]
}
