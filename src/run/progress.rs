//! Display of progress and log messages while a request runs.

use std::io;

use serde_json::Value;

use super::Context;
use crate::cli::{LogLevel, ProgressChoice};
use crate::client::{Notification, NotificationHandler, Notifications};
use crate::exchange::Recorder;
use crate::output::{Console, json_line, one_line};
use crate::protocol::methods;

/// Notifications to request from the server, and their handler.
#[derive(Default)]
pub(crate) struct Watching {
    pub(crate) notifications: Notifications,
    pub(crate) wants_progress: bool,
    pub(crate) log_level: Option<&'static str>,
}

impl Watching {
    /// Shows progress and log messages if the options request them. A probe sends only its own request.
    pub(crate) fn progress(context: &Context<'_>) -> Self {
        let options = context.options;
        if options.probe().is_some() {
            return Self::default();
        }
        let choice = match options.progress {
            ProgressChoice::Auto if context.console.err.terminal.is_terminal => {
                ProgressChoice::Auto
            }
            ProgressChoice::Auto | ProgressChoice::None => ProgressChoice::None,
            // An explicit choice needs no terminal; `--quiet` is checked below.
            other => other,
        };
        let quiet = context.console.quiet && choice != ProgressChoice::Json;
        let is_shown = choice != ProgressChoice::None && !quiet;
        let notifications = if is_shown {
            Notifications::handled_by(Shown {
                console: context.console.clone(),
                recorder: context.recorder.clone(),
                choice,
            })
        } else {
            Notifications::default()
        };
        Self {
            notifications,
            wants_progress: is_shown,
            log_level: options.log_level.map(LogLevel::as_str),
        }
    }
}

/// Shows notifications on stderr.
struct Shown {
    console: Console,
    recorder: Recorder,
    choice: ProgressChoice,
}

impl NotificationHandler for Shown {
    fn on_notification(&mut self, notice: Notification<'_>) {
        if self.choice == ProgressChoice::Json {
            // Ignore write errors: the request continues.
            let _ = self.console.err.server_text(&self.recorder.hide(&as_json(notice)));
            return;
        }
        let params = notice.value();
        let shown = match notice.method {
            methods::PROGRESS => self.progress(&params),
            methods::LOG_MESSAGE => self.console.err.line(&self.safe(&log_line(&params))),
            _ => Ok(()),
        };
        let _ = shown;
    }
}

impl Shown {
    fn safe(&self, text: &str) -> String {
        one_line(&self.recorder.hide(text))
    }

    fn progress(&self, params: &Value) -> io::Result<()> {
        let (fraction, text) = progress_of(params);
        let text = self.safe(&text);
        if self.choice == ProgressChoice::Auto {
            let err = &self.console.err;
            err.overlay.show(fraction, &text, err.terminal.width);
            return Ok(());
        }
        self.console.err.line(&text)
    }
}

/// Formats a notification as JSON: its method, and its parameters as the server wrote them.
pub(crate) fn as_json(notice: Notification<'_>) -> String {
    let method = Value::from(notice.method);
    match notice.params {
        Some(params) => {
            format!("{{\"method\":{method},\"params\":{}}}", json_line(params.get()))
        }
        None => format!("{{\"method\":{method}}}"),
    }
}

/// Returns the progress as a fraction from 0 to 1, if the total is known, and as text
/// (schema `ProgressNotificationParams`).
pub(crate) fn progress_of(params: &Value) -> (Option<f64>, String) {
    let total = params["total"].as_f64().filter(|total| *total > 0.0);
    let fraction = total.and_then(|total| Some(params["progress"].as_f64()? / total));
    let number = |value: &Value| if value.is_number() { value.to_string() } else { "?".to_owned() };
    let of = total.map_or(String::new(), |_| format!(" of {}", params["total"]));
    let said = params["message"].as_str().map_or(String::new(), |said| format!("  {said}"));
    (fraction, format!("{}{of}{said}", number(&params["progress"])))
}

/// Formats a log message as a line: level, logger, text (schema
/// `LoggingMessageNotificationParams`).
pub(crate) fn log_line(params: &Value) -> String {
    let level = params["level"].as_str().unwrap_or("?");
    let logger = params["logger"].as_str().map(|logger| format!(" {logger}"));
    let data = match &params["data"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("{level}{}: {data}", logger.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn progress_is_a_share_where_the_total_is_known() {
        let (fraction, text) =
            progress_of(&json!({"progress": 2, "total": 8, "message": "Reading"}));
        assert_eq!((fraction, text.as_str()), (Some(0.25), "2 of 8  Reading"));
        assert_eq!(progress_of(&json!({"progress": 7})), (None, "7".to_owned()));
        assert_eq!(progress_of(&json!({"progress": 7, "total": 0})).0, None);
        assert_eq!(progress_of(&json!({})), (None, "?".to_owned()));
    }

    #[test]
    fn a_log_message_is_a_line() {
        let text = log_line(&json!({"level": "warning", "logger": "db", "data": "slow"}));
        assert_eq!(text, "warning db: slow");
        assert_eq!(log_line(&json!({"level": "info", "data": {"a": 1}})), "info: {\"a\":1}");
    }
}
