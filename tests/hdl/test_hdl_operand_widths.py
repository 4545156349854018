"""Operands extended in RTLIL text."""

import pytest

from hwdse.hdl.operand_widths import extend_operands


def cell(kind: str, a: str, b: str, *, signed: int, widths: tuple[int, int, int]) -> str:
    return "\n".join(
        [
            "module \\top",
            "  wire width 4 \\x",
            "  wire width 6 input 1 \\y",
            "  wire \\bit",
            f"  cell ${kind} $1",
            f"    parameter \\A_SIGNED {signed}",
            f"    parameter \\A_WIDTH {widths[0]}",
            f"    parameter \\B_SIGNED {signed}",
            f"    parameter \\B_WIDTH {widths[1]}",
            f"    parameter \\Y_WIDTH {widths[2]}",
            f"    connect \\A {a}",
            f"    connect \\B {b}",
            "    connect \\Y \\z",
            "  end",
            "end",
        ]
    )


@pytest.mark.parametrize(
    ("operand", "extended"),
    [
        ("\\x", "{ \\x [3] \\x [3] \\x [3] \\x [3] \\x }"),
        ("\\y [3:0]", "{ \\y [3] \\y [3] \\y [3] \\y [3] \\y [3:0] }"),
        ("5", "{ 1'0 1'0 1'0 1'0 5 }"),
        ("-5", "{ 1'1 1'1 1'1 1'1 -5 }"),
        ("4'1010", "{ 1'1 1'1 1'1 1'1 4'1010 }"),
        ("{ \\bit \\x [2:0] }", "{ \\bit \\bit \\bit \\bit { \\bit \\x [2:0] } }"),
        ("{ \\y [5:4] \\x [1:0] }", "{ \\y [5] \\y [5] \\y [5] \\y [5] { \\y [5:4] \\x [1:0] } }"),
    ],
)
def test_signed_operands_repeat_their_top_bit(operand: str, extended: str) -> None:
    text = extend_operands(cell("add", operand, "\\y", signed=1, widths=(4, 6, 8)))
    assert f"    connect \\A {extended}\n" in text
    assert "    parameter \\A_WIDTH 8\n" in text
    assert "    connect \\B { \\y [5] \\y [5] \\y }\n" in text


def test_unsigned_operands_get_zeros() -> None:
    text = extend_operands(cell("sub", "\\x", "\\y", signed=0, widths=(4, 6, 6)))
    assert "    connect \\A { 2'00 \\x }\n" in text
    assert "    connect \\B \\y\n" in text


def test_comparisons_extend_to_the_wider_operand_not_to_the_result() -> None:
    text = extend_operands(cell("lt", "\\x", "\\y", signed=0, widths=(4, 6, 1)))
    assert "    parameter \\A_WIDTH 6\n" in text
    assert "    parameter \\B_WIDTH 6\n" in text


@pytest.mark.parametrize("signed", [0, 1])
def test_a_test_for_zero_compares_with_a_zero_of_the_same_sign(signed: int) -> None:
    lines = cell("logic_not", "\\y", "", signed=signed, widths=(6, 0, 1)).splitlines()
    text = extend_operands("\n".join(line for line in lines if "\\B" not in line))
    assert "  cell $eq $1\n" in text
    assert f"    parameter \\B_SIGNED {signed}\n" in text
    assert "    connect \\B 6'000000\n" in text


def test_other_cells_are_left_alone() -> None:
    text = cell("mux", "\\x", "\\y", signed=0, widths=(4, 6, 6))
    assert extend_operands(text) == text + "\n"
