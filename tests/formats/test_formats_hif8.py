"""HiFloat8: known answers, the authors' rounding rule, and the vendor's own type."""

import en_dtypes
import numpy as np
import pytest
from reference import levels

from hwdse import formats

HIF8 = formats.get("hif8")

KNOWN = {
    0x00: 0.0, 0x6E: 32768.0, 0x7E: 2.0**-15, 0x7F: 1.5 * 2.0**-15, 0x07: 2.0**-16, 0x01: 2.0**-22,
    0x08: 1.0, 0x09: 1.125, 0x0F: 1.875, 0x10: 2.0, 0x18: 0.5, 0x20: 4.0, 0x28: 8.0, 0x2F: 15.0,
    0x30: 0.25, 0x38: 0.125, 0x40: 16.0, 0x41: 20.0, 0x44: 32.0, 0x48: 64.0, 0x4F: 224.0,
    0x50: 0.0625, 0x5C: 2.0**-7, 0x60: 256.0, 0x61: 384.0, 0x70: 2.0**-8, 0x6F: np.inf,
    0xEF: -np.inf,
}  # fmt: skip


def test_known_values():
    np.testing.assert_array_equal(HIF8.decode(list(KNOWN)), list(KNOWN.values()))
    assert np.isnan(HIF8.decode(0x80))
    assert np.isnan(HIF8.decode(np.arange(256))).sum() == 1
    assert (HIF8.max, HIF8.min_normal, HIF8.min_subnormal) == (2.0**15, 2.0**-15, 2.0**-22)


def test_it_spans_38_binades():
    values = HIF8.decode(np.arange(1, 0x80))
    exponents = np.frexp(values[np.isfinite(values)])[1] - 1
    assert np.unique(exponents).tolist() == list(range(-22, 16))


@pytest.mark.parametrize(
    ("x", "code"),
    [(1.0625, 0x09), (15.5, 0x40), (17.9, 0x40), (18, 0x41), (240, 0x60), (40959, 0x6E),
     (1.5 * 2**-16, 0x7E), (2**-23, 0x01), (2**-24, 0x00), (0.0, 0x00)],
)  # fmt: skip
def test_known_codes(x, code):
    assert HIF8.encode(x) == HIF8.encode(x, "rna", "ieee") == code
    assert HIF8.encode(-x) == (code | 0x80 if code else 0)


def test_overflow():
    x = [40959.999, 40960.0, 49152.0, 1e300, np.inf]
    x += [-value for value in x]
    sign = np.repeat([0, 0x80], 5)
    ieee = np.array([0x6E, 0x6F, 0x6F, 0x6F, 0x6F] * 2)
    np.testing.assert_array_equal(HIF8.encode(x, overflow="ieee"), ieee | sign)
    np.testing.assert_array_equal(HIF8.encode(x), 0x6E | sign)
    propagated = np.array([0x6E, 0x6E, 0x6E, 0x6E, 0x6F] * 2)
    np.testing.assert_array_equal(HIF8.encode(x, overflow="propagate"), propagated | sign)
    np.testing.assert_array_equal(HIF8.encode(x, "rtz", "ieee")[:4], [0x6E] * 4)
    assert HIF8.encode(40960, "rne", "ieee") == 0x6E  # a tie, and 6E is even


def test_specials():
    x = [np.nan, -np.nan, -0.0, -1e-30]
    np.testing.assert_array_equal(HIF8.encode(x), [0x80, 0x80, 0, 0])
    assert HIF8.overflow == "ieee"
    assert HIF8.default_rounding == "rna"


def hard_places() -> np.ndarray:
    return np.array([x for x in levels.hif8().decision_points() if np.isfinite(x)])


def test_the_authors_rule_at_every_decision_point():
    x = hard_places()
    assert x.size > 3000
    got = HIF8.decode(HIF8.encode(x, overflow="ieee"))
    np.testing.assert_array_equal(got, [levels.hif8_rule(value) for value in x.tolist()])


def test_the_authors_rule_for_a_million_values():
    random = np.random.default_rng(8)
    x = 2.0 ** random.uniform(-25, 17, 1_000_000) * random.choice([-1, 1], 1_000_000)
    # The rule for arrays, every step exact in float64.
    e = np.frexp(x)[1] - 1
    e = np.where(e == -23, -22, e)
    size = np.abs(e)
    bits = np.select([size <= 3, size <= 7, size <= 15], [3, 2, 1], 0)
    rounded = np.ldexp(np.floor(np.ldexp(np.abs(x), bits - e) + 0.5), e - bits)
    rounded = np.where(np.abs(x) >= 40960, np.inf, np.where(np.abs(x) < 2**-23, 0, rounded))
    got = HIF8.decode(HIF8.encode(x, overflow="ieee"))
    assert np.count_nonzero(got == np.copysign(rounded, x)) == x.size
    sample = x[:3000].tolist()
    assert np.count_nonzero(got[:3000] == [levels.hif8_rule(v) for v in sample]) == 3000


def vendor(x: np.ndarray) -> np.ndarray:
    return x.astype(en_dtypes.hifloat8).view(np.uint8)


def test_the_vendors_type_decodes_alike():
    codes = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(
        HIF8.decode(codes), codes.view(en_dtypes.hifloat8).astype(np.float64)
    )


def test_the_vendors_type_encodes_alike():
    random = np.random.default_rng(9)
    x = 2.0 ** random.uniform(-25, 17, 1_000_000) * random.choice([-1, 1], 1_000_000)
    x = np.concatenate([x, hard_places(), [np.inf, -np.inf, np.nan, 0.0, -0.0]])
    with np.errstate(all="ignore"):
        x = x.astype(np.float32)  # the vendor's type rounds float64 by way of it
        expected = vendor(x)
    got = HIF8.encode(x, overflow="ieee")
    assert np.count_nonzero(got == expected) == x.size > 1_003_000
