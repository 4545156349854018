"""Signal-to-quantisation-noise ratio of a format on data of a known distribution.

Data x has standard deviation 1 and becomes s * Q(x / s). The scale s is chosen for the least mean
square error. The reported sigma = 1 / s is the standard deviation of the data in units of the
format's 1.0. Block formats choose their scales themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from hwdse.characterize.distributions import Distribution
from hwdse.characterize.values import (
    Floats,
    decision_points,
    levels,
    log2,
    quantized,
    quantizer_by_table,
)
from hwdse.errors import FormatError
from hwdse.formats import BlockSize, Format, Quantizer

#: For formats of up to this many bits, the noise is integrated level by level.
CLOSED_FORM_BITS = 12
#: For formats of up to this many bits, a table rounds the samples.
TABLE_BITS = 16
#: Samples of the Monte Carlo method: for the result, for the scan of scales, for the refinement.
SAMPLES, _SCAN_SAMPLES, _REFINE_SAMPLES = 1 << 20, 1 << 11, 1 << 14
SEED = 20240229
#: Shape of the matrix for block formats, which are blocked along its rows. For larger blocks, the
#: matrix has about as many values in another shape.
BLOCK_SHAPE = (512, 512)

# Scales per octave (closed form, sampled), the width of the scanned window and the margin at each
# end of it, in octaves. A format with more octaves than the window repeats itself from octave to
# octave around 1.0, or has its best scale there.
_STEPS_CLOSED, _STEPS_SAMPLED = 16, 2
_WINDOW, _MARGIN = 64.0, 3.0
# Levels more than this many octaves (log2) outside the window of scales see no data.
_UNSEEN = 140.0
# Scales within this many dB of the best scale count as equally good. The scale nearest to 1 wins.
_EQUAL_DB = 0.002
_DB_PER_E = 10 / float(np.log(10))


@dataclass(frozen=True, kw_only=True)
class Sqnr:
    """SQNR of a format at its best scale, or of a block format.

    Attributes:
        format: name of the format.
        distribution: name of the distribution.
        decibels: 10 log10(E[x^2] / E[(s Q(x/s) - x)^2]).
        sigma: standard deviation of the data in units of the format's 1.0; None for block formats.
        clip_sigma: largest value of the format, in standard deviations of the data; None for block
            formats, or if float64 cannot hold it.
        method: `closed form` or `Monte Carlo`.
        standard_error_db: standard error of `decibels`; 0 for the closed form.
        samples: number of random numbers; 0 for the closed form.
    """

    format: str
    distribution: str
    decibels: float
    sigma: float | None
    clip_sigma: float | None
    method: str
    standard_error_db: float = 0.0
    samples: int = 0


def sqnr(number_format: Format, distribution: Distribution) -> Sqnr:
    """SQNR of a signed format at its best scale, on data of both signs.

    For up to 12 bits, the noise has a closed form: the sum over all levels v of the integral of
    (x - v)^2 p(x) between the decision points on both sides of v. Wider formats are sampled between
    their outermost values, with a fixed seed. The clipping error beyond the outermost values is
    again in closed form.

    Raises:
        FormatError: the format is unsigned.
    """
    if not number_format.signed:
        raise FormatError(f"{number_format.name} is unsigned: it has no SQNR on data of both signs")
    if number_format.bits <= CLOSED_FORM_BITS:
        noise = closed_form_noise(number_format, distribution)
        best = _best(noise, noise, _window(number_format), _STEPS_CLOSED)
        power, error, samples = noise(best), 0.0, 0
    else:
        generator = np.random.Generator(np.random.PCG64(SEED))
        x = distribution.sample(generator, SAMPLES)
        best = _best(
            _sampled(number_format, distribution, x[:_SCAN_SAMPLES]),
            _sampled(number_format, distribution, x[:_REFINE_SAMPLES]),
            _window(number_format),
            _STEPS_SAMPLED,
        )
        power, deviation = sampled_noise(number_format, distribution, x, float(np.exp2(best)))
        error, samples = _DB_PER_E * deviation / power, SAMPLES
    clip = log2(number_format.max) - best
    return Sqnr(
        format=number_format.name,
        distribution=distribution.name,
        decibels=-10 * float(np.log10(power)),
        sigma=float(np.exp2(best)),
        clip_sigma=float(np.exp2(clip)) if clip < 1023 else None,
        method="Monte Carlo" if samples else "closed form",
        standard_error_db=error,
        samples=samples,
    )


def block_sqnr(quantizer: Quantizer, distribution: Distribution) -> Sqnr:
    """SQNR of a block format on a matrix of independent random numbers, with a fixed seed.

    The standard error describes the mean over rows. It does not include the effect that the largest
    value of the whole matrix has on a tensor scale.
    """
    generator = np.random.Generator(np.random.PCG64(SEED))
    x = distribution.sample(generator, _matrix(quantizer.block))
    noise = np.mean((quantizer.quantize(x, axis=-1) - x) ** 2, axis=-1)
    signal = np.mean(x**2, axis=-1)
    ratio = float(noise.mean() / signal.mean())
    # Standard error of a ratio of two means, to first order.
    deviation = float(np.std(noise - ratio * signal) / (np.sqrt(noise.size) * noise.mean()))
    return Sqnr(
        format=quantizer.name,
        distribution=distribution.name,
        decibels=-10 * float(np.log10(ratio)),
        sigma=None,
        clip_sigma=None,
        method="Monte Carlo",
        standard_error_db=_DB_PER_E * deviation,
        samples=x.size,
    )


def _matrix(block: BlockSize) -> tuple[int, int]:
    """Rows and columns of a matrix that can hold a whole block."""
    rows, columns = BLOCK_SHAPE
    long, high = block.columns or 1, block.rows
    if long > columns:
        return max(rows * columns // long, high), long
    if high > rows:
        return high, max(rows * columns // high, long)
    return rows, columns


def _window(number_format: Format) -> tuple[float, float]:
    """Range of log2(sigma) to scan."""
    low, high = log2(number_format.min_subnormal), log2(number_format.max)
    if high - low > _WINDOW:
        middle = float(np.clip(0.0, low + _WINDOW / 2, high - _WINDOW / 2))
        low, high = middle - _WINDOW / 2, middle + _WINDOW / 2
    return low - _MARGIN, high + _MARGIN


def closed_form_noise(
    number_format: Format, distribution: Distribution
) -> Callable[[float], float]:
    """E[(Q(sigma x)/sigma - x)^2] as a function of log2(sigma), summed level by level."""
    low, high = _window(number_format)
    values = levels(number_format, float(np.exp2(low - _UNSEEN)), float(np.exp2(high + _UNSEEN)))
    points = decision_points(number_format, values)
    sides = (_side(values, points), _side(-values[::-1], -points[::-1]))

    def noise(log2_sigma: float) -> float:
        scale = np.exp2(-log2_sigma)
        return sum(_side_noise(distribution, v * scale, t * scale) for v, t in sides)

    return noise


def _side(values: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Levels that positive numbers round to, and the lower edge of each level's cell."""
    first = int(np.searchsorted(points, 0.0, side="right"))
    return values[first:], np.concatenate([[0.0], points[first:]])


def _side_noise(distribution: Distribution, values: Floats, edges: Floats) -> float:
    moments = [-np.diff(tail, append=0.0) for tail in distribution.tails(edges)]
    return float(np.sum(moments[2] - 2 * values * moments[1] + values**2 * moments[0]))


def sampled_noise(
    number_format: Format, distribution: Distribution, x: Floats, sigma: float
) -> tuple[float, float]:
    """E[(Q(sigma x)/sigma - x)^2] and its standard error.

    Beyond the outermost values, an integral over the tail replaces the samples.
    """
    y = x * sigma
    # No data lies beyond _UNSEEN. The limit also keeps the square below within float64.
    ends = np.exp2(
        [
            min(log2(end) - float(np.log2(sigma)), _UNSEEN)
            for end in (number_format.max, -number_format.min)
        ]
    )
    inside = (x < ends[0]) & (x > -ends[1])
    rounded = np.zeros_like(y)
    rounded[inside] = _quantizer(number_format)(y[inside])
    noise = np.where(inside, (rounded - y) / sigma, 0.0) ** 2
    tails = distribution.tails(ends)
    clipping = float(np.sum(tails[2] - 2 * ends * tails[1] + ends**2 * tails[0]))
    return float(noise.mean()) + clipping, float(noise.std() / np.sqrt(x.size))


def _quantizer(number_format: Format) -> Callable[[Floats], Floats]:
    if number_format.bits <= TABLE_BITS:
        return quantizer_by_table(number_format)
    return lambda x: quantized(number_format, x)


def _sampled(
    number_format: Format, distribution: Distribution, x: Floats
) -> Callable[[float], float]:
    return lambda log2_sigma: sampled_noise(
        number_format, distribution, x, float(np.exp2(log2_sigma))
    )[0]


def _best(
    scanned: Callable[[float], float],
    refined: Callable[[float], float],
    window: tuple[float, float],
    steps: int,
) -> float:
    """log2(sigma) with the least noise."""
    low, high = window
    grid = np.arange(np.floor(low * steps), np.ceil(high * steps) + 1) / steps
    decibels = 10 * np.log10([scanned(float(position)) for position in grid])
    equal = grid[decibels <= decibels.min() + _EQUAL_DB]
    start = float(equal[np.argmin(np.abs(equal))])
    found = optimize.minimize_scalar(
        lambda position: np.log(refined(position)),
        bounds=(start - 1 / steps, start + 1 / steps),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(found.x) if refined(float(found.x)) < refined(start) else start
