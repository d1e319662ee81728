from datetime import UTC, datetime, timedelta

from worker.ingest.entry import MAX_ENTRIES, newest

DAY = datetime(2026, 11, 2, tzinfo=UTC)


def test_of_too_many_the_newest_stay_in_their_order_and_what_has_no_date_is_taken_for_new() -> None:
    dated = [("undated", None), *((f"day {n}", DAY + timedelta(days=n)) for n in range(MAX_ENTRIES)), ("undated too", None)]
    assert newest(dated) == [dated[0], *dated[3:]]
