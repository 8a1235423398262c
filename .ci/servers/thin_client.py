#!/usr/bin/env python3
"""A client as people write it who do not know of the handshake: the token, the JSON, and tools/call."""
import json
import os
import sys
import urllib.request

body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo", "arguments": {"message": "hi"}}}
request = urllib.request.Request(
    sys.argv[1],
    data=json.dumps(body).encode(),
    headers={
        "Authorization": f"Bearer {os.environ['TOKEN']}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    },
)
print(urllib.request.urlopen(request, timeout=20).read().decode())
