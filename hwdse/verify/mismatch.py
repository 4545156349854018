"""Mismatches as a person reads them: operands, expected and got, decoded."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.spec import Design
from hwdse.verify.bench import Report
from hwdse.verify.stimulus import Block, Stimulus

_SHOWN = 5
_SHOWN_LANES = 4


def describe(design: Design, stimulus: Stimulus, expected: list[Array], report: Report) -> str:
    """One line that counts the mismatches, and one for each of the first."""
    lines = [f"{design}: {report.mismatches} mismatches in {report.vectors} inputs; the first are"]
    for found in report.first[:_SHOWN]:
        lines.append(f"  {_one(design, stimulus, expected, found)}")
    return "\n".join(lines)


def _one(
    design: Design, stimulus: Stimulus, expected: list[Array], found: Mapping[str, Any]
) -> str:
    index, got = found["index"], found["got"]
    if index is None:
        return str(got)
    number, block, position, group = _locate(stimulus, index)
    want = int(expected[number][position, group])
    given = [("a", design.a, block.a), ("b", design.b, block.b)]
    if block.c is not None and design.c is not None:
        given.append(("c", design.c, block.c))
    operands = " ".join(
        f"{name}={_codes(number_format, codes[position, group])}"
        for name, number_format, codes in given
    )
    term = f" (term {group} of its sum)" if design.acc else ""
    if group:
        before = value_text(design.out, int(expected[number][position, group - 1]))
        term = f" (term {group} of its sum, sum before {before})"
    if isinstance(got, str):
        outcome = got
    else:
        outcome = f"got {value_text(design.out, got)}{apart(design.out, want, got)}"
    return f"input {index}{term}: {operands}: expected {value_text(design.out, want)}, {outcome}"


def _locate(stimulus: Stimulus, index: int) -> tuple[int, Block, int, int]:
    """Number of the block, the block, sum and group of an input."""
    starts: Iterator[tuple[int, Block]] = enumerate(stimulus.blocks)
    for number, block in starts:
        if index < block.steps:
            return number, block, *divmod(index, block.a.shape[1])
        index -= block.steps
    raise IndexError(index)


def _codes(number_format: Format, codes: Array) -> str:
    shown = [value_text(number_format, int(code)) for code in islice(codes, _SHOWN_LANES)]
    if len(codes) > _SHOWN_LANES:
        shown.append("...")
    return shown[0] if len(codes) == 1 else f"[{', '.join(shown)}]"


def value_text(number_format: Format, code: int) -> str:
    """A code in hexadecimal with its value."""
    value = float(number_format.decode(np.array(code, np.uint64)))
    return f"0x{code:x} ({value:.9g})"


def apart(number_format: Format, want: int, got: int) -> str:
    """How many steps apart two codes of finite values are, as the end of a sentence."""
    codes = np.array([want, got], np.uint64)
    if not np.all(np.isfinite(number_format.decode(codes))):
        return ""
    ordinals = [int(n) for n in number_format.ordinal(number_format.check_codes(codes))]
    return f", {abs(ordinals[0] - ordinals[1])} ulp apart"
