"""Finds the bits of a netlist whose values are known while no input is valid.

After a reset, a pipeline must not deliver results of earlier inputs. For this, it is enough to
clear the registers of the valid bits and of the bits derived from them. This module finds these
bits: invalid inputs alone determine their values, whatever the data. All other registers need no
reset.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hwdse.hdl.netlist import Bit, output_pin

Known = dict[Bit, int]


def idle_values(module: Mapping[str, Any], valid: Sequence[str]) -> Known:
    """Bits whose values are known while no input is valid and the reset is inactive.

    Bits that are always constant are left out.

    Args:
        module: flat netlist.
        valid: names of the valid inputs; without any, the result is empty.
    """
    if not valid:
        return {}
    ports = module["ports"]
    idle = {bit: 0 for name in (*valid, "rst") for bit in ports[name]["bits"]}
    constant = _settled(module, {})
    return {bit: value for bit, value in _settled(module, idle).items() if bit not in constant}


def _settled(module: Mapping[str, Any], given: Known) -> Known:
    """The given bits, and all bits that follow from them and from constants."""
    known: Known = {"0": 0, "1": 1, **given}
    cells = [cell for cell in module["cells"].values() if cell["type"] in _RULES]
    grown = True
    while grown:
        grown = False
        for cell in cells:
            words = {
                pin: [known.get(bit) for bit in bits] for pin, bits in cell["connections"].items()
            }
            result = _RULES[cell["type"]](words)
            for bit, value in zip(cell["connections"][output_pin(cell)], result, strict=False):
                if value is not None and bit not in known:
                    known[bit] = value
                    grown = True
    return known


Word = list[int | None]


def _and(word: Word) -> int | None:
    if 0 in word:
        return 0
    return None if None in word else 1


def _or(word: Word) -> int | None:
    if 1 in word:
        return 1
    return None if None in word else 0


def _bitwise(gate: Callable[[Word], int | None]) -> Callable[[Mapping[str, Word]], Word]:
    return lambda w: [gate([a, b]) for a, b in zip(w["A"], w["B"], strict=False)]


def _not(bit: int | None) -> int | None:
    return None if bit is None else 1 - bit


def _mux(words: Mapping[str, Word]) -> Word:
    select = words["S"][0]
    if select is not None:
        return words["B" if select else "A"]
    return [a if a == b else None for a, b in zip(words["A"], words["B"], strict=True)]


_RULES: dict[str, Callable[[Mapping[str, Word]], Word]] = {
    "$and": _bitwise(_and),
    "$or": _bitwise(_or),
    "$not": lambda w: [_not(bit) for bit in w["A"]],
    "$logic_not": lambda w: [_not(_or(w["A"]))],
    "$reduce_and": lambda w: [_and(w["A"])],
    "$reduce_or": lambda w: [_or(w["A"])],
    "$reduce_bool": lambda w: [_or(w["A"])],
    "$logic_and": lambda w: [_and([_or(w["A"]), _or(w["B"])])],
    "$logic_or": lambda w: [_or([*w["A"], *w["B"]])],
    "$mux": _mux,
    "$dff": lambda w: w["D"],
}
