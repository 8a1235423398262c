//! `list-resources`, `list-resource-templates` and `list-prompts`: all pages, as a table or
//! as the server sent them.

use serde_json::value::RawValue;

use crate::cli::Listing;
use crate::client::EraProbe;
use crate::exit::ExitCode;
use crate::run::connect::with_server;
use crate::run::list_view::{self, ListView};
use crate::run::tools::{ListKind, value, values};
use crate::run::{Context, Outcome};

pub(super) fn run(context: &Context<'_>, kind: &ListKind, listing: &Listing) -> Outcome {
    with_server(context, EraProbe::Discover, |server| {
        // With a filter, it is not known how many items must be fetched.
        let enough = listing.limit.filter(|_| listing.filter.is_none()).unwrap_or(usize::MAX);
        let all = match server.client.list(kind.method, kind.key, enough) {
            Ok(all) => all,
            // The server does not offer this capability.
            Err(error) if error.is_unknown_method() && !server.declares(kind.capability) => {
                Vec::new()
            }
            Err(error) => return Err(server.fail(error)),
        };
        if let (true, Some((store, name))) = (enough == usize::MAX, server.memory()) {
            // Saved for shell completion only: a failure to save is harmless.
            let _ = store.save_offers(name, kind.key, values(&all));
        }
        let mut items = all;
        if listing.filter.is_some() {
            items.retain(|item| {
                let (item, fields) = (value(item), [kind.name, "name", "title", "description"]);
                listing.wants(fields.map(|field| item[field].as_str()))
            });
        }
        items.truncate(listing.limit.unwrap_or(usize::MAX));
        let none = format!("the server offers no {}s", kind.what);
        let below = Some((kind.what, kind.next));
        let look = ListView { key: kind.key, none: &none, below, widths: &[56, 32] };
        let name = |item: &RawValue| value(item)[kind.name].as_str().unwrap_or_default().to_owned();
        list_view::show(context, listing, &look, &items, name, |item| kind.row(&value(item)))?;
        Ok(ExitCode::Success)
    })
}
