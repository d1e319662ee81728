"""The `postlark` command: one sentence and exit 1 for what is refused, exit 2 for wrong usage, never a traceback for a user's mistake."""

import os
import re
import sys
from pathlib import Path
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
    from django.core.management import CommandError, load_command_class

    try:
        django.setup()
        # --traceback: Django then hands us its CommandError as it is, instead of printing it with its class in front.
        load_command_class("worker", name).run_from_argv(["postlark", name, "--traceback", *sys.argv[2:]])
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.returncode)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stdout = None
        sys.exit(0)


def _listing(names: list[str]) -> list[str]:
    """Each command with the first line of its help, read from its file: a mistake in the configuration must not hide the help."""
    folder = Path(commands.__path__[0])
    found = [re.search(r'^    help = "(.+)"$', (folder / f"{name}.py").read_text(encoding="utf-8"), re.MULTILINE) for name in names]
    return [f"{name:<12} {match[1] if match else ''}" for name, match in zip(names, found, strict=True)]


if __name__ == "__main__":
    main()
