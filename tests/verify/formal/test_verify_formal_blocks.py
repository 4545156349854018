"""Shared combinational blocks and the rounding decisions, proven equal to specifications."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from amaranth.hdl import Module, Mux
from amaranth.lib.wiring import Component, In, Out
from formal_claims import verilog
from reference.number_formats import round_to_integer

from hwdse.hdl.blocks import leading_zero_count, normalised, shift_left, shift_right_sticky
from hwdse.hdl.rounding import floor_increment, overflow_goes_to_inf, round_increment
from hwdse.spec.design import DESIGN_ROUNDINGS
from hwdse.verify.formal import Claim, prove_all, rtlil_of
from hwdse.verify.formal.specs import module, table

QUICK_WIDTHS = [1, 2, 3, 5, 8, 13, 32]
WIDTHS = [4, 6, 7, 9, 16, 17, 24, 31, 33, 48, 64, 97]


class Block(Component):
    """A function of blocks.py between ports."""

    def __init__(self, inputs: dict[str, int], outputs: dict[str, int], build: Callable) -> None:
        self._build, self._inputs, self._outputs = build, list(inputs), list(outputs)
        super().__init__(
            {name: In(width) for name, width in inputs.items()}
            | {name: Out(width) for name, width in outputs.items()}
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        values = self._build(m, *(getattr(self, name) for name in self._inputs))
        for name, value in zip(self._outputs, values, strict=True):
            m.d.comb += getattr(self, name).eq(value)
        return m


def claim(
    name: str,
    inputs: dict[str, int],
    outputs: dict[str, int],
    build: Callable,
    instance: str,
    assume: str = "",
) -> Claim:
    wires = ", ".join(f".{port}({port})" for port in [*inputs, *outputs])
    body = [f"  {instance} block({wires});"]
    if assume:
        body.append(f"  always @* assume ({assume});")
    return Claim(
        name=f"{name} {inputs}",
        gate=rtlil_of(Block(inputs, outputs, build)),
        spec=verilog("blocks") + module("spec", inputs, outputs, body),
    )


def block_claims(width: int) -> list[Claim]:
    count = max((width - 1).bit_length(), 1)

    def zeros(m, value):
        found, empty = leading_zero_count(m, value, "lzc")
        return Mux(empty, 0, found), empty

    claims = [
        claim(
            "leading_zero_count",
            {"value": width},
            {"count": count, "empty": 1},
            zeros,
            f"leading_zeros #(.W({width}), .C({count}))",
        )
    ]
    for amount in sorted({1, count, count + 1}):
        claims.append(
            claim(
                "shift_right_sticky",
                {"value": width, "amount": amount},
                {"shifted": width, "sticky": 1},
                lambda m, value, by: shift_right_sticky(m, value, by, "shift"),
                f"shifted_right #(.W({width}), .A({amount}))",
            )
        )
        for out in (max(width - 1, 1), width, width + 5):
            # The shifter's rows are as wide as the result.
            start = min(width, out)
            claims.append(
                claim(
                    "shift_left",
                    {"value": start, "amount": amount},
                    {"shifted": out},
                    lambda m, value, by, out=out: [shift_left(m, value, by, out, "shift")],
                    f"shifted_left #(.W({start}), .A({amount}), .O({out}))",
                )
            )
    for kept in (1, 3, width, width + 2):
        claims.append(
            claim(
                "normalised",
                {"value": width, "count": count},
                {"kept": kept, "sticky": 1},
                lambda m, value, by, kept=kept: normalised(m, value, by, kept),
                f"topmost #(.W({width}), .C({count}), .K({kept}))",
                # What is shifted out at the top is not looked at: the count is that of the zeros.
                assume=f"(value >> ({width} - count)) == 0 && count <= {width}",
            )
        )
    return claims


def rounding_claims() -> list[Claim]:
    """Truth tables from the definition of each rounding, in fractions."""
    inputs = ("sign", "lsb", "guard", "sticky")
    outputs = {f"{kind}_{rounding}": 1 for kind in ("up", "floor") for rounding in DESIGN_ROUNDINGS}
    outputs |= {f"inf_{rounding}": 1 for rounding in DESIGN_ROUNDINGS}

    class Decisions(Component):
        def __init__(self) -> None:
            super().__init__({"word": In(4)} | {name: Out(1) for name in outputs})

        def elaborate(self, platform) -> Module:
            m = Module()
            bits = [self.word[k] for k in range(4)]
            for rounding in DESIGN_ROUNDINGS:
                m.d.comb += [
                    getattr(self, f"up_{rounding}").eq(round_increment(rounding, *bits)),
                    getattr(self, f"floor_{rounding}").eq(floor_increment(rounding, *bits)),
                    getattr(self, f"inf_{rounding}").eq(overflow_goes_to_inf(rounding, bits[0])),
                ]
            return m

    rows = {}
    for word in range(16):
        bit = {name: word >> k & 1 for k, name in enumerate(inputs)}
        # Anything below a half stands for the sticky bit.
        fraction = Fraction(bit["guard"], 2) + Fraction(bit["sticky"], 8)
        magnitude = 6 + bit["lsb"] + fraction
        # A word of that sign: 6 or 7 and a fraction, or as much above -8 or -7.
        number = magnitude - 14 * bit["sign"]
        floor = number.numerator // number.denominator
        row = {}
        for rounding in DESIGN_ROUNDINGS:
            negative = bool(bit["sign"])
            row[f"up_{rounding}"] = round_to_integer(magnitude, negative, rounding) - int(magnitude)
            rounded = round_to_integer(abs(number), negative, rounding)
            row[f"floor_{rounding}"] = (-rounded if negative else rounded) - floor
            # A number far beyond the largest value lies between it and infinity.
            row[f"inf_{rounding}"] = round_to_integer(Fraction(3, 4), negative, rounding)
        rows[word] = row
    return [
        Claim(
            name="roundings",
            gate=rtlil_of(Decisions()),
            spec=table("spec", {"word": 4}, outputs, rows),
        )
    ]


def test_rounding_decisions() -> None:
    assert len(prove_all(rounding_claims())) == 1


def test_blocks() -> None:
    claims = [claim for width in QUICK_WIDTHS for claim in block_claims(width)]
    assert len(prove_all(claims)) == len(claims) > 80


@pytest.mark.long
@pytest.mark.parametrize("width", WIDTHS)
def test_wider_blocks(width: int) -> None:
    assert len(prove_all(block_claims(width))) > 10
