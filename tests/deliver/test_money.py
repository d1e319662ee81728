"""What a pay-per-use network may cost: reserved before, given back when nothing went out, never past the month's ceiling."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from tests import clocks
from tests.factories import NOON, blog_file, is_due, make_blog, make_delivery, make_post
from tests.fakes.noticeboard import Noticeboard
from worker.channels import noticeboard
from worker.channels.noticeboard import NoticeboardOptions
from worker.deliver import money, staff
from worker.deliver.reconcile import reconcile
from worker.deliver.send import send
from worker.deliver.sweep import sweep
from worker.models import Connection, Delivery

Deliver = Callable[..., Delivery]


class DearOptions(NoticeboardOptions):
    monthly_budget: Decimal | None = None


@pytest.fixture
def dear(monkeypatch: pytest.MonkeyPatch) -> None:
    """The noticeboard as a network that charges 20 cents a post and half a cent a reading."""
    monkeypatch.setattr(noticeboard.Noticeboard, "Options", DearOptions)
    monkeypatch.setattr(noticeboard.Noticeboard, "price", lambda self, message: Decimal("0.20"))
    monkeypatch.setattr(noticeboard.Noticeboard, "look_price", Decimal("0.005"))


def spent(delivery: Delivery) -> tuple[int, int]:
    """By the delivery, and in the month."""
    delivery.refresh_from_db()
    return delivery.cost, Connection.objects.get().spent


@pytest.mark.usefixtures("dear")
class TestAPost:
    def test_costs_what_it_costs_and_says_so(self, deliver: Deliver) -> None:
        delivery = deliver()
        send(delivery.pk)
        assert spent(delivery) == (200, 200)
        assert delivery.reason.endswith(", for about $0.20.")

    @pytest.mark.parametrize("fault", ["422", "429", "401"])
    def test_that_certainly_did_not_go_out_costs_nothing(self, deliver: Deliver, board: Noticeboard, fault: str) -> None:
        board.misbehave(fault)
        delivery = deliver()
        send(delivery.pk)
        assert spent(delivery) == (0, 0)

    def test_whose_answer_was_lost_keeps_what_reading_it_back_may_cost(self, deliver: Deliver, board: Noticeboard) -> None:
        board.misbehave("lose-after")
        delivery = deliver({"monthly_budget": Decimal("0.21")})
        send(delivery.pk)
        assert spent(delivery) == (210, 210)
        is_due(delivery)
        reconcile(delivery.pk)
        assert spent(delivery) == (205, 205)
        assert delivery.state == "sent"

    def test_that_is_not_there_after_all_costs_the_readings_only(self, deliver: Deliver, board: Noticeboard) -> None:
        board.misbehave("lose-before")
        delivery = deliver({"refuses_duplicates": True})
        send(delivery.pk)
        for _ in range(2):
            is_due(delivery, call_by=clocks.now() - timedelta(seconds=1))
            reconcile(delivery.pk)
        assert (delivery.state, spent(delivery)) == ("unknown", (10, 10))

    def test_a_reading_that_failed_is_not_paid(self, deliver: Deliver, board: Noticeboard) -> None:
        board.misbehave("lose-after")
        board.misbehave("500-before", times=5, on="list")
        delivery = deliver({"monthly_budget": Decimal("0.21")})
        send(delivery.pk)
        for _ in range(5):
            is_due(delivery)
            reconcile(delivery.pk)
        assert spent(delivery) == (210, 210)
        is_due(delivery)
        reconcile(delivery.pk)
        delivery.refresh_from_db()
        assert delivery.state == "sent"

    def test_past_the_ceiling_is_held_and_says_until_when(self, deliver: Deliver, board: Noticeboard) -> None:
        delivery = deliver({"monthly_budget": Decimal("0.40")})
        send(delivery.pk)
        second = make_delivery(make_post(delivery.blog), "noticeboard")
        send(second.pk)
        second.refresh_from_db()
        assert (second.state, second.waits_for) == ("held", "person")
        assert second.reason.startswith("Noticeboard costs about $0.21 a post; $0.20 of $0.40 are spent this month: held until 1 ")
        assert len(board.posts) == 1
        assert spent(second) == (0, 200)

    def test_held_for_money_goes_by_itself_when_the_ceiling_is_raised(self, deliver: Deliver, board: Noticeboard) -> None:
        delivery = deliver({"monthly_budget": Decimal("0.10")})
        send(delivery.pk)
        sweep()
        delivery.refresh_from_db()
        assert delivery.state == "held"
        section = {"mode": "live", "base_url": board.url, "settle": "1s", "monthly_budget": Decimal("1.00")}
        make_blog(channels={"noticeboard": section})
        sweep()
        send(delivery.pk)
        delivery.refresh_from_db()
        assert delivery.state == "sent"

    def test_without_money_for_reading_a_person_is_asked_at_once(self, deliver: Deliver, board: Noticeboard) -> None:
        board.misbehave("lose-after")
        delivery = deliver({"monthly_budget": Decimal("0.21")})
        send(delivery.pk)
        is_due(delivery, spare=0)
        reconcile(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.waits_for) == ("unknown", "person")
        assert "costs money" in delivery.reason
        staff.settle(delivery, "Ann", sent=True)
        assert delivery.state == "sent"

    def test_may_use_the_ceiling_up_to_the_last_cent(self, deliver: Deliver) -> None:
        delivery = deliver({"monthly_budget": Decimal("0.42")})
        Connection.objects.create(blog=delivery.blog, channel="noticeboard", spent_in=money.month(clocks.now(), blog_file()), spent=210)
        send(delivery.pk)
        assert spent(delivery) == (200, 410)
        assert delivery.state == "sent"

    def test_a_new_month_begins_at_nothing(self, deliver: Deliver) -> None:
        delivery = deliver({"monthly_budget": Decimal("0.40")})
        Connection.objects.create(blog=delivery.blog, channel="noticeboard", spent_in="2020-01", spent=390)
        send(delivery.pk)
        assert spent(delivery) == (200, 200)


_numbers = count(1)
ANSWERS = ("goes", "422", "401", "lose-before", "lose-after", "500-after")
HAPPENS = (*ANSWERS, "looks", "cannot look", "a person says no", "resume")


@pytest.mark.django_db
@pytest.mark.usefixtures("dear")
@hypothesis(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ceiling=st.integers(0, 1500), refuses=st.booleans(), script=st.lists(st.sampled_from(HAPPENS), max_size=14))
def test_whatever_happens_no_month_costs_more_than_its_ceiling(
    settings: Any, board: Noticeboard, ceiling: int, refuses: bool, script: list[str]
) -> None:
    section = {"mode": "live", "base_url": board.url, "settle": "1s"}
    section |= {"monthly_budget": Decimal(ceiling) / 1000, "refuses_duplicates": refuses}
    blog = make_blog(f"blog-{next(_numbers)}", channels={"noticeboard": section})
    account, mine = Connection.objects.create(blog=blog, channel="noticeboard"), Delivery.objects.filter(blog=blog)
    board.posts.clear()
    for happens in script:
        if happens in ANSWERS:
            if happens != "goes":
                board.misbehave(happens)
            send(make_delivery(make_post(blog), "noticeboard").pk)
        elif happens == "resume":
            Connection.objects.update(broken="", cooldown_until=None)
        elif happens == "a person says no":
            for delivery in mine.filter(state="unknown", waits_for="person"):
                with suppress(staff.Refused):
                    staff.settle(delivery, "Ann", sent=False)
        else:
            for delivery in mine.filter(state="unknown"):
                if happens == "cannot look":
                    board.misbehave("500-before", on="list")
                is_due(delivery, call_by=clocks.now() - timedelta(seconds=1))
                reconcile(delivery.pk)
        board.misbehaves_no_more()
        account.refresh_from_db()
        assert 200 * len(board.posts) <= account.spent <= ceiling, "what was posted is paid for, and nothing beyond the ceiling"
        assert account.spent == sum(mine.values_list("cost", flat=True))


def test_the_month_is_that_of_the_blogs_clock() -> None:
    file = blog_file(timezone="America/Toronto")
    assert money.month(datetime(2026, 12, 1, 3, 0, tzinfo=UTC), file) == "2026-11"
    assert money.month(datetime(2026, 12, 1, 6, 0, tzinfo=UTC), file) == "2026-12"


@pytest.mark.parametrize(("amount", "said"), [(205, "$0.21"), (200, "$0.20"), (1, "$0.01"), (19_900, "$19.90"), (1_234_560, "$1,234.56")])
def test_an_amount_is_spoken_to_the_cent_and_never_too_small(amount: int, said: str) -> None:
    assert money.spoken(amount) == said


@pytest.mark.parametrize(
    ("today", "said"), [(datetime(2026, 11, 24, 12, tzinfo=UTC), "1 December"), (datetime(2026, 12, 31, 12, tzinfo=UTC), "1 January")]
)
def test_the_sentence_names_the_day_on_which_it_begins_anew(today: datetime, said: str) -> None:
    file = blog_file(channels={"twitter": {"monthly_budget": "20.00 USD"}})
    connection: Any = Connection(channel="twitter", spent=19_900, spent_in=money.month(today, file))
    sentence = money.too_dear(connection, file, money.Price(205, 0), today)
    assert sentence == (
        f"X (Twitter) costs about $0.21 a post; $19.90 of $20.00 are spent this month: held until {said} "
        "or until the ceiling is raised (monthly_budget in the blog's file)."
    )


def test_what_is_spent_and_left_is_told() -> None:
    file = blog_file(channels={"twitter": {"monthly_budget": "20.00 USD"}, "facebook": {}})
    assert (
        money.balance(Connection(channel="twitter", spent_in="2026-11", spent=4105), file, NOON)
        == "$4.11 of $20.00 this month, $15.89 left"
    )
    assert money.balance(Connection(channel="facebook"), file, NOON) == ""
