//! `list-resources`, `list-resource-templates` and `list-prompts`: all pages, as a table or as the server
//! sent them.

use std::io;

use serde_json::Value;
use serde_json::value::RawValue;

use super::connect::with_server;
use super::{Context, Outcome};
use crate::cli::Listing;
use crate::client::{Client, Probe};
use crate::exit::ExitCode;
use crate::output::{count, table};
use crate::session::Record;

/// A kind of list.
pub(super) struct Kind {
    pub(super) method: &'static str,
    /// The items stand under this key.
    pub(super) key: &'static str,
    /// What an item is called by.
    name: &'static str,
    /// What they are, in words.
    what: &'static str,
    /// What is done with one.
    next: &'static str,
}

pub(super) const RESOURCES: Kind = Kind {
    method: "resources/list",
    key: "resources",
    name: "uri",
    what: "resource",
    next: "mcpoke read-resource URI reads one",
};

pub(super) const TEMPLATES: Kind = Kind {
    method: "resources/templates/list",
    key: "resourceTemplates",
    name: "uriTemplate",
    what: "resource template",
    next: "mcpoke read-resource URI, with the braces filled in, reads one",
};

pub(super) const PROMPTS: Kind = Kind {
    method: "prompts/list",
    key: "prompts",
    name: "name",
    what: "prompt",
    next: "mcpoke get-prompt NAME key=value fills one in",
};

pub(super) fn run(context: &Context<'_>, kind: &Kind, listing: &Listing) -> Outcome {
    with_server(context, Probe::Discover, |connected| {
        // With a filter it is not known beforehand how many are enough.
        let enough = listing.limit.filter(|_| listing.filter.is_none()).unwrap_or(usize::MAX);
        let all = connected
            .client
            .list(kind.method, kind.key, enough)
            .map_err(|error| connected.fail(error))?;
        let values = values(&all);
        if let (true, Some((store, name))) = (enough == usize::MAX, connected.memory()) {
            // For completion alone: what cannot be kept is not completed.
            let _ = store.save_offers(name, kind.key, &values);
        }
        let mut items: Vec<(Box<RawValue>, Value)> = all
            .into_iter()
            .zip(values)
            .filter(|(_, item)| {
                let fields = [kind.name, "name", "title", "description"];
                listing.wants(fields.map(|field| item[field].as_str()))
            })
            .collect();
        items.truncate(listing.limit.unwrap_or(usize::MAX));
        let none = format!("the server offers no {}s", kind.what);
        let below = Some((kind.what, kind.next));
        let look = Look { key: kind.key, none: &none, below, widths: &[56, 32] };
        let shown: Vec<(&str, &str)> = items
            .iter()
            .map(|(raw, item)| (item[kind.name].as_str().unwrap_or_default(), raw.get()))
            .collect();
        show(context, listing, &look, &shown, || {
            items.iter().map(|(_, item)| kind.row(item)).collect()
        })?;
        Ok(ExitCode::Success)
    })
}

pub(super) fn values(raw: &[Box<RawValue>]) -> Vec<Value> {
    raw.iter().map(|raw| serde_json::from_str(raw.get()).unwrap_or_default()).collect()
}

/// Asks a server that was just met for everything that it offers, so that it can be completed on the
/// command line. What it does not give is not completed.
pub(super) fn learn(context: &Context<'_>, client: &mut Client, record: &Record) {
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

/// How a list looks.
pub(super) struct Look<'l> {
    /// What the server calls it.
    pub(super) key: &'l str,
    /// What is said where there is nothing.
    pub(super) none: &'l str,
    /// What an item is, and what is done with one; nothing is said below the table without.
    pub(super) below: Option<(&'l str, &'l str)>,
    /// How wide the columns may get.
    pub(super) widths: &'l [u16],
}

/// Shows a list as the options want it: names alone, as the server sent it, or as a table. Each item has its
/// name and its text; the rows are made where they are wanted.
pub(super) fn show(
    context: &Context<'_>,
    listing: &Listing,
    look: &Look<'_>,
    items: &[(&str, &str)],
    rows: impl FnOnce() -> Vec<Vec<String>>,
) -> io::Result<()> {
    let console = &context.console;
    if listing.names {
        return items.iter().try_for_each(|(name, _)| console.out.server_text(name));
    }
    if context.options.wants_json() {
        let raw: Vec<&str> = items.iter().map(|(_, raw)| *raw).collect();
        return console.raw(&format!("{{\"{}\":[{}]}}", look.key, raw.join(",")));
    }
    if items.is_empty() {
        // What the options leave out is no news of the server.
        let is_cut = listing.filter.is_some() || listing.limit == Some(0);
        console.note(if is_cut { "nothing fits" } else { look.none });
        return Ok(());
    }
    console.line(&table(&rows(), look.widths, &console.out))?;
    if let Some((what, next)) = look.below {
        console.note(&format!("{} · {next}", count(items.len(), what)));
    }
    Ok(())
}

impl Kind {
    /// A resource's, a template's or a prompt's row.
    fn row(&self, item: &Value) -> Vec<String> {
        let text = |field: &str| item[field].as_str().unwrap_or_default();
        let middle = match item["arguments"].as_array() {
            Some(arguments) => arguments.iter().map(argument).collect::<Vec<_>>().join(" "),
            None => text("mimeType").to_owned(),
        };
        let title = if text("title").is_empty() { text("name") } else { text("title") };
        let about = if text("description").is_empty() { title } else { text("description") };
        vec![text(self.name).to_owned(), middle, super::list_tools::first_sentence(about)]
    }
}

/// A prompt's argument; one that may be left out stands in brackets.
fn argument(argument: &Value) -> String {
    let name = argument["name"].as_str().unwrap_or_default();
    if argument["required"] == true { name.to_owned() } else { format!("[{name}]") }
}
