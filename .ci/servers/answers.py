"""A server with sessions whose only tool answers in one of several ways: answers.py PORT MODE."""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, mode = int(sys.argv[1]), sys.argv[2]
STREAM = "text/event-stream"
NOTE = 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"result":1}}\n\n'


def answer(number):
    """Returns status, content type and body of the response to tools/call."""
    json_rpc = {"jsonrpc": "2.0", "id": number}
    odd = {"content": [{"type": "text", "text": '{"error": [}'}], "structuredContent": {"error": {"method": 1}}}
    failed = {"code": -1, "message": "m", "data": {"result": {"a": ']}"result":'}}}
    return {
        "result": (200, "application/json", json.dumps({**json_rpc, "result": odd}, indent=2)),
        "array": (200, "application/json", json.dumps([json.loads(NOTE[6:]), {**json_rpc, "result": odd}])),
        "null": (200, "application/json", json.dumps({**json_rpc, "result": None, "error": failed})),
        "errornull": (200, "application/json", json.dumps({**json_rpc, "result": odd, "error": None})),
        "stream": (200, STREAM, NOTE + f'data: {{"jsonrpc":"2.0",\ndata: "id":{number},"result":{{"content":[]}}}}\n\n'),
        "error": (200, "application/json", json.dumps({**json_rpc, "error": failed})),
        "none": (200, "application/json", "{}"),
        "accepted": (202, "application/json", ""),
        "ended": (200, STREAM, ": a comment\n\n" + NOTE),
    }[mode]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, kind, body, headers=()):
        self.send_response(status)
        for name, value in [("Content-Type", kind), ("Content-Length", str(len(body.encode()))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        self.reply(405, "text/plain", "")

    do_DELETE = do_GET

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method, session = message["method"], self.headers["Mcp-Session-Id"]
        if method == "initialize":
            result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "answers", "version": "1"}}
            body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
            self.reply(200, "application/json", body, [("Mcp-Session-Id", "the-only-one")])
        elif session != "the-only-one":
            self.reply(404 if session else 400, "text/plain", "no such session")
        elif method == "notifications/initialized":
            # Some servers refuse it; the session works nevertheless.
            self.reply(400, "text/plain", "what is this?")
        elif method == "tools/list":
            tools = [{"name": "t", "inputSchema": {"type": "object"}}]
            self.reply(200, "application/json", json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {"tools": tools}}))
        else:
            self.reply(*answer(message.get("id")))


ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
