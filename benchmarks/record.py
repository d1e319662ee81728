"""F9: the record and the home page over a million deliveries.

    python -m benchmarks.record [--postgres] [--posts 100000] [--rounds 30]

Fills a fresh database in bulk (ten deliveries a post, with a try and an event each), starts `postlark web` and asks for each
page as a signed-in person would: first pages, filters, pages far down. Prints the 95th percentile of the time to the first
byte of each, beside what is to be reached.
"""

import argparse
import os
import re
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests

from tests.__main__ import postgresql
from tests.processes import Installation, free_port, until

BLOGS, A_POST = 10, 10
EXAMPLE = Path(__file__).resolve().parent.parent / "config" / "blogs" / "example.toml"
STATES = {  # of each hundred deliveries
    "sent": 80,
    "skipped": 12,
    "cancelled": 3,
    "rehearsed": 3,
    "failed": 2,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL (SQLite)")
    parser.add_argument("--posts", type=int, default=100_000, help="ten deliveries each (100000)")
    parser.add_argument("--rounds", type=int, default=30, help="how often each page is asked for (30)")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postlark-record-")))
        port = free_port()
        database = {"DATABASE_URL": stack.enter_context(postgresql())} if options.postgres else {}
        here = Installation(folder, LISTEN=f"127.0.0.1:{port}", **database)
        for number in range(BLOGS):
            (here.blogs / f"blog-{number}.toml").write_text(EXAMPLE.read_text())
        here.run("migrate", seconds=300)
        os.environ.update(here.environment, DJANGO_SETTINGS_MODULE="config.settings")
        fill(options.posts)
        stack.enter_context(here.running("web", output=folder / "output"))
        home = f"http://127.0.0.1:{port}"
        until(lambda: answers(home), "the page answers", 60)
        session = signed_in(home, here)
        measure(session, home, options.rounds, 150 if options.postgres else 300, "PostgreSQL" if options.postgres else "SQLite")


def answers(home: str) -> bool:
    try:
        return requests.get(home + "/healthz", timeout=1).ok
    except requests.RequestException:
        return False


def signed_in(home: str, here: Installation) -> requests.Session:
    link = re.search(r"http\S+/sign-in/\S+", here.run("staff", "add", "desk@practice.example", "--role", "owner").stdout)
    assert link, "no sign-in link was printed"
    session = requests.Session()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', session.get(link[0]).text)
    assert token, "no form at the sign-in link"
    session.post(link[0], data={"csrfmiddlewaretoken": token[1]}).raise_for_status()
    return session


def measure(session: requests.Session, home: str, rounds: int, most: int, where: str) -> None:
    from worker.models import Delivery, Post

    deep = Delivery.objects.order_by("pk").values_list("pk", flat=True)[Delivery.objects.count() // 10]
    old = Post.objects.order_by("pk").values_list("pk", flat=True)[Post.objects.count() // 2]
    pages = [
        "/",
        f"/?older={old}",
        "/?blog=blog-3",
        "/log",
        f"/log?before={deep}",
        "/log?blog=blog-3",
        f"/log?blog=blog-3&state=failed&before={deep}",
        "/log?state=needs-you",
        "/log?state=held",
        "/log?state=skipped",
        "/log?channel=linkedin",
        f"/log?channel=linkedin&before={deep}",
        "/log?since=2024-01-01&until=2024-01-31",
        "/log?who=desk%40practice.example",
        "/log?find=stress+77777",
        "/log?find=nothing+like+it",
    ]
    for page in pages:
        session.get(home + page).raise_for_status()
        times = [first_byte(session, home + page) for _ in range(rounds)]
        percentile = statistics.quantiles(times, n=20)[-1] * 1000
        print(f"F9 {where} {page}: p95 {percentile:.0f} ms, median {statistics.median(times) * 1000:.0f} ms (reach: {most})", flush=True)


def first_byte(session: requests.Session, address: str) -> float:
    began = time.perf_counter()
    with session.get(address, stream=True) as answer:
        answer.raise_for_status()
        return time.perf_counter() - began


# A million rows, by one INSERT ... SELECT a table -------------------------------------------------------------------------


def fill(posts: int) -> None:
    import django

    django.setup()
    from django.db import connection

    from worker.models import Attempt, Blog, Delivery, Event, Post

    began = time.monotonic()
    Blog.objects.bulk_create(Blog(slug=f"blog-{number}", state="ok", sentence="The feed is fine.") for number in range(BLOGS))
    first = Blog.objects.order_by("pk").values_list("pk", flat=True)[0]
    every, deliveries = f"n % {BLOGS} + {first}", posts * A_POST
    text = "'Coping with school stress ' || CAST(n AS text)"
    insert(
        Post, posts, blog_id=every, guid=text, url="'https://blog.example/' || CAST(n AS text)", title=text,
        content="'<p>" + "Feeling worried is a normal response. " * 60 + "</p>'", text_hash="'x'", origin="'new'",
        published_at=moment(f"({posts} - n) * 10"), seen_at=moment(f"({posts} - n) * 10"), planned_at=moment("0"),
    )  # fmt: skip
    channels = by_turns("n % 5", ["email", "facebook", "twitter", "pinterest", "linkedin"])
    shares = [state for state, share in STATES.items() for _ in range(share)]
    insert(
        Delivery, deliveries, blog_id=f"((n - 1) / {A_POST} + 1) % {BLOGS} + {first}", post_id=f"(n - 1) / {A_POST} + 1", channel=channels,
        edition="CASE WHEN n % 5 = 0 THEN 'instant' ELSE '' END", occasion=f"CASE WHEN (n - 1) % {A_POST} < 5 THEN 'automatic' ELSE 'resend' END",
        state=by_turns("n / 7 % 100", shares), waits_for="CASE WHEN n % 10000 = 0 THEN 'person' ELSE 'nothing' END",
        reason="'Posted at 09:04, as number ' || CAST(n AS text) || '.'", created_at=moment(f"({deliveries} - n)"),
        finished_at=moment(f"({deliveries} - n)"), attempt="1",
    )  # fmt: skip
    insert(
        Attempt, deliveries, delivery_id="n", number="1", kind="'create'", outcome="'ok'", holder="'desk-1'",
        started_at=moment(f"({deliveries} - n)"), calling_at=moment(f"({deliveries} - n)"), finished_at=moment(f"({deliveries} - n)"),
    )  # fmt: skip
    insert(
        Event, deliveries, at=moment(f"({deliveries} - n)"), delivery_id="n", post_id=f"(n - 1) / {A_POST} + 1",
        who="CASE WHEN n % 50 = 0 THEN 'desk@practice.example' ELSE 'Postlark' END", what="'It went out.'", data="'{}'",
        blog_id=f"((n - 1) / {A_POST} + 1) % {BLOGS} + {first}",
    )  # fmt: skip
    Delivery.objects.filter(pk__gt=deliveries - 40).update(state="held", waits_for="person", reason="Held by desk: a typo.")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")  # as a database of some age has been
    connection.close()
    print(f"F9 filled with {posts:,} posts and {deliveries:,} deliveries in {time.monotonic() - began:.0f} s", flush=True)


def insert(model: Any, number: int, /, **expressions: str) -> None:
    """Rows 1 to `number`; an expression may name `n`. What is not named is empty."""
    from django.db import connection

    fields = {field.column: expressions.get(field.column) or empty(field) for field in model._meta.concrete_fields}
    fields["id"] = "n"
    series = f"WITH RECURSIVE rows(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rows WHERE n < {number})"
    with connection.cursor() as cursor:
        cursor.execute(
            f'{series} INSERT INTO "{model._meta.db_table}" ({", ".join(chr(34) + name + chr(34) for name in fields)}) '
            f"SELECT {', '.join(fields.values())} FROM rows".replace("%", "%%"),
            [],
        )


def empty(field: Any) -> str:
    if field.null:
        return "NULL"
    if field.get_internal_type() == "JSONField":
        return "'[]'"
    if field.get_internal_type() == "BooleanField":
        return "false"
    return (
        "''" if "Char" in field.get_internal_type() or "Text" in field.get_internal_type() or "Slug" in field.get_internal_type() else "0"
    )


def by_turns(index: str, words: list[str]) -> str:
    runs: list[tuple[int, str]] = []
    for place, word in enumerate(words):
        if runs and runs[-1][1] == word:
            runs[-1] = (place, word)
        else:
            runs.append((place, word))
    return "CASE " + " ".join(f"WHEN {index} <= {last} THEN '{word}'" for last, word in runs) + " END"


def moment(minutes_ago: str) -> str:
    from django.db import connection

    if connection.vendor == "postgresql":
        return f"now() - ({minutes_ago}) * interval '1 minute'"
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || ({minutes_ago}) || ' minutes')"


if __name__ == "__main__":
    main()
