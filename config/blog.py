"""Reads the blogs folder. Every mistake in every file is told at once: file, key, what is wrong, what is allowed."""

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from worker import channels
from worker.lib.blogs import BlogFile, ChannelOptions

_SENTENCES = {
    "missing": "is missing.",
    "extra_forbidden": "is not a key Postlark knows; look for a slip of the pen.",
    "bool_type": "must be true or false.",
    "string_type": "must be text in quotes.",
    "list_type": 'must be a list: ["..."].',
    "model_type": "must be a section in [brackets].",
    "model_attributes_type": "must be a section in [brackets].",
    "string_pattern_mismatch": "may hold small letters, digits and _ only, and begins with a letter.",
}


def read_blogs(folder: Path) -> tuple[dict[str, BlogFile], list[str]]:
    """(slug -> file, mistakes). A folder without files is no mistake here: `postlark check` says it."""
    blogs: dict[str, BlogFile] = {}
    mistakes = [f"POSTLARK_BLOGS names {folder}, which is no folder."] if folder.exists() and not folder.is_dir() else []
    for path in sorted(folder.glob("*.toml")):
        blog, wrong = read_blog(path)
        mistakes += wrong
        if blog:
            blogs[blog.slug] = blog
    return blogs, mistakes


def read_blog(path: Path) -> tuple[BlogFile | None, list[str]]:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,49}", path.stem):
        return None, [f"{path.name}: a blog's file is named with small letters, digits and dashes, for example my-practice.toml."]
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except RecursionError:
        return None, [f"{path.name}: this is not TOML: too many brackets within brackets."]
    except tomllib.TOMLDecodeError as error:
        return None, [f"{path.name}: this is not TOML: {error}."]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        return None, [f"{path.name}: cannot be read: {reason}."]
    sections, mistakes = _channels(table.pop("channels", {}))
    if table.pop("slug", None) is not None:
        mistakes.append("slug is the file's own name and stands nowhere else; remove it.")
    try:
        blog = BlogFile(slug=path.stem, channels=sections, **table)
    except ValidationError as error:
        return None, [f"{path.name}: {line}" for line in (*_lines(error), *mistakes)]
    mistakes += _together(blog)
    return (None if mistakes else blog), [f"{path.name}: {line}" for line in mistakes]


def _channels(tables: Any) -> tuple[dict[str, ChannelOptions], list[str]]:
    sections: dict[str, ChannelOptions] = {}
    mistakes: list[str] = []
    if not isinstance(tables, dict):
        return {}, ["channels must be sections: [channels.email] and so on."]
    known = channels.all_channels()
    for slug, table in tables.items():
        if slug not in known:
            mistakes.append(f"channels.{slug}: no such channel; allowed are {', '.join(known)}.")
        elif not isinstance(table, dict):
            mistakes.append(f"channels.{slug} must be a section: [channels.{slug}].")
        else:
            try:
                sections[slug] = known[slug].Options(**table)
            except ValidationError as error:
                mistakes += _lines(error, f"channels.{slug}.")
    return sections, mistakes


def _together(blog: BlogFile) -> list[str]:
    """What no single key can get wrong."""
    mistakes = []
    if blog.disclaimer.required and not blog.disclaimer.full.strip():
        mistakes.append("disclaimer.full is missing; write the approved text, or set disclaimer.required = false.")
    email = blog.channels.get("email")
    if email and email.mode != "off" and not blog.sender:
        mistakes.append("sender is missing; the law asks who writes: name, email, mailing_address, contact.")
    return mistakes


def _lines(error: ValidationError, prefix: str = "") -> list[str]:
    lines = []
    for detail in error.errors():
        key = prefix + ".".join(str(part) for part in detail["loc"])
        said = _SENTENCES.get(detail["type"])
        if detail["type"] == "value_error":
            said = str(detail["ctx"]["error"])
        elif detail["type"] == "literal_error":
            said = f"is {detail['input']!r}; allowed are {detail['ctx']['expected'].replace(chr(39), '')}."
        lines.append(f"{key} {said or detail['msg'] + '.'}")
    return lines
