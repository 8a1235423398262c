//! Output of a list: as a table, as names, or as the server sent it.

use std::io;

use serde_json::Value;
use serde_json::value::RawValue;

use super::Context;
use super::tools::ListKind;
use crate::cli::Listing;
use crate::output::{count, first_sentence, print_table};

/// Presentation of a list.
pub(crate) struct ListView<'l> {
    /// Key of the items in the JSON output.
    pub(crate) key: &'l str,
    /// Message for an empty list.
    pub(crate) none: &'l str,
    /// Noun for an item and the hint on how to use one; `None` prints no line below the table.
    pub(crate) below: Option<(&'l str, &'l str)>,
    /// Maximum widths of the first columns.
    pub(crate) widths: &'l [u16],
}

/// Prints a list as names, as JSON or as a table. `name` and `row` read one item.
pub(crate) fn show(
    context: &Context<'_>,
    listing: &Listing,
    look: &ListView<'_>,
    items: &[Box<RawValue>],
    name: impl Fn(&RawValue) -> String,
    row: impl Fn(&RawValue) -> Vec<String>,
) -> io::Result<()> {
    let console = &context.console;
    if listing.names {
        return items.iter().try_for_each(|item| console.out.server_text(&name(item)));
    }
    if context.options.wants_json() {
        return console.raw_list(look.key, items.iter().map(|item| item.get()));
    }
    if items.is_empty() {
        // With a filter or a zero limit, an empty list says nothing about the server.
        let is_cut = listing.filter.is_some() || listing.limit == Some(0);
        console.note(if is_cut { "nothing fits" } else { look.none });
        return Ok(());
    }
    print_table(items.iter().map(|item| row(item)), look.widths, &console.out)?;
    if let Some((what, next)) = look.below {
        console.note(&format!("{} · {next}", count(items.len(), what)));
    }
    Ok(())
}

impl ListKind {
    /// Formats a resource, a template or a prompt as a table row.
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

/// Formats a prompt argument; optional ones are in brackets.
pub(crate) fn argument(argument: &Value) -> String {
    let name = argument["name"].as_str().unwrap_or_default();
    if argument["required"] == true { name.to_owned() } else { format!("[{name}]") }
}
