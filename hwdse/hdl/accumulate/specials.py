"""Special values in exact sums: the state remembers NaN and infinities of both signs."""

from typing import Any

from amaranth.hdl import Const, Module, Value

from hwdse.formats import UnpackedShape
from hwdse.hdl.accumulate import Step


def seen_fields(shape: UnpackedShape) -> dict[str, int]:
    """Fields of the state that remember special values, with their widths.

    A field exists if the record of the sum can hold the special value.
    """
    names = ["nan_seen"] if shape.has_nan else []
    if shape.has_inf:
        names += ["plus_inf_seen", "minus_inf_seen"]
    return dict.fromkeys(names, 1)


def remember_specials(m: Module, step: Step) -> None:
    """Drive the fields of `seen_fields` in the step's next state.

    A field is set if the sum saw the special value before or sees it in this cycle.
    """
    now = {
        "nan_seen": [p.nan for p in step.records],
        "plus_inf_seen": [p.inf & ~p.inf_sign for p in step.records],
        "minus_inf_seen": [p.inf & p.inf_sign for p in step.records],
    }
    for name, flags in now.items():
        if name not in step.layout.members:
            continue
        seen: Value = Const(0)
        for flag in flags:
            seen |= flag
        m.d.comb += step.next[name].eq((step.state[name] & ~step.clear) | seen)


def seen_specials(state: Any) -> dict[str, Value]:
    """The fields `nan`, `inf` and `inf_sign` of the sum's record."""
    fields = state.shape().members
    nan, plus, minus = (
        state[name] if name in fields else Const(0)
        for name in ("nan_seen", "plus_inf_seen", "minus_inf_seen")
    )
    return {"nan": nan | (plus & minus), "inf": plus | minus, "inf_sign": minus}
