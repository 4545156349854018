"""Products and sums of logarithmic numbers against Fractions, published answers included."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from reference import lns
from reference.logarithmic_sums import BinSum, GaussianSum, Product, gaussian, gaussian_log
from reference.number_formats import ALL, real

from hwdse import Design, formats, golden
from hwdse.errors import SpecError
from hwdse.golden.dot import products
from hwdse.spec.accumulate.lns_tables import difference_table, sum_table

REFERENCES = {
    **lns.NAMED,
    "lns6_g1z": lns.gamma_form(6, 1, zero=True),
    "lns7_g16": lns.gamma_form(7, 16),
    "lns3_4": lns.classic(3, 4),
    "lns3_2n": lns.classic(3, 2, flag=False),
    "lns5_4": lns.classic(5, 4),
    "lns4_6": lns.classic(4, 6),
    "lns2_5n": lns.classic(2, 5, flag=False),
}


def reference_product(design: Design) -> Product:
    options = str(design.mul).split(":")[1:]
    given = {option[0]: int(option[1:]) for option in options}
    a, b = (REFERENCES[str(f)] for f in (design.a, design.b))
    return Product(a, b, given.get("t", 12), given.get("h"))


# --- tables ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fraction_bits", "entries"), [(3, 36), (4, 89), (6, 482), (8, 2440), (10, 11806)]
)
def test_published_sizes_of_the_sum_table(fraction_bits, entries):
    assert len(sum_table(fraction_bits)) == entries
    assert abs(len(difference_table(fraction_bits)) - entries) <= 1


@pytest.mark.parametrize(
    ("sign", "d", "published"),
    [(1, 0, 1.0), (1, 1, 0.584963), (1, 2, 0.321928), (1, 4, 0.087463), (1, 8, 0.005625),
     (-1, 1, -1.0), (-1, 2, -0.415037), (-1, 4, -0.093109)],
)  # fmt: skip
def test_published_gaussian_logarithms(sign, d, published):
    assert float(gaussian_log(Fraction(-d), sign)) == pytest.approx(published, abs=6e-7)
    entry = sum_table(10)[1024 * d] if sign > 0 else difference_table(10)[1024 * d - 1]
    assert abs(entry / 1024 - published) <= 2**-11 + 6e-7


@pytest.mark.parametrize("fraction_bits", [0, 1, 2, 3, 4, 6])
def test_every_entry_is_the_nearest(fraction_bits):
    gamma = 1 << fraction_bits
    like, unlike = sum_table(fraction_bits), difference_table(fraction_bits)
    assert list(like) == [gaussian(gamma, k, 1) for k in range(len(like))]
    assert list(unlike) == [gaussian(gamma, k, -1) for k in range(1, len(unlike) + 1)]
    assert gaussian(gamma, len(like), 1) == gaussian(gamma, len(unlike) + 1, -1) == 0


def test_entries_of_the_largest_tables():
    for k in (*range(1, 40), *range(40, 11806, 997)):
        assert sum_table(10)[k] == gaussian(1024, k, 1)
        assert difference_table(10)[k - 1] == gaussian(1024, k, -1)


def test_published_constants():
    design = Design.parse("a=lns8_g8,mul=log:t24,acc=bins")
    got = np.array(design.product.antilog.constants) / 2**24
    published = [1, 1.09050773, 1.18920712, 1.29683955]
    published += [1.41421356, 1.54221083, 1.68179283, 1.83400809]
    assert np.abs(got - published).max() <= 2**-25 + 5e-9


@pytest.mark.parametrize(
    ("index_bits", "largest", "mean"), [(0, 6.07, 4.0), (1, 6.03, 3.6), (2, 3.16, 1.6), (3, 0, 0)]
)
def test_published_errors_of_the_hybrid_table(index_bits, largest, mean):
    design = Design.parse(f"a=lns8_g8,mul=log:h{index_bits}:t24,acc=kulisch")
    ones, levels = np.full(8, design.a.encode(1.0)), np.arange(8)
    got = products(design, ones, levels).to_float64()
    error = 100 * (got / 2.0 ** (levels / 8) - 1)
    assert error.max() == pytest.approx(largest, abs=0.006)
    assert error.mean() == pytest.approx(mean, abs=0.06)
    assert error.min() > -1e-5


def test_bound_of_mitchells_antilogarithm():
    design = Design.parse("a=lns3_10,mul=log:h0,acc=kulisch")
    log = np.arange(1024)
    got = products(design, np.zeros(1024, int), log).to_float64()
    error = got / 2.0 ** (log / 1024) - 1
    assert error.max() == pytest.approx(0.06148, abs=5e-6)
    assert log[error.argmax()] / 1024 == pytest.approx(0.4427, abs=1e-3)


# --- products ----------------------------------------------------------------------------------

PRODUCTS = [
    ("lns8_g8", "lns8_g8", "log"),
    ("lns8_g8z", "lns8_g8z", "log:h1:t5"),
    ("lns4_3", "lns8_g4", "log:h2"),
    ("lns3_2n", "lns7_g16", "log:t4"),
    ("lns6_g1z", "lns8_g8", "log:h0"),
    ("lns6_g1z", "lns6_g1z", "log"),
    ("lns2_5n", "lns3_4", "log:h3:t7"),
]


@pytest.mark.parametrize(("a", "b", "mul"), PRODUCTS)
def test_products(a, b, mul):
    design = Design.parse(f"a={a},b={b},mul={mul},acc=kulisch")
    reference, shape = reference_product(design), design.product
    count = 1 << (design.a.bits + design.b.bits)
    x, y = np.arange(count) >> design.b.bits, np.arange(count) & ((1 << design.b.bits) - 1)
    got = products(design, x, y)
    some = np.random.default_rng(0).permutation(count)[:3000]
    values = dict(zip(some.tolist(), got[some].to_fractions(), strict=True))
    zero, seen = got.zero, Counter()
    for k in some.tolist():
        term = reference.term(int(x[k]), int(y[k]))
        assert values[k] == reference.number(term)
        assert zero[k] == (term[1] is None)
        if term[1] is None:
            assert not got.sign[k]
        else:
            assert got.log[k] == term[1]
        seen["zero" if term[1] is None else "negative" if term[0] else "positive"] += 1
    assert seen["positive"] > 300
    assert seen["negative"] > 300
    assert (seen["zero"] > 0) == (design.a.has_zero or design.b.has_zero)
    assert all(int(s).bit_length() <= shape.significand_bits for s in got.significand)
    assert got.exponent.min() == shape.exponent_min
    assert got.exponent.max() == shape.exponent_max
    assert shape.exponent_origin <= shape.exponent_min
    fields = got.log[~zero] - shape.log_origin
    assert fields.min() >= 0
    assert int(fields.max()).bit_length() <= shape.log_bits


# --- sums --------------------------------------------------------------------------------------


def operands(design: Design, seed: int, sums: int, terms: int):
    """Random codes; every other sum takes its first half back in another order, some only grow."""
    random = np.random.default_rng(seed)
    x, y = (random.integers(0, 1 << f.bits, (sums, terms)) for f in (design.a, design.b))
    # Some sums only grow.
    x[1::8], y[1::8] = design.a.encode(design.a.max), design.b.encode(design.b.max)
    half = terms // 2
    order = random.permutation(half)
    x[::2, half : 2 * half] = x[::2, order] ^ (1 << (design.a.bits - 1))
    y[::2, half : 2 * half] = y[::2, order]
    return x, y


def terms_of(product: Product, x, y):
    return [product.term(p, q) for p, q in zip(x.tolist(), y.tolist(), strict=True)]


BINS = [
    "a=lns8_g8,mul=log,acc=bins,out=bf16",
    "a=lns8_g8,mul=log:h0,acc=bins:8",
    "a=lns8_g8z,mul=log:h1:t6,acc=bins:3,out=fp16",
    "a=lns4_3,mul=log:h2,acc=bins:1,unit=dot,lanes=4",
    "a=lns3_4,b=lns6_g1z,mul=log:t8,acc=bins:16,out=bf16,unit=dot,lanes=3",
    "a=lns6_g1z,mul=log,acc=bins:2,rounding=down",
]


@pytest.mark.parametrize("spec", BINS)
def test_sums_by_bins(spec):
    design = Design.parse(spec)
    product, lanes, two = reference_product(design), design.unit.group, Fraction(2)
    register, word = design.acc.register(design.product), design.state
    reference = BinSum(
        product,
        (two**register.exponent_min, register.significand_bits),
        (two**word.exponent_min, word.significand_bits),
    )
    out, seen = ALL[str(design.out)], Counter()
    sums, terms = 60, 24
    x, y = operands(design, 1, sums, terms)
    got = golden.running_dot(design, x, y)
    for row in range(sums):
        state, exact = reference.start(), Fraction(0)
        for group in range(terms // lanes):
            part = slice(group * lanes, (group + 1) * lanes)
            taken = terms_of(product, x[row, part], y[row, part])
            state = reference.add(state, taken)
            exact += sum(product.number(term) for term in taken)
            total = reference.read(state)
            want = out.encode(real(total), design.rounding, out.default_overflow)
            assert got[row, group] == want
            seen["checked"] += 1
            seen["wrapped"] += total != exact
            seen["cancelled"] += exact == 0 and any(log is not None for _, log in taken)
            if (group + 1) * lanes <= design.acc.terms:
                assert total == exact
                seen["within terms"] += 1
    assert seen["checked"] == sums * (terms // lanes)
    assert seen["cancelled"] >= 10
    assert (seen["wrapped"] > 0) == (design.acc.terms < terms)
    assert seen["within terms"] > 0 or design.acc.terms < lanes


def test_widths_of_the_bins():
    design = Design.parse("a=lns8_g8,mul=log,acc=bins:256")
    # Powers from 2^0 to 2^31: 32 bits, 8 guard bits and a sign.
    assert design.acc.register(design.product).significand_bits == 41
    assert len(design.product.antilog.constants) == 8
    hybrid = Design.parse("a=lns8_g8,mul=log:h1,acc=bins:256")
    # Three bits of 1 + r_L/8 below them.
    assert hybrid.acc.register(hybrid.product).significand_bits == 44
    assert len(hybrid.product.antilog.constants) == 2


@pytest.mark.parametrize("mul", ["log", "log:h0", "log:h1:t7", "log:h2"])
def test_bins_and_the_exact_accumulator_agree(mul):
    by_bins, exact = (
        Design.parse(f"a=lns8_g8z,mul={mul},acc={acc},out=fp32,unit=dot,lanes=4")
        for acc in ("bins", "kulisch")
    )
    x, y = operands(by_bins, 2, 50, 32)
    assert np.array_equal(golden.running_dot(by_bins, x, y), golden.running_dot(exact, x, y))


GAUSSIAN = [
    "a=lns4_3,mul=log,acc=lns:lns5_4",
    "a=lns8_g8,mul=log,acc=lns:lns8_g8z",
    "a=lns8_g8z,mul=log,acc=lns:lns4_6,unit=dot,lanes=4",
    "a=lns3_4,b=lns6_g1z,mul=log,acc=lns:lns3_4:t6,out=bf16,unit=dot,lanes=3",
    "a=lns3_2n,mul=log,acc=lns:lns2_5n,out=fp32,rounding=up",
    "a=lns6_g1z,mul=log,acc=lns:lns6_g1z,unit=dot,lanes=5",
]


@pytest.mark.parametrize("spec", GAUSSIAN)
def test_logarithmic_sums(spec):
    design = Design.parse(spec)
    product, lanes = reference_product(design), design.unit.group
    sum_format = REFERENCES[str(design.acc.format)]
    reference = GaussianSum(sum_format, product)
    number = Product(sum_format, sum_format, design.acc.table_bits).number
    seen = Counter()
    sums, terms = 80, 30
    x, y = operands(design, 3, sums, terms)
    got = golden.running_dot(design, x, y)
    low, high = reference.limits
    for row in range(sums):
        state = reference.start()
        for group in range(terms // lanes):
            part = slice(group * lanes, (group + 1) * lanes)
            taken = terms_of(product, x[row, part], y[row, part])
            before, state = state, reference.add(state, taken)
            if design.out == design.acc.format:
                want = sum_format.codes[state]
            else:
                out = ALL[str(design.out)]
                want = out.encode(real(number(state)), design.rounding, out.default_overflow)
            assert got[row, group] == want
            seen["checked"] += 1
            busy = any(log is not None for _, log in taken)
            seen["to zero"] += state[1] is None and before[1] is not None and busy
            seen["from zero"] += before[1] is None and state[1] is not None
            seen["smallest"] += state[1] == low
            seen["largest"] += state[1] == high
            seen["sign changed"] += before[1] is not None and before[0] != state[0]
    assert seen["checked"] == sums * (terms // lanes)
    assert seen["from zero"] >= sums // 2
    assert seen["to zero"] > 0
    assert seen["largest"] > 0
    assert seen["sign changed"] > 10


def test_cancellation_and_saturation():
    design = Design.parse("a=lns8_g8,mul=log,acc=lns:lns8_g8z")
    f, largest = design.acc.format, design.acc.format.max
    one, minus = (int(design.a.encode(x)) for x in (1.0, -1.0))

    def running(x, y):
        return f.decode(golden.running_dot(design, np.array(x), np.array(y))).tolist()

    assert running([one, one], [127, 255]) == [largest, 0.0]
    # 1 is the product's smallest magnitude, but 2^(1/8) the sum's: it is lost.
    assert running([one, one, one], [one, minus, one]) == [0.0, 0.0, 0.0]
    assert running([127, 127, 127], [127, 127, 255]) == [largest, largest, -largest]
    # Doubling adds 8 eighths of an octave.
    assert running([one, one], [16, 16]) == [4.0, 8.0]


@pytest.mark.parametrize("acc", ["bins", "lns:lns5_3", "kulisch"])
def test_a_sum_may_start_from_an_addend(acc):
    design = Design.parse(f"a=lns4_3,mul=log,acc={acc},out=fp32")
    two = np.array([[int(design.a.encode(2.0))]])
    start = np.array([8.0, -8.0, 0.0])
    got = golden.dot(design, np.repeat(two, 3, 0), np.repeat(two, 3, 0), design.out.encode(start))
    want = [12.0, -4.0, 4.0] if acc != "lns:lns5_3" else [2.0 ** (29 / 8), -4.0, 4.0]
    assert design.out.decode(got) == pytest.approx(want, rel=1e-4)


def test_an_addend_that_is_no_number_stays():
    design = Design.parse("a=lns4_3,mul=log,acc=bins,out=fp32")
    x = np.zeros((3, 2), int)
    got = golden.dot(design, x, x, design.out.encode([np.nan, np.inf, -np.inf], overflow="ieee"))
    assert np.array_equal(design.out.decode(got), [np.nan, np.inf, -np.inf], equal_nan=True)


# --- specs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("a=lns8_g8,mul=log,acc=bins", "mul=log,acc=bins,out=fp32"),
        ("a=lns8_g8,mul=log:t12:h2,acc=bins:65536", "mul=log:h2,acc=bins,out=fp32"),
        ("a=lns8_g8,mul=log:t9,acc=bins:100", "mul=log:t9,acc=bins:100,out=fp32"),
        ("a=lns4_3,mul=log,acc=lns:lns5_4:t16", "mul=log,acc=lns:lns5_4,out=lns5_4"),
        ("a=lns4_3,mul=log,acc=lns:lns5_4:t9", "mul=log,acc=lns:lns5_4:t9,out=lns5_4"),
    ],
)
def test_texts_round_trip(spec, expected):
    design = Design.parse(spec)
    assert expected in str(design)
    assert Design.parse(str(design)) == design


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("a=int8,mul=log,acc=kulisch", "both operands must be logarithmic"),
        ("a=lns8_g8,b=int8,mul=log,acc=bins", "both operands must be logarithmic"),
        ("a=lns8_g8,mul=log:h4,acc=bins", "h0 to h3 are allowed"),
        ("a=lns8_g8,mul=log:t2,acc=bins", "needs t3 or more"),
        ("a=lns8_g8,mul=log:t25,acc=bins", "1 to 24 bits"),
        ("a=lns8_g8,mul=log:x,acc=bins", r"the form is log\[:h\{n\}\]\[:t\{bits\}\]"),
        ("a=int8,acc=bins", "it needs mul=log"),
        ("a=lns8_g8,acc=bins", "it needs mul=log"),
        ("a=lns8_g8,mul=log,acc=bins:0", r"bins of 0 terms"),
        ("a=lns8_g8,mul=log,acc=bins:x", "the form is bins"),
        ("a=lns8_g8,acc=lns:lns8_g8z", "it needs mul=log"),
        ("a=lns8_g8,mul=log,acc=lns:lns8_g8", "a format with a zero is needed"),
        ("a=lns8_g8,mul=log,acc=lns:fp32", "a logarithmic format is needed"),
        ("a=lns8_g8,mul=log,acc=lns", "the form is lns"),
        ("a=lns8_g8,mul=log,acc=lns:nothing", "nothing"),
        ("a=lns8_g8,mul=log,acc=lns:lns4_2", "3 fraction bits, the sum needs as many"),
        ("a=lns8_g8,mul=log,acc=lns:lns3_11", "at most 10"),
        ("a=lns8_g8,mul=log,acc=lns:lns5_4:t3", "t4 to t24 are allowed"),
        ("a=lns8_g8,mul=log:h1,acc=lns:lns5_4", "h1 of the multiplier would have no effect"),
    ],
)
def test_what_makes_no_sense_is_refused(spec, reason):
    with pytest.raises(SpecError, match=reason) as caught:
        Design.parse(spec)
    assert "\n" not in str(caught.value)


def test_formats_here_are_the_packages():
    for name, reference in REFERENCES.items():
        f = formats.parse(name)
        assert f.bits == reference.bits
        for code in range(0, 1 << f.bits, 5):
            log, zero, negative = (v[0] for v in f.fields(np.array([code])))
            assert (bool(negative), None if zero else int(log)) == reference.fields(code)
