//! `servers`: lists the servers in configuration files.

use serde_json::{Value, json};

use crate::config::{Configured, Reached};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::output::{local_path, one_line, table};
use crate::redact::command_without_secrets;
use crate::run::target::configured;
use crate::run::{Context, Outcome};

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let found = configured(context);
    let console = &context.console;
    if let (Some(problem), true) = (found.problems.first(), found.servers.is_empty()) {
        return Err(Failure::usage(problem.clone()).into());
    }
    if context.options.wants_json() {
        console.value(&found.servers.iter().map(to_json).collect())?;
        return Ok(ExitCode::Success);
    }
    if found.servers.is_empty() {
        console.note(&match &found.file {
            Some(file) => format!("no server is configured: {} names none", local_path(file)),
            None => "no server is configured: there is no .mcp.json here or above".to_owned(),
        });
        console.note(
            "\nnext: mcpoke servers --config FILE  (of Claude, Cursor, VS Code, Windsurf, …)",
        );
        return Ok(ExitCode::Success);
    }
    let rows: Vec<Vec<String>> = found
        .servers
        .iter()
        .map(|server| {
            let how = match &server.reached {
                Reached::Http(remote) => remote.shown_url(),
                Reached::Stdio(command) => {
                    format!("stdio: {}", command_without_secrets(command).join(" "))
                }
                Reached::Unusable(why) => format!("cannot be used: {why}"),
            };
            vec![one_line(&server.name), one_line(&how), local_path(&server.file)]
        })
        .collect();
    console.line(&table(&rows, &[30, 80], &console.out))?;
    console.note("\nnext: mcpoke -s NAME list-tools");
    Ok(ExitCode::Success)
}

fn to_json(server: &Configured) -> Value {
    let mut value = json!({"name": server.name, "file": server.file});
    match &server.reached {
        Reached::Http(remote) => {
            value["transport"] = json!("http");
            value["url"] = json!(remote.shown_url());
            // Values may be plain-text secrets: list only the names.
            let names: Vec<&str> = remote.headers.iter().map(|(name, _)| name.as_str()).collect();
            value["headers"] = json!(names);
        }
        Reached::Stdio(command) => {
            value["transport"] = json!("stdio");
            value["command"] = json!(command_without_secrets(command));
        }
        Reached::Unusable(why) => value["problem"] = json!(why),
    }
    value
}
