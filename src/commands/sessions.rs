//! `sessions` and `use`: list the saved servers and select the current one.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::login;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::failure::quoted;
use crate::output::{age, one_line, table};
use crate::redact::{Redactor, without_secrets};
use crate::run::target::socket;
use crate::run::{CommandError, Context, Outcome};
use crate::session::{Login, Record, Target, resolve};

pub(super) fn list(context: &Context<'_>) -> Outcome {
    let store = context.store_or_refuse("sessions")?;
    let mut redactor = context.recorder.redactor();
    let mut records = Vec::new();
    for name in store.names()? {
        match store.load(&name) {
            Ok(Some(record)) => records.push(record),
            Ok(None) => {}
            // One damaged file must not hide the others.
            Err(error) => context.console.note(&format!("mcpoke: {error:#}")),
        }
    }
    for record in &records {
        record.teach(&mut redactor);
    }
    let saved = Saved { records, logins: store.logins(), current: store.current()?, redactor };
    if context.options.wants_json() {
        context.console.value(&saved.to_json())?;
        return Ok(ExitCode::Success);
    }
    if saved.records.is_empty() && saved.logins.is_empty() {
        context.console.note("nothing is remembered yet\n\nnext: mcpoke init URL");
        return Ok(ExitCode::Success);
    }
    let text = table(&saved.rows(context), &[3, 30, 80], &context.console.out);
    context.console.line(&text)?;
    Ok(ExitCode::Success)
}

/// Everything that is saved.
struct Saved {
    records: Vec<Record>,
    logins: Vec<Login>,
    /// Name of the current server.
    current: Option<String>,
    redactor: Redactor,
}

impl Saved {
    fn login_of(&self, record: &Record) -> Option<&Login> {
        self.logins.iter().find(|login| record.is_at(&login.server))
    }

    /// Returns the logins at servers that are not saved yet.
    fn other_logins(&self) -> impl Iterator<Item = &Login> {
        let is_known = |login: &&Login| !self.records.iter().any(|one| one.is_at(&login.server));
        self.logins.iter().filter(is_known)
    }

    fn is_current(&self, record: &Record) -> bool {
        self.current.as_deref() == Some(record.name.as_str())
    }

    fn to_json(&self) -> Value {
        let records = self.records.iter().map(|record| {
            let mut told = to_json(record, self.is_current(record), &self.redactor);
            told["login"] = self.login_of(record).map_or(Value::Null, login::to_json);
            told
        });
        let others = self.other_logins().map(|login| {
            let url = self.redactor.url(&login.server);
            json!({"name": null, "url": url, "login": login::to_json(login)})
        });
        records.chain(others).collect()
    }

    /// Returns the rows of the table. Without any login, there is no column for them.
    fn rows(&self, context: &Context<'_>) -> Vec<Vec<String>> {
        let now = context.now();
        let mut rows: Vec<Vec<String>> =
            self.records.iter().map(|record| self.row(record, context)).collect();
        rows.extend(self.other_logins().map(|login| {
            let (url, about) = (self.redactor.url(&login.server), about(login, now));
            vec![String::new(), String::new(), url, "not begun".into(), String::new(), about]
        }));
        if self.logins.is_empty() {
            for row in &mut rows {
                row.truncate(5);
            }
        }
        rows
    }

    fn row(&self, record: &Record, context: &Context<'_>) -> Vec<String> {
        let opened = context.env.started.duration_since(record.opened_at()).unwrap_or_default();
        let session = record.session();
        let kept = match session.id() {
            _ if session.is_modern() => "no session needed",
            _ if !session.transport().is_http() => "a handshake for each command (HTTP+SSE)",
            Some(_) => "session",
            None => "no session",
        };
        let login = self.login_of(record).map(|login| about(login, context.now()));
        vec![
            if self.is_current(record) { "*" } else { "" }.to_owned(),
            record.name.clone(),
            self.redactor.url(&record.url),
            format!("{}, {kept}", record.protocol_version),
            format!("opened {} ago", age(opened)),
            login.unwrap_or_default(),
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

/// Formats a record as JSON, without secrets.
fn to_json(record: &Record, current: bool, redactor: &Redactor) -> Value {
    let capabilities = redactor.text(&record.capabilities.to_string()).into_owned();
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
        "capabilities": serde_json::from_str::<Value>(&capabilities).unwrap_or_default(),
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
    let Target::Saved(record, _) =
        resolve(Some(name), socket(context)?.as_deref(), Some(&store)).map_err(Failure::from)?
    else {
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
