"""`make bench`: every benchmark of this folder, one after the other. Each prints what it measured beside what is to be reached."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

if __name__ == "__main__":
    benchmarks = sorted(file.stem for file in HERE.glob("*.py") if not file.stem.startswith("_"))
    sys.exit(max(subprocess.call([sys.executable, "-m", f"benchmarks.{name}"], cwd=HERE.parent) for name in benchmarks))
