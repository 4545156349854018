"""Encode, decode and quantize whole arrays: argument checks, result types, parts and threads."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats import STOCHASTIC_ROUNDINGS, Format, RandomBits, Unpacked
from hwdse.formats.base import TABLE_BITS
from hwdse.formats.rounding import check_overflow, check_rounding
from hwdse.jit import compiled
from hwdse.kernels.codec.kernel import Kernel, Loop, value_dtype, value_table
from hwdse.kernels.codec.select import kernel_of
from hwdse.kernels.codec.stochastic import stochastic_loop
from hwdse.kernels.codec.wide import wide_decoder
from hwdse.threads import in_parts

Array = npt.NDArray[Any]
#: Fills a part of the output from a part of the input; the third argument is the first element.
Step = Callable[[Array, Array, int], None]

#: Elements per step without a compiled loop, to limit its memory.
_CHUNK = 1 << 16
_NATIVE = np.dtype(np.float32)
#: Types whose values all fit float32.
_NARROW = tuple(map(np.dtype, (np.float16, np.int8, np.uint8, np.int16, np.uint16, np.bool_)))


def encode(
    number_format: Format,
    x: npt.ArrayLike,
    rounding: str | None = None,
    overflow: str = "saturate",
    random: RandomBits | None = None,
    *,
    out: Array | None = None,
    threads: int = 1,
) -> Array:
    """Codes of real numbers of any shape: the same bits as `number_format.encode`.

    The speed depends on the format, the input and the rounding:

    * At memory speed: float32 and narrower input with rounding `rne` and overflow `saturate` or
      `ieee`, to binary floats (except E8M0 and P3109 of precision 1), to fixed point of up to 22
      bits, and to posits whose range float32 holds without subnormals.
    * Some hundred million values per second: float32 and narrower input to all other formats of up
      to 16 bits, with every deterministic rounding and every overflow except `wrap`. The first call
      takes up to some seconds, because it searches for the places where the codes change.
    * Compiled: stochastic roundings of float32 and narrower input to binary floats and fixed point,
      with overflow `saturate` or `ieee`.
    * Some million values per second: everything else. The format itself computes these codes.

    Args:
        number_format: the format.
        x: floats of up to 64 bits, or integers.
        rounding: one of `ROUNDINGS`; the default is the format's own rounding.
        overflow: one of `OVERFLOWS`.
        random: random bits; only stochastic rounding needs them.
        out: array to fill, C-contiguous, with the shape of `x` and the type `code_dtype`.
        threads: number of parts that are encoded at the same time.

    Returns:
        Codes of type `code_dtype` in the shape of `x`; `out` if given.

    Raises:
        FormatError: the rounding or overflow is unknown, or `x` or `out` is of the wrong kind.
        SpecError: `threads` is below one.
    """
    values = _real(x)
    rounding = _checked(number_format, rounding, overflow)
    codes = check_out(out, values.shape, number_format.code_dtype)
    step = _encode_step(number_format, values, rounding, overflow, random)
    _run(step, values, codes, threads)
    return codes


def quantize(
    number_format: Format,
    x: npt.ArrayLike,
    rounding: str | None = None,
    overflow: str = "saturate",
    random: RandomBits | None = None,
    *,
    out: Array | None = None,
    threads: int = 1,
) -> Array:
    """Values of the format after rounding: the same numbers as `number_format.quantize`.

    Arguments and speeds are as for `encode`. Cases at memory speed need one pass over the array.

    Args:
        number_format: the format.
        x: floats of up to 64 bits, or integers; any shape.
        rounding: one of `ROUNDINGS`; the default is the format's own rounding.
        overflow: one of `OVERFLOWS`.
        random: random bits; only stochastic rounding needs them.
        out: array to fill, C-contiguous, with the shape of `x` and the type of the result.
        threads: number of parts that are quantized at the same time.

    Returns:
        float32 if it holds every value of the format. If not: float64, or an object array of
        Fractions if float64 does not hold every value either. The shape of `x`; `out` if given.

    Raises:
        FormatError: the rounding or overflow is unknown, or `x` or `out` is of the wrong kind.
        SpecError: `threads` is below one.
    """
    values = _real(x)
    rounding = _checked(number_format, rounding, overflow)
    result = check_out(out, values.shape, value_dtype(number_format))
    kernel = _kernel(number_format, values, rounding, overflow)
    if kernel is not None and kernel.quantize is not None:
        _run(_loop_step(kernel.quantize), values, result, threads)
        return result
    to_codes = _encode_step(number_format, values, rounding, overflow, random)
    to_values = _decode_step(number_format)

    def step(source: Array, target: Array, at: int) -> None:
        for piece in _pieces(len(source)):
            codes = np.empty(piece.stop - piece.start, number_format.code_dtype)
            to_codes(source[piece], codes, at + piece.start)
            to_values(codes, target[piece], 0)

    _run(step, values, result, threads)
    return result


def decode(
    number_format: Format, codes: npt.ArrayLike, *, out: Array | None = None, threads: int = 1
) -> Array:
    """Values of codes of any shape: the same numbers as `number_format.decode`.

    Formats of up to 16 bits, binary floats and fixed point are fast if the codes have the type
    `code_dtype`.

    Args:
        number_format: the format.
        codes: integers.
        out: array to fill, C-contiguous, with the shape of `codes` and the type of the result.
        threads: number of parts that are decoded at the same time.

    Returns:
        float32 if it holds every value of the format. If not: float64, or an object array of
        Fractions if float64 does not hold every value either. The shape of `codes`; `out` if given.

    Raises:
        FormatError: the codes are not integers, a code is out of range, or `out` does not fit.
        SpecError: `threads` is below one.
    """
    array = np.asarray(codes)
    if array.dtype.kind not in "iu":
        array = number_format.check_codes(array)
    result = check_out(out, array.shape, value_dtype(number_format))
    _run(_decode_step(number_format), array, result, threads)
    return result


def _real(x: npt.ArrayLike) -> Array:
    values = np.asarray(x)
    if values.dtype.kind not in "fiub" or values.dtype.itemsize > 8:
        Unpacked.from_numbers(values.reshape(-1)[:0])  # raises the FormatError
    return values


def _checked(number_format: Format, rounding: str | None, overflow: str) -> str:
    rounding = number_format.default_rounding if rounding is None else rounding
    check_rounding(rounding)
    check_overflow(overflow)
    return rounding


def as_float32(values: Array) -> Array | None:
    """Contiguous float32 array of the same values; None if the type has values beyond float32."""
    return _float32(values) if _fits_float32(values.dtype) else None


def check_out(out: Array | None, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """The array to fill: `out`, or a new one.

    Raises:
        FormatError: `out` has another shape or type, or cannot be filled in place.
    """
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != dtype:
        given = (
            f"{out.dtype} of shape {out.shape}"
            if isinstance(out, np.ndarray)
            else type(out).__name__
        )
        raise FormatError(f"out is {given}: {dtype} of shape {shape} is needed")
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise FormatError("out is not C-contiguous and writeable")
    return out


def _kernel(number_format: Format, values: Array, rounding: str, overflow: str) -> Kernel | None:
    if rounding in STOCHASTIC_ROUNDINGS or not _fits_float32(values.dtype):
        return None
    return kernel_of(number_format, rounding, overflow)


def _fits_float32(dtype: np.dtype[Any]) -> bool:
    return dtype.newbyteorder("=") in (_NATIVE, *_NARROW)


def _encode_step(
    number_format: Format, values: Array, rounding: str, overflow: str, random: RandomBits | None
) -> Step:
    if rounding in STOCHASTIC_ROUNDINGS and random is not None:
        return _stochastic_step(number_format, values, rounding, overflow, random)
    kernel = _kernel(number_format, values, rounding, overflow)
    if kernel is not None:
        return _loop_step(kernel.encode)
    # Raise an error for wrong arguments, even if the array is empty.
    number_format.encode(values.reshape(-1)[:0], rounding, overflow, random)

    def step(source: Array, target: Array, at: int) -> None:
        del at
        for piece in _pieces(len(source)):
            target[piece] = number_format.encode(source[piece], rounding, overflow)

    return step


def _stochastic_step(
    number_format: Format, values: Array, rounding: str, overflow: str, random: RandomBits
) -> Step:
    given = np.asarray(random.values)
    try:
        bits = np.broadcast_to(given, values.shape).reshape(-1)
    except ValueError as error:
        raise FormatError(
            f"random bits of shape {given.shape} for values of shape {values.shape}"
        ) from error
    number_format.encode(np.zeros(0), rounding, overflow, replace(random, values=bits[:0]))
    loop = None
    if _fits_float32(values.dtype):
        loop = stochastic_loop(number_format, rounding, overflow, random.bits)

    def step(source: Array, target: Array, at: int) -> None:
        for piece in _pieces(len(source)):
            draw = bits[at + piece.start : at + piece.stop]
            if loop is not None:
                loop(_float32(source[piece]), draw.astype(np.int32), target[piece])
            else:
                some = replace(random, values=draw)
                target[piece] = number_format.encode(source[piece], rounding, overflow, some)

    return step


def _loop_step(loop: Loop) -> Step:
    def step(source: Array, target: Array, at: int) -> None:
        del at
        if source.dtype == _NATIVE:
            loop(source, target)
            return
        for piece in _pieces(len(source)):
            loop(_float32(source[piece]), target[piece])

    return step


def _decode_step(number_format: Format) -> Step:
    dtype = value_dtype(number_format)
    table = None
    if number_format.bits <= TABLE_BITS and dtype != np.dtype(object):
        table = value_table(number_format)
    wide = wide_decoder(number_format) if table is None else None
    largest = (1 << number_format.bits) - 1

    def step(source: Array, target: Array, at: int) -> None:
        del at
        if table is not None and source.dtype == number_format.code_dtype:
            if _look_up(source, table, target) >= len(table):
                number_format.check_codes(source)
            return
        if wide is not None and source.dtype == number_format.code_dtype:
            if largest < np.iinfo(source.dtype).max:
                number_format.check_codes(source[source > largest])
            wide(source, target)
            return
        for piece in _pieces(len(source)):
            target[piece] = number_format.decode(source[piece])

    return step


def _run(step: Step, source: Array, target: Array, threads: int) -> None:
    flat_source = np.ascontiguousarray(source).reshape(-1)
    flat_target = target.reshape(-1)

    def part_of(part: slice) -> None:
        step(flat_source[part], flat_target[part], part.start)

    in_parts(part_of, flat_source.size, threads)


def _pieces(size: int) -> Iterator[slice]:
    for at in range(0, size, _CHUNK):
        yield slice(at, min(at + _CHUNK, size))


def _float32(values: Array) -> Array:
    with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet NaN
        return np.ascontiguousarray(values, _NATIVE)


@compiled
def _look_up(codes: Array, table: Array, out: Array) -> Any:
    """Fill `out` and return all codes ORed; codes beyond the table give any value."""
    seen, mask = np.int64(0), np.int64(len(table) - 1)
    for i in range(codes.shape[0]):
        code = np.int64(codes[i])
        seen |= code
        out[i] = table[code & mask]
    return seen
