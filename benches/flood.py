"""A server that answers with floods, on loopback: flood.py PORT

/notifications/N   N notifications as events (125 bytes each), then the result
/json/M, /sse/M    one result of M MiB, as a document or as an event
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


def serve(stream):
    path, body = read_request(stream)
    if path is None:
        return
    _, kind, amount = path.split("/")

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
