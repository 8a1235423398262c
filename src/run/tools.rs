//! The catalogue of a server's tools: cached, fetched, found, typed, invalidated.

use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::input::wrong_arguments;
use super::server::Server;
use super::settings::handshake;
use super::{CommandError, Context};
use crate::arguments::{ArgumentInput, Problems, Typing, ranked};
use crate::client::{
    self, Client, ClientConfig, EraProbe, Reason, Renewal, RpcRequest, RpcResponse, Session,
};
use crate::exchange::Recorder;
use crate::failure::{Failure, Kind, quoted};
use crate::output::one_line;
use crate::protocol::methods;
use crate::protocol::mirror::Mirrored;
use crate::protocol::tools::{Tool, Tools};
use crate::session::{Freshness, KnownTools, Record};

/// Returns the failure for arguments that do not fit the tool's schema.
pub(crate) fn refused(server: &Server, tool: &str, problems: Problems) -> CommandError {
    let schema = server.command(&format!("list-tools --schema {}", quoted(tool)));
    wrong_arguments(tool, problems).with_next(schema, "shows the parameters").into()
}

/// Returns the tool's definition, for typing and mirroring its arguments; `given` is `None`
/// with `--each`. Tools are fetched only if a definition is required and not cached. A
/// cached one that may be outdated is fetched again if it does not fit.
pub(crate) fn known_tool(
    context: &Context<'_>,
    server: &mut Server,
    name: &str,
    given: Option<&ArgumentInput>,
    typing: Typing,
) -> Result<Option<Tool>, CommandError> {
    let known = remembered(context, server, Some(name));
    let found = known.as_ref().and_then(|known| known.tools.find(name));
    if server.is_probe() {
        // These options test one request on its own: send nothing before it.
        return Ok(found);
    }
    let is_modern = server.client.session().is_modern();
    let freshness = known.as_ref().map(|known| known.freshness);
    match (freshness, found) {
        (Some(Freshness::Fresh), Some(found)) => return usable(found, is_modern, typing),
        // The server gave no lifetime: use the definition if it fits, otherwise fetch it again.
        (Some(Freshness::Unsure), Some(found)) => {
            let fits =
                given.is_none_or(|given| typed(server, name, given, Some(&found), typing).is_ok());
            if fits && let Ok(found) = usable(found, is_modern, typing) {
                return Ok(found);
            }
        }
        // A legacy call needs the schema only to type arguments; a modern one always needs the
        // mirrored headers.
        (None, _) if !is_modern && given.is_some_and(|given| !given.needs_schema(typing)) => {
            return Ok(None);
        }
        _ => {}
    }
    let is_complete =
        known.is_some_and(|known| known.freshness == Freshness::Fresh && !known.is_partial);
    let all = if is_complete { remembered(context, server, None) } else { None };
    let tools = match all {
        Some(known) => known.tools,
        None => fetch_until(context, server, Some(name))?,
    };
    match find(server, &tools, name) {
        Ok(found) => usable(found, is_modern, typing),
        // With `--no-validate`, even a tool that is not listed may be called.
        Err(_) if typing == Typing::Lenient => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

/// Returns the tool unless its definition is invalid and therefore must not be used
/// (2026-07-28, Streamable HTTP, "Schema Extension"). `--no-validate` permits it.
pub(crate) fn usable(
    tool: Tool,
    is_modern: bool,
    typing: Typing,
) -> Result<Option<Tool>, CommandError> {
    match &tool.mirrored {
        Err(why) if is_modern && typing != Typing::Lenient => {
            let text = format!("the server's definition of {} is invalid: {why}", tool.name);
            Err(Failure::new(Kind::Protocol, text)
                .with_next("repeat with --no-validate", "calls it without the mirrored headers")
                .into())
        }
        _ => Ok(Some(tool)),
    }
}

pub(crate) fn typed(
    server: &Server,
    name: &str,
    given: &ArgumentInput,
    tool: Option<&Tool>,
    typing: Typing,
) -> Result<Map<String, Value>, CommandError> {
    given
        .typed(tool.map(Tool::input_schema), typing)
        .map_err(|problems| refused(server, name, problems))
}

/// Returns the tools known from this run or from the cache; with a name, only that tool.
pub(crate) fn remembered(
    context: &Context<'_>,
    server: &Server,
    wanted: Option<&str>,
) -> Option<KnownTools> {
    match (server.tools.known(), server.memory()) {
        (Some(known), _) => {
            let tools = match wanted {
                Some(name) => known.tools.find(name).map(|tool| tool.raw).into_iter().collect(),
                None => known.tools.clone(),
            };
            Some(KnownTools { tools, ..*known })
        }
        (None, Some((store, name))) => {
            store.load_tools(name, wanted, context.now()).unwrap_or_else(|error| {
                context.console.note(&format!("mcpoke: {error:#}; the tools are fetched again"));
                None
            })
        }
        (None, None) => None,
    }
}

/// Deletes the cached tools if the server announced a change.
pub(crate) fn forget_changed_tools(context: &Context<'_>, server: &Server) {
    if let (true, Some((store, name))) = (server.client.tools_changed(), server.memory())
        && let Err(error) = store.forget_tools(name)
    {
        context.console.note(&format!("mcpoke: {error:#}"));
    }
}

/// Fetches the tools and caches them if the server is saved.
pub(crate) fn fetch(context: &Context<'_>, server: &mut Server) -> Result<Tools, CommandError> {
    fetch_until(context, server, None)
}

/// Like `fetch`, but requests no further page once the named tool has arrived.
fn fetch_until(
    context: &Context<'_>,
    server: &mut Server,
    wanted: Option<&str>,
) -> Result<Tools, CommandError> {
    let list = server.client.list_tools(wanted).map_err(|error| server.fail(error))?;
    if let Some((store, name)) = server.memory() {
        // Without the cache, the tools are fetched again next time.
        let _ = store.save_tools(name, &list, context.now());
    }
    server.tools.received(Some(&list));
    Ok(list.tools)
}

/// Longest wait for each response when a cached definition is compared.
const COMPARISON: std::time::Duration = std::time::Duration::from_secs(3);

/// Fetches the tools again after a refused call. Returns a sentence on whether the cached definition is
/// outdated; `None` if it was not from the cache, or if the tools cannot be fetched.
pub(crate) fn compare_with_cached(
    context: &Context<'_>,
    server: &mut Server,
    cached: &Tool,
) -> Option<String> {
    if server.is_probe() || !server.tools.are_cached() {
        return None;
    }
    // The failure is known already: a slow list must not delay it.
    server.client.set_patience(Some(COMPARISON));
    let fetched = fetch_until(context, server, Some(&cached.name));
    server.client.set_patience(None);
    let tools = fetched.ok()?;
    let name = one_line(&cached.name);
    Some(match tools.find(&cached.name) {
        None => format!("The server no longer lists `{name}`."),
        Some(now) if now.input_schema() == cached.input_schema() => {
            format!("The input schema of `{name}` has not changed since it was cached.")
        }
        Some(_) => format!(
            "The input schema of `{name}` has changed since it was cached; try again, the new one is used now."
        ),
    })
}

/// Removes tools with invalid definitions. In the modern era, one invalid annotation makes
/// the whole definition invalid (2026-07-28, Streamable HTTP, "Schema Extension").
pub(crate) fn without_invalid(context: &Context<'_>, server: &Server, mut tools: Tools) -> Tools {
    if !server.client.session().is_modern() {
        return tools;
    }
    let before = tools.raw().len();
    tools.retain(|tool| match &tool.mirrored {
        Ok(_) => true,
        Err(why) => {
            let (name, why) = (one_line(&tool.name), one_line(why));
            context
                .console
                .note(&format!("mcpoke: left out {name}, whose definition is invalid: {why}"));
            false
        }
    });
    if tools.raw().len() < before {
        context.console.note("        (list-tools --all shows it)");
    }
    tools
}

/// Returns the named tool, or a failure that suggests similar names.
pub(crate) fn find(server: &Server, tools: &Tools, name: &str) -> Result<Tool, Failure> {
    tools.find(name).ok_or_else(|| {
        let mut failure = Failure::usage(format!("the server has no tool named `{name}`"));
        let known: Vec<String> = tools.names().collect();
        for near in ranked(name, known.iter().map(String::as_str)) {
            failure = failure.with_detail(format!("did you mean `{near}`?"));
        }
        let legacy = !server.client.session().is_modern();
        if legacy && server.declares_nothing() {
            failure = failure.with_detail(
                "Servers show fewer tools to a session that declared no elicitation, roots or sampling: \
                 --answer, --root or --sampling-command open one that does.",
            );
        }
        failure.with_next(server.command("list-tools"), "lists what exists")
    })
}

/// Returns the parameters that the named tool mirrors into headers, from the cache or else
/// from the server. Empty in the legacy era.
pub(crate) fn mirrored(
    context: &Context<'_>,
    server: &mut Server,
    name: &str,
) -> Result<Vec<Mirrored>, CommandError> {
    if !server.client.session().is_modern() || server.is_probe() {
        return Ok(Vec::new());
    }
    let tools = match remembered(context, server, Some(name)) {
        Some(known) => known.tools,
        None => fetch(context, server)?,
    };
    Ok(mirrored_by(&tools, name))
}

fn mirrored_by(tools: &Tools, name: &str) -> Vec<Mirrored> {
    tools.find(name).and_then(|tool| tool.mirrored.ok()).unwrap_or_default()
}

/// Sends a request. If the server says that the headers of a call do not mirror its body, the tool may
/// mirror other parameters by now: the tools are fetched and the call, which has not run, is repeated
/// once (2026-07-28, Streamable HTTP, "Client Behavior").
pub(crate) fn send(
    context: &Context<'_>,
    server: &mut Server,
    rpc: &mut RpcRequest,
) -> Result<Result<RpcResponse, client::Error>, CommandError> {
    let outcome = server.client.request(rpc);
    match &outcome {
        Err(error)
            if Reason::HeaderMismatch.permits(rpc.idempotency)
                && server.client.is_header_mismatch(error)
                && rpc.method() == methods::CALL_TOOL
                && !server.is_probe() =>
        {
            let name = rpc.params["name"].as_str().unwrap_or_default();
            let mirrored = mirrored_by(&fetch(context, server)?, name);
            if mirrored == rpc.mirrored {
                // The same request would be refused again.
                return Ok(outcome);
            }
            rpc.mirrored = mirrored;
            Ok(server.client.request(rpc))
        }
        _ => Ok(outcome),
    }
}

/// Returns the tool with its input schema: from the cache, from a list without a session, or from a separate
/// session. The list comes first, and remains in the history: a handshake, even in another session, changes some
/// servers. The separate session is not part of the trace and is closed again.
pub(crate) fn look_up(context: &Context<'_>, name: &str, server: &mut Server) -> Option<Tool> {
    let record = server.saved.record.as_ref();
    let known = record
        .and_then(|record| {
            context.store()?.load_tools(&record.name, Some(name), context.now()).ok()?
        })
        .map(|known| known.tools);
    let known = known.or_else(|| {
        server.client.resume(Session::default(), Renewal::Unasked);
        Some(server.client.list_tools(Some(name)).ok()?.tools)
    });
    let tools = known.or_else(|| {
        context.console.note(&format!(
            "mcpoke: fetching the input schema of `{name}` in a separate session (key:=JSON avoids this)"
        ));
        let client = &server.client;
        let recorder = Recorder::default();
        let config = ClientConfig { recorder, ..ClientConfig::clone(client.config()) };
        let (endpoint, headers) = (client.endpoint().clone(), client.headers().to_vec());
        let mut aside = Client::new(endpoint, headers, Arc::new(config)).ok()?;
        let declared = json!({});
        let opened =
            aside.open(&handshake(context.options, EraProbe::ListTools, &declared)).ok()?;
        let tools = opened.tools.or_else(|| aside.list_tools(Some(name)).ok());
        aside.close_streams();
        let _ = aside.close();
        Some(tools?.tools)
    })?;
    tools.find(name)
}

/// A kind of list.
pub(crate) struct ListKind {
    pub(crate) method: &'static str,
    /// Key of the items in the result.
    pub(crate) key: &'static str,
    /// Key of an item's name.
    pub(crate) name: &'static str,
    /// Capability that a server with such items declares.
    pub(crate) capability: &'static str,
    /// Noun for an item, in messages.
    pub(crate) what: &'static str,
    /// Hint on how to use an item.
    pub(crate) next: &'static str,
}

pub(crate) const RESOURCES: ListKind = ListKind {
    method: methods::LIST_RESOURCES,
    key: "resources",
    capability: "resources",
    name: "uri",
    what: "resource",
    next: "mcpoke read-resource URI reads one",
};

pub(crate) const TEMPLATES: ListKind = ListKind {
    method: methods::LIST_RESOURCE_TEMPLATES,
    key: "resourceTemplates",
    capability: "resources",
    name: "uriTemplate",
    what: "resource template",
    next: "mcpoke read-resource URI, with the braces filled in, reads one",
};

pub(crate) const PROMPTS: ListKind = ListKind {
    method: methods::LIST_PROMPTS,
    key: "prompts",
    capability: "prompts",
    name: "name",
    what: "prompt",
    next: "mcpoke get-prompt NAME key=value fills one in",
};

/// Returns items as values, each parsed when it is reached.
pub(crate) fn values(raw: &[Box<RawValue>]) -> impl Iterator<Item = Value> {
    raw.iter().map(|raw| value(raw))
}

/// Parses an item.
pub(crate) fn value(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// Prefetches tools, resources and prompts for shell completion; errors are ignored.
pub(crate) fn learn(context: &Context<'_>, client: &mut Client, record: &Record) {
    let Some(store) = context.store() else { return };
    let offers = |capability: &str| record.capabilities.get(capability).is_some();
    if offers("tools")
        && !store.has_tools(&record.name)
        && let Ok(list) = client.list_tools(None)
    {
        let _ = store.save_tools(&record.name, &list, context.now());
    }
    for kind in [&RESOURCES, &TEMPLATES, &PROMPTS] {
        if offers(kind.capability)
            && let Ok(all) = client.list(kind.method, kind.key, usize::MAX)
        {
            let _ = store.save_offers(&record.name, kind.key, values(&all));
        }
    }
}
