def messages(answer):
    """The JSON-RPC messages of an answer: one document, or the events of a stream."""
    if answer.headers.get_content_type() != "text/event-stream":
        text = answer.read()
        if text.strip():
            yield json.loads(text)
        return
    data = []
    for line in answer:
        line = line.decode().rstrip("\r\n")
        if line.startswith("data:"):
            data.append(line[5:].lstrip(" "))
        elif not line and data:
            text, data = "\n".join(data), []
            if text.strip():
                yield json.loads(text)
