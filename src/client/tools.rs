//! Tools: all pages of the list, and calling one.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::error::{Error, ErrorKind};
use super::{Ask, Client, Repeat};
use crate::exchange::Purpose;
use crate::protocol::envelope::META_SERVER;
use crate::protocol::jsonrpc::call_params;
use crate::protocol::types::{Tool, ToolList};
use crate::protocol::{codes, methods};

/// One page of the list (schema `ListToolsResult`; the hints are of 2026-07-28, Caching).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    tools: Vec<Box<RawValue>>,
    #[serde(default)]
    next_cursor: Option<String>,
    #[serde(default)]
    ttl_ms: Option<Value>,
    #[serde(default)]
    cache_scope: Option<String>,
    #[serde(default, rename = "_meta")]
    meta: Value,
}

/// The request for a call.
pub(super) fn call_of(name: &str, arguments: &Map<String, Value>, tool: Option<&Tool>) -> Ask {
    let harmless = tool.is_some_and(|tool| tool.repeatable);
    let repeat = if harmless { Repeat::Harmless } else { Repeat::Harmful };
    let mut ask =
        Ask::new(Purpose::on(methods::CALL_TOOL, name), call_params(name, arguments), repeat);
    ask.mirrored = tool.and_then(|tool| tool.mirrored.clone().ok()).unwrap_or_default();
    ask
}

impl Client {
    /// All tools, over all pages (2025-11-25, Pagination).
    pub fn list_tools(&mut self) -> Result<ToolList, Error> {
        let first = self.request(&Ask::list_tools())?;
        self.all_tools(first)
    }

    /// All tools, of which the first page is there.
    pub(super) fn all_tools(&mut self, first: Box<RawValue>) -> Result<ToolList, Error> {
        let mut list = ToolList { is_public: true, ..ToolList::default() };
        let mut is_first = true;
        self.pages(methods::LIST_TOOLS, first, |raw| {
            let page: Page = serde_json::from_str(raw.get())
                .map_err(|error| format!("the list of tools cannot be read: {error}"))?;
            for tool in page.tools {
                list.tools.push(Tool::parse(tool)?);
            }
            // The shortest time of all pages holds for the whole; a negative one is none.
            let ttl = page.ttl_ms.map(|ttl| ttl.as_u64().unwrap_or(0));
            list.ttl_ms = if is_first { ttl } else { list.ttl_ms.min(ttl) };
            is_first = false;
            list.is_public &= page.cache_scope.as_deref() == Some("public");
            let server = serde_json::from_value(page.meta[META_SERVER].clone()).ok();
            list.server = list.server.take().or(server);
            Ok(page.next_cursor)
        })?;
        Ok(list)
    }

    /// Calls a tool; the result as the server sent it. What is known of the tool says whether its call may
    /// be repeated, and what it mirrors into headers.
    pub fn call_tool(
        &mut self,
        name: &str,
        arguments: &Map<String, Value>,
        tool: Option<&Tool>,
    ) -> Result<Box<RawValue>, Error> {
        self.request(&call_of(name, arguments, tool))
    }

    /// Returns true if a request was refused because its headers do not mirror its body (2026-07-28,
    /// Streamable HTTP, "Server Validation").
    pub fn is_header_mismatch(&self, error: &Error) -> bool {
        let status = error.exchange.as_ref().and_then(|exchange| exchange.status());
        // In the legacy era, and with any other status, applications use the code for themselves.
        self.session.is_modern()
            && status == Some(400)
            && matches!(&error.kind, ErrorKind::Rpc(error) if error.code == Some(codes::HEADER_MISMATCH))
    }

    /// Asks whether the server is there; the modern era has no `ping`, and its `server/discover`
    /// serves as well.
    pub fn ping(&mut self) -> Result<(), Error> {
        if !self.session.is_modern() {
            let outcome = self.request(&Ask::ping()).map(|_| ());
            // The server may have moved on to the other era meanwhile.
            if outcome.is_ok() || !self.session.is_modern() {
                return outcome;
            }
        }
        match self.request(&Ask::discover()) {
            // Whoever says so is there.
            Err(Error { kind: ErrorKind::Rpc(error), .. })
                if error.code == Some(codes::METHOD_NOT_FOUND) =>
            {
                Ok(())
            }
            outcome => outcome.map(|_| ()),
        }
    }
}
