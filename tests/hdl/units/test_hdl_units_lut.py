"""The table-lookup engine without stalls: every transfer in its cycle, as golden has it."""

from typing import Any

import numpy as np
import pytest
from engine_streams import simulated
from lut_programs import program
from netlist_counts import built, declared

from hwdse import Design
from hwdse.hdl import emit
from hwdse.verify.trace import joined


def _compared(design: Design, size: tuple[int, int, int, int], seed: int) -> tuple[Any, Any, Any]:
    """Transfers as simulated, those of golden, and golden's results."""
    rng = np.random.default_rng(seed)
    groups, m, k, n = size
    a, b = (
        rng.integers(0, 1 << f.bits, shape)
        for f, shape in ((design.a, (groups, m, k)), (design.b, (groups, k, n)))
    )
    work = program(design, a, b)
    passage = work.passage(design)
    seen = simulated(design, work.transfers(design), int(passage.cycles["o"][-1]) + 4)
    wanted = joined(passage.results.astype(np.int64), design.interface.stream("o").fields[0])
    return seen, passage.cycles, wanted.tolist()


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        ("a=int4,b=int2,acc=int:12 group=4,rows=2,cols=3", (2, 5, 9, 4)),
        ("a=int4,b=binary,acc=int:12 group=3,rows=1,cols=2", (1, 3, 7, 2)),
        ("a=int4,b=binary,acc=int:12 group=2,rows=3,cols=2", (2, 6, 2, 3)),
        ("a=uint3,b=uint4,acc=int:14 group=1,rows=2,cols=2", (1, 3, 3, 3)),
        ("a=int4,b=bipolar3,acc=int:12:sat group=2,rows=2,cols=1", (1, 4, 6, 2)),
        ("a=e2m1fn,b=ternary,acc=kulisch,out=fp16 group=3,rows=2,cols=2", (1, 4, 6, 2)),
        ("a=int4,b=e2m1fn,acc=kulisch,out=fp16 group=2,rows=1,cols=2", (1, 2, 5, 2)),
    ],
)
def test_every_transfer_comes_in_its_cycle(keys: str, size: tuple[int, int, int, int]) -> None:
    parts, shape = keys.split(" ")
    seen, cycles, wanted = _compared(Design.parse(f"{parts},unit=lut,{shape}"), size, 4)
    for name, expected in cycles.items():
        assert seen[name] == expected.tolist(), name
    assert seen["results"] == wanted


def test_the_known_answer_of_the_specification() -> None:
    """Section 13.1: a = 1, 2, 3, 4 and u = 3, 0, 1, 2; q' is bipolar2, u is uint2."""
    given = {
        "a": [{"a_last": 1, "a_data": 0x04030201}],
        "w": [{"w_data": 3 | 0 << 2 | 1 << 4 | 2 << 6}],
    }
    for weights, answer in (("bipolar2", -2), ("uint2", 14)):
        design = Design.parse(f"a=int8,b={weights},acc=int:16,unit=lut,rows=1,cols=1")
        seen = simulated(design, given, 6)
        assert (seen["results"], seen["o"]) == ([answer & 0xFFFF], [3])


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ("hwdse.hdl.lut.table._sums", lambda m, words, name: [words[-1]] * (1 << len(words) - 1)),
        ("hwdse.hdl.lut.cell.plus", lambda x, y, carry: x + y),
        ("hwdse.hdl.lut.column.selected", lambda states, row: states[0]),
        ("hwdse.hdl.lut.cell.selected", lambda entries, chosen: entries[-1]),
        ("hwdse.hdl.lut.table.Register", None),
    ],
)
def test_planted_faults_are_noticed(what: str, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    design = Design.parse("a=int4,b=int2,acc=int:12,unit=lut,group=3,rows=2,cols=2")
    if fault is not None:
        monkeypatch.setattr(what, fault)
    seen, _, wanted = _compared(design, (1, 4, 6, 4), 5)
    assert (seen["results"] == wanted) == (fault is None)


@pytest.mark.parametrize(
    "keys",
    [
        "a=int8,b=int2,acc=int:32,unit=lut,rows=2,cols=3",
        "a=int4,b=binary,acc=int:12,unit=lut,group=3,rows=1,cols=2",
        *(
            pytest.param(f"{keys},unit=lut,rows=2,cols=2", marks=pytest.mark.long)
            for keys in (
                "a=uint4,b=uint4,acc=int:20,group=5",
                "a=e5m2,b=ternary,acc=kulisch,group=2",
                "a=e4m3fn,b=int3,acc=fp:bf16,group=1",
            )
        ),
    ],
)
def test_an_engine_is_built_of_what_it_declares(keys: str) -> None:
    said, found = declared(Design.parse(keys)), built(Design.parse(keys))
    kinds = [key for key in said if key != "adder bits"]
    assert {key: said[key] for key in kinds} == {key: found[key] for key in kinds}
    assert 0.8 < said["adder bits"] / found["adder bits"] < 1.25


def test_a_large_engine_has_one_module_of_each_kind() -> None:
    text = emit(Design.parse("a=int4,b=int2,acc=int:12,unit=lut,rows=2,cols=64"))
    names = [line.split()[1] for line in text.splitlines() if line.startswith("module ")]
    for name, count in (("lut_column", 64), ("lut_cell", 2), ("table_row", 2)):
        (module,) = [full for full in names if full.endswith(name)]
        assert text.count(f"  {module} ") == count
    assert len(text.splitlines()) < 3000
    # The Verilog has no multiplier.
    assert " * " not in "".join(line for line in text.splitlines() if "assign" in line)
