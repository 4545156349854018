"""How a matrix product becomes transfers: every result has its place, and cycles add up."""

from collections.abc import Mapping

import numpy as np
import pytest

from hwdse import Design, golden, kernels
from hwdse.errors import SpecError
from hwdse.golden.engines.mx import running_blocks
from hwdse.golden.engines.systolic import output_stationary, weight_stationary
from hwdse.spec import Workload
from hwdse.verify.products import NOWHERE, Pass, passes, units
from hwdse.verify.products.filling import filled


def _codes(design: Design, m: int, k: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes with many small values, so that sums cancel and underflow; no special values."""
    rng = np.random.default_rng(seed)
    found = []
    for f, shape in ((design.a, (m, k)), (design.b, (k, n))):
        codes = rng.integers(0, 1 << f.bits, shape)
        bad = ~np.isfinite(np.asarray(f.decode(codes), float))
        found.append(np.where(bad, int(f.encode(1.0)), codes))
    return found[0], found[1]


def _cut(design: Design, a: np.ndarray, b: np.ndarray, most: int) -> list[Pass]:
    return list(passes(design.unit, design, (a, b), most))


def _gathered(design: Design, parts: list[Pass], shape: tuple[int, int]) -> np.ndarray:
    """The product, if golden answers the transfers of the inputs."""
    found = np.full(shape[0] * shape[1], NOWHERE)
    for part in parts:
        w, a = part.inputs["w"]["data"], part.inputs["a"]["data"]
        flags = {k: np.asarray(v) for k, v in part.inputs["a"].items() if k != "data"}
        if design.unit.is_ws:
            always = np.ones(len(a), bool)
            columns = {"first": always, "last": always} | flags
            weights = w.reshape(-1, design.unit.rows, design.unit.cols)
            passage = weight_stationary(design, weights=weights, data=a, **columns)
        else:
            passage = output_stationary(design, weights=w, data=a, **flags)
        for name, cycles in part.cycles.items():
            assert np.array_equal(cycles, passage.cycles[name])
        places = part.places[part.places != NOWHERE]
        assert np.all(found[places] == NOWHERE)
        found[places] = passage.results[part.places != NOWHERE]
    return found.reshape(shape)


@pytest.mark.parametrize(
    "keys",
    [
        "a=int5,b=int3,acc=int:12 dataflow=os",
        "a=int5,b=int3,acc=int:12 dataflow=ws,sums=3",
        "a=e4m3fn,acc=fp:bf16 dataflow=ws",
        "a=e4m3fn,acc=fp:e5m2:kahan dataflow=ws,sums=2",
    ],
)
def test_products_of_ragged_shapes_have_every_result_once(keys: str) -> None:
    rng = np.random.default_rng(4)
    number, dataflow = keys.split(" ")
    compared = 0
    for seed in range(8):
        rows, cols, m, k, n = (int(x) for x in rng.integers(1, [5, 5, 9, 12, 9]))
        design = Design.parse(f"{number},unit=systolic,rows={rows},cols={cols},{dataflow}")
        a, b = _codes(design, m, k, n, seed)
        whole, cut = _cut(design, a, b, 1 << 20), _cut(design, a, b, 7)
        assert len(whole) == 1 <= len(cut)
        expected = golden.matmul(design, a, b)
        for parts in (whole, cut):
            assert np.array_equal(_gathered(design, parts, (m, n)), expected)
        assert sum(part.tiles for part in cut) == whole[0].tiles
        schedule = design.unit.schedule(Workload(site="s", m=m, k=k, n=n))
        assert whole[0].cycles["o"][-1] + 1 == schedule.cycles
        compared += expected.size
    assert compared > 100


@pytest.mark.parametrize("shape", ["", ",interleave=3", ",unit=dot,lanes=4,interleave=2,stages=1"])
def test_sums_of_a_mac_take_turns(shape: str) -> None:
    design = Design.parse(f"a=int4,acc=int:16{shape}")
    a, b = _codes(design, 4, 6, 3, 1)
    (part,) = _cut(design, a, b, 1 << 20)
    groups = -(-6 // design.unit.group)
    cycles, turns = part.cycles["i"].reshape(12, groups), design.unit.interleave
    assert len(np.unique(cycles)) == 12 * groups
    assert np.all(cycles % turns == np.arange(12)[:, None] % turns)
    assert np.all(np.diff(cycles, axis=1) == turns)
    assert part.cycles["o"].tolist() == sorted((cycles + design.unit.latency).ravel())
    # The last group of a sum gives its result.
    ends = cycles[:, -1] + design.unit.latency
    placed = part.places[:, 0] != NOWHERE
    assert dict(zip(part.cycles["o"][placed], part.places[placed, 0], strict=True)) == dict(
        zip(ends, range(12), strict=True)
    )
    schedule = design.unit.schedule(Workload(site="s", m=4, k=6, n=3))
    assert part.cycles["o"][-1] + 1 == schedule.cycles
    assert sum(p.tiles for p in _cut(design, a, b, 5)) == part.tiles == 12


@pytest.mark.parametrize(
    "spec",
    [
        "a=mxfp4,acc=fp:bf16,unit=mx",
        "a=nvfp4,b=mxfp8_e4m3,acc=fp:fp32,unit=mx,blocks=3,interleave=2",
        "a=block:e4m3fn:3:e8m0,b=block:int4_sym:6:e8m0,acc=fp:e5m2:kahan,unit=mx,blocks=2",
        "a=block:e3m2fn:4:e8m0,acc=kulisch,out=bf16,unit=mx,"
        "modes=block:e2m1fn:4:e8m0|block:e3m2fn:4:e8m0",
    ],
)
def test_blocks_come_with_their_scales(spec: str) -> None:
    """The transfers of each sum give what golden gives, and stand where they should."""
    design = Design.parse(spec)
    rng = np.random.default_rng(6)
    for m, k, n in ((2, 1, 3), (3, 40, 2), (4, 96, 5)):
        a, a_scales = kernels.encode_blocks(design.mul.a, rng.normal(size=(m, k)), tensor_amax=4.0)
        b, b_scales = kernels.encode_blocks(design.mul.b, rng.normal(size=(n, k)), tensor_amax=4.0)
        found = np.full(m * n, NOWHERE)
        operands = (a, a_scales, b.T, b_scales.T)
        for part in passes(design.unit, design, operands, 11):
            given, cycles = part.inputs["i"], part.cycles["i"]
            assert set(given) == {field.name for field in design.interface.stream("i").fields}
            answered = dict(zip(part.cycles["o"], part.places[:, 0], strict=True))
            # The sums of one turn after those of another.
            order = np.lexsort((cycles, cycles % design.interface.turns))
            for terms in np.split(order, np.flatnonzero(given["first"][order])[1:]):
                place = answered[cycles[terms[-1]] + design.unit.latency]
                assert found[place] == NOWHERE
                found[place] = _sum_of_blocks(design, given, terms)
        rows, columns = np.divmod(np.arange(m * n), n)
        expected = running_blocks(design, a[rows], a_scales[rows], b[columns], b_scales[columns])[
            :, -1
        ]
        assert np.array_equal(found, expected), (spec, m, k, n)


def _sum_of_blocks(design: Design, given: Mapping[str, np.ndarray], terms: np.ndarray) -> int:
    """Golden's last output for the transfers of a sum."""
    operands = []
    for name, block in (("a", design.mul.a), ("b", design.mul.b)):
        # The unit takes a scale for each part of a block, golden one for each block.
        parts = block.block.columns // design.mul.size
        operands += [given[name][terms].ravel(), given[f"{name}_scale"][terms].ravel()[::parts]]
    return int(running_blocks(design, *operands)[-1])


@pytest.mark.parametrize(
    "number",
    [
        *(
            f"a=e4m3fn,acc={acc}"
            for acc in (
                *("kulisch", "fp:bf16", "fp:e4m3fn", "fp:e4m3fn:an1-2", "fp:e5m2:kahan"),
                *("fp:e4m3fn:tree", "aligned:ampere", "aligned:hopper-fp8"),
            )
        ),
        "a=int4,acc=int:10",
        "a=e4m3fn,mul=lmul,acc=fp:bf16",
        "a=e4m3fn,mul=mitchell,acc=fp:fp16",
        "a=lns8_g8z,mul=log,acc=bins,out=fp32",
        "a=lns6_g4z,mul=log,acc=lns:lns10_g4z",
    ],
)
def test_zeros_at_the_start_change_no_sum(number: str) -> None:
    design = Design.parse(f"{number},unit=systolic,rows=8,cols=1")
    a, b = _codes(design, 24, 5, 12, 7)
    longer = filled(design, a, b, 8, first=True)
    assert longer[0].shape == (24, 8)
    expected = golden.matmul(design, a, b)
    assert np.array_equal(golden.matmul(design, *longer), expected)
    assert len(np.unique(expected)) > 20


@pytest.mark.parametrize("acc", ["fp:e4m3fn", "fp:e5m2:kahan"])
def test_zeros_at_the_end_would_change_sums(acc: str) -> None:
    """Negative sums that underflow become +0, and a compensation is added."""
    design = Design.parse(f"a=e4m3fn,acc={acc}")
    a, b = _codes(design, 60, 5, 60, 7)
    a[:20], b[:, :20] = a[:20] & 0x83, b[:, :20] & 0x83
    longer = np.pad(a, ((0, 0), (0, 3))), np.pad(b, ((0, 3), (0, 0)))
    assert np.any(golden.matmul(design, *longer) != golden.matmul(design, a, b))


def test_what_zeros_would_change_is_refused() -> None:
    keys = "unit=systolic,rows=4,cols=2"
    for spec, message in (
        (f"a=e4m3fn,acc=fp:bf16:sr8,{keys}", "a zero more changes the sums of acc=fp:bf16:sr8"),
        (f"a=binary,mul=xnor,acc=int:16,{keys}", "binary has no zero to fill them"),
    ):
        design = Design.parse(spec)
        a, b = _codes(design, 3, 5, 2, 1)
        with pytest.raises(SpecError, match=message):
            _cut(design, a, b, 100)
        # Whole tiles need no zeros, and neither do sums that stay.
        assert len(_cut(design, a[:, :4], b[:4], 100)) == 1
        stays = Design.parse(f"{spec},dataflow=os")
        assert len(_cut(stays, a, b, 100)) == 1
    short = Design.parse("a=int4,acc=int:16,unit=systolic,rows=4,cols=2,sums=0")
    with pytest.raises(SpecError, match="sums=0 takes rows=4 at most: give sums="):
        _cut(short, np.zeros((1, 5), int), np.zeros((5, 1), int), 9)


@pytest.mark.parametrize("spec", ["a=int8,unit=mul", "a=mxfp4,unit=mxmul"])
def test_a_unit_without_products_is_named_beside_those_with_them(spec: str) -> None:
    design = Design.parse(spec)
    with pytest.raises(SpecError, match=f"unit {design.unit} computes no matrix products") as told:
        passes(design.unit, design, (), 1)
    assert "units that do are mac, " in str(told.value)
    assert {"mac", "dot", "systolic"} <= set(units())
