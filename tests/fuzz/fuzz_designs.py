"""Valid designs at random, of everything that the registries know.

Formats, multipliers and accumulators say how they are written (`syntax`); texts of that form are
drawn until one parses, so that a new family or option is tried as soon as it registers itself. A
case is drawn from its seed and its number alone: the same two give the same design and codes.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import product
from pathlib import Path
from random import Random

import numpy as np

from hwdse import Design, formats
from hwdse.errors import HwdseError
from hwdse.formats import BinaryFloat, Format, LevelFormat, Minifloat
from hwdse.spec import Accumulator, Exact, Multiplier, Unit
from hwdse.spec.design import DESIGN_ROUNDINGS

# What the package registers itself: draws must not depend on what other tests add.
_CATALOGUE = tuple(formats.names())
#: Blocks along K; tiles share a scale between rows.
_BLOCKS = tuple(
    name
    for name in formats.block_names()
    if formats.get(name).block.columns and formats.get(name).block.rows == 1
)
# Units of block formats have `Designs.blocks`; units that refuse most designs have tests of their
# own.
UNITS = sorted(
    key
    for key, c in Unit.choices.items()
    if c.__module__.startswith("hwdse.") and not c.takes_blocks and c.fitted is Unit.fitted
)
#: Units that switch between formats, with mul=exact.
PACKED = sorted(
    key
    for key, c in Unit.choices.items()
    if c.__module__.startswith("hwdse.")
    and "modes" in {field.name for field in fields(c)}
    and not c.takes_blocks
)
FAMILIES = [family for family in Format.families if family.__module__.startswith("hwdse.")]
MULTIPLIERS = {
    keyword: choice
    for keyword, choice in Multiplier.choices.items()
    if choice.__module__.startswith("hwdse.")
}
ACCUMULATORS = {
    keyword: choice
    for keyword, choice in Accumulator.choices.items()
    if choice.__module__.startswith("hwdse.")
}

_NUMBERS = (0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 8, 10, 12, 16, 20, 24, 32, 40, 64)
_TOKEN = re.compile(r"(\w*?)(\d+)\.\.\1(\d+)|\{(\w)\|(\w)\}|\{(\w+)\}|[\[\](|)]|[^\[\](|){}]")
#: Designs that are tried for one that is valid, and of these with the same multiplier.
_TRIES, _TRIES_OF_ONE = 600, 30
#: How much more often operands are of one family than of two certain ones.
_ALIKE = 6
#: Formats of a family from which is found what multipliers take.
_MEMBERS = 4
#: Formats of block scales: powers of two, and with fractions; those that zero points go with.
_SCALES = ("e8m0", "ue4m3", "ue5m3")
_SIGNED_SCALES = ("bf16", "fp16", "fp32", "e4m3fn")
#: Bits of a code, and of one in a list of values, which golden keeps whole.
_MOST_BITS, _LIST_BITS = 33, 9


class Texts:
    """Texts of the form that a syntax describes.

    `[x]` may be left out, `x|y` is a choice, `x3..x9` a range, `{name}` a number unless `names` has
    texts for it; alternatives are separated by commas and "or".
    """

    def __init__(self, syntax: str, names: dict[str, list[str]]) -> None:
        form, _, presets = syntax.partition(" with preset one of ")
        self.forms = re.split(r", | or ", form)
        self._names = {**names, "preset": presets.split()}

    def draw(self, rng: Random, form: str | None = None) -> str:
        """One text, of a given form or of any."""
        tokens = list(_TOKEN.finditer(form or rng.choice(self.forms)))
        return self._alternatives(rng, iter(tokens))

    def _alternatives(self, rng: Random, tokens: Iterator[re.Match[str]]) -> str:
        found = [""]
        for token in tokens:
            text = token[0]
            if text in ")]":
                break
            if text == "|":
                found.append("")
            elif text in "([":
                inner = self._alternatives(rng, tokens)
                found[-1] += inner if text == "(" or rng.random() < 0.5 else ""
            elif token[3]:
                found[-1] += f"{token[1]}{rng.randint(int(token[2]), int(token[3]))}"
            elif token[4]:
                found[-1] += rng.choice((token[4], token[5]))
            elif token[6]:
                found[-1] += str(rng.choice(self._names.get(token[6]) or _NUMBERS))
            else:
                found[-1] += text
        return rng.choice(found)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A design and what it was drawn with.

    Attributes:
        design: the design.
        rng: gives the codes.
    """

    design: Design
    rng: np.random.Generator


class Designs:
    """Random valid designs.

    Args:
        folder: where value lists are written.
    """

    def __init__(self, folder: Path) -> None:
        floats = [n for n in _CATALOGUE if isinstance(formats.parse(n), BinaryFloat)]
        names = {"float": floats, "path": list(_codebooks(folder))}
        names["format"] = [*_CATALOGUE, *["e{E}m{M}"] * len(_CATALOGUE)]
        self._families = [(f, Texts(f.syntax(), names)) for f in FAMILIES]
        # Floats are what most designs have, and what most kernels are for.
        self._weights = [8 if f is Minifloat else 1 for f in FAMILIES]
        self._multipliers = {k: Texts(c.syntax(), names) for k, c in MULTIPLIERS.items()}
        self._accumulators = [
            (Texts(c.syntax(), names), form)
            for c in ACCUMULATORS.values()
            for form in Texts(c.syntax(), names).forms
        ]
        self._pairs = {keyword: self._accepted(keyword) for keyword in self._multipliers}
        self._taken = [self._multipliers_of(k) for k in range(len(self._accumulators))]

    def case(self, seed: int, number: int, unit: str) -> Case:
        """Case `number` of a unit."""
        rng = Random(f"{seed} {number} {unit}")
        # Every accumulator gets its share, with the multipliers that it takes.
        accumulator = rng.randrange(len(self._accumulators))
        multipliers = [Exact.keyword] if unit in PACKED else list(self._multipliers)
        if unit not in PACKED and "acc" in Unit.choices[unit].uses:
            multipliers = self._taken[accumulator]
        # The multiplier that all accumulators take, with most formats.
        multipliers = [*multipliers, *[Exact.keyword] * multipliers.count(Exact.keyword) * 2]
        multiplier = ""
        for attempt in range(_TRIES):
            if attempt % _TRIES_OF_ONE == 0:
                multiplier = rng.choice(multipliers)
                if unit in PACKED:
                    # Many accumulators take no sums of several formats.
                    accumulator = rng.randrange(len(self._accumulators))
            found = self._attempt(rng, unit, multiplier, accumulator)
            if found is not None:
                return Case(design=found, rng=np.random.default_rng(rng.getrandbits(64)))
        raise AssertionError(f"no valid design in {_TRIES} tries: seed {seed}, case {number}")

    def _attempt(self, rng: Random, unit: str, multiplier: str, accumulator: int) -> Design | None:
        kind = Unit.choices[unit]
        if "mul" in kind.uses:
            pairs, weights = self._pairs[multiplier]
            first, second = rng.choices(pairs, weights)[0]
            a = self._member(rng, first)
            b = a if first == second and rng.random() < 0.5 else self._member(rng, second)
        else:
            a = b = self.format(rng)
        values = {"unit": unit, "rounding": rng.choice(DESIGN_ROUNDINGS), **_shape(rng, kind)}
        if unit in PACKED:
            b = a
            values["modes"] = self._modes(rng, a)
        operands = {"a": str(a), "b": str(b), "mul": self._multipliers[multiplier].draw(rng)}
        values |= {key: text for key, text in operands.items() if key in {"a", *kind.uses}}
        if "acc" in kind.uses:
            values["acc"] = self._accumulator(rng, accumulator)
        for key in ("c", "out"):
            needed = key == "out" and "mul" not in kind.uses
            if needed or ((key == "out" or key in kind.uses) and rng.random() < 0.6):
                values[key] = str(self.format(rng))
        try:
            design = Design.parse(",".join(f"{key}={value}" for key, value in values.items()))
        except HwdseError:
            return None
        held = [f for f in (design.a, design.b, design.out) if f is not None]
        return design if max(f.bits for f in held) <= 64 else None

    def blocks(self, seed: int, number: int) -> Case:
        """Case `number` of the block-scaled engine."""
        rng = Random(f"{seed} {number} blocks")
        for attempt in range(_TRIES):
            if attempt % _TRIES_OF_ONE == 0:
                accumulator = rng.randrange(len(self._accumulators))
            a = self._block(rng)
            text = f"a={a},b={rng.choice((a, self._block(rng)))},unit=mx"
            text += f",acc={self._accumulator(rng, accumulator)},blocks={rng.choice((1, 1, 2, 3))}"
            text += f",rounding={rng.choice(DESIGN_ROUNDINGS)}"
            text += rng.choice(("", f",out={self.format(rng)}"))
            try:
                design = Design.parse(text)
            except HwdseError:
                continue
            if design.out.bits <= 64:
                return Case(design=design, rng=np.random.default_rng(rng.getrandbits(64)))
        raise AssertionError(f"no valid design in {_TRIES} tries: seed {seed}, case {number}")

    def _block(self, rng: Random) -> str:
        """A block format: of the catalogue, of any parts, with zero points, or without scales."""
        size, scales = rng.choice((1, 2, 3, 4, 6, 8)), (*_SCALES, *_SIGNED_SCALES)
        return rng.choice(
            (
                rng.choice(_BLOCKS),
                f"block:{self.format(rng)}:{size}:{rng.choice(scales)}",
                f"affine:uint{rng.randint(1, 8)}:{size}:{rng.choice(_SIGNED_SCALES[:3])}",
                str(self.format(rng)),
            )
        )

    def modal_blocks(self, seed: int, number: int) -> Case:
        """Case `number` of the block-scaled engine with modes."""
        rng = Random(f"{seed} {number} modal blocks")
        for attempt in range(_TRIES):
            if attempt % _TRIES_OF_ONE == 0:
                size, scale = rng.choice((1, 2, 3, 4)), rng.choice(_SCALES)
                accumulator = rng.randrange(len(self._accumulators))
            found = {str(self.format(rng)) for _ in range(rng.randint(2, 5))}
            names = [f"block:{name}:{size}:{scale}" for name in sorted(found)]
            rng.shuffle(names)
            try:
                widest = max(names, key=lambda name: formats.get(name).element.bits)
                design = Design.parse(
                    f"a={widest},acc={self._accumulator(rng, accumulator)},out=fp32,unit=mx,"
                    f"blocks={rng.choice((1, 1, 2))},modes={'|'.join(names)}"
                )
            except HwdseError:
                continue
            return Case(design=design, rng=np.random.default_rng(rng.getrandbits(64)))
        raise AssertionError(f"no valid design in {_TRIES} tries: seed {seed}, case {number}")

    def _modes(self, rng: Random, widest: Format) -> str:
        """Formats that fill a word as wide as one of them, in any order."""
        found = [widest]
        for _ in range(rng.randint(1, 4) * _TRIES_OF_ONE):
            other = self.format(rng)
            count, rest = divmod(widest.bits, other.bits)
            if not rest and count & (count - 1) == 0 and other not in found:
                found.append(other)
            if len(found) > rng.randint(1, 4):
                break
        rng.shuffle(found)
        return "|".join(map(str, found))

    def _accepted(self, keyword: str) -> tuple[list[tuple[int, int]], list[int]]:
        """Pairs of families, by number, that the multiplier takes some formats of; weights."""
        rng = Random(0)
        mul = MULTIPLIERS[keyword].from_options(())
        members = [
            sorted({str(self._member(rng, k)) for _ in range(_MEMBERS)})
            for k in range(len(self._families))
        ]
        found = []
        for first, second in product(range(len(members)), repeat=2):
            for a, b in product(members[first], members[second]):
                try:
                    mul.product(formats.parse(a), formats.parse(b))
                except HwdseError:
                    continue
                found.append((first, second))
                break
        # Most designs have operands of one family.
        return found, [
            self._weights[x] * self._weights[y] * (_ALIKE if x == y else 1) for x, y in found
        ]

    def _accumulator(self, rng: Random, number: int) -> str:
        """An accumulator of a form."""
        texts, form = self._accumulators[number]
        while True:
            text = _sized(rng, texts.draw(rng, form))
            try:
                return str(Accumulator.parse(text))
            except HwdseError:
                continue

    def _multipliers_of(self, accumulator: int) -> list[str]:
        """Multipliers that go with some accumulator of a form."""
        rng = Random(0)
        found = [
            keyword
            for keyword in self._multipliers
            if any(self._attempt(rng, "mac", keyword, accumulator) for _ in range(_TRIES // 4))
        ]
        assert found, self._accumulators[accumulator]
        return found

    def format(self, rng: Random) -> Format:
        """A format of any family."""
        return self._member(rng, rng.choices(range(len(self._families)), self._weights)[0])

    def _member(self, rng: Random, number: int) -> Format:
        """A format of a family: half of them from the catalogue, half of any parameters."""
        family, texts = self._families[number]
        named = _named(family)
        while True:
            if named and (rng.random() < 0.5 or texts.forms == [""]):
                return rng.choice(named)
            try:
                found = formats.parse(texts.draw(rng))
            except HwdseError:
                continue
            if found.bits <= (_LIST_BITS if isinstance(found, LevelFormat) else _MOST_BITS):
                return found


def _sized(rng: Random, text: str) -> str:
    """A text with numbers for the exponent and the fraction of a float."""
    return re.sub(r"\{[EM]\}", lambda _: str(rng.randint(2, 10)), text)


@lru_cache(maxsize=64)
def _named(family: type[Format]) -> list[Format]:
    """Formats of the catalogue that belong to a family."""
    return [f for f in map(formats.parse, _CATALOGUE) if type(f) is family]


def _shape(rng: Random, unit: type[Unit]) -> dict[str, str]:
    """Keys of a unit: mostly small ones."""
    names = {field.name for field in fields(unit)}
    values = {}
    if "lanes" in names:
        values["lanes"] = str(rng.choice((1, 2, 3, 4, 5, 8, 17)))
    if "rows" in names:
        values |= {side: str(rng.randint(1, 3)) for side in ("rows", "cols")}
    if "dataflow" in names:
        values["dataflow"] = rng.choice(("ws", "os"))
        if values["dataflow"] == "ws":
            values["sums"] = str(rng.choice((0, 1, 3)))
    if unit.takes_stages and rng.random() < 0.2:
        values["stages"] = str(rng.randint(0, 2))
        if "interleave" in names:
            values["interleave"] = str(rng.randint(1, 3))
    return values


def _codebooks(folder: Path) -> Iterator[str]:
    """Value lists of 2 to 20 levels: signed, unsigned, without zero, of a wide range."""
    rng = np.random.default_rng(0)
    for number in range(24):
        size = int(rng.integers(2, 6) if number % 2 else rng.integers(6, 21))
        levels = rng.integers(-60, 61, size) * 2.0 ** rng.integers(-number, 4, size)
        if number % 5 == 0:
            levels = np.abs(levels)
        levels = np.unique(np.append(levels, [0.0, 1.0] if number % 3 else [0.5, 1.0]))
        path = folder / f"levels{number}.json"
        path.write_text(json.dumps({"name": f"levels{number}", "levels": levels.tolist()}))
        yield str(path)


def codes(rng: np.random.Generator, number_format: Format, shape: tuple[int, ...]) -> np.ndarray:
    """Codes of one kind: any, ordinary values, or many of zeros, extremes and special values."""
    every = rng.integers(0, 1 << number_format.bits, shape, dtype=np.uint64)
    every = every.astype(number_format.code_dtype)
    kind = rng.integers(4)
    if kind == 0:
        return every
    values = rng.normal(size=shape) * 2.0 ** rng.integers(-3, 4)
    ordinary = number_format.encode(values) if kind > 1 else every
    some = rng.choice(corners(number_format), shape)
    return np.where(rng.random(shape) < rng.choice([0.05, 0.4, 0.9]), some, ordinary)


@lru_cache(maxsize=256)
def corners(number_format: Format) -> np.ndarray:
    """Codes of zeros, ones, extremes and special values, and codes that encoding never gives."""
    f = number_format
    wanted = [0.0, -0.0, 1.0, -1.0, f.max, f.min, f.min_normal, -f.min_normal]
    wanted += [f.min_subnormal, -f.min_subnormal, np.nan, np.inf, -np.inf]
    held = [float(x) for x in wanted if not sys.float_info.max < abs(x) < np.inf]
    found = [f.encode(np.array(held), overflow="ieee").astype(np.uint64)]
    top = (1 << f.bits) - 1
    found.append(np.array([0, top, top >> 1, top - (top >> 1)], np.uint64))
    if f.bits <= 12 and f.fits_float64:
        every = np.arange(top + 1, dtype=np.uint64)
        never = every[f.encode(f.decode(every)) != every]
        found.append(never[:: max(1, len(never) // 32)])
    return np.unique(np.concatenate(found)).astype(f.code_dtype)
