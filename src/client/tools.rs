//! Tools: all pages of the list, and calling one.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::error::{Error, ErrorKind};
use super::{Client, Repeat};
use crate::exchange::Purpose;
use crate::protocol::jsonrpc::call_params;
use crate::protocol::types::Tool;

/// A server whose list never ends is stopped after this many pages.
const MAX_PAGES: usize = 1000;

impl Client {
    /// All tools, over all pages (2025-11-25, Pagination). A cursor that comes back a second time
    /// would never end, and is an error.
    pub fn list_tools(&mut self) -> Result<Vec<Tool>, Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            tools: Vec<Box<serde_json::value::RawValue>>,
            #[serde(default)]
            next_cursor: Option<String>,
        }
        let mut tools = Vec::new();
        let mut cursors: Vec<String> = Vec::new();
        for _ in 0..MAX_PAGES {
            let params = cursors.last().map_or(json!({}), |cursor| json!({"cursor": cursor}));
            let raw = self.request(&Purpose::of("tools/list"), &params, Repeat::Harmless)?;
            let page: Page = serde_json::from_str(raw.get()).map_err(|error| {
                self.unreadable(&format!("the list of tools cannot be read: {error}"))
            })?;
            for tool in page.tools {
                tools.push(Tool::parse(tool).map_err(|text| self.unreadable(&text))?);
            }
            match page.next_cursor {
                None => return Ok(tools),
                Some(cursor) if cursors.contains(&cursor) => {
                    return Err(self.unreadable("the list of tools never ends: a page points back"));
                }
                Some(cursor) => cursors.push(cursor),
            }
        }
        Err(self.unreadable(&format!("the list of tools has more than {MAX_PAGES} pages")))
    }

    /// Calls a tool; the result as the server sent it. Whether its call may be repeated is for the caller to know.
    pub fn call_tool(
        &mut self,
        name: &str,
        arguments: &Map<String, Value>,
        repeat: Repeat,
    ) -> Result<Box<RawValue>, Error> {
        let params = call_params(name, arguments);
        self.request(&Purpose::on("tools/call", name), &params, repeat)
    }

    /// Asks whether the server is there.
    pub fn ping(&mut self) -> Result<(), Error> {
        self.request(&Purpose::of("ping"), &Value::Null, Repeat::Harmless).map(|_| ())
    }

    fn unreadable(&self, text: &str) -> Error {
        self.failed(ErrorKind::Protocol(text.to_owned()))
    }
}
