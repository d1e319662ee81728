"""F9: the console over a million deliveries.

    python -m benchmarks.record [--postgres] [--posts 100000] [--rounds 30]

Fills a fresh database in bulk (ten deliveries a post, with a try and an event each; as many subscribers as posts), starts
`postlark web` and asks for each page as signed-in people would: an owner of everything, and somebody of two blogs of ten. First
pages, every filter of the record and every pair of them, pages far down, the lists as files. Prints the 95th percentile of the time
to the first byte of each beside what is to be reached, and for files how long they take and what the server's memory grows by.
"""

import argparse
import os
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import requests

from benchmarks.idle import cpu, pss
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
        web = stack.enter_context(here.running("web", output=folder / "output"))
        home = f"http://127.0.0.1:{port}"
        until(lambda: answers(home), "the page answers", 60)
        owner, reach = signed_in(home, here, "owner"), Reach("PostgreSQL" if options.postgres else "SQLite", options.rounds, home)
        two_blogs = signed_in(home, here, "office", "--blog", "blog-3", "--blog", "blog-4")
        reach.pages(owner, everything())
        reach.pages(
            two_blogs, ["/", "/log", "/log?channel=linkedin", "/log?find=stress+7777", "/record", "/subscribers", "/health"], "of two blogs"
        )
        reach.pairs(owner)
        reach.files(owner, web.pid)


def answers(home: str) -> bool:
    try:
        return requests.get(home + "/healthz", timeout=1).ok
    except requests.RequestException:
        return False


def signed_in(home: str, here: Installation, role: str, *more: str) -> requests.Session:
    link = re.search(r"http\S+/sign-in/\S+", here.run("staff", "add", f"{role}@practice.example", "--role", role, *more).stdout)
    assert link, "no sign-in link was printed"
    session = requests.Session()
    session.post(link[0], data={"csrfmiddlewaretoken": form_token(session, link[0])}).raise_for_status()
    return session


def form_token(session: requests.Session, page: str) -> str:
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', session.get(page).text)
    assert token, f"no form at {page}"
    return token[1]


def everything() -> list[str]:
    from worker.models import Delivery, Event, Post, Subscriber

    def far_down(model: Any) -> int:
        return model.objects.order_by("pk").values_list("pk", flat=True)[model.objects.count() // 10]

    deep = far_down(Delivery)
    return [
        *("/", f"/?older={far_down(Post)}", "/?blog=blog-3"),
        *("/log", f"/log?before={deep}", "/log?print=1", f"/log?blog=blog-3&state=failed&before={deep}"),
        *("/log?find=nothing+like+it", f"/log?find=coping&before={deep}", f"/log?who=desk%40practice.example&before={deep}"),
        *("/log?who=former%40practice.example", "/log?who=rare%40practice.example", "/log/hold?state=held"),
        *("/record", f"/record?before={far_down(Event)}"),
        *("/subscribers", f"/subscribers?before={far_down(Subscriber)}", "/subscribers?q=reader-77777%40readers.example"),
        *("/subscribers?q=reader-77", "/subscribers?q=nobody-like-it"),
        *("/subscribers?state=on", "/subscribers?state=left", "/subscribers?state=ending", "/subscribers?state=ended"),
    ]


FILTERS = [
    *("blog=blog-3", "channel=linkedin", "state=failed", "state=needs-you", "state=held", "state=skipped"),
    *("since=2026-01-01", "since=2025-06-01&until=2025-06-30", "until=2025-06-30"),
    *("who=desk%40practice.example", "who=former%40practice.example", "who=rare%40practice.example"),
    *("find=coping", "find=stress+1", "find=stress+77777", "find=https%3A%2F%2Fblog.example%2F777"),
]
SLOWEST = 8


@dataclass(frozen=True)
class Reach:
    where: str
    rounds: int
    home: str

    @property
    def most(self) -> int:
        return 150 if self.where == "PostgreSQL" else 300

    def pages(self, session: requests.Session, pages: Sequence[str], who: str = "of everything") -> None:
        for page in pages:
            percentile, median = self.asked(session, page, self.rounds)
            print(f"F9 {self.where}, {who}, {page}: p95 {percentile:.0f} ms, median {median:.0f} ms (reach: {self.most})", flush=True)

    def pairs(self, session: requests.Session) -> None:
        """Every filter alone and with every other."""
        queries = [*FILTERS, *("&".join(pair) for pair in combinations(FILTERS, 2))]
        found = sorted(((*self.asked(session, f"/log?{query}", 5), query) for query in queries), reverse=True)
        over = sum(slowest > self.most for slowest, _, _ in found)
        print(f"F9 {self.where}: {len(queries)} filters and pairs, {over} over {self.most} ms. The slowest:", flush=True)
        for slowest, median, query in found[:SLOWEST]:
            print(f"F9 {self.where}, /log?{query}: p95 {slowest:.0f} ms, median {median:.0f} ms", flush=True)

    def asked(self, session: requests.Session, page: str, rounds: int) -> tuple[float, float]:
        """The 95th percentile and the median to the first byte, in ms."""
        session.get(self.home + page).raise_for_status()
        times = [first_byte(session, self.home + page) * 1000 for _ in range(rounds)]
        return statistics.quantiles(times, n=20, method="inclusive")[-1], statistics.median(times)

    def files(self, session: requests.Session, pid: int) -> None:
        token = form_token(session, self.home + "/subscribers")
        self.file(
            "the subscribers",
            session.post(self.home + "/subscribers/export", {"csrfmiddlewaretoken": token, "blog": "blog-0"}, stream=True),
            pid,
        )
        self.file("the record", session.get(self.home + "/log.csv", stream=True), pid)

    def file(self, name: str, answer: requests.Response, pid: int) -> None:
        answer.raise_for_status()
        began, used, before = time.perf_counter(), cpu([pid]), pss(pid)
        lines = sum(piece.count(b"\n") for piece in answer.iter_content(1 << 16))
        spent, grown = cpu([pid]) - used, (pss(pid) - before) / 1000
        print(
            f"F9 {self.where}, {name} as a file: {lines:,} lines in {time.perf_counter() - began:.0f} s, {spent:.0f} s CPU, memory +{grown:.0f} MB",
            flush=True,
        )


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

    from worker.models import Attempt, Blog, Consent, Delivery, Event, Post, Subscriber

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
        who=f"CASE WHEN n % {deliveries // 5} = 0 THEN 'rare@practice.example' WHEN n % 50 > 0 THEN 'Postlark'"
        f" WHEN n < {deliveries // 5} THEN 'former@practice.example' ELSE 'desk@practice.example' END", what="'It went out.'", data="'{}'",
        blog_id=f"((n - 1) / {A_POST} + 1) % {BLOGS} + {first}",
    )  # fmt: skip
    insert(
        Subscriber, posts, blog_id=f"{first}", email="'reader-' || CAST(n AS text) || '@readers.example'",
        address_key="'reader-' || CAST(n AS text) || '@readers.example'", edition="'instant'",
        state="CASE WHEN n % 20 = 0 THEN 'unsubscribed' ELSE 'confirmed' END", created_at=moment(f"({posts} - n)"),
    )  # fmt: skip
    insert(
        Consent, posts, subscriber_id="n", basis="CASE WHEN n % 5 = 0 THEN 'purchase' ELSE 'express' END", proof="'sign-up sheet'",
        obtained_on="'2025-06-01'", ends_on="CASE WHEN n % 100 = 0 THEN CURRENT_DATE WHEN n % 5 = 0 THEN '2029-06-01' END",
        recorded_at=moment("0"),
    )  # fmt: skip
    Delivery.objects.filter(pk__gt=deliveries - 40).update(state="held", waits_for="person", reason="Held by desk: a typo.")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")  # as a database of some age has been
    connection.close()
    print(f"F9 filled with {posts:,} posts and {deliveries:,} deliveries in {time.monotonic() - began:.0f} s", flush=True)


def insert(model: Any, number: int, /, **expressions: str) -> None:
    """Rows 1 to `number`; an expression may name `n`. What is not named is empty."""
    from django.core.management.color import no_style
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
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)


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
    return f"strftime('%Y-%m-%d %H:%M:%S', 'now', '-' || ({minutes_ago}) || ' minutes')"


if __name__ == "__main__":
    main()
