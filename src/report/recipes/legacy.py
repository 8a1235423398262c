#!/usr/bin/env python3
"""@TITLE@, with Python's standard library alone."""
import itertools
import json
import os
import sys
import urllib.error
import urllib.request

URL = @URL@
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",  # both, always: the server chooses
@HEADERS@}
LOST = {@LOST@}  # what this server answers when it does not know a session (any more)
ids = itertools.count(1)
session = {}  # the headers that every request after the handshake carries


@MESSAGES@


def send(message):
    """Sends one message. Returns the answer to it, if it asks for one, and the answer's headers."""
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    request = urllib.request.Request(URL, body, {**HEADERS, **session})
    with urllib.request.urlopen(request, timeout=60) as answer:
        if "id" not in message:
            return None, answer.headers
        for received in messages(answer):
            if received.get("id") == message["id"] and "method" not in received:
                return received, answer.headers
    raise SystemExit(f"no answer to {message['method']}")


def handshake():
    """initialize without a session; its header kept; notifications/initialized with it."""
    session.clear()
    answer, headers = send({"id": next(ids), "method": "initialize", "params": {
        "protocolVersion": "@VERSION@",
        "capabilities": {},
        "clientInfo": {"name": "recipe", "version": "1"},
    }})
    session["MCP-Protocol-Version"] = result_of(answer)["protocolVersion"]
    if headers.get("Mcp-Session-Id"):  # a header, never the body
        session["Mcp-Session-Id"] = headers["Mcp-Session-Id"]
    send({"method": "notifications/initialized"})


def result_of(answer):
    if "error" in answer:
        raise SystemExit(f"error {answer['error']['code']}: {answer['error']['message']}")
    return answer["result"]


def request(method, params):
    """A request in the session; in a new one, once, where the server has lost it."""
    if not session:
        handshake()
    try:
        answer, _ = send({"id": next(ids), "method": method, "params": params})
    except urllib.error.HTTPError as error:
        if error.code not in LOST or "Mcp-Session-Id" not in session:
            raise
        handshake()
        answer, _ = send({"id": next(ids), "method": method, "params": params})
    return result_of(answer)


def end():
    """Lets the server forget the session. It may refuse to be told."""
    if "Mcp-Session-Id" in session:
        try:
            urllib.request.urlopen(
                urllib.request.Request(URL, None, {**HEADERS, **session}, method="DELETE"), timeout=60
            ).close()
        except urllib.error.URLError:
            pass


try:
    print(json.dumps(request(@METHOD@, @PARAMS@), ensure_ascii=False))
except urllib.error.HTTPError as error:
    sys.exit(f"HTTP {error.code}: {error.read().decode(errors='replace')}")
except urllib.error.URLError as error:
    sys.exit(f"cannot reach {URL}: {error.reason}")
finally:
    end()
