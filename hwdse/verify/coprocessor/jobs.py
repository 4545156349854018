"""Random jobs of a co-processor: ragged shapes, several tiles of each side, errors of all kinds."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.spec import Axi, Design
from hwdse.spec.coprocessor import PARAMETER_BYTES, element_bytes
from hwdse.verify.coprocessor.job import Job, Place
from hwdse.verify.stimulus.operands import any_codes, finite_codes

#: Words that random jobs read and write, about. They take some ten seconds, and some minutes.
WORDS = {"quick": 1000, "full": 15000}
#: Jobs lie one after another in a window of this many bytes, anywhere in memory.
_SPAN = 1 << 16
_HALF = 1 << (8 * PARAMETER_BYTES - 1)


def jobs(bus: Axi, design: Design, level: str, seed: int) -> Iterator[Job]:
    """Jobs of all kinds, and one after each in which memory refuses something."""
    rng = np.random.default_rng(seed)
    array, chunk = bus.array(design), bus.chunk(design)
    rows, cols = array.rows, array.cols
    yield from _edges(bus, design, rng)
    left = WORDS[level]
    while left > 0:
        longest = int(rng.choice([8, chunk, 3 * chunk]))
        most = (3 * rows + 1, 3 * cols + 1, longest)
        random = job(bus, design, rng, "random shape", *(int(rng.integers(1, s + 1)) for s in most))
        left -= random.accesses(bus, design)
        yield random
    for bad in failing(bus, design, rng):
        yield bad
        if bad.error in ("read", "write"):
            yield job(bus, design, rng, "after an error", rows, 1, 3)


def _edges(bus: Axi, design: Design, rng: np.random.Generator) -> Iterator[Job]:
    """Shapes at the edges of tiles and buffers."""
    array, chunk = bus.array(design), bus.chunk(design)
    rows, cols = array.rows, array.cols
    yield job(bus, design, rng, "one product", 1, 1, 1)
    yield job(bus, design, rng, "one tile", rows, cols, min(chunk, 16))
    yield job(bus, design, rng, "a whole buffer", 1, 1, chunk)
    yield job(bus, design, rng, "one term more", 2, 1, chunk + 1)
    yield job(bus, design, rng, "one row and column more", rows + 1, cols + 1, 3)
    yield job(bus, design, rng, "single terms", 2 * rows, 2 * cols + 1, 1)
    repeated = job(bus, design, rng, "one row again and again", rows + 1, 2, 9)
    yield replace(
        repeated,
        a=np.broadcast_to(repeated.a[0], repeated.a.shape),
        places={**repeated.places, "a": replace(repeated.places["a"], stride=0)},
    )


def failing(bus: Axi, design: Design, rng: np.random.Generator) -> Iterator[Job]:
    """A job for each error."""
    array, chunk = bus.array(design), bus.chunk(design)
    shape = array.rows + 1, array.cols + 1, chunk + 1

    def plain(purpose: str) -> Job:
        return job(bus, design, rng, purpose, *shape)

    for name in ("m", "n", "k"):
        yield replace(plain("no size"), call={name: 0}, error="shape")
    for name in ("a", "w", "r"):
        bad = plain("misaligned")
        place = bad.places[name]
        off = int(rng.integers(1, bus.word_bytes))
        yield replace(bad, call={name: place.address + off}, error="alignment")
        stride = place.stride + off
        yield replace(bad, call={f"{name}_stride": stride}, error="alignment")
    # The last word of A comes after terms have been fed: the array is left with unfinished sums.
    for name in ("a", "w", "bias", "scales") if bus.has_output_stage(design) else ("a", "w"):
        bad = plain("refused read")
        while name not in bad.places:
            bad = plain("refused read")
        address = bad.places[name].address
        if name == "a":
            end = shape[2] * element_bytes(design.a) - 1
            address += (shape[0] - 1) * bad.places["a"].stride
            address += end - end % bus.word_bytes
        yield replace(bad, faults=(("read", address),), error="read")
    bad = plain("refused write")
    place = bad.places["r"]
    row = int(rng.integers(0, len(bad.a)))
    address = place.address + row * place.stride
    yield replace(bad, faults=(("write", address),), error="write")


def job(  # noqa: PLR0917 - the shape
    bus: Axi, design: Design, rng: np.random.Generator, purpose: str, m: int, n: int, k: int
) -> Job:
    """A random job of a shape."""
    a, w = _codes(design.a, rng, (m, k)), _codes(design.b, rng, (n, k))
    bias: Array | None = None
    scales: Array | None = None
    scale, shift = 1, 0
    if bus.has_output_stage(design):
        # Results of all sizes: sums, scaled or not, come near the range of the output format.
        bits = bus.inside(design).out.bits
        shift = (0, int(rng.integers(1, bits)), int(rng.integers(0, 64)))[rng.integers(3)]
        largest = min(1 << max(shift - int(rng.integers(0, bits)), 1), _HALF - 1)
        if rng.random() < 0.7:
            bias = _numbers(rng, 1 << int(rng.integers(1, 32)), n)
        if rng.random() < 0.7:
            scales = _numbers(rng, largest, n)
        if rng.random() < 0.5:
            scale = int(rng.integers(-largest, largest))
    sizes = {
        "a": (m, k * element_bytes(design.a)),
        "w": (n, k * element_bytes(design.b)),
        "r": (m, n * element_bytes(design.out)),
        **{
            name: (1, n * PARAMETER_BYTES)
            for name, numbers in {"bias": bias, "scales": scales}.items()
            if numbers is not None
        },
    }
    return Job(
        purpose=purpose,
        a=a,
        w=w,
        places=_placed(bus, rng, sizes),
        scale=scale,
        shift=shift,
        bias=bias,
        scales=scales,
    )


def _placed(
    bus: Axi, rng: np.random.Generator, sizes: dict[str, tuple[int, int]]
) -> dict[str, Place]:
    """Places for matrices of so many rows and bytes in a row: apart, in any order, anywhere.

    Addresses lie near the end of a page of 4 KiB, or of 4 GiB, more often than by chance.
    """
    word = bus.word_bytes
    page_bits = int(rng.choice([12, 32]))
    page = int(rng.integers(1, 1 << (64 - page_bits))) << page_bits
    at = (page - int(rng.integers(0, 64)) * word) % (1 << 64)
    places = {}
    for name in rng.permutation(list(sizes)).tolist():
        rows, length = sizes[name]
        stride = (-(-length // word) + int(rng.integers(0, 4))) * word
        if at + rows * stride + _SPAN > 1 << 64:
            at = int(rng.integers(1, 1 << 20)) * word
        places[name] = Place(address=at, stride=stride)
        at += rows * stride + int(rng.integers(0, 40)) * word
    return places


def _codes(number_format: Format, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Finite numbers, or now and then any codes."""
    draw = any_codes if rng.random() < 0.2 else finite_codes
    return draw(number_format, rng, shape)


def _numbers(rng: np.random.Generator, largest: int, count: int) -> Array:
    """Whole numbers of both signs, up to `largest`, as Python integers."""
    limit = min(largest, _HALF)
    return rng.integers(-limit, limit, count).astype(object)
