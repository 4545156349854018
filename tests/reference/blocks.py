"""Slow, exact quantisers of one block, on Fractions, written from the definition of each rule.

Nothing here is taken from `hwdse`: sources are sections 5.1, 5.6, 5.7, 6 and 8 of the project's
format specification. `twin` is a second, vectorised implementation for float32 values. It compares
exact float64 numbers. Both implementations share only the value tables of the elements.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite, isnan, nan

import numpy as np
from reference.number_formats import (
    ALL,
    Float,
    Int,
    Value,
    floor_log2,
    from_float,
    real,
    to_float,
)

FP32 = ALL["fp32"]
MAX32 = FP32.max


@dataclass(frozen=True)
class Levels:
    """A sorted list of values; a code is an index into `order`. Ties go to the even code."""

    values: tuple[float, ...]
    order: tuple[int, ...]
    variant = "finite"

    @property
    def max(self):
        return Fraction(max(self.values))

    def decode(self, code):
        return real(Fraction(self.values[self.order.index(code)]))

    def encode(self, value, rounding="rne", overflow="saturate"):
        if value.special == "nan":
            return self.order[self.values.index(0.0)]
        if value.special == "inf":
            return self.order[0 if value.negative else -1]
        keyed = [
            (abs(Fraction(level) - value.number), code % 2, code)
            for level, code in zip(self.values, self.order, strict=True)
        ]
        return min(keyed)[2]


NF4 = Levels(
    (
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
        -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
        0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
        0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
    ),
    tuple(range(16)),
)  # fmt: skip
#: 00 = 0, 01 = +1, 11 = -1.
TERNARY = Levels((-1.0, 0.0, 1.0), (3, 0, 1))


def largest(f):
    return Fraction(f.high, 2**f.fraction) if isinstance(f, Int) else f.max


def has_nan(f):
    return isinstance(f, Float) and f.variant not in ("finite",)


def has_inf_or_nan(f):
    return isinstance(f, Float) and f.variant in ("ieee", "fn", "fnuz", "extended")


def precision(f):
    return f.M + 1 if isinstance(f, Float) else f.width - f.signed


@dataclass(frozen=True)
class Block:
    """Encodes and decodes one block at a time.

    The caller finds the scale and the largest magnitude of the tensor beforehand.
    """

    element: Float | Int | Levels
    block: int | None
    scale: Float
    rule: str
    two_level: bool = False

    def tensor_scale(self, x: list[float]) -> Fraction:
        if not self.two_level:
            return Fraction(1)
        amax = self.amax(x)
        if amax == 0:
            return Fraction(1)
        top = largest(self.element) * self.scale.max
        return min(max(f32(amax / top), Fraction(1, 2**149)), MAX32)

    def amax(self, x):
        if self.rule == "nv":
            x = [to32(v) for v in x]
        return max((abs(Fraction(v)) for v in x if isfinite(v)), default=Fraction(0))

    def encode(self, x: list[float], tensor: Fraction = Fraction(1), tensor_amax=None):
        """The scale code and the element codes."""
        if self.rule == "nv":
            x = [to32(v) for v in x]
        amax = self.amax(x)
        scale = self._scale(x, amax, tensor, tensor_amax) if amax else 0
        cannot_say = [
            v for v in x
            if (isnan(v) and not has_nan(self.element))
            or (abs(v) == inf and not has_inf_or_nan(self.element))
        ]  # fmt: skip
        if cannot_say and has_nan(self.scale):
            scale = self.scale.canonical_nan
        return scale, [self._element(v, self.scale.decode(scale), tensor) for v in x]

    def decode(self, scale: int, codes: list[int], tensor: Fraction = Fraction(1)) -> list[float]:
        s = self.scale.decode(scale)
        values = [self.element.decode(code) for code in codes]
        if s.special:
            return [nan for _ in values]
        return [
            to_float(v) if v.special else to_float(scaled(v, s.magnitude * tensor)) for v in values
        ]

    def _scale(self, x, amax, tensor, tensor_amax) -> int:
        q = largest(self.element)
        match self.rule:
            case "floor":
                return self._power_of_two(floor_log2(amax) - floor_log2(q))
            case "ceil":
                n = floor_log2(amax) - floor_log2(q) - 1
                while q * Fraction(2) ** n < amax:
                    n += 1
                return self._power_of_two(n)
            case "even":
                unit = Fraction(2) ** (floor_log2(amax) - precision(self.element) + 1)
                return self._power_of_two(floor_log2(round(amax / unit) * unit) - floor_log2(q))
            case "amax":
                return self.scale.encode(real(amax / q / tensor))
            case "absmean":
                return self.scale.encode(
                    real(sum(abs(Fraction(v)) for v in x if isfinite(v)) / len(x))
                )
            case "nv":
                encode = min(f32(q * self.scale.max / tensor_amax), MAX32)
                exact = f32(f32(amax / q) * encode)
                return self.scale.encode(real(min(exact, self.scale.max)))
        raise AssertionError(self.rule)

    def _power_of_two(self, n: int) -> int:
        smallest = next(v for code in range(3) if (v := self.scale.decode(code).magnitude) > 0)
        n = min(max(n, floor_log2(smallest)), floor_log2(self.scale.max))
        return self.scale.encode(real(Fraction(2) ** n))

    def _element(self, v: float, scale: Value, tensor: Fraction) -> int:
        value = from_float(v)
        if scale.special:
            return self.element.encode(Value(value.negative))
        if value.special:
            return self.element.encode(value, "rne", "propagate")
        s = scale.magnitude * tensor
        if self.rule == "nv":
            inverse = min(f32(1 / f32(s)), MAX32) if f32(s) else MAX32
            value = Value(value.negative, min(f32(value.magnitude * inverse), MAX32))
        elif s == 0:
            value = Value(value.negative)
        else:
            value = Value(value.negative, value.magnitude / s)
        return self.element.encode(value, "rne", "propagate")


def scaled(v: Value, factor: Fraction) -> Value:
    return Value(v.negative, v.magnitude * factor)


def f32(x: Fraction) -> Fraction:
    """The nearest float32. A number beyond the largest float32 becomes a still larger number."""
    code = FP32.encode(real(x), "rne", "ieee")
    value = FP32.decode(code)
    return 2 * MAX32 if value.special else value.magnitude


def to32(v: float) -> float:
    return to_float(FP32.decode(FP32.encode(from_float(v), "rne", "ieee")))


def _named():
    e8m0, ue4m3, fp32 = ALL["e8m0"], ALL["ue4m3"], ALL["fp32"]
    e2m1 = ALL["e2m1fn"]
    return {
        "mxfp8_e4m3": Block(ALL["e4m3fn"], 32, e8m0, "floor"),
        "mxfp8_e5m2": Block(ALL["e5m2"], 32, e8m0, "floor"),
        "mxfp6_e3m2": Block(ALL["e3m2fn"], 32, e8m0, "floor"),
        "mxfp6_e2m3": Block(ALL["e2m3fn"], 32, e8m0, "floor"),
        "mxfp4": Block(e2m1, 32, e8m0, "floor"),
        "mxint8": Block(Int(8, 6), 32, e8m0, "floor"),
        "mxint6": Block(Int(6, symmetric=True), 32, e8m0, "floor"),
        "mxint4": Block(Int(4, symmetric=True), 32, e8m0, "floor"),
        "nvfp4": Block(e2m1, 16, ue4m3, "nv", True),
        "nvint4": Block(Int(4, symmetric=True), 16, ue4m3, "nv", True),
        "fp4_ue5m3": Block(e2m1, 16, ALL["ue5m3"], "amax"),
        "fp4_ue5m3fn": Block(e2m1, 16, ALL["ue5m3fn"], "amax"),
        # A sign, and a magnitude of 3 or 7 bits with one bit before the binary point.
        "msfp12": Block(Int(4, 2, symmetric=True), 16, e8m0, "floor"),
        "msfp16": Block(Int(8, 6, symmetric=True), 16, e8m0, "floor"),
        "dfp8": Block(Int(8), None, e8m0, "floor"),
        "dfp16": Block(Int(16), None, e8m0, "floor"),
        "nf4_b64": Block(NF4, 64, fp32, "amax"),
    }


NAMED = _named()
#: Other compositions and rules. The keys are their text forms.
COMPOSED = {
    "mxfp4:ceil": Block(ALL["e2m1fn"], 32, ALL["e8m0"], "ceil"),
    "mxfp8_e4m3:ceil": Block(ALL["e4m3fn"], 32, ALL["e8m0"], "ceil"),
    "mxint8:ceil": Block(Int(8, 6), 32, ALL["e8m0"], "ceil"),
    "mxfp4:even": Block(ALL["e2m1fn"], 32, ALL["e8m0"], "even"),
    "mxfp6_e2m3:even": Block(ALL["e2m3fn"], 32, ALL["e8m0"], "even"),
    "mxint4:even": Block(Int(4, symmetric=True), 32, ALL["e8m0"], "even"),
    "mxfp4:amax": Block(ALL["e2m1fn"], 32, ALL["e8m0"], "amax"),
    "block:e2m1fn:8:ue4m3:floor": Block(ALL["e2m1fn"], 8, ALL["ue4m3"], "floor"),
    "block:e2m1fn:16:ue4m3": Block(ALL["e2m1fn"], 16, ALL["ue4m3"], "amax"),
    "block:e2m1fn:16:ue4m3:amax:fp32": Block(ALL["e2m1fn"], 16, ALL["ue4m3"], "amax", True),
    "block:e5m2:16:ue4m3": Block(ALL["e5m2"], 16, ALL["ue4m3"], "amax"),
    "block:int8_sym:16:fp16": Block(Int(8, symmetric=True), 16, ALL["fp16"], "amax"),
    "block:e4m3fn:tensor:fp32": Block(ALL["e4m3fn"], None, ALL["fp32"], "amax"),
    "block:int8:20:bf16:ceil": Block(Int(8), 20, ALL["bf16"], "ceil"),
    "block:nf4:64:fp16:amax": Block(NF4, 64, ALL["fp16"], "amax"),
    "block:ternary:tensor:fp32:absmean": Block(TERNARY, None, ALL["fp32"], "absmean"),
    "block:ternary:16:bf16:absmean": Block(TERNARY, 16, ALL["bf16"], "absmean"),
}


# --- a vectorised implementation ---------------------------------------------------------------


def twin(reference: Block, x: np.ndarray) -> np.ndarray:
    """Quantised values of finite float32 `x`, shape (blocks, block size).

    The rules floor, amax and nv are implemented.
    """
    if isinstance(reference.element, Levels):
        return _signed_twin(reference, x)
    levels, even = _magnitude_levels(reference.element)
    q, size = float(largest(reference.element)), np.abs(x.astype(np.float64))
    amax = size.max(axis=1, keepdims=True)
    middle = (levels[1:] + levels[:-1]) / 2
    if reference.rule == "floor":
        shift = np.frexp(amax)[1] - np.frexp(q)[1]
        scale = np.ldexp(1.0, np.clip(shift, -127, 127))
        index = _nearest(middle, even, size / scale)
        index -= (levels[index] > q) & (x > 0)  # the most negative integer has no opposite
    elif reference.rule == "amax":
        scale = _round_scale(reference.scale, amax / q)
        index = np.zeros(x.shape, int)
        for k, m in enumerate(middle):  # middle * scale is exact, a quotient is not
            index += (size > m * scale) | ((size == m * scale) & (not even[k]))
    else:
        tensor, q32, s32 = amax.max().astype("f4"), np.float32(q), np.float32(reference.scale.max)
        t = tensor / (q32 * s32)
        s = amax.astype("f4") / q32 * (q32 * s32 / tensor)
        s8 = _round_scale(reference.scale, s.astype(float)).astype("f4")
        with np.errstate(divide="ignore"):
            inverse = np.minimum(np.float32(1) / (s8 * t), np.finfo("f4").max)
        scaled_values = np.minimum(size.astype("f4") * inverse, q32).astype(float)
        index = _nearest(middle, even, scaled_values)
        scale = s8.astype(float) * float(t)
    return np.where(np.signbit(x), -1.0, 1.0) * levels[index] * scale


def _signed_twin(reference, x):
    levels = np.array(reference.element.values)
    exact = x.astype(np.float64)
    scale = _round_scale(reference.scale, np.abs(exact).max(axis=1, keepdims=True) / levels[-1])
    index = np.zeros(x.shape, int)
    for k, m in enumerate((levels[1:] + levels[:-1]) / 2):
        index += (exact > m * scale) | ((exact == m * scale) & (k % 2 == 1))
    return levels[index] * scale


def _magnitude_levels(element):
    """All magnitudes, and whether each magnitude wins a tie with the next one."""
    if isinstance(element, Int):
        levels = np.arange(max(element.high, -element.low) + 1) / 2.0**element.fraction
    else:
        codes = range(element.max_code + 1)
        levels = np.array([float(element.decode(code).magnitude) for code in codes])
    return levels, [k % 2 == 0 for k in range(len(levels))]


def _nearest(middle, even, y):
    below, reached = np.searchsorted(middle, y, "left"), np.searchsorted(middle, y, "right")
    return np.where(below == reached, below, np.where(np.array(even)[below], below, reached))


def _round_scale(scale, exact):
    """Round to nearest even in the list of all scales; no quotient here is nearly a tie."""
    if scale == FP32:
        return exact.astype("f4").astype(float)
    levels = np.array([float(scale.decode(code).magnitude) for code in range(scale.max_code + 1)])
    middle = (levels[1:] + levels[:-1]) / 2
    return levels[_nearest(middle, [k % 2 == 0 for k in range(len(levels))], exact)]
