"""Describes mismatches for people: decoded operands, expected values and actual values."""

from typing import Any

import numpy as np

from hwdse.formats import Format
from hwdse.spec.interface import Field, Stream
from hwdse.verify.bench import Report
from hwdse.verify.trace import Trace

_SHOWN = 5
_SHOWN_ELEMENTS = 4


def describe(spec: str, trace: Trace, report: Report) -> str:
    """Return one line with the number of mismatches, and one line for each of the first ones."""
    lines = [f"{spec}: {report.mismatches} mismatches in {report.vectors} outputs; the first are"]
    lines += [f"  {_one(trace, found)}" for found in report.first[:_SHOWN]]
    return "\n".join(lines)


def _one(trace: Trace, found: dict[str, Any]) -> str:
    index, got = found["index"], found["got"]
    if index is None:
        return str(got)
    sink = trace.interface.stream(found["stream"])
    source = trace.interface.stream(sink.follows)
    asked = int(trace.answered(sink)[index])
    operands = " ".join(
        f"{part.name}={_word(part, _at(trace, source, part, asked))}"
        for part in source.fields
        if part.name != source.starts
    )
    part = sink.fields[found.get("field", 0)]
    want = _at(trace, sink, part, index)
    outcome = got
    if not isinstance(got, str):
        outcome = f"got {_word(part, got)}"
        if part.format is not None and part.elements == 1:
            outcome += apart(part.format, want, got)
    term = _term(trace, source, sink, part, asked, index)
    return f"input {asked}{term}: {operands}: expected {_word(part, want)}, {outcome}"


def _term(  # noqa: PLR0917 - where it is, and of what
    trace: Trace, source: Stream, sink: Stream, part: Field, asked: int, index: int
) -> str:
    """Return the number of the input within its sum, as text. Empty if inputs do not form sums."""
    if not source.starts:
        return ""
    starts = np.flatnonzero(trace.transfers[source.name][source.starts][: asked + 1])
    place = asked - int(starts[-1]) if len(starts) else asked
    if not place or sink.name in trace.after:
        return f" (term {place} of its sum)"
    before = _word(part, _at(trace, sink, part, index - 1))
    return f" (term {place} of its sum, sum before {before})"


def _at(trace: Trace, stream: Stream, part: Field, index: int) -> int:
    return int(trace.transfers[stream.name][part.name][index])


def _word(part: Field, word: int) -> str:
    if part.format is None:
        return f"0x{word:x}"
    mask, shown = (1 << part.bits) - 1, min(part.elements, _SHOWN_ELEMENTS)
    texts = [value_text(part.format, word >> (k * part.bits) & mask) for k in range(shown)]
    if part.elements > shown:
        texts.append("...")
    return texts[0] if part.elements == 1 else f"[{', '.join(texts)}]"


def value_text(number_format: Format, code: int) -> str:
    """Return a code in hexadecimal, followed by the value."""
    value = float(number_format.decode(np.array(code, np.uint64)))
    return f"0x{code:x} ({value:.9g})"


def apart(number_format: Format, want: int, got: int) -> str:
    """Return the distance of two finite values in ulp, as the end of a sentence."""
    codes = np.array([want, got], np.uint64)
    if not np.all(np.isfinite(number_format.decode(codes))):
        return ""
    ordinals = [int(n) for n in number_format.ordinal(number_format.check_codes(codes))]
    return f", {abs(ordinals[0] - ordinals[1])} ulp apart"
