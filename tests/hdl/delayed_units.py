"""Pipelined units beside unpipelined ones: the same outputs, later by the latency."""

from dataclasses import replace
from random import Random

from cycle_level import CycleLevel

from hwdse import Design
from hwdse.hdl.emit import flat_netlist

#: Copies of a circuit that run at once, and cycles.
LANES, CYCLES = 128, 32


def design_of(spec: str, stages: int, interleave: int = 1) -> Design:
    turns = f",interleave={interleave}" if interleave > 1 else ""
    return Design.parse(f"{spec},stages={stages}{turns}")


def random_inputs(design: Design, random: Random) -> dict[str, list[int]]:
    """Half of the cycles without input, a quarter of the inputs start a sum."""
    lanes = design.unit.group
    widths = {"i_a": lanes * design.a.bits, "i_b": lanes * design.b.bits}
    if design.unit.keyword == "fma":
        widths["i_c"] = design.c.bits
    words = {
        name: [random.getrandbits(LANES) for _ in range(width)] for name, width in widths.items()
    }
    if design.unit.family == "mac":
        words["rst"] = [0]
        words["i_valid"] = [random.getrandbits(LANES)]
        words["i_first"] = [random.getrandbits(LANES) & random.getrandbits(LANES)]
    return words


def reset(design: Design, random: Random, circuit: CycleLevel, cycles: int) -> None:
    """Hold `rst` while inputs go on; they are not accepted."""
    for _ in range(cycles):
        circuit.cycle({**random_inputs(design, random), "rst": [circuit.ones]})


def assert_delayed(design: Design, pipelined: CycleLevel) -> None:
    """The outputs of a pipelined unit are those of the unpipelined unit for cells.

    Both run on the same random inputs, from random register contents on. For sums that take turns
    there is one unpipelined unit per turn.
    """
    unit = design.unit
    plain = flat_netlist(replace(design, unit=unit.plain()))
    latency, clocked = unit.latency, unit.family == "mac"
    interleave = design.interface.turns
    random = Random(unit.stages * 10 + interleave)
    sums = [CycleLevel(plain, LANES, 2 + k) for k in range(interleave)]
    if clocked:
        reset(design, random, pipelined, latency if interleave > 1 else 1)
        for single in sums:
            reset(design, random, single, 1)
    due: dict[int, dict[str, list[int]]] = {}
    compared = 0
    for t in range(CYCLES):
        inputs = random_inputs(design, random)
        got = pipelined.cycle(inputs)
        # A unit with state shows the result of an input when the turn of its sum comes again.
        shown = sums[t % interleave].cycle(inputs)
        due[t + latency - interleave * clocked] = shown
        if t >= latency:
            assert got == due[t], f"cycle {t}"
            compared += 1
        elif clocked:
            assert got["o_valid"] == [0], f"o_valid in cycle {t} after reset"
    assert compared == CYCLES - latency
    assert any(any(shown["o"]) for shown in due.values())
