"""Reading of all files that a user names: regular files of limited size, with text in UTF-8.

Devices and pipes are refused before anything is read from them: a read could block or never end.
Documents (JSON, TOML) also have limits for their depth, their number of parts and their integers,
because later code may recurse through, count and print their contents.
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
#: Largest size of a document in bytes.
MAX_DOCUMENT = 8 * MEBIBYTE
#: Largest size of a TOML file in bytes. People write TOML by hand, and its parser is slow.
MAX_TOML = MEBIBYTE
MAX_DEPTH = 32
_MAX_LISTS = 200_000
_MAX_DIGITS = 400  # a float64 has 309 before its point
_MAX_BITS = 4 * _MAX_DIGITS
_TOML_BITS = 63
_TOO_DEEP = f"nested more than {MAX_DEPTH} deep"

# A TOML key with more parts than MAX_DEPTH, outside of texts and comments.
_TOML_TEXTS = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)
_TOML_DEEP_KEY = re.compile(
    rf"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]++(?:[ \t]*+\.[ \t]*+[A-Za-z0-9_-]++){{{MAX_DEPTH}}}"
)

Raised = type[HwdseError]


def open_regular(path: str | Path, most: int) -> BinaryIO:
    """Open a regular file of at most `most` bytes for reading.

    Raises:
        OSError: the file cannot be opened, is not a regular file, or is larger.
    """
    try:
        # O_NONBLOCK: never wait for the other end of a pipe. The checks below use the open file.
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
        what: kind of its contents, for messages, such as `codebook`.
        raised: type of the error.
        most: largest allowed size in bytes.

    Raises:
        HwdseError: of type `raised`, if the file cannot be read, is not a regular file or is too
            large.
    """
    try:
        with open_regular(path, most) as file:
            return _read(file, most)  # kernel files (/proc) can grow during the read
    except OSError as error:
        raise raised(f"{what} {path}: {reason(error)}") from error


def _read(file: IO[bytes] | gzip.GzipFile, most: int) -> bytes:
    """All of a file, read in parts: `read(n)` allocates n bytes, even for a small file."""
    content = bytearray()
    while part := file.read(MEBIBYTE):
        content += part
        if len(content) > most:
            raise OSError(f"more than {most} bytes")
    return bytes(content)


def unpacked(content: bytes, path: str | Path, what: str, raised: Raised, *, most: int) -> bytes:
    """Unpacked gzip data of at most `most` bytes.

    Raises:
        HwdseError: of type `raised`, if the data is damaged or its unpacked size is larger.
    """
    try:
        with gzip.open(io.BytesIO(content)) as file:
            return _read(file, most)
    except (OSError, EOFError, zlib.error) as error:  # gzip.BadGzipFile is an OSError
        raise raised(f"{what} {path}, unpacked: {reason(error)}") from error


def read_text(path: str | Path, what: str, raised: Raised, *, most: int = MAX_DOCUMENT) -> str:
    """The text of a UTF-8 file; arguments and errors as for `read_bytes`."""
    content = read_bytes(path, what, raised, most=most)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise raised(f"{what} {path} is no UTF-8 text: {error.reason}") from error


def read_json(path: str | Path, what: str, raised: Raised) -> Any:
    """The data of a JSON file; arguments and errors as for `read_bytes`.

    Integers with more digits than any float64 become infinite.
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
        ValueError: the text is not TOML, is nested too deep, or has too large integers. The error
            is a `tomllib.TOMLDecodeError` if the place in the text is known.
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
    except ValueError as error:  # the only other ValueError: Python's limit of integer digits
        raise ValueError(f"a number of more than {sys.get_int_max_str_digits()} digits") from error


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def _checked(document: Any, most_bits: int) -> Any:
    """Return the document if it is not too deep and its integers and texts are usable."""
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
    """The reason why a file cannot be read, without the file's name."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error)
