"""Facts about formats as plain data, for the output of `hwdse formats`."""

from dataclasses import asdict, fields
from fractions import Fraction
from typing import Any

import numpy as np

from hwdse import characterize
from hwdse import formats as catalogue
from hwdse.characterize.values import log2, number_text
from hwdse.formats import Format, Quantizer

_TABLE_BITS = 8
_DB_PER_BINADE = 20 * float(np.log10(2))


def number(value: float | Fraction) -> str:
    """Return the text of a number for tables, with up to eight digits."""
    return number_text(value, 8)


def short(value: float) -> str:
    """Return the text of a number with up to four significant digits."""
    return f"{value:.4g}"


def decibels(one: Format) -> float:
    """Return the dynamic range in dB: 20 log10(max / smallest positive value)."""
    return _DB_PER_BINADE * (log2(one.max) - log2(one.min_subnormal))


def families() -> list[dict[str, str]]:
    """Return name, syntax and source of every format family, families of element formats first.

    A family without a name syntax lists the names of its formats instead.
    """
    known = [catalogue.get(name) for name in (*catalogue.names(), *catalogue.block_names())]
    every: list[type[Format | Quantizer]] = [*Format.families, *Quantizer.families]
    return [
        {
            "family": family.family,
            "syntax": family.syntax()
            or ", ".join(one.name for one in known if type(one) is family),
            "source": family.source,
        }
        for family in every
        if family.family
    ]


def element_summary(one: Format) -> dict[str, Any]:
    """Return the facts of an element format for the list of formats.

    Exact fractions, which may lie beyond float64, become texts.
    """
    return {
        "name": one.name,
        "family": one.family,
        "source": one.source,
        "bits": one.bits,
        "signed": one.signed,
        "max": _plain(one.max),
        "min": _plain(one.min),
        "min_normal": _plain(one.min_normal),
        "min_subnormal": _plain(one.min_subnormal),
        "dynamic_range_db": decibels(one),
        "dynamic_range_binades": log2(one.max) - log2(one.min_subnormal),
        "has_inf": one.has_inf,
        "has_nan": one.has_nan,
    }


def block_summary(one: Quantizer) -> dict[str, Any]:
    """Return the facts of a block format for the list of formats."""
    return {
        "name": one.name,
        "family": one.family,
        "source": one.source,
        "element": one.element.name,
        "block": _plain(getattr(one, "block", None)),
        "scale": _plain(getattr(one, "scale", None)),
        "bits_per_element": one.bits_per_element,
    }


def document(one: Format | Quantizer) -> dict[str, Any]:
    """Return all facts about one format."""
    if isinstance(one, Format):
        return _element_document(one)
    return block_summary(one) | {
        "parameters": _parameters(one),
        "sqnr": [
            asdict(characterize.block_sqnr(one, distribution))
            for distribution in characterize.DISTRIBUTIONS
        ],
    }


def _element_document(one: Format) -> dict[str, Any]:
    extent = characterize.dynamic_range(one)
    error = characterize.relative_error(one)
    found: dict[str, Any] = element_summary(one) | {
        "rounding": one.default_rounding,
        "finite_values": extent.finite_values,
        "specials": {
            name: [list(pair) for pair in codes] for name, codes in extent.specials.items()
        },
        "parameters": _parameters(one),
        "precision": _runs(extent.precision),
        "relative_error": [
            {"binade": int(binade), "worst": float(worst), "rms": float(rms)}
            for binade, worst, rms in zip(error.binades, error.worst, error.rms, strict=True)
            if np.isfinite(worst)
        ],
        "sqnr": [
            asdict(characterize.sqnr(one, distribution))
            for distribution in characterize.DISTRIBUTIONS
            if one.signed
        ],
    }
    if one.bits <= _TABLE_BITS:
        values = one.decode(np.arange(1 << one.bits))
        found["values"] = [_plain(value) for value in values.tolist()]
    return found


def _runs(precision: dict[int, float]) -> list[dict[str, float]]:
    """Merge neighbouring binades with the same number of significant bits into one entry."""
    runs: list[dict[str, float]] = []
    for binade, bits in precision.items():
        if runs and runs[-1]["bits"] == bits:
            runs[-1]["last_binade"] = binade
        else:
            runs.append({"first_binade": binade, "last_binade": binade, "bits": bits})
    return runs


def _parameters(one: Format | Quantizer) -> dict[str, Any]:
    return {field.name: _plain(getattr(one, field.name)) for field in fields(one)}


def _plain(value: Any) -> Any:
    match value:
        case Fraction():
            return number_text(value, 17)
        case None | bool() | int() | float() | str():
            return value
        case tuple() | list():
            return [_plain(item) for item in value]
        case np.ndarray() | np.generic():
            return _plain(value.tolist())
        case _:
            return str(value)
