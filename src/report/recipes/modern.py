#!/usr/bin/env python3
"""@TITLE@, with Python's standard library alone."""
import json
@IMPORT@import sys
import urllib.error
import urllib.request

URL = @URL@
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",  # always both: the server chooses one
    "MCP-Protocol-Version": "@VERSION@",
@HEADERS@}


@MESSAGES@


def request(method, params):
    """Sends a self-contained request: no handshake, no session."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "@VERSION@",
        "io.modelcontextprotocol/clientInfo": {"name": "recipe", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    # The server compares these headers with the body.
    headers = {**HEADERS, "Mcp-Method": method}
    sent = urllib.request.Request(URL, json.dumps(message).encode(), headers)
    with urllib.request.urlopen(sent, timeout=60) as response:
        for received in messages(response):
            if received.get("id") == 1 and not received.get("method"):
                if received.get("error"):
                    error = received["error"]
                    raise SystemExit(f"error {error['code']}: {error['message']}")
                return received["result"]
    raise SystemExit(f"no response to {method}")


try:
    print(json.dumps(request(@METHOD@, @PARAMS@), ensure_ascii=False))
except urllib.error.HTTPError as error:
    sys.exit(f"HTTP {error.code}: {error.read().decode(errors='replace')}")
except urllib.error.URLError as error:
    sys.exit(f"cannot reach {URL}: {error.reason}")
