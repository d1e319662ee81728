"""Every test runs on a data folder and a blogs folder of its own; DATABASE_URL chooses the database."""

import os
import tempfile
from pathlib import Path

_folder = Path(tempfile.mkdtemp(prefix="postlark-tests-"))
(_folder / "blogs").mkdir()
for name in [name for name in os.environ if name.startswith(("POSTLARK_", "EMAIL_URL", "BROKER_URL"))]:
    del os.environ[name]
os.environ |= {"POSTLARK_DATA": str(_folder / "data"), "POSTLARK_BLOGS": str(_folder / "blogs")}
if "DATABASE_URL" in os.environ:
    os.environ["SECRET_KEY"] = "the tests' own key, kept from nobody"
