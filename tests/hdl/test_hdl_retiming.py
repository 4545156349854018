"""Placement of registers against brute force: every lag of every cell of small random circuits."""

from itertools import product
from random import Random

import pytest

from hwdse.hdl.netlist import CellTiming, Node
from hwdse.hdl.retiming import Circuit, Limits


def word(name: str, inputs, outputs, delay: int) -> Node:
    timing = CellTiming(
        columns=((),) * len(outputs), common=tuple(inputs), delays=(delay,) * len(outputs)
    )
    return Node(name=name, kind="cell", inputs=tuple(inputs), outputs=tuple(outputs), timing=timing)


def random_nodes(random: Random, cells: int, *, looped: bool) -> list[Node]:
    """Cells of one to three bits behind one input; perhaps a state register that feeds back."""
    bits = iter(range(100))
    words = [[next(bits) for _ in range(random.randint(1, 3))]]
    nodes = [Node(name="i", kind="input", inputs=(), outputs=tuple(words[0]))]
    state = [next(bits), next(bits)] if looped else []
    join = random.randrange(cells)
    for k in range(cells):
        sources = random.sample(words, min(len(words), random.randint(1, 2)))
        inputs = [bit for source in sources for bit in source]
        if looped and k == join:
            inputs += state
        outputs = [next(bits) for _ in range(random.randint(1, 3))]
        nodes.append(word(f"c{k}", inputs, outputs, random.randint(1, 9)))
        words.append(outputs)
    if looped:
        nodes.append(Node(name="q", kind="register", inputs=tuple(words[-1]), outputs=tuple(state)))
        nodes.append(Node(name="o", kind="output", inputs=tuple(state), outputs=()))
    else:
        nodes.append(Node(name="o", kind="output", inputs=tuple(words[-1]), outputs=()))
    return nodes


def brute_force(nodes: list[Node], stages: int, interleave: int) -> tuple[int, int]:
    """The shortest period, and the fewest register bits at it."""
    driver = {bit: k for k, node in enumerate(nodes) for bit in node.outputs}
    free = [k for k, node in enumerate(nodes) if node.kind in ("cell", "register")]
    best = (10**9, 10**9)
    for chosen in product(range(1 - interleave, stages + interleave), repeat=len(free)):
        lags = [stages if node.kind == "output" else 0 for node in nodes]
        for k, lag in zip(free, chosen, strict=True):
            lags[k] = lag
        ready: dict[int, int] = {}
        most: dict[int, int] = {}
        slowest, legal = 0, True
        for k, node in enumerate(nodes):
            moving = interleave - 1 if node.kind == "register" else 0
            latest = 0
            for bit in node.inputs:
                registers = lags[k] + moving - lags[driver[bit]]
                legal &= registers >= 0
                most[bit] = max(most.get(bit, 0), registers)
                if registers == 0:
                    latest = max(latest, ready.get(bit, 0))
            if node.kind == "cell":
                latest += node.timing.delays[0]
                slowest = max(slowest, latest)
                ready.update(dict.fromkeys(node.outputs, latest))
        if legal:
            best = min(best, (slowest, sum(most.values())))
    return best


def register_bits(circuit: Circuit, lags, interleave: int) -> int:
    return sum(
        len(group.bits) * circuit.registers_after(group, lags, interleave)
        for group in circuit.groups
    )


@pytest.mark.parametrize("seed", range(40))
def test_placement_is_the_best_there_is(seed):
    random = Random(seed)
    looped = seed % 2 == 1
    stages = random.randint(1, 2)
    interleave = random.randint(1, 3) if looped else 1
    nodes = random_nodes(random, 5 if interleave < 2 else 4, looped=looped)
    circuit = Circuit(nodes)
    period = circuit.shortest_period(stages, interleave)
    lags = circuit.fewest_registers(Limits(period=period), stages, interleave)
    assert (period, register_bits(circuit, lags, interleave)) == brute_force(
        nodes, stages, interleave
    )
    assert max(time for time, _ in circuit.arrivals(lags).values()) <= period


def test_a_loop_cannot_be_cut_but_by_its_own_registers():
    nodes = [
        Node(name="i", kind="input", inputs=(), outputs=(0,)),
        word("front", [0], [1], 3),
        word("add", [1, 3], [2], 4),
        word("round", [2], [4], 4),
        Node(name="q", kind="register", inputs=(4,), outputs=(3,)),
        word("back", [3], [5], 2),
        Node(name="o", kind="output", inputs=(5,), outputs=()),
    ]
    circuit = Circuit(nodes)
    assert [n.name for k, n in enumerate(nodes) if circuit.in_loop[k]] == ["add", "round", "q"]
    assert [circuit.shortest_period(stages, 1) for stages in range(4)] == [11, 8, 8, 8]
    assert [circuit.shortest_period(stages, 2) for stages in range(3)] == [7, 4, 4]
    # Without its own loop the adder could be cut.
    assert Circuit(nodes, opened=True).shortest_period(2, 1) == 4
    assert circuit.shortest_outside(8, 2, 1) == 3
    assert circuit.earliest(Limits(period=7), 5, 1) is None


def test_carry_chains_overlap():
    width = 8

    def adder(name, a, b, y):
        return Node(
            name=name,
            kind="cell",
            inputs=(*a, *b),
            outputs=tuple(y),
            timing=CellTiming(
                columns=tuple(zip(a, b, strict=True)), common=(), delays=(5,) * width, step=2
            ),
        )

    a, b, c, s, t = ([k * width + i for i in range(width)] for k in range(5))
    circuit = Circuit(
        [
            Node(name="i", kind="input", inputs=(), outputs=(*a, *b, *c)),
            adder("first", a, b, s),
            adder("second", s, c, t),
            Node(name="o", kind="output", inputs=tuple(t), outputs=()),
        ]
    )
    assert circuit.shortest_period(0, 1) == 5 + 5 + 2 * (width - 1)
    assert circuit.shortest_period(1, 1) == 5 + 2 * (width - 1)
