//! `sessions` and `use`: list the saved servers and select the current one.

use serde_json::{Value, json};

use super::login;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::failure::quoted;
use crate::output::{age, one_line, table};
use crate::redact::{Redactor, without_secrets};
use crate::run::{CommandError, Context, Outcome};
use crate::session::{Login, Record, Target, resolve};

pub(super) fn list(context: &Context<'_>) -> Outcome {
    let store = context.store_or_refuse("sessions")?;
    let current = store.current()?;
    let mut records = Vec::new();
    for name in store.names()? {
        match store.load(&name) {
            Ok(Some(record)) => records.push(record),
            Ok(None) => {}
            // One damaged file must not hide the others.
            Err(error) => context.console.note(&format!("mcpoke: {error:#}")),
        }
    }
    let logins = store.logins();
    let of = |record: &Record| logins.iter().find(|login| record.is_at(&login.server));
    // A login may exist for a server that is not saved yet.
    let apart = || {
        let is_known = |login: &&Login| !records.iter().any(|record| record.is_at(&login.server));
        logins.iter().filter(is_known)
    };
    let mut redactor = context.recorder.redactor();
    for record in &records {
        record.teach(&mut redactor);
    }
    let is_current = |record: &Record| current.as_deref() == Some(record.name.as_str());
    if context.options.wants_json() {
        let known = records.iter().map(|record| {
            let mut told = to_json(record, is_current(record), &redactor);
            told["login"] = of(record).map_or(Value::Null, login::to_json);
            told
        });
        let apart = apart().map(|login| {
            json!({"name": null, "url": redactor.url(&login.server), "login": login::to_json(login)})
        });
        let all = known.chain(apart).collect();
        context.console.value(&Value::Array(all))?;
        return Ok(ExitCode::Success);
    }
    if records.is_empty() && logins.is_empty() {
        context.console.note("nothing is remembered yet\n\nnext: mcpoke init URL");
        return Ok(ExitCode::Success);
    }
    let now = context.now();
    let about = |login: &Login| {
        let scopes = login.allows().join(" ");
        let expiry = login::expiry(login, now);
        let expires = if login.is_expired(now) { "" } else { "expires " };
        let parts = [login::who(login), scopes, format!("{expires}{expiry}")];
        let parts = parts.iter().filter(|part| !part.is_empty());
        one_line(&parts.map(String::as_str).collect::<Vec<_>>().join(", "))
    };
    let mut rows: Vec<Vec<String>> = records
        .iter()
        .map(|record| {
            let opened = context.env.started.duration_since(record.opened_at()).unwrap_or_default();
            let session = record.session();
            let kept = match session.id() {
                _ if session.is_modern() => "no session needed",
                _ if !session.transport().is_http() => "a handshake for each command (HTTP+SSE)",
                Some(_) => "session",
                None => "no session",
            };
            vec![
                if is_current(record) { "*" } else { "" }.to_owned(),
                record.name.clone(),
                redactor.url(&record.url),
                format!("{}, {kept}", record.protocol_version),
                format!("opened {} ago", age(opened)),
                of(record).map(about).unwrap_or_default(),
            ]
        })
        .collect();
    rows.extend(apart().map(|login| {
        let url = redactor.url(&login.server);
        vec![String::new(), String::new(), url, "not begun".into(), String::new(), about(login)]
    }));
    if logins.is_empty() {
        // Without any login, drop the empty login column.
        for row in &mut rows {
            row.truncate(5);
        }
    }
    let text = table(&rows, &[3, 30, 80], &context.console.out);
    context.console.line(&text)?;
    Ok(ExitCode::Success)
}

/// Formats a record as JSON, without secrets.
fn to_json(record: &Record, current: bool, redactor: &Redactor) -> Value {
    json!({
        "name": record.name,
        "current": current,
        "url": redactor.url(&record.url),
        "era": record.era,
        "transport": record.transport.as_str(),
        "protocolVersion": record.protocol_version,
        "hasSession": record.session_id.is_some(),
        "opened": record.opened,
        "server": record.server,
        "capabilities": record.capabilities,
    })
}

pub(super) fn choose(context: &Context<'_>, name: &str) -> Outcome {
    let store = context.store_or_refuse("use")?;
    if name == "demo" {
        let text =
            "the built-in server lives only as long as a command: it cannot be the current one";
        return Err(Failure::usage(text)
            .with_next("mcpoke -s demo list-tools", "uses it directly")
            .into());
    }
    let Target::Saved(record, _) = resolve(Some(name), Some(&store)).map_err(Failure::from)? else {
        return Err(CommandError::from(
            Failure::usage(format!("`{}` is not remembered", without_secrets(name))).with_next(
                format!("mcpoke init {}", quoted(&without_secrets(name))),
                "does the handshake and remembers it",
            ),
        ));
    };
    store.set_current(&record.name)?;
    context.console.note(&format!("{} is now the current server", record.name));
    Ok(ExitCode::Success)
}
