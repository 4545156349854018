"""What every quantiser of arrays provides, and how families of them make themselves known."""

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

#: Reads the name of an element format; FormatError if there is none.
ElementParser = Callable[[str], Format]

_FIELDS = re.compile(r"(.+?):(tensor|(?:[0-9]{1,9}x)?[0-9]{1,9})((?::[^:]+)*)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantized:
    """An array as it is stored: everything that decoding needs.

    Attributes:
        codes: element codes, in the array's shape.
        scales: scale codes, one a block: `blocking.counts` is their shape, but for families that
            say otherwise.
        blocking: how the array is cut into blocks, and along which axis.
        tensor_scale: a factor of all values; 1 where the family has none.
        offsets: what a family adds to each block (zero points, offset codes); None where it adds
            nothing.
    """

    codes: Array
    scales: Array
    blocking: Blocking
    tensor_scale: float = 1.0
    offsets: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Quantizer(ABC):
    """How an array becomes codes that share scales.

    A family of quantisers is a subclass with a `family`; defining it registers its `from_name`, so
    that `formats.get` knows it. `formats.parse` gives element formats only, since a code of a
    quantiser means nothing without its scale.

    NaN and infinities take no part in choosing scales. An element format that has NaN keeps them
    where they are: infinities become its infinity, or its NaN if it has none. Where the element
    format cannot say so, the scale becomes NaN and with it the whole block (as OCP MX defines a NaN
    scale). Where the scale format has no NaN either, NaN counts as zero and an infinity is the
    largest element.
    """

    families: ClassVar[list[type["Quantizer"]]] = []
    #: What the family is called in lists, and where it is defined.
    family: ClassVar[str] = ""
    source: ClassVar[str] = ""

    name: str = ""
    element: Format
    block: BlockSize

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # What several families share is no family itself.
        if "family" in vars(cls):
            Quantizer.families.append(cls)

    def __str__(self) -> str:
        return self.name

    @classmethod
    @abstractmethod
    def from_name(cls, text: str, parse: ElementParser) -> Self | None:
        """The quantiser that `text` names in this family; None if it names none.

        Args:
            text: a name or a text form.
            parse: reads the names of element and scale formats.

        Raises:
            FormatError: a name of this family with impossible parameters.
        """

    @classmethod
    @abstractmethod
    def syntax(cls) -> str:
        """The family's names in one phrase, for error messages."""

    @property
    @abstractmethod
    def bits_per_element(self) -> float:
        """Bits of a code and its share of the block's scales.

        Scales count in whole bytes, as UE4M3's 7 bits are stored in 8. What is stored once a tensor
        (a tensor scale, or the scale of a whole-tensor block) is not counted, and a last block is
        taken as full.
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
            x: floats up to 64 bits, or integers; at least one axis. Empty arrays are allowed.
            axis: the axis along which values share a scale.
            rounding: one of `ROUNDINGS`, for elements; by default the element format's own.
                Scales round as their rule says.
            random: random bits, for stochastic rounding only.

        Raises:
            FormatError: values of another type, no such axis, or an unknown rounding.
        """
        values = real_numbers(x)
        return self._encode(values, self._blocking(values, axis), rounding, random)

    def _blocking(self, values: Array, axis: int) -> Blocking:
        return self.block.over(values.shape, axis)

    @abstractmethod
    def _encode(
        self, values: Array, blocking: Blocking, rounding: str | None, random: RandomBits | None
    ) -> Quantized:
        """Codes and scales of `real_numbers`; what `encode` says."""

    @abstractmethod
    def decode(self, quantized: Quantized) -> npt.NDArray[np.float64]:
        """Values of an array: exact where they have 53 significant bits, else rounded to them."""

    def quantize(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        rounding: str | None = None,
        random: RandomBits | None = None,
    ) -> npt.NDArray[np.float64]:
        """decode(encode(x)); arguments and errors as `encode`."""
        return self.decode(self.encode(x, axis, rounding, random))


def read_text(
    text: str, keyword: str, form: str, allowed: range
) -> tuple[str, BlockSize, list[str]] | None:
    """Element, block size and further fields of `{keyword}:{element}:{size}:...`.

    None for another keyword. An element's name may have colons of its own; `allowed` are numbers of
    further fields.

    Raises:
        FormatError: a text that is not so made.
    """
    if not text.startswith(f"{keyword}:"):
        return None
    match = _FIELDS.fullmatch(text.removeprefix(f"{keyword}:"))
    further = match[3].split(":")[1:] if match else []
    if not match or len(further) not in allowed:
        raise FormatError(f"malformed text {text!r}: {form} is allowed")
    return match[1], BlockSize.parse(match[2]), further


def poisoned(values: Array, element: Format, blocking: Blocking) -> Array:
    """Blocks of `real_numbers` with a NaN or an infinity that `element` cannot say."""
    lost = np.isnan(values) & (not element.has_nan)
    lost |= np.isinf(values) & (element.overflow_gives == "max")
    return np.asarray(blocking.split(lost).any(axis=-1))


def stored_bits(scale: Format) -> int:
    """Bits that a scale takes in memory."""
    return 8 * scale.code_dtype.itemsize


def scale_codes(scale: Format, exact: Unpacked, amax: Array, lost: Array) -> Array:
    """Codes of exact positive scales: nearest even and saturating.

    Blocks of zeros have the smallest code, whatever their scale; `lost` ones have NaN where there
    is one.
    """
    codes = scale.pack(exact, "rne", "saturate")
    return special_scales(scale, codes, amax, lost)


def special_scales(scale: Format, codes: Array, amax: Array, lost: Array) -> Array:
    """Scale codes with those of blocks of zeros and of `lost` ones put in."""
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
    """Codes of `real_numbers` divided by their scales, rounded once from the exact quotients."""
    quotient = divide(Unpacked.from_numbers(values), scale)
    return element.pack(quotient, rounding, "propagate", random)


def scale_values(scale: Format, codes: Array, tensor_scale: float = 1.0) -> Unpacked:
    """Exact scales; NaN where the code is."""
    value = scale.unpack(np.asarray(codes).astype(np.int64))
    if tensor_scale == 1.0:
        return value
    return times(value, Unpacked.from_numbers(np.array(tensor_scale)))


def take_blocks(record: Unpacked, blocking: Blocking) -> Unpacked:
    """What is known of blocks, for each value."""
    return replace(record, **{name: blocking.spread(array) for name, array in vars(record).items()})


def product(elements: Array, scales: Array) -> npt.NDArray[np.float64]:
    """Products in float64; an infinite element is infinite on a scale of zero, too."""
    with np.errstate(all="ignore"):
        products = np.asarray(elements * scales, np.float64)
    return np.where(np.isinf(elements) & (scales == 0), elements, products)


def least_error(
    quantizer: Quantizer,
    values: Array,
    candidates: Iterable[Quantized],
    power: float = 2.0,
) -> Quantized:
    """Block by block the candidate with the least sum of |error|^power; the first one on a tie.

    Errors are measured in float64, relative to the block's largest value.
    """
    remaining = iter(candidates)
    chosen = next(remaining)
    least = None
    for candidate in remaining:
        if least is None:
            least = _block_errors(values, quantizer.decode(chosen), chosen.blocking, power)
        error = _block_errors(values, quantizer.decode(candidate), candidate.blocking, power)
        better = error < least
        least = np.where(better, error, least)
        chosen = replace(
            chosen,
            codes=np.where(chosen.blocking.spread(better), candidate.codes, chosen.codes),
            scales=np.where(better, candidate.scales, chosen.scales),
        )
    return chosen


def _block_errors(values: Array, decoded: Array, blocking: Blocking, power: float) -> Array:
    exact = blocking.split(values.astype(np.float64))
    amax = magnitudes(exact).max(axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        relative = np.abs(exact / amax - blocking.split(decoded) / amax)
    return np.asarray(np.sum(np.where(np.isfinite(relative), relative, 0) ** power, axis=-1))
