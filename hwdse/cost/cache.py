"""Keeps results that take long in the user's cache, by the content that they depend on."""

import json
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from hwdse.errors import HwdseError
from hwdse.resources import cache_base
from hwdse.writing import write_file


class Kept:
    """A result in the cache.

    Args:
        kind: name of the folder.
        parts: everything that the result depends on.
    """

    def __init__(self, kind: str, parts: Sequence[str]) -> None:
        digest = sha256()
        for part in parts:
            digest.update(part.encode() + b"\0")
        self._path: Path | None = None
        # Without a folder for caches, nothing is kept.
        with suppress(HwdseError):
            self._path = cache_base() / "hwdse" / kind / f"{digest.hexdigest()[:32]}.json"

    def read(self) -> Any:
        """The result as plain data; None if there is none or if it is damaged."""
        if self._path is None or not self._path.is_file():
            return None
        try:
            return json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def write(self, plain: Any) -> None:
        """Keep plain data. A full disk or a read-only folder only loses the result."""
        if self._path is None:
            return
        with suppress(OSError, HwdseError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_file(self._path, json.dumps(plain))
