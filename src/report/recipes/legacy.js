// @TITLE@, with fetch alone (Node.js 18, Deno 2, Bun, or newer).
// Run it as a module: node recipe.mjs
@IMPORT@const URL_OF_SERVER = @URL@;
const HEADERS = {
  "Content-Type": "application/json",
  "Accept": "application/json, text/event-stream", // always both: the server chooses one
@HEADERS@};
const LOST = [@LOST@]; // the statuses with which this server refuses an unknown session
let session = null; // the headers of every request after the handshake
let lastId = 0;

class Refused extends Error {
  constructor(status, text) {
    super(`HTTP ${status}: ${text}`);
    this.status = status;
  }
}

@MESSAGES@

// Sends a message. Returns the result and the headers; the result is missing for a notification.
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
  for await (const received of messages(response)) {
    if (received.id === message.id && !received.method) {
      return { result: resultOf(received), headers: response.headers };
    }
  }
  throw new Error(`no response to ${message.method}`);
}

// Sends initialize without a session, keeps the session id, and confirms the handshake.
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
  const id = headers.get("Mcp-Session-Id"); // in a header, never in the body
  if (id) session["Mcp-Session-Id"] = id;
  try {
    await send({ method: "notifications/initialized" });
  } catch (error) {
    if (!(error instanceof Refused)) throw error; // some servers refuse it and work nevertheless
  }
}

// Sends a request in the session; once more in a new one if the server has lost it.
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

// Ends the session. The server may refuse to do so.
async function end() {
  if (!session?.["Mcp-Session-Id"]) return;
  try {
    const response = await fetch(URL_OF_SERVER, {
      method: "DELETE",
      headers: { ...HEADERS, ...session },
    });
    await response.body?.cancel();
  } catch {
    // The result is there already.
  }
}

try {
  console.log(JSON.stringify(await request(@METHOD@, @PARAMS@)));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await end();
}
