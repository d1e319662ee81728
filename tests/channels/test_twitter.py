from decimal import Decimal

import pytest
from pydantic import ValidationError

from worker.channels.twitter import Twitter, TwitterOptions
from worker.lib.weight import weight


def test_it_counts_by_weight() -> None:
    assert Twitter.measure("https://practice.ca/a-long-name-for-a-post 😷") == weight("https://practice.ca/a-long-name-for-a-post 😷") == 26


@pytest.mark.parametrize(("given", "kept"), [("20.00 USD", Decimal("20.00")), ("0.50 USD", Decimal("0.50"))])
def test_a_budget_is_an_amount_in_dollars(given: str, kept: Decimal) -> None:
    assert TwitterOptions(monthly_budget=given).monthly_budget == kept


@pytest.mark.parametrize("given", ["20", "20 USD", "20.00", "20.00 CAD", "$20.00", "-1.00 USD", 20, ""])
def test_another_budget_is_a_mistake_with_an_example(given: object) -> None:
    with pytest.raises(ValidationError, match=r"allowed is an amount in US dollars, for example '20\.00 USD'"):
        TwitterOptions(monthly_budget=given)


@pytest.mark.parametrize("address", ["https://api.x.com", "http://127.0.0.1:9000", "http://localhost:9000/x"])
def test_the_network_is_real_or_a_stand_in_on_this_machine(address: str) -> None:
    assert TwitterOptions(base_url=address).base_url == address


def test_a_token_never_travels_in_the_clear() -> None:
    with pytest.raises(ValidationError, match="allowed is an https:// address"):
        TwitterOptions(base_url="http://api.x.com")
