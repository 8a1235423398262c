"""A server with the tool `greet`, on a web framework with its own MCP transport: python_frameworks.py django|arcade|litestar|pymcp PORT"""

import os
import sys
from typing import Annotated

framework, port = sys.argv[1], int(sys.argv[2])
HELLO = "Hello "


def django():
    """Sessions are Django's own, in files; refusals are HTML."""
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIServer, make_server

    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="only for this test",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="mcp_server.urls",
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "rest_framework",
            "mcp_server",
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.file",
        SESSION_FILE_PATH=os.environ["SESSIONS"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    )
    django.setup()
    from django.core.wsgi import get_wsgi_application
    from mcp_server import MCPToolset
    from mcp_server.djangomcp import init

    class Tools(MCPToolset):
        def greet(self, name: str) -> str:
            """Greets"""
            return HELLO + name

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True
        request_queue_size = 128

    init()
    make_server("127.0.0.1", port, get_wsgi_application(), server_class=Server).serve_forever()


def arcade():
    """Missing, unknown and ended ids get three different responses, and nothing works before initialized."""
    from arcade_mcp_server import MCPApp

    app = MCPApp(name="hello", version="1.0.0")

    @app.tool
    def greet(name: Annotated[str, "Who"]) -> Annotated[str, "Greeting"]:
        """Greets"""
        return HELLO + name

    app.run(transport="http", host="127.0.0.1", port=port)


def litestar():
    """Revision 2026-07-28 alone."""
    import uvicorn
    from litestar_mcp import MCP

    server = MCP("hello")

    @server.tool()
    async def greet(name: str) -> str:
        """Greets"""
        return HELLO + name

    uvicorn.run(server.app, host="127.0.0.1", port=port, log_level="warning")


def pymcp():
    """A missing id is an invalid parameter here, with 400."""
    import uvicorn
    from pymcp import create_app, tool_registry

    @tool_registry.register
    def greet(name: str) -> str:
        """Greets"""
        return HELLO + name

    uvicorn.run(create_app(), host="127.0.0.1", port=port, log_level="warning")


{"django": django, "arcade": arcade, "litestar": litestar, "pymcp": pymcp}[framework]()
