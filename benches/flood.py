"""A server that answers with floods, on loopback: flood.py PORT

/notifications/N   N notifications as events (125 bytes each), then the result
/json/M, /sse/M    one result of M MiB, as a document or as an event
/tools/N           a server of the legacy era, without sessions, that lists N tools
/schema/KIND-N     the same with one tool, whose schema has N definitions, references or properties
/endless/WHAT      a body, a header or an event that does not end
It stops by itself after a quarter of an hour.
"""

import json
import os
import socket
import sys
import threading

NOTE = (
    b'data: {"jsonrpc":"2.0","method":"notifications/message",'
    b'"params":{"level":"info","data":"0123456789012345678901234"}}\n\n'
)


def read_request(stream):
    head = b""
    while b"\r\n\r\n" not in head:
        part = stream.recv(65536)
        if not part:
            return None, None
        head += part
    head, body = head.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += stream.recv(65536)
    return head.split(b" ")[1].decode(), json.loads(body or b"{}")


def tool(name, schema):
    return {"name": name, "description": f"Does what {name} says, and nothing else.", "inputSchema": schema}


def tools(kind, amount):
    """The tools of /tools/N and of /schema/KIND-N."""
    if kind == "tools":
        text = {"type": "string", "description": "What it is about, in words."}
        number = {"type": "integer", "minimum": 0, "description": "How often it is done."}
        schema = {"type": "object", "properties": {"text": text, "count": number}, "required": ["text"]}
        return [tool(f"tool-{n}", schema) for n in range(int(amount))]
    shape, count = amount.split("-")
    names = [f"d{n}" for n in range(int(count))]
    schema = {"type": "object"}
    if shape == "properties":
        schema["properties"] = {name: {"type": "string", "minLength": 1} for name in names}
    else:
        schema["$defs"] = {name: {"type": "string", "minLength": 1} for name in names}
    if shape == "references":
        schema["properties"] = {name: {"$ref": f"#/$defs/{name}"} for name in names}
    return [tool("only", schema)]


LISTS = {}


def serve(stream):
    path, body = read_request(stream)
    if path is None:
        return
    _, kind, amount = path.split("/")
    if kind in ("tools", "schema"):
        results = {
            "initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                           "serverInfo": {"name": f"{kind}-{amount}", "version": "1"}},
            "tools/call": {"content": [{"type": "text", "text": "done"}]},
        }
        method = body.get("method")
        if "id" not in body:
            return stream.sendall(b"HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        if method == "tools/list":
            if path not in LISTS:
                LISTS[path] = json.dumps({"tools": tools(kind, amount)})
            answer = '{"jsonrpc":"2.0","id":%s,"result":%s}' % (json.dumps(body["id"]), LISTS[path])
        elif method in results:
            answer = json.dumps({"jsonrpc": "2.0", "id": body["id"], "result": results[method]})
        else:
            error = {"code": -32601, "message": "Method not found"}
            answer = json.dumps({"jsonrpc": "2.0", "id": body["id"], "error": error})
        head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        return stream.sendall((head % len(answer) + answer).encode())

    def result(text):
        content = [{"type": "text", "text": text}]
        return json.dumps({"jsonrpc": "2.0", "id": body.get("id"), "result": {"content": content}}).encode()

    events = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n"
    if kind == "notifications":
        stream.sendall(events)
        left = int(amount)
        block = NOTE * 1000
        while left >= 1000:
            stream.sendall(block)
            left -= 1000
        stream.sendall(b"data: " + result("done") + b"\n\n")
    elif kind in ("json", "sse"):
        answer = result("x" * (int(amount) << 20))
        if kind == "sse":
            stream.sendall(events + b"data: " + answer + b"\n\n")
        else:
            stream.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
    else:
        start, block = {
            "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n" + b'{"a":"', b"x" * 65536),
            "header": (b"HTTP/1.1 200 OK\r\n", b"X-More: 0123456789\r\n" * 3000),
            "event": (events + b"data: ", b"x" * 65536),
        }[amount]
        stream.sendall(start)
        # Two GiB at the most.
        for _ in range(32768):
            stream.sendall(block)


def connection(stream):
    try:
        serve(stream)
    except OSError:
        pass  # The client has read enough.
    finally:
        stream.close()


threading.Timer(900, lambda: os._exit(0)).start()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = listener.accept()
    threading.Thread(target=connection, args=(client,), daemon=True).start()
