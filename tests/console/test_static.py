"""Style and script are served as they lie in the tree, with nothing to collect first."""

import pytest
from django.templatetags.static import static


@pytest.mark.parametrize(
    ("name", "kind"), [("postlark.css", "text/css"), ("postlark.svg", "image/svg+xml"), ("django_htmx/htmx-2.min.js", "text/javascript")]
)
def test_each_file_is_there_and_may_be_kept_for_a_while(client, name, kind) -> None:
    answer = client.get(static(name))
    assert b"".join(answer.streaming_content)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith(kind)
    assert "max-age=60" in answer["Cache-Control"]
    assert client.get(static(name), headers={"If-None-Match": answer["ETag"]}).status_code == 304
