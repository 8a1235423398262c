//! Asks the user to approve a discovered configuration file before its entries may send headers or values of the
//! environment (compare direnv and the workspace trust of editors).

use std::path::Path;

use super::prompt::Asker;
use super::{CommandError, Context};
use crate::config::{Configured, ConfiguredServers, Reached};
use crate::failure::{Failure, quoted};
use crate::output::{cut, local_path, one_line};
use crate::redact::command_without_secrets;

/// Refuses an entry of a file that was found, if it uses more than a fixed URL and the user has not approved
/// the file as it is now.
pub(super) fn approve(
    context: &Context<'_>,
    found: &ConfiguredServers,
    server: &Configured,
) -> Result<(), CommandError> {
    let Some(file) = found.file.as_ref().filter(|_| found.is_discovered && server.needs_approval())
    else {
        return Ok(());
    };
    let store = context.store();
    if let Some(store) = &store
        && store.trusts(file, &found.digest).map_err(|error| Failure::state(&error))?
    {
        return Ok(());
    }
    let path = local_path(file);
    let text = format!(
        "`{}`, in {}, sends headers or values of your environment, and the file is not approved",
        one_line(&server.name),
        one_line(&path)
    );
    let failure = Failure::usage(text);
    let Some(store) = store else {
        let next = format!("repeat with --config {}", quoted(&path));
        return Err(failure.with_next(next, "uses the file for this command").into());
    };
    if context.env.stdin_is_terminal {
        for line in uses(found) {
            context.console.err.line(&line)?;
        }
    }
    if confirms(context, file) == Some(true) {
        store.trust(file, &found.digest).map_err(|error| Failure::state(&error))?;
        return Ok(());
    }
    let trust = format!("mcpoke trust {}", quoted(&path));
    Err(failure.with_next(trust, "shows what the file uses, and approves it").into())
}

/// Asks on the terminal whether to approve a file; `None` without a terminal.
pub(crate) fn confirms(context: &Context<'_>, file: &Path) -> Option<bool> {
    let asker = Asker::on_terminal(&context.console, &context.recorder, &context.interrupt);
    let mut asker = asker.filter(|_| context.env.stdin_is_terminal)?;
    Some(asker.confirms(&format!("Approve {}?", one_line(&local_path(file)))))
}

/// Describes what each server of a file uses: address, headers, variables, program.
pub(crate) fn uses(found: &ConfiguredServers) -> Vec<String> {
    found.servers.iter().flat_map(of_server).collect()
}

/// Cuts a name, and the spaces in it, so that it cannot look like a line of another server.
fn short(name: &str) -> String {
    cut(&name.split_whitespace().collect::<Vec<_>>().join(" "), 48)
}

fn of_server(server: &Configured) -> Vec<String> {
    let mut lines = Vec::new();
    let name = short(&one_line(&server.name));
    match &server.reached {
        Reached::Http(remote) => {
            lines.push(format!("{name}  {}", one_line(&remote.shown_url())));
            let headers: Vec<&str> = remote.headers.iter().map(|(name, _)| name.as_str()).collect();
            let variables = server.variables();
            for (what, names) in [("headers", headers), ("variables", variables)] {
                if !names.is_empty() {
                    lines.push(format!("  {what}: {}", one_line(&names.join(", "))));
                }
            }
        }
        Reached::Stdio(command) => {
            let command = command_without_secrets(command).join(" ");
            lines.push(format!("{name}  runs {}", one_line(&command)));
        }
        Reached::Unusable(why) => lines.push(format!("{name}  cannot be used: {}", one_line(why))),
    }
    lines
}
