"""What main.py needs of FastAPI, with the standard library alone.

`pip install fastapi uvicorn` and main.py uses the real ones; then delete this file.
"""

import asyncio
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class JSONResponse:
    media_type = "application/json"

    @staticmethod
    def render(value):
        return json.dumps(value).encode()


class HTMLResponse:
    media_type = "text/html; charset=utf-8"

    @staticmethod
    def render(value):
        return str(value).encode()


class FastAPI:
    def __init__(self):
        self.routes = {}

    def get(self, path, response_class=JSONResponse):
        def register(handler):
            self.routes[path] = (handler, response_class)
            return handler

        return register

    async def __call__(self, scope, receive, send):
        """ASGI, for a uvicorn without FastAPI."""
        if scope["type"] != "http":
            return
        status, media_type, body = answer(self, scope["path"])
        headers = [(b"content-type", media_type.encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def answer(app, path):
    handler, response = app.routes.get(path, (None, JSONResponse))
    if handler is None:
        return 404, response.media_type, response.render({"detail": "Not Found"})
    return 200, response.media_type, response.render(handler())


def run(app, host, port):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = urlsplit(self.path).path
            if isinstance(app, FastAPI):
                status, media_type, body = answer(app, path)
            else:
                status, media_type, body = asyncio.run(ask(app, path))
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    ThreadingHTTPServer((host, port), Handler).serve_forever()


async def ask(app, path):
    """One GET to the real FastAPI where uvicorn is missing."""
    sent = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [], "root_path": "",
    }

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    media_type = dict(sent[0]["headers"]).get(b"content-type", b"text/plain").decode()
    return sent[0]["status"], media_type, b"".join(message.get("body", b"") for message in sent[1:])
