"""The bit-serial unit in simulation: values, cycles, stalls and faults."""

from pathlib import Path

import numpy as np
import pytest
from engine_streams import stalling
from netlist_counts import built, declared, without_adders
from sampled import some

from hwdse import Design, kernels
from hwdse.errors import SpecError, VerificationError
from hwdse.hdl import emit
from hwdse.hdl.units import bitserial
from hwdse.spec import Workload
from hwdse.verify import verify
from hwdse.verify.mutation import mutation_score
from hwdse.verify.prepare import prepare
from hwdse.verify.simulated import SimulatedProducts

SPECS = [
    "a=int8,b=int4,acc=int:32",
    "a=uint5,b=int3,acc=fp:bf16,lanes=3",
    "a=int6,b=uint2,acc=kulisch,out=fp16,lanes=1",
    "a=uint8,b=uint5,acc=fp:fp16,rounding=down,lanes=2",
    "a=q3_4,b=q1_2,acc=int:14:sat,out=q7_4,lanes=5",
    "a=int16,acc=kulisch,out=fp32,lanes=16",
]


def _design(keys: str) -> Design:
    return Design.parse(f"{keys},unit=bitserial")


@pytest.mark.parametrize("keys", some(SPECS, 3))
def test_it_equals_golden(keys: str) -> None:
    certificate = verify(_design(keys), "quick", seed=2)
    assert set(certificate.vectors) == {"operand_pairs", "accumulation_steps", "random_bits"}
    assert certificate.total > 1000


@pytest.mark.parametrize("keys", some(SPECS, 3))
def test_it_is_built_of_what_it_declares(keys: str) -> None:
    said, found = declared(_design(keys)), built(_design(keys))
    assert without_adders(said) == without_adders(found)


@pytest.mark.parametrize("keys", some(["a=int4,b=int3,acc=int:14,lanes=2", *SPECS], 7))
def test_stalls_change_nothing(keys: str, tmp_path: Path) -> None:
    """A quarter of the cycles of each stream stalls."""
    design = _design(keys)
    run = stalling(design, emit(design), tmp_path)
    level = "quick" if "lanes=2" in keys else "full"
    prepared = prepare(design.unit, design, level, 0)
    assert prepared.trace.count("i") > (1000 if level == "quick" else 10_000)
    for seed in range(3):
        report = run(prepared.trace, seed)
        assert report.checked == report.vectors == prepared.trace.outputs
        assert report.mismatches == 0


def test_every_transfer_comes_in_the_golden_cycle(tmp_path: Path) -> None:
    design = _design("a=int5,b=int3,acc=int:16,lanes=3")
    simulated = SimulatedProducts(design, tmp_path)
    rng = np.random.default_rng(3)
    for m, k, n in ((1, 1, 1), (5, 7, 3), (2, 20, 9)):
        a, b = rng.integers(0, 32, (m, k)), rng.integers(0, 8, (k, n))
        found = simulated(a, b)
        assert np.array_equal(found.codes, kernels.matmul(design, a, b))
        assert (found.off_schedule, found.complaints) == (0, ())
        schedule = design.unit.schedule(Workload(site="s", m=m, k=k, n=n))
        assert found.cycles == schedule.cycles


def test_only_the_levels_that_make_sense() -> None:
    design = _design(SPECS[0])
    with pytest.raises(SpecError, match="level exhaustive: unit bitserial has quick and full"):
        prepare(design.unit, design, "exhaustive", 0)


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that completes a negation is forgotten."""
    monkeypatch.setattr(bitserial, "plus", lambda x, y, carry: x + y)
    with pytest.raises(VerificationError, match="mismatches"):
        verify(_design("a=int3,b=int2,acc=int:12,lanes=1"), level="quick")


@pytest.mark.long
@pytest.mark.parametrize("keys", SPECS)
def test_it_equals_golden_in_full(keys: str) -> None:
    """Every pair of operands of up to 8 bits, at each number of bits a random part."""
    certificate = verify(_design(keys), "full")
    assert certificate.total > 40_000


@pytest.mark.long
@pytest.mark.parametrize("keys", ["a=int4,b=int3,acc=int:14,lanes=2", "a=int3,b=uint2,acc=fp:fp16"])
def test_injected_faults_are_noticed(keys: str) -> None:
    assert mutation_score(_design(keys), mutants=200).score >= 0.99
