"""Durable writes: after one returns, the new content survives a crash; before, the old one does."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


class Disk:
    """The steps of a durable write. Tests replace one of them by a crash."""

    def write(self, file: int, data: bytes) -> None:
        """Write all of `data` at the start of an open file."""
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]

    def sync(self, file: int) -> None:
        """Bring an open file, or folder, to the medium."""
        os.fsync(file)

    def rename(self, source: Path, target: Path) -> None:
        """Put `source` in the place of `target`, at once."""
        source.replace(target)

    def replace(self, path: Path, data: bytes, before_rename: Callable[[int], None] | None = None) -> int:
        """Make `data` the content of `path`, mode 0600, and return the new file, still open.

        `before_rename` is for what must hold of the file before it is seen under its name. The
        temporary name is fixed: who writes `path` is alone in doing so.
        """
        temporary = path.with_name(path.name + ".new")
        file = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self.write(file, data)
            self.sync(file)
            if before_rename is not None:
                before_rename(file)
            self.rename(temporary, path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                self.sync(folder)
            finally:
                os.close(folder)
        except BaseException:
            os.close(file)
            raise
        return file
