//! Target, credentials and transport options, resolved before anything is sent.

use std::sync::Arc;

use serde_json::json;

use super::answering::answering;
use super::authorize::{Authorization, Shared};
use super::credentials::{Identity, Tokens};
use super::progress::Watching;
use super::server::{ReceivedTools, Saved, Server};
use super::settings::{self, given_credentials, limits};
use super::{CommandError, Context};
use crate::cli::RequestIdType;
use crate::client::{Client, ClientConfig};
use crate::demo::{self, Demo};
use crate::endpoint::Endpoint;
use crate::failure::{Failure, Kind, TargetHint, from_transport, quoted};
use crate::redact::without_secrets;
use crate::session::{Credentials, FromFile, Record, Target};
use crate::transport;

/// Resolves target, credentials and transport options. Sends nothing to the server; may
/// refresh an expiring token.
pub(crate) fn prepare(
    context: &Context<'_>,
    target: Target,
    watching: Watching,
) -> Result<Server, CommandError> {
    prepare_with(context, target, Tokens::Renew, watching)
}

/// Like `prepare`, but never prompts (used by `trace` and `close`).
pub(crate) fn prepare_quietly(
    context: &Context<'_>,
    target: Target,
) -> Result<Server, CommandError> {
    prepare_with(context, target, Tokens::Refresh, Watching::default())
}

/// Like `prepare`, with an explicit token policy.
pub(crate) fn prepare_with(
    context: &Context<'_>,
    target: Target,
    tokens: Tokens,
    watching: Watching,
) -> Result<Server, CommandError> {
    let by_user = target.is_named_by_user();
    let Named { endpoint, record, file, is_demo } = named(target)?;
    let options = context.options;
    let mut given = given_credentials(options)?;
    // A record that belongs to another entry must not be replaced.
    let for_this_run = given != Credentials::default()
        || file.as_ref().zip(record.as_ref()).is_some_and(|(file, record)| {
            record.file.as_ref() != Some(&file.file) || record.name != file.name
        });
    if let Some(file) = &file {
        // Use what the file says now, not what it said when the server was saved.
        given = given.or(&file.credentials);
    } else if let Some(record) = &record {
        given = given.or(&record.credentials());
    }
    context.recorder.learn(|redactor| {
        redactor.learn_query(endpoint.as_str());
        if let Some(record) = &record {
            record.teach(redactor);
        }
    });
    let http = http_options(context, &endpoint, record.as_ref());
    let mut identity = if is_demo {
        Identity::for_demo(context, given)?
    } else {
        let login = || Authorization::of(context, &endpoint, record.as_ref(), &http);
        Identity::find(context, given, by_user, tokens, login)?
    };
    identity.for_this_run = for_this_run;
    let asked_by = match &record {
        Some(record) => format!("{} ({})", record.name, endpoint.authority()),
        None => endpoint.authority(),
    };
    let (requests, serving) = answering(context, &asked_by)?;
    let mut capabilities = serving.capabilities.clone();
    let extension = identity.login.as_ref().and_then(|login| login.lock().extension());
    if let Some(extension) = extension.filter(|_| options.capabilities.is_none()) {
        capabilities["extensions"][extension] = json!({});
    }
    let login = identity.login.as_ref().filter(|_| tokens != Tokens::Refresh);
    let config = ClientConfig {
        options: http,
        recorder: context.recorder.clone(),
        authorization: login.map(Shared::for_client).unwrap_or_default(),
        requests,
        capabilities,
        notifications: watching.notifications,
        wants_progress: watching.wants_progress,
        number_ids: match options.request_id {
            Some(given) => given == RequestIdType::Number,
            None => record.as_ref().is_some_and(|record| record.number_ids),
        },
        log_level: watching.log_level,
    };
    let headers = identity.sent.headers.clone();
    let client = Client::new(endpoint.clone(), headers, Arc::new(config))
        .map_err(|error| unusable(&error))?;
    let target = target_word(record.as_ref(), file.as_ref(), &endpoint, is_demo);
    Ok(Server {
        client,
        endpoint,
        identity,
        saved: Saved { store: context.store(), record, file, is_new: false },
        tools: ReceivedTools::default(),
        serving,
        hint: TargetHint { target, probe: options.probe(), tracing: false },
        offered: None,
        is_demo,
        ephemeral: false,
    })
}

/// A target, taken apart.
struct Named {
    endpoint: Endpoint,
    record: Option<Record>,
    file: Option<FromFile>,
    is_demo: bool,
}

/// Takes a target apart; starts the built-in server if that is the target.
fn named(target: Target) -> Result<Named, Failure> {
    let (mut record, mut file) = (None, None);
    let endpoint = match target {
        Target::Url(endpoint) => endpoint,
        Target::Saved(saved, endpoint) => {
            record = Some(*saved);
            endpoint
        }
        Target::Configured(from, endpoint, saved) => {
            file = Some(*from);
            record = saved.map(|saved| *saved);
            endpoint
        }
        Target::Demo => {
            let demo = Demo::start(0, demo::DemoOptions::default()).map_err(|error| {
                let text = format!("cannot start the built-in server: {error}");
                Failure::new(Kind::Unreachable, text)
            })?;
            let endpoint = Endpoint::parse(&demo.url()).map_err(Failure::usage)?;
            return Ok(Named { endpoint, record, file, is_demo: true });
        }
    };
    Ok(Named { endpoint, record, file, is_demo: false })
}

fn http_options(
    context: &Context<'_>,
    endpoint: &Endpoint,
    record: Option<&Record>,
) -> transport::Options {
    let options = context.options;
    let limits = limits(options);
    transport::Options {
        limits,
        proxy: transport::ProxyChoice::find(options.proxy.as_deref(), context.env, endpoint),
        tls: settings::tls(options, record),
        interrupt: context.interrupt.clone(),
        resolve: options.resolve.clone(),
        only_public: false,
        compressed: options.compressed,
        budget: Some(transport::Budget::new(limits.whole)),
    }
}

/// Returns the server as a command-line argument, for suggestions.
fn target_word(
    record: Option<&Record>,
    file: Option<&FromFile>,
    endpoint: &Endpoint,
    is_demo: bool,
) -> String {
    match (record, file) {
        _ if is_demo => "demo".to_owned(),
        (Some(record), _) => record.name.clone(),
        (None, Some(file)) => quoted(&file.name),
        (None, None) => {
            let url = quoted(&without_secrets(endpoint.as_str()));
            match endpoint.socket() {
                // Without it, the suggested command would reach another server.
                Some(path) => format!("{url} --unix-socket {}", quoted(&path.to_string_lossy())),
                None => url,
            }
        }
    }
}

fn unusable(error: &transport::Error) -> CommandError {
    let (kind, message, _) = from_transport(error);
    Failure::new(kind, message).into()
}
