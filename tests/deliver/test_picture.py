"""The picture between the plan and the call: kept with the words, there on any machine, never a reason to lose a post."""

import pytest

from tests.factories import make_blog, make_delivery, make_post
from tests.render.pictures import as_file, gradient
from worker import channels
from worker.channels.base import PictureRules
from worker.deliver import handover
from worker.deliver.outcome import Withheld
from worker.deliver.plan import plan
from worker.lib.blogs import blog_file
from worker.models import Attempt, Delivery, Event, Rendition
from worker.render.keep import keep, kept
from worker.render.photo import fitted, opened

pytestmark = pytest.mark.django_db
RULES = PictureRules(1000, 1500, 4_000_000)


@pytest.fixture(autouse=True)
def _pinterest_takes_bytes(monkeypatch, settings, tmp_path) -> None:
    monkeypatch.setattr(channels.find("pinterest"), "picture", RULES)
    settings.POSTLARK_DATA = tmp_path


def planned() -> Delivery:
    post = make_post(make_blog("example", channels={"pinterest": {}}), title="On grief", image="")
    plan(post.pk)
    return Delivery.objects.select_related("rendition", "blog", "post").get()


def test_a_plan_keeps_the_picture_with_the_words_and_tells_of_a_card() -> None:
    delivery = planned()
    assert delivery.state == "pending"
    picture = kept(delivery.rendition.picture)
    assert picture
    assert (picture.width, picture.height) == (1000, 1500)
    assert (delivery.rendition.image, delivery.rendition.alt) == ("", "On grief")
    assert Event.objects.filter(delivery=delivery, what="The post has no picture. A card with the title takes its place.").exists()


def test_what_is_handed_over_holds_the_kept_picture() -> None:
    delivery = planned()
    assert handover.check(delivery, blog_file("example")).picture == kept(delivery.rendition.picture)


def test_a_machine_that_lacks_the_file_makes_it_anew(tmp_path) -> None:
    delivery = planned()
    (tmp_path / "images" / delivery.rendition.picture).unlink()
    assert handover.check(delivery, blog_file("example")).picture == kept(delivery.rendition.picture)


def another() -> str:
    return keep(fitted(opened(as_file(gradient(640, 480))), RULES))


@pytest.mark.parametrize("called", [False, True])
def test_the_name_follows_what_was_made_anew_until_it_has_been_called(tmp_path, called) -> None:
    delivery = planned()
    lost = another()
    Rendition.objects.update(picture=lost)
    (tmp_path / "images" / lost).unlink()
    delivery.rendition.refresh_from_db()
    if called:
        Attempt.objects.create(delivery=delivery, number=1, started_at=delivery.created_at, calling_at=delivery.created_at, holder="here")
    assert handover.check(delivery, blog_file("example")).picture
    assert (Rendition.objects.get().picture == lost) == called


def test_another_picture_than_the_approved_one_waits_for_a_new_approval(tmp_path, settings) -> None:
    delivery = planned()
    settings.BLOGS["example"] = file = blog_file("example").model_copy(update={"approval": "ann@practice.example"})
    lost = another()
    Rendition.objects.update(picture=lost)
    Delivery.objects.update(approved_by="ann@practice.example", approved_at=delivery.created_at)
    (tmp_path / "images" / lost).unlink()
    with pytest.raises(Withheld, match=r"waits for ann@practice\.example"):
        handover.check(Delivery.objects.get(), file)
    assert Delivery.objects.get().approved_by == ""


def test_words_without_a_picture_have_none() -> None:
    delivery = make_delivery(make_post(make_blog("example")), "facebook")
    assert handover.check(delivery, blog_file("example")).picture is None
