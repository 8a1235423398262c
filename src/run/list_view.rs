//! A list as a table, as names, or as the server sent it.

use std::io;

use serde_json::Value;

use super::Context;
use super::tools::Kind;
use crate::cli::Listing;
use crate::output::{count, first_sentence, table};

/// How a list looks.
pub(crate) struct ListView<'l> {
    /// What the server calls it.
    pub(crate) key: &'l str,
    /// What is said where there is nothing.
    pub(crate) none: &'l str,
    /// What an item is, and what is done with one; nothing is said below the table without.
    pub(crate) below: Option<(&'l str, &'l str)>,
    /// How wide the columns may get.
    pub(crate) widths: &'l [u16],
}

/// Shows a list as the options want it: names alone, as the server sent it, or as a table. Each item has its
/// name and its text; the rows are made where they are wanted.
pub(crate) fn show(
    context: &Context<'_>,
    listing: &Listing,
    look: &ListView<'_>,
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
    pub(crate) fn row(&self, item: &Value) -> Vec<String> {
        let text = |field: &str| item[field].as_str().unwrap_or_default();
        let middle = match item["arguments"].as_array() {
            Some(arguments) => arguments.iter().map(argument).collect::<Vec<_>>().join(" "),
            None => text("mimeType").to_owned(),
        };
        let title = if text("title").is_empty() { text("name") } else { text("title") };
        let about = if text("description").is_empty() { title } else { text("description") };
        vec![text(self.name).to_owned(), middle, first_sentence(about)]
    }
}

/// A prompt's argument; one that may be left out stands in brackets.
pub(crate) fn argument(argument: &Value) -> String {
    let name = argument["name"].as_str().unwrap_or_default();
    if argument["required"] == true { name.to_owned() } else { format!("[{name}]") }
}
