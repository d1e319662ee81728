"""Runs a module's `main` where Django is set up, so that the module may import models: `python -m tests.in_django MODULE [WORD...]`."""

import os
import sys
from importlib import import_module

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    sys.argv.pop(0)
    import_module(sys.argv[0]).main()
