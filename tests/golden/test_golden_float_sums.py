"""The floating-point accumulators against the slow Fraction reference, and known answers."""

from itertools import product

import numpy as np
import pytest
from reference.float_sums import Approximate, SumUnit, accumulator, lfsr, rms_error
from reference.number_formats import ALL

from hwdse import Design, golden
from hwdse.golden.accumulate.approximate_float import normalising_shift
from hwdse.golden.accumulate.stochastic_float import lfsr_step
from hwdse.spec import ApproximateFloat, StochasticFloat

# a, b, format and options of the accumulator, out
SUMS = [
    ("bf16", "bf16", "fp32", "an2-2", "bf16"),
    ("bf16", "bf16", "bf16", "an1-2", "bf16"),
    ("e4m3fn", "e4m3fn", "e4m3fn", "an1-1:w5", "e4m3fn"),
    ("e4m3fn", "e4m3fn", "bf16", "an3-3:w9", "fp16"),
    ("e5m2", "e5m2", "fp16", "an2-1", "fp16"),
    ("e5m2", "e4m3fn", "e5m2", "an1-1", "e5m2"),
    ("e4m3fnuz", "e4m3fnuz", "e4m3fnuz", "an1-2", "e4m3fnuz"),
    ("binary8p4se", "binary8p4se", "binary8p4se", "an2-1", "fp32"),
    ("int4", "e4m3fn", "fp16", "an2-2", "fp16"),
    ("e3m2fn", "e2m1fn", "e3m2fn", "an1-1", "e3m2fn"),
    ("bf16", "bf16", "bf16", "kahan", "bf16"),
    ("e4m3fn", "e4m3fn", "e4m3fn", "kahan", "e4m3fn"),
    ("e5m2", "e5m2", "e5m2", "kahan", "e5m2"),
    ("e4m3fnuz", "e4m3fnuz", "e4m3fnuz", "kahan", "e4m3fnuz"),
    ("e4m3fn", "e4m3fn", "e5m2_ftz", "kahan", "e5m2"),
    ("int8", "int8", "fp16", "kahan", "fp16"),
    ("bf16", "bf16", "bf16", "sr8", "bf16"),
    ("e4m3fn", "e4m3fn", "e4m3fn", "sr4a", "e4m3fn"),
    ("e5m2", "e5m2", "e5m2", "sr3c:lfsr8", "e5m2"),
    ("e5m2", "e5m2", "fp16", "sr", "fp16"),
    ("e4m3fnuz", "e4m3fnuz", "e4m3fnuz", "sr5:lfsr10:seed77", "e4m3fnuz"),
    ("e4m3fn", "e4m3fn", "e4m3fn_ftz", "sr6", "e4m3fn"),
    ("binary8p4se", "binary8p4se", "binary8p4se", "sr20", "binary8p4se"),
    ("fp16", "fp16", "fp32", "sr8", "fp32"),
    ("bf16", "bf16", "fp32", "tree", "bf16"),
    ("e4m3fn", "e4m3fn", "e4m3fn", "tree", "e4m3fn"),
    ("e5m2", "e5m2", "e5m2", "tree", "e5m2"),
    ("binary8p4se", "binary8p4se", "binary8p4se", "tree", "binary8p4se"),
    ("int8", "int4", "e4m3fn", "tree", "e4m3fn"),
    ("e4m3fn", "e4m3fn", "binary8p3se", "", "binary8p3se"),
    ("e5m2", "e5m2", "e4m3fn_ftz", "", "e4m3fn"),
]
BATCH, K = 32, 12
RUNS = [("rne", 1), ("down", 3), ("rtz", 2), ("up", 1)]


def both(a, b, number_format, options, out, rounding, lanes):
    text = f"fp:{number_format}" + f":{options}" * bool(options)
    design = Design.parse(
        f"a={a},b={b},acc={text},out={out},rounding={rounding},unit=dot,lanes={lanes}"
    )
    acc = accumulator(ALL[number_format], rounding, options)
    return design, SumUnit(ALL[a], ALL[b], acc, ALL[out], rounding, lanes)


def operands(name: str, random: np.random.Generator, shape) -> np.ndarray:
    """A sixth any code, half of moderate size, which cancel and tie, a third small ones."""
    f = Design.parse(f"a={name},acc=fp:fp32").a
    kind = random.random(shape)
    codes = random.integers(0, 1 << f.bits, shape)
    moderate = random.integers(-6, 7, shape) / 4
    moderate = f.encode(moderate * (8 if name.startswith("int") else 1)).astype(np.int64)
    small = f.encode(random.choice([-1, 1], shape) * f.min_subnormal * random.integers(0, 9, shape))
    return np.where(kind < 0.16, codes, np.where(kind < 0.66, moderate, small.astype(np.int64)))


def sums(parts, rounding, lanes):
    """The design, its reference, operands and every output."""
    design, reference = both(*parts, rounding, lanes)
    random = np.random.default_rng(lanes)
    x, y = (operands(name, random, (BATCH, K)) for name in parts[:2])
    # A third of the sums takes back its first half.
    back = -design.a.decode(x[: BATCH // 3, : K // 2])
    x[: BATCH // 3, K // 2 :] = design.a.encode(back, overflow=design.a.overflow)
    y[: BATCH // 3, K // 2 :] = y[: BATCH // 3, : K // 2]
    return design, reference, x, y, golden.running_dot(design, x, y)


@pytest.mark.parametrize(("rounding", "lanes"), RUNS)
@pytest.mark.parametrize("parts", SUMS, ids=",".join)
def test_every_step_equals_the_reference(parts, rounding, lanes):
    _, reference, x, y, got = sums(parts, rounding, lanes)
    rows = zip(x.tolist(), y.tolist(), strict=True)
    expected = np.array([reference.running(*row) for row in rows])
    assert expected.shape == got.shape == (BATCH, -(-K // lanes))
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("kind", ["an", "kahan", "sr", "tree"])
def test_the_sums_above_meet_the_hard_cases(kind):
    seen = {"nan": 0, "inf": 0, "-0": 0, "+0": 0, "max": 0, "subnormal": 0, "number": 0}
    chosen = [parts for parts in SUMS if parts[3].startswith(kind)]
    for parts, run in product(chosen, RUNS):
        design, _, _, _, codes = sums(parts, *run)
        out = design.out.decode(codes)
        zero = out == 0
        seen["nan"] += np.isnan(out).sum()
        seen["inf"] += np.isinf(out).sum()
        seen["-0"] += (zero & np.signbit(out)).sum()
        seen["+0"] += (zero & ~np.signbit(out)).sum()
        seen["max"] += (np.abs(out) == design.out.max).sum()
        seen["subnormal"] += (~zero & (np.abs(out) < design.out.min_normal)).sum()
        seen["number"] += (np.isfinite(out) & ~zero).sum()
    assert min(seen.values()) >= 10, seen


def test_an_addend_starts_a_sum():
    random = np.random.default_rng(3)
    for parts in (parts for parts in SUMS if not parts[3].startswith("an")):
        design, reference = both(*parts, "rne", 2)
        x, y = (operands(name, random, (6, 4)) for name in parts[:2])
        c = operands(parts[4], random, 6)
        rows = zip(x.tolist(), y.tolist(), c.tolist(), strict=True)
        expected = [reference.running(*row) for row in rows]
        np.testing.assert_array_equal(golden.running_dot(design, x, y, c), expected)


# --- approximate normalisation -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "t", "expected"),
    [
        ("an1-1", "0_1011_0000", "1_0110_0000"),
        ("an1-1", "0_0010_1100", "0_1011_0000"),
        ("an1-2", "0_0010_1100", "1_0110_0000"),
        ("an2-2", "0_0010_1100", "0_1011_0000"),
        ("an2-2", "0_1000_0000", "0_1000_0000"),
    ],
)
def test_known_answers_of_the_normaliser(options, t, expected):
    acc = Design.parse(f"a=bf16,acc=fp:bf16:{options}:w8").acc
    assert isinstance(acc, ApproximateFloat)
    word = np.array([int(t, 2)], object)
    shift = int(normalising_shift(acc, word, np.array([0]))[0])
    assert int(t, 2) << shift == int(expected, 2)
    lowest = np.array([acc.lowest])
    assert int(normalising_shift(acc, word, lowest)[0]) == 0  # no room below


def test_every_way_through_the_normaliser_is_compared():
    ways: dict[str, int] = {}
    for parts in (parts for parts in SUMS if parts[3].startswith("an")):
        _, reference, x, y, _ = sums(parts, "rne", 1)
        for row in zip(x.tolist(), y.tolist(), strict=True):
            reference.running(*row)
        assert isinstance(reference.accumulator, Approximate)
        for way, count in reference.accumulator.shifts.items():
            kind = way[:4] + str(min(int(way[4:]), 1)) if way.startswith("left") else way
            ways[kind] = ways.get(kind, 0) + count
    ways["held"] = sum(count for way, count in ways.items() if way.startswith("held"))
    for way in ("right", "left0", "left1", "held0", "held", "zero", "overflow"):
        assert ways.get(way, 0) > 20, ways


def test_a_chain_of_lanes_is_a_column_of_macs():
    random = np.random.default_rng(5)
    for spec in ("a=bf16,acc=fp:bf16:an2-2", "a=e5m2,acc=fp:fp16:an1-1"):
        mac, dot = Design.parse(spec), Design.parse(f"{spec},unit=dot,lanes=4")
        x, y = (operands(str(mac.a), random, (30, 16)) for _ in range(2))
        np.testing.assert_array_equal(golden.dot(mac, x, y), golden.dot(dot, x, y))


def test_same_signs_never_need_a_left_shift():
    """Sums of one sign stay normalised up to the product's own leading zero."""
    design = Design.parse("a=bf16,acc=fp:fp32:an1-1,out=fp32")
    random = np.random.default_rng(6)
    x, y = (design.a.encode(np.abs(random.normal(size=(50, 64)))) for _ in range(2))
    exact = (design.a.decode(x) * design.a.decode(y)).sum(-1)
    np.testing.assert_allclose(design.out.decode(golden.dot(design, x, y)), exact, rtol=2**-17)


def test_rms_error_of_short_sums():
    """Section 9, 7 fraction bits, 64 terms, data of N(0, 1): RMS error relative to the exact sums.

    The kernels' tests have the rest of the table.
    """
    table = {"an1-1": 1.99e-2, "an1-2": 1.99e-2, "an2-2": 2.11e-2, "an3-3": 2.18e-2}
    random = np.random.default_rng(7)
    got = {}
    for option in table:
        design = Design.parse(f"a=bf16,acc=fp:bf16:{option},out=fp32")
        if not got:
            x, y = (design.a.encode(random.normal(size=(2500, 64))) for _ in range(2))
            exact = (design.a.decode(x) * design.a.decode(y)).sum(-1).tolist()
        got[option] = rms_error(design.out.decode(golden.dot(design, x, y)).tolist(), exact)
    for option, expected in table.items():
        assert got[option] == pytest.approx(expected, rel=0.1), got
    assert got["an1-1"] == pytest.approx(got["an1-2"], rel=0.02)
    assert got["an1-2"] < got["an2-2"] < got["an3-3"]


# --- compensation, stochastic rounding, trees ----------------------------------------------------


def dot(spec: str, a, b, c=None) -> float:
    design = Design.parse(spec)
    x, y = design.a.encode(a, overflow="ieee"), design.b.encode(b, overflow="ieee")
    codes = None if c is None else design.out.encode(c, overflow="ieee")
    return float(design.out.decode(golden.dot(design, x, y, codes)))


def test_known_answer_of_kahan():
    """Start 1, add 2^-9 256 times: plain BF16 is stuck at 1, compensated it is exact."""
    a, b = [2.0**-9] * 256, [1.0] * 256
    assert dot("a=bf16,acc=fp:bf16", a, b, 1.0) == 1.0
    assert dot("a=bf16,acc=fp:bf16:kahan", a, b, 1.0) == 1.5


def test_an_infinite_compensated_sum_stays_infinite():
    spec = "a=e5m2,acc=fp:e5m2:kahan"
    assert dot(spec, [np.inf, 1, -2], [1, 1, 1]) == np.inf
    assert dot(spec, [57344, 57344, -1], [1, 1, 1]) == np.inf
    assert np.isnan(dot(spec, [np.inf, 1, -np.inf], [1, 1, 1]))


@pytest.mark.parametrize(
    ("width", "seed", "sequence"),
    [
        (8, 1, "02 04 08 11 23 47 8E 1C"),
        (16, 0xACE1, "59C3 B386 670C CE18 9C31"),
        (32, 0xDEADBEEF, "BD5B7DDE 7AB6FBBC F56DF779 EADBEEF3"),
    ],
)
def test_known_sequences_of_the_shift_registers(width, seed, sequence):
    acc = StochasticFloat(format=Design.parse("a=bf16,acc=fp:bf16").acc.format, lfsr=width)
    golden_state = reference_state = seed
    for expected in sequence.split():
        golden_state = lfsr_step(acc, golden_state)
        reference_state = lfsr(width, reference_state)
        assert golden_state == reference_state == int(expected, 16)


@pytest.mark.parametrize("width", [8, 10, 12, 13, 16])
def test_shift_registers_have_the_longest_period(width):
    acc = StochasticFloat(format=Design.parse("a=bf16,acc=fp:bf16").acc.format, lfsr=width)
    state, period = lfsr_step(acc, 1), 1
    while state != 1:
        state, period = lfsr_step(acc, state), period + 1
    assert period == 2**width - 1


@pytest.mark.parametrize(("variant", "bias"), [("a", -(2.0**-5)), ("b", 0.0), ("c", 0.0)])
def test_stochastic_sums_have_the_bias_of_their_variant(variant, bias):
    """1 + x many times, for every x of 1/64 ulp: the mean error in ulp."""
    fractions = (np.arange(64) + 0.5) / 64
    errors = []
    for seed in range(1, 65536, 999):
        design = Design.parse(f"a=fp32,acc=fp:bf16:sr4{variant}:seed{seed}")
        x = design.a.encode(np.stack([np.ones(64), fractions * 2.0**-7], axis=-1))
        total = design.out.decode(golden.dot(design, x, design.a.encode(np.ones((64, 2)))))
        errors.append((total - 1) * 2**7 - fractions)
    assert np.mean(errors) == pytest.approx(bias, abs=0.015)
    assert set(np.unique(np.round(np.array(errors) + fractions))) == {0.0, 1.0}


def test_every_sum_starts_from_the_seed():
    design = Design.parse("a=bf16,acc=fp:bf16:sr8")
    random = np.random.default_rng(8)
    x, y = (design.a.encode(random.normal(size=(8, 40))) for _ in range(2))
    alone = [golden.dot(design, x[k], y[k]) for k in range(8)]
    np.testing.assert_array_equal(golden.dot(design, x, y), alone)


def test_a_tree_rounds_at_every_node():
    """256 + 1 is a tie that bf16 drops, 1 + 1 is not."""
    ones = [16, 1, 1, 1], [16, 1, 1, 1]
    spec = "a=e4m3fn,acc=fp:bf16:tree,unit=dot,lanes=4"
    assert dot(spec, *ones) == 258  # (256 + 1) + (1 + 1)
    assert dot(spec, [16, 1, 1], [16, 1, 1]) == 256  # (256 + 1) + (1 + 0)
    assert dot(spec.replace(":tree", ""), *ones) == 260  # 259 is a tie to even
    assert dot("a=bf16,acc=fp:bf16:tree", [1 + 2**-7, -1], [1 + 2**-7, 1]) == 2**-6
