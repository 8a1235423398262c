//! Handling of server requests (elicitation, roots, sampling): with `--answer`,
//! `--answers`, `--root` and `--sampling-command`, or a form on the terminal.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::input::read_file;
use super::prompt::{Asker, Choice};
use super::settings::{given_capabilities, limits};
use super::{CommandError, Context, shell};
use crate::arguments::ArgumentInput;
use crate::client::{Response, ServerRequestHandler, ServerRequests};
use crate::exchange::Recorder;
use crate::failure::Failure;
use crate::output::{Console, one_line};
use crate::protocol::form::Form;
use crate::protocol::{codes, methods};
use crate::transport::Interrupt;

/// Services that this run offers to the server.
pub(crate) struct Serving {
    /// Client capabilities to declare.
    pub(crate) capabilities: Value,
    /// Capabilities that this run relies on; a reused session must have declared them.
    pub(crate) wanted: Value,
    /// Problems with the user's answers to server requests.
    pub(crate) mistakes: Mistakes,
}

/// Descriptions of user answers that did not fit the requested form, shared with the
/// handler.
pub(crate) type Mistakes = Arc<Mutex<Vec<String>>>;

/// Builds the handler for server requests. Fails if `--answer`, `--answers`, `--root` or
/// `--capabilities` cannot be used.
pub(crate) fn answering(
    context: &Context<'_>,
    server: &str,
) -> Result<(ServerRequests, Serving), CommandError> {
    let options = context.options;
    let wrong = |problems: Vec<String>| {
        let failure = Failure::usage("--answers cannot be used");
        problems.into_iter().fold(failure, Failure::with_detail)
    };
    let file = options.answers.as_ref().map(|path| format!("@{}", path.display()));
    let given =
        ArgumentInput::read(file.as_deref(), &options.answer, &read_file).map_err(|problems| {
            wrong(
                problems.iter().map(|problem| problem.replacen("--args", "--answers", 1)).collect(),
            )
        })?;
    let roots = options.roots.iter().map(|path| root(path)).collect::<Result<Vec<_>, _>>()?;
    let answers_given = options.answers.is_some() || !given.is_empty();
    let asker = context
        .env
        .stdin_is_terminal
        .then(|| Asker::on_terminal(&context.console, &context.recorder, &context.interrupt))
        .flatten();
    let terminal = asker.is_some();
    let mistakes = Mistakes::default();

    let mut wanted = Map::new();
    if answers_given {
        wanted.insert("elicitation".to_owned(), json!({"form": {}}));
    }
    if !roots.is_empty() {
        wanted.insert("roots".to_owned(), json!({}));
    }
    if options.sampling_command.is_some() {
        wanted.insert("sampling".to_owned(), json!({}));
    }
    let mut offer = wanted.clone();
    if terminal {
        offer.insert("elicitation".to_owned(), json!({"form": {}, "url": {}}));
    }
    let handler = Answers {
        console: context.console.clone(),
        recorder: context.recorder.clone(),
        server: server.to_owned(),
        given: answers_given.then_some(given),
        roots,
        sampling: options.sampling_command.clone(),
        asker,
        mistakes: Arc::clone(&mistakes),
        limit: limits(options).whole,
        interrupt: context.interrupt.clone(),
    };
    let serving = Serving {
        capabilities: given_capabilities(options)?.unwrap_or(Value::Object(offer)),
        wanted: Value::Object(wanted),
        mistakes,
    };
    Ok((ServerRequests::handled_by(handler), serving))
}

/// Returns true if a session that declared `declared` permits everything in `wanted`.
pub(crate) fn covers(declared: &Value, wanted: &Value) -> bool {
    let has_form = |elicitation: &Value| {
        // An elicitation capability without modes means form mode (2025-11-25, Elicitation,
        // "Capabilities").
        let modes = elicitation.as_object();
        modes.is_some_and(|modes| modes.is_empty() || modes.contains_key("form"))
    };
    wanted.as_object().into_iter().flatten().all(|(name, _)| match name.as_str() {
        "elicitation" => has_form(&declared[name]),
        _ => declared.get(name).is_some(),
    })
}

/// Returns true if the session declared at least one capability that this run can serve.
pub(crate) fn meets(declared: &Value, offer: &Value) -> bool {
    offer.as_object().into_iter().flatten().any(|(name, _)| declared.get(name).is_some())
}

/// Converts a directory to a root: a `file://` URI and its name (schema `Root`). Fails if
/// the path is not an existing directory.
fn root(path: &std::path::Path) -> Result<Value, Failure> {
    let problem = |why: String| Failure::usage(format!("--root {}: {why}", path.display()));
    let full = path.canonicalize().map_err(|error| problem(error.to_string()))?;
    if !full.is_dir() {
        return Err(problem("is no folder".to_owned()));
    }
    let uri = url::Url::from_file_path(&full).map_err(|()| problem("has no URI".to_owned()))?;
    let name = full.file_name().map(|name| name.to_string_lossy().into_owned());
    let uri = match uri.as_str().strip_suffix('/') {
        Some(shorter) if shorter.len() > "file://".len() => shorter.to_owned(),
        _ => uri.to_string(),
    };
    Ok(json!({"uri": uri, "name": name.unwrap_or_else(|| "/".into())}))
}

/// Handler that replies with the user's options or asks on the terminal.
struct Answers {
    console: Console,
    recorder: Recorder,
    /// Display name of the server that asks.
    server: String,
    given: Option<ArgumentInput>,
    roots: Vec<Value>,
    sampling: Option<String>,
    asker: Option<Asker>,
    mistakes: Mistakes,
    limit: Option<Duration>,
    interrupt: Interrupt,
}

impl ServerRequestHandler for Answers {
    fn respond(&mut self, method: &str, params: &Value) -> Response {
        match method {
            methods::LIST_ROOTS if !self.roots.is_empty() => {
                Response::Result(json!({"roots": self.roots}))
            }
            methods::LIST_ROOTS => refused("no --root DIR was given"),
            methods::ELICIT => match params["mode"].as_str() {
                None | Some("form") => Response::Result(self.form(params)),
                Some("url") => Response::Result(self.url(params)),
                // The error for a mode that was not declared (2025-11-25, Elicitation, "Error
                // Handling").
                Some(_) => Response::Refused(
                    codes::INVALID_PARAMS,
                    "this mode was not declared".to_owned(),
                ),
            },
            methods::CREATE_MESSAGE => self.sample(params),
            _ => refused("this client offers no such method"),
        }
    }
}

fn refused(why: &str) -> Response {
    Response::Refused(codes::METHOD_NOT_FOUND, why.to_owned())
}

fn action(choice: Choice) -> Value {
    json!({"action": match choice {
        Choice::Accept => "accept",
        Choice::Decline => "decline",
        Choice::Cancel => "cancel",
    }})
}

impl Answers {
    /// Returns server text on one line, with control characters escaped and secrets hidden.
    fn safe(&self, text: &str) -> String {
        one_line(&self.recorder.hide(text))
    }

    fn note(&self, text: &str) {
        self.console.note(&format!("mcpoke: {text}"));
    }

    /// Replies to a form-mode elicitation with the given answers, the defaults, or the user's
    /// input.
    fn form(&mut self, params: &Value) -> Value {
        let form = Form::of(&params["requestedSchema"]);
        let message = self.safe(params["message"].as_str().unwrap_or_default());
        let answers = self.given.as_ref();
        let filled = form.fill(|field| answers?.value_of(&field.name, |word| field.read(word)));
        let complete = filled.missing.is_empty() && filled.problems.is_empty();
        let names: Vec<&str> = form.fields.iter().map(|field| field.name.as_str()).collect();
        // An empty `--answers` file accepts all defaults. Answers that name none of the fields are
        // meant for another form.
        let meant = answers.is_some_and(|given| {
            given.is_empty() || form.fields.iter().any(|field| given.names(&field.name))
        });
        if meant && complete {
            for unknown in answers.map(|given| given.others(&names)).unwrap_or_default() {
                self.note(&format!("the server's form has no field `{}`", self.safe(&unknown)));
            }
            return json!({"action": "accept", "content": filled.content});
        }
        if let Some(asker) = &mut self.asker {
            let (choice, content) = asker.form(&self.server, &message, &form, filled.content);
            let mut answer = action(choice);
            if choice == Choice::Accept {
                answer["content"] = Value::Object(content);
            }
            return answer;
        }
        let lacking: Vec<String> = form
            .fields
            .iter()
            .filter(|field| !meant || filled.missing.contains(&field.name))
            .map(|field| {
                let optional = if field.required { "" } else { ", optional" };
                format!("{} ({}{optional})", self.safe(&field.name), self.safe(&field.hint()))
            })
            .collect();
        let wants = if lacking.is_empty() { "an answer".to_owned() } else { lacking.join(", ") };
        self.note(&format!("the server asks “{message}” and requires {wants}"));
        if !filled.problems.is_empty() {
            let problems = filled.problems.iter().map(|problem| self.safe(problem));
            self.mistakes.lock().unwrap_or_else(PoisonError::into_inner).extend(problems);
            return action(Choice::Decline);
        }
        self.note(
            "declined, because this is not a terminal: use --answer KEY=VALUE or --answers FILE",
        );
        action(Choice::Decline)
    }

    /// Replies to a URL-mode elicitation. The URL is shown, but never opened.
    fn url(&mut self, params: &Value) -> Value {
        let message = self.safe(params["message"].as_str().unwrap_or_default());
        let url = self.safe(params["url"].as_str().unwrap_or_default());
        if let Some(asker) = &mut self.asker {
            return action(asker.url(&self.server, &message, &url));
        }
        self.note(&format!("the server asks “{message}” and requests a visit to {url}"));
        self.note("declined, because this is not a terminal: run the command in a terminal");
        action(Choice::Decline)
    }

    /// Replies to a sampling request by running `--sampling-command`. The request goes to its
    /// stdin; its stdout is the message, as text or as a `CreateMessageResult`.
    fn sample(&mut self, params: &Value) -> Response {
        let Some(command) = &self.sampling else {
            return refused("no --sampling-command CMD was given");
        };
        match shell::run(command, &params.to_string(), self.limit, &self.interrupt) {
            Ok(said) => {
                self.note(
                    "the server asked for a sample of a language model; --sampling-command gave it",
                );
                Response::Result(message_of(&said))
            }
            Err(why) => {
                self.note(&format!("--sampling-command {why}"));
                Response::Refused(
                    codes::INTERNAL_ERROR,
                    "the client could not sample a model".to_owned(),
                )
            }
        }
    }
}

/// Converts the output of `--sampling-command` to a `CreateMessageResult`. JSON with `role`
/// and `content` is used as it is; anything else becomes a text message.
fn message_of(said: &str) -> Value {
    if let Ok(value) = serde_json::from_str::<Value>(said)
        && value["role"].is_string()
        && value.get("content").is_some()
    {
        let mut value = value;
        if !value["model"].is_string() {
            value["model"] = json!("unknown");
        }
        return value;
    }
    // Do not report the command itself as the model: it may contain a secret.
    json!({
        "role": "assistant",
        "content": {"type": "text", "text": said.trim_end()},
        "model": "sampling-command",
        "stopReason": "endTurn",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_must_have_declared_what_is_wanted() {
        let form = json!({"elicitation": {"form": {}}});
        assert!(covers(&json!({}), &json!({})));
        assert!(!covers(&json!({}), &form));
        assert!(covers(&json!({"elicitation": {}}), &form));
        assert!(covers(&json!({"elicitation": {"form": {}, "url": {}}}), &form));
        assert!(!covers(&json!({"elicitation": {"url": {}}}), &form));
        assert!(!covers(&form, &json!({"roots": {}})));
        assert!(meets(&form, &json!({"elicitation": {}})) && !meets(&form, &json!({"roots": {}})));
    }

    #[test]
    fn a_command_says_text_or_a_whole_message() {
        let text = message_of("Paris\n");
        assert_eq!(text["content"], json!({"type": "text", "text": "Paris"}));
        let whole = r#"{"role":"assistant","content":{"type":"text","text":"x"},"model":"m"}"#;
        assert_eq!(message_of(whole)["model"], "m");
        let number = message_of("42");
        assert_eq!(number["content"]["text"], "42");
    }
}
