"""A server with two tools, two resources and a prompt, on one of four Python libraries: python_server.py LIBRARY PORT [sse|static-token]"""

import sys

library, port = sys.argv[1], int(sys.argv[2])
transport = "sse" if "sse" in sys.argv[3:] else "streamable-http"


def add(a: int, b: int) -> int:
    """Adds two numbers"""
    return a + b


def repeat(word: str) -> str:
    """Gives a word back"""
    return word


if library == "mcp1":
    from mcp.server.fastmcp import FastMCP

    server = FastMCP("python-1", host="127.0.0.1", port=port)
    start = lambda: server.run(transport)
elif library == "mcp2":
    from mcp.server import MCPServer

    server = MCPServer("python-2")
    start = lambda: server.run(transport, host="127.0.0.1", port=port)
else:
    from fastmcp import FastMCP

    auth = None
    if "static-token" in sys.argv[3:]:
        from fastmcp.server.auth.providers.jwt import StaticTokenVerifier

        auth = StaticTokenVerifier({"static-token-0123456789": {"client_id": "ci", "scopes": ["read"]}}, ["read"])
    server = FastMCP(library, auth=auth)
    start = lambda: server.run("sse" if transport == "sse" else "http", host="127.0.0.1", port=port, show_banner=False)

for tool in (add, repeat):
    server.tool()(tool)


@server.resource("note://one", mime_type="text/plain")
def one() -> str:
    """A note"""
    return "one note\n"


@server.resource("note://about/{subject}")
def about(subject: str) -> str:
    """A note about something"""
    return f"about {subject}"


@server.prompt()
def ask(subject: str, tone: str = "calm") -> str:
    """Asks about something"""
    return f"Say something {tone} about {subject}."


if library == "mcp2":
    from mcp.types import Completion

    @server.completion()
    async def complete(ref, argument, context):
        subjects = ["rain", "rivers", "sun"]
        return Completion(values=[one for one in subjects if one.startswith(argument.value)])


start()
