//! Paginated lists (2025-11-25, Pagination).

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::Client;
use super::error::Error;
use super::rpc_request::{RpcRequest, RpcResponse};

/// Maximum number of pages of a list, so that an endless list stops.
const MAX_PAGES: usize = 1000;

impl Client {
    /// Returns the items of a list such as `resources/list` as raw JSON. `key` is the member
    /// that holds them. No further page is requested once `enough` items have arrived.
    pub fn list(
        &mut self,
        method: &str,
        key: &str,
        enough: usize,
    ) -> Result<Vec<Box<RawValue>>, Error> {
        let first = self.request(&RpcRequest::page(method, None))?;
        let mut items: Vec<Box<RawValue>> = Vec::new();
        self.pages(method, first, |raw| {
            let unreadable = |error| format!("the answer to {method} cannot be read: {error}");
            let page: HashMap<String, Box<RawValue>> =
                serde_json::from_str(raw.get()).map_err(unreadable)?;
            let list = page.get(key).ok_or_else(|| {
                format!("the answer to {method} cannot be read: it has no `{key}`")
            })?;
            let list: Vec<Box<RawValue>> = serde_json::from_str(list.get()).map_err(unreadable)?;
            items.extend(list);
            let cursor = page.get("nextCursor").filter(|_| items.len() < enough);
            Ok(cursor.and_then(|cursor| serde_json::from_str(cursor.get()).ok()))
        })?;
        Ok(items)
    }

    /// Passes each page to `take`, starting with `first`; `take` returns the next cursor. A
    /// repeated cursor is an error, because the list would never end.
    pub(super) fn pages(
        &mut self,
        method: &str,
        first: RpcResponse,
        mut take: impl FnMut(Box<RawValue>) -> Result<Option<String>, String>,
    ) -> Result<(), Error> {
        let mut cursors: Vec<String> = Vec::new();
        let mut answer = first;
        for _ in 0..MAX_PAGES {
            let RpcResponse { result, exchange, .. } = answer;
            match take(result) {
                Ok(None) => return Ok(()),
                Ok(Some(cursor)) if cursors.contains(&cursor) => {
                    let text = format!("the list of {method} never ends: a page points back");
                    return Err(Error::protocol(text).shown_by(exchange));
                }
                Ok(Some(cursor)) => cursors.push(cursor),
                Err(text) => return Err(Error::protocol(text).shown_by(exchange)),
            }
            answer = self.request(&RpcRequest::page(method, cursors.last()))?;
        }
        let text = format!("the list of {method} has more than {MAX_PAGES} pages");
        Err(Error::protocol(text).shown_by(answer.exchange))
    }
}
