"""Operand codes that meet every hard case of a bare unit, and counts of the cases met."""

import numpy as np
from gate_level import GateLevel

from hwdse import Design, golden
from hwdse.formats import Format
from hwdse.hdl import unit


def simulated(design: Design, **codes: np.ndarray) -> np.ndarray:
    """Codes that the hardware gives, for ports `a`, `b` and perhaps `c`."""
    outputs = GateLevel(unit(design.unit, design))(**{f"i_{name}": x for name, x in codes.items()})
    return outputs["o"]


def every_pair(a: Format, b: Format) -> tuple[np.ndarray, np.ndarray]:
    """All operand pairs."""
    x, y = np.meshgrid(np.arange(1 << a.bits), np.arange(1 << b.bits))
    return x.ravel(), y.ravel()


def every_triple(design: Design) -> tuple[np.ndarray, ...]:
    """All operands of a fused multiply-add."""
    grid = np.meshgrid(*(np.arange(1 << f.bits) for f in (design.a, design.b, design.c)))
    return tuple(x.ravel() for x in grid)


def hard_codes(f: Format, rng: np.random.Generator, count: int) -> np.ndarray:
    """Random codes, those around zero, around one and at both ends, and with few bits set."""
    codes = rng.integers(0, 1 << f.bits, count)
    near = np.array([0, 1 << (f.bits - 1), int(f.encode(1.0)), (1 << f.bits) - 1, f.nan_code or 0])
    near = rng.choice(np.append(near, [f.inf_code or 0, f.negative_inf_code or 0]), count)
    near = (near + rng.integers(-3, 4, count)) % (1 << f.bits)
    sparse = codes & rng.integers(0, 1 << f.bits, count) & rng.integers(0, 1 << f.bits, count)
    kind = rng.integers(0, 4, count)
    return np.select([kind == 0, kind == 1], [near, sparse], codes)


def hard_triples(design: Design, count: int, seed: int) -> tuple[np.ndarray, ...]:
    """Operands of a fused multiply-add; half of the addends are near to the negated product.

    The others lie up to two significands above or below it: aligned, overlapping, lost in the
    sticky bit, and so on.
    """
    rng = np.random.default_rng(seed)
    a, b = hard_codes(design.a, rng, count), hard_codes(design.b, rng, count)
    c = hard_codes(design.c, rng, count)
    with np.errstate(all="ignore"):
        x, y = design.a.decode(a), design.b.decode(b)
        reach = 2 * design.c.unpacked.significand_bits + 3
        scale = np.ldexp(1.0, rng.integers(-reach, reach + 1, count))
        product = np.where(np.isnan(x * y), 1.0, x * y)
        other = rng.choice([-1.0, 1.0], count) * product * scale
        noisy = other * (1 + rng.integers(0, 2, count) * rng.normal(size=count) / 4)
        near, far = (design.c.encode(x, overflow=design.c.overflow) for x in (-product, noisy))
    near = (near.astype(np.int64) + rng.integers(-2, 3, count) * rng.integers(0, 2, count)) % (
        1 << design.c.bits
    )
    kind = rng.integers(0, 8, count)
    return a, b, np.select([kind < 3, kind < 7], [near, far.astype(np.int64)], c)


def cases(design: Design, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> dict[str, int]:
    """How often each hard case of a fused multiply-add occurs, by the golden model's exact sums."""
    product = golden.multiply.multiply(design.mul, a, b, design.a, design.b)
    addend = design.c.unpack(c).exact()
    total = golden.accumulate.exact_sum(golden.accumulate.with_state(addend, product[..., None]))
    real = ~(total.nan | total.inf)
    position = design.out.locate(total, 2)
    out = design.out.pack(total, design.rounding, design.out.overflow)
    values = np.abs(design.out.decode(out))
    with np.errstate(all="ignore"):
        largest = np.maximum(np.abs(product.to_float64()), np.abs(addend.to_float64()))
        cancelled = np.abs(total.to_float64()) < largest / 8
    beyond = position.index > design.out.top(total.sign)
    inside = real & ~beyond & ~total.zero
    return {
        "nan": int(total.nan.sum()),
        "inf minus inf": int((total.nan & product.inf & addend.inf).sum()),
        "inf": int(total.inf.sum()),
        "overflow": int((real & beyond).sum()),
        "subnormal": int((inside & (values < design.out.min_normal)).sum()),
        "cancellation": int((inside & cancelled).sum()),
        "exact zero of unlike signs": int((total.zero & ~product.zero).sum()),
        "negative zero": int((total.zero & total.sign).sum()),
        "tie": int((inside & (position.fraction == 2)).sum()),
        "sticky": int((inside & (position.fraction == 1)).sum()),
        "exact": int((inside & (position.fraction == 0)).sum()),
        "product alone": int((inside & addend.zero).sum()),
        "addend alone": int((inside & product.zero).sum()),
    }
