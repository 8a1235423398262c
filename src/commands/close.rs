//! `close`: end the session with DELETE, and forget the server.

use crate::cli::Close;
use crate::client::{Closed, Renewal};
use crate::endpoint::Endpoint;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::failure::failed;
use crate::redact::without_secrets;
use crate::run::prepare::prepare_quietly;
use crate::run::settings::limits;
use crate::run::{CommandError, Context, Outcome};
use crate::session::{Record, Store, Target, resolve};

pub(super) fn run(context: &Context<'_>, args: &Close) -> Outcome {
    let store = context.store_or_refuse("close")?;
    if args.all {
        return close_all(context, &store, args.forget);
    }
    let named = args.name.as_deref().or_else(|| context.named());
    if let (true, Some(name)) = (args.forget, named)
        && store.load(name).is_err()
    {
        // A record that cannot be read can be forgotten all the same.
        store.remove_unread(name)?;
        context.console.note(&format!("{name}: forgotten"));
        return Ok(ExitCode::Success);
    }
    let Target::Saved(record, _) = resolve(named, Some(&store)).map_err(Failure::from)? else {
        let text = format!("`{}` is not remembered", without_secrets(named.unwrap_or_default()));
        return Err(Failure::usage(text).with_next("mcpoke sessions", "what is remembered").into());
    };
    close(context, &store, &record, args.forget)?;
    Ok(ExitCode::Success)
}

/// Ends what can be ended; the first failure is the command's, once all were tried.
fn close_all(context: &Context<'_>, store: &Store, forget: bool) -> Outcome {
    let mut failed = None;
    for name in store.names()? {
        let closed = match store.load(&name) {
            Ok(Some(record)) => close(context, store, &record, forget),
            Ok(None) => Ok(()),
            Err(_) if forget => store.remove_unread(&name).map_err(CommandError::from),
            Err(error) => Err(error.into()),
        };
        if let Err(stop) = closed {
            context.console.note(&format!("{name}: not ended"));
            failed.get_or_insert(stop);
        }
    }
    failed.map_or(Ok(ExitCode::Success), Err)
}

fn close(
    context: &Context<'_>,
    store: &Store,
    record: &Record,
    forget: bool,
) -> Result<(), CommandError> {
    // Whoever renews the session meanwhile waits, or is waited for.
    let limit = limits(context.options).whole;
    let _lock = store.lock(&record.url, limit).ok();
    let record = &store.load(&record.name)?.unwrap_or_else(|| record.clone());
    let what = if forget || record.session_id.is_none() {
        "forgotten".to_owned()
    } else {
        match end(context, record)? {
            Closed::Ended => "session ended and forgotten".to_owned(),
            Closed::AlreadyGone => {
                "forgotten; the server did not know its session any more".to_owned()
            }
            Closed::NotSupported => {
                "forgotten; the server does not let clients end sessions".to_owned()
            }
            Closed::Refused(status) => format!("forgotten; the server answered {status} to DELETE"),
        }
    };
    store.remove(record)?;
    context.console.note(&format!("{}: {what}", record.name));
    Ok(())
}

fn end(context: &Context<'_>, record: &Record) -> Result<Closed, CommandError> {
    let endpoint = Endpoint::parse(&record.url).map_err(Failure::usage)?;
    let mut prepared = prepare_quietly(context, Target::Saved(Box::new(record.clone()), endpoint))?;
    if !record.belongs_to(&prepared.expanded) {
        // A session is never sent with credentials that it was not opened with.
        return Err(Failure::usage(format!(
            "the session of {} was opened with other credentials than those at hand",
            record.name
        ))
        .with_next(format!("mcpoke close {} --forget", record.name), "forgets it without ending it")
        .into());
    }
    prepared.client.resume(record.session(), Renewal::Never);
    prepared.client.close().map_err(|error| {
        failed(error, &prepared.client, &prepared.spoken)
            .with_next(
                format!("mcpoke close {} --forget", record.name),
                "forgets it without ending it",
            )
            .into()
    })
}
