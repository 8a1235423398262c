#!/usr/bin/env python3
"""What `trace --listen` adds to a call: relay.py DIRECT_PORT PROXY_PORT, one kept connection each, in turn."""
import http.client
import json
import statistics
import sys
import time

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
CALLS = 500


class Side:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = dict(HEADERS)
        self.times = []
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
        answer = self.post({"id": 0, "method": "initialize", "params": params})
        self.headers["Mcp-Session-Id"] = answer.headers["Mcp-Session-Id"]
        self.post({"method": "notifications/initialized"})

    def post(self, message):
        self.connection.request("POST", "/mcp", json.dumps({"jsonrpc": "2.0", **message}), self.headers)
        answer = self.connection.getresponse()
        answer.read()
        return answer

    def call(self, number):
        began = time.perf_counter()
        self.post({"id": number, "method": "tools/call", "params": {"name": "echo", "arguments": {"message": "hi"}}})
        self.times.append((time.perf_counter() - began) * 1000)


sides = [Side(int(port)) for port in sys.argv[1:3]]
for number in range(1, CALLS + 1):
    for side in sides:
        side.call(number)
direct, proxied = (statistics.median(side.times) for side in sides)
print(f"{proxied - direct:.2f} ms  ({proxied:.2f} ms beside {direct:.2f} ms)")
