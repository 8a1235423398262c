//! `close`: ends the session with DELETE and forgets the server.

use crate::cli::Close;
use crate::client::{Closed, Renewal};
use crate::endpoint::Endpoint;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::failure::failed;
use crate::redact::without_secrets;
use crate::run::prepare::prepare_quietly;
use crate::run::settings::limits;
use crate::run::target::socket;
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
        // A damaged record cannot be closed, but it can be deleted.
        store.remove_unread(name)?;
        context.console.note(&format!("{name}: forgotten"));
        return Ok(ExitCode::Success);
    }
    let Target::Saved(record, _) =
        resolve(named, socket(context)?.as_deref(), Some(&store)).map_err(Failure::from)?
    else {
        let text = format!("no saved server `{}`", without_secrets(named.unwrap_or_default()));
        return Err(Failure::usage(text)
            .with_next("mcpoke sessions", "lists the saved servers")
            .into());
    };
    close(context, &store, &record, args.forget)?;
    Ok(ExitCode::Success)
}

/// Closes every saved session. Tries all of them, then returns the first failure.
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
    // Another process may be renewing the session: wait for it, or make it wait.
    let limit = limits(context.options).whole;
    let _lock = store.lock(&record.url, limit).ok();
    // Another process may have renewed the session before this one got the lock.
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
            Closed::Refused(status) => format!("forgotten; DELETE returned {status}"),
        }
    };
    store.remove(record)?;
    context.console.note(&format!("{}: {what}", record.name));
    Ok(())
}

fn end(context: &Context<'_>, record: &Record) -> Result<Closed, CommandError> {
    let endpoint = Endpoint::from_key(&record.url).map_err(Failure::usage)?;
    let mut server = prepare_quietly(context, Target::Saved(Box::new(record.clone()), endpoint))?;
    if !record.belongs_to(&server.identity.sent) {
        // A session id is only sent with the credentials that the session was opened with.
        return Err(Failure::usage(format!(
            "the session of {} was opened with other credentials",
            record.name
        ))
        .with_next(format!("mcpoke close {} --forget", record.name), "removes it without DELETE")
        .into());
    }
    server.client.resume(record.session(), Renewal::Unasked);
    server.client.close().map_err(|error| {
        failed(error, &server.client, &server.hint)
            .with_next(
                format!("mcpoke close {} --forget", record.name),
                "removes it without DELETE",
            )
            .into()
    })
}
