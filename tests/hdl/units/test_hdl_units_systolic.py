"""The systolic array without stalls: every transfer in its cycle, as golden's schedule has it."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Signal
from engine_streams import simulated
from netlist_counts import built, declared
from systolic_programs import program

from hwdse import Design
from hwdse.hdl import emit, structure_of
from hwdse.hdl.emit import flat_netlist
from hwdse.primitives.primitive import Memory
from hwdse.verify.trace import joined


def _transfers(design: Design, columns: dict[str, Any]) -> dict[str, list[dict[str, int]]]:
    """The words of each transfer of the input streams, by port."""
    found = {}
    for stream in design.interface.inputs:
        words = {}
        for part in stream.fields:
            name = "weights" if stream.name == "w" else part.name
            codes = np.asarray(columns[name]).reshape(-1, part.elements).astype(np.int64)
            words[stream.port_of(part)] = joined(codes, part).tolist()
        rows = zip(*words.values(), strict=True)
        found[stream.name] = [dict(zip(words, row, strict=True)) for row in rows]
    return found


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        ("rows=3,cols=2,sums=4", (2, 7, 8, 3)),
        ("rows=1,cols=3,sums=2", (1, 3, 3, 3)),
        ("rows=4,cols=1,sums=1", (1, 2, 9, 2)),
        ("rows=2,cols=2,sums=0", (2, 1, 2, 5)),
        ("rows=3,cols=2,dataflow=os", (2, 5, 2, 3)),
        ("rows=1,cols=2,dataflow=os", (1, 3, 1, 3)),
        ("rows=2,cols=3,dataflow=os", (1, 3, 5, 5)),
    ],
)
def test_every_transfer_comes_in_its_cycle(keys: str, size: tuple[int, int, int, int]) -> None:
    design = Design.parse(f"a=int4,b=int3,acc=int:10,unit=systolic,{keys}")
    rng = np.random.default_rng(3)
    groups, m, k, n = size
    work = program(design, rng.integers(0, 16, (groups, m, k)), rng.integers(0, 8, (groups, k, n)))
    passage = work.passage(design)
    seen = simulated(design, _transfers(design, work.columns), int(passage.cycles["o"][-1]) + 4)
    for name, cycles in passage.cycles.items():
        assert seen[name] == cycles.tolist(), name
    results = joined(passage.results.astype(np.int64), design.interface.stream("o").fields[0])
    assert seen["results"] == results.tolist()


@pytest.mark.parametrize(
    ("dataflow", "what", "fault"),
    [
        ("ws", "hwdse.hdl.systolic.column.start_bits", lambda step: 1),
        ("ws", "hwdse.hdl.systolic.column._counted", lambda m, name, on, words: Signal(2)),
        ("ws", "hwdse.hdl.systolic.skew.Register", None),
        ("os", "hwdse.hdl.systolic.stationary_sums._MOVING_RIGHT", ("a", "valid", "last", "shift")),
        ("os", "hwdse.hdl.systolic.stationary_sums._MOVING_RIGHT", ("a", "valid", "first", "last")),
    ],
)
def test_planted_faults_are_noticed(
    dataflow: str, what: str, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = Design.parse(
        f"a=int4,b=int3,acc=int:10,unit=systolic,rows=3,cols=2,dataflow={dataflow}"
    )
    rng = np.random.default_rng(4)
    work = program(design, rng.integers(0, 16, (1, 7, 5)), rng.integers(0, 8, (1, 5, 3)))
    passage = work.passage(design)
    wanted = joined(passage.results.astype(np.int64), design.interface.stream("o").fields[0])
    if fault is not None:
        monkeypatch.setattr(what, fault)
    seen = simulated(design, _transfers(design, work.columns), int(passage.cycles["o"][-1]) + 4)
    assert (seen["results"] == wanted.tolist()) == (fault is None)


@pytest.mark.parametrize(
    "keys",
    [
        "a=int4,acc=int:12,unit=systolic,rows=3,cols=2,sums=5",
        "a=e2m1fn,acc=fp:e5m4,unit=systolic,rows=3,cols=3,dataflow=os",
        *(
            pytest.param(f"a=int4,acc=int:12,unit=systolic,{shape}", marks=pytest.mark.long)
            for shape in ("rows=2,cols=4,sums=0", "rows=1,cols=2,dataflow=os", "rows=5,cols=1")
        ),
    ],
)
def test_an_array_is_built_of_what_it_declares(keys: str) -> None:
    design = Design.parse(keys)
    said, found = declared(design), built(design)
    blocks = structure_of(design).blocks.values()
    memories = [p for block in blocks for p, n in block.counts.items() if isinstance(p, Memory)]
    cells = flat_netlist(design)["cells"].values()
    reads = [cell for cell in cells if cell["type"].startswith("$memrd")]
    assert len(memories) == bool(design.unit.sums)
    assert len(reads) == (design.unit.cols if memories else 0)
    kinds = [key for key in said if key != "adder bits"]
    assert {key: said[key] for key in kinds} == {key: found[key] for key in kinds}


def test_a_large_array_has_one_module_of_each_kind() -> None:
    text = emit(Design.parse("a=int4,acc=int:12,unit=systolic,rows=16,cols=16"))
    found = Counter(line.split()[1] for line in text.splitlines() if line.startswith("module "))
    names = [name for name in found if name.endswith("stationary_pe")]
    assert len(names) == 1
    assert text.count(f"  {names[0]} pe") == 16
    assert len(text.splitlines()) < 3000
    # A reset does not restore a memory.
    assert "initial" not in text
