"""What is wrong with this installation beyond its settings: one sentence each. The settings check themselves on import."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.checks import Error, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from jinja2 import Environment, TemplateError, TemplateSyntaxError

from worker import channels
from worker.channels.carrier import Carrier
from worker.lib.blogs import blogs
from worker.lib.database import described, newer, no_room, unapplied


def mistakes() -> list[str]:
    """Every mistake there is; empty when all is well."""
    return [*of_files(), *of_database()]


def of_files() -> list[str]:
    """Those that can be told without the database."""
    return [*_of_django(), *_of_templates(), *_of_blogs(), *_of_alerts()]


def templates() -> list[str]:
    """Names of all template files, as Jinja2 knows them."""
    return sorted(
        str(path.relative_to(folder))
        for folder in map(Path, _jinja2().template_dirs)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


def _jinja2() -> Jinja2:
    return next(engine for engine in engines.all() if isinstance(engine, Jinja2))


def _of_django() -> Iterator[str]:
    for message in run_checks():
        if isinstance(message, Error):
            yield f"{message.msg} {message.hint or ''}".strip()


def _of_templates() -> Iterator[str]:
    environment: Environment = _jinja2().env
    for name in templates():
        try:
            environment.get_template(name)
        except TemplateSyntaxError as error:
            yield f"templates/{name}, line {error.lineno}: {error.message}"
        except (TemplateError, UnicodeDecodeError) as error:
            yield f"templates/{name}: {error}"


def _of_alerts() -> Iterator[str]:
    for blog in blogs().values():
        for to in blog.alerts.to:
            if "://" in to:
                import apprise  # slow to import, and most installations never tell anybody but by mail

                if apprise.Apprise.instantiate(to) is None:
                    name = to.partition("://")[0]
                    yield f"{blog.slug}.toml: alerts.to has an address that begins with {name}:// and that Apprise cannot use."


def _of_blogs() -> Iterator[str]:
    known = set(templates())
    if not blogs():
        yield f"There is no blog: {settings.POSTLARK_BLOGS} holds no file that ends in .toml. Copy config/blogs/example.toml there and change it."
    for slug in sorted({slug for blog in blogs().values() for slug in blog.channels}):
        if not issubclass(channels.find(slug), Carrier) and f"social/{slug}.txt" not in known:
            yield f"templates/social/{slug}.txt is missing; the channel {slug} says nothing without it."


def of_database() -> Iterator[str]:
    try:
        behind, ahead = unapplied(), newer()
    except (DatabaseError, ImproperlyConfigured) as error:
        said = str(error).strip().splitlines()[0]
        yield no_room(said) or f"The database ({described()}) cannot be read: {said}."
        return
    if behind:
        yield f"The database ({described()}) is {len(behind)} steps behind the code; run: postlark migrate"
    if ahead:
        yield f"The database ({described()}) was written by a newer Postlark: it has {', '.join(ahead)}. Install that version again."
