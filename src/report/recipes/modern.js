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

// The JSON-RPC messages of an answer: one document, or the events of a stream.
async function* messages(response) {
  if (!(response.headers.get("content-type") ?? "").startsWith("text/event-stream")) {
    const text = await response.text();
    if (text.trim()) yield JSON.parse(text);
    return;
  }
  const decoder = new TextDecoder();
  let pending = "", data = [];
  for await (const chunk of response.body) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
    pending = lines.pop();
    for (const line of lines.map((line) => line.replace(/\r$/, ""))) {
      if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      else if (!line && data.length) {
        const text = data.join("\n");
        data = [];
        if (text.trim()) yield JSON.parse(text);
      }
    }
  }
}

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
