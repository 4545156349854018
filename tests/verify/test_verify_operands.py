"""Operand codes can be drawn of every named format."""

import numpy as np
import pytest

from hwdse import Design, formats
from hwdse.errors import SpecError
from hwdse.verify.expected import expected_outputs
from hwdse.verify.stimulus import stimulus
from hwdse.verify.stimulus.operands import (
    any_codes,
    corner_codes,
    finite_codes,
    near_codes,
    negated,
    normal_codes,
    one_code,
    zero_code,
)


@pytest.mark.parametrize("name", formats.names())
def test_every_source_gives_codes_of_the_format(name: str) -> None:
    f = formats.get(name)
    rng = np.random.default_rng(0)
    for source in (any_codes, finite_codes, normal_codes):
        codes = f.check_codes(source(f, rng, (40, 3)))
        assert codes.shape == (40, 3)
        if source is not any_codes:
            values = np.asarray(f.decode(codes), float)
            assert np.isfinite(values).all()
            assert len(np.unique(values)) > 1 or len(corner_codes(f)) < 3
    corners = f.check_codes(corner_codes(f))
    values = np.asarray(f.decode(corners), float)
    for wanted in (float(f.max), float(f.min), float(f.min_subnormal)):
        assert wanted in values
    assert np.isnan(values).any() == f.has_nan
    assert np.isinf(values).any() == f.has_inf
    f.check_codes(negated(f, any_codes(f, rng, (40,))))
    assert np.isfinite(float(f.decode(np.array([one_code(f)]))[0]))
    zero = zero_code(f)
    assert zero is None or f.decode(np.array([zero]))[0] == 0


@pytest.mark.parametrize("name", formats.names())
def test_near_codes_are_neighbours(name: str) -> None:
    f = formats.get(name)
    rng = np.random.default_rng(1)
    aim = rng.normal(size=50) * min(float(f.max), 1e30) / 3
    below, at, above = (np.asarray(f.decode(near_codes(f, aim, k)), float) for k in (-1, 0, 1))
    assert np.isfinite([below, at, above]).all()
    if f.bits <= 16:
        assert (below <= at).all()
        assert (at <= above).all()
        assert (below < above).all() or len(corner_codes(f)) < 3


@pytest.mark.parametrize("name", formats.names())
def test_every_format_can_be_an_operand_of_a_sum(name: str) -> None:
    tried = 0
    for spec in (f"a={name},b=int8", f"a=e4m3fn,b={name}"):
        try:
            design = Design.parse(f"{spec},acc=kulisch,out=fp32")
        except SpecError:
            continue
        fed = stimulus(design.unit, design, "quick", 0)
        assert sum(fed.counts().values()) > 1000
        for block in fed.blocks:
            design.a.check_codes(block.a)
            design.b.check_codes(block.b)
        tried += 1
    assert (
        tried or not formats.get(name).fits_float64 or name.startswith(("lns", "posit32", "fp32"))
    )


# Formats without 1, without zero, without negative values, and wide ones.
@pytest.mark.parametrize("spec", [
    "a=binary,b=bipolar2,acc=int:16",
    "a=bipolar2,b=e4m3fn,acc=kulisch,out=bf16,unit=dot,lanes=3",
    "a=uint8,b=int4,acc=int:20",
    "a=fp32,b=int8,acc=fp:fp32",
])  # fmt: skip
def test_unusual_operands_have_expected_outputs(spec: str) -> None:
    design = Design.parse(spec)
    fed = stimulus(design.unit, design, "quick", 0)
    expected = expected_outputs(design, fed)
    assert sum(block.size for block in expected) == sum(fed.counts().values()) > 1000
