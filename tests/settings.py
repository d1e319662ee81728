"""The product's own settings, on folders of the tests' own. pytest-django reads this before any conftest is imported."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

NO_SKIPS = bool(os.environ.get("POSTLARK_NO_SKIPS"))
TEMPORARY = Path(tempfile.mkdtemp(prefix="postlark-tests-"))
atexit.register(shutil.rmtree, TEMPORARY, ignore_errors=True)

(TEMPORARY / "blogs").mkdir()
_SAID = ("POSTLARK_", "EMAIL_URL", "RETURNS_URL", "BROKER_URL", "PUBLIC_URL", "LISTEN", "TRUSTED_")
# where tests leave what they saw; how many posts they try; what the processes that run a part of the tests each must know, too
_KEPT = {"POSTLARK_PICTURES", "POSTLARK_EXAMPLES", "POSTLARK_NO_SKIPS"}
for name in [name for name in os.environ if name.startswith(_SAID) and name not in _KEPT]:
    del os.environ[name]
os.environ |= {"POSTLARK_DATA": str(TEMPORARY / "data"), "POSTLARK_BLOGS": str(TEMPORARY / "blogs"), "POSTLARK_LOG": "warning"}
if "DATABASE_URL" in os.environ:
    os.environ["SECRET_KEY"] = "the tests' own key, kept from nobody"
    os.environ["POSTLARK_KEYS"] = "dGhlIHRlc3RzJyBvd24ga2V5LCBmcm9tIG5vYm9keSE="

from config.settings import *  # noqa: E402, F403  the environment had to be made first

# For the processes that tests start: they read the product's settings, with an environment of their own.
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
