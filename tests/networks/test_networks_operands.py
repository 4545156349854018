"""Operands of a network, as the inputs of a unit see them."""

from itertools import pairwise

import numpy as np
import pytest

from hwdse import Design, kernels, networks
from hwdse.errors import NetworkError, SpecError
from hwdse.networks.calibration import observations
from hwdse.networks.quantize import plan


def sums_of(codes, turns=1, turn=0):
    """Sums of one turn that begin and end within the codes: a and b of each, in cycles."""
    first = codes["first"][turn::turns, 0]
    starts = np.flatnonzero(first)
    a, b = codes["a"][turn::turns], codes["b"][turn::turns]
    return [(a[x:y], b[x:y]) for x, y in pairwise(starts)]


def test_each_sum_is_a_row_and_a_column_of_the_layer():
    design = Design.parse("a=int8,b=int4,acc=int:32,unit=dot,lanes=3")
    codes = networks.operand_codes(design, "digits", layer="gemm2.out", cycles=400)
    assert {name: code.shape for name, code in codes.items()} == {
        "a": (400, 3), "b": (400, 3), "first": (400, 1),
    }  # fmt: skip
    seen = observations(networks.load("digits"), None)["gemm2.out"]
    planned = plan(design, seen, kernels.matmul)
    rows = {tuple(row) for row in planned.first.codes(seen.rows)[0].tolist()}
    columns = {tuple(column) for column in planned.weights[0].T.tolist()}
    found = sums_of(codes)
    assert len(found) >= 15
    for a, b in found:
        assert a.shape == (22, 3)  # 64 terms and two zeros
        assert a.ravel()[64:].tolist() == b.ravel()[64:].tolist() == [0, 0]
        assert tuple(a.ravel()[:64].tolist()) in rows
        assert tuple(b.ravel()[:64].tolist()) in columns


def test_sums_take_turns():
    design = Design.parse("a=e4m3fn,acc=fp:bf16,interleave=2")
    codes = networks.operand_codes(design, "digits", layer="gemm0.out", cycles=400)
    assert codes["first"][:2, 0].tolist() == [1, 1]
    for turn in range(2):
        found = sums_of(codes, turns=2, turn=turn)
        assert len(found) == 3
        assert all(len(a) == 64 for a, _ in found)


def test_without_a_layer_all_take_part_as_often_as_they_occur():
    design = Design.parse("a=int8,acc=int:32,unit=dot,lanes=1024")
    codes = networks.operand_codes(design, "digits", cycles=3000)
    lengths = [int(np.flatnonzero(a[0]).max(initial=0)) + 1 for a, _ in sums_of(codes)]
    # 64 x 64, 64 x 32 and 32 x 10: of 106 sums, 10 have 32 terms.
    assert 0.05 < np.mean([length <= 32 for length in lengths]) < 0.35
    again = networks.operand_codes(design, "digits", cycles=3000)
    assert all(np.array_equal(codes[name], again[name]) for name in codes)


def test_what_has_no_operands():
    with pytest.raises(NetworkError, match="unknown layer of digits 'conv'"):
        networks.operand_codes(Design.parse("a=int8,acc=int:32"), "digits", layer="conv", cycles=9)
    with pytest.raises(SpecError, match="for units mac and dot"):
        networks.operand_codes(Design.parse("a=int8,unit=mul"), "digits", cycles=9)
