"""Level exhaustive: every result there is, and a single wrong one is found."""

import numpy as np
import pytest
from sampled import some
from verify_broken import broken

from hwdse import Design, golden
from hwdse.errors import SpecError, VerificationError
from hwdse.hdl import emit
from hwdse.verify import copies, exhaustive, native, verify
from hwdse.verify import enumeration as enumerations
from hwdse.verify.enumeration import enumeration_of, reachable_sums
from hwdse.verify.exhaustive import run_enumeration

FMA = Design.parse("a=e2m1fn,unit=fma")
MAC = Design.parse("a=e2m1fn,acc=fp:e2m1fn")


def enumeration(design: Design) -> enumerations.Enumeration:
    found = enumeration_of(design.unit, design)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("spec", "results"),
    some(
        [
            ("a=e2m1fn,unit=fma,stages=1,rounding=down", 16**3),
            ("a=e2m1fn,unit=fma", 16**3),
            ("a=e2m1fn,b=int4,unit=mul,out=e4m3fn", 16**2),
            ("a=e2m1fn,acc=fp:e2m1fn", 16**3),
        ],
        2,
    ),
)
def test_every_result_is_checked(spec: str, results: int) -> None:
    design = Design.parse(spec)
    assert run_enumeration(enumeration(design), emit(design), jobs=2) == results


@pytest.mark.parametrize(
    ("design", "condition", "given"),
    [
        (FMA, "i_a == 4'h3 && i_b == 4'hd && i_c == 4'h9", "a=0x3 (1.5) b=0xd (-3) c=0x9 (-0.5)"),
        (MAC, "inner_o == 4'h6 && i_valid", "sum before 0x"),
    ],
    ids=["fma", "mac"],
)
def test_a_single_wrong_result_is_found_and_shown(
    design: Design, condition: str, given: str
) -> None:
    with pytest.raises(VerificationError, match=r"mismatches in all results") as caught:
        run_enumeration(enumeration(design), broken(design, condition), jobs=1)
    first, *shown = str(caught.value).splitlines()
    assert ": 1 mismatches" in first or design is MAC
    assert given in shown[0]
    assert "expected 0x" in shown[0]
    assert "1 ulp apart" in shown[0]


@pytest.mark.parametrize("bits", [enumerations.GOLDEN_BITS, 0], ids=["golden", "kernel"])
def test_the_rows_of_a_sweep_are_golden(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enumerations, "GOLDEN_BITS", bits)
    for design in (FMA, MAC, Design.parse("a=e2m1fn,acc=fp:e4m3fn")):
        found = enumeration(design)
        assert found.by_golden == bool(bits)
        table = found.expected(range(found.rows)).reshape(found.third_count, 16, 16)
        rng = np.random.default_rng(0)
        for third, b, a in zip(*(rng.integers(0, n, 60) for n in table.shape), strict=True):
            if found.loads is None:
                want = golden.fma(design, [a], [b], [third])[0]
            else:
                load = [*found.loads[third], (a, b)]
                want = golden.dot(design, [x for x, _ in load], [y for _, y in load])
            assert table[third, b, a] == want


def test_running_sums_of_narrow_accumulators_are_all_reached() -> None:
    for spec, values in (("a=e2m1fn,acc=fp:e2m1fn", 16), ("a=e4m3fn,acc=fp:e4m3fn", 255)):
        design = Design.parse(spec)
        loads = reachable_sums(design)
        assert len(loads) == values
    # A sum of 6 * 6 over and over, up to the largest value.
    design = Design.parse("a=e2m1fn,acc=fp:e4m3fn")
    loads = reachable_sums(design)
    assert max(map(len, loads.values())) > 10
    for code, load in loads.items():
        assert int(golden.dot(design, *map(list, zip(*load, strict=True)))) == code
    assert int(design.out.encode(448.0)) in loads


CODES_THAT_ENCODING_NEVER_GIVES = Design.parse("a=int4,b=pot4_k1,mul=shift-add,unit=mul,out=int8")


def test_golden_judges_what_it_can_afford(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong kernels reject no right hardware."""

    def wrong(*_: object) -> np.ndarray:
        raise AssertionError("golden can afford all of this")

    for name in ("mul", "fma", "matmul"):
        monkeypatch.setattr(enumerations.kernels, name, wrong)
    for design in (MAC, CODES_THAT_ENCODING_NEVER_GIVES):
        assert run_enumeration(enumeration(design), emit(design), jobs=1) in (16**3, 16**2)


def test_a_wrong_kernel_of_a_long_sweep_is_found_by_golden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is built, or else from what it calls wrong."""
    monkeypatch.setattr(enumerations, "GOLDEN_BITS", 0)
    design = Design.parse("a=e2m1fn,unit=fma")
    right = enumerations.kernels.fma

    def wrong(design: Design, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        a, b, c = np.broadcast_arrays(a, b, c)
        return right(design, a, b, c) ^ ((a == 3) & (b == 5) & (c == 9))

    monkeypatch.setattr(enumerations.kernels, "fma", wrong)
    with pytest.raises(VerificationError, match=r"the fast kernel that 2\^12 results need differs"):
        run_enumeration(enumeration(design), "")
    monkeypatch.setattr(exhaustive, "_check_kernel", lambda *_: None)
    with pytest.raises(VerificationError, match="it is the fast kernel that is wrong"):
        run_enumeration(enumeration(design), emit(design), jobs=1)


@pytest.mark.long
def test_level_exhaustive_counts_every_result() -> None:
    certificate = verify(FMA, "exhaustive")
    assert certificate.vectors["exhaustive_results"] == 4096
    assert certificate.total > 4096 + 1000


def test_unchecked_results_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    report = native.Report(vectors=4096, checked=4095, mismatches=0, first=())
    monkeypatch.setattr(copies, "build_driver", lambda *_: None)
    monkeypatch.setattr(native, "run", lambda *_: report)
    with pytest.raises(VerificationError, match="4095 of 4096 outputs were checked"):
        run_enumeration(enumeration(FMA), "", jobs=1)


def test_too_many_results_are_refused() -> None:
    design = Design.parse("a=bf16,unit=fma")
    with pytest.raises(SpecError, match=r"2\^48 results, at most 2\^32 can be tried"):
        run_enumeration(enumeration(design), "")


def test_a_sweep_beyond_the_golden_model_needs_a_kernel() -> None:
    design = Design.parse("a=e5m2,c=fp16,out=lns8_g8,unit=fma")
    with pytest.raises(SpecError, match="out=lns8_g8 has no fast kernel"):
        run_enumeration(enumeration(design), "")


def test_accumulators_that_the_output_hides_have_no_sweep() -> None:
    for spec in ("a=e4m3fn,acc=kulisch", "a=e4m3fn,acc=fp:bf16,out=e5m2", "a=bf16,acc=fp:fp32"):
        design = Design.parse(spec)
        assert enumeration_of(design.unit, design) is None
