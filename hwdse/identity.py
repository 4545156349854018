"""Identity of data: a digest of its contents, independent of names and of the data's origin.

The class and all fields identify a frozen record of data, such as a format, a part or a design. A
class may keep data that decides its results in another place. Such a class has a method
`identity`, which returns plain data.
"""

import enum
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from fractions import Fraction
from os import stat
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from hwdse.errors import HwdseError


def fingerprint(value: object) -> str:
    """SHA-256 of everything in `value`, in hexadecimal; the same in every process.

    Raises:
        HwdseError: `value` holds an object that is not data and has no method `identity`.
    """
    text = json.dumps(_plain(value), separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def contained(value: object, kind: type[Any]) -> Iterator[Any]:
    """Every instance of `kind` in a record of data, including the record itself."""
    if isinstance(value, kind):
        yield value
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from contained(getattr(value, field.name), kind)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from contained(item, kind)


def stamp(path: Path) -> tuple[int, ...]:
    """Numbers that change when the file at `path` is written or replaced; empty without a file."""
    try:
        found = stat(path)
    except (OSError, ValueError):
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _plain(value: object) -> Any:
    """`value` as JSON; different values give different JSON, also 1, 1.0, "1" and true."""
    if value is None or isinstance(value, bool | str):
        return value
    for kind, words in _WRITTEN.items():
        if isinstance(value, kind):
            return [kind.__name__, *words(value)]
    return [type(value).__qualname__, *_own(value)]


def _sorted(values: Iterable[Any]) -> list[Any]:
    return sorted((_plain(value) for value in values), key=json.dumps)


# The first matching type is used.
_WRITTEN: dict[type, Callable[[Any], Iterable[Any]]] = {
    enum.Enum: lambda value: (type(value).__qualname__, value.name),
    int: lambda value: (format(value, "x"),),
    float: lambda value: (value.hex(),),
    Fraction: lambda value: (format(value.numerator, "x"), format(value.denominator, "x")),
    bytes: lambda value: (value.hex(),),
    PurePath: lambda value: (str(value),),
    np.generic: lambda value: (_plain(value.item()),),
    np.ndarray: lambda value: (value.dtype.str, list(value.shape), _plain(value.tolist())),
    list: lambda value: map(_plain, value),
    tuple: lambda value: map(_plain, value),
    Set: _sorted,
    Mapping: lambda value: _sorted(value.items()),
}


def _own(value: object) -> Iterator[Any]:
    told = getattr(value, "identity", None)
    if callable(told):
        yield _plain(told())
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield [field.name, _plain(getattr(value, field.name))]
    else:
        raise HwdseError(
            f"{value!r} is no data by which results could be told apart: give "
            f"{type(value).__qualname__} a method `identity` that returns what decides them"
        )
