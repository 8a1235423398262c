// @TITLE@, with fetch alone (Node.js 18, Deno 2, Bun, or newer).
// Run it as a module: node recipe.mjs
@IMPORT@const URL_OF_SERVER = @URL@;
const VERSION = "@VERSION@";
const HEADERS = {
  "Content-Type": "application/json",
  "Accept": "application/json, text/event-stream", // always both: the server chooses one
  "MCP-Protocol-Version": VERSION,
@HEADERS@};

@MESSAGES@

// Sends a self-contained request: no handshake, no session.
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
  for await (const received of messages(response)) {
    if (received.id === 1 && !received.method) return resultOf(received);
  }
  throw new Error(`no response to ${method}`);
}

try {
  console.log(JSON.stringify(await request(@METHOD@, @PARAMS@)));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
