//! Target, credentials and transport options, resolved before anything is sent.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::answering::{Answering, Mistakes, answering};
use super::authorize::{Authorization, Shared};
use super::settings::{self, given_credentials, limits};
use super::{CommandError, Context, shell};
use crate::client::{self, Client};
use crate::demo::{self, Demo};
use crate::endpoint::Endpoint;
use crate::exchange::Exchange;
use crate::failure::{Failure, Kind, from_transport};
use crate::failure::{Spoken, quoted};
use crate::redact::without_secrets;
use crate::session::{Credentials, Expanded, FromFile, Login, Record, Target};
use crate::transport;

/// A client and its settings, before anything is sent.
pub(crate) struct Prepared {
    pub(crate) client: Client,
    pub(crate) endpoint: Endpoint,
    /// Credentials as given, to be saved; references are not resolved.
    pub(crate) credentials: Credentials,
    /// The resolved credentials, as sent.
    pub(crate) expanded: Expanded,
    /// Source of OAuth tokens, if the user supplied no credentials.
    pub(crate) authorization: Option<Shared>,
    /// Transport options: limits, proxy and TLS.
    pub(crate) http: transport::Options,
    pub(crate) saved: Option<Record>,
    /// The configuration file entry of the server.
    pub(crate) file: Option<FromFile>,
    pub(crate) spoken: Spoken,
    pub(crate) is_demo: bool,
    /// Credentials were given on the command line, or the saved record belongs to another
    /// entry; the record is then kept as it is.
    pub(crate) given: bool,
    /// Client capabilities to declare.
    pub(crate) capabilities: Value,
    /// Capabilities that this run relies on; a reused session must have declared them.
    pub(crate) wanted: Value,
    pub(crate) mistakes: Mistakes,
}

impl Prepared {
    /// Returns the capabilities for a handshake: those of this run and those declared before,
    /// because servers show different tools to different clients.
    pub(crate) fn to_declare(&self) -> Value {
        let before = self.saved.as_ref().filter(|record| !record.session().is_modern());
        let mut declared = before.map_or_else(|| json!({}), |r| r.client_capabilities.clone());
        for (name, value) in self.capabilities.as_object().into_iter().flatten() {
            declared[name] = value.clone();
        }
        declared
    }
}

/// Resolves target, credentials and transport options. Sends nothing to the server; may
/// refresh an expiring token.
pub(crate) fn prepare(context: &Context<'_>, target: Target) -> Result<Prepared, CommandError> {
    prepare_with(context, target, Authorization::refresh_in_time)
}

/// Like `prepare`, but never prompts (used by `trace` and `close`).
pub(crate) fn prepare_quietly(
    context: &Context<'_>,
    target: Target,
) -> Result<Prepared, CommandError> {
    let mut prepared = prepare_with(context, target, Authorization::refresh_quietly)?;
    prepared.client.authorize_with(client::Authorization::default());
    Ok(prepared)
}

/// Like `prepare`, with an explicit token-refresh policy.
pub(crate) fn prepare_with(
    context: &Context<'_>,
    target: Target,
    refresh: impl FnOnce(&mut Authorization) -> Vec<Exchange>,
) -> Result<Prepared, CommandError> {
    let by_user = target.is_named_by_user();
    let mut file = None;
    let (endpoint, saved, is_demo) = match target {
        Target::Url(endpoint) => (endpoint, None, false),
        Target::Saved(record, endpoint) => (endpoint, Some(*record), false),
        Target::Configured(from, endpoint, record) => {
            file = Some(*from);
            (endpoint, record.map(|record| *record), false)
        }
        Target::Demo => {
            let demo = Demo::start(0, demo::Options::default()).map_err(|error| {
                Failure::new(
                    Kind::Unreachable,
                    format!("cannot start the built-in server: {error}"),
                )
            })?;
            let endpoint = Endpoint::parse(&demo.url()).map_err(Failure::usage)?;
            (endpoint, None, true)
        }
    };
    let options = context.options;
    let mut credentials = given_credentials(options)?;
    let given = credentials != Credentials::default();
    // A record that belongs to another entry must not be replaced.
    let given = given
        || file.as_ref().zip(saved.as_ref()).is_some_and(|(file, record)| {
            record.file.as_ref() != Some(&file.file) || record.name != file.name
        });
    if let Some(file) = &file {
        // Use what the file says now, not what it said when the server was saved.
        credentials = credentials.or(&file.credentials);
    } else if let Some(record) = &saved {
        credentials = credentials.or(&record.credentials());
    }
    context.recorder.learn(|redactor| {
        redactor.learn_query(endpoint.as_str());
        if let Some(record) = &saved {
            record.teach(redactor);
        }
    });
    let mut limits = limits(options);
    if context.env.stdin_is_terminal {
        // A person may take any time to fill in a form: limit only the waits for the server.
        limits.first_byte = limits.first_byte.or(limits.whole);
        limits.silence = limits.silence.or(limits.whole);
        limits.whole = None;
    }
    let http = transport::Options {
        limits,
        proxy: transport::ProxyChoice::find(options.proxy.as_deref(), context.env, &endpoint),
        tls: settings::tls(options, saved.as_ref()),
        interrupt: context.interrupt.clone(),
        only_public: false,
    };
    let Sent { expanded, authorization, renewed } = if is_demo {
        Sent::by_user(
            context,
            by_environment(context, &credentials).as_ref().unwrap_or(&credentials),
        )?
    } else {
        let find = || Authorization::of(context, &endpoint, saved.as_ref(), &http);
        Sent::find(context, &credentials, find, by_user, refresh)?
    };
    let target = target_word(saved.as_ref(), file.as_ref(), &endpoint, is_demo);
    let probe = options.no_session.then_some("--no-session");
    let probe = probe.or(options.session_id.as_ref().map(|_| "--session-id"));
    let spoken = Spoken { target, probe, tracing: false };
    let recorder = context.recorder.clone();
    let mut client =
        Client::new(endpoint.clone(), http.clone(), expanded.headers.clone(), recorder)
            .map_err(|error| unusable(&error))?;
    // The token refresh belongs to the evidence if a request fails.
    client.add_history(renewed);
    if let Some(shared) = &authorization {
        client.authorize_with(shared.for_client());
    }
    let server = match &saved {
        Some(record) => format!("{} ({})", record.name, endpoint.authority()),
        None => endpoint.authority(),
    };
    let Answering { inquiries, capabilities, wanted, mistakes } = answering(context, &server)?;
    let mut declared = capabilities.clone();
    let extension = authorization.as_ref().and_then(|shared| shared.lock().extension());
    if let Some(extension) = extension.filter(|_| options.capabilities.is_none()) {
        declared["extensions"][extension] = json!({});
    }
    client.serve_with(inquiries, declared);
    Ok(Prepared {
        client,
        endpoint,
        credentials,
        expanded,
        authorization,
        http,
        saved,
        file,
        spoken,
        is_demo,
        given,
        capabilities,
        wanted,
        mistakes,
    })
}

/// Returns the server as a command-line argument, for suggestions.
fn target_word(
    saved: Option<&Record>,
    file: Option<&FromFile>,
    endpoint: &Endpoint,
    is_demo: bool,
) -> String {
    match (saved, file) {
        _ if is_demo => "demo".to_owned(),
        (Some(record), _) => record.name.clone(),
        (None, Some(file)) => quoted(&file.name),
        (None, None) => quoted(&without_secrets(endpoint.as_str())),
    }
}

/// The credentials to send, and their source.
struct Sent {
    expanded: Expanded,
    authorization: Option<Shared>,
    /// Exchanges that a token refresh took.
    renewed: Vec<Exchange>,
}

impl Sent {
    /// Resolves the user's own credentials, or else a login, or else `MCPOKE_BEARER`. The
    /// variable applies only to servers that the user named (`by_user`).
    fn find(
        context: &Context<'_>,
        credentials: &Credentials,
        find: impl FnOnce() -> anyhow::Result<Shared>,
        by_user: bool,
        refresh: impl FnOnce(&mut Authorization) -> Vec<Exchange>,
    ) -> Result<Self, CommandError> {
        if credentials.has_authorization() {
            return Ok(Self::by_user(context, credentials)?);
        }
        let shared = find()?;
        // An expired login that cannot be refreshed must not hide `MCPOKE_BEARER`.
        let is_usable =
            |login: &Login| login.is_renewable() || !login.is_expired(SystemTime::now());
        if let Some(own) = by_environment(context, credentials).filter(|_| by_user)
            && !shared.lock().login().is_some_and(is_usable)
        {
            return Ok(Self::by_user(context, &own)?);
        }
        let mut sent = Self::by_user(context, credentials)?;
        sent.renewed = refresh(&mut shared.lock());
        shared.lock().stand_in(&mut sent.expanded);
        sent.authorization = Some(shared);
        Ok(sent)
    }

    /// Resolves the given credentials; runs `--token-command` if it is the source of the token.
    fn by_user(context: &Context<'_>, credentials: &Credentials) -> Result<Self, Failure> {
        let said = said_by_command(context, credentials)?;
        let expanded = credentials.expand(context.env, said.as_deref()).map_err(Failure::usage)?;
        context.recorder.learn(|redactor| expanded.teach(redactor));
        Ok(Self { expanded, authorization: None, renewed: Vec::new() })
    }
}

/// Returns the credentials with `MCPOKE_BEARER` as the token; `None` if it is not set or
/// not needed.
fn by_environment(context: &Context<'_>, credentials: &Credentials) -> Option<Credentials> {
    context.env.var("MCPOKE_BEARER").filter(|_| !credentials.has_authorization())?;
    Some(Credentials { bearer: Some("env:MCPOKE_BEARER".to_owned()), ..credentials.clone() })
}

/// Time limit of `--token-command`, which may ask the user something.
const TOKEN_LIMIT: Duration = Duration::from_mins(1);

/// Returns the output of `--token-command`; `None` if the token has another source.
fn said_by_command(
    context: &Context<'_>,
    credentials: &Credentials,
) -> Result<Option<String>, Failure> {
    let Some(command) =
        credentials.token_command.as_deref().filter(|_| credentials.bearer.is_none())
    else {
        return Ok(None);
    };
    let said = if context.env.stdin_is_terminal {
        shell::run_at_terminal(command, Some(TOKEN_LIMIT), &context.interrupt)
    } else {
        shell::run(command, "", Some(TOKEN_LIMIT), &context.interrupt)
    };
    said.map(Some).map_err(|why| {
        if context.interrupt.is_raised() {
            return Failure::new(Kind::Interrupted, format!("--token-command {why}"));
        }
        Failure::new(Kind::Auth, format!("there is no token: --token-command {why}"))
            .with_next("the command by itself", "shows what it says")
    })
}

fn unusable(error: &transport::Error) -> CommandError {
    let (kind, message, _) = from_transport(error);
    Failure::new(kind, message).into()
}
