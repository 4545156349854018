"""The catalogue of named formats, and the functions that turn a name into a format."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from hwdse.errors import FormatError, quoted, unknown
from hwdse.formats.base import Format
from hwdse.formats.bipolar import Binary, Bipolar
from hwdse.formats.blocks import NAMED as _BLOCKS
from hwdse.formats.blocks import Quantizer
from hwdse.formats.codebook import NF4_LEVELS, Codebook
from hwdse.formats.dint import DInt
from hwdse.formats.fixed_point import FixedPoint, Integer
from hwdse.formats.hif8 import HiF8
from hwdse.formats.logarithmic import Logarithmic
from hwdse.formats.minifloat import Minifloat, Variant
from hwdse.formats.p3109 import P3109
from hwdse.formats.posit import Posit
from hwdse.formats.power_exponent import PowerExponent
from hwdse.formats.powers_of_two import PowersOfTwo
from hwdse.formats.ternary import Ternary
from hwdse.identity import stamp


def _float(
    name: str,
    exponent_bits: int,
    fraction_bits: int,
    variant: Variant = "ieee",
    *,
    bias: int | None = None,
    signed: bool = True,
    subnormals: bool = True,
) -> Minifloat:
    return Minifloat(
        name=name,
        exponent_bits=exponent_bits,
        fraction_bits=fraction_bits,
        variant=variant,
        bias=bias,  # type: ignore[arg-type]
        signed=signed,
        subnormals=subnormals,
    )


#: Longest accepted format text, in characters: a file path and the prefix before it.
_MAX_NAME = 4200

_NAMED: dict[str, Format] = {
    number_format.name: number_format
    for number_format in (
        # IEEE 754 and its truncations.
        _float("fp32", 8, 23),
        _float("tf32", 8, 10),
        _float("bf16", 8, 7),
        _float("fp16", 5, 10),
        # 8-bit floats, with the names of ml_dtypes.
        _float("e5m2", 5, 2),
        _float("e4m3fn", 4, 3, "fn"),
        _float("e4m3", 4, 3),
        _float("e3m4", 3, 4),
        _float("e4m3fnuz", 4, 3, "fnuz"),
        _float("e5m2fnuz", 5, 2, "fnuz"),
        _float("e4m3b11fnuz", 4, 3, "fnuz", bias=11),
        # OCP Microscaling elements: as in ml_dtypes, "fn" here means no NaN at all.
        _float("e2m3fn", 2, 3, "finite"),
        _float("e3m2fn", 3, 2, "finite"),
        _float("e2m1fn", 2, 1, "finite"),
        _float("e1m2fn", 1, 2, "finite", bias=1),
        _float("e3m0fn", 3, 0, "finite"),
        # Scales of block formats. Two different UE5M3 code tables are in public use.
        _float("e8m0", 8, 0, "fn", signed=False, subnormals=False),
        _float("ue4m3", 4, 3, "fn", signed=False),
        _float("ue5m3", 5, 3, signed=False),
        _float("ue5m3fn", 5, 3, "fn", signed=False),
        # 8-bit floats without special values, a frequent request.
        _float("e4m3finite", 4, 3, "finite"),
        _float("e5m2finite", 5, 2, "finite"),
        # IEEE P3109.
        P3109(width=8, precision_bits=3, extended=True),
        P3109(width=8, precision_bits=4, extended=True),
        P3109(width=8, precision_bits=5, extended=True),
        P3109(width=6, precision_bits=3, extended=True),
        P3109(width=4, precision_bits=2, extended=False),
        # Integers and fixed point; `_sym` never produces the most negative value.
        Integer(width=4),
        Integer(width=8),
        Integer(width=16),
        Integer(width=32),
        FixedPoint(width=4, symmetric=True),
        FixedPoint(width=8, symmetric=True),
        FixedPoint(width=4, signed=False),
        FixedPoint(width=8, signed=False),
        FixedPoint(width=8, fraction_bits=6),
        FixedPoint(width=16, fraction_bits=14),
        # Posits: es = 2 is from the standard, es = 0 and es = 1 are from SoftPosit.
        Posit(width=4, es=1),
        Posit(width=8, es=0),
        Posit(width=8, es=1),
        Posit(width=8, es=2),
        Posit(width=16, es=1),
        Posit(width=16, es=2),
        Posit(width=32, es=2),
        # Logarithmic numbers.
        Logarithmic(exponent_bits=7, fraction_bits=3),
        Logarithmic(exponent_bits=7, fraction_bits=3, zero="lowest"),
        Logarithmic(exponent_bits=7, fraction_bits=2),
        Logarithmic(exponent_bits=7, fraction_bits=3, signed_exponent=True, zero="flag"),
        # Formats given by the list of their values.
        HiF8(),
        DInt(width=4),
        DInt(width=4, twos_complement=True),
        Bipolar(width=2),
        Bipolar(width=4),
        Binary(),
        Ternary(),
        PowersOfTwo(width=4, terms=1),
        PowersOfTwo(width=8, terms=2),
        Codebook(name="nf4", levels=NF4_LEVELS),
        PowerExponent(width=4),
        PowerExponent(width=8),
    )
}
_SHIPPED = frozenset(_NAMED)


def register(number_format: Format) -> None:
    """Add a format to the catalogue under its name.

    Raises:
        FormatError: the catalogue has another format of this name.
    """
    if _NAMED.get(number_format.name, number_format) != number_format:
        raise FormatError(f"format {number_format.name!r} is already in the catalogue")
    _NAMED[number_format.name] = number_format
    forget_names()


def forget_names() -> None:
    """Clear the caches of names: a name may now mean another format."""
    _parse.cache_clear()
    is_told_by_name.cache_clear()


def names() -> list[str]:
    """Names of the catalogue's element formats, in order."""
    return list(_NAMED)


def block_names() -> list[str]:
    """Names of the catalogue's block formats, in order."""
    return list(_BLOCKS)


def get(text: str) -> Format | Quantizer:
    """The element format, block format or other quantizer that `text` names.

    Raises:
        FormatError: the name is unknown or its parameters are impossible.
    """
    _check(text)
    quantizer = _quantizer(text)
    return parse(text) if quantizer is None else quantizer


def parse(text: str) -> Format:
    """The element format that a name or a parametric text stands for.

    If a named format has the same parameters, `parse` returns the named format: each format has
    one name. If the name refers to a file, `parse` reads the file again after a change.

    Raises:
        FormatError: the name is unknown, its parameters are impossible, or it names a block format.
    """
    _check(text)
    path = _file_of(text)
    return _parse(text, None if path is None else stamp(path))


@lru_cache(maxsize=1024)
def is_told_by_name(number_format: Format) -> bool:
    """Whether the name alone defines every value, for any reader on any machine.

    It does not if the values come from a file or from the caller.
    """
    name = number_format.name
    if name in _NAMED:
        return name in _SHIPPED and _NAMED[name] == number_format
    try:
        return _file_of(name) is None and (_known(name) or _modified(name)) == number_format
    except FormatError:
        return False


def _file_of(text: str) -> Path | None:
    paths = (family.file_of(text) for family in Format.families)
    return next((path for path in paths if path is not None), None)


@lru_cache(maxsize=1024)
def _parse(text: str, _stamp: tuple[int, ...] | None) -> Format:
    found = _known(text) or _modified(text)
    if found is not None:
        return found
    if (block := _quantizer(text)) is not None:
        raise FormatError(
            f"{text} is a block format: {block.element.name} elements that share scales; an "
            "element format is allowed here (formats.get gives block formats)"
        )
    candidates = [*_NAMED, *_BLOCKS, *syntaxes(), *block_syntaxes()]
    more = "allowed are the names and families that `hwdse formats` lists"
    raise FormatError(unknown("format", text, candidates, more))


def syntaxes() -> list[str]:
    """How the parametric families write their names."""
    return [syntax for family in Format.families if (syntax := family.syntax())]


def block_syntaxes() -> list[str]:
    """How the families of block formats and other quantizers write their texts."""
    return [family.syntax() for family in Quantizer.families]


def _quantizer(text: str) -> Quantizer | None:
    quantizers = (family.from_name(text, parse) for family in Quantizer.families)
    return next((found for found in quantizers if found is not None), None)


def _check(text: str) -> None:
    """Raise FormatError if a name is not printable, or longer than any path can make it."""
    if len(text) > _MAX_NAME:
        raise FormatError(f"unknown format {quoted(text)}: at most {_MAX_NAME} are allowed")
    if not text.isprintable():
        raise FormatError(
            f"unknown format {text!r}: line breaks and control characters are not allowed"
        )


def _known(text: str) -> Format | None:
    """The format that `text` names, without modifiers; the catalogue's object if one is equal."""
    if text in _NAMED:
        return _NAMED[text]
    for family in Format.families:
        found = family.from_name(text)
        if found is not None:
            return _named(found)
    return None


def _modified(text: str) -> Format | None:
    """The format that `text` names with one or more modifiers at its end, each `_{modifier}`."""
    base, modifiers = text, []
    try:
        while "_" in base:
            base, _, modifier = base.rpartition("_")
            modifiers.append(modifier)
            if (found := _known(base)) is not None:
                return _with_modifiers(found, modifiers[::-1])
    except FormatError:
        return None
    return None


def _with_modifiers(found: Format, modifiers: Iterable[str]) -> Format | None:
    for modifier in modifiers:
        changed = found.modified(modifier)
        if changed is None:
            return None
        found = _named(changed)
    return found


def _named(found: Format) -> Format:
    """The catalogue's format that equals `found`; `found` itself if there is none."""
    return next((known for known in _NAMED.values() if _same(known, found)), found)


def _same(a: Format, b: Format) -> bool:
    if type(a) is not type(b):
        return False
    return {**vars(a), "name": ""} == {**vars(b), "name": ""}
