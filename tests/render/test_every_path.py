"""The same promises on every way out: sent by itself, resent with staff's own words, previewed, and as a test copy."""

import io
import json
import os
from contextlib import suppress

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.factories import blog_file, make_blog, make_post
from tests.render.test_properties import CHANNELS, MARKUP, keeps_the_promises
from worker.channels.email import SmtpSettings
from worker.deliver import handover, staff
from worker.deliver.plan import plan
from worker.models import Delivery
from worker.render import Rendered

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3600)]
DISCLAIMER = {"full": "Educational only. This is (not) therapy, whatever it says here about that.", "short": "Not therapy."}
SOME = settings(
    max_examples=int(os.environ.get("POSTLARK_EXAMPLES", "60")) // 20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True)
def _relay(settings: object) -> None:
    settings.RELAYS = {"default": SmtpSettings(host="127.0.0.1", port=1, tls="none")}


@SOME
@given(MARKUP, MARKUP, st.text(min_size=1, max_size=300) | MARKUP)
@example("", "", "\x00")
def test_every_way_out_keeps_the_promises(title: str, content: str, words: str) -> None:
    post = make_post(make_blog(disclaimer=DISCLAIMER), title=_storable(title), content=_storable(content), summary="", image="")
    file = blog_file(disclaimer=DISCLAIMER)
    plan(post.pk)
    Delivery.objects.filter(post=post).update(state="cancelled", waits_for="nothing")
    for channel in CHANNELS:
        with suppress(staff.Refused):
            staff.resend(post, channel, "mira@practice.ca", "Try", text=words)
        preview(post.pk, channel)
        Delivery.objects.filter(post=post).update(state="cancelled", waits_for="nothing")
    with suppress(staff.Refused):
        staff.test(post, "mira@practice.ca", "mira@practice.ca")
    for delivery in Delivery.objects.filter(post=post, rendition__isnull=False).select_related("rendition", "post"):
        message = handover.check(delivery, file)
        made = Rendered(message, delivery.rendition.disclaimer, delivery.rendition.length, delivery.rendition.limit)
        keeps_the_promises(delivery.channel, made, post, DISCLAIMER)


def preview(post: int, channel: str) -> None:
    out = io.StringIO()
    with suppress(CommandError):
        call_command("preview", str(post), "--channel", channel, "--json", stdout=out)
        assert any(words in json.loads(out.getvalue())["text"].replace("\\", "") for words in DISCLAIMER.values())


def _storable(text: str) -> str:
    """As a look stores it: without NUL and half surrogates."""
    return text.encode("utf-8", "ignore").decode().replace("\0", "")
