//! `sessions` and `use`: list the saved servers and select the current one.

use std::collections::HashSet;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::login;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::failure::quoted;
use crate::output::{age, one_line, print_table};
use crate::redact::{Redactor, without_secrets};
use crate::run::target::socket;
use crate::run::{CommandError, Context, Outcome};
use crate::session::{Login, Record, Store, Target, resolve};

pub(super) fn list(context: &Context<'_>) -> Outcome {
    let store = context.store_or_refuse("sessions")?;
    let redactor = context.recorder.redactor();
    let saved = Saved { logins: store.logins(), current: store.current()?, redactor };
    let names = store.names()?;
    if names.is_empty() && saved.logins.is_empty() && !context.options.wants_json() {
        context.console.note("no saved servers\n\nnext: mcpoke init URL");
        return Ok(ExitCode::Success);
    }
    let now = context.now();
    if context.options.wants_json() {
        let records =
            saved.of_all(context, &store, &names, |record, login| saved.to_json(record, login));
        let others = saved.other_logins(&records).map(|login| {
            let url = saved.redactor.url(&login.server);
            json!({"name": null, "url": url, "login": login::to_json(login)})
        });
        let others: Vec<Value> = others.collect();
        let all = records.into_iter().map(|(told, _)| told).chain(others).collect();
        context.console.value(&all)?;
        return Ok(ExitCode::Success);
    }
    let rows = saved.of_all(context, &store, &names, |record, login| saved.row(record, login, now));
    let others = saved.other_logins(&rows).map(|login| {
        let (url, about) = (saved.redactor.url(&login.server), about(login, now));
        vec![String::new(), String::new(), url, "not begun".into(), String::new(), about]
    });
    let others: Vec<Vec<String>> = others.collect();
    // Without any login, there is no column for them.
    let columns = if saved.logins.is_empty() { 5 } else { 6 };
    let rows = rows.iter().map(|(row, _)| row).chain(&others);
    let rows = rows.map(|row| row.iter().take(columns).cloned().collect());
    print_table(rows, &[3, 30, 80], &context.console.out)?;
    Ok(ExitCode::Success)
}

/// Logins, the current server, and a redactor.
struct Saved {
    logins: Vec<Login>,
    /// Name of the current server.
    current: Option<String>,
    redactor: Redactor,
}

impl Saved {
    /// Loads every record. Returns the result of `tell` and the index of its login. The records of many servers are
    /// read in several threads.
    fn of_all<T: Send>(
        &self,
        context: &Context<'_>,
        store: &Store,
        names: &[String],
        tell: impl Fn(&Record, Option<&Login>) -> T + Sync,
    ) -> Vec<(T, Option<usize>)> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let size = names.len().div_ceil(threads).max(100);
        let one = |name: &String| {
            let record = store.load(name)?;
            Ok(record.map(|record| {
                let at = self.logins.iter().position(|login| record.is_at(&login.server));
                (tell(&record, at.map(|at| &self.logins[at])), at)
            }))
        };
        let all: Vec<anyhow::Result<_>> = std::thread::scope(|scope| {
            let parts: Vec<_> = names
                .chunks(size)
                .map(|part| scope.spawn(|| part.iter().map(one).collect::<Vec<_>>()))
                .collect();
            parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
        });
        let told = all.into_iter().filter_map(|loaded| {
            // One damaged file must not hide the others.
            let note = |error| context.console.note(&format!("mcpoke: {error:#}"));
            loaded.map_err(note).ok().flatten()
        });
        told.collect()
    }

    /// Returns the logins at servers that are not saved yet.
    fn other_logins<T>(&self, told: &[(T, Option<usize>)]) -> impl Iterator<Item = &Login> {
        let known: HashSet<usize> = told.iter().filter_map(|(_, login)| *login).collect();
        let all = self.logins.iter().enumerate();
        all.filter(move |(at, _)| !known.contains(at)).map(|(_, login)| login)
    }

    /// Returns a redactor that knows the secrets of a record.
    fn redactor_of(&self, record: &Record) -> Redactor {
        let mut redactor = self.redactor.clone();
        record.teach(&mut redactor);
        redactor
    }

    /// Returns the URL of a record for display.
    fn shown_url(&self, record: &Record) -> String {
        // Of the secrets of a record, only these can be in its URL.
        if record.hidden.is_empty() && record.headers.is_empty() && record.bearer.is_none() {
            return self.redactor.url(&record.url);
        }
        self.redactor_of(record).url(&record.url)
    }

    fn is_current(&self, record: &Record) -> bool {
        self.current.as_deref() == Some(record.name.as_str())
    }

    /// Formats a record as JSON, without secrets.
    fn to_json(&self, record: &Record, login: Option<&Login>) -> Value {
        let redactor = self.redactor_of(record);
        let capabilities = redactor.text(&record.capabilities.to_string()).into_owned();
        json!({
            "name": record.name,
            "current": self.is_current(record),
            "url": redactor.url(&record.url),
            "era": record.era,
            "transport": record.transport.as_str(),
            "protocolVersion": record.protocol_version,
            "hasSession": record.session_id.is_some(),
            "opened": record.opened,
            "server": record.server,
            "capabilities": serde_json::from_str::<Value>(&capabilities).unwrap_or_default(),
            "login": login.map_or(Value::Null, login::to_json),
        })
    }

    /// Returns the row of a record in the table.
    fn row(&self, record: &Record, login: Option<&Login>, now: SystemTime) -> Vec<String> {
        let opened = now.duration_since(record.opened_at()).unwrap_or_default();
        let session = record.session();
        let kept = match session.id() {
            _ if session.is_modern() => "no session needed",
            _ if !session.transport().is_http() => "a handshake for each command (HTTP+SSE)",
            Some(_) => "session",
            None => "no session",
        };
        vec![
            if self.is_current(record) { "*" } else { "" }.to_owned(),
            record.name.clone(),
            self.shown_url(record),
            format!("{}, {kept}", record.protocol_version),
            format!("opened {} ago", age(opened)),
            login.map(|login| about(login, now)).unwrap_or_default(),
        ]
    }
}

/// Describes a login: whose it is, what it allows, and until when.
fn about(login: &Login, now: SystemTime) -> String {
    let expires = if login.is_expired(now) { "" } else { "expires " };
    let until = format!("{expires}{}", login::expiry(login, now));
    let parts = [login::who(login), login.allows().join(" "), until];
    let parts = parts.iter().filter(|part| !part.is_empty());
    one_line(&parts.map(String::as_str).collect::<Vec<_>>().join(", "))
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
    let Target::Saved(record, _) =
        resolve(Some(name), socket(context)?.as_deref(), Some(&store)).map_err(Failure::from)?
    else {
        return Err(CommandError::from(
            Failure::usage(format!("no saved server `{}`", without_secrets(name))).with_next(
                format!("mcpoke init {}", quoted(&without_secrets(name))),
                "does the handshake and saves the session",
            ),
        ));
    };
    store.set_current(&record.name)?;
    context.console.note(&format!("{} is now the current server", record.name));
    Ok(ExitCode::Success)
}
