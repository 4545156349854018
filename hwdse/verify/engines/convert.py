"""Traces of converters: all codes where they are few, otherwise codes at the places that matter."""

from collections.abc import Mapping

import numpy as np

from hwdse import golden, kernels
from hwdse.errors import SpecError
from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.spec import Design
from hwdse.spec.engines.convert import Convert
from hwdse.verify.coverage import judged, rounding_classes
from hwdse.verify.enumeration import Enumeration, enumeration_of
from hwdse.verify.prepare import Prepared, prepare
from hwdse.verify.stimulus import LEVELS
from hwdse.verify.stimulus.operands import (
    any_codes,
    corner_codes,
    finite_codes,
    near_codes,
    normal_codes,
    short_codes,
)
from hwdse.verify.trace import Trace, joined

#: Widest input of which each level tries every code. Wider inputs are tried by an enumeration.
LISTED_BITS: Mapping[str, int] = {"quick": 10, "full": 16, "exhaustive": 16}
#: Numbers of random codes of each kind, and of values of the output that are aimed at.
_RANDOM = {"quick": 256, "full": 8000, "exhaustive": 8000}
_VALUES = {"quick": 256, "full": 4096, "exhaustive": 4096}
#: Most exact values that are looked at for coverage.
_EXAMINED = 4000


@prepare.register
def _(unit: Convert, design: Design, level: str, seed: int) -> Prepared:
    """Every lane converts the codes of every purpose, each lane in another order."""
    if level == "exhaustive" and unit.lanes > 1 and design.a.bits > LISTED_BITS[level]:
        raise SpecError(
            f"level exhaustive of {design}: several lanes are tried with codes of at most "
            f"{LISTED_BITS[level]} bits, use level full or lanes=1"
        )
    rng = np.random.default_rng(seed)
    purposes = codes_by_purpose(design, level, rng)
    given, results = [], []
    for codes in purposes.values():
        expected = golden.convert(design, codes).astype(np.int64)
        orders = [np.arange(len(codes))]
        orders += [rng.permutation(len(codes)) for _ in range(1, unit.lanes)]
        given.append(np.stack([codes[order] for order in orders], axis=-1))
        results.append(np.stack([expected[order] for order in orders], axis=-1))
    (source,), (sink,) = design.interface.inputs, design.interface.outputs
    (operand,), (result,) = source.fields, sink.fields
    trace = Trace(
        interface=design.interface,
        transfers={
            source.name: {operand.name: joined(np.concatenate(given), operand)},
            sink.name: {result.name: joined(np.concatenate(results), result)},
        },
    )
    examined = np.concatenate(list(purposes.values()))
    examined = examined[:: max(1, len(examined) // _EXAMINED)]
    masks = rounding_classes(design.out, design.a.unpack(examined).exact())
    steps = {name: int(np.count_nonzero(mask)) for name, mask in masks.items()}
    covered = judged(design, [np.concatenate([part[:, 0] for part in results])], steps)
    return Prepared(
        trace=trace,
        vectors={name: len(codes) for name, codes in purposes.items()},
        outputs=covered.outputs,
        steps=covered.steps,
        unreached=covered.unreached,
    )


def codes_by_purpose(design: Design, level: str, rng: np.random.Generator) -> dict[str, Array]:
    """Return the codes to convert at a level, by purpose.

    If the input has few bits (`LISTED_BITS`), these are all codes. Otherwise they are

    * corners: special values, and the ends of the range, of the normals and of the subnormals;
    * values: the codes nearest to values of `out`, and their neighbours;
    * thresholds: neighbouring codes with different results, and their neighbours: the ties, the
      boundaries of overflow and of underflow, and so on;
    * random: codes, finite codes, normally distributed values, and short codes, which reach all
      binades of the subnormals.

    Raises:
        SpecError: the level is unknown.
    """
    if level not in LEVELS:
        raise SpecError(f"unknown level {level!r}: allowed are {', '.join(LEVELS)}")
    a, out = design.a, design.out
    if a.bits <= LISTED_BITS[level]:
        return {"codes": np.arange(1 << a.bits)}
    shape = (_RANDOM[level],)
    below, exact, above = (near_codes(a, _values(out, level, rng), step) for step in (-1, 0, 1))
    places = np.concatenate([exact, any_codes(a, rng, shape)])
    sources = (any_codes, finite_codes, normal_codes, short_codes)
    return {
        "corners": corner_codes(a),
        "values": np.concatenate([below, exact, above]),
        "thresholds": _thresholds(design, places),
        "random": np.concatenate([source(a, rng, shape) for source in sources]),
    }


def _values(out: Format, level: str, rng: np.random.Generator) -> Array:
    """Return finite values of `out`: all if they are few, otherwise pairs of neighbours."""
    codes = np.arange(1 << out.bits) if 1 << out.bits <= _VALUES[level] else corner_codes(out)
    if len(codes) < 1 << out.bits:
        drawn = np.concatenate([codes, finite_codes(out, rng, (_VALUES[level] // 2,))])
        near = np.asarray(out.decode(drawn), np.float64)
        near = near[np.isfinite(near)]
        codes = np.concatenate([near_codes(out, near, step) for step in (0, 1)])
    values = np.asarray(out.decode(codes), np.float64)
    return values[np.isfinite(values)]


def _thresholds(design: Design, places: Array) -> Array:
    """Return neighbouring codes with different results, one pair between every two places.

    Bisection finds them: it keeps two codes with different results and halves their distance. So
    it needs no knowledge of the formats. The codes beside each pair are returned as well.
    """
    last = (1 << design.a.bits) - 1
    places = np.unique(np.concatenate([places, corner_codes(design.a), [0, last]]))
    results = golden.convert(design, places)
    differ = results[:-1] != results[1:]
    low, high, result = places[:-1][differ], places[1:][differ], results[:-1][differ]
    while np.any(high - low > 1):
        middle = low + (high - low) // 2
        same = golden.convert(design, middle) == result
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    around = np.concatenate([low - 1, low, high, high + 1])
    return np.unique(np.clip(around, 0, last))


class _ConvertEnumeration(Enumeration):
    """All codes of a wide input, in rows of 2^16 codes."""

    @property
    def third_count(self) -> int:
        return 1

    @property
    def row_bits(self) -> int:
        return LISTED_BITS["exhaustive"]

    @property
    def rows(self) -> int:
        return 1 << (self.design.a.bits - self.row_bits)

    def golden(self, rows: range) -> Array:
        return golden.convert(self.design, self._codes(rows))

    def kernel(self, rows: range) -> Array:
        return kernels.convert(self.design, self._codes(rows))

    def _codes(self, rows: range) -> Array:
        first, count = rows.start << self.row_bits, len(rows) << self.row_bits
        codes = np.arange(first, first + count, dtype=self.design.a.code_dtype)
        return codes.reshape(len(rows), -1)


@enumeration_of.register
def _(unit: Convert, design: Design) -> Enumeration | None:
    """The trace has all codes of a narrow input."""
    wide = design.a.bits > LISTED_BITS["exhaustive"]
    return _ConvertEnumeration(design=design) if wide else None
