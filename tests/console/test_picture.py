"""The blog's pictures come through us: the front desk's browser asks no other host."""

import base64
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from tests.factories import make_blog, make_delivery, make_post
from worker.channels.base import Picture
from worker.channels.carrier import INLINE_PICTURE
from worker.models import Delivery, Rendition
from worker.render.keep import keep

pytestmark = pytest.mark.django_db
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGM4l7LnPwAGkgKzQQiwtgAAAABJRU5ErkJggg==")


class _Pictures(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []
    kinds: ClassVar[dict[str, tuple[int, str]]] = {
        "/a.png": (200, "image/png"),
        "/gone.png": (404, "image/png"),
        "/page.png": (200, "text/html"),
        "/drawing.svg": (200, "image/svg+xml"),
    }

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, kind = self.kinds[self.path]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(PIXEL)))
        self.end_headers()
        self.wfile.write(PIXEL)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def pictures() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pictures) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        _Pictures.asked.clear()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def delivery_with(picture: str, **blog: object) -> Delivery:
    html = f'<p><img alt="" src="{picture}"></p>'
    words = {"text": "Words", "html": html, "image": picture, "alt": "A path", "length": 5, "limit": None}
    return make_delivery(make_post(make_blog("example", **blog)), "email", rendition=words)


def test_a_picture_is_fetched_and_passed_on(office, pictures) -> None:
    answer = office.get(f"/deliveries/{delivery_with(pictures + '/a.png').pk}/picture")
    assert (answer["Content-Type"], answer.content) == ("image/png", PIXEL)
    assert answer["Cache-Control"] == "private, max-age=86400"


def test_the_kept_picture_is_shown_and_the_blog_not_asked(office, pictures, settings, tmp_path) -> None:
    settings.POSTLARK_DATA = tmp_path
    delivery = delivery_with(pictures + "/gone.png")
    Rendition.objects.update(picture=keep(Picture(PIXEL, "image/png", 1, 1)))
    answer = office.get(f"/deliveries/{delivery.pk}/picture")
    assert (answer["Content-Type"], answer.content) == ("image/png", PIXEL)
    assert _Pictures.asked == []


def test_in_a_mail_it_is_part_of_the_page(office, settings, tmp_path) -> None:
    settings.POSTLARK_DATA = tmp_path
    delivery = delivery_with(INLINE_PICTURE)
    Rendition.objects.update(picture=keep(Picture(PIXEL, "image/png", 1, 1)))
    page = office.get(f"/deliveries/{delivery.pk}/mail").content.decode()
    assert f'src="data:image/png;base64,{base64.b64encode(PIXEL).decode()}"' in page


@pytest.mark.parametrize("path", ["/gone.png", "/page.png", "/drawing.svg"])
def test_what_is_no_picture_is_not_passed_on(office, pictures, path) -> None:
    answer = office.get(f"/deliveries/{delivery_with(pictures + path).pk}/picture")
    assert answer.status_code == 200
    assert "cannot be shown" in answer.content.decode()
    assert PIXEL not in answer.content


def test_a_private_address_is_not_asked_unless_the_blog_allows_it(office, pictures) -> None:
    answer = office.get(f"/deliveries/{delivery_with(pictures + '/a.png', allow_private_addresses=False).pk}/picture")
    assert "cannot be shown" in answer.content.decode()
    assert _Pictures.asked == []


@pytest.mark.parametrize("address", ["file:///etc/passwd", "javascript:alert(1)", "http://", "nonsense", "http://[::1"])
def test_an_address_that_is_none_is_no_picture(office, address) -> None:
    assert "cannot be shown" in office.get(f"/deliveries/{delivery_with(address).pk}/picture").content.decode()
