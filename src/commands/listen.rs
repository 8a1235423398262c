//! `listen`: prints server notifications until Ctrl-C, each as a line of text or JSON.

use std::io;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::cli::Listen;
use crate::client::{Ended, EraProbe, Notification, NotificationHandler, Notifications};
use crate::exchange::Recorder;
use crate::exit::ExitCode;
use crate::failure::{Failure, Kind};
use crate::output::{Console, one_line};
use crate::run::CommandError;
use crate::run::connect::with_server_watching;
use crate::run::interrupt::end_after;
use crate::run::progress::{Watching, as_json, log_line, progress_of};
use crate::run::server::Server;
use crate::run::{Context, Outcome};
use crate::transport::Interrupt;

pub(super) fn run(context: &Context<'_>, args: &Listen) -> Outcome {
    let events = Events {
        console: context.console.clone(),
        is_json: context.options.wants_json(),
        recorder: context.recorder.clone(),
        interrupt: context.interrupt.clone(),
        left: args.count,
    };
    let notifications = Notifications::handled_by(events);
    let watching = Watching { notifications, ..Watching::progress(context) };
    with_server_watching(context, EraProbe::Discover, watching, |server| {
        let options = context.options;
        let mut is_first = true;
        if let Some(seconds) = args.seconds {
            end_after(&context.interrupt, Duration::from_secs_f64(seconds));
        }
        let ended = server.client.listen_to(
            &args.uris,
            |limits| {
                let given = |seconds: Option<f64>| seconds.map(Duration::from_secs_f64);
                limits.silence = given(options.silence_timeout).filter(|limit| !limit.is_zero());
            },
            |agreed| {
                if !std::mem::take(&mut is_first) {
                    return;
                }
                say_ready(context, args, agreed);
            },
        );
        match ended.map_err(|error| no_stream(server, error))? {
            Ended::Here => {}
            Ended::There => context.console.note("mcpoke: the server has ended the stream."),
        }
        Ok(ExitCode::Success)
    })
}

/// Prints that the stream is open, and notes resources that the server will not report on.
fn say_ready(context: &Context<'_>, args: &Listen, agreed: Option<&Value>) {
    let console = &context.console;
    console.note("listening; Ctrl-C ends it");
    let Some(agreed) = agreed else { return };
    let granted = agreed["resourceSubscriptions"].as_array();
    for uri in &args.uris {
        if !granted.is_some_and(|granted| granted.iter().any(|one| one == uri.as_str())) {
            console
                .note(&format!("mcpoke: the server sends no notifications for {}", one_line(uri)));
        }
    }
}

fn no_stream(server: &Server, error: crate::client::Error) -> CommandError {
    if error.is_unknown_method() {
        let text = "the server sends no notifications: it has no subscriptions/listen";
        return Failure { exchange: error.exchange, ..Failure::new(Kind::Rpc, text) }.into();
    }
    let status = error.exchange.as_ref().filter(|shown| shown.request.method == "GET");
    let refused = status.and_then(|exchange| exchange.status()) == Some(405);
    match server.fail(error) {
        CommandError::Failed(failure) if refused => {
            let mut failure = *failure;
            "the server offers no stream to listen on".clone_into(&mut failure.message);
            failure.findings.clear();
            failure.next.clear();
            failure.into()
        }
        other => other,
    }
}

/// Prints notifications to stdout.
struct Events {
    console: Console,
    is_json: bool,
    recorder: Recorder,
    interrupt: Interrupt,
    /// Number of notifications still to print; `None` is no limit.
    left: Option<u64>,
}

impl NotificationHandler for Events {
    fn on_notification(&mut self, notice: Notification<'_>) {
        if self.left == Some(0) {
            return;
        }
        let written = if self.is_json {
            self.console.raw_line(&self.recorder.hide(&as_json(notice)))
        } else {
            self.console.line(&one_line(&self.recorder.hide(&line_of(notice, SystemTime::now()))))
        };
        self.left = self.left.map(|left| left - 1);
        let over = written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        if over || self.left == Some(0) {
            self.interrupt.raise();
        }
    }
}

/// Formats a notification as a line: time, method and the relevant parameters.
fn line_of(notice: Notification<'_>, now: SystemTime) -> String {
    let mut params = notice.value();
    if let Some(params) = params.as_object_mut() {
        params.remove("_meta");
    }
    let what = notice.method.strip_prefix("notifications/").unwrap_or(notice.method);
    let about = match what {
        "message" => log_line(&params),
        "progress" => progress_of(&params).1,
        "resources/updated" => params["uri"].as_str().unwrap_or_default().to_owned(),
        _ if params.as_object().is_none_or(serde_json::Map::is_empty) => String::new(),
        _ => params.to_string(),
    };
    let now = humantime::format_rfc3339_seconds(now);
    format!("{now}  {what}  {about}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;

    #[test]
    fn an_event_is_a_line() {
        let line = |method: &str, params: Option<&str>| {
            let params = params.map(|text| RawValue::from_string(text.to_owned()).unwrap());
            line_of(Notification { method, params: params.as_deref() }, SystemTime::UNIX_EPOCH)
        };
        let updated =
            line("notifications/resources/updated", Some(r#"{"uri":"a://b","_meta":{}}"#));
        assert_eq!(updated, "1970-01-01T00:00:00Z  resources/updated  a://b");
        let changed = line("notifications/tools/list_changed", Some(r#"{"_meta":{"x":1}}"#));
        assert_eq!(changed, "1970-01-01T00:00:00Z  tools/list_changed");
        assert!(line("notifications/other", Some(r#"{"a":1}"#)).ends_with(r#"other  {"a":1}"#));
        assert!(line("notifications/other", None).ends_with("other"));
    }
}
