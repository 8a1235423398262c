"""A server with one tool, on one of three Python libraries: python_server.py LIBRARY PORT"""

import sys

library, port = sys.argv[1], int(sys.argv[2])


def add(a: int, b: int) -> int:
    """Adds two numbers"""
    return a + b


def repeat(word: str) -> str:
    """Gives a word back"""
    return word


if library == "mcp1":
    from mcp.server.fastmcp import FastMCP

    server = FastMCP("python-1", host="127.0.0.1", port=port)
    start = lambda: server.run("streamable-http")
elif library == "mcp2":
    from mcp.server import MCPServer

    server = MCPServer("python-2")
    start = lambda: server.run("streamable-http", host="127.0.0.1", port=port)
else:
    from fastmcp import FastMCP

    server = FastMCP("fastmcp-4")
    start = lambda: server.run("http", host="127.0.0.1", port=port, show_banner=False)

for tool in (add, repeat):
    server.tool()(tool)
start()
