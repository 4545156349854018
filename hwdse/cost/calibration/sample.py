"""Designs that calibrate and validate the cost model: drawn over all parts, split by a hash.

The sample depends only on the lists below and on a hash of each spec. So every technology is
measured on the same designs, and whether a design serves the fit or the validation is a property of
its spec.
"""

from collections.abc import Iterator
from hashlib import sha256
from random import Random

from hwdse.errors import HwdseError
from hwdse.spec import Design

POOL = 4000
"""Valid designs among which the sample is chosen."""

_FLOATS = (
    *("e2m1fn", "e2m3fn", "e3m2fn", "e3m3", "e3m4", "e4m3fn", "e4m3fnuz", "e4m2", "e5m2", "e5m3"),
    *("e5m7", "e6m5", "bf16", "fp16", "tf32", "binary8p4se", "binary6p3se", "e4m3fn_ftz"),
)
_POSITS = ("posit6_0", "posit8_0", "posit8_1", "posit8_2", "posit10_1", "posit12_1", "posit16_1")
_INTEGERS = (
    *("int2", "int3", "int4", "int5", "int6", "int8", "int10", "int12", "int16", "uint8", "q2_6"),
)
_LOGARITHMS = ("lns8_g8", "lns8_g8z", "lns8_g4", "lns4_3", "lns3_2")
_OTHERS = (
    *("hif8", "nf4", "ternary", "binary", "bipolar2", "bipolar4", "pot4_k1", "pot8_k2", "nupes4"),
    *("dint4", "dint4tc", "int4_sym", "e4m3finite", "ue4m3"),
)
_FAMILIES = (_FLOATS, _FLOATS, _FLOATS, _POSITS, _INTEGERS, _INTEGERS, _LOGARITHMS, _OTHERS)
_MULTIPLIERS = (
    *("exact", "exact", "exact", "lmul", "lmul", "mitchell", "log", "lut"),
    *("shift-add", "add-skip", "xnor", "radix4"),
)
_ACCUMULATORS = (
    *("kulisch", "kulisch", "kulisch:256", "fp:fp32", "fp:fp32", "fp:bf16", "fp:fp16", "fp:e5m7"),
    *("int:16", "int:20", "int:24:sat", "int:32", "int:32", "fp:fp32:an2-2", "fp:bf16:an1-1"),
    *("fp:fp16:kahan", "fp:bf16:sr8", "fp:fp32:tree", "fp:fp16:tree", "aligned:F13", "aligned:F20"),
    *("aligned:hopper-fp8", "bins", "lns:lns8_g8", "lns:lns8_g8z"),
)
_OUTPUTS = ("", "", "", "", ",out=bf16", ",out=fp16", ",out=fp32", ",out=e4m3fn", ",out=int8")
_UNITS = (
    *("unit=mac", "unit=mac", "unit=mac", "unit=dot,lanes=2", "unit=dot,lanes=4"),
    *("unit=dot,lanes=4", "unit=dot,lanes=8", "unit=dot,lanes=16", "unit=mul", "unit=fma"),
)
#: Designs per turn of the families that most people build; the others get one.
_WEIGHTS = {"Minifloat": 5, "Integer": 4, "Posit": 3, "Logarithmic": 2}
_REGISTERS = (
    *("", "", "", "", ",stages=1", ",stages=1", ",stages=2", ",stages=3"),
    *(",interleave=2", ",stages=1,interleave=4"),
)


def number_of(spec: str) -> int:
    """A fixed number of 32 bits for a canonical spec."""
    return int.from_bytes(sha256(spec.encode()).digest()[:4], "big")


def held_out(spec: str) -> bool:
    """Whether a design only validates: two of five designs take no part in any fit."""
    return number_of(spec) % 5 < 2


def _drawn() -> Iterator[Design]:
    """Valid designs without end, in a fixed order, each once."""
    seen: set[str] = set()
    number = 0
    while True:
        rng = Random(f"hwdse {number}")
        number += 1
        family = rng.choice(_FAMILIES)
        a = rng.choice(family)
        b = a if rng.random() < 0.75 else rng.choice(rng.choice((family, _INTEGERS, _FLOATS)))
        unit = rng.choice(_UNITS)
        acc = "" if unit in ("unit=mul", "unit=fma") else f",acc={rng.choice(_ACCUMULATORS)}"
        text = f"a={a},b={b},mul={rng.choice(_MULTIPLIERS)}{acc}{rng.choice(_OUTPUTS)},{unit}"
        registers = rng.choice(_REGISTERS)
        if not acc and "interleave" in registers:
            registers = ",stages=2"
        try:
            design = Design.parse(text + registers)
        except HwdseError:
            continue
        if str(design) not in seen:
            seen.add(str(design))
            yield design


def family_of(design: Design) -> str:
    """The family of a design for error bars: what its operands and its accumulator are."""
    mul = design.mul.keyword if design.mul is not None else design.unit.keyword
    return f"{type(design.a).__name__} {mul} {acc_keyword(design)} {design.unit.keyword}"


def acc_keyword(design: Design) -> str:
    """Keyword of the accumulator; the kind of the unit for units without one."""
    return design.acc.keyword if design.acc is not None else design.unit.keyword


def sample(count: int) -> list[Design]:
    """The first `count` designs: in turn one per operand family and accumulator, by their hash."""
    drawn = _drawn()
    pool = sorted((next(drawn) for _ in range(POOL)), key=lambda design: number_of(str(design)))
    strata: dict[tuple[str, str], list[Design]] = {}
    for design in pool:
        strata.setdefault((type(design.a).__name__, acc_keyword(design)), []).append(design)
    chosen: list[Design] = []
    turn = 0
    while len(chosen) < count:
        for key in sorted(strata):
            width = _WEIGHTS.get(key[0], 1)
            chosen += strata[key][turn * width : (turn + 1) * width]
        turn += 1
        if turn > POOL:
            raise ValueError(f"{count} designs: the pool has only {POOL}")
    return chosen[:count]
