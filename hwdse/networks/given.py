"""Operands of a site that the network stores quantised: their codes in a design's formats.

The design gets the stored numbers themselves. A format of a design fits if it holds every number
exactly; the code of a number is then the stored code wherever the formats are the same. Integers
also fit the integers of a fixed-point format: its binary point is a factor of the scale.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.errors import SpecError
from hwdse.formats import FixedPoint, Format
from hwdse.networks.quantised import CodeKind, Stored
from hwdse.networks.scales import Codes, Scaling

Values = npt.NDArray[np.float64]


_EXACT = 1 << 24  # float32 holds all whole numbers up to this one


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenOperands:
    """The operands of one site that are quantised in the file.

    Stored tensors have the layout of the site: constants as (G, K, N), scales and zero points of a
    shape that broadcasts to it. Activations have one scale.

    Attributes:
        first: the first operand, or None if the file has it in floats.
        second: the second operand, or None.
    """

    first: Stored | None = None
    second: Stored | None = None


NOTHING = GivenOperands()


def activations(number_format: Format, which: str, stored: Stored) -> Scaling:
    """The scaling that brings activations back to their codes.

    Values of the network are (number - zero) * scale, rounded to float32. Dividing them and
    rounding to the format gives the number again: numbers are much farther apart than the error.

    Args:
        number_format: the design's format of the operand.
        which: key of the format in the spec, for messages.
        stored: the operand.

    Raises:
        SpecError: the format does not hold all numbers of the codes, or the scales are of a form
            that the arithmetic cannot apply.
    """
    if stored.source is not None:
        raise SpecError(
            f"{stored.node} quantises blocks of {stored.blocked} values of {stored.kind.name} at "
            f"run time, but {which}={number_format} has no blocks: a block format is needed"
        )
    if stored.scale is None:
        raise SpecError(f"{stored.node} takes its scale from the network's input: one that is "
                        "stored is needed")  # fmt: skip
    scale = np.unique(stored.scale * stored.factor)
    zero = np.unique(stored.zero)
    if len(scale) != 1 or len(zero) != 1:
        raise SpecError(
            f"{stored.node} quantises activations with {len(scale)} scales and {len(zero)} zero "
            "points: activations need one for the whole tensor"
        )
    _check_scale(stored, scale)
    _check_numbers(number_format, which, stored.kind.numbers, stored)
    point = _point(number_format, stored.kind)
    return Scaling(
        number_format=number_format,
        scale=scale.reshape(1, 1, 1) / point,
        limit=float(number_format.max),
        zero=float(zero[0]) * point,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """Constant operands of a site in a design's format.

    Attributes:
        codes: codes of shape (G, K, N).
        scale: real value of the format's 1.0, shape (G, S, N): one for each segment.
        zero: number of the code that stands for 0, shape (G, S, N).
        segments: parts of K in which the terms of a sum share scale and zero point.
    """

    codes: Codes
    scale: Values
    zero: Values
    segments: tuple[slice, ...]

    def scaling(self, number_format: Format) -> Scaling:
        """The scaling of all terms, with scales of shape (G, 1, N), or (G, K, N) if they differ."""
        lengths = [part.stop - part.start for part in self.segments]
        scale, zero = self.scale, self.zero
        if len(lengths) > 1:
            scale, zero = scale.repeat(lengths, axis=1), zero.repeat(lengths, axis=1)
        scale = np.where(scale == 0, 1.0, scale)  # real values are all 0 there
        limit = float(number_format.max)
        return Scaling(number_format=number_format, scale=scale, limit=limit, zero=zero)


def weights(number_format: Format, which: str, stored: Stored) -> Weights:
    """The codes of weights, and their scales and zero points by segments of K.

    Args:
        number_format: the design's format of the operand.
        which: key of the format in the spec, for messages.
        stored: the weights, in the layout of the site.

    Raises:
        SpecError: the format does not hold every stored number.
    """
    assert stored.values is not None
    assert stored.scale is not None
    _check_scale(stored, np.asarray(stored.scale * stored.factor), signed=True)
    _check_numbers(number_format, which, np.unique(stored.values), stored)
    if np.abs(stored.values).max(initial=0) > _EXACT:
        raise SpecError(f"{stored.node} stores {stored.kind.name} beyond 2^24: at most 16 bits are "
                        "allowed")  # fmt: skip
    shape = stored.values.shape
    point = _point(number_format, stored.kind)
    scale = np.broadcast_to(stored.scale * stored.factor, shape)
    zero = np.broadcast_to(stored.zero, shape)
    segments = _segments(scale, zero)
    starts = [part.start for part in segments]
    return Weights(
        codes=hwdse.kernels.encode(number_format, stored.values * np.float32(point)),
        scale=scale[:, starts] / point,
        zero=zero[:, starts] * point,
        segments=segments,
    )


def _segments(scale: Values, zero: Values) -> tuple[slice, ...]:
    """The longest parts of K in which neither scales nor zero points of any sum change."""
    changes = np.zeros(max(scale.shape[1] - 1, 0), bool)
    for numbers in (scale, zero):
        changes |= (np.diff(numbers, axis=1) != 0).any(axis=(0, 2))
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), scale.shape[1]]
    return tuple(slice(low, high) for low, high in itertools.pairwise(edges))


def exact_codes(
    number_format: Format, which: str, numbers: npt.NDArray[np.floating], stored: Stored
) -> Codes:
    """Codes of numbers of a stored operand, which the format must hold.

    Raises:
        SpecError: it does not hold one of them.
    """
    _check_numbers(number_format, which, np.unique(numbers), stored)
    point = _point(number_format, stored.kind)
    found: Codes = hwdse.kernels.encode(number_format, np.ascontiguousarray(numbers * point))
    return found


def point_of(number_format: Format, stored: Stored) -> float:
    """Factor from a stored whole number to that of a fixed-point format's code; else 1."""
    return _point(number_format, stored.kind)


def _point(number_format: Format, kind: CodeKind) -> float:
    if not isinstance(number_format, FixedPoint) or (kind.numbers != np.rint(kind.numbers)).any():
        return 1.0
    return math.ldexp(1.0, -number_format.fraction_bits)


def _check_numbers(number_format: Format, which: str, numbers: Values, stored: Stored) -> None:
    scaled = numbers.astype(np.float64) * _point(number_format, stored.kind)
    missing = numbers[np.asarray(hwdse.kernels.quantize(number_format, scaled)) != scaled]
    if len(missing):
        raise SpecError(
            f"{stored.node} stores {stored.kind.name}, but {which}={number_format} does not hold "
            f"its value {missing[np.abs(missing).argmax()]:g}: a design with {which} of the stored "
            "format is needed, or of one that holds all its values"
        )


def _check_scale(stored: Stored, scale: Values, *, signed: bool = False) -> None:
    """Refuse scales that are no numbers, and of activations also those of 0 and below.

    Weights may have any: onnxruntime gives the largest value of a block the code -8, with a scale
    of the other sign, and a block of zeros the scale 0.
    """
    wrong = scale[~(np.isfinite(scale) & (signed | (scale > 0)))]
    if wrong.size:
        allowed = "finite scales" if signed else "scales above 0"
        raise SpecError(f"{stored.node} has the scale {wrong[0]:g}: {allowed} are needed")
