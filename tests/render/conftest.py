"""A web site with pictures, over real HTTP."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from worker.render import images


class Site:
    """`pages`: what it answers at a path. `asked`: the paths asked for, in their order."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.pages: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []

    def put(self, path: str, body: bytes, status: int = 200) -> str:
        self.pages[path] = (status, body)
        return self.address + path


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            status, body = here.pages.get(self.path, (404, b"not here"))
            self.send_response(status)
            self.send_header("Content-Type", "image/jpeg")  # whatever it is: what counts is in the bytes
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    images._seen.cache_clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here = Site(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield here
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.POSTLARK_DATA = tmp_path
    return tmp_path
