// @TITLE@, with fetch alone (Node.js 18 or newer, Deno, Bun).
// Run it as a module: node recipe.mjs
const env = globalThis.process?.env ?? globalThis.Deno.env.toObject();
const URL_OF_SERVER = @URL@;
const VERSION = "@VERSION@";
const HEADERS = {
  "Content-Type": "application/json",
  "Accept": "application/json, text/event-stream", // both, always: the server chooses
  "MCP-Protocol-Version": VERSION,
@HEADERS@};

@MESSAGES@

// A request that says everything by itself: no handshake before it, no session around it.
async function request(method, params) {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientInfo": { name: "recipe", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const response = await fetch(URL_OF_SERVER, {
    method: "POST",
    // The server compares these headers with the body.
    headers: { ...HEADERS, "Mcp-Method": method },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta } }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  for await (const answer of messages(response)) {
    if (answer.id === 1 && answer.method === undefined) {
      if (answer.error) throw new Error(`error ${answer.error.code}: ${answer.error.message}`);
      return answer.result;
    }
  }
  throw new Error(`no answer to ${method}`);
}

console.log(JSON.stringify(await request(@METHOD@, @PARAMS@)));
