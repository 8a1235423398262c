// Reads the JSON-RPC messages of a response: one document, or the events of a stream.
async function* messages(response) {
  const type = response.headers.get("content-type") ?? "";
  if (!type.toLowerCase().startsWith("text/event-stream")) {
    const text = await response.text();
    if (text.trim()) yield* unpacked(JSON.parse(text));
    return;
  }
  const decoder = new TextDecoder();
  let pending = "", data = [];
  for await (const chunk of response.body) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    pending = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      else if (!line && data.length) {
        const text = data.join("\n");
        data = [];
        if (text.trim()) yield* unpacked(JSON.parse(text));
      }
    }
  }
}

// Some servers put a message into an array, as revision 2025-03-26 permitted.
function unpacked(message) {
  return Array.isArray(message) ? message : [message];
}

// Returns the result of a message, or throws its error.
function resultOf(message) {
  if (message.error) throw new Error(`error ${message.error.code}: ${message.error.message}`);
  if (message.result === undefined) throw new Error("a response without a result");
  return message.result;
}
