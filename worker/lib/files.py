"""Files that stand there whole, or not at all, whoever dies in between."""

import os
import tempfile
from pathlib import Path


def draft(folder: Path, data: bytes) -> Path:
    """A new file in `folder` that holds this, safely on the disk, and that only its owner may read: to be linked or moved to its name."""
    descriptor, name = tempfile.mkstemp(dir=folder)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:  # no room, which an unfinished file would go on taking
        path.unlink()
        raise
    return path
