//! Tools: listing all pages, and errors of calls.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Client;
use super::error::{Error, ErrorKind};
use super::lists::{Page, Pages};
use super::rpc_request::{RpcRequest, RpcResponse};
use crate::exchange::Exchange;
use crate::protocol::envelope::META_SERVER;
use crate::protocol::tools::ToolList;
use crate::protocol::{codes, methods};

/// One page of the tool list (schema `ListToolsResult`; caching hints: 2026-07-28,
/// Caching).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolPage {
    tools: Vec<Box<RawValue>>,
    #[serde(default)]
    next_cursor: Option<Value>,
    #[serde(default)]
    ttl_ms: Option<Value>,
    #[serde(default)]
    cache_scope: Option<String>,
    #[serde(default, rename = "_meta")]
    meta: Value,
}

impl Client {
    /// Returns all tools, from all pages (2025-11-25, Pagination). With a name, no further page is requested
    /// once this tool has arrived.
    pub fn list_tools(&mut self, wanted: Option<&str>) -> Result<ToolList, Error> {
        let first = self.request(&RpcRequest::list_tools())?;
        self.tools_until(first, wanted)
    }

    /// Collects all tools, starting with the first page.
    pub(super) fn all_tools(&mut self, first: RpcResponse) -> Result<ToolList, Error> {
        self.tools_until(first, None)
    }

    fn tools_until(&mut self, first: RpcResponse, wanted: Option<&str>) -> Result<ToolList, Error> {
        let mut list = ToolList { is_public: true, ..ToolList::default() };
        let mut is_first = true;
        let pages = self.pages(methods::LIST_TOOLS, "tools", first, |raw| {
            let page: ToolPage = serde_json::from_str(raw.get())
                .map_err(|error| format!("the list of tools cannot be read: {error}"))?;
            let mut is_enough = false;
            for tool in page.tools {
                let name = list.tools.push(tool)?;
                is_enough |= wanted == Some(name.as_str());
            }
            // The shortest lifetime of all pages applies to the list; an invalid one counts as 0.
            let ttl = page.ttl_ms.map(|ttl| ttl.as_u64().unwrap_or(0));
            list.ttl_ms = if is_first { ttl } else { list.ttl_ms.min(ttl) };
            is_first = false;
            // The list is public only if every page is.
            list.is_public &= page.cache_scope.as_deref() == Some("public");
            let server = serde_json::from_value(page.meta[META_SERVER].clone()).ok();
            list.server = list.server.take().or(server);
            Ok(Page { cursor: page.next_cursor, is_enough })
        })?;
        list.is_partial = pages == Pages::Some;
        Ok(list)
    }

    /// Returns true if a request was refused because its headers do not mirror its body (2026-07-28,
    /// Streamable HTTP, "Server Validation").
    pub fn is_header_mismatch(&self, error: &Error) -> bool {
        // In the legacy era, or with another status, -32020 may be an application's own code.
        self.session().is_modern()
            && error.status() == Some(400)
            && matches!(&error.kind, ErrorKind::Rpc(error) if error.code == Some(codes::HEADER_MISMATCH))
    }

    /// Checks that the server responds, and returns the exchange that shows it. The modern era has no
    /// `ping`, so `server/discover` is used instead.
    pub fn ping(&mut self) -> Result<Box<Exchange>, Error> {
        if !self.session().is_modern() {
            let outcome = self.request(&RpcRequest::ping()).map(|answer| answer.exchange);
            // The server may have changed to the modern era meanwhile.
            if outcome.is_ok() || !self.session().is_modern() {
                return outcome;
            }
        }
        match self.request(&RpcRequest::discover()) {
            Ok(answer) => Ok(answer.exchange),
            // Even this error shows that the server is alive.
            Err(error) if error.is_unknown_method() => {
                let Error { kind, exchange, .. } = error;
                exchange.ok_or_else(|| Error::of(kind))
            }
            Err(error) => Err(error),
        }
    }
}
