"""Costs of designs whose operands are block formats."""

import numpy as np
import pytest
from netlist_counts import built, declared, without_adders
from sampled import some

from hwdse import Design
from hwdse.cost.activity import activity_of
from hwdse.cost.stimuli import block_codes, operands_of
from hwdse.cost.system.storage import StoredBits
from hwdse.cost.system.tile import ArrayShape
from hwdse.hdl import structure_of
from hwdse.primitives.primitive import Multiplier

NVFP4 = "a=nvfp4,acc=fp:fp32,unit=mx"


@pytest.mark.parametrize(
    "spec",
    some(
        [
            "a=block:int4:3:e8m0,b=block:e4m3fn:3:bf16,unit=mxmul",
            "a=block:e2m1fn:2:ue4m3,acc=fp:bf16,unit=mx,blocks=2",
            "a=int8,b=block:int4_sym:3:fp16,acc=fp:fp32,unit=mx",
        ],
        2,
    ),
)
def test_units_are_built_of_what_they_declare(spec: str) -> None:
    design = Design.parse(spec)
    assert without_adders(declared(design)) == without_adders(built(design))


def test_structure_counts_elements_and_scales() -> None:
    unit = structure_of(Design.parse(f"{NVFP4},blocks=2"))
    assert unit.macs_per_cycle == 32
    found = {
        (part.a_bits, part.b_bits): count
        for part, count in unit.blocks["multiply"].counts.items()
        if isinstance(part, Multiplier)
    }
    # Elements, the scales' significands, and the sum times the scales.
    assert found == {(2, 2): 32, (4, 4): 2, (12, 8): 2}


def test_operands_are_quantised_blocks_with_their_scales() -> None:
    design = Design.parse("a=mxfp4,b=nvfp4,acc=fp:fp32,unit=mx,blocks=3")
    operands = operands_of(design, 5)
    assert operands is not None
    assert {name: codes.shape for name, codes in operands.codes.items()} == {
        **{"a": (5, 48), "a_scale": (5, 3), "b": (5, 48), "b_scale": (5, 3)},
    }
    assert operands_of(Design.parse("a=e4m3fn,acc=fp:fp32"), 5) is None
    made = block_codes(design.mul, 200, np.random.default_rng(0))
    assert made["a"].shape == (200, 16)
    values = design.a.decode(made["a"]) * design.operands[0].scale.decode(made["a_scale"])
    assert 0.9 < values.std() < 1.1


def test_numbers_in_block_engines_change_less_than_random_bits() -> None:
    found = activity_of(Design.parse(NVFP4))
    assert max(found.products, found.terms, found.sums, found.words) < 1.0


def test_memory_holds_elements_and_their_share_of_scales() -> None:
    design = Design.parse("a=mxfp4,b=nvfp4,acc=fp:fp32,unit=mx")
    stored = StoredBits.of(design)
    assert (stored.a, stored.b, stored.out) == (4.25, 4.5, 32)
    assert StoredBits.of(design, {"b": "mxint8"}).b == 8.25
    assert ArrayShape.of(design.unit, 2, 3).products_per_cycle == 6 * 16
