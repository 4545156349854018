"""Features of designs: what differs shows, what is alike does not."""

import numpy as np
import pytest

from hwdse import Design
from hwdse.explore.search import features_of


def parsed(*specs):
    return [Design.parse(spec) for spec in specs]


def test_features_have_mean_0_and_deviation_1():
    found = features_of(parsed(*(f"a={a},acc=kulisch" for a in ("int8", "e4m3fn", "posit8_1"))))
    assert found.shape[0] == 3
    assert found.mean(axis=0) == pytest.approx(np.zeros(found.shape[1]))
    assert found.std(axis=0) == pytest.approx(np.ones(found.shape[1]))


def test_options_of_an_accumulator_show():
    a, b, c = features_of(
        parsed("a=bf16,acc=fp:bf16", "a=bf16,acc=fp:bf16:an1-2", "a=bf16,acc=fp:fp32")
    )
    assert not np.allclose(a, b)
    assert not np.allclose(b, c)


def test_near_formats_are_near():
    designs = parsed(*(f"a={a},acc=kulisch" for a in ("e4m3fn", "e3m4", "int4", "e2m1fn")))
    found = features_of(designs)
    apart = np.linalg.norm(found[:, None] - found[None], axis=2)
    assert apart[0, 1] < apart[0, 2]
    assert apart[0, 1] < apart[1, 3]


def test_equal_designs_have_nothing_to_tell():
    assert features_of(parsed("a=int8,acc=int:32", "a=int8,acc=int:32")).shape == (2, 0)


def test_units_of_every_kind_have_features():
    specs = (
        "a=int8,acc=int:32", "a=e4m3fn,acc=fp:fp32,unit=dot,lanes=4",
        "a=mxfp4,acc=fp:fp32,unit=mx", "a=bf16,c=bf16,out=bf16,unit=fma",
        "a=int8,b=int8,out=int8,unit=mul", "a=int8,acc=int:32,unit=systolic,rows=2,cols=2",
    )  # fmt: skip
    assert features_of(parsed(*specs)).shape[0] == len(specs)
