//! The server that a command uses: given as a URL, saved, or found in a configuration file.

use std::path::PathBuf;

use super::approval::approve;
use super::{CommandError, Context};
use crate::arguments::ranked;
use crate::config::{self, Configured, ConfiguredServers, Reached, Remote};
use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::failure::quoted;
use crate::output::{local_path, one_line};
use crate::redact::{command_without_secrets, without_secrets};
use crate::session::{Credentials, FromFile, Target, TargetError, expand, resolve};

/// Reads the configuration files.
pub(crate) fn configured(context: &Context<'_>) -> ConfiguredServers {
    let folder = std::env::current_dir().unwrap_or_default();
    config::find(context.options.config.as_deref(), context.env, &folder)
}

/// Returns the path of `--unix-socket`, absolute.
pub(crate) fn socket(context: &Context<'_>) -> std::io::Result<Option<PathBuf>> {
    context.options.unix_socket.as_deref().map(std::path::absolute).transpose()
}

/// Returns the named server, or the current one without a name. A name that the user saved
/// takes precedence over the same name in a configuration file.
pub(crate) fn find(context: &Context<'_>, named: Option<&str>) -> Result<Target, CommandError> {
    let store = context.store();
    let name = named.filter(|name| *name != "demo" && !Endpoint::looks_like_url(name));
    let Some(name) = name else {
        let socket = socket(context)?;
        return Ok(resolve(named, socket.as_deref(), store.as_ref()).map_err(Failure::from)?);
    };
    if let Some(socket) = socket(context)? {
        // The option says how a URL is reached, which a saved server remembers.
        return Ok(resolve(named, Some(&socket), None).map_err(Failure::from)?);
    }
    let record = store.as_ref().map(|store| store.load(name)).transpose()?.flatten();
    if let Some(record) = record.as_ref().filter(|record| record.file.is_none()) {
        return Ok(Target::saved(record.clone()).map_err(Failure::from)?);
    }
    let found = configured(context);
    if let Some(server) = found.named(name) {
        approve(context, &found, server)?;
        return from_file(context, server);
    }
    // A file given with `--config` must be usable.
    if let (Some(problem), true) = (found.problems.first(), context.options.config.is_some()) {
        return Err(Failure::usage(problem.clone()).into());
    }
    for problem in &found.problems {
        context.console.note(&format!("mcpoke: {problem}"));
    }
    if let Some(record) = record {
        return Ok(Target::saved(record).map_err(Failure::from)?);
    }
    resolve(named, None, store.as_ref()).map_err(|error| {
        let configured = found.servers.iter().map(|server| server.name.as_str());
        let near = ranked(name, configured).into_iter().map(str::to_owned);
        match error {
            TargetError::Usage(text, known) => {
                let near = near.chain(known).collect();
                Failure::from(TargetError::Usage(text, near))
                    .with_next("mcpoke servers", "shows those of configuration files")
                    .into()
            }
            TargetError::State(error) => Failure::from(TargetError::State(error)).into(),
        }
    })
}

fn from_file(context: &Context<'_>, server: &Configured) -> Result<Target, CommandError> {
    let place = format!("`{}`, in {},", server.name, server.file.display());
    let remote = match &server.reached {
        Reached::Http(remote) => remote,
        Reached::Stdio(command) => return Err(about_stdio(&place, command).into()),
        Reached::Unusable(why) => {
            return Err(Failure::usage(format!("{place} cannot be used: {why}")).into());
        }
    };
    let mut secrets = Vec::new();
    let url = expand(&remote.url, context.env, &mut secrets)
        .map_err(|why| wants(&place, remote, context, &format!("its URL: {why}")))?;
    let endpoint = Endpoint::parse(&url)
        .map_err(|why| Failure::usage(format!("{place} cannot be used: its URL {why}")))?;
    let base = expand(remote.base(), context.env, &mut Vec::new());
    let base = base.and_then(|base| Endpoint::parse(&base)).map(|base| base.origin());
    if base.as_ref() != Ok(&endpoint.origin()) {
        let why = "its URL has a variable that holds only a part of the host";
        return Err(Failure::usage(format!("{place} cannot be used: {why}")).into());
    }
    // The origin of the URL is not a secret, and what follows it in a variable is.
    let origin = endpoint.origin();
    for secret in &mut secrets {
        if secret.contains("://") || remote.base().starts_with("${") && url.starts_with(&*secret) {
            let whole = Endpoint::parse(secret).map(|whole| whole.as_str().to_owned());
            let rest = whole.unwrap_or_default().replacen(&origin, "", 1);
            rest.trim_matches('/').clone_into(secret);
        }
    }
    secrets.retain(|secret| !secret.is_empty() && !origin.contains(secret.as_str()));
    context.recorder.learn(|redactor| secrets.iter().for_each(|secret| redactor.learn(secret)));
    let credentials = Credentials { headers: remote.headers.clone(), ..Credentials::default() };
    credentials.expand(context.env, None).map_err(|why| wants(&place, remote, context, &why))?;
    let saved = match context.store() {
        Some(store) => store.load_by_url(endpoint.as_str())?,
        None => None,
    };
    if saved.is_none() {
        // In somebody else's project, the user must see first where an entry leads. A variable in
        // the path may hold a secret; the host does not.
        let url = without_secrets(endpoint.as_str());
        let rest = url.strip_prefix(&origin).unwrap_or_default();
        context.console.note(&format!(
            "mcpoke: using {} from {}: {}",
            one_line(&server.name),
            local_path(&server.file),
            one_line(&format!("{origin}{}", context.recorder.hide(rest)))
        ));
    }
    let (name, file) = (server.name.clone(), server.file.clone());
    let file = FromFile { name, file, credentials, hidden: secrets };
    Ok(Target::Configured(Box::new(file), endpoint, saved.map(Box::new)))
}

/// Returns the failure for an entry with a variable that is not set.
fn wants(place: &str, remote: &Remote, context: &Context<'_>, why: &str) -> Failure {
    let mut failure = Failure::usage(format!("{place} cannot be used: {why}"));
    for (variable, question) in &remote.asked {
        if context.env.var(variable).is_none() {
            failure =
                failure.with_detail(format!("{variable} is what VS Code asks for: {question}"));
        }
    }
    failure
}

/// Returns the failure for a stdio server, with a command that gives it a URL.
fn about_stdio(place: &str, command: &[String]) -> Failure {
    let words: Vec<String> =
        command_without_secrets(command).iter().map(|word| quoted(word)).collect();
    let bridge = format!(
        "npx -y supergateway --outputTransport streamableHttp --port 8000 --stdio {}",
        quoted(&words.join(" "))
    );
    Failure::usage(format!("{place} is a stdio server: a program, not a URL"))
        .with_detail("mcpoke supports HTTP. A bridge gives a stdio server a URL. Set the environment of the file for the bridge too.")
        .with_next(bridge, "runs it behind http://127.0.0.1:8000/mcp")
        .with_next("mcpoke init http://127.0.0.1:8000/mcp", "in another terminal")
}
