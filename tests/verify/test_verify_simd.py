"""The packed unit in Verilator: pairs in every place of every mode, sums, and faults."""

from itertools import product

import numpy as np
import pytest
from amaranth.hdl import Const
from sampled import some
from verify_faults import Fault, assert_found, with_field

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.hdl import packed, packed_decode, packed_lane, tiles
from hwdse.spec import Axis
from hwdse.verify import generate, verify
from hwdse.verify.engines import simd as traces
from hwdse.verify.mutation import mutation_score
from hwdse.verify.prepare import prepare
from hwdse.verify.simulated import SimulatedProducts

MIXED = "a=posit16_1,acc=fp:fp32,unit=simd,modes=e2m1fn|posit4_1|posit8_0|posit16_1"
SMALL = "a=posit8_0,acc=fp:bf16,unit=simd,modes=e2m1fn|posit8_0"


INTEGERS_FIRST = "a=int8,acc=kulisch,out=fp16,unit=simd,modes=int8|int4|e4m3fn"


@pytest.mark.parametrize("text", some([SMALL, MIXED, INTEGERS_FIRST], 3))
def test_it_equals_golden(text):
    assert verify(Design.parse(text), level="quick").total > 4000


def test_level_full_tries_every_pair_in_every_place():
    design = Design.parse("a=posit8_0,acc=kulisch,unit=simd,modes=e2m1fn|int4|posit8_0")
    for number, bits in ((0, 4), (1, 4), (2, 8)):
        alone = {place: set() for place in range(8 // bits)}
        for block in traces._pairs(design.unit, design, number, "full", np.random.default_rng(0)):
            words = zip(block.a.ravel().tolist(), block.b.ravel().tolist(), strict=True)
            for (a, b), (place, pairs) in product(words, alone.items()):
                shift, mask = bits * place, (1 << bits) - 1
                if not (a | b) & ~(mask << shift):
                    pairs.add((a >> shift, b >> shift))
        assert all(len(pairs) == 1 << 2 * bits for pairs in alone.values())


def test_elements_lie_in_order():
    number_format = Design.parse(SMALL).unit.formats[0]
    assert traces.packed(number_format, np.array([[1, 2], [15, 0]])).tolist() == [0x21, 0x0F]


def test_only_the_levels_that_make_sense():
    design = Design.parse(SMALL)
    with pytest.raises(SpecError, match="level exhaustive: unit simd has quick and full"):
        prepare(design.unit, design, "exhaustive", 0)


FAULTS = {
    "tiles beside the diagonal never rest": Fault(
        SMALL, tiles, "_tiles", lambda original: lambda part, depth, deepest: original(part, 0, 0)
    ),
    "products at the wrong place": Fault(
        SMALL, packed_lane, "parts", lambda original: lambda width, depth: original(width, 0) * 2
    ),
    "a sum without the carries of negations": Fault(
        SMALL,
        packed,
        "compress_in_layers",
        lambda original: (
            lambda m, columns, name: original(m, [columns[0][:-1], *columns[1:]], name)
        ),
    ),
    "NaN never flagged": Fault(SMALL, packed, "drive", with_field("nan", lambda _: Const(0))),
    "an exponent that other modes change": Fault(
        SMALL, packed, "drive", with_field("exponent", lambda v: v | 1)
    ),
    "fields of other modes": Fault(
        SMALL, packed_decode, "_held", lambda _: lambda value, active: value
    ),
}


@pytest.mark.parametrize("name", some(FAULTS, 3))
def test_faults_in_its_parts_are_found(name, monkeypatch):
    assert_found(FAULTS[name], monkeypatch)


def test_matrix_products_run_in_the_mode_of_whole_words(tmp_path):
    design = Design.parse("a=int8,acc=int:20,unit=simd,modes=int4|int8")
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 256, (5, 7)), rng.integers(0, 256, (7, 3))
    found = SimulatedProducts(design, tmp_path)(a, b)
    exact = (design.a.decode(a) @ design.b.decode(b)).astype(np.int64)
    assert np.array_equal(found.codes, exact & (1 << 20) - 1)
    assert (found.off_schedule, found.complaints) == (0, ())


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [
        MIXED,
        MIXED.replace("fp:fp32", "kulisch"),
        "a=fp16,acc=fp:fp32,unit=simd,stages=2,interleave=2,modes=fp16|bf16|e5m2|e4m3fn",
        "a=fp16,acc=aligned:F25,unit=simd,modes=e4m3fn|e5m2|fp16",
        "a=int8,acc=int:32,unit=simd,modes=int8|int4",
        "a=posit8_0,acc=fp:fp32:kahan,unit=simd,modes=posit8_0|hif8|e2m1fn|int4|nf4",
    ],
)
def test_more_equal_golden_in_full(text):
    assert verify(Design.parse(text), level="full").total > 90_000


@pytest.mark.long
def test_faults_are_found():
    report = mutation_score(Design.parse(SMALL), mutants=100)
    assert report.score >= 0.99, report.survivors


@pytest.mark.long
def test_a_folder_with_axi_stream(tmp_path):
    assert generate(Design.parse(SMALL), tmp_path / "out", bus=Axis()).total > 2000
