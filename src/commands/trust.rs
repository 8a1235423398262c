//! `trust`: approves a configuration file that was found and not named by the user.

use serde_json::json;

use crate::cli::Trust;
use crate::config;
use crate::exit::ExitCode;
use crate::failure::{Failure, quoted};
use crate::output::{local_path, one_line};
use crate::run::approval::{confirms, uses};
use crate::run::{Context, Outcome};

pub(super) fn run(context: &Context<'_>, args: &Trust) -> Outcome {
    let store = context.store_or_refuse("trust")?;
    if args.list {
        let trusted = store.trusted().map_err(|error| Failure::state(&error))?;
        if context.options.wants_json() {
            context.console.value(&json!(trusted.keys().collect::<Vec<_>>()))?;
        } else if trusted.is_empty() {
            context.console.note("no file is approved");
        }
        for file in trusted.keys().filter(|_| !context.options.wants_json()) {
            context.console.line(&one_line(file))?;
        }
        return Ok(ExitCode::Success);
    }
    let folder = std::env::current_dir().unwrap_or_default();
    let named = args.file.as_deref().or(context.options.config.as_deref());
    let found = config::find(named, context.env, &folder);
    let Some(file) = found.file.clone() else {
        let text = "there is no .mcp.json here or above";
        return Err(Failure::usage(text)
            .with_next("mcpoke trust FILE", "names another file")
            .into());
    };
    if args.revoke {
        let was = store.revoke_trust(&file).map_err(|error| Failure::state(&error))?;
        let what = if was { "is no longer approved" } else { "was not approved" };
        context.console.note(&format!("mcpoke: {} {what}", local_path(&file)));
        // A remembered server would go on sending what the file says.
        for name in store.names().map_err(|error| Failure::state(&error))? {
            if let Ok(Some(record)) = store.load(&name)
                && record.file.as_ref() == Some(&file)
            {
                store.remove(&record).map_err(|error| Failure::state(&error))?;
                context.console.note(&format!("mcpoke: removed saved server {name}"));
            }
        }
        return Ok(ExitCode::Success);
    }
    if let Some(problem) = found.problems.first() {
        return Err(Failure::usage(problem.clone()).into());
    }
    for line in uses(&found) {
        context.console.line(&line)?;
    }
    if !args.yes {
        let is_approved = confirms(context, &file).ok_or_else(|| {
            Failure::usage("cannot ask for approval: stdin is not a terminal").with_next(
                format!("mcpoke trust {} --yes", quoted(&local_path(&file))),
                "approves what is shown above",
            )
        })?;
        if !is_approved {
            context.console.note("mcpoke: the file is not approved");
            return Ok(ExitCode::Usage);
        }
    }
    store.trust(&file, &found.digest).map_err(|error| Failure::state(&error))?;
    context.console.note(&format!("mcpoke: {} is approved as it is now", local_path(&file)));
    Ok(ExitCode::Success)
}
