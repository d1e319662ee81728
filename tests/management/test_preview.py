"""`postlark preview`, as an operator types it."""

import email
import json
from email import policy

import pytest
from django.core.management import CommandError, call_command

from tests.factories import DISCLAIMER, make_blog, make_post
from worker.models import Delivery, Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(settings: object) -> Post:
    return make_post(make_blog(), title="On grief (and joy)", url="https://www.practice.ca/grief/", author="Sheema Khan")


def preview(capsys: pytest.CaptureFixture[str], post: Post, channel: str, *options: str) -> str:
    call_command("preview", str(post.pk), "--channel", channel, *options)
    return capsys.readouterr().out


@pytest.mark.parametrize("channel", ["email", "facebook", "twitter", "pinterest", "linkedin"])
def test_it_is_one_json_document_with_every_part(capsys: pytest.CaptureFixture[str], post: Post, channel: str) -> None:
    says = json.loads(preview(capsys, post, channel, "--json"))
    assert set(says) == {
        "subject",
        "text",
        "html",
        "title",
        "description",
        "link",
        "image",
        "picture",
        "alt",
        "disclaimer",
        "length",
        "limit",
        "counts",
        "notes",
    }
    assert says["link"] == "https://www.practice.ca/grief/"
    assert says["disclaimer"] == DISCLAIMER


def test_the_text_is_as_it_goes_over_the_wire(capsys: pytest.CaptureFixture[str], post: Post) -> None:
    says = json.loads(preview(capsys, post, "linkedin", "--json"))
    assert says["text"].startswith("On grief \\(and joy\\)")
    assert says["title"] == "On grief (and joy)"


def test_a_reader_of_the_preview_sees_no_marks(capsys: pytest.CaptureFixture[str], post: Post) -> None:
    says = json.loads(preview(capsys, post, "email", "--json"))
    assert "\ue000" not in says["text"] + says["html"]
    assert "[Here each reader reads why they get this.]" in says["text"]


def test_people_get_the_text_and_the_count(capsys: pytest.CaptureFixture[str], post: Post) -> None:
    shown = preview(capsys, post, "twitter")
    assert shown.startswith("On grief (and joy): School can be super exciting")
    assert " of 280 characters as X (Twitter) counts them.\nBeside the text: picture's description " in shown


def test_a_mail_can_be_opened_in_a_mail_program(capsys: pytest.CaptureFixture[str], post: Post) -> None:
    mail = email.message_from_string(preview(capsys, post, "email", "--eml"), policy=policy.default)
    assert mail["Subject"] == "On grief (and joy)"
    assert DISCLAIMER in mail.get_body(("plain",)).get_content()
    assert DISCLAIMER in mail.get_body(("html",)).get_content()
    assert "\ue000" not in mail.get_body(("html",)).get_content()


def test_it_says_that_the_posts_own_disclaimer_is_another(capsys: pytest.CaptureFixture[str], post: Post) -> None:
    Post.objects.filter(pk=post.pk).update(content="<p>It comes in waves.</p><p>Disclaimer: ask a doctor.</p>")
    assert "not the approved one: “Disclaimer: ask a doctor.”" in preview(capsys, post, "twitter")
    assert len(json.loads(preview(capsys, post, "facebook", "--json"))["notes"]) == 1


def test_every_limited_part_is_counted(capsys: pytest.CaptureFixture[str], post: Post) -> None:
    says = json.loads(preview(capsys, post, "pinterest", "--json"))
    counted = {count["part"]: (count["length"], count["limit"]) for count in says["counts"]}
    assert counted["text"] == (says["length"], 800)
    assert counted["title"] == (len("On grief (and joy)"), 100)
    assert counted["picture's description"] == (len(says["alt"]), 500)


def test_looking_leaves_nothing_behind(capsys: pytest.CaptureFixture[str], post: Post) -> None:
    preview(capsys, post, "email", "--eml")
    assert not Delivery.objects.exists()


def test_what_is_refused_says_why(post: Post) -> None:
    Post.objects.filter(pk=post.pk).update(url="")
    with pytest.raises(CommandError, match="There is no link to the post"):
        call_command("preview", str(post.pk), "--channel", "pinterest")


@pytest.mark.parametrize(
    ("channel", "options", "sentence"),
    [
        ("noticeboard", [], r"Example Psychotherapy has no Noticeboard: there is no \[channels\.noticeboard\] in example\.toml\."),
        ("facebook", ["--eml"], "--eml shows a mail; it goes with --channel email"),
    ],
)
def test_a_slip_is_answered_in_a_sentence(post: Post, channel: str, options: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("preview", str(post.pk), "--channel", channel, *options)
