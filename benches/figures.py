"""What the scripts in this folder share: the program, its servers, and how one command is measured."""

import json
import os
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
POKE = os.path.join(HERE, "..", "target", "release", "mcpoke")


def environment(state):
    return {**os.environ, "MCPOKE_STATE_DIR": state}


def run(state, *args):
    """Runs a command and returns its standard output."""
    done = subprocess.run([POKE, *args], env=environment(state), capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(args)}: {done.stderr.decode()}")
    return done.stdout


def measured(state, *args):
    """Runs a command. Returns its CPU time in seconds, and its peak memory in KiB."""
    # The peak of a direct child would be at least that of this script.
    command = ["/usr/bin/time", "-f", "%U %S %M", POKE, *args]
    done = subprocess.run(
        command, env=environment(state), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    user, system, kilobytes = done.stderr.strip().splitlines()[-1].split()
    return float(user) + float(system), int(kilobytes)


def peak(state, *args):
    return measured(state, *args)[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server on loopback that ends with this script, or after a quarter of an hour."""

    def __init__(self, command, port):
        self.child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.port = port
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"nothing listens on {port}")

    @classmethod
    def flood(cls):
        port = free_port()
        server = cls([sys.executable, os.path.join(HERE, "flood.py"), str(port)], port)
        server.url = lambda path: f"http://127.0.0.1:{port}/{path}"
        return server

    @classmethod
    def demo(cls):
        port = free_port()
        server = cls([POKE, "demo", "--era", "legacy", "--port", str(port), "--for", "900"], port)
        server.url = f"http://127.0.0.1:{port}/mcp"
        return server

    def stop(self):
        self.child.kill()
        self.child.wait()


def recording(path, count, sessions=1):
    """Writes a recording of so many exchanges, in so many sessions; every third call is refused."""
    number = 0

    def line(method, session, status, answer, request_id, issued=None):
        nonlocal number
        number += 1
        body = {"jsonrpc": "2.0", "method": method}
        if request_id is not None:
            body["id"] = request_id
        headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        if session:
            headers["mcp-session-id"] = session
        answered = {"content-type": "application/json"}
        if issued:
            answered["mcp-session-id"] = issued
        text = json.dumps({"jsonrpc": "2.0", "id": request_id, **answer}) if answer else ""
        url = "http://127.0.0.1:1/mcp"
        request = {"method": "POST", "url": url, "headers": headers, "body": json.dumps(body)}
        return json.dumps({
            "number": number, "began": 0, "purpose": method, "request": request, "times": {"done": 1.0},
            "answer": {"status": status, "headers": answered, "body": text}, "failure": None,
        }) + "\n"

    result = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}}
    calls = max(count // sessions - 2, 1)
    with open(path, "w", encoding="utf-8") as lines:
        for session in range(sessions):
            name = f"session-{session}"
            lines.write(line("initialize", None, 200, {"result": result}, f"i{session}", name))
            lines.write(line("notifications/initialized", name, 202, None, None))
            for call in range(calls):
                lost = {"error": {"code": -32001, "message": "Session not found"}}
                done = {"result": {"content": [{"type": "text", "text": "x"}]}}
                refused = call % 3 == 2
                status, answer = (404, lost) if refused else (200, done)
                lines.write(line("tools/call", name, status, answer, f"c{session}-{call}"))
