"""The `postlark` command: one sentence and exit 1 for what is refused, exit 2 for wrong usage, never a traceback for a user's mistake."""

import os
import sys
from importlib import import_module
from pkgutil import iter_modules

from worker.management import commands

USAGE = "Usage: postlark COMMAND [--help]\n\n"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    known = [module.name for module in iter_modules(commands.__path__)]
    if name in ("--help", "-h", "help"):
        sys.stdout.write(USAGE + "\n".join(f"  {line}" for line in _listing(known)) + "\n")
    elif name not in known:
        sys.stderr.write(f"There is no command {name!r}. The commands are: {', '.join(known)}.\n")
        sys.exit(2)
    else:
        _run(name)


def _run(name: str) -> None:
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import ManagementUtility

    try:
        django.setup()
        ManagementUtility(["postlark", name, *sys.argv[2:]]).execute()
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stdout = None
        sys.exit(0)


def _listing(names: list[str]) -> list[str]:
    """Each command with the first line of its help."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    lines = []
    for name in names:
        command = import_module(f"worker.management.commands.{name}").Command
        lines.append(f"{name:<12} {command.help.splitlines()[0]}")
    return lines
