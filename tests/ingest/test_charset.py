"""What a feed says of its encoding is taken back where it is plainly untrue, and only there."""

import pytest

from worker.ingest.charset import honest

LATIN, UTF_8, XML = "text/xml; charset=iso-8859-1", "application/xml; charset=utf-8", "application/xml"


@pytest.mark.parametrize(
    ("body", "stated", "honestly"),
    [
        (b"<a>rest</a>", LATIN, LATIN),
        ("<a>Été</a>".encode(), LATIN, "text/xml; charset=utf-8"),
        ("<a>Été</a>".encode(), "", UTF_8),
        ("<a>Été</a>".encode("latin-1"), LATIN, LATIN),
        ("<a>\ua9c3</a>".encode("utf-16-le"), XML, XML),  # its two bytes would be one letter of UTF-8
        (b"<a>rest</a>", "application/xml; charset=utf-16", XML),
    ],
)
def test_what_is_plainly_utf_8_is_called_so(body: bytes, stated: str, honestly: str) -> None:
    assert honest(body, stated) == (body, honestly)
