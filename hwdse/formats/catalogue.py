"""Named formats, and the one way from a name to a format."""

from functools import lru_cache

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.fixed_point import Integer
from hwdse.formats.minifloat import Minifloat, Variant


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


_NAMED: dict[str, Format] = {
    number_format.name: number_format
    for number_format in (
        # IEEE 754 and its truncations.
        _float("fp32", 8, 23),
        _float("tf32", 8, 10),
        _float("bf16", 8, 7),
        _float("fp16", 5, 10),
        # 8-bit floats, named as ml_dtypes names them.
        _float("e5m2", 5, 2),
        _float("e4m3fn", 4, 3, "fn"),
        _float("e4m3", 4, 3),
        _float("e3m4", 3, 4),
        _float("e4m3fnuz", 4, 3, "fnuz"),
        _float("e5m2fnuz", 5, 2, "fnuz"),
        _float("e4m3b11fnuz", 4, 3, "fnuz", bias=11),
        # OCP Microscaling elements: "fn" without any NaN, again as ml_dtypes has it.
        _float("e2m3fn", 2, 3, "finite"),
        _float("e3m2fn", 3, 2, "finite"),
        _float("e2m1fn", 2, 1, "finite"),
        _float("e1m2fn", 1, 2, "finite", bias=1),
        _float("e3m0fn", 3, 0, "finite"),
        # Scales of block formats. Two UE5M3 codebooks are in public use.
        _float("e8m0", 8, 0, "fn", signed=False, subnormals=False),
        _float("ue4m3", 4, 3, "fn", signed=False),
        _float("ue5m3", 5, 3, signed=False),
        _float("ue5m3fn", 5, 3, "fn", signed=False),
        Integer(width=4),
        Integer(width=8),
        Integer(width=16),
        Integer(width=32),
    )
}


def register(number_format: Format) -> None:
    """Give a format its name in the catalogue.

    Raises:
        FormatError: the name is taken by another format.
    """
    if _NAMED.get(number_format.name, number_format) != number_format:
        raise FormatError(f"format {number_format.name!r} is already in the catalogue")
    _NAMED[number_format.name] = number_format
    parse.cache_clear()


def names() -> list[str]:
    """Names of the catalogue, in order."""
    return list(_NAMED)


@lru_cache(maxsize=1024)
def parse(text: str) -> Format:
    """The format a name or a parametric text stands for.

    Parameters that equal a named format's give that named format, so that one format has one name.

    Raises:
        FormatError: an unknown name or impossible parameters.
    """
    if text in _NAMED:
        return _NAMED[text]
    found = _from_families(text)
    if found is not None:
        return next((known for known in _NAMED.values() if _same(known, found)), found)
    raise FormatError(
        f"unknown format {text!r}: allowed are {', '.join(_NAMED)}, or {' or '.join(syntaxes())}"
    )


get = parse


def syntaxes() -> list[str]:
    """How the parametric families write their names."""
    return [syntax for family in Format.families if (syntax := family.syntax())]


def _from_families(text: str) -> Format | None:
    for family in Format.families:
        found = family.from_name(text)
        if found is not None:
            return found
    base, _, modifier = text.rpartition("_")
    if not base:
        return None
    try:
        return parse(base).modified(modifier)
    except FormatError:
        return None


def _same(a: Format, b: Format) -> bool:
    if type(a) is not type(b):
        return False
    return {**vars(a), "name": ""} == {**vars(b), "name": ""}
