"""Faults planted in pipelining: a register too few on one signal must not go unnoticed."""

from importlib import import_module

import pytest
from sampled import some
from verify_faults import Fault, assert_found

from hwdse import Design
from hwdse.hdl import pipeline

EMIT = import_module("hwdse.hdl.emit")


def left_out(part: str):
    """A `_register` that leaves out the first register whose name has this in it."""

    def broken(original):
        left = []

        def register(self, word, rank, wanted, reset):
            original(self, word, rank, wanted, reset)
            if part in wanted and not left:
                left.append(wanted)
                for bit in word:
                    self._late[bit, rank] = self._late[bit, rank - 1] if rank > 1 else bit

        return register

    return broken


def fault(spec: str, part: str) -> Fault:
    return Fault(spec, pipeline._Insertion, "_register", left_out(part))


@pytest.mark.parametrize(
    "planted",
    some(
        [
            fault("a=e4m3fn,acc=fp:bf16,stages=2", "i_first"),
            fault("a=e4m3fn,acc=fp:bf16,stages=2", "i_valid"),
            fault("a=e4m3fn,acc=fp:bf16,stages=1", ""),
        ],
        3,
        ["first", "valid", "data"],
    ),
)
def test_a_register_left_out_is_found(planted, monkeypatch):
    EMIT._pipelined.cache_clear()
    try:
        assert_found(planted, monkeypatch)
    finally:
        EMIT._pipelined.cache_clear()
    assert Design.parse(planted.spec).unit.stages
