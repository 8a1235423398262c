//! The catalogue of a server's tools: cached, fetched, found, typed, invalidated.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::connect::Connected;
use super::input::wrong_arguments;
use super::prepare::Prepared;
use super::settings::handshake;
use super::{CommandError, Context};
use crate::arguments::{Given, Problems, Typing, ranked};
use crate::client::{Ask, Client, Probe};
use crate::exchange::Recorder;
use crate::failure::{Failure, Kind as FailureKind, quoted};
use crate::output::one_line;
use crate::protocol::methods;
use crate::protocol::mirror::Mirrored;
use crate::protocol::types::Tool;
use crate::session::{Belief, KnownTools, Record};

/// Arguments that the tool's schema refuses.
pub(crate) fn refused(connected: &Connected, tool: &str, problems: Problems) -> CommandError {
    let schema = connected.command(&format!("list-tools --schema {}", quoted(tool)));
    wrong_arguments(tool, problems).with_next(schema, "shows what it takes").into()
}

/// The tool, as far as it is known, so that its arguments (`None`: those of many calls) can be typed and
/// mirrored. The tools are
/// asked for only where something of them is wanted and not known; what a list that is not sure refuses
/// is looked at once more with a fresh one, since the server may have changed.
pub(crate) fn known_tool(
    context: &Context<'_>,
    connected: &mut Connected,
    name: &str,
    given: Option<&Given>,
    typing: Typing,
) -> Result<Option<Tool>, CommandError> {
    let known = remembered(context, connected)?;
    let found = known.as_ref().and_then(|known| known.tools.iter().find(|tool| tool.name == name));
    if connected.is_probe() {
        // The request itself is what is tried out: nothing else is sent before it.
        return Ok(found.cloned());
    }
    let is_modern = connected.client.session().is_modern();
    let belief = known.as_ref().map(|known| known.belief);
    match (belief, found) {
        (Some(Belief::Fresh), Some(found)) => return usable(found, is_modern, typing),
        (Some(Belief::Unsure), Some(found)) => {
            let fits = given
                .is_none_or(|given| typed(connected, name, given, Some(found), typing).is_ok());
            if fits && let Ok(found) = usable(found, is_modern, typing) {
                return Ok(found);
            }
        }
        // The modern era wants to know what is mirrored into headers.
        (None, _) if !is_modern && given.is_some_and(|given| !given.needs_schema(typing)) => {
            return Ok(None);
        }
        _ => {}
    }
    let tools = match known {
        Some(known) if belief == Some(Belief::Fresh) => known.tools,
        _ => fetch(context, connected)?,
    };
    match find(connected, &tools, name) {
        Ok(found) => usable(found, is_modern, typing),
        Err(_) if typing == Typing::Lenient => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

/// A tool, unless its definition is invalid: such a one is not to be used (2026-07-28, Streamable HTTP,
/// "Schema Extension"), unless the user wants nothing checked.
pub(crate) fn usable(
    tool: &Tool,
    is_modern: bool,
    typing: Typing,
) -> Result<Option<Tool>, CommandError> {
    match &tool.mirrored {
        Err(why) if is_modern && typing != Typing::Lenient => {
            let text = format!("the server's definition of {} is invalid: {why}", tool.name);
            Err(Failure::new(FailureKind::Protocol, text)
                .with_next("the same with --no-validate", "calls it without the mirrored headers")
                .into())
        }
        _ => Ok(Some(tool.clone())),
    }
}

pub(crate) fn typed(
    connected: &Connected,
    name: &str,
    given: &Given,
    tool: Option<&Tool>,
    typing: Typing,
) -> Result<Map<String, Value>, CommandError> {
    given
        .typed(tool.map(|tool| &tool.input_schema), typing)
        .map_err(|problems| refused(connected, name, problems))
}

/// The tools that are known of this server.
pub(crate) fn remembered(
    context: &Context<'_>,
    connected: &Connected,
) -> Result<Option<KnownTools>, CommandError> {
    let known = connected.tools.as_ref().or(connected.public_tools.as_ref());
    match (known, connected.memory()) {
        (Some(known), _) => Ok(Some(known.clone())),
        (None, Some((store, name))) => Ok(store.load_tools(name, context.now())?),
        (None, None) => Ok(None),
    }
}

/// The server said that its tools have changed: what is remembered of them is not true any more.
pub(crate) fn forget_changed_tools(context: &Context<'_>, connected: &Connected) {
    if let (true, Some((store, name))) = (connected.client.tools_changed(), connected.memory())
        && let Err(error) = store.forget_tools(name)
    {
        context.console.note(&format!("mcpoke: {error:#}"));
    }
}

/// Asks for the tools and remembers them, where the server is remembered.
pub(crate) fn fetch(
    context: &Context<'_>,
    connected: &mut Connected,
) -> Result<Vec<Tool>, CommandError> {
    let list = connected.client.list_tools().map_err(|error| connected.fail(error))?;
    if let Some((store, name)) = connected.memory() {
        // What cannot be kept is asked for again next time.
        let _ = store.save_tools(name, &list, context.now());
    }
    let belief = Belief::Fresh;
    connected.tools =
        Some(KnownTools { tools: list.tools.clone(), belief, is_public: list.is_public });
    Ok(list.tools)
}

/// The tools whose definitions can be used: in the modern era an invalid annotation makes a whole
/// definition invalid (2026-07-28, Streamable HTTP, "Schema Extension").
pub(crate) fn without_invalid(
    context: &Context<'_>,
    connected: &Connected,
    tools: Vec<Tool>,
) -> Vec<Tool> {
    if !connected.client.session().is_modern() {
        return tools;
    }
    let (valid, invalid): (Vec<_>, Vec<_>) =
        tools.into_iter().partition(|tool| tool.mirrored.is_ok());
    for tool in &invalid {
        let why = tool.mirrored.as_ref().err().map(String::as_str).unwrap_or_default();
        context.console.note(&format!(
            "mcpoke: left out {}, whose definition is invalid: {}",
            one_line(&tool.name),
            one_line(why)
        ));
    }
    if !invalid.is_empty() {
        context.console.note("        (list-tools --all shows it all the same)");
    }
    valid
}

/// The tool of this name, or a failure that suggests others.
pub(crate) fn find<'t>(
    connected: &Connected,
    tools: &'t [Tool],
    name: &str,
) -> Result<&'t Tool, Failure> {
    tools.iter().find(|tool| tool.name == name).ok_or_else(|| {
        let mut failure = Failure::usage(format!("the server has no tool named `{name}`"));
        for near in ranked(name, tools.iter().map(|tool| tool.name.as_str())) {
            failure = failure.with_detail(format!("did you mean `{near}`?"));
        }
        let legacy = !connected.client.session().is_modern();
        if legacy && connected.declares_nothing() {
            failure = failure.with_detail(
                "Servers show fewer tools to a session that declared no elicitation, roots or sampling: \
                 --answer, --root or --sampling-command open one that does.",
            );
        }
        failure.with_next(connected.command("list-tools"), "shows what there is")
    })
}

/// What the named tool mirrors into headers, where the era has that: from what is known, or asked for
/// now.
pub(crate) fn mirrored(
    context: &Context<'_>,
    connected: &mut Connected,
    ask: &Ask,
    anew: bool,
) -> Result<Vec<Mirrored>, CommandError> {
    let is_call = ask.purpose.method.as_deref() == Some(methods::CALL_TOOL);
    if !is_call || !connected.client.session().is_modern() || connected.is_probe() {
        return Ok(Vec::new());
    }
    let known = if anew { None } else { remembered(context, connected)? };
    let tools = match known {
        Some(known) => known.tools,
        None => fetch(context, connected)?,
    };
    let name = ask.params["name"].as_str().unwrap_or_default();
    let tool = tools.into_iter().find(|tool| tool.name == name);
    Ok(tool.and_then(|tool| tool.mirrored.ok()).unwrap_or_default())
}

/// The tool with its input schema: what is remembered, or what a session of its own finds out. That one
/// is no part of what is traced, and is ended again.
pub(crate) fn look_up(context: &Context<'_>, name: &str, prepared: &Prepared) -> Option<Tool> {
    let known = prepared
        .saved
        .as_ref()
        .and_then(|record| context.store()?.load_tools(&record.name, context.now()).ok()?)
        .map(|known| known.tools);
    let tools = known.or_else(|| {
        let mut aside = prepared.client.sibling(Recorder::default()).ok()?;
        let declared = json!({});
        let opened = aside.open(&handshake(context.options, Probe::ListTools, &declared)).ok()?;
        let tools = opened.tools.or_else(|| aside.list_tools().ok());
        aside.hang_up();
        let _ = aside.close();
        Some(tools?.tools)
    })?;
    tools.into_iter().find(|known| known.name == name)
}

/// A kind of list.
pub(crate) struct Kind {
    pub(crate) method: &'static str,
    /// The items stand under this key.
    pub(crate) key: &'static str,
    /// What an item is called by.
    pub(crate) name: &'static str,
    /// What they are, in words.
    pub(crate) what: &'static str,
    /// What is done with one.
    pub(crate) next: &'static str,
}

pub(crate) const RESOURCES: Kind = Kind {
    method: methods::LIST_RESOURCES,
    key: "resources",
    name: "uri",
    what: "resource",
    next: "mcpoke read-resource URI reads one",
};

pub(crate) const TEMPLATES: Kind = Kind {
    method: methods::LIST_RESOURCE_TEMPLATES,
    key: "resourceTemplates",
    name: "uriTemplate",
    what: "resource template",
    next: "mcpoke read-resource URI, with the braces filled in, reads one",
};

pub(crate) const PROMPTS: Kind = Kind {
    method: methods::LIST_PROMPTS,
    key: "prompts",
    name: "name",
    what: "prompt",
    next: "mcpoke get-prompt NAME key=value fills one in",
};

pub(crate) fn values(raw: &[Box<RawValue>]) -> Vec<Value> {
    raw.iter().map(|raw| serde_json::from_str(raw.get()).unwrap_or_default()).collect()
}

/// Asks a server that was just met for everything that it offers, so that it can be completed on the
/// command line. What it does not give is not completed.
pub(crate) fn learn(context: &Context<'_>, client: &mut Client, record: &Record) {
    let Some(store) = context.store() else { return };
    let offers = |capability: &str| record.capabilities.get(capability).is_some();
    if offers("tools")
        && matches!(store.load_tools(&record.name, context.now()), Ok(None))
        && let Ok(list) = client.list_tools()
    {
        let _ = store.save_tools(&record.name, &list, context.now());
    }
    for (kind, capability) in
        [(&RESOURCES, "resources"), (&TEMPLATES, "resources"), (&PROMPTS, "prompts")]
    {
        if offers(capability)
            && let Ok(all) = client.list(kind.method, kind.key, usize::MAX)
        {
            let _ = store.save_offers(&record.name, kind.key, &values(&all));
        }
    }
}
