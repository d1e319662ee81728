"""The list of readers goes to nobody but whoever carries the mails, and knows nothing of a practice's clients."""

import csv
import io
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from hashlib import md5, sha1, sha256, sha512
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.console.conftest import client_of
from tests.factories import make_blog, make_post
from tests.fakes.facebook import Facebook
from tests.fakes.feeds import FeedSite, Reply, rss
from tests.fakes.linkedin import PAGE, Linkedin
from tests.fakes.network import Network
from tests.fakes.pinterest import BOARD, Pinterest
from tests.fakes.relay import Relay
from tests.fakes.twitter import Twitter
from tests.newsletter.people import live_blog, make_subscriber, send_to_the_end
from worker.connections import keep
from worker.deliver.plan import plan
from worker.deliver.send import send
from worker.ingest import look
from worker.lib.address import address_key
from worker.lib.signing import address_hash
from worker.models import Connection, Consent, Delivery, ImportDraft, Subscriber
from worker.newsletter.imports import read_sheet, without_unused

pytestmark = pytest.mark.django_db

NAMES = {"Ann.Lee@Reader.example": "Ann-Katrin Leverkühn", "robert.ober@réader.example": "Robert Oberhauser"}
HILLS = Path(__file__).parents[2] / "examples/pictures/hills-in-the-morning.png"
TOKEN = "a-token"
CREDENTIALS = {
    "facebook": {"page_access_token": TOKEN},
    "twitter": {"oauth2_access_token": TOKEN},
    "pinterest": {"access_token": TOKEN},
    "linkedin": {"access_token": TOKEN},
}


def forms_of(address: str) -> Iterator[bytes]:
    """As it is, as it stands in an address or a form, and hashed in every way that an advertiser's list of people is."""
    written = {address, address.lower(), address_key(address)}
    for one in written:
        yield from (one.encode(), quote(one).encode(), quote(one, safe="").encode())
        yield from (b64encode(one.encode()), one.partition("@")[0].encode())
        for hashed in (make(one.encode()) for make in (md5, sha1, sha256, sha512)):
            yield from (hashed.hexdigest().encode(), hashed.hexdigest().upper().encode(), hashed.digest(), b64encode(hashed.digest()))
    yield address_hash(address_key(address)).encode()
    yield from (word.encode() for word in NAMES.get(address, "").split())


def of_the_list(heard: bytes) -> list[bytes]:
    return [form for address in NAMES for form in forms_of(address) if form in heard]


@pytest.mark.parametrize("told", [sha256(b"ann.lee@reader.example").hexdigest(), "email=robert.ober%40xn--rader-bsa.example", "Leverkühn"])
def test_a_trace_of_the_list_would_be_seen(told: str) -> None:
    assert of_the_list(f"POST /audiences?users={told}".encode())


@pytest.fixture
def networks() -> Iterator[dict[str, Network]]:
    with ExitStack() as stack:
        made = {"facebook": Facebook(token=TOKEN), "twitter": Twitter(token=TOKEN), "pinterest": Pinterest(token=TOKEN)}
        made["linkedin"] = Linkedin(token=TOKEN)
        yield {slug: stack.enter_context(network) for slug, network in made.items()}


@pytest.fixture
def site() -> Iterator[FeedSite]:
    with FeedSite() as site:
        site.others["/hills.png"] = Reply(200, HILLS.read_bytes(), "image/png")
        site.feed = rss()
        yield site


def test_no_network_hears_of_a_reader_not_even_a_hash(relay: Relay, networks: dict[str, Network], site: FeedSite) -> None:
    own: dict[str, dict[str, Any]] = {
        "facebook": {"page_id": networks["facebook"].page},
        "twitter": {},
        "pinterest": {"board_id": BOARD},
        "linkedin": {"author": PAGE},
    }
    live = {slug: {"mode": "live", "base_url": networks[slug].url, "settle": "1s", **own[slug]} for slug in networks}
    live_blog(relay)
    blog = make_blog(feed=site.url, channels={"email": {"mode": "live", "hold": "0m"}, **live})
    for slug, credentials in CREDENTIALS.items():
        Connection.objects.create(blog=blog, channel=slug, credentials=keep.close(credentials))
    for address, name in NAMES.items():
        make_subscriber(blog, address, name=name)
    assert look(blog.slug).good
    post = make_post(blog, image=site.url.replace("/feed/", "/hills.png"))
    plan(post.pk)
    for delivery in Delivery.objects.filter(post=post):
        send(delivery.pk)
    send_to_the_end(Delivery.objects.get(post=post, channel="email"))

    assert dict(Delivery.objects.filter(post=post).values_list("channel", "state")) == dict.fromkeys([*networks, "email"], "sent")
    assert set(relay.taken) == {"Ann.Lee@reader.example", "robert.ober@xn--rader-bsa.example"}
    for slug, network in networks.items():
        heard = b"\n".join(repr((asked.path, asked.query, asked.headers)).encode() + asked.body for asked in network.requests)
        assert (len(network.posts), of_the_list(heard)) == (1, []), slug
    assert of_the_list(repr(site.asked).encode()) == []


# Clients --------------------------------------------------------------------------------------------------------------------

RECORDS = 'email,client no.,born,"reason, in short"\nann@reader.example,C-4711,1985-04-12,panic disorder\nbob@reader.example,C-4712,1990-01-02,grief\n'
CONSENT = {"basis": "express", "obtained": "2026-05-04", "proof": "sign-up sheet"}


def everything_kept() -> str:
    """All rows of the database, with what is packed unpacked."""

    def legible(value: Any) -> str:
        return zlib.decompress(value).decode() if isinstance(value, bytes | memoryview) and bytes(value[:1]) == b"\x78" else str(value)

    return "\n".join(legible(value) for model in apps.get_models() for row in model._base_manager.values_list() for value in row)


def knows_of_clients() -> list[str]:
    kept = everything_kept()
    assert "ann@reader.example" in kept
    return [word for word in ("C-4711", "1985-04-12", "panic disorder", "client no.", "grief") if word in kept]


def test_what_a_practices_own_program_knows_of_a_client_is_not_kept_with_the_list(settings: Any, tmp_path: Path) -> None:
    live_blog()
    (tmp_path / "clients.csv").write_text(RECORDS)
    words = ("--basis", "express", "--obtained", "2026-05-04", "--proof", "sign-up sheet")
    out = io.StringIO()
    call_command("subscribers", "import", "example", str(tmp_path / "clients.csv"), *words, stdout=out)
    assert "Columns that Postlark has no use for: client no., born, reason, in short." in out.getvalue()
    assert knows_of_clients() == []


def test_nor_while_somebody_at_the_desk_thinks_it_over(settings: Any) -> None:
    live_blog()
    desk = client_of("office")
    page = desk.post("/subscribers/import", {"blog": "example", "file": SimpleUploadedFile("list.csv", RECORDS.encode()), **CONSENT})
    assert "Columns without use: client no., born, reason, in short." in page.content.decode()
    assert knows_of_clients() == []
    desk.post(f"/subscribers/import/{ImportDraft.objects.get().pk}")
    assert Subscriber.objects.count() == 2
    assert knows_of_clients() == []


CELL = st.sampled_from(
    ["", "ann@reader.example", "Bob@reader.example", "fr", "a;b", "unsubscribed", '"', "\n", "panic, or so", "'=1"]
) | st.text(max_size=8)
HEADER = st.lists(st.sampled_from(["Email", "name", " language", "topics", "edition", "state", "born", "", "no.; in short"]), unique=True)


@given(HEADER, st.lists(st.lists(CELL, max_size=9), max_size=6), st.sampled_from([",", ";"]), st.sampled_from(["", "\ufeff"]))
def test_without_what_is_of_no_use_a_file_says_the_same(header: list[str], lines: list[list[str]], delimiter: str, mark: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([["email", *header[1:]], *lines])
    raw = (mark + text.getvalue()).encode(errors="ignore")
    said = read_sheet(raw, ["instant"])
    assume(not said.mistakes)
    assert read_sheet(without_unused(raw), ["instant"]) == replace(said, unused=[])


@pytest.mark.parametrize("basis", ["client", "patient", "treatment", ""])
def test_being_a_client_is_no_consent(settings: Any, tmp_path: Path, basis: str) -> None:
    live_blog()
    assert set(Consent.Basis.values) == {"express", "purchase", "inquiry"}
    (tmp_path / "clients.csv").write_text(RECORDS)
    with pytest.raises(CommandError, match="invalid choice"):
        call_command(
            "subscribers", "import", "example", str(tmp_path / "clients.csv"), "--basis", basis, "--obtained", "2026-05-04", "--proof", "x"
        )
    told = {"blog": "example", "file": SimpleUploadedFile("list.csv", RECORDS.encode()), **CONSENT, "basis": basis}
    answer = client_of("office").post("/subscribers/import", told)
    assert (answer.status_code, "Say why we may write to these people." in answer.content.decode()) == (422, True)
    assert not Subscriber.objects.exists()
