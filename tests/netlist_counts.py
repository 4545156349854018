"""Registers, multipliers and adders: as a unit declares them, and as its netlist has them."""

from collections import Counter

from hwdse import Design
from hwdse.hdl import structure_of
from hwdse.hdl.emit import flat_netlist
from hwdse.primitives.primitive import Adder, Incrementer, Multiplier, Register


def declared(design: Design) -> Counter[object]:
    """Register bits, multipliers by their sizes, and bits of adders, as the unit declares them."""
    found: Counter[object] = Counter()
    for block in structure_of(design).blocks.values():
        for primitive, count in block.counts.items():
            if isinstance(primitive, Register):
                found["register bits"] += count * primitive.width
            elif isinstance(primitive, Multiplier):
                sizes = sorted((primitive.a_bits, primitive.b_bits))
                # With one bit it is a row of gates, or nothing where that bit is constant.
                if sizes[0] > 1:
                    found[tuple(sizes)] += count
            elif isinstance(primitive, Adder | Incrementer):
                found["adder bits"] += count * primitive.width
    return found


def built(design: Design) -> Counter[object]:
    """The same of the netlist."""
    found: Counter[object] = Counter()
    for cell in flat_netlist(design)["cells"].values():
        kind, pins = cell["type"], cell["connections"]
        if "dff" in kind:
            found["register bits"] += len(pins["Q"])
        elif kind.startswith("$memrd") and int(cell["parameters"]["CLK_ENABLE"], 2):
            found["register bits"] += len(pins["DATA"])
        elif kind == "$mul":
            sizes = sorted(significant(pins[pin]) for pin in "AB")
            if sizes[0] > 1:
                found[tuple(sizes)] += 1
        elif kind in {"$add", "$sub", "$neg"}:
            found["adder bits"] += len(pins["Y"])
        elif kind in {"$lt", "$le", "$gt", "$ge"}:
            found["adder bits"] += max(len(pins["A"]), len(pins["B"]))
    return found


def significant(bits: list[int | str]) -> int:
    """Bits of an operand without those that extend it."""
    count = len(bits)
    while count > 1 and bits[count - 1] in ("0", bits[count - 2]):
        count -= 1
    return count


def without_adders(found: Counter[object]) -> dict[object, int]:
    return {key: count for key, count in found.items() if key != "adder bits" and count}
