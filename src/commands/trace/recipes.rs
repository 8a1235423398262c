//! `trace --recipe`: prints a client for this server. Does not call the named tool.

use serde_json::{Value, json};

use super::probe::Probe;
use super::{EraProbe, Failure, failed_at};
use crate::client::RpcRequest;
use crate::diagnose::{Eras, Profile};
use crate::exit::ExitCode;
use crate::failure::Kind;
use crate::protocol::tools::Tool;
use crate::protocol::version::{LATEST_HANDSHAKE, LATEST_MODERN, is_spoken};
use crate::report::Language;
use crate::report::{self, HeaderSource, Recipe, Speaks};
use crate::run::server::Server;
use crate::run::settings::handshake;
use crate::run::{Context, Outcome};
use crate::session::may_hold_secret;

const LANGUAGES: [(Language, &str); 4] = [
    (Language::Python, "python"),
    (Language::Curl, "curl"),
    (Language::Javascript, "javascript"),
    (Language::Rust, "rust"),
];

/// Returns the command that prints a recipe for a target.
pub(super) fn command(target: &str) -> String {
    let names = LANGUAGES.map(|(_, name)| name).join("|");
    format!("mcpoke trace {target} --recipe {names}")
}

pub(super) fn run(
    context: &Context<'_>,
    server: &mut Server,
    rpc: &RpcRequest,
    tool: Option<&Tool>,
    language: Language,
) -> Outcome {
    let handshake = handshake(context.options, EraProbe::Discover, &server.serving.capabilities);
    let list = RpcRequest::list_tools();
    let mut probe = Probe::new(&mut server.client, &handshake, list, None, false);
    let ended = probe.run();
    let (roles, exchanges) = probe.steps.take_all();
    if let Err(error) = ended {
        return Err(failed_at(error, &exchanges, server).into());
    }
    let profile = Profile::of(&exchanges, &roles);
    let Some(recipe) = of(context, server, &profile, rpc, tool) else {
        return Err(without_recipe(&profile).into());
    };
    if recipe.socket.is_some() && language != Language::Curl {
        let text = "only the recipe for curl can use a Unix domain socket";
        return Err(Failure::usage(text)
            .with_next("repeat with --recipe curl", "prints it")
            .into());
    }
    context.console.out.bytes(report::recipe(&recipe, language).as_bytes())?;
    for (name, given) in &recipe.headers {
        if let HeaderSource::Secret(_, variable) = given {
            context.console.note(&format!("reads ${variable} for the header {name}"));
        }
    }
    if server.is_demo {
        context.console.note("the built-in server ends with this command: `mcpoke demo` keeps one, and prints its address");
    }
    if recipe.url.is_none() {
        context.console.note("reads $MCP_URL, since the address has a secret in it");
    }
    Ok(ExitCode::Success)
}

/// Says why there is no recipe.
fn without_recipe(profile: &Profile) -> Failure {
    let (what, why) = if profile.over_sse {
        (
            "the HTTP+SSE transport of 2024-11-05",
            "Its responses come on a stream that stays open beside the requests.",
        )
    } else if profile.eras == Eras::Bare {
        ("a server without a handshake", "POST each JSON-RPC request; there is no handshake.")
    } else {
        ("this server", "The trace does not show which era it serves.")
    };
    Failure::new(Kind::Usage, format!("there is no recipe for {what}"))
        .with_detail(why)
        .with_next("mcpoke call TOOL", "calls a tool on this server")
}

/// Returns the recipe in every language, for the HTML page.
pub(super) fn all(
    context: &Context<'_>,
    server: &Server,
    profile: &Profile,
    rpc: &RpcRequest,
    tool: Option<&Tool>,
) -> Vec<(&'static str, String)> {
    let Some(recipe) = of(context, server, profile, rpc, tool) else { return Vec::new() };
    let usable = LANGUAGES
        .iter()
        .filter(|(language, _)| recipe.socket.is_none() || *language == Language::Curl);
    usable.map(|(language, name)| (*name, report::recipe(&recipe, *language))).collect()
}

fn of(
    context: &Context<'_>,
    server: &Server,
    profile: &Profile,
    rpc: &RpcRequest,
    tool: Option<&Tool>,
) -> Option<Recipe> {
    if !profile.has_recipe() {
        return None;
    }
    let speaks = if profile.eras == Eras::Modern {
        let mirrored = tool.and_then(|tool| tool.mirrored.as_ref().ok()).into_iter().flatten();
        Speaks::Modern {
            version: LATEST_MODERN.to_owned(),
            mirrored: mirrored.filter_map(|one| one.header_for(&rpc.params["arguments"])).collect(),
        }
    } else {
        // Only a known version gets into generated code, not a server's free text.
        let version = profile.negotiated.as_deref();
        let version = version.filter(|version| is_spoken(version)).unwrap_or(LATEST_HANDSHAKE);
        Speaks::Legacy { version: version.to_owned(), lost: lost(profile) }
    };
    let redactor = context.recorder.redactor();
    // Redirects are followed once, here.
    let url = server.client.endpoint().as_str();
    Some(Recipe {
        url: (redactor.url(url) == url).then(|| url.to_owned()),
        socket: server.endpoint.socket().map(|path| path.to_string_lossy().into_owned()),
        method: rpc.purpose.method.clone().unwrap_or_default(),
        params: if rpc.params == Value::Null { json!({}) } else { rpc.params.clone() },
        headers: headers(server),
        speaks,
    })
}

/// Returns the statuses that this server uses for an unknown session, and 404, which it
/// should use.
fn lost(profile: &Profile) -> Vec<u16> {
    let mut lost = vec![404];
    for reaction in [&profile.unknown_id, &profile.ended_id].into_iter().flatten() {
        // With any other status, the request may have run.
        let refused = !reaction.accepted && (400..=422).contains(&reaction.status);
        if refused && !lost.contains(&reaction.status) {
            lost.push(reaction.status);
        }
    }
    lost
}

/// Returns the user's headers, with secrets as variables.
fn headers(server: &Server) -> Vec<(String, HeaderSource)> {
    let credentials = &server.identity.given;
    let mut headers: Vec<(String, HeaderSource)> = credentials
        .headers
        .iter()
        .map(|(name, template)| {
            let given = match template.strip_prefix("env:") {
                Some(variable) => HeaderSource::Secret(String::new(), variable.to_owned()),
                None if may_hold_secret(name)
                    || template.contains(['$', '\u{7b}'])
                    || template.starts_with("file:") =>
                {
                    secret(name, template)
                }
                None => HeaderSource::Plain(template.clone()),
            };
            (name.clone(), given)
        })
        .collect();
    let authorized = server.identity.sent.headers.iter().any(|(name, _)| name == "authorization");
    let given = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if authorized && !given {
        let bearer = credentials.bearer.as_deref();
        let variable = bearer.map_or(Some("MCPOKE_BEARER"), |bearer| bearer.strip_prefix("env:"));
        let variable = variable.unwrap_or("MCP_TOKEN").to_owned();
        headers.push((
            "Authorization".to_owned(),
            HeaderSource::Secret("Bearer ".to_owned(), variable),
        ));
    }
    headers
}

/// Replaces a secret by a variable named after its header; keeps the scheme of
/// `Authorization`.
fn secret(name: &str, value: &str) -> HeaderSource {
    let scheme = value.split_once(' ').map(|(scheme, _)| scheme);
    let scheme = scheme.filter(|scheme| {
        name.eq_ignore_ascii_case("authorization")
            && scheme.chars().all(|c| c.is_ascii_alphanumeric())
    });
    if let Some(scheme) = scheme {
        return HeaderSource::Secret(format!("{scheme} "), "MCP_TOKEN".to_owned());
    }
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    HeaderSource::Secret(
        String::new(),
        format!("MCP_{}", name.chars().map(letter).collect::<String>()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_in_a_variable_of_its_own() {
        let secret = |name, value| match super::secret(name, value) {
            HeaderSource::Secret(before, variable) => (before, variable),
            HeaderSource::Plain(text) => panic!("{text}"),
        };
        assert_eq!(secret("Authorization", "Basic abc"), ("Basic ".into(), "MCP_TOKEN".into()));
        assert_eq!(secret("X-Api-Key", "s3cret"), (String::new(), "MCP_X_API_KEY".into()));
    }
}
