//! Paginated lists (2025-11-25, Pagination). A list whose pagination is broken is cut where it breaks.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;
use serde_json::value::RawValue;

use super::Client;
use super::error::{Error, ErrorKind};
use super::rpc_request::{RpcRequest, RpcResponse};
use crate::protocol::jsonrpc;

/// Maximum number of pages of a list, so that an endless list stops.
const MAX_PAGES: usize = 1000;
const PAGINATION: &str = "2025-11-25, Pagination";

/// A page of a list, as far as it matters for the next one.
pub(super) struct Page {
    /// `nextCursor`, as received.
    pub(super) cursor: Option<Value>,
    /// No further page is needed.
    pub(super) is_enough: bool,
}

/// Completeness of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pages {
    All,
    /// Some are missing: they were not needed, or the pagination is broken.
    Some,
}

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
        self.pages(method, key, first, |raw| {
            let unreadable = |error| format!("the response to {method} cannot be read: {error}");
            let page = jsonrpc::members(raw.get()).map_err(unreadable)?;
            let list = page.get(key).ok_or_else(|| {
                format!("the response to {method} cannot be read: it has no `{key}`")
            })?;
            let list: Vec<Box<RawValue>> = serde_json::from_str(list.get()).map_err(unreadable)?;
            items.extend(list);
            let cursor = page.get("nextCursor");
            let cursor = cursor.and_then(|cursor| serde_json::from_str(cursor.get()).ok());
            Ok(Page { cursor, is_enough: items.len() >= enough })
        })?;
        Ok(items)
    }

    /// Passes each page to `take`, starting with `first`; `key` is the member that holds the items. If
    /// a later page fails or the pages repeat, what was received is kept, and the departure is recorded.
    pub(super) fn pages(
        &mut self,
        method: &str,
        key: &str,
        first: RpcResponse,
        mut take: impl FnMut(Box<RawValue>) -> Result<Page, String>,
    ) -> Result<Pages, Error> {
        let mut cursors: HashSet<String> = HashSet::new();
        let mut seen: HashSet<u64> = HashSet::new();
        let mut answer = first;
        for number in 1..=MAX_PAGES {
            let RpcResponse { result, exchange, .. } = answer;
            // The first page is all there is of most lists: nothing to compare it with.
            let is_repeated =
                number > 1 && digest(&result, key).is_some_and(|page| !seen.insert(page));
            if is_repeated {
                let what =
                    format!("page {number} of {method} repeats an earlier one; it is left out");
                self.departs(what, PAGINATION);
                return Ok(Pages::Some);
            }
            // Most lists have one page, which need not be compared with any other.
            let has_more = number == 1 && result.get().contains("nextCursor");
            let first = has_more.then(|| digest(&result, key)).flatten();
            let page = match take(result) {
                Ok(page) => page,
                Err(text) => return Err(Error::protocol(text).shown_by(exchange)),
            };
            let cursor = match page.cursor {
                None | Some(Value::Null) => return Ok(Pages::All),
                Some(_) if page.is_enough => return Ok(Pages::Some),
                Some(Value::String(cursor)) => cursor,
                Some(other) => {
                    let what =
                        format!("the nextCursor of {method} is {other}, which is not a string");
                    self.departs(what, PAGINATION);
                    other.to_string()
                }
            };
            seen.extend(first);
            if !cursors.insert(cursor.clone()) {
                let what = format!("page {number} of {method} points back to an earlier page");
                self.departs(what, PAGINATION);
                return Ok(Pages::Some);
            }
            answer = match self.request(&RpcRequest::page(method, Some(&cursor))) {
                Ok(answer) => answer,
                Err(error) if is_about_the_page(&error) => {
                    let what = format!(
                        "page {} of {method} failed: {error}; the list may be incomplete",
                        number + 1
                    );
                    self.departs(what, PAGINATION);
                    return Ok(Pages::Some);
                }
                Err(error) => return Err(error),
            };
        }
        self.departs(format!("{method} has more than {MAX_PAGES} pages"), PAGINATION);
        Ok(Pages::Some)
    }
}

/// Returns a digest of a page's items; `None` if there are none.
fn digest(page: &RawValue, key: &str) -> Option<u64> {
    let members = jsonrpc::members(page.get()).ok()?;
    let items = members.get(key)?.get();
    let mut hasher = DefaultHasher::new();
    items.hash(&mut hasher);
    (items.trim_matches(['[', ']']).trim() != "").then(|| hasher.finish())
}

/// Returns true if the server rejected a page, as opposed to a broken connection or a limit.
fn is_about_the_page(error: &Error) -> bool {
    match &error.kind {
        ErrorKind::Rpc(_) => !matches!(error.status(), Some(401 | 403)),
        ErrorKind::Status(status) => !matches!(status, 401 | 403 | 407),
        ErrorKind::Protocol(_) | ErrorKind::Unanswered(_) => true,
        _ => false,
    }
}
