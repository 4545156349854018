"""Every block format against slow quantisers in fractions, and against a vectorised statement."""

import numpy as np
import pytest
from reference import blocks
from sampled import some

from hwdse import formats

ALL = blocks.NAMED | blocks.COMPOSED
INF, NAN = float("inf"), float("nan")


def adversarial(length: int) -> np.ndarray:
    """Blocks that are easily got wrong, one a row."""
    rng = np.random.default_rng(3)
    rows = [
        np.zeros(length),
        -np.zeros(length),
        np.eye(1, length)[0] * 5.7,
        -np.eye(1, length, length // 2)[0] * 3e-5,
        np.full(length, 2.0**-1074),
        rng.integers(0, 9, length) * 2.0**-1074,
        np.full(length, 1.7976931348623157e308),
        rng.normal(size=length) * 1e300,
        rng.normal(size=length) * 1e-300,
        np.full(length, 3.4028234663852886e38),
        rng.normal(size=length) * 1e-44,
        rng.normal(size=length) * 2.0**-130,
        -np.abs(rng.normal(size=length)),
        2.0 ** rng.integers(-20, 20, length),
        -(2.0 ** rng.integers(-3, 3, length)),
        rng.integers(-256, 257, length) / 8,  # ties
        rng.integers(-64, 65, length) / 4 + 0.125,
        np.resize([7.9, 3, -0.6], length),
        np.resize([3.5, 7, 7.5, 1.75, 0.25, -0.75], length),
        np.nextafter(np.resize([8.0, 16, 448, 6, 7.5, 28], length), np.resize([0, INF], length)),
        np.geomspace(1e-30, 1e30, length),
        np.where(np.arange(length) == 1, NAN, rng.normal(size=length)),
        np.where(np.arange(length) == 2, -INF, rng.normal(size=length)),
        np.where(np.arange(length) == 0, INF, 0.0),
        np.full(length, NAN),
        np.full(length, INF),
    ]  # fmt: skip
    return np.array(rows)


def random_blocks(length: int, count: int) -> np.ndarray:
    """Normal numbers over many scales, as float32 and with few bits in turn."""
    rng = np.random.default_rng(7)
    x = rng.standard_t(4, size=(count, length)) * 2.0 ** rng.integers(-12, 12, (count, 1))
    x[::2] = x[::2].astype(np.float32)
    x[::3] = np.round(x[::3] * 16) / 16
    return x


def compare(name: str, x: np.ndarray) -> int:
    """Number of values compared, one array for all rows."""
    reference, quantizer = ALL[name], formats.get(name)
    quantized = quantizer.encode(x)
    decoded = quantizer.decode(quantized)
    rows = [list(map(float, row)) for row in x]
    everything = [v for row in rows for v in row]
    tensor = reference.tensor_scale(everything)
    assert quantized.tensor_scale == float(tensor)
    amax = reference.amax(everything)
    if reference.block is None:
        rows = [everything]
    size = reference.block or len(everything)
    compared = 0
    for index, row in enumerate(rows):
        for start in range(0, len(row), size):
            values = row[start : start + size]
            scale, codes = reference.encode(values, tensor, amax)
            assert int(quantized.scales[index, start // size]) == scale, (values, scale)
            flat = (quantized.codes.ravel(), decoded.ravel()) if reference.block is None else (
                quantized.codes[index], decoded[index]
            )  # fmt: skip
            got = flat[0][start : start + size]
            np.testing.assert_array_equal(got, codes, str(values))
            expected = reference.decode(scale, codes, tensor)
            np.testing.assert_array_equal(flat[1][start : start + size], expected, str(values))
            compared += len(values)
    return compared


@pytest.mark.parametrize("name", ALL)
def test_adversarial_blocks_are_those_of_the_reference(name):
    length = (ALL[name].block or 24) + 3  # the last block is short
    x = adversarial(length)
    if ALL[name].block is None or ALL[name].two_level:
        # One tensor a block, or else all scales were those of the largest block.
        compared = sum(compare(name, row[None]) for row in x)
    else:
        compared = compare(name, x)
    assert compared == x.size > 200


@pytest.mark.parametrize("name", some(ALL, 2))
def test_random_blocks_are_those_of_the_reference(name):
    length = (ALL[name].block or 48) * 2 - 1
    x = random_blocks(length, 1 + 3000 // length)
    assert compare(name, x) == x.size >= 3000


def twin_case(name: str, count: int) -> int:
    """Float32 values of many scales in whole blocks."""
    reference, quantizer = blocks.NAMED[name], formats.get(name)
    size = reference.block or 4096
    rng = np.random.default_rng(11)
    x = rng.standard_t(5, size=(count // size, size)) * 2.0 ** rng.integers(
        -9, 9, (count // size, 1)
    )
    x[::2] = np.round(x[::2] * 32) / 32
    x = x.astype(np.float32)
    if reference.block is None:
        for row in x:
            np.testing.assert_array_equal(
                quantizer.quantize(row), blocks.twin(reference, row[None])[0]
            )
    else:
        got = quantizer.quantize(x)
        np.testing.assert_array_equal(got, blocks.twin(reference, x))
    return int(x.size)


@pytest.mark.parametrize("name", blocks.NAMED)
def test_a_hundred_thousand_values_are_those_of_the_vectorised_statement(name):
    assert twin_case(name, 1 << 17) == 1 << 17


@pytest.mark.long
@pytest.mark.parametrize("name", blocks.NAMED)
def test_a_million_values_are_those_of_the_vectorised_statement(name):
    assert twin_case(name, 1 << 20) == 1 << 20


@pytest.mark.parametrize("name", blocks.NAMED)
def test_the_two_references_agree(name):
    reference = blocks.NAMED[name]
    size = reference.block or 64
    x = random_blocks(size, 1 + 1000 // size).astype(np.float32)
    x[x.any(axis=1) == 0, 0] = 1
    expected = blocks.twin(reference, x) if reference.block else np.array(
        [blocks.twin(reference, row[None])[0] for row in x]
    )  # fmt: skip
    everything = x.astype(float).ravel().tolist()
    tensor, amax = reference.tensor_scale(everything), reference.amax(everything)
    for row, values in zip(x.astype(float).tolist(), expected, strict=True):
        scale, codes = reference.encode(row, tensor, amax)
        np.testing.assert_array_equal(reference.decode(scale, codes, tensor), values)


def test_every_named_format_has_a_reference():
    assert set(blocks.NAMED) == set(formats.block_names()) - {"nvfp4_2d"}


def test_tiles_are_blocks_of_two_axes():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(64, 96)).astype(np.float32)
    tiles = x.reshape(4, 16, 6, 16).transpose(0, 2, 1, 3).reshape(24, 256)
    reference = blocks.Block(blocks.ALL["e2m1fn"], 256, blocks.ALL["ue4m3"], "nv", True)
    expected = blocks.twin(reference, tiles).reshape(4, 6, 16, 16).transpose(0, 2, 1, 3)
    quantizer = formats.get("nvfp4_2d")
    got = quantizer.quantize(x)
    np.testing.assert_array_equal(got, expected.reshape(64, 96))
    assert got.size == 6144
    # What the variant is for: the transpose quantises identically.
    np.testing.assert_array_equal(quantizer.quantize(x.T), got.T)
    assert np.any(formats.get("nvfp4").quantize(x.T) != formats.get("nvfp4").quantize(x).T)


@pytest.mark.parametrize("name", ["nvfp4", "nvint4"])
def test_the_vendors_order_of_roundings(name):
    """Scales and elements beside ties, where the float32 order and exact arithmetic part."""
    reference, quantizer = blocks.NAMED[name], formats.get(name)
    middles = [(2 * k + 1) / 2**j for k in range(8, 16) for j in range(4)]  # between two scales
    levels = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5] if name == "nvfp4" else np.arange(7) + 0.5
    compared = different = 0
    for tensor in range(100, 2688, 400):
        amax = [v for m in middles if (v := tensor * m / 448) <= tensor]
        x = np.zeros((len(amax) + 1, 16), np.float32)
        x[0, 0] = tensor
        x[1:, 0] = amax
        first = quantizer.encode(x)
        unit = quantizer.scale.decode(first.scales) * first.tensor_scale
        ties = (unit * levels).astype(np.float32)
        x[1:, 1:8], x[1:, 8:15] = ties[1:], np.nextafter(ties[1:], np.float32(0))
        quantized = quantizer.encode(x)
        exact_tensor = reference.tensor_scale(x.astype(float).ravel().tolist())
        for row, scale, codes in zip(
            x.astype(float).tolist(), quantized.scales[:, 0], quantized.codes, strict=True
        ):
            expected = reference.encode(row, exact_tensor, blocks.Fraction(tensor))
            assert (int(scale), codes.tolist()) == expected, (tensor, row)
            ideal = blocks.Fraction(max(row)) * reference.scale.max / tensor
            different += reference.scale.encode(blocks.real(ideal)) != expected[0]
            compared += 16
    assert compared > 2000
    assert different > 2
