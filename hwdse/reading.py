"""The one way in which files that a user names are read: regular, of bounded size, text in UTF-8.

Devices and pipes are refused before anything is read from them, so that none of them blocks and
none delivers without end. Documents (JSON, TOML) are bounded in depth, in their number of parts and
in their whole numbers as well: whatever reads them afterwards may recurse, count and print.
"""

import errno
import gzip
import io
import json
import os
import re
import stat
import sys
import tomllib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, BinaryIO

from hwdse.errors import HwdseError

MEBIBYTE = 1 << 20
#: Most bytes of a document.
MAX_DOCUMENT = 8 * MEBIBYTE
#: Most bytes of a TOML file, written by hand: what reads TOML is slow.
MAX_TOML = MEBIBYTE
MAX_DEPTH = 32
_MAX_LISTS = 200_000
_MAX_DIGITS = 400  # a float64 has 309 before its point
_MAX_BITS = 4 * _MAX_DIGITS
_TOML_BITS = 63
_TOO_DEEP = f"nested more than {MAX_DEPTH} deep"

# A key of more parts than anything may be deep, outside of texts and comments.
_TOML_TEXTS = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)
_TOML_DEEP_KEY = re.compile(
    rf"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]++(?:[ \t]*+\.[ \t]*+[A-Za-z0-9_-]++){{{MAX_DEPTH}}}"
)

Raised = type[HwdseError]


def open_regular(path: str | Path, most: int) -> BinaryIO:
    """A regular file of at most `most` bytes, opened for reading.

    Raises:
        OSError: it cannot be opened, is no regular file, or is larger.
    """
    try:
        # Nothing waits for the other end of a pipe, and what is looked at is what is read.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError as error:
        raise OSError(f"no name of a file ({error})") from error
    try:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(found.st_mode):
            raise OSError("not a regular file")
        if found.st_size > most:
            raise OSError(f"{found.st_size} bytes, at most {most} are allowed")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_bytes(path: str | Path, what: str, raised: Raised, *, most: int = MAX_DOCUMENT) -> bytes:
    """The contents of a regular file of at most `most` bytes.

    Args:
        path: the file.
        what: what it holds, for messages, such as `codebook`.
        raised: type of the error.
        most: its largest size.

    Raises:
        HwdseError: of type `raised`, if the file cannot be read, is no regular one or is larger.
    """
    try:
        with open_regular(path, most) as file:
            return _read(file, most)  # files of the kernel grow as they are read
    except OSError as error:
        raise raised(f"{what} {path}: {reason(error)}") from error


def _read(file: IO[bytes] | gzip.GzipFile, most: int) -> bytes:
    """All of a file; a part at a time, for memory is asked for what `read` is asked for."""
    content = bytearray()
    while part := file.read(MEBIBYTE):
        content += part
        if len(content) > most:
            raise OSError(f"more than {most} bytes")
    return bytes(content)


def unpacked(content: bytes, path: str | Path, what: str, raised: Raised, *, most: int) -> bytes:
    """Gzip data unpacked, if that gives at most `most` bytes.

    Raises:
        HwdseError: of type `raised`, if the data is damaged or unpacks to more.
    """
    try:
        with gzip.open(io.BytesIO(content)) as file:
            return _read(file, most)
    except (OSError, EOFError, zlib.error) as error:  # gzip.BadGzipFile is an OSError
        raise raised(f"{what} {path}, unpacked: {reason(error)}") from error


def read_text(path: str | Path, what: str, raised: Raised, *, most: int = MAX_DOCUMENT) -> str:
    """The text of a UTF-8 file; arguments and errors as of `read_bytes`."""
    content = read_bytes(path, what, raised, most=most)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise raised(f"{what} {path} is no UTF-8 text: {error.reason}") from error


def read_json(path: str | Path, what: str, raised: Raised) -> Any:
    """The data of a JSON file; arguments and errors as of `read_bytes`.

    Whole numbers of more digits than any float64 has are infinite.
    """
    text = read_text(path, what, raised)
    try:
        if text.count("[") + text.count("{") > _MAX_LISTS:
            raise ValueError(f"more than {_MAX_LISTS} lists and objects")
        return _checked(_parsed(lambda: json.loads(text, parse_int=_whole)), _MAX_BITS)
    except ValueError as error:
        raise raised(f"{what} {path} is no usable JSON: {error}") from error


def parse_toml(text: str) -> dict[str, Any]:
    """The data of a TOML text.

    Raises:
        ValueError: no TOML, or deeper or with larger whole numbers than anything needs;
            `tomllib.TOMLDecodeError` where the place is known.
    """
    if _TOML_DEEP_KEY.search(_TOML_TEXTS.sub("s", text)):
        raise ValueError(_TOO_DEEP)
    document: dict[str, Any] = _checked(_parsed(lambda: tomllib.loads(text)), _TOML_BITS)
    return document


def _parsed(parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    except (json.JSONDecodeError, tomllib.TOMLDecodeError):
        raise
    except ValueError as error:  # the parsers raise nothing else than for Python's own limit
        raise ValueError(f"a number of more than {sys.get_int_max_str_digits()} digits") from error


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def _checked(document: Any, most_bits: int) -> Any:
    """The document, if it is not too deep and its whole numbers and texts are usable."""
    level = [document]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += value
                below += value.values()
            elif isinstance(value, list):
                below += value
            elif isinstance(value, int) and value.bit_length() > most_bits:
                raise ValueError(
                    f"a whole number of {value.bit_length()} bits, at most {most_bits} are allowed"
                )
            elif isinstance(value, str) and not _is_unicode(value):
                raise ValueError(f"text {value[:40]!r}: half of a surrogate pair")
        if not below:
            return document
        level = below
    raise ValueError(_TOO_DEEP)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def reason(error: Exception) -> str:
    """Why a file cannot be read, without its name."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error)
