"""The base class of all quantisers of arrays, the registry of their families, and helpers."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.blocks.blocking import Blocking, BlockSize
from hwdse.formats.blocks.exact import divide, magnitudes, real_numbers, times
from hwdse.formats.rounding import RandomBits
from hwdse.formats.unpacked import Array, Unpacked

#: Reads the name of an element format; raises FormatError if the name is unknown.
ElementParser = Callable[[str], Format]

_FIELDS = re.compile(r"(.+?):(tensor|(?:[0-9]{1,9}x)?[0-9]{1,9})((?::[^:]+)*)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantized:
    """A quantised array: all data that decoding needs.

    Attributes:
        codes: element codes, in the array's shape.
        scales: scale codes, one per block, of shape `blocking.counts` (except in families whose
            docstring says otherwise).
        blocking: how the array is split into blocks, and along which axis.
        tensor_scale: a factor of all values; 1 in families without a tensor scale.
        offsets: the offset of each block (zero points or offset codes); None in families without
            offsets.
    """

    codes: Array
    scales: Array
    blocking: Blocking
    tensor_scale: float = 1.0
    offsets: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Quantizer(ABC):
    """A rule that turns an array into codes that share scales.

    A family of quantisers is a subclass with a `family` text. Defining the subclass registers
    it, so that `formats.get` tries its `from_name`. `formats.parse` returns element formats only: a
    code of a quantiser has no meaning without its scale.

    The choice of scales ignores NaN and infinities. If the element format has NaN, NaN elements
    stay in place. Infinite values become the element format's infinity, or NaN without infinity. If
    the element format has no code for a special value, the scale becomes NaN, and so does the whole
    block (as OCP MX defines a NaN scale). If the scale format has no NaN either, NaN counts as zero
    and an infinity becomes the largest element.
    """

    families: ClassVar[list[type["Quantizer"]]] = []
    #: Name of the family in lists, and the publication that defines it.
    family: ClassVar[str] = ""
    source: ClassVar[str] = ""

    name: str = ""
    element: Format
    block: BlockSize

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # A base class that several families share has no `family` and is not registered.
        if "family" in vars(cls):
            Quantizer.families.append(cls)

    def __str__(self) -> str:
        return self.name

    @classmethod
    @abstractmethod
    def from_name(cls, text: str, parse: ElementParser) -> Self | None:
        """The quantiser of this family that `text` names; None if `text` names no such quantiser.

        Args:
            text: a name or a text form.
            parse: reads the names of element and scale formats.

        Raises:
            FormatError: a name of this family has impossible parameters.
        """

    @classmethod
    @abstractmethod
    def syntax(cls) -> str:
        """How the family writes its names, for error messages."""

    @property
    @abstractmethod
    def bits_per_element(self) -> float:
        """Bits of a code, plus its share of the block's scales.

        Scales count in whole bytes: for example, UE4M3's 7 bits are stored in 8. Data stored once
        per tensor does not count (a tensor scale, or the scale of a whole-tensor block). A short
        last block counts as full.
        """

    def encode(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        rounding: str | None = None,
        random: RandomBits | None = None,
    ) -> Quantized:
        """Codes and scales of an array.

        Args:
            x: floats of up to 64 bits, or integers; at least one axis. Empty arrays are allowed.
            axis: the axis along which values share a scale.
            rounding: one of `ROUNDINGS`, for elements; the default is the element format's own
                rounding. The scale rule defines the rounding of scales.
            random: random bits; only stochastic rounding needs them.

        Raises:
            FormatError: the values have another type, the axis does not exist, or the rounding is
                unknown.
        """
        values = real_numbers(x)
        return self._encode(values, self._blocking(values, axis), rounding, random)

    def _blocking(self, values: Array, axis: int) -> Blocking:
        return self.block.over(values.shape, axis)

    @abstractmethod
    def _encode(
        self, values: Array, blocking: Blocking, rounding: str | None, random: RandomBits | None
    ) -> Quantized:
        """Codes and scales of `real_numbers`; the body of `encode`."""

    @abstractmethod
    def decode(self, quantized: Quantized) -> npt.NDArray[np.float64]:
        """Values of an array: exact if they have 53 significant bits, else rounded to 53 bits."""

    def quantize(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        rounding: str | None = None,
        random: RandomBits | None = None,
    ) -> npt.NDArray[np.float64]:
        """decode(encode(x)); arguments and errors as for `encode`."""
        return self.decode(self.encode(x, axis, rounding, random))


def read_text(
    text: str, keyword: str, form: str, allowed: range
) -> tuple[str, BlockSize, list[str]] | None:
    """Element, block size and further fields of `{keyword}:{element}:{size}:...`.

    Returns None if the text begins with another keyword. An element's name may contain colons.
    `allowed` gives the allowed numbers of further fields.

    Raises:
        FormatError: the text has another form.
    """
    if not text.startswith(f"{keyword}:"):
        return None
    match = _FIELDS.fullmatch(text.removeprefix(f"{keyword}:"))
    further = match[3].split(":")[1:] if match else []
    if not match or len(further) not in allowed:
        raise FormatError(f"malformed text {text!r}: {form} is allowed")
    return match[1], BlockSize.parse(match[2]), further


def poisoned(values: Array, element: Format, blocking: Blocking) -> Array:
    """Which blocks of `real_numbers` hold a NaN or infinity that `element` has no code for."""
    lost = np.isnan(values) & (not element.has_nan)
    lost |= np.isinf(values) & (element.overflow_gives == "max")
    return np.asarray(blocking.split(lost).any(axis=-1))


def stored_bits(scale: Format) -> int:
    """Bits of a scale in memory: whole bytes."""
    return 8 * scale.code_dtype.itemsize


def scale_codes(scale: Format, exact: Unpacked, amax: Array, lost: Array) -> Array:
    """Codes of exact positive scales, rounded to nearest even and saturated.

    Blocks of zeros get code 0, whatever their exact scale is. `lost` blocks get NaN if the scale
    format has NaN.
    """
    codes = scale.pack(exact, "rne", "saturate")
    return special_scales(scale, codes, amax, lost)


def special_scales(scale: Format, codes: Array, amax: Array, lost: Array) -> Array:
    """Scale codes, with 0 for blocks of zeros and NaN (if it exists) for `lost` blocks."""
    codes = np.where(amax == 0, 0, codes)
    if scale.nan_code is not None:
        codes = np.where(lost, scale.nan_code, codes)
    return codes.astype(scale.code_dtype)


def element_codes(
    element: Format,
    values: Array,
    scale: Unpacked,
    rounding: str | None,
    random: RandomBits | None,
) -> Array:
    """Codes of `real_numbers` divided by their scales; each exact quotient is rounded once."""
    quotient = divide(Unpacked.from_numbers(values), scale)
    return element.pack(quotient, rounding, "propagate", random)


def scale_values(scale: Format, codes: Array, tensor_scale: float = 1.0) -> Unpacked:
    """Exact scales; NaN codes give NaN."""
    value = scale.unpack(np.asarray(codes).astype(np.int64))
    if tensor_scale == 1.0:
        return value
    # One axis: NumPy would take a record without axes for a scalar, and warn of its overflow.
    return times(value, Unpacked.from_numbers(np.array([tensor_scale])))


def take_blocks(record: Unpacked, blocking: Blocking) -> Unpacked:
    """Repeat one record per block for each value of the block."""
    return replace(record, **{name: blocking.spread(array) for name, array in vars(record).items()})


def product(elements: Array, scales: Array) -> npt.NDArray[np.float64]:
    """Products in float64; an infinite element times a zero scale stays infinite."""
    with np.errstate(all="ignore"):
        products = np.asarray(elements * scales, np.float64)
    return np.where(np.isinf(elements) & (scales == 0), elements, products)


def least_error(
    quantizer: Quantizer,
    values: Array,
    candidates: Iterable[Quantized],
    power: float = 2.0,
) -> Quantized:
    """For each block, the candidate with the least sum of |error|^power; the first one on a tie.

    Errors are measured in float64, relative to the block's largest value.
    """
    remaining = iter(candidates)
    chosen = next(remaining)
    least = None
    for candidate in remaining:
        if least is None:
            least = block_errors(values, quantizer.decode(chosen), chosen.blocking, power)
        error = block_errors(values, quantizer.decode(candidate), candidate.blocking, power)
        better = error < least
        least = np.where(better, error, least)
        chosen = replace(
            chosen,
            codes=np.where(chosen.blocking.spread(better), candidate.codes, chosen.codes),
            scales=np.where(better, candidate.scales, chosen.scales),
        )
    return chosen


def block_errors(values: Array, decoded: Array, blocking: Blocking, power: float) -> Array:
    """Sum of |error|^power of each block, in float64, relative to the block's largest value."""
    exact = blocking.split(values.astype(np.float64))
    amax = magnitudes(exact).max(axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        relative = np.abs(exact / amax - blocking.split(decoded) / amax)
    return np.asarray(np.sum(np.where(np.isfinite(relative), relative, 0) ** power, axis=-1))
