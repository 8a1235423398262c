// @TITLE@, with fetch alone (Node.js 18 or newer, Deno, Bun).
// Run it as a module: node recipe.mjs
const env = globalThis.process?.env ?? globalThis.Deno.env.toObject();
const URL_OF_SERVER = @URL@;
const HEADERS = {
  "Content-Type": "application/json",
  "Accept": "application/json, text/event-stream", // both, always: the server chooses
@HEADERS@};
const LOST = [@LOST@]; // what this server answers when it does not know a session (any more)
let session = null; // the headers that every request after the handshake carries
let lastId = 0;

class Refused extends Error {
  constructor(status, text) {
    super(`HTTP ${status}: ${text}`);
    this.status = status;
  }
}

@MESSAGES@

// Sends one message. Returns the answer to it, if it asks for one, and the answer's headers.
async function send(message) {
  const response = await fetch(URL_OF_SERVER, {
    method: "POST",
    headers: { ...HEADERS, ...session },
    body: JSON.stringify({ jsonrpc: "2.0", ...message }),
  });
  if (!response.ok) throw new Refused(response.status, await response.text());
  if (message.id === undefined) {
    await response.body?.cancel();
    return {};
  }
  for await (const answer of messages(response)) {
    if (answer.id === message.id && answer.method === undefined) {
      if (answer.error) throw new Error(`error ${answer.error.code}: ${answer.error.message}`);
      return { result: answer.result, headers: response.headers };
    }
  }
  throw new Error(`no answer to ${message.method}`);
}

// initialize without a session; its header kept; notifications/initialized with it.
async function handshake() {
  session = null;
  const { result, headers } = await send({
    id: ++lastId,
    method: "initialize",
    params: {
      protocolVersion: "@VERSION@",
      capabilities: {},
      clientInfo: { name: "recipe", version: "1" },
    },
  });
  session = { "MCP-Protocol-Version": result.protocolVersion };
  const id = headers.get("Mcp-Session-Id"); // a header, never the body
  if (id) session["Mcp-Session-Id"] = id;
  await send({ method: "notifications/initialized" });
}

// A request in the session; in a new one, once, where the server has lost it.
async function request(method, params) {
  if (!session) await handshake();
  try {
    return (await send({ id: ++lastId, method, params })).result;
  } catch (error) {
    if (!LOST.includes(error.status) || !session["Mcp-Session-Id"]) throw error;
    await handshake();
    return (await send({ id: ++lastId, method, params })).result;
  }
}

// Lets the server forget the session. It may refuse to be told.
async function end() {
  if (session?.["Mcp-Session-Id"]) {
    const response = await fetch(URL_OF_SERVER, {
      method: "DELETE",
      headers: { ...HEADERS, ...session },
    });
    await response.body?.cancel();
  }
}

try {
  console.log(JSON.stringify(await request(@METHOD@, @PARAMS@)));
} finally {
  await end();
}
