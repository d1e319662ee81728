"""Which words people see, taken from the sources: `make words` brings the catalogues of `locale/` up to date with them.

From the templates comes what stands in a `trans` block or in `_()`. From Python comes every text that people read, as it stands: nobody
marks anything, so nobody forgets to. An f-string becomes its shape, "Posted on {name} at {spoken}.", once for each way that
a plain choice inside it can go (`{'reader' if number == 1 else 'readers'}`). worker/lib/language.py reads them back.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import product
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

TEMPLATES = ("templates/console", "templates/email/alert")
SPEAKING = ("alerts", "channels", "connections", "console", "deliver", "gate", "ingest", "models", "newsletter", "record")
"""The folders of worker/ whose sentences reach the console."""
SPEAKING_FILES = (
    "lib/address.py",
    "lib/confined.py",
    "lib/crypto.py",
    "lib/http.py",
    "render/email.py",
    "render/images.py",
    "render/photo.py",
    "render/excerpt.py",
)
SILENT = {
    "worker/channels/email/dkim.py",  # mistakes in the environment, which stop a start
    "worker/channels/email/esp/settings.py",
    "worker/channels/email/mailbox.py",
    "worker/channels/email/relay.py",
    "worker/ingest/dates.py",  # the months of other people's feeds
    "worker/newsletter/choices.py",  # the public pages' own words, in both languages
    "worker/newsletter/returns/arrived.py",  # what `postlark doctor` prints
    "worker/newsletter/wording.py",
}
CODE = re.compile(
    r"[=<>\\|]|//|^/|^[A-Z]{3,} |\bcharset\b|^[\w-]+:$|^\w+:\w+:|^(?:Bearer|Basic|gzip,|success:|Feedback-Type:|organization|\(fbtrace_id) |\bmax-age\b|[à-ü].* |[Vv]ous \w+ez"
)
"""What only programs read, though it has letters and spaces in it; and what is French already."""
LOCALES = Path("locale")
FRENCH = LOCALES / "fr" / "LC_MESSAGES" / "django.po"
NAMES_IN_PLACE = re.compile(r"\{(\w*)(?::[^{}]*)?\}")


def sources() -> list[Path]:
    folders = [path for name in SPEAKING for path in sorted(Path("worker", name).rglob("*.py"))]
    return [path for path in (*folders, *(Path("worker", name) for name in SPEAKING_FILES)) if str(path) not in SILENT]


def templates() -> list[Path]:
    return [path for folder in TEMPLATES for path in sorted(Path(folder).rglob("*.*"))]


def catalogue() -> Catalog:
    """Everything that is to be translated, untranslated."""
    found = Catalog(project="Postlark", domain="django", fuzzy=False)
    for path in templates():
        options = {"trimmed": "true", "silent": "false"}
        for _, words, _, _ in extract_from_file("jinja2", path, {"_": None, "gettext": None, "ngettext": (1, 2)}, options=options):
            found.add(words)
    for path in sources():
        source = path.read_text()
        for words in shown(source, labels=path.parts[1] in ("console", "alerts")):
            found.add(words)
        for context, words in _in_context(source):
            found.add(words, context=context)
    return found


# What people read in a Python file -------------------------------------------------------------------------------------


@dataclass
class Marks:
    """Parts of a source that people never read, and words that they do read, however short."""

    unread: set[ast.AST] = field(default_factory=set)
    said: set[ast.AST] = field(default_factory=set)

    def silence(self, node: ast.AST | None) -> None:
        self.unread.update(ast.walk(node) if node else ())


def shown(source: str, *, labels: bool) -> Iterator[str | tuple[str, str]]:
    """`labels`: what begins like a label, too, and not only what has a space in it. A pair is singular and plural."""
    tree, marks = ast.parse(source), Marks()
    yield from _plurals(tree, marks)
    _mark_unread(tree, marks)
    texts = _texts(tree, marks)
    yield from dict.fromkeys(text for node in texts for text in _shapes(node) if node in marks.said or _is_read(text, labels))


def _in_context(source: str) -> Iterator[tuple[str, str]]:
    """`pgettext("names", "{names} and {last}")`: said only there, and no shape of a sentence."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="pgettext"), args=[ast.Constant(value=str(context)), ast.Constant(value=str(words))]):
                yield context, words


def _plurals(tree: ast.AST, marks: Marks) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="pgettext")):
                marks.silence(node)
            case ast.Call(func=ast.Name(id="ngettext"), args=[ast.Constant(value=str(one)), ast.Constant(value=str(many)), _]):
                yield one, many
                marks.silence(node)


def _mark_unread(tree: ast.AST, marks: Marks) -> None:
    """Docstrings, annotations, help for the database, what goes to the log, what a person who broke the program reads."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Assert() | ast.Raise(exc=ast.Call(func=ast.Name(id="LookupError" | "RuntimeError"))):
                marks.silence(node)
            case ast.AnnAssign() | ast.arg():
                marks.silence(node.annotation)
            case ast.FunctionDef():
                marks.silence(node.returns)
                if node.name in ("__str__", "__repr__"):
                    marks.silence(node)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log" | "re"))) | ast.Call(func=ast.Attribute(attr="strftime")):
                marks.silence(node)
            case ast.Call(func=ast.Name(id="cast" | "TypeVar" | "ParamSpec" | "_json" | "getattr")):
                marks.silence(node)
            case ast.keyword(arg="help_text" | "related_name" | "salt" | "extra" | "detail"):
                marks.silence(node)
            case _:
                _mark_said(node, marks)


def _mark_said(node: ast.AST, marks: Marks) -> None:
    """Words that are read however short they are: in `gettext()`, after `or`, a model's choice, what a channel calls itself."""
    match node:
        case ast.Call(func=ast.Name(id="_" | "gettext" | "gettext_noop"), args=[ast.Constant() as words]):
            marks.said.add(words)
        case ast.BoolOp(op=ast.Or(), values=[*_, ast.Constant(value=str(text)) as words]) if re.fullmatch("[a-z]{4,}", text):
            marks.said.add(words)
        case ast.ClassDef():
            for each in node.body:
                match each:
                    case ast.Assign(value=ast.Tuple(elts=[ast.Constant(), ast.Constant(value=str(text)) as words])) if text[:1].isupper():
                        marks.said.add(words)
                    case ast.Assign(targets=[ast.Name(id="done" | "name")], value=ast.Constant() as words):
                        marks.said.add(words)
                    case ast.AnnAssign(target=ast.Name(id="done" | "name"), value=ast.Constant() as words):
                        marks.said.add(words)


def _texts(node: ast.AST, marks: Marks) -> Iterator[ast.expr]:
    """Every text, from the outside in; what a shape has taken up is not found once more."""
    if node in marks.unread:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    elif isinstance(node, ast.JoinedStr):
        yield node
        for part in node.values:
            if isinstance(part, ast.FormattedValue) and not _is_choice(part.value):
                yield from _texts(part.value, marks)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child, marks)


def _is_choice(node: ast.expr) -> bool:
    return isinstance(node, ast.IfExp) and all(isinstance(each, ast.Constant | ast.JoinedStr) for each in (node.body, node.orelse))


def _shapes(node: ast.expr) -> Iterator[str]:
    """`{}` and `{name}` in a plain text are places, too: it is formatted later."""
    for pieces in product(*_ways(node)):
        yield _named("".join(pieces))


def _ways(node: ast.expr) -> list[list[str]]:
    """Piece by piece, the ways each can read; a place is `{its expression}`."""
    if isinstance(node, ast.Constant):
        return [[str(node.value)]]
    assert isinstance(node, ast.JoinedStr)
    found: list[list[str]] = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue) and _is_choice(part.value):
            choice = part.value
            assert isinstance(choice, ast.IfExp)
            found.append(["".join(way) for each in (choice.body, choice.orelse) for way in product(*_ways(each))])
        elif isinstance(part, ast.FormattedValue):
            found.append(["{" + _name(part.value) + "}"])
        else:
            assert isinstance(part, ast.Constant)
            found.append([part.value.replace("{", "").replace("}", "")])
    return found


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=ast.Attribute(attr="join"), args=[inside]):
            return _name(inside)
        case ast.Call(func=ast.Name(id="len"), args=[inside]) | ast.Subscript(value=inside):
            return _name(inside)
        case ast.Call(func=inside):
            return _name(inside)
        case _:
            return "value"


def _named(text: str) -> str:
    """Places side by side are one; a name that comes twice is numbered."""
    text = re.sub(r"\{(\w*)\}(?:\{\w*\})+", r"{\1}", text.strip())
    seen: dict[str, int] = {}

    def numbered(place: re.Match[str]) -> str:
        name = (place[1] or "value").lstrip("_").lower()
        seen[name] = seen.get(name, 0) + 1
        return f"{{{name}{seen[name] if seen[name] > 1 else ''}}}"

    return NAMES_IN_PLACE.sub(numbered, text)


def _is_read(text: str, labels: bool) -> bool:
    """Two words of everyday letters, or one that begins like a label; nothing that has code in it."""
    bare = re.sub(r"\w+://\S*", "", NAMES_IN_PLACE.sub("", text))
    if CODE.search(bare) or not re.search(r"[a-z]{2}|“”", bare) or len(text) > 600:
        return False
    return bool(re.search(r"[a-z]{2,}.*\s|\s.*[a-z]{2,}|“", text) or (labels and re.fullmatch(r"[A-Z][a-z-]+[.…?]?", text)))


# The files ---------------------------------------------------------------------------------------------------------------


def written(path: Path = FRENCH) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[1])


def compiled(translated: Catalog) -> bytes:
    made = BytesIO()
    write_mo(made, translated)
    return made.getvalue()


def bring_up_to_date(path: Path = FRENCH) -> list[Message]:
    """Add what is new, drop what is gone, compile; gives back what has no words yet."""
    fresh, known = catalogue(), written(path)
    for message in fresh:
        old = known.get(message.id, message.context)
        if message.id and old is not None:
            message.string = old.string
    fresh.locale, fresh.header_comment, fresh.mime_headers = known.locale, known.header_comment, known.mime_headers
    with path.open("wb") as file:
        write_po(file, fresh, width=0, sort_output=True, no_location=True, omit_header=False)
    path.with_suffix(".mo").write_bytes(compiled(written(path)))
    return [message for message in fresh if message.id and not all(_forms(message.string))]


def _forms(words: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [words or ""] if isinstance(words, str | None) else list(words)


if __name__ == "__main__":
    sys.stdout.writelines(f"{message.id}\n" for message in bring_up_to_date())
