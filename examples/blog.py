"""The example blog: a small practice's WordPress, as far as a feed reader can tell, on this machine only.

    python -m examples.blog [--port 8010]

Its home page has a form that publishes a post, so that it can be watched on its way. The same from a shell, with every
field optional:

    curl -d title="A walk in the park" -d body="Going outside helps." http://127.0.0.1:8010/publish

What was published so is forgotten when the blog stops. Postlark watches it as config/blogs/example.toml says.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape as xml_escape

NAME = "Example Psychotherapy"
TAGLINE = "Thoughts from our practice"
HOST, PORT = "127.0.0.1", 8010
HERE = Path(__file__).parent
PICTURES = "/wp-content/uploads/2026/11/"
LONGEST_FORM = 100_000
EXCERPT_WORDS = 55  # WordPress's own: https://developer.wordpress.org/reference/functions/wp_trim_excerpt/

AUTHOR = "Sheema Khan"
AUTHOR_LINE = (
    "Sheema Khan is a Registered Psychotherapist with College of Registered Psychotherapists of Ontario. One of Sheema’s areas of interest "
    "includes building relationships. Sheema uses evidence-based modalities and an integrative approach in order to help her clients receive "
    "treatment that is personalized to their unique needs."
)
DISCLAIMER = (
    "DISCLAIMER: This blog is meant for psychoeducational purposes only. Intended solely to provide you with information and is not meant to "
    "take the place of therapy."
)
SHARE = {
    "Facebook": "https://www.facebook.com/sharer/sharer.php?u=",
    "Twitter": "https://twitter.com/intent/tweet?url=",
    "Pinterest": "https://pinterest.com/pin/create/button/?url=",
    "LinkedIn": "https://www.linkedin.com/sharing/share-offsite/?url=",
}


@dataclass(frozen=True)
class Post:
    number: int
    slug: str
    title: str
    published: datetime
    picture: str
    alt: str
    category: str
    body: str
    """HTML; $picture stands where the picture goes."""


def _on(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, 0, tzinfo=UTC)


def _post(number: int, slug: str, title: str, published: datetime, picture: str, alt: str, category: str) -> Post:
    body = (HERE / "posts" / f"{slug}.html").read_text(encoding="utf-8")
    return Post(number, slug, title, published, picture, alt, category, body)


def first_posts() -> list[Post]:
    """The four posts that it always has, newest first."""
    return [
        _post(
            142,
            "the-importance-of-a-strong-therapeutic-alliance",
            "The Importance of a Strong Therapeutic Alliance",
            _on(20, 14),
            "hills-at-dusk.png",
            "Layered hills in rose and brown, with the evening sun just above them",
            "Relationships",
        ),
        _post(
            131,
            "coping-skills-as-10-solutions",
            "Coping Skills as 10% Solutions",
            _on(13, 14),
            "hills-in-the-morning.png",
            "Layered hills in soft blue under a pale morning sun",
            "Coping",
        ),
        _post(
            118,
            "practicing-reflection",
            "Practicing Reflection",
            _on(6, 15),
            "dunes-by-moonlight.png",
            "Dark blue dunes by moonlight",
            "Mindfulness",
        ),
        _post(
            103,
            "coping-with-school-stress",
            "Coping with school stress",
            _on(2, 14),
            "meadow-in-spring.png",
            "Green meadows on a bright spring day",
            "School",
        ),
    ]


class Blog:
    """The blog as a web site at `base`, the address of its home page without a slash at the end."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.posts = first_posts()

    def publish(self, title: str, body: str) -> Post:
        now = datetime.now(UTC).replace(microsecond=0)
        number = max(post.number for post in self.posts) + 11
        paragraphs = "".join(f"<p>{escape(part).replace('$', '$$')}</p>\n" for part in body.split("\n\n") if part.strip())
        older = self.posts[number % 4]
        post = Post(number, f"{_slug(title)}-{number}", title, now, older.picture, older.alt, "News", f"$picture\n{paragraphs}")
        self.posts = [post, *self.posts]
        return post

    def url(self, post: Post) -> str:
        return f"{self.base}/{post.slug}/"

    def picture(self, post: Post) -> str:
        return f"{self.base}{PICTURES}{post.picture}"

    def content(self, post: Post) -> str:
        """The post's HTML, with author line and disclaimer at its end as the practice writes them."""
        picture = (
            f'<figure class="wp-block-image size-large"><img decoding="async" width="1200" height="800" src="{self.picture(post)}" '
            f'alt="{escape(post.alt)}" class="wp-image-{post.number + 1}"></figure>'
        )
        text = Template(post.body).safe_substitute(picture=picture)
        return f"{text}<p><em>{AUTHOR_LINE}</em></p>\n<p><strong>{DISCLAIMER}</strong></p>\n"

    def excerpt(self, post: Post) -> str:
        words = _words(post.body)
        return " ".join(words[:EXCERPT_WORDS]) + (" […]" if len(words) > EXCERPT_WORDS else "")

    def feed(self) -> bytes:
        items = "\n".join(map(self._item, self.posts))
        return f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
\txmlns:content="http://purl.org/rss/1.0/modules/content/"
\txmlns:wfw="http://wellformedweb.org/CommentAPI/"
\txmlns:dc="http://purl.org/dc/elements/1.1/"
\txmlns:atom="http://www.w3.org/2005/Atom"
\txmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel>
\t<title>{NAME}</title>
\t<atom:link href="{self.base}/feed/" rel="self" type="application/rss+xml" />
\t<link>{self.base}/</link>
\t<description>{TAGLINE}</description>
\t<lastBuildDate>{format_datetime(self.posts[0].published)}</lastBuildDate>
\t<language>en-CA</language>
\t<sy:updatePeriod>hourly</sy:updatePeriod>
\t<sy:updateFrequency>1</sy:updateFrequency>
\t<generator>https://wordpress.org/?v=6.8.3</generator>
{items}
</channel>
</rss>
""".encode()

    def _item(self, post: Post) -> str:
        footer = f'<p>The post <a href="{self.url(post)}">{escape(post.title)}</a> appeared first on <a href="{self.base}">{escape(NAME)}</a>.</p>'
        return f"""\t<item>
\t\t<title>{xml_escape(post.title)}</title>
\t\t<link>{self.url(post)}</link>
\t\t<dc:creator><![CDATA[{AUTHOR}]]></dc:creator>
\t\t<pubDate>{format_datetime(post.published)}</pubDate>
\t\t<category><![CDATA[{post.category}]]></category>
\t\t<guid isPermaLink="false">{self.base}/?p={post.number}</guid>
\t\t<description><![CDATA[<p>{escape(self.excerpt(post), quote=False)}</p>
{footer}]]></description>
\t\t<content:encoded><![CDATA[{self.content(post)}{footer}]]></content:encoded>
\t</item>"""

    def home(self) -> bytes:
        listing = "\n".join(
            f'<li><a href="{self.url(post)}">{escape(post.title)}</a>, {post.published:%d %B %Y}</li>' for post in self.posts
        )
        newest = self.posts[0]
        form = (
            '<form method="post" action="/publish"><h2>Publish a post</h2><p>And watch it travel.</p>'
            '<label>Title <input name="title"></label><label>Text <textarea name="body" rows="4"></textarea></label>'
            "<button>Publish</button></form>"
        )
        main = f"<h1>{NAME}</h1>\n<p>{TAGLINE}</p>\n<ul>\n{listing}\n</ul>\n{form}"
        return self._page(NAME, TAGLINE, f"{self.base}/", "website", newest, main)

    def page(self, post: Post) -> bytes:
        share = "\n".join(f'<a href="{escape(to + quote(self.url(post), safe=""))}">{name}</a>' for name, to in SHARE.items())
        related = "\n".join(
            f'<article><h3><a href="{self.url(each)}">{escape(each.title)}</a></h3><p>{escape(self.excerpt(each))}</p></article>'
            for each in self.posts[:4]
        )
        main = (
            f'<article id="post-{post.number}" class="post type-post status-publish hentry">\n<h1>{escape(post.title)}</h1>\n'
            f"{self.content(post)}</article>\n"
            f'<div class="share elementor-share-buttons"><p>Share:</p>\n{share}</div>\n'
            f'<section class="related"><h2>Related Posts</h2>\n{related}</section>'
        )
        return self._page(post.title, self.excerpt(post), self.url(post), "article", post, main)

    def _page(self, title: str, description: str, url: str, kind: str, pictured: Post, main: str) -> bytes:
        values = {"title": title, "description": description, "url": url, "kind": kind, "alt": pictured.alt}
        values = {name: escape(value) for name, value in values.items()}
        template = Template((HERE / "page.html").read_text(encoding="utf-8"))
        return template.substitute(values, base=self.base, image=self.picture(pictured), main=main).encode()


class Handler(BaseHTTPRequestHandler):
    blog: Blog

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        number = parse_qs(parts.query).get("p", [""])[0]
        path = parts.path.rstrip("/")
        if path == "/feed":
            self._answer(self.blog.feed(), "application/rss+xml; charset=UTF-8", self.blog.posts[0].published)
        elif parts.path.startswith(PICTURES):
            self._picture(Path(parts.path).name)
        elif not path and number:
            self._page_of(post for post in self.blog.posts if str(post.number) == number)
        elif not path:
            self._answer(self.blog.home(), "text/html; charset=UTF-8")
        else:
            self._page_of(post for post in self.blog.posts if f"/{post.slug}" == path)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        origin = self.headers.get("Origin", self.blog.base)
        if self.path != "/publish" or not length.isdecimal() or int(length) > LONGEST_FORM or origin != self.blog.base:
            return self.send_error(403, "Only a short form sent to /publish from this blog's own pages or a shell")
        form = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"))
        title = form.get("title", [""])[0].strip() or f"News of {datetime.now(UTC).astimezone():%H:%M:%S}"
        body = form.get("body", [""])[0].strip() or "This post was published to watch it travel."
        post = self.blog.publish(title, body)
        self._answer(
            f"{self.blog.url(post)}\n".encode(), "text/plain; charset=UTF-8", status=303, headers={"Location": self.blog.url(post)}
        )

    def _page_of(self, posts: Iterable[Post]) -> None:
        post = next(iter(posts), None)
        if post is None:
            return self.send_error(404, "There is no such page")
        self._answer(self.blog.page(post), "text/html; charset=UTF-8")

    def _picture(self, name: str) -> None:
        file = HERE / "pictures" / name
        if not file.is_file():
            return self.send_error(404, "There is no such picture")
        self._answer(file.read_bytes(), "image/png")

    def _answer(
        self, body: bytes, kind: str, changed: datetime | None = None, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        """With ETag and, for `changed`, Last-Modified; a document that the asker has is not sent again."""
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        unchanged = status == 200 and self.headers.get("If-None-Match") == etag
        self.send_response(304 if unchanged else status)
        self.send_header("ETag", etag)
        if changed:
            self.send_header("Last-Modified", format_datetime(changed, usegmt=True))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if not unchanged:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not unchanged and self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: whoever started it reads Postlark's lines."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = False


def server(host: str = HOST, port: int = PORT) -> Server:
    """A server that listens already; port 0 takes a free one. OSError when the port is taken."""
    made = Server((host, port), Handler)
    blog = Blog(f"http://{host}:{made.server_port}")
    made.RequestHandlerClass = type("Handler", (Handler,), {"blog": blog})
    return made


def serve(host: str = HOST, port: int = PORT) -> None:
    """Serve until interrupted. SystemExit with one sentence when the port is taken."""
    try:
        listening = server(host, port)
    except OSError:
        sys.exit(f"The example blog cannot listen on {host}:{port}: something else does. Stop that, or choose another port with --port.")
    with listening, suppress(KeyboardInterrupt):
        listening.serve_forever()


def _slug(title: str) -> str:
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in title.lower()).split()
    return "-".join(words[:8]) or "post"


def _words(html: str) -> list[str]:
    """The words of our own simple HTML: no tag in it holds a `>` but its end."""
    text = Template(html).safe_substitute(picture="")
    while "<" in text:
        before, _, rest = text.partition("<")
        text = before + " " + rest.partition(">")[2]
    return text.split()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.blog", description="Serve the example blog on this machine.")
    parser.add_argument("--port", type=int, default=PORT)
    serve(port=parser.parse_args().port)


if __name__ == "__main__":
    main()
