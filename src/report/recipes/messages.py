def messages(response):
    """Reads the JSON-RPC messages of a response: one document, or the events of a stream."""
    if response.headers.get_content_type() != "text/event-stream":
        text = response.read()
        if text.strip():
            yield from unpacked(json.loads(text))
        return
    data = []
    for line in response:
        line = line.decode().rstrip("\r\n")
        if line.startswith("data:"):
            data.append(line[5:].lstrip(" "))
        elif not line and data:
            text, data = "\n".join(data), []
            if text.strip():
                yield from unpacked(json.loads(text))


def unpacked(message):
    """Some servers put a message into an array, as revision 2025-03-26 permitted."""
    return message if isinstance(message, list) else [message]
