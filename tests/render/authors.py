"""Posts as nasty blogs make them. What the author said is known word for word, so that anything else in what goes out is debris or a word cut."""

import html
import re
import unicodedata
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.factories import NOON
from worker.models import Post

LINK = "https://www.practice.ca/2026/11/grief/"
WORDS = [
    "grief",
    "Grief",
    "comes",
    "waves",
    "a",
    "l’été",
    "où",
    "e\u0301te\u0301",
    "don't",
    "AT&T",
    "R&D",
    "3.5",
    "12,7\u202f%",
    "a_b*c",
    "#hope",
    "@sheema",
    "f(x)",
    "[sic]",
    "~5",
    "x|y",
    "C:\\temp",
    "Dr. Khan",
    "e.g. sleep",
    "www.example.com",
    "https://b.ca/a?b=c&d=e",
    "👩🏽‍⚕️",
    "👨‍👩‍👧‍👦",
    "🇨🇦",
    "1️⃣",
    "Z\u0334\u0321a",
    "שלום",
    "مرحبا",
    "心の健康について話す",
    "สุขภาพจิต",
    "क्षमा",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk",
    "x" * 150,
    "«\u202fbien\u202f»",
    "“well”",
    "self-care",
    "— yes —",
]
ENDS = [".", ".", ".", "!", "?", "…", "\u202f!", "。", " 🙂."]
DEBRIS = [
    '[et_pb_section fb_built="1" junk="x"][et_pb_row]',
    "[/et_pb_row][/et_pb_section]",
    '[vc_row css=".junk{padding:0 !important}"]',
    "[gallery ids='1,2']",
    "[caption id='junk' width='3']<img src='https://b.ca/junk.jpg' alt='junk'> junk[/caption]",
    "<style>.junk{color:red}</style>",
    "<script>var junk = 1;</script>",
    "<p>.elementor-junk .x{padding:0}@media (max-width:9px){.junk{margin:0}}</p>",
    "<p>Share this: Facebook Twitter Pinterest LinkedIn</p>",
    "<p>Reading time: 4 min</p>",
    "<p>window.dataLayer = junk;</p>",
    "<!-- wp:junk -->",
    "<figure><img src='https://b.ca/junk.jpg'><figcaption>Junk caption.</figcaption></figure>",
    "<table><tr><td>Junk cell.</td></tr></table>",
    "<iframe src='https://b.ca/junk'>junk</iframe>",
    "<p>We use cookies for junk.</p>",
    "<p>Disclaimer: junk, ask a doctor.</p>",
]
AROUND = ["<h3>Related posts</h3><p>Junk, again. And again.</p>", "<h4>About the author</h4><p>Junk is a therapist.</p>"]
ENDINGS = [
    "",
    " […]",
    " [&hellip;]",
    ' <a href="https://b.ca/junk">Continue reading <span>Junk</span> &rarr;</a>',
    '<p>The post <a href="https://b.ca/junk">Junk</a> appeared first on <a>Junk</a>.</p>',
    '<p>L’article <a href="https://b.ca/junk">Junk</a> est apparu en premier sur Junk.</p>',
]


@dataclass(frozen=True)
class Authored:
    """A post, and every word its author wrote."""

    post: Post
    words: frozenset[str]


def tokens(text: str) -> set[str]:
    """Words as they stand between white space, without the punctuation around them."""
    return {token for part in re.split(r"[\s。、]+", unicodedata.normalize("NFC", text)) if (token := part.strip(" .,;:!?…“”«»\"'()—–-"))}


SENTENCES = st.builds(
    lambda words, end: " ".join(words) + end, st.lists(st.sampled_from(WORDS), min_size=1, max_size=14), st.sampled_from(ENDS)
)
TITLES = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)


@st.composite
def authored(draw: st.DrawFn) -> Authored:
    said: list[str] = []

    def block() -> str:
        sentences = draw(st.lists(SENTENCES, min_size=1, max_size=4))
        said.extend(sentences)
        inner = draw(st.sampled_from([" ", "\n", "&nbsp; ", "<br>"])).join(map(_marked_up, sentences))
        return draw(
            st.sampled_from(["<p>{}</p>", "<div>{}</div>", "<h2>{}</h2>", "<ul><li>{}</li></ul>", "<blockquote>{}</blockquote>"])
        ).format(inner)

    def markup(ending: bool) -> str:
        parts = [block() if draw(st.integers(0, 3)) else draw(st.sampled_from(DEBRIS)) for _ in range(draw(st.integers(0, 7)))]
        return "".join(parts) + (draw(st.sampled_from(ENDINGS)) if ending else "")

    title, author = draw(TITLES), draw(st.sampled_from(["", "Sheema Khan"]))
    categories = draw(st.lists(st.sampled_from(["Mental health", "Santé & été", "2026", "Uncategorized"]), max_size=3, unique=True))
    post = Post(
        pk=1,
        title=title,
        url=LINK,
        summary=markup(ending=True),
        content=markup(ending=False) + draw(st.sampled_from(["", *(f"<p>Grief comes.</p>{box}" for box in AROUND)])),
        author=author,
        categories=categories,
        image="https://b.ca/a.jpg",
        image_alt=draw(TITLES),
        published_at=NOON,
    )
    ours = f"By {author} {LINK} #MentalHealth #SantéÉté A new post from Example Psychotherapy. Grief comes."
    return Authored(post, frozenset(tokens(" ".join([title, *said, ours]))))


def _marked_up(sentence: str) -> str:
    """Bold inside a word, and what HTML must escape escaped."""
    return html.escape(sentence, quote=False).replace("waves", "wa<b>ves</b>").replace("où", "o&ugrave;").replace("comes", "<em>comes</em>")
