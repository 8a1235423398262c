//! `login`, `logout` and `token`: gets, revokes and prints the access token for a server.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::cli::Login as Args;
use crate::client::{self, Client, ClientConfig, RpcRequest};
use crate::exchange::Exchange;
use crate::exit::ExitCode;
use crate::failure::quoted;
use crate::failure::{Failure, Kind};
use crate::oauth::{Challenge, Error, ErrorKind, Web, claim};
use crate::output::{age, one_line};
use crate::redact::without_secrets;
use crate::run::authorize::{Authorization, GrantChoice, LoginOptions, Shared};
use crate::run::credentials::Tokens;
use crate::run::interrupt::on_ctrl_c;
use crate::run::prepare::{prepare, prepare_with};
use crate::run::progress::Watching;
use crate::run::server::Server;
use crate::run::settings::absolute_reference;
use crate::run::{CommandError, Context, Outcome};
use crate::session::{KeyReference, Login, Record, Target};

pub(super) fn log_in(context: &Context<'_>, args: &Args) -> Outcome {
    let store = context.store_or_refuse("login")?;
    let target = named(context, args.target.as_deref())?;
    let wishes = wishes(context, args, target.is_named_by_user())?;
    on_ctrl_c(&context.interrupt);
    // Do not refresh the old token: it is about to be replaced.
    let server = prepare_with(context, target, Tokens::Keep, Watching::default())?;
    let shared = match &server.identity.login {
        Some(shared) => shared.clone(),
        None if server.identity.given.has_authorization() => {
            let text = "this server already uses other credentials";
            return Err(Failure::usage(text)
                .with_detail(
                    "Those of --bearer, -H or a configuration file are sent, and no login's; what was given \
                     with `init` is remembered until `mcpoke close --forget`.",
                )
                .into());
        }
        // `MCPOKE_BEARER` is set; a login takes precedence over it.
        None => of_server(context, &server)?,
    };
    let anonymous = server.identity.sent.without_login();
    let refusal = look(&server)?;
    let mut web = shared.lock().web(Some(&refusal));
    let outcome = attempt(&shared, &mut web, &refusal, wishes.as_ref());
    if let Err(error) = outcome {
        if error.kind == ErrorKind::Discovery && !is_refusal(&refusal) {
            let init = format!("mcpoke init {}", server.hint.target);
            let failure = Failure::new(Kind::Auth, error.text);
            let failure = error.details.into_iter().fold(failure, Failure::with_detail);
            return Err(failure.with_next(init, "begins without one").into());
        }
        return Err(refused(context, &server, error));
    }
    let login = shared.lock().login().cloned();
    let Some(login) = login else { return Ok(ExitCode::Success) };
    // Load the record again: it may have changed or been deleted during the login.
    let record = match &server.saved.record {
        Some(record) => store.load(&record.name)?,
        None => None,
    };
    if let Some(mut record) = record.filter(|record| record.belongs_to(&anonymous)) {
        // A session that was opened without credentials continues with the login.
        let mut now = anonymous;
        now.set_login(login.header(), &login.id);
        record.fingerprint = now.fingerprint(&record.salt);
        store.save(&record)?;
    }
    if context.options.wants_json() {
        context.console.value(&to_json(&login))?;
        return Ok(ExitCode::Success);
    }
    let redactor = context.recorder.redactor();
    let line = |label: &str, text: &str| {
        context.console.line(&format!("  {label:<11}{}", one_line(&redactor.text(text))))
    };
    context.console.line(&format!("logged in to {}", redactor.url(&login.server)))?;
    line("by", &login.issuer)?;
    line("as", &who(&login))?;
    line("allowed", &allowed(&login))?;
    line("expires", &expiry(&login, SystemTime::now()))?;
    let target = &server.hint.target;
    context.console.note(&format!("\nnext: mcpoke init {target}"));
    Ok(ExitCode::Success)
}

fn attempt(
    shared: &Shared,
    web: &mut Web,
    refusal: &Exchange,
    wishes: Option<&LoginOptions>,
) -> Result<(), Error> {
    let challenge = Challenge::of(refusal);
    let mut authorization = shared.lock();
    let Some(wishes) = wishes else {
        return authorization.log_in_as_before(web, challenge.as_ref(), is_refusal(refusal));
    };
    let wishes = LoginOptions { refused: is_refusal(refusal), ..wishes.clone() };
    authorization.log_in(web, challenge.as_ref(), &wishes)
}

fn is_refusal(exchange: &Exchange) -> bool {
    matches!(exchange.status(), Some(401 | 403))
}

/// Sends `tools/list` without a token: the rejection says which authorization is required.
fn look(server: &Server) -> Result<Exchange, CommandError> {
    let client = &server.client;
    let authorization = client::Authorization::default();
    let config = ClientConfig { authorization, ..ClientConfig::clone(client.config()) };
    let mut headers = client.headers().to_vec();
    // Other credentials would hide what the server requires of an anonymous client.
    headers.retain(|(name, _)| name != "authorization");
    let mut anonymous = Client::new(client.endpoint().clone(), headers, Arc::new(config))
        .map_err(|error| server.fail(client::Error::of(client::ErrorKind::Transport(error))))?;
    let outcome = anonymous.request(&RpcRequest::list_tools());
    match outcome {
        Ok(answer) => Ok(*answer.exchange),
        Err(error) => match error.exchange {
            Some(exchange) if exchange.answer.is_some() => Ok(*exchange),
            _ => Err(server.fail(error)),
        },
    }
}

/// Converts a failed login to a failure, explained by its exchanges.
fn refused(context: &Context<'_>, server: &Server, error: Error) -> CommandError {
    let exchange = error.exchange.and_then(|number| context.recorder.find(number));
    let error = client::Error::of(client::ErrorKind::Unauthorized(error));
    server.fail(client::Error { exchange: exchange.map(Box::new), ..error })
}

pub(super) fn log_out(context: &Context<'_>, server: Option<&str>) -> Outcome {
    let store = context.store_or_refuse("logout")?;
    on_ctrl_c(&context.interrupt);
    let target = crate::run::target::find(context, server.or_else(|| context.named()))?;
    let url = match &target {
        Target::Url(endpoint) | Target::Saved(_, endpoint) | Target::Configured(_, endpoint, _) => {
            endpoint.key()
        }
        Target::Demo => return Err(nothing_there("demo").into()),
    };
    let asked = match &target {
        Target::Saved(record, _) => record.asked_url.clone(),
        _ => None,
    };
    let mut addresses = [&url].into_iter().chain(&asked);
    if let Some(damaged) = addresses.find(|address| store.login(address).is_err()) {
        // Tokens that cannot be read can still be deleted.
        store.remove_login(damaged)?;
        context.console.note("removed; its tokens could not be read, and were not revoked");
        return Ok(ExitCode::Success);
    }
    let server = prepare_with(context, target, Tokens::Keep, Watching::default())?;
    let redactor = context.recorder.redactor();
    let shown = quoted(&redactor.url(&url));
    let shared = of_server(context, &server)?;
    if shared.lock().login().is_none() {
        return Err(nothing_there(&shown).into());
    }
    let revoked = shared.lock().log_out();
    let what = match revoked.map_err(|error| Failure::new(Kind::State, error.text))? {
        None => "removed; the authorization server cannot revoke tokens".to_owned(),
        Some(Ok(())) => "tokens revoked and removed".to_owned(),
        Some(Err(error)) => format!("removed; revoking the tokens failed: {error}"),
    };
    let told = format!("{}: {what}", redactor.url(&url));
    context.console.note(&one_line(&context.recorder.hide(&told)));
    Ok(ExitCode::Success)
}

/// Returns the login for a server, even if other credentials are sent to it.
fn of_server(context: &Context<'_>, server: &Server) -> anyhow::Result<Shared> {
    Authorization::of(
        context,
        &server.endpoint,
        server.saved.record.as_ref(),
        &server.client.config().options,
    )
}

fn nothing_there(server: &str) -> Failure {
    Failure::usage(format!("there is no login for {server}"))
        .with_next("mcpoke sessions", "lists the saved servers")
}

pub(super) fn token(context: &Context<'_>, server: Option<&str>, as_header: bool) -> Outcome {
    on_ctrl_c(&context.interrupt);
    let server = prepare(context, named(context, server)?, Watching::default())?;
    let expired = server.identity.login.as_ref().is_some_and(|shared| {
        let authorization = shared.lock();
        authorization.login().is_some_and(|login| login.is_expired(SystemTime::now()))
    });
    let target = &server.hint.target;
    if expired {
        let text = format!("the token for {target} has expired, and could not be renewed");
        return Err(Failure::new(Kind::Auth, text)
            .with_next(format!("mcpoke login {target}"), "gets another")
            .into());
    }
    let sent = server.identity.sent.headers.iter().find(|(name, _)| name == "authorization");
    let Some((_, value)) = sent else {
        let text = format!("there is no token for {target}");
        return Err(Failure::new(Kind::Auth, text)
            .with_next(format!("mcpoke login {target}"), "gets one")
            .into());
    };
    let token = value.split_once(' ').map_or(value.as_str(), |(_, token)| token);
    if context.options.wants_json() {
        context
            .console
            .value(&json!({"token": token, "header": format!("Authorization: {value}")}))?;
        return Ok(ExitCode::Success);
    }
    let text = if as_header { format!("Authorization: {value}") } else { token.to_owned() };
    context.console.line(&text)?;
    Ok(ExitCode::Success)
}

fn named(context: &Context<'_>, server: Option<&str>) -> Result<Target, CommandError> {
    let target = crate::run::target::find(context, server.or_else(|| context.named()))?;
    if matches!(target, Target::Demo) {
        return Err(Failure::usage("the built-in server lives only as long as a command")
            .with_next(
                "mcpoke demo --auth oauth",
                "run it in another terminal, then `mcpoke login :8720/mcp`",
            )
            .into());
    }
    Ok(target)
}

/// Reads the login options; `None` if none is given. Environment variables apply only to
/// servers that the user named (`by_user`): a project's file must not direct a client
/// secret to a URL of its choice.
fn wishes(
    context: &Context<'_>,
    args: &Args,
    by_user: bool,
) -> Result<Option<LoginOptions>, Failure> {
    let variable = |name: &str| context.env.var(name).filter(|_| by_user).map(str::to_owned);
    let or = |given: &Option<String>, name: &str| given.clone().or_else(|| variable(name));
    let reference = |given: &Option<String>, option: &str| {
        given.clone().map(|text| checked_reference(text, option)).transpose()
    };
    let client_secret = match reference(&args.client_secret, "--client-secret")? {
        None if args.private_key.is_none() && variable("MCPOKE_CLIENT_SECRET").is_some() => {
            Some("env:MCPOKE_CLIENT_SECRET".to_owned())
        }
        given => given,
    };
    let key = reference(&args.private_key, "--private-key")?
        .map(|pem| KeyReference { pem, id: args.key_id.clone() });
    let grant = match &args.idp {
        Some(issuer) => GrantChoice::Enterprise {
            issuer: issuer.clone(),
            client_id: args.idp_client_id.clone(),
            client_secret: reference(&args.idp_client_secret, "--idp-client-secret")?,
            id_token: reference(&args.id_token, "--id-token")?.unwrap_or_default(),
        },
        None if args.client_credentials => GrantChoice::ClientCredentials,
        None => GrantChoice::Code,
    };
    let client_id = or(&args.client_id, "MCPOKE_CLIENT_ID");
    if client_id.is_none() && !matches!(grant, GrantChoice::Code) {
        return Err(Failure::usage("--client-id is required (or MCPOKE_CLIENT_ID)"));
    }
    let metadata_url = or(&args.client_metadata_url, "MCPOKE_CLIENT_METADATA_URL");
    if metadata_url.as_ref().is_some_and(|url| !url.starts_with("https://")) {
        return Err(Failure::usage("--client-metadata-url requires an https URL"));
    }
    let nothing = client_id.is_none()
        && client_secret.is_none()
        && key.is_none()
        && metadata_url.is_none()
        && args.scope.is_empty()
        && args.callback_port.is_none()
        && !args.register
        && matches!(grant, GrantChoice::Code);
    if nothing {
        return Ok(None);
    }
    let scopes = args.scope.iter().flat_map(|text| text.split_whitespace());
    Ok(Some(LoginOptions {
        scopes: scopes.map(str::to_owned).collect(),
        client_id,
        client_secret,
        metadata_url,
        callback_port: args.callback_port,
        register: args.register,
        key,
        grant,
        issuer: None,
        refused: false,
    }))
}

/// Checks that `text` is a reference and not the secret itself: any process can read a
/// command line.
fn checked_reference(text: String, option: &str) -> Result<String, Failure> {
    let is_reference = text.starts_with("env:") || text.starts_with("file:") || text.contains("${");
    if is_reference {
        return Ok(absolute_reference(text));
    }
    Err(Failure::usage(format!("{option} requires a reference: env:VAR or file:PATH"))
        .with_detail("Other processes can read the command line."))
}

/// Returns the user or client of the token, as far as its claims say so.
pub(super) fn who(login: &Login) -> String {
    let name = ["email", "preferred_username", "name", "sub"]
        .iter()
        .find_map(|name| claim(&login.access_token, name)?.as_str().map(str::to_owned));
    match name {
        Some(name) => format!("{name} (client {})", login.client.id),
        None => format!("client {}", login.client.id),
    }
}

/// Formats the scopes that the token allows.
fn allowed(login: &Login) -> String {
    match login.allows() {
        [] => "the server's default".to_owned(),
        scopes => scopes.join(" "),
    }
}

/// Formats the time until the token expires, and what happens then.
pub(super) fn expiry(login: &Login, now: SystemTime) -> String {
    let then = if login.is_renewable() { "then renewed" } else { "then a new login" };
    let Some(at) = login.expires else { return "when the server says so".to_owned() };
    match at.checked_sub(Record::seconds(now)) {
        Some(left) if left > 0 => {
            // To the nearest minute: a token for an hour has less than that left when this is printed.
            let near = if left < 120 { left } else { left + 30 };
            format!("in {}, {then}", age(Duration::from_secs(near)))
        }
        _ if login.is_renewable() => "expired; renewed when it is needed".to_owned(),
        _ => "expired".to_owned(),
    }
}

/// Formats a login as JSON, without secrets.
pub(super) fn to_json(login: &Login) -> serde_json::Value {
    json!({
        "server": without_secrets(&login.server),
        "issuer": login.issuer,
        "resource": login.resource,
        "clientId": login.client.id,
        "who": who(login),
        "grant": login.grant.as_str(),
        "scopes": login.allows(),
        "expires": login.expires,
        "renewable": login.is_renewable(),
    })
}
