"""The base class of targets: one delay law for each kind of cell in a word-level netlist."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from hwdse.errors import ToolError
from hwdse.hdl.targets.multiplier import (
    MULTIPLY,
    OPERANDS,
    PRODUCT,
    HardMultiplier,
    RegisteredMultiplier,
)
from hwdse.hdl.targets.timing import CellTiming
from hwdse.spec.part import Part

Pins = Mapping[str, tuple[int | None, ...]]
"""For each pin of a cell, the bits of the pin, lowest first.

None stands for a constant, and for a bit that depends only on clock, reset and constants.
"""

_Cell = Mapping[str, Any]
_Rule = Callable[["Target", _Cell, Pins, str], CellTiming]


@dataclass(frozen=True, kw_only=True)
class Target(Part):
    """A technology that Verilog is generated for, such as standard cells or an FPGA.

    The delay laws give whole picoseconds, so the placement of registers is the same on every
    machine.

    Attributes:
        description: name of the target in sentences.
        carry_chains: True if synthesis maps the operator `+` to a fast carry chain. Then generators
            prefer `+` to full adders and carry trees.
        multiplier: hard multiplier of the target; None if the target has none.
    """

    kind: ClassVar[str] = "target"
    description: ClassVar[str] = ""
    carry_chains: ClassVar[bool] = False
    multiplier: ClassVar[HardMultiplier | None] = None

    def timing(self, cell: _Cell, pins: Pins, output: str) -> CellTiming:
        """Delays of a cell of a netlist.

        Args:
            cell: the cell, in the schema of Yosys's `write_json`.
            pins: bits of the cell's pins.
            output: name of the output pin.

        Raises:
            ToolError: cells of this kind have no delay law.
        """
        kind = cell["type"]
        if kind not in _RULES:
            raise ToolError(f"no delay law for cells {kind}: pipelining cannot place {cell}")
        return _RULES[kind](self, cell, pins, output)

    def mapped(self, multipliers: Mapping[str, RegisteredMultiplier]) -> str:
        """Verilog modules that replace registered multipliers by the cell of the target.

        Args:
            multipliers: the multipliers, by module name.

        Returns:
            The modules as text. Empty if `multipliers` is empty or the target has no hard
            multiplier.
        """
        if self.multiplier is None or not multipliers:
            return ""
        return self.multiplier.mapped(multipliers)

    @abstractmethod
    def chain_ps(self, width: int, *, two: bool) -> tuple[int, int]:
        """Addition or comparison: delay of one bit, and additional delay from a bit to the next.

        Args:
            width: number of bits.
            two: True if both operands are variable.
        """

    @abstractmethod
    def gate_ps(self) -> int:
        """A gate with two inputs."""

    def into_chain_ps(self) -> int:
        """Additional delay of a gate if an adder, comparison or multiplication reads its output."""
        return 0

    @abstractmethod
    def mux_ps(self, width: int, ways: int) -> int:
        """A multiplexer that selects one of `ways` words."""

    def mask_ps(self, width: int, *, reset: bool) -> int | None:
        """A multiplexer bit with at most one variable data input; all others are constant.

        Args:
            width: number of bits of the word.
            reset: True if only reset and constants select the input.

        Returns:
            The delay; None if the delay is the same as for any other multiplexer bit (`mux_ps`).
        """
        del width, reset
        return None

    @abstractmethod
    def equality_ps(self, width: int, *, two: bool) -> int:
        """Test of two words, or of a word and a constant, for equality.

        Args:
            width: number of bits.
            two: True if both operands are variable.
        """

    @abstractmethod
    def reduction_ps(self, bits: int) -> int:
        """A gate with `bits` inputs."""

    @abstractmethod
    def product_ps(self, a_bits: int, b_bits: int, *, signed: bool) -> int:
        """A multiplication."""

    @abstractmethod
    def shift_ps(self, width: int, amount_bits: int, input_bits: int) -> int:
        """A shift by a variable amount."""

    @abstractmethod
    def table_ps(self, address_bits: int, data_bits: int) -> int:
        """A read-only table."""


_ADDERS = ("$add", "$sub", "$neg")
_COMPARISONS = ("$lt", "$le", "$gt", "$ge")
_GATES = ("$and", "$or", "$xor", "$xnor")
_FREE = frozenset({"$pos", "$not"})

#: Kinds of cells that a target may build from dedicated hardware, such as a carry chain or a hard
#: multiplier. Logic before such a cell can never share hardware with the cell.
CHAINS = frozenset({*_ADDERS, *_COMPARISONS, OPERANDS, "$mul"})
#: Kinds of cells that are gates.
GATES = frozenset(_GATES)


def _real(bits: tuple[int | None, ...]) -> tuple[int, ...]:
    return tuple(bit for bit in bits if bit is not None)


def _columns(width: int, *words: tuple[int | None, ...]) -> tuple[tuple[int, ...], ...]:
    """For each of `width` places, the bits of all words; shorter words repeat their top bit."""
    return tuple(_real(tuple(w[min(i, len(w) - 1)] for w in words if w)) for i in range(width))


def _arithmetic(target: Target, cell: _Cell, pins: Pins, output: str) -> CellTiming:
    columns = _columns(len(cell["connections"][output]), pins["A"], pins.get("B", ()))
    return _chain(target, columns, pins, last_only=False)


def _comparison(target: Target, _cell: _Cell, pins: Pins, _output: str) -> CellTiming:
    columns = _columns(max(len(pins["A"]), len(pins["B"])), pins["A"], pins["B"])
    return _chain(target, columns, pins, last_only=True)


def _chain(
    target: Target, columns: tuple[tuple[int, ...], ...], pins: Pins, *, last_only: bool
) -> CellTiming:
    width = len(columns)
    two = bool(_real(pins["A"]) and _real(pins.get("B", ())))
    first, step = target.chain_ps(width, two=two)
    return CellTiming(
        columns=columns, common=(), delays=(first,) * width, step=step, last_only=last_only
    )


def _gates(target: Target, cell: _Cell, pins: Pins, output: str) -> CellTiming:
    columns = _columns(len(cell["connections"][output]), pins["A"], pins.get("B", ()))
    delay = 0 if cell["type"] in _FREE else target.gate_ps()
    # A gate with a constant operand is only a wire and has no delay.
    delays = tuple(delay if len(column) > 1 else 0 for column in columns)
    return CellTiming(columns=columns, common=(), delays=delays)


def _mux(target: Target, cell: _Cell, pins: Pins, output: str) -> CellTiming:
    width = len(cell["connections"][output])
    words = len(pins["B"]) // width
    branches = [pins["B"][k * width : (k + 1) * width] for k in range(words)]
    columns = _columns(width, pins["A"], *branches)
    select = _real(pins["S"])
    whole, masked = target.mux_ps(width, words + 1), target.mask_ps(width, reset=not select)
    delays = tuple(masked if len(c) <= 1 and masked is not None else whole for c in columns)
    return CellTiming(columns=columns, common=select, delays=delays)


def _word(delay: Callable[[Target, _Cell, Pins], int]) -> _Rule:
    """Rule for cells in which every output bit waits for every input bit."""

    def rule(target: Target, cell: _Cell, pins: Pins, output: str) -> CellTiming:
        width = len(cell["connections"][output])
        common = tuple(b for name, bits in pins.items() if name != output for b in _real(bits))
        delays = (delay(target, cell, pins),) * width
        return CellTiming(columns=((),) * width, common=common, delays=delays)

    return rule


def _equality(target: Target, _cell: _Cell, pins: Pins) -> int:
    two = bool(_real(pins["A"]) and _real(pins["B"]))
    return target.equality_ps(max(len(pins["A"]), len(pins["B"])), two=two)


def _reduction(target: Target, _cell: _Cell, pins: Pins) -> int:
    return target.reduction_ps(len(pins["A"]))


def _logic(target: Target, _cell: _Cell, pins: Pins) -> int:
    return target.reduction_ps(max(len(pins["A"]), len(pins["B"]))) + target.gate_ps()


def _product(target: Target, cell: _Cell, pins: Pins) -> int:
    signed = bool(int(cell["parameters"]["A_SIGNED"], 2))
    return target.product_ps(len(pins["A"]), len(pins["B"]), signed=signed)


def _shift(target: Target, cell: _Cell, pins: Pins) -> int:
    amount = min(len(_real(pins["B"])), 10)
    return target.shift_ps(len(cell["connections"]["Y"]), amount, len(pins["A"]))


def _table(target: Target, cell: _Cell, pins: Pins) -> int:
    return target.table_ps(len(_real(pins["ADDR"])), len(cell["connections"]["DATA"]))


def _selection(target: Target, cell: _Cell, pins: Pins) -> int:
    return target.mux_ps(len(cell["connections"]["Y"]), 1 << len(_real(pins["S"])))


def _inside(delay: Callable[[HardMultiplier], int]) -> _Rule:
    """Rule for a part of a hard multiplier. Only targets with a hard multiplier get these cells."""

    def rule(target: Target, _cell: _Cell, _pins: Pins) -> int:
        assert target.multiplier is not None
        return delay(target.multiplier)

    return _word(rule)


_RULES: dict[str, _Rule] = {
    **dict.fromkeys(_ADDERS, _arithmetic),
    **dict.fromkeys(_COMPARISONS, _comparison),
    **dict.fromkeys((*_GATES, *sorted(_FREE)), _gates),
    **dict.fromkeys(("$mux", "$pmux"), _mux),
    **dict.fromkeys(("$eq", "$ne", "$eqx", "$nex"), _word(_equality)),
    **dict.fromkeys(
        ("$reduce_and", "$reduce_or", "$reduce_xor", "$reduce_bool", "$logic_not"),
        _word(_reduction),
    ),
    **dict.fromkeys(("$logic_and", "$logic_or"), _word(_logic)),
    **dict.fromkeys(("$shl", "$shr", "$sshl", "$sshr", "$shift", "$shiftx"), _word(_shift)),
    "$mul": _word(_product),
    "$memrd_v2": _word(_table),
    "$bmux": _word(_selection),
    OPERANDS: _inside(lambda multiplier: multiplier.operands_ps()),
    MULTIPLY: _inside(lambda multiplier: multiplier.array_ps()),
    PRODUCT: _inside(lambda multiplier: multiplier.finish_ps()),
}
