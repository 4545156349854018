"""The circuits that calibration measures: Verilog of each primitive, operands, a grid of widths.

To add a primitive of `hwdse.primitives.primitive`, register its Verilog with `benchmark` and add
an entry to `CALIBRATIONS`. The entry lists the measured widths, and for each cost the features of
the primitive in which the cost is linear.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from random import Random

import numpy as np

from hwdse.errors import TechnologyError
from hwdse.hdl.lookup import lookup_table, table_verilog
from hwdse.primitives import primitive as st

TOP = "top"

Draw = Callable[[np.random.Generator, int], list[int]]
"""Function that draws the values of an input port: (random source, cycles) -> one per cycle."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One circuit to measure.

    Attributes:
        verilog: Verilog text. The top module is named `top`.
        stimuli: functions that draw values, by input port. Other inputs get uniform random bits.
        clock: name of the clock port of a sequential circuit; empty for combinational circuits.
    """

    verilog: str
    stimuli: Mapping[str, Draw] = field(default_factory=dict)
    clock: str = ""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The measured grid of a primitive class, and the features in which each cost law is linear.

    The features `hard` say what hard multipliers of an FPGA make of the class. Their number is
    linear in these features alone, LUTs and delay are linear in them besides.
    """

    grid: tuple[st.Primitive, ...]
    area_um2: tuple[str, ...]
    energy_pj: tuple[str, ...]
    delay_ns: tuple[str, ...]
    hard: tuple[str, ...] = ()


def _bits(width: int) -> str:
    return f"[{width - 1}:0]"


def _module(ports: str, body: str) -> str:
    return f"module {TOP}({ports});\n{body}\nendmodule\n"


@singledispatch
def benchmark(primitive: st.Primitive) -> Benchmark:
    """Return the circuit that calibration measures for a primitive.

    Raises:
        TechnologyError: no circuit is registered for the class of the primitive.
    """
    raise TechnologyError(f"no calibration circuit for primitive {type(primitive).__name__}")


@benchmark.register
def _(primitive: st.Adder) -> Benchmark:
    w = primitive.width
    ports = f"input {_bits(w)} a, input {_bits(w)} b, output {_bits(w + 1)} o"
    return Benchmark(verilog=_module(ports, "assign o = a + b;"))


@benchmark.register
def _(primitive: st.Incrementer) -> Benchmark:
    w = primitive.width
    ports = f"input {_bits(w)} a, input c, output {_bits(w)} o"
    # The inversion makes the circuit a two's complement negation, the most common use of an
    # incrementer.
    return Benchmark(verilog=_module(ports, f"assign o = (a ^ {{{w}{{c}}}}) + c;"))


@benchmark.register
def _(primitive: st.Multiplier) -> Benchmark:
    m, n = primitive.a_bits, primitive.b_bits
    sign = "signed " if primitive.signed else ""
    ports = f"input {sign}{_bits(m)} a, input {sign}{_bits(n)} b, output {sign}{_bits(m + n)} o"
    return Benchmark(verilog=_module(ports, "assign o = a * b;"))


@benchmark.register
def _(primitive: st.Shifter) -> Benchmark:
    w, most, levels = primitive.width, primitive.max_shift, primitive.levels
    narrow = w if primitive.input_width is None else primitive.input_width
    ports = f"input {_bits(narrow)} a, input {_bits(levels)} n, output {_bits(w)} o"
    body = "assign o = a << n;" if narrow < w else "assign o = a >> n;"
    if primitive.sticky:
        ports += ", output s"
        body += f"\nwire {_bits(2 * w)} wide = {{a, {w}'b0}} >> n;\nassign s = |wide{_bits(w)};"

    def amount(rng: np.random.Generator, cycles: int) -> list[int]:
        return [int(value) for value in rng.integers(0, most + 1, cycles)]

    return Benchmark(verilog=_module(ports, body), stimuli={"n": amount})


@benchmark.register
def _(primitive: st.LeadingZeroCounter) -> Benchmark:
    w = primitive.width
    levels = max(w - 1, 0).bit_length()
    ports = f"input {_bits(w)} a, output {_bits(max(levels, 1))} o, output z"
    # A balanced tree (Oklobdzija 1994). If the upper half of a node has a one, the count of the
    # node is the count of the upper half. Otherwise it is half the width plus the count of the
    # lower half. Ones below the least significant bit pad the width to a power of two.
    size = 1 << levels
    filled = f"{{a, {{{size - w}{{1'b1}}}}}}" if size > w else "a"
    lines = [f"wire {_bits(size)} e0 = ~{filled};"]
    for level in range(levels):
        nodes = size >> (level + 1)
        lines.append(f"wire {_bits(nodes)} e{level + 1};")
        for node in range(nodes):
            low, high = f"{level}_{2 * node}", f"{level}_{2 * node + 1}"
            empty = f"e{level}[{2 * node + 1}]"
            chosen = f", {empty} ? c{low} : c{high}" if level else ""
            lines.append(f"wire [{level}:0] c{level + 1}_{node} = {{{empty}{chosen}}};")
            lines.append(f"assign e{level + 1}[{node}] = {empty} & e{level}[{2 * node}];")
    lines.append(f"assign o = {f'c{levels}_0' if levels else 0};")
    lines.append("assign z = ~|a;")

    def word(rng: np.random.Generator, cycles: int) -> list[int]:
        random = Random(int(rng.integers(2**32)))
        return [random.getrandbits(w) >> random.randrange(w) for _ in range(cycles)]

    return Benchmark(verilog=_module(ports, "\n".join(lines)), stimuli={"a": word})


@benchmark.register
def _(primitive: st.Mux) -> Benchmark:
    w, ways = primitive.width, primitive.ways
    select = (ways - 1).bit_length()
    ports = f"input {_bits(w * ways)} a, input {_bits(select)} n, output reg {_bits(w)} o"
    cases = "\n".join(
        f"    {'default' if way == ways - 1 else way}: o = a[{w * way + w - 1}:{w * way}];"
        for way in range(ways)
    )

    def choice(rng: np.random.Generator, cycles: int) -> list[int]:
        return [int(value) for value in rng.integers(0, ways, cycles)]

    return Benchmark(
        verilog=_module(ports, f"always @* case (n)\n{cases}\nendcase"), stimuli={"n": choice}
    )


@benchmark.register
def _(primitive: st.Reduce) -> Benchmark:
    ports = f"input {_bits(primitive.width)} a, output o"
    return Benchmark(verilog=_module(ports, "assign o = |a;"))


@benchmark.register
def _(primitive: st.Gates) -> Benchmark:
    w = primitive.width
    ports = f"input {_bits(w)} a, input {_bits(w)} b, output {_bits(w)} o"
    # Half of the gates are XOR gates (conditional inversion), half are AND gates (masking).
    half = w // 2
    lines = [
        f"assign o[{place}] = a[{place}] {'^' if place < half else '&'} b[{place}];"
        for place in range(w)
    ]
    return Benchmark(verilog=_module(ports, "\n".join(lines)))


@benchmark.register
def _(primitive: st.Register) -> Benchmark:
    w = primitive.width
    ports = f"input clk, input rst, input en, input {_bits(w)} d, output reg {_bits(w)} q"
    body = "always @(posedge clk) if (rst) q <= 0; else if (en) q <= d;"
    if not primitive.control:
        # A shift register of at least two bits: it has a path between flip-flops, whose delay can
        # be measured.
        ports = f"input clk, input d, output reg {_bits(w)} q"
        body = f"always @(posedge clk) q <= {{q{_bits(w - 1)}, d}};"
    return Benchmark(
        verilog=_module(ports, body),
        stimuli={"rst": _low, "en": _high},
        clock="clk",
    )


@benchmark.register
def _(primitive: st.Threshold) -> Benchmark:
    w = primitive.width
    # A constant with as many ones as zeros, in no order.
    constant = Random(w).getrandbits(w) | 1
    body = f"assign o = a >= {w}'d{constant};"
    return Benchmark(verilog=_module(f"input {_bits(w)} a, output o", body))


@benchmark.register
def _(primitive: st.Table) -> Benchmark:
    n, w = primitive.address_bits, primitive.data_bits
    return Benchmark(verilog=table_verilog(n, _random_words(n, w), w, TOP))


def _random_words(address_bits: int, data_bits: int) -> list[int]:
    """Contents of a table: random, which is the worst case for its size."""
    random = Random(f"{address_bits}x{data_bits}")
    return [random.getrandbits(data_bits) for _ in range(2**address_bits)]


def _random_table(address_bits: int, data_bits: int) -> st.Table:
    return lookup_table(address_bits, _random_words(address_bits, data_bits), data_bits)


def _low(_rng: np.random.Generator, cycles: int) -> list[int]:
    return [0] * cycles


def _high(_rng: np.random.Generator, cycles: int) -> list[int]:
    return [1] * cycles


_WIDTHS = (1, 2, 3, 4, 6, 8, 11, 12, 16, 24, 32, 48, 64)
_PRODUCTS = ((2, 2), (3, 3), (2, 6), (4, 4), (4, 8), (6, 6), (8, 8), (8, 12), (4, 16), (11, 11))
_LARGE_PRODUCTS = ((12, 12), (8, 24), (16, 16), (24, 24))
_SHIFTS = ((4, 3), (8, 7), (8, 15), (16, 15), (16, 7), (24, 31), (32, 7), (48, 31), (64, 63))
_PLACEMENTS = ((8, 3), (16, 4), (20, 8), (38, 8), (66, 6), (66, 12))

CALIBRATIONS: Mapping[type[st.Primitive], Calibration] = {
    st.Adder: Calibration(
        grid=tuple(st.Adder(width=w) for w in _WIDTHS),
        area_um2=("one", "carries"),
        energy_pj=("one", "carries"),
        delay_ns=("one", "log", "width"),
    ),
    st.Incrementer: Calibration(
        grid=tuple(st.Incrementer(width=w) for w in _WIDTHS[1:]),
        area_um2=("carries", "chain"),
        energy_pj=("carries", "chain"),
        delay_ns=("one", "log", "width"),
    ),
    st.Multiplier: Calibration(
        grid=tuple(
            st.Multiplier(a_bits=m, b_bits=n, signed=signed)
            for signed in (False, True)
            for m, n in _PRODUCTS + _LARGE_PRODUCTS
        ),
        area_um2=("product", "full_adders", "half_adders", "signed_sum", "signed_product"),
        energy_pj=("product", "full_adders", "half_adders", "signed_sum", "signed_product"),
        delay_ns=("one", "log_rows", "carries", "signed"),
        hard=("hard_blocks", "hard_sums"),
    ),
    st.Shifter: Calibration(
        grid=tuple(
            st.Shifter(width=w, max_shift=most, sticky=sticky)
            for sticky in (False, True)
            for w, most in _SHIFTS
        )
        + tuple(
            st.Shifter(width=w, max_shift=w - narrow, input_width=narrow)
            for w, narrow in _PLACEMENTS
        ),
        area_um2=("muxes", "masks", "sticky_width"),
        energy_pj=("muxes", "masks", "sticky_width"),
        delay_ns=("one", "levels", "log", "width", "sticky_levels"),
    ),
    st.LeadingZeroCounter: Calibration(
        grid=tuple(st.LeadingZeroCounter(width=w) for w in _WIDTHS[1:]),
        area_um2=("nodes", "muxes"),
        energy_pj=("nodes", "muxes"),
        delay_ns=("one", "levels"),
    ),
    st.Mux: Calibration(
        grid=tuple(st.Mux(width=w, ways=ways) for w in (1, 4, 8, 16, 32) for ways in (2, 3, 4, 8)),
        area_um2=("muxes", "width"),
        energy_pj=("muxes", "width"),
        delay_ns=("one", "levels", "log"),
    ),
    st.Reduce: Calibration(
        grid=tuple(st.Reduce(width=w) for w in _WIDTHS[1:]),
        area_um2=("one", "gates"),
        energy_pj=("one", "gates"),
        delay_ns=("one", "log"),
    ),
    st.Gates: Calibration(
        grid=tuple(st.Gates(width=w) for w in (2, 4, 8, 16, 32, 64)),
        area_um2=("width",),
        energy_pj=("width",),
        delay_ns=("one",),
    ),
    st.Register: Calibration(
        grid=tuple(st.Register(width=w) for w in (1, 4, 8, 16, 32, 64))
        + tuple(st.Register(width=w, control=False) for w in (2, 4, 8, 16, 32, 64)),
        area_um2=("width", "control_width"),
        energy_pj=("width", "control_width"),
        delay_ns=("one", "control"),
    ),
    st.Threshold: Calibration(
        grid=tuple(st.Threshold(width=w) for w in _WIDTHS[1:]),
        area_um2=("one", "width"),
        energy_pj=("one", "width"),
        delay_ns=("one", "log", "width"),
    ),
    st.Table: Calibration(
        grid=tuple(_random_table(n, w) for n in (3, 4, 5, 6, 7, 8) for w in (2, 4, 8)),
        area_um2=("nodes", "data"),
        energy_pj=("nodes", "data"),
        delay_ns=("one", "depth", "log_nodes"),
    ),
}
