#!/usr/bin/env python3
"""@TITLE@, with Python's standard library alone."""
import itertools
import json
@IMPORT@import sys
import urllib.error
import urllib.request

URL = @URL@
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",  # always both: the server chooses one
@HEADERS@}
LOST = {@LOST@}  # the statuses with which this server refuses an unknown session
ids = itertools.count(1)
session = {}  # the headers of every request after the handshake


@MESSAGES@


def send(message):
    """Sends a message. Returns the response and its headers; the response is None for a notification."""
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    request = urllib.request.Request(URL, body, {**HEADERS, **session})
    with urllib.request.urlopen(request, timeout=60) as response:
        if "id" not in message:
            return None, response.headers
        for received in messages(response):
            if received.get("id") == message["id"] and not received.get("method"):
                return received, response.headers
    raise SystemExit(f"no response to {message['method']}")


def handshake():
    """Sends initialize without a session, keeps the session id, and confirms the handshake."""
    session.clear()
    response, headers = send({"id": next(ids), "method": "initialize", "params": {
        "protocolVersion": "@VERSION@",
        "capabilities": {},
        "clientInfo": {"name": "recipe", "version": "1"},
    }})
    session["MCP-Protocol-Version"] = result_of(response)["protocolVersion"]
    if headers.get("Mcp-Session-Id"):  # in a header, never in the body
        session["Mcp-Session-Id"] = headers["Mcp-Session-Id"]
    try:
        send({"method": "notifications/initialized"})
    except urllib.error.HTTPError as error:
        error.close()  # some servers refuse it and work nevertheless


def result_of(response):
    if response.get("error"):
        raise SystemExit(f"error {response['error']['code']}: {response['error']['message']}")
    return response["result"]


def request(method, params):
    """Sends a request in the session; once more in a new one if the server has lost it."""
    if not session:
        handshake()
    try:
        response, _ = send({"id": next(ids), "method": method, "params": params})
    except urllib.error.HTTPError as error:
        if error.code not in LOST or "Mcp-Session-Id" not in session:
            raise
        handshake()
        response, _ = send({"id": next(ids), "method": method, "params": params})
    return result_of(response)


def end():
    """Ends the session. The server may refuse to do so."""
    if "Mcp-Session-Id" in session:
        try:
            urllib.request.urlopen(
                urllib.request.Request(URL, None, {**HEADERS, **session}, method="DELETE"), timeout=60
            ).close()
        except OSError:
            pass


try:
    print(json.dumps(request(@METHOD@, @PARAMS@), ensure_ascii=False))
except urllib.error.HTTPError as error:
    sys.exit(f"HTTP {error.code}: {error.read().decode(errors='replace')}")
except urllib.error.URLError as error:
    sys.exit(f"cannot reach {URL}: {error.reason}")
finally:
    end()
