"""Records in and out of combinational components, in Amaranth's simulator."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import product
from random import Random

from amaranth.hdl import Cat, Module, Signal
from amaranth.sim import Simulator

from hwdse.formats import UnpackedShape
from hwdse.hdl.unpacked import fields

Fields = dict[str, int]


def simulate(component, inputs: Iterable[Fields | int]) -> list[Fields | int]:
    """The output for each input; codes or records on either side."""
    sources, sinks = _signals(component.i), _signals(component.o)
    # One word sets all fields at once: the simulator settles after each assignment.
    m = Module()
    m.submodules.component = component
    word = Signal(sum(map(len, sources.values())))
    m.d.comb += Cat(sources.values()).eq(word)
    results: list[Fields | int] = []

    async def bench(ctx):
        for given in inputs:
            ctx.set(word, _packed(_named(given), sources))
            got = {name: ctx.get(value) for name, value in sinks.items()}
            results.append(got.get("", got))

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    return results


def _packed(given: Fields, sources: dict) -> int:
    word = place = 0
    assert given.keys() == sources.keys()
    for name, value in sources.items():
        word |= (given[name] & ((1 << len(value)) - 1)) << place
        place += len(value)
    return word


def _signals(port) -> dict:
    return fields(port) if hasattr(port, "signature") else {"": port}


def _named(given: Fields | int) -> Fields:
    return given if isinstance(given, dict) else {"": given}


def value_of(shape: UnpackedShape, record: Fields) -> Fraction | float:
    """What a record stands for; -0.0 for a negative zero."""
    negative = bool(record.get("sign", 0))
    if record.get("nan"):
        return float("nan")
    if record.get("inf"):
        return float("-inf" if record.get("inf_sign", negative) else "inf")
    exponent = record.get("exponent", 0) + shape.exponent_origin
    number = Fraction(record["significand"]) * Fraction(2) ** exponent
    if number == 0 and negative:
        return -0.0
    return -number if negative else number


def record(shape: UnpackedShape, number: int, exponent: int, negative: bool = False) -> Fields:
    """The record of a significand (with its sign if two's complement) and an LSB exponent."""
    made = {"significand": number}
    if not shape.twos_complement:
        made["zero"] = int(number == 0)
        if shape.signed:
            made["sign"] = int(negative)
    if shape.exponent_bits:
        made["exponent"] = exponent - shape.exponent_origin
    flags = ["nan"] * shape.has_nan + ["inf"] * shape.has_inf
    flags += ["inf_sign"] * (shape.has_inf and shape.twos_complement)
    return made | dict.fromkeys(flags, 0)


def specials(shape: UnpackedShape, random: Random) -> Iterator[Fields]:
    """NaN and both infinities, with anything in the other fields."""
    for _ in range(8):
        number = random.getrandbits(shape.magnitude_bits)
        exponent = random.randint(shape.exponent_min, shape.exponent_max)
        noise = record(shape, number, exponent, bool(random.getrandbits(1))) | {
            name: random.getrandbits(1) for name in ["zero"] * (not shape.twos_complement)
        }
        if shape.has_nan:
            yield noise | {"nan": 1}
        if shape.has_inf:
            for side in (0, 1):
                sign = {"inf_sign": side} if shape.twos_complement else {"sign": side, "zero": 0}
                yield noise | sign | {"inf": 1}


def every_record(shape: UnpackedShape) -> Iterator[Fields]:
    """All finite records of a small shape."""
    exponents = range(shape.exponent_min, shape.exponent_max + 1)
    if shape.twos_complement:
        half = 1 << (shape.significand_bits - 1)
        for number, exponent in product(range(-half, half), exponents):
            yield record(shape, number, exponent)
        return
    numbers = range(1 << shape.significand_bits)
    for number, exponent, negative in product(
        numbers, exponents, (False, True)[: 1 + shape.signed]
    ):
        yield record(shape, number, exponent, negative)


def near(shape: UnpackedShape, point: Fraction) -> Iterator[Fields]:
    """Records at, just below and just above a real number, of the least and greatest exponents."""
    negative, magnitude = point < 0, abs(point)
    exponents = range(shape.exponent_min, shape.exponent_max + 1)
    fitting = [
        e for e in exponents if 1 <= magnitude / Fraction(2) ** e < 1 << shape.magnitude_bits
    ]
    for exponent in {*fitting[:1], *fitting[-1:]} or {shape.exponent_min}:
        number = magnitude / Fraction(2) ** exponent
        if number >= 1 << shape.magnitude_bits:
            continue
        floor = number.numerator // number.denominator
        for count in {max(floor - 1, 0), floor, floor + 1}:
            if count < 1 << shape.magnitude_bits:
                yield record(
                    shape,
                    -count if negative and shape.twos_complement else count,
                    exponent,
                    negative,
                )


def scattered(shape: UnpackedShape, random: Random, count: int) -> Iterator[Fields]:
    """Random records, of every magnitude alike."""
    for _ in range(count):
        width = random.randint(0, shape.magnitude_bits)
        number = random.getrandbits(width) if width else 0
        negative = shape.signed and bool(random.getrandbits(1))
        exponent = random.randint(shape.exponent_min, shape.exponent_max)
        if shape.twos_complement:
            yield record(shape, -number - 1 if negative else number, exponent)
        else:
            yield record(shape, number, exponent, negative)
