"""Hardware of block products against exact fractions, as gates."""

import numpy as np
import pytest
from gate_level import GateLevel, decoded
from reference import block_products as reference
from sampled import some

from hwdse import Design
from hwdse.hdl.multiply.block import BlockMultiplier

PAIRS = [
    ("block:e4m3fn:4:e8m0", "block:e5m2:4:e8m0"),
    ("block:e2m1fn:4:ue4m3", "block:e2m1fn:4:ue4m3"),
    ("block:q2_6:4:e8m0", "block:e2m1fn:4:e8m0"),
    ("block:e5m2:3:ue5m3", "block:int4_sym:3:ue4m3"),
    ("block:int4_sym:4:ue4m3", "block:int4_sym:4:ue4m3"),
    ("block:e2m3fn:4:e8m0", "block:e3m2fn:4:e8m0"),
    ("block:q2_6:4:e8m0", "block:q2_6:4:e8m0"),
    ("block:e2m1fn:5:e8m0", "block:e2m1fn:5:ue4m3"),
    ("block:e5m2:2:e8m0", "block:e5m2:2:e8m0"),
    ("block:e2m1fn:4:ue5m3", "block:e3m2fn:4:ue5m3fn"),
    ("block:e2m1fn:4:e4m3fn", "block:e4m3fn:2:e5m2"),
    ("block:int4:1:e3m0fn", "block:e3m0fn:1:e3m0fn"),
]
COUNT = 400


@pytest.mark.parametrize(("first", "second"), some(PAIRS, 3))
def test_products_of_blocks(first: str, second: str) -> None:
    design = Design.parse(f"a={first},b={second},acc=fp:fp32,unit=mx")
    mul = design.mul
    rng = np.random.default_rng(11)
    elements, scales, ports = [], [], {}
    for name, block in zip("ab", design.operands, strict=True):
        codes = rng.integers(0, 1 << block.element.bits, (COUNT, mul.size))
        # Half of the blocks have one element, so that a lane is seen alone; few have specials.
        alone = np.arange(mul.size) != rng.integers(0, mul.size, (COUNT, 1))
        few = (np.arange(COUNT) % 2 == 0)[:, None] & alone
        special = ~np.isfinite(block.element.decode(codes)) & (rng.random(codes.shape) < 0.8)
        codes = np.where(few | special, int(block.element.encode(0.0)), codes)
        scale = rng.integers(0, 1 << block.scale.bits, COUNT)
        elements.append(codes)
        scales.append(scale)
        places = block.element.bits * np.arange(mul.size)
        ports[name] = (codes << places).sum(axis=-1)
        ports[f"{name}_scale"] = scale
    found = decoded(design.product, GateLevel(BlockMultiplier(mul))(**ports))
    values = found.to_fractions().tolist()
    x, y = map(reference.block_of, (first, second))
    kinds = set()
    for k in range(COUNT):
        expected = reference.product(
            x, y,
            elements[0][k].tolist(), int(scales[0][k]), elements[1][k].tolist(), int(scales[1][k]),
        )  # fmt: skip
        kinds.add(expected.special or ("zero" if expected.magnitude == 0 else "number"))
        if expected.special == "nan":
            assert found.nan[k]
        elif expected.special:
            assert (values[k], found.nan[k]) == (-np.inf if expected.negative else np.inf, False)
        else:
            assert values[k] == expected.number
            assert expected.magnitude != 0 or not found.sign[k]
    assert {"zero", "number"} <= kinds
    assert not design.product.has_nan or "nan" in kinds
    assert not design.product.has_inf or "inf" in kinds
